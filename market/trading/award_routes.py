"""Awards over HTTP: read by their parties, confirmed by the winner and the operator, or declared a default."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from market.permissions import Actor
from market.trading import awards, queries, service
from market.trading.tables import Round
from market.trading.views import award_view
from market.web.conditional import answer, match_if_given
from schemas.trading import AwardView, Settlement, SettlementView

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
RoundId = FromPath[UUID]


@get("/rounds/{round_id:uuid}/award", summary="The award of a round")
async def read_award(session: Session, actor: Caller, state: State, round_id: RoundId) -> Response[AwardView]:
    """For the seller, the winner, the operator and the auditor, with the confirmation of sale once both have signed."""
    await service.up_to_date(session, actor, round_id, state.house)
    return await _answer(session, actor, round_id)


@post(
    "/rounds/{round_id:uuid}/award/confirmation",
    status_code=200,
    opt={"key_required": True},
    summary="Sign the confirmation of sale",
)
async def confirm(
    request: AnyRequest, session: Session, actor: Caller, state: State, round_id: RoundId
) -> Response[AwardView]:
    """By a buyer of the winner within the working days of the rules, then by the operator (成交确认书, 拍卖法 art. 52).

    The second signature applies the deposit to the price and ends the round.
    """
    row = await _held(request, session, actor, state, round_id)
    await awards.confirm(session, actor, row)
    return await _answer(session, actor, round_id)


@post(
    "/rounds/{round_id:uuid}/award/default",
    status_code=200,
    opt={"key_required": True},
    summary="Declare a default",
)
async def default(
    request: AnyRequest, session: Session, actor: Caller, state: State, round_id: RoundId
) -> Response[AwardView]:
    """By the operator, once the winner's time is over. The deposit is kept, and the same can be offered again."""
    row = await _held(request, session, actor, state, round_id)
    await awards.default(session, actor, row)
    return await _answer(session, actor, round_id)


@post(
    "/rounds/{round_id:uuid}/award/settlement",
    status_code=200,
    opt={"key_required": True},
    summary="Settle a default",
)
async def settle(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    round_id: RoundId,
    data: JSONBody[Settlement],
) -> Response[SettlementView]:
    """By the operator, once the same was sold again: costs first, then the lower price, then the rest (拍卖法 art. 39)."""
    row = await _held(request, session, actor, state, round_id)
    return answer(await awards.settle_default(session, actor, row, data))


async def _held(
    request: AnyRequest, session: AsyncSession, actor: Actor, state: State, round_id: UUID
) -> Round:
    row = await service.held(session, actor, round_id, state.house)
    match_if_given(request, row.revision)
    return row


async def _answer(session: AsyncSession, actor: Actor, round_id: UUID) -> Response[AwardView]:
    row, award, bidder = await queries.award_seen(session, actor, round_id)
    return answer(await award_view(session, row, award, bidder), revision=row.revision)


router = Router("/", route_handlers=[read_award, confirm, default, settle], tags=["Rounds"])
