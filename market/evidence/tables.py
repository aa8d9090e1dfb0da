"""Documents that prove something, by what they are about."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from market.database import identifier, moment, word
from schemas.vocabulary import EvidenceKind, ExportClass, Party


class Proof(SQLModel, table=True):
    """One document, by its hash; it stays with whoever holds it. Withdrawn, never deleted."""

    __tablename__ = "proof"
    __table_args__ = (Index("ix_proof_subject", "subject_kind", "subject_id"),)

    id: UUID = identifier()
    subject_kind: str
    """`interest` or `deal`."""
    subject_id: UUID
    kind: EvidenceKind = word(EvidenceKind)
    title: str
    sha256: bytes
    issued_by: str | None = None
    number: str | None = None
    issued_on: date | None = None
    valid_until: date | None = None
    names: list[str] = Field(default=[], sa_type=ARRAY(Text))
    encumbrance_id: UUID | None = Field(default=None, foreign_key="encumbrance.id")
    value: int | None = Field(default=None, sa_type=BigInteger)
    """What an appraisal comes to, in minor units of `currency`."""
    currency: str | None = None
    export_class: ExportClass | None = word(ExportClass, default=None, nullable=True)
    terms_sha256: bytes | None = None
    given_as: Party | None = word(Party, default=None, nullable=True)
    given_by: UUID = Field(foreign_key="person.id")
    given_at: datetime = moment()
    withdrawn_at: datetime | None = moment(nullable=True)
    withdrawal_reason: str | None = None
