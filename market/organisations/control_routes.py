"""Who controls an organisation (实际控制人, 控股) over HTTP."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from market.organisations import queries, service
from market.organisations.documents import control_view
from market.organisations.tables import OrganisationControl
from market.permissions import Actor
from market.web.conditional import answer
from schemas.organisations import ControlView, NewControl
from schemas.values import Reason

Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]


@get("/organisations/{organisation_id:uuid}/controllers", summary="Who controls an organisation")
async def list_controls(
    session: Session, actor: Caller, organisation_id: FromPath[UUID]
) -> list[ControlView]:
    """For its members, the operator and the auditor; those that have ended too, oldest first."""
    return await _controls(session, await queries.controls(session, actor, organisation_id))


@post("/organisations/{organisation_id:uuid}/controllers", summary="Record who controls an organisation")
async def record_control(
    session: Session, actor: Caller, organisation_id: FromPath[UUID], data: JSONBody[NewControl]
) -> Response[ControlView]:
    """By its editors, or by the operator. Whoever is under one control with a seller may not bid for what it sells."""
    organisation = await queries.organisation(session, organisation_id, lock=True)
    row = await service.record_control(session, actor, organisation, data)
    return answer((await _controls(session, [row]))[0], status=201)


@post(
    "/organisations/{organisation_id:uuid}/controllers/{control_id:uuid}/end",
    status_code=200,
    summary="Record that a control has ended",
)
async def end_control(
    session: Session,
    actor: Caller,
    organisation_id: FromPath[UUID],
    control_id: FromPath[UUID],
    data: JSONBody[Reason],
) -> Response[ControlView]:
    """Operators only, with the reason; it stays in the list."""
    organisation = await queries.organisation(session, organisation_id, lock=True)
    row = await service.end_control(session, actor, organisation, control_id, data.reason)
    return answer((await _controls(session, [row]))[0])


async def _controls(session: AsyncSession, rows: Sequence[OrganisationControl]) -> list[ControlView]:
    controllers = await queries.organisations(session, [row.controller_id for row in rows])
    return [control_view(row, controllers[row.controller_id]) for row in rows]


router = Router("/", route_handlers=[list_controls, record_control, end_control], tags=["Organisations"])
