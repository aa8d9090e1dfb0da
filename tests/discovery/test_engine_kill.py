"""A Meilisearch server is killed while listings change; once it is back, index and database are equal."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from market.database import new_id
from market.discovery import indexing
from market.discovery.indexing import compare, drain, keep_in_step, rebuild
from scripts.bench.read import insert_listings
from search import open_indexer
from search.meili.indexer import MeiliIndexer
from search.port import SearchError
from search.schema import listing_schema
from tests.discovery.meilisearch_server import COMMAND, MISSING, MeilisearchServer
from tests.discovery.test_kill import change, document

pytestmark = [pytest.mark.slow, pytest.mark.skipif(COMMAND is None, reason=MISSING)]

KILLS = 20
LISTINGS = 60
UNTIL = 120


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MeilisearchServer]:
    running = MeilisearchServer(tmp_path)
    running.start()
    yield running
    running.kill()


class Stock:
    """Listings in the database that change when told to."""

    def __init__(self, connection: asyncpg.Connection, chance: random.Random) -> None:
        self.connection = connection
        self._chance = chance
        self._ids = [new_id() for _ in range(LISTINGS)]
        self._versions = dict.fromkeys(self._ids, 1)

    async def fill(self) -> None:
        documents = [document(identifier, 1, self._chance) for identifier in self._ids]
        await insert_listings(self.connection, self._ids, documents)

    async def change(self) -> None:
        await change(self.connection, self._ids, self._versions, self._chance)

    async def change_for(self, seconds: float) -> None:
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            await self.change()

    async def until_brought(self) -> None:
        async with asyncio.timeout(UNTIL):
            while await self.connection.fetchval("SELECT count(*) FROM search_dirty"):  # noqa: ASYNC110 - told by rows
                await asyncio.sleep(0.05)


@pytest_asyncio.fixture
async def stock(market: Any) -> AsyncIterator[Stock]:
    connection = await asyncpg.connect(market.database.plain_url)
    made = Stock(connection, random.Random(20261125))
    await made.fill()
    yield made
    await connection.close()


@asynccontextmanager
async def kept_in_step(market: Any, server: MeilisearchServer) -> AsyncIterator[asyncio.Task[None]]:
    """The worker's loop, which lives through every death of the engine."""
    indexer = open_indexer(server.url, None, Path())
    stop = asyncio.Event()
    worker = asyncio.create_task(keep_in_step(market.database, indexer, stop))
    yield worker
    stop.set()
    await worker
    await indexer.aclose()


async def assert_equal(market: Any, server: MeilisearchServer) -> None:
    """By id and version, and nothing else is left on the server."""
    indexer = open_indexer(server.url, None, Path())
    report = await compare(market.database, indexer)
    await indexer.aclose()
    assert report.whole, report
    assert report.documents > 0
    counted = server.get("/indexes/listings/stats")["numberOfDocuments"]
    assert counted == report.documents


@pytest.fixture
def without_repair(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dirty rows alone must do it: the comparison would mend what they lose."""

    async def compare_nothing(*_: object) -> None:
        return None

    monkeypatch.setattr(indexing, "mend", compare_nothing)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "POLL_SECONDS", 0.1)


@pytest.mark.usefixtures("without_repair")
async def test_twenty_kills_of_the_engine_leave_index_and_database_equal(market, stock, server):
    chance = random.Random(20261126)
    async with kept_in_step(market, server) as worker:
        await stock.until_brought()
        for _ in range(KILLS):
            if (
                chance.random() < 0.2
            ):  # so that some are killed while they build beside the live index and swap
                await stock.connection.execute("SELECT pg_notify('search_rebuild', '')")
            await stock.change_for(chance.uniform(0.02, 0.5))
            await asyncio.to_thread(server.kill)
            await stock.change_for(chance.uniform(0.0, 0.1))
            await asyncio.to_thread(server.start)
            await stock.until_brought()
            # after each, for the next changes would make good what was lost
            assert await is_equal(market, server)
            assert not worker.done()
    assert server.lives == KILLS + 1
    await assert_equal(market, server)


@pytest.mark.parametrize("held", ["older data", "nothing"])
async def test_an_engine_that_comes_back_with_something_else_is_brought_in_step(market, stock, server, held):
    async with kept_in_step(market, server):
        await stock.until_brought()
        server.kill()
        if held == "older data":
            server.keep_data()
        server.start()
        await stock.change_for(0.3)
        await stock.until_brought()
        server.kill()
        server.restore_data()
        server.start()
        async with asyncio.timeout(UNTIL):
            while not await is_equal(market, server):  # noqa: ASYNC110 - another process is asked
                await asyncio.sleep(0.1)
    await assert_equal(market, server)


async def is_equal(market: Any, server: MeilisearchServer) -> bool:
    indexer = open_indexer(server.url, None, Path())
    try:
        return await indexer.current() is not None and (await compare(market.database, indexer)).whole
    finally:
        await indexer.aclose()


class Killing(MeiliIndexer):
    """Kills the server when the task of this number was accepted and nobody knows yet what became of it."""

    def __init__(self, server: MeilisearchServer) -> None:
        super().__init__(server.url, None, listing_schema())
        self._kill: Callable[[], None] = server.kill
        self.left: int | None = None

    def _finish(self, task: int, *given: Any) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self._kill()
        super()._finish(task, *given)


async def test_a_kill_after_each_step_of_a_rebuild_leaves_one_whole_index(market, stock, server):
    indexer = Killing(server)
    await rebuild(market.database, indexer)
    step, died = 0, True
    while died:
        for _ in range(5):
            await stock.change()
        indexer.left = step
        died = False
        try:
            await rebuild(market.database, indexer)
        except SearchError:
            died = True
        indexer.left = None
        if died:
            await asyncio.to_thread(server.start)
        # what had been brought is there, and what had not is still marked: nothing is rebuilt to make it so
        while await drain(market.database, indexer):
            pass
        assert (await compare(market.database, indexer)).whole, step
        step += 1
    assert step > 5, "create, settings, documents, swap, drop"
    assert [index["uid"] for index in server.get("/indexes")["results"]] == ["listings"]
    await indexer.aclose()
    await assert_equal(market, server)
