"""Objections over HTTP: a unit's policy, which everybody reads, lodging, and the panel's opinions."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.errors import NotFound
from market.notices import objecting, panel, queries
from market.notices.documents import objection_view, policy_view
from market.notices.routes import hold
from market.notices.tables import Objection
from market.organisations.queries import organisation as organisation_by_id
from market.permissions import Actor
from market.web.conditional import answer, match_if_given
from schemas.notices import (
    NewObjection,
    NewObjectionPolicy,
    NewOpinion,
    ObjectionPolicyView,
    ObjectionView,
)

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]

Version = Annotated[
    int | None, QueryParameter(ge=1, le=2**31 - 1, description="An earlier version; else the latest.")
]


@get(
    "/organisations/{organisation_id:uuid}/objection-policy",
    opt={"public": True},
    summary="How a unit decides objections",
)
async def read_policy(
    session: Session, organisation_id: FromPath[UUID], version: Version = None
) -> Response[ObjectionPolicyView]:
    """异议处理办法 with its SHA-256. 404 where it has published none, and for a version that there is not."""
    row = await panel.policy(session, organisation_id, version)
    if row is None:
        raise NotFound("no organisation of this id has published such an objection policy")
    return answer(policy_view(row), revision=row.version)


@put(
    "/organisations/{organisation_id:uuid}/objection-policy",
    opt={"unconditional": True},
    summary="Publish how a unit decides objections",
)
async def set_policy(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    organisation_id: FromPath[UUID],
    data: JSONBody[NewObjectionPolicy],
) -> Response[ObjectionPolicyView]:
    """By its director; the next version. Without one no notice is published (PR-3). If-Match is honoured."""
    await organisation_by_id(session, organisation_id, lock=True)
    before = await panel.policy(session, organisation_id)
    match_if_given(request, before.version if before else 0)
    row = await objecting.set_policy(session, actor, organisation_id, data)
    return answer(policy_view(row), revision=row.version)


@post("/notices/{notice_id:uuid}/objections", summary="Object to a notice")
async def lodge(
    session: Session, actor: Caller, notice_id: FromPath[UUID], data: JSONBody[NewObjection]
) -> Response[ObjectionView]:
    """Anybody who is signed in, before the period ends by the server's clock; your name is shown to the panel, the unit and the hall alone."""
    row = await hold(session, actor, notice_id)
    objection = await objecting.lodge(session, actor, row, data)
    return answer((await _views(session, [objection]))[0], status=201)


@get("/notices/{notice_id:uuid}/objections", summary="Objections to a notice")
async def list_objections(session: Session, actor: Caller, notice_id: FromPath[UUID]) -> list[ObjectionView]:
    """All of them for the unit, its panel, the operator and the auditor; your own otherwise. Outcomes are in the proof."""
    row = await queries.notice(session, actor, notice_id)
    return await _views(session, await panel.objections(session, actor, row))


@post(
    "/notices/{notice_id:uuid}/objections/{objection_id:uuid}/opinions",
    status_code=200,
    summary="Decide an objection",
)
async def give_opinion(
    session: Session,
    actor: Caller,
    notice_id: FromPath[UUID],
    objection_id: FromPath[UUID],
    data: JSONBody[NewOpinion],
) -> Response[ObjectionView]:
    """A reasoned vote of a panel member without conflict; the second equal one decides."""
    row = await hold(session, actor, notice_id)
    objection = await panel.objection(session, actor, row, objection_id)
    objection = await objecting.give_opinion(session, actor, row, objection, data)
    return answer((await _views(session, [objection]))[0])


async def _views(session: AsyncSession, rows: Sequence[Objection]) -> list[ObjectionView]:
    given = await panel.opinions(session, [row.id for row in rows])
    names = await panel.names(session, {row.person_id for row in rows})
    at = await now(session)
    return [objection_view(row, given, names, at) for row in rows]


router = Router(
    "/",
    route_handlers=[read_policy, set_policy, lodge, list_objections, give_opinion],
    tags=["Notices"],
)
