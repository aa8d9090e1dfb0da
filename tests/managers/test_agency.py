"""For whom a manager acts, what else than an interest they carry, and plans for many items."""

from typing import Any

from tests.deals.trade import Trade, fresh_key
from tests.interests.forms import a_published_result, an_interest
from tests.makers import Caller, Market
from tests.managers.profiles import ACCEPTANCE, a_manager


async def _both(market: Market) -> tuple[Caller, Caller, Caller, dict[str, Any], dict[str, Any]]:
    """An owner's officer, a company, a manager who is asked to act for both, the interest and the offer."""
    officer, _, listing = await a_published_result(market)
    company = await market.company()
    interest = await an_interest(company, officer, listing)
    manager, profile = await a_manager(market)
    body = {"manager_id": profile["id"], "represents": "both"}
    offer = await officer.ok("POST", f"/interests/{interest['id']}/assignments", json=body)
    return officer, company, manager, interest, offer


async def test_a_manager_acts_for_both_sides_only_once_both_have_consented(market: Market) -> None:
    officer, company, manager, interest, offer = await _both(market)
    assert offer["awaits_consent_of"] == ["counterpart"]
    at = f"/assignments/{offer['id']}"
    accepted = await manager.ok("POST", f"{at}/acceptance", json=ACCEPTANCE)
    assert accepted["status"] == "accepted"
    assert accepted["manager"]["open_assignments"] == 1
    assert (await manager.get(f"/interests/{interest['id']}")).status_code == 404
    early = await manager.post(f"{at}/introduction", headers=fresh_key())
    assert early.status_code == 409
    for caller, status in (
        (manager, 403),
        (await market.operator(), 403),  # speaks for neither side
        (await market.company(), 404),
    ):
        assert (await caller.post(f"{at}/consent")).status_code == status, caller.email
    assert (await officer.ok("POST", f"{at}/consent"))["status"] == "accepted"  # it had consented by asking
    active = await company.ok("POST", f"{at}/consent")
    assert (active["status"], active["awaits_consent_of"]) == ("active", [])
    assert (await manager.get(f"/interests/{interest['id']}")).status_code == 200
    made = await manager.ok("POST", f"{at}/introduction", headers=fresh_key())
    assert (await manager.ok("GET", at))["status"] == "introducing"
    assert (await manager.ok("GET", at))["introduction_id"] == made["id"]


async def test_a_side_that_is_not_acted_for_has_nothing_to_consent_to(market: Market) -> None:
    officer, _, listing = await a_published_result(market)
    company = await market.company()
    interest = await an_interest(company, officer, listing)
    _, profile = await a_manager(market)
    body = {"manager_id": profile["id"]}
    offer = await company.ok("POST", f"/interests/{interest['id']}/assignments", json=body)
    assert (offer["represents"], offer["awaits_consent_of"]) == ("counterpart", [])
    assert (await officer.post(f"/assignments/{offer['id']}/consent")).status_code == 403


async def test_what_the_operator_offers_waits_for_the_side_that_is_acted_for(market: Market) -> None:
    officer, _, listing = await a_published_result(market)
    interest = await an_interest(await market.company(), officer, listing)
    manager, profile = await a_manager(market)
    offer = await (await market.operator()).ok(
        "POST", f"/interests/{interest['id']}/assignments", json={"manager_id": profile["id"]}
    )
    assert (offer["represents"], offer["awaits_consent_of"]) == ("owner", ["owner"])
    at = f"/assignments/{offer['id']}"
    assert (await officer.ok("POST", f"{at}/consent"))["status"] == "offered"
    assert (await manager.ok("POST", f"{at}/acceptance", json=ACCEPTANCE))["status"] == "active"


async def test_a_manager_who_carries_a_listing_for_its_owner_acts_for_both_with_a_company(
    market: Market,
) -> None:
    officer, _, listing = await a_published_result(market)
    manager, profile = await a_manager(market)
    asked = {"manager_id": profile["id"]}
    offer = await officer.ok("POST", f"/listings/{listing['id']}/assignments", json=asked)
    assert (offer["subject"], offer["organisation_id"]) == ("listing", None)
    carried = await manager.ok("POST", f"/assignments/{offer['id']}/acceptance", json=ACCEPTANCE)
    assert carried["status"] == "active"
    company = await market.company()
    interest = await an_interest(company, officer, listing)
    second = await company.ok("POST", f"/interests/{interest['id']}/assignments", json=asked)
    assert (second["represents"], second["awaits_consent_of"]) == ("both", ["owner"])


