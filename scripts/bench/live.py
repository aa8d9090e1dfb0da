"""How long a new price takes to 1,000 people who watch one round: from the answer to its bid to the last of them."""

import asyncio
import itertools
import resource
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from market.database import database_urls
from scripts.bench.bids import bidders, set_the_scene
from scripts.bench.servers import scratch_database, serving

WATCHERS = 1000
AT_ONCE = 50
"""Watchers that come together; how fast they come is not what is measured."""
BIDS = 30
PATIENCE = 60.0
FILES = 4096


class Crowd:
    """Everybody who watches, and how many of them have seen the price that is waited for."""

    def __init__(self) -> None:
        self.awaited = -1
        self.lacking = 0
        self.complete: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def expect(self, seq: int, watchers: "list[Watcher]") -> None:
        """Wait for an entry; whoever has it already has been faster than the bid's answer."""
        self.awaited = seq
        self.lacking = sum(watcher.seq < seq for watcher in watchers)
        self.complete = asyncio.get_running_loop().create_future()
        if not self.lacking:
            self.complete.set_result(time.perf_counter())

    def seen(self, before: int, seq: int) -> None:
        if before < self.awaited <= seq:
            self.lacking -= 1
            if not self.lacking:
                self.complete.set_result(time.perf_counter())


class Watcher(asyncio.Protocol):
    """One stream, of which no more is read than the places in the log."""

    def __init__(self, path: str, crowd: Crowd) -> None:
        self.request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        self.crowd = crowd
        self.seq = -1
        self.buffer = b""
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        begin = self.buffer.rfind(b"id: ")
        end = self.buffer.find(b"\n", begin)
        if begin < 0 or end < 0:
            return
        before, self.seq = self.seq, int(self.buffer[begin + 4 : end])
        self.buffer = b""
        self.crowd.seen(before, self.seq)
        if not self.begun.done():
            self.begun.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - of the protocol
        self.ended.set()
        if not self.begun.done():
            self.begun.set_exception(RuntimeError(f"a stream did not begin: {self.buffer[:300]!r}"))


@asynccontextmanager
async def gathered(port: int, path: str, crowd: Crowd) -> AsyncIterator[list[Watcher]]:
    """All of them, each of whom has been told where the round stands."""
    loop = asyncio.get_running_loop()
    watchers: list[Watcher] = []
    try:
        while len(watchers) < WATCHERS:
            for _ in range(AT_ONCE):
                made = await loop.create_connection(lambda: Watcher(path, crowd), "127.0.0.1", port)
                watchers.append(made[1])
            begun = asyncio.gather(*(watcher.begun for watcher in watchers[-AT_ONCE:]))
            await asyncio.wait_for(begun, PATIENCE)
        yield watchers
    finally:
        for watcher in watchers:
            watcher.transport.close()
        await asyncio.gather(*(watcher.ended.wait() for watcher in watchers))  # or the server waits for them


async def reached(port: int, request: bytes, crowd: Crowd, watchers: list[Watcher]) -> float:
    """Place one bid; the seconds from its answer until the last watcher has seen it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
    body = await reader.readexactly(length)
    answered = time.perf_counter()
    writer.close()
    if not head.startswith(b"HTTP/1.1 201"):
        raise RuntimeError(f"the server answered: {body[:300]!r}")
    crowd.expect(int(body.split(b'"seq":', 1)[1].split(b",", 1)[0]), watchers)
    return max(0.0, await asyncio.wait_for(crowd.complete, PATIENCE) - answered)


async def run() -> str:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))  # of the server too, which inherits it
    async with scratch_database() as (url, folder):
        plain = database_urls(url)[1]
        connection = await asyncpg.connect(plain)
        scene = await set_the_scene(connection)
        await connection.close()
        with serving("scripts.bench.apps:hall", plain, folder) as port:
            path = f"/api/v1/rounds/{scene.round_id}"
            crowd = Crowd()
            requests = bidders(f"{path}/bids", scene.tokens, itertools.count(1))
            async with gathered(port, f"{path}/events", crowd) as watchers:
                took = [await reached(port, request(), crowd, watchers) for request in requests[:BIDS]]
    slowest, usual = max(took), statistics.median(took)
    print(
        f"live: {WATCHERS:,} watchers, {BIDS} bids: last one after {usual * 1000:.0f} ms, at most {slowest * 1000:.0f} ms"
    )
    return f"LIVE ratio={slowest:.2f} (slowest of 1,000 watchers to see a new price / one second)"
