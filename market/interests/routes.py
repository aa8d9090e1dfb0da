"""Interests over HTTP, and the public page of an organisation, which shows how it answers them."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.database import now
from market.evidence import service as evidence
from market.interests import queries, service
from market.interests.documents import interest_view
from market.interests.organisation_routes import router as organisation_router
from market.interests.tables import Interest
from market.interests.version_routes import router as version_router
from market.ledger.documents import event_views
from market.ledger.queries import timeline
from market.listings.queries import working_copy
from market.organisations.queries import organisations
from market.organisations.tables import Organisation
from market.permissions import Actor
from market.web.conditional import answer, match_if_given
from market.web.paging import Cursor, Limit, page_of, paged
from schemas.interests import Decline, InterestView, NewInterest, Pass, RefusalCounts, Side
from schemas.record import EventView
from schemas.rights import EvidenceView, NewEvidence
from schemas.values import Page
from schemas.vocabulary import InterestStatus

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
InterestId = FromPath[UUID]

OfListing = Annotated[UUID | None, QueryParameter(name="listing", description="Interests in this listing.")]
OfSide = Annotated[Side | None, QueryParameter(description="Those that you sent, or that you received.")]

WaitsFor = Annotated[
    Literal["me"] | None,
    QueryParameter(
        description="Those alone whose next step is yours: to answer, to negotiate, to open the deal."
    ),
]
Overdue = Annotated[bool, QueryParameter(description="Those alone whose first answer is late.")]


@post("/listings/{listing_id:uuid}/interests", summary="Express interest, or offer a solution")
async def express(
    session: Session, actor: Caller, listing_id: FromPath[UUID], data: JSONBody[NewInterest]
) -> Response[InterestView]:
    """For a verified organisation; one open interest per listing. The owner answers within 10 working days.

    Its buyers ask for a result or product; an opportunity is answered by buyers, and by a university's officers and
    directors.

    An exclusive request (transfer, exclusive or sole licence) needs the development plan with its capital; 422 lists
    everything that is missing.
    """
    interest = await service.express(session, actor, listing_id, data)
    return await _answer(session, interest, status=201)


@get("/interests", summary="Your interests")
async def list_interests(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    status: FromQuery[InterestStatus | None] = None,
    listing: OfListing = None,
    side: OfSide = None,
    overdue: Overdue = False,
    waiting_for: WaitsFor = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[InterestView]]:
    """Those that your organisations sent or received, or that you carry as technology manager, newest first."""
    at = await now(session)
    query = queries.own_interests(
        actor,
        status=status,
        listing_id=listing,
        side=side,
        overdue_at=at if overdue else None,
        waiting=waiting_for is not None,
    )
    found = await session.execute(page_of(query, col(Interest.id), cursor, limit))
    rows = list(found.scalars())
    parties = await _parties(session, rows)
    return paged(request, rows, limit, lambda row: interest_view(row, parties, at), lambda row: row.id)


@get("/interests/{interest_id:uuid}", summary="One interest")
async def read_interest(session: Session, actor: Caller, interest_id: InterestId) -> Response[InterestView]:
    """The form, where it stands, and the reply clock; `overdue` is true while the owner owes a late answer."""
    return await _answer(session, await queries.interest(session, actor, interest_id))


@get("/interests/{interest_id:uuid}/events", summary="What happened to an interest")
async def list_events(session: Session, actor: Caller, interest_id: InterestId) -> list[EventView]:
    """Its record, oldest first."""
    interest = await queries.interest(session, actor, interest_id)
    return event_views(await timeline(session, "interest", interest.id))


@post("/interests/{interest_id:uuid}/acknowledgement", status_code=200, summary="Acknowledge")
async def acknowledge(
    request: AnyRequest, session: Session, actor: Caller, interest_id: InterestId
) -> Response[InterestView]:
    """The owner's first answer; the reply clock stops."""
    interest = await _held(request, session, actor, interest_id)
    return await _answer(session, await service.acknowledge(session, actor, interest))


