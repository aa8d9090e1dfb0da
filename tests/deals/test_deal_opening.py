"""Opening a deal over HTTP: from which interest, by whom, and what it does to its listing."""

import asyncio
from uuid import uuid4

import pytest

from schemas.vocabulary import Role
from tests.deals.trade import Trade, money
from tests.interests.forms import an_interest
from tests.makers import Market


async def test_a_deal_makes_its_interest_agreed_and_names_both_sides(market: Market) -> None:
    trade = await Trade.of(market)
    opened = await trade.open(terms=None)
    assert opened.status_code == 201
    deal = opened.json()
    assert opened.headers["location"] == f"/api/v1/deals/{deal['id']}"
    assert opened.headers["etag"] == f'"r{deal["revision"]}"'
    assert deal["status"] == "proposed"
    assert deal["seller"]["organisation_id"] == str(trade.director.organisation_id)
    assert deal["buyer"]["organisation_id"] == str(trade.company.organisation_id)
    assert deal["manager"] is None
    assert (await trade.company.ok("GET", f"/interests/{trade.interest['id']}"))["status"] == "agreed"


async def test_the_owner_of_an_opportunity_is_the_buyer_and_its_listing_is_never_held(market: Market) -> None:
    trade = await Trade.of(market, kind="opportunity")
    deal = (await trade.open("transfer")).json()
    assert deal["buyer"]["organisation_id"] == str(trade.officer.organisation_id)
    assert deal["seller"]["organisation_id"] == str(trade.company.organisation_id)
    assert await trade.listing_status() == "published"


async def test_a_deal_with_terms_is_gating_at_once(market: Market) -> None:
    trade = await Trade.of(market)
    deal = (await trade.open()).json()
    assert deal["status"] == "gating"
    assert deal["total_value"] == money("300000.00")
    assert deal["technical_value"] == money("250000.00")
    assert deal["licence_kind"] == "ordinary"


async def test_only_the_owner_opens_a_deal(market: Market) -> None:
    trade = await Trade.of(market)
    body = {"interest_id": trade.interest["id"], "mode": "ordinary_licence"}
    assert (await trade.company.post("/deals", body)).status_code == 403
    researcher = await market.person(trade.officer.organisation_id, Role.RESEARCHER)
    assert (await researcher.post("/deals", body)).status_code == 403
    stranger = await market.company()
    assert (await stranger.post("/deals", body)).status_code == 404
    assert (await trade.officer.post("/deals", body | {"interest_id": str(uuid4())})).status_code == 404
    assert (await trade.officer.post("/deals", body)).status_code == 201


@pytest.mark.parametrize("status", ["submitted", "acknowledged", "declined", "passed"])
async def test_an_interest_that_is_not_in_negotiation_opens_no_deal(market: Market, status: str) -> None:
    trade = await Trade.of(market)
    other = await an_interest(await market.company(), trade.officer, trade.listing, status)
    body = {"interest_id": other["id"], "mode": "ordinary_licence"}
    refused = await trade.officer.post("/deals", body)
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/wrong-state")


async def test_an_interest_opens_one_deal(market: Market) -> None:
    trade = await Trade.of(market)
    await trade.open()
    assert (await trade.open()).status_code == 409


async def test_the_deal_is_on_the_version_that_was_published_when_it_was_opened(market: Market) -> None:
    trade = await Trade.of(market)
    path = f"/listings/{trade.listing['id']}"
    draft = await trade.officer.get(f"{path}/draft")
    await trade.officer.patch(path, {"region": "310000"}, draft.headers["etag"])
    for who, verb in (
        (trade.officer, "submission"),
        (trade.director, "approval"),
        (trade.director, "publication"),
    ):
        await who.ok("POST", f"{path}/{verb}")
    deal = (await trade.open()).json()
    assert (trade.interest["listing_version"], deal["listing_version"]) == (1, 2)


@pytest.mark.parametrize("mode", ["transfer", "exclusive_licence", "sole_licence", "equity"])
async def test_a_mode_that_takes_the_right_holds_the_listing_until_the_deal_is_cancelled(
    market: Market, mode: str
) -> None:
    trade = await Trade.of(market)
    other = await trade.another_company()
    await trade.open(mode)
    assert await trade.listing_status() == "under_deal"
    for second in ("transfer", "ordinary_licence"):
        refused = await other.open(second)
        assert refused.status_code == 409
        assert "under_deal" in refused.json()["detail"]
    cancelled = await trade.cancel()
    assert cancelled.json()["status"] == "cancelled"
    assert cancelled.json()["cancellation_reason"] == "no budget left"
    assert await trade.listing_status() == "published"
    assert (await other.open()).status_code == 201


async def test_ordinary_licences_stand_beside_each_other_and_before_an_exclusive_one(market: Market) -> None:
    trade = await Trade.of(market)
    second, third = await trade.another_company(), await trade.another_company()
    assert (await trade.open()).status_code == 201
    assert (await second.open()).status_code == 201
    assert await trade.listing_status() == "published"
    refused = await third.open("exclusive_licence")
    assert refused.status_code == 409
    assert "2 other deal(s)" in refused.json()["detail"]
    await trade.cancel()
    await second.cancel()
    assert (await third.open("exclusive_licence")).status_code == 201


async def test_of_two_deals_at_once_that_take_the_right_one_is_opened(market: Market) -> None:
    trade = await Trade.of(market)
    other = await trade.another_company()
    answers = await asyncio.gather(trade.open("transfer"), other.open("exclusive_licence"))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert await trade.listing_status() == "under_deal"


async def test_a_refused_opening_changes_nothing(market: Market) -> None:
    trade = await Trade.of(market)
    other = await trade.another_company()
    await trade.open("transfer")
    await other.open()
    shown = await other.company.ok("GET", f"/interests/{other.interest['id']}")
    assert shown["status"] == "negotiating"


async def test_a_paused_listing_takes_a_licence_but_cannot_be_held(market: Market) -> None:
    trade = await Trade.of(market)
    other = await trade.another_company()
    await trade.officer.ok("POST", f"/listings/{trade.listing['id']}/pause")
    assert (await other.open("transfer")).status_code == 409
    assert (await trade.open()).status_code == 201
