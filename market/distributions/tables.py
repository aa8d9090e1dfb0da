"""Due lines with what paid them, royalty reports and refunds; cases of revenue with their lines, dissents and approvals."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from market.database import identifier, moment, word
from schemas.vocabulary import (
    ContributorRole,
    DeductionKind,
    DissentStatus,
    DueKind,
    DueStanding,
    RevenueBasis,
    RevenueStatus,
    Role,
    RoyaltyStatus,
)


class DueLine(SQLModel, table=True):
    """One amount that is due on a deal; whether it is paid follows from its matches."""

    __tablename__ = "due_line"
    __table_args__ = (
        UniqueConstraint("deal_id", "number"),
        CheckConstraint("amount > 0", name="ck_due_line_amount"),
    )

    id: UUID = identifier()
    deal_id: UUID = Field(foreign_key="deal.id")
    number: int
    kind: DueKind = word(DueKind)
    amount: int = Field(sa_type=BigInteger)
    """In minor units of `currency`."""
    currency: str
    due_on: date
    standing: DueStanding = word(DueStanding, default=DueStanding.OPEN)
    reason: str | None = None
    """Of a dispute or a write-off, or of what was paid beyond the price."""
    evidence_sha256: bytes | None = None
    report_id: UUID | None = Field(default=None, foreign_key="royalty_report.id", unique=True)
    created_at: datetime = moment()


class PaymentMatch(SQLModel, table=True):
    """What of a payment pays which line. The database refuses to change or delete it."""

    __tablename__ = "payment_match"
    __table_args__ = (CheckConstraint("amount > 0", name="ck_payment_match_amount"),)

    payment_id: UUID = Field(primary_key=True, foreign_key="payment.id")
    due_line_id: UUID = Field(primary_key=True, foreign_key="due_line.id", index=True)
    amount: int = Field(sa_type=BigInteger)


class RoyaltyReport(SQLModel, table=True):
    """A licensee's statement of one period of royalty."""

    __tablename__ = "royalty_report"
    __table_args__ = (UniqueConstraint("deal_id", "period"),)

    id: UUID = identifier()
    deal_id: UUID = Field(foreign_key="deal.id")
    period: int
    begins_on: date
    ends_on: date
    base_amount: int = Field(sa_type=BigInteger)
    currency: str
    rate: int
    """In ten-thousandths of a per cent."""
    computed: int = Field(sa_type=BigInteger)
    status: RoyaltyStatus = word(RoyaltyStatus, default=RoyaltyStatus.REPORTED)
    statement_sha256: bytes
    audit_reason: str | None = None
    audit_sha256: bytes | None = None
    reported_by: UUID = Field(foreign_key="person.id")
    reported_at: datetime = moment()


class Refund(SQLModel, table=True):
    """Money paid back on a deal. The database refuses to change or delete it."""

    __tablename__ = "deal_refund"
    __table_args__ = (
        UniqueConstraint("deal_id", "reference"),
        CheckConstraint("amount > 0", name="ck_deal_refund_amount"),
    )

    id: UUID = identifier()
    deal_id: UUID = Field(foreign_key="deal.id")
    amount: int = Field(sa_type=BigInteger)
    currency: str
    refunded_on: date
    reference: str
    reason: str
    recorded_by: UUID = Field(foreign_key="person.id")
    recorded_at: datetime = moment()


