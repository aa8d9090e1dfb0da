"""Listings, their published versions, and which of them the search index has yet to see."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from market.database import identifier, moment, word
from schemas.vocabulary import EncumbranceKind, ListingKind, ListingStatus, Review


class Listing(SQLModel, table=True):
    """The working copy and the state of one listing; what the public reads is in its versions."""

    __tablename__ = "listing"

    id: UUID = identifier()
    kind: ListingKind = word(ListingKind)
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    status: ListingStatus = word(ListingStatus, default=ListingStatus.DRAFT, index=True)
    review: Review = word(Review, default=Review.DRAFT)
    content: dict[str, Any] = Field(sa_type=JSONB)
    revision: int = 1
    created_by: UUID = Field(foreign_key="person.id")
    editors: list[UUID] = Field(sa_type=ARRAY(Uuid))
    """Everyone who has written in the content since it was last published; none of them may approve it."""
    refusal_reason: str | None = None
    withdrawal_reason: str | None = None
    published_version: int | None = None
    published_at: datetime | None = moment(nullable=True)
    confirmed_at: datetime | None = moment(nullable=True)
    confirm_due_at: datetime | None = moment(nullable=True, index=True)
    deadline_at: datetime | None = moment(nullable=True, index=True)
    """Until when the published opportunity takes answers; at this very instant one is late."""
    awarded: bool = False
    """A deal on this opportunity stands: it was opened and not cancelled."""
    created_at: datetime = moment()
    updated_at: datetime = moment()


class ListingVersion(SQLModel, table=True):
    """One publication: the canonical bytes that everybody reads. The database refuses to change or delete it."""

    __tablename__ = "listing_version"

    listing_id: UUID = Field(primary_key=True, foreign_key="listing.id")
    number: int = Field(primary_key=True)
    document: bytes
    sha256: bytes
    published_at: datetime = moment()
    published_by: UUID = Field(foreign_key="person.id")


class Encumbrance(SQLModel, table=True):
    """What another holds in the rights of a listing (权利负担), from a day until a day; released, never deleted."""

    __tablename__ = "encumbrance"

    id: UUID = identifier()
    listing_id: UUID = Field(foreign_key="listing.id", index=True)
    kind: EncumbranceKind = word(EncumbranceKind)
    place: int | None = None
    """The place in `ip_rights`, all of them where it is null."""
    holder: str
    begins_on: date
    ends_on: date | None = None
    source: str
    source_sha256: bytes | None = None
    released_on: date | None = None
    release_source: str | None = None
    recorded_by: UUID = Field(foreign_key="person.id")
    recorded_at: datetime = moment()


class SearchDirty(SQLModel, table=True):
    """A listing whose document in the index may be out of date; written by a trigger, so that no verb can forget."""

    __tablename__ = "search_dirty"

    listing_id: UUID = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    since: datetime = moment()
