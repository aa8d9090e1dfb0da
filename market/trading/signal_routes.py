"""Red flags of collusion over HTTP, for the operator and the auditor alone."""

from uuid import UUID

from litestar import Response, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from market.permissions import Actor, Permission, require
from market.trading import service, suspicions
from market.trading.views import case_views
from schemas.trading import CaseView, SignalConclusion

Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
RoundId = FromPath[UUID]

NOT_STORED = {"Cache-Control": "no-store"}


@get("/rounds/{round_id:uuid}/signals", summary="Red flags of collusion")
async def read_signals(
    session: Session, actor: Caller, state: State, round_id: RoundId
) -> Response[list[CaseView]]:
    """Relations between bidders from their registration on, and patterns of their bids once the round has ended (BD-4).

    Each is a case for people to look at. None of them voids a bid.
    """
    require(actor, Permission.READ_EVERYTHING)
    row = await service.up_to_date(session, actor, round_id, state.house)
    found = await suspicions.cases(session, actor, row)
    return Response(await case_views(session, row, found), headers=NOT_STORED)


@post(
    "/rounds/{round_id:uuid}/signals/{case_id:uuid}/conclusion",
    status_code=200,
    summary="Conclude what a red flag comes to",
)
async def conclude(
    session: Session,
    actor: Caller,
    state: State,
    round_id: RoundId,
    case_id: FromPath[UUID],
    data: JSONBody[SignalConclusion],
) -> Response[CaseView]:
    """By the operator or the auditor, with a reason, once; a suspension or voidance is asked for and signed beside it."""
    require(actor, Permission.READ_EVERYTHING)
    row = await service.up_to_date(session, actor, round_id, state.house)
    case = await suspicions.conclude(session, actor, row, case_id, data)
    return Response((await case_views(session, row, [case]))[0], headers=NOT_STORED)


router = Router("/", route_handlers=[read_signals, conclude], tags=["Rounds"])
