"""The clocks of a result's rewards over HTTP: bonuses for granted patents, and the clock of an unused result."""

from datetime import date
from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.distributions import clocks
from market.listings.queries import working_copy
from market.organisations.queries import organisation as organisation_by_id
from market.permissions import Actor
from market.rules.packs import jurisdiction_of, rulebook
from market.web.conditional import answer
from market.workdays import legal_day
from schemas.distributions import RewardClocks
from schemas.vocabulary import IPRightKind, IPRightStatus

GrantedOn = Annotated[
    date | None, QueryParameter(description="The day on which its granted patents were granted.")
]
RegisteredOn = Annotated[
    date | None, QueryParameter(description="The day on which the result was registered in the unit.")
]


@get("/listings/{listing_id:uuid}/reward-clocks", summary="By when a result's inventors are rewarded")
async def read_clocks(
    session: NamedDependency[AsyncSession],
    actor: NamedDependency[Actor],
    listing_id: FromPath[UUID],
    granted_on: GrantedOn = None,
    registered_on: RegisteredOn = None,
) -> Response[RewardClocks]:
    """For the owner, by the rules of its place: bonuses for the granted patents (奖金), and the one-year clock.

    The listing names neither day, so that the request does.
    """
    listing = await working_copy(session, actor, listing_id)
    home = await organisation_by_id(session, listing.organisation_id)
    at = await now(session)
    where = jurisdiction_of(home.region, home.founding)
    rights = listing.content.get("ip_rights", [])
    granted = [IPRightKind(each["kind"]) for each in rights if each["status"] == IPRightStatus.GRANTED]
    on = granted_on or legal_day(at)
    found = [clocks.bonus(rulebook(where, on), kind, on) for kind in granted] if granted_on else []
    unused = (
        clocks.unused(rulebook(where, registered_on), home.founding, registered_on, at)
        if registered_on
        else None
    )
    bonuses = [each for each in found if each is not None]
    return answer(RewardClocks(listing_id=listing.id, jurisdiction=where, bonuses=bonuses, unused=unused))


router = Router("/", route_handlers=[read_clocks], tags=["Distributions"])
