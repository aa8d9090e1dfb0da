"""The deadline of an opportunity over HTTP: what it ends, who is told, and what can still be decided after it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from market import worker
from market.discovery.documents import index_documents
from tests.deals.trade import Trade
from tests.interests.forms import SOLUTION
from tests.makers import Caller, Market

AT_THE_DEADLINE = timedelta(0)


async def pass_deadline(market: Market, listing: dict[str, Any], by: timedelta = AT_THE_DEADLINE) -> None:
    """As if the published deadline had been so long ago."""
    await market.database.pool.execute(
        "UPDATE listing SET deadline_at = clock_timestamp() - $2::interval WHERE id = $1", listing["id"], by
    )


@pytest.fixture
async def published(market: Market) -> tuple[Caller, Caller, dict[str, Any]]:
    """The owner, the operator, and an opportunity with years to go."""
    owner, operator = await market.company(), await market.operator()
    return owner, operator, await market.listing(owner, operator, "opportunity")


Published = tuple[Caller, Caller, dict[str, Any]]


async def test_an_opportunity_expires_at_its_deadline_and_keeps_its_page(
    market: Market, published: Published
) -> None:
    owner, _, listing = published
    path = f"/listings/{listing['id']}"
    before = await market.client.get(f"/api/v1{path}")
    await pass_deadline(market, listing)
    assert (await market.client.get(f"/api/v1{path}/status")).json()["status"] == "expired"  # not written yet
    assert (await owner.ok("GET", f"{path}/draft"))["status"] == "expired"
    events = await owner.ok("GET", f"{path}/events")
    assert (events[-1]["kind"], events[-1]["actor_id"]) == ("expired", None)
    after = await market.client.get(f"/api/v1{path}")
    assert (after.status_code, after.content) == (200, before.content)
    assert (await market.client.get(f"/api/v1{path}/status")).json()["status"] == "expired"


async def test_the_worker_moves_it_and_the_search_loses_it(market: Market, published: Published) -> None:
    owner, _, listing = published
    async with market.database.sessions() as session:
        assert len(await index_documents(session, [listing["id"]])) == 1
    await pass_deadline(market, listing)
    await worker.pass_time(market.database)
    await worker.pass_time(market.database)
    events = await owner.ok("GET", f"/listings/{listing['id']}/events")
    assert [event["kind"] for event in events].count("expired") == 1
    async with market.database.sessions() as session:
        assert await index_documents(session, [listing["id"]]) == []
    dirty = "SELECT count(*) FROM search_dirty WHERE listing_id = $1"
    assert await market.database.pool.fetchval(dirty, listing["id"]) == 1


async def test_nobody_answers_after_the_deadline(market: Market, published: Published) -> None:
    _, _, listing = published
    path = f"/listings/{listing['id']}/interests"
    assert (await (await market.company()).post(path, SOLUTION)).status_code == 201
    await pass_deadline(market, listing)
    late = await (await market.company()).post(path, SOLUTION)
    assert late.status_code == 409
    assert "were due by" in late.json()["detail"]


async def test_a_moment_before_it_is_open(market: Market, published: Published) -> None:
    owner, _, listing = published
    await pass_deadline(market, listing, timedelta(minutes=-5))
    assert (await owner.ok("GET", f"/listings/{listing['id']}/draft"))["status"] == "published"
    await worker.pass_time(market.database)
    assert (await owner.ok("GET", f"/listings/{listing['id']}/draft"))["status"] == "published"


async def test_the_published_deadline_counts_and_not_the_one_that_is_being_written(
    market: Market, published: Published
) -> None:
    owner, operator, listing = published
    path = f"/listings/{listing['id']}"
    soon = (datetime.now(UTC) + timedelta(days=20)).isoformat()
    await owner.patch(path, {"deadline": soon}, "*")
    stored = "SELECT deadline_at FROM listing WHERE id = $1"
    years_to_go = await market.database.pool.fetchval(stored, listing["id"])
    assert years_to_go == datetime.fromisoformat(listing["content"]["deadline"])
    for who, verb in ((owner, "submission"), (operator, "approval"), (operator, "publication")):
        await who.ok("POST", f"{path}/{verb}")
    assert await market.database.pool.fetchval(stored, listing["id"]) == datetime.fromisoformat(soon)


async def test_a_later_deadline_brings_it_back(market: Market, published: Published) -> None:
    owner, operator, listing = published
    path = f"/listings/{listing['id']}"
    await pass_deadline(market, listing)
    assert (await owner.patch(path, {"deadline": "2098-12-31T17:00:00+08:00"}, "*")).json()[
        "status"
    ] == "expired"
    for who, verb in ((owner, "submission"), (operator, "approval")):
        assert (await who.ok("POST", f"{path}/{verb}"))["status"] == "expired"
    assert (await operator.ok("POST", f"{path}/publication"))["status"] == "published"
    answer = await (await market.company()).post(f"{path}/interests", SOLUTION)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("verb", ["pause", "confirmation"])
async def test_an_expired_one_is_neither_paused_nor_confirmed(
    market: Market, published: Published, verb: str
) -> None:
    owner, _, listing = published
    await pass_deadline(market, listing)
    assert (await owner.post(f"/listings/{listing['id']}/{verb}")).status_code == 409


async def test_a_paused_one_stays_hidden_and_comes_back_expired(market: Market, published: Published) -> None:
    owner, _, listing = published
    path = f"/listings/{listing['id']}"
    await owner.ok("POST", f"{path}/pause")
    await pass_deadline(market, listing)
    await worker.pass_time(market.database)
    assert (await market.client.get(f"/api/v1{path}")).status_code == 410
    assert (await owner.ok("POST", f"{path}/publication"))["status"] == "expired"
    async with asyncio.timeout(60):  # until this process hears of it
        while (await market.client.get(f"/api/v1{path}")).status_code != 200:  # noqa: ASYNC110 - a read from memory gives the loop no turn
            await asyncio.sleep(0.01)


async def test_an_expired_one_is_withdrawn_like_any_other(market: Market, published: Published) -> None:
    owner, _, listing = published
    await pass_deadline(market, listing)
    path = f"/listings/{listing['id']}"
    withdrawn = await owner.ok("POST", f"{path}/withdrawal", json={"reason": "the station was rebuilt"})
    assert withdrawn["status"] == "withdrawn"
    assert (await market.client.get(f"/api/v1{path}")).status_code == 410


async def test_answers_that_came_in_time_are_decided_after_the_deadline(market: Market) -> None:
    trade = await Trade.of(market, kind="opportunity")
    await pass_deadline(market, trade.listing)
    assert await trade.listing_status() == "expired"
    opened = await trade.open("co_development", None)
    assert opened.status_code == 201, opened.text
    assert await trade.listing_status() == "expired"


async def test_what_was_awarded_is_closed_at_its_deadline_and_has_not_expired(market: Market) -> None:
    trade = await Trade.of(market, kind="opportunity")
    assert (await trade.open("co_development", None)).status_code == 201
    assert await trade.listing_status() == "published"
    await pass_deadline(market, trade.listing)
    assert await trade.listing_status() == "closed"
    events = await trade.officer.ok("GET", f"/listings/{trade.listing['id']}/events")
    assert [event["kind"] for event in events][-2:] == ["awarded", "closed"]
    late = await (await market.company()).post(f"/listings/{trade.listing['id']}/interests", SOLUTION)
    assert late.status_code == 409


async def test_an_award_that_fell_through_before_the_deadline_is_none(market: Market) -> None:
    trade = await Trade.of(market, kind="opportunity")
    assert (await trade.open("co_development", None)).status_code == 201
    assert (await trade.cancel()).status_code == 200
    await pass_deadline(market, trade.listing)
    assert await trade.listing_status() == "expired"
    events = await trade.officer.ok("GET", f"/listings/{trade.listing['id']}/events")
    assert [event["kind"] for event in events][-3:] == ["awarded", "award_fell_through", "expired"]


async def test_an_award_that_falls_through_after_the_deadline_changes_nothing(market: Market) -> None:
    trade = await Trade.of(market, kind="opportunity")
    assert (await trade.open("co_development", None)).status_code == 201
    await pass_deadline(market, trade.listing)
    assert (await trade.cancel()).status_code == 200  # before anybody has read that it is closed
    assert await trade.listing_status() == "closed"


async def test_other_kinds_have_no_deadline(market: Market) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director)
    stored = await market.database.pool.fetchrow("SELECT * FROM listing WHERE id = $1", listing["id"])
    assert stored["deadline_at"] is None
    assert stored["awarded"] is False
