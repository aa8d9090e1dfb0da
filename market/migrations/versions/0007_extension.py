"""The window for answers of a published edition may be lengthened, and nothing else of it changes."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# All of an edition that is released, but for the end of its window.
_KEPT = ("snapshot", "sha256", "title", "release_at", "published_at", "created_by", "created_at")
_LENGTHENED = """
    IF OLD.snapshot IS NOT NULL AND NEW.applications_until IS DISTINCT FROM OLD.applications_until
        AND NOT COALESCE(OLD.status = 'published' AND NEW.applications_until > OLD.applications_until, false)
    THEN
        RAISE EXCEPTION 'the window of a published edition is never shortened'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;"""


def _keep_edition(kept: tuple[str, ...], further: str) -> str:
    new, old = (", ".join(f"{row}.{name}" for name in kept) for row in ("NEW", "OLD"))
    return f"""
CREATE OR REPLACE FUNCTION keep_edition() RETURNS trigger LANGUAGE plpgsql AS $$
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
    IF OLD.snapshot IS NOT NULL AND ({new}) IS DISTINCT FROM ({old}) THEN
        RAISE EXCEPTION 'a published edition is never changed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;{further}
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.execute(_keep_edition(_KEPT, _LENGTHENED))


def downgrade() -> None:
    op.execute(_keep_edition((*_KEPT, "applications_until"), ""))
