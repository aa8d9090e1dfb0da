"""Everybody against every verb of an interest: whoever sees it and may not do it gets 403, whoever does not 404."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from market.permissions import HALL_ROLES
from schemas.vocabulary import Role, VerificationLevel
from tests.interests.forms import ORDINARY, SOLUTION, a_published_result, an_interest
from tests.makers import Caller, Market
from tests.managers.profiles import a_manager, an_assignment

SEES = {
    "owner's officer",
    "owner's director",
    "owner's researcher",
    "owner's finance",
    "company's buyer",
    "company's finance",
    "company's reviewer",
    "assigned manager",
    "operator",
    "auditor",
}
SEES_NOTHING = {
    "asked manager",  # offered, not accepted
    "other manager",
    "assigned manager's colleague",
    "foreign officer",
    "foreign director",
    "foreign buyer",
}
EVERYBODY = sorted(SEES | SEES_NOTHING)
ANSWERS = {"owner's officer", "owner's director"}
ASSIGNS = ANSWERS | {"company's buyer", "operator"}

# Verb: method, path, body, the state that it starts from, and who may.
VERBS: dict[str, tuple[str, str, Any, str, set[str]]] = {
    "read": ("GET", "", None, "submitted", SEES),
    "read the record": ("GET", "/events", None, "submitted", SEES),
    "acknowledge": ("POST", "/acknowledgement", None, "submitted", ANSWERS),
    "negotiate": ("POST", "/negotiation", None, "acknowledged", ANSWERS),
    "decline": ("POST", "/refusal", {"reason": "compliance"}, "negotiating", ANSWERS),
    "pass": ("POST", "/pass", {"reason": "too_early"}, "acknowledged", {"company's buyer"}),
    "propose managers": ("GET", "/manager-proposals", None, "submitted", ASSIGNS),
}


@dataclass
class Cast:
    """One interest with an accepted manager, one with a manager who was asked only, and everybody else."""

    market: Market
    people: dict[str, Caller]
    interest: str
    asked: str
    manager_id: str

    async def reset(self, status: str) -> None:
        """Put both interests into a state, whatever was done to them before."""
        async with self.market.database.sessions() as session, session.begin():
            await session.execute(
                text(
                    "UPDATE interest SET status = :status, reason = NULL, note = NULL, ended_at = NULL, "
                    "answered_at = NULL WHERE id IN (:interest, :asked)"
                ),
                {"status": status, "interest": self.interest, "asked": self.asked},
            )

    async def call(self, name: str, verb: str) -> httpx.Response:
        method, path, body, _, _ = VERBS[verb]
        interest = self.asked if name == "asked manager" else self.interest
        return await self.people[name](method, f"/interests/{interest}{path}", json=body)


@pytest_asyncio.fixture(scope="module")
async def cast(market: Market) -> Cast:
    officer, director, listing = await a_published_result(market)
    buyer = await market.company()
    interest = await an_interest(buyer, officer, listing)
    asked = await an_interest(await market.company(), officer, listing)
    assigned, profile = await a_manager(market)
    await an_assignment(officer, interest, assigned, profile)
    offered, other_profile = await a_manager(market)
    await an_assignment(officer, asked, offered, other_profile, "offered")
    foreign_officer, foreign_director = await market.university()
    people = {
        "owner's officer": officer,
        "owner's director": director,
        "owner's researcher": await market.person(officer.organisation_id, Role.RESEARCHER),
        "owner's finance": await market.person(officer.organisation_id, Role.FINANCE),
        "company's buyer": buyer,
        "company's finance": await market.person(buyer.organisation_id, Role.FINANCE),
        "company's reviewer": await market.person(buyer.organisation_id, Role.REVIEWER),
        "assigned manager": assigned,
        "assigned manager's colleague": await market.person(assigned.organisation_id, Role.MANAGER),
        "asked manager": offered,
        "other manager": (await a_manager(market))[0],
        "operator": await market.operator(),
        "auditor": await market.auditor(),
        "foreign officer": foreign_officer,
        "foreign director": foreign_director,
        "foreign buyer": await market.company(),
    }
    return Cast(market, people, interest["id"], asked["id"], other_profile["id"])


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", EVERYBODY)
async def test_everybody_does_what_they_may_and_sees_what_they_should(
    cast: Cast, name: str, verb: str
) -> None:
    await cast.reset(VERBS[verb][3])
    response = await cast.call(name, verb)
    expected = 404 if name in SEES_NOTHING else 200 if name in VERBS[verb][4] else 403
    assert response.status_code == expected, response.text


@pytest.mark.parametrize("name", EVERYBODY)
async def test_the_list_holds_it_for_whoever_sees_it(cast: Cast, name: str) -> None:
    page = await cast.people[name].ok("GET", "/interests")
    interest = cast.asked if name == "asked manager" else cast.interest
    assert (interest in {item["id"] for item in page["items"]}) is (name in SEES)


@pytest.mark.parametrize("name", EVERYBODY)
async def test_an_assignment_is_offered_by_a_party_or_the_operator_alone(cast: Cast, name: str) -> None:
    await cast.reset("submitted")
    response = await cast.people[name].post(
        f"/interests/{cast.interest}/assignments", {"manager_id": cast.manager_id}
    )
    # Whoever may is told that a manager is assigned already.
    expected = 404 if name in SEES_NOTHING else 409 if name in ASSIGNS else 403
    assert response.status_code == expected, response.text


# Who may express interest in a listing of each kind, by what they are in a verified organisation that is not its owner.
ASKS = {Role.BUYER}
ANSWERS_OPPORTUNITIES = {Role.BUYER, Role.TTO_OFFICER, Role.TTO_DIRECTOR}
MAY_EXPRESS = {
    "result": (ORDINARY, ASKS),
    "product": (ORDINARY | {"mode": "sale"}, ASKS),
    "opportunity": (SOLUTION, ANSWERS_OPPORTUNITIES),
}


@dataclass
class Offers:
    """One listing of each kind, and the people of one verified university in every role that is held there."""

    listings: dict[str, dict[str, Any]]
    owners: dict[str, Caller]
    people: dict[Role, Caller]


@pytest_asyncio.fixture(scope="module")
async def offers(market: Market) -> Offers:
    officer, _, result = await a_published_result(market)
    company, operator = await market.company(), await market.operator()
    listings = {"result": result}
    for kind in ("product", "opportunity"):
        listings[kind] = await market.listing(company, operator, kind)
    university = await market.organisation(verification=VerificationLevel.L1)
    people = {role: await market.person(university, role) for role in sorted(set(Role) - HALL_ROLES)}
    people |= {Role.OPERATOR: operator, Role.AUDITOR: await market.auditor()}
    return Offers(listings, {"result": officer, "product": company, "opportunity": company}, people)


@pytest.mark.parametrize("kind", MAY_EXPRESS)
@pytest.mark.parametrize("role", sorted(Role))
async def test_who_may_express_interest_depends_on_the_kind(offers: Offers, role: Role, kind: str) -> None:
    form, able = MAY_EXPRESS[kind]
    caller = offers.people[role]
    response = await caller.post(f"/listings/{offers.listings[kind]['id']}/interests", form)
    if role not in able:
        assert response.status_code == 403, response.text
        assert all(name.value in response.json()["detail"] for name in able)
        return
    assert response.status_code == 201, response.text
    path = f"/interests/{response.json()['id']}"
    for other, colleague in offers.people.items():  # whoever may express it may also pass on it
        if other not in able and other not in HALL_ROLES:
            assert (await colleague.post(f"{path}/pass", {"reason": "too_early"})).status_code == 403
    assert (await caller.post(f"{path}/pass", {"reason": "too_early"})).status_code == 200


@pytest.mark.parametrize("kind", MAY_EXPRESS)
async def test_nobody_expresses_interest_in_their_own_organisations_listing(
    market: Market, offers: Offers, kind: str
) -> None:
    buyer = await market.person(offers.owners[kind].organisation_id, Role.BUYER)
    own = await buyer.post(f"/listings/{offers.listings[kind]['id']}/interests", MAY_EXPRESS[kind][0])
    assert own.status_code == 409
    assert "your own organisation" in own.json()["detail"]


async def test_an_unverified_university_answers_no_opportunity(market: Market, offers: Offers) -> None:
    unverified = await market.organisation(verification=VerificationLevel.L0)
    officer = await market.person(unverified, Role.TTO_OFFICER)
    refused = await officer.post(f"/listings/{offers.listings['opportunity']['id']}/interests", SOLUTION)
    assert refused.status_code == 409
    assert "verifies" in refused.json()["detail"]


async def test_a_university_that_answered_an_opportunity_becomes_the_seller_of_its_deal(
    market: Market, offers: Offers
) -> None:
    owner = offers.owners["opportunity"]
    officer, director = await market.university()
    made = await an_interest(
        officer, owner, offers.listings["opportunity"], "negotiating", **(SOLUTION | {"mode": None})
    )
    deal = await owner.ok("POST", "/deals", {"interest_id": made["id"], "mode": "co_development"})
    assert deal["seller"]["organisation_id"] == str(officer.organisation_id)
    assert deal["buyer"]["organisation_id"] == str(owner.organisation_id)
    declared = await director.post(f"/deals/{deal['id']}/declarations", {"none": True})
    assert declared.status_code == 200, declared.text


@pytest.mark.parametrize("verb", VERBS)
async def test_nobody_without_a_name_does_anything(cast: Cast, verb: str) -> None:
    method, path, body, _, _ = VERBS[verb]
    url = f"/api/v1/interests/{cast.interest}{path}"
    assert (await cast.market.client.request(method, url, json=body)).status_code == 401
