"""Where a round stands, entry by entry of its log, and how a watcher is told (server-sent events); no database."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from market.trading.rules import ENDED
from schemas.trading import Standing
from schemas.values import Money
from schemas.vocabulary import EntryKind, RoundStatus

STANDING = "standing"
"""The event that tells a bid, or where the round stands when a watcher comes; a turn of the round tells its kind."""
RETRY = b"retry: 2000\n\n"
"""After how many milliseconds a browser that lost its stream comes again."""
BEAT = bytes(9) + b":\n\n"
"""A comment that keeps a silent stream alive, packed as `packed` packs what an entry says."""

_LEADS_TO = {
    EntryKind.BID: RoundStatus.BIDDING,
    EntryKind.SUSPENDED: RoundStatus.SUSPENDED,
    EntryKind.RESUMED: RoundStatus.BIDDING,
    EntryKind.OPENED: RoundStatus.OPENING,
    EntryKind.CONFIRMED: RoundStatus.CONFIRMED,
    EntryKind.DEFAULTED: RoundStatus.DEFAULTED,
    EntryKind.WITHDRAWN: RoundStatus.WITHDRAWN,
    EntryKind.VOID: RoundStatus.VOID,
}
"""How the round stands after an entry that does not say so itself."""


@dataclass(frozen=True)
class Terms:
    """What of an announced round does not change; amounts in minor units."""

    round_id: UUID
    currency: str
    opening_price: int
    step: int
    bidding_until: datetime


@dataclass(frozen=True)
class Stand:
    """Where a round stands after the entry `seq` of its log."""

    terms: Terms
    seq: int
    status: RoundStatus
    ends_at: datetime
    bidder: str | None = None
    amount: int | None = None
    event: str = STANDING

    def after(self, said: dict[str, Any]) -> "Stand":
        """After one entry more, which is no sealed bid."""
        kind = EntryKind(said["kind"])
        stand = replace(
            self,
            seq=said["seq"],
            status=_LEADS_TO.get(kind) or RoundStatus(said["outcome"]),
            event=STANDING if kind is EntryKind.BID else kind.value,
        )
        if "ends_at" in said:
            stand = replace(stand, ends_at=datetime.fromisoformat(said["ends_at"]))
        leader = said.get("bidder") or said.get("winner")
        return replace(stand, bidder=leader, amount=said["amount"]) if leader else stand

    @property
    def is_final(self) -> bool:
        """Whether nothing follows."""
        return self.status in ENDED

    def text(self, at: datetime) -> bytes:
        """The event as it is sent; `at` is the time by the server's clock."""
        terms = self.terms
        least = terms.opening_price if self.amount is None else self.amount + terms.step
        view = Standing(
            round=terms.round_id,
            status=self.status,
            seq=self.seq,
            bidder=self.bidder,
            amount=None if self.amount is None else Money.of(self.amount, terms.currency),
            least_next=Money.of(least, terms.currency),
            ends_at=self.ends_at,
            server_time=at,
        )
        return f"id: {self.seq}\nevent: {self.event}\ndata: {view.model_dump_json()}\n\n".encode()

    def packed(self, at: datetime) -> bytes:
        """The event with what a stream must know of it: its place in the log, and whether it is the last one."""
        return self.seq.to_bytes(8) + bytes([self.is_final]) + self.text(at)


def unpacked(message: bytes) -> tuple[int, bool, bytes]:
    """The place in the log (0 for a beat), whether nothing follows, and the text of what was packed."""
    return int.from_bytes(message[:8]), bool(message[8]), message[9:]
