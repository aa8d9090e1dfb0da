"""Proposals, assignments and their answers: ranked, explained, without conflicts, never over capacity."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from schemas.vocabulary import Role
from tests.interests.forms import a_published_result, an_interest
from tests.makers import Caller, Market
from tests.managers.profiles import ACCEPTANCE, PROFILE, a_manager, an_assignment, verified


async def _parties(market: Market, **listing: Any) -> tuple[Caller, Caller, dict[str, Any]]:
    """An owner's officer, a buyer, and the buyer's interest."""
    officer, _, published = await a_published_result(market, **listing)
    company = await market.company()
    return officer, company, await an_interest(company, officer, published)


async def _proposals(caller: Caller, interest: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await caller.ok(
        "GET", f"/interests/{interest['id']}/manager-proposals", params={"limit": 100}
    )
    return found


async def test_managers_are_ranked_by_fields_languages_and_load_with_reasons(market: Market) -> None:
    officer, _, interest = await _parties(market)
    _, close = await a_manager(market)
    _, broad = await a_manager(market, fields={"ipc": ["H"]})
    _, mute = await a_manager(market, languages=["ja"])
    _, elsewhere = await a_manager(market, fields={"ipc": ["A61K"]})
    found = (await _proposals(officer, interest))["proposals"]
    place = {proposal["manager"]["id"]: number for number, proposal in enumerate(found)}
    assert place[close["id"]] < place[mute["id"]] < place[broad["id"]] < place[elsewhere["id"]]
    best = found[place[close["id"]]]
    assert best["score"] == 1.0
    assert {part["part"]: part["because"] for part in best["parts"]} == {
        "fields": "ipc: H01M10/0562 by H01M",
        "languages": "speaks en, zh",
        "load": "carries 0 of 3 assignments",
        "record": "none closed yet",
    }
    assert found[place[elsewhere["id"]]]["parts"][0]["because"] == "no field in common"
    assert all(
        proposal["score"]
        == pytest.approx(sum(p["value"] * p["weight"] for p in proposal["parts"]), abs=0.002)
        for proposal in found
    )


async def _member_too(market: Market, caller: Caller, organisation_id: Any) -> None:
    async with market.database.sessions() as session, session.begin():
        await session.execute(
            text(
                "INSERT INTO membership (person_id, organisation_id, roles, since) "
                "VALUES (:p, :o, ARRAY['reviewer'], now())"
            ),
            {"p": caller.person_id, "o": organisation_id},
        )


async def test_who_has_a_conflict_is_excluded_with_every_reason_and_cannot_be_assigned(
    market: Market,
) -> None:
    officer, company, interest = await _parties(market)
    in_house = await market.person(officer.organisation_id, Role.MANAGER)
    own = await verified(await market.operator(), await in_house.ok("POST", "/managers", json=PROFILE))
    moonlighter, tied = await a_manager(market)
    await _member_too(market, moonlighter, company.organisation_id)
    _, expired = await a_manager(
        market, credentials=[{"issuer": "A board", "number": "1", "expires_on": "2020-01-01"}]
    )
    _, away = await a_manager(market, available=False)
    expected = {
        own["id"]: {"party": "TM-1", "member_of_party": "TM-1"},
        tied["id"]: {"member_of_party": "TM-1"},
        expired["id"]: {"no_credential_in_force": "TM-7"},
        away["id"]: {"unavailable": "TM-8"},
    }
    found = await _proposals(company, interest)
    excluded = {
        exclusion["manager"]["id"]: {each["reason"]: each["rule"] for each in exclusion["obstacles"]}
        for exclusion in found["excluded"]
    }
    assert {manager: excluded[manager] for manager in expected} == expected
    assert not expected.keys() & {proposal["manager"]["id"] for proposal in found["proposals"]}
    for manager_id, reasons in expected.items():
        refused = await officer.post(f"/interests/{interest['id']}/assignments", {"manager_id": manager_id})
        assert refused.status_code == 409
        assert [error["rule"] for error in refused.json()["errors"]] == list(reasons.values())
        assert "cannot carry this" in refused.json()["detail"]


async def test_a_contributor_and_whoever_wrote_in_the_listing_are_excluded(market: Market) -> None:
    _, profile = await a_manager(market)
    name = profile["name"]
    _, company, interest = await _parties(market, contributors=[{"name": name.upper(), "confirmed": True}])
    excluded = (await _proposals(company, interest))["excluded"]
    found = next(exclusion for exclusion in excluded if exclusion["manager"]["id"] == profile["id"])
    assert [obstacle["reason"] for obstacle in found["obstacles"]] == ["author"]

    officer, director, listing = await a_published_result(market)
    researcher = await market.person(officer.organisation_id, Role.RESEARCHER)
    draft = await researcher.get(f"/listings/{listing['id']}/draft")
    await researcher.patch(f"/listings/{listing['id']}", {"region": "310000"}, draft.headers["etag"])
    for caller, verb in ((officer, "submission"), (director, "approval"), (director, "publication")):
        await caller.ok("POST", f"/listings/{listing['id']}/{verb}")
    agency = await market.manager()
    async with market.database.sessions() as session, session.begin():
        await session.execute(  # the researcher has changed jobs
            text(
                "UPDATE membership SET organisation_id = :agency, roles = ARRAY['manager'] WHERE person_id = :person"
            ),
            {"agency": agency.organisation_id, "person": researcher.person_id},
        )
    own = await verified(await market.operator(), await researcher.ok("POST", "/managers", json=PROFILE))
    buyer = await market.company()
    refused = await buyer.post(
        f"/interests/{(await an_interest(buyer, officer, listing))['id']}/assignments",
        {"manager_id": own["id"]},
    )
    assert refused.status_code == 409
    assert [error["rule"] for error in refused.json()["errors"]] == ["TM-6"]


async def test_an_assignment_is_offered_accepted_and_shows_the_interest_to_the_manager(
    market: Market,
) -> None:
    officer, company, interest = await _parties(market)
    manager, profile = await a_manager(market)
    path = f"/interests/{interest['id']}"
    response = await officer.post(f"{path}/assignments", {"manager_id": profile["id"]})
    assert response.status_code == 201, response.text
    assignment = response.json()
    assert response.headers["location"] == f"/api/v1/assignments/{assignment['id']}"
    assert assignment["status"] == "offered"
    offered = await manager.ok("GET", f"/assignments/{assignment['id']}")  # what a declaration has to know
    assert offered["organisation_name"] == interest["organisation_name"]
    assert offered["owner_name"] == interest["owner_name"]
    assert (await manager.get(path)).status_code == 404
    accepted = await manager.ok("POST", f"/assignments/{assignment['id']}/acceptance", json=ACCEPTANCE)
    assert accepted["status"] == "active"
    assert accepted["declaration"] == ACCEPTANCE["declaration"]
    assert accepted["manager"]["open_assignments"] == 1
    assert (await manager.ok("GET", path))["id"] == interest["id"]
    events = await company.ok("GET", f"{path}/events")
    assert events[-1]["kind"] == "manager_accepted"
    assert events[-1]["actor_id"] == str(manager.person_id)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/no_conflict"),
        ({"no_conflict": True}, "/declaration"),
        ({"no_conflict": False, "declaration": "I hold an interest."}, "/no_conflict"),
        ({"no_conflict": "true", "declaration": "I hold no interest."}, "/no_conflict"),
        ({"no_conflict": 1, "declaration": "I hold no interest."}, "/no_conflict"),
        ({"no_conflict": True, "declaration": "none"}, "/declaration"),
    ],
)
async def test_pd_4_an_acceptance_declares_that_there_is_no_conflict(
    market: Market, body: dict[str, Any], pointer: str
) -> None:
    officer, _, interest = await _parties(market)
    manager, profile = await a_manager(market)
    assignment = await an_assignment(officer, interest, manager, profile, "offered")
    response = await manager.post(f"/assignments/{assignment['id']}/acceptance", body)
    assert response.status_code == 422
    assert pointer in [error["pointer"] for error in response.json()["errors"]]


async def test_a_conflict_that_arose_since_the_offer_stops_the_acceptance(market: Market) -> None:
    officer, company, interest = await _parties(market)
    manager, profile = await a_manager(market)
    assignment = await an_assignment(officer, interest, manager, profile, "offered")
    await _member_too(market, manager, company.organisation_id)
    refused = await manager.post(f"/assignments/{assignment['id']}/acceptance", ACCEPTANCE)
    assert refused.status_code == 409
    assert [error["rule"] for error in refused.json()["errors"]] == ["TM-1"]


async def test_a_manager_who_declines_leaves_room_for_another(market: Market) -> None:
    officer, company, interest = await _parties(market)
    first, profile = await a_manager(market)
    assignment = await an_assignment(officer, interest, first, profile, "offered")
    second, other = await a_manager(market)
    busy = await company.post(f"/interests/{interest['id']}/assignments", {"manager_id": other["id"]})
    assert busy.status_code == 409
    assert "assigned already" in busy.json()["detail"]
    without = await first.post(f"/assignments/{assignment['id']}/refusal", {})
    assert without.status_code == 422
    declined = await first.ok(
        "POST", f"/assignments/{assignment['id']}/refusal", json={"reason": "I know the field too little"}
    )
    assert (declined["status"], declined["refusal_reason"]) == ("declined", "I know the field too little")
    again = await first.post(f"/assignments/{assignment['id']}/acceptance", ACCEPTANCE)
    assert again.status_code == 409
    assert (await an_assignment(company, interest, second, other))["status"] == "active"


async def test_only_the_manager_answers_an_offer(market: Market) -> None:
    officer, company, interest = await _parties(market)
    manager, profile = await a_manager(market)
    assignment = await an_assignment(officer, interest, manager, profile, "offered")
    colleague = await market.person(manager.organisation_id, Role.MANAGER)
    for caller, status in (
        (officer, 403),
        (company, 403),
        (await market.operator(), 403),
        (await market.auditor(), 403),
        (colleague, 404),
        (await market.company(), 404),
    ):
        for verb, body in (("acceptance", ACCEPTANCE), ("refusal", {"reason": "not me"})):
            response = await caller.post(f"/assignments/{assignment['id']}/{verb}", body)
            assert response.status_code == status, (caller.email, verb)


async def test_an_assignment_is_closed_and_the_manager_loses_sight_of_the_interest(market: Market) -> None:
    officer, company, interest = await _parties(market)
    manager, profile = await a_manager(market)
    assignment = await an_assignment(officer, interest, manager, profile)
    closed = await company.ok(
        "POST", f"/assignments/{assignment['id']}/closure", json={"reason": "no answer for weeks"}
    )
    assert (closed["status"], closed["closure_reason"]) == ("closed", "no answer for weeks")
    assert closed["outcome"] == "replaced"
    assert (await manager.get(f"/interests/{interest['id']}")).status_code == 404
    assert (await manager.get(f"/assignments/{assignment['id']}")).status_code == 200
    replacement, other = await a_manager(market)
    assert (await an_assignment(officer, interest, replacement, other))["status"] == "active"
    again = await company.post(f"/assignments/{assignment['id']}/closure", {"reason": "once more"})
    assert again.status_code == 409


async def test_a_manager_gives_an_assignment_back(market: Market) -> None:
    officer, _, interest = await _parties(market)
    manager, profile = await a_manager(market)
    assignment = await an_assignment(officer, interest, manager, profile)
    closed = await manager.ok("POST", f"/assignments/{assignment['id']}/closure", json={"reason": "ill"})
    assert closed["status"] == "closed"


async def test_an_interest_that_ends_frees_its_manager(market: Market) -> None:
    officer, company, interest = await _parties(market)
    manager, profile = await a_manager(market, capacity=1)
    assignment = await an_assignment(officer, interest, manager, profile)
    _, buyer, waiting = await _parties(market)
    full = await buyer.post(f"/interests/{waiting['id']}/assignments", {"manager_id": profile["id"]})
    assert full.status_code == 409
    assert [error["rule"] for error in full.json()["errors"]] == ["TM-8"]
    await company.ok("POST", f"/interests/{interest['id']}/pass", json={"reason": "too_early"})
    ended = await manager.ok("GET", f"/assignments/{assignment['id']}")
    assert (ended["status"], ended["outcome"]) == ("closed", "no_deal")
    assert ended["manager"]["open_assignments"] == 0
    late = await officer.post(f"/interests/{interest['id']}/assignments", {"manager_id": profile["id"]})
    assert late.status_code == 409
    assert (await an_assignment(buyer, waiting, manager, profile))["status"] == "active"


async def test_of_two_acceptances_at_once_at_capacity_one_is_refused(market: Market) -> None:
    manager, profile = await a_manager(market, capacity=1)
    offers = []
    for _ in range(2):
        officer, _, interest = await _parties(market)
        offers.append(await an_assignment(officer, interest, manager, profile, "offered"))
    answers = await asyncio.gather(
        *(manager.post(f"/assignments/{offer['id']}/acceptance", ACCEPTANCE) for offer in offers)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert [error["rule"] for error in refused.json()["errors"]] == ["TM-8"]
    shown = await manager.ok("GET", "/managers/me")
    assert shown["open_assignments"] == 1


async def test_of_two_offers_at_once_one_interest_gets_one(market: Market) -> None:
    officer, company, interest = await _parties(market)
    _, first = await a_manager(market)
    _, second = await a_manager(market)
    path = f"/interests/{interest['id']}/assignments"
    answers = await asyncio.gather(
        officer.post(path, {"manager_id": first["id"]}), company.post(path, {"manager_id": second["id"]})
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_an_unknown_manager_is_a_bad_field(market: Market) -> None:
    officer, _, interest = await _parties(market)
    response = await officer.post(
        f"/interests/{interest['id']}/assignments", {"manager_id": "01900000-0000-7000-8000-000000000000"}
    )
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/manager_id"


async def test_everyone_lists_the_assignments_that_concern_them(market: Market) -> None:
    officer, company, interest = await _parties(market)
    manager, profile = await a_manager(market)
    first = await an_assignment(officer, interest, manager, profile)
    await company.ok("POST", f"/assignments/{first['id']}/closure", json={"reason": "another one"})
    other, second_profile = await a_manager(market)
    second = await an_assignment(company, interest, other, second_profile, "offered")

    async def ids(caller: Caller, **params: Any) -> list[str]:
        page = await caller.ok("GET", "/assignments", params=params)
        return [item["id"] for item in page["items"]]

    for party in (officer, company):
        assert await ids(party) == [second["id"], first["id"]]
        assert await ids(party, status="closed") == [first["id"]]
        assert await ids(party, status="offered") == [second["id"]]
        assert await ids(party, interest=interest["id"], limit=1) == [second["id"]]
    assert await ids(manager) == [first["id"]]
    assert await ids(other) == [second["id"]]
    assert await ids(await market.company()) == []
    await company.ok("POST", f"/interests/{interest['id']}/pass", json={"reason": "too_early"})
    assert await ids(officer, status="offered") == []
    assert await ids(officer, status="closed") == [second["id"], first["id"]]


async def test_a_manager_who_left_the_agency_sees_nothing_of_it(market: Market) -> None:
    officer, _, interest = await _parties(market)
    manager, profile = await a_manager(market)
    assignment = await an_assignment(officer, interest, manager, profile)
    elsewhere = await market.organisation()
    async with market.database.sessions() as session, session.begin():
        await session.execute(
            text("UPDATE membership SET organisation_id = :o WHERE person_id = :p"),
            {"o": elsewhere, "p": manager.person_id},
        )
    assert (await manager.get(f"/interests/{interest['id']}")).status_code == 404
    assert (await manager.get(f"/assignments/{assignment['id']}")).status_code == 404
    assert (await officer.get(f"/assignments/{assignment['id']}")).status_code == 200
