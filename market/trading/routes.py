"""Rounds over HTTP: planned, approved, announced, read by everybody, held under two people's eyes."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get, patch, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.errors import Invalid, NotFound
from market.permissions import Actor
from market.trading import oversight, queries, service
from market.trading.house import House
from market.trading.rules import Verb
from market.trading.tables import Round
from market.trading.views import entry_view, round_views
from market.web.conditional import answer, etag, is_unchanged, match_if_given, require_match
from market.web.paging import Cursor, Limit, page_of, paged
from schemas.trading import Countersignature, EntryView, NewRound, Relisting, RoundChange, RoundView
from schemas.values import FieldProblem, Page, Reason
from schemas.vocabulary import RoundKind, RoundStatus

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
Visitor = NamedDependency[Actor | None]
RoundId = FromPath[UUID]

OfListing = Annotated[UUID | None, QueryParameter(name="listing", description="Rounds of this listing.")]
LogLimit = Annotated[int, QueryParameter(ge=1, le=1000, description="Entries on a page.")]
LogCursor = Annotated[str | None, QueryParameter(description="next_cursor of the page before: a seq.")]


@post("/rounds", summary="Plan a round")
async def create(
    session: Session, actor: Caller, state: State, data: JSONBody[NewRound]
) -> Response[RoundView]:
    """For the officers and directors of a published listing's owner; `preparation.unmet` says what is still missing."""
    row = await service.create(session, actor, data, state.house)
    return await _answer(session, actor, row, state.house, status=201)


@get("/rounds", opt={"public": True}, summary="Rounds")
async def list_rounds(
    request: AnyRequest,
    session: Session,
    visitor: Visitor,
    state: State,
    status: FromQuery[RoundStatus | None] = None,
    listing: OfListing = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[RoundView]]:
    """Those that were announced, and those of your organisations, newest first; a state is at most a second behind."""
    found = await session.execute(
        page_of(queries.rounds(visitor, status, listing), col(Round.id), cursor, limit)
    )
    rows = list(found.scalars())
    views = await round_views(session, visitor, rows, state.house)
    return paged(request, rows, limit, lambda row: views[row.id], lambda row: row.id)


@get("/rounds/{round_id:uuid}", opt={"public": True}, summary="One round, and where its bidding stands")
async def read_round(
    session: Session, visitor: Visitor, state: State, round_id: RoundId
) -> Response[RoundView]:
    """As of now by the server's clock. Bidders stand under aliases; the winner is named once the bidding has ended."""
    row = await service.up_to_date(session, visitor, round_id, state.house)
    return await _answer(session, visitor, row, state.house)


@patch("/rounds/{round_id:uuid}", summary="Change the plan of a draft")
async def change(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    round_id: RoundId,
    data: JSONBody[RoundChange],
) -> Response[RoundView]:
    """An RFC 7396 merge patch of the plan; If-Match with the ETag that was read. Who had approved it approves again."""
    row = await service.held(session, actor, round_id, state.house)
    require_match(request, row.revision)
    changed = await service.change(session, actor, row, data.root, state.house)
    return await _answer(session, actor, changed, state.house)


@get("/rounds/{round_id:uuid}/rules", opt={"public": True}, summary="The rules as announced")
async def read_rules(
    request: AnyRequest, session: Session, visitor: Visitor, round_id: RoundId
) -> Response[bytes]:
    """Canonical JSON (RFC 8785) that never changes; its SHA-256, which every bidder accepts, is the ETag."""
    row = await queries.round_by_id(session, visitor, round_id)
    if row.rules is None or row.rules_sha256 is None:
        raise NotFound("this round is not announced yet")
    tag = etag(row.rules_sha256.hex())
    headers = {"ETag": tag, "Cache-Control": "public, max-age=31536000, immutable"}
    if is_unchanged(request, tag):
        return Response(b"", status_code=304, media_type="application/json", headers=headers)
    return Response(row.rules, media_type="application/json", headers=headers)


@get("/rounds/{round_id:uuid}/log", opt={"public": True}, summary="The log of a round")
async def read_log(
    request: AnyRequest,
    session: Session,
    visitor: Visitor,
    state: State,
    round_id: RoundId,
    cursor: LogCursor = None,
    limit: LogLimit = 100,
) -> Response[Page[EntryView]]:
    """Every bid and every turn in order, chained by hash from the rules on, so that anybody can replay them.

    Of a sealed tender the bids follow once they were opened, each with the blob that the published key opens.
    """
    after = _seq(cursor)
    row = await service.up_to_date(session, visitor, round_id, state.house)
    entries = await queries.log_of(session, row, after, limit + 1)
    headers = {"Cache-Control": "no-store"}
    following = str(entries[limit - 1].seq) if len(entries) > limit else None
    if following:
        headers["Link"] = f'<{request.url.path}?limit={limit}&cursor={following}>; rel="next"'
    opened = row.kind is RoundKind.SEALED_TENDER and await queries.is_opened(session, row)
    items = [entry_view(entry, opened=opened) for entry in entries[:limit]]
    return Response(Page[EntryView](items=items, next_cursor=following), headers=headers)