async def test_a_manager_of_a_listing_introduces_each_company_once(market: Market) -> None:
    officer, _, listing = await a_published_result(market)
    company, other = await market.company(), await market.company()
    manager, profile = await a_manager(market)
    asked = {"manager_id": profile["id"]}
    path = f"/listings/{listing['id']}/assignments"
    assert (await company.post(path, asked)).status_code == 403
    assert (await officer.post(path, asked | {"represents": "both"})).status_code == 422
    offer = await officer.ok("POST", path, json=asked)
    assert (await officer.post(path, asked)).status_code == 409
    await manager.ok("POST", f"/assignments/{offer['id']}/acceptance", json=ACCEPTANCE)
    at = f"/assignments/{offer['id']}/introduction"
    assert (await manager.post(at, headers=fresh_key())).status_code == 422
    own = {"organisation_id": str(officer.organisation_id)}
    assert (await manager.post(at, own, headers=fresh_key())).status_code == 422
    for introduced in (company, other):
        named = {"organisation_id": str(introduced.organisation_id)}
        made = await manager.ok("POST", at, json=named, headers=fresh_key())
        assert (await introduced.ok("GET", f"/introductions/{made['id']}")) == made
        assert (await manager.post(at, named, headers=fresh_key())).status_code == 409
    assert (await other.get(f"/assignments/{offer['id']}")).status_code == 404
    await officer.ok("POST", f"/listings/{listing['id']}/withdrawal", json={"reason": "sold elsewhere"})
    ended = await manager.ok("GET", f"/assignments/{offer['id']}")
    assert (ended["status"], ended["outcome"]) == ("closed", "no_deal")
    assert ended["manager"]["open_assignments"] == 0


async def test_a_manager_of_a_deal_sees_it_and_closes_with_it(market: Market) -> None:
    trade = await Trade.of(market)
    await trade.bring("gating")
    manager, profile = await a_manager(market)
    path = f"{trade.path}/assignments"
    asked = {"manager_id": profile["id"]}
    assert (await (await market.company()).post(path, asked)).status_code == 404
    offer = await trade.company.ok("POST", path, json=asked)
    assert (offer["subject"], offer["deal_id"], offer["represents"]) == ("deal", trade.deal_id, "counterpart")
    assert (await manager.get(trade.path)).status_code == 404
    await manager.ok("POST", f"/assignments/{offer['id']}/acceptance", json=ACCEPTANCE)
    assert (await manager.get(trade.path)).status_code == 200
    introduced = await manager.post(f"/assignments/{offer['id']}/introduction", headers=fresh_key())
    assert introduced.status_code == 409  # they know each other
    await trade.cancel()
    closed = await manager.ok("GET", f"/assignments/{offer['id']}")
    assert (closed["status"], closed["outcome"]) == ("closed", "no_deal")
    assert (await trade.officer.post(path, asked)).status_code == 409


async def test_a_plan_proposes_explains_and_is_applied_as_offers(market: Market) -> None:
    officer, _, listing = await a_published_result(market, ipc=["D21H 17/00"], discipline=["A01"])
    interests = [await an_interest(await market.company(), officer, listing) for _ in range(3)]
    fields = {"fields": {"ipc": ["D21H"]}}
    first, one = await a_manager(market, capacity=1, **fields)
    _, two = await a_manager(market, capacity=1, **fields)
    items = [{"kind": "interest", "id": interest["id"]} for interest in interests]
    plan = await officer.ok("POST", "/assignment-plans", json={"items": items})
    assert {proposal["manager"]["id"] for proposal in plan["proposals"]} == {one["id"], two["id"]}
    assert {part["part"] for part in plan["proposals"][0]["parts"]} == {
        "fields",
        "languages",
        "load",
        "record",
    }
    assert all(proposal["assignment_id"] is None for proposal in plan["proposals"])
    (left,) = plan["unassigned"]
    assert (left["taken"], left["because"]) == (
        2,
        "the places of all 2 managers who could carry it go to other items",
    )
    assert (await first.ok("GET", "/assignments"))["items"] == []  # it only proposes
    applied = await officer.ok("POST", "/assignment-plans", json={"apply": True})
    assert {p["item"]["id"] for p in applied["proposals"]} <= {item["id"] for item in items}
    offers = {p["manager"]["id"]: p["assignment_id"] for p in applied["proposals"]}
    accepted = await first.ok("POST", f"/assignments/{offers[one['id']]}/acceptance", json=ACCEPTANCE)
    assert accepted["status"] == "active"
    rest = await officer.ok("POST", "/assignment-plans", json={})
    assert [proposal["manager"]["id"] for proposal in rest["proposals"]] == [
        two["id"]
    ]  # the other one is full


async def test_a_plan_names_what_it_cannot_plan_for(market: Market) -> None:
    officer, _, listing = await a_published_result(market)
    other, _, foreign = await a_published_result(market)
    manager, profile = await a_manager(market)
    await officer.ok("POST", f"/listings/{listing['id']}/assignments", json={"manager_id": profile["id"]})
    nothing = "01900000-0000-7000-8000-000000000000"
    items = [
        {"kind": "listing", "id": listing["id"]},
        {"kind": "listing", "id": foreign["id"]},
        {"kind": "deal", "id": nothing},
        {"kind": "interest", "id": listing["id"]},
    ]
    refused = await officer.post("/assignment-plans", {"items": items})
    assert refused.status_code == 422
    found = {error["pointer"]: error["detail"] for error in refused.json()["errors"]}
    assert set(found) == {f"/items/{place}" for place in range(4)}
    assert found["/items/0"] == "a technology manager is assigned already"
    open_ones = await (await market.operator()).ok("POST", "/assignment-plans", json={"items": [items[1]]})
    assert len(open_ones["proposals"]) + len(open_ones["unassigned"]) == 1
    assert (await manager.post("/assignment-plans", {})).status_code == 403
    assert other.organisation_id != officer.organisation_id
