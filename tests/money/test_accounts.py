"""Accounts over HTTP: what the hall records of its bank, who may, who reads it, and that no line is booked twice."""

import itertools
from typing import Any
from uuid import uuid4

import httpx
import pytest

from market.money.rules import Part
from schemas.vocabulary import AccountKind, OrganisationKind, Role
from tests.makers import Caller, Market
from tests.money.deposits import Ledger

_lines = itertools.count(1)


def line(amount: str = "100.00", currency: str = "CNY", **fields: Any) -> dict[str, Any]:
    """A line of the bank's statement that nobody has recorded."""
    return {
        "amount": {"amount": amount, "currency": currency},
        "bank_reference": f"ICBC-2026-{next(_lines):06}",
        "value_date": "2026-01-05",
    } | fields


async def receive(who: Caller, organisation: Any, body: dict[str, Any], key: str = "") -> httpx.Response:
    headers = {"Idempotency-Key": key or str(uuid4())}
    body = {"payer": "示例公司"} | body
    return await who.post(f"/organisations/{organisation}/receipts", body, headers=headers)


async def refund(who: Caller, organisation: Any, body: dict[str, Any], key: str = "") -> httpx.Response:
    headers = {"Idempotency-Key": key or str(uuid4())}
    body = {"payee": "示例公司"} | body
    return await who.post(f"/organisations/{organisation}/refunds", body, headers=headers)


async def balances(who: Caller, organisation: Any) -> dict[str, tuple[str, str, str]]:
    """Held, reserved and available, by account and currency."""
    account = await who.ok("GET", f"/organisations/{organisation}/account")
    return {
        f"{each['account']} {each['held']['currency']}": (
            each["held"]["amount"],
            each["reserved"]["amount"],
            each["available"]["amount"],
        )
        for each in account["balances"]
    }


@pytest.fixture(scope="module")
async def operator(market: Market) -> Caller:
    return await market.operator()


@pytest.fixture
async def buyer(market: Market) -> Caller:
    return await market.company()


# Receipts and refunds


async def test_a_receipt_and_a_refund_as_the_statement_shows_them(operator: Caller, buyer: Caller) -> None:
    organisation = buyer.organisation_id
    paid_in, paid_out = line("100.00"), line("40.50")
    receipt = await receive(operator, organisation, paid_in)
    assert receipt.status_code == 201, receipt.text
    assert (await refund(operator, organisation, paid_out)).status_code == 201
    assert await balances(buyer, organisation) == {"party CNY": ("59.50", "0.00", "59.50")}
    newest, oldest = (await buyer.ok("GET", f"/organisations/{organisation}/account/transfers"))["items"]
    assert oldest == receipt.json()
    assert oldest["bank"] == {
        "reference": paid_in["bank_reference"],
        "value_date": "2026-01-05",
        "name": "示例公司",
    }
    assert (oldest["direction"], oldest["amount"]["amount"]) == ("in", "100.00")
    assert (newest["direction"], newest["amount"]["amount"]) == ("out", "40.50")
    assert (newest["counterpart"], newest["counterpart_id"]) == ("bank", None)


async def test_each_currency_has_a_balance_of_its_own(operator: Caller, buyer: Caller) -> None:
    organisation = buyer.organisation_id
    for amount, currency in (("1000", "JPY"), ("1.005", "KWD"), ("7.00", "CNY")):
        assert (await receive(operator, organisation, line(amount, currency))).status_code == 201
    assert await balances(buyer, organisation) == {
        "party CNY": ("7.00", "0.00", "7.00"),
        "party JPY": ("1000", "0", "1000"),
        "party KWD": ("1.005", "0.000", "1.005"),
    }


async def test_an_account_that_was_never_used_is_empty(buyer: Caller) -> None:
    path = f"/organisations/{buyer.organisation_id}/account"
    assert (await buyer.ok("GET", path))["balances"] == []
    assert (await buyer.ok("GET", f"{path}/transfers"))["items"] == []


async def test_a_refund_leaves_what_is_held_for_a_round(
    operator: Caller, buyer: Caller, ledger: Ledger
) -> None:
    organisation = buyer.organisation_id
    await receive(operator, organisation, line("100.00"))
    await ledger.hold(organisation, 6_000)
    assert await balances(buyer, organisation) == {"party CNY": ("100.00", "60.00", "40.00")}
    refused = await refund(operator, organisation, line("40.01"))
    assert refused.status_code == 409
    assert refused.json()["detail"] == "40.00 CNY are available, 40.01 CNY are needed"
    assert (await refund(operator, organisation, line("40.00"))).status_code == 201


