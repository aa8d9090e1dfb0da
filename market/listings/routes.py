"""Listings over HTTP: working copies for their owners, stored bytes for the public."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, patch, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.database import now
from market.errors import NotFound
from market.ledger.documents import event_views
from market.ledger.queries import timeline
from market.listings import queries, rules, service
from market.listings.cache import DocumentCache
from market.listings.rules import Verb
from market.listings.tables import Listing
from market.permissions import Actor
from market.web.conditional import answer, is_unchanged, match_if_given, require_match
from market.web.paging import Cursor, Limit, page_of, paged
from schemas.listings import ListingChange, ListingState, NewListing, VersionSummary
from schemas.record import EventView
from schemas.values import Page, Reason
from schemas.vocabulary import ListingStatus, Review

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
ListingId = FromPath[UUID]

JSON_BYTES = "application/json"


@get("/listings/{listing_id:uuid}", opt={"public": True}, summary="A published listing")
async def read_listing(request: AnyRequest, state: State, listing_id: ListingId) -> Response[bytes]:
    """The stored bytes of the latest version, with their SHA-256 as ETag. 404, or 410 with the reason."""
    cache: DocumentCache = state.documents
    found = cache.held(listing_id) or await cache.read(listing_id)
    if found is None:
        raise NotFound("no published listing has this id")
    if found.status not in rules.PUBLIC:
        queries.refuse_unreadable(found.status)
    if is_unchanged(request, found.etag):
        return Response(b"", status_code=304, media_type=JSON_BYTES, headers=dict(found.answer.headers))
    return found.answer


@post("/listings", summary="Begin a listing")
async def create(session: Session, actor: Caller, data: JSONBody[NewListing]) -> Response[ListingState]:
    """A draft of one of the three kinds; it may be incomplete, `unmet` says what a submission still needs."""
    listing = await service.draft(session, actor, data)
    return await _answer(session, listing, status=201, location=f"/api/v1/listings/{listing.id}/draft")


@get("/listings", summary="Your listings")
async def list_own(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    status: FromQuery[ListingStatus | None] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[ListingState]]:
    """The working copies of your organisations, newest first; all of them for the operator and the auditor."""
    found = await session.execute(
        page_of(queries.own_listings(actor, status), col(Listing.id), cursor, limit)
    )
    at = await now(session)
    return paged(request, list(found.scalars()), limit, lambda row: _state(row, at), lambda row: row.id)


@get("/listings/{listing_id:uuid}/draft", summary="The working copy")
async def read_draft(session: Session, actor: Caller, listing_id: ListingId) -> Response[ListingState]:
    """As its owner sees it, with its ETag for changes."""
    return await _answer(session, await service.up_to_date(session, actor, listing_id))


@patch("/listings/{listing_id:uuid}", summary="Change a listing")
async def change(
    request: AnyRequest, session: Session, actor: Caller, listing_id: ListingId, data: JSONBody[ListingChange]
) -> Response[ListingState]:
    """An RFC 7396 merge patch of the content. If-Match: the working copy's ETag, or the public one while unchanged."""
    listing = await service.locked(session, actor, listing_id)
    tags: list[int | str] = [listing.revision]
    if listing.review is Review.CLEAN and listing.published_version is not None:
        tags.append((await queries.version(session, listing.id, listing.published_version)).sha256.hex())
    require_match(request, *tags)
    return await _answer(session, await service.change(session, actor, listing, data.root))


@post("/listings/{listing_id:uuid}/submission", status_code=200, summary="Submit for review")
async def submit(
    request: AnyRequest, session: Session, actor: Caller, listing_id: ListingId
) -> Response[ListingState]:
    """422 lists everything that is missing."""
    listing = await _held(request, session, actor, listing_id)
    return await _answer(session, await service.submit(session, actor, listing))


@post("/listings/{listing_id:uuid}/approval", status_code=200, summary="Approve")
async def approve(
    request: AnyRequest, session: Session, actor: Caller, listing_id: ListingId
) -> Response[ListingState]:
    """Four eyes: not by anyone who has written in the content."""
    listing = await _held(request, session, actor, listing_id)
    return await _answer(session, await service.approve(session, actor, listing))


@post("/listings/{listing_id:uuid}/refusal", status_code=200, summary="Send back with a reason")
async def refuse(
    request: AnyRequest, session: Session, actor: Caller, listing_id: ListingId, data: JSONBody[Reason]
) -> Response[ListingState]:
    """Back to draft; the reason is shown to the authors."""
    listing = await _held(request, session, actor, listing_id)
    return await _answer(session, await service.refuse(session, actor, listing, data.reason))


