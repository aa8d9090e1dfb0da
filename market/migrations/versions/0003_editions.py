"""What the database guards of editions: a published one never changes, and the search index sees that it appeared."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEEP_EDITION = """
CREATE FUNCTION keep_edition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.number IS NOT NULL THEN
            RAISE EXCEPTION 'an edition that has its number is never deleted'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF NEW.kind <> OLD.kind OR (OLD.number IS NOT NULL AND NEW.number IS DISTINCT FROM OLD.number) THEN
        RAISE EXCEPTION 'an edition keeps its kind and its number'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.snapshot IS NOT NULL AND (
        NEW.snapshot, NEW.sha256, NEW.title, NEW.release_at, NEW.applications_until, NEW.published_at, NEW.created_by, NEW.created_at
    ) IS DISTINCT FROM (
        OLD.snapshot, OLD.sha256, OLD.title, OLD.release_at, OLD.applications_until, OLD.published_at, OLD.created_by, OLD.created_at
    ) THEN
        RAISE EXCEPTION 'a published edition is never changed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$
"""

KEEP_EDITION_ITEM = """
CREATE FUNCTION keep_edition_item() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stands text;
BEGIN
    SELECT status INTO stands FROM edition
        WHERE id = CASE WHEN TG_OP = 'INSERT' THEN NEW.edition_id ELSE OLD.edition_id END;
    IF stands IN ('published', 'closed', 'outcomes_reported') AND (
        TG_OP <> 'UPDATE'
        OR stands = 'outcomes_reported'
        OR (NEW.edition_id, NEW.listing_id, NEW.position, NEW.version)
            IS DISTINCT FROM (OLD.edition_id, OLD.listing_id, OLD.position, OLD.version)
    ) THEN
        RAISE EXCEPTION 'the items of a published edition are never changed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$
"""

EDITION_PUBLISHED = """
CREATE FUNCTION edition_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mark_dirty(ARRAY(
        SELECT listing_id FROM edition_item WHERE edition_id = NEW.id AND version IS NOT NULL));
    PERFORM pg_notify('search_dirty', '');
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    for function in (KEEP_EDITION, KEEP_EDITION_ITEM, EDITION_PUBLISHED):
        op.execute(function)
    op.execute(
        "CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON edition FOR EACH ROW EXECUTE FUNCTION keep_edition()"
    )
    op.execute(
        "CREATE TRIGGER kept BEFORE INSERT OR UPDATE OR DELETE ON edition_item "
        "FOR EACH ROW EXECUTE FUNCTION keep_edition_item()"
    )
    op.execute(
        "CREATE TRIGGER published AFTER UPDATE OF status ON edition FOR EACH ROW "
        "WHEN (NEW.snapshot IS NOT NULL AND OLD.snapshot IS NULL) EXECUTE FUNCTION edition_published()"
    )


def downgrade() -> None:
    for trigger, table in (("published", "edition"), ("kept", "edition_item"), ("kept", "edition")):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in ("edition_published()", "keep_edition_item()", "keep_edition()"):
        op.execute(f"DROP FUNCTION {function}")
