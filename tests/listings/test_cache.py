"""The public documents in memory: a change is out of every process with one notification, whatever is read meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import asyncpg
import pytest
from litestar import Litestar

from market import notifications
from market.database import Database
from market.listings import cache
from market.listings.cache import DocumentCache
from market.notifications import Listener
from tests.makers import Caller, Market
from tests.web.instances import another


class Heard:
    """How many notifications an instance has taken in, and through which of the database's processes."""

    def __init__(self) -> None:
        self.count = self.backend = 0
        self._more = asyncio.Condition()

    def listen(self, app: Litestar) -> None:
        documents: DocumentCache = app.state.documents
        heard = documents.heard

        def hear(connection: asyncpg.Connection, *arguments: Any) -> None:
            heard(connection, *arguments)
            self.count += 1
            self.backend = connection.get_server_pid()
            asyncio.get_running_loop().create_task(self._tell())

        documents.heard = hear  # type: ignore[method-assign]

    async def _tell(self) -> None:
        async with self._more:
            self._more.notify_all()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(20), self._more:
            await self._more.wait_for(lambda: self.count >= count)


Instances = list[tuple[Market, Heard]]


@pytest.fixture(scope="module")
async def instances(market: Market) -> AsyncIterator[Instances]:
    """Two processes, as it were, each with its own memory."""
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(2):
            heard = Heard()
            found.append(
                (await stack.enter_async_context(another(market.settings, prepare=heard.listen)), heard)
            )
        yield found


def held(market: Market, listing: dict[str, Any]) -> bool:
    documents: DocumentCache = market.app.state.documents
    return documents.held(UUID(listing["id"])) is not None


async def statuses(instances: Instances, listing: dict[str, Any]) -> list[int]:
    path = f"/api/v1/listings/{listing['id']}"
    return [(await instance.client.get(path)).status_code for instance, _ in instances]


async def told(instances: Instances, who: Caller, path: str, body: Any = None) -> Any:
    """Carry out a verb and wait until every instance has heard of it, once."""
    counts = [heard.count for _, heard in instances]
    answer = await who.ok("POST", path, body)
    for (_, heard), count in zip(instances, counts, strict=True):
        await heard.until(count + 1)
    return answer


async def published(market: Market, instances: Instances) -> tuple[Caller, Caller, dict[str, Any]]:
    """A listing of which every instance has heard all that there is to hear."""
    officer, director = await market.university()
    listing = await market.listing(officer, director, status="approved")
    return officer, director, await told(instances, director, f"/listings/{listing['id']}/publication")


async def test_a_listing_is_kept_in_memory_by_each_process_that_reads_it(
    market: Market, instances: Instances
) -> None:
    _, _, listing = await published(market, instances)
    assert not any(held(instance, listing) for instance, _ in instances)
    assert await statuses(instances, listing) == [200, 200]
    assert all(held(instance, listing) for instance, _ in instances)


@pytest.mark.parametrize(("verb", "body"), [("pause", None), ("withdrawal", {"reason": "Sold elsewhere"})])
async def test_a_listing_that_leaves_is_gone_everywhere_with_one_notification(
    market: Market, instances: Instances, verb: str, body: Any
) -> None:
    officer, _, listing = await published(market, instances)
    assert await statuses(instances, listing) == [200, 200]
    await told(instances, officer, f"/listings/{listing['id']}/{verb}", body)
    assert await statuses(instances, listing) == [410, 410]


async def test_a_paused_listing_is_back_everywhere_with_one_notification(
    market: Market, instances: Instances
) -> None:
    officer, _, listing = await published(market, instances)
    path = f"/listings/{listing['id']}"
    await told(instances, officer, f"{path}/pause")
    assert await statuses(instances, listing) == [410, 410]
    await told(instances, officer, f"{path}/publication")
    assert await statuses(instances, listing) == [200, 200]


async def test_a_reader_never_sees_an_old_version_after_the_notification(
    market: Market, instances: Instances
) -> None:
    officer, director, listing = await published(market, instances)
    path = f"/listings/{listing['id']}"
    floor, done, reads = 1, False, 0

    async def read_on(instance: Market) -> None:
        nonlocal reads
        while not done:
            least = floor
            answer = await instance.client.get(f"/api/v1{path}")
            assert answer.json()["version"] >= least
            reads += 1
            await asyncio.sleep(
                0
            )  # what is in memory is answered without a wait, and would leave no turn to others

    async def publish() -> None:
        nonlocal floor, done
        try:
            for version in range(2, 7):
                await officer.patch(path, {"region": f"11010{version}"}, "*")
                await officer.ok("POST", f"{path}/submission")
                await director.ok("POST", f"{path}/approval")
                state = await told(instances, director, f"{path}/publication")
                assert state["published_version"] == version
                # The publication's own notification is the last of four: none of them may still be under way.
                for _, heard in instances:
                    await heard.until(first[heard] + 4 * (version - 1))
                floor = version
        finally:
            done = True

    first = {heard: heard.count for _, heard in instances}
    readers = [read_on(instance) for instance, _ in instances for _ in range(3)]
    await asyncio.gather(publish(), *readers)
    assert reads > 100
    assert await statuses(instances, listing) == [200, 200]


