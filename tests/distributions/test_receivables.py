"""What is due on a deal over HTTP: the plan, payments against it, disputes, royalties and the ledger."""

from typing import Any
from uuid import UUID

import pytest

from tests.deals.trade import LINES, TERMS, Trade, fresh_key, money
from tests.distributions.unit import ROYALTY, SHA, Unit, problems
from tests.makers import Market

FEE: dict[str, Any] = TERMS | {
    "payment": {"type": "upfront_and_royalty", "due_on": "2026-02-01", "royalty": ROYALTY}
}
ONLY_ROYALTY: dict[str, Any] = TERMS | {"price_lines": [], "payment": {"type": "royalty"} | ROYALTY}
AFTER_USE: dict[str, Any] = TERMS | {
    "price_lines": LINES,
    "payment": {
        "type": "pay_after_use",
        "trigger": "First sale",
        "price_formula": "The price lines",
        "until": "2027-12-31",
    },
}
BASE = {"period": 1, "base_amount": money("1234567.89"), "statement_sha256": SHA}


def lines(view: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(each["kind"], each["paid"]["amount"], each["status"]) for each in view["lines"]]


async def ask(unit: Unit, path: str, body: Any, *, buyer: bool = False) -> Any:
    who = unit.trade.company if buyer else unit.finance
    return await who.post(f"{unit.trade.path}/{path}", body, headers=fresh_key())


async def test_payments_pay_the_instalments_that_fell_due_first(market: Market) -> None:
    parts = [
        {"amount": money("100000.00"), "due_on": "2026-02-02"},
        {"amount": money("200000.00"), "due_on": "2027-12-01"},
    ]
    payment = {"type": "instalments", "instalments": parts}
    unit = await Unit.of(market, terms=TERMS | {"payment": payment})
    assert [each["due_on"] for each in (await unit.receivables())["lines"]] == ["2026-02-02", "2027-12-01"]
    await unit.paid("150000.00")
    view = await unit.receivables()
    assert lines(view)[0] == ("instalment", "100000.00", "paid")
    assert lines(view)[1][1] == "50000.00"
    assert view["ledger"] == {
        "receivable": money("150000.00"),
        "received": money("150000.00"),
        "income": money("300000.00"),
        "rewarded": money("0.00"),
    }
    assert await unit.receivables() == view


async def test_both_sides_read_the_plan_and_a_stranger_does_not(market: Market) -> None:
    unit = await Unit.of(market)
    path = f"{unit.trade.path}/receivables"
    assert await unit.trade.company.ok("GET", path) == await unit.receivables()
    assert (await (await market.company()).get(path)).status_code == 404


