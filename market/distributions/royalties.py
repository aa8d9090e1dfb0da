"""The verbs of royalty reports: report a period, verify it, audit the accounts, adjust by what was found (提成)."""

from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.deals.tables import Deal
from market.distributions import plan, queries
from market.distributions.plan import RoyaltyVerb
from market.distributions.receivables import amount_problems, draw, for_side, reconcile, signed_contract
from market.distributions.tables import RoyaltyReport
from market.errors import AlreadyExists, Invalid, NotAllowed, WrongState
from market.ledger.service import record
from market.permissions import Actor
from market.workdays import legal_day
from schemas.deals import RoyaltyTerms, Terms
from schemas.distributions import NewRoyaltyReport, RoyaltyAdjustment, RoyaltyVerification
from schemas.values import FieldProblem, Reason
from schemas.vocabulary import DueKind, Party, Role


async def report(session: AsyncSession, actor: Actor, deal: Deal, data: NewRoyaltyReport) -> RoyaltyReport:
    """State the base of one period that is over. Whoever records payments for the buyer.

    The rate is that of the contract year in which the period lies. AlreadyExists where the period is reported.
    """
    role = for_side(actor, deal, Party.BUYER)
    contract = await signed_contract(session, deal)
    agreed = _agreed(deal)
    begins_on, ends_on = plan.royalty_period(contract.effective_on, agreed.period, data.period)
    at = await now(session)
    problems = [
        each
        for each in amount_problems(Terms.model_validate(deal.terms), data.base_amount, "/base_amount")
        if each.pointer != "/base_amount"  # nothing was sold: that is reported too
    ]
    if ends_on >= legal_day(at):
        detail = f"the period is not over: it ends on {ends_on}"
        problems.append(FieldProblem(pointer="/period", detail=detail, rule="CT-4"))
    if problems:
        raise Invalid(errors=problems)
    if any(each.period == data.period for each in await queries.reports(session, deal.id)):
        raise AlreadyExists(f"period {data.period} is reported")
    rate = plan.rate_of(agreed, data.period)
    row = RoyaltyReport(
        deal_id=deal.id,
        period=data.period,
        begins_on=begins_on,
        ends_on=ends_on,
        base_amount=data.base_amount.minor,
        currency=data.base_amount.currency,
        rate=rate,
        computed=plan.royalty(data.base_amount.minor, rate),
        statement_sha256=bytes.fromhex(data.statement_sha256),
        reported_by=actor.person_id,
        reported_at=at,
    )
    session.add(row)
    await session.flush()
    return await _recorded(session, actor, deal, row, role, _facts(row))


def _agreed(deal: Deal) -> RoyaltyTerms:
    agreed = plan.royalty_terms(Terms.model_validate(deal.terms))
    if agreed is None:
        raise WrongState("this deal has no royalty")
    return agreed


def _facts(row: RoyaltyReport) -> dict[str, Any]:
    return {
        "period": row.period,
        "base_amount": row.base_amount,
        "rate": row.rate,
        "computed": row.computed,
        "statement_sha256": row.statement_sha256.hex(),
    }


async def verify(
    session: AsyncSession, actor: Actor, deal: Deal, row: RoyaltyReport, data: RoyaltyVerification
) -> RoyaltyReport:
    """Take a statement as right, as it came or after an audit: it falls due. Whoever records payments for the seller."""
    role = for_side(actor, deal, Party.SELLER)
    row.status = plan.next_royalty(RoyaltyVerb.VERIFY, row.status)
    return await _fall_due(session, actor, deal, row, role, data.due_on)


async def audit(
    session: AsyncSession, actor: Actor, deal: Deal, row: RoyaltyReport, data: Reason
) -> RoyaltyReport:
    """Inspect the accounts (查阅会计账目, 民法典 art. 846), where the terms give the right. For the seller."""
    role = for_side(actor, deal, Party.SELLER)
    status = plan.next_royalty(RoyaltyVerb.AUDIT, row.status)
    if not _agreed(deal).audit_right:
        raise NotAllowed("the terms give no right to inspect the accounts (CT-4)")
    row.status, row.audit_reason = status, data.reason
    return await _recorded(session, actor, deal, row, role, _facts(row), data.reason)


async def adjust(
    session: AsyncSession, actor: Actor, deal: Deal, row: RoyaltyReport, data: RoyaltyAdjustment
) -> RoyaltyReport:
    """Put what the audit found in the place of what was stated: it falls due. For the seller."""
    role = for_side(actor, deal, Party.SELLER)
    row.status = plan.next_royalty(RoyaltyVerb.ADJUST, row.status)
    if data.base_amount.currency != row.currency:
        detail = f"this deal is in {row.currency}"
        raise Invalid(errors=[FieldProblem(pointer="/base_amount/currency", detail=detail)])
    row.base_amount = data.base_amount.minor
    row.computed = plan.royalty(row.base_amount, row.rate)
    row.audit_reason, row.audit_sha256 = data.reason, bytes.fromhex(data.evidence_sha256)
    return await _fall_due(session, actor, deal, row, role, data.due_on)


async def _fall_due(
    session: AsyncSession, actor: Actor, deal: Deal, row: RoyaltyReport, role: Role, due_on: date | None
) -> RoyaltyReport:
    await _recorded(session, actor, deal, row, role, _facts(row))
    if not row.computed:
        row.status = plan.next_royalty(RoyaltyVerb.PAY, row.status)
        return row
    today = legal_day(await now(session))
    known = await reconcile(session, deal)
    when = due_on or today + plan.ROYALTY_DUE
    await draw(session, deal, known, DueKind.ROYALTY, row.computed, when, report_id=row.id)
    await reconcile(session, deal)
    return row


async def _recorded(
    session: AsyncSession,
    actor: Actor,
    deal: Deal,
    row: RoyaltyReport,
    role: Role,
    data: dict[str, Any],
    reason: str | None = None,
) -> RoyaltyReport:
    facts = data | {"report": str(row.id)}
    await record(
        session, actor, ("deal", deal.id), f"royalty_{row.status}", role=role, reason=reason, data=facts
    )
    return row
