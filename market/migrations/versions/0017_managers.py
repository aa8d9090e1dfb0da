"""Technology managers: credentials, joint employments, what they carry, claims, credit and rewards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OPEN = "status IN ('offered', 'accepted', 'active', 'introducing')"
STATES = "offered, accepted, active, introducing, declined, closed"
OBSTACLES = (
    "party",
    "member_of_party",
    "former_organisation",
    "related_organisation",
    "prior_deal",
    "declared_conflict",
    "author",
    "no_credential_in_force",
    "credential_unverified",
    "unavailable",
    "at_capacity",
)


def _word(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=40)


def _states(names: str) -> str:
    return ", ".join(f"'{name}'" for name in names.split(", "))


def _keyed(table: str, *columns: str) -> list[sa.ForeignKeyConstraint]:
    """Foreign keys of columns that are called after the table that they point to."""
    targets = {"person": "person.id", "organisation_id": "organisation.id"}
    return [
        sa.ForeignKeyConstraint(
            [column],
            [
                targets.get(
                    column, "person.id" if column.endswith("_by") else f"{column.removesuffix('_id')}.id"
                )
            ],
            name=op.f(f"fk_{table}_{column}"),
        )
        for column in columns
    ]


def _indexed(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def upgrade() -> None:
    _profiles()
    _assignments()
    _introductions()
    _claims()
    _rewards()


def _profiles() -> None:
    op.create_table(
        "manager_credential",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("found_by", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(verified_at, refused_at) <= 1", name="ck_manager_credential_finding"
        ),
        *_keyed("manager_credential", "manager_id", "found_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manager_credential")),
    )
    _indexed("manager_credential", "manager_id")
    op.execute(
        """
        INSERT INTO manager_credential (id, manager_id, issuer, number, expires_on, stated_at)
        SELECT gen_random_uuid(), m.id, held ->> 'issuer', held ->> 'number', (held ->> 'expires_on')::date, m.updated_at
        FROM manager m, jsonb_array_elements(m.credentials) AS held
        """
    )
    op.drop_column("manager", "credentials")
    op.create_table(
        "manager_employment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("share_percent", sa.Integer(), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("share_percent BETWEEN 1 AND 100", name="ck_manager_employment_share"),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= begins_on", name="ck_manager_employment_term"),
        *_keyed("manager_employment", "manager_id", "organisation_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manager_employment")),
    )
    _indexed("manager_employment", "manager_id", "organisation_id")


def _assignments() -> None:
    op.drop_index("uq_assignment_open", table_name="assignment")
    op.drop_constraint("assignmentstatus", "assignment")
    op.create_check_constraint("assignmentstatus", "assignment", f"status IN ({_states(STATES)})")
    op.alter_column("assignment", "interest_id", nullable=True)
    op.add_column(
        "assignment",
        sa.Column("subject", _word("assignmentsubject", "listing", "interest", "deal"), nullable=True),
    )
    for column in ("listing_id", "deal_id", "owner_organisation_id", "organisation_id"):
        op.add_column("assignment", sa.Column(column, sa.Uuid(), nullable=True))
    op.add_column(
        "assignment",
        sa.Column("represents", _word("represented", "owner", "counterpart", "both"), nullable=True),
    )
    for column in ("owner_consent_by", "counterpart_consent_by"):
        op.add_column("assignment", sa.Column(column, sa.Uuid(), nullable=True))
    op.add_column(
        "assignment", sa.Column("declared_conflict", _word("managerobstacle", *OBSTACLES), nullable=True)
    )
    op.execute(
        """
        UPDATE assignment a SET
            subject = 'interest', listing_id = i.listing_id, owner_organisation_id = i.owner_organisation_id,
            organisation_id = i.organisation_id,
            represents = CASE WHEN theirs THEN 'counterpart' ELSE 'owner' END,
            owner_consent_by = CASE WHEN NOT theirs THEN a.offered_by END,
            counterpart_consent_by = CASE WHEN theirs THEN a.offered_by END,
            status = CASE WHEN a.status = 'active' AND introduced THEN 'introducing' ELSE a.status END
        FROM (
            SELECT b.id, n.listing_id, n.owner_organisation_id, n.organisation_id,
                EXISTS (SELECT FROM membership m
                    WHERE m.person_id = b.offered_by AND m.organisation_id = n.organisation_id) AS theirs,
                EXISTS (SELECT FROM introduction x WHERE x.assignment_id = b.id) AS introduced
            FROM assignment b JOIN interest n ON n.id = b.interest_id
        ) i
        WHERE i.id = a.id
        """
    )
    for column in ("subject", "listing_id", "owner_organisation_id", "represents"):
        op.alter_column("assignment", column, nullable=False)
    op.create_check_constraint(
        "ck_assignment_subject",
        "assignment",
        "(subject = 'interest') = (interest_id IS NOT NULL) AND (subject = 'deal') = (deal_id IS NOT NULL)",
    )
    for column, target in (
        ("listing_id", "listing"),
        ("deal_id", "deal"),
        ("owner_organisation_id", "organisation"),
        ("organisation_id", "organisation"),
        ("owner_consent_by", "person"),
        ("counterpart_consent_by", "person"),
    ):
        op.create_foreign_key(f"fk_assignment_{column}", "assignment", target, [column], ["id"])
    _indexed("assignment", "listing_id", "deal_id", "owner_organisation_id", "organisation_id")
    for name, column, condition in (
        ("uq_assignment_open", "interest_id", OPEN),
        ("uq_assignment_open_deal", "deal_id", OPEN),
        ("uq_assignment_open_listing", "listing_id", f"subject = 'listing' AND {OPEN}"),
    ):
        op.create_index(name, "assignment", [column], unique=True, postgresql_where=sa.text(condition))


def _introductions() -> None:
    for column in ("listing_id", "owner_organisation_id", "organisation_id"):
        op.add_column("introduction", sa.Column(column, sa.Uuid(), nullable=True))
    op.execute("ALTER TABLE introduction DISABLE TRIGGER frozen")
    op.execute(
        """
        UPDATE introduction x SET listing_id = i.listing_id, owner_organisation_id = i.owner_organisation_id,
            organisation_id = i.organisation_id FROM interest i WHERE i.id = x.interest_id
        """
    )
    op.execute("ALTER TABLE introduction ENABLE TRIGGER frozen")
    for column, target in (
        ("listing_id", "listing"),
        ("owner_organisation_id", "organisation"),
        ("organisation_id", "organisation"),
    ):
        op.alter_column("introduction", column, nullable=False)
        op.create_foreign_key(f"fk_introduction_{column}", "introduction", target, [column], ["id"])
    op.alter_column("introduction", "interest_id", nullable=True)
    op.drop_constraint("uq_introduction_assignment_id", "introduction")
    op.create_unique_constraint(
        "uq_introduction_assignment_id_organisation_id", "introduction", ["assignment_id", "organisation_id"]
    )
    _indexed("introduction", "owner_organisation_id", "organisation_id")


def _claims() -> None:
    op.create_table(
        "circumvention_claim",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("introduction_id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            _word("circumventionstatus", "opened", "answered", "upheld", "rejected", "withdrawn"),
            nullable=False,
        ),
        sa.Column("statement", sa.String(), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("answers_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reasons", sa.String(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        *_keyed("circumvention_claim", "introduction_id", "deal_id", "manager_id", "decided_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_circumvention_claim")),
        sa.UniqueConstraint(
            "introduction_id", "deal_id", name=op.f("uq_circumvention_claim_introduction_id_deal_id")
        ),
    )
    _indexed("circumvention_claim", "deal_id", "manager_id", "status")
    op.create_table(
        "deal_credit",
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.CheckConstraint("share BETWEEN 1 AND 10000", name="ck_deal_credit_share"),
        *_keyed("deal_credit", "deal_id", "manager_id"),
        sa.PrimaryKeyConstraint("deal_id", "manager_id", name=op.f("pk_deal_credit")),
    )
    _indexed("deal_credit", "manager_id")


def _rewards() -> None:
    op.create_table(
        "reward_scheme",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("basis", _word("rewardbasis", "total_value", "technical_value", "paid"), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("requires", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("cap", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("once_per_deal", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rate BETWEEN 1 AND 1000000", name="ck_reward_scheme_rate"),
        sa.CheckConstraint("cap > 0", name="ck_reward_scheme_cap"),
        *_keyed("reward_scheme", "created_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward_scheme")),
    )
    op.execute(
        "CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON reward_scheme "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.create_table(
        "reward_claim",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            _word("rewardstatus", "eligible", "claimed", "checked", "approved", "returned", "paid"),
            nullable=False,
        ),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("computed", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("registration_number", sa.String(), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("checked_by", sa.Uuid(), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("payment_reference", sa.String(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name="ck_reward_claim_amount"),
        sa.ForeignKeyConstraint(["scheme_id"], ["reward_scheme.id"], name=op.f("fk_reward_claim_scheme_id")),
        *_keyed("reward_claim", "deal_id", "manager_id", "checked_by", "approved_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward_claim")),
        sa.UniqueConstraint(
            "scheme_id", "deal_id", "manager_id", name=op.f("uq_reward_claim_scheme_id_deal_id_manager_id")
        ),
    )
    _indexed("reward_claim", "scheme_id", "deal_id", "manager_id", "status")


def downgrade() -> None:
    for table in ("reward_claim", "reward_scheme", "deal_credit", "circumvention_claim"):
        op.drop_table(table)
    op.execute("ALTER TABLE introduction DISABLE TRIGGER frozen")
    op.execute("DELETE FROM introduction WHERE interest_id IS NULL")
    op.execute("ALTER TABLE introduction ENABLE TRIGGER frozen")
    for column in ("listing_id", "owner_organisation_id", "organisation_id"):
        op.drop_column("introduction", column)
    op.create_unique_constraint("uq_introduction_assignment_id", "introduction", ["assignment_id"])
    op.alter_column("introduction", "interest_id", nullable=False)
    op.execute("DELETE FROM assignment WHERE interest_id IS NULL")
    op.execute("UPDATE assignment SET status = 'active' WHERE status IN ('accepted', 'introducing')")
    for column in (
        "subject",
        "listing_id",
        "deal_id",
        "owner_organisation_id",
        "organisation_id",
        "represents",
        "owner_consent_by",
        "counterpart_consent_by",
        "declared_conflict",
    ):
        op.drop_column("assignment", column)
    op.alter_column("assignment", "interest_id", nullable=False)
    op.drop_constraint("assignmentstatus", "assignment")
    op.create_check_constraint(
        "assignmentstatus", "assignment", f"status IN ({_states('offered, active, declined, closed')})"
    )
    op.drop_index("uq_assignment_open", table_name="assignment")
    op.create_index(
        "uq_assignment_open",
        "assignment",
        ["interest_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('offered', 'active')"),
    )
    op.drop_table("manager_employment")
    op.add_column(
        "manager",
        sa.Column(
            "credentials", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
        ),
    )
    op.execute(
        """
        UPDATE manager m SET credentials = coalesce((
            SELECT jsonb_agg(jsonb_build_object('issuer', c.issuer, 'number', c.number, 'expires_on', c.expires_on))
            FROM manager_credential c WHERE c.manager_id = m.id AND c.withdrawn_at IS NULL), '[]')
        """
    )
    op.alter_column("manager", "credentials", server_default=None)
    op.drop_table("manager_credential")
