"""What the database holds in the end, by SQL of its own: raw rows, no code of the product."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

_ROUNDS = """
SELECT id::text, status, bidding_from, bidding_until, hard_stop, extension_seconds, ends_at, rules, rules_sha256,
    last_seq, last_hash, top_alias, top_amount, top_seq
FROM sale_round
"""
_ENTRIES = """
SELECT e.round_id::text, e.seq, e.kind, e.at, r.alias, e.amount, e.idempotency_key AS key, e.document, e.previous, e.hash
FROM round_entry e LEFT JOIN bidder_registration r ON r.id = e.registration_id
ORDER BY e.round_id, e.seq, e.hash
"""
_AWARDS = """
SELECT a.round_id::text, r.alias, a.amount FROM award a JOIN bidder_registration r ON r.id = a.registration_id
WHERE a.status <> 'void'
"""


@dataclass(frozen=True)
class Row:
    """One entry of a log; `alias`, `amount` and `key` are a bid's."""

    seq: int
    kind: str
    at: datetime
    alias: str | None
    amount: int | None
    key: str | None
    document: bytes
    previous: bytes
    hash: bytes

    @property
    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.document)
        return found


@dataclass(frozen=True)
class Held:
    """One round with its log in the order of seq."""

    id: str
    facts: Mapping[str, Any]
    """Its row."""
    rows: list[Row] = field(default_factory=list)
    awards: list[tuple[str, int]] = field(default_factory=list)

    @property
    def bids(self) -> list[Row]:
        return [row for row in self.rows if row.kind == "bid"]

    @property
    def rules(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.facts["rules"])
        return found


async def read(url: str) -> list[Held]:
    """Every round of the database."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            found = {row["id"]: Held(row["id"], row) for row in await connection.fetch(_ROUNDS)}
            for row in await connection.fetch(_ENTRIES):
                held = {name: value for name, value in row.items() if name != "round_id"}
                found[row["round_id"]].rows.append(Row(**held))
            for row in await connection.fetch(_AWARDS):
                found[row["round_id"]].awards.append((row["alias"], row["amount"]))
    finally:
        await connection.close()
    return list(found.values())
