"""Plays two operations against each other step by step, in every order, each through an application of its own.

A gate in the connections of an application lets an operation go on only as far as the schedule has come: begin, lock,
write, commit. One that waits for the other's lock is left waiting, which PostgreSQL itself says of it once nothing more
is heard of it, and the schedule goes on with the other.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from market.app import create_app, running
from market.database import Database, database_urls, new_id
from market.settings import Settings
from tests.makers import Caller

BEGIN, LOCK, WRITE, COMMIT = 1, 2, 3, 4
SCHEDULES = [
    tuple(int(place in first) for place in range(2 * COMMIT))
    for first in itertools.combinations(range(2 * COMMIT), COMMIT)
]
"""All 70 orders of twice four steps; each place says whose step it is."""

Operation = Callable[["Lane"], Awaitable[httpx.Response]]

# A lane may be ahead of the database's clock, as if its operation came later; unqualified names are looked up here first.
CLOCK = """
CREATE SCHEMA clock;
CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql AS
    $$ SELECT pg_catalog.clock_timestamp() + current_setting('lane.ahead')::interval $$;
CREATE FUNCTION clock.transaction_timestamp() RETURNS timestamptz STABLE LANGUAGE sql AS
    $$ SELECT pg_catalog.transaction_timestamp() + current_setting('lane.ahead')::interval $$;
