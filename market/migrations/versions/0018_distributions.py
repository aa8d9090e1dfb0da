"""What is due on deals with what paid it, royalty reports, refunds, and the distribution of income."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ACCOUNTS = ("bank", "party", "escrow", "seller", "costs")
OF_DEALS = ("receivable", "received", "income", "reward")
FROZEN = ("payment_match", "deal_refund")
KEPT = ("due_line", "royalty_report", "revenue_case", "distribution_dissent")


def _word(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=40)


def _accounts(*kinds: str) -> None:
    op.drop_constraint("accountkind", "account", type_="check")
    op.create_check_constraint(op.f("accountkind"), "account", sa.column("kind").in_(kinds))


def upgrade() -> None:
    _accounts(*ACCOUNTS, *OF_DEALS)
    _create_dues()
    _create_cases()
    for table in FROZEN:
        op.execute(
            f"CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER kept BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def _create_dues() -> None:
    op.create_table(
        "royalty_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("base_amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("computed", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            _word("royaltystatus", "reported", "audited", "verified", "adjusted", "paid"),
            nullable=False,
        ),
        sa.Column("statement_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("audit_reason", sa.String(), nullable=True),
        sa.Column("audit_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("reported_by", sa.Uuid(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_royalty_report_deal_id")),
        sa.ForeignKeyConstraint(["reported_by"], ["person.id"], name=op.f("fk_royalty_report_reported_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_royalty_report")),
        sa.UniqueConstraint("deal_id", "period", name=op.f("uq_royalty_report_deal_id_period")),
    )
    op.create_table(
        "due_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            _word("duekind", "lump_sum", "instalment", "entry_fee", "royalty", "after_use", "extra"),
            nullable=False,
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("standing", _word("duestanding", "open", "disputed", "written_off"), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("evidence_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("report_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name="ck_due_line_amount"),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_due_line_deal_id")),
        sa.ForeignKeyConstraint(["report_id"], ["royalty_report.id"], name=op.f("fk_due_line_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_due_line")),
        sa.UniqueConstraint("deal_id", "number", name=op.f("uq_due_line_deal_id_number")),
        sa.UniqueConstraint("report_id", name=op.f("uq_due_line_report_id")),
    )
    op.create_table(
        "payment_match",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("due_line_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name="ck_payment_match_amount"),
        sa.ForeignKeyConstraint(["due_line_id"], ["due_line.id"], name=op.f("fk_payment_match_due_line_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_payment_match_payment_id")),
        sa.PrimaryKeyConstraint("payment_id", "due_line_id", name=op.f("pk_payment_match")),
    )
    op.create_index(op.f("ix_payment_match_due_line_id"), "payment_match", ["due_line_id"])
    op.create_table(
        "deal_refund",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("refunded_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name="ck_deal_refund_amount"),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_deal_refund_deal_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.id"], name=op.f("fk_deal_refund_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_refund")),
        sa.UniqueConstraint("deal_id", "reference", name=op.f("uq_deal_refund_deal_id_reference")),
    )


def _create_cases() -> None:
    op.create_table(
        "revenue_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column(
            "basis",
            _word("revenuebasis", "transfer", "licence", "equity", "own_use", "service"),
            nullable=False,
        ),
        sa.Column(
            "status",
            _word(
                "revenuestatus",
                "opened",
                "net_calculated",
                "proposed",
                "disputed",
                "signed_off",
                "publicised",
                "approved",
                "paid",
                "closed",
                "adjusted",
                "cancelled",
            ),
            nullable=False,
        ),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("income", sa.BigInteger(), nullable=False),
        sa.Column("income_on", sa.Date(), nullable=False),
        sa.Column("payments", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("refunds", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("own_use", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("jurisdiction", sa.String(), nullable=False),
        sa.Column("pack_version", sa.String(), nullable=False),
        sa.Column("judged_on", sa.Date(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=True),
        sa.Column("pool", sa.BigInteger(), nullable=True),
        sa.Column("agreement", sa.String(), nullable=True),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cash_benefit", sa.Boolean(), nullable=False),
        sa.Column("agreed_due_on", sa.Date(), nullable=True),
        sa.Column("notice_id", sa.Uuid(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("payout_period", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("payment_reference", sa.String(), nullable=True),
        sa.Column("payment_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("follows", sa.Uuid(), nullable=True),
        sa.Column("proposed_by", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(deal_id IS NULL) = (own_use IS NOT NULL)", name="ck_revenue_case_origin"),
        sa.CheckConstraint("pool <= net", name="ck_revenue_case_pool"),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_revenue_case_deal_id")),
        sa.ForeignKeyConstraint(["follows"], ["revenue_case.id"], name=op.f("fk_revenue_case_follows")),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_revenue_case_listing_id")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_revenue_case_notice_id")),
        sa.ForeignKeyConstraint(["opened_by"], ["person.id"], name=op.f("fk_revenue_case_opened_by")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_revenue_case_organisation_id")
        ),
        sa.ForeignKeyConstraint(["proposed_by"], ["person.id"], name=op.f("fk_revenue_case_proposed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revenue_case")),
        sa.UniqueConstraint("follows", name=op.f("uq_revenue_case_follows")),
    )
    op.create_index(op.f("ix_revenue_case_deal_id"), "revenue_case", ["deal_id"])
    op.create_index(op.f("ix_revenue_case_due_on"), "revenue_case", ["due_on"])
    op.create_index(op.f("ix_revenue_case_organisation_id"), "revenue_case", ["organisation_id"])
    op.create_index(op.f("ix_revenue_case_status"), "revenue_case", ["status"])
    op.create_table(
        "revenue_deduction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            _word(
                "deductionkind",
                "tax",
                "upkeep",
                "appraisal",
                "certification",
                "negotiation",
                "other_cost",
                "state_research_funds",
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("evidence_sha256", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["revenue_case.id"], name=op.f("fk_revenue_deduction_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revenue_deduction")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_revenue_deduction_case_id_number")),
    )
    op.create_table(
        "distribution_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("role", _word("contributorrole", "main", "other", "transfer_staff"), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("is_leader", sa.Boolean(), nullable=False),
        sa.Column("holds_ownership_share", sa.Boolean(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("rounding", sa.Integer(), nullable=False),
        sa.Column("paid_before", sa.BigInteger(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_by", sa.Uuid(), nullable=True),
        sa.Column("signature_sha256", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("amount >= 0", name="ck_distribution_line_amount"),
        sa.ForeignKeyConstraint(["case_id"], ["revenue_case.id"], name=op.f("fk_distribution_line_case_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_distribution_line_person_id")),
        sa.ForeignKeyConstraint(["signed_by"], ["person.id"], name=op.f("fk_distribution_line_signed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_distribution_line")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_distribution_line_case_id_number")),
    )
    op.create_index(op.f("ix_distribution_line_person_id"), "distribution_line", ["person_id"])
    op.create_table(
        "distribution_dissent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("line_name", sa.String(), nullable=False),
        sa.Column("grounds", sa.String(), nullable=False),
        sa.Column("status", _word("dissentstatus", "open", "withdrawn", "answered"), nullable=False),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["revenue_case.id"], name=op.f("fk_distribution_dissent_case_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_distribution_dissent_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_distribution_dissent")),
    )
    op.create_index("ix_distribution_dissent_case_id", "distribution_dissent", ["case_id"])
    op.create_table(
        "distribution_approval",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            _word(
                "role",
                "researcher",
                "tto_officer",
                "tto_director",
                "buyer",
                "manager",
                "reviewer",
                "finance",
                "admin",
                "operator",
                "auditor",
            ),
            nullable=False,
        ),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["revenue_case.id"], name=op.f("fk_distribution_approval_case_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_distribution_approval_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_distribution_approval")),
        sa.UniqueConstraint("case_id", "person_id", name=op.f("uq_distribution_approval_case_id_person_id")),
        sa.UniqueConstraint("case_id", "role", name=op.f("uq_distribution_approval_case_id_role")),
    )


def downgrade() -> None:
    for table in (
        "distribution_approval",
        "distribution_dissent",
        "distribution_line",
        "revenue_deduction",
        "revenue_case",
        "deal_refund",
        "payment_match",
        "due_line",
        "royalty_report",
    ):
        op.drop_table(table)
    _accounts(*ACCOUNTS)