async def test_a_statement_tells_what_became_of_each_deposit(
    operator: Caller, buyer: Caller, market: Market, ledger: Ledger
) -> None:
    organisation, seller = buyer.organisation_id, (await market.university())[1]
    round_id = uuid4()
    await receive(operator, organisation, line("100.00"))
    kept, lost, given_back = [
        await ledger.hold(organisation, amount, round_id=round_id) for amount in (10, 20, 30)
    ]
    await ledger.release(given_back.id)
    await ledger.settle(lost.id, [Part(AccountKind.SELLER, seller.organisation_id, 20)])
    lines = (await buyer.ok("GET", f"/organisations/{organisation}/account/transfers"))["items"]
    shown = {entry["id"]: (entry["kind"], entry["resolution"], entry["counterpart"]) for entry in lines}
    assert shown[str(kept.id)] == ("pending", None, "escrow")
    assert shown[str(lost.id)] == ("pending", "post", "escrow")
    assert shown[str(given_back.id)] == ("pending", "void", "escrow")
    assert {entry["resolves"] for entry in lines} == {None, str(lost.id), str(given_back.id)}
    assert {entry["counterpart_id"] for entry in lines} == {None, str(round_id)}
    sold = seller.organisation_id
    assert await balances(seller, sold) == {"seller CNY": ("0.20", "0.00", "0.20")}
    (part,) = (await seller.ok("GET", f"/organisations/{sold}/account/transfers"))["items"]
    assert (part["account"], part["direction"], part["kind"]) == ("seller", "in", "posted")


async def test_a_statement_comes_in_pages(operator: Caller, buyer: Caller) -> None:
    organisation = buyer.organisation_id
    made = [(await receive(operator, organisation, line())).json()["id"] for _ in range(5)]
    path, found = f"/organisations/{organisation}/account/transfers?limit=2", []
    cursor: str | None = ""
    while cursor is not None:
        page = await buyer.ok("GET", f"{path}&cursor={cursor}" if cursor else path)
        found += [entry["id"] for entry in page["items"]]
        cursor = page["next_cursor"]
    assert found == made[::-1]


async def test_receipts_and_refunds_are_in_the_record(
    market: Market, operator: Caller, buyer: Caller
) -> None:
    await receive(operator, buyer.organisation_id, line("100.00"))
    await refund(operator, buyer.organisation_id, line("30.00"))
    events = await market.database.pool.fetch(
        "SELECT e.* FROM event e JOIN account a ON a.id = e.subject_id AND e.subject_kind = 'account'"
        " WHERE a.subject_id = $1 ORDER BY e.seq",
        buyer.organisation_id,
    )
    assert [(event["seq"], event["kind"], event["role"]) for event in events] == [
        (1, "receipt_recorded", "operator"),
        (2, "refund_recorded", "operator"),
    ]
    assert {event["actor_id"] for event in events} == {operator.person_id}


# One line of the bank, once


async def test_a_line_of_the_bank_is_booked_once(operator: Caller, buyer: Caller) -> None:
    organisation, paid_in = buyer.organisation_id, line("100.00")
    first = await receive(operator, organisation, paid_in)
    again = await receive(operator, organisation, paid_in)
    assert again.json() == first.json()
    assert await balances(buyer, organisation) == {"party CNY": ("100.00", "0.00", "100.00")}


@pytest.mark.parametrize(
    "change",
    [
        {"amount": {"amount": "100.01", "currency": "CNY"}},
        {"amount": {"amount": "100.00", "currency": "USD"}},
        {"value_date": "2026-01-06"},
        {"payer": "另一家公司"},
    ],
)
async def test_a_line_that_is_booked_is_not_booked_otherwise(
    operator: Caller, buyer: Caller, change: dict[str, Any]
) -> None:
    organisation, paid_in = buyer.organisation_id, line("100.00")
    await receive(operator, organisation, paid_in)
    assert (await receive(operator, organisation, paid_in | change)).status_code == 409
    assert await balances(buyer, organisation) == {"party CNY": ("100.00", "0.00", "100.00")}


async def test_a_line_is_not_booked_for_another_organisation_nor_as_a_refund(
    market: Market, operator: Caller, buyer: Caller
) -> None:
    organisation, paid_in = buyer.organisation_id, line("100.00", bank_reference="cmb-7/a1")
    other = await market.organisation()
    await receive(operator, organisation, paid_in)
    for spelling in ("cmb-7/a1", "CMB-7/A1", " CMB-7/a1 "):
        same = paid_in | {"bank_reference": spelling}
        assert (await receive(operator, other, same)).status_code == 409
        assert (await refund(operator, organisation, same)).status_code == 409
    assert await balances(operator, other) == {}
    assert await balances(buyer, organisation) == {"party CNY": ("100.00", "0.00", "100.00")}


