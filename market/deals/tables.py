"""Deals with the consents and declarations of their parties, their contracts, and the payments recorded against them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from market.database import identifier, moment, word
from schemas.vocabulary import ContractKind, DealStatus, LicenceKind, Matter, Mode, Party


class Deal(SQLModel, table=True):
    """One deal between the seller, who supplies and is paid, and the buyer, who takes and pays."""

    __tablename__ = "deal"
    __table_args__ = (
        ForeignKeyConstraint(
            ["listing_id", "listing_version"], ["listing_version.listing_id", "listing_version.number"]
        ),
        CheckConstraint("seller_id <> buyer_id", name="ck_deal_two_sides"),
        CheckConstraint("num_nonnulls(interest_id, award_id) = 1", name="ck_deal_origin"),
    )

    id: UUID = identifier()
    interest_id: UUID | None = Field(default=None, foreign_key="interest.id", unique=True)
    award_id: UUID | None = Field(default=None, foreign_key="award.id", unique=True)
    """What it grew from: an interest in negotiation, or the award of a trading round."""
    listing_id: UUID = Field(index=True)
    listing_version: int
    """The published version when the deal was opened; its contract copies the patents from it."""
    mode: Mode = word(Mode)
    status: DealStatus = word(DealStatus, default=DealStatus.PROPOSED, index=True)
    seller_id: UUID = Field(foreign_key="organisation.id", index=True)
    buyer_id: UUID = Field(foreign_key="organisation.id", index=True)
    manager_person_id: UUID | None = Field(default=None, foreign_key="person.id", index=True)
    """The technology manager who carried the interest when the deal was opened."""
    manager_organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    terms: dict[str, Any] = Field(sa_type=JSONB)
    cancellation_reason: str | None = None
    """Also of a termination."""
    breach_reason: str | None = None
    breach_noted_as: Party | None = word(Party, default=None, nullable=True)
    """The side that gave notice of a breach, while it is not cured."""
    cure_due_at: datetime | None = moment(nullable=True)
    revision: int = 1
    opened_by: UUID = Field(foreign_key="person.id")
    created_at: datetime = moment()
    updated_at: datetime = moment()


class Consent(SQLModel, table=True):
    """One side's consent that stands now, to terms, a contract or the completion; taken back where its matter changed."""

    __tablename__ = "deal_consent"
    __table_args__ = (UniqueConstraint("deal_id", "matter", "party"),)

    id: UUID = identifier()
    deal_id: UUID = Field(foreign_key="deal.id")
    matter: Matter = word(Matter)
    party: Party = word(Party)
    sha256: bytes | None = None
    """Of the terms or of the contract."""
    person_id: UUID = Field(foreign_key="person.id")
    at: datetime = moment()


class RelatedParties(SQLModel, table=True):
    """What a party has declared of its relation to the other side (关联关系); null where there is none."""

    __tablename__ = "deal_related_parties"
    __table_args__ = (UniqueConstraint("deal_id", "party"),)

    id: UUID = identifier()
    deal_id: UUID = Field(foreign_key="deal.id")
    party: Party = word(Party)
    related: str | None = None
    person_id: UUID = Field(foreign_key="person.id")
    at: datetime = moment()


class Contract(SQLModel, table=True):
    """A contract as recorded, with its canonical bytes. The database refuses to change or delete it.

    A record that the other side refused stays, and the next one has the next number.
    """

    __tablename__ = "contract"

    deal_id: UUID = Field(primary_key=True, foreign_key="deal.id")
    record_number: int = Field(primary_key=True)
    kind: ContractKind = word(ContractKind, index=True)
    licence_kind: LicenceKind | None = word(LicenceKind, default=None, nullable=True)
    number: str
    title: dict[str, str] = Field(sa_type=JSONB)
    signed_on: date
    effective_on: date
    valid_until: date | None = None
    licence_recordal_due_on: date | None = Field(default=None, index=True)
    total_value: int | None = Field(default=None, sa_type=BigInteger)
    """成交额, in minor units of `currency`."""
    technical_value: int | None = Field(default=None, sa_type=BigInteger)
    """技术交易额, in minor units of `currency`."""
    currency: str | None = None
    document: bytes
    sha256: bytes
    recorded_as: Party = word(Party)
    recorded_by: UUID = Field(foreign_key="person.id")
    recorded_at: datetime = moment()


class Payment(SQLModel, table=True):
    """One payment that was made. The database refuses to change or delete it."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("deal_id", "reference"),
        CheckConstraint("amount > 0", name="ck_payment_amount"),
    )

    id: UUID = identifier()
    deal_id: UUID = Field(foreign_key="deal.id", index=True)
    amount: int = Field(sa_type=BigInteger)
    """In minor units of `currency`."""
    currency: str
    paid_on: date
    purpose: str
    reference: str
    evidence: str | None = None
    over_total: str | None = None
    recorded_as: Party = word(Party)
    recorded_by: UUID = Field(foreign_key="person.id")
    recorded_at: datetime = moment()