async def test_before_a_contract_nothing_is_due(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("cleared")
    shown = await trade.director.ok("GET", f"{trade.path}/receivables")
    assert (shown["lines"], shown["ledger"]["income"]) == ([], money("0.00"))


async def test_what_is_paid_beyond_a_fixed_price_is_a_line_with_its_reason(market: Market) -> None:
    unit = await Unit.of(market)
    await unit.paid("300000.00")
    await unit.paid("5000.00", over_total="Interest for the delay")
    extra = (await unit.receivables())["lines"]
    assert {(each["kind"], each["reason"]) for each in extra} == {
        ("lump_sum", None),
        ("extra", "Interest for the delay"),
    }
    assert (await unit.receivables())["unmatched"] == money("0.00")


async def test_a_line_is_disputed_resumed_and_written_off_by_the_seller_alone(market: Market) -> None:
    unit = await Unit.of(market)
    await unit.paid("100000.00")
    (line,) = (await unit.receivables())["lines"]
    standing = f"receivables/{line['id']}/standing"
    reason = {"reason": "The equipment does not work"}
    disputed = await ask(unit, standing, {"verb": "dispute"} | reason, buyer=True)
    assert lines(disputed.json()) == [("lump_sum", "100000.00", "disputed")]
    assert (await ask(unit, standing, {"verb": "dispute"} | reason)).status_code == 409
    await unit.paid("50000.00")  # pays nothing while it is disputed
    assert (await unit.receivables())["unmatched"] == money("50000.00")
    resumed = await ask(unit, standing, {"verb": "resume"} | reason)
    assert resumed.json()["lines"][0]["paid"] == money("150000.00")
    assert (await ask(unit, standing, {"verb": "write_off"} | reason, buyer=True)).status_code == 403
    gone = (await ask(unit, standing, {"verb": "write_off"} | reason)).json()
    assert gone["lines"][0]["status"] == "written_off"
    assert gone["ledger"]["receivable"] == money("0.00")
    assert gone["ledger"]["income"] == money("150000.00")
    assert (await ask(unit, standing, {"verb": "resume"} | reason)).status_code == 409


async def test_what_is_paid_is_not_disputed(market: Market) -> None:
    unit = await Unit.of(market)
    await unit.paid()
    (line,) = (await unit.receivables())["lines"]
    body = {"verb": "dispute", "reason": "Too late"}
    assert (await ask(unit, f"receivables/{line['id']}/standing", body)).status_code == 409
    unknown = f"receivables/{UUID(int=7)}/standing"
    assert (await ask(unit, unknown, body)).status_code == 404


async def test_a_royalty_is_reported_verified_and_paid(market: Market) -> None:
    unit = await Unit.of(market, terms=FEE)
    await unit.paid("300000.00")
    made = (await ask(unit, "royalty-reports", BASE, buyer=True)).json()
    assert (made["begins_on"], made["ends_on"]) == ("2026-01-15", "2026-02-14")
    assert (made["rate_percent"], made["computed"]) == ("3.5", money("43209.88"))
    assert (await ask(unit, "royalty-reports", BASE, buyer=True)).status_code == 409
    assert (await ask(unit, "royalty-reports", BASE | {"period": 2})).status_code == 403
    path = f"royalty-reports/{made['id']}"
    assert (await ask(unit, f"{path}/verification", {}, buyer=True)).status_code == 403
    verified = await ask(unit, f"{path}/verification", {"due_on": "2026-05-01"})
    assert verified.json()["status"] == "verified"
    assert (await ask(unit, f"{path}/audit", {"reason": "A second look"})).status_code == 409
    await unit.paid("43209.88")
    reports = await unit.finance.ok("GET", f"{unit.trade.path}/royalty-reports")
    assert [each["status"] for each in reports["items"]] == ["paid"]
    assert lines(await unit.receivables()) == [
        ("entry_fee", "300000.00", "paid"),
        ("royalty", "43209.88", "paid"),
    ]


async def test_an_audit_puts_what_was_found_in_the_place_of_what_was_stated(market: Market) -> None:
    unit = await Unit.of(market, terms=ONLY_ROYALTY)
    await unit.paid("1000.00", over_total="In advance")
    assert (await unit.receivables())["unmatched"] == money("1000.00")
    made = (await ask(unit, "royalty-reports", BASE, buyer=True)).json()
    path = f"royalty-reports/{made['id']}"
    found = {
        "base_amount": money("2000000.00"),
        "evidence_sha256": SHA,
        "reason": "Sales through a subsidiary",
    }
    assert (await ask(unit, f"{path}/adjustment", found)).status_code == 409
    assert (await ask(unit, f"{path}/audit", {"reason": "The accounts"})).json()["status"] == "audited"
    adjusted = (await ask(unit, f"{path}/adjustment", found)).json()
    assert (adjusted["status"], adjusted["computed"]) == ("adjusted", money("70000.00"))
    assert (await unit.receivables())["lines"][0]["paid"] == money("1000.00")


async def test_without_the_right_the_accounts_are_not_inspected(market: Market) -> None:
    closed = ONLY_ROYALTY["payment"] | {"audit_right": False}
    unit = await Unit.of(market, terms=ONLY_ROYALTY | {"payment": closed})
    made = (await ask(unit, "royalty-reports", BASE, buyer=True)).json()
    answer = await ask(unit, f"royalty-reports/{made['id']}/audit", {"reason": "The accounts"})
    assert answer.status_code == 403


async def test_a_period_that_is_not_over_is_not_reported_and_one_of_nothing_is(market: Market) -> None:
    unit = await Unit.of(market, terms=ONLY_ROYALTY)
    far = await ask(unit, "royalty-reports", BASE | {"period": 400}, buyer=True)
    assert problems(far) == [("/period", "CT-4")]
    other = await ask(unit, "royalty-reports", BASE | {"base_amount": money("1.00", "USD")}, buyer=True)
    assert problems(other) == [("/base_amount/currency", None)]
    nothing = (await ask(unit, "royalty-reports", BASE | {"base_amount": money("0.00")}, buyer=True)).json()
    settled = await ask(unit, f"royalty-reports/{nothing['id']}/verification", {})
    assert settled.json()["status"] == "paid"
    assert (await unit.receivables())["lines"] == []


async def test_a_licence_on_trial_is_paid_once_its_trigger_is_met(market: Market) -> None:
    unit = await Unit.of(market, terms=AFTER_USE)
    met = {
        "met_on": "2026-02-01",
        "amount": money("300000.00"),
        "due_on": "2026-02-03",
        "evidence_sha256": SHA,
    }
    early = await ask(unit, "trigger", met | {"met_on": "2026-01-01", "due_on": "2025-12-31"})
    assert problems(early) == [("/met_on", "CT-5"), ("/due_on", "CT-5")]
    assert lines((await ask(unit, "trigger", met)).json()) == [("after_use", "0.00", "overdue")]
    assert (await ask(unit, "trigger", met)).status_code == 409
    assert (await ask(await Unit.of(market), "trigger", met)).status_code == 409


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"amount": money("0.00")}, "/amount"),
        ({"amount": money("300000.01")}, "/amount"),
        ({"amount": money("1.00", "USD")}, "/amount/currency"),
        ({"refunded_on": "2099-01-01"}, "/refunded_on"),
    ],
)
async def test_no_more_is_paid_back_than_came_in(
    refunding: Unit, change: dict[str, Any], pointer: str
) -> None:
    body = {"amount": money("1.00"), "refunded_on": "2026-02-15", "reference": "B", "reason": "Agreed"}
    assert problems(await ask(refunding, "refunds", body | change)) == [(pointer, None)]


@pytest.fixture(scope="module")
async def refunding(market: Market) -> Unit:
    unit = await Unit.of(market)
    await unit.paid()
    return unit


async def test_the_database_keeps_matches_refunds_and_cases(market: Market) -> None:
    unit = await Unit.of(market)
    await unit.paid()
    await unit.open()
    for statement in (
        "UPDATE payment_match SET amount = 1",
        "DELETE FROM payment_match",
        "DELETE FROM due_line",
        "DELETE FROM revenue_case",
    ):
        with pytest.raises(Exception, match="never changed or deleted"):
            await market.database.pool.execute(statement)
