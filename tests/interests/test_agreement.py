"""What a deal asks of an interest: that it was in negotiation, and who carries it."""

from uuid import UUID

import pytest

from market.errors import NotAllowed, NotFound, WrongState
from market.interests.queries import interest as interest_by_id
from market.interests.service import agree
from market.permissions import Actor
from schemas.vocabulary import InterestStatus, Role
from tests.interests.forms import a_published_result, an_interest
from tests.makers import Caller, Market


def actor(caller: Caller, *roles: Role) -> Actor:
    return Actor(caller.person_id, {caller.organisation_id: frozenset(roles)})


async def test_an_interest_in_negotiation_is_agreed_by_the_owner_alone(market: Market) -> None:
    officer, _, listing = await a_published_result(market)
    company = await market.company()
    made = await an_interest(company, officer, listing, "negotiating")
    owner, buyer = actor(officer, Role.TTO_OFFICER), actor(company, Role.BUYER)
    async with market.database.sessions() as session, session.begin():
        interest = await interest_by_id(session, owner, UUID(made["id"]), lock=True)
        with pytest.raises(NotAllowed):
            await agree(session, buyer, interest)
        assert (await agree(session, owner, interest)).status is InterestStatus.AGREED
        with pytest.raises(WrongState):
            await agree(session, owner, interest)
    shown = await company.ok("GET", f"/interests/{made['id']}")
    assert shown["status"] == "agreed"
    assert (await company.post(f"/interests/{made['id']}/pass", {"reason": "too_early"})).status_code == 409


async def test_an_interest_that_only_was_acknowledged_leads_to_no_deal(market: Market) -> None:
    officer, _, listing = await a_published_result(market)
    made = await an_interest(await market.company(), officer, listing, "acknowledged")
    owner = actor(officer, Role.TTO_OFFICER)
    async with market.database.sessions() as session, session.begin():
        interest = await interest_by_id(session, owner, UUID(made["id"]), lock=True)
        with pytest.raises(WrongState, match="negotiating"):
            await agree(session, owner, interest)


async def test_a_stranger_cannot_lock_an_interest(market: Market) -> None:
    officer, _, listing = await a_published_result(market)
    made = await an_interest(await market.company(), officer, listing)
    stranger = actor(await market.company(), Role.BUYER)
    async with market.database.sessions() as session, session.begin():
        with pytest.raises(NotFound):
            await interest_by_id(session, stranger, UUID(made["id"]), lock=True)
