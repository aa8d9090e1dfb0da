"""The story of a manager who is gone around: receipt, claim, decision, credit, reward and the portfolio that shows it all."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
import rfc8785
from sqlalchemy import text

from market.workdays import legal_day
from tests.deals.trade import PAYMENT, Trade, fresh_key, money
from tests.makers import Caller, Market
from tests.managers.profiles import a_manager, an_assignment

SCHEME: dict[str, Any] = {
    "name": {"zh-Hans": "示例技术经理人奖励", "en": "Example reward of technology managers"},
    "source": "Example notice 2026-1",
    "basis": "technical_value",
    "percent": "2",
    "requires": ["signed", "paid"],
    "cap_per_year": money("1000.00"),
    "once_per_deal": False,
    "valid_from": "2026-01-01",
}
ANY = {"If-Match": "*"}
STATEMENT = {"statement": "They signed without me what I had introduced them over."}
REASONS = "The receipt names both parties, and they signed within the tail."


def today() -> str:
    return legal_day(datetime.now(UTC)).isoformat()


async def signed(trade: Trade, **fields: Any) -> Trade:
    """The deal, signed today by both sides."""
    await trade.bring("cleared")
    recorded = await trade.record(signed_on=today(), **fields)
    assert recorded.status_code == 201, recorded.text
    confirmed = await trade.confirm()
    assert confirmed.status_code == 200, confirmed.text
    return trade


async def introduced(market: Market) -> tuple[Trade, Caller, dict[str, Any], dict[str, Any]]:
    """Parties in negotiation whom a manager has introduced, the manager with profile, and the receipt."""
    trade = await Trade.of(market)
    manager, profile = await a_manager(market)
    assignment = await an_assignment(trade.officer, trade.interest, manager, profile)
    at = f"/assignments/{assignment['id']}"
    receipt = await manager.ok("POST", f"{at}/introduction", headers=fresh_key())
    trade.manager = manager
    return trade, manager, profile, receipt | {"at": at}


@dataclass
class Bypassed:
    """A deal that the introduced parties signed once they had let the manager go."""

    trade: Trade
    manager: Caller
    profile: dict[str, Any]
    receipt: dict[str, Any]
    claim: dict[str, Any]

    @property
    def at(self) -> str:
        return f"/circumvention-claims/{self.claim['id']}"


async def bypassed(market: Market) -> Bypassed:
    trade, manager, profile, receipt = await introduced(market)
    await trade.officer.ok("POST", f"{receipt['at']}/closure", json={"reason": "we go on alone"})
    trade.manager = None
    early = await manager.post(f"/introductions/{receipt['id']}/claims", STATEMENT)
    assert early.status_code == 409
    assert early.json()["errors"][0]["rule"] == "RV-18"
    await signed(trade)
    claim = await manager.ok("POST", f"/introductions/{receipt['id']}/claims", json=STATEMENT)
    return Bypassed(trade, manager, profile, receipt, claim)


async def test_rv_18_a_manager_who_was_gone_around_claims_and_gets_their_part_of_the_credit(
    market: Market,
) -> None:
    case = await bypassed(market)
    trade, manager, claim = case.trade, case.manager, case.claim
    assert (claim["status"], claim["deal_id"], claim["same_listing"]) == ("opened", trade.deal_id, True)
    assert claim["introduction_sha256"] == case.receipt["sha256"]
    assert (await manager.get(trade.path)).status_code == 404  # it is shown to them no more than before
    again = await manager.post(f"/introductions/{case.receipt['id']}/claims", STATEMENT)
    assert again.status_code == 409
    assert (await trade.director.ok("GET", f"{trade.path}/credit")) == {
        "deal_id": trade.deal_id,
        "decided": False,
        "shares": [],
    }
    operator = await market.operator()
    decision = {"upheld": True, "reasons": REASONS}
    unheard = await operator.post(f"{case.at}/decision", decision)
    assert unheard.status_code == 409
    for side in (trade.director, trade.company):
        await side.ok("POST", f"{case.at}/answer", json={"text": "We knew each other before."})
    assert (await trade.company.post(f"{case.at}/answer", {"text": "Once more."})).status_code == 409
    for other, status in ((manager, 403), (trade.director, 403), (await market.company(), 404)):
        assert (await other.post(f"{case.at}/decision", decision)).status_code == status
    upheld = await operator.ok("POST", f"{case.at}/decision", json=decision)
    assert (upheld["status"], upheld["reasons"]) == ("upheld", REASONS)
    assert [answer["side"] for answer in upheld["answers"]] == ["seller", "buyer"]
    credit = await trade.director.ok("GET", f"{trade.path}/credit")
    (share,) = credit["shares"]
    assert (share["percent"], share["claim_id"], share["assignment_id"]) == ("100", claim["id"], None)
    events = await trade.director.ok("GET", f"{trade.path}/events")
    assert (events[-1]["kind"], events[-1]["reason"]) == ("credited", REASONS)
    late = await manager.post(f"{case.at}/withdrawal", {"reason": "never mind"})
    assert late.status_code == 409


async def test_sides_that_do_not_answer_in_time_are_decided_without(market: Market) -> None:
    case = await bypassed(market)
    operator = await market.operator()
    async with market.database.sessions() as session, session.begin():
        await session.execute(
            text("UPDATE circumvention_claim SET answers_due_at = now() WHERE id = :id"),
            {"id": case.claim["id"]},
        )
    assert (await case.manager.ok("GET", case.at))["status"] == "answered"
    assert (await case.trade.company.post(f"{case.at}/answer", {"text": "Too late."})).status_code == 409
    body = {"upheld": False, "reasons": "The introduction was of another matter."}
    rejected = await operator.ok("POST", f"{case.at}/decision", json=body)
    assert rejected["status"] == "rejected"
    assert (await operator.ok("GET", f"{case.trade.path}/credit"))["shares"] == []


async def test_a_manager_withdraws_a_claim_and_everyone_concerned_lists_it(market: Market) -> None:
    case = await bypassed(market)
    for caller in (case.manager, case.trade.director, case.trade.company, await market.auditor()):
        page = await caller.ok("GET", "/circumvention-claims")
        assert case.claim["id"] in {item["id"] for item in page["items"]}
    assert (await (await market.company()).ok("GET", "/circumvention-claims"))["items"] == []
    withdrawn = await case.manager.ok("POST", f"{case.at}/withdrawal", json={"reason": "we have settled"})
    assert withdrawn["status"] == "withdrawn"


async def test_nobody_claims_a_deal_that_they_carried_or_that_others_were_introduced_to(
    market: Market,
) -> None:
    trade, manager, _, receipt = await introduced(market)
    await signed(trade)
    path = f"/introductions/{receipt['id']}/claims"
    carried = await manager.post(path, STATEMENT)
    assert carried.status_code == 409
    assert carried.json()["errors"][0]["detail"].startswith("no deal of these parties")
    assert (await trade.director.post(path, STATEMENT)).status_code == 403
    assert (await (await market.manager()).post(path, STATEMENT)).status_code == 404
    stranger = await Trade.of(market)
    await signed(stranger)
    named = await manager.post(path, STATEMENT | {"deal_id": stranger.deal_id})
    assert named.json()["errors"][0]["pointer"] == "/deal_id"


async def test_credit_of_co_managers_comes_to_a_hundred_and_is_decided_for_exactly_them(
    market: Market,
) -> None:
    trade, _, first, _ = await introduced(market)
    await trade.bring("gating")
    second, profile = await a_manager(market)
    asked = {"manager_id": profile["id"]}
    offer = await trade.company.ok("POST", f"{trade.path}/assignments", json=asked)
    body = {"no_conflict": True, "declaration": "I hold no interest in either party."}
    await second.ok("POST", f"/assignments/{offer['id']}/acceptance", json=body)
    credit = await second.ok("GET", f"{trade.path}/credit")
    assert {share["manager"]["id"]: share["percent"] for share in credit["shares"]} == {
        first["id"]: "50",
        profile["id"]: "50",
    }
    operator = await market.operator()

    def split(*shares: tuple[str, str]) -> dict[str, Any]:
        named = [{"manager_id": manager, "percent": percent} for manager, percent in shares]
        return {"shares": named, "reason": "as they have agreed"}

    path = f"{trade.path}/credit"
    thirds = split((first["id"], "66.67"), (profile["id"], "33.33"))
    for wrong in (
        split((first["id"], "60"), (profile["id"], "39.99")),
        split((first["id"], "100")),
        split((first["id"], "50"), (trade.deal_id, "50")),
        split((first["id"], "66.667"), (profile["id"], "33.333")),
    ):
        assert (await operator("PUT", path, json=wrong, headers=ANY)).status_code == 422
    for other in (second, trade.director):
        assert (await other("PUT", path, json=thirds, headers=ANY)).status_code == 403
    assert (await operator("PUT", path, json=thirds)).status_code == 428
    read = await operator.get(path)
    decided = await operator.ok("PUT", path, json=thirds, headers={"If-Match": read.headers["etag"]})
    assert decided["decided"] is True
    assert sorted(share["percent"] for share in decided["shares"]) == ["33.33", "66.67"]


@pytest_asyncio.fixture(scope="module")
async def schemes(market: Market) -> dict[str, dict[str, Any]]:
    operator = await market.operator()
    assert (await (await market.manager()).post("/reward-schemes", SCHEME)).status_code == 403
    return {
        name: await operator.ok("POST", "/reward-schemes", json=SCHEME | fields)
        for name, fields in {
            "plain": {},
            "capped": {"cap_per_year": money("7500.00")},
            "once": {"once_per_deal": True},
            "registered": {"requires": ["signed", "registered", "paid"]},
        }.items()
    }


async def _credited(market: Market) -> tuple[Trade, Caller, dict[str, Any]]:
    """A signed deal of 250,000.00 of technology to a manager's credit."""
    trade, manager, profile, _ = await introduced(market)
    await signed(trade)
    return trade, manager, profile


