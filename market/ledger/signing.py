"""Derives the keys of receipts and of the log, and signs with them; knows no database and no settings."""

import base64
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# Fixed for good: another text would derive another key from the same secret.
_RECEIPTS = b"release-hall receipts ed25519 v1"
_LOG = b"release-hall log ed25519 v1"


@dataclass(frozen=True)
class Signed:
    signature: bytes
    public_key: bytes
    """The 32 raw bytes (RFC 8032)."""


def signing_key(secret: str) -> Ed25519PrivateKey:
    """The key of receipts, derived from the installation's secret by HKDF-SHA-256 (RFC 5869)."""
    return _derived(secret, _RECEIPTS)


def log_key(secret: str) -> Ed25519PrivateKey:
    """The key of the log's checkpoints, derived likewise: no receipt can be passed off as a checkpoint."""
    return _derived(secret, _LOG)


def _derived(secret: str, purpose: bytes) -> Ed25519PrivateKey:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose)
    return Ed25519PrivateKey.from_private_bytes(derive.derive(secret.encode()))


def public_key(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def sign(key: Ed25519PrivateKey, receipt: bytes) -> Signed:
    return Signed(key.sign(receipt), public_key(key))


def base64_text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
