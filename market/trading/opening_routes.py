"""The opening of sealed bids over HTTP: read by everybody, done by the opening officers."""

from uuid import UUID

from litestar import Response, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from market.permissions import Actor
from market.sealing import queries as boxes
from market.sealing.documents import opening_view, share_view
from market.trading import opening, queries, service
from schemas.sealing import NewShare, OpeningView, ShareView

Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
Visitor = NamedDependency[Actor | None]
RoundId = FromPath[UUID]


@get(
    "/rounds/{round_id:uuid}/opening",
    opt={"public": True},
    summary="Who opens the sealed bids, and with which key",
)
async def read_opening(
    session: Session, visitor: Visitor, state: State, round_id: RoundId
) -> Response[OpeningView]:
    """The public key that bids are sealed to, the opening officers, and whose shares are in; the private key afterwards."""
    row = await service.up_to_date(session, visitor, round_id, state.house)
    box = await boxes.box_of(session, opening.subject(row))
    return Response(await opening_view(session, box), headers={"Cache-Control": "no-store"})


@get("/rounds/{round_id:uuid}/opening/share", summary="Your opening share")
async def read_share(session: Session, actor: Caller, round_id: RoundId) -> Response[ShareView]:
    """For an opening officer: the share of the key, encrypted to the public key that you had registered."""
    row = await queries.round_by_id(session, actor, round_id)
    box = await boxes.box_of(session, opening.subject(row))
    view = share_view(box, await boxes.own_share(session, actor, box))
    return Response(view, headers={"Cache-Control": "no-store"})


@post("/rounds/{round_id:uuid}/opening/shares", status_code=200, summary="Hand in your opening share")
async def hand_in(
    session: Session, actor: Caller, state: State, round_id: RoundId, data: JSONBody[NewShare]
) -> Response[OpeningView]:
    """For an opening officer, after the bidding has ended; an earlier or a wrong share is refused and not kept.

    The share that completes the key opens every bid, publishes key and bids in the log, and awards the round.
    """
    row = await service.held(session, actor, round_id, state.house)
    box = await opening.hand_in(session, actor, row, data.words, state.house)
    return Response(await opening_view(session, box), headers={"Cache-Control": "no-store"})


router = Router("/", route_handlers=[read_opening, read_share, hand_in], tags=["Rounds"])