async def test_a_reward_is_claimed_checked_approved_by_another_and_paid(
    market: Market, schemes: dict[str, dict[str, Any]]
) -> None:
    trade, manager, _ = await _credited(market)
    claim = {"scheme_id": schemes["capped"]["id"], "deal_id": trade.deal_id}
    unpaid = await manager.post("/reward-claims", claim, headers=fresh_key())
    assert [error["rule"] for error in unpaid.json()["errors"]] == ["TM-12"]
    assert (await manager.ok("GET", "/managers/me/rewards")) == []
    paid = await trade.pay(**(PAYMENT | {"paid_on": today()}))
    assert paid.status_code == 201, paid.text
    due = {
        each["scheme"]["id"]: (each["amount"]["amount"], each["needs_registration"])
        for each in await manager.ok("GET", "/managers/me/rewards")
    }
    assert due[schemes["capped"]["id"]] == ("5000.00", False)  # 2 % of 250,000.00
    assert due[schemes["plain"]["id"]] == ("1000.00", False)  # the cap
    assert due[schemes["registered"]["id"]] == ("1000.00", True)
    assert (await manager.post("/reward-claims", claim)).status_code == 400  # without a key
    made = await manager.ok("POST", "/reward-claims", json=claim, headers=fresh_key())
    assert (made["status"], made["amount"]["amount"], made["share_percent"]) == ("claimed", "5000.00", "100")
    again = await manager.post("/reward-claims", claim, headers=fresh_key())
    assert again.status_code == 409
    at = f"/reward-claims/{made['id']}"
    checker, approver = await market.operator(), await market.operator()
    note = {"note": "contract and payment seen"}
    assert (await manager.post(f"{at}/check", note)).status_code == 403
    assert (await approver.post(f"{at}/approval")).status_code == 409  # unchecked
    returned = await checker.ok("POST", f"{at}/return", json={"reason": "name the invoice"})
    assert (returned["status"], returned["note"]) == ("returned", "name the invoice")
    claimed = await manager.ok("POST", "/reward-claims", json=claim, headers=fresh_key())
    assert (claimed["id"], claimed["status"]) == (made["id"], "claimed")
    await checker.ok("POST", f"{at}/check", json=note)
    assert (await checker.post(f"{at}/approval")).status_code == 403  # four eyes
    assert (await approver.ok("POST", f"{at}/approval"))["status"] == "approved"
    payment = {"paid_on": today(), "reference": f"REWARD-{made['id']}"}
    future = await checker.post(f"{at}/payment", payment | {"paid_on": "2099-01-01"}, headers=fresh_key())
    assert future.status_code == 422
    done = await checker.ok("POST", f"{at}/payment", json=payment, headers=fresh_key())
    assert (done["status"], done["payment_reference"]) == ("paid", payment["reference"])
    other, _, _ = await _credited(market)
    assert (await other.director.get(at)).status_code == 404


