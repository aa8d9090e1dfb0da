"""Whoever founded a company or an agency keeps its members: the role of an admin, which sign-up has given since."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# The first member of an organisation that has no transfer office's director to do it, and no admin.
GIVE = """
UPDATE membership SET roles = array_append(roles, 'admin')
FROM (
    SELECT DISTINCT ON (organisation_id) organisation_id, person_id
    FROM membership JOIN organisation ON organisation.id = membership.organisation_id
    WHERE organisation.kind NOT IN ('university', 'institute', 'hospital', 'operator')
    AND NOT EXISTS (
        SELECT FROM membership AS other
        WHERE other.organisation_id = membership.organisation_id AND 'admin' = ANY (other.roles)
    )
    ORDER BY organisation_id, ('buyer' = ANY (roles) OR 'manager' = ANY (roles)) DESC, since, person_id
) AS founder
WHERE membership.organisation_id = founder.organisation_id AND membership.person_id = founder.person_id
"""


def upgrade() -> None:
    op.execute(GIVE)


def downgrade() -> None:
    op.execute("UPDATE membership SET roles = array_remove(roles, 'admin')")
