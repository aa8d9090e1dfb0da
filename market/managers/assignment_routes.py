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
from market.interests.tables import Interest
from market.ledger.signing import base64_text, public_key, signing_key
from market.managers import introductions, queries, rules, service
from market.managers.documents import assignment_view, introduction_view, manager_summary
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
    Proposal,
    Proposals,
    ReceiptKey,
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
    """Managers ranked by fields, languages and load, each with the parts of the score; and those whom a conflict,
    an expired credential or a full load excludes, with every reason; at most `limit` of each. For either party and
    the operator."""
    interest = await interest_by_id(session, actor, interest_id)
    fit, unfit = await service.propose(session, actor, interest)
    return Proposals(
        proposals=[
            Proposal(manager=manager_summary(profile), score=rules.total(parts), parts=parts)
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
    """For either party and the operator; 409 names the conflict, or that the manager carries enough."""
    interest = await interest_by_id(session, actor, interest_id, lock=True)
    match_if_given(request, interest.revision)
    assignment = await service.assign(session, actor, interest, data.manager_id)
    return await _assigned(session, assignment, interest, status=201)


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
    """Your own as technology manager, and those of your organisation's interests, newest first."""
    query = queries.own_assignments(actor, status=status, interest_id=interest)
    found = await session.execute(page_of(query, col(Assignment.id), cursor, limit))
    rows = [(row[0], row[1]) for row in found.all()]
    views = await _views(session, rows)
    return paged(request, rows, limit, lambda row: views[row[0].id], lambda row: row[0].id)


@get("/assignments/{assignment_id:uuid}", summary="One assignment")
async def read_assignment(
    session: Session, actor: Caller, assignment_id: AssignmentId
) -> Response[AssignmentView]:
    """For its manager, both parties, the operator and the auditor."""
    return await _assigned(session, *await queries.assignment(session, actor, assignment_id))


@post("/assignments/{assignment_id:uuid}/acceptance", status_code=200, summary="Accept an assignment")
async def accept(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    assignment_id: AssignmentId,
    data: JSONBody[Acceptance],
) -> Response[AssignmentView]:
    """By the manager, who declares that they have no conflict of interest; from now on they see the interest."""
    assignment, interest = await _held(request, session, actor, assignment_id)
    return await _assigned(
        session, await service.accept(session, actor, assignment, interest, data), interest
    )


@post("/assignments/{assignment_id:uuid}/refusal", status_code=200, summary="Decline an assignment")
async def decline(
    request: AnyRequest, session: Session, actor: Caller, assignment_id: AssignmentId, data: JSONBody[Reason]
) -> Response[AssignmentView]:
    """By the manager, with a reason; another manager can then be asked."""
    assignment, interest = await _held(request, session, actor, assignment_id)
    declined = await service.decline(session, actor, assignment, interest, data.reason)
    return await _assigned(session, declined, interest)


@post("/assignments/{assignment_id:uuid}/closure", status_code=200, summary="End an assignment")
async def close(
    request: AnyRequest, session: Session, actor: Caller, assignment_id: AssignmentId, data: JSONBody[Reason]
) -> Response[AssignmentView]:
    """By either party, the operator or the manager, with a reason; another manager can then be asked."""
    assignment, interest = await _held(request, session, actor, assignment_id)
    closed = await service.close(session, actor, assignment, interest, data.reason)
    return await _assigned(session, closed, interest)


@post(
    "/assignments/{assignment_id:uuid}/introduction",
    opt={"key_required": True},
    summary="Introduce the parties to each other",
)
async def introduce(
    request: AnyRequest, session: Session, actor: Caller, state: State, assignment_id: AssignmentId
) -> Response[IntroductionView]:
    """By the active manager, once: a signed receipt names both parties, the subject and the time."""
    assignment, interest = await _held(request, session, actor, assignment_id)
    key = signing_key(state.settings.secret_key.get_secret_value())
    made = await introductions.introduce(
        session, actor, assignment, interest, key=key, base_url=state.base_url
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


async def _held(
    request: AnyRequest, session: AsyncSession, actor: Actor, assignment_id: UUID
) -> tuple[Assignment, Interest]:
    assignment, interest = await queries.locked_assignment(session, actor, assignment_id)
    match_if_given(request, assignment.revision)
    return assignment, interest


async def _views(
    session: AsyncSession, rows: Sequence[tuple[Assignment, Interest]]
) -> dict[UUID, AssignmentView]:
    parties = await organisations(
        session, [party for _, i in rows for party in (i.organisation_id, i.owner_organisation_id)]
    )
    profiles = await queries.profiles_of(session, [assignment.manager_id for assignment, _ in rows])
    made = await queries.introductions_of(session, [assignment.id for assignment, _ in rows])
    return {
        assignment.id: assignment_view(
            assignment, interest, profiles[assignment.manager_id], parties, made.get(assignment.id)
        )
        for assignment, interest in rows
    }


async def _assigned(
    session: AsyncSession, assignment: Assignment, interest: Interest, *, status: int = 200
) -> Response[AssignmentView]:
    views = await _views(session, [(assignment, interest)])
    location = f"/api/v1/assignments/{assignment.id}" if status == 201 else None
    return answer(views[assignment.id], revision=assignment.revision, status=status, location=location)


handlers = [
    propose,
    assign,
    list_assignments,
    read_assignment,
    accept,
    decline,
    close,
    introduce,
    read_introduction,
    read_receipt_key,
]