async def test_the_cap_of_a_year_holds_over_the_deals_of_one_person(
    market: Market, schemes: dict[str, dict[str, Any]]
) -> None:
    trade, manager, profile = await _credited(market)
    trades = [trade, await Trade.of(market), await Trade.of(market)]
    for each in trades[1:]:
        await an_assignment(each.officer, each.interest, manager, profile)
        each.manager = manager
        await signed(each)
    amounts = []
    for each in trades:
        await each.pay(**(PAYMENT | {"paid_on": today()}))
        claim = {"scheme_id": schemes["capped"]["id"], "deal_id": each.deal_id}
        answer = await manager.post("/reward-claims", claim, headers=fresh_key())
        amounts.append(
            answer.json()["amount"]["amount"] if answer.is_success else answer.json()["errors"][0]["rule"]
        )
    assert amounts == ["5000.00", "2500.00", "TM-14"]


async def test_of_two_managers_one_claims_where_a_deal_is_rewarded_once_and_both_their_shares_elsewhere(
    market: Market, schemes: dict[str, dict[str, Any]]
) -> None:
    trade, first, _, _ = await introduced(market)
    await trade.bring("gating")
    second, profile = await a_manager(market)
    offer = await trade.company.ok("POST", f"{trade.path}/assignments", json={"manager_id": profile["id"]})
    body = {"no_conflict": True, "declaration": "I hold no interest in either party."}
    await second.ok("POST", f"/assignments/{offer['id']}/acceptance", json=body)
    await trade.clear()
    assert (await trade.record(signed_on=today())).status_code == 201
    assert (await trade.confirm()).status_code == 200
    await trade.pay(**(PAYMENT | {"paid_on": today()}))

    async def claimed(who: Caller, scheme: str) -> Any:
        claim = {"scheme_id": schemes[scheme]["id"], "deal_id": trade.deal_id}
        return (await who.post("/reward-claims", claim, headers=fresh_key())).json()

    assert (await claimed(first, "capped"))["amount"]["amount"] == "2500.00"
    assert (await claimed(second, "capped"))["amount"]["amount"] == "2500.00"
    assert (await claimed(first, "once"))["status"] == "claimed"
    assert (await claimed(second, "once"))["errors"][0]["rule"] == "TM-13"


