"""Assignments and introductions over HTTP."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.interests.queries import interest as interest_by_id
from market.ledger.signing import base64_text, public_key, signing_key
from market.listings.queries import published
from market.managers import fitting, introductions, queries, service
from market.managers.directory import profiles_of
from market.managers.documents import assignment_view, introduction_view, manager_summary
from market.managers.facts import of_interest, of_listing
from market.managers.queries import Held
from market.managers.tables import Assignment
from market.organisations.queries import organisations
from market.permissions import Actor
from market.web.conditional import answer, match_if_given
from market.web.paging import Cursor, Limit, page_of, paged
from schemas.managers import (
    Acceptance,
    AssignmentView,
    Exclusion,
    IntroductionView,
    NewAssignment,
    NewIntroduction,
    Proposal,
    Proposals,
    ReceiptKey,
    Refusal,
)
from schemas.values import Page, Reason
from schemas.vocabulary import AssignmentStatus

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
Visitor = NamedDependency[Actor | None]
ManagerId = FromPath[UUID]
AssignmentId = FromPath[UUID]

OfInterest = Annotated[UUID | None, QueryParameter(name="interest", description="Of this interest.")]


@get("/interests/{interest_id:uuid}/manager-proposals", summary="Who could carry this interest")
async def propose(
    session: Session, actor: Caller, interest_id: FromPath[UUID], limit: Limit = 10
) -> Proposals:
    """Managers ranked by fields, languages, load and record, each with the parts of the score; and those whom a conflict,
    an expired credential or a full load excludes, with every reason; at most `limit` of each. For either party and
    the operator."""
    interest = await interest_by_id(session, actor, interest_id)
    fit, unfit = await service.propose(session, actor, interest)
    return Proposals(
        proposals=[
            Proposal(manager=manager_summary(profile), score=fitting.total(parts), parts=parts)
            for profile, parts in fit[:limit]
        ],
        excluded=[
            Exclusion(manager=manager_summary(profile), obstacles=obstacles)
            for profile, obstacles in unfit[:limit]
        ],
    )


@post("/interests/{interest_id:uuid}/assignments", summary="Ask a technology manager")
async def assign(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    interest_id: FromPath[UUID],
    data: JSONBody[NewAssignment],
) -> Response[AssignmentView]:
    """For either party and the operator; 409 names each conflict with its rule, or that the manager carries enough."""
    interest = await interest_by_id(session, actor, interest_id, lock=True)
    match_if_given(request, interest.revision)
    assignment = await service.assign(session, actor, of_interest(interest), data)
    return await assigned(session, Held(assignment, interest, ended=False), status=201)


@post("/listings/{listing_id:uuid}/assignments", summary="Ask a technology manager for a listing")
async def assign_listing(
    session: Session, actor: Caller, listing_id: FromPath[UUID], data: JSONBody[NewAssignment]
) -> Response[AssignmentView]:
    """To find somebody for a published result, product or opportunity. For its owner and the operator."""
    listing = await published(session, listing_id, lock=True)
    assignment = await service.assign(session, actor, of_listing(listing), data)
    return await assigned(session, Held(assignment, None, ended=False), status=201)


@get("/assignments", summary="Your assignments")
async def list_assignments(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    status: FromQuery[AssignmentStatus | None] = None,
    interest: OfInterest = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[AssignmentView]]:
    """Your own as technology manager, and those of your organisation's listings, interests and deals, newest first."""
    query = queries.own_assignments(actor, status=status, interest_id=interest)
    found = await session.execute(page_of(query, col(Assignment.id), cursor, limit))
    rows = [queries.held_of(row) for row in found.all()]
    views = await assignment_views(session, rows)
    return paged(request, rows, limit, lambda row: views[row.assignment.id], lambda row: row.assignment.id)


@get("/assignments/{assignment_id:uuid}", summary="One assignment")
async def read_assignment(
    session: Session, actor: Caller, assignment_id: AssignmentId
) -> Response[AssignmentView]:
    """For its manager, both parties, the operator and the auditor."""
    return await assigned(session, await queries.assignment(session, actor, assignment_id))


@post("/assignments/{assignment_id:uuid}/acceptance", status_code=200, summary="Accept an assignment")
async def accept(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    assignment_id: AssignmentId,
    data: JSONBody[Acceptance],
) -> Response[AssignmentView]:
    """By the manager, who declares that they have no conflict of interest.

    The work begins, and they see the interest, once every side that they act for has consented.
    """
    held = await _held(request, session, actor, assignment_id)
    await service.accept(session, actor, held, data)
    return await assigned(session, held)


