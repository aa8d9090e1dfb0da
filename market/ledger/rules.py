"""How an event is hashed and how a chain of events is checked; knows no database."""

import hashlib
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


@dataclass
class Chain:
    """What is known of one subject's chain while its events are read in the order of seq."""

    subject: tuple[str, UUID]
    previous: bytes = GENESIS
    expected: int = 1
    broken: bool = False

    def broken_by(self, entry: Entry, claimed_previous: bytes, claimed_hash: bytes) -> str | None:
        """The next event; a sentence that names it where the chain stops being whole here, and once."""
        if self.broken:
            return None
        wrong = self._wrong(entry, claimed_previous, claimed_hash)
        self.previous, self.expected, self.broken = claimed_hash, self.expected + 1, wrong is not None
        return f"event {entry.seq} of {entry.subject_kind} {entry.subject_id}: {wrong}" if wrong else None

    def _wrong(self, entry: Entry, claimed_previous: bytes, claimed_hash: bytes) -> str | None:
        if entry.seq != self.expected:
            return f"event {self.expected} is missing"
        if claimed_previous != self.previous:
            return "does not follow the event before it"
        if event_hash(self.previous, entry) != claimed_hash:
            return "its content was changed"
        return None
