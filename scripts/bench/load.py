"""A closed-loop HTTP load on loopback, with as little work per request on its own side as Python allows."""

import asyncio
import itertools
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Request = Callable[[], bytes]
"""Makes the next request of one client, head and body."""


@dataclass(frozen=True)
class Measured:
    """What one stretch of load saw."""

    requests: int
    seconds: float
    latencies: list[float]
    refused: int = 0
    """Answers that the measured thing gives on purpose and that are no success."""

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def p50(self) -> float:
        return statistics.median(self.latencies)

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.latencies, n=100)[98]


class _Client(asyncio.Protocol):
    """One connection that sends the next request as soon as an answer is whole."""

    def __init__(self, request: Request, until: float, most: float, refusal: bytes | None) -> None:
        self.request, self.until, self.most, self.refusal = request, until, most, refusal
        self.latencies: list[float] = []
        self.refused = 0
        self.failed: str | None = None
        self.done = asyncio.get_running_loop().create_future()
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._send()

    def _send(self) -> None:
        self.sent = time.perf_counter()
        self.transport.write(self.request())

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        length = int(head.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        if len(self.buffer) < end + 4 + length:
            return
        at = time.perf_counter()
        status = head[9:12]
        if status in (b"200", b"201"):
            self.latencies.append(at - self.sent)
        elif status == self.refusal:
            self.refused += 1
        else:
            self.failed = self.buffer[:300].decode(errors="replace")
        self.buffer = b""
        if at >= self.until or len(self.latencies) >= self.most or self.failed:
            self.transport.close()
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None and self.failed is None:
            self.failed = str(exc)
        self.done.set_result(None)


async def measure(
    port: int, paths: Sequence[str], *, clients: int, seconds: float = math.inf, requests: float = math.inf
) -> Measured:
    """Load the server with so many connections, for so long or with so many requests each; raises on any error."""
    prepared = [f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() for path in paths]

    def reader(place: int) -> Request:
        following = itertools.cycle(prepared[place * 7919 % len(prepared) :] + prepared)
        return lambda: next(following)

    return await load(port, [reader(place) for place in range(clients)], seconds=seconds, requests=requests)


async def load(
    port: int,
    clients: Sequence[Request],
    *,
    seconds: float = math.inf,
    requests: float = math.inf,
    refusal: int | None = None,
) -> Measured:
    """One connection per client, each sending what its function makes next; raises on any answer but 200, 201, `refusal`."""
    loop = asyncio.get_running_loop()
    begin = time.perf_counter()
    expected = str(refusal).encode() if refusal else None
    made = [_Client(client, begin + seconds, requests, expected) for client in clients]
    for client in made:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*(client.done for client in made))
    spent = time.perf_counter() - begin
    failed = next((client.failed for client in made if client.failed), None)
    if failed:
        raise RuntimeError(f"the server answered: {failed}")
    latencies = [latency for client in made for latency in client.latencies]
    return Measured(len(latencies), spent, latencies, sum(client.refused for client in made))
