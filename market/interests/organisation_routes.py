"""One organisation over HTTP, with its response record, which comes from the interests that it was sent."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from market.interests.queries import response_record
from market.listings.queries import published_count
from market.organisations import queries, service
from market.organisations.documents import organisation_fields
from market.organisations.tables import Organisation
from market.permissions import Actor
from market.web.conditional import answer, require_match
from schemas.organisations import OrganisationChange, OrganisationPublic, Verification

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
OrganisationId = FromPath[UUID]


@get("/organisations/{organisation_id:uuid}", opt={"public": True}, summary="One organisation")
async def read_organisation(
    session: Session, organisation_id: OrganisationId
) -> Response[OrganisationPublic]:
    """Its profile, how many listings it has published, and how it answers the interests that it receives."""
    return await _answer(session, await queries.organisation(session, organisation_id))


@patch("/organisations/{organisation_id:uuid}", summary="Change your organisation's profile")
async def change_organisation(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    organisation_id: OrganisationId,
    data: JSONBody[OrganisationChange],
) -> Response[OrganisationPublic]:
    """A merge patch; If-Match with the ETag that was read."""
    organisation = await queries.organisation(session, organisation_id, lock=True)
    require_match(request, organisation.revision)
    return await _answer(session, await service.change_organisation(session, actor, organisation, data))


@post("/organisations/{organisation_id:uuid}/verification", status_code=200, summary="Verify an organisation")
async def verify_organisation(
    session: Session, actor: Caller, organisation_id: OrganisationId, data: JSONBody[Verification]
) -> Response[OrganisationPublic]:
    """Operators only. A code that fails its check digit needs `manually_verified` before L1."""
    return await _answer(session, await service.verify_organisation(session, actor, organisation_id, data))


async def _answer(session: AsyncSession, row: Organisation) -> Response[OrganisationPublic]:
    numbers = await queries.identifiers(session, [row.id])
    view = OrganisationPublic(
        **organisation_fields(row, numbers[row.id]),
        published_listings=await published_count(session, row.id),
        response=(await response_record(session, [row.id]))[row.id],
    )
    return answer(view, revision=row.revision)


router = Router(
    "/",
    route_handlers=[read_organisation, change_organisation, verify_organisation],
    tags=["Organisations"],
)
