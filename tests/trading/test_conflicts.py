"""Who may not bid (拍卖法 art. 22, 23, 30; BD-2): every path tried, at the registration and again at the bid."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from market.database import new_id
from schemas.vocabulary import OrganisationKind, Role
from tests.interests.forms import an_interest
from tests.makers import Caller, Market
from tests.managers.profiles import a_manager, an_assignment
from tests.trading.stage import OPENING, Sale, join


async def control(sale: Sale, organisation_id: UUID, controller_id: UUID) -> str:
    """The operator records who controls whom."""
    path = f"/organisations/{organisation_id}/controllers"
    body = {"controller_id": str(controller_id), "evidence": "Shareholder register"}
    found: str = (await sale.operator.ok("POST", path, body))["id"]
    return found


# Each path makes `who`, a buyer of a company of its own, somebody who may not bid, and answers the reason.
Path = Callable[[Sale, Caller], Awaitable[str]]


async def member_of_the_seller(sale: Sale, who: Caller) -> str:
    await join(sale.market, who, sale.officer.organisation_id, Role.RESEARCHER)
    return "you are a member of the seller"


async def controlled_by_the_seller(sale: Sale, who: Caller) -> str:
    await control(sale, who.organisation_id, sale.officer.organisation_id)
    return "the seller controls your organisation"


async def controlled_by_the_seller_through_another(sale: Sale, who: Caller) -> str:
    between = await sale.market.organisation(OrganisationKind.FUND)
    await control(sale, who.organisation_id, between)
    await control(sale, between, sale.officer.organisation_id)
    return "the seller controls your organisation"


async def controls_the_seller(sale: Sale, who: Caller) -> str:
    await control(sale, sale.officer.organisation_id, who.organisation_id)
    return "your organisation controls the seller"


async def controls_the_seller_through_another(sale: Sale, who: Caller) -> str:
    between = await sale.market.organisation(OrganisationKind.FUND)
    await control(sale, sale.officer.organisation_id, between)
    await control(sale, between, who.organisation_id)
    return "your organisation controls the seller"


async def under_one_controller(sale: Sale, who: Caller) -> str:
    above = await sale.market.organisation(OrganisationKind.COMPANY)
    await control(sale, sale.officer.organisation_id, above)
    await control(sale, who.organisation_id, above)
    return "your organisation and the seller have the same controller"


async def under_one_controller_far_above(sale: Sale, who: Caller) -> str:
    above, left, right = [await sale.market.organisation(OrganisationKind.COMPANY) for _ in range(3)]
    await control(sale, sale.officer.organisation_id, left)
    await control(sale, left, above)
    await control(sale, who.organisation_id, right)
    await control(sale, right, above)
    return "your organisation and the seller have the same controller"


async def agent_of_the_seller(sale: Sale, who: Caller) -> str:
    await _agents(sale, who.organisation_id)
    return "your organisation acts for the seller in this sale"


async def member_of_an_agent(sale: Sale, who: Caller) -> str:
    agent = await sale.market.organisation(OrganisationKind.TTO)
    await join(sale.market, who, agent, Role.MANAGER)
    await _agents(sale, agent)
    return "you are a member of an organisation that acts for the seller in this sale"


async def _agents(sale: Sale, *agents: UUID) -> None:
    """As the plan says it; the round is announced already, so that it is written into its row."""
    async with sale.market.database.sessions() as session, session.begin():
        await session.execute(
            text(
                "UPDATE sale_round SET plan = plan || jsonb_build_object('agents', CAST(:of AS text[])) WHERE id = :id"
            ),
            {"of": [str(agent) for agent in agents], "id": sale.id},
        )


async def staff_of_the_platform(sale: Sale, who: Caller) -> str:
    await join(sale.market, who, sale.operator.organisation_id, Role.FINANCE)
    return "the platform and its staff may not bid"


async def approver_of_the_round(sale: Sale, who: Caller) -> str:
    async with sale.market.database.sessions() as session, session.begin():
        await session.execute(
            text(
                "UPDATE sale_round SET approvals = jsonb_build_object('finance', CAST(:by AS text)) WHERE id = :id"
            ),
            {"by": str(who.person_id), "id": sale.id},
        )
    return "you took part in the review of what is sold"


async def writer_of_the_plan(sale: Sale, who: Caller) -> str:
    async with sale.market.database.sessions() as session, session.begin():
        await session.execute(
            text("UPDATE sale_round SET editors = array_append(editors, :by) WHERE id = :id"),
            {"by": who.person_id, "id": sale.id},
        )
    return "you took part in the review of what is sold"


async def reviewer_of_the_listing(sale: Sale, who: Caller) -> str:
    """Whoever has ever acted on the listing, and has left its owner since."""
    async with sale.market.database.sessions() as session, session.begin():
        await session.execute(
            text(
                "INSERT INTO event SELECT (jsonb_populate_record(e, jsonb_build_object("
                "'id', CAST(:new AS uuid), 'seq', 9999, 'actor_id', CAST(:by AS uuid)))).* FROM event e"
                " WHERE subject_kind = 'listing' AND subject_id = :listing AND seq = 1"
            ),
            {"new": new_id(), "by": who.person_id, "listing": UUID(sale.listing["id"])},
        )
    return "you took part in the review of what is sold"


async def assigned_manager(sale: Sale, who: Caller) -> str:
    await _carry(sale, "manager_person_id", who.person_id)
    return "you or your organisation carry this listing as its technology manager"


async def organisation_of_the_assigned_manager(sale: Sale, who: Caller) -> str:
    await _carry(sale, "manager_organisation_id", who.organisation_id)
    return "you or your organisation carry this listing as its technology manager"


async def _carry(sale: Sale, column: str, value: UUID) -> None:
    """Somebody carries an interest in the listing that stood before the round."""
    async with sale.market.database.sessions() as session, session.begin():
        await session.execute(
            text(f"UPDATE interest SET {column} = :value WHERE listing_id = :listing"),
            {"value": value, "listing": UUID(sale.listing["id"])},
        )


PATHS: list[Path] = [
    member_of_the_seller,
    controlled_by_the_seller,
    controlled_by_the_seller_through_another,
    controls_the_seller,
    controls_the_seller_through_another,
    under_one_controller,
    under_one_controller_far_above,
    agent_of_the_seller,
    member_of_an_agent,
    staff_of_the_platform,
    approver_of_the_round,
    writer_of_the_plan,
    reviewer_of_the_listing,
    assigned_manager,
    organisation_of_the_assigned_manager,
]


async def a_sale(market: Market, status: str, **options: Any) -> Sale:
    """A round of a listing that somebody had shown interest in."""
    officer, director = await market.university()
    sale = Sale(
        market,
        officer,
        director,
        await market.person(officer.organisation_id, Role.FINANCE),
        await market.operator(),
        await market.listing(officer, director),
    )
    await an_interest(await market.company(), officer, sale.listing, "submitted", mode="ordinary_licence")
    return await sale.bring(status, **options)


def refused_by_bd2(answer: httpx.Response, why: str) -> None:
    assert answer.status_code == 403, answer.text
    problem = answer.json()
    assert problem["type"].endswith("/may-not-bid")
    assert (why, "BD-2") in {(each["detail"], each["rule"]) for each in problem["errors"]}
    assert {each["rule"] for each in problem["errors"]} == {"BD-2"}


@pytest.mark.parametrize("path", PATHS, ids=[path.__name__ for path in PATHS])
async def test_whoever_is_on_the_wrong_side_registers_no_bid(market: Market, path: Path) -> None:
    sale = await a_sale(market, "announced", bidders=0)
    who = await market.company()
    why = await path(sale, who)
    refused_by_bd2(await who.post(f"{sale.path}/registrations", await _form(sale, who)), why)
    fine = await market.company()
    assert (await fine.post(f"{sale.path}/registrations", await sale.a_form())).status_code == 201


@pytest.mark.parametrize("path", PATHS, ids=[path.__name__ for path in PATHS])
async def test_whoever_comes_to_the_wrong_side_after_qualifying_bids_no_more(
    market: Market, path: Path
) -> None:
    sale = await a_sale(market, "bidding", bidders=3)
    who = sale.bidders[0].who
    assert (await sale.try_bid(0, OPENING)).status_code == 201
    why = await path(sale, who)
    refused_by_bd2(await sale.try_bid(0, OPENING * 2), why)
    assert (await sale.try_bid(1, OPENING * 3)).status_code == 201


async def _form(sale: Sale, who: Caller) -> dict[str, Any]:
    """A person of several organisations names the one that bids."""
    return await sale.a_form(organisation_id=str(who.organisation_id))


async def test_the_seller_itself_may_not_bid(market: Market) -> None:
    sale = await a_sale(market, "announced", bidders=0)
    buyer = await market.person(sale.officer.organisation_id, Role.BUYER)
    answer = await buyer.post(f"{sale.path}/registrations", await sale.a_form())
    refused_by_bd2(answer, "your organisation is the seller")


async def test_the_platform_itself_may_not_bid(market: Market) -> None:
    sale = await a_sale(market, "announced", bidders=0)
    buyer = await market.person(sale.operator.organisation_id, Role.BUYER)
    answer = await buyer.post(f"{sale.path}/registrations", await sale.a_form())
    refused_by_bd2(answer, "the platform and its staff may not bid")


async def test_the_technology_manager_who_accepted_the_listing_may_not_bid(market: Market) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director)
    manager, profile = await a_manager(market)
    interest = await an_interest(
        await market.company(), officer, listing, "acknowledged", mode="ordinary_licence"
    )
    await an_assignment(officer, interest, manager, profile)
    finance = await market.person(officer.organisation_id, Role.FINANCE)
    sale = Sale(market, officer, director, finance, await market.operator(), listing)
    await sale.bring("announced", bidders=0)
    why = "you or your organisation carry this listing as its technology manager"
    colleague = await market.person(manager.organisation_id, Role.BUYER)
    answer = await colleague.post(f"{sale.path}/registrations", await sale.a_form())
    refused_by_bd2(answer, why)
    buyer = await market.company()
    await join(market, manager, buyer.organisation_id, Role.BUYER)
    form = await sale.a_form(organisation_id=str(buyer.organisation_id))
    refused_by_bd2(await manager.post(f"{sale.path}/registrations", form), why)


async def test_a_control_that_has_ended_forbids_nothing(market: Market) -> None:
    sale = await a_sale(market, "announced", bidders=0)
    who = await market.company()
    recorded = await control(sale, who.organisation_id, sale.officer.organisation_id)
    path = f"/organisations/{who.organisation_id}/controllers/{recorded}/end"
    await sale.operator.ok("POST", path, {"reason": "The shares were sold"})
    assert (await who.post(f"{sale.path}/registrations", await sale.a_form())).status_code == 201


async def test_the_state_controls_many_that_may_bid_against_each_other(market: Market) -> None:
    sale = await a_sale(market, "announced", bidders=0)
    state = await market.organisation(OrganisationKind.GOVERNMENT)
    who = await market.company()
    await control(sale, sale.officer.organisation_id, state)
    await control(sale, who.organisation_id, state)
    assert (await who.post(f"{sale.path}/registrations", await sale.a_form())).status_code == 201


async def test_organisations_that_control_each_other_are_followed_to_an_end(market: Market) -> None:
    sale = await a_sale(market, "announced", bidders=0)
    who, other = await market.company(), await market.organisation(OrganisationKind.COMPANY)
    await control(sale, who.organisation_id, other)
    await control(sale, other, who.organisation_id)
    assert (await who.post(f"{sale.path}/registrations", await sale.a_form())).status_code == 201


async def test_every_relation_is_named_at_once(market: Market) -> None:
    sale = await a_sale(market, "announced", bidders=0)
    who = await market.company()
    whys = {
        await path(sale, who) for path in (member_of_the_seller, controls_the_seller, staff_of_the_platform)
    }
    answer = await who.post(f"{sale.path}/registrations", await _form(sale, who))
    assert {each["detail"] for each in answer.json()["errors"]} >= whys


async def test_a_bidder_whose_relation_is_found_before_the_beginning_is_not_admitted(market: Market) -> None:
    sale = await a_sale(market, "announced", bidders=2)
    await control(sale, sale.bidders[0].who.organisation_id, sale.officer.organisation_id)
    await sale.let_pass(hours=1)
    seen = await sale.let_pass(hours=1)
    assert seen["status"] == "single_bidder"
    (own,) = (await sale.bidders[0].who.ok("GET", f"{sale.path}/registrations"))["items"]
    assert own["status"] == "refused"
    assert own["decision_reason"] == "BD-2: the seller controls your organisation"
    assert own["deposit"] == "resolved"
