"""Writes events. The caller holds the lock of the subject's row, so that one chain has one writer at a time."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.database import now
from market.ledger.rules import GENESIS, Entry, event_hash
from market.ledger.tables import Event
from market.permissions import Actor
from schemas.vocabulary import Role


async def record(
    session: AsyncSession,
    actor: Actor | None,
    subject: tuple[str, UUID],
    kind: str,
    *,
    role: Role | None = None,
    reason: str | None = None,
    data: dict[str, Any] | None = None,
) -> Event:
    """Append one event to the subject's chain; `actor` None is the system itself. `data` holds plain JSON values."""
    subject_kind, subject_id = subject
    last = (
        await session.execute(
            select(Event.seq, Event.hash)
            .where(Event.subject_kind == subject_kind, Event.subject_id == subject_id)
            .order_by(col(Event.seq).desc())
            .limit(1)
        )
    ).first()
    entry = Entry(
        subject_kind=subject_kind,
        subject_id=subject_id,
        seq=last.seq + 1 if last else 1,
        kind=kind,
        actor_id=actor.person_id if actor else None,
        role=role.value if role else None,
        reason=reason,
        data=data or {},
        at=await now(session),
    )
    previous = last.hash if last else GENESIS
    event = Event(**vars(entry), previous=previous, hash=event_hash(previous, entry))
    session.add(event)
    await session.flush()
    return event
