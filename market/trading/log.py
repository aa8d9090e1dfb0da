"""The public log of a round: what an entry says, how it is chained, and whether a log is whole; no database.

The rules, frozen when the round is announced, are the root: the first entry follows their hash. An entry is canonical
JSON (RFC 8785), and its hash is SHA-256 over the hash before it and its bytes, so that anybody can recompute both.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from market.ledger.rules import canonical, sha256
from schemas.vocabulary import EntryKind

Flat = Mapping[str, str | int | None]
_FLAT = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
)


@dataclass(frozen=True)
class Link:
    """One entry as it is stored: its bytes, the hash that it follows, and its own."""

    document: bytes
    previous: bytes
    hash: bytes


@lru_cache(maxsize=256)  # the bids of one transaction share theirs
def instant(at: datetime) -> str:
    """An instant as the log writes it: UTC with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def entry(round_id: UUID, seq: int, kind: EntryKind, at: datetime, facts: dict[str, Any]) -> bytes:
    """The bytes of one entry; `facts` are plain JSON values, amounts in whole minor units."""
    return canonical({"round": str(round_id), "seq": seq, "kind": kind.value, "at": instant(at)} | facts)


def flat(document: Flat) -> bytes:
    """The same bytes as `canonical`, and sooner, for what has neither depth nor fractions, under names in ASCII.

    A whole number stands between -(2**53 - 1) and 2**53 - 1, as everywhere in canonical JSON.
    """
    return _FLAT.encode(document).encode()


def bid_entry(round_id: UUID, seq: int, kind: EntryKind, at: datetime, facts: Flat) -> bytes:
    """The bytes of the entry of a bid, whose facts are flat."""
    return flat({"round": str(round_id), "seq": seq, "kind": kind.value, "at": instant(at), **facts})


def bid_facts(alias: str, amount: int, priority: int | None, ends_at: datetime) -> dict[str, Any]:
    """What the log says of a bid: who under an alias, how much, by which rank of first refusal, and the end after it."""
    return {"bidder": alias, "amount": amount, "priority": priority, "ends_at": instant(ends_at)}


def sealed_facts(sealed_sha256: bytes, sealed_by: str, ends_at: datetime, salt: str) -> dict[str, Any]:
    """What the log says of a sealed bid: not whose it is, which the opening tells.

    The random salt keeps its bidder from trying, by the hash in the receipt, which entry it follows and thereby how many
    others have bid.
    """
    return {
        "sealed_sha256": sealed_sha256.hex(),
        "sealed_by": sealed_by,
        "ends_at": instant(ends_at),
        "salt": salt,
    }


def link(previous: bytes, document: bytes) -> Link:
    """Chain an entry to the one before, or to the hash of the rules."""
    return Link(document, previous, sha256(previous + document))


def breaks(rules: bytes, claimed: bytes, links: Iterable[tuple[int, Link]]) -> Iterator[str]:
    """Where a log is not whole, a sentence for each entry; `claimed` is the hash of the rules, `links` are by seq."""
    if sha256(rules) != claimed:
        yield "the rules: their bytes or their hash were changed"
    previous, last = claimed, 0
    for seq, each in links:
        if seq > last + 1:
            yield missing(last + 1, seq - 1)
        if each.previous != previous:
            yield f"entry {seq}: it does not follow the entry before it"
        if sha256(each.previous + each.document) != each.hash:
            yield f"entry {seq}: its bytes or its hash were changed"
        previous, last = each.hash, seq


def missing(first: int, last: int) -> str:
    """The sentence that names entries that are not there."""
    return f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"
