"""The verbs of a circumvention claim (民法典 art. 965): claim, answer, decide with reasons, withdraw."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import select

from market import workdays
from market.brokerage import queries, rules
from market.brokerage.credit import set_credit
from market.brokerage.rules import ClaimVerb
from market.brokerage.tables import Circumvention
from market.database import now
from market.deals.queries import locked as locked_deal
from market.deals.tables import Contract, Deal
from market.errors import AlreadyExists, Conflict, WrongState
from market.ledger.service import record
from market.managers.profiles import require_own
from market.managers.tables import Introduction, Manager
from market.permissions import Actor, Permission, require
from schemas.brokerage import CircumventionAnswer, CircumventionDecision, NewCircumvention
from schemas.values import FieldProblem
from schemas.vocabulary import Party, Role


async def claim(
    session: AsyncSession, actor: Actor, introduction: Introduction, data: NewCircumvention
) -> Circumvention:
    """Claim that the parties of one's own introduction signed a deal within its tail without oneself.

    The manager of the introduction alone. The hall looks for the deal, since whoever was gone around does not see it.
    Conflict where there is none.
    """
    role = require_own(actor, await session.get_one(Manager, introduction.manager_id))
    deal = await _without(session, introduction, data.deal_id)
    at = await now(session)
    made = Circumvention(
        introduction_id=introduction.id,
        deal_id=deal.id,
        manager_id=introduction.manager_id,
        statement=data.statement,
        answers=[],
        answers_due_at=workdays.add_working_days(at, rules.ANSWER_WORKING_DAYS),
        opened_at=at,
    )
    session.add(made)
    await session.flush()
    facts = {
        "introduction": str(introduction.id),
        "sha256": introduction.sha256.hex(),
        "deal": str(deal.id),
        "answers_due_at": made.answers_due_at.isoformat(),
    }
    await record(session, actor, ("claim", made.id), "opened", role=role, reason=data.statement, data=facts)
    return made


async def _without(session: AsyncSession, introduction: Introduction, wanted: UUID | None) -> Deal:
    """The first deal, or the wanted one, that was signed within the tail without the manager and is not claimed."""
    within = [
        row
        for row, contract in await queries.signed_between(session, introduction)
        if rules.within_tail(introduction.introduced_at, introduction.valid_until, contract.signed_on)
        and wanted in (None, row.id)
    ]
    carried = await queries.entitled(session, [row.id for row in within])
    without = [
        row for row in within if introduction.manager_id not in {each.manager_id for each in carried[row.id]}
    ]
    known = set(
        (
            await session.execute(
                select(Circumvention.deal_id).where(Circumvention.introduction_id == introduction.id)
            )
        ).scalars()
    )
    fresh = [row for row in without if row.id not in known]
    if fresh:
        return fresh[0]
    if without:
        raise AlreadyExists("each deal that these parties signed without you is claimed")
    detail = "no deal of these parties was signed without you while the introduction stood"
    problem = FieldProblem(pointer="/deal_id" if wanted else "", detail=detail, rule="RV-18")
    raise Conflict(detail, errors=[problem])


async def answer(
    session: AsyncSession, actor: Actor, row: Circumvention, deal: Deal, data: CircumventionAnswer
) -> Circumvention:
    """Say one's side of a locked claim, once, while there is time. Whoever may open deals for a side of the deal."""
    sides = {Party.SELLER: deal.seller_id, Party.BUYER: deal.buyer_id}
    able = [side for side, party in sides.items() if party in actor.organisations]
    side = able[0] if able else Party.SELLER
    role = require(actor, Permission.OPEN_DEAL, sides[side])
    at = await now(session)
    answered = rules.next_claim(ClaimVerb.ANSWER, stands(row, at))
    if side.value in {given["side"] for given in row.answers}:
        raise AlreadyExists(f"the {side} has answered")
    given = {
        "side": side.value,
        "person_id": str(actor.person_id),
        "text": data.text,
        "at": at.isoformat(),
    }
    row.answers = [*row.answers, given]
    if len(row.answers) == len(sides):
        row.status = answered
    return await _recorded(session, actor, row, "answered", role, data=given)


def stands(row: Circumvention, at: datetime) -> Any:
    """Where a claim stands at `at`."""
    return rules.claim_stands(row.status, row.answers_due_at, at)


async def decide(
    session: AsyncSession, actor: Actor, row: Circumvention, data: CircumventionDecision
) -> Circumvention:
    """Uphold or reject a locked claim, with reasons, once the sides were heard. Operators.

    An upheld one gives the manager their part of the deal's credit, in the same transaction.
    """
    role = require(actor, Permission.DECIDE_CLAIM)
    deal = await locked_deal(session, actor, row.deal_id)
    at = await now(session)
    verb = ClaimVerb.UPHOLD if data.upheld else ClaimVerb.REJECT
    row.status = rules.next_claim(verb, stands(row, at))
    row.reasons, row.decided_by, row.decided_at = data.reasons, actor.person_id, at
    await _recorded(session, actor, row, row.status.value, role, reason=data.reasons)
    if data.upheld:
        await set_credit(session, actor, deal, data.shares, role, data.reasons)
    elif data.shares is not None:
        raise WrongState("a claim that is rejected changes no credit")
    return row


async def withdraw(session: AsyncSession, actor: Actor, row: Circumvention, reason: str) -> Circumvention:
    """Give a locked claim up before it is decided. The manager alone."""
    role = require_own(actor, await session.get_one(Manager, row.manager_id))
    row.status = rules.next_claim(ClaimVerb.WITHDRAW, stands(row, await now(session)))
    return await _recorded(session, actor, row, "withdrawn", role, reason=reason)


async def _recorded(
    session: AsyncSession,
    actor: Actor,
    row: Circumvention,
    kind: str,
    role: Role,
    *,
    reason: str | None = None,
    data: dict[str, Any] | None = None,
) -> Circumvention:
    row.revision += 1
    await record(session, actor, ("claim", row.id), kind, role=role, reason=reason, data=data or {})
    return row


ClaimFile = tuple[Circumvention, Introduction, Deal, Contract]
"""A claim with what it rests on."""
