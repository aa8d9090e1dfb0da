"""Claims of managers who were gone around, their credit for deals, the schemes of rewards and the claims to them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from market.database import identifier, moment, word
from schemas.vocabulary import CircumventionStatus, RewardBasis, RewardStatus


class Circumvention(SQLModel, table=True):
    """A manager's claim that parties whom they had introduced made a deal without them (民法典 art. 965)."""

    __tablename__ = "circumvention_claim"
    __table_args__ = (UniqueConstraint("introduction_id", "deal_id"),)

    id: UUID = identifier()
    introduction_id: UUID = Field(foreign_key="introduction.id")
    deal_id: UUID = Field(foreign_key="deal.id", index=True)
    manager_id: UUID = Field(foreign_key="manager.id", index=True)
    status: CircumventionStatus = word(CircumventionStatus, default=CircumventionStatus.OPENED, index=True)
    statement: str
    answers: list[dict[str, Any]] = Field(sa_type=JSONB)
    """What each side of the deal says to it, once each: side, person, text, at."""
    answers_due_at: datetime = moment()
    reasons: str | None = None
    """Of the operator's decision."""
    decided_by: UUID | None = Field(default=None, foreign_key="person.id")
    decided_at: datetime | None = moment(nullable=True)
    revision: int = 1
    opened_at: datetime = moment()


class DealCredit(SQLModel, table=True):
    """The part of a deal that a manager is credited with, where it was decided; else those who carried it share alike."""

    __tablename__ = "deal_credit"
    __table_args__ = (CheckConstraint("share BETWEEN 1 AND 10000", name="ck_deal_credit_share"),)

    deal_id: UUID = Field(primary_key=True, foreign_key="deal.id")
    manager_id: UUID = Field(primary_key=True, foreign_key="manager.id", index=True)
    share: int
    """In hundredths of a per cent; those of one deal come to 10,000."""


class RewardScheme(SQLModel, table=True):
    """For which deals managers are rewarded, how much, and up to what in a year. The database refuses to change it."""

    __tablename__ = "reward_scheme"
    __table_args__ = (
        CheckConstraint("rate BETWEEN 1 AND 1000000", name="ck_reward_scheme_rate"),
        CheckConstraint("cap > 0", name="ck_reward_scheme_cap"),
    )

    id: UUID = identifier()
    name: dict[str, str] = Field(sa_type=JSONB)
    source: str
    basis: RewardBasis = word(RewardBasis)
    rate: int
    """In ten-thousandths of a per cent."""
    requires: list[str] = Field(sa_type=ARRAY(Text))
    cap: int = Field(sa_type=BigInteger)
    """Most that one person gets in a calendar year, in minor units of `currency`."""
    currency: str
    once_per_deal: bool
    valid_from: date
    valid_until: date | None = None
    """The last signing date that counts."""
    created_by: UUID = Field(foreign_key="person.id")
    created_at: datetime = moment()


class RewardClaim(SQLModel, table=True):
    """A manager's claim to the reward of a scheme for their part of one deal; returned, it is claimed again."""

    __tablename__ = "reward_claim"
    __table_args__ = (
        UniqueConstraint("scheme_id", "deal_id", "manager_id"),
        CheckConstraint("amount > 0", name="ck_reward_claim_amount"),
    )

    id: UUID = identifier()
    scheme_id: UUID = Field(foreign_key="reward_scheme.id", index=True)
    deal_id: UUID = Field(foreign_key="deal.id", index=True)
    manager_id: UUID = Field(foreign_key="manager.id", index=True)
    status: RewardStatus = word(RewardStatus, default=RewardStatus.CLAIMED, index=True)
    year: int
    """The calendar year in China in which it was claimed, whose cap it falls under."""
    share: int
    """Of the deal, in hundredths of a per cent."""
    computed: int = Field(sa_type=BigInteger)
    """Before the cap, in minor units of `currency`."""
    amount: int = Field(sa_type=BigInteger)
    currency: str
    registration_number: str | None = None
    registered_on: date | None = None
    """技术合同认定登记, as the manager states it; the check compares it with the register."""
    checked_by: UUID | None = Field(default=None, foreign_key="person.id")
    approved_by: UUID | None = Field(default=None, foreign_key="person.id")
    note: str | None = None
    """What the check found, or why it was returned."""
    paid_on: date | None = None
    payment_reference: str | None = None
    revision: int = 1
    claimed_at: datetime = moment()
