"""Interests: who asked whom about which version of which listing, and how the reply clock ran."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from market.database import identifier, moment, word
from schemas.vocabulary import InterestStatus, Mode


class Interest(SQLModel, table=True):
    """One expression of interest; for an opportunity, one offered solution."""

    __tablename__ = "interest"
    __table_args__ = (
        ForeignKeyConstraint(
            ["listing_id", "listing_version"], ["listing_version.listing_id", "listing_version.number"]
        ),
        Index(
            "uq_interest_open",
            "organisation_id",
            "listing_id",
            unique=True,
            postgresql_where=text("status IN ('submitted', 'acknowledged', 'disclosed', 'negotiating')"),
        ),
    )

    id: UUID = identifier()
    listing_id: UUID = Field(index=True)
    listing_version: int
    """The published version that the company had before it."""
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    """The interested company."""
    owner_organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    status: InterestStatus = word(InterestStatus, default=InterestStatus.SUBMITTED, index=True)
    mode: Mode | None = word(Mode, default=None, nullable=True)
    form: dict[str, Any] = Field(sa_type=JSONB)
    """The answers as given, without the organisation and without the capital."""
    capital: int | None = Field(default=None, sa_type=BigInteger)
    """Of the development plan, in minor units of `capital_currency`."""
    capital_currency: str | None = None
    reply_due_at: datetime = moment()
    reply_clock: dict[str, Any] = Field(sa_type=JSONB)
    """What `reply_due_at` was computed from; it is never computed again."""
    answered_at: datetime | None = moment(nullable=True)
    """The owner's first answer: acknowledged or declined."""
    response_days: int | None = None
    """Working days from the submission to the first answer."""
    reason: str | None = None
    """A PassReason or DeclineReason, once passed or declined."""
    note: str | None = None
    ended_at: datetime | None = moment(nullable=True)
    """When it was passed or declined, or the deal that it led to was completed or cancelled."""
    manager_person_id: UUID | None = Field(default=None, foreign_key="person.id", index=True)
    """The technology manager who accepted it, acting for `manager_organisation_id`; both see it with the parties."""
    manager_organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    revision: int = 1
    submitted_by: UUID = Field(foreign_key="person.id")
    created_at: datetime = moment()
    updated_at: datetime = moment()
