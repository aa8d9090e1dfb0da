"""Payouts: what deposits gave a seller or the costs of a sale leaves by two people's hands, once, and the ledger balances."""

import itertools
from typing import Any
from uuid import UUID, uuid4

import pytest

from market.money.rules import HALL, Part
from market.verification import findings
from schemas.vocabulary import AccountKind, OrganisationKind, Role
from tests.makers import Caller, Market
from tests.money.deposits import Ledger, whole
from tests.money.test_accounts import balances

_lines = itertools.count(1)
PAYEE = {"payee": "示例大学财务处"}


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def paid(**fields: Any) -> dict[str, Any]:
    """A line of the bank's statement that nobody has recorded."""
    line = {"bank_reference": f"OUT-2026-{next(_lines):06}", "value_date": "2026-01-05"}
    return PAYEE | line | fields


def an_order(amount: str = "60.00", currency: str = "CNY") -> dict[str, Any]:
    return PAYEE | {"amount": {"amount": amount, "currency": currency}, "reason": "Forfeited deposit"}


class Owed:
    """A forfeited deposit of 100.00, of which the costs have 30.00 and the seller 70.00."""

    def __init__(self, market: Market, operator: Caller, finance: Caller) -> None:
        self.market, self.operator, self.finance = market, operator, finance
        self.round_id = uuid4()

    async def forfeited(self, ledger: Ledger) -> "Owed":
        self.seller = (await self.market.university())[1]
        bidder = await self.market.organisation(OrganisationKind.COMPANY)
        await ledger.receive(bidder, 100_00)
        held = await ledger.hold(bidder, 100_00, round_id=self.round_id)
        costs = Part(AccountKind.COSTS, self.round_id, 30_00)
        await ledger.settle(held.id, [costs, Part(AccountKind.SELLER, self.seller.organisation_id, 70_00)])
        return self

    @property
    def to_seller(self) -> str:
        return f"/organisations/{self.seller.organisation_id}/payouts"

    @property
    def for_costs(self) -> str:
        return f"/rounds/{self.round_id}/costs/payouts"

    async def order(self, path: str, amount: str) -> Any:
        return await self.finance.ok("POST", path, an_order(amount), headers=key())

    async def held(self) -> tuple[str, str]:
        """What the seller's account holds, and has available."""
        held, _, available = (await balances(self.seller, self.seller.organisation_id))["seller CNY"]
        return held, available


@pytest.fixture
async def owed(market: Market, ledger: Ledger) -> Owed:
    hall = await market.organisation(OrganisationKind.OPERATOR)
    people = [await market.person(hall, role) for role in (Role.OPERATOR, Role.FINANCE)]
    return await Owed(market, *people).forfeited(ledger)


async def test_one_orders_another_pays_and_the_statement_shows_both(owed: Owed, ledger: Ledger) -> None:
    before = (await ledger.balance(HALL, AccountKind.BANK)).held
    order = await owed.order(owed.to_seller, "60.00")
    assert (order["kind"], order["direction"], order["counterpart"]) == ("pending", "out", "bank")
    assert order["order"] == PAYEE | {"reason": "Forfeited deposit"}
    assert await owed.held() == ("70.00", "10.00")
    line = paid()
    payment = await owed.operator.ok("POST", f"/payouts/{order['id']}/payment", line, headers=key())
    assert (payment["kind"], payment["resolves"]) == ("post", order["id"])
    assert payment["bank"] == {
        "reference": line["bank_reference"],
        "value_date": "2026-01-05",
        "name": PAYEE["payee"],
    }
    assert await owed.held() == ("10.00", "10.00")
    path = f"/organisations/{owed.seller.organisation_id}/account/transfers"
    shown = (await owed.seller.ok("GET", path))["items"]
    assert [each["kind"] for each in shown] == ["post", "pending", "posted"]
    assert shown[1]["resolution"] == "post"
    assert (await ledger.balance(HALL, AccountKind.BANK)).held == before + 60_00
    await whole(ledger)
    assert [found async for found in findings(owed.market.database, lambda _done, _of: None)] == []


async def test_costs_are_paid_out_of_their_own_account(owed: Owed, ledger: Ledger) -> None:
    order = await owed.order(owed.for_costs, "30.00")
    await owed.operator.ok("POST", f"/payouts/{order['id']}/payment", paid(), headers=key())
    account = await owed.operator.ok("GET", f"/rounds/{owed.round_id}/costs")
    assert [each["held"]["amount"] for each in account["balances"]] == ["0.00"]
    shown = (await owed.finance.ok("GET", f"/rounds/{owed.round_id}/costs/transfers"))["items"]
    assert [(each["kind"], each["direction"], each["counterpart"]) for each in shown] == [
        ("post", "out", "bank"),
        ("pending", "out", "bank"),
        ("posted", "in", "escrow"),
    ]
    assert await owed.held() == ("70.00", "70.00")
    auditor = await owed.market.auditor()
    assert (await auditor.get(f"/rounds/{owed.round_id}/costs")).status_code == 200
    for path in ("costs", "costs/transfers"):
        assert (await owed.seller.get(f"/rounds/{owed.round_id}/{path}")).status_code == 404
        assert (await owed.operator.get(f"/rounds/{uuid4()}/{path}")).status_code == 404


