"""The review of a challenge over HTTP: its panel, the opening of the submissions, scores and results."""

from uuid import UUID

from litestar import Response, Router, get, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from market.challenges import panel, queries, reviewing, turning
from market.challenges.routes import AnyRequest, Caller, ChallengeId, Session, Visitor, held, shown
from market.challenges.service import subject
from market.challenges.views import (
    entrant_views,
    panel_views,
    results_view,
    review_view,
    review_views,
    reviewer_view,
)
from market.sealing import queries as boxes
from market.sealing.documents import opening_view, share_view
from market.sealing.tables import Box
from schemas.challenges import (
    ChallengeView,
    Declaration,
    EntrantView,
    NewPanel,
    NewReview,
    ResultsView,
    ReviewerView,
    ReviewView,
)
from schemas.sealing import NewShare, OpeningView, ShareView
from schemas.values import Reason

NOT_STORED = {"Cache-Control": "no-store"}


@get("/challenges/{challenge_id:uuid}/panel", summary="The panel")
async def read_panel(session: Session, actor: Caller, challenge_id: ChallengeId) -> list[ReviewerView]:
    """For the hall and the panel itself, and once the review is over for the sponsor: who reviews, and who dropped out why."""
    row = await turning.up_to_date(session, actor, challenge_id)
    return await panel_views(session, actor, row)


@post("/challenges/{challenge_id:uuid}/panel", status_code=200, summary="Name reviewers")
async def name_panel(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    challenge_id: ChallengeId,
    data: JSONBody[NewPanel],
) -> list[ReviewerView]:
    """By the operator after the deadline; 422 names whoever has a conflict of interest, with the rule."""
    row = await held(request, session, actor, challenge_id)
    return [reviewer_view(each) for each in await panel.name(session, actor, row, data)]


@post(
    "/challenges/{challenge_id:uuid}/panel/declaration",
    status_code=200,
    summary="Declare to have no conflict of interest",
)
async def declare(
    session: Session, actor: Caller, challenge_id: ChallengeId, data: JSONBody[Declaration]
) -> ReviewerView:
    """For a reviewer that the operator has named (回避声明). Not with an API key."""
    row = await turning.held(session, actor, challenge_id)
    return reviewer_view(await panel.declare(session, actor, row, data))


@post("/challenges/{challenge_id:uuid}/panel/recusal", status_code=200, summary="Leave the panel")
async def recuse(
    session: Session, actor: Caller, challenge_id: ChallengeId, data: JSONBody[Reason]
) -> ReviewerView:
    """For a reviewer, with a reason (回避); what they have scored does not count. Not with an API key."""
    row = await turning.held(session, actor, challenge_id)
    return reviewer_view(await panel.recuse(session, actor, row, data.reason))


@post(
    "/challenges/{challenge_id:uuid}/panel/{person_id:uuid}/dismissal",
    status_code=200,
    summary="Take a reviewer off the panel",
)
async def dismiss(
    session: Session,
    actor: Caller,
    challenge_id: ChallengeId,
    person_id: FromPath[UUID],
    data: JSONBody[Reason],
) -> list[ReviewerView]:
    """By the operator, with a reason, and only while the reviewer has yet to score something."""
    row = await turning.held(session, actor, challenge_id)
    left = await panel.dismiss(session, actor, row, person_id, data.reason)
    return [reviewer_view(each) for each in left]


@post("/challenges/{challenge_id:uuid}/review", status_code=200, summary="Begin the review")
async def begin_review(
    request: AnyRequest, session: Session, actor: Caller, state: State, challenge_id: ChallengeId
) -> Response[ChallengeView]:
    """By the operator, once at least three reviewers have declared; the submissions can be opened from then on."""
    row = await held(request, session, actor, challenge_id)
    return await shown(session, actor, await panel.begin_review(session, actor, row), state)


@get(
    "/challenges/{challenge_id:uuid}/opening",
    opt={"public": True},
    summary="Who opens the submissions, and with which key they are sealed",
)
async def read_opening(
    session: Session, visitor: Visitor, challenge_id: ChallengeId
) -> Response[OpeningView]:
    """The public key, the opening officers, and whose shares are in. The private key stays unpublished: it opens secrets."""
    row = await turning.up_to_date(session, visitor, challenge_id)
    return await _opening(session, await boxes.box_of(session, subject(row)))


