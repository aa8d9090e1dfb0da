"""Examines an installation: one line for each check, and for each that is not well what to do about it."""

import os
import shutil
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from market.database import database_urls
from market.listings.rules import SEARCHABLE
from market.migrate import revisions
from market.opening import API_LOGIN, search_health
from market.roles import MIGHTY
from market.settings import DEMO_SECRET, Settings
from market.trading.durability import SETTINGS as DURABLE


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Check:
    """What was looked at, how it is, and what to do where it is not well."""

    level: Level
    what: str
    remedy: str = ""


PYTHONS = ((3, 11), (3, 13))
TESTED_POSTGRES, OLDEST_POSTGRES = 18, 15
LITTLE_ROOM, NO_ROOM = 2 * 2**30, 200 * 2**20
SLOW_LAG, LOST_LAG = 10.0, 120.0
"""Seconds that a change may take to be found, and after which something must be wrong."""
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})

_LAG = "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(since)), 0)::float FROM search_dirty"
_SEARCHABLE = "SELECT count(*) FROM listing WHERE published_version IS NOT NULL AND status = ANY($1)"


def of_this_machine(settings: Settings) -> list[Check]:
    """The checks that need no database."""
    return [_python(), _secret(settings), _room(settings.data_dir)]


def nothing_yet(settings: Settings) -> bool:
    """Whether there is no database to look at: doctor makes none."""
    return settings.database_url is None and not (settings.data_dir / "postgres" / "PG_VERSION").exists()


def _python() -> Check:
    first, last = PYTHONS
    what = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    if first <= sys.version_info[:2] <= last:
        return Check(Level.OK, what)
    return Check(
        Level.WARNING, what, f"tested from {first[0]}.{first[1]} to {last[0]}.{last[1]}: use one of these"
    )


def _secret(settings: Settings) -> Check:
    if settings.secret_key.get_secret_value() != DEMO_SECRET:
        return Check(Level.OK, "secret key set")
    if urlsplit(settings.base_url).hostname in LOCAL:
        return Check(Level.OK, "secret key of the demo, on this machine alone")
    remedy = "set MARKET_DEMO=false and a MARKET_SECRET_KEY of your own before others reach it"
    return Check(Level.FAILED, f"the demo's secret key and passwords at {settings.base_url}", remedy)


def _room(folder: Path) -> Check:
    place = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    free = shutil.disk_usage(place).free
    what = f"{free / 2**30:.1f} GiB free at {place}"
    if not os.access(place, os.W_OK):
        return Check(Level.FAILED, f"{place} cannot be written", "give it to the user that runs Release Hall")
    if free < NO_ROOM:
        return Check(Level.FAILED, what, "make room: the database stops when the disk is full")
    return Check(Level.WARNING, what, "make room soon") if free < LITTLE_ROOM else Check(Level.OK, what)


async def of_database(settings: Settings, url: str) -> AsyncIterator[Check]:
    """The checks of the database and of the search over it; raises where the database cannot be reached."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        yield await _version(connection)
        current, head = await revisions(url)
        if current != head:
            yield Check(Level.FAILED, f"migrations at {current}, newest {head}", "run `market migrate`")
            return
        yield Check(Level.OK, f"migrations at {head}, the newest")
        yield await _role(settings, connection, url)
        for name in DURABLE:
            yield await _durable(connection, name)
        yield await _clock(connection)
        async for check in _search(settings, connection):
            yield check
    finally:
        await connection.close()


async def _version(connection: asyncpg.Connection) -> Check:
    major = connection.get_server_version().major
    what = f"database reachable, PostgreSQL {await connection.fetchval('SHOW server_version')}"
    if major < OLDEST_POSTGRES:
        return Check(Level.FAILED, what, f"upgrade to {TESTED_POSTGRES}")
    remedy = f"the tests run against {TESTED_POSTGRES}"
    return Check(Level.OK, what) if major == TESTED_POSTGRES else Check(Level.WARNING, what, remedy)


async def _role(settings: Settings, connection: asyncpg.Connection, url: str) -> Check:
    """As whom the application connects: itself, or on one machine as the login that `market serve` makes for it."""
    if settings.database_url is None:
        own = database_urls(url)[0].set(drivername="postgresql", username=API_LOGIN)
        try:
            connection = await asyncpg.connect(own.render_as_string(hide_password=False), timeout=10)
        except asyncpg.InvalidAuthorizationSpecificationError:
            remedy = "`market serve` makes it at its next start"
            return Check(Level.WARNING, f"there is no database login {API_LOGIN} yet", remedy)
        try:
            return await _powers(connection)
        finally:
            await connection.close()
    return await _powers(connection)


async def _powers(connection: asyncpg.Connection) -> Check:
    name, powers = await connection.fetchval("SELECT current_user"), await connection.fetchval(MIGHTY)
    if powers is None:
        return Check(Level.OK, f"the application connects as {name}, which cannot change the record")
    remedy = "give it a login in the role market_app (docs/decisions/0010-transparency-log.md)"
    what = f"the application connects as {name}, {powers}: its triggers alone keep the record from change"
    return Check(Level.WARNING, what, remedy)


async def _durable(connection: asyncpg.Connection, name: str) -> Check:
    value = await connection.fetchval("SELECT current_setting($1)", name)
    if value != "off" and not (name == "synchronous_commit" and value == "local"):
        return Check(Level.OK, f"{name} {value}")
    if value == "off":
        lost = "without it a crash loses what was confirmed, and no round is held"
        return Check(Level.FAILED, f"{name} off", f"ALTER SYSTEM SET {name} = on; {lost}")
    lost = "until then a confirmed bid is safe on this server, and can be lost where a standby takes over"
    return Check(Level.WARNING, f"{name} {value}", f"ALTER SYSTEM SET {name} = on; {lost}")


async def _clock(connection: asyncpg.Connection) -> Check:
    before = time.time()
    there = (await connection.fetchval("SELECT clock_timestamp()")).timestamp()
    apart = max(before - there, there - time.time(), 0.0)
    what = f"clocks of process and database {apart:.1f} s apart"
    if apart < 1:
        return Check(Level.OK, what)
    remedy = "synchronise them (NTP): deadlines are decided by the database's clock"
    return Check(Level.FAILED if apart > 60 else Level.WARNING, what, remedy)


async def _search(settings: Settings, connection: asyncpg.Connection) -> AsyncIterator[Check]:
    health = await search_health(settings)
    if not health.reachable:
        remedy = "start the worker, which builds the index, or run `market reindex`"
        yield Check(Level.FAILED, f"search ({health.engine}) not usable: {health.detail}", remedy)
        return
    yield Check(Level.OK, f"search ({health.engine}) reachable")
    lag: float = await connection.fetchval(_LAG)
    level = Level.FAILED if lag > LOST_LAG else Level.WARNING if lag > SLOW_LAG else Level.OK
    remedy = "is the worker running? It keeps the index in step" if level is not Level.OK else ""
    yield Check(level, f"the index is {lag:.1f} s behind", remedy)
    searchable = await connection.fetchval(_SEARCHABLE, [status.value for status in SEARCHABLE])
    what = f"{health.documents} documents in the index, {searchable} searchable listings"
    if health.documents == searchable:
        yield Check(Level.OK, what)
    elif lag > 0:
        yield Check(Level.WARNING, what, "the worker is catching up: look again in a moment")
    else:
        yield Check(Level.FAILED, what, "run `market reindex`")
