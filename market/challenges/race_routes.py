"""The award of a challenge and the work after it over HTTP: publicity, evidence, stage gates, acceptance or failure."""

from litestar import Response, Router, get, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody

from market.challenges import awarding, racing, turning
from market.challenges.routes import AnyRequest, Caller, ChallengeId, Session, held, shown
from market.challenges.rules import Verb
from market.challenges.views import evidence_view, evidence_views
from schemas.challenges import (
    ChallengeCountersignature,
    ChallengeView,
    Completion,
    EvidenceView,
    Failure,
    Gate,
    NewAward,
    NewEvidence,
    NewPublicity,
)
from schemas.values import Reason


@post(
    "/challenges/{challenge_id:uuid}/award",
    status_code=200,
    opt={"key_required": True},
    summary="Award a challenge",
)
async def award(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    challenge_id: ChallengeId,
    data: JSONBody[NewAward],
) -> Response[ChallengeView]:
    """By the sponsor, to one or several of the shortlisted; reasons are asked for where the rank alone does not give them."""
    row = await held(request, session, actor, challenge_id)
    return await shown(session, actor, await awarding.award(session, actor, row, data), state)


@post("/challenges/{challenge_id:uuid}/no-award", status_code=200, summary="Award nobody")
async def award_nobody(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    challenge_id: ChallengeId,
    data: JSONBody[Reason],
) -> Response[ChallengeView]:
    """By the sponsor, with reasons that everybody reads."""
    row = await held(request, session, actor, challenge_id)
    return await shown(session, actor, await awarding.award_nobody(session, actor, row, data.reason), state)


@post("/challenges/{challenge_id:uuid}/publicity", status_code=200, summary="Record an award's publicity")
async def record_publicity(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    challenge_id: ChallengeId,
    data: JSONBody[NewPublicity],
) -> Response[ChallengeView]:
    """By the sponsor, where public money pays: where the award stands in public (公示) and since when."""
    row = await held(request, session, actor, challenge_id)
    recorded = await awarding.record_publicity(session, actor, row, data, state.house.periods)
    return await shown(session, actor, recorded, state)


@post("/challenges/{challenge_id:uuid}/start", status_code=200, summary="Begin the work")
async def start(
    request: AnyRequest, session: Session, actor: Caller, state: State, challenge_id: ChallengeId
) -> Response[ChallengeView]:
    """By the sponsor; where public money pays, after the publicity of the award."""
    row = await held(request, session, actor, challenge_id)
    return await shown(session, actor, await awarding.start(session, actor, row), state)


@post("/challenges/{challenge_id:uuid}/teams/{alias:str}/evidence", summary="Show evidence for a stage gate")
async def show_evidence(
    session: Session,
    actor: Caller,
    challenge_id: ChallengeId,
    alias: FromPath[str],
    data: JSONBody[NewEvidence],
) -> EvidenceView:
    """By a team that is in the race, until the stage ends; all of it is kept."""
    row = await turning.held(session, actor, challenge_id)
    return evidence_view(*await racing.show_evidence(session, actor, row, alias, data))


@get("/challenges/{challenge_id:uuid}/evidence", summary="Evidence of the teams")
async def list_evidence(
    session: Session, actor: Caller, challenge_id: ChallengeId
) -> Response[list[EvidenceView]]:
    """Your own team's; all of it for the sponsor and the hall."""
    row = await turning.up_to_date(session, actor, challenge_id)
    return Response(await evidence_views(session, actor, row), headers={"Cache-Control": "no-store"})


@post("/challenges/{challenge_id:uuid}/gate", status_code=200, summary="Propose what a stage gate decides")
async def propose_gate(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    challenge_id: ChallengeId,
    data: JSONBody[Gate],
) -> Response[ChallengeView]:
    """By the sponsor, after the stage has ended: pass or stop for every team, with a reason. A second person signs it."""
    row = await held(request, session, actor, challenge_id)
    return await shown(session, actor, await racing.propose_gate(session, actor, row, data), state)


@post("/challenges/{challenge_id:uuid}/completion", status_code=200, summary="Propose the acceptance")
async def propose_completion(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    challenge_id: ChallengeId,
    data: JSONBody[Completion],
) -> Response[ChallengeView]:
    """By the sponsor: what was accepted (验收), in public. A second person signs it."""
    row = await held(request, session, actor, challenge_id)
    return await shown(session, actor, await racing.propose_completion(session, actor, row, data), state)


@post("/challenges/{challenge_id:uuid}/failure", status_code=200, summary="Propose to end it as failed")
async def propose_failure(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    challenge_id: ChallengeId,
    data: JSONBody[Failure],
) -> Response[ChallengeView]:
    """By the sponsor: what was learnt, in public where it is not secret. A second person signs it."""
    row = await held(request, session, actor, challenge_id)
    return await shown(session, actor, await racing.propose_failure(session, actor, row, data), state)


@post(
    "/challenges/{challenge_id:uuid}/countersignature",
    status_code=200,
    opt={"key_required": True},
    summary="Sign what was proposed",
)
async def countersign(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    state: State,
    challenge_id: ChallengeId,
    data: JSONBody[ChallengeCountersignature],
) -> Response[ChallengeView]:
    """By a director or buyer of the sponsor who has not proposed it; it is done at once."""
    row = await held(request, session, actor, challenge_id)
    signed = await racing.countersign(session, actor, row, Verb(data.verb))
    return await shown(session, actor, signed, state)


router = Router(
    "/",
    route_handlers=[
        award,
        award_nobody,
        record_publicity,
        start,
        show_evidence,
        list_evidence,
        propose_gate,
        propose_completion,
        propose_failure,
        countersign,
    ],
    tags=["Challenges"],
)
