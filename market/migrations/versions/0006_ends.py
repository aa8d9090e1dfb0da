"""What ends by itself: opportunities at their deadline, assignments with their deal, invitations by who may invite."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATES = (
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
)
OUTCOMES = ("success", "no_deal", "replaced")

# The deadline of what is published, not of what is being written.
DEADLINES = """
UPDATE listing l SET deadline_at = (convert_from(v.document, 'UTF8')::jsonb ->> 'deadline')::timestamptz
FROM listing_version v
WHERE l.kind = 'opportunity' AND v.listing_id = l.id AND v.number = l.published_version
"""
AWARDS = """
UPDATE listing l SET awarded = true
WHERE l.kind = 'opportunity'
    AND EXISTS (SELECT FROM deal d WHERE d.listing_id = l.id AND d.status <> 'cancelled')
"""


def _states(*states: str) -> None:
    op.drop_constraint("listingstatus", "listing", type_="check")
    op.create_check_constraint(op.f("listingstatus"), "listing", sa.column("status").in_(states))


def upgrade() -> None:
    _states(*STATES, "expired")
    op.add_column("listing", sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("listing", sa.Column("awarded", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("listing", "awarded", server_default=None)
    op.create_index(op.f("ix_listing_deadline_at"), "listing", ["deadline_at"])
    op.execute(DEADLINES)
    op.execute(AWARDS)
    op.add_column("assignment", sa.Column("outcome", sa.String(length=40), nullable=True))
    op.create_check_constraint(op.f("assignmentoutcome"), "assignment", sa.column("outcome").in_(OUTCOMES))
    # Until now an assignment was closed by hand alone, so that another manager could be asked.
    op.execute("UPDATE assignment SET outcome = 'replaced' WHERE status = 'closed'")
    op.add_column("invitation", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("invitation", "withdrawn_at")
    op.drop_column("assignment", "outcome")
    op.drop_index(op.f("ix_listing_deadline_at"), "listing")
    op.drop_column("listing", "awarded")
    op.drop_column("listing", "deadline_at")
    op.execute("UPDATE listing SET status = 'published' WHERE status = 'expired'")
    _states(*STATES)
