"""Technology managers with their credentials and employments, their assignments, and the introductions that they made."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from market.database import identifier, moment, word
from schemas.vocabulary import (
    AssignmentOutcome,
    AssignmentStatus,
    AssignmentSubject,
    ManagerLevel,
    ManagerObstacle,
    Represented,
)

OPEN = "status IN ('offered', 'accepted', 'active', 'introducing')"


class Manager(SQLModel, table=True):
    """The profile of a technology manager (技术经理人); one per person."""

    __tablename__ = "manager"

    id: UUID = identifier()
    person_id: UUID = Field(foreign_key="person.id", unique=True)
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    level: ManagerLevel = word(ManagerLevel)
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


class ManagerCredential(SQLModel, table=True):
    """A certificate that a manager states; what the operator found of it stays with it, also once it is withdrawn."""

    __tablename__ = "manager_credential"
    __table_args__ = (
        CheckConstraint("num_nonnulls(verified_at, refused_at) <= 1", name="ck_manager_credential_finding"),
    )

    id: UUID = identifier()
    manager_id: UUID = Field(foreign_key="manager.id", index=True)
    issuer: str
    number: str
    issued_on: date | None = None
    expires_on: date | None = None
    """The last day on which it is in force."""
    verified_at: datetime | None = moment(nullable=True)
    refused_at: datetime | None = moment(nullable=True)
    found_by: UUID | None = Field(default=None, foreign_key="person.id")
    note: str | None = None
    stated_at: datetime = moment()
    withdrawn_at: datetime | None = moment(nullable=True)


class Employment(SQLModel, table=True):
    """A joint employment (共同聘用) of a manager. It is ended and never deleted: former employers are conflicts too."""

    __tablename__ = "manager_employment"
    __table_args__ = (
        CheckConstraint("share_percent BETWEEN 1 AND 100", name="ck_manager_employment_share"),
        CheckConstraint("ends_on IS NULL OR ends_on >= begins_on", name="ck_manager_employment_term"),
    )

    id: UUID = identifier()
    manager_id: UUID = Field(foreign_key="manager.id", index=True)
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    share_percent: int
    begins_on: date
    ends_on: date | None = None
    """Its last day."""
    stated_at: datetime = moment()


class Assignment(SQLModel, table=True):
    """A technology manager asked to carry a listing, an interest or a deal, and how that went."""

    __tablename__ = "assignment"
    __table_args__ = (
        Index("uq_assignment_open", "interest_id", unique=True, postgresql_where=text(OPEN)),
        Index("uq_assignment_open_deal", "deal_id", unique=True, postgresql_where=text(OPEN)),
        Index(
            "uq_assignment_open_listing",
            "listing_id",
            unique=True,
            postgresql_where=text(f"subject = 'listing' AND {OPEN}"),
        ),
        CheckConstraint(
            "(subject = 'interest') = (interest_id IS NOT NULL) AND (subject = 'deal') = (deal_id IS NOT NULL)",
            name="ck_assignment_subject",
        ),
    )

    id: UUID = identifier()
    subject: AssignmentSubject = word(AssignmentSubject)
    listing_id: UUID = Field(foreign_key="listing.id", index=True)
    """That it is, or that the interest or the deal is about."""
    interest_id: UUID | None = Field(default=None, foreign_key="interest.id", index=True)
    deal_id: UUID | None = Field(default=None, foreign_key="deal.id", index=True)
    owner_organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id", index=True)
    """The party across from the owner; of a listing there is none yet."""
    manager_id: UUID = Field(foreign_key="manager.id", index=True)
    status: AssignmentStatus = word(AssignmentStatus, default=AssignmentStatus.OFFERED, index=True)
    represents: Represented = word(Represented)
    owner_consent_by: UUID | None = Field(default=None, foreign_key="person.id")
    counterpart_consent_by: UUID | None = Field(default=None, foreign_key="person.id")
    """Who said yes for the side, to be acted for."""
    offered_by: UUID = Field(foreign_key="person.id")
    offered_at: datetime = moment()
    answered_at: datetime | None = moment(nullable=True)
    declaration: str | None = None
    """The manager's declaration that they have no conflict of interest."""
    refusal_reason: str | None = None
    declared_conflict: ManagerObstacle | None = word(ManagerObstacle, default=None, nullable=True)
    outcome: AssignmentOutcome | None = word(AssignmentOutcome, default=None, nullable=True)
    closure_reason: str | None = None
    closed_at: datetime | None = moment(nullable=True)
    revision: int = 1


class Introduction(SQLModel, table=True):
    """The signed receipt that a manager brought two parties together. The database refuses to change or delete it."""

    __tablename__ = "introduction"
    __table_args__ = (UniqueConstraint("assignment_id", "organisation_id"),)

    id: UUID = identifier()
    assignment_id: UUID = Field(foreign_key="assignment.id")
    interest_id: UUID | None = Field(default=None, foreign_key="interest.id", index=True)
    listing_id: UUID = Field(foreign_key="listing.id")
    owner_organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    """Whom the owner was introduced to."""
    manager_id: UUID = Field(foreign_key="manager.id", index=True)
    receipt: bytes
    """RFC 8785 canonical JSON."""
    sha256: bytes
    signature: bytes
    """Ed25519 over the receipt."""
    public_key: bytes
    introduced_at: datetime = moment()
    valid_until: datetime = moment()
