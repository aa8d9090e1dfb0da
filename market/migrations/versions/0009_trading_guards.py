"""What the database guards of trading: logs and transfers that never change, and who may not bid."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

FROZEN = ("round_entry", "transfer")

STATES = "draft, in_review, approved, published, paused, stale, in_round, under_deal, closed, expired, withdrawn, archived"


def _states(names: str) -> str:
    return ", ".join(f"'{name}'" for name in names.split(", "))


# One row for each relation that keeps a person from bidding for an organisation in a round, with the rule that it falls
# under: the seller and its agents (拍卖法 art. 30), the platform and its staff (art. 22, 23), and whoever judged or
# carries what is sold.
BID_CONFLICTS = """
CREATE FUNCTION bid_conflicts(in_round uuid, bidding_person uuid, bidding_organisation uuid)
RETURNS TABLE (rule text, why text) STABLE LANGUAGE sql AS $$
WITH RECURSIVE
    sale AS (SELECT * FROM sale_round WHERE id = in_round),
    above_bidder(id) AS (
        SELECT bidding_organisation
        UNION SELECT c.controller_id FROM organisation_control c JOIN above_bidder a ON c.organisation_id = a.id
            WHERE c.until IS NULL OR c.until > clock_timestamp()
    ),
    above_seller(id) AS (
        SELECT seller_id FROM sale
        UNION SELECT c.controller_id FROM organisation_control c JOIN above_seller a ON c.organisation_id = a.id
            WHERE c.until IS NULL OR c.until > clock_timestamp()
    ),
    of_person AS (
        SELECT m.organisation_id, o.kind FROM membership m JOIN organisation o ON o.id = m.organisation_id
        WHERE m.person_id = bidding_person
    ),
    agents AS (
        SELECT value::uuid AS id FROM sale, jsonb_array_elements_text(coalesce(plan -> 'agents', '[]'))
    )
SELECT 'BD-2', 'your organisation is the seller' FROM sale WHERE seller_id = bidding_organisation
UNION ALL
SELECT 'BD-2', 'the seller controls your organisation' FROM sale
    WHERE seller_id <> bidding_organisation AND seller_id IN (SELECT id FROM above_bidder)
UNION ALL
SELECT 'BD-2', 'your organisation controls the seller' FROM sale
    WHERE seller_id <> bidding_organisation AND bidding_organisation IN (SELECT id FROM above_seller)
UNION ALL
SELECT 'BD-2', 'your organisation and the seller have the same controller' FROM sale
    WHERE EXISTS (
        SELECT FROM above_bidder b JOIN above_seller s ON s.id = b.id JOIN organisation o ON o.id = b.id
        WHERE b.id NOT IN (bidding_organisation, seller_id) AND o.kind <> 'government')
UNION ALL
SELECT 'BD-2', 'you are a member of the seller' FROM sale
    WHERE seller_id <> bidding_organisation AND seller_id IN (SELECT organisation_id FROM of_person)
UNION ALL
SELECT 'BD-2', 'your organisation acts for the seller in this sale'
    WHERE bidding_organisation IN (SELECT id FROM agents)
UNION ALL
SELECT 'BD-2', 'you are a member of an organisation that acts for the seller in this sale'
    WHERE EXISTS (SELECT FROM of_person JOIN agents ON agents.id = organisation_id WHERE agents.id <> bidding_organisation)
UNION ALL
SELECT 'BD-2', 'the platform and its staff may not bid'
    WHERE EXISTS (SELECT FROM of_person WHERE kind = 'operator')
        OR EXISTS (SELECT FROM organisation WHERE id = bidding_organisation AND kind = 'operator')
UNION ALL
SELECT 'BD-2', 'you took part in the review of what is sold' FROM sale
    WHERE EXISTS (
            SELECT FROM event e WHERE e.subject_kind = 'listing' AND e.subject_id = sale.listing_id
                AND e.actor_id = bidding_person)
        OR bidding_person::text IN (SELECT value FROM jsonb_each_text(sale.approvals))
        OR bidding_person = ANY(sale.editors)
UNION ALL
SELECT 'BD-2', 'you, or someone of your organisation, opens the sealed bids' FROM sale
    WHERE EXISTS (
        SELECT FROM jsonb_array_elements_text(coalesce(sale.plan #> '{opening,officers}', '[]')) AS o(officer)
        WHERE o.officer::uuid = bidding_person OR EXISTS (
            SELECT FROM membership m WHERE m.person_id = o.officer::uuid AND m.organisation_id = bidding_organisation))
UNION ALL
SELECT 'BD-2', 'you or your organisation carry this listing as its technology manager' FROM sale
    WHERE EXISTS (
        SELECT FROM interest i WHERE i.listing_id = sale.listing_id
            AND (i.manager_person_id = bidding_person OR i.manager_organisation_id = bidding_organisation))
$$
"""


def upgrade() -> None:
    op.execute("ALTER TABLE listing DROP CONSTRAINT listingstatus")
    op.execute(f"ALTER TABLE listing ADD CONSTRAINT listingstatus CHECK (status IN ({_states(STATES)}))")
    for table in FROZEN:
        op.execute(
            f"CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER kept BEFORE DELETE ON sale_round FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(BID_CONFLICTS)


def downgrade() -> None:
    op.execute("DROP FUNCTION bid_conflicts")
    op.execute("DROP TRIGGER kept ON sale_round")
    for table in FROZEN:
        op.execute(f"DROP TRIGGER frozen ON {table}")
    op.execute("ALTER TABLE listing DROP CONSTRAINT listingstatus")
    before = _states(STATES.replace("in_round, ", ""))
    op.execute(f"ALTER TABLE listing ADD CONSTRAINT listingstatus CHECK (status IN ({before}))")
