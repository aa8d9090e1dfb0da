"""How an event is hashed and how a chain of events is checked; knows no database."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import rfc8785

GENESIS = bytes(32)


def canonical(document: Any) -> bytes:
    """RFC 8785 canonical JSON of a document made of plain JSON values."""
    return rfc8785.dumps(document)


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


@dataclass(frozen=True)
class Entry:
    """What an event says, in plain values."""

    subject_kind: str
    subject_id: UUID
    seq: int
    kind: str
    actor_id: UUID | None
    role: str | None
    reason: str | None
    data: dict[str, Any]
    at: datetime


def event_hash(previous: bytes, entry: Entry) -> bytes:
    """SHA-256 over the hash before and the canonical JSON of the entry; times in UTC with microseconds."""
    document = {
        "subject": f"{entry.subject_kind}:{entry.subject_id}",
        "seq": entry.seq,
        "kind": entry.kind,
        "actor": str(entry.actor_id) if entry.actor_id else None,
        "role": entry.role,
        "reason": entry.reason,
        "data": entry.data,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
    }
    return sha256(previous + canonical(document))


def first_break(chain: Iterable[tuple[Entry, bytes, bytes]]) -> str | None:
    """Where one subject's chain, in the order of seq, stops being whole: None, or a sentence that names the row."""
    previous, expected = GENESIS, 1
    for entry, claimed_previous, claimed_hash in chain:
        name = f"event {entry.seq} of {entry.subject_kind} {entry.subject_id}"
        if entry.seq != expected:
            return f"{name}: event {expected} is missing"
        if claimed_previous != previous:
            return f"{name}: does not follow the event before it"
        if event_hash(previous, entry) != claimed_hash:
            return f"{name}: its content was changed"
        previous, expected = claimed_hash, expected + 1
    return None
