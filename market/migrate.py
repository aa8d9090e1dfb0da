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
    before = MigrationContext.configure(connection).get_current_revision()
    if before == ScriptDirectory.from_config(config()).get_current_head():
        return False
    command.upgrade(config(connection), "head")
    return True


async def migrate(url: str) -> bool:
    """Upgrade to the head in one transaction; answers whether anything was done."""
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
