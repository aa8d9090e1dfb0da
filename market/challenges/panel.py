"""The panel of a challenge (评审组): who is named, declares to be without conflict, and drops out; it knows no scores.

Who has submitted decides on conflicts, so that nobody is named before the deadline.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.challenges import conflicts, queries, rules
from market.challenges.planning import LEAST_PANEL
from market.challenges.rules import Verb
from market.challenges.service import plan_of
from market.challenges.tables import Challenge, Reviewer
from market.challenges.turning import moved
from market.database import now
from market.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from market.identity.service import from_session
from market.permissions import Actor, Permission, require
from schemas.challenges import Declaration, NewPanel
from schemas.values import FieldProblem
from schemas.vocabulary import ReviewerStatus


async def found_conflicts(
    session: AsyncSession, row: Challenge, people: Collection[UUID]
) -> dict[UUID, list[FieldProblem]]:
    """What keeps each of these people from reviewing a challenge that takes no submissions any more (CH-2)."""
    known = await queries.people(session, people)
    places = {organisation for each in known.values() for organisation in each}
    facts = await queries.facts_for(session, row, places, submitted=True)
    return {
        person: found
        for person, member_of in known.items()
        if (found := conflicts.of_reviewer(facts, person, member_of))
    }


async def name(session: AsyncSession, actor: Actor, row: Challenge, data: NewPanel) -> list[Reviewer]:
    """Name reviewers of a locked challenge. The operator, after the deadline.

    Invalid names everybody who is unknown, on the panel already, or in conflict, with the rule.
    """
    role = require(actor, Permission.RUN_CHALLENGE)
    rules.check_transition(Verb.NAME_PANEL, row.status)
    known = await queries.people(session, data.people)
    taken = {each.person_id for each in await queries.panel(session, row.id)}
    found = await found_conflicts(session, row, data.people)
    problems: list[FieldProblem] = []
    for place, person in enumerate(data.people):
        pointer = f"/people/{place}"
        if person not in known:
            problems.append(FieldProblem(pointer=pointer, detail="no person has this id"))
        if person in taken or person in data.people[:place]:
            detail = "this person is or was on the panel, or is named twice"
            problems.append(FieldProblem(pointer=pointer, detail=detail))
        problems += [each.model_copy(update={"pointer": pointer}) for each in found.get(person, [])]
    if problems:
        raise Invalid(errors=problems)
    at = await now(session)
    session.add_all(
        Reviewer(challenge_id=row.id, person_id=person, named_by=actor.person_id, named_at=at)
        for person in data.people
    )
    await session.flush()
    facts = {"people": [str(person) for person in data.people]}
    await moved(session, actor, row, "panel_named", role=role, data=facts)
    return await queries.panel(session, row.id)


async def declare(session: AsyncSession, actor: Actor, row: Challenge, data: Declaration) -> Reviewer:
    """Declare to be without conflict of interest (回避声明). A named reviewer, from a session; no role does it for them.

    NotAllowed names every conflict that the house finds in spite of it.
    """
    from_session(actor)
    reviewer = await queries.reviewer(session, actor, row.id)
    rules.check_transition(Verb.DECLARE, row.status)
    if not data.no_conflict:
        detail = "whoever has a conflict of interest recuses themselves"
        raise Invalid(errors=[FieldProblem(pointer="/no_conflict", detail=detail)])
    if reviewer.status is not ReviewerStatus.NAMED:
        raise WrongState(f"you are {reviewer.status}; declare is possible from: named")
    await refuse_conflicted(session, actor, row)
    reviewer.status, reviewer.statement = ReviewerStatus.DECLARED, data.statement
    reviewer.declared_at = await now(session)
    facts = {"reviewer": str(actor.person_id)}
    await moved(session, actor, row, "no_conflict_declared", data=facts)
    return reviewer


async def refuse_conflicted(session: AsyncSession, actor: Actor, row: Challenge) -> None:
    """NotAllowed with every conflict of a reviewer that is found now."""
    found = (await found_conflicts(session, row, [actor.person_id])).get(actor.person_id)
    if found:
        raise NotAllowed("; ".join(each.detail for each in found), errors=found)


async def recuse(session: AsyncSession, actor: Actor, row: Challenge, reason: str) -> Reviewer:
    """Leave the panel for a conflict of interest or another reason; the scores do not count. A reviewer, until the review ends."""
    from_session(actor)
    reviewer = await queries.reviewer(session, actor, row.id)
    rules.check_transition(Verb.RECUSE, row.status)
    if reviewer.status is ReviewerStatus.DROPPED:
        raise WrongState("you have left the panel")
    drop(reviewer, reason)
    facts = {"reviewer": str(actor.person_id)}
    await moved(session, actor, row, "reviewer_recused", reason=reason, data=facts)
    return reviewer


async def dismiss(
    session: AsyncSession, actor: Actor, row: Challenge, person_id: UUID, reason: str
) -> list[Reviewer]:
    """Take somebody off the panel who has not scored everything, with a reason. The operator, who sees no scores."""
    role = require(actor, Permission.RUN_CHALLENGE)
    rules.check_transition(Verb.DISMISS, row.status)
    members = await queries.panel(session, row.id)
    reviewer = next((each for each in members if each.person_id == person_id), None)
    if reviewer is None:
        raise NotFound("this person is not on the panel")
    if reviewer.status is ReviewerStatus.DROPPED:
        raise WrongState("this person has left the panel")
    if person_id in await complete(session, row):
        raise Conflict("this reviewer has scored every submission, and the scores count")
    drop(reviewer, reason)
    facts = {"reviewer": str(person_id)}
    await moved(session, actor, row, "reviewer_dismissed", role=role, reason=reason, data=facts)
    return members


def drop(reviewer: Reviewer, reason: str) -> None:
    reviewer.status, reviewer.reason = ReviewerStatus.DROPPED, reason


async def complete(session: AsyncSession, row: Challenge) -> set[UUID]:
    """Who has scored every submission that counts; nobody before the opening."""
    judged = [each.id for each in await queries.entrants(session, row.id) if each.fault is None]
    scored: dict[UUID, set[UUID]] = {}
    for review, _ in await queries.reviews(session, row.id):
        scored.setdefault(review.person_id, set()).add(review.entrant_id)
    return {person for person, done in scored.items() if done >= set(judged)} if judged else set()


async def begin_review(session: AsyncSession, actor: Actor, row: Challenge) -> Challenge:
    """Begin the review, in which the submissions are opened. The operator.

    Who has not declared, or is found in conflict, drops out; Conflict where fewer are left than the rules ask for (CH-4).
    """
    role = require(actor, Permission.RUN_CHALLENGE)
    status = rules.moved_by(Verb.BEGIN_REVIEW, row.status)
    for each in await queries.panel(session, row.id):
        if each.status is ReviewerStatus.NAMED:
            drop(each, "had not declared to be without conflict when the review began")
    seated = await seats(session, row)
    least = max(plan_of(row).panel_size, LEAST_PANEL)
    refuse_small(len(seated), least)
    row.status = status
    return await moved(session, actor, row, "review_began", role=role, data={"reviewers": len(seated)})


async def seats(session: AsyncSession, row: Challenge) -> list[Reviewer]:
    """Who is on the panel of a locked challenge, has declared and is found to be without conflict; the others drop out."""
    declared = [
        each for each in await queries.panel(session, row.id) if each.status is ReviewerStatus.DECLARED
    ]
    found = await found_conflicts(session, row, [each.person_id for each in declared])
    for each in declared:
        if each.person_id in found:
            said = "; ".join(f"{problem.rule}: {problem.detail}" for problem in found[each.person_id])
            drop(each, said)
    return [each for each in declared if each.status is ReviewerStatus.DECLARED]


def refuse_small(seated: int, least: int) -> None:
    """Conflict where too few reviewers are left."""
    if seated < least:
        detail = f"{seated} reviewers without conflict of interest are left, and it takes {least}"
        raise Conflict(detail, errors=[FieldProblem(pointer="", detail=detail, rule="CH-4")])
