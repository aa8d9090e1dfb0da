"""The opening of the submissions and their review (评审): scores against the rubric, and the ranking they give."""

import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.challenges import conflicts, panel, queries, ranking, rules
from market.challenges.documents import lid_of, solution_in
from market.challenges.planning import LEAST_PANEL
from market.challenges.ranking import Line
from market.challenges.rules import Verb
from market.challenges.service import plan_of, subject
from market.challenges.tables import Challenge, Entrant, Review, Submission
from market.challenges.turning import moved
from market.database import now
from market.errors import AlreadyExists, Conflict, Invalid, NotFound, WrongState
from market.identity.service import from_session
from market.ledger.rules import canonical, sha256
from market.permissions import Actor, Permission, require
from market.sealing import queries as boxes
from market.sealing import service as sealing
from market.sealing.envelope import CannotOpen, Lid, unseal
from market.sealing.tables import Box
from market.trading.registrations import ALIAS_LETTERS
from schemas.challenges import ChallengePlan, NewReview
from schemas.values import FieldProblem


async def hand_in(session: AsyncSession, actor: Actor, row: Challenge, words: str) -> Box:
    """Hand in the share of an opening officer of a locked challenge; no role does it for them.

    With as many shares as it takes the submissions are opened. NotFound for everybody else, WrongState before the review
    has begun: the share is not kept then.
    """
    box = await boxes.box_of(session, subject(row))
    await boxes.own_share(session, actor, box)
    if row.status not in rules.FROM[Verb.OPEN]:
        raise WrongState(
            f"the challenge is {row.status}; shares are taken once the review has begun: yours was not kept"
        )
    key = await sealing.hand_in(session, actor, box, words)
    await moved(session, actor, row, "opening_share_handed_in")
    if key is not None:
        await _open(session, row, key)
    return box


async def _open(session: AsyncSession, row: Challenge, key: bytes) -> None:
    """Open the last submission of every organisation, each under an alias drawn by chance."""
    if row.rules is None or row.rules_sha256 is None:
        raise AssertionError("submissions were made under rules")
    lid = lid_of(row.rules, row.rules_sha256)
    standing = await queries.standing(session, row.id)
    related = await _related(session, row, standing)
    aliases: set[str] = set()
    for submission in standing:
        content, fault = _said(lid, key, submission)
        if submission.organisation_id in related:
            content, fault = None, related[submission.organisation_id]
        session.add(
            Entrant(
                challenge_id=row.id,
                organisation_id=submission.organisation_id,
                submission_id=submission.id,
                alias=_alias(aliases),
                content=content,
                fault=fault,
            )
        )
    await session.flush()
    await moved(session, None, row, "submissions_opened_up", data={"submissions": len(standing)})


def _said(lid: Lid, key: bytes, submission: Submission) -> tuple[dict[str, Any] | None, str | None]:
    """What a submission says, or why it does not count."""
    try:
        return solution_in(unseal(lid, submission.organisation_id, key, submission.sealed)), None
    except CannotOpen as trouble:
        return None, str(trouble)


async def _related(session: AsyncSession, row: Challenge, standing: Sequence[Submission]) -> dict[UUID, str]:
    """Whose submission does not count since they stand on the sponsor's side now, by organisation (CH-1)."""
    people = await queries.people(session, [each.person_id for each in standing])
    places = {organisation for member_of in people.values() for organisation in member_of}
    facts = await queries.facts_for(session, row, places, submitted=True)
    found = {
        each.organisation_id: conflicts.of_entrant(
            facts, each.organisation_id, each.person_id, people[each.person_id]
        )
        for each in standing
    }
    return {
        organisation: "; ".join(f"{each.rule}: {each.detail}" for each in problems)
        for organisation, problems in found.items()
        if problems
    }


def _alias(taken: set[str]) -> str:
    while (alias := "".join(secrets.choice(ALIAS_LETTERS) for _ in range(4))) in taken:
        pass
    taken.add(alias)
    return alias


async def review(
    session: AsyncSession, actor: Actor, row: Challenge, entrant: Entrant, data: NewReview
) -> Review:
    """Score one opened submission on every criterion, for good. A reviewer who has declared, from a session.

    NotAllowed where a conflict has come to light since, Invalid where a score is beyond the rubric.
    """
    from_session(actor)
    if not await queries.judges(session, actor, row.id):
        raise NotFound("you do not review this challenge")
    rules.check_transition(Verb.REVIEW, row.status)
    await panel.refuse_conflicted(session, actor, row)
    if entrant.fault is not None:
        raise Conflict(f"this submission does not count: {entrant.fault}")
    _refuse_beyond(plan_of(row), data)
    if await session.get(Review, (entrant.id, actor.person_id)) is not None:
        raise AlreadyExists("you have scored this submission, and a score is not changed")
    written = Review(
        entrant_id=entrant.id,
        person_id=actor.person_id,
        scores=[each.model_dump(mode="json") for each in data.scores],
        at=await now(session),
    )
    session.add(written)
    facts = {"alias": entrant.alias, "sha256": sha256(canonical(written.scores)).hex()}
    await moved(session, actor, row, "reviewed", data=facts)
    return written


def _refuse_beyond(plan: ChallengePlan, data: NewReview) -> None:
    if len(data.scores) != len(plan.rubric):
        detail = f"the rubric has {len(plan.rubric)} criteria: score every one, in their order"
        raise Invalid(errors=[FieldProblem(pointer="/scores", detail=detail)])
    beyond = [
        FieldProblem(pointer=f"/scores/{place}/score", detail=f"the highest score is {criterion.max}")
        for place, (given, criterion) in enumerate(zip(data.scores, plan.rubric, strict=True))
        if given.score > criterion.max
    ]
    if beyond:
        raise Invalid(errors=beyond)


async def shortlist(session: AsyncSession, actor: Actor, row: Challenge) -> Challenge:
    """End the review: rank the submissions and keep how far the reviewers were apart. The operator.

    Who is found in conflict drops out with their scores; Conflict where anybody left has yet to score something, or fewer
    than three are left (CH-4).
    """
    role = require(actor, Permission.RUN_CHALLENGE)
    status = rules.moved_by(Verb.SHORTLIST, row.status)
    entrants = await queries.entrants(session, row.id)
    if not entrants:
        raise Conflict("the submissions have yet to be opened")
    seated = {each.person_id for each in await panel.seats(session, row)}
    panel.refuse_small(len(seated), LEAST_PANEL)
    judged = [each for each in entrants if each.fault is None]
    missing = seated - await panel.complete(session, row) if judged else set()
    if missing:
        raise Conflict(f"{len(missing)} reviewers have yet to score every submission")
    plan = plan_of(row)
    scores: dict[str, list[list[int]]] = {each.alias: [] for each in judged}
    for written, alias in await queries.reviews(session, row.id):
        if written.person_id in seated:
            scores[alias].append([each["score"] for each in written.scores])
    ranked = ranking.ranking([Line(each.weight, each.max) for each in plan.rubric], scores)
    row.results = ranking.published(ranked, plan.shortlist, len(seated)) | {
        "void": {each.alias: each.fault for each in entrants if each.fault is not None}
    }
    row.status = status
    facts = {"results_sha256": sha256(canonical(row.results)).hex()}
    return await moved(session, actor, row, "shortlisted", role=role, data=facts)
