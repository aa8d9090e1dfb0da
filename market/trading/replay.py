"""Plays a round again from its published rules and log, and says where it did not go by the rules; no database.

It believes no entry: every bid is decided again, and every end and the winner are computed again. Sealed bids are opened
again with the published key, where their blobs are given.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from market.ledger.rules import sha256
from market.sealing.envelope import public_key_of, sender_of
from market.trading import bidding, sealed
from market.trading.bidding import Bidder, Lot, Refusal, Top
from market.trading.log import instant
from schemas.vocabulary import EntryKind, RoundStatus

S = RoundStatus
K = EntryKind
TURNS: dict[EntryKind, frozenset[RoundStatus]] = {
    K.ADMITTED: frozenset({S.ANNOUNCED}),
    K.WITHDRAWN: frozenset({S.ANNOUNCED}),
    K.BID: frozenset({S.BIDDING}),
    K.SEALED_BID: frozenset({S.BIDDING}),
    K.SUSPENDED: frozenset({S.BIDDING}),
    K.RESUMED: frozenset({S.SUSPENDED}),
    K.OPENED: frozenset({S.BIDDING}),
    K.CLOSED: frozenset({S.BIDDING, S.OPENING}),
    K.CONFIRMED: frozenset({S.PROVISIONAL_AWARD}),
    K.DEFAULTED: frozenset({S.PROVISIONAL_AWARD}),
    K.VOID: frozenset({S.BIDDING, S.SUSPENDED, S.OPENING, S.PROVISIONAL_AWARD}),
}
"""What a log may say next, by where the round stands."""
UNSETTLED = frozenset({S.ANNOUNCED, S.BIDDING, S.SUSPENDED, S.OPENING})


@dataclass(frozen=True)
class Course:
    """Where the replay of a round has come to."""

    status: RoundStatus
    ends_at: datetime
    top: Top | None
    faults: list[str]
    """One sentence for each entry that does not follow from what is before it; empty when all do."""
    hard_stop: datetime | None
    suspended_at: datetime | None
    won: Top | None
    """Who has won by the rules, whatever the log says."""
    settled_at: datetime | None
    """When nobody but the winner could win any more."""


def replay(rules: bytes, documents: Iterable[bytes], blobs: Mapping[int, bytes] | None = None) -> Course:
    """The course of a round by its rules and the documents of its log, in their order; `blobs` are its sealed bids by seq.

    Without them what the opening says of each bid is taken as given.
    """
    player = _Player(rules, blobs)
    for place, document in enumerate(documents, start=1):
        try:
            player.take(json.loads(document))
        except (ValueError, KeyError, TypeError, AttributeError):
            player.faults.append(f"entry {place}: it cannot be read as an entry of a log")
    return Course(
        status=player.status,
        ends_at=player.lot.ends_at,
        top=player.lot.top,
        faults=player.faults,
        hard_stop=player.lot.hard_stop,
        suspended_at=player.suspended_at if player.status is S.SUSPENDED else None,
        won=player.won,
        settled_at=player.settled_at,
    )


class _Player:
    def __init__(self, document: bytes, blobs: Mapping[int, bytes] | None) -> None:
        self.document, self.blobs = document, blobs
        self.rules = rules = json.loads(document)
        self.sealed: dict[int, str] = {}
        self.faults: list[str] = []
        self.status = S.ANNOUNCED
        self.admitted: dict[str, int | None] = {}
        self.seq = 0
        self.at = datetime.fromisoformat(rules["announced_at"])
        hard_stop = rules["hard_stop"]
        self.lot = Lot(
            opening_price=rules["opening_price"],
            step=rules["step"],
            bidding_from=datetime.fromisoformat(rules["bidding_from"]),
            ends_at=datetime.fromisoformat(rules["bidding_until"]),
            extension=timedelta(seconds=rules["extension_seconds"]),
            hard_stop=datetime.fromisoformat(hard_stop) if hard_stop else None,
        )
        self.suspended_at = self.at
        self.won: Top | None = None
        self.settled_at: datetime | None = None
        self.turn: dict[EntryKind, Callable[[dict[str, Any]], None]] = {
            K.ADMITTED: self._admitted,
            K.BID: self._bid,
            K.SEALED_BID: self._sealed_bid,
            K.SUSPENDED: self._suspended,
            K.RESUMED: self._resumed,
            K.OPENED: self._opened,
            K.CLOSED: self._closed,
        }
        self.leads_to = {
            K.WITHDRAWN: S.WITHDRAWN,
            K.CONFIRMED: S.CONFIRMED,
            K.DEFAULTED: S.DEFAULTED,
            K.VOID: S.VOID,
        }

    def fault(self, said: dict[str, Any], what: str) -> None:
        self.faults.append(f"entry {said['seq']} ({said['kind']}): {what}")

    def take(self, said: dict[str, Any]) -> None:
        """One entry: its place, its time, whether it may come now, and what it says."""
        kind, at = EntryKind(said["kind"]), datetime.fromisoformat(said["at"])
        if said["round"] != self.rules["round"]:
            self.fault(said, "it belongs to another round")
        if said["seq"] != self.seq + 1:
            self.fault(said, f"entry {self.seq + 1} is missing")
        if at < self.at:
            self.fault(said, "its time is before that of the entry before it")
        if self.status not in TURNS[kind]:
            self.fault(said, f"it cannot follow while the round is {self.status}")
        self.seq, self.at = said["seq"], max(at, self.at)
        if kind in self.turn:
            self.turn[kind](said)
        self.status = self.leads_to.get(kind, self.status)
        if self.settled_at is None and self.status not in UNSETTLED:
            self.settled_at = self.at

    def _admitted(self, said: dict[str, Any]) -> None:
        self.admitted = {each["alias"]: each["priority"] for each in said["bidders"]}
        self.status = RoundStatus(said["outcome"])
        if self.at < self.lot.bidding_from:
            self.fault(said, "the bidding began too early")

    def _bid(self, said: dict[str, Any]) -> None:
        alias = said["bidder"]
        if alias not in self.admitted or self.admitted[alias] != said["priority"]:
            self.fault(said, f"{alias} was not admitted so")
        bidder = Bidder(UUID(int=0), alias, said["priority"])
        after = bidding.decide(
            self.lot, bidder, said["amount"], datetime.fromisoformat(said["at"]), said["seq"]
        )
        if isinstance(after, Refusal):
            self.fault(said, f"it should have been refused: {after.value.replace('_', ' ')}")
            return
        if instant(after.ends_at) != said["ends_at"]:
            self.fault(said, f"the end after it is {instant(after.ends_at)}, not {said['ends_at']}")
        self.lot = after

    def _sealed_bid(self, said: dict[str, Any]) -> None:
        refusal = bidding.outside(self.lot, datetime.fromisoformat(said["at"]))
        if refusal is not None or not self.rules["opening"]:
            self.fault(said, "no sealed bid should have been taken")
        if instant(self.lot.ends_at) != said["ends_at"]:
            self.fault(said, f"the end is {instant(self.lot.ends_at)}, not {said['ends_at']}")
        self.sealed[said["seq"]] = said["sealed_sha256"]

    def _opened(self, said: dict[str, Any]) -> None:
        self.status = S.OPENING
        if self.at < self.lot.ends_at:
            self.fault(said, f"the bids were opened before the bidding ended at {instant(self.lot.ends_at)}")
        if [each["seq"] for each in said["bids"]] != list(self.sealed):
            self.fault(said, "the bids that were opened are not those that were taken")
        last = {each["bidder"]: each for each in said["bids"]}
        for alias in last.keys() - self.admitted.keys():
            self.fault(said, f"{alias} was not admitted")
        tops = [
            Top(Bidder(UUID(int=0), alias, self.admitted.get(alias)), each["amount"], each["seq"])
            for alias, each in last.items()
            if each["amount"] is not None
        ]
        self.lot = replace(self.lot, top=bidding.best(tops, self.lot.opening_price))
        if self.blobs is not None:
            self._open_again(said, self.blobs)

    def _open_again(self, said: dict[str, Any], blobs: Mapping[int, bytes]) -> None:
        """Whether the published key is that of the rules, and opens every bid to what is said of it."""
        key = base64.b64decode(said["private_key"])
        lid = sealed.lid_of(self.document, sha256(self.document))
        if public_key_of(key) != lid.public_key:
            self.fault(said, "the key is not the one that the bids were sealed to")
        senders: dict[str, UUID] = {}
        for each in said["bids"]:
            blob = blobs.get(each["seq"], b"")
            if sha256(blob).hex() != self.sealed.get(each["seq"]):
                self.fault(said, f"the sealed bid of entry {each['seq']} is not the one that was taken")
                continue
            sender = sender_of(blob)
            if senders.setdefault(each["bidder"], sender) != sender:
                self.fault(said, f"the bids of {each['bidder']} were sealed by different bidders")
            amount, _ = sealed.opened(lid, sender, key, blob, self.rules["currency"])
            if amount != each["amount"]:
                self.fault(said, f"the sealed bid of entry {each['seq']} says {amount}, not {each['amount']}")
        if len(set(senders.values())) < len(senders):
            self.fault(said, "one bidder's bids stand under several names")

    def _suspended(self, said: dict[str, Any]) -> None:
        self.status, self.suspended_at = S.SUSPENDED, self.at
        if instant(self.lot.ends_at) != said["ends_at"]:
            self.fault(said, f"the end before it is {instant(self.lot.ends_at)}")

    def _resumed(self, said: dict[str, Any]) -> None:
        pause = self.at - self.suspended_at
        hard_stop = self.lot.hard_stop + pause if self.lot.hard_stop else None
        self.lot = replace(self.lot, ends_at=self.lot.ends_at + pause, hard_stop=hard_stop)
        self.status = S.BIDDING
        if instant(self.lot.ends_at) != said["ends_at"]:
            self.fault(said, f"the end moves to {instant(self.lot.ends_at)}, not to {said['ends_at']}")

    def _closed(self, said: dict[str, Any]) -> None:
        before, self.status = self.status, RoundStatus(said["outcome"])
        if self.at < self.lot.ends_at:
            self.fault(said, f"the bidding ended at {instant(self.lot.ends_at)}, not before")
        if self.sealed and before is not S.OPENING:
            self.fault(said, "the sealed bids were not opened")
        reserve = self._reserve(said)
        self.won = won = bidding.winner(self.lot.top, reserve)
        expected = (won.bidder.alias, won.amount) if won else (None, None)
        if (said["winner"], said["amount"]) != expected:
            self.fault(said, f"the winner by the rules is {expected[0]} with {expected[1]}")
        if self.status is not (S.PROVISIONAL_AWARD if won else S.NO_SALE):
            self.fault(said, f"the outcome by the rules is not {self.status}")

    def _reserve(self, said: dict[str, Any]) -> int | None:
        """The revealed reserve price, if it is the one that the rules are bound to."""
        revealed, bound = said["reserve"], self.rules["reserve"]
        if (revealed is None) is not (bound is None):
            self.fault(said, "the rules and the end do not agree on whether there was a reserve price")
        if revealed is None:
            return None
        digest = sha256(bytes.fromhex(revealed["salt"]) + str(revealed["amount"]).encode())
        if bound is not None and digest.hex() != bound["commitment"]:
            self.fault(said, "the revealed reserve price is not the one that the rules are bound to")
        amount: int = revealed["amount"]
        return amount
