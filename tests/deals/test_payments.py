"""Payments of a deal over HTTP: exact, once each, never more than a fixed price in silence; then its completion."""

import asyncio
from typing import Any

import pytest

from schemas.vocabulary import Role
from tests.deals.trade import PAYMENT, TERMS, Trade, fresh_key, money, pointers
from tests.makers import Market

ROYALTY: dict[str, Any] = TERMS | {
    "price_lines": [],
    "payment": {
        "type": "royalty",
        "base": "sales",
        "currency": "USD",
        "rate_percent": "3.5",
        "period": "quarter",
        "audit_right": True,
    },
}


async def paid(trade: Trade) -> tuple[Any, Any]:
    view = await trade.view()
    return view["paid"], view["outstanding"]


async def test_payments_add_up_to_the_price(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("performing")
    assert await paid(trade) == (money("0.00"), money("300000.00"))
    first = await trade.pay(evidence="Voucher 7")
    assert first.status_code == 201
    assert first.json()["amount"] == money("100000.00")
    assert first.json()["recorded_as"] == "buyer"
    finance = await market.person(trade.director.organisation_id, Role.FINANCE)
    second = await trade.pay(finance, amount=money("200000.00"), reference="BANK-2")
    assert second.json()["recorded_as"] == "seller"
    assert await paid(trade) == (money("300000.00"), money("0.00"))
    listed = await trade.director.ok("GET", f"{trade.path}/payments")
    assert listed["items"] == [second.json(), first.json()]


async def test_before_a_contract_nothing_is_paid_or_outstanding(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("cleared")
    assert await paid(trade) == (None, None)


async def test_more_than_a_fixed_price_has_a_reason(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("performing")
    refused = await trade.pay(amount=money("300000.01"))
    assert pointers(refused) == ["/over_total"]
    assert "0.01 CNY more" in refused.json()["errors"][0]["detail"]
    over = await trade.pay(amount=money("300000.01"), over_total="Interest for one day")
    assert over.json()["over_total"] == "Interest for one day"
    assert await paid(trade) == (money("300000.01"), money("0.00"))


async def test_a_royalty_has_no_end_and_no_outstanding(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("performing", terms=ROYALTY)
    assert pointers(await trade.pay()) == ["/amount/currency"]
    assert (await trade.pay(amount=money("1200.50", "USD"))).status_code == 201
    assert await paid(trade) == (money("1200.50", "USD"), None)
    assert (await trade.view())["total_value"] is None


async def test_sums_beyond_what_is_shown_are_refused(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("performing", terms=ROYALTY)
    most = money("99999999999999.00", "USD")
    assert (await trade.pay(amount=most)).status_code == 201
    refused = await trade.pay(amount=money("1.00", "USD"), reference="BANK-2")
    assert pointers(refused) == ["/amount/amount"]


@pytest.fixture(scope="module")
async def performing(market: Market) -> Trade:
    return await (await Trade.of(market)).bring("performing")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"amount": money("1.00", "USD")}, "/amount/currency"),
        ({"amount": money("1.005")}, "/amount"),
        ({"amount": {"amount": 1.5, "currency": "CNY"}}, "/amount/amount"),
        ({"amount": money("-1.00")}, "/amount/amount"),
        ({"amount": money("0.00")}, "/amount"),
        ({"paid_on": "2999-01-01"}, "/paid_on"),
        ({"reference": ""}, "/reference"),
        ({"recorded_as": "seller"}, "/recorded_as"),
    ],
)
async def test_a_payment_that_is_not_valid_names_the_field(
    performing: Trade, fields: dict[str, Any], pointer: str
) -> None:
    assert pointers(await performing.pay(**fields)) == [pointer]
    assert await paid(performing) == (money("0.00"), money("300000.00"))


async def test_who_may_not_record_payments_does_not(market: Market, performing: Trade) -> None:
    for who in (performing.officer, performing.director):
        assert (await performing.pay(who)).status_code == 403


async def test_one_reference_is_recorded_once(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("performing")
    await trade.pay()
    twice = await trade.pay(amount=money("5.00"))
    assert twice.status_code == 409
    assert twice.json()["type"].endswith("/already-exists")
    other = await (await Trade.of(market)).bring("performing")
    assert (await other.pay()).status_code == 201, "the reference of another deal is another one"


async def test_of_the_same_payment_from_many_at_once_one_is_recorded(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("performing")
    answers = await asyncio.gather(*(trade.pay() for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert await paid(trade) == (money("100000.00"), money("200000.00"))


async def test_payments_at_once_never_come_to_more_than_the_price(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("performing")
    answers = await asyncio.gather(*(trade.pay(reference=f"BANK-{n}") for n in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 422, 422, 422]
    assert await paid(trade) == (money("300000.00"), money("0.00"))


async def test_a_payment_repeated_with_its_key_is_recorded_once(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("performing")
    key = fresh_key()
    first = await trade.company.post(f"{trade.path}/payments", PAYMENT, headers=key)
    again = await trade.company.post(f"{trade.path}/payments", PAYMENT, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    other = await trade.company.post(f"{trade.path}/payments", PAYMENT | {"purpose": "other"}, headers=key)
    assert other.json()["type"].endswith("/key-reused")
    assert await paid(trade) == (money("100000.00"), money("200000.00"))


async def test_payments_are_paged(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("performing")
    for number in range(3):
        await trade.pay(amount=money("1.00"), reference=f"BANK-{number}")
    page = await trade.company.get(f"{trade.path}/payments?limit=2")
    assert [item["reference"] for item in page.json()["items"]] == ["BANK-2", "BANK-1"]
    following = page.headers["link"].partition(">")[0].removeprefix("</api/v1")
    rest = await trade.company.ok("GET", following)
    assert [item["reference"] for item in rest["items"]] == ["BANK-0"]


# Completion


async def test_a_deal_is_completed_when_both_sides_agree(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("performing")
    one = (await trade.complete(trade.company)).json()
    assert (one["status"], list(one["completions"])) == ("performing", ["buyer"])
    assert (await trade.complete(trade.company)).json() == one, "a second time changes nothing"
    assert (await trade.complete(trade.officer)).status_code == 403
    both = (await trade.complete(trade.director)).json()
    assert both["status"] == "completed"
    assert set(both["completions"]) == {"seller", "buyer"}
    assert (await trade.pay()).status_code == 409


async def test_two_completions_at_once_complete_the_deal(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("performing")
    await asyncio.gather(trade.complete(trade.company), trade.complete(trade.director))
    assert await trade.status() == "completed"
