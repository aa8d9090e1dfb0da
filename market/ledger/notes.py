"""Checkpoints of the log as signed notes (C2SP signed-note, tlog-checkpoint); knows no database and no settings."""

import base64
import hashlib
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from market.ledger.signing import public_key

_ED25519 = b"\x01"
_DASH = "\u2014 "


class NotSigned(ValueError):
    """A note is malformed, or not signed by the key that it is read with."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a log: its name, how many leaves it has, and the root of their tree."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def origin_of(base_url: str) -> str:
    """What the log of a hall is called: its address without the scheme."""
    address = urlsplit(base_url)
    return f"{address.netloc}{address.path.rstrip('/')}/log"


def key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


def verifier(name: str, public: bytes) -> str:
    """The key in the form that verifiers of signed notes take."""
    return f"{name}+{key_id(name, public).hex()}+{base64.b64encode(_ED25519 + public).decode()}"


def signed(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The note: the checkpoint's text and one signature in the log's name."""
    text, name = checkpoint.text(), checkpoint.origin
    signature = key_id(name, public_key(key)) + key.sign(text.encode())
    return f"{text}\n{_DASH}{name} {base64.b64encode(signature).decode()}\n"


def read(note: str, public: bytes | None) -> Checkpoint:
    """The checkpoint that a note holds, if the log itself signed it with this key; NotSigned otherwise.

    Signatures of others, such as witnesses, are passed over. Without a key the text alone is read, and believed.
    """
    text, _, signatures = note.partition("\n\n")
    try:
        origin, size, root = text.split("\n")
        checkpoint = Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
    except ValueError as error:
        raise NotSigned("it is no checkpoint") from error
    if checkpoint.text() != text + "\n" or len(checkpoint.root) != hashlib.sha256().digest_size:
        raise NotSigned("it is no checkpoint")
    if public is not None and not any(
        _fits(checkpoint, line, public) for line in signatures.removesuffix("\n").split("\n")
    ):
        raise NotSigned("it is not signed by the key of the log")
    return checkpoint


def _fits(checkpoint: Checkpoint, line: str, public: bytes) -> bool:
    try:
        name, encoded = line.removeprefix(_DASH).split(" ")
        signature = base64.b64decode(encoded, validate=True)
        if name != checkpoint.origin or signature[:4] != key_id(name, public):
            return False
        if base64.b64encode(signature).decode() != encoded:  # bits of the last character may mean nothing
            return False
        Ed25519PublicKey.from_public_bytes(public).verify(signature[4:], checkpoint.text().encode())
    except (ValueError, InvalidSignature):
        return False
    return line.startswith(_DASH)
