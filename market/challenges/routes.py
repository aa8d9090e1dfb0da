"""Challenges over HTTP until their submissions: planned, approved, published, asked about, submitted to, read by everybody."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get, patch, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.challenges import documents, queries, service, submitting, turning
from market.challenges.tables import Challenge, Question, Submission
from market.challenges.views import challenge_views, question_view
from market.errors import NotFound
from market.permissions import Actor
from market.web.conditional import answer, etag, is_unchanged, match_if_given, require_match
from market.web.paging import Cursor, Limit, page_of, paged
from schemas.challenges import (
    ChallengeChange,
    ChallengeView,
    NewAnswer,
    NewChallenge,
    NewQuestion,
    NewSubmission,
    QuestionView,
    SubmissionReceipt,
)
from schemas.values import Page, Reason
from schemas.vocabulary import ChallengeStatus

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
Visitor = NamedDependency[Actor | None]
ChallengeId = FromPath[UUID]

OfListing = Annotated[UUID | None, QueryParameter(name="listing", description="Challenges of this listing.")]


async def held(request: AnyRequest, session: AsyncSession, actor: Actor, challenge_id: UUID) -> Challenge:
    """A challenge that the actor sees, locked, as If-Match has it where it is sent."""
    row = await turning.held(session, actor, challenge_id)
    match_if_given(request, row.revision)
    return row


async def shown(
    session: AsyncSession, actor: Actor | None, row: Challenge, state: State, *, status: int = 200
) -> Response[ChallengeView]:
    """The answer with the challenge as the actor sees it."""
    view = (await challenge_views(session, actor, [row], state.house.periods))[row.id]
    location = f"/api/v1/challenges/{row.id}" if status == 201 else None
    return answer(view, revision=row.revision, status=status, location=location)


@post("/challenges", summary="Plan a challenge")
async def create(
    session: Session, actor: Caller, state: State, data: JSONBody[NewChallenge]
) -> Response[ChallengeView]:
    """On your published opportunity; `preparation.unmet` says what is still missing."""
    return await shown(session, actor, await service.create(session, actor, data), state, status=201)


@get("/challenges", opt={"public": True}, summary="Challenges")
async def list_challenges(
    request: AnyRequest,
    session: Session,
    visitor: Visitor,
    state: State,
    status: FromQuery[ChallengeStatus | None] = None,
    listing: OfListing = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[ChallengeView]]:
    """Those that were published, and those of your organisations, newest first; a state is at most a second behind."""
    query = page_of(queries.challenges(visitor, status, listing), col(Challenge.id), cursor, limit)
    rows = list((await session.execute(query)).scalars())
    views = await challenge_views(session, visitor, rows, state.house.periods)
    return paged(request, rows, limit, lambda row: views[row.id], lambda row: row.id)


@get("/challenges/{challenge_id:uuid}", opt={"public": True}, summary="One challenge with its phases")
async def read_challenge(
    session: Session, visitor: Visitor, state: State, challenge_id: ChallengeId
) -> Response[ChallengeView]:
    """As of now by the server's clock."""
    row = await turning.up_to_date(session, visitor, challenge_id)
    return await shown(session, visitor, row, state)


@patch("/challenges/{challenge_id:uuid}", summary="Change the plan of a draft")
async def change(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    challenge_id: ChallengeId,
    data: JSONBody[ChallengeChange],
) -> Response[ChallengeView]:
    """An RFC 7396 merge patch of the plan; If-Match with the ETag that was read. Who had approved it approves again."""
    row = await turning.held(session, actor, challenge_id)
    require_match(request, row.revision)
    return await shown(session, actor, await service.change(session, actor, row, data.root), state)


@get("/challenges/{challenge_id:uuid}/rules", opt={"public": True}, summary="The rules as published")
async def read_rules(
    request: AnyRequest, session: Session, visitor: Visitor, challenge_id: ChallengeId
) -> Response[bytes]:
    """Canonical JSON (RFC 8785) that never changes; its SHA-256, to which every submission is bound, is the ETag."""
    row = await queries.challenge(session, visitor, challenge_id)
    if row.rules is None or row.rules_sha256 is None:
        raise NotFound("this challenge is not published yet")
    tag = etag(row.rules_sha256.hex())
    headers = {"ETag": tag, "Cache-Control": "public, max-age=31536000, immutable"}
    if is_unchanged(request, tag):
        return Response(b"", status_code=304, media_type="application/json", headers=headers)
    return Response(row.rules, media_type="application/json", headers=headers)


