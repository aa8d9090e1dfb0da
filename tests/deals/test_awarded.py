"""The deal of a confirmed trading round: its parties, its price, and what becomes of the listing."""

from pathlib import Path
from typing import Any

import pytest

from market.settings import Settings
from tests.deals.trade import TERMS
from tests.makers import Market
from tests.trading.stage import OPENING, Sale, money


@pytest.fixture(scope="module")
def settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """As the rounds of tests/trading are held: within a test, on a database of the tests."""
    return Settings(
        database_url=database_url,
        demo=True,
        data_dir=Path(tmp_path_factory.mktemp("market")),
        base_url="http://hall.test",
        round_periods="short",
        durability="ignored",
    )


def at(price: int) -> dict[str, Any]:
    """Complete terms of a transfer at this price, in minor units."""
    return TERMS | {"price_lines": [TERMS["price_lines"][0] | {"amount": money(price)}]}


async def test_a_confirmed_round_goes_on_as_a_deal_between_its_seller_and_its_winner(market: Market) -> None:
    sale = await Sale.of(market, "confirmed")
    deal = await sale.officer.ok("POST", "/deals", {"round_id": sale.id, "mode": "transfer"})
    assert deal["interest_id"] is None
    assert deal["award_id"] is not None
    assert deal["seller"]["organisation_id"] == str(sale.officer.organisation_id)
    assert deal["buyer"]["organisation_id"] == str(sale.bidders[0].who.organisation_id)
    assert await sale.listing_status() == "under_deal"


async def test_a_round_has_one_deal(market: Market) -> None:
    sale = await Sale.of(market, "confirmed")
    body = {"round_id": sale.id, "mode": "transfer"}
    await sale.officer.ok("POST", "/deals", body)
    again = await sale.officer.post("/deals", body)
    assert again.status_code == 409


async def test_no_deal_opens_before_the_confirmation_of_sale(market: Market) -> None:
    sale = await Sale.of(market, "closed")
    early = await sale.officer.post("/deals", {"round_id": sale.id, "mode": "transfer"})
    assert early.status_code == 409
    assert "confirmation of sale" in early.json()["detail"]


async def test_the_price_of_the_deal_is_the_price_of_the_award(market: Market) -> None:
    sale = await Sale.of(market, "confirmed")
    body = {"round_id": sale.id, "mode": "transfer", "terms": at(OPENING - 1)}
    deal = await sale.officer.ok("POST", "/deals", body)
    path = f"/deals/{deal['id']}"
    less = await sale.director.post(f"{path}/acceptance", {"terms_sha256": deal["terms_sha256"]})
    assert less.status_code == 422, less.text
    assert less.json()["errors"][0]["pointer"] == "/terms/price_lines"
    changed = await sale.officer.patch(path, {"terms": at(OPENING)}, f'"r{deal["revision"]}"')
    assert changed.status_code == 200, changed.text
    await sale.director.ok("POST", f"{path}/acceptance", {"terms_sha256": changed.json()["terms_sha256"]})


async def test_a_deal_of_a_round_that_is_cancelled_gives_the_listing_back(market: Market) -> None:
    sale = await Sale.of(market, "confirmed")
    deal = await sale.officer.ok("POST", "/deals", {"round_id": sale.id, "mode": "transfer"})
    await sale.officer.ok("POST", f"/deals/{deal['id']}/cancellation", {"reason": "The buyer is insolvent"})
    assert await sale.listing_status() == "published"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {
            "round_id": "01900000-0000-7000-8000-000000000000",
            "interest_id": "01900000-0000-7000-8000-000000000000",
        },
    ],
)
async def test_a_deal_grows_from_one_thing(market: Market, body: dict[str, Any]) -> None:
    officer, _ = await market.university()
    refused = await officer.post("/deals", body | {"mode": "transfer"})
    assert refused.status_code == 422
