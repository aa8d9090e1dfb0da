"""Reads of due lines, royalty reports and cases of revenue; what an actor sees of cases starts from `visible_to`."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, func, or_, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.deals.tables import Contract, Deal, Payment
from market.distributions.rules import LIVE
from market.distributions.tables import (
    Approval,
    Deduction,
    Dissent,
    DistributionLine,
    DueLine,
    PaymentMatch,
    Refund,
    RevenueCase,
    RoyaltyReport,
)
from market.errors import NotFound
from market.money.income import payment_purpose
from market.money.tables import Transfer
from market.permissions import Actor
from schemas.vocabulary import DealStatus, RevenueStatus, Role, Scope

READERS = frozenset({Role.FINANCE, Role.TTO_OFFICER, Role.TTO_DIRECTOR})
UNKNOWN = "no distribution that you see has this id"
_NOT_SIGNED = frozenset({"proposed", "gating", "cleared", "contracted"})
"""While the contract is none, or one that the other side has not confirmed."""


def is_signed(deal: Deal) -> bool:
    """Whether both sides have confirmed a contract of this deal."""
    return deal.status.value not in _NOT_SIGNED and deal.status is not DealStatus.CANCELLED


async def contract_of(session: AsyncSession, deal: Deal) -> Contract | None:
    """The contract that both sides have confirmed, or None."""
    if not is_signed(deal):
        return None
    query = select(Contract).where(Contract.deal_id == deal.id)
    found = await session.execute(query.order_by(col(Contract.record_number).desc()).limit(1))
    return found.scalar_one_or_none()


@dataclass
class Books:
    """What is due on a deal, what was paid, and what pays what."""

    lines: list[DueLine] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    matches: list[PaymentMatch] = field(default_factory=list)
    booked: set[str] = field(default_factory=set)
    """Purposes of the transfers that were written for the payments."""

    def paid(self, line_id: UUID) -> int:
        return sum(match.amount for match in self.matches if match.due_line_id == line_id)

    def unmatched(self, payment: Payment) -> int:
        return payment.amount - sum(match.amount for match in self.matches if match.payment_id == payment.id)


async def books(session: AsyncSession, deal_id: UUID) -> Books:
    """Lines by number; payments by the day they were made."""
    lines = select(DueLine).where(DueLine.deal_id == deal_id).order_by(col(DueLine.number))
    payments = select(Payment).where(Payment.deal_id == deal_id)
    made = Books(
        list((await session.execute(lines)).scalars()),
        list((await session.execute(payments.order_by(col(Payment.paid_on), col(Payment.id)))).scalars()),
    )
    ids = [payment.id for payment in made.payments]
    matches = select(PaymentMatch).where(col(PaymentMatch.payment_id).in_(ids))
    made.matches = list((await session.execute(matches)).scalars())
    purposes = [payment_purpose(identifier) for identifier in ids]
    known = select(Transfer.purpose).where(col(Transfer.purpose).in_(purposes))
    made.booked = set((await session.execute(known)).scalars())
    return made


async def line(session: AsyncSession, deal_id: UUID, line_id: UUID) -> DueLine:
    """A line of a deal that the caller sees, or NotFound."""
    found = await session.get(DueLine, line_id)
    if found is None or found.deal_id != deal_id:
        raise NotFound("no line of this deal has this id")
    return found


async def reports(session: AsyncSession, deal_id: UUID) -> list[RoyaltyReport]:
    query = select(RoyaltyReport).where(RoyaltyReport.deal_id == deal_id)
    return list((await session.execute(query.order_by(col(RoyaltyReport.period)))).scalars())


async def report(session: AsyncSession, deal_id: UUID, report_id: UUID) -> RoyaltyReport:
    """A royalty report of a deal that the caller sees, or NotFound."""
    found = await session.get(RoyaltyReport, report_id)
    if found is None or found.deal_id != deal_id:
        raise NotFound("no royalty report of this deal has this id")
    return found


async def refunds(session: AsyncSession, deal_id: UUID) -> list[Refund]:
    query = select(Refund).where(Refund.deal_id == deal_id).order_by(col(Refund.id))
    return list((await session.execute(query)).scalars())


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Cases are seen by the seller's finance and transfer office, the operator and the auditor."""
    if not actor.reads(Scope.DEALS):
        return false()
    if actor.sees_everything:
        return true()
    own = [organisation for organisation, roles in actor.organisations.items() if roles & READERS]
    return col(RevenueCase.organisation_id).in_(own)


def _shared_with(actor: Actor) -> ColumnElement[bool]:
    """Cases in which the actor has a line."""
    if not actor.reads(Scope.DEALS):
        return false()
    mine = select(DistributionLine.case_id).where(DistributionLine.person_id == actor.person_id)
    return col(RevenueCase.id).in_(mine)


