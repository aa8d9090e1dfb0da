"""A state-founded university in Beijing sells: the price is published for 15 days, objected to, and the deal goes on or not."""

from datetime import datetime, timedelta
from typing import Any

from schemas.vocabulary import Role
from tests.deals.trade import LINES, TERMS, Trade, money, pointers, unmet
from tests.makers import Market
from tests.notices.unit import CHANNELS, NAME, REJECTED, UPHELD, Unit
from tests.trading.clock import let_pass

NEGOTIATED = TERMS | {"pricing_method": "negotiated"}


async def negotiating(market: Market, terms: dict[str, Any] = NEGOTIATED) -> tuple[Trade, Unit]:
    """A deal of which all is settled but the notice."""
    trade = await Trade.of(market, public=True)
    home = trade.officer.organisation_id
    panel = [await market.person(home, Role.TTO_DIRECTOR) for _ in range(2)]
    unit = Unit(market, trade.officer, trade.director, panel)
    await unit.set_policy()
    await trade.bring("gating", "transfer", terms)
    for who in (trade.director, trade.company):
        await trade.accept(who)
        await trade.declare(who)
    await trade.prove()
    assert set(unmet(await trade.view(), met=False)) == {"publicity_done"}
    return trade, unit


async def announce(trade: Trade, unit: Unit, **fields: Any) -> dict[str, Any]:
    content = {
        "kind": "price",
        "name": NAME,
        "mode": "transfer",
        "price": money("300000.00"),
        "related_party": False,
        "channels": CHANNELS,
    }
    notice: dict[str, Any] = await unit.published(content | fields, trade.deal_id)
    return notice


async def detail(trade: Trade) -> str:
    gates = {gate["name"]: gate for gate in (await trade.view())["gates"]}
    return "; ".join(condition["detail"] for condition in gates["publicity_done"]["unmet"])


async def test_pr_2_a_negotiated_price_is_published_and_the_deal_clears_when_the_period_is_over(
    market: Market,
) -> None:
    trade, unit = await negotiating(market)
    assert "公示" in await detail(trade)
    notice = await announce(trade, unit)
    period = datetime.fromisoformat(notice["until"]) - datetime.fromisoformat(notice["published_at"])
    assert period >= timedelta(days=15)
    assert "runs until" in await detail(trade)
    assert (await trade.record(kind="transfer")).status_code == 409
    await unit.end_period(notice)
    assert await trade.status() == "cleared"  # by whoever reads it
    assert (await trade.record(kind="transfer")).status_code == 201
    assert (await trade.confirm()).json()["status"] == "signed"
    assert await unit.status(notice) == "settled"
    assert all(gate["met"] for gate in (await trade.view())["gates"])


async def test_pr_11_an_objection_that_is_rejected_lets_the_period_go_on(market: Market) -> None:
    trade, unit = await negotiating(market)
    notice = await announce(trade, unit)
    objection = await unit.object(notice)
    assert "objection is open" in await detail(trade)
    await unit.end_period(notice)
    assert await trade.status() == "gating"
    await unit.decide(objection, REJECTED)
    assert await trade.status() == "cleared"


async def test_pr_11_an_objection_that_is_upheld_stops_the_deal_until_it_is_noticed_anew(
    market: Market,
) -> None:
    trade, unit = await negotiating(market)
    objection = await unit.object(await announce(trade, unit))
    await unit.decide(objection, UPHELD)
    assert "upheld" in await detail(trade)
    await let_pass(market.database.pool, timedelta(days=30))
    assert await trade.status() == "gating"
    again = await announce(trade, unit)
    await unit.end_period(again)
    assert await trade.status() == "cleared"


async def test_another_price_needs_a_new_full_period(market: Market) -> None:
    trade, unit = await negotiating(market)
    notice = await announce(trade, unit)
    await unit.end_period(notice)
    assert await trade.status() == "cleared"
    dearer = [LINES[0] | {"amount": money("400000.00")}, LINES[1]]
    assert (await trade.change({"price_lines": dearer})).status_code == 200
    assert await unit.status(notice) == "void"
    assert "publish" in await detail(trade)


async def test_the_price_does_not_change_while_an_objection_is_open(market: Market) -> None:
    trade, unit = await negotiating(market)
    await unit.object(await announce(trade, unit))
    dearer = [LINES[0] | {"amount": money("400000.00")}, LINES[1]]
    assert (await trade.change({"price_lines": dearer})).status_code == 409


async def test_a_notice_of_another_price_or_of_somebody_else_opens_no_gate(market: Market) -> None:
    trade, unit = await negotiating(market)
    another = await Unit.of(market)
    theirs = await announce(trade, another)
    wrong = await announce(trade, unit, price=money("1.00"))
    await unit.end_period(wrong)
    await another.end_period(theirs)
    assert "another price" in await detail(trade)


async def test_pr_1_a_price_that_the_market_found_is_not_published_again(market: Market) -> None:
    trade = await Trade.of(market, public=True)
    await trade.bring("gating", terms=TERMS | {"pricing_method": "listed"})
    await trade.clear()


async def test_pr_1_a_public_seller_says_how_the_price_was_found(market: Market) -> None:
    trade = await (await Trade.of(market, public=True)).bring("gating")
    lacking = unmet(await trade.view())
    assert lacking["pricing_method"] == ["/terms/pricing_method"]
    assert lacking["internal_decision"] == ["/evidence/internal_decision"]
    assert pointers(await trade.give("internal_decision")) == ["/issued_by"]