async def test_a_scheme_that_counts_registered_deals_takes_the_registration_with_the_claim(
    market: Market, schemes: dict[str, dict[str, Any]]
) -> None:
    trade, manager, profile = await _credited(market)
    await trade.pay(**(PAYMENT | {"paid_on": today()}))
    claim = {"scheme_id": schemes["registered"]["id"], "deal_id": trade.deal_id}
    without = await manager.post("/reward-claims", claim, headers=fresh_key())
    assert [error["pointer"] for error in without.json()["errors"]] == ["/registration"]
    registration = {"number": "2026110108000001", "registered_on": today()}
    made = await manager.ok(
        "POST", "/reward-claims", json=claim | {"registration": registration}, headers=fresh_key()
    )
    assert made["registration"] == registration
    path = f"/managers/{profile['id']}/portfolio"
    assert (await manager.ok("GET", path))["performance"]["registered"] == 0  # nobody has checked it
    checked = f"/reward-claims/{made['id']}/check"
    await (await market.operator()).ok("POST", checked, json={"note": "found in the register"})
    assert (await manager.ok("GET", path))["performance"]["registered"] == 1


async def test_the_portfolio_shows_every_receipt_with_its_hash(market: Market) -> None:
    case = await bypassed(market)
    trade, manager, profile = case.trade, case.manager, case.profile
    for side in (trade.director, trade.company):
        await side.ok("POST", f"{case.at}/answer", json={"text": "We knew each other before."})
    operator = await market.operator()
    decision = {"upheld": True, "reasons": REASONS}
    await operator.ok("POST", f"{case.at}/decision", json=decision)
    await trade.pay(**(PAYMENT | {"paid_on": today()}))
    path = f"/managers/{profile['id']}/portfolio"
    response = await manager.get(path)
    shown = response.json()
    assert [each["sha256"] for each in shown["introductions"]] == [case.receipt["sha256"]]
    assert [each["id"] for each in shown["assignments"]] == [case.receipt["assignment_id"]]
    assert [each["id"] for each in shown["claims"]] == [case.claim["id"]]
    (deal,) = shown["deals"]
    contract = await trade.director.get(f"{trade.path}/contract")
    assert deal["contract_sha256"] == hashlib.sha256(contract.content).hexdigest()
    assert (deal["share_percent"], deal["value"], deal["paid"]) == (
        "100",
        money("300000.00"),
        money("100000.00"),
    )
    assert shown["performance"] == {
        "signed": 1,
        "registered": 0,
        "paid": 1,
        "sums": [
            {
                "currency": "CNY",
                "signed": money("300000.00"),
                "technical": money("250000.00"),
                "paid": money("100000.00"),
            }
        ],
    }
    assert shown["credentials"][0]["number"] == profile["credentials"][0]["number"]
    stated = shown.pop("sha256")
    assert stated == hashlib.sha256(rfc8785.dumps(shown)).hexdigest()
    assert response.headers["etag"] == f'"{stated}"'
    for caller, status in (
        (operator, 200),
        (await market.auditor(), 200),
        (trade.director, 403),
        (await market.manager(), 403),
    ):
        assert (await caller.get(path)).status_code == status
    assert (await market.client.get(f"/api/v1{path}")).status_code == 401


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"percent": "0"}, "/percent"),
        ({"percent": "101"}, "/percent"),
        ({"requires": []}, "/requires"),
        ({"cap_per_year": money("0.00")}, ""),
        ({"valid_until": "2025-12-31"}, ""),
    ],
)
async def test_a_scheme_makes_sense(market: Market, fields: dict[str, Any], pointer: str) -> None:
    response = await (await market.operator()).post("/reward-schemes", SCHEME | fields)
    assert response.status_code == 422
    assert pointer in [error["pointer"] for error in response.json()["errors"]]
