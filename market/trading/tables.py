"""Rounds, the bidders registered for them, what every round's log says, and who was awarded."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from market.database import identifier, moment, word
from schemas.vocabulary import (
    AwardStatus,
    EntryKind,
    Mode,
    RegistrationStatus,
    RoundKind,
    RoundStatus,
    Signal,
    SignalFinding,
)

ENDED = "('failed_no_bidder', 'no_sale', 'confirmed', 'defaulted', 'withdrawn', 'void', 'single_bidder')"


class Round(SQLModel, table=True):
    """One round of a listing: its plan, the rules as announced, and where the bidding stands.

    What stands is kept beside what it follows from, so that one row under one lock decides a bid; the log alone would
    give the same.
    """

    __tablename__ = "sale_round"
    __table_args__ = (
        ForeignKeyConstraint(
            ["listing_id", "listing_version"], ["listing_version.listing_id", "listing_version.number"]
        ),
        Index(
            "uq_sale_round_open",
            "listing_id",
            unique=True,
            postgresql_where=text(f"status <> 'draft' AND status NOT IN {ENDED}"),
        ),
        CheckConstraint("opening_price > 0 AND step > 0 AND deposit > 0", name="ck_sale_round_amounts"),
        CheckConstraint("(rules IS NULL) = (rules_sha256 IS NULL)", name="ck_sale_round_rules"),
    )

    id: UUID = identifier()
    kind: RoundKind = word(RoundKind)
    listing_id: UUID = Field(index=True)
    listing_version: int
    """The published version that is offered; the listing's terms are frozen while the round is open."""
    seller_id: UUID = Field(foreign_key="organisation.id", index=True)
    mode: Mode = word(Mode)
    status: RoundStatus = word(RoundStatus, default=RoundStatus.DRAFT, index=True)
    plan: dict[str, Any] = Field(sa_type=JSONB)
    """What the seller wrote, as `schemas.trading.RoundPlan` has it, without the reserve price."""
    currency: str
    opening_price: int = Field(sa_type=BigInteger)
    """In minor units of `currency`, as every amount here."""
    step: int = Field(sa_type=BigInteger)
    deposit: int = Field(sa_type=BigInteger)
    reserve_sealed: bytes | None = None
    """The reserve price with its salt, encrypted under a key that is not in the database; None where there is none."""
    reserve_commitment: bytes | None = None
    """SHA-256 over salt and reserve price, published with the rules, so that the reveal can be checked."""
    announced_at: datetime | None = moment(nullable=True)
    registration_until: datetime = moment(index=True)
    bidding_from: datetime = moment(index=True)
    bidding_until: datetime = moment()
    """The planned end."""
    ends_at: datetime = moment(index=True)
    """The end as moved by late bids, or by a suspension."""
    hard_stop: datetime | None = moment(nullable=True)
    extension_seconds: int = 300
    suspended_at: datetime | None = moment(nullable=True)
    rules: bytes | None = None
    """Canonical JSON, frozen when the round is announced; what every bidder accepted and every verifier replays."""
    rules_sha256: bytes | None = None
    last_seq: int = 0
    last_hash: bytes | None = None
    """Of the log's last entry, or of the rules while it is empty."""
    top_registration_id: UUID | None = None
    top_alias: str | None = None
    top_priority: int | None = None
    top_amount: int | None = Field(default=None, sa_type=BigInteger)
    top_seq: int | None = None
    confirm_due_at: datetime | None = moment(nullable=True)
    relisted_from: UUID | None = Field(default=None, foreign_key="sale_round.id")
    approvals: dict[str, str] = Field(default={}, sa_type=JSONB)
    """Role to person: a director and someone of finance, two people."""
    editors: list[UUID] = Field(sa_type=ARRAY(Uuid))
    asked: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    """What the operator has asked for and the auditor has yet to sign: verb, reason, by, at."""
    reason: str | None = None
    """Why it was withdrawn, suspended or declared void."""
    revision: int = 1
    created_by: UUID = Field(foreign_key="person.id")
    created_at: datetime = moment()
    updated_at: datetime = moment()


