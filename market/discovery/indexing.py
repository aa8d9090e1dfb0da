"""Keeps the search index in step with the database, from dirty rows that triggers write in each transaction.

Level-triggered: a dirty row says that a listing may have changed, never how. The listing is read again, the index is
told and has answered, and only then is the row deleted, if it was not touched meanwhile. A crash at any point means
that the batch is done again, which changes nothing. One process holds the writer's lock at a time.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import asyncpg

from market.database import Database
from market.discovery.documents import index_documents
from schemas.discovery import IndexReport
from schemas.search import ListingDoc
from search.port import EngineUnreachable, IndexRejected, IndexTimeout, SearchError, SearchIndexer

log = logging.getLogger("market.discovery")

Progress = Callable[[int, int], None]
"""Called with how many are done, of how many."""

WRITER_LOCK = 7_239_043
BATCH = 500
ENGINE_TIMEOUT = 60.0
COMPARE_SECONDS = 24 * 3600.0
POLL_SECONDS = 1.0
"""Notifications can be lost: the table is looked at this often in any case, and so is an engine that was away."""

_TAKE = "SELECT listing_id, seq FROM search_dirty ORDER BY since LIMIT $1"
_DONE = """
DELETE FROM search_dirty d USING unnest($1::uuid[], $2::bigint[]) AS done(id, seq)
WHERE d.listing_id = done.id AND d.seq = done.seq
"""
_NEXT = "SELECT id FROM listing WHERE id > $1 AND published_version IS NOT NULL ORDER BY id LIMIT $2"
_COUNT = "SELECT count(*) FROM listing WHERE published_version IS NOT NULL"
_MARK = "SELECT mark_dirty($1::uuid[])"


class WriterBusy(Exception):
    """Another process keeps the index in step."""


@asynccontextmanager
async def writer(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """Hold the writer's lock on a connection of its own; it is gone with the process. Raises WriterBusy."""
    connection = await asyncpg.connect(database.plain_url)
    try:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", WRITER_LOCK):
            raise WriterBusy("another process keeps the search index in step")
        yield connection
    finally:
        await connection.close()


async def keep_in_step(database: Database, indexer: SearchIndexer, stop: asyncio.Event) -> None:
    """Until `stop` is set. Rebuilds where there is no usable index; raises on the loss of the database.

    While the engine does not answer the dirty rows wait, and so does a rebuild that was asked for. When it is back,
    as at the start and once a day, index and database are compared: it may have come back with older data.
    """
    async with writer(database) as connection, _comparing(database, indexer) as compare_now:
        wake, asked = await _notified(connection)
        log.info("keeping the search index in step")
        known = False  # what the engine holds: not before it has answered, nor after it was away
        told = False
        while not stop.is_set():
            wake.clear()
            try:
                idle = not await _step(database, indexer, asked)
                if told:
                    log.info("the search engine answers again")
                if idle and not known:
                    compare_now.set()
                known, told = known or idle, False
            except (EngineUnreachable, IndexTimeout) as error:
                if not told:
                    log.warning("changes wait for the search engine: %s", error)
                known, told = False, True
                await _first_of(stop)
            else:
                if idle:
                    await _first_of(wake, stop)
            await connection.execute("SELECT 1")  # the lock is held as long as this connection lives


async def _notified(connection: asyncpg.Connection) -> tuple[asyncio.Event, asyncio.Event]:
    """Set when there is something to do, and when that is a rebuild."""
    wake, asked = asyncio.Event(), asyncio.Event()

    def rebuild_asked(*_: object) -> None:
        asked.set()
        wake.set()

    await connection.add_listener("search_dirty", lambda *_: wake.set())
    await connection.add_listener("search_rebuild", rebuild_asked)
    return wake, asked


@asynccontextmanager
async def _comparing(database: Database, indexer: SearchIndexer) -> AsyncIterator[asyncio.Event]:
    """Mends the index beside the work, a while after the last time or when the event is set."""
    due = asyncio.Event()

    async def compare_when_due() -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(due.wait(), COMPARE_SECONDS)
            due.clear()
            try:
                await mend(database, indexer)
            except SearchError as error:
                log.warning("index and database were not compared: %s", error)
            except Exception:  # the work beside it ends with the database, and this is tried again
                log.exception("index and database were not compared")

    comparing = asyncio.create_task(compare_when_due())
    try:
        yield due
    finally:
        comparing.cancel()
        await asyncio.gather(comparing, return_exceptions=True)


