"""What time does to a challenge, and how a change of it is counted; it does not know who reads or submits.

Each turn is a guarded transition under the challenge's lock by the database's clock, made on the next read, on the next
verb, or by the worker, whichever comes first.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.challenges import queries, rules
from market.challenges.rules import Verb
from market.challenges.tables import Challenge
from market.database import Database, now
from market.ledger.service import record
from market.permissions import Actor
from schemas.vocabulary import Role

_SAID = {
    Verb.CLOSE_QUESTIONS: "questions_closed",
    Verb.OPEN_SUBMISSIONS: "submissions_opened",
    Verb.CLOSE: "submissions_closed",
    Verb.EXPIRE: "expired",
}


def due(row: Challenge, at: datetime, *, submitted: bool = True) -> Verb | None:
    """What the clock asks of this challenge; whether anything was submitted decides only what a deadline leads to."""
    return rules.due(
        row.status,
        row.questions_until,
        row.submissions_from,
        row.submissions_until,
        submitted=submitted,
        now=at,
    )


async def let_time_pass(session: AsyncSession, row: Challenge) -> None:
    """Make every turn of a locked challenge that is due; `now` is the clock read after its lock."""
    at = await now(session)
    while due(row, at) is not None:
        verb = due(row, at, submitted=await queries.anything_submitted(session, row.id))
        if verb is None:
            raise AssertionError("whether anything was submitted does not decide whether something is due")
        row.status = rules.moved_by(verb, row.status)
        await moved(session, None, row, _SAID[verb])


async def held(session: AsyncSession, actor: Actor, challenge_id: UUID) -> Challenge:
    """A challenge that the actor sees, locked for a change, with everything done that was due."""
    await queries.challenge(session, actor, challenge_id)
    row = await queries.locked(session, challenge_id)
    await let_time_pass(session, row)
    return row


async def up_to_date(session: AsyncSession, actor: Actor | None, challenge_id: UUID) -> Challenge:
    """A challenge that the actor sees for reading, with everything done that was due."""
    row = await queries.challenge(session, actor, challenge_id)
    if due(row, await now(session)) is not None:
        row = await queries.locked(session, challenge_id)
        await let_time_pass(session, row)
    return row


async def advance(database: Database, challenge_id: UUID) -> None:
    """Let time pass for one challenge in a transaction of its own."""
    async with database.sessions() as session, session.begin():
        await let_time_pass(session, await queries.locked(session, challenge_id))


async def moved(
    session: AsyncSession,
    actor: Actor | None,
    row: Challenge,
    kind: str,
    *,
    role: Role | None = None,
    reason: str | None = None,
    data: dict[str, Any] | None = None,
) -> Challenge:
    """Count a change of a locked challenge and record who made it; `actor` None is the passing of time."""
    row.revision += 1
    row.updated_at = await now(session)
    await record(session, actor, ("challenge", row.id), kind, role=role, reason=reason, data=data)
    return row
