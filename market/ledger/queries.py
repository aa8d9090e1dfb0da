"""Reads the record: the timeline of one subject, and every chain for verification."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy import select as sql
from sqlalchemy.ext.asyncio import AsyncResult, AsyncSession
from sqlmodel import col, select

from market.ledger.rules import Chain, Entry
from market.ledger.tables import Event

BATCH = 1000
_ENTRY = tuple(Entry.__dataclass_fields__)


async def timeline(session: AsyncSession, subject_kind: str, subject_id: UUID) -> list[Event]:
    """The events of one subject, oldest first; the caller has checked that the actor may see the subject."""
    found = await session.execute(
        select(Event)
        .where(Event.subject_kind == subject_kind, Event.subject_id == subject_id)
        .order_by(col(Event.seq))
    )
    return list(found.scalars())


async def by_batches(stream: AsyncResult[Any]) -> AsyncIterator[Row[Any]]:
    """The rows of a cursor of the server; asked for one by one, each would change threads of execution twice."""
    async for rows in stream.partitions(BATCH):
        for row in rows:
            yield row


async def broken_chains(session: AsyncSession) -> AsyncIterator[str]:
    """One sentence for each subject whose chain is not whole, which names its first broken event.

    Reads the record once, by a cursor of the server: a batch of events is in memory, however long a chain is.
    """
    stream = await session.stream(
        sql(*(getattr(Event, name) for name in _ENTRY), col(Event.previous), col(Event.hash)).order_by(
            col(Event.subject_kind), col(Event.subject_id), col(Event.seq)
        )
    )
    chain: Chain | None = None
    async for row in by_batches(stream):
        *said, previous, claimed = tuple(row)
        entry = Entry(*said)
        if chain is None or chain.subject != (entry.subject_kind, entry.subject_id):
            chain = Chain((entry.subject_kind, entry.subject_id))
        if (sentence := chain.broken_by(entry, previous, claimed)) is not None:
            yield sentence
