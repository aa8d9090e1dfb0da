"""The withdrawal of a listing on which there are deals: who may, and what becomes of them."""

import pytest

from tests.deals.trade import Trade
from tests.makers import Market

REASON = {"reason": "the right belongs to somebody else"}


@pytest.mark.parametrize("status", ["proposed", "gating", "cleared"])
async def test_the_operator_withdraws_a_listing_under_deal_and_its_deal_is_cancelled(
    market: Market, status: str
) -> None:
    trade = await (await Trade.of(market)).bring(status, "transfer")
    path = f"/listings/{trade.listing['id']}"
    assert await trade.listing_status() == "under_deal"
    assert (await trade.officer.post(f"{path}/withdrawal", REASON)).status_code == 409
    assert (await trade.company.post(f"{path}/withdrawal", REASON)).status_code in (403, 404)
    operator = await market.operator()
    done = await operator.ok("POST", f"{path}/withdrawal", REASON)
    assert (done["status"], done["withdrawal_reason"]) == ("withdrawn", REASON["reason"])
    assert await trade.status() == "cancelled"
    cancelled = (await trade.company.ok("GET", f"{trade.path}/events"))[-1]
    assert (cancelled["kind"], cancelled["role"], cancelled["reason"]) == (
        "cancelled",
        "operator",
        REASON["reason"],
    )
    events = await trade.officer.ok("GET", f"{path}/events")
    assert [event["kind"] for event in events][-3:] == ["held", "released", "withdrawn"]
    assert (await trade.company.get(f"{path}/versions/1")).status_code == 200


async def test_a_contract_on_record_keeps_its_listing(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("contracted", "transfer")
    refused = await (await market.operator()).post(f"/listings/{trade.listing['id']}/withdrawal", REASON)
    assert refused.status_code == 409
    assert "contract" in refused.json()["detail"]
    assert (await trade.status(), await trade.listing_status()) == ("contracted", "under_deal")


async def test_a_deal_that_holds_no_listing_outlives_it_and_other_interests_end(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("gating")
    other = await trade.another_company()
    await trade.officer.ok("POST", f"/listings/{trade.listing['id']}/withdrawal", json=REASON)
    assert await trade.status() == "gating"
    ended = await other.company.ok("GET", f"/interests/{other.interest['id']}")
    assert (ended["status"], ended["reason"]) == ("declined", "not_available")
    await trade.clear()
    assert (await trade.record()).status_code == 201


async def test_a_deal_that_takes_the_right_waits_until_a_paused_listing_is_back(market: Market) -> None:
    trade = await Trade.of(market)
    await trade.officer.ok("POST", f"/listings/{trade.listing['id']}/pause")
    refused = await trade.open("transfer")
    assert refused.status_code == 409
    assert "paused; a deal by transfer opens while it is: published, stale" in refused.json()["detail"]
    assert (await trade.open("ordinary_licence")).status_code == 201


@pytest.mark.parametrize("typed", ["201080063196.9", "ZL 2010 8006 3196.9", "２０１０８００６３１９６９"])
async def test_a_number_is_the_same_in_listing_and_contract_however_it_was_typed(
    market: Market, typed: str
) -> None:
    trade = await (await Trade.of(market)).bring("cleared")
    recorded = await trade.record(patents=[{"place": 0, "application_number": typed}])
    assert recorded.status_code == 201, recorded.text