"""
BLOCKED = """
SELECT count(DISTINCT application_name) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = ANY($1) AND cardinality(pg_blocking_pids(pid)) > 0
"""


UNHEARD = 0.002
"""Seconds after which PostgreSQL is asked whether an operation waits for the other."""


class Gate:
    """Where one operation stands in its transaction, and how far it may go."""

    def __init__(self) -> None:
        self.news = asyncio.Event()
        """Set when the operation has come to stand before it."""
        self.open()

    def open(self) -> None:
        """Let everything pass that is not part of a schedule."""
        self._reached = self._granted = COMMIT
        self._waiting: tuple[int, asyncio.Future[None]] | None = None

    def shut(self) -> None:
        self._reached = self._granted = 0

    def grant(self) -> None:
        """One step more."""
        self._granted += 1
        if self._waiting is not None and self._waiting[0] <= self._granted:
            self._waiting[1].set_result(None)
            self._waiting = None

    @property
    def holds(self) -> bool:
        """Whether the operation stands before it."""
        return self._waiting is not None

    async def before(self, query: str) -> None:
        step = self._step(query.strip())
        if step > self._granted:
            future = asyncio.get_running_loop().create_future()
            self._waiting = step, future
            self.news.set()
            await future
        self._reached = max(self._reached, step)

    def _step(self, query: str) -> int:
        """Which step the statement begins, 0 where it belongs to the step before; a second transaction passes."""
        if self._reached == COMMIT:
            return 0
        if query.startswith("BEGIN"):
            return BEGIN
        if query in ("COMMIT;", "ROLLBACK;"):
            return COMMIT
        if "sale_round" in query and "FOR UPDATE" in query:
            return LOCK
        return WRITE if self._reached >= LOCK and ("INSERT INTO" in query or "UPDATE " in query) else 0


@dataclass
class GatedStatement:
    """A prepared statement that passes the gate each time it is used."""

    gate: Gate
    query: str
    statement: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.statement, name)

    async def fetch(self, *args: Any, **options: Any) -> Any:
        await self.gate.before(self.query)
        return await self.statement.fetch(*args, **options)


class Gated(asyncpg.Connection):  # type: ignore[misc] - asyncpg has no types
    """A connection through a gate; SQLAlchemy prepares its statements and keeps them, the desk fetches them."""

    gate: Gate

    async def execute(self, query: str, *args: Any, **options: Any) -> Any:
        await self.gate.before(query)
        return await super().execute(query, *args, **options)

    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        await self.gate.before(query)
        return await super().fetch(query, *args, **options)

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        await self.gate.before(query)
        return await super().fetchrow(query, *args, **options)

    async def prepare(self, query: str, **options: Any) -> Any:
        return GatedStatement(self.gate, query, await super().prepare(query, **options))


@dataclass
class Lane:
    """One application whose transactions pass a gate."""

    name: str
    gate: Gate
    client: httpx.AsyncClient

    def of(self, who: Caller) -> Caller:
        """The same person, calling this application."""
        return Caller(self.client, who.token, who.person_id, who.organisation_id, who.email)


@asynccontextmanager
async def lane(settings: Settings, name: str, *, ahead: str = "0 s") -> AsyncIterator[Lane]:
    """An application `ahead` of the database's clock."""
    gate = Gate()
    options = {
        "connection_class": type("GatedHere", (Gated,), {"gate": gate}),
        "server_settings": {
            "application_name": name,
            "search_path": "clock,pg_catalog,public",
            "lane.ahead": ahead,
        },
    }

    class ThroughTheGate(Database):
        def __init__(self, url: str, **given: Any) -> None:
            super().__init__(url, **given)
            self.engine = create_async_engine(database_urls(url)[0], connect_args=options)
            self.sessions.configure(bind=self.engine)

        async def open(self) -> None:
            self._pool = await asyncpg.create_pool(self.plain_url, min_size=1, max_size=2, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("market.app.Database", ThroughTheGate)
        app = create_app(settings)
    async with running(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=settings.base_url) as client:
            yield Lane(name, gate, client)


@dataclass
class Stage:
    """Two lanes and a connection that watches them."""

    lanes: tuple[Lane, Lane]
    watcher: asyncpg.Connection
    waits: int = 0
    """How often an operation had to wait for the other's lock."""

    async def play(self, operations: Sequence[Operation], schedule: Sequence[int]) -> list[httpx.Response]:
        """The answers of both operations, played in this order."""
        news = asyncio.Event()
        for each in self.lanes:
            each.gate.shut()
            each.gate.news = news
        tasks = [
            asyncio.ensure_future(operate(each)) for each, operate in zip(self.lanes, operations, strict=True)
        ]
        for task in tasks:
            task.add_done_callback(lambda _: news.set())
        try:
            for turn in schedule:
                await self._settled(tasks, news)
                self.lanes[turn].gate.grant()
            return await asyncio.wait_for(asyncio.gather(*tasks), 30)
        finally:
            for each in self.lanes:
                each.gate.open()

    async def _settled(self, tasks: Sequence[asyncio.Future[Any]], news: asyncio.Event) -> None:
        """Until each operation stands before its gate, has ended, or waits for the other."""
        while True:
            going = [
                each.name
                for each, task in zip(self.lanes, tasks, strict=True)
                if not task.done() and not each.gate.holds
            ]
            if not going:
                return
            news.clear()
            try:
                async with asyncio.timeout(UNHEARD):
                    await news.wait()
            except TimeoutError:
                blocked = await self.watcher.fetchval(BLOCKED, going)
                if blocked == len(going) and not news.is_set():
                    self.waits += blocked
                    return


TABLES = {
    "listing": "id = $1",
    "listing_version": "listing_id = $1",
    "sale_round": "id = $2",
    "transfer": "EXISTS (SELECT FROM bidder_registration r WHERE r.round_id = $2 AND r.deposit_id IN (t.id, t.pending_id))",
    "bidder_registration": "round_id = $2",
    "round_entry": "round_id = $2",
    "award": "round_id = $2",
}
"""What a round consists of, in the order in which it can be written."""
_TAKE = "SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]')::text FROM {table} t WHERE $1::uuid IS NOT NULL AND $2::uuid IS NOT NULL AND {where}"
_PUT = "INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, $1)"


@dataclass
class Model:
    """The rows of one round, to be had again and again under other ids."""

    round_id: str
    rows: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def of(cls, connection: asyncpg.Connection, listing_id: str, round_id: str) -> "Model":
        ids = UUID(listing_id), UUID(round_id)
        found = {
            table: await connection.fetchval(_TAKE.format(table=table, where=where), *ids)
            for table, where in TABLES.items()
        }
        return cls(round_id, found)

    async def copy(self, connection: asyncpg.Connection) -> str:
        """The id of a new round that stands as the model does."""
        owned = [row["id"] for text in self.rows.values() for row in json.loads(text) if "id" in row]
        fresh = {old: str(new_id()) for old in owned}
        async with connection.transaction():
            for table, text in self.rows.items():
                renewed = text
                for old, new in fresh.items():
                    renewed = renewed.replace(old, new)
                await connection.execute(_PUT.format(table=table), renewed)
        return fresh[self.round_id]