@post("/interests/{interest_id:uuid}/disclosure", status_code=200, summary="Show what is not public")
async def disclose(
    request: AnyRequest, session: Session, actor: Caller, interest_id: InterestId, data: JSONBody[NewEvidence]
) -> Response[InterestView]:
    """By the owner, with the confidentiality agreement under which it is shown.

    422 where the other side is under foreign control and the export class, or the letter of intent, is missing.
    """
    interest = await _held(request, session, actor, interest_id)
    return await _answer(session, await service.disclose(session, actor, interest, data))


@get("/interests/{interest_id:uuid}/evidence", summary="Documents that were given")
async def list_evidence(session: Session, actor: Caller, interest_id: InterestId) -> list[EvidenceView]:
    """What each is and its hash, in the order of time. They count for the deal that grows from the interest too."""
    interest = await queries.interest(session, actor, interest_id)
    subject = ("interest", interest.id)
    return evidence.views((await evidence.of_subjects(session, [subject]))[subject])


@post("/interests/{interest_id:uuid}/evidence", summary="Give an export determination or letter of intent")
async def prove(
    request: AnyRequest, session: Session, actor: Caller, interest_id: InterestId, data: JSONBody[NewEvidence]
) -> Response[EvidenceView]:
    """By the owner, while the interest is open; the document stays with whoever holds it, its hash is kept."""
    interest = await _held(request, session, actor, interest_id)
    return answer(evidence.view(await service.prove(session, actor, interest, data)), status=201)


@post("/interests/{interest_id:uuid}/negotiation", status_code=200, summary="Open negotiation")
async def negotiate(
    request: AnyRequest, session: Session, actor: Caller, interest_id: InterestId
) -> Response[InterestView]:
    """By the owner, once acknowledged; a deal opens from here.

    422 where the other side is under foreign control and the export class, or the letter of intent, is missing.
    """
    interest = await _held(request, session, actor, interest_id)
    return await _answer(session, await service.negotiate(session, actor, interest))


@post("/interests/{interest_id:uuid}/refusal", status_code=200, summary="Decline, with a structured reason")
async def decline(
    request: AnyRequest, session: Session, actor: Caller, interest_id: InterestId, data: JSONBody[Decline]
) -> Response[InterestView]:
    """By the owner; the company reads the reason and the note. The reply clock stops."""
    interest = await _held(request, session, actor, interest_id)
    return await _answer(session, await service.decline(session, actor, interest, data))


@post("/interests/{interest_id:uuid}/pass", status_code=200, summary="Pass, with a structured reason")
async def pass_(
    request: AnyRequest, session: Session, actor: Caller, interest_id: InterestId, data: JSONBody[Pass]
) -> Response[InterestView]:
    """By the interested side; the owner reads the reason and the note."""
    interest = await _held(request, session, actor, interest_id)
    return await _answer(session, await service.pass_(session, actor, interest, data))


@get("/listings/{listing_id:uuid}/refusals", summary="Why interests in your listing ended")
async def count_refusals(session: Session, actor: Caller, listing_id: FromPath[UUID]) -> RefusalCounts:
    """How often each reason was given, on either side; nobody is named. For the owner of the listing."""
    listing = await working_copy(session, actor, listing_id)
    return await queries.refusals(session, listing.id)


async def _held(request: AnyRequest, session: AsyncSession, actor: Actor, interest_id: UUID) -> Interest:
    interest = await queries.interest(session, actor, interest_id, lock=True)
    match_if_given(request, interest.revision)
    return interest


async def _answer(session: AsyncSession, interest: Interest, *, status: int = 200) -> Response[InterestView]:
    view = interest_view(interest, await _parties(session, [interest]), await now(session))
    location = f"/api/v1/interests/{interest.id}" if status == 201 else None
    return answer(view, revision=interest.revision, status=status, location=location)


async def _parties(session: AsyncSession, rows: Sequence[Interest]) -> dict[UUID, Organisation]:
    return await organisations(
        session, [party for row in rows for party in (row.organisation_id, row.owner_organisation_id)]
    )


_interests = Router(
    "/",
    route_handlers=[
        express,
        list_interests,
        read_interest,
        list_events,
        acknowledge,
        disclose,
        list_evidence,
        prove,
        negotiate,
        decline,
        pass_,
        count_refusals,
    ],
    tags=["Interests"],
)

router = Router("/", route_handlers=[_interests, organisation_router, version_router])