@post(
    "/listings/{listing_id:uuid}/publication", status_code=200, summary="Publish, or bring back from a pause"
)
async def publish(
    request: AnyRequest, session: Session, actor: Caller, listing_id: ListingId
) -> Response[ListingState]:
    """Stores the next immutable version. In the hall at once, in the search within two seconds."""
    listing = await _held(request, session, actor, listing_id)
    return await _answer(session, await service.publish(session, actor, listing))


@post("/listings/{listing_id:uuid}/pause", status_code=200, summary="Pause")
async def pause(
    request: AnyRequest, session: Session, actor: Caller, listing_id: ListingId
) -> Response[ListingState]:
    """Out of the search; its address says that it is paused."""
    listing = await _held(request, session, actor, listing_id)
    return await _answer(session, await service.pause(session, actor, listing))


@post("/listings/{listing_id:uuid}/confirmation", status_code=200, summary="Confirm that it still stands")
async def confirm(
    request: AnyRequest, session: Session, actor: Caller, listing_id: ListingId
) -> Response[ListingState]:
    """Due every 180 days; a stale or archived listing comes back."""
    listing = await _held(request, session, actor, listing_id)
    return await _answer(session, await service.confirm(session, actor, listing))


@post("/listings/{listing_id:uuid}/withdrawal", status_code=200, summary="Withdraw")
async def withdraw(
    request: AnyRequest, session: Session, actor: Caller, listing_id: ListingId, data: JSONBody[Reason]
) -> Response[ListingState]:
    """For good, with a reason; the versions stay in the record."""
    listing = await _held(request, session, actor, listing_id)
    return await _answer(session, await service.withdraw(session, actor, listing, data.reason))


@get("/listings/{listing_id:uuid}/versions", opt={"public": True}, summary="Published versions")
async def list_versions(session: Session, listing_id: ListingId) -> list[VersionSummary]:
    """Oldest first, each with its hash and what it changed."""
    await queries.published(session, listing_id)
    return await queries.versions(session, listing_id)


@get(
    "/listings/{listing_id:uuid}/versions/{number:int}", opt={"public": True}, summary="One published version"
)
async def read_version(session: Session, listing_id: ListingId, number: FromPath[int]) -> Response[bytes]:
    """Its stored bytes; they never change."""
    await queries.published(session, listing_id)
    version = await queries.version(session, listing_id, number)
    headers = {"ETag": f'"{version.sha256.hex()}"', "Cache-Control": "public, max-age=31536000, immutable"}
    return Response(version.document, media_type=JSON_BYTES, headers=headers)


@get("/listings/{listing_id:uuid}/events", summary="What happened to a listing")
async def list_events(session: Session, actor: Caller, listing_id: ListingId) -> list[EventView]:
    """The record of a listing of yours, oldest first."""
    listing = await queries.working_copy(session, actor, listing_id)
    return event_views(await timeline(session, "listing", listing.id))


async def _held(request: AnyRequest, session: AsyncSession, actor: Actor, listing_id: UUID) -> Listing:
    listing = await service.locked(session, actor, listing_id)
    match_if_given(request, listing.revision)
    return listing


async def _answer(
    session: AsyncSession, listing: Listing, *, status: int = 200, location: str | None = None
) -> Response[ListingState]:
    view = _state(listing, await now(session))
    return answer(view, revision=listing.revision, status=status, location=location)


_NEXT = {Review.DRAFT: Verb.SUBMIT, Review.IN_REVIEW: Verb.APPROVE, Review.APPROVED: Verb.PUBLISH}


def _state(listing: Listing, at: Any) -> ListingState:
    content = rules.CONTENT.validate_python(listing.content)
    step = _NEXT.get(listing.review)
    unmet = rules.unmet(step, content, at) if step else []
    return ListingState(**listing.model_dump(exclude={"content", "editors"}), content=content, unmet=unmet)


public_router = Router("/", route_handlers=[read_listing], tags=["Listings"])

router = Router(
    "/",
    route_handlers=[
        create,
        list_own,
        read_draft,
        change,
        submit,
        approve,
        refuse,
        publish,
        pause,
        confirm,
        withdraw,
        list_versions,
        read_version,
        list_events,
    ],
    tags=["Listings"],
)
