"""The distribution of an income over HTTP, from what came in to what is paid out."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from market.verification import findings
from schemas.vocabulary import RevenueStatus, Role
from tests.deals.trade import EQUITY, fresh_key, money
from tests.distributions.unit import BEIJING, SHA, ZHEJIANG, Unit, amounts, line, problems
from tests.makers import Market
from tests.notices import unit as notices


@pytest.fixture(scope="module")
async def beijing(market: Market) -> Unit:
    """A university whose cases of own use need no deal."""
    return await Unit.of(market)


async def story(market: Market, region: str) -> Unit:
    unit = await Unit.of(market, region=region)
    await unit.paid()
    assert (await unit.open()).status_code == 201
    calculated = await unit.calculate()
    assert calculated.json()["net"] == money("270000.00")
    return unit


def shared(unit: Unit, main: str, other: str, staff: str, **fields: Any) -> list[dict[str, Any]]:
    return [
        line("Inventor", percent=main, person_id=str(unit.inventor.person_id), **fields),
        line("Helper", "other", other),
        line("Officer", "transfer_staff", staff),
    ]


async def test_a_distribution_that_fails_the_floor_and_one_that_passes_in_beijing(market: Market) -> None:
    unit = await story(market, BEIJING)
    assert problems(await unit.propose("49.9999")) == [("/pool", "RV-1")]
    assert await unit.status() == "net_calculated"

    warned = await unit.propose("60")  # a standard that a unit may set: it is shown, and does not bar
    assert warned.status_code == 200
    below = [each for each in warned.json()["findings"] if not each["met"]]
    assert [(each["rule"], each["effect"], each["needed_percent"]) for each in below] == [
        ("RV-2", "warn", 70)
    ]

    assert (await unit.do(unit.officer, "revision", {"reason": "Up to the standard"})).status_code == 200
    passed = (await unit.propose("70", *shared(unit, "60", "30", "10"))).json()
    assert all(each["met"] for each in passed["findings"])
    assert passed["pool"] == money("189000.00")
    assert passed["retained"] == money("81000.00")
    assert amounts(passed) == {"Inventor": "113400.00", "Helper": "56700.00", "Officer": "18900.00"}
    assert passed["notice_required"] is False

    await unit.sign()
    for place in (1, 2):
        assert (await unit.sign(unit.officer, place, {"evidence_sha256": SHA})).status_code == 200
    assert await unit.status() == "signed_off"
    for who, verb in ((unit.officer, "publicity"), (unit.director, "approval"), (unit.finance, "approval")):
        assert (await unit.do(who, verb)).status_code == 200
    approved = await unit.view()
    assert (approved["status"], approved["due_on"]) == ("approved", None)  # no rule of Beijing says by when
    assert (await unit.pay_out()).status_code == 200
    closed = await unit.do(unit.finance, "closure")
    assert closed.json()["status"] == "closed"
    ledger = (await unit.receivables())["ledger"]
    assert ledger["rewarded"] == money("189000.00")
    assert ledger["income"] == money("111000.00")


async def test_a_distribution_that_fails_the_floor_and_one_that_passes_in_zhejiang(market: Market) -> None:
    unit = await story(market, ZHEJIANG)
    low = await unit.propose("69.9999", *shared(unit, "69", "27", "4"))
    assert problems(low) == [("/pool", "RV-4"), ("/lines", "RV-4"), ("/lines", "RV-4")]
    passed = (await unit.propose("70", *shared(unit, "70", "25", "5"))).json()
    assert passed["status"] == "proposed"
    assert {each["pack"] for each in passed["findings"]} == {"CN-ZJ", "CN"}
    assert passed["notice_rule"] == "PR-8"

    await unit.sign()
    for place in (1, 2):
        await unit.sign(unit.officer, place, {"evidence_sha256": SHA})
    assert problems(await unit.do(unit.officer, "publicity")) == [("/notice", "PR-8")]
    clear = await announced(unit)
    assert (await unit.do(unit.officer, "publicity")).status_code == 200
    for who in (unit.director, unit.finance):
        assert (await unit.do(who, "approval")).status_code == 200
    approved = await unit.view()
    assert approved["notice_id"] == clear["id"]
    assert approved["due_on"] == "2026-08-03"  # six months from 1 February are a Saturday's
    assert approved["payout_period"]["rule"] == "RV-6"
    assert (await clear["unit"].state(clear))["status"] == "settled"


async def announced(
    unit: Unit, *, leader: bool = False, cash: bool = False, **changed: Any
) -> dict[str, Any]:
    """The reward notice of the proposal, whose period has passed."""
    view = await unit.view()
    board = notices.Unit(unit.trade.market, unit.officer, unit.director, [])
    await board.set_policy()
    content = {
        "kind": "reward",
        "name": notices.NAME,
        "recipients": [
            {"name": each["name"], "is_leader": each["is_leader"], "amount": each["amount"]} | changed
            for each in view["lines"]
        ],
        "channels": notices.CHANNELS,
        "cash": cash,
    }
    subject = {"kind": "distribution", "id": view["id"]}
    draft = await unit.officer.ok("POST", "/notices", {"subject": subject, "content": content})
    published: dict[str, Any] = await board.publish(draft)
    assert problems(await unit.do(unit.officer, "publicity"))[0][0] == "/notice"
    await board.end_period(published)
    return published | {"unit": board}


async def test_pr_7_a_leader_among_the_recipients_forces_a_notice(beijing: Unit) -> None:
    unit = await (await beijing.another()).bring("net_calculated")
    leader = line("Inventor", person_id=str(unit.inventor.person_id), is_leader=True)
    proposed = (await unit.propose("70", leader)).json()
    assert (proposed["notice_required"], proposed["notice_rule"]) == (True, "PR-7")
    await unit.sign()
    assert problems(await unit.do(unit.officer, "publicity")) == [("/notice", "PR-7")]
    await announced(unit)
    assert (await unit.do(unit.officer, "publicity")).json()["status"] == "publicised"


async def test_a_notice_of_other_amounts_does_not_stand_for_it(beijing: Unit) -> None:
    unit = await (await beijing.another()).bring("net_calculated")
    leader = line("Inventor", person_id=str(unit.inventor.person_id), is_leader=True)
    await unit.propose("70", leader)
    await unit.sign()
    await announced(unit, amount=money("1.00"))
    found = await unit.do(unit.officer, "publicity")
    assert problems(found) == [("/notice/recipients/Inventor", "PR-7")]


async def test_pr_9_the_tax_benefit_of_cash_needs_a_notice_of_cash_for_working_days(market: Market) -> None:
    unit = await story(market, BEIJING)
    proposed = (await unit.propose("70", cash_benefit=True)).json()
    assert proposed["notice_rule"] == "PR-9"
    note = proposed["tax_notes"][-1]
    assert (note["rule"], note["until"], note["confirmed"]) == ("CT-22", "2029-02-01", False)
    await unit.sign()
    await announced(unit, cash=True)
    assert (await unit.do(unit.officer, "publicity")).status_code == 200


async def test_rv_6_what_is_agreed_goes_before_the_six_months(market: Market) -> None:
    unit = await (await Unit.of(market, region=ZHEJIANG, founding="private")).bring(
        "approved", agreed_due_on="2026-12-31"
    )
    assert (unit.case["due_on"], unit.case["payout_period"]) == ("2026-12-31", None)


async def test_rv_7_what_is_not_shared_stays_with_the_unit(beijing: Unit) -> None:
    unit = await (await beijing.another()).bring("proposed")
    assert unit.case["retained"] == money("81000.00")
    assert not [word for word in unit.case if "treasury" in word]


async def test_rv_8_who_holds_an_ownership_share_has_no_share_in_zhejiang(market: Market) -> None:
    unit = await story(market, ZHEJIANG)
    both = shared(unit, "70", "25", "5")
    both[1] |= {"holds_ownership_share": True}
    assert problems(await unit.propose("70", *both)) == [("/lines/1", "RV-8")]
    chosen = [
        *shared(unit, "95", "0", "5")[::2],
        line("Helper", "other", None, holds_ownership_share=True),
    ]
    passed = await unit.propose("70", *chosen)
    assert amounts(passed.json())["Helper"] == "0.00"


async def test_rv_1_of_a_contribution_to_equity_half_the_shares_are_the_contributors(market: Market) -> None:
    unit = await Unit.of(market, mode="equity", terms=EQUITY)
    opened = (await unit.open()).json()
    assert (opened["basis"], opened["income"]) == ("equity", money("300000.00"))
    assert (await unit.open()).status_code == 409
    await unit.calculate([])
    assert problems(await unit.propose("49")) == [("/pool", "RV-1")]
    assert (await unit.propose("50")).status_code == 200


async def test_rv_1_of_own_use_a_part_of_the_profit_for_some_years(market: Market) -> None:
    unit = await Unit.of(market)
    use = {
        "listing_id": unit.trade.listing["id"],
        "operating_profit": money("100000.00"),
        "evidence_sha256": SHA,
    }
    opened = await unit.open(own_use=use | {"year": 3})
    assert opened.status_code == 201, opened.text
    await unit.calculate([])
    assert problems(await unit.propose("4")) == [("/pool", "RV-1")]
    assert (await unit.propose("5")).json()["own_use_year"] == 3
    await unit.open(own_use=use | {"year": 4})
    await unit.calculate([])
    assert [each["rule"] for each in (await unit.propose("4")).json()["findings"] if not each["met"]] == [
        "RV-2"
    ]
    foreign = await (await Unit.of(market)).open(own_use=use | {"year": 1})
    assert problems(foreign) == [("/own_use/listing_id", None)]


async def test_a_contributor_sees_their_own_line_and_nobody_elses(beijing: Unit) -> None:
    unit = await (await beijing.another()).bring("net_calculated")
    await unit.propose("70", *shared(unit, "60", "30", "10"))
    own = await unit.inventor.ok("GET", f"{unit.path}/share")
    assert [each["name"] for each in own["lines"]] == ["Inventor"]
    assert "Helper" not in str(own)
    (latest, *_) = (await unit.inventor.ok("GET", "/shares"))["items"]
    assert latest == own
    assert (await unit.inventor.get(unit.path)).status_code == 404
    assert (await unit.sign(unit.inventor, 1)).status_code == 404
    assert (await unit.finance.get(f"{unit.path}/share")).status_code == 404
    assert (await unit.sign(unit.finance, 0)).status_code == 403
    assert problems(await unit.sign(unit.officer, 1)) == [("/evidence_sha256", None)]


async def test_dissent_stops_it_until_it_is_taken_back_or_answered(beijing: Unit) -> None:
    unit = await (await beijing.another()).bring("disputed")
    (open_one,) = (await unit.view())["dissents"]
    assert (await unit.sign()).status_code == 409
    assert (await unit.dissent()).status_code == 409
    withdrawal = f"dissents/{open_one['id']}/withdrawal"
    assert (await unit.do(unit.finance, withdrawal)).status_code == 404
    assert (await unit.do(unit.inventor, withdrawal)).status_code == 200
    assert await unit.status() == "proposed"

    assert (await unit.dissent()).status_code == 201
    assert (await unit.do(unit.officer, "revision", {"reason": "Their share is raised"})).status_code == 200
    await unit.propose("80")
    answered = await unit.view()
    assert [each["status"] for each in answered["dissents"]] == ["withdrawn", "answered"]
    assert answered["lines"][0]["signed_at"] is None


async def test_two_people_who_receive_nothing_of_it_approve(market: Market, beijing: Unit) -> None:
    unit = await beijing.another()
    also = await market.person(unit.officer.organisation_id, Role.TTO_DIRECTOR, Role.FINANCE)
    await unit.bring("net_calculated")
    await unit.propose("70", line("Director", person_id=str(unit.director.person_id)))
    await unit.sign(unit.director)
    await unit.do(unit.officer, "publicity")
    assert (await unit.do(unit.director, "approval")).status_code == 403
    assert (await unit.do(also, "approval")).status_code == 200
    for who in (also, unit.finance):  # the same person, and the same role
        assert (await unit.do(who, "approval")).status_code == 409
    assert await unit.status() == "publicised"
    another = await market.person(unit.officer.organisation_id, Role.TTO_DIRECTOR)
    assert (await unit.do(another, "approval")).json()["status"] == "approved"


async def test_a_later_payment_and_a_refund_are_worked_out_in_another_case(market: Market) -> None:
    unit = await Unit.of(market)
    await unit.paid("100000.00")
    await unit.open()
    await unit.calculate([])
    await unit.bring("paid")
    assert amounts(unit.case) == {"Inventor": "70000.00"}
    first = unit.case["id"]
    await unit.paid("200000.00")
    refund = {
        "amount": money("50000.00"),
        "refunded_on": "2026-02-15",
        "reference": "BACK-1",
        "reason": "Agreed",
    }
    path = f"{unit.trade.path}/refunds"
    assert (await unit.finance.post(path, refund, headers=fresh_key())).status_code == 201
    assert (await unit.finance.post(path, refund, headers=fresh_key())).status_code == 409

    following = (await unit.adjust("refund")).json()
    assert following["follows"] == first
    assert following["income"] == money("250000.00")
    await unit.calculate([])
    (now,) = (await unit.propose("70")).json()["lines"]
    assert (now["amount"], now["paid_before"]) == (money("175000.00"), money("70000.00"))
    await unit.bring("paid")
    assert (await unit.receivables())["ledger"]["rewarded"] == money("175000.00")
    assert (await unit.finance.ok("GET", f"/distributions/{first}"))["status"] == "adjusted"


async def test_nobody_who_was_paid_is_forgotten_by_the_case_that_follows(beijing: Unit) -> None:
    unit = await (await beijing.another()).bring("paid")
    await unit.adjust("audit")
    await unit.calculate([])
    assert problems(await unit.propose("70", line("Somebody else"))) == [("/lines", None)]


async def test_each_payment_is_counted_once(market: Market) -> None:
    unit = await Unit.of(market)
    assert problems(await unit.open()) == [("/payment_ids", None)]
    first, second = await unit.paid("100000.00"), await unit.paid("200000.00")
    opened = await unit.open(deal_id=unit.trade.deal_id, payment_ids=[first["id"]])
    assert opened.json()["income"] == money("100000.00")
    again = await unit.open(deal_id=unit.trade.deal_id, payment_ids=[second["id"], first["id"]])
    assert problems(again) == [("/payment_ids/1", None)]
    assert (await unit.open()).json()["payment_ids"] == [second["id"]]
    assert problems(await unit.open()) == [("/payment_ids", None)]
    await unit.do(unit.finance, "cancellation", {"reason": "Opened by mistake"})
    assert (await unit.open()).json()["payment_ids"] == [second["id"]]


async def test_a_private_institute_shares_as_it_likes(market: Market) -> None:
    unit = await (await Unit.of(market, founding="private")).bring("net_calculated")
    proposed = (await unit.propose("1")).json()
    assert (proposed["status"], proposed["findings"]) == ("proposed", [])


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"lines": [line("A", percent=None, weight=1), line("B")]}, ""),
        ({"pool_percent": None}, ""),
        ({"pool_percent": None, "pool": money("1.00", "USD")}, "/pool/currency"),
        ({"lines": []}, "/lines"),
        ({"lines": [line("A", percent="99")]}, ""),
        ({"lines": [line("A", percent=None)]}, "/lines/0"),
        ({"lines": [line("A", person_id="00000000-0000-0000-0000-000000000009")]}, "/lines/0/person_id"),
    ],
)
async def test_what_is_wrong_with_a_proposal_is_named(
    calculated: Unit, change: dict[str, Any], pointer: str
) -> None:
    found = problems(await calculated.propose("70", **change))
    assert found[0][0] == pointer


@pytest.fixture(scope="module")
async def calculated(beijing: Unit) -> Unit:
    return await (await beijing.another()).bring("net_calculated")


Try = Callable[[Unit], Awaitable[httpx.Response]]
VERBS: dict[str, tuple[Try, set[str]]] = {
    "net-income": (Unit.calculate, {"opened", "net_calculated"}),
    "proposal": (lambda unit: unit.propose("70"), {"net_calculated"}),
    "publicity": (lambda unit: unit.do(unit.officer, "publicity"), {"signed_off"}),
    "approval": (lambda unit: unit.do(unit.director, "approval"), {"publicised"}),
    "payment": (lambda unit: unit.pay_out(), {"approved"}),
    "closure": (lambda unit: unit.do(unit.finance, "closure"), {"paid"}),
    "adjustment": (lambda unit: unit.adjust(), {"approved", "paid", "closed"}),
    "revision": (
        lambda unit: unit.do(unit.officer, "revision", {"reason": "Another one"}),
        {"proposed", "disputed", "signed_off", "publicised"},
    ),
    "cancellation": (
        lambda unit: unit.do(unit.finance, "cancellation", {"reason": "A mistake"}),
        {"opened", "net_calculated", "proposed", "disputed", "signed_off", "publicised"},
    ),
}


@pytest.mark.parametrize("status", RevenueStatus)
async def test_every_verb_is_refused_from_every_state_but_its_own(
    beijing: Unit, status: RevenueStatus
) -> None:
    unit = await (await beijing.another()).bring(status.value)
    before = await unit.view()
    for verb, (attempt, able) in VERBS.items():
        if status.value in able:
            continue
        answer = await attempt(unit)
        assert answer.status_code == 409, (verb, answer.text)
        assert all(state in answer.json()["detail"] for state in able), (verb, answer.text)
    assert await unit.view() == before


async def test_the_record_tells_the_whole_of_it_and_the_hall_verifies(market: Market, beijing: Unit) -> None:
    unit = await (await beijing.another()).bring("closed")
    events = await unit.finance.ok("GET", f"{unit.path}/events")
    assert [event["kind"] for event in events] == [
        "opened",
        "net_calculated",
        "proposed",
        "line_signed",
        "signed_off",
        "publicised",
        "approval_given",
        "approval_given",
        "approved",
        "paid",
        "closed",
    ]
    assert [found async for found in findings(market.database, lambda done, total: None)] == []
