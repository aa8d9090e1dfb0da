"""HPKE in base mode written out from RFC 9180, to check the library and the clients against something of another hand."""

import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEM_ID = b"KEM\x00\x20"
HPKE_ID = b"HPKE\x00\x20\x00\x01\x00\x01"


def extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + material, "sha256")


def expand(suite: bytes, secret: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """One block of HKDF-Expand: at most 32 bytes."""
    labeled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(secret, labeled + b"\x01", "sha256")[:length]


def shared_secret(dh: bytes, enc: bytes, receiver: bytes) -> bytes:
    eae = extract(KEM_ID, b"", b"eae_prk", dh)
    return expand(KEM_ID, eae, b"shared_secret", enc + receiver, 32)


def schedule(shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Key and nonce of the first message."""
    context = b"\x00" + extract(HPKE_ID, b"", b"psk_id_hash", b"") + extract(HPKE_ID, b"", b"info_hash", info)
    secret = extract(HPKE_ID, shared, b"secret", b"")
    return expand(HPKE_ID, secret, b"key", context, 16), expand(HPKE_ID, secret, b"base_nonce", context, 12)


def encrypt(text: bytes, receiver: bytes, info: bytes, ephemeral: bytes, aad: bytes = b"") -> bytes:
    """enc ‖ ct, with the ephemeral key given."""
    private = X25519PrivateKey.from_private_bytes(ephemeral)
    enc = private.public_key().public_bytes_raw()
    shared = shared_secret(private.exchange(X25519PublicKey.from_public_bytes(receiver)), enc, receiver)
    key, nonce = schedule(shared, info)
    return enc + AESGCM(key).encrypt(nonce, text, aad)


def decrypt(sealed: bytes, receiver: bytes, info: bytes, aad: bytes = b"") -> bytes:
    """The text again, by the receiver's private key."""
    private = X25519PrivateKey.from_private_bytes(receiver)
    enc = sealed[:32]
    dh = private.exchange(X25519PublicKey.from_public_bytes(enc))
    key, nonce = schedule(shared_secret(dh, enc, private.public_key().public_bytes_raw()), info)
    return AESGCM(key).decrypt(nonce, sealed[32:], aad)
