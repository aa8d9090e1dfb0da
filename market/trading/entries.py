"""Writes what changes a round: an entry of its public log, and an event of the record; its row is locked by the caller."""

from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy import select as sql
from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.ledger.service import record
from market.permissions import Actor
from market.trading import log
from market.trading.tables import Entry, Round
from schemas.vocabulary import EntryKind, Role, RoundKind

_BEHIND_SEALED = frozenset({EntryKind.SUSPENDED, EntryKind.RESUMED})
LONGEST_NOTE = 7999
"""Bytes that a notification of PostgreSQL carries."""


async def append_entry(
    session: AsyncSession,
    row: Round,
    kind: EntryKind,
    facts: dict[str, Any],
    *,
    registration_id: UUID | None = None,
) -> Entry:
    """Chain one entry to the log, and tell whoever watches what it says once it is committed.

    `facts` are plain JSON values, amounts in whole minor units. An entry too long for a notification is announced by
    its head alone: round, seq, kind and at. Of what lies behind sealed bids nobody is told before the opening: its
    number counts them.
    """
    if row.last_hash is None:
        raise AssertionError("a round has a log from its announcement on")
    at, seq = await now(session), row.last_seq + 1
    link = log.link(row.last_hash, log.entry(row.id, seq, kind, at, facts))
    entry = Entry(
        round_id=row.id,
        seq=seq,
        kind=kind,
        at=at,
        registration_id=registration_id,
        document=link.document,
        previous=link.previous,
        hash=link.hash,
    )
    session.add(entry)
    row.last_seq, row.last_hash = seq, link.hash
    await session.flush()
    if row.kind is RoundKind.SEALED_TENDER and kind in _BEHIND_SEALED:
        return entry
    note = link.document if len(link.document) <= LONGEST_NOTE else log.entry(row.id, seq, kind, at, {})
    await session.execute(sql(func.pg_notify("round_moved", note.decode())))
    return entry


async def moved(
    session: AsyncSession,
    actor: Actor | None,
    row: Round,
    kind: str,
    *,
    role: Role | None = None,
    reason: str | None = None,
    data: dict[str, Any] | None = None,
) -> Round:
    """Count a change of a locked round and record who made it; `actor` None is the passing of time."""
    row.revision += 1
    row.updated_at = await now(session)
    await record(session, actor, ("round", row.id), kind, role=role, reason=reason, data=data)
    return row
