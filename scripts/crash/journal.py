"""What the clients know: each bid from before it was sent until its answer, in memory and in a file."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any


@dataclass
class Sent:
    """One bid under one Idempotency-Key; times are of this process's monotonic clock, which all clients share."""

    round_id: str
    bidder: str
    """The alias in the round."""
    amount: int
    key: str
    sent: float
    """Before the first attempt."""
    answered: float | None = None
    status: int | None = None
    receipt: dict[str, Any] | None = None
    replayed: bool = False
    """The answer came to a repeat: the bid had been committed, and nobody had been told."""
    again: list[dict[str, Any]] = field(default_factory=list)
    """What was answered to the same request sent once more after its receipt had come."""

    @property
    def acknowledged(self) -> bool:
        return self.status == 201


class Journal:
    """Every bid of a run."""

    def __init__(self, place: Path) -> None:
        self.bids: list[Sent] = []
        self.acknowledged = 0
        self._file = place.open("w")
        self._moved = asyncio.Event()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._file.close()

    def send(self, round_id: str, bidder: str, amount: int, key: str) -> Sent:
        """Write down a bid that is about to be sent."""
        bid = Sent(round_id, bidder, amount, key, time.monotonic())
        self.bids.append(bid)
        self._write(
            sent=bid.sent, round=round_id, bidder=bidder, amount=amount, key=key
        )  # on paper before it is on the wire
        return bid

    def answer(self, bid: Sent, status: int, receipt: dict[str, Any], *, replayed: bool) -> None:
        """Write down the answer that settles a bid."""
        bid.answered, bid.status, bid.replayed = time.monotonic(), status, replayed
        if status == 201:
            bid.receipt = receipt
            self.acknowledged += 1
            self._moved.set()
        self._write(answered=bid.answered, key=bid.key, status=status, replayed=replayed, receipt=receipt)

    def repeat(self, bid: Sent, receipt: dict[str, Any]) -> None:
        """Write down what was answered to a bid that had its receipt already."""
        bid.again.append(receipt)
        self._write(repeated=time.monotonic(), key=bid.key, receipt=receipt)

    @property
    def replays(self) -> int:
        return sum(bid.replayed for bid in self.bids)

    async def reach(self, acknowledged: int) -> None:
        """Wait until so many bids are acknowledged. For one waiter."""
        while self.acknowledged < acknowledged:
            self._moved.clear()
            await self._moved.wait()

    def _write(self, **line: Any) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
