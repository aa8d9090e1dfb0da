"""The sealed format: a blob of one size whatever it holds, bound to what it is for and to its sender; no database.

    magic and version 8 | subject 16 | SHA-256 of the rules 32 | sender 16 | HPKE encapsulated key 32, ciphertext

The plaintext is the length of the content in 4 bytes, the content, and zeros up to the size of the box. HPKE (RFC 9180)
is in base mode with X25519, HKDF-SHA-256 and AES-128-GCM, which browsers have too; `info` is the canonical JSON of
purpose, subject, rules and sender, so that a blob whose header was exchanged does not open.
"""

from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from market.ledger.rules import canonical

SUITE = "DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM"
MAGIC = b"RHSEAL\x00\x01"
HEADER_BYTES = len(MAGIC) + 16 + 32 + 16
_HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
_LENGTH_BYTES = 4
OVERHEAD = HEADER_BYTES + 32 + 16 + _LENGTH_BYTES
"""What a blob holds beside the content: header, encapsulated key, tag and length."""


class CannotOpen(Exception):
    """A blob that the key of its box does not open; its text says why."""


@dataclass(frozen=True)
class Lid:
    """The public side of a box: all that it takes to seal something for it."""

    purpose: str
    subject: UUID
    rules_sha256: bytes
    public_key: bytes
    """32 raw bytes (RFC 7748)."""
    blob_bytes: int

    @property
    def most(self) -> int:
        """Bytes of content that a blob of this box holds."""
        return self.blob_bytes - OVERHEAD

    def header(self, sender: UUID) -> bytes:
        return MAGIC + self.subject.bytes + self.rules_sha256 + sender.bytes

    def context(self, sender: UUID) -> bytes:
        """What HPKE binds the ciphertext to, as `info`."""
        return canonical(
            {
                "purpose": self.purpose,
                "subject": str(self.subject),
                "rules_sha256": self.rules_sha256.hex(),
                "sender": str(sender),
            }
        )


def seal(lid: Lid, sender: UUID, content: bytes) -> bytes:
    """The blob of a content of at most `lid.most` bytes."""
    if len(content) > lid.most:
        raise ValueError(f"a blob of this box holds {lid.most} bytes")
    padded = len(content).to_bytes(_LENGTH_BYTES) + content.ljust(lid.most, b"\0")
    return lid.header(sender) + encrypt(padded, lid.public_key, lid.context(sender))


def misaddressed(lid: Lid, sender: UUID, blob: bytes) -> str | None:
    """Why a blob is not one of this sender for this box, by its size and header alone; None where it may be."""
    if len(blob) != lid.blob_bytes:
        return f"a sealed blob has {lid.blob_bytes} bytes here, not {len(blob)}"
    subject = len(MAGIC)
    rules, whose = subject + 16, HEADER_BYTES - 16
    if blob[:subject] != MAGIC:
        return "this is not a sealed blob of a version that is known here"
    if blob[subject:rules] != lid.subject.bytes:
        return "this was sealed for something else"
    if blob[rules:whose] != lid.rules_sha256:
        return "this was sealed under other rules"
    if blob[whose:HEADER_BYTES] != sender.bytes:
        return "this was sealed by another sender"
    return None


def sender_of(blob: bytes) -> UUID:
    """Whom the header of a whole blob names."""
    return UUID(bytes=blob[HEADER_BYTES - 16 : HEADER_BYTES])


def unseal(lid: Lid, sender: UUID, private_key: bytes, blob: bytes) -> bytes:
    """The content again. CannotOpen says why there is none."""
    reason = misaddressed(lid, sender, blob)
    if reason is not None:
        raise CannotOpen(reason)
    padded = decrypt(blob[HEADER_BYTES:], private_key, lid.context(sender))
    length = int.from_bytes(padded[:_LENGTH_BYTES])
    content, rest = padded[_LENGTH_BYTES:][:length], padded[_LENGTH_BYTES:][length:]
    if length > lid.most or rest.strip(b"\0"):
        raise CannotOpen("its content does not end where it says")
    return content


def new_key() -> tuple[bytes, bytes]:
    """A fresh pair: the private key and the public key, 32 raw bytes each."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def public_key_of(private_key: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def encrypt(text: bytes, public_key: bytes, info: bytes) -> bytes:
    """HPKE to 32 raw bytes of a public key. ValueError where that is a point to which nothing can be kept secret."""
    return _HPKE.encrypt(text, X25519PublicKey.from_public_bytes(public_key), info)


def decrypt(sealed: bytes, private_key: bytes, info: bytes) -> bytes:
    """CannotOpen where it was sealed to another key, in another context, or was changed."""
    try:
        return _HPKE.decrypt(sealed, X25519PrivateKey.from_private_bytes(private_key), info)
    except (InvalidTag, ValueError) as trouble:
        raise CannotOpen("it was not sealed to this key in this context, or it was changed") from trouble