async def case(session: AsyncSession, actor: Actor, case_id: UUID) -> RevenueCase:
    """One case that the actor sees whole, or NotFound."""
    return await _one(session, RevenueCase.id == case_id, visible_to(actor))


async def shared_case(session: AsyncSession, actor: Actor, case_id: UUID) -> RevenueCase:
    """One case in which the actor has a line, or NotFound."""
    return await _one(session, RevenueCase.id == case_id, _shared_with(actor))


async def locked(session: AsyncSession, actor: Actor, case_id: UUID) -> RevenueCase:
    """A case that the actor sees whole, held for a change, or NotFound."""
    return await _one(session, RevenueCase.id == case_id, visible_to(actor), lock=True)


async def locked_to_sign(session: AsyncSession, actor: Actor, case_id: UUID) -> RevenueCase:
    """A case that the actor sees whole or has a line in, held for a change, or NotFound."""
    seen = or_(visible_to(actor), _shared_with(actor))
    return await _one(session, RevenueCase.id == case_id, seen, lock=True)


async def _one(session: AsyncSession, *conditions: Any, lock: bool = False) -> RevenueCase:
    query = select(RevenueCase).where(*conditions)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    return row


def cases(actor: Actor, deal_id: UUID | None, status: RevenueStatus | None) -> Any:
    """The cases that the actor sees whole, for a page."""
    query = select(RevenueCase).where(visible_to(actor))
    if deal_id is not None:
        query = query.where(RevenueCase.deal_id == deal_id)
    return query.where(RevenueCase.status == status) if status is not None else query


def shared_cases(actor: Actor) -> Any:
    """The cases in which the actor has a line, for a page."""
    return select(RevenueCase).where(_shared_with(actor))


async def counted(session: AsyncSession, deal_id: UUID) -> tuple[set[UUID], set[UUID]]:
    """The payments and refunds of a held deal that some case counts."""
    query = select(RevenueCase.payments, RevenueCase.refunds).where(
        RevenueCase.deal_id == deal_id, col(RevenueCase.status).in_(LIVE)
    )
    found = (await session.execute(query)).all()
    return {each for row in found for each in row[0]}, {each for row in found for each in row[1]}


async def live_equity(session: AsyncSession, deal_id: UUID) -> bool:
    """Whether a case of a held deal stands at all: the shares of a contribution are distributed once."""
    query = select(func.count()).where(RevenueCase.deal_id == deal_id, col(RevenueCase.status).in_(LIVE))
    return bool((await session.execute(query)).scalar_one())


@dataclass
class CaseFile:
    """A case with all that belongs to it."""

    case: RevenueCase
    deductions: list[Deduction] = field(default_factory=list)
    lines: list[DistributionLine] = field(default_factory=list)
    dissents: list[Dissent] = field(default_factory=list)
    approvals: list[Approval] = field(default_factory=list)


async def file_of(session: AsyncSession, row: RevenueCase) -> CaseFile:
    return (await files(session, [row]))[0]


async def files(session: AsyncSession, rows: Sequence[RevenueCase]) -> list[CaseFile]:
    """The files of these cases, in the same order."""
    ids = [row.id for row in rows]
    made = {row.id: CaseFile(row) for row in rows}
    for table, name, order in (
        (Deduction, "deductions", Deduction.number),
        (DistributionLine, "lines", DistributionLine.number),
        (Dissent, "dissents", Dissent.id),
        (Approval, "approvals", Approval.id),
    ):
        for case_id, found in (await _by_case(session, table, ids, order)).items():
            setattr(made[case_id], name, found)
    return [made[identifier] for identifier in ids]


async def _by_case(
    session: AsyncSession, table: Any, ids: Collection[UUID], order: Any
) -> dict[UUID, list[Any]]:
    found = defaultdict(list)
    query = select(table).where(col(table.case_id).in_(ids)).order_by(col(order))
    for row in (await session.execute(query.execution_options(populate_existing=True))).scalars():
        found[row.case_id].append(row)
    return found


async def line_of(session: AsyncSession, actor: Actor, row: RevenueCase, line_id: UUID) -> DistributionLine:
    """A line of a case: any where the actor sees it whole, else their own alone; NotFound."""
    found = await session.get(DistributionLine, line_id, populate_existing=True)
    whole = actor.sees_everything or bool(actor.organisations.get(row.organisation_id, frozenset()) & READERS)
    if found is None or found.case_id != row.id or not (whole or found.person_id == actor.person_id):
        raise NotFound("no line of this distribution that you see has this id")
    return found
