"""What others hold in a right, the documents that prove something to a gate, and interests that were disclosed to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATES = "'submitted', 'acknowledged', 'disclosed', 'negotiating', 'agreed', 'passed', 'declined'"
OPEN = "'submitted', 'acknowledged', 'disclosed', 'negotiating'"
DEALS = (
    "'proposed', 'gating', 'cleared', 'contracted', 'signed', 'performing', 'breached', 'completed', 'terminated', "
    "'cancelled'"
)
MATTERS = "'terms', 'contract', 'completion', 'termination'"
WRITTEN_ONCE = "subject_kind, subject_id, kind, title, sha256, names, value, given_by, given_at"


def upgrade() -> None:
    op.create_table(
        "encumbrance",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "pledge",
                "exclusive_licence",
                "sole_licence",
                "freeze",
                "co_ownership",
                "first_refusal",
                "funder_consent",
                name="encumbrancekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("released_on", sa.Date(), nullable=True),
        sa.Column("release_source", sa.String(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name="fk_encumbrance_listing_id"),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.id"], name="fk_encumbrance_recorded_by"),
        sa.PrimaryKeyConstraint("id", name="pk_encumbrance"),
    )
    op.create_index("ix_encumbrance_listing_id", "encumbrance", ["listing_id"])
    op.create_table(
        "proof",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "appraisal",
                "appraisal_decision",
                "legal_opinion",
                "co_owner_consent",
                "first_refusal_waiver",
                "pledgee_consent",
                "funder_approval",
                "export_determination",
                "export_letter_of_intent",
                "ip_transfer_review",
                "internal_decision",
                "authority_to_sign",
                "confidentiality_agreement",
                "transfer_registration",
                "equity_registration",
                "export_licence",
                name="evidencekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("issued_by", sa.String(), nullable=True),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("names", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("encumbrance_id", sa.Uuid(), nullable=True),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column(
            "export_class",
            sa.Enum(
                "free",
                "restricted",
                "prohibited",
                "undetermined",
                name="exportclass",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("terms_sha256", sa.LargeBinary(), nullable=True),
        sa.Column(
            "given_as",
            sa.Enum(
                "seller",
                "buyer",
                "manager",
                name="party",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("given_by", sa.Uuid(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawal_reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["encumbrance_id"], ["encumbrance.id"], name="fk_proof_encumbrance_id"),
        sa.ForeignKeyConstraint(["given_by"], ["person.id"], name="fk_proof_given_by"),
        sa.PrimaryKeyConstraint("id", name="pk_proof"),
    )
    op.create_index("ix_proof_subject", "proof", ["subject_kind", "subject_id"])
    for table in ("encumbrance", "proof"):
        op.execute(
            f"CREATE TRIGGER kept BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        f"CREATE TRIGGER frozen BEFORE UPDATE OF {WRITTEN_ONCE} ON proof "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    _closed("interest", "intereststatus", "status", STATES)
    _one_open(OPEN)
    op.add_column("deal", sa.Column("breach_reason", sa.String(), nullable=True))
    op.add_column("deal", sa.Column("breach_noted_as", sa.String(length=40), nullable=True))
    op.add_column("deal", sa.Column("cure_due_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint("party", "deal", "breach_noted_as IN ('seller', 'buyer', 'manager')")
    _closed("deal", "dealstatus", "status", DEALS)
    _closed("deal_consent", "matter", "matter", MATTERS)


def downgrade() -> None:
    _closed("deal_consent", "matter", "matter", MATTERS.replace(", 'termination'", ""))
    before = DEALS.replace("'signed', ", "").replace("'breached', ", "").replace("'terminated', ", "")
    _closed("deal", "dealstatus", "status", before)
    op.drop_constraint("party", "deal")
    for column in ("breach_reason", "breach_noted_as", "cure_due_at"):
        op.drop_column("deal", column)
    _closed("interest", "intereststatus", "status", STATES.replace("'disclosed', ", ""))
    _one_open(OPEN.replace("'disclosed', ", ""))
    op.drop_table("proof")
    op.drop_table("encumbrance")


def _closed(table: str, name: str, column: str, values: str) -> None:
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IN ({values}))")


def _one_open(states: str) -> None:
    op.drop_index("uq_interest_open", "interest")
    op.create_index(
        "uq_interest_open",
        "interest",
        ["organisation_id", "listing_id"],
        unique=True,
        postgresql_where=sa.text(f"status IN ({states})"),
    )
