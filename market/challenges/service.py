"""The verbs of a challenge until its submissions: plan, change, approve, publish, ask, answer, and cancel.

What is submitted is in `submitting`, the review in `reviewing`, the award in `awarding`, the work in `racing`.
"""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from market.challenges import compensating, documents, objections, planning, queries, rules
from market.challenges.rules import Verb
from market.challenges.tables import Challenge, Question
from market.challenges.turning import moved
from market.database import now
from market.errors import AlreadyExists, Conflict, Incomplete, Invalid, NotAllowed, WrongState
from market.ledger.rules import sha256
from market.ledger.service import record
from market.listings import queries as listing_queries
from market.listings import service as listings
from market.listings.rules import differences, merge_patch
from market.listings.tables import Listing
from market.organisations.queries import organisation as organisation_by_id
from market.organisations.queries import organisations
from market.permissions import Actor, Permission, require
from market.sealing import queries as boxes
from market.sealing import rules as officers_rules
from market.sealing import service as sealing
from market.trading.planning import Periods
from market.trading.queries import locked_listing
from market.web.problems import validated
from schemas.challenges import ChallengePlan, NewAnswer, NewChallenge, NewQuestion
from schemas.listings import Unmet
from schemas.values import FieldProblem
from schemas.vocabulary import (
    ListingKind,
    ListingStatus,
    TeamStatus,
    VerificationLevel,
)

LEAST_VERIFICATION = VerificationLevel.L1


def subject(row: Challenge) -> tuple[str, UUID]:
    """How the record and the box of a challenge are found."""
    return "challenge", row.id


def plan_of(row: Challenge) -> ChallengePlan:
    return ChallengePlan.model_validate(row.plan)


async def create(session: AsyncSession, actor: Actor, data: NewChallenge) -> Challenge:
    """Plan a challenge on a published opportunity. The sponsor's officers, directors and buyers.

    WrongState where the listing is not published or no opportunity, Invalid for what no plan may say.
    """
    listing = await listing_queries.published(session, data.listing_id, lock=True)
    role = require(actor, Permission.PREPARE_CHALLENGE, listing.organisation_id)
    await listings.let_time_pass(session, listing)
    _refuse_unfit(listing)
    _refuse_malformed(data.plan, "/plan")
    at = await now(session)
    row = Challenge(
        listing_id=listing.id,
        sponsor_id=listing.organisation_id,
        listing_version=listing.published_version or 0,
        editors=[actor.person_id],
        created_by=actor.person_id,
        created_at=at,
        updated_at=at,
        **_columns(data.plan),
    )
    session.add(row)
    await session.flush()
    facts = {"listing": str(listing.id), "kind": row.kind.value}
    await record(session, actor, subject(row), "planned", role=role, data=facts)
    return row


def _refuse_unfit(listing: Listing) -> None:
    if listing.kind is not ListingKind.OPPORTUNITY:
        raise WrongState(f"the listing is a {listing.kind}; a challenge is held on an opportunity")
    if listing.status is not ListingStatus.PUBLISHED:
        raise WrongState(f"the listing is {listing.status}; a challenge is held on one that is: published")


def _columns(plan: ChallengePlan) -> dict[str, Any]:
    return {
        "plan": plan.model_dump(mode="json", exclude_none=True),
        "kind": plan.kind,
        "questions_until": plan.questions_until,
        "submissions_from": plan.submissions_from,
        "submissions_until": plan.submissions_until,
    }


def _refuse_malformed(plan: ChallengePlan, root: str) -> None:
    found = planning.malformed(plan)
    if found:
        raise Invalid(errors=_problems(found, root))


def _problems(found: Sequence[Unmet], root: str) -> list[FieldProblem]:
    return [
        FieldProblem(pointer=f"{root}{each.pointer}", detail=each.detail, rule=each.rule) for each in found
    ]


async def change(session: AsyncSession, actor: Actor, row: Challenge, patch: dict[str, Any]) -> Challenge:
    """Apply an RFC 7396 merge patch to the plan of a draft; whoever had approved it approves again."""
    role = require(actor, Permission.PREPARE_CHALLENGE, row.sponsor_id)
    rules.check_transition(Verb.CHANGE, row.status)
    merged = merge_patch(row.plan, patch)
    try:
        plan = ChallengePlan.model_validate(merged)
    except ValidationError as error:
        raise validated(error, merged) from error
    _refuse_malformed(plan, "")
    before, columns = row.plan, _columns(plan)
    if before == columns["plan"]:
        return row
    for name, value in columns.items():
        setattr(row, name, value)
    row.approved_by = None
    if actor.person_id not in row.editors:
        row.editors = [*row.editors, actor.person_id]
    changed = [difference.pointer for difference in differences(before, row.plan)]
    return await moved(session, actor, row, "changed", role=role, data={"changed": changed})


async def unmet(session: AsyncSession, row: Challenge, periods: Periods) -> list[Unmet]:
    """Why the plan cannot be approved or published now."""
    plan = plan_of(row)
    officers: list[Unmet] = []
    if plan.opening is not None:
        named = plan.opening.officers
        known = await boxes.officers(session, named)
        officers = officers_rules.unmet(named, plan.opening.threshold, known)
    return planning.unmet(plan, officers, periods, await now(session))


async def approve(session: AsyncSession, actor: Actor, row: Challenge, periods: Periods) -> Challenge:
    """Approve the plan for the sponsor. A director or buyer who has not written in it.

    Incomplete lists all that is missing; NotAllowed where the eyes are not four.
    """
    role = require(actor, Permission.APPROVE_CHALLENGE, row.sponsor_id)
    rules.check_transition(Verb.APPROVE, row.status)
    if actor.person_id in row.editors:
        raise NotAllowed("four eyes: you have written in this plan, another person approves it")
    if row.approved_by is not None:
        raise AlreadyExists("the plan is approved")
    found = await unmet(session, row, periods)
    if found:
        raise Incomplete(errors=_problems(found, "/plan"))
    row.approved_by = actor.person_id
    return await moved(session, actor, row, "approved", role=role)