@get("/challenges/{challenge_id:uuid}/opening/share", summary="Your opening share")
async def read_share(session: Session, actor: Caller, challenge_id: ChallengeId) -> Response[ShareView]:
    """For an opening officer: the share of the key, encrypted to the public key that you had registered."""
    row = await queries.challenge(session, actor, challenge_id)
    box = await boxes.box_of(session, subject(row))
    view = share_view(box, await boxes.own_share(session, actor, box))
    return Response(view, headers=NOT_STORED)


@post("/challenges/{challenge_id:uuid}/opening/shares", status_code=200, summary="Hand in your opening share")
async def hand_in(
    session: Session, actor: Caller, challenge_id: ChallengeId, data: JSONBody[NewShare]
) -> Response[OpeningView]:
    """For an opening officer, once the review has begun; an earlier or a wrong share is refused and not kept.

    The share that completes the key opens the last submission of every organisation, under an alias, for the panel.
    """
    row = await turning.held(session, actor, challenge_id)
    return await _opening(session, await reviewing.hand_in(session, actor, row, data.words))


async def _opening(session: AsyncSession, box: Box) -> Response[OpeningView]:
    view = await opening_view(session, box)
    return Response(view.model_copy(update={"private_key": None}), headers=NOT_STORED)


@get("/challenges/{challenge_id:uuid}/entrants", summary="Opened submissions")
async def list_entrants(
    session: Session, actor: Caller, challenge_id: ChallengeId
) -> Response[list[EntrantView]]:
    """For the panel under aliases; for whoever submitted it, their own; after the review for the sponsor and the hall."""
    row = await turning.up_to_date(session, actor, challenge_id)
    return Response(await entrant_views(session, actor, row), headers=NOT_STORED)


@post("/challenges/{challenge_id:uuid}/entrants/{alias:str}/reviews", summary="Score a submission")
async def review(
    session: Session,
    actor: Caller,
    challenge_id: ChallengeId,
    alias: FromPath[str],
    data: JSONBody[NewReview],
) -> ReviewView:
    """By a reviewer who has declared: a score and a comment on every criterion, in the order of the rubric, for good."""
    row = await turning.held(session, actor, challenge_id)
    await queries.reviewer(session, actor, row.id)
    entrant = await queries.entrant(session, row.id, alias)
    return review_view(await reviewing.review(session, actor, row, entrant, data), alias)


@get("/challenges/{challenge_id:uuid}/reviews", summary="Reviews")
async def list_reviews(
    session: Session, actor: Caller, challenge_id: ChallengeId
) -> Response[list[ReviewView]]:
    """Your own; those of the other reviewers once all of yours are in; all of them for sponsor and hall after the review."""
    row = await turning.up_to_date(session, actor, challenge_id)
    return Response(await review_views(session, actor, row), headers=NOT_STORED)


@post("/challenges/{challenge_id:uuid}/shortlist", status_code=200, summary="End the review")
async def shortlist(
    request: AnyRequest, session: Session, actor: Caller, state: State, challenge_id: ChallengeId
) -> Response[ChallengeView]:
    """By the operator, once every reviewer has scored everything: the ranking and its dispersion are kept and published."""
    row = await held(request, session, actor, challenge_id)
    return await shown(session, actor, await reviewing.shortlist(session, actor, row), state)


@get("/challenges/{challenge_id:uuid}/results", opt={"public": True}, summary="Results of a challenge")
async def read_results(
    session: Session, visitor: Visitor, challenge_id: ChallengeId
) -> Response[ResultsView]:
    """Scores with their dispersion by alias, who was awarded and why, and what the stage gates decided."""
    row = await queries.challenge(session, visitor, challenge_id)
    return Response(await results_view(session, row), headers=NOT_STORED)


router = Router(
    "/",
    route_handlers=[
        read_panel,
        name_panel,
        declare,
        recuse,
        dismiss,
        begin_review,
        read_opening,
        read_share,
        hand_in,
        list_entrants,
        review,
        list_reviews,
        shortlist,
        read_results,
    ],
    tags=["Challenges"],
)