@post("/challenges/{challenge_id:uuid}/approval", status_code=200, summary="Approve a challenge")
async def approve(
    request: AnyRequest, session: Session, actor: Caller, state: State, challenge_id: ChallengeId
) -> Response[ChallengeView]:
    """By a director or buyer of the sponsor who has not written in the plan; 422 lists every condition that is not met."""
    row = await held(request, session, actor, challenge_id)
    return await shown(session, actor, await service.approve(session, actor, row, state.house.periods), state)


@post("/challenges/{challenge_id:uuid}/publication", status_code=200, summary="Publish a challenge")
async def publish(
    request: AnyRequest, session: Session, actor: Caller, state: State, challenge_id: ChallengeId
) -> Response[ChallengeView]:
    """By the operator. The rules are frozen, and the key is made that submissions are sealed to."""
    row = await held(request, session, actor, challenge_id)
    return await shown(session, actor, await service.publish(session, actor, row, state.house.periods), state)


@post("/challenges/{challenge_id:uuid}/cancellation", status_code=200, summary="Call a challenge off")
async def cancel(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    challenge_id: ChallengeId,
    data: JSONBody[Reason],
) -> Response[ChallengeView]:
    """By a director or buyer of the sponsor, with a reason that everybody reads."""
    row = await held(request, session, actor, challenge_id)
    return await shown(session, actor, await service.cancel(session, actor, row, data.reason), state)


@get("/challenges/{challenge_id:uuid}/questions", opt={"public": True}, summary="Questions and answers")
async def list_questions(
    request: AnyRequest,
    session: Session,
    visitor: Visitor,
    challenge_id: ChallengeId,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[QuestionView]]:
    """All that was asked of a challenge, newest first, and what the sponsor answered; nobody learns who asked."""
    row = await queries.challenge(session, visitor, challenge_id)
    found = await session.execute(page_of(queries.questions(row.id), col(Question.id), cursor, limit))
    return paged(request, list(found.scalars()), limit, question_view, lambda row: row.id)


@post("/challenges/{challenge_id:uuid}/questions", summary="Ask a question")
async def ask(
    session: Session, actor: Caller, challenge_id: ChallengeId, data: JSONBody[NewQuestion]
) -> QuestionView:
    """In the question period, by anybody of a verified organisation; question and answer are public, the asker is not."""
    row = await turning.held(session, actor, challenge_id)
    return question_view(await service.ask(session, actor, row, data))


@post(
    "/challenges/{challenge_id:uuid}/questions/{question_id:uuid}/answer",
    status_code=200,
    summary="Answer a question",
)
async def answer_question(
    session: Session,
    actor: Caller,
    challenge_id: ChallengeId,
    question_id: FromPath[UUID],
    data: JSONBody[NewAnswer],
) -> QuestionView:
    """By the sponsor, once, before the submissions begin."""
    row = await turning.held(session, actor, challenge_id)
    question = await queries.question(session, row.id, question_id)
    return question_view(await service.answer(session, actor, row, question, data))


@post("/challenges/{challenge_id:uuid}/submissions", opt={"key_required": True}, summary="Submit a solution")
async def submit(
    session: Session,
    actor: Caller,
    state: State,
    challenge_id: ChallengeId,
    data: JSONBody[NewSubmission],
) -> SubmissionReceipt:
    """Sealed until the review: nobody reads it, nor whether it is there. A later one takes its place; the receipt is signed."""
    row = await turning.held(session, actor, challenge_id)
    submission = await submitting.submit(session, actor, row, data)
    return documents.receipt(submission, state.receipt_key)


@get("/challenges/{challenge_id:uuid}/submissions", summary="Receipts of your submissions")
async def list_submissions(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    challenge_id: ChallengeId,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[SubmissionReceipt]]:
    """Those of your own organisations and no others, newest first, whoever asks."""
    row = await queries.challenge(session, actor, challenge_id)
    found = await session.execute(
        page_of(queries.own_submissions(actor, row.id), col(Submission.id), cursor, limit)
    )
    return paged(
        request,
        list(found.scalars()),
        limit,
        lambda row: documents.receipt(row, state.receipt_key),
        lambda row: row.id,
    )


router = Router(
    "/",
    route_handlers=[
        create,
        list_challenges,
        read_challenge,
        change,
        read_rules,
        approve,
        publish,
        cancel,
        list_questions,
        ask,
        answer_question,
        submit,
        list_submissions,
    ],
    tags=["Challenges"],
)