async def test_whoever_orders_does_not_record_the_payment(owed: Owed) -> None:
    order = await owed.order(owed.to_seller, "60.00")
    path = f"/payouts/{order['id']}/payment"
    refused = await owed.finance.post(path, paid(), headers=key())
    assert (refused.status_code, refused.json()["detail"][:9]) == (403, "four eyes")
    assert await owed.held() == ("70.00", "10.00")
    assert (await owed.operator.post(path, paid(), headers=key())).status_code == 201


async def test_no_more_is_ordered_than_is_owed(owed: Owed) -> None:
    await owed.order(owed.to_seller, "60.00")
    more = await owed.operator.post(owed.to_seller, an_order("10.01"), headers=key())
    assert (more.status_code, more.json()["detail"]) == (409, "10.00 CNY are available, 10.01 CNY are needed")
    await owed.order(owed.to_seller, "10.00")
    for path, body in (
        (owed.to_seller, an_order("1.00", "EUR")),
        (f"/organisations/{uuid4()}/payouts", an_order()),
        (f"/rounds/{uuid4()}/costs/payouts", an_order()),
    ):
        assert (await owed.operator.post(path, body, headers=key())).status_code == 404


async def test_an_order_that_was_not_paid_is_cancelled_and_the_money_owed_as_before(
    owed: Owed, ledger: Ledger
) -> None:
    order = await owed.order(owed.to_seller, "70.00")
    void = await owed.finance.ok("POST", f"/payouts/{order['id']}/cancellation", {"reason": "Wrong payee"})
    assert (void["kind"], void["resolves"], await owed.held()) == ("void", order["id"], ("70.00", "70.00"))
    for verb, body in (("payment", paid()), ("cancellation", {"reason": "Wrong payee"})):
        again = await owed.operator.post(f"/payouts/{order['id']}/{verb}", body, headers=key())
        assert (again.status_code, again.json()["detail"]) == (409, "this payout was cancelled")
    await whole(ledger)
    assert [found async for found in findings(owed.market.database, lambda _done, _of: None)] == []


async def test_what_is_paid_stays_paid_and_a_line_of_the_bank_pays_once(owed: Owed) -> None:
    first, second = await owed.order(owed.to_seller, "10.00"), await owed.order(owed.to_seller, "20.00")
    line = paid()
    await owed.operator.ok("POST", f"/payouts/{first['id']}/payment", line, headers=key())
    assert (
        await owed.operator.post(f"/payouts/{second['id']}/payment", line, headers=key())
    ).status_code == 409
    for verb, body in (("payment", paid()), ("cancellation", {"reason": "Wrong payee"})):
        again = await owed.operator.post(f"/payouts/{first['id']}/{verb}", body, headers=key())
        assert (again.status_code, again.json()["detail"]) == (409, "this payout was paid")


async def test_a_held_deposit_is_no_payout(owed: Owed, ledger: Ledger) -> None:
    bidder = await owed.market.organisation(OrganisationKind.COMPANY)
    await ledger.receive(bidder, 1_00)
    held = await ledger.hold(bidder, 1_00)
    for payout_id in (held.id, uuid4()):
        answer = await owed.operator.post(f"/payouts/{payout_id}/payment", paid(), headers=key())
        assert answer.status_code == 404


@pytest.mark.parametrize("role", Role)
async def test_who_orders_and_records_payouts(owed: Owed, role: Role) -> None:
    """The hall's operator and finance; finance of the seller is no witness of the hall's bank."""
    hall = await owed.market.organisation(OrganisationKind.OPERATOR)
    of_hall = await owed.market.person(hall, role)
    able = role in (Role.OPERATOR, Role.FINANCE)
    order = await owed.order(owed.to_seller, "1.00")
    for path, body in (
        (owed.to_seller, an_order("1.00")),
        (owed.for_costs, an_order("1.00")),
        (f"/payouts/{order['id']}/payment", paid()),
    ):
        assert (await of_hall.post(path, body, headers=key())).status_code == (201 if able else 403)
        if role not in (Role.OPERATOR, Role.AUDITOR):
            of_seller = await owed.market.person(owed.seller.organisation_id, role)
            assert (await of_seller.post(path, body, headers=key())).status_code == 403


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"value_date": "2099-01-01"}, "/value_date"),
        ({"bank_reference": "two words"}, "/bank_reference"),
        ({"payee": ""}, "/payee"),
        ({"amount": {"amount": "1.00", "currency": "CNY"}}, "/amount"),
    ],
)
async def test_a_line_that_no_bank_shows_pays_nothing(
    owed: Owed, change: dict[str, Any], pointer: str
) -> None:
    order = await owed.order(owed.to_seller, "60.00")
    answer = await owed.operator.post(f"/payouts/{order['id']}/payment", paid() | change, headers=key())
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert UUID(order["id"])
