"""Keeps a reserve price secret until the end: encrypted under a key that is not in the database; no database.

The salted hash that is published with the rules binds the seller to the price that will be revealed.
"""

import secrets
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from market.ledger.rules import sha256

# Fixed for good: another text would derive another key from the same secret.
_INFO = b"release-hall reserve prices aes-256-gcm v1"
_SALT_BYTES = 32
_NONCE_BYTES = 12


@dataclass(frozen=True)
class Reserve:
    """A reserve price (保留价) in minor units with the salt of its commitment."""

    amount: int
    salt: bytes

    @property
    def commitment(self) -> bytes:
        """SHA-256 over the salt and the amount in decimal digits."""
        return sha256(self.salt + str(self.amount).encode())


class Vault:
    """Seals and opens reserve prices with a key derived from the installation's secret (HKDF-SHA-256, RFC 5869)."""

    def __init__(self, secret: str) -> None:
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_INFO).derive(secret.encode())
        self._cipher = AESGCM(key)

    def seal(self, round_id: UUID, amount: int) -> tuple[bytes, Reserve]:
        """What is stored, bound to the round, and the reserve that it holds."""
        reserve = Reserve(amount, secrets.token_bytes(_SALT_BYTES))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        text = reserve.salt + amount.to_bytes(8)
        return nonce + self._cipher.encrypt(nonce, text, round_id.bytes), reserve

    def open(self, round_id: UUID, sealed: bytes) -> Reserve:
        """The reserve again; InvalidTag where it was changed, belongs to another round, or the secret is another one."""
        text = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], round_id.bytes)
        return Reserve(int.from_bytes(text[_SALT_BYTES:]), text[:_SALT_BYTES])
