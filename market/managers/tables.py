"""Technology managers, their assignments, and the introductions that they made."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from market.database import identifier, moment, word
from schemas.vocabulary import AssignmentOutcome, AssignmentStatus, ManagerLevel


class Manager(SQLModel, table=True):
    """The profile of a technology manager (技术经理人); one per person."""

    __tablename__ = "manager"

    id: UUID = identifier()
    person_id: UUID = Field(foreign_key="person.id", unique=True)
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    level: ManagerLevel = word(ManagerLevel)
    credentials: list[dict[str, Any]] = Field(sa_type=JSONB)
    ipc: list[str] = Field(sa_type=ARRAY(Text))
    """Prefixes of IPC symbols, without spaces."""
    discipline: list[str] = Field(sa_type=ARRAY(Text))
    """Prefixes of NSFC discipline codes."""
    industry: list[str] = Field(sa_type=ARRAY(Text))
    """Prefixes of GB/T 4754-2017 codes with their section letter."""
    languages: list[str] = Field(sa_type=ARRAY(Text))
    regions: list[str] = Field(sa_type=ARRAY(Text))
    capacity: int
    """Most assignments carried at once."""
    available: bool = True
    revision: int = 1
    created_at: datetime = moment()
    updated_at: datetime = moment()


class Assignment(SQLModel, table=True):
    """A technology manager asked to carry one interest, and their answer."""

    __tablename__ = "assignment"
    __table_args__ = (
        Index(
            "uq_assignment_open",
            "interest_id",
            unique=True,
            postgresql_where=text("status IN ('offered', 'active')"),
        ),
    )

    id: UUID = identifier()
    interest_id: UUID = Field(foreign_key="interest.id", index=True)
    manager_id: UUID = Field(foreign_key="manager.id", index=True)
    status: AssignmentStatus = word(AssignmentStatus, default=AssignmentStatus.OFFERED, index=True)
    offered_by: UUID = Field(foreign_key="person.id")
    offered_at: datetime = moment()
    answered_at: datetime | None = moment(nullable=True)
    declaration: str | None = None
    """The manager's declaration that they have no conflict of interest."""
    refusal_reason: str | None = None
    outcome: AssignmentOutcome | None = word(AssignmentOutcome, default=None, nullable=True)
    closure_reason: str | None = None
    closed_at: datetime | None = moment(nullable=True)
    revision: int = 1


class Introduction(SQLModel, table=True):
    """The signed receipt that a manager brought two parties together. The database refuses to change or delete it."""

    __tablename__ = "introduction"

    id: UUID = identifier()
    assignment_id: UUID = Field(foreign_key="assignment.id", unique=True)
    interest_id: UUID = Field(foreign_key="interest.id", index=True)
    manager_id: UUID = Field(foreign_key="manager.id", index=True)
    receipt: bytes
    """RFC 8785 canonical JSON."""
    sha256: bytes
    signature: bytes
    """Ed25519 over the receipt."""
    public_key: bytes
    introduced_at: datetime = moment()
    valid_until: datetime = moment()
