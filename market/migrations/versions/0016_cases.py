"""Red flags of collusion that people look at, objections to a challenge's award, and what its cancellation compensates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SIGNALS = (
    "shared_controller",
    "same_person",
    "same_payer",
    "same_domain",
    "same_address",
    "left_alone",
    "identical_amounts",
    "alternating",
    "always_second",
    "shielded",
)


def _word(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    op.create_table(
        "round_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("signal", _word("signal", *SIGNALS), nullable=False),
        sa.Column("registrations", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finding", _word("signalfinding", "explained", "suspicious"), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(finding IS NULL) = (decided_at IS NULL)", name="ck_round_case_finding"),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_round_case_decided_by")),
        sa.ForeignKeyConstraint(["round_id"], ["sale_round.id"], name=op.f("fk_round_case_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round_case")),
        sa.UniqueConstraint(
            "round_id",
            "signal",
            "registrations",
            name=op.f("uq_round_case_round_id_signal_registrations"),
        ),
    )
    op.create_table(
        "challenge_objection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("entrant_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("grounds", sa.String(), nullable=False),
        sa.Column("sha256", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "status",
            _word("objectionstatus", "open", "upheld", "rejected", "moot"),
            nullable=False,
        ),
        sa.Column("proposed", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("reasons", sa.String(), nullable=True),
        sa.Column("decided_by", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenge.id"], name=op.f("fk_challenge_objection_challenge_id")
        ),
        sa.ForeignKeyConstraint(
            ["entrant_id"], ["challenge_entrant.id"], name=op.f("fk_challenge_objection_entrant_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_challenge_objection_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge_objection")),
    )
    op.create_index(op.f("ix_challenge_objection_challenge_id"), "challenge_objection", ["challenge_id"])
    op.create_index(
        "uq_challenge_objection_open",
        "challenge_objection",
        ["entrant_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.add_column(
        "challenge",
        sa.Column("compensation", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    )
    for table in ("round_case", "challenge_objection"):
        op.execute(
            f"CREATE TRIGGER kept BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.drop_column("challenge", "compensation")
    op.drop_table("challenge_objection")
    op.drop_table("round_case")
