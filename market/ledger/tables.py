"""The event log; the database refuses to change or delete its rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from market.database import identifier, moment


class Event(SQLModel, table=True):
    """One thing that happened to one subject: who, in which role, why, what, when."""

    __tablename__ = "event"
    __table_args__ = (UniqueConstraint("subject_kind", "subject_id", "seq"),)

    id: UUID = identifier()
    subject_kind: str
    subject_id: UUID
    seq: int
    kind: str
    actor_id: UUID | None = None
    role: str | None = None
    reason: str | None = None
    data: dict[str, Any] = Field(sa_type=JSONB)
    at: datetime = moment()
    previous: bytes
    hash: bytes
