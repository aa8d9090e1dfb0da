"""Notices with their published bytes, units' objection policies, objections and the opinions of the panel."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from market.database import identifier, moment, word
from schemas.vocabulary import NoticeKind, NoticeStatus, NoticeSubject, ObjectionStatus

_SERIES = ("organisation_id", "subject_kind", "subject_id", "kind")


class Notice(SQLModel, table=True):
    """One notice. Once it is published, the database lets its state move and nothing else of it.

    An amendment is a notice of its own with the next number: the one before it keeps its number and its bytes.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint(*_SERIES, "number", name="uq_notice_number"),
        Index("uq_notice_draft", *_SERIES, unique=True, postgresql_where=text("status = 'draft'")),
        Index(
            "uq_notice_standing",
            *_SERIES,
            unique=True,
            postgresql_where=text("status IN ('published', 'objected', 'closed_clear')"),
        ),
        CheckConstraint(
            "num_nonnulls(number, document, sha256, period, published_at, until) IN (0, 6)",
            name="ck_notice_published",
        ),
    )

    id: UUID = identifier()
    kind: NoticeKind = word(NoticeKind)
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    subject_kind: NoticeSubject = word(NoticeSubject)
    subject_id: UUID = Field(index=True)
    status: NoticeStatus = word(NoticeStatus, default=NoticeStatus.DRAFT)
    content: dict[str, Any] = Field(sa_type=JSONB)
    number: int | None = None
    document: bytes | None = None
    sha256: bytes | None = None
    period: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    """The period with all that it was counted from."""
    pack_version: str | None = None
    policy_version: int | None = None
    published_at: datetime | None = moment(nullable=True)
    published_by: UUID | None = Field(default=None, foreign_key="person.id")
    until: datetime | None = moment(nullable=True)
    """The end of the period; at this very instant one is late."""
    follows: UUID | None = Field(default=None, foreign_key="notice.id")
    cleared_at: datetime | None = moment(nullable=True)
    lapses_at: datetime | None = moment(nullable=True)
    ended_at: datetime | None = moment(nullable=True)
    reason: str | None = None
    editors: list[UUID] = Field(sa_type=ARRAY(Uuid))
    """Everyone who has written in it; none of them may publish it or decide an objection."""
    revision: int = 1
    created_by: UUID = Field(foreign_key="person.id")
    created_at: datetime = moment()
    updated_at: datetime = moment()


class ObjectionPolicy(SQLModel, table=True):
    """How a unit takes and decides objections (异议处理办法). The database refuses to change or delete a version."""

    __tablename__ = "objection_policy"

    organisation_id: UUID = Field(primary_key=True, foreign_key="organisation.id")
    version: int = Field(primary_key=True)
    text: dict[str, str] = Field(sa_type=JSONB)
    contact: str
    panel: list[UUID] = Field(sa_type=ARRAY(Uuid))
    document: bytes
    sha256: bytes
    published_at: datetime = moment()
    published_by: UUID = Field(foreign_key="person.id")


class Objection(SQLModel, table=True):
    """What somebody holds against a notice (异议); who it is, is not public."""

    __tablename__ = "objection"
    __table_args__ = (
        Index(
            "uq_objection_open",
            "notice_id",
            "person_id",
            unique=True,
            postgresql_where=text("status = 'open'"),
        ),
    )

    id: UUID = identifier()
    notice_id: UUID = Field(foreign_key="notice.id", index=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    grounds: str
    evidence: list[dict[str, Any]] = Field(sa_type=JSONB)
    status: ObjectionStatus = word(ObjectionStatus, default=ObjectionStatus.OPEN)
    lodged_at: datetime = moment()
    answer_period: dict[str, Any] = Field(sa_type=JSONB)
    answer_until: datetime = moment()
    decided_at: datetime | None = moment(nullable=True)


class Opinion(SQLModel, table=True):
    """One panel member's vote on an objection, with reasons. The database refuses to change or delete it."""

    __tablename__ = "objection_opinion"

    objection_id: UUID = Field(primary_key=True, foreign_key="objection.id")
    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    outcome: ObjectionStatus = word(ObjectionStatus)
    reasons: str
    at: datetime = moment()
