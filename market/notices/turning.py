"""What time does to notices, and how every change of one is counted and recorded; it does not know who reads."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.ledger.service import record
from market.notices import queries, rules
from market.notices.rules import Verb
from market.notices.tables import Notice
from market.permissions import Actor
from schemas.vocabulary import Role

MOST = 100


async def moved(
    session: AsyncSession,
    actor: Actor | None,
    row: Notice,
    verb: Verb,
    kind: str,
    *,
    role: Role | None = None,
    reason: str | None = None,
    data: dict[str, Any] | None = None,
) -> Notice:
    """Move a held notice and record who did it; `actor` None is the passing of time. WrongState where it is not possible."""
    row.status = rules.next_status(verb, row.status)
    at = await now(session)
    if row.status in rules.FINAL:
        row.ended_at = at
    row.revision += 1
    row.updated_at = at
    await record(session, actor, ("notice", row.id), kind, role=role, reason=reason, data=data)
    return row


async def let_time_pass(session: AsyncSession, row: Notice) -> None:
    """Apply what is due to a held notice: it is clear at the end of its period, and lapses where nothing was signed on it."""
    at = await now(session)
    while (verb := rules.due(row.status, row.until, row.lapses_at, at)) is not None:
        if verb is Verb.CLEAR:
            row.cleared_at, row.lapses_at = await queries.clears(session, row)
            facts = {
                "sha256": (row.sha256 or b"").hex(),
                "clear_since": row.cleared_at.isoformat(),
                "lapses_at": row.lapses_at.isoformat(),
            }
            await moved(session, None, row, verb, "closed_clear", data=facts)
        else:
            await moved(session, None, row, verb, "lapsed")


async def pass_time(session: AsyncSession) -> int:
    """Move a batch of the notices that are due, and answer how many; what somebody holds is left to the next time."""
    found = await queries.moved_by_time(session, await now(session), MOST)
    for row in found:
        await let_time_pass(session, row)
    return len(found)
