"""The worker lets time pass and clears what has expired; losing the database it asks to be started again."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from market import worker
from market.database import Database
from market.discovery.indexing import compare, writer
from market.opening import open_writer
from market.settings import Settings
from search.embedded.indexer import EmbeddedIndexer
from search.port import EngineUnreachable
from search.schema import listing_schema
from tests.makers import Market
from tests.operations.disks import full
from tests.operations.processes import only_as_root
from tests.search.makers import a_listing


async def run(database: Database, statement: str, **values: Any) -> Any:
    async with database.sessions() as session, session.begin():
        result = await session.execute(text(statement), values)
        return result.scalar() if result.returns_rows else None  # type: ignore[attr-defined]


async def age(database: Database, listing: dict[str, Any], days: int) -> None:
    """As if the listing had been confirmed so many days before its time."""
    await run(
        database,
        "UPDATE listing SET confirm_due_at = now() - make_interval(days => :days) WHERE id = :id",
        days=days,
        id=UUID(listing["id"]),
    )


async def test_listings_that_nobody_confirms_go_stale_and_are_archived(market: Market) -> None:
    officer, director = await market.university()
    due, fresh, forgotten = [await market.listing(officer, director) for _ in range(3)]
    await age(market.database, due, 1)
    await age(market.database, forgotten, 1)
    await worker.pass_time(market.database)
    await age(market.database, forgotten, 61)

    await worker.pass_time(market.database)

    status = "SELECT status FROM listing WHERE id = :id"  # a read over HTTP would apply what is due itself
    shown = [await run(market.database, status, id=UUID(row["id"])) for row in (due, fresh, forgotten)]
    assert shown == ["stale", "published", "archived"]


async def test_a_listing_that_somebody_holds_is_left_to_the_next_round(market: Market) -> None:
    officer, director = await market.university()
    held = await market.listing(officer, director)
    await age(market.database, held, 1)
    async with market.database.sessions() as session, session.begin():
        await session.execute(text("SELECT FROM listing WHERE id = :id FOR UPDATE"), {"id": UUID(held["id"])})
        await worker.pass_time(market.database)
    status = "SELECT status FROM listing WHERE id = :id"
    assert await run(market.database, status, id=UUID(held["id"])) == "published"
    await worker.pass_time(market.database)
    assert await run(market.database, status, id=UUID(held["id"])) == "stale"


async def test_what_has_expired_is_deleted_and_nothing_else(market: Market) -> None:
    officer, _ = await market.university()
    await officer.post(
        "/listings", {"kind": "result", "title": {"en": "Kept"}}, headers={"Idempotency-Key": "young"}
    )
    await officer.post(
        "/listings", {"kind": "result", "title": {"en": "Old"}}, headers={"Idempotency-Key": "old"}
    )
    await run(
        market.database, "UPDATE stored_answer SET stored_at = now() - interval '73 hours' WHERE key = 'old'"
    )
    gone = await market.person(officer.organisation_id)
    await run(
        market.database,
        "UPDATE person_session SET expires_at = now() - interval '1 second' WHERE person_id = :id",
        id=gone.person_id,
    )
    await run(
        market.database,
        "INSERT INTO attempts VALUES ('old', now() - interval '3 days', 1), ('new', now(), 1)",
    )

    await worker.clear(market.database)

    assert await run(market.database, "SELECT string_agg(key, ' ') FROM stored_answer") == "young"
    counted = "SELECT count(*) FROM person_session WHERE person_id = :id"
    assert await run(market.database, counted, id=gone.person_id) == 0
    assert await run(market.database, counted, id=officer.person_id) == 1
    assert await run(market.database, "SELECT count(*) FROM attempts WHERE bucket IN ('old', 'new')") == 1


@pytest.fixture
def at_work(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"data_dir": tmp_path})


async def within(check: Callable[[], Awaitable[bool]]) -> None:
    """Ask again and again until it is so."""
    async with asyncio.timeout(120):
        while not await check():
            pass


async def test_it_brings_a_publication_into_the_index_and_stops_in_order(
    market: Market, at_work: Settings
) -> None:
    stop = asyncio.Event()
    working = asyncio.create_task(worker.work(at_work, market.database, stop))
    officer, director = await market.university()
    await market.listing(officer, director)

    async def in_step() -> bool:
        return await run(market.database, "SELECT count(*) FROM search_dirty") == 0

    await within(in_step)
    assert (at_work.data_dir / worker.SIGN_OF_LIFE).exists()
    stop.set()
    await working


@only_as_root
async def test_what_finds_no_room_in_the_index_waits_and_is_there_when_there_is_room(
    market: Market, at_work: Settings, small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stop = asyncio.Event()
    officer, director = await market.university()
    working = asyncio.create_task(worker.work(at_work, market.database, stop))

    async def in_step() -> bool:
        return await run(market.database, "SELECT count(*) FROM search_dirty") == 0

    async def told() -> bool:
        await asyncio.sleep(0)
        return "there is no room on the disk of the search index" in caplog.text

    await market.listing(officer, director)
    await within(in_step)
    with full(small_disk):
        await market.listing(officer, director)
        await within(told)
        assert not await in_step()
        assert not working.done()
    await within(in_step)
    stop.set()
    await working
    async with open_writer(at_work) as indexer:
        assert (await compare(market.database, indexer)).whole


@only_as_root
async def test_while_there_is_no_room_nothing_is_left_that_would_be_in_the_way_once_there_is(
    small_disk: Path,
) -> None:
    """Neither the lock of a writer, by whoever keeps the errors, nor the folders of rebuilds that did not begin."""
    kept = []
    indexer = EmbeddedIndexer(small_disk / "index", listing_schema())
    await indexer.publish(await indexer.begin_rebuild())
    await indexer.apply([a_listing(1)], [])
    folders = sorted((small_disk / "index").iterdir())
    with full(small_disk):
        for _ in range(4):
            with pytest.raises(EngineUnreachable) as refused:
                await indexer.apply([a_listing(2)], [])
            kept.append(refused.value)
        with pytest.raises(EngineUnreachable) as refused:
            await indexer.begin_rebuild()
        kept.append(refused.value)
    assert sorted((small_disk / "index").iterdir()) == folders
    assert (await indexer.apply([a_listing(2)], [])).ids
    await indexer.publish(await indexer.begin_rebuild())
    await indexer.aclose()


async def test_a_second_worker_stands_by(market: Market, at_work: Settings) -> None:
    stop = asyncio.Event()
    async with writer(market.database):
        working = asyncio.create_task(worker.work(at_work, market.database, stop))

        async def signed() -> bool:
            return await asyncio.to_thread((at_work.data_dir / worker.SIGN_OF_LIFE).exists)

        await within(signed)
        assert not working.done()
        stop.set()
        await working


async def test_losing_the_database_it_ends_and_asks_to_be_started_again(
    market: Market, at_work: Settings
) -> None:
    database = Database(market.settings.database_url or "", pool_size=2)
    await database.open()
    working = asyncio.create_task(worker.work(at_work, database, asyncio.Event()))
    others = """
        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND query = 'SELECT 1' AND pid <> pg_backend_pid()
    """

    async def ended() -> bool:
        await run(market.database, others)
        return working.done()

    await within(ended)
    assert working.exception() is not None
    await database.close()


async def test_an_unreachable_database_is_said_and_gives_the_code_that_starts_it_again(
    at_work: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = at_work.model_copy(update={"database_url": "postgresql://nobody@127.0.0.1:1/none"})
    assert await worker.attend(nowhere) == worker.START_AGAIN
    assert "database does not answer" in caplog.text
