"""Every table of the first release."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_attempts")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint(
            "subject_kind", "subject_id", "seq", name=op.f("uq_event_subject_kind_subject_id_seq")
        ),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("name_keys", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "university",
                "institute",
                "hospital",
                "new_rd_body",
                "company",
                "tto",
                "operator",
                "fund",
                "bank",
                "insurer",
                "park",
                "facility",
                "alliance",
                "government",
                name="organisationkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "founding",
            sa.Enum(
                "state_founded",
                "state_owned",
                "private",
                "foreign",
                name="founding",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("website", sa.String(), nullable=True),
        sa.Column(
            "verification",
            sa.Enum(
                "L0",
                "L1",
                "L2",
                name="verificationlevel",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
    )
    op.create_index(
        "ix_organisation_name_keys", "organisation", ["name_keys"], unique=False, postgresql_using="gin"
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email", name=op.f("uq_person_email")),
    )
    op.create_table(
        "search_dirty",
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("listing_id", name=op.f("pk_search_dirty")),
    )
    op.create_table(
        "stored_answer",
        sa.Column("principal", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("request_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("principal", "key", name=op.f("pk_stored_answer")),
    )
    op.create_index(op.f("ix_stored_answer_stored_at"), "stored_answer", ["stored_at"], unique=False)
    op.create_table(
        "api_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("secret_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_api_key_organisation_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_api_key_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_api_key_public_id")),
    )
    op.create_index(op.f("ix_api_key_organisation_id"), "api_key", ["organisation_id"], unique=False)
    op.create_table(
        "edition",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "opportunity_list",
                "product_catalogue",
                name="editionkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("title", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "compiling",
                "scheduled",
                "published",
                "closed",
                "outcomes_reported",
                name="editionstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("applications_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("release_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("snapshot", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status IN ('compiling', 'scheduled')) = (snapshot IS NULL) AND (snapshot IS NULL) = (sha256 IS NULL) AND (snapshot IS NULL) = (published_at IS NULL)",
            name="ck_edition_snapshot_when_published",
        ),
        sa.CheckConstraint(
            "status = 'compiling' OR (number IS NOT NULL AND release_at IS NOT NULL)",
            name="ck_edition_number_when_announced",
        ),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_edition_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition")),
        sa.UniqueConstraint("kind", "number", name=op.f("uq_edition_kind_number")),
    )
    op.create_index(op.f("ix_edition_status"), "edition", ["status"], unique=False)
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["invited_by"], ["person.id"], name=op.f("fk_invitation_invited_by")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_invitation_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_invitation_token_sha256")),
    )
    op.create_table(
        "listing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "result",
                "product",
                "opportunity",
                name="listingkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "in_review",
                "approved",
                "published",
                "paused",
                "stale",
                "under_deal",
                "closed",
                "withdrawn",
                "archived",
                name="listingstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "review",
            sa.Enum(
                "draft",
                "in_review",
                "approved",
                "clean",
                name="review",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("editors", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("refusal_reason", sa.String(), nullable=True),
        sa.Column("withdrawal_reason", sa.String(), nullable=True),
        sa.Column("published_version", sa.Integer(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirm_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_listing_created_by")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_listing_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing")),
    )
    op.create_index(op.f("ix_listing_confirm_due_at"), "listing", ["confirm_due_at"], unique=False)
    op.create_index(op.f("ix_listing_organisation_id"), "listing", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_listing_status"), "listing", ["status"], unique=False)
    op.create_table(
        "manager",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "junior",
                "intermediate",
                "senior",
                name="managerlevel",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("credentials", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ipc", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("discipline", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("industry", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("regions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("available", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_manager_organisation_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_manager_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manager")),
        sa.UniqueConstraint("person_id", name=op.f("uq_manager_person_id")),
    )
    op.create_index(op.f("ix_manager_organisation_id"), "manager", ["organisation_id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_membership_organisation_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_membership_person_id")),
        sa.PrimaryKeyConstraint("person_id", "organisation_id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_organisation_id"), "membership", ["organisation_id"], unique=False)
    op.create_table(
        "organisation_identifier",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("check_result", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_organisation_identifier_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "scheme", name=op.f("pk_organisation_identifier")),
        sa.UniqueConstraint("scheme", "value", name=op.f("uq_organisation_identifier_scheme_value")),
    )
    op.create_table(
        "person_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("user_agent", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_session_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_session")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_person_session_token_sha256")),
    )
    op.create_index(op.f("ix_person_session_person_id"), "person_session", ["person_id"], unique=False)
    op.create_table(
        "listing_version",
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_listing_version_listing_id")),
        sa.ForeignKeyConstraint(
            ["published_by"], ["person.id"], name=op.f("fk_listing_version_published_by")
        ),
        sa.PrimaryKeyConstraint("listing_id", "number", name=op.f("pk_listing_version")),
    )
    op.create_table(
        "edition_item",
        sa.Column("edition_id", sa.Uuid(), nullable=False),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "matched",
                "contracted",
                "in_trial",
                "no_response",
                "withdrawn",
                "ongoing",
                name="itemoutcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("outcome_note", sa.String(), nullable=True),
        sa.Column("outcome_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_edition_item_edition_id")),
        sa.ForeignKeyConstraint(
            ["listing_id", "version"],
            ["listing_version.listing_id", "listing_version.number"],
            name=op.f("fk_edition_item_listing_id_version"),
        ),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_edition_item_listing_id")),
        sa.PrimaryKeyConstraint("edition_id", "listing_id", name=op.f("pk_edition_item")),
        sa.UniqueConstraint(
            "edition_id",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_edition_item_edition_id_position"),
        ),
    )
    op.create_index(op.f("ix_edition_item_listing_id"), "edition_item", ["listing_id"], unique=False)
    op.create_table(
        "interest",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("listing_version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("owner_organisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "submitted",
                "acknowledged",
                "negotiating",
                "agreed",
                "passed",
                "declined",
                name="intereststatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
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
            nullable=True,
        ),
        sa.Column("form", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("capital", sa.BigInteger(), nullable=True),
        sa.Column("capital_currency", sa.String(), nullable=True),
        sa.Column("reply_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reply_clock", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("response_days", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("manager_person_id", sa.Uuid(), nullable=True),
        sa.Column("manager_organisation_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["listing_id", "listing_version"],
            ["listing_version.listing_id", "listing_version.number"],
            name=op.f("fk_interest_listing_id_listing_version"),
        ),
        sa.ForeignKeyConstraint(
            ["manager_organisation_id"], ["organisation.id"], name=op.f("fk_interest_manager_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["manager_person_id"], ["person.id"], name=op.f("fk_interest_manager_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_interest_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_organisation_id"], ["organisation.id"], name=op.f("fk_interest_owner_organisation_id")
        ),
        sa.ForeignKeyConstraint(["submitted_by"], ["person.id"], name=op.f("fk_interest_submitted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interest")),
    )
    op.create_index(op.f("ix_interest_listing_id"), "interest", ["listing_id"], unique=False)
    op.create_index(op.f("ix_interest_manager_person_id"), "interest", ["manager_person_id"], unique=False)
    op.create_index(op.f("ix_interest_organisation_id"), "interest", ["organisation_id"], unique=False)
    op.create_index(
        op.f("ix_interest_owner_organisation_id"), "interest", ["owner_organisation_id"], unique=False
    )
    op.create_index(op.f("ix_interest_status"), "interest", ["status"], unique=False)
    op.create_index(
        "uq_interest_open",
        "interest",
        ["organisation_id", "listing_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('submitted', 'acknowledged', 'negotiating')"),
    )
    op.create_table(
        "assignment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("interest_id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "offered",
                "active",
                "declined",
                "closed",
                name="assignmentstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("offered_by", sa.Uuid(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declaration", sa.String(), nullable=True),
        sa.Column("refusal_reason", sa.String(), nullable=True),
        sa.Column("closure_reason", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["interest_id"], ["interest.id"], name=op.f("fk_assignment_interest_id")),
        sa.ForeignKeyConstraint(["manager_id"], ["manager.id"], name=op.f("fk_assignment_manager_id")),
        sa.ForeignKeyConstraint(["offered_by"], ["person.id"], name=op.f("fk_assignment_offered_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    op.create_index(op.f("ix_assignment_interest_id"), "assignment", ["interest_id"], unique=False)
    op.create_index(op.f("ix_assignment_manager_id"), "assignment", ["manager_id"], unique=False)
    op.create_index(op.f("ix_assignment_status"), "assignment", ["status"], unique=False)
    op.create_index(
        "uq_assignment_open",
        "assignment",
        ["interest_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('offered', 'active')"),
    )
    op.create_table(
        "deal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("interest_id", sa.Uuid(), nullable=False),
        sa.Column("listing_id", sa.Uuid(), nullable=False),
        sa.Column("listing_version", sa.Integer(), nullable=False),
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
                "proposed",
                "gating",
                "cleared",
                "contracted",
                "performing",
                "completed",
                "cancelled",
                name="dealstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("seller_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("manager_person_id", sa.Uuid(), nullable=True),
        sa.Column("manager_organisation_id", sa.Uuid(), nullable=True),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cancellation_reason", sa.String(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("seller_id <> buyer_id", name="ck_deal_two_sides"),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_deal_buyer_id")),
        sa.ForeignKeyConstraint(["interest_id"], ["interest.id"], name=op.f("fk_deal_interest_id")),
        sa.ForeignKeyConstraint(
            ["listing_id", "listing_version"],
            ["listing_version.listing_id", "listing_version.number"],
            name=op.f("fk_deal_listing_id_listing_version"),
        ),
        sa.ForeignKeyConstraint(
            ["manager_organisation_id"], ["organisation.id"], name=op.f("fk_deal_manager_organisation_id")
        ),
        sa.ForeignKeyConstraint(["manager_person_id"], ["person.id"], name=op.f("fk_deal_manager_person_id")),
        sa.ForeignKeyConstraint(["opened_by"], ["person.id"], name=op.f("fk_deal_opened_by")),
        sa.ForeignKeyConstraint(["seller_id"], ["organisation.id"], name=op.f("fk_deal_seller_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal")),
        sa.UniqueConstraint("interest_id", name=op.f("uq_deal_interest_id")),
    )
    op.create_index(op.f("ix_deal_buyer_id"), "deal", ["buyer_id"], unique=False)
    op.create_index(op.f("ix_deal_listing_id"), "deal", ["listing_id"], unique=False)
    op.create_index(op.f("ix_deal_manager_person_id"), "deal", ["manager_person_id"], unique=False)
    op.create_index(op.f("ix_deal_seller_id"), "deal", ["seller_id"], unique=False)
    op.create_index(op.f("ix_deal_status"), "deal", ["status"], unique=False)
    op.create_table(
        "contract",
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("record_number", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "development",
                "transfer",
                "licence",
                "consulting",
                "service",
                name="contractkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "licence_kind",
            sa.Enum(
                "exclusive",
                "sole",
                "ordinary",
                name="licencekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("title", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("licence_recordal_due_on", sa.Date(), nullable=True),
        sa.Column("total_value", sa.BigInteger(), nullable=True),
        sa.Column("technical_value", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column(
            "recorded_as",
            sa.Enum(
                "seller",
                "buyer",
                "manager",
                name="party",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_contract_deal_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.id"], name=op.f("fk_contract_recorded_by")),
        sa.PrimaryKeyConstraint("deal_id", "record_number", name=op.f("pk_contract")),
    )
    op.create_index(op.f("ix_contract_kind"), "contract", ["kind"], unique=False)
    op.create_index(
        op.f("ix_contract_licence_recordal_due_on"), "contract", ["licence_recordal_due_on"], unique=False
    )
    op.create_table(
        "deal_consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column(
            "matter",
            sa.Enum(
                "terms",
                "contract",
                "completion",
                name="matter",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "party",
            sa.Enum(
                "seller",
                "buyer",
                "manager",
                name="party",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_deal_consent_deal_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_deal_consent_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_consent")),
        sa.UniqueConstraint("deal_id", "matter", "party", name=op.f("uq_deal_consent_deal_id_matter_party")),
    )
    op.create_table(
        "deal_related_parties",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column(
            "party",
            sa.Enum(
                "seller",
                "buyer",
                "manager",
                name="party",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("related", sa.String(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_deal_related_parties_deal_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_deal_related_parties_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_related_parties")),
        sa.UniqueConstraint("deal_id", "party", name=op.f("uq_deal_related_parties_deal_id_party")),
    )
    op.create_table(
        "introduction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("interest_id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("introduced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("fk_introduction_assignment_id")
        ),
        sa.ForeignKeyConstraint(["interest_id"], ["interest.id"], name=op.f("fk_introduction_interest_id")),
        sa.ForeignKeyConstraint(["manager_id"], ["manager.id"], name=op.f("fk_introduction_manager_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_introduction")),
        sa.UniqueConstraint("assignment_id", name=op.f("uq_introduction_assignment_id")),
    )
    op.create_index(op.f("ix_introduction_interest_id"), "introduction", ["interest_id"], unique=False)
    op.create_index(op.f("ix_introduction_manager_id"), "introduction", ["manager_id"], unique=False)
    op.create_table(
        "payment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=True),
        sa.Column("over_total", sa.String(), nullable=True),
        sa.Column(
            "recorded_as",
            sa.Enum(
                "seller",
                "buyer",
                "manager",
                name="party",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name="ck_payment_amount"),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_payment_deal_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.id"], name=op.f("fk_payment_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("deal_id", "reference", name=op.f("uq_payment_deal_id_reference")),
    )
    op.create_index(op.f("ix_payment_deal_id"), "payment", ["deal_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_payment_deal_id"), table_name="payment")
    op.drop_table("payment")
    op.drop_index(op.f("ix_introduction_manager_id"), table_name="introduction")
    op.drop_index(op.f("ix_introduction_interest_id"), table_name="introduction")
    op.drop_table("introduction")
    op.drop_table("deal_related_parties")
    op.drop_table("deal_consent")
    op.drop_index(op.f("ix_contract_licence_recordal_due_on"), table_name="contract")
    op.drop_index(op.f("ix_contract_kind"), table_name="contract")
    op.drop_table("contract")
    op.drop_index(op.f("ix_deal_status"), table_name="deal")
    op.drop_index(op.f("ix_deal_seller_id"), table_name="deal")
    op.drop_index(op.f("ix_deal_manager_person_id"), table_name="deal")
    op.drop_index(op.f("ix_deal_listing_id"), table_name="deal")
    op.drop_index(op.f("ix_deal_buyer_id"), table_name="deal")
    op.drop_table("deal")
    op.drop_index(
        "uq_assignment_open",
        table_name="assignment",
        postgresql_where=sa.text("status IN ('offered', 'active')"),
    )
    op.drop_index(op.f("ix_assignment_status"), table_name="assignment")
    op.drop_index(op.f("ix_assignment_manager_id"), table_name="assignment")
    op.drop_index(op.f("ix_assignment_interest_id"), table_name="assignment")
    op.drop_table("assignment")
    op.drop_index(
        "uq_interest_open",
        table_name="interest",
        postgresql_where=sa.text("status IN ('submitted', 'acknowledged', 'negotiating')"),
    )
    op.drop_index(op.f("ix_interest_status"), table_name="interest")
    op.drop_index(op.f("ix_interest_owner_organisation_id"), table_name="interest")
    op.drop_index(op.f("ix_interest_organisation_id"), table_name="interest")
    op.drop_index(op.f("ix_interest_manager_person_id"), table_name="interest")
    op.drop_index(op.f("ix_interest_listing_id"), table_name="interest")
    op.drop_table("interest")
    op.drop_index(op.f("ix_edition_item_listing_id"), table_name="edition_item")
    op.drop_table("edition_item")
    op.drop_table("listing_version")
    op.drop_index(op.f("ix_person_session_person_id"), table_name="person_session")
    op.drop_table("person_session")
    op.drop_table("organisation_identifier")
    op.drop_index(op.f("ix_membership_organisation_id"), table_name="membership")
    op.drop_table("membership")
    op.drop_index(op.f("ix_manager_organisation_id"), table_name="manager")
    op.drop_table("manager")
    op.drop_index(op.f("ix_listing_status"), table_name="listing")
    op.drop_index(op.f("ix_listing_organisation_id"), table_name="listing")
    op.drop_index(op.f("ix_listing_confirm_due_at"), table_name="listing")
    op.drop_table("listing")
    op.drop_table("invitation")
    op.drop_index(op.f("ix_edition_status"), table_name="edition")
    op.drop_table("edition")
    op.drop_index(op.f("ix_api_key_organisation_id"), table_name="api_key")
    op.drop_table("api_key")
    op.drop_index(op.f("ix_stored_answer_stored_at"), table_name="stored_answer")
    op.drop_table("stored_answer")
    op.drop_table("search_dirty")
    op.drop_table("person")
    op.drop_index("ix_organisation_name_keys", table_name="organisation", postgresql_using="gin")
    op.drop_table("organisation")
    op.drop_table("event")
    op.drop_table("attempts")