async def test_a_repeated_request_answers_as_the_first(operator: Caller, buyer: Caller) -> None:
    paid_in = line("100.00")
    first = await receive(operator, buyer.organisation_id, paid_in, key=f"k-{paid_in['bank_reference']}")
    again = await receive(operator, buyer.organisation_id, paid_in, key=f"k-{paid_in['bank_reference']}")
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()


@pytest.mark.parametrize("what", ["receipts", "refunds"])
async def test_money_is_recorded_under_a_key_alone(operator: Caller, buyer: Caller, what: str) -> None:
    body = line() | {"payer" if what == "receipts" else "payee": "示例公司"}
    answer = await operator.post(f"/organisations/{buyer.organisation_id}/{what}", body)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/key-required")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"amount": {"amount": "0.00", "currency": "CNY"}}, "/amount"),
        ({"amount": {"amount": "99999999999999.99", "currency": "CNY"}}, "/amount"),
        ({"amount": {"amount": "0.001", "currency": "CNY"}}, "/amount"),
        ({"bank_reference": "x"}, "/bank_reference"),
        ({"bank_reference": "two words"}, "/bank_reference"),
        ({"value_date": "2099-01-01"}, "/value_date"),
        ({"payer": ""}, "/payer"),
        ({"purpose": "mine"}, "/purpose"),
    ],
)
async def test_a_line_that_no_bank_shows_is_refused(
    operator: Caller, buyer: Caller, change: dict[str, Any], pointer: str
) -> None:
    answer = await receive(operator, buyer.organisation_id, line() | change)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


# Who


@pytest.mark.parametrize("role", Role)
async def test_who_reads_an_account(market: Market, buyer: Caller, role: Role) -> None:
    in_hall = role in (Role.OPERATOR, Role.AUDITOR)
    own = await market.person(
        await market.organisation(OrganisationKind.OPERATOR) if in_hall else buyer.organisation_id, role
    )
    stranger = own if in_hall else await market.person(await market.organisation(), role)
    reads = in_hall or role in (Role.BUYER, Role.FINANCE, Role.TTO_DIRECTOR)
    for path in ("account", "account/transfers"):
        where = f"/organisations/{buyer.organisation_id}/{path}"
        assert (await own.get(where)).status_code == (200 if reads else 404)
        assert (await stranger.get(where)).status_code == (200 if in_hall else 404)
        nothing = await own.get(f"/organisations/{uuid4()}/{path}")
        assert nothing.status_code == 404


async def test_who_may_not_read_an_account_is_not_told_it_is_there(market: Market, buyer: Caller) -> None:
    stranger = await market.company()
    answers = [
        (await stranger.get(f"/organisations/{organisation}/account")).json()
        for organisation in (buyer.organisation_id, uuid4())
    ]
    assert answers[0]["detail"] == answers[1]["detail"]


@pytest.mark.parametrize("role", Role)
async def test_who_records_what_the_bank_moved(market: Market, buyer: Caller, role: Role) -> None:
    """The hall's operator and finance; finance of a company is no witness of the hall's bank."""
    organisation = buyer.organisation_id
    of_hall = await market.person(await market.organisation(OrganisationKind.OPERATOR), role)
    of_party = await market.person(organisation, role if role is not Role.OPERATOR else Role.BUYER)
    able = role in (Role.OPERATOR, Role.FINANCE)
    for record in (receive, refund):
        assert (await record(of_hall, organisation, line("1.00"))).status_code == (201 if able else 403)
        assert (await record(of_party, organisation, line("1.00"))).status_code == 403
    read = await of_hall.get(f"/organisations/{organisation}/account")
    assert read.status_code == (200 if able or role is Role.AUDITOR else 404)


@pytest.mark.parametrize(
    ("scope", "reads", "records"),
    [("rounds", 200, 201), ("read", 200, 403), ("listings", 404, 403), ("deals", 404, 403)],
)
async def test_what_an_api_key_reaches_of_accounts(
    market: Market, operator: Caller, buyer: Caller, scope: str, reads: int, records: int
) -> None:
    issued = await operator.ok("POST", "/api-keys", {"name": "statements", "scopes": [scope]})
    key = Caller(market.client, issued["key"], operator.person_id, operator.organisation_id, operator.email)
    organisation = buyer.organisation_id
    assert (await key.get(f"/organisations/{organisation}/account")).status_code == reads
    assert (await receive(key, organisation, line())).status_code == records


async def test_nobody_receives_money_for_an_organisation_that_does_not_exist(operator: Caller) -> None:
    for record in (receive, refund):
        assert (await record(operator, uuid4(), line())).status_code == 404
