"""A database whose clock tests move: a whole round is then held by its own rules, and nobody waits or rewrites a time.

The functions that read the clock are found in a schema of their own before PostgreSQL's, on every connection made later.
"""

from datetime import timedelta

import asyncpg

from market.database import database_urls

_SCHEMA = """
CREATE SCHEMA clock;
CREATE TABLE clock.moved (by interval NOT NULL);
INSERT INTO clock.moved VALUES ('0');
GRANT USAGE ON SCHEMA clock TO PUBLIC;
GRANT SELECT ON clock.moved TO PUBLIC;
CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql
    AS 'SELECT pg_catalog.clock_timestamp() + by FROM clock.moved';
CREATE FUNCTION clock.transaction_timestamp() RETURNS timestamptz STABLE LANGUAGE sql
    AS 'SELECT pg_catalog.transaction_timestamp() + by FROM clock.moved';
"""


async def give_a_clock(database_url: str) -> None:
    """Before anything else connects to the database."""
    connection = await asyncpg.connect(database_urls(database_url)[1])
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(_SCHEMA)
    await connection.execute(f"ALTER DATABASE {name} SET search_path = clock, pg_catalog, public")
    await connection.close()


async def let_pass(pool: asyncpg.Pool, by: timedelta) -> None:
    """Move the clock; whoever is signed in stays so, since the sessions move along."""
    await pool.execute("UPDATE clock.moved SET by = by + $1", by)
    await pool.execute(
        "UPDATE person_session SET created_at = created_at + $1, last_used_at = last_used_at + $1,"
        " expires_at = expires_at + $1",
        by,
    )
