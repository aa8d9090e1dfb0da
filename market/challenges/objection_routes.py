"""Objections to an award over HTTP: lodged by who has submitted, decided by two of the hall, read by those concerned."""

from uuid import UUID

from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody

from market.challenges import objecting, objections, turning
from market.challenges.review_routes import NOT_STORED
from market.challenges.routes import AnyRequest, Caller, ChallengeId, Session, held
from market.challenges.views import objection_view, objection_views
from schemas.challenges import AwardObjectionDecision, AwardObjectionView, NewAwardObjection

ObjectionId = FromPath[UUID]


@post("/challenges/{challenge_id:uuid}/objections", summary="Object to an award")
async def lodge(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    challenge_id: ChallengeId,
    data: JSONBody[NewAwardObjection],
) -> AwardObjectionView:
    """By whoever has submitted, from a session and within the days of the rules; the work does not begin meanwhile."""
    row = await held(request, session, actor, challenge_id)
    return objection_view(*await objecting.lodge(session, actor, row, data))


@get("/challenges/{challenge_id:uuid}/objections", summary="Objections to an award")
async def list_objections(
    session: Session, actor: Caller, challenge_id: ChallengeId
) -> Response[list[AwardObjectionView]]:
    """Your own organisation's; all of them for sponsor and hall. What they came to stands in the results for everybody."""
    row = await turning.up_to_date(session, actor, challenge_id)
    return Response(await objection_views(session, actor, row), headers=NOT_STORED)


@post(
    "/challenges/{challenge_id:uuid}/objections/{objection_id:uuid}/decision",
    status_code=200,
    summary="Propose what an objection comes to",
)
async def propose(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    challenge_id: ChallengeId,
    objection_id: ObjectionId,
    data: JSONBody[AwardObjectionDecision],
) -> AwardObjectionView:
    """By an operator without a conflict, with reasons; it is done when the auditor signs."""
    row = await held(request, session, actor, challenge_id)
    objection, entrant = await objections.one(session, row.id, objection_id)
    return objection_view(await objecting.propose(session, actor, row, objection, data), entrant)


@post(
    "/challenges/{challenge_id:uuid}/objections/{objection_id:uuid}/countersignature",
    status_code=200,
    opt={"key_required": True},
    summary="Sign what an objection comes to",
)
async def countersign(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    challenge_id: ChallengeId,
    objection_id: ObjectionId,
) -> AwardObjectionView:
    """By an auditor without a conflict, another person than the one who proposed it; upheld, it sets the award aside."""
    row = await held(request, session, actor, challenge_id)
    objection, entrant = await objections.one(session, row.id, objection_id)
    return objection_view(await objecting.countersign(session, actor, row, objection), entrant)


router = Router("/", route_handlers=[lodge, list_objections, propose, countersign], tags=["Challenges"])
