"""Which rows of weight become leaves of the log, and what the leaf of a row is; knows tables by name alone.

The leaf of an event, of an entry of a round's log and of a receipt is its hash, which those who hold it can show. That of
any other row is the SHA-256 of all its columns, so that no column is changed unseen.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from market.ledger.rules import canonical, sha256


@dataclass(frozen=True)
class Source:
    """One kind of rows. `leaf` is SQL over the row `t`: a hash, or its columns as JSON; `name` calls a row by its key."""

    table: str
    leaf: str
    identifier: str = "id"
    number: str | None = None
    name: str = "t.id"
    """SQL over `t` for a row that is there."""
    called: str = "the row"
    """What stands before the name; the identifier alone, where the row is not there any more."""

    @property
    def numbered(self) -> str:
        """SQL over `t` for what tells apart the rows with one identifier."""
        return f"t.{self.number}" if self.number else "0"


def _columns(*documents: str) -> str:
    """All columns; of those that hold documents, their hash in place of the bytes."""
    hashed = "".join(
        f" || jsonb_build_object('{name}', encode(sha256(t.{name}), 'hex'))" for name in documents
    )
    return f"(to_jsonb(t){hashed})::text"


SOURCES: Mapping[str, Source] = {
    "event": Source(
        "event", "t.hash", name="t.seq || ' of ' || t.subject_kind || ' ' || t.subject_id", called="event"
    ),
    "round_entry": Source(
        "round_entry",
        "t.hash",
        "round_id",
        "seq",
        name="t.seq || ' of round ' || t.round_id",
        called="entry",
    ),
    "transfer": Source("transfer", _columns(), called="transfer"),
    "contract": Source(
        "contract",
        _columns("document"),
        "deal_id",
        "record_number",
        name="t.record_number || ' of the contract of deal ' || t.deal_id",
        called="record",
    ),
    "payment": Source("payment", _columns(), called="payment"),
    "listing_version": Source(
        "listing_version",
        _columns("document"),
        "listing_id",
        "number",
        name="t.number || ' of listing ' || t.listing_id",
        called="version",
    ),
    "introduction": Source("introduction", _columns("receipt"), called="introduction"),
    "introduction_receipt": Source("introduction", "sha256(t.receipt)", called="the receipt of introduction"),
}

# What dates and bytes look like within JSON, whatever the server's settings.
SPELLING = ("SET LOCAL timezone TO 'UTC'", "SET LOCAL bytea_output TO 'hex'")


def entry_of(table: str, leaf: bytes | str) -> bytes:
    """The 32 bytes that stand in the log for a row, from what `Source.leaf` answered.

    A column without a value is left out: a column that is added later changes no row of before. Whole numbers are
    written as text, since those of JSON end at 2^53.
    """
    if isinstance(leaf, bytes):
        return leaf
    row = {
        name: str(value) if type(value) is int else value
        for name, value in json.loads(leaf).items()
        if value is not None
    }
    return sha256(canonical({"table": table, "row": row}))
