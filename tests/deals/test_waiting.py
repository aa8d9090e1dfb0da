"""GET /deals?waiting_for=: whoever has sixty deals open sees those that wait for a step of theirs, and for whose else."""

from typing import Any

import httpx
import pytest

from schemas.vocabulary import Role
from tests.deals.trade import Trade
from tests.makers import Caller, Market

PARTIES = ("seller", "buyer", "manager")


def good(answer: httpx.Response) -> httpx.Response:
    assert answer.is_success, answer.text
    return answer


async def waiting(who: Caller, whom: str = "me") -> list[str]:
    found = (await who.ok("GET", "/deals", params={"waiting_for": whom, "limit": 100}))["items"]
    return [deal["id"] for deal in found]


async def steps(trade: Trade, **others: Caller) -> set[str]:
    """For whom this deal waits, as each sees it for themselves, and as the seller's director sees it of each party."""
    own = {"seller": trade.director, "buyer": trade.company, "officer": trade.officer} | others
    if trade.manager:
        own["manager"] = trade.manager
    mine = {name for name, who in own.items() if trade.deal_id in await waiting(who)}
    told = {party for party in PARTIES if trade.deal_id in await waiting(trade.director, party)}
    assert mine & set(PARTIES) == told
    return mine


async def test_a_deal_waits_step_by_step_for_whoever_takes_the_next(market: Market) -> None:
    trade = await Trade.of(market, managed=True)
    finance = await market.person(trade.company.organisation_id, Role.FINANCE)
    good(await trade.open(terms=None))
    assert await steps(trade, finance=finance) == {"seller", "buyer", "officer", "manager"}
    await trade.change({"field_of_use": "Boats"})
    assert await steps(trade, finance=finance) == {"seller", "buyer", "manager"}
    assert trade.manager
    good(await trade.declare(trade.manager))
    assert await steps(trade) == {"seller", "buyer"}


async def test_terms_and_declarations_are_waited_for_until_a_side_has_given_both(market: Market) -> None:
    trade = await Trade.of(market, managed=True)
    good(await trade.open())
    assert await steps(trade) == {"seller", "buyer", "manager"}
    good(await trade.accept(trade.company))
    assert await steps(trade) == {"seller", "buyer", "manager"}
    good(await trade.declare(trade.company))
    assert await steps(trade) == {"seller", "manager"}
    good(await trade.change({"field_of_use": "Aircraft"}))  # takes back what was accepted
    assert await steps(trade) == {"seller", "buyer", "manager"}


async def test_the_contract_and_the_completion_wait_for_the_other_side(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("cleared")
    assert await steps(trade) == {"seller", "buyer"}
    good(await trade.record(trade.director))
    assert await steps(trade) == {"buyer"}
    good(await trade.refuse(trade.company))
    assert await steps(trade) == {"seller", "buyer"}
    good(await trade.record(trade.company))
    assert await steps(trade) == {"seller"}
    good(await trade.confirm(trade.director))
    assert await steps(trade) == set()
    good(await trade.complete(trade.director))
    assert await steps(trade) == {"buyer"}
    good(await trade.complete(trade.company))
    assert await steps(trade) == set()


async def test_a_breach_waits_for_whoever_has_to_cure_it_and_an_offered_end_for_the_other_side(
    market: Market,
) -> None:
    trade = await (await Trade.of(market)).bring("performing")
    good(await trade.note_breach(trade.company))
    assert await steps(trade) == {"seller"}
    good(await trade.cure(trade.company))
    assert await steps(trade) == set()
    good(await trade.terminate(trade.director))
    assert await steps(trade) == {"buyer"}
    good(await trade.terminate(trade.company))
    assert await steps(trade) == set()


async def test_a_cancelled_deal_waits_for_nobody(market: Market) -> None:
    trade = await Trade.of(market, managed=True)
    good(await trade.open())
    good(await trade.cancel())
    assert await steps(trade) == set()


async def test_what_waits_comes_in_pages_and_together_with_the_other_filters(market: Market) -> None:
    trades = [await Trade.of(market)]
    good(await trades[0].open())
    for _ in range(2):
        trades.append(await trades[0].another_company())
        good(await trades[-1].open())
    director = trades[0].director
    good(await trades[1].cancel())
    wanted = [trades[2].deal_id, trades[0].deal_id]
    seen: list[str] = []
    path: str | None = "/api/v1/deals?waiting_for=me&limit=1&status=gating"
    while path:
        page = await director.client.get(path, headers={"Authorization": f"Bearer {director.token}"})
        seen += [deal["id"] for deal in page.json()["items"]]
        path = page.links.get("next", {}).get("url")
    assert seen == wanted
    assert await waiting(trades[1].company) == []
    listing: Any = {"waiting_for": "seller", "listing": trades[0].listing["id"]}
    found = (await director.ok("GET", "/deals", params=listing))["items"]
    assert [deal["id"] for deal in found] == wanted


async def test_the_hall_has_no_step_of_its_own_and_sees_everybodys(market: Market) -> None:
    trade = await Trade.of(market)
    good(await trade.open())
    for who in (await market.operator(), await market.auditor()):
        assert trade.deal_id not in await waiting(who)
        assert trade.deal_id in await waiting(who, "buyer")
    assert trade.deal_id not in await waiting(await market.company(), "buyer")


async def test_who_belongs_to_both_sides_acts_for_neither(market: Market) -> None:
    trade = await Trade.of(market)
    good(await trade.open())
    joining = "INSERT INTO membership (person_id, organisation_id, roles, since) VALUES ($1, $2, $3, now())"
    company = trade.company.organisation_id
    await market.database.pool.execute(joining, trade.director.person_id, company, ["buyer"])
    assert trade.deal_id not in await waiting(trade.director)
    assert trade.deal_id in await waiting(trade.company)


@pytest.mark.parametrize("whom", ["us", "null", ""])
async def test_only_a_party_or_oneself_is_waited_for(market: Market, whom: str) -> None:
    answer = await (await market.company()).get("/deals", params={"waiting_for": whom})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "waiting_for"
