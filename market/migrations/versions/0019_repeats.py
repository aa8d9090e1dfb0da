"""How a repeated bid is found: by the index in every plan, however short the log was when the plan was made."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# A connection keeps the plans of its statements. One that was made while a log was short reads the whole log, and goes on
# to read it when it has become long: hence no reading in sequence here, and OFFSET 0, by which each key is looked up by
# itself.
BIDS_UNDER = """
CREATE FUNCTION bids_under(in_round uuid, of_organisations uuid[], under_keys text[])
RETURNS TABLE (organisation_id uuid, alias text, idempotency_key text, request_digest bytea, document bytea,
    previous bytea, hash bytea)
STABLE LANGUAGE plpgsql SET enable_seqscan TO off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT r.organisation_id, r.alias::text, e.idempotency_key::text, e.request_digest, e.document, e.previous, e.hash
    FROM unnest(of_organisations, under_keys) AS p(organisation, key)
    JOIN bidder_registration r ON r.round_id = in_round AND r.organisation_id = p.organisation
    CROSS JOIN LATERAL (
        SELECT * FROM round_entry WHERE registration_id = r.id AND idempotency_key = p.key OFFSET 0
    ) e;
END
$$
"""


def upgrade() -> None:
    op.execute(BIDS_UNDER)


def downgrade() -> None:
    op.execute("DROP FUNCTION bids_under")
