"""What the database itself guards: records that never change, and changes that the search index must see."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FROZEN = ("event", "listing_version")

REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$
"""

KEEP_PUBLISHED = """
CREATE FUNCTION keep_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.published_version IS NOT NULL THEN
        RAISE EXCEPTION 'a listing that was published is withdrawn, never deleted'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
END $$
"""

MARK = """
CREATE FUNCTION mark_dirty(ids uuid[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO search_dirty (listing_id, seq, since)
    SELECT id, nextval('search_dirty_seq'), clock_timestamp() FROM unnest(ids) AS id ORDER BY id
    ON CONFLICT (listing_id) DO UPDATE SET seq = nextval('search_dirty_seq')
$$
"""

LISTING_CHANGED = """
CREATE FUNCTION listing_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.published_version IS NOT NULL THEN
        PERFORM mark_dirty(ARRAY[NEW.id]);
        PERFORM pg_notify('listing_changed', NEW.id::text);
        PERFORM pg_notify('search_dirty', '');
    END IF;
    RETURN NULL;
END $$
"""

ORGANISATION_CHANGED = """
CREATE FUNCTION organisation_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mark_dirty(ARRAY(
        SELECT id FROM listing WHERE organisation_id = NEW.id AND published_version IS NOT NULL));
    PERFORM pg_notify('search_dirty', '');
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute("CREATE SEQUENCE search_dirty_seq")
    for function in (REFUSE, KEEP_PUBLISHED, MARK, LISTING_CHANGED, ORGANISATION_CHANGED):
        op.execute(function)
    for table in FROZEN:
        op.execute(
            f"CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(  # TRUNCATE fires no trigger of rows
            f"CREATE TRIGGER kept BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute("CREATE TRIGGER kept BEFORE DELETE ON listing FOR EACH ROW EXECUTE FUNCTION keep_published()")
    op.execute(
        "CREATE TRIGGER changed AFTER INSERT OR UPDATE ON listing FOR EACH ROW EXECUTE FUNCTION listing_changed()"
    )
    op.execute(
        "CREATE TRIGGER changed AFTER UPDATE OF name, region ON organisation "
        "FOR EACH ROW EXECUTE FUNCTION organisation_changed()"
    )


def downgrade() -> None:
    for trigger, table in (("changed", "organisation"), ("changed", "listing"), ("kept", "listing")):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for table in FROZEN:
        op.execute(f"DROP TRIGGER frozen ON {table}")
        op.execute(f"DROP TRIGGER kept ON {table}")
    for function in (
        "organisation_changed()",
        "listing_changed()",
        "mark_dirty(uuid[])",
        "keep_published()",
        "refuse_change()",
    ):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP SEQUENCE search_dirty_seq")
