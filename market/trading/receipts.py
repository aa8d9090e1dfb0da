"""The receipt of a bid, as the bytes that its bidder is sent; no database."""

import base64
import json
from functools import lru_cache
from json.encoder import encode_basestring as quoted

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from market.ledger.signing import base64_text, public_key
from market.trading.course import Placed
from schemas.values import MINOR_UNITS
from schemas.vocabulary import EntryKind


def receipt(placed: Placed, key: Ed25519PrivateKey) -> bytes:
    """A `Receipt` of a bid that stands, in JSON; the same bid always has the same receipt.

    That of a sealed bid keeps its place in the log for itself, since it would tell how many others bid; its bidder finds
    it there by its hash after the opening. Every bid waits for these bytes: what is known to be plain is not encoded.
    """
    said = json.loads(placed.document)
    if said["kind"] == EntryKind.SEALED_BID:
        seq = amount = previous = document = "null"
        by = f'"{said["sealed_by"]}","sealed_sha256":"{said["sealed_sha256"]}"'
    else:
        seq, amount = said["seq"], _money(said["amount"], placed.currency)
        previous, document = f'"{placed.previous.hex()}"', quoted(placed.document.decode())
        by = 'null,"sealed_sha256":null'
    return (
        f'{{"round":"{said["round"]}","seq":{seq},"kind":"{said["kind"]}","at":"{said["at"]}",'
        f'"bidder":{quoted(placed.alias)},"amount":{amount},"ends_at":"{said["ends_at"]}","sealed_by":{by},'
        f'"rules_sha256":"{placed.rules_sha256.hex()}","previous":{previous},"hash":"{placed.hash.hex()}",'
        f'"document":{document},"signature":"{base64_text(key.sign(placed.hash))}","public_key":"{_public(key)}"}}'
    ).encode()


def _money(minor: int, currency: str) -> str:
    """As `Money` says it."""
    digits = MINOR_UNITS.get(currency, 2)
    whole, rest = divmod(minor, 10**digits)
    amount = f"{whole}.{rest:0{digits}}" if digits else str(whole)
    return f'{{"amount":"{amount}","currency":"{currency}"}}'


@lru_cache(maxsize=8)
def _public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(public_key(key)).decode()
