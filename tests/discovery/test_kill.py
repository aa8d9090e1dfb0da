"""The worker is killed at random moments while listings change; afterwards index and database are equal."""

import asyncio
import contextlib
import json
import multiprocessing
import random
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection

import asyncpg
import pytest

from market.database import new_id
from market.discovery.indexing import compare, drain, rebuild
from scripts.bench.read import insert_listings
from search import open_indexer
from tests.depth import examples
from tests.discovery.worker_process import BEGUN, DONE, work

KILLS = examples(200)
LISTINGS = 60


def document(identifier: object, number: int, words: random.Random) -> bytes:
    title = " ".join(words.choice(["anode", "laser", "robot", "gene", "alloy"]) for _ in range(6))
    return json.dumps({"id": str(identifier), "title": {"en": title}, "version": number}).encode()


async def change(connection: asyncpg.Connection, ids: list, versions: dict, words: random.Random) -> None:
    """One committed change: a new version, or another state."""
    identifier = words.choice(ids)
    if words.random() < 0.5:
        status = words.choice(["published", "paused", "stale", "withdrawn", "published"])
        await connection.execute("UPDATE listing SET status = $2 WHERE id = $1", identifier, status)
        return
    versions[identifier] += 1
    number = versions[identifier]
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO listing_version SELECT $1, $2, $3, sha256($3), now(), created_by FROM listing WHERE id = $1",
            identifier,
            number,
            document(identifier, number, words),
        )
        await connection.execute(
            "UPDATE listing SET published_version = $2 WHERE id = $1", identifier, number
        )


def rest_of(told: Connection) -> Iterator[str]:
    """What a worker that was killed had said and nobody had heard yet."""
    with contextlib.suppress(EOFError):
        while True:
            yield told.recv()


@pytest.mark.slow
@pytest.mark.deep
async def test_kills_of_the_worker_leave_index_and_database_equal(market, tmp_path):
    words = random.Random(20261124)
    index = tmp_path / "index"
    connection = await asyncpg.connect(market.database.plain_url)
    ids = [new_id() for _ in range(LISTINGS)]
    versions = dict.fromkeys(ids, 1)
    await insert_listings(connection, ids, [document(i, 1, words) for i in ids])
    indexer = open_indexer(None, None, index)
    await rebuild(market.database, indexer)
    await indexer.aclose()
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.discovery.worker_process"])
    done = in_a_batch = 0
    for _ in range(KILLS):
        heard, saying = processes.Pipe(duplex=False)
        worker = processes.Process(target=work, args=(market.database.plain_url, str(index), saying))
        worker.start()
        saying.close()
        said: list[str] = []
        for _ in range(words.randint(0, 4)):  # some are killed before they have begun
            while not heard.poll():
                await change(connection, ids, versions, words)
            said.append(heard.recv())
        moment = asyncio.get_running_loop().time() + words.uniform(0, 0.03)
        while asyncio.get_running_loop().time() < moment:
            await change(connection, ids, versions, words)
        worker.kill()
        await asyncio.to_thread(worker.join)
        assert worker.exitcode == -signal.SIGKILL, "it ended before it was killed"
        said += rest_of(heard)
        heard.close()
        done += said.count(DONE)
        in_a_batch += said[-1:] == [BEGUN]
    indexer = open_indexer(None, None, index)
    while await drain(market.database, indexer):
        pass
    report = await compare(market.database, indexer)
    await indexer.aclose()
    await connection.close()
    assert done >= KILLS // 2, "the workers were killed before they did anything"
    assert in_a_batch >= KILLS // 5, "the workers were killed between their batches"
    assert report.documents > 0
    assert report.whole, report
