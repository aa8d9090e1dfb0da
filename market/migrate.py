"""Brings a database to the newest schema, one process at a time; knows alembic and nothing of the features."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from market.database import database_urls
from market.roles import grant
from market.trouble import Trouble

_LOCK = 7_239_041  # any number: two migrations at once wait for each other


def config(connection: Connection | None = None) -> Config:
    """The alembic configuration, without an ini file."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def _upgrade(connection: Connection) -> bool:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    before, head = _revisions(connection)
    if before == head:
        grant(connection)
        return False
    if before is not None and not _known(before):
        raise Trouble(
            f"The database was made by a newer Release Hall (revision {before}, this one knows up to {head}): "
            "nothing was touched. Use the newer program."
        )
    command.upgrade(config(connection), "head")
    grant(connection)
    return True


def _revisions(connection: Connection) -> tuple[str | None, str | None]:
    """The database's revision and the newest one."""
    scripts = ScriptDirectory.from_config(config())
    return MigrationContext.configure(connection).get_current_revision(), scripts.get_current_head()


def _known(revision: str) -> bool:
    return revision in {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}


def heads() -> list[str]:
    """The newest revisions; more than one means that two people made a migration at once."""
    return list(ScriptDirectory.from_config(config()).get_heads())


async def revisions(url: str) -> tuple[str | None, str | None]:
    """The revision that the database is at (None: not migrated) and the newest one that this program knows."""
    engine = create_async_engine(database_urls(url)[0])
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_revisions)
    finally:
        await engine.dispose()


async def require_current(url: str) -> None:
    """Trouble where the database is older than this program; a newer one is served, as during a roll-out."""
    current, head = await revisions(url)
    if current != head and (current is None or _known(current)):
        raise Trouble(
            f"The database is at revision {current}, this program needs {head}: run `market migrate` first."
        )


async def migrate(url: str) -> bool:
    """Upgrade to the head and give the roles their rights, in one transaction; answers whether anything was upgraded."""
    engine = create_async_engine(database_urls(url)[0])
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


async def check(url: str) -> None:
    """Raise where tables and migrations differ."""
    engine = create_async_engine(database_urls(url)[0])
    try:
        async with engine.begin() as connection:
            await connection.run_sync(lambda sync: command.check(config(sync)))
    finally:
        await engine.dispose()


def migrate_now(url: str) -> bool:
    return asyncio.run(migrate(url))
