"""The verbs of rewards: make a scheme, claim, check, approve, return, pay."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market import workdays
from market.brokerage import queries, rules
from market.brokerage.rules import CountedDeal, RewardVerb, Scheme
from market.brokerage.tables import RewardClaim, RewardScheme
from market.database import now
from market.errors import AlreadyExists, Incomplete, Invalid, NotAllowed
from market.ledger.service import record
from market.managers.directory import own_profile
from market.managers.profiles import require_own
from market.managers.queries import locked_manager
from market.managers.tables import Manager
from market.permissions import Actor, Permission, require
from schemas.brokerage import NewRewardClaim, NewScheme, Registration, RewardCheck, RewardPayment
from schemas.values import FieldProblem
from schemas.vocabulary import PerformanceFact, RewardStatus, Role


async def make_scheme(session: AsyncSession, actor: Actor, data: NewScheme) -> RewardScheme:
    """A scheme as data; it is never changed, and another takes its place. Operators."""
    role = require(actor, Permission.RUN_REWARDS)
    scheme = RewardScheme(
        name={language.value: words for language, words in data.name.items()},
        source=data.source,
        basis=data.basis,
        requires=[fact.value for fact in data.requires],
        once_per_deal=data.once_per_deal,
        rate=int(data.percent * 10_000),
        cap=data.cap_per_year.minor,
        currency=data.cap_per_year.currency,
        valid_from=data.valid_from,
        valid_until=data.valid_until,
        created_by=actor.person_id,
        created_at=await now(session),
    )
    session.add(scheme)
    await session.flush()
    facts = data.model_dump(mode="json")
    await record(session, actor, ("reward_scheme", scheme.id), "made", role=role, data=facts)
    return scheme


def plain(scheme: RewardScheme) -> Scheme:
    return Scheme(
        basis=scheme.basis,
        rate=scheme.rate,
        requires=[PerformanceFact(fact) for fact in scheme.requires],
        cap=scheme.cap,
        currency=scheme.currency,
        once_per_deal=scheme.once_per_deal,
        valid_from=scheme.valid_from,
        valid_until=scheme.valid_until,
    )


async def eligible(
    session: AsyncSession, manager: Manager, year: int
) -> list[tuple[RewardScheme, CountedDeal, int, bool]]:
    """What a manager could claim in a year: scheme, deal, amount under the cap, whether a registration is to be named."""
    registered = await queries.registrations(session, manager.id)
    deals = [fact for fact, _ in await queries.counted(session, manager.id, registered)]
    mine = select(RewardClaim.scheme_id, RewardClaim.deal_id).where(
        RewardClaim.manager_id == manager.id, RewardClaim.status != RewardStatus.RETURNED
    )
    done = {(scheme_id, deal_id) for scheme_id, deal_id in (await session.execute(mine)).all()}
    found = []
    for scheme in (await session.execute(select(RewardScheme).order_by(col(RewardScheme.id)))).scalars():
        for deal in deals:
            if (scheme.id, deal.deal_id) in done:
                continue
            spent, other = await queries.claimed(session, scheme.id, deal.deal_id, manager.id, year)
            lacking = rules.lacking(plain(scheme), deal, claimed_this_year=spent, claimed_by_another=other)
            if all(problem.pointer == "/registration" for problem in lacking):
                amount = min(rules.due(plain(scheme), deal), scheme.cap - spent)
                found.append((scheme, deal, amount, bool(lacking)))
    return found


async def claim(
    session: AsyncSession, actor: Actor, data: NewRewardClaim
) -> tuple[RewardClaim, RewardScheme]:
    """Claim the reward of a scheme for one's own part of a deal, or claim again what was returned. The manager alone.

    Incomplete lists everything that stands against it. The deal is held, so that of two claims at once the second
    sees the first, and the profile, so that the year's cap holds.
    """
    scheme = await session.get(RewardScheme, data.scheme_id)
    await queries.hold_deal(session, data.deal_id)
    manager = await locked_manager(session, await own_profile(session, actor))
    role = require_own(actor, manager)
    if scheme is None:
        raise Invalid(errors=[FieldProblem(pointer="/scheme_id", detail="no scheme has this id")])
    stated = {data.deal_id: data.registration.registered_on} if data.registration else {}
    registered = await queries.registrations(session, manager.id) | stated
    counted = await queries.counted(session, manager.id, registered, deal_id=data.deal_id)
    if not counted:
        detail = "no signed deal to your credit has this id"
        raise Invalid(errors=[FieldProblem(pointer="/deal_id", detail=detail, rule="TM-12")])
    deal = counted[0][0]
    at = await now(session)
    year = workdays.legal_day(at).year
    before = await _claim_of(session, scheme.id, deal.deal_id, manager.id)
    rules.next_reward(RewardVerb.CLAIM, before.status if before else RewardStatus.ELIGIBLE)
    spent, other = await queries.claimed(session, scheme.id, deal.deal_id, manager.id, year)
    lacking = rules.lacking(plain(scheme), deal, claimed_this_year=spent, claimed_by_another=other)
    if lacking:
        raise Incomplete(errors=lacking)
    computed = rules.due(plain(scheme), deal)
    claimed = before or RewardClaim(
        scheme_id=scheme.id, deal_id=deal.deal_id, manager_id=manager.id, currency=scheme.currency, **_NOTHING
    )
    claimed.status, claimed.year, claimed.claimed_at = RewardStatus.CLAIMED, year, at
    claimed.share, claimed.computed, claimed.amount = deal.share, computed, min(computed, scheme.cap - spent)
    _state_registration(claimed, data.registration)
    session.add(claimed)
    await session.flush()
    facts = {
        "scheme": str(scheme.id),
        "deal": str(deal.deal_id),
        "share": deal.share,
        "computed": computed,
        "amount": claimed.amount,
    }
    return await _recorded(session, actor, claimed, "claimed", role, data=facts), scheme


_NOTHING: dict[str, Any] = {"year": 0, "share": 0, "computed": 0, "amount": 0, "claimed_at": None}
"""Before the first claim fills it in."""


def _state_registration(claimed: RewardClaim, registration: Registration | None) -> None:
    claimed.registration_number = registration.number if registration else None
    claimed.registered_on = registration.registered_on if registration else None


async def _claim_of(
    session: AsyncSession, scheme_id: UUID, deal_id: UUID, manager_id: UUID
) -> RewardClaim | None:
    query = select(RewardClaim).where(
        RewardClaim.scheme_id == scheme_id,
        RewardClaim.deal_id == deal_id,
        RewardClaim.manager_id == manager_id,
    )
    return (await session.execute(query)).scalar_one_or_none()


async def check(session: AsyncSession, actor: Actor, row: RewardClaim, data: RewardCheck) -> RewardClaim:
    """Say that a locked claim agrees with contract, payments and register. Operators."""
    role = require(actor, Permission.RUN_REWARDS)
    row.status = rules.next_reward(RewardVerb.CHECK, row.status)
    row.checked_by, row.note = actor.person_id, data.note
    return await _recorded(session, actor, row, "checked", role, reason=data.note)


async def approve(session: AsyncSession, actor: Actor, row: RewardClaim) -> RewardClaim:
    """Approve a locked claim that another operator has checked: four eyes."""
    role = require(actor, Permission.RUN_REWARDS)
    status = rules.next_reward(RewardVerb.APPROVE, row.status)
    if actor.person_id == row.checked_by:
        raise NotAllowed("whoever checked a claim does not approve it")
    row.status, row.approved_by = status, actor.person_id
    return await _recorded(session, actor, row, "approved", role)


async def send_back(session: AsyncSession, actor: Actor, row: RewardClaim, reason: str) -> RewardClaim:
    """Return a locked claim with what is wrong with it; it counts for nothing until it is claimed again. Operators."""
    role = require(actor, Permission.RUN_REWARDS)
    row.status = rules.next_reward(RewardVerb.RETURN, row.status)
    row.note, row.checked_by = reason, None
    return await _recorded(session, actor, row, "returned", role, reason=reason)


async def pay(session: AsyncSession, actor: Actor, row: RewardClaim, data: RewardPayment) -> RewardClaim:
    """Record that an approved reward was paid. Operators. AlreadyExists for a reference that is recorded."""
    role = require(actor, Permission.RUN_REWARDS)
    row.status = rules.next_reward(RewardVerb.PAY, row.status)
    _refuse_to_come(data.paid_on, workdays.legal_day(await now(session)))
    same = select(RewardClaim.id).where(RewardClaim.payment_reference == data.reference)
    if (await session.execute(same)).first() is not None:
        raise AlreadyExists(f"a payment with the reference {data.reference} is recorded")
    row.paid_on, row.payment_reference = data.paid_on, data.reference
    facts = {"amount": row.amount, "currency": row.currency} | data.model_dump(mode="json")
    return await _recorded(session, actor, row, "paid", role, data=facts)


def _refuse_to_come(paid_on: date, today: date) -> None:
    if paid_on > today:
        detail = "a payment is recorded once it was made"
        raise Invalid(errors=[FieldProblem(pointer="/paid_on", detail=detail)])


async def _recorded(
    session: AsyncSession,
    actor: Actor,
    row: RewardClaim,
    kind: str,
    role: Role,
    *,
    reason: str | None = None,
    data: dict[str, Any] | None = None,
) -> RewardClaim:
    row.revision += 1
    await record(session, actor, ("reward", row.id), kind, role=role, reason=reason, data=data or {})
    return row
