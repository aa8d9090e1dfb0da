"""Events of the record as they are shown, and proofs that they are in the log."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from schemas.values import View


class EventView(View):
    """One entry of a subject's chain; `hash` covers it and, through `previous`, all before it."""

    seq: int
    kind: str
    at: datetime
    actor_id: UUID | None
    role: str | None
    reason: str | None
    data: dict[str, Any]
    previous: str
    hash: str


class LogKey(View):
    """Who signs the checkpoints of the log: its name and its public key, together as verifiers of signed notes take them."""

    algorithm: Literal["Ed25519"] = "Ed25519"
    origin: str
    public_key: str
    """Base64 of its 32 bytes."""
    verifier: str


class LogInclusion(View):
    """That a leaf is in the tree that the checkpoint signs (RFC 9162, 2.1.3); hashes in hexadecimal."""

    index: int
    entry: str
    """What the leaf stands for: the hash of an event, of an entry of a round's log, of a receipt, or of a row."""
    leaf_hash: str
    size: int
    path: list[str]
    checkpoint: str
    """The signed note, whose tree has `size` leaves."""


class LogConsistency(View):
    """That the tree of the first size begins that of the second (RFC 9162, 2.1.4); hashes in hexadecimal."""

    first: int
    second: int
    path: list[str]
    checkpoint: str
    """The newest signed note."""
