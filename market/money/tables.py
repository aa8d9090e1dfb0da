"""Accounts and transfers; the database refuses to change or delete a transfer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from market.database import identifier, moment, word
from schemas.vocabulary import AccountKind, TransferKind


class Account(SQLModel, table=True):
    """One account in one currency; its balance is what its transfers say."""

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id", "currency"),
        UniqueConstraint("id", "currency"),  # what the currency of a transfer refers to
    )

    id: UUID = identifier()
    kind: AccountKind = word(AccountKind)
    subject_id: UUID
    """Whose: an organisation, a round, or the hall itself."""
    currency: str
    created_at: datetime = moment()


class Transfer(SQLModel, table=True):
    """An amount from one account to another.

    A pending transfer reserves; one other transfer resolves it, once, by posting it or by voiding it. Both sides are
    accounts in its currency, so that in each currency debits and credits are equal.
    """

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("amount > 0", name="ck_transfer_amount"),
        UniqueConstraint("purpose"),
        ForeignKeyConstraint(["debit_id", "currency"], ["account.id", "account.currency"]),
        ForeignKeyConstraint(["credit_id", "currency"], ["account.id", "account.currency"]),
        CheckConstraint("debit_id <> credit_id", name="ck_transfer_sides"),
        CheckConstraint("post_id IS NULL OR kind = 'posted'", name="ck_transfer_part"),
        CheckConstraint(
            "(kind IN ('post', 'void')) = (pending_id IS NOT NULL)", name="ck_transfer_resolution"
        ),
    )

    id: UUID = identifier()
    debit_id: UUID = Field(index=True)
    credit_id: UUID = Field(index=True)
    amount: int = Field(sa_type=BigInteger)
    """In minor units of `currency`."""
    currency: str
    kind: TransferKind = word(TransferKind)
    pending_id: UUID | None = Field(default=None, foreign_key="transfer.id", unique=True)
    """The pending transfer that this one resolves; the database lets each be resolved once."""
    post_id: UUID | None = Field(default=None, foreign_key="transfer.id", index=True)
    """Of a part of a settlement: the post whose amount it hands on, together with the other parts."""
    purpose: str
    """What it was made for, unique: a repeat finds it instead of moving money again."""
    evidence: dict[str, Any] = Field(default={}, sa_type=JSONB)
    """The bank's reference, day and payer, where a bank moved; of a payout that was ordered, payee and reason."""
    actor_id: UUID | None = Field(default=None, foreign_key="person.id")
    at: datetime = moment()
