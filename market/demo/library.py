"""Reads the listings of the demo market from their files and dates them by the day of loading; knows no database."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from market.demo.cast import BODIES
from market.ledger.rules import sha256
from market.listings.documents import instant

FOLDER = Path(__file__).parent / "data"
FILES = ("results.jsonl.gz", "products.jsonl.gz", "opportunities.jsonl.gz", "invented.jsonl")


@dataclass(frozen=True)
class Piece:
    """One listing to be: whose it is, and what it says; `key` names it in the demo's own files alone."""

    key: str
    owner: str
    content: dict[str, Any]

    @property
    def kind(self) -> str:
        return str(self.content["kind"])


def pieces(loaded_at: datetime) -> list[Piece]:
    """All listings in the order of their keys, without those whose patents have expired by then."""
    found = [_dated(record, loaded_at) for name in FILES for record in _records(name)]
    return sorted(
        (piece for piece in found if _in_force(piece, loaded_at.date())), key=lambda piece: piece.key
    )


def _records(name: str) -> Iterator[dict[str, Any]]:
    raw = (FOLDER / name).read_bytes()
    text = gzip.decompress(raw) if name.endswith(".gz") else raw
    yield from (json.loads(line) for line in text.decode().splitlines())


def _dated(record: dict[str, Any], loaded_at: datetime) -> Piece:
    content = dict(record["content"])
    content.setdefault("region", BODIES[record["owner"]].new.region)
    for name, days in (("deadline", "deadline_days"), ("questions_until", "questions_days")):
        if days in record:
            day = loaded_at + timedelta(days=record[days])
            content[name] = instant(day.replace(hour=9, minute=0, second=0, microsecond=0))
    return Piece(record["key"], record["owner"], content)


def _in_force(piece: Piece, today: date) -> bool:
    ends = [right.get("expires_on") for right in piece.content.get("ip_rights", [])]
    return all(end is None or date.fromisoformat(end) > today for end in ends)


def drawn(key: str, low: int, high: int) -> int:
    """A number from low to high that belongs to this key: as good as chance, and the same at every loading."""
    return low + int.from_bytes(sha256(key.encode())[:4]) % (high - low + 1)
