"""Deals that carry on what a trading round has awarded."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("deal", "interest_id", nullable=True)
    op.add_column("deal", sa.Column("award_id", sa.Uuid(), nullable=True))
    op.create_foreign_key("fk_deal_award_id", "deal", "award", ["award_id"], ["id"])
    op.create_unique_constraint("uq_deal_award_id", "deal", ["award_id"])
    op.create_check_constraint("ck_deal_origin", "deal", "num_nonnulls(interest_id, award_id) = 1")


def downgrade() -> None:
    op.drop_constraint("ck_deal_origin", "deal")
    op.drop_constraint("uq_deal_award_id", "deal")
    op.drop_constraint("fk_deal_award_id", "deal")
    op.drop_column("deal", "award_id")
    op.alter_column("deal", "interest_id", nullable=False)
