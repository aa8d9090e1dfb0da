"""Reads the record: the timeline of one subject, and every chain for verification."""

from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.ledger.rules import Entry, first_break
from market.ledger.tables import Event


async def timeline(session: AsyncSession, subject_kind: str, subject_id: UUID) -> list[Event]:
    """The events of one subject, oldest first; the caller has checked that the actor may see the subject."""
    found = await session.execute(
        select(Event)
        .where(Event.subject_kind == subject_kind, Event.subject_id == subject_id)
        .order_by(col(Event.seq))
    )
    return list(found.scalars())


async def broken_chains(session: AsyncSession) -> AsyncIterator[str]:
    """One sentence for each subject whose chain is not whole; reads the record once, one chain in memory."""
    stream = await session.stream_scalars(
        select(Event).order_by(col(Event.subject_kind), col(Event.subject_id), col(Event.seq))
    )
    chain: list[Event] = []
    async for event in stream:
        if chain and (event.subject_kind, event.subject_id) != (chain[0].subject_kind, chain[0].subject_id):
            if sentence := _break(chain):
                yield sentence
            chain = []
        chain.append(event)
    if sentence := _break(chain):
        yield sentence


def _break(chain: list[Event]) -> str | None:
    return first_break((_entry(event), event.previous, event.hash) for event in chain)


def _entry(event: Event) -> Entry:
    return Entry(**{name: getattr(event, name) for name in Entry.__dataclass_fields__})
