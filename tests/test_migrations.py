"""The migrations: one line of history, the same schema both ways, and no difference from the tables."""

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest_asyncio
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Enum
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

import market.tables  # noqa: F401 - registers every table
from market.database import database_urls
from market.migrate import check, config, migrate

# Everything that a schema consists of, as text. Object ids and the order of creation are left out.
DUMP = """
SELECT format('column %s.%s %s default %s not null %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
              pg_get_expr(d.adbin, d.adrelid), a.attnotnull)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (c.oid, a.attnum)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT format('relation %s kind %s security %s forced %s options %s', relname, relkind, relrowsecurity, relforcerowsecurity,
              reloptions)
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind <> 't'
UNION ALL
SELECT format('constraint %s on %s: %s', conname, conrelid::regclass, pg_get_constraintdef(oid))
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
UNION ALL
SELECT format('index %s', indexdef) FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT format('trigger %s', pg_get_triggerdef(t.oid)) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
UNION ALL
SELECT format('function %s', pg_get_functiondef(p.oid)) FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (
    SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
UNION ALL
SELECT format('sequence %s %s %s %s', sequencename, data_type, start_value, increment_by)
FROM pg_sequences WHERE schemaname = 'public'
UNION ALL
SELECT format('policy %s on %s %s %s', polname, polrelid::regclass, pg_get_expr(polqual, polrelid),
              pg_get_expr(polwithcheck, polrelid)) FROM pg_policy
UNION ALL
SELECT format('type %s %s', t.typname, t.typtype) FROM pg_type t
WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd')
UNION ALL
SELECT format('extension %s', extname) FROM pg_extension WHERE extname <> 'plpgsql'
"""


@pytest_asyncio.fixture(scope="module")
async def empty_url(postgres_url: str) -> AsyncIterator[str]:
    """An empty database of this module's own."""
    name = f"empty_{uuid4().hex[:8]}"
    admin = await asyncpg.connect(postgres_url)
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    url = database_urls(postgres_url)[0].set(drivername="postgresql", database=name)
    yield url.render_as_string(hide_password=False)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


async def _schema(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return sorted(row[0] for row in await connection.fetch(DUMP))
    finally:
        await connection.close()


async def _to(url: str, revision: str) -> None:
    def move(connection: Connection) -> None:
        step = command.downgrade if revision == "base" else command.upgrade
        step(config(connection), revision)

    engine = create_async_engine(database_urls(url)[0])
    async with engine.begin() as connection:
        await connection.run_sync(move)
    await engine.dispose()


def test_history_is_one_line_with_one_head() -> None:
    script = ScriptDirectory.from_config(config())
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1
    assert not [revision.revision for revision in script.walk_revisions() if revision.is_branch_point]


async def test_up_from_nothing_down_to_nothing_and_up_again_gives_the_same_schema(empty_url: str) -> None:
    nothing = await _schema(empty_url)
    assert await migrate(empty_url)
    first = await _schema(empty_url)
    assert any(line.startswith("trigger CREATE TRIGGER frozen") for line in first)

    await _to(empty_url, "base")
    left = [line for line in await _schema(empty_url) if "alembic_version" not in line]
    assert left == nothing

    assert await migrate(empty_url)
    assert await _schema(empty_url) == first


async def test_migrating_what_is_migrated_does_nothing(empty_url: str) -> None:
    await migrate(empty_url)
    assert not await migrate(empty_url)


async def test_the_tables_are_what_the_migrations_make(empty_url: str) -> None:
    await migrate(empty_url)
    await check(empty_url)


async def test_every_check_constraint_of_an_enumeration_is_in_the_database(empty_url: str) -> None:
    """`alembic check` compares no CHECK constraints, so a value added to a closed list would be refused unseen."""
    await migrate(empty_url)
    schema = await _schema(empty_url)
    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Enum):
                lines = [
                    line
                    for line in schema
                    if line.startswith("constraint ")
                    and f" on {table.name}: CHECK" in line
                    and f"({column.name})::text" in line
                ]
                assert lines, f"{table.name}.{column.name} takes any text"
                missing = [
                    value for value in column.type.enums if not any(f"'{value}'" in line for line in lines)
                ]
                assert not missing, f"{table.name}.{column.name} refuses {missing}"
