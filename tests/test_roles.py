"""The roles of the database: what the application's own login is refused by PostgreSQL itself, before any trigger is asked."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

import market.tables  # noqa: F401 - registers every table
from market.doctor import Level, of_database
from market.migrate import migrate
from market.opening import API_LOGIN, WORKER_LOGIN
from market.roles import APPLICATION, AUDITOR, LOGINS, MIGHTY, WORKER, make_logins
from tests.conftest import as_login
from tests.makers import Market

RECORD = (
    "event",
    "round_entry",
    "transfer",
    "contract",
    "payment",
    "listing_version",
    "introduction",
    "log_leaf",
    "log_node",
    "log_checkpoint",
)
STATEMENTS = {
    "update": "UPDATE {0} SET {1} = {1}",
    "delete": "DELETE FROM {0}",
    "truncate": "TRUNCATE {0} CASCADE",
    "lock": "SELECT {1} FROM {0} FOR UPDATE",
    "drop": "DROP TABLE {0}",
    "switch its triggers off": "ALTER TABLE {0} DISABLE TRIGGER ALL",
    "drop its trigger": "DROP TRIGGER frozen ON {0}",
}
ESCAPES = [
    "SET session_replication_role = replica",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE sql AS 'SELECT null'",
    "ALTER FUNCTION refuse_change() RENAME TO other",
    "CREATE TABLE another (id int)",
    "DELETE FROM log_pending",
    "UPDATE log_pending SET source = source",
    "INSERT INTO log_leaf (index, source, row_id, row_number, entry) VALUES (0, '', gen_random_uuid(), 0, '')",
    "INSERT INTO log_checkpoint (number, size, note) VALUES (1, 1, '')",
    "DELETE FROM sale_round",
    "DELETE FROM deal",
    "UPDATE alembic_version SET version_num = version_num",
]


@pytest_asyncio.fixture(scope="module")
async def application(market: Market, database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(as_login(database_url, API_LOGIN))
    yield connection
    await connection.close()


@pytest_asyncio.fixture(scope="module")
async def worker(market: Market, database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(as_login(database_url, WORKER_LOGIN))
    yield connection
    await connection.close()


async def _column(connection: asyncpg.Connection, table: str) -> str:
    query = "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum = 1"
    return f'"{await connection.fetchval(query, table)}"'


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize("table", RECORD)
async def test_the_application_and_the_worker_are_refused(
    application: asyncpg.Connection, worker: asyncpg.Connection, table: str, statement: str
) -> None:
    for connection in (application, worker):
        said = STATEMENTS[statement].format(table, await _column(connection, table))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(said)


@pytest.mark.parametrize("statement", ESCAPES)
async def test_there_is_no_way_around_it(application: asyncpg.Connection, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute(statement)


_KEPT = """
SELECT DISTINCT c.relname, p.privilege, a.attname
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
CROSS JOIN (VALUES (8, 'DELETE'), (16, 'UPDATE')) AS p(bit, privilege)
LEFT JOIN pg_attribute a ON p.privilege = 'UPDATE' AND a.attrelid = c.oid AND a.attnum > 0
    AND NOT a.attisdropped AND (t.tgattr = '' OR a.attnum = ANY(t.tgattr))
WHERE t.tgfoid = 'refuse_change'::regproc AND t.tgqual IS NULL AND t.tgtype & p.bit <> 0
"""


async def test_what_triggers_keep_from_change_is_granted_to_nobody(market: Market) -> None:
    """Derived from the triggers, so that a table or a column which is frozen later is walled in twice too."""
    kept = await market.database.pool.fetch(_KEPT)
    assert {table for table, *_ in kept} >= set(RECORD)
    for table, privilege, column in kept:
        for role in (APPLICATION, WORKER, AUDITOR):
            query = "SELECT has_table_privilege($1, $2, $3)"
            asked = [role, table, privilege]
            if column is not None:
                query, asked = "SELECT has_column_privilege($1, $2, $4, $3)", [*asked, column]
            assert not await market.database.pool.fetchval(query, *asked), asked


async def test_all_other_tables_can_be_worked_with(market: Market) -> None:
    """And nothing of the record is out of reach for reading or adding."""
    tables = await market.database.pool.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' "
        "AND relname NOT LIKE 'log\\_%' AND relname <> 'alembic_version'"
    )
    for (table,) in tables:
        for privilege in ("SELECT", "INSERT"):
            for role in (APPLICATION, WORKER):
                assert await market.database.pool.fetchval(
                    "SELECT has_table_privilege($1, $2, $3)", role, table, privilege
                ), (role, table, privilege)


async def test_the_application_of_the_tests_connects_as_applications_do(market: Market) -> None:
    session = market.app.state.database.pool
    assert await session.fetchval("SELECT current_user") == API_LOGIN
    assert await session.fetchval("SELECT session_user") == API_LOGIN
    assert await session.fetchval(MIGHTY) is None
    assert await market.database.pool.fetchval(MIGHTY) == "superuser"


async def test_the_owner_of_the_tables_who_is_no_superuser_is_told_so(market: Market) -> None:
    async with market.database.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "CREATE ROLE an_owner; ALTER TABLE event OWNER TO an_owner; SET LOCAL ROLE an_owner"
        )
        assert await connection.fetchval(MIGHTY) == "owner of the tables"
        await transaction.rollback()


async def test_doctor_says_as_whom_the_application_connects(market: Market, database_url: str) -> None:
    async def said(url: str) -> tuple[Level, str]:
        settings = market.settings.model_copy(update={"database_url": url})
        (check,) = [each async for each in of_database(settings, url) if "connects as" in each.what]
        return check.level, check.what

    level, what = await said(as_login(database_url, API_LOGIN))
    assert (level, what) == (
        Level.OK,
        f"the application connects as {API_LOGIN}, which cannot change the record",
    )
    level, what = await said(database_url)
    assert level is Level.WARNING
    assert "superuser: its triggers alone keep the record from change" in what


async def test_rights_are_given_anew_by_every_migration_and_logins_once(
    market: Market, database_url: str
) -> None:
    await market.database.pool.execute(f"GRANT UPDATE ON event TO {APPLICATION}")
    assert not await migrate(database_url)
    may = "SELECT has_table_privilege($1, 'event', 'UPDATE')"
    assert not await market.database.pool.fetchval(may, APPLICATION)
    await make_logins(database_url)
    for login, role in LOGINS.items():
        assert await market.database.pool.fetchval("SELECT pg_has_role($1, $2, 'MEMBER')", login, role)
