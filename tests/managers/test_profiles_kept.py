"""What the hall keeps of managers: credentials that the operator verifies, joint employments, and what they bar."""

from typing import Any

import pytest

from market.workdays import legal_day
from schemas.vocabulary import Role
from tests.interests.forms import a_published_result, an_interest
from tests.makers import Caller, Market
from tests.managers.profiles import ACCEPTANCE, FOUND, PROFILE, a_manager, an_assignment

REFUSED = {"verified": False, "note": "The board knows no such number."}


async def _offer(market: Market, profile: dict[str, Any], company: Caller | None = None) -> Any:
    officer, _, listing = await a_published_result(market)
    company = company or await market.company()
    interest = await an_interest(company, officer, listing)
    return await officer.post(f"/interests/{interest['id']}/assignments", {"manager_id": profile["id"]})


def _rules(response: Any) -> list[str]:
    assert response.status_code == 409, response.text
    return [error["rule"] for error in response.json()["errors"]]


async def _today(market: Market) -> str:
    async with market.database.sessions() as session:
        from market.database import now

        return legal_day(await now(session)).isoformat()


async def test_a_credential_counts_once_the_operator_has_verified_it_and_no_more_once_refused(
    market: Market,
) -> None:
    caller = await market.manager()
    profile = await caller.ok("POST", "/managers", json=PROFILE)
    assert _rules(await _offer(market, profile)) == ["TM-7"]
    (credential,) = profile["credentials"]
    path = f"/managers/{profile['id']}/credentials/{credential['id']}/verification"
    for other in (caller, await market.auditor(), await market.company()):
        assert (await other.post(path, FOUND)).status_code == 403
    operator = await market.operator()
    found = await operator.ok("POST", path, json=FOUND)
    assert found["credentials"][0]["verified_at"]
    assert (await _offer(market, profile)).status_code == 201
    refused = await operator.ok("POST", path, json=REFUSED)
    assert (refused["credentials"][0]["verified_at"], refused["credentials"][0]["note"]) == (
        None,
        REFUSED["note"],
    )
    assert _rules(await _offer(market, profile)) == ["TM-7"]
    unknown = path.replace(credential["id"], profile["id"])
    assert (await operator.post(unknown, FOUND)).status_code == 404


async def test_a_credential_that_stays_keeps_its_finding_and_a_changed_one_does_not(market: Market) -> None:
    caller, profile = await a_manager(market)
    kept = PROFILE["credentials"][0]
    path, revision = f"/managers/{profile['id']}", profile["revision"]
    added = await caller.patch(path, {"credentials": [kept, kept | {"number": "TM-2"}]}, f'"r{revision}"')
    assert [bool(each["verified_at"]) for each in added.json()["credentials"]] == [True, False]
    changed = await caller.patch(
        path, {"credentials": [kept | {"expires_on": "2098-12-31"}]}, added.headers["etag"]
    )
    assert [each["verified_at"] for each in changed.json()["credentials"]] == [None]
    assert _rules(await _offer(market, profile)) == ["TM-7"]


async def test_an_offer_is_not_accepted_once_the_credential_was_refused(market: Market) -> None:
    caller, profile = await a_manager(market)
    offer = (await _offer(market, profile)).json()
    path = f"/managers/{profile['id']}/credentials/{profile['credentials'][0]['id']}/verification"
    await (await market.operator()).ok("POST", path, json=REFUSED)
    assert _rules(await caller.post(f"/assignments/{offer['id']}/acceptance", ACCEPTANCE)) == ["TM-7"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"share_percent": 0}, "/share_percent"),
        ({"share_percent": 101}, "/share_percent"),
        ({"ends_on": "2025-12-31"}, ""),
        ({"organisation_id": "01900000-0000-7000-8000-000000000000"}, "/organisation_id"),
    ],
)
async def test_a_bad_employment_is_refused(market: Market, fields: dict[str, Any], pointer: str) -> None:
    caller, profile = await a_manager(market)
    body = {
        "organisation_id": str(await market.organisation()),
        "share_percent": 50,
        "begins_on": "2026-01-01",
    }
    response = await caller.post(f"/managers/{profile['id']}/employments", body | fields)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


