"""Amounts that no canonical JSON can hold, or that could not be said again with a step or a cost added: 422, by name."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from market.ledger.rules import canonical
from market.sealing.envelope import CannotOpen
from market.trading import sealed
from schemas.trading import RoundPlan, most_minor
from schemas.values import Money
from tests.makers import Market
from tests.trading.stage import OPENING, STEP, Sale, a_plan, key, money

AMOUNTS = ("opening_price", "step", "reserve_price", "deposit", "appraised_value")
MOST = 2**53 - 1
YEN_MOST = 10**14 - 1


def yen(amount: int) -> dict[str, str]:
    return {"amount": str(amount), "currency": "JPY"}


@pytest.mark.parametrize("currency", ["CNY", "JPY", "KWD", "CLF"])
def test_the_largest_sum_is_canonical_and_can_be_said(currency: str) -> None:
    most = most_minor(currency)
    assert json.loads(canonical({"amount": most})) == {"amount": most}
    assert Money.of(most, currency).minor == most
    assert (
        RoundPlan.model_validate(a_plan(opening_price=Money.of(most, currency))).opening_price.minor == most
    )


async def test_every_amount_of_a_plan_is_one_that_the_rules_can_hold(market: Market) -> None:
    sale = await Sale.of(market, "draft")
    beyond = dict.fromkeys(AMOUNTS, money(MOST + 1))
    body = {"listing_id": sale.listing["id"], "plan": a_plan(**beyond)}
    answer = await sale.officer.post("/rounds", body)
    assert answer.status_code == 422
    told = {each["pointer"]: each["detail"] for each in answer.json()["errors"]}
    assert told == {f"/plan/{name}": f"at most {MOST} minor units" for name in AMOUNTS}
    for name in AMOUNTS:
        changed = await sale.officer.patch(sale.path, {name: money(MOST + 1)}, "*")
        assert changed.status_code == 422
        assert [each["pointer"] for each in changed.json()["errors"]] == [f"/{name}"]


async def test_the_greatest_prices_are_planned_and_announced(market: Market) -> None:
    sale = await Sale.of(
        market, "announced", bidders=0, opening_price=money(MOST), reserve_price=money(MOST), step=money(1)
    )
    seen = await sale.read()
    assert seen["opening_price"] == money(MOST)
    rules = await sale.market.client.get(f"/api/v1{sale.path}/rules")
    assert rules.status_code == 200
    assert canonical(rules.json()) == rules.content


async def test_a_bid_leaves_room_for_the_step_that_is_least_next(market: Market) -> None:
    sale = await Sale.of(market, opening_price=yen(1_000_000), step=yen(1_000))
    path, who = f"{sale.path}/bids", sale.bidders[0].who
    for amount in (YEN_MOST, YEN_MOST - 999):
        answer = await who.post(path, {"amount": yen(amount)}, headers=key())
        assert answer.status_code == 422
        assert [each["pointer"] for each in answer.json()["errors"]] == ["/amount/amount"]
    await who.ok("POST", path, {"amount": yen(YEN_MOST - 1000)}, headers=key())
    assert (await sale.read())["standing"]["least_next"] == yen(YEN_MOST)


async def test_a_bid_is_one_that_the_log_can_hold(market: Market) -> None:
    sale = await Sale.of(market)
    answer = await sale.try_bid(0, MOST + 1)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/amount/amount"]
    await sale.bid(0, MOST - STEP)
    assert (await sale.read())["standing"]["least_next"] == money(MOST)


@pytest.mark.parametrize(("currency", "most"), [("CNY", MOST), ("JPY", YEN_MOST)])
def test_a_sealed_bid_beyond_what_can_be_said_is_void(currency: str, most: int) -> None:
    """It would otherwise win, and nobody could be shown the award."""
    assert sealed.amount_in(sealed.content(most, currency), currency) == most
    with pytest.raises(CannotOpen):
        sealed.amount_in(b'{"amount":%d,"currency":"%s"}' % (most + 1, currency.encode()), currency)


async def test_the_costs_of_a_default_leave_room_for_the_price(market: Market) -> None:
    sale = await Sale.of(market, "closed")
    await sale.move(-timedelta(days=60))
    await sale.operator.ok("POST", f"{sale.path}/award/default", headers=key())
    for costs in (MOST + 1, MOST - OPENING + 1):
        body = {"costs": money(costs)}
        answer = await sale.operator.post(f"{sale.path}/award/settlement", body, headers=key())
        assert answer.status_code == 422
        assert [each["pointer"] for each in answer.json()["errors"]] == ["/costs"]


async def test_no_round_is_without_a_deposit(market: Market) -> None:
    """Planning asks for 5 to 20 %, and the winner's is what a default is paid out of."""
    sale = await Sale.of(market, "draft")
    answer = await sale.officer.patch(sale.path, {"deposit": money(0)}, "*")
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/deposit/amount"]
    async with market.database.sessions() as session, session.begin():
        with pytest.raises(IntegrityError, match="ck_sale_round_amounts"):
            await session.execute(
                text("UPDATE sale_round SET deposit = 0 WHERE id = :id"), {"id": UUID(sale.id)}
            )