async def publish(session: AsyncSession, actor: Actor, row: Challenge, periods: Periods) -> Challenge:
    """Publish an approved challenge (发榜): its rules are frozen, and the key is made that submissions are sealed to. The operator.

    Incomplete lists every condition that is not met, AlreadyExists where another challenge of the opportunity is open.
    """
    role = require(actor, Permission.RUN_CHALLENGE)
    rules.check_transition(Verb.PUBLISH, row.status)
    if row.approved_by is None:
        raise WrongState("the challenge is a draft that the sponsor has yet to approve by a second person")
    found = await unmet(session, row, periods)
    if found:
        raise Incomplete(errors=_problems(found, "/plan"))
    listing = await locked_listing(session, row.listing_id)
    await listings.let_time_pass(session, listing)
    _refuse_unfit(listing)
    if await queries.open_challenge(session, row.listing_id, rules.OPEN):
        raise AlreadyExists("another challenge of this opportunity is open")
    row.listing_version = listing.published_version or row.listing_version
    await _freeze(session, row, periods)
    row.status = rules.moved_by(Verb.PUBLISH, row.status)
    data = {"rules_sha256": (row.rules_sha256 or b"").hex()}
    return await moved(session, actor, row, "published", role=role, data=data)


async def _freeze(session: AsyncSession, row: Challenge, periods: Periods) -> None:
    plan, at = plan_of(row), await now(session)
    if plan.opening is None:
        raise AssertionError("a plan without opening officers was refused before")
    named = plan.opening.officers
    box = await sealing.make_box(
        session,
        subject(row),
        purpose=documents.PURPOSE,
        blob_bytes=documents.BLOB_BYTES,
        officers=named,
        threshold=plan.opening.threshold,
    )
    opening = documents.opening_rules(box, await boxes.officers(session, named))
    version = await listing_queries.version(session, row.listing_id, row.listing_version)
    sponsor = await organisation_by_id(session, row.sponsor_id)
    row.rules = documents.rules_document(row, plan, version, sponsor, periods, at, opening)
    row.rules_sha256, row.published_at = sha256(row.rules), at


async def cancel(session: AsyncSession, actor: Actor, row: Challenge, reason: str) -> Challenge:
    """Call the challenge off with a reason that everybody reads. The sponsor's directors and buyers, until it has ended.

    What the rules promise for that to the teams at work is recorded, and stands in the results.
    """
    role = require(actor, Permission.APPROVE_CHALLENGE, row.sponsor_id)
    row.status = rules.moved_by(Verb.CANCEL, row.status)
    row.reason, row.proposed = reason, None
    await _stop_work(session, row)
    facts = {"compensation": row.compensation} if row.compensation else None
    return await moved(session, actor, row, "cancelled", role=role, reason=reason, data=facts)


async def _stop_work(session: AsyncSession, row: Challenge) -> None:
    """Every team stops, and whoever was at work is owed what the rules say; open objections are moot."""
    teams = [each for each in await queries.entrants(session, row.id) if each.status is not None]
    working = [each.alias for each in teams if each.status is TeamStatus.RUNNING]
    said = json.loads(row.rules) if row.rules else {}
    row.compensation = compensating.compensation(said, working, (row.stage or 1) - 1)
    for each in teams:
        each.status = TeamStatus.STOPPED
    await objections.drop(session, row.id)


# Questions


async def ask(session: AsyncSession, actor: Actor, row: Challenge, data: NewQuestion) -> Question:
    """Ask in the question period, unnamed in public. Anybody of an organisation that is verified to L1 or more, from a session."""
    organisation_id = await _verified(session, actor)
    if row.status not in rules.FROM[Verb.ASK]:
        raise WrongState(
            f"the challenge is {row.status}; questions were taken until {row.questions_until.isoformat()}"
        )
    question = Question(
        challenge_id=row.id,
        organisation_id=organisation_id,
        asked_by=actor.person_id,
        asked_at=await now(session),
        question=data.question,
    )
    session.add(question)
    await session.flush()
    facts = {"challenge": str(row.id), "sha256": sha256(data.question.encode()).hex()}
    await record(session, actor, ("challenge_question", question.id), "asked", data=facts)
    return question


async def _verified(session: AsyncSession, actor: Actor) -> UUID:
    """One of the actor's organisations that is verified; a role is not asked for."""
    if actor.scopes is not None:
        raise NotAllowed("questions are asked from a session, not with an API key")
    found = await organisations(session, list(actor.organisations))
    able = sorted(each.id for each in found.values() if each.verification >= LEAST_VERIFICATION)
    if not able:
        raise Conflict(f"the operator verifies your organisation to {LEAST_VERIFICATION} before you can ask")
    return able[0]


async def answer(
    session: AsyncSession, actor: Actor, row: Challenge, question: Question, data: NewAnswer
) -> Question:
    """Answer a question in public, once, before the submissions begin. The sponsor's officers, directors and buyers."""
    role = require(actor, Permission.PREPARE_CHALLENGE, row.sponsor_id)
    rules.check_transition(Verb.ANSWER, row.status)
    if question.answer is not None:
        raise AlreadyExists("this question is answered")
    question.answer, question.answered_by = data.answer, actor.person_id
    question.answered_at = await now(session)
    facts = {"sha256": sha256(data.answer.encode()).hex()}
    await record(session, actor, ("challenge_question", question.id), "answered", role=role, data=facts)
    return question
