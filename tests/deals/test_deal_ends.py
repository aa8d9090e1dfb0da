"""The end of a deal: its technology manager's assignment closes in the same transaction, whatever the end is."""

import pytest

from market.deals.rules import FINAL
from tests.deals.trade import Trade
from tests.makers import Market
from tests.managers.profiles import a_manager, an_assignment

OUTCOMES = {"completed": "success", "cancelled": "no_deal", "terminated": "no_deal"}


def test_every_end_of_a_deal_has_its_outcome() -> None:
    assert set(OUTCOMES) == FINAL


async def _load(trade: Trade) -> int:
    assert trade.manager
    return int((await trade.manager.ok("GET", "/managers/me"))["open_assignments"])


@pytest.mark.parametrize("status", sorted(FINAL))
async def test_the_assignment_closes_with_the_deal_and_the_load_falls(market: Market, status: str) -> None:
    trade = await Trade.of(market, managed=True)
    assert trade.manager
    assert await _load(trade) == 1
    await trade.bring("gating" if status == "cancelled" else "performing")
    assert await _load(trade) == 1
    if status == "completed":
        await trade.complete(trade.company)
        assert await _load(trade) == 1  # one side alone
        assert (await trade.complete(trade.director)).status_code == 200
    elif status == "terminated":
        await trade.terminate(trade.company)
        assert (await trade.terminate(trade.director)).status_code == 200
    else:
        assert (await trade.cancel()).status_code == 200
    assert await _load(trade) == 0
    (assignment,) = (await trade.manager.ok("GET", "/assignments"))["items"]
    assert (assignment["status"], assignment["outcome"]) == ("closed", OUTCOMES[status])
    assert assignment["closed_at"]
    assert assignment["closure_reason"].startswith(f"the deal was {status}")
    events = await trade.manager.ok("GET", f"/interests/{trade.interest['id']}/events")
    assert (events[-1]["kind"], events[-1]["actor_id"]) == ("ended", None)  # and it is still shown to them


async def test_a_manager_at_capacity_is_free_once_the_deal_has_ended(market: Market) -> None:
    trade = await Trade.of(market)
    manager, profile = await a_manager(market, capacity=1)
    await an_assignment(trade.officer, trade.interest, manager, profile)
    await trade.bring("gating")
    other = await Trade.of(market)
    offer = f"/interests/{other.interest['id']}/assignments"
    assert (await other.company.post(offer, {"manager_id": profile["id"]})).status_code == 409
    await trade.cancel()
    assert (await other.company.post(offer, {"manager_id": profile["id"]})).status_code == 201


async def test_an_offer_that_nobody_accepted_ends_without_a_deal_to_its_credit(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("performing")
    manager, profile = await a_manager(market)
    await an_assignment(trade.officer, trade.interest, manager, profile, "offered")
    await trade.complete(trade.company)
    await trade.complete(trade.director)
    (assignment,) = (await manager.ok("GET", "/assignments"))["items"]
    assert (assignment["status"], assignment["outcome"]) == ("closed", "no_deal")


async def test_nobody_is_assigned_to_what_has_ended(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("cancelled")
    _, profile = await a_manager(market)
    late = await trade.officer.post(
        f"/interests/{trade.interest['id']}/assignments", {"manager_id": profile["id"]}
    )
    assert late.status_code == 409
    assert "ended" in late.json()["detail"]


async def test_an_assignment_that_was_closed_before_keeps_its_outcome(market: Market) -> None:
    trade = await Trade.of(market, managed=True)
    assert trade.manager
    (assignment,) = (await trade.manager.ok("GET", "/assignments"))["items"]
    closure = f"/assignments/{assignment['id']}/closure"
    await trade.officer.ok("POST", closure, json={"reason": "we go on alone"})
    await trade.bring("cancelled")
    kept = await trade.manager.ok("GET", f"/assignments/{assignment['id']}")
    assert (kept["outcome"], kept["closure_reason"]) == ("replaced", "we go on alone")


async def test_an_end_that_fails_leaves_the_assignment_open(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade = await Trade.of(market, managed=True)
    await trade.bring("gating")

    async def lost(*_: object, **__: object) -> None:
        raise ConnectionError("lost in between")

    monkeypatch.setattr("market.managers.service._recorded", lost)
    assert (await trade.cancel()).status_code >= 500
    monkeypatch.undo()
    assert await trade.status() == "gating"
    assert await _load(trade) == 1
