"""Listings over HTTP: working copies for their owners, stored bytes for the public.

Whoever is a party reads versions that the public reads no more, so those are with the interests; a withdrawal ends
interests and deals, so it is with the deals.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get, patch, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
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
from schemas.listings import ListingChange, ListingState, NewListing
from schemas.record import EventView
from schemas.values import Page, Reason
from schemas.vocabulary import ListingKind, ListingStatus, Review

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
ListingId = FromPath[UUID]

InReview = Annotated[Review | None, QueryParameter(description="Where the unpublished content stands.")]
Words = Annotated[
    str | None,
    QueryParameter(
        min_length=1, max_length=100, description="Stands in a title or in an application number."
    ),
]

JSON_BYTES = "application/json"


@get("/listings/{listing_id:uuid}", opt={"public": True}, summary="A published listing")
async def read_listing(request: AnyRequest, state: State, listing_id: ListingId) -> Response[bytes]:
    """The stored bytes of the latest version, with their SHA-256 as ETag. 404, or 410 with the reason."""
    cache: DocumentCache = state.documents
    found = cache.held(listing_id) or await cache.read(listing_id)
    if found is None:
        raise NotFound("no published listing has this id")
    if found.status not in rules.PUBLIC:
        queries.refuse_unreadable(found.status, found.withdrawal_reason)
    if is_unchanged(request, found.etag):
        return Response(b"", status_code=304, media_type=JSON_BYTES, headers=dict(found.answer.headers))
    return found.answer


@post("/listings", summary="Begin a listing")
async def create(session: Session, actor: Caller, data: JSONBody[NewListing]) -> Response[ListingState]:
    """A draft of one of the three kinds; it may be incomplete, `unmet` says what a submission still needs."""
    listing = await service.draft(session, actor, data)
    return await listing_answer(session, listing, status=201, location=f"/api/v1/listings/{listing.id}/draft")


@get("/listings", summary="Your listings")
async def list_own(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    status: FromQuery[ListingStatus | None] = None,
    review: InReview = None,
    kind: FromQuery[ListingKind | None] = None,
    q: Words = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[ListingState]]:
    """The working copies of your organisations, newest first; all of them for the operator and the auditor."""
    query = queries.own_listings(actor, status=status, review=review, kind=kind, q=q)
    rows = list((await session.execute(page_of(query, col(Listing.id), cursor, limit))).scalars())
    at, offered = await now(session), await service.offered_sources(session, rows)
    return paged(request, rows, limit, lambda row: _state(row, at, offered), lambda row: row.id)


@get("/listings/{listing_id:uuid}/draft", summary="The working copy")
async def read_draft(session: Session, actor: Caller, listing_id: ListingId) -> Response[ListingState]:
    """As its owner sees it, with its ETag for changes."""
    return await listing_answer(session, await service.up_to_date(session, actor, listing_id))


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
    return await listing_answer(session, await service.change(session, actor, listing, data.root))


@post("/listings/{listing_id:uuid}/submission", status_code=200, summary="Submit for review")
async def submit(
    request: AnyRequest, session: Session, actor: Caller, listing_id: ListingId
) -> Response[ListingState]:
    """422 lists everything that is missing."""
    listing = await hold_listing(request, session, actor, listing_id)
    return await listing_answer(session, await service.submit(session, actor, listing))


@post("/listings/{listing_id:uuid}/approval", status_code=200, summary="Approve")
async def approve(
    request: AnyRequest, session: Session, actor: Caller, listing_id: ListingId
) -> Response[ListingState]:
    """Four eyes: not by anyone who has written in the content."""
    listing = await hold_listing(request, session, actor, listing_id)
    return await listing_answer(session, await service.approve(session, actor, listing))


@post("/listings/{listing_id:uuid}/refusal", status_code=200, summary="Send back with a reason")
async def refuse(
    request: AnyRequest, session: Session, actor: Caller, listing_id: ListingId, data: JSONBody[Reason]
) -> Response[ListingState]:
    """Back to draft; the reason is shown to the authors."""
    listing = await hold_listing(request, session, actor, listing_id)
    return await listing_answer(session, await service.refuse(session, actor, listing, data.reason))


@post(
    "/listings/{listing_id:uuid}/publication", status_code=200, summary="Publish, or bring back from a pause"
)
async def publish(
    request: AnyRequest, session: Session, actor: Caller, listing_id: ListingId
) -> Response[ListingState]:
    """Stores the next immutable version. In the hall at once, in the search within two seconds."""
    listing = await hold_listing(request, session, actor, listing_id)
    return await listing_answer(session, await service.publish(session, actor, listing))


@post("/listings/{listing_id:uuid}/pause", status_code=200, summary="Pause")
async def pause(
    request: AnyRequest, session: Session, actor: Caller, listing_id: ListingId
) -> Response[ListingState]:
    """Out of the search; its address says that it is paused."""
    listing = await hold_listing(request, session, actor, listing_id)
    return await listing_answer(session, await service.pause(session, actor, listing))


@post("/listings/{listing_id:uuid}/confirmation", status_code=200, summary="Confirm that it still stands")
async def confirm(
    request: AnyRequest, session: Session, actor: Caller, listing_id: ListingId
) -> Response[ListingState]:
    """Due every 180 days; a stale or archived listing comes back."""
    listing = await hold_listing(request, session, actor, listing_id)
    return await listing_answer(session, await service.confirm(session, actor, listing))


@get("/listings/{listing_id:uuid}/events", summary="What happened to a listing")
async def list_events(session: Session, actor: Caller, listing_id: ListingId) -> list[EventView]:
    """The record of a listing of yours, oldest first."""
    listing = await queries.working_copy(session, actor, listing_id)
    return event_views(await timeline(session, "listing", listing.id))


async def hold_listing(request: AnyRequest, session: AsyncSession, actor: Actor, listing_id: UUID) -> Listing:
    """The listing of the actor for a verb, as If-Match names it where it is sent."""
    listing = await service.locked(session, actor, listing_id)
    match_if_given(request, listing.revision)
    return listing


async def listing_answer(
    session: AsyncSession, listing: Listing, *, status: int = 200, location: str | None = None
) -> Response[ListingState]:
    """The working copy with its ETag."""
    view = _state(listing, await now(session), await service.offered_sources(session, [listing]))
    return answer(view, revision=listing.revision, status=status, location=location)


_NEXT = {Review.DRAFT: Verb.SUBMIT, Review.IN_REVIEW: Verb.APPROVE, Review.APPROVED: Verb.PUBLISH}


def _state(listing: Listing, at: datetime, offered: Collection[UUID]) -> ListingState:
    content = rules.CONTENT.validate_python(listing.content)
    step = _NEXT.get(listing.review)
    unmet = rules.unmet(step, content, at, offered) if step else []
    return ListingState(
        **listing.model_dump(exclude={"content", "editors", "deadline_at", "awarded"}),
        content=content,
        unmet=unmet,
    )


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
        list_events,
    ],
    tags=["Listings"],
)
