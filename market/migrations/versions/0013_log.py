"""The transparency log: what waits for it, its leaves and nodes, and the signed checkpoints."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

FROZEN = ("log_leaf", "log_node", "log_checkpoint")

# Table, source, identifier, number, and the order in which the rows of one statement enter the log.
WATCHED = (
    ("event", "event", "id", "0", "subject_kind, subject_id, seq"),
    ("round_entry", "round_entry", "round_id", "seq", "round_id, seq"),
    ("transfer", "transfer", "id", "0", "id"),
    ("contract", "contract", "deal_id", "record_number", "deal_id, record_number"),
    ("payment", "payment", "id", "0", "id"),
    ("listing_version", "listing_version", "listing_id", "number", "listing_id, number"),
    ("introduction", "introduction", "id", "0", "id"),
    ("introduction", "introduction_receipt", "id", "0", "id"),
)

# By the transaction of the change, so that a row that commits late is seen late and not skipped.
WAIT = """
CREATE FUNCTION log_{source}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log_pending (source, row_id, row_number)
    SELECT '{source}', {identifier}, {number} FROM made ORDER BY {order};
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "log_pending",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_log_pending"),
    )
    op.create_table(
        "log_leaf",
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("index", name="pk_log_leaf"),
        sa.UniqueConstraint("source", "row_id", "row_number", name="uq_log_leaf_source"),
    )
    op.create_index("ix_log_leaf_entry", "log_leaf", ["entry"])
    op.create_table(
        "log_node",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "index", name="pk_log_node"),
    )
    op.create_table(
        "log_checkpoint",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_log_checkpoint"),
        sa.UniqueConstraint("size", name="uq_log_checkpoint_size"),
    )
    for table in FROZEN:
        op.execute(
            f"CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER kept BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "INSERT INTO log_pending (source, row_id, row_number) SELECT 'event', id, 0 FROM event ORDER BY at, id"
    )
    for table, source, identifier, number, order in WATCHED:
        op.execute(WAIT.format(source=source, identifier=identifier, number=number, order=order))
        op.execute(
            f"CREATE TRIGGER log_{source} AFTER INSERT ON {table} REFERENCING NEW TABLE AS made "
            f"FOR EACH STATEMENT EXECUTE FUNCTION log_{source}()"
        )
        if source != "event":
            op.execute(
                "INSERT INTO log_pending (source, row_id, row_number) "  # noqa: S608 - as above
                f"SELECT '{source}', {identifier}, {number} FROM {table} ORDER BY {order}"
            )


def downgrade() -> None:
    for table, source, *_ in WATCHED:
        op.execute(f"DROP TRIGGER log_{source} ON {table}")
        op.execute(f"DROP FUNCTION log_{source}")
    for table in ("log_checkpoint", "log_node", "log_leaf", "log_pending"):
        op.drop_table(table)
