"""What a bidder, a watcher and a verifier are shown of a round."""

import base64
import json
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from market.ledger.rules import canonical
from market.ledger.signing import base64_text, sign
from market.listings.tables import ListingVersion
from market.organisations.tables import Organisation
from market.trading.course import Placed
from market.trading.house import House
from market.trading.log import instant
from market.trading.tables import Award, Registration, Round
from schemas.trading import Receipt, RoundPlan
from schemas.values import Money
from schemas.vocabulary import EntryKind, RoundKind


def receipt(placed: Placed, key: Ed25519PrivateKey) -> Receipt:
    """The receipt of a bid that stands; the same bid always has the same receipt.

    That of a sealed bid keeps its place in the log for itself, since it would tell how many others bid; its bidder finds
    it there by its hash after the opening.
    """
    said = json.loads(placed.document)
    sealed = said["kind"] == EntryKind.SEALED_BID
    signed = sign(key, placed.hash)
    return Receipt(
        round=said["round"],
        seq=None if sealed else said["seq"],
        kind=said["kind"],
        at=datetime.fromisoformat(said["at"]),
        bidder=placed.alias,
        amount=None if sealed else Money.of(said["amount"], placed.currency),
        ends_at=datetime.fromisoformat(said["ends_at"]),
        rules_sha256=placed.rules_sha256.hex(),
        sealed_by=said.get("sealed_by"),
        sealed_sha256=said.get("sealed_sha256"),
        previous=None if sealed else placed.previous.hex(),
        hash=placed.hash.hex(),
        document=None if sealed else placed.document.decode(),
        signature=base64_text(signed.signature),
        public_key=base64.b64encode(signed.public_key).decode(),
    )


_SAID = (
    "price_basis",
    "appraised_value",
    "viewing",
    "conditions",
    "known_defects",
    "encumbrances",
    "taxes_and_fees",
    "contact",
    "agents",
    "confirm_working_days",
    "auction",
)
"""What the rules take from the plan as it stands."""


def rules_document(
    row: Round,
    plan: RoundPlan,
    version: ListingVersion,
    seller: Organisation,
    house: House,
    at: datetime,
    opening: dict[str, Any] | None,
) -> bytes:
    """RFC 8785 canonical JSON of the rules as they are announced at `at`; amounts in whole minor units.

    `opening` is what a sealed tender says of its box and its officers.

    Of a right of first refusal it says the rank and when its holder was told, not who that is: bidders stay unnamed.
    """
    said = plan.model_dump(mode="json", by_alias=True, include=set(_SAID))
    decides: dict[str, Any] = {
        "currency": row.currency,
        "opening_price": row.opening_price,
        "step": row.step,
        "deposit": row.deposit,
        "reserve": {"commitment": row.reserve_commitment.hex()} if row.reserve_commitment else None,
        "first_refusals": sorted(
            (
                {"rank": each.rank, "notified_on": each.notified_on.isoformat()}
                for each in plan.first_refusals
            ),
            key=lambda each: (each["rank"], each["notified_on"]),
        ),
        "announced_at": instant(at),
        "registration_until": instant(row.registration_until),
        "bidding_from": instant(row.bidding_from),
        "bidding_until": instant(row.bidding_until),
        "hard_stop": instant(row.hard_stop) if row.hard_stop else None,
        "extension_seconds": row.extension_seconds,
        "periods": house.periods.value,
        "opening": opening,
    }
    subject = {
        "round": str(row.id),
        "kind": row.kind.value,
        "mode": row.mode.value,
        "listing": {
            "id": str(row.listing_id),
            "version": version.number,
            "sha256": version.sha256.hex(),
        },
        "seller": {"id": str(seller.id), "name": seller.name},
        "auction_licence": house.auction_licence if row.kind is RoundKind.AUCTION else None,
        "relisted_from": str(row.relisted_from) if row.relisted_from else None,
    }
    return canonical(said | decides | subject)


def confirmation(
    row: Round, award: Award, bidder: Registration, seller: Organisation, buyer: Organisation, at: datetime
) -> bytes:
    """成交确认书 (拍卖法 art. 52, BD-10) as canonical JSON, signed by the buyer and countersigned by the operator at `at`."""
    if row.rules_sha256 is None or row.last_hash is None or award.buyer_confirmed_at is None:
        raise AssertionError("an award follows a log and the buyer's confirmation")
    return canonical(
        {
            "document": "confirmation of sale",
            "round": str(row.id),
            "kind": row.kind.value,
            "mode": row.mode.value,
            "listing": {"id": str(row.listing_id), "version": row.listing_version},
            "rules_sha256": row.rules_sha256.hex(),
            "log": {"seq": row.last_seq, "hash": row.last_hash.hex()},
            "seller": {"id": str(seller.id), "name": seller.name},
            "buyer": {"id": str(buyer.id), "name": buyer.name, "bidder": bidder.alias},
            "currency": row.currency,
            "amount": award.amount,
            "deposit_applied": row.deposit,
            "signed": [
                {
                    "as": "buyer",
                    "by": str(award.buyer_confirmed_by),
                    "at": instant(award.buyer_confirmed_at),
                },
                {"as": "operator", "by": str(award.confirmed_by), "at": instant(at)},
            ],
        }
    )