class RevenueCase(SQLModel, table=True):
    """One income on its way to those who are rewarded out of it."""

    __tablename__ = "revenue_case"
    __table_args__ = (
        CheckConstraint("(deal_id IS NULL) = (own_use IS NOT NULL)", name="ck_revenue_case_origin"),
        CheckConstraint("pool <= net", name="ck_revenue_case_pool"),
    )

    id: UUID = identifier()
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    """The seller, or who puts its own result to use."""
    deal_id: UUID | None = Field(default=None, foreign_key="deal.id", index=True)
    listing_id: UUID = Field(foreign_key="listing.id")
    basis: RevenueBasis = word(RevenueBasis)
    status: RevenueStatus = word(RevenueStatus, default=RevenueStatus.OPENED, index=True)
    currency: str
    income: int = Field(sa_type=BigInteger)
    """In minor units of `currency`, as are all amounts; of equity, the value of the shares."""
    income_on: date
    """When the last of it came in: what a payout is counted from."""
    payments: list[UUID] = Field(sa_type=ARRAY(Uuid))
    refunds: list[UUID] = Field(sa_type=ARRAY(Uuid))
    own_use: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    jurisdiction: str
    pack_version: str
    judged_on: date
    net: int | None = Field(default=None, sa_type=BigInteger)
    pool: int | None = Field(default=None, sa_type=BigInteger)
    agreement: str | None = None
    findings: list[dict[str, Any]] = Field(default=[], sa_type=JSONB)
    cash_benefit: bool = False
    agreed_due_on: date | None = None
    notice_id: UUID | None = Field(default=None, foreign_key="notice.id")
    due_on: date | None = Field(default=None, index=True)
    payout_period: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    paid_on: date | None = None
    payment_reference: str | None = None
    payment_sha256: bytes | None = None
    follows: UUID | None = Field(default=None, foreign_key="revenue_case.id", unique=True)
    proposed_by: UUID | None = Field(default=None, foreign_key="person.id")
    revision: int = 1
    opened_by: UUID = Field(foreign_key="person.id")
    created_at: datetime = moment()
    updated_at: datetime = moment()


class Deduction(SQLModel, table=True):
    """What is taken off an income, with the hash of what shows it."""

    __tablename__ = "revenue_deduction"
    __table_args__ = (UniqueConstraint("case_id", "number"),)

    id: UUID = identifier()
    case_id: UUID = Field(foreign_key="revenue_case.id")
    number: int
    kind: DeductionKind = word(DeductionKind)
    amount: int = Field(sa_type=BigInteger)
    description: str
    evidence_sha256: bytes


class DistributionLine(SQLModel, table=True):
    """One contributor's share; a new proposal replaces the lines of the one before, which the record keeps."""

    __tablename__ = "distribution_line"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        CheckConstraint("amount >= 0", name="ck_distribution_line_amount"),
    )

    id: UUID = identifier()
    case_id: UUID = Field(foreign_key="revenue_case.id")
    number: int
    name: str
    person_id: UUID | None = Field(default=None, foreign_key="person.id", index=True)
    role: ContributorRole = word(ContributorRole)
    weight: int = Field(sa_type=BigInteger)
    is_leader: bool
    holds_ownership_share: bool
    amount: int = Field(sa_type=BigInteger)
    rounding: int
    paid_before: int = Field(sa_type=BigInteger)
    signed_at: datetime | None = moment(nullable=True)
    signed_by: UUID | None = Field(default=None, foreign_key="person.id")
    signature_sha256: bytes | None = None


class Dissent(SQLModel, table=True):
    """What a contributor holds against a proposal: it stands still until that is answered or taken back."""

    __tablename__ = "distribution_dissent"
    __table_args__ = (Index("ix_distribution_dissent_case_id", "case_id"),)

    id: UUID = identifier()
    case_id: UUID = Field(foreign_key="revenue_case.id")
    person_id: UUID = Field(foreign_key="person.id")
    line_name: str
    grounds: str
    status: DissentStatus = word(DissentStatus, default=DissentStatus.OPEN)
    answer: str | None = None
    at: datetime = moment()
    settled_at: datetime | None = moment(nullable=True)


class Approval(SQLModel, table=True):
    """The consent of one of two people, in one of two roles; a revision takes it back."""

    __tablename__ = "distribution_approval"
    __table_args__ = (UniqueConstraint("case_id", "person_id"), UniqueConstraint("case_id", "role"))

    id: UUID = identifier()
    case_id: UUID = Field(foreign_key="revenue_case.id")
    role: Role = word(Role)
    person_id: UUID = Field(foreign_key="person.id")
    at: datetime = moment()
