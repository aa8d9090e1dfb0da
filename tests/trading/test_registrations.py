"""Bidders register, pay, are judged and withdraw; who sees whom before the end, over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.vocabulary import OrganisationKind, Role, VerificationLevel
from tests.makers import Market
from tests.trading.stage import OPENING, STEP, Sale, join, key, money


async def test_a_registration_accepts_the_rules_and_is_known_by_an_alias(market: Market) -> None:
    sale = await Sale.of(market, "announced", bidders=0)
    who = await market.company()
    seen = await who.ok("POST", f"{sale.path}/registrations", await sale.a_form())
    assert seen["status"] == "applied"
    assert seen["deposit"] == "awaited"
    assert len(seen["alias"]) == 4
    assert seen["statements"] == ["Our plant"]
    again = await who.post(f"{sale.path}/registrations", await sale.a_form())
    assert again.status_code == 409


@pytest.mark.parametrize(
    ("form", "status", "pointer"),
    [
        ({"rules_sha256": "0" * 64}, 422, "/rules_sha256"),
        ({"statements": []}, 422, "/statements/0"),
        ({"statements": ["One", "Two"]}, 422, "/statements/1"),
        ({"related_party": True}, 422, "/relation"),
        ({"related_party": "no"}, 422, "/related_party"),
        ({"alias": "MINE"}, 422, "/alias"),
    ],
)
async def test_a_form_that_lacks_something_is_refused_by_field(
    market: Market, form: dict[str, Any], status: int, pointer: str
) -> None:
    sale = await Sale.of(market, "announced", bidders=0)
    refused = await (await market.company()).post(f"{sale.path}/registrations", await sale.a_form(**form))
    assert refused.status_code == status
    assert [each["pointer"] for each in refused.json()["errors"]] == [pointer]


async def test_an_organisation_that_was_not_verified_does_not_register(market: Market) -> None:
    sale = await Sale.of(market, "announced", bidders=0)
    who = await market.company(VerificationLevel.L0)
    refused = await who.post(f"{sale.path}/registrations", await sale.a_form())
    assert refused.status_code == 409
    assert "L1" in refused.json()["detail"]


async def test_only_buyers_register_and_only_until_the_registration_ends(market: Market) -> None:
    sale = await Sale.of(market, "announced", bidders=0)
    form = await sale.a_form()
    officer, _ = await market.university()
    assert (await officer.post(f"{sale.path}/registrations", form)).status_code == 403
    late = await market.company()
    await sale.move(-timedelta(hours=1))
    assert (await late.post(f"{sale.path}/registrations", form)).status_code == 409
    assert (await sale.read())["status"] == "qualifying"


async def test_a_buyer_of_two_companies_says_for_which(market: Market) -> None:
    sale = await Sale.of(market, "announced", bidders=0)
    who = await market.company()
    other = await market.organisation(OrganisationKind.COMPANY, verification=VerificationLevel.L1)
    await join(market, who, other, Role.BUYER)
    refused = await who.post(f"{sale.path}/registrations", await sale.a_form())
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/organisation_id"]
    form = await sale.a_form(organisation_id=str(other))
    seen = await who.ok("POST", f"{sale.path}/registrations", form)
    assert seen["bidder"]["id"] == str(other)


# Deposit


async def test_a_deposit_is_recorded_once_and_held(market: Market) -> None:
    sale = await Sale.of(market, "announced", bidders=0)
    bidder = await sale.a_bidder(paid=False)
    seen = await sale.pay(bidder)
    assert seen["deposit"] == "held"
    body = {
        "amount": money(OPENING // 10),
        "bank_reference": "BANK-AGAIN",
        "value_date": "2025-01-02",
        "payer": "P",
    }
    path = f"{sale.path}/registrations/{bidder.id}/deposit"
    assert (await sale.operator.post(path, body, headers=key())).status_code == 409
    account = await bidder.who.ok("GET", f"/organisations/{bidder.who.organisation_id}/account")
    assert [each["available"] for each in account["balances"]] == [money(0)]


@pytest.mark.parametrize(
    ("amount", "pointer"),
    [(money(OPENING // 10 - 1), "/amount"), (money(OPENING, "EUR"), "/amount/currency")],
)
async def test_less_than_the_deposit_or_another_currency_is_refused(
    market: Market, amount: dict[str, str], pointer: str
) -> None:
    sale = await Sale.of(market, "announced", bidders=0)
    bidder = await sale.a_bidder(paid=False)
    body = {"amount": amount, "bank_reference": "BANK-LESS", "value_date": "2025-01-02", "payer": "P"}
    path = f"{sale.path}/registrations/{bidder.id}/deposit"
    refused = await sale.operator.post(path, body, headers=key())
    assert [each["pointer"] for each in refused.json()["errors"]] == [pointer]


async def test_the_hall_alone_records_a_deposit_and_only_before_the_bidding_begins(market: Market) -> None:
    sale = await Sale.of(market, "announced", bidders=0)
    bidder = await sale.a_bidder(paid=False)
    body = {
        "amount": money(OPENING // 10),
        "bank_reference": "BANK-HALL-1",
        "value_date": "2025-01-02",
        "payer": "P",
    }
    path = f"{sale.path}/registrations/{bidder.id}/deposit"
    for who, status in ((sale.finance, 404), (sale.officer, 403), (bidder.who, 403)):
        assert (await who.post(path, body, headers=key())).status_code == status
    assert (await sale.operator.post(path, body)).status_code == 400  # without Idempotency-Key
    hall_finance = await market.person(sale.operator.organisation_id, Role.FINANCE)
    assert (await hall_finance.ok("POST", path, body, headers=key()))["deposit"] == "held"
    late = await sale.a_bidder(paid=False)
    await sale.let_pass(hours=1)
    await sale.move(-timedelta(hours=1))
    path = f"{sale.path}/registrations/{late.id}/deposit"
    body["bank_reference"] = "BANK-HALL-2"
    assert (await sale.operator.post(path, body, headers=key())).status_code == 409


async def test_what_a_bidder_paid_in_beyond_the_deposit_stays_available(market: Market) -> None:
    sale = await Sale.of(market, "announced", bidders=0)
    bidder = await sale.a_bidder(paid=False)
    body = {
        "amount": money(OPENING // 10 + 5_00),
        "bank_reference": "BANK-MORE",
        "value_date": "2025-01-02",
        "payer": "P",
    }
    await sale.operator.ok("POST", f"{sale.path}/registrations/{bidder.id}/deposit", body, headers=key())
    account = await bidder.who.ok("GET", f"/organisations/{bidder.who.organisation_id}/account")
    assert [each["available"] for each in account["balances"]] == [money(5_00)]


# Judged


async def test_the_seller_qualifies_or_refuses_naming_conditions(market: Market) -> None:
    sale = await Sale.of(market, "announced", bidders=0)
    good = await sale.a_bidder(qualified=False)
    bad = await sale.a_bidder(qualified=False)
    at = f"{sale.path}/registrations"
    for who in (good.who, sale.operator, sale.finance):
        assert (await who.post(f"{at}/{good.id}/qualification")).status_code in (403, 404)
    await sale.officer.ok("POST", f"{at}/{good.id}/qualification")
    for conditions, pointer in (([], "/conditions"), ([2], "/conditions/0"), ([0], "/conditions/0")):
        body = {"reason": "No plant was shown", "conditions": conditions}
        refused = await sale.officer.post(f"{at}/{bad.id}/refusal", body)
        assert [each["pointer"] for each in refused.json()["errors"]] == [pointer]
    body = {"reason": "No plant was shown", "conditions": [1]}
    seen = await sale.director.ok("POST", f"{at}/{bad.id}/refusal", body)
    assert (seen["status"], seen["decision_reason"]) == ("refused", "No plant was shown")
    assert seen["deposit"] == "resolved"
    assert (await sale.officer.post(f"{at}/{bad.id}/qualification")).status_code == 409
    assert (await sale.officer.post(f"{at}/{good.id}/refusal", body)).status_code == 409


async def test_nobody_is_judged_once_the_bidding_has_begun(market: Market) -> None:
    sale = await Sale.of(market, "announced")
    open_one = await sale.a_bidder(qualified=False)
    await sale.let_pass(hours=1)
    await sale.move(-timedelta(hours=1))
    path = f"{sale.path}/registrations/{open_one.id}/qualification"
    assert (await sale.officer.post(path)).status_code == 409


# Withdrawn


async def test_a_bidder_withdraws_until_the_registration_ends(market: Market) -> None:
    sale = await Sale.of(market, "announced")
    first, second = sale.bidders
    at = f"{sale.path}/registrations"
    assert (await second.who.post(f"{at}/{first.id}/withdrawal")).status_code == 404
    seen = await first.who.ok("POST", f"{at}/{first.id}/withdrawal")
    assert (seen["status"], seen["deposit"]) == ("withdrawn", "resolved")
    assert (await first.who.post(at, await sale.a_form())).status_code == 409
    await sale.move(-timedelta(hours=1))
    assert (await second.who.post(f"{at}/{second.id}/withdrawal")).status_code == 409
    seen = await sale.let_pass(hours=1)
    assert seen["status"] == "single_bidder"


# Who sees whom


async def test_bidders_stay_unknown_to_each_other_and_unlinked_to_their_bids_for_the_seller(
    market: Market,
) -> None:
    sale = await Sale.of(market)
    await sale.bid(0, OPENING)
    first, second = sale.bidders
    at = f"{sale.path}/registrations"
    own = (await first.who.ok("GET", at))["items"]
    assert [(each["id"], each["alias"]) for each in own] == [(first.id, first.alias)]
    for who in (sale.officer, sale.director, sale.operator, await market.auditor()):
        seen = (await who.ok("GET", at))["items"]
        assert {each["id"] for each in seen} == {first.id, second.id}
        assert {each["alias"] for each in seen} == {None}
    researcher = await market.person(sale.officer.organisation_id, Role.RESEARCHER)
    for who in (sale.finance, researcher, await market.company()):
        assert (await who.ok("GET", at))["items"] == []
    public = [await market.client.get(f"/api/v1{sale.path}{path}") for path in ("", "/log", "/rules")]
    for bidder in sale.bidders:
        name = f"Example company {bidder.who.organisation_id!s}"
        for text in (answer.text for answer in public):
            assert str(bidder.who.organisation_id) not in text
            assert str(bidder.who.person_id) not in text
            assert name not in text


async def test_at_the_end_the_winner_alone_is_named(market: Market) -> None:
    sale = await Sale.of(market)
    await sale.bid(0, OPENING)
    await sale.bid(1, OPENING + STEP)
    await sale.let_pass(hours=24)
    answers = [await market.client.get(f"/api/v1{sale.path}{path}") for path in ("", "/log", "/rules")]
    said = "".join(answer.text for answer in answers)
    loser, winner = sale.bidders
    assert str(winner.who.organisation_id) in said
    assert str(loser.who.organisation_id) not in said
    seen = (await sale.officer.ok("GET", f"{sale.path}/registrations"))["items"]
    assert {each["alias"] for each in seen} == {loser.alias, winner.alias}
    own = (await loser.who.ok("GET", f"{sale.path}/registrations"))["items"]
    assert [each["id"] for each in own] == [loser.id]
    for who, status in ((loser.who, 404), (winner.who, 200), (sale.finance, 200), (sale.operator, 200)):
        assert (await who.get(f"{sale.path}/award")).status_code == status
