"""An indexer killed at any moment loses no batch that it acknowledged and leaves none half done."""

import asyncio
import multiprocessing
import random
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from search.embedded.engine import EmbeddedEngine
from search.embedded.indexer import EmbeddedIndexer
from search.port import SearchRequest, Viewer
from search.schema import listing_schema
from tests.search.makers import a_listing, an_id

KILLS = 20
BATCH = 5
IDS = 100  # later batches replace the listings of earlier ones


def batch_ids(batch: int) -> list[int]:
    return [1 + (batch * BATCH + at) % IDS for at in range(BATCH)]


def index_for_ever(folder: Path, first: int, acknowledge: Connection) -> None:
    """Runs in the process that is killed: batch n writes revision n of five listings, then says so."""

    async def run() -> None:
        indexer = EmbeddedIndexer(folder, listing_schema())
        batch = first
        while True:
            await indexer.apply([a_listing(number, rev=batch) for number in batch_ids(batch)], [])
            acknowledge.send(batch)
            batch += 1

    asyncio.run(run())


async def revisions(folder: Path) -> dict[str, int]:
    indexer = EmbeddedIndexer(folder, listing_schema())
    found = {id_: rev async for id_, rev in indexer.scan_revs()}
    await indexer.aclose()
    return found


@pytest.mark.slow
async def test_twenty_kills_lose_no_acknowledged_batch(tmp_path: Path) -> None:
    indexer = EmbeddedIndexer(tmp_path, listing_schema())
    await indexer.publish(await indexer.begin_rebuild())
    await indexer.aclose()
    chance = random.Random(20)
    # children are forked from a process without threads that has loaded the modules once
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["search.embedded.indexer", "tests.search.makers"])
    acknowledged = 0
    for _ in range(KILLS):
        acknowledged = last_acknowledged(context, tmp_path, acknowledged + 1, chance)
        await check(tmp_path, acknowledged)
    page = await EmbeddedEngine(tmp_path, listing_schema()).search(SearchRequest(viewer=Viewer.anonymous()))
    assert page.total == min(IDS, BATCH * acknowledged) or page.total == min(IDS, BATCH * (acknowledged + 1))


def last_acknowledged(
    context: "multiprocessing.context.ForkServerContext", folder: Path, first: int, chance: random.Random
) -> int:
    """Lets a child write some batches, kills it in the middle of the next, and says which it had finished."""
    reader, writer = context.Pipe(duplex=False)
    child = context.Process(target=index_for_ever, args=(folder, first, writer))
    child.start()
    writer.close()
    last = first - 1
    for _ in range(chance.randint(1, 6)):
        last = reader.recv()
    # a moment somewhere inside the following batch, or just behind it
    if reader.poll(chance.uniform(0.0, 0.03)):
        last = reader.recv()
    child.kill()
    child.join()
    while True:
        try:
            last = reader.recv()
        except EOFError:
            break
    reader.close()
    child.close()
    return last


async def check(folder: Path, acknowledged: int) -> None:
    found = await revisions(folder)
    newest: dict[int, int] = {}
    for batch in range(1, acknowledged + 1):
        newest |= dict.fromkeys(batch_ids(batch), batch)
    unfinished = batch_ids(acknowledged + 1)
    finished = {found.get(an_id(number)) for number in unfinished}
    assert finished == {acknowledged + 1} or acknowledged + 1 not in finished, "a batch was applied in part"
    for number, rev in newest.items():
        assert found[an_id(number)] in ({rev, acknowledged + 1} if number in unfinished else {rev})
