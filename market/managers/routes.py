"""Profiles of technology managers over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.managers import assignment_routes, directory, profiles
from market.managers.directory import Profile
from market.managers.documents import manager_summary, manager_view
from market.managers.queries import locked_manager
from market.managers.tables import Manager
from market.organisations.queries import organisations
from market.permissions import Actor
from market.web.conditional import answer, require_match
from market.web.paging import Cursor, Limit, page_of, paged
from schemas.managers import (
    CredentialFinding,
    EmploymentEnd,
    ManagerChange,
    ManagerSummary,
    ManagerView,
    NewEmployment,
    NewManager,
)
from schemas.values import Page

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
Visitor = NamedDependency[Actor | None]
ManagerId = FromPath[UUID]

FieldCode = Annotated[
    str | None,
    QueryParameter(
        pattern=r"^[A-Z0-9][A-Z0-9 /]{0,15}$",
        description="An IPC symbol, an NSFC discipline or a GB/T 4754 code, or the beginning of one.",
    ),
]
Language = Annotated[str | None, QueryParameter(pattern=r"^[a-z]{2,3}$", description="An ISO 639 code.")]
RegionPrefix = Annotated[
    str | None,
    QueryParameter(pattern=r"^[A-Z0-9-]{2,6}$", description="A region code or the beginning of one."),
]


@post("/managers", summary="Offer yourself as technology manager")
async def register(session: Session, actor: Caller, data: JSONBody[NewManager]) -> Response[ManagerView]:
    """Your own profile; one per person."""
    manager = await profiles.register(session, actor, data)
    return await _answer(session, manager.id, whole=True, status=201)


@get("/managers", opt={"public": True}, summary="Technology managers")
async def list_managers(
    request: AnyRequest,
    session: Session,
    field: FieldCode = None,
    language: Language = None,
    region: RegionPrefix = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[ManagerSummary]]:
    """The public directory, newest first. What the hall has counted itself is in `record`."""
    query = directory.profiles().where(directory.in_directory())
    if field is not None:
        query = query.where(directory.knows(field))
    if language is not None:
        query = query.where(col(Manager.languages).contains([language]))
    if region is not None:
        query = query.where(directory.works_in(region))
    found = await session.execute(page_of(query, col(Manager.id), cursor, limit))
    rows = [directory.profile_of(row) for row in found.all()]
    return paged(request, rows, limit, manager_summary, lambda row: row.manager.id)


@get("/managers/me", summary="Your own profile as technology manager")
async def read_own(session: Session, actor: Caller) -> Response[ManagerView]:
    """With its ETag, for changes."""
    return await _answer(session, await directory.own_profile(session, actor), whole=True)


@get("/managers/{manager_id:uuid}", opt={"public": True}, summary="One technology manager")
async def read_manager(session: Session, visitor: Visitor, manager_id: ManagerId) -> Response[ManagerView]:
    """The credentials are shown to the manager, the operator and the auditor."""
    profile = await directory.profile(session, manager_id)
    whole = visitor is not None and (
        visitor.sees_everything or visitor.person_id == profile.manager.person_id
    )
    return await _shown(session, profile, whole=whole)


@patch("/managers/{manager_id:uuid}", summary="Change your own profile")
async def change_manager(
    request: AnyRequest, session: Session, actor: Caller, manager_id: ManagerId, data: JSONBody[ManagerChange]
) -> Response[ManagerView]:
    """What is given replaces what was; If-Match with the ETag that was read."""
    manager = await locked_manager(session, manager_id)
    require_match(request, manager.revision)
    await profiles.change(session, actor, manager, data)
    return await _answer(session, manager.id, whole=True)


@post(
    "/managers/{manager_id:uuid}/credentials/{credential_id:uuid}/verification",
    status_code=200,
    summary="Verify a credential, or refuse it",
)
async def verify_credential(
    session: Session,
    actor: Caller,
    manager_id: ManagerId,
    credential_id: FromPath[UUID],
    data: JSONBody[CredentialFinding],
) -> Response[ManagerView]:
    """Operators only, with what the issuer said. A manager with no verified credential in force is given nothing new."""
    manager = await locked_manager(session, manager_id)
    await profiles.find(session, actor, manager, credential_id, data)
    return await _answer(session, manager_id, whole=True)


@post("/managers/{manager_id:uuid}/employments", summary="State a joint employment")
async def employ(
    session: Session, actor: Caller, manager_id: ManagerId, data: JSONBody[NewEmployment]
) -> Response[ManagerView]:
    """Your own (共同聘用), with its share of the working time: those of one day come to 100 % at most."""
    manager = await locked_manager(session, manager_id)
    await profiles.employ(session, actor, manager, data)
    return await _answer(session, manager_id, whole=True, status=201)


@post(
    "/managers/{manager_id:uuid}/employments/{employment_id:uuid}/end",
    status_code=200,
    summary="End a joint employment",
)
async def end_employment(
    session: Session,
    actor: Caller,
    manager_id: ManagerId,
    employment_id: FromPath[UUID],
    data: JSONBody[EmploymentEnd],
) -> Response[ManagerView]:
    """With its last day, today or later. It ties you to the organisation for two years more."""
    manager = await locked_manager(session, manager_id)
    await profiles.end_employment(session, actor, manager, employment_id, data.ends_on)
    return await _answer(session, manager_id, whole=True)


async def _answer(
    session: AsyncSession, manager_id: UUID, *, whole: bool, status: int = 200
) -> Response[ManagerView]:
    profile = await directory.profile(session, manager_id)
    return await _shown(session, profile, whole=whole, status=status)


async def _shown(
    session: AsyncSession, profile: Profile, *, whole: bool, status: int = 200
) -> Response[ManagerView]:
    manager = profile.manager
    credentials = (await directory.credentials_of(session, [manager.id]))[manager.id]
    employments = (await directory.employments_of(session, [manager.id]))[manager.id]
    employers = await organisations(session, [row.organisation_id for row in employments])
    shown = [(row, employers[row.organisation_id]) for row in employments]
    view = manager_view(profile, credentials, shown, whole=whole)
    location = f"/api/v1/managers/{manager.id}" if status == 201 else None
    return answer(view, revision=manager.revision, status=status, location=location)


router = Router(
    "/",
    route_handlers=[
        register,
        list_managers,
        read_own,
        read_manager,
        change_manager,
        verify_credential,
        employ,
        end_employment,
        *assignment_routes.handlers,
    ],
    tags=["Technology managers"],
)
