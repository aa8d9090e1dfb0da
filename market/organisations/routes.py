"""Organisations over HTTP; the response record comes from the interests that they were sent."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.organisations import queries, service
from market.organisations.documents import organisation_view
from market.organisations.tables import Organisation
from market.permissions import Actor
from market.web.conditional import answer, require_match
from market.web.paging import Cursor, Limit, page_of, paged
from schemas.organisations import OrganisationChange, OrganisationView, Verification
from schemas.values import Page
from schemas.vocabulary import OrganisationKind

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]


@get("/organisations", opt={"public": True}, summary="Organisations in the hall")
async def list_organisations(
    request: AnyRequest,
    session: Session,
    kind: FromQuery[OrganisationKind | None] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[OrganisationView]]:
    """Newest first."""
    query = select(Organisation)
    if kind is not None:
        query = query.where(Organisation.kind == kind)
    found = await session.execute(page_of(query, col(Organisation.id), cursor, limit))
    rows = list(found.scalars())
    identifiers = await queries.identifiers(session, [row.id for row in rows])
    return paged(
        request, rows, limit, lambda row: organisation_view(row, identifiers[row.id]), lambda row: row.id
    )


@patch("/organisations/{organisation_id:uuid}", summary="Change your organisation's profile")
async def change_organisation(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    organisation_id: FromPath[UUID],
    data: JSONBody[OrganisationChange],
) -> Response[OrganisationView]:
    """A merge patch; If-Match with the ETag that was read."""
    organisation = await queries.organisation(session, organisation_id, lock=True)
    require_match(request, organisation.revision)
    changed = await service.change_organisation(session, actor, organisation, data)
    return await _answer(session, changed)


@post("/organisations/{organisation_id:uuid}/verification", status_code=200, summary="Verify an organisation")
async def verify_organisation(
    session: Session, actor: Caller, organisation_id: FromPath[UUID], data: JSONBody[Verification]
) -> Response[OrganisationView]:
    """Operators only. A code that fails its check digit needs `manually_verified` before L1."""
    return await _answer(session, await service.verify_organisation(session, actor, organisation_id, data))


async def _answer(session: AsyncSession, organisation: Organisation) -> Response[OrganisationView]:
    identifiers = await queries.identifiers(session, [organisation.id])
    view = organisation_view(organisation, identifiers[organisation.id])
    return answer(view, revision=organisation.revision)


router = Router(
    "/",
    route_handlers=[list_organisations, change_organisation, verify_organisation],
    tags=["Organisations"],
)
