"""What others hold in the rights of a listing, over HTTP, for its owner and the hall."""

from uuid import UUID

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.listings import encumbrances, queries, service
from market.permissions import Actor
from market.web.conditional import answer
from market.workdays import legal_day
from schemas.rights import EncumbranceView, NewEncumbrance, Release

Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
ListingId = FromPath[UUID]


@get("/listings/{listing_id:uuid}/encumbrances", summary="What others hold in its rights")
async def list_encumbrances(session: Session, actor: Caller, listing_id: ListingId) -> list[EncumbranceView]:
    """All that was ever recorded, oldest first; `active` says what holds today. For the owner and the hall."""
    listing = await queries.working_copy(session, actor, listing_id)
    day = legal_day(await now(session))
    return [encumbrances.view(row, day) for row in await encumbrances.of_listings(session, [listing.id])]


@post("/listings/{listing_id:uuid}/encumbrances", summary="Record a pledge, a licence in force, a freeze")
async def encumber(
    session: Session, actor: Caller, listing_id: ListingId, data: JSONBody[NewEncumbrance]
) -> Response[EncumbranceView]:
    """It counts at publication, when a deal is judged, and when its contract is recorded."""
    listing = await service.locked(session, actor, listing_id)
    row = await encumbrances.encumber(session, actor, listing, data)
    return answer(encumbrances.view(row, legal_day(await now(session))), status=201)


@post(
    "/listings/{listing_id:uuid}/encumbrances/{encumbrance_id:uuid}/release",
    status_code=200,
    summary="Record that it holds no more",
)
async def release(
    session: Session,
    actor: Caller,
    listing_id: ListingId,
    encumbrance_id: FromPath[UUID],
    data: JSONBody[Release],
) -> Response[EncumbranceView]:
    """From the day on that is named. 409 where it was released before."""
    listing = await service.locked(session, actor, listing_id)
    row = await encumbrances.release(session, actor, listing, encumbrance_id, data)
    return answer(encumbrances.view(row, legal_day(await now(session))))


router = Router("/", route_handlers=[list_encumbrances, encumber, release], tags=["Listings"])
