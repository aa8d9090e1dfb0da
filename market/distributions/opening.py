"""The verbs that begin a distribution: open one on what came in or on a year's profit, adjust one that is approved."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.deals import queries as deals
from market.deals.tables import Deal
from market.deals.terms import total_value
from market.distributions import queries, rules
from market.distributions.receivables import reconcile, signed_contract
from market.distributions.rules import Verb
from market.distributions.service import moved
from market.distributions.tables import Refund, RevenueCase
from market.errors import AlreadyExists, Incomplete, Invalid
from market.ledger.service import record
from market.listings.tables import Listing
from market.organisations.queries import organisation as organisation_by_id
from market.permissions import Actor, Permission, require
from market.rules.packs import jurisdiction_of, rulebook
from market.workdays import legal_day
from schemas.deals import Terms
from schemas.distributions import Adjustment, NewDistribution, OwnUse
from schemas.values import FieldProblem
from schemas.vocabulary import RevenueBasis, Role


async def open_case(session: AsyncSession, actor: Actor, data: NewDistribution) -> RevenueCase:
    """Open the distribution of what came in on a deal, or of a year's profit. Finance of the seller.

    Incomplete names payments that pay nothing by the plan yet; Invalid those that are not the deal's, or counted already.
    """
    if data.deal_id is not None:
        deal = await deals.locked(session, actor, data.deal_id)
        role = require(actor, Permission.CALCULATE_REVENUE, deal.seller_id)
        made = await _of_deal(session, actor, deal, data.payment_ids)
    else:
        assert data.own_use is not None  # noqa: S101 - the shape asks for one of the two
        made, role = await _of_own_use(session, actor, data.own_use)
    session.add(made)
    await session.flush()
    facts = {
        "basis": made.basis.value,
        "income": made.income,
        "payments": [str(each) for each in made.payments],
        "refunds": [str(each) for each in made.refunds],
        "pack_version": made.pack_version,
    }
    await record(session, actor, ("distribution", made.id), "opened", role=role, data=facts)
    return made


async def _of_deal(
    session: AsyncSession,
    actor: Actor,
    deal: Deal,
    payment_ids: Collection[UUID],
    follows: RevenueCase | None = None,
) -> RevenueCase:
    """A case of a locked deal; one that follows another counts what that one did, and all that came since."""
    contract = await signed_contract(session, deal)
    basis = rules.basis_of(deal.mode, contract.kind)
    home = await organisation_by_id(session, deal.seller_id)
    where = jurisdiction_of(home.region, home.founding)
    return RevenueCase(
        organisation_id=deal.seller_id,
        deal_id=deal.id,
        listing_id=deal.listing_id,
        basis=basis,
        jurisdiction=where,
        judged_on=contract.signed_on,
        pack_version=rulebook(where, contract.signed_on).version,
        follows=follows.id if follows else None,
        **await _stamps(session, actor),
        **(
            await _shares_of(session, deal, contract.effective_on)
            if basis is RevenueBasis.EQUITY
            else await _income_of(session, deal, payment_ids)
        ),
    )


async def _stamps(session: AsyncSession, actor: Actor) -> dict[str, Any]:
    at = await now(session)
    return {"opened_by": actor.person_id, "created_at": at, "updated_at": at}


async def _shares_of(session: AsyncSession, deal: Deal, on: date) -> dict[str, Any]:
    if await queries.live_equity(session, deal.id):
        raise AlreadyExists("the shares of this contribution are being distributed")
    total = total_value(Terms.model_validate(deal.terms))
    if total is None or not total.minor:
        raise Incomplete(errors=[FieldProblem(pointer="/deal_id", detail="the contribution has no value")])
    return {"income": total.minor, "currency": total.currency, "income_on": on, "payments": [], "refunds": []}


async def _income_of(session: AsyncSession, deal: Deal, payment_ids: Collection[UUID]) -> dict[str, Any]:
    known = await reconcile(session, deal)
    used, given_back = await queries.counted(session, deal.id)
    free = {payment.id: payment for payment in known.payments if payment.id not in used}
    wrong = [place for place, each in enumerate(payment_ids) if each not in free]
    if wrong:
        detail = "no payment of this deal that is not counted yet has this id"
        raise Invalid(
            errors=[FieldProblem(pointer=f"/payment_ids/{place}", detail=detail) for place in wrong]
        )
    chosen = [free[each] for each in dict.fromkeys(payment_ids)] or list(free.values())
    loose = [payment for payment in chosen if known.unmatched(payment)]
    if not chosen or loose:
        detail = (
            "it pays nothing that is due by the plan yet" if loose else "nothing came in that is not counted"
        )
        names = [f"/payments/{payment.id}" for payment in loose] or ["/payment_ids"]
        raise Incomplete(errors=[FieldProblem(pointer=name, detail=detail) for name in names])
    back = [each for each in await queries.refunds(session, deal.id) if each.id not in given_back]
    return {
        "income": _less(sum(payment.amount for payment in chosen), back),
        "currency": chosen[0].currency,
        "income_on": max(payment.paid_on for payment in chosen),
        "payments": [payment.id for payment in chosen],
        "refunds": [each.id for each in back],
    }


def _less(paid: int, back: Collection[Refund]) -> int:
    left = paid - sum(each.amount for each in back)
    if left < 0:
        detail = "more was paid back than these payments come to: count others too"
        raise Incomplete(errors=[FieldProblem(pointer="/payment_ids", detail=detail)])
    return left


async def _of_own_use(session: AsyncSession, actor: Actor, data: OwnUse) -> tuple[RevenueCase, Role]:
    listing = await session.get(Listing, data.listing_id)
    if listing is None or listing.organisation_id not in actor.organisations:
        raise Invalid(
            errors=[FieldProblem(pointer="/own_use/listing_id", detail="no result of yours has this id")]
        )
    role = require(actor, Permission.CALCULATE_REVENUE, listing.organisation_id)
    home = await organisation_by_id(session, listing.organisation_id)
    today = legal_day(await now(session))
    where = jurisdiction_of(home.region, home.founding)
    made = RevenueCase(
        organisation_id=home.id,
        listing_id=listing.id,
        basis=RevenueBasis.OWN_USE,
        currency=data.operating_profit.currency,
        income=data.operating_profit.minor,
        income_on=today,
        payments=[],
        refunds=[],
        own_use=data.model_dump(mode="json"),
        jurisdiction=where,
        judged_on=today,
        pack_version=rulebook(where, today).version,
        **await _stamps(session, actor),
    )
    return made, role


async def adjust(session: AsyncSession, actor: Actor, case_id: UUID, data: Adjustment) -> RevenueCase:
    """Put another case in the place of one that is approved: after a later payment, a refund, an audit. Finance.

    It counts the same payments and all that came in or was paid back since; what was paid by the former one counts
    towards the new lines. Answers the new case.
    """
    seen = await queries.case(session, actor, case_id)
    role = require(actor, Permission.CALCULATE_REVENUE, seen.organisation_id)
    deal = await deals.locked(session, actor, seen.deal_id) if seen.deal_id else None
    former = await queries.locked(session, actor, case_id)
    facts = {"cause": data.cause.value}
    await moved(session, actor, former, Verb.ADJUST, "adjusted", role, reason=data.reason, data=facts)
    await session.flush()
    if deal is not None:
        following = await _of_deal(session, actor, deal, [], former)
    else:
        following = RevenueCase(
            **former.model_dump(include=_SAME), follows=former.id, **await _stamps(session, actor)
        )
    session.add(following)
    await session.flush()
    facts = {"cause": data.cause.value, "follows": str(former.id), "income": str(following.income)}
    await record(
        session, actor, ("distribution", following.id), "opened", role=role, reason=data.reason, data=facts
    )
    return following


_SAME = {
    "organisation_id",
    "listing_id",
    "basis",
    "currency",
    "income",
    "income_on",
    "payments",
    "refunds",
    "own_use",
    "jurisdiction",
    "pack_version",
    "judged_on",
}