def _seq(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 9):
        raise Invalid(errors=[FieldProblem(pointer="cursor", detail="not a cursor of this log")])
    return int(cursor)


@post("/rounds/{round_id:uuid}/approvals", status_code=200, summary="Approve a round")
async def approve(
    request: AnyRequest, session: Session, actor: Caller, state: State, round_id: RoundId
) -> Response[RoundView]:
    """By the seller's director, and by its finance for the price: two people, neither of whom has written in the plan."""
    row = await _held(request, session, actor, round_id, state.house)
    return await _answer(session, actor, await service.approve(session, actor, row, state.house), state.house)


@post("/rounds/{round_id:uuid}/announcement", status_code=200, summary="Announce")
async def announce(
    request: AnyRequest, session: Session, actor: Caller, state: State, round_id: RoundId
) -> Response[RoundView]:
    """By the operator. The rules and the listing's terms are frozen; 422 lists every condition that is not met."""
    row = await _held(request, session, actor, round_id, state.house)
    return await _answer(
        session, actor, await service.announce(session, actor, row, state.house), state.house
    )


@post("/rounds/{round_id:uuid}/withdrawal", status_code=200, summary="Withdraw before the bidding begins")
async def withdraw(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    round_id: RoundId,
    data: JSONBody[Reason],
) -> Response[RoundView]:
    """By the seller's director, with a reason that everybody reads. Deposits are released."""
    row = await _held(request, session, actor, round_id, state.house)
    withdrawn = await service.withdraw(session, actor, row, data.reason)
    return await _answer(session, actor, withdrawn, state.house)


@post("/rounds/{round_id:uuid}/suspension", status_code=200, summary="Ask to suspend the bidding")
async def suspend(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    round_id: RoundId,
    data: JSONBody[Reason],
) -> Response[RoundView]:
    """By the operator; done when the auditor signs. The bids are kept, and the time that remains."""
    return await _asked(request, session, actor, state.house, round_id, Verb.SUSPEND, data)


@post("/rounds/{round_id:uuid}/resumption", status_code=200, summary="Ask to resume the bidding")
async def resume(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    round_id: RoundId,
    data: JSONBody[Reason],
) -> Response[RoundView]:
    """By the operator; done when the auditor signs. The end moves by as long as the round was suspended."""
    return await _asked(request, session, actor, state.house, round_id, Verb.RESUME, data)


@post("/rounds/{round_id:uuid}/voidance", status_code=200, summary="Ask to declare a round void")
async def void(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    round_id: RoundId,
    data: JSONBody[Reason],
) -> Response[RoundView]:
    """By the operator; done when the auditor signs. Every deposit is released, nothing is sold."""
    return await _asked(request, session, actor, state.house, round_id, Verb.VOID, data)


@post(
    "/rounds/{round_id:uuid}/countersignature",
    status_code=200,
    opt={"key_required": True},
    summary="Sign what the operator has asked for",
)
async def countersign(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    round_id: RoundId,
    data: JSONBody[Countersignature],
) -> Response[RoundView]:
    """By the auditor, who is another person than the one that asked; it is done at once."""
    row = await _held(request, session, actor, round_id, state.house)
    signed = await oversight.countersign(session, actor, row, Verb(data.verb))
    return await _answer(session, actor, signed, state.house)


@post("/rounds/{round_id:uuid}/relisting", summary="Offer again what was not sold")
async def relist(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    round_id: RoundId,
    data: JSONBody[Relisting],
) -> Response[RoundView]:
    """A new draft within 30 days of the end, at an opening price at most 20 % lower; a defaulter takes no part in it."""
    row = await _held(request, session, actor, round_id, state.house)
    again = await service.relist(session, actor, row, data.plan, state.house)
    return await _answer(session, actor, again, state.house, status=201)


async def _held(
    request: AnyRequest, session: AsyncSession, actor: Actor, round_id: UUID, house: House
) -> Round:
    row = await service.held(session, actor, round_id, house)
    match_if_given(request, row.revision)
    return row


async def _asked(
    request: AnyRequest,
    session: AsyncSession,
    actor: Actor,
    house: House,
    round_id: UUID,
    verb: Verb,
    data: Reason,
) -> Response[RoundView]:
    row = await _held(request, session, actor, round_id, house)
    return await _answer(session, actor, await oversight.ask(session, actor, row, verb, data.reason), house)


async def _answer(
    session: AsyncSession, actor: Actor | None, row: Round, house: House, *, status: int = 200
) -> Response[RoundView]:
    view = (await round_views(session, actor, [row], house))[row.id]
    location = f"/api/v1/rounds/{row.id}" if status == 201 else None
    return answer(view, revision=row.revision, status=status, location=location)


router = Router(
    "/",
    route_handlers=[
        create,
        list_rounds,
        read_round,
        change,
        read_rules,
        read_log,
        approve,
        announce,
        withdraw,
        suspend,
        resume,
        void,
        countersign,
        relist,
    ],
    tags=["Rounds"],
)
