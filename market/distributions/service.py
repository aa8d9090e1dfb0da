"""The verbs of a distribution until it is proposed: calculate, propose, revise, cancel, and how it moves.

How one begins is in `opening`; what contributors, the public and those who approve do with a proposal, in `signing`.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.database import now
from market.distributions import floors, queries, rules
from market.distributions.rules import Verb
from market.distributions.tables import (
    Approval,
    Deduction,
    DistributionLine,
    RevenueCase,
)
from market.errors import Incomplete, Invalid
from market.identity.tables import Person
from market.ledger.service import record
from market.organisations.queries import organisation as organisation_by_id
from market.permissions import Actor, Permission, require
from market.rules.packs import Rulebook, rulebook
from schemas.distributions import NetIncome, NewProposal
from schemas.values import FieldProblem, Money
from schemas.vocabulary import ContributorRole, DissentStatus, Founding, Role


async def book_of(session: AsyncSession, row: RevenueCase) -> tuple[Rulebook, Founding]:
    """The rules that a case is judged by, and how its organisation was founded."""
    home = await organisation_by_id(session, row.organisation_id)
    return rulebook(row.jurisdiction, row.judged_on), home.founding


async def calculate(session: AsyncSession, actor: Actor, row: RevenueCase, data: NetIncome) -> RevenueCase:
    """Come to the net income of a locked case by typed deductions, each with evidence. Finance of the seller (RV-3)."""
    role = require(actor, Permission.CALCULATE_REVENUE, row.organisation_id)
    rules.next_status(Verb.CALCULATE, row.status)
    book, founding = await book_of(session, row)
    row.net = rules.net_income(book, founding, Money.of(row.income, row.currency), data.deductions)
    await session.execute(delete(Deduction).where(col(Deduction.case_id) == row.id))
    session.add_all(
        Deduction(
            case_id=row.id,
            number=number,
            kind=each.kind,
            amount=each.amount.minor,
            description=each.description,
            evidence_sha256=bytes.fromhex(each.evidence_sha256),
        )
        for number, each in enumerate(data.deductions, start=1)
    )
    facts = {"net": row.net} | data.model_dump(mode="json")
    return await moved(session, actor, row, Verb.CALCULATE, "net_calculated", role, data=facts)


async def propose(session: AsyncSession, actor: Actor, row: RevenueCase, data: NewProposal) -> RevenueCase:
    """Say who has which share of a locked case's net income. Officers and directors of the seller.

    Incomplete lists every floor that blocks and is not met, and who would take twice (RV-8); Invalid unknown people.
    """
    role = require(actor, Permission.PROPOSE_DISTRIBUTION, row.organisation_id)
    rules.next_status(Verb.PROPOSE, row.status)
    assert row.net is not None  # noqa: S101 - the state says so
    await _refuse_unknown_people(session, data)
    book, founding = await book_of(session, row)
    rules.refuse_double_benefit(book, founding, data.lines)
    pool = rules.pool_of(data, Money.of(row.net, row.currency))
    split = rules.shares(pool, [rules.weight_of(line) for line in data.lines])
    by_role = dict.fromkeys(ContributorRole, 0)
    for line, share in zip(data.lines, split, strict=True):
        by_role[line.role] += share.amount
    judged = floors.findings(
        book,
        founding,
        floors.Pool(
            basis=row.basis,
            net=row.net,
            amount=pool,
            by_role=by_role,
            transfer_staff_took_part=data.transfer_staff_took_part,
            year=row.own_use["year"] if row.own_use else 1,
        ),
    )
    floors.refuse_below_floor(judged)
    row.pool, row.agreement, row.proposed_by = pool, data.basis, actor.person_id
    row.findings = [each.model_dump(mode="json") for each in judged]
    row.cash_benefit, row.agreed_due_on = data.cash_benefit, data.agreed_due_on
    await _write_lines(session, row, data, split)
    await _answer_dissents(session, row, data.basis)
    facts = {"pool": pool, "findings": row.findings} | data.model_dump(mode="json", exclude={"pool"})
    facts["amounts"] = [share.amount for share in split]
    return await moved(session, actor, row, Verb.PROPOSE, "proposed", role, data=facts)


async def _refuse_unknown_people(session: AsyncSession, data: NewProposal) -> None:
    named = {place: line.person_id for place, line in enumerate(data.lines) if line.person_id is not None}
    query = select(Person.id).where(col(Person.id).in_(set(named.values())))
    known = set((await session.execute(query)).scalars())
    problems = [
        FieldProblem(pointer=f"/lines/{place}/person_id", detail="no person has this id")
        for place, person in named.items()
        if person not in known
    ]
    if problems:
        raise Invalid(errors=problems)


async def _write_lines(
    session: AsyncSession, row: RevenueCase, data: NewProposal, split: list[rules.Share]
) -> None:
    await session.execute(delete(DistributionLine).where(col(DistributionLine.case_id) == row.id))
    before = await _paid_before(session, row)
    for number, (line, share) in enumerate(zip(data.lines, split, strict=True), start=1):
        session.add(
            DistributionLine(
                **line.model_dump(
                    include={"name", "person_id", "role", "is_leader", "holds_ownership_share"}
                ),
                **vars(share),
                case_id=row.id,
                number=number,
                paid_before=before.pop(_who(line.person_id, line.name), 0),
            )
        )
    await session.flush()
    missing = [
        FieldProblem(
            pointer="/lines", detail=f"{name} was paid out of this income and has a line, if one of no share"
        )
        for _, name in before
    ]
    if missing:
        raise Incomplete(errors=missing)


def _who(person_id: UUID | None, name: str) -> tuple[UUID | None, str]:
    """Somebody with an account is known by it, others by their name."""
    return (person_id, "") if person_id else (None, "".join(name.split()).casefold())


async def _paid_before(session: AsyncSession, row: RevenueCase) -> dict[tuple[UUID | None, str], int]:
    """What everybody was paid by the case that this one takes the place of."""
    if row.follows is None:
        return {}
    former = await session.get_one(RevenueCase, row.follows)
    was_paid = former.paid_on is not None
    return {
        _who(line.person_id, line.name): line.amount if was_paid else line.paid_before
        for line in (await queries.file_of(session, former)).lines
        if (line.amount if was_paid else line.paid_before)
    }


async def _answer_dissents(session: AsyncSession, row: RevenueCase, answer: str) -> None:
    for each in (await queries.file_of(session, row)).dissents:
        if each.status is DissentStatus.OPEN:
            each.status, each.answer, each.settled_at = DissentStatus.ANSWERED, answer, await now(session)


async def revise(session: AsyncSession, actor: Actor, row: RevenueCase, reason: str) -> RevenueCase:
    """Take a proposal of a locked case back, for another one; nobody has signed or approved that yet.

    Officers and directors of the seller. An open dissent is answered by the next proposal.
    """
    role = require(actor, Permission.PROPOSE_DISTRIBUTION, row.organisation_id)
    await session.execute(delete(Approval).where(col(Approval.case_id) == row.id))
    row.notice_id = None
    return await moved(session, actor, row, Verb.REVISE, "revised", role, reason=reason)


async def cancel(session: AsyncSession, actor: Actor, row: RevenueCase, reason: str) -> RevenueCase:
    """End a locked case that is not approved; its payments are free for another one. Finance of the seller."""
    role = require(actor, Permission.CALCULATE_REVENUE, row.organisation_id)
    return await moved(session, actor, row, Verb.CANCEL, "cancelled", role, reason=reason)


async def moved(
    session: AsyncSession,
    actor: Actor | None,
    row: RevenueCase,
    verb: Verb,
    kind: str,
    role: Role | None,
    *,
    reason: str | None = None,
    data: dict[str, Any] | None = None,
) -> RevenueCase:
    """Take a locked case where the verb leads, or WrongState, and write it down."""
    row.status = rules.next_status(verb, row.status)
    row.revision += 1
    row.updated_at = await now(session)
    await record(session, actor, ("distribution", row.id), kind, role=role, reason=reason, data=data)
    return row