@post("/assignments/{assignment_id:uuid}/consent", status_code=200, summary="Consent to be acted for")
async def consent(
    request: AnyRequest, session: Session, actor: Caller, assignment_id: AssignmentId
) -> Response[AssignmentView]:
    """By a side that the manager is to act for and that has not asked for them itself (双方代理, 民法典 art. 168)."""
    held = await _held(request, session, actor, assignment_id)
    await service.consent(session, actor, held)
    return await assigned(session, held)


@post("/assignments/{assignment_id:uuid}/refusal", status_code=200, summary="Decline an assignment")
async def decline(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    assignment_id: AssignmentId,
    data: JSONBody[Refusal],
) -> Response[AssignmentView]:
    """By the manager, with a reason; another manager can then be asked. A `conflict` that is named bars the same offer."""
    held = await _held(request, session, actor, assignment_id)
    await service.decline(session, actor, held, data)
    return await assigned(session, held)


@post("/assignments/{assignment_id:uuid}/closure", status_code=200, summary="End an assignment")
async def close(
    request: AnyRequest, session: Session, actor: Caller, assignment_id: AssignmentId, data: JSONBody[Reason]
) -> Response[AssignmentView]:
    """By either party, the operator or the manager, with a reason; another manager can then be asked."""
    held = await _held(request, session, actor, assignment_id)
    await service.close(session, actor, held, data.reason)
    return await assigned(session, held)


@post(
    "/assignments/{assignment_id:uuid}/introduction",
    opt={"key_required": True},
    summary="Introduce the parties to each other",
)
async def introduce(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    assignment_id: AssignmentId,
    data: JSONBody[NewIntroduction | None] = None,
) -> Response[IntroductionView]:
    """By the manager at work: a signed receipt names both parties, the subject and the time, and stands for a year.

    Once for an interest. For a listing, once for each organisation that its owner is introduced to.
    """
    held = await _held(request, session, actor, assignment_id)
    key = signing_key(state.settings.secret_key.get_secret_value())
    named = data.organisation_id if data else None
    made = await introductions.introduce(
        session, actor, held, organisation_id=named, key=key, base_url=state.base_url
    )
    return answer(introduction_view(made), status=201, location=f"/api/v1/introductions/{made.id}")


@get("/introductions/{introduction_id:uuid}", summary="The receipt of an introduction")
async def read_introduction(
    session: Session, actor: Caller, introduction_id: FromPath[UUID]
) -> Response[IntroductionView]:
    """For both parties, the manager, the operator and the auditor, with all that is needed to check it."""
    row = await queries.introduction(session, actor, introduction_id)
    return answer(introduction_view(row), revision=row.sha256.hex())


@get("/keys/receipts", opt={"public": True}, summary="The key that receipts are signed with")
async def read_receipt_key(state: State) -> ReceiptKey:
    """The public key of new receipts; each receipt carries the one that it was signed with."""
    key = signing_key(state.settings.secret_key.get_secret_value())
    return ReceiptKey(public_key=base64_text(public_key(key)))


async def _held(request: AnyRequest, session: AsyncSession, actor: Actor, assignment_id: UUID) -> Held:
    held = await queries.locked_assignment(session, actor, assignment_id)
    match_if_given(request, held.assignment.revision)
    return held


async def assignment_views(session: AsyncSession, rows: Sequence[Held]) -> dict[UUID, AssignmentView]:
    """The views of these, by the id of the assignment."""
    parties = {row.assignment.owner_organisation_id for row in rows} | {
        row.assignment.organisation_id for row in rows if row.assignment.organisation_id
    }
    known = await organisations(session, list(parties))
    profiles = await profiles_of(session, [row.assignment.manager_id for row in rows])
    made = await queries.introductions_of(session, [row.assignment.id for row in rows])
    return {
        row.assignment.id: assignment_view(
            row, profiles[row.assignment.manager_id], known, made.get(row.assignment.id)
        )
        for row in rows
    }


async def assigned(session: AsyncSession, held: Held, *, status: int = 200) -> Response[AssignmentView]:
    """One assignment with its ETag, and Location where it was made."""
    views = await assignment_views(session, [held])
    assignment = held.assignment
    location = f"/api/v1/assignments/{assignment.id}" if status == 201 else None
    return answer(views[assignment.id], revision=assignment.revision, status=status, location=location)


handlers = [
    propose,
    assign,
    assign_listing,
    list_assignments,
    read_assignment,
    accept,
    consent,
    decline,
    close,
    introduce,
    read_introduction,
    read_receipt_key,
]
