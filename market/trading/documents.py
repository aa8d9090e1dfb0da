"""What a bidder, a watcher and a verifier are shown of a round."""

import json
from datetime import datetime
from typing import Any

from market.ledger.rules import canonical
from market.listings.tables import ListingVersion
from market.organisations.tables import Organisation
from market.trading import enterprises
from market.trading.house import House
from market.trading.log import instant
from market.trading.planning import MINIMA
from market.trading.tables import Award, Registration, Round
from schemas.trading import RoundPlan
from schemas.vocabulary import RoundKind

_SAID = (
    "price_basis",
    "appraised_value",
    "price_approval",
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


def public_until(row: Round, award: Award) -> datetime | None:
    """Until when the result of a round stands in public before the operator may sign; None where nothing asks for it."""
    return enterprises.public_until(json.loads(row.rules or b"{}"), award.created_at)


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
        "state_owned": _enterprise(seller, house),
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


def _enterprise(seller: Organisation, house: House) -> dict[str, Any] | None:
    if not enterprises.is_enterprise(seller.kind, seller.founding):
        return None
    least = MINIMA[house.periods]
    return enterprises.in_rules(least.disclosure_days, least.result_days)


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