class Registration(SQLModel, table=True):
    """One bidder in one round (竞买登记), known to the others by an alias until the end."""

    __tablename__ = "bidder_registration"
    __table_args__ = (
        UniqueConstraint("round_id", "organisation_id"),
        UniqueConstraint("round_id", "alias"),
    )

    id: UUID = identifier()
    round_id: UUID = Field(foreign_key="sale_round.id", index=True)
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    alias: str
    """竞买代码: random, so that it tells neither who nor in which order they came."""
    priority: int | None = None
    """The rank of a right of first refusal that the rules list, 1 first."""
    status: RegistrationStatus = word(RegistrationStatus, default=RegistrationStatus.APPLIED)
    form: dict[str, Any] = Field(sa_type=JSONB)
    """How the bidder meets each condition of the rules, and what was declared of relations."""
    rules_sha256: bytes
    """The rules that were accepted."""
    deposit_id: UUID | None = None
    """The pending transfer that holds the deposit, once the bank's receipt is recorded."""
    decision_reason: str | None = None
    decided_by: UUID | None = Field(default=None, foreign_key="person.id")
    revision: int = 1
    registered_by: UUID = Field(foreign_key="person.id")
    created_at: datetime = moment()
    updated_at: datetime = moment()


class Entry(SQLModel, table=True):
    """One line of a round's log: a bid, or what changed the round's course. The database refuses to change or delete it."""

    __tablename__ = "round_entry"
    __table_args__ = (
        Index(
            "uq_round_entry_repeat",
            "registration_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        CheckConstraint("seq > 0", name="ck_round_entry_seq"),
        CheckConstraint(
            "kind NOT IN ('bid', 'sealed_bid') OR (registration_id IS NOT NULL AND idempotency_key IS NOT NULL"
            " AND request_digest IS NOT NULL AND person_id IS NOT NULL)",
            name="ck_round_entry_bid",
        ),
        CheckConstraint("(kind = 'bid') = (amount IS NOT NULL)", name="ck_round_entry_amount"),
        CheckConstraint("(kind = 'sealed_bid') = (sealed IS NOT NULL)", name="ck_round_entry_sealed"),
    )

    round_id: UUID = Field(primary_key=True, foreign_key="sale_round.id")
    seq: int = Field(primary_key=True)
    kind: EntryKind = word(EntryKind)
    at: datetime = moment()
    """By the database's clock, after the round was locked."""
    registration_id: UUID | None = Field(default=None, foreign_key="bidder_registration.id")
    person_id: UUID | None = Field(default=None, foreign_key="person.id")
    amount: int | None = Field(default=None, sa_type=BigInteger)
    sealed: bytes | None = None
    """The ciphertext of a sealed bid."""
    idempotency_key: str | None = None
    request_digest: bytes | None = None
    """Of the request, keyed by a secret outside the database: a repeat is known, an amount is not guessed from it."""
    document: bytes
    previous: bytes
    hash: bytes


class Award(SQLModel, table=True):
    """Who was awarded the lot, and whether they stood by it (成交确认书)."""

    __tablename__ = "award"
    __table_args__ = (
        Index(
            "uq_award_standing",
            "round_id",
            unique=True,
            postgresql_where=text("status IN ('provisional', 'confirmed')"),
        ),
    )

    id: UUID = identifier()
    round_id: UUID = Field(foreign_key="sale_round.id", index=True)
    registration_id: UUID = Field(foreign_key="bidder_registration.id")
    amount: int = Field(sa_type=BigInteger)
    status: AwardStatus = word(AwardStatus)
    buyer_confirmed_by: UUID | None = Field(default=None, foreign_key="person.id")
    buyer_confirmed_at: datetime | None = moment(nullable=True)
    confirmed_by: UUID | None = Field(default=None, foreign_key="person.id")
    confirmed_at: datetime | None = moment(nullable=True)
    document: bytes | None = None
    """The confirmation of sale (成交确认书) as canonical JSON, once both have signed."""
    sha256: bytes | None = None
    created_at: datetime = moment()


class Case(SQLModel, table=True):
    """One red flag of collusion in a round, for the hall to look at; the database refuses to delete it."""

    __tablename__ = "round_case"
    __table_args__ = (
        UniqueConstraint("round_id", "signal", "registrations"),
        CheckConstraint("(finding IS NULL) = (decided_at IS NULL)", name="ck_round_case_finding"),
    )

    id: UUID = identifier()
    round_id: UUID = Field(foreign_key="sale_round.id")
    signal: Signal = word(Signal)
    registrations: list[UUID] = Field(sa_type=ARRAY(Uuid))
    """Whom it concerns, in the order of ids."""
    detail: str
    opened_at: datetime = moment()
    finding: SignalFinding | None = word(SignalFinding, default=None, nullable=True)
    reason: str | None = None
    decided_by: UUID | None = Field(default=None, foreign_key="person.id")
    decided_at: datetime | None = moment(nullable=True)
