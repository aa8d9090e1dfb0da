"""The events, and the log over them and over other rows of weight; the database refuses to change or delete what they say."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, UniqueConstraint
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


class Pending(SQLModel, table=True):
    """A row that waits to become a leaf of the log; written by triggers in the transaction of the row itself."""

    __tablename__ = "log_pending"

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    source: str
    row_id: UUID
    row_number: int


class Leaf(SQLModel, table=True):
    """A leaf of the log, and the row that it stands for."""

    __tablename__ = "log_leaf"
    __table_args__ = (UniqueConstraint("source", "row_id", "row_number", name="uq_log_leaf_source"),)

    index: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    source: str
    row_id: UUID
    row_number: int
    entry: bytes = Field(index=True)
    """32 bytes; the leaf of the tree is their hash."""


class Node(SQLModel, table=True):
    """The root of a whole subtree of 256^level leaves; those between are recomputed."""

    __tablename__ = "log_node"

    level: int = Field(primary_key=True)
    index: int = Field(sa_type=BigInteger, primary_key=True)
    hash: bytes


class SignedCheckpoint(SQLModel, table=True):
    """The tree as it was signed, after every time it grew; `size` is the note's own."""

    __tablename__ = "log_checkpoint"

    number: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    size: int = Field(sa_type=BigInteger, unique=True)
    note: str
