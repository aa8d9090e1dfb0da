"""Publicity notices, whose published bytes never change, objection policies, objections and opinions on them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SERIES = ["organisation_id", "subject_kind", "subject_id", "kind"]
PUBLISHED = "number, document, sha256, period, published_at, until"
FIXED = (
    f"{', '.join(SERIES)}, content, {PUBLISHED}, published_by, pack_version, policy_version, follows, editors"
)
LODGED = "notice_id, person_id, grounds, evidence, lodged_at, answer_period, answer_until"
FROZEN = ("objection_policy", "objection_opinion")

# The state of a published notice moves on; what was published, and by whom, does not.
KEEP_NOTICE = f"""
CREATE FUNCTION keep_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.document IS NOT NULL AND ROW({", ".join(f"OLD.{name}" for name in FIXED.split(", "))})
        IS DISTINCT FROM ROW({", ".join(f"NEW.{name}" for name in FIXED.split(", "))}) THEN
        RAISE EXCEPTION 'a published notice never changes: it is amended by another one'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$
"""


def _word(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", _word("noticekind", "price", "reward", "grant", "result"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "subject_kind",
            _word("noticesubject", "deal", "round", "challenge", "grant", "distribution"),
            nullable=False,
        ),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            _word(
                "noticestatus",
                "draft",
                "published",
                "objected",
                "upheld",
                "amended",
                "closed_clear",
                "lapsed",
                "settled",
                "void",
            ),
            nullable=False,
        ),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("period", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("pack_version", sa.String(), nullable=True),
        sa.Column("policy_version", sa.Integer(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("follows", sa.Uuid(), nullable=True),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("editors", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"num_nonnulls({PUBLISHED}) IN (0, 6)", name="ck_notice_published"),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_notice_created_by")),
        sa.ForeignKeyConstraint(["follows"], ["notice.id"], name=op.f("fk_notice_follows")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_notice_organisation_id")
        ),
        sa.ForeignKeyConstraint(["published_by"], ["person.id"], name=op.f("fk_notice_published_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint(*SERIES, "number", name="uq_notice_number"),
    )
    op.create_index(op.f("ix_notice_organisation_id"), "notice", ["organisation_id"])
    op.create_index(op.f("ix_notice_subject_id"), "notice", ["subject_id"])
    for name, states in (
        ("uq_notice_draft", "status = 'draft'"),
        ("uq_notice_standing", "status IN ('published', 'objected', 'closed_clear')"),
    ):
        op.create_index(name, "notice", SERIES, unique=True, postgresql_where=sa.text(states))
    _create_objections()
    op.execute(KEEP_NOTICE)
    op.execute("CREATE TRIGGER fixed BEFORE UPDATE ON notice FOR EACH ROW EXECUTE FUNCTION keep_notice()")
    op.execute(
        f"CREATE TRIGGER fixed BEFORE UPDATE OF {LODGED} ON objection "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    for table in ("notice", "objection"):
        op.execute(
            f"CREATE TRIGGER kept BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    for table in FROZEN:
        op.execute(
            f"CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def _create_objections() -> None:
    op.create_table(
        "objection_policy",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("panel", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_objection_policy_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["published_by"], ["person.id"], name=op.f("fk_objection_policy_published_by")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "version", name=op.f("pk_objection_policy")),
    )
    outcomes = ("open", "upheld", "rejected", "moot")
    op.create_table(
        "objection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("grounds", sa.String(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", _word("objectionstatus", *outcomes), nullable=False),
        sa.Column("lodged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_period", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("answer_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_objection_notice_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_objection_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
    )
    for column in ("notice_id", "person_id"):
        op.create_index(op.f(f"ix_objection_{column}"), "objection", [column])
    op.create_index(
        "uq_objection_open",
        "objection",
        ["notice_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "objection_opinion",
        sa.Column("objection_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", _word("objectionstatus", *outcomes), nullable=False),
        sa.Column("reasons", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["objection_id"], ["objection.id"], name=op.f("fk_objection_opinion_objection_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_objection_opinion_person_id")),
        sa.PrimaryKeyConstraint("objection_id", "person_id", name=op.f("pk_objection_opinion")),
    )


def downgrade() -> None:
    for table in ("objection_opinion", "objection", "objection_policy", "notice"):
        op.drop_table(table)
    op.execute("DROP FUNCTION keep_notice()")