async def test_a_process_that_hears_nothing_serves_nothing_from_memory(
    market: Market, instances: Instances
) -> None:
    officer, director, listing = await published(market, instances)
    assert await statuses(instances, listing) == [200, 200]
    pool = market.database.pool
    for _, heard in instances:
        assert await pool.fetchval("SELECT pg_terminate_backend($1)", heard.backend)
    async with asyncio.timeout(20):
        while any(held(instance, listing) for instance, _ in instances):
            await pool.fetchval("SELECT 1")
    await officer.ok("POST", f"/listings/{listing['id']}/pause")
    assert await statuses(instances, listing) == [410, 410]
    other = await market.listing(officer, director)
    async with asyncio.timeout(20):
        while not all(held(instance, other) for instance, _ in instances):  # once they hear again
            assert await statuses(instances, other) == [200, 200]


# The order of a read and a notification, step by step


class Reading:
    """A database whose answer to a read is held back; the row is what it was when the read began."""

    def __init__(self) -> None:
        self.row: dict[str, Any] = {
            "status": "published",
            "withdrawal_reason": None,
            "sha256": b"1" * 32,
            "document": b'{"version":1}',
            "number": 1,
        }
        self.asked, self.answer = asyncio.Event(), asyncio.Event()
        self.pool = self

    async def fetchrow(self, _query: str, _listing_id: UUID) -> dict[str, Any]:
        row = dict(self.row)
        self.asked.set()
        await self.answer.wait()
        return row


async def _reading() -> tuple[DocumentCache, Reading, UUID, "asyncio.Task[Any]"]:
    database = Reading()
    documents = DocumentCache(cast(Database, database))
    listing = uuid4()
    task = asyncio.create_task(documents.read(listing))
    await database.asked.wait()
    return documents, database, listing, task


async def test_what_is_read_while_it_is_heard_is_kept() -> None:
    database = Reading()
    database.answer.set()
    documents = DocumentCache(cast(Database, database))
    documents._listening = True
    listing = uuid4()
    found = await documents.read(listing)
    assert found is not None
    assert documents.held(listing) is found
    documents.heard(None, 0, cache.CHANNEL, str(listing))
    assert documents.held(listing) is None


async def test_a_change_that_is_heard_during_a_read_keeps_the_old_row_out() -> None:
    database = Reading()
    documents = DocumentCache(cast(Database, database))
    documents._listening = True
    listing = uuid4()
    task = asyncio.create_task(documents.read(listing))
    await database.asked.wait()
    documents.heard(None, 0, cache.CHANNEL, str(listing))
    database.answer.set()
    assert (await task) is not None
    assert documents.held(listing) is None


async def test_a_read_that_began_before_the_process_could_hear_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between its reading and the first LISTEN a change may have been told to nobody."""
    database = SimpleNamespace(plain_url="", pool=None)
    reading = Reading()
    database.pool = reading
    documents = DocumentCache(cast(Database, database))
    listing = uuid4()
    task = asyncio.create_task(documents.read(listing))
    await reading.asked.wait()

    class Connection:
        def add_termination_listener(self, _callback: object) -> None: ...
        async def add_listener(self, _channel: str, _callback: object) -> None: ...
        async def execute(self, _query: str, **_: object) -> None: ...
        def terminate(self) -> None: ...

    async def connect(*_: object, **__: object) -> Connection:
        return Connection()

    monkeypatch.setattr(notifications.asyncpg, "connect", connect)
    listener = Listener(cast(Database, database), documents)
    await listener.start()
    reading.answer.set()
    assert (await task) is not None
    assert documents.held(listing) is None
    assert (await documents.read(listing)) is documents.held(listing)
    await listener.stop()
    assert documents.held(listing) is None


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_BYTES", 100)
    database = Reading()
    database.answer.set()
    database.row["document"] = b"x" * 30
    documents = DocumentCache(cast(Database, database))
    documents._listening = True
    listings = [uuid4() for _ in range(10)]
    for listing in listings:
        await documents.read(listing)
    kept = [documents.held(listing) is not None for listing in listings]
    assert kept == [False] * 7 + [True] * 3
    await documents.read(listings[-1])
    assert documents._bytes == 90
