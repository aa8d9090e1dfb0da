"""The work after the award: evidence of the teams, the stage gates of a horse race (赛马), and how it all ended.

What decides is proposed by one person of the sponsor and signed by a second one.
"""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from market.challenges import queries, rules
from market.challenges.awarding import refuse_partial
from market.challenges.gates import unfit
from market.challenges.rules import Verb
from market.challenges.service import plan_of
from market.challenges.tables import Challenge, Entrant, Evidence
from market.challenges.turning import moved
from market.database import now
from market.errors import Invalid, NotAllowed, NotFound, WrongState
from market.ledger.rules import canonical, sha256
from market.permissions import Actor, Permission, require
from market.trading.log import instant
from schemas.challenges import Completion, Failure, Gate, NewEvidence, StagePlan
from schemas.vocabulary import GateDecision, TeamStatus


def stage_of(row: Challenge) -> StagePlan:
    """The stage that runs. WrongState where there is none, or none any more."""
    stages = plan_of(row).stages
    if row.stage is None or row.stage > len(stages):
        raise WrongState("no stage of a race runs in this challenge")
    return stages[row.stage - 1]


async def running(session: AsyncSession, row: Challenge) -> list[Entrant]:
    """The teams at work."""
    return [each for each in await queries.entrants(session, row.id) if each.status is TeamStatus.RUNNING]


async def show_evidence(
    session: AsyncSession, actor: Actor, row: Challenge, alias: str, data: NewEvidence
) -> tuple[Evidence, Entrant]:
    """Show evidence for the gate of the stage that runs, until it ends. The team's own buyers, officers and directors."""
    team = next((each for each in await running(session, row) if each.alias == alias), None)
    if team is None or team.organisation_id not in actor.organisations:
        raise NotFound("you have no team of this alias at work here")
    role = require(actor, Permission.SUBMIT_SOLUTION, team.organisation_id)
    rules.check_transition(Verb.SHOW_EVIDENCE, row.status)
    stage, at = stage_of(row), await now(session)
    if at >= stage.until:
        raise WrongState(f"evidence for this stage was taken until, but not at, {instant(stage.until)}")
    shown = Evidence(
        entrant_id=team.id,
        stage=row.stage or 0,
        evidence=data.evidence,
        sha256=data.sha256,
        person_id=actor.person_id,
        at=at,
    )
    session.add(shown)
    await session.flush()
    facts = {"team": alias, "stage": row.stage, "sha256": sha256(data.evidence.encode()).hex()}
    await moved(session, actor, row, "evidence_shown", role=role, data=facts)
    return shown, team


async def propose_gate(session: AsyncSession, actor: Actor, row: Challenge, data: Gate) -> Challenge:
    """Propose who passes the gate of the stage that has ended, and who stops, each with a reason. The sponsor's officers.

    Invalid where a team is left out, more pass than the rules keep, or one passes without evidence (CH-7).
    """
    require(actor, Permission.PREPARE_CHALLENGE, row.sponsor_id)
    rules.check_transition(Verb.DECIDE_GATE, row.status)
    stage = stage_of(row)
    if await now(session) < stage.until:
        raise WrongState(f"the stage runs until {instant(stage.until)}; its gate is decided then")
    teams = await running(session, row)
    refuse_partial(actor, teams)
    proven = {
        team.alias for shown, team in await queries.evidence(session, row.id) if shown.stage == row.stage
    }
    problems = unfit(data.decisions, {each.alias for each in teams}, proven, stage.keep)
    if problems:
        raise Invalid(errors=problems)
    return await _propose(session, actor, row, Verb.DECIDE_GATE, data.model_dump(mode="json"))


async def propose_completion(
    session: AsyncSession, actor: Actor, row: Challenge, data: Completion
) -> Challenge:
    """Propose that the work is accepted (验收). The sponsor's officers; of a race, once a team has passed the last gate."""
    require(actor, Permission.PREPARE_CHALLENGE, row.sponsor_id)
    rules.check_transition(Verb.COMPLETE, row.status)
    if row.stage is not None and row.stage <= len(plan_of(row).stages):
        raise WrongState(f"stage {row.stage} of the race has yet to pass its gate")
    teams = await running(session, row)
    refuse_partial(actor, teams)
    if not teams:
        raise WrongState("no team is left whose work could be accepted")
    return await _propose(session, actor, row, Verb.COMPLETE, data.model_dump(mode="json"))


async def propose_failure(session: AsyncSession, actor: Actor, row: Challenge, data: Failure) -> Challenge:
    """Propose to end the work as failed, with what can be learnt of it. The sponsor's officers."""
    require(actor, Permission.PREPARE_CHALLENGE, row.sponsor_id)
    rules.check_transition(Verb.FAIL, row.status)
    return await _propose(session, actor, row, Verb.FAIL, data.model_dump(mode="json"))


async def _propose(
    session: AsyncSession, actor: Actor, row: Challenge, verb: Verb, data: dict[str, Any]
) -> Challenge:
    role = require(actor, Permission.PREPARE_CHALLENGE, row.sponsor_id)
    at = instant(await now(session))
    row.proposed = {"verb": verb.value, "by": str(actor.person_id), "at": at, "data": data}
    facts = {"verb": verb.value, "sha256": sha256(canonical(data)).hex()}
    return await moved(session, actor, row, "proposed", role=role, data=facts)


async def countersign(session: AsyncSession, actor: Actor, row: Challenge, verb: Verb) -> Challenge:
    """Sign what was proposed, which is done at once. A director or buyer of the sponsor who has not proposed it.

    WrongState where something else or nothing was proposed.
    """
    role = require(actor, Permission.APPROVE_CHALLENGE, row.sponsor_id)
    status = rules.moved_by(verb, row.status)
    proposed = row.proposed
    if proposed is None or proposed["verb"] != verb.value:
        raise WrongState(f"nobody has proposed to {verb.value.replace('_', ' ')}")
    if proposed["by"] == str(actor.person_id):
        raise NotAllowed("four eyes: you have proposed it, another person signs it")
    teams = await running(session, row)
    refuse_partial(actor, teams)
    data, row.proposed, row.status = proposed["data"], None, status
    if verb is Verb.DECIDE_GATE:
        _pass_gate(row, teams, data["decisions"], instant(await now(session)))
    else:
        done = verb is Verb.COMPLETE
        for team in teams:
            team.status = TeamStatus.FINISHED if done else TeamStatus.STOPPED
        row.outcome = data["acceptance" if done else "lessons"]
        row.outcome_secret = not done and data["secret"]
    kinds = {Verb.DECIDE_GATE: "gate_decided", Verb.COMPLETE: "completed", Verb.FAIL: "failed"}
    facts = {"proposed_by": proposed["by"], "sha256": sha256(canonical(data)).hex()}
    return await moved(session, actor, row, kinds[verb], role=role, data=facts)


def _pass_gate(row: Challenge, teams: list[Entrant], decisions: list[dict[str, Any]], at: str) -> None:
    stopped = {each["team"] for each in decisions if each["decision"] == GateDecision.STOP}
    for team in teams:
        if team.alias in stopped:
            team.status = TeamStatus.STOPPED
    row.gates = [*row.gates, {"stage": row.stage, "at": at, "decisions": decisions}]
    row.stage = (row.stage or 0) + 1
