"""A reader killed in the middle of a search leaves nothing behind that writer or other readers would notice."""

import asyncio
import multiprocessing
import random
from multiprocessing.connection import Connection
from pathlib import Path

from search.embedded.engine import EmbeddedEngine
from search.embedded.indexer import EmbeddedIndexer
from search.port import SearchRequest, Viewer
from search.schema import listing_schema
from tests.search.makers import a_listing, an_id

KILLS = 3
LISTINGS = 40
REQUEST = SearchRequest(viewer=Viewer.anonymous(), text="listing number", facets=("kind",), limit=100)


def search_for_ever(folder: Path, ready: Connection) -> None:
    """Runs in the process that is killed."""

    async def run() -> None:
        engine = EmbeddedEngine(folder, listing_schema())
        await engine.search(REQUEST)
        ready.send(True)
        while True:
            await engine.search(REQUEST)

    asyncio.run(run())


async def test_killed_readers_disturb_neither_the_writer_nor_the_swap_nor_other_readers(
    tmp_path: Path,
) -> None:
    chance = random.Random(21)
    indexer = EmbeddedIndexer(tmp_path, listing_schema())
    engine = EmbeddedEngine(tmp_path, listing_schema())
    await publish(indexer, rev=0)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["search.embedded.indexer", "tests.search.makers"])
    for kill in range(1, KILLS + 1):
        ours, theirs = context.Pipe(duplex=False)
        reader = context.Process(target=search_for_ever, args=(tmp_path, theirs))
        reader.start()
        theirs.close()
        assert await asyncio.to_thread(ours.recv)
        if kill % 2 == 0:
            await publish(indexer, rev=kill)  # an index that the reader still has open is given up
        number = chance.randint(1, LISTINGS)
        await indexer.apply([a_listing(number, rev=1000 + kill)], [])
        reader.kill()
        await asyncio.to_thread(reader.join)
        ours.close()
        reader.close()
        page = await engine.search(REQUEST)
        assert page.total == LISTINGS
        assert {hit.rev for hit in page.hits if hit.id == an_id(number)} == {1000 + kill}
    await indexer.aclose()
    assert len(folders(tmp_path)) == 2, "the published index and the one before"
    again = EmbeddedIndexer(tmp_path, listing_schema())
    assert len(folders(tmp_path)) == 1
    assert len([pair async for pair in again.scan_revs()]) == LISTINGS
    await again.aclose()


async def publish(indexer: EmbeddedIndexer, rev: int) -> None:
    generation = await indexer.begin_rebuild()
    await indexer.apply([a_listing(n, rev=rev) for n in range(1, LISTINGS + 1)], [], generation=generation)
    await indexer.publish(generation)


def folders(above: Path) -> list[str]:
    return [entry.name for entry in above.iterdir() if entry.is_dir()]
