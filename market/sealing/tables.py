"""Opening officers' public keys, the boxes, and each officer's share of a box's key, encrypted to that officer alone."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from market.database import identifier, moment


class OpeningKey(SQLModel, table=True):
    """The public key to which a person's shares are encrypted; its private key never leaves their machine."""

    __tablename__ = "opening_key"

    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    public_key: bytes
    registered_at: datetime = moment()


class Box(SQLModel, table=True):
    """The key pair of one subject. The private key is here only once the box was opened, and then it is public."""

    __tablename__ = "sealed_box"
    __table_args__ = (
        UniqueConstraint("subject_kind", "subject_id"),
        CheckConstraint("(private_key IS NULL) = (opened_at IS NULL)", name="ck_sealed_box_opened"),
    )

    id: UUID = identifier()
    subject_kind: str
    subject_id: UUID
    purpose: str
    blob_bytes: int
    public_key: bytes
    threshold: int
    private_key: bytes | None = None
    created_at: datetime = moment()
    opened_at: datetime | None = moment(nullable=True)


class Share(SQLModel, table=True):
    """One officer's share of a box's private key."""

    __tablename__ = "opening_share"
    __table_args__ = (
        CheckConstraint("(words IS NULL) = (handed_in_at IS NULL)", name="ck_opening_share_handed_in"),
    )

    box_id: UUID = Field(primary_key=True, foreign_key="sealed_box.id")
    person_id: UUID = Field(primary_key=True, foreign_key="person.id", index=True)
    sealed_to: bytes
    """The officer's public key when the box was made."""
    sealed: bytes
    """The words, encrypted to it."""
    commitment: bytes
    """SHA-256 of the words, by which a wrong share is known when it is handed in."""
    words: str | None = None
    """As the officer handed them in, after the deadline."""
    handed_in_at: datetime | None = moment(nullable=True)
