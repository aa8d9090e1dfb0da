"""Decides one bid after another: what stands, what is accepted, when the bidding ends and who has won; no database.

Amounts are whole minor units of the round's currency. `now` is the database's clock, read after the round was locked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

EXTENSION = timedelta(seconds=300)
"""A bid in the last 300 s moves the end to 300 s after it (法释〔2016〕18号 art. 20, borrowed as a default)."""


@dataclass(frozen=True)
class Bidder:
    """Who bids: a qualified registration; `priority` is the rank of a right of first refusal (优先购买权), 1 first."""

    registration_id: UUID
    alias: str
    priority: int | None = None


@dataclass(frozen=True)
class Top:
    """The bid that leads."""

    bidder: Bidder
    amount: int
    seq: int


@dataclass(frozen=True)
class Lot:
    """What decides a bid in an English bidding: the frozen rules, and where the bidding stands."""

    opening_price: int
    step: int
    bidding_from: datetime
    ends_at: datetime
    extension: timedelta = EXTENSION
    hard_stop: datetime | None = None
    top: Top | None = None

    @property
    def least(self) -> int:
        """The least amount that a bidder without a right of first refusal may bid next."""
        return self.opening_price if self.top is None else self.top.amount + self.step


class Refusal(StrEnum):
    NOT_BEGUN = "not_begun"
    ENDED = "ended"
    """A bid that arrives in the very instant of the end is late."""
    TOO_LOW = "too_low"
    EQUAL_NOT_YOURS = "equal_not_yours"
    """An equal bid is for a bidder whose right of first refusal comes before the leader's."""


def decide(lot: Lot, bidder: Bidder, amount: int, now: datetime, seq: int) -> Lot | Refusal:
    """The lot with this bid on top, or why the bid is refused.

    A bid is at least the opening price, then at least one step above the leading one. Whoever holds a right of first
    refusal may bid just as much as the leader and then leads, unless the leader's own right comes first (法释〔2016〕18号
    art. 21). A bid within the extension of the end moves the end, never beyond the hard stop.
    """
    closed = outside(lot, now)
    if closed is not None:
        return closed
    if lot.top is not None and amount == lot.top.amount and bidder.priority is not None:
        if not _comes_before(bidder.priority, lot.top.bidder.priority):
            return Refusal.EQUAL_NOT_YOURS
    elif amount < lot.least:
        return Refusal.TOO_LOW
    return replace(lot, top=Top(bidder, amount, seq), ends_at=_end_after(lot, now))


def outside(lot: Lot, now: datetime) -> Refusal | None:
    """Why no bid is taken at `now`, be it open or sealed."""
    if now < lot.bidding_from:
        return Refusal.NOT_BEGUN
    return Refusal.ENDED if now >= lot.ends_at else None


def _comes_before(priority: int, leading: int | None) -> bool:
    return leading is None or priority < leading


def _end_after(lot: Lot, now: datetime) -> datetime:
    moved = now + lot.extension
    if lot.hard_stop is not None:
        moved = min(moved, lot.hard_stop)
    return max(lot.ends_at, moved)


def best(bids: Iterable[Top], opening_price: int) -> Top | None:
    """The bid that leads among opened sealed ones, one of each bidder, that reach the opening price.

    The highest; of equal ones that of the first right of first refusal, then the one that came first.
    """
    valid = [bid for bid in bids if bid.amount >= opening_price]
    return min(valid, key=lambda bid: (-bid.amount, *_rank(bid.bidder.priority), bid.seq), default=None)


def _rank(priority: int | None) -> tuple[bool, int]:
    return priority is None, priority or 0


def winner(top: Top | None, reserve: int | None) -> Top | None:
    """Who has won when the bidding has ended: the leader, unless the reserve price (保留价) was not met (拍卖法 art. 50)."""
    if top is None or (reserve is not None and top.amount < reserve):
        return None
    return top
