"""Objections to an award (异议): who has submitted objects in time, the award waits, and two without a conflict decide.

The operator proposes a decision with its reasons and the auditor signs it. An objection that is upheld sets the award
aside: the challenge stands again where its shortlist was made.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.challenges import conflicts, objections, queries, rules
from market.challenges.rules import Verb
from market.challenges.tables import AwardObjection, Challenge, Entrant
from market.challenges.turning import moved
from market.database import now
from market.errors import AlreadyExists, NotAllowed, WrongState
from market.identity.service import from_session
from market.ledger.rules import sha256
from market.permissions import Actor, Permission, require
from market.trading.log import instant
from schemas.challenges import AwardObjectionDecision, NewAwardObjection
from schemas.values import FieldProblem
from schemas.vocabulary import ObjectionStatus

RULE = "CH-8"


async def lodge(
    session: AsyncSession, actor: Actor, row: Challenge, data: NewAwardObjection
) -> tuple[AwardObjection, Entrant]:
    """Object to the award of a locked challenge, under one's name. Buyers, officers and directors of who has submitted.

    WrongState once the days of the rules are over, AlreadyExists where an objection of the same organisation is open.
    """
    from_session(actor)
    entrant = await _own_entrant(session, actor, row)
    role = require(actor, Permission.SUBMIT_SOLUTION, entrant.organisation_id)
    rules.check_transition(Verb.OBJECT, row.status)
    at, until = instant(await now(session)), (row.award or {}).get("objections_until")
    if until is not None and at >= until:
        raise WrongState(f"objections to this award were taken until, but not at, {until}")
    standing = await objections.of_challenge(session, row.id)
    if any(each.status is ObjectionStatus.OPEN and by.id == entrant.id for each, by in standing):
        raise AlreadyExists("an objection of your organisation is open")
    objection = AwardObjection(
        challenge_id=row.id,
        entrant_id=entrant.id,
        person_id=actor.person_id,
        grounds=data.grounds,
        sha256=data.sha256,
        at=await now(session),
    )
    session.add(objection)
    await session.flush()
    facts = {"objection": str(objection.id), "sha256": sha256(data.grounds.encode()).hex()}
    await moved(session, actor, row, "objection_lodged", role=role, data=facts)
    return objection, entrant


async def _own_entrant(session: AsyncSession, actor: Actor, row: Challenge) -> Entrant:
    own = [
        each
        for each in await queries.entrants(session, row.id)
        if actor.may(Permission.SUBMIT_SOLUTION, each.organisation_id)
    ]
    if not own:
        raise NotAllowed("whoever has submitted to this challenge may object to its award")
    return own[0]


async def propose(
    session: AsyncSession,
    actor: Actor,
    row: Challenge,
    objection: AwardObjection,
    data: AwardObjectionDecision,
) -> AwardObjection:
    """Propose what an objection comes to, with reasons. The operator, without a conflict; a later one replaces it."""
    role = require(actor, Permission.RUN_CHALLENGE)
    await _refuse_unfit(session, actor, row, objection)
    objection.proposed = {
        **data.model_dump(mode="json"),
        "by": str(actor.person_id),
        "at": instant(await now(session)),
    }
    facts = {"objection": str(objection.id), "finding": data.finding}
    await moved(
        session, actor, row, "objection_decision_proposed", role=role, reason=data.reasons, data=facts
    )
    return objection


async def _refuse_unfit(
    session: AsyncSession, actor: Actor, row: Challenge, objection: AwardObjection
) -> None:
    """WrongState where it is decided, NotAllowed with every relation of whoever would decide."""
    rules.check_transition(Verb.DECIDE_OBJECTION, row.status)
    if objection.status is not ObjectionStatus.OPEN:
        raise WrongState(f"this objection is {objection.status}")
    member_of = (await queries.people(session, [actor.person_id]))[actor.person_id]
    facts = await queries.facts_for(session, row, member_of, submitted=True)
    panel = {each.person_id for each in await queries.panel(session, row.id)}
    found = conflicts.of_judge(facts, actor.person_id, member_of, panel)
    if found:
        raise NotAllowed("; ".join(each.detail for each in found), errors=found)


async def countersign(
    session: AsyncSession, actor: Actor, row: Challenge, objection: AwardObjection
) -> AwardObjection:
    """Sign the decision that was proposed, which is done at once. The auditor, without a conflict, who is somebody else."""
    role = require(actor, Permission.COUNTERSIGN)
    await _refuse_unfit(session, actor, row, objection)
    proposed = objection.proposed
    if proposed is None:
        raise WrongState("nobody has proposed what this objection comes to")
    if proposed["by"] == str(actor.person_id):
        raise NotAllowed("four eyes: you have proposed it, another person signs it")
    objection.status = ObjectionStatus(proposed["finding"])
    objection.reasons, objection.proposed = proposed["reasons"], None
    objection.decided_by = [UUID(proposed["by"]), actor.person_id]
    objection.decided_at = await now(session)
    upheld = objection.status is ObjectionStatus.UPHELD
    if upheld:
        await _set_aside(session, row)
    kind = "award_set_aside" if upheld else "objection_rejected"
    facts = {"objection": str(objection.id), "proposed_by": proposed["by"]}
    await moved(session, actor, row, kind, role=role, reason=objection.reasons, data=facts)
    return objection


async def _set_aside(session: AsyncSession, row: Challenge) -> None:
    """Nobody is awarded any more: the sponsor awards again, or nobody, with the reasons on record."""
    row.status = rules.moved_by(Verb.SET_ASIDE, row.status)
    row.award = row.publicity = None
    for entrant in await queries.entrants(session, row.id):
        entrant.status = None
    await objections.drop(session, row.id)


async def unmet(session: AsyncSession, row: Challenge) -> list[FieldProblem]:
    """Why the award has to wait: objections are open, or can still be lodged."""
    problems: list[FieldProblem] = []
    open_ones = sum(
        each.status is ObjectionStatus.OPEN for each, _ in await objections.of_challenge(session, row.id)
    )
    if open_ones:
        detail = f"{open_ones} objections to the award have yet to be decided"
        problems.append(FieldProblem(pointer="", detail=detail, rule=RULE))
    until = (row.award or {}).get("objections_until")
    if until is not None and instant(await now(session)) < until:
        detail = f"the award waits for objections until {until}"
        problems.append(FieldProblem(pointer="", detail=detail, rule=RULE))
    return problems
