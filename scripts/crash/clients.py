"""The bidders: each sends a bid until it has an answer, under one key, and goes on from what it was told."""

import asyncio
import json
import random
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scripts.crash.journal import Journal, Sent
from scripts.crash.plan import Plan
from scripts.crash.scene import Lot, Lots

TIMEOUT = 2.5
"""Seconds after which an answer is unknown: a process that is stopped for 3 s is asked again elsewhere."""
LONGEST_PAUSE = 0.3
PATIENCE = 90.0
"""Seconds after which a bid that nobody answers ends the run."""

_LEAST = re.compile(r"the least bid now is (\d+)\.(\d\d) ")


@dataclass(frozen=True)
class Answer:
    status: int
    replayed: bool
    body: dict[str, Any]


class Unknown(Exception):
    """What became of the request is not known."""


class Line:
    """A client's connection, to whichever process takes it."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._turn = random.randrange(len(ports))
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> Answer:
        """Send once. Unknown where no whole answer came; the next attempt goes to the next process."""
        try:
            async with asyncio.timeout(TIMEOUT):
                if self._streams is None:
                    self._streams = await asyncio.open_connection("127.0.0.1", self._ports[self._turn])
                reader, writer = self._streams
                writer.write(request)
                return await _answer(reader)
        except (OSError, EOFError, TimeoutError) as lost:
            self.hang_up()
            self._turn = (self._turn + 1) % len(self._ports)
            raise Unknown() from lost

    def hang_up(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


async def _answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = re.search(r"content-length: (\d+)", head)
    body = await reader.readexactly(int(length[1]) if length else 0)
    return Answer(int(head[9:12]), "idempotency-replayed: true" in head, json.loads(body))


@dataclass
class Client:
    """One bidder, registered in every round under the same number."""

    number: int
    line: Line
    lots: Lots
    journal: Journal
    plan: Plan
    stop: asyncio.Event

    async def run(self) -> None:
        """Bid until told to stop; whatever is under way is brought to its answer."""
        try:
            while not self.stop.is_set():
                lot = self.lots.pick()
                await self._bid(lot, lot.raised())
                await asyncio.sleep(random.random() * self.plan.pause)
        finally:
            self.line.hang_up()

    async def _bid(self, lot: Lot, amount: int) -> None:
        """One bid, and if it is too low the least amount that was named, until it leads or the bidding is over."""
        while True:
            bid = self.journal.send(lot.round_id, f"A{self.number:02}", amount, secrets.token_hex(12))
            request = _request(lot, self.number, bid)
            answer = await self._certain(request)
            self.journal.answer(bid, answer.status, answer.body, replayed=answer.replayed)
            if answer.status == 201:
                if random.random() < self.plan.repeated:
                    self.journal.repeat(bid, (await self._certain(request)).body)
                return
            kind = str(answer.body.get("type")).rpartition("/")[2]
            if kind == "bidding-not-open":
                lot.ended.set()
                return
            if kind != "bid-too-low":
                raise RuntimeError(f"a bid was answered with {answer}")
            if self.stop.is_set():
                return
            amount = lot.told(_least(answer.body["detail"]))

    async def _certain(self, request: bytes) -> Answer:
        """Ask until there is an answer that settles it."""
        pause = 0.02
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    answer = await self.line.ask(request)
                    if answer.status < 500:
                        return answer
                except Unknown:
                    pass
                await asyncio.sleep(pause * random.uniform(0.5, 1))
                pause = min(LONGEST_PAUSE, pause * 2)


def _least(detail: str) -> int:
    found = _LEAST.search(detail)
    if found is None:
        raise RuntimeError(f"no least amount is named: {detail}")
    return int(found[1]) * 100 + int(found[2])


def _request(lot: Lot, number: int, bid: Sent) -> bytes:
    body = f'{{"amount": {{"amount": "{bid.amount // 100}.{bid.amount % 100:02}", "currency": "CNY"}}}}'
    return (
        f"POST /api/v1/rounds/{lot.round_id}/bids HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {lot.tokens[number]}\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: {bid.key}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
