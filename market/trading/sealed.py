"""Sealed bids of a tender: for which box they are made, what a blob says once it is opened, and when it says nothing.

No database. The amount of a bid is a whole number of minor units inside the blob, as in the log.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from market.ledger.rules import canonical, sha256
from market.sealing.envelope import SUITE, CannotOpen, Lid, unseal
from market.sealing.rules import Officer
from market.sealing.tables import Box
from market.trading.bidding import Bidder, Top, best
from schemas.trading import most_minor
from schemas.values import MINOR_UNITS

PURPOSE = "sealed bid"
BLOB_BYTES = 1024


def opening_rules(box: Box, officers: dict[UUID, Officer], currency: str) -> dict[str, Any]:
    """What the rules of a tender say of its opening: all that it takes to seal a bid, and who opens it."""
    return {
        "purpose": box.purpose,
        "suite": SUITE,
        "public_key": _text(box.public_key),
        "blob_bytes": box.blob_bytes,
        "decimals": MINOR_UNITS.get(currency, 2),
        "replacement": "the last sealed bid of a bidder counts, and if it cannot be opened, none of theirs does",
        "threshold": box.threshold,
        "officers": [
            {"id": str(person), "name": each.name, "public_key": _text(each.public_key or b"")}
            for person, each in officers.items()
        ],
    }


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def lid_of(rules: bytes, rules_sha256: bytes) -> Lid:
    """The public side of a tender's box, out of its rules."""
    said = json.loads(rules)
    opening = said["opening"]
    return Lid(
        purpose=opening["purpose"],
        subject=UUID(said["round"]),
        rules_sha256=rules_sha256,
        public_key=base64.b64decode(opening["public_key"]),
        blob_bytes=opening["blob_bytes"],
    )


def content(amount: int, currency: str) -> bytes:
    """What a sealed bid says."""
    return canonical({"amount": amount, "currency": currency})


@dataclass(frozen=True)
class Taken:
    """A sealed bid as it stands in the log."""

    seq: int
    bidder: Bidder
    blob: bytes
    sealed_sha256: str
    """As the log said it when the bid was taken."""


def open_all(
    lid: Lid, private_key: bytes, taken: Iterable[Taken], currency: str, opening_price: int
) -> tuple[list[dict[str, Any]], Top | None]:
    """What the opening says of every sealed bid in their order, and the best of each bidder's last."""
    said: list[dict[str, Any]] = []
    last: dict[UUID, Top | None] = {}
    for bid in taken:
        amount, fault = opened(lid, bid.bidder.registration_id, private_key, bid.blob, currency)
        if sha256(bid.blob).hex() != bid.sealed_sha256:
            amount, fault = None, "it was changed after it was taken"
        said.append({"seq": bid.seq, "bidder": bid.bidder.alias, "amount": amount, "fault": fault})
        counts = Top(bid.bidder, amount, bid.seq) if amount is not None else None
        last[bid.bidder.registration_id] = counts
    return said, best([bid for bid in last.values() if bid is not None], opening_price)


def opened(
    lid: Lid, bidder: UUID, private_key: bytes, blob: bytes, currency: str
) -> tuple[int | None, str | None]:
    """The amount of a sealed bid in minor units, or why it is void: whoever cannot be understood has not bid."""
    try:
        return amount_in(unseal(lid, bidder, private_key, blob), currency), None
    except CannotOpen as trouble:
        return None, str(trouble)


def amount_in(said: bytes, currency: str) -> int:
    """The amount that the content of a blob names. CannotOpen where it is not exactly a bid in this currency."""
    try:
        found = json.loads(said)
        known = (
            isinstance(found, dict) and found.keys() == {"amount", "currency"} and canonical(found) == said
        )
    except (ValueError, RecursionError):
        known = False
    if not known:
        raise CannotOpen("its content is not a bid")
    amount = found["amount"]
    if found["currency"] != currency:
        raise CannotOpen("it is in another currency")
    if not isinstance(amount, int) or isinstance(amount, bool) or not 0 < amount <= most_minor(currency):
        raise CannotOpen("its amount is not one")
    return amount