async def _step(database: Database, indexer: SearchIndexer, asked: asyncio.Event) -> bool:
    """A rebuild if one was asked for or is needed, else one batch; answers whether there was anything to do."""
    if not asked.is_set() and await indexer.current() is not None:
        return await drain(database, indexer) > 0
    asked.clear()
    try:
        await rebuild(database, indexer)
    except BaseException:
        asked.set()
        raise
    return True


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def drain(
    database: Database, indexer: SearchIndexer, generations: Sequence[str | None] = (None,)
) -> int:
    """Bring one batch of dirty listings into these generations (None is the published one); answers how many."""
    rows = await database.pool.fetch(_TAKE, BATCH)
    if not rows:
        return 0
    ids = [row["listing_id"] for row in rows]
    await _bring(database, indexer, ids, generations)
    await database.pool.execute(_DONE, ids, [row["seq"] for row in rows])
    return len(rows)


async def _bring(
    database: Database, indexer: SearchIndexer, ids: Sequence[UUID], generations: Sequence[str | None]
) -> None:
    async with database.sessions() as session:
        upserts = await index_documents(session, ids)
    kept = {document.id for document in upserts}
    deletes = [str(identifier) for identifier in ids if str(identifier) not in kept]
    for generation in generations:
        await _apply(indexer, upserts, deletes, generation)


async def _apply(
    indexer: SearchIndexer, upserts: Sequence[ListingDoc], deletes: Sequence[str], generation: str | None
) -> None:
    """Apply a batch; one that is refused is halved until the document that spoils it stands alone and is left out."""
    try:
        receipt = await indexer.apply(upserts, deletes, generation=generation)
        await indexer.wait(receipt, ENGINE_TIMEOUT)
    except IndexRejected as refusal:
        if len(upserts) <= 1:
            log.error("left out of the index: %s: %s", [document.id for document in upserts], refusal.reason)
            spoiled = [document.id for document in upserts]
            if spoiled or deletes:
                await indexer.wait(
                    await indexer.apply([], [*deletes, *spoiled], generation=generation), ENGINE_TIMEOUT
                )
            return
        half = len(upserts) // 2
        await _apply(indexer, upserts[:half], deletes, generation)
        await _apply(indexer, upserts[half:], [], generation)


async def rebuild(
    database: Database, indexer: SearchIndexer, progress: Progress = lambda _done, _of: None
) -> int:
    """Build a new generation beside the live one and swap it in; both follow changes meanwhile. Answers its size."""
    live = await indexer.current()
    generation = await indexer.begin_rebuild()
    followed: list[str | None] = [generation] if live is None else [None, generation]
    try:
        total = await database.pool.fetchval(_COUNT)
        done, after = 0, UUID(int=0)
        while ids := [row["id"] for row in await database.pool.fetch(_NEXT, after, BATCH)]:
            await _bring(database, indexer, ids, [generation])
            done, after = done + len(ids), ids[-1]
            progress(done, total)
            await drain(database, indexer, followed)
        while await drain(database, indexer, followed):
            pass
        await indexer.publish(generation)
    except BaseException:
        try:
            await indexer.drop(generation)
        except SearchError as error:  # the next build removes it; what went wrong first is what counts
            log.warning("an unfinished index was left behind: %s", error)
        raise
    log.info("search index rebuilt: %d listings, generation %s", done, generation)
    return done


async def compare(database: Database, indexer: SearchIndexer) -> IndexReport:
    """Where the index differs from the database, document by document, by fingerprint."""
    held = {UUID(identifier): rev async for identifier, rev in indexer.scan_revs()}
    wanted: dict[UUID, int] = {}
    after = UUID(int=0)
    while ids := [row["id"] for row in await database.pool.fetch(_NEXT, after, BATCH)]:
        async with database.sessions() as session:
            wanted |= {UUID(d.id): d.rev for d in await index_documents(session, ids)}
        after = ids[-1]
    return IndexReport(
        documents=len(held),
        missing=[key for key in wanted if key not in held],
        outdated=[key for key, rev in wanted.items() if key in held and held[key] != rev],
        surplus=[key for key in held if key not in wanted],
    )


async def mend(database: Database, indexer: SearchIndexer) -> IndexReport:
    """Compare, and mark what differs as dirty, so that it is brought in step; answers what differed."""
    report = await compare(database, indexer)
    if not report.whole:
        await database.pool.execute(_MARK, [*report.missing, *report.outdated, *report.surplus])
        log.warning(
            "index and database differed: %d missing, %d outdated, %d surplus",
            len(report.missing),
            len(report.outdated),
            len(report.surplus),
        )
    return report
