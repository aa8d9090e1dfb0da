"""Trading rounds and the ledger of deposits."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "bank",
                "party",
                "escrow",
                "seller",
                "costs",
                name="accountkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("id", "currency", name=op.f("uq_account_id_currency")),
        sa.UniqueConstraint(
            "kind", "subject_id", "currency", name=op.f("uq_account_kind_subject_id_currency")
        ),
    )
    op.create_table(
        "organisation_control",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("controller_id", sa.Uuid(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["controller_id"], ["organisation.id"], name=op.f("fk_organisation_control_controller_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_organisation_control_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation_control")),
    )
    op.create_index(
        op.f("ix_organisation_control_controller_id"), "organisation_control", ["controller_id"], unique=False
    )
    op.create_index(
        op.f("ix_organisation_control_organisation_id"),
        "organisation_control",
        ["organisation_id"],
        unique=False,
    )
    op.create_table(
        "transfer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("debit_id", sa.Uuid(), nullable=False),
        sa.Column("credit_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "posted",
                "pending",
                "post",
                "void",
                name="transferkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("pending_id", sa.Uuid(), nullable=True),
        sa.Column("post_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind IN ('post', 'void')) = (pending_id IS NOT NULL)", name="ck_transfer_resolution"
        ),
        sa.CheckConstraint("amount > 0", name="ck_transfer_amount"),
        sa.CheckConstraint("debit_id <> credit_id", name="ck_transfer_sides"),
        sa.CheckConstraint("post_id IS NULL OR kind = 'posted'", name="ck_transfer_part"),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_transfer_actor_id")),
        sa.ForeignKeyConstraint(
            ["credit_id", "currency"],
            ["account.id", "account.currency"],
            name=op.f("fk_transfer_credit_id_currency"),
        ),
        sa.ForeignKeyConstraint(
            ["debit_id", "currency"],
            ["account.id", "account.currency"],
            name=op.f("fk_transfer_debit_id_currency"),
        ),
        sa.ForeignKeyConstraint(["pending_id"], ["transfer.id"], name=op.f("fk_transfer_pending_id")),
        sa.ForeignKeyConstraint(["post_id"], ["transfer.id"], name=op.f("fk_transfer_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("pending_id", name=op.f("uq_transfer_pending_id")),
        sa.UniqueConstraint("purpose", name=op.f("uq_transfer_purpose")),
    )
    op.create_index(op.f("ix_transfer_credit_id"), "transfer", ["credit_id"], unique=False)
    op.create_index(op.f("ix_transfer_debit_id"), "transfer", ["debit_id"], unique=False)
    op.create_index(op.f("ix_transfer_post_id"), "transfer", ["post_id"], unique=False)
    op.create_table(
        "sale_round",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "listed_sale",
                "auction",
                "sealed_tender",
                name="roundkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("listing_version", sa.Integer(), nullable=False),
        sa.Column("seller_id", sa.Uuid(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "transfer",
                "exclusive_licence",
                "sole_licence",
                "ordinary_licence",
                "open_licence",
                "equity",
                "co_development",
                "option",
                "trial",
                "sale",
                name="mode",
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
                "approved",
                "announced",
                "qualifying",
                "bidding",
                "suspended",
                "opening",
                "single_bidder",
                "failed_no_bidder",
                "no_sale",
                "provisional_award",
                "confirmed",
                "defaulted",
                "withdrawn",
                "void",
                name="roundstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("opening_price", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("deposit", sa.BigInteger(), nullable=False),
        sa.Column("reserve_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("reserve_commitment", sa.LargeBinary(), nullable=True),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("registration_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bidding_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bidding_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hard_stop", sa.DateTime(timezone=True), nullable=True),
        sa.Column("extension_seconds", sa.Integer(), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rules", sa.LargeBinary(), nullable=True),
        sa.Column("rules_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("last_hash", sa.LargeBinary(), nullable=True),
        sa.Column("top_registration_id", sa.Uuid(), nullable=True),
        sa.Column("top_alias", sa.String(), nullable=True),
        sa.Column("top_priority", sa.Integer(), nullable=True),
        sa.Column("top_amount", sa.BigInteger(), nullable=True),
        sa.Column("top_seq", sa.Integer(), nullable=True),
        sa.Column("confirm_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("relisted_from", sa.Uuid(), nullable=True),
        sa.Column("approvals", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("editors", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("asked", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(rules IS NULL) = (rules_sha256 IS NULL)", name="ck_sale_round_rules"),
        sa.CheckConstraint("opening_price > 0 AND step > 0 AND deposit > 0", name="ck_sale_round_amounts"),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_sale_round_created_by")),
        sa.ForeignKeyConstraint(
            ["listing_id", "listing_version"],
            ["listing_version.listing_id", "listing_version.number"],
            name=op.f("fk_sale_round_listing_id_listing_version"),
        ),
        sa.ForeignKeyConstraint(
            ["relisted_from"], ["sale_round.id"], name=op.f("fk_sale_round_relisted_from")
        ),
        sa.ForeignKeyConstraint(["seller_id"], ["organisation.id"], name=op.f("fk_sale_round_seller_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sale_round")),
    )
    op.create_index(op.f("ix_sale_round_bidding_from"), "sale_round", ["bidding_from"], unique=False)
    op.create_index(op.f("ix_sale_round_ends_at"), "sale_round", ["ends_at"], unique=False)
    op.create_index(op.f("ix_sale_round_listing_id"), "sale_round", ["listing_id"], unique=False)
    op.create_index(
        op.f("ix_sale_round_registration_until"), "sale_round", ["registration_until"], unique=False
    )
    op.create_index(op.f("ix_sale_round_seller_id"), "sale_round", ["seller_id"], unique=False)
    op.create_index(op.f("ix_sale_round_status"), "sale_round", ["status"], unique=False)
    op.create_index(
        "uq_sale_round_open",
        "sale_round",
        ["listing_id"],
        unique=True,
        postgresql_where=sa.text(
            "status <> 'draft' AND status NOT IN ('failed_no_bidder', 'no_sale', 'confirmed', 'defaulted', 'withdrawn', 'void', 'single_bidder')"
        ),
    )
    op.create_table(
        "bidder_registration",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("alias", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "applied",
                "qualified",
                "refused",
                "withdrawn",
                name="registrationstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("form", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rules_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("deposit_id", sa.Uuid(), nullable=True),
        sa.Column("decision_reason", sa.String(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("registered_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["person.id"], name=op.f("fk_bidder_registration_decided_by")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_bidder_registration_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["registered_by"], ["person.id"], name=op.f("fk_bidder_registration_registered_by")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["sale_round.id"], name=op.f("fk_bidder_registration_round_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bidder_registration")),
        sa.UniqueConstraint("round_id", "alias", name=op.f("uq_bidder_registration_round_id_alias")),
        sa.UniqueConstraint(
            "round_id", "organisation_id", name=op.f("uq_bidder_registration_round_id_organisation_id")
        ),
    )
    op.create_index(
        op.f("ix_bidder_registration_organisation_id"),
        "bidder_registration",
        ["organisation_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_bidder_registration_round_id"), "bidder_registration", ["round_id"], unique=False
    )
    op.create_table(
        "award",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "provisional",
                "confirmed",
                "defaulted",
                "void",
                name="awardstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("buyer_confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("buyer_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["buyer_confirmed_by"], ["person.id"], name=op.f("fk_award_buyer_confirmed_by")
        ),
        sa.ForeignKeyConstraint(["confirmed_by"], ["person.id"], name=op.f("fk_award_confirmed_by")),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["bidder_registration.id"], name=op.f("fk_award_registration_id")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["sale_round.id"], name=op.f("fk_award_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award")),
    )
    op.create_index(op.f("ix_award_round_id"), "award", ["round_id"], unique=False)
    op.create_index(
        "uq_award_standing",
        "award",
        ["round_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('provisional', 'confirmed')"),
    )
    op.create_table(
        "round_entry",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "admitted",
                "bid",
                "sealed_bid",
                "suspended",
                "resumed",
                "opened",
                "closed",
                "confirmed",
                "defaulted",
                "withdrawn",
                "void",
                name="entrykind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("request_digest", sa.LargeBinary(), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("(kind = 'bid') = (amount IS NOT NULL)", name="ck_round_entry_amount"),
        sa.CheckConstraint("(kind = 'sealed_bid') = (sealed IS NOT NULL)", name="ck_round_entry_sealed"),
        sa.CheckConstraint(
            "kind NOT IN ('bid', 'sealed_bid') OR (registration_id IS NOT NULL AND idempotency_key IS NOT NULL AND request_digest IS NOT NULL AND person_id IS NOT NULL)",
            name="ck_round_entry_bid",
        ),
        sa.CheckConstraint("seq > 0", name="ck_round_entry_seq"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_round_entry_person_id")),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["bidder_registration.id"], name=op.f("fk_round_entry_registration_id")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["sale_round.id"], name=op.f("fk_round_entry_round_id")),
        sa.PrimaryKeyConstraint("round_id", "seq", name=op.f("pk_round_entry")),
    )
    op.create_index(
        "uq_round_entry_repeat",
        "round_entry",
        ["registration_id", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_round_entry_repeat",
        table_name="round_entry",
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.drop_table("round_entry")
    op.drop_index(
        "uq_award_standing",
        table_name="award",
        postgresql_where=sa.text("status IN ('provisional', 'confirmed')"),
    )
    op.drop_index(op.f("ix_award_round_id"), table_name="award")
    op.drop_table("award")
    op.drop_index(op.f("ix_bidder_registration_round_id"), table_name="bidder_registration")
    op.drop_index(op.f("ix_bidder_registration_organisation_id"), table_name="bidder_registration")
    op.drop_table("bidder_registration")
    op.drop_index(
        "uq_sale_round_open",
        table_name="sale_round",
        postgresql_where=sa.text(
            "status <> 'draft' AND status NOT IN ('failed_no_bidder', 'no_sale', 'confirmed', 'defaulted', 'withdrawn', 'void', 'single_bidder')"
        ),
    )
    op.drop_index(op.f("ix_sale_round_status"), table_name="sale_round")
    op.drop_index(op.f("ix_sale_round_seller_id"), table_name="sale_round")
    op.drop_index(op.f("ix_sale_round_registration_until"), table_name="sale_round")
    op.drop_index(op.f("ix_sale_round_listing_id"), table_name="sale_round")
    op.drop_index(op.f("ix_sale_round_ends_at"), table_name="sale_round")
    op.drop_index(op.f("ix_sale_round_bidding_from"), table_name="sale_round")
    op.drop_table("sale_round")
    op.drop_index(op.f("ix_transfer_post_id"), table_name="transfer")
    op.drop_index(op.f("ix_transfer_debit_id"), table_name="transfer")
    op.drop_index(op.f("ix_transfer_credit_id"), table_name="transfer")
    op.drop_table("transfer")
    op.drop_index(op.f("ix_organisation_control_organisation_id"), table_name="organisation_control")
    op.drop_index(op.f("ix_organisation_control_controller_id"), table_name="organisation_control")
    op.drop_table("organisation_control")
    op.drop_table("account")
