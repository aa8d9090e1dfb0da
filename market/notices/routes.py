"""A unit's own notices over HTTP: the working state and its verbs; what everybody reads is in `public_routes`."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from market.errors import NotFound
from market.ledger.documents import event_views
from market.ledger.queries import timeline
from market.notices import drafting, panel, queries, service
from market.notices.documents import notice_state
from market.notices.tables import Notice
from market.notices.turning import let_time_pass
from market.organisations.queries import organisation as organisation_by_id
from market.permissions import Actor
from market.web.conditional import answer, match_if_given, require_match
from schemas.notices import NewNotice, NoticeChange, NoticeState
from schemas.record import EventView
from schemas.values import Reason
from schemas.vocabulary import ObjectionStatus

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
NoticeId = FromPath[UUID]


@post("/notices", summary="Draft a publicity notice")
async def create(session: Session, actor: Caller, data: JSONBody[NewNotice]) -> Response[NoticeState]:
    """公示 of a price, a reward, a grant or a result; `unmet` says what the unit's rule pack still asks for."""
    row = await drafting.draft(session, actor, data)
    return await _answer(session, row, status=201, location=f"/api/v1/notices/{row.id}/draft")


@get("/notices/{notice_id:uuid}/draft", summary="The working state of a notice")
async def read_draft(session: Session, actor: Caller, notice_id: NoticeId) -> Response[NoticeState]:
    """With its ETag for changes; for its organisation, the operator and the auditor, after its publication too."""
    return await _answer(session, await _own(session, actor, notice_id))


@patch("/notices/{notice_id:uuid}", summary="Change a draft")
async def change(
    request: AnyRequest, session: Session, actor: Caller, notice_id: NoticeId, data: JSONBody[NoticeChange]
) -> Response[NoticeState]:
    """An RFC 7396 merge patch of the content, with If-Match. What is published is amended by another notice."""
    row = await hold(session, actor, notice_id)
    require_match(request, row.revision)
    return await _answer(session, await drafting.change(session, actor, row, data.root))


@post("/notices/{notice_id:uuid}/publication", status_code=200, summary="Publish a notice")
async def publish(
    request: AnyRequest, session: Session, actor: Caller, notice_id: NoticeId
) -> Response[NoticeState]:
    """Four eyes. Fixes bytes, hash and period. In the place of one that stands, the director alone; 422 lists all missing."""
    row = await _held(request, session, actor, notice_id)
    return await _answer(session, await service.publish(session, actor, row))


@post("/notices/{notice_id:uuid}/amendment", summary="Begin the amendment of a notice")
async def amend(
    request: AnyRequest, session: Session, actor: Caller, notice_id: NoticeId, data: JSONBody[Reason]
) -> Response[NoticeState]:
    """The draft of the next one: published, it takes this one's place with a full period of its own."""
    row = await _held(request, session, actor, notice_id)
    following = await drafting.begin_amendment(session, actor, row, data.reason)
    location = f"/api/v1/notices/{following.id}/draft"
    return await _answer(session, following, status=201, location=location)


@post("/notices/{notice_id:uuid}/withdrawal", status_code=200, summary="Withdraw a notice")
async def withdraw(
    request: AnyRequest, session: Session, actor: Caller, notice_id: NoticeId, data: JSONBody[Reason]
) -> Response[NoticeState]:
    """With a reason that everybody reads; its bytes stay. Once it is published, the director alone."""
    row = await _held(request, session, actor, notice_id)
    return await _answer(session, await service.withdraw(session, actor, row, data.reason))


@get("/notices/{notice_id:uuid}/events", summary="What happened to a notice")
async def list_events(session: Session, actor: Caller, notice_id: NoticeId) -> list[EventView]:
    """The record, oldest first, which names objectors: for its organisation, the operator and the auditor."""
    row = await _own(session, actor, notice_id)
    return event_views(await timeline(session, "notice", row.id))


async def _own(session: AsyncSession, actor: Actor, notice_id: UUID) -> Notice:
    """A notice of the actor's organisation, or of any for the hall, with everything applied that was due."""
    row = await queries.notice(session, actor, notice_id)
    if not queries.works_on(actor, row):
        raise NotFound(queries.UNKNOWN)
    return await hold(session, actor, notice_id)


async def hold(session: AsyncSession, actor: Actor, notice_id: UUID) -> Notice:
    """A notice that the actor sees, held for a verb, with everything applied that was due."""
    row = await queries.locked(session, actor, notice_id)
    await let_time_pass(session, row)
    return row


async def _held(request: AnyRequest, session: AsyncSession, actor: Actor, notice_id: UUID) -> Notice:
    """The same, as If-Match names it where it is sent."""
    row = await hold(session, actor, notice_id)
    match_if_given(request, row.revision)
    return row


async def _answer(
    session: AsyncSession, row: Notice, *, status: int = 200, location: str | None = None
) -> Response[NoticeState]:
    home = await organisation_by_id(session, row.organisation_id)
    objections = await panel.every_objection(session, [row.id])
    still_open = sum(each.status is ObjectionStatus.OPEN for each in objections)
    view = notice_state(row, home, still_open, await drafting.unmet(session, row))
    return answer(view, revision=row.revision, status=status, location=location)


router = Router(
    "/",
    route_handlers=[create, read_draft, change, publish, amend, withdraw, list_events],
    tags=["Notices"],
)
