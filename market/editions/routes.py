"""Editions over HTTP: the list for everybody, working states and verbs for the operator and the owners."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.editions import items, queries, service
from market.editions.documents import edition_state, edition_summary, item_result
from market.editions.tables import Edition
from market.ledger.documents import event_views
from market.ledger.queries import timeline
from market.permissions import Actor
from market.web.conditional import answer, match_if_given, require_match
from market.web.paging import Cursor, Limit, page_of, paged
from schemas.editions import (
    EditionChange,
    EditionState,
    EditionSummary,
    Extension,
    ItemPlace,
    ItemResult,
    Items,
    NewEdition,
    OutcomeReport,
    Schedule,
)
from schemas.record import EventView
from schemas.values import Page
from schemas.vocabulary import EditionKind, EditionStatus

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
Visitor = NamedDependency[Actor | None]
EditionId = FromPath[UUID]


@get("/editions", opt={"public": True}, summary="Editions")
async def list_editions(
    request: AnyRequest,
    session: Session,
    visitor: Visitor,
    kind: FromQuery[EditionKind | None] = None,
    status: FromQuery[EditionStatus | None] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[EditionSummary]]:
    """Newest first: released ones and, by number and time alone, scheduled ones; for the operator all of them."""
    await service.release_due(session)
    query = queries.editions(visitor, kind, status)
    found = await session.execute(page_of(query, col(Edition.id), cursor, limit))
    embargoed = visitor is None or not visitor.sees_everything
    return paged(
        request,
        list(found.scalars()),
        limit,
        lambda row: edition_summary(row, embargoed=embargoed),
        lambda row: row.id,
    )


@post("/editions", summary="Open an edition")
async def open_edition(session: Session, actor: Caller, data: JSONBody[NewEdition]) -> Response[EditionState]:
    """Operators. Empty and without a number, which it takes when it is scheduled or published."""
    edition = await service.open_edition(session, actor, data)
    location = f"/api/v1/editions/{edition.id}/draft"
    return await _answer(session, edition, status=201, location=location)


@get("/editions/{edition_id:uuid}/draft", summary="The working state of an edition")
async def read_draft(session: Session, actor: Caller, edition_id: EditionId) -> Response[EditionState]:
    """With its items and its ETag for changes; for the operator and the auditor."""
    await service.release_due(session)
    return await _answer(session, await queries.working_state(session, actor, edition_id))


@patch("/editions/{edition_id:uuid}", summary="Change an edition")
async def change(
    request: AnyRequest, session: Session, actor: Caller, edition_id: EditionId, data: JSONBody[EditionChange]
) -> Response[EditionState]:
    """Title and window for answers, while it is compiling. If-Match: the ETag of the working state."""
    edition = await service.locked(session, actor, edition_id)
    require_match(request, edition.revision)
    return await _answer(session, await service.change(session, actor, edition, data))


@put("/editions/{edition_id:uuid}/items", summary="Set all items of an edition")
async def set_items(
    request: AnyRequest, session: Session, actor: Caller, edition_id: EditionId, data: JSONBody[Items]
) -> Response[EditionState]:
    """These listings, in this order; the rest is taken out. If-Match as for a change."""
    edition = await service.locked(session, actor, edition_id)
    require_match(request, edition.revision)
    return await _answer(session, await items.set_items(session, actor, edition, data.listing_ids))


@put("/editions/{edition_id:uuid}/items/{listing_id:uuid}", summary="Add or move an item")
async def place_item(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    edition_id: EditionId,
    listing_id: FromPath[UUID],
    data: JSONBody[ItemPlace],
) -> Response[EditionState]:
    """To `position`, counted from 1, or to the end. If-Match as for a change."""
    edition = await service.locked(session, actor, edition_id)
    require_match(request, edition.revision)
    changed = await items.place_item(session, actor, edition, listing_id, data.position)
    return await _answer(session, changed)


@delete(
    "/editions/{edition_id:uuid}/items/{listing_id:uuid}",
    status_code=200,
    summary="Take an item out",
    opt={"conditional": True},
)
async def remove_item(
    request: AnyRequest, session: Session, actor: Caller, edition_id: EditionId, listing_id: FromPath[UUID]
) -> Response[EditionState]:
    """The items after it move up. If-Match as for a change."""
    edition = await service.locked(session, actor, edition_id)
    require_match(request, edition.revision)
    return await _answer(session, await items.remove_item(session, actor, edition, listing_id))


@post("/editions/{edition_id:uuid}/schedule", status_code=200, summary="Schedule the release")
async def schedule(
    request: AnyRequest, session: Session, actor: Caller, edition_id: EditionId, data: JSONBody[Schedule]
) -> Response[EditionState]:
    """On the public calendar, its items under embargo until `release_at`; again, to move the release."""
    edition = await _held(request, session, actor, edition_id)
    return await _answer(session, await service.schedule(session, actor, edition, data.release_at))


@delete("/editions/{edition_id:uuid}/schedule", status_code=200, summary="Take off the calendar")
async def unschedule(
    request: AnyRequest, session: Session, actor: Caller, edition_id: EditionId
) -> Response[EditionState]:
    """Back to compiling; the number stays with it."""
    edition = await _held(request, session, actor, edition_id)
    return await _answer(session, await service.unschedule(session, actor, edition))


@post("/editions/{edition_id:uuid}/publication", status_code=200, summary="Publish now")
async def publish(
    request: AnyRequest, session: Session, actor: Caller, edition_id: EditionId
) -> Response[EditionState]:
    """Takes the snapshot at once; a scheduled edition needs no call, it is public from its release time on."""
    edition = await _held(request, session, actor, edition_id)
    return await _answer(session, await service.publish(session, actor, edition))


@post("/editions/{edition_id:uuid}/extension", status_code=200, summary="Take answers for longer")
async def extend(
    request: AnyRequest, session: Session, actor: Caller, edition_id: EditionId, data: JSONBody[Extension]
) -> Response[EditionState]:
    """A later `applications_until` of a scheduled or published edition, with the reason for the record.

    The snapshot keeps the time that it was released with; the edition, the calendar and the record show the new one.
    """
    edition = await _held(request, session, actor, edition_id)
    extended = await service.extend(session, actor, edition, data.applications_until, data.reason)
    return await _answer(session, extended)


@post("/editions/{edition_id:uuid}/closure", status_code=200, summary="Close")
async def close(
    request: AnyRequest, session: Session, actor: Caller, edition_id: EditionId
) -> Response[EditionState]:
    """Ends the window for answers; one with `applications_until` closes then by itself."""
    edition = await _held(request, session, actor, edition_id)
    return await _answer(session, await service.close(session, actor, edition))


@post(
    "/editions/{edition_id:uuid}/items/{listing_id:uuid}/outcome",
    status_code=200,
    summary="Report what became of an item",
)
async def report_item(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    edition_id: EditionId,
    listing_id: FromPath[UUID],
    data: JSONBody[OutcomeReport],
) -> Response[ItemResult]:
    """By the listing's owner or the operator, from the release until the edition's outcomes are reported."""
    edition = await _held(request, session, actor, edition_id)
    item = await items.report_item(session, actor, edition, listing_id, data)
    return answer(item_result(item), revision=edition.revision)


@post("/editions/{edition_id:uuid}/outcomes", status_code=200, summary="Report the outcomes")
async def report_outcomes(
    request: AnyRequest, session: Session, actor: Caller, edition_id: EditionId
) -> Response[EditionState]:
    """Public and final from now on. 422 lists the items that have no outcome yet."""
    edition = await _held(request, session, actor, edition_id)
    return await _answer(session, await service.report_outcomes(session, actor, edition))


@get("/editions/{edition_id:uuid}/events", summary="What happened to an edition")
async def list_events(session: Session, actor: Caller, edition_id: EditionId) -> list[EventView]:
    """The record, oldest first; for the operator and the auditor."""
    edition = await queries.working_state(session, actor, edition_id)
    return event_views(await timeline(session, "edition", edition.id))


async def _held(request: AnyRequest, session: AsyncSession, actor: Actor, edition_id: UUID) -> Edition:
    edition = await service.locked(session, actor, edition_id)
    match_if_given(request, edition.revision)
    return edition


async def _answer(
    session: AsyncSession, edition: Edition, *, status: int = 200, location: str | None = None
) -> Response[EditionState]:
    view = edition_state(edition, await queries.items(session, edition.id))
    return answer(view, revision=edition.revision, status=status, location=location)


router = Router(
    "/",
    route_handlers=[
        list_editions,
        open_edition,
        read_draft,
        change,
        set_items,
        place_item,
        remove_item,
        schedule,
        unschedule,
        publish,
        extend,
        close,
        report_item,
        report_outcomes,
        list_events,
    ],
    tags=["Editions"],
)
