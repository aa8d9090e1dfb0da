"""Challenges: their plans, questions, sealed submissions, panels, reviews and teams."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

FROZEN = ("challenge_submission", "challenge_review", "challenge_evidence")
KEPT = ("challenge", "challenge_question", "challenge_entrant", "challenge_reviewer")


def upgrade() -> None:
    op.create_table(
        "challenge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "open_challenge",
                "horse_race",
                name="challengekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "published",
                "questions_closed",
                "submissions_open",
                "closed",
                "reviewing",
                "shortlisted",
                "awarded",
                "no_award",
                "running",
                "completed",
                "failed",
                "cancelled",
                "expired",
                name="challengestatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("listing_version", sa.Integer(), nullable=False),
        sa.Column("sponsor_id", sa.Uuid(), nullable=False),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("questions_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submissions_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submissions_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rules", sa.LargeBinary(), nullable=True),
        sa.Column("rules_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("editors", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("results", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("award", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("publicity", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("stage", sa.Integer(), nullable=True),
        sa.Column("gates", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("proposed", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("outcome_secret", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(rules IS NULL) = (published_at IS NULL)", name="ck_challenge_rules"),
        sa.ForeignKeyConstraint(["approved_by"], ["person.id"], name=op.f("fk_challenge_approved_by")),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_challenge_created_by")),
        sa.ForeignKeyConstraint(
            ["listing_id", "listing_version"],
            ["listing_version.listing_id", "listing_version.number"],
            name=op.f("fk_challenge_listing_id_listing_version"),
        ),
        sa.ForeignKeyConstraint(["sponsor_id"], ["organisation.id"], name=op.f("fk_challenge_sponsor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge")),
    )
    op.create_index(op.f("ix_challenge_listing_id"), "challenge", ["listing_id"], unique=False)
    op.create_index(op.f("ix_challenge_sponsor_id"), "challenge", ["sponsor_id"], unique=False)
    op.create_index(op.f("ix_challenge_status"), "challenge", ["status"], unique=False)
    op.create_index(op.f("ix_challenge_submissions_until"), "challenge", ["submissions_until"], unique=False)
    op.create_index(
        "uq_challenge_open",
        "challenge",
        ["listing_id"],
        unique=True,
        postgresql_where=sa.text(
            "status <> 'draft' AND status NOT IN ('no_award', 'completed', 'failed', 'cancelled', 'expired')"
        ),
    )
    op.create_table(
        "challenge_question",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["person.id"], name=op.f("fk_challenge_question_answered_by")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_challenge_question_asked_by")),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenge.id"], name=op.f("fk_challenge_question_challenge_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_challenge_question_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge_question")),
    )
    op.create_index(
        op.f("ix_challenge_question_challenge_id"), "challenge_question", ["challenge_id"], unique=False
    )
    op.create_table(
        "challenge_reviewer",
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "named",
                "declared",
                "dropped",
                name="reviewerstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("statement", sa.String(), nullable=True),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("named_by", sa.Uuid(), nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenge.id"], name=op.f("fk_challenge_reviewer_challenge_id")
        ),
        sa.ForeignKeyConstraint(["named_by"], ["person.id"], name=op.f("fk_challenge_reviewer_named_by")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_challenge_reviewer_person_id")),
        sa.PrimaryKeyConstraint("challenge_id", "person_id", name=op.f("pk_challenge_reviewer")),
    )
    op.create_index(
        op.f("ix_challenge_reviewer_person_id"), "challenge_reviewer", ["person_id"], unique=False
    )
    op.create_table(
        "challenge_submission",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_by", sa.String(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenge.id"], name=op.f("fk_challenge_submission_challenge_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_challenge_submission_organisation_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_challenge_submission_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge_submission")),
        sa.UniqueConstraint(
            "challenge_id",
            "organisation_id",
            "number",
            name=op.f("uq_challenge_submission_challenge_id_organisation_id_number"),
        ),
    )
    op.create_index(
        op.f("ix_challenge_submission_challenge_id"), "challenge_submission", ["challenge_id"], unique=False
    )
    op.create_index(
        op.f("ix_challenge_submission_organisation_id"),
        "challenge_submission",
        ["organisation_id"],
        unique=False,
    )
    op.create_table(
        "challenge_entrant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("alias", sa.String(), nullable=False),
        sa.Column("content", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("fault", sa.String(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "awarded",
                "running",
                "stopped",
                "finished",
                name="teamstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.CheckConstraint("(content IS NULL) = (fault IS NOT NULL)", name="ck_challenge_entrant_content"),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenge.id"], name=op.f("fk_challenge_entrant_challenge_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_challenge_entrant_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["challenge_submission.id"], name=op.f("fk_challenge_entrant_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge_entrant")),
        sa.UniqueConstraint("challenge_id", "alias", name=op.f("uq_challenge_entrant_challenge_id_alias")),
        sa.UniqueConstraint(
            "challenge_id", "organisation_id", name=op.f("uq_challenge_entrant_challenge_id_organisation_id")
        ),
        sa.UniqueConstraint("submission_id", name=op.f("uq_challenge_entrant_submission_id")),
    )
    op.create_index(
        op.f("ix_challenge_entrant_challenge_id"), "challenge_entrant", ["challenge_id"], unique=False
    )
    op.create_table(
        "challenge_evidence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entrant_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("sha256", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["entrant_id"], ["challenge_entrant.id"], name=op.f("fk_challenge_evidence_entrant_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_challenge_evidence_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge_evidence")),
    )
    op.create_index(
        op.f("ix_challenge_evidence_entrant_id"), "challenge_evidence", ["entrant_id"], unique=False
    )
    op.create_table(
        "challenge_review",
        sa.Column("entrant_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("scores", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["entrant_id"], ["challenge_entrant.id"], name=op.f("fk_challenge_review_entrant_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_challenge_review_person_id")),
        sa.PrimaryKeyConstraint("entrant_id", "person_id", name=op.f("pk_challenge_review")),
    )
    for table in FROZEN:
        op.execute(
            f"CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER kept BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    for table in (
        "challenge_review",
        "challenge_evidence",
        "challenge_entrant",
        "challenge_submission",
        "challenge_reviewer",
        "challenge_question",
        "challenge",
    ):
        op.drop_table(table)