async def test_joint_employments_share_a_hundred_per_cent_and_an_employer_is_no_party(market: Market) -> None:
    caller, profile = await a_manager(market)
    path = f"/managers/{profile['id']}/employments"
    company = await market.company()
    body = {
        "organisation_id": str(company.organisation_id),
        "share_percent": 60,
        "begins_on": "2026-01-01",
    }
    stated = await caller.ok("POST", path, json=body)
    (employment,) = stated["employments"]
    assert (employment["share_percent"], employment["ends_on"]) == (60, None)
    other = body | {"organisation_id": str(await market.organisation()), "share_percent": 41}
    overfull = await caller.post(path, other)
    assert overfull.status_code == 422
    assert overfull.json()["errors"][0]["rule"] == "TM-9"
    earlier = other | {"begins_on": "2024-01-01", "ends_on": "2025-12-31"}
    assert (await caller.post(path, earlier)).status_code == 201
    assert _rules(await _offer(market, profile, company)) == ["TM-1"]
    for stranger in (
        company,
        await market.operator(),
        await market.person(caller.organisation_id, Role.MANAGER),
    ):
        assert (await stranger.post(path, other)).status_code == 403
    end = f"{path}/{employment['id']}/end"
    today = await _today(market)
    before = await caller.post(end, {"ends_on": "2026-01-02"})
    assert before.status_code == 422
    ended = await caller.ok("POST", end, json={"ends_on": today})
    assert {e["id"]: e["ends_on"] for e in ended["employments"]}[employment["id"]] == today
    assert (await caller.post(end, {"ends_on": "2099-01-01"})).status_code == 409
    assert _rules(await _offer(market, profile, company)) == ["TM-1"]  # until the day is over
    public = await market.client.get(f"/api/v1/managers/{profile['id']}")
    assert len(public.json()["employments"]) == 2


async def test_a_former_employer_is_no_party_for_two_years(market: Market) -> None:
    caller, profile = await a_manager(market)
    lately, long_ago = await market.company(), await market.company()
    today = await _today(market)
    for company, ends_on in (
        (lately, f"{int(today[:4]) - 1}-12-31"),
        (long_ago, f"{int(today[:4]) - 3}-01-01"),
    ):
        body = {
            "organisation_id": str(company.organisation_id),
            "share_percent": 100,
            "begins_on": ends_on,
            "ends_on": ends_on,
        }
        await caller.ok("POST", f"/managers/{profile['id']}/employments", json=body)
    assert _rules(await _offer(market, profile, lately)) == ["TM-2"]
    assert (await _offer(market, profile, long_ago)).status_code == 201


async def test_whoever_controls_a_party_over_many_hands_is_no_manager_of_it(market: Market) -> None:
    caller, profile = await a_manager(market)
    company, operator = await market.company(), await market.operator()
    between = await market.organisation()
    for below, above in ((company.organisation_id, between), (between, caller.organisation_id)):
        control = {"controller_id": str(above), "evidence": "Register of companies"}
        await operator.ok("POST", f"/organisations/{below}/controllers", json=control)
    assert _rules(await _offer(market, profile, company)) == ["TM-3"]
    assert (await _offer(market, profile)).status_code == 201


async def test_an_organisation_with_a_prior_deal_keeps_its_managers_away(market: Market) -> None:
    """The manager's own agency has found a university by an interest that led to a deal."""
    officer, _, listing = await a_published_result(market)
    company = await market.company()
    interest = await an_interest(company, officer, listing, "negotiating")
    await officer.ok("POST", "/deals", json={"interest_id": interest["id"], "mode": "ordinary_licence"})
    in_house = await market.person(company.organisation_id, Role.MANAGER)
    profile = await in_house.ok("POST", "/managers", json=PROFILE)
    path = f"/managers/{profile['id']}/credentials/{profile['credentials'][0]['id']}/verification"
    await (await market.operator()).ok("POST", path, json=FOUND)
    other = await an_interest(await market.company(), officer, listing)
    refused = await officer.post(f"/interests/{other['id']}/assignments", {"manager_id": profile["id"]})
    assert _rules(refused) == ["TM-4"]


async def test_a_conflict_that_a_manager_declares_bars_the_same_offer(market: Market) -> None:
    officer, _, listing = await a_published_result(market)
    interest = await an_interest(await market.company(), officer, listing)
    manager, profile = await a_manager(market)
    offered = await an_assignment(officer, interest, manager, profile, "offered")
    refusal = {"reason": "My brother owns the company.", "conflict": "related_organisation"}
    declined = await manager.ok("POST", f"/assignments/{offered['id']}/refusal", json=refusal)
    assert declined["declared_conflict"] == "related_organisation"
    again = await officer.post(f"/interests/{interest['id']}/assignments", {"manager_id": profile["id"]})
    assert _rules(again) == ["TM-5"]
    other = await an_interest(await market.company(), officer, listing)
    assert (await an_assignment(officer, other, manager, profile, "offered"))["status"] == "offered"
