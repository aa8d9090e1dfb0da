"""What the database guards of deals: contracts and payments never change, and no deal is deleted."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FROZEN = ("contract", "payment")


def upgrade() -> None:
    for table in FROZEN:
        op.execute(
            f"CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    op.execute("CREATE TRIGGER kept BEFORE DELETE ON deal FOR EACH ROW EXECUTE FUNCTION refuse_change()")


def downgrade() -> None:
    op.execute("DROP TRIGGER kept ON deal")
    for table in FROZEN:
        op.execute(f"DROP TRIGGER frozen ON {table}")
