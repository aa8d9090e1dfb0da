"""A watcher of a round as the server meets one: it reads its stream while it comes, slowly or not, and may just go."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from litestar import Litestar

SECONDS = 180
"""How long a test waits for what has to come."""


@dataclass
class Stream:
    """What a watcher has been sent; `reads` is cleared while they do not read."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    seen: list[dict[str, Any]] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    parts: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    rest: str = ""
    body: bytes = b""

    async def receive(self) -> dict[str, Any]:
        if not self.begun.is_set():
            self.begun.set()
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
            return
        if not self.reads.is_set():
            self.held.set()
            await self.reads.wait()
        self.body += message.get("body", b"")
        *whole, self.rest = (self.rest + message.get("body", b"").decode()).split("\n\n")
        for part in whole:
            self.parts.put_nowait(part)
        if not message.get("more_body"):
            self.ended.set()

    async def part(self) -> str:
        """The next part of the stream, whatever it is."""
        async with asyncio.timeout(SECONDS):
            return await self.parts.get()

    async def next(self) -> dict[str, Any]:
        """The next event."""
        while True:
            lines = dict(line.split(": ", 1) for line in (await self.part()).split("\n") if line[0] != ":")
            if "data" in lines:
                event = {"id": int(lines["id"]), "event": lines["event"], "data": json.loads(lines["data"])}
                self.seen.append(event)
                return event

    async def until(self, seq: int) -> dict[str, Any]:
        """The event of this entry, or of the first one behind it."""
        while True:
            event = await self.next()
            if event["id"] >= seq:
                return event

    async def end(self) -> None:
        async with asyncio.timeout(SECONDS):
            await self.ended.wait()


@asynccontextmanager
async def watching(app: Litestar, path: str, last: int | str | None = None) -> AsyncIterator[Stream]:
    """Somebody watches a round, who goes when this ends."""
    stream = Stream()
    stream.reads.set()
    headers = [(b"host", b"hall.test")]
    if last is not None:
        headers.append((b"last-event-id", str(last).encode()))
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"/api/v1{path}/events",
        "raw_path": f"/api/v1{path}/events".encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 40_000),
        "server": ("hall.test", 80),
    }
    task = asyncio.create_task(app(scope, stream.receive, stream.send))  # type: ignore[arg-type]
    try:
        yield stream
    finally:
        stream.gone.set()
        stream.reads.set()
        async with asyncio.timeout(SECONDS):
            await task
