"""Registrations for a round over HTTP: made and taken back by bidders, judged by the seller, paid for through the hall."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.permissions import Actor
from market.trading import queries, registrations, service
from market.trading.house import House
from market.trading.tables import Registration, Round
from market.trading.views import registration_views
from market.web.conditional import answer, match_if_given
from market.web.paging import Cursor, Limit, page_of, paged
from schemas.money import NewReceipt
from schemas.trading import NewRegistration, RegistrationRefusal, RegistrationView
from schemas.values import Page

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
RoundId = FromPath[UUID]
RegistrationId = FromPath[UUID]


@post("/rounds/{round_id:uuid}/registrations", summary="Register for a round")
async def register(
    session: Session, actor: Caller, state: State, round_id: RoundId, data: JSONBody[NewRegistration]
) -> Response[RegistrationView]:
    """For buyers of a verified organisation that is on nobody's side (403 names each relation), accepting the rules."""
    round_ = await service.held(session, actor, round_id, state.house)
    row = await registrations.register(session, actor, round_, data)
    return await _answer(session, actor, round_, row, status=201)


@get("/rounds/{round_id:uuid}/registrations", summary="Registrations for a round")
async def list_registrations(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    round_id: RoundId,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[RegistrationView]]:
    """Your own; all of them for who qualifies bidders for the seller, without their aliases until the end, and for the hall."""
    round_ = await queries.round_by_id(session, actor, round_id)
    query = await queries.registrations(session, actor, round_id)
    found = await session.execute(page_of(query, col(Registration.id), cursor, limit))
    rows = list(found.scalars())
    views = await registration_views(session, actor, round_, rows)
    return paged(request, rows, limit, lambda row: views[row.id], lambda row: row.id)


@post(
    "/rounds/{round_id:uuid}/registrations/{registration_id:uuid}/withdrawal",
    status_code=200,
    summary="Take a registration back",
)
async def withdraw(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    round_id: RoundId,
    registration_id: RegistrationId,
) -> Response[RegistrationView]:
    """By the bidder, until the registration ends; the deposit is released."""
    round_, row = await _held(request, session, actor, round_id, registration_id, state.house)
    done = await registrations.withdraw(session, actor, round_, row)
    return await _answer(session, actor, round_, done)


@post(
    "/rounds/{round_id:uuid}/registrations/{registration_id:uuid}/qualification",
    status_code=200,
    summary="Qualify a bidder",
)
async def qualify(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    round_id: RoundId,
    registration_id: RegistrationId,
) -> Response[RegistrationView]:
    """By the seller's officers and directors, before the bidding begins."""
    round_, row = await _held(request, session, actor, round_id, registration_id, state.house)
    return await _answer(session, actor, round_, await registrations.qualify(session, actor, round_, row))


@post(
    "/rounds/{round_id:uuid}/registrations/{registration_id:uuid}/refusal",
    status_code=200,
    summary="Refuse a bidder",
)
async def refuse(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    round_id: RoundId,
    registration_id: RegistrationId,
    data: JSONBody[RegistrationRefusal],
) -> Response[RegistrationView]:
    """By the seller's officers and directors, naming the conditions that are not met; the deposit is released."""
    round_, row = await _held(request, session, actor, round_id, registration_id, state.house)
    done = await registrations.refuse(session, actor, round_, row, data)
    return await _answer(session, actor, round_, done)


@post(
    "/rounds/{round_id:uuid}/registrations/{registration_id:uuid}/deposit",
    status_code=200,
    opt={"key_required": True},
    summary="Record a deposit that came in, and hold it",
)
async def take_deposit(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    round_id: RoundId,
    registration_id: RegistrationId,
    data: JSONBody[NewReceipt],
) -> Response[RegistrationView]:
    """By the hall's operator or finance, from the bank's statement; a line that is recorded already is not counted twice."""
    round_, row = await _held(request, session, actor, round_id, registration_id, state.house)
    done = await registrations.take_deposit(session, actor, round_, row, data)
    return await _answer(session, actor, round_, done)


async def _held(
    request: AnyRequest,
    session: AsyncSession,
    actor: Actor,
    round_id: UUID,
    registration_id: UUID,
    house: House,
) -> tuple[Round, Registration]:
    round_ = await service.held(session, actor, round_id, house)
    row = await queries.registration(session, actor, round_id, registration_id)
    match_if_given(request, row.revision)
    return round_, row


async def _answer(
    session: AsyncSession, actor: Actor, round_: Round, row: Registration, *, status: int = 200
) -> Response[RegistrationView]:
    view = (await registration_views(session, actor, round_, [row]))[row.id]
    return answer(view, revision=row.revision, status=status)


router = Router(
    "/",
    route_handlers=[register, list_registrations, withdraw, qualify, refuse, take_deposit],
    tags=["Rounds"],
)
