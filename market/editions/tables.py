"""Editions and their items; from publication on the database refuses every change but closing and outcomes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from market.database import identifier, moment, word
from schemas.vocabulary import EditionKind, EditionStatus, ItemOutcome


class Edition(SQLModel, table=True):
    """One numbered edition. Its number is given when it is first scheduled or published, and kept from then on."""

    __tablename__ = "edition"
    __table_args__ = (
        UniqueConstraint("kind", "number"),
        CheckConstraint(
            "status = 'compiling' OR (number IS NOT NULL AND release_at IS NOT NULL)",
            name="ck_edition_number_when_announced",
        ),
        CheckConstraint(
            "(status IN ('compiling', 'scheduled')) = (snapshot IS NULL)"
            " AND (snapshot IS NULL) = (sha256 IS NULL) AND (snapshot IS NULL) = (published_at IS NULL)",
            name="ck_edition_snapshot_when_published",
        ),
    )

    id: UUID = identifier()
    kind: EditionKind = word(EditionKind)
    number: int | None = None
    title: dict[str, Any] = Field(sa_type=JSONB)
    status: EditionStatus = word(EditionStatus, default=EditionStatus.COMPILING, index=True)
    applications_until: datetime | None = moment(nullable=True)
    scheduled_at: datetime | None = moment(nullable=True)
    release_at: datetime | None = moment(nullable=True)
    """The end of the embargo; `published_at` is when the snapshot was taken, at this time or by its first reader after."""
    published_at: datetime | None = moment(nullable=True)
    closed_at: datetime | None = moment(nullable=True)
    reported_at: datetime | None = moment(nullable=True)
    snapshot: bytes | None = None
    sha256: bytes | None = None
    revision: int = 1
    created_by: UUID = Field(foreign_key="person.id")
    created_at: datetime = moment()
    updated_at: datetime = moment()


class EditionItem(SQLModel, table=True):
    """One listing in one edition; `version` is set by publication, and stays null for one that was left out."""

    __tablename__ = "edition_item"
    __table_args__ = (
        # Deferred, so that items change places within a transaction.
        UniqueConstraint("edition_id", "position", deferrable=True, initially="DEFERRED"),
        ForeignKeyConstraint(
            ["listing_id", "version"], ["listing_version.listing_id", "listing_version.number"]
        ),
    )

    edition_id: UUID = Field(primary_key=True, foreign_key="edition.id")
    listing_id: UUID = Field(primary_key=True, foreign_key="listing.id", index=True)
    position: int
    version: int | None = None
    outcome: ItemOutcome | None = word(ItemOutcome, default=None, nullable=True)
    outcome_note: str | None = None
    outcome_at: datetime | None = moment(nullable=True)
