"""The roles of the database: what the application, the worker and an auditor may do there, derived from what it guards.

Whoever migrates owns the tables. The application is another role: it cannot change, delete or empty what triggers keep
from change, nor take the triggers away. Roles belong to the whole server; their rights, to each database.
"""

import asyncpg
from sqlalchemy import Connection, text

APPLICATION, WORKER, AUDITOR = "market_app", "market_worker", "market_auditor"
LOGINS = {"market_api": APPLICATION, "market_work": WORKER}
"""Who connects in which role, where `market` itself makes the logins."""

READ_BY_AUDITORS = [
    "account",
    "alembic_version",
    "award",
    "bidder_registration",
    "challenge",
    "challenge_entrant",
    "challenge_evidence",
    "challenge_question",
    "challenge_review",
    "challenge_reviewer",
    "challenge_submission",
    "contract",
    "deal",
    "edition",
    "edition_item",
    "event",
    "introduction",
    "listing",
    "listing_version",
    "log_checkpoint",
    "log_leaf",
    "log_node",
    "log_pending",
    "payment",
    "round_entry",
    "sale_round",
    "transfer",
]
"""What the verification reads; no passwords, sessions or keys."""

# A role that is not there, and may not be made, is left to whoever runs the server; `market doctor` says so.
_ROLES = """
DO $do$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['market_app', 'market_worker', 'market_auditor'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN
            NULL;
        END;
    END LOOP;
END $do$
"""

# Bits of pg_trigger.tgtype: 8 on DELETE, 16 on UPDATE. What a trigger refuses without a condition, nobody is granted; where
# it keeps some columns from change, the others.
_GRANTS = """
DO $do$
DECLARE
    grantee text;
    kept record;
BEGIN
    FOR grantee IN SELECT rolname FROM pg_roles WHERE rolname IN ('market_app', 'market_worker') LOOP
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %I', grantee);
        EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', grantee);
        EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %I', grantee);
        FOR kept IN
            SELECT c.relname, c.relname LIKE 'log\\_%' AS of_the_log,
                coalesce(bit_or(t.tgtype::int) FILTER (WHERE t.tgqual IS NULL AND t.tgattr = ''), 0) AS refused,
                (SELECT string_agg(quote_ident(a.attname), ', ') FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND NOT EXISTS (
                        SELECT FROM pg_trigger u WHERE u.tgrelid = c.oid AND u.tgqual IS NULL
                            AND u.tgfoid = to_regprocedure('public.refuse_change()')
                            AND u.tgtype & 16 <> 0 AND a.attnum = ANY(u.tgattr))) AS changing
            FROM pg_class c LEFT JOIN pg_trigger t ON t.tgrelid = c.oid
                AND t.tgfoid = to_regprocedure('public.refuse_change()')
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            GROUP BY c.oid
        LOOP
            EXECUTE format('GRANT SELECT ON %I TO %I', kept.relname, grantee);
            CONTINUE WHEN kept.relname = 'alembic_version';
            IF NOT kept.of_the_log OR kept.relname = 'log_pending' OR grantee = 'market_worker' THEN
                EXECUTE format('GRANT INSERT ON %I TO %I', kept.relname, grantee);
            END IF;
            IF kept.refused & 8 = 0 AND (NOT kept.of_the_log OR grantee = 'market_worker') THEN
                EXECUTE format('GRANT DELETE ON %I TO %I', kept.relname, grantee);
            END IF;
            IF kept.refused & 16 = 0 AND NOT kept.of_the_log THEN
                EXECUTE format('GRANT UPDATE (%s) ON %I TO %I', kept.changing, kept.relname, grantee);
            END IF;
        END LOOP;
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'market_auditor') THEN
        REVOKE ALL ON ALL TABLES IN SCHEMA public FROM market_auditor;
        GRANT USAGE ON SCHEMA public TO market_auditor;
        FOR kept IN SELECT relname FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname IN ({tables})
        LOOP
            EXECUTE format('GRANT SELECT ON %I TO market_auditor', kept.relname);
        END LOOP;
    END IF;
END $do$
"""

MIGHTY = """
SELECT CASE
    WHEN (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN 'superuser'
    WHEN pg_has_role(relowner, 'MEMBER') THEN 'owner of the tables'
END FROM pg_class WHERE oid = 'public.event'::regclass
"""
"""What the one who asks is to the tables beyond what was granted; null for whoever cannot change the record."""


def grant(connection: Connection) -> None:
    """Make the roles where they are missing and give each its rights anew; by the owner, after every migration."""
    for statement in (_ROLES, _GRANTS.format(tables=", ".join(f"'{table}'" for table in READ_BY_AUDITORS))):
        connection.execute(text(statement.replace(":", r"\:")))


async def make_logins(url: str, password: str | None = None) -> None:
    """Give the application and the worker a login each, with this password; by whoever may make roles.

    Without a password they get in only where the server asks for none, as the embedded one does on its private socket.
    """
    connection = await asyncpg.connect(url)
    try:
        for name, role in LOGINS.items():
            if not await connection.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", name):
                await connection.execute(f"CREATE ROLE {name} LOGIN")
            if password is not None:
                quoted = await connection.fetchval("SELECT quote_literal($1::text)", password)
                await connection.execute(f"ALTER ROLE {name} PASSWORD {quoted}")
            await connection.execute(f"GRANT {role} TO {name}")
    finally:
        await connection.close()
