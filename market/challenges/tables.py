"""Challenges, what is asked about them, sealed submissions, the panel with its reviews, and the teams at work."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from market.database import identifier, moment, word
from schemas.vocabulary import (
    ChallengeKind,
    ChallengeStatus,
    ObjectionStatus,
    ReviewerStatus,
    TeamStatus,
)

_ENDED = "('no_award', 'completed', 'failed', 'cancelled', 'expired')"


class Challenge(SQLModel, table=True):
    """One challenge of a published opportunity: its plan, the rules as published, and where it stands."""

    __tablename__ = "challenge"
    __table_args__ = (
        ForeignKeyConstraint(
            ["listing_id", "listing_version"], ["listing_version.listing_id", "listing_version.number"]
        ),
        Index(
            "uq_challenge_open",
            "listing_id",
            unique=True,
            postgresql_where=text(f"status <> 'draft' AND status NOT IN {_ENDED}"),
        ),
        CheckConstraint("(rules IS NULL) = (published_at IS NULL)", name="ck_challenge_rules"),
    )

    id: UUID = identifier()
    kind: ChallengeKind = word(ChallengeKind)
    status: ChallengeStatus = word(ChallengeStatus, default=ChallengeStatus.DRAFT, index=True)
    listing_id: UUID = Field(index=True)
    listing_version: int
    sponsor_id: UUID = Field(foreign_key="organisation.id", index=True)
    plan: dict[str, Any] = Field(sa_type=JSONB)
    """As `schemas.challenges.ChallengePlan` has it."""
    questions_until: datetime = moment()
    submissions_from: datetime = moment()
    submissions_until: datetime = moment(index=True)
    published_at: datetime | None = moment(nullable=True)
    rules: bytes | None = None
    """Canonical JSON, frozen at the publication."""
    rules_sha256: bytes | None = None
    editors: list[UUID] = Field(sa_type=ARRAY(Uuid))
    approved_by: UUID | None = Field(default=None, foreign_key="person.id")
    results: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    """The ranking with its dispersion as it was when the review ended; numbers are text."""
    award: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    """Whether it follows the rank, the reasons, and when and by whom it was made."""
    publicity: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    compensation: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    """What its cancellation owes by the rules to each team that was at work, in minor units."""
    stage: int | None = None
    """The number of the stage that runs, from 1; beyond the last one once all gates are passed."""
    gates: list[dict[str, Any]] = Field(default=[], sa_type=JSONB)
    proposed: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    """What one person of the sponsor has proposed and another has yet to sign: verb, by, at, data."""
    outcome: str | None = None
    outcome_secret: bool = False
    reason: str | None = None
    """Why it was cancelled, or nobody awarded."""
    revision: int = 1
    created_by: UUID = Field(foreign_key="person.id")
    created_at: datetime = moment()
    updated_at: datetime = moment()


class Question(SQLModel, table=True):
    """One question with its public answer; who asked is kept for the record alone."""

    __tablename__ = "challenge_question"

    id: UUID = identifier()
    challenge_id: UUID = Field(foreign_key="challenge.id", index=True)
    organisation_id: UUID = Field(foreign_key="organisation.id")
    asked_by: UUID = Field(foreign_key="person.id")
    asked_at: datetime = moment()
    question: str
    answer: str | None = None
    answered_by: UUID | None = Field(default=None, foreign_key="person.id")
    answered_at: datetime | None = moment(nullable=True)


class Submission(SQLModel, table=True):
    """One sealed submission. The database refuses to change or delete it; an organisation's last one counts."""

    __tablename__ = "challenge_submission"
    __table_args__ = (UniqueConstraint("challenge_id", "organisation_id", "number"),)

    id: UUID = identifier()
    challenge_id: UUID = Field(foreign_key="challenge.id", index=True)
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    person_id: UUID = Field(foreign_key="person.id")
    number: int
    """Of this organisation's own, from 1."""
    at: datetime = moment()
    """By the database's clock, after the challenge was locked."""
    sealed: bytes
    sealed_by: str
    document: bytes
    """The receipt in canonical JSON."""
    hash: bytes


class Entrant(SQLModel, table=True):
    """One organisation's submission that counted, once opened, under the alias by which it is reviewed."""

    __tablename__ = "challenge_entrant"
    __table_args__ = (
        UniqueConstraint("challenge_id", "alias"),
        UniqueConstraint("challenge_id", "organisation_id"),
        CheckConstraint("(content IS NULL) = (fault IS NOT NULL)", name="ck_challenge_entrant_content"),
    )

    id: UUID = identifier()
    challenge_id: UUID = Field(foreign_key="challenge.id", index=True)
    organisation_id: UUID = Field(foreign_key="organisation.id")
    submission_id: UUID = Field(foreign_key="challenge_submission.id", unique=True)
    alias: str
    content: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    fault: str | None = None
    status: TeamStatus | None = word(TeamStatus, default=None, nullable=True)
    """Set once it is awarded."""


class Reviewer(SQLModel, table=True):
    """A member of the panel."""

    __tablename__ = "challenge_reviewer"

    challenge_id: UUID = Field(primary_key=True, foreign_key="challenge.id")
    person_id: UUID = Field(primary_key=True, foreign_key="person.id", index=True)
    status: ReviewerStatus = word(ReviewerStatus, default=ReviewerStatus.NAMED)
    statement: str | None = None
    declared_at: datetime | None = moment(nullable=True)
    reason: str | None = None
    named_by: UUID = Field(foreign_key="person.id")
    named_at: datetime = moment()


class Review(SQLModel, table=True):
    """One reviewer's scores of one submission. The database refuses to change or delete it."""

    __tablename__ = "challenge_review"

    entrant_id: UUID = Field(primary_key=True, foreign_key="challenge_entrant.id")
    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    scores: list[dict[str, Any]] = Field(sa_type=JSONB)
    at: datetime = moment()


class Evidence(SQLModel, table=True):
    """What a team showed for a stage's gate. The database refuses to change or delete it."""

    __tablename__ = "challenge_evidence"

    id: UUID = identifier()
    entrant_id: UUID = Field(foreign_key="challenge_entrant.id", index=True)
    stage: int
    evidence: str
    sha256: list[str] = Field(sa_type=JSONB)
    person_id: UUID = Field(foreign_key="person.id")
    at: datetime = moment()


class AwardObjection(SQLModel, table=True):
    """What an organisation that had submitted has against the award; the database refuses to delete it."""

    __tablename__ = "challenge_objection"
    __table_args__ = (
        Index(
            "uq_challenge_objection_open",
            "entrant_id",
            unique=True,
            postgresql_where=text("status = 'open'"),
        ),
    )

    id: UUID = identifier()
    challenge_id: UUID = Field(foreign_key="challenge.id", index=True)
    entrant_id: UUID = Field(foreign_key="challenge_entrant.id")
    person_id: UUID = Field(foreign_key="person.id")
    grounds: str
    sha256: list[str] = Field(sa_type=JSONB)
    at: datetime = moment()
    status: ObjectionStatus = word(ObjectionStatus, default=ObjectionStatus.OPEN)
    proposed: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    """What one person would decide and another has yet to sign: finding, reasons, by, at."""
    reasons: str | None = None
    decided_by: list[UUID] = Field(default=[], sa_type=ARRAY(Uuid))
    decided_at: datetime | None = moment(nullable=True)
