"""Reads of challenges and what belongs to them; what an actor sees starts from `visible_to`.

Of submissions nothing is read here for anybody before the opening, their number included, but an organisation's own.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, text, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.challenges.conflicts import Facts, Web
from market.challenges.tables import (
    Challenge,
    Entrant,
    Evidence,
    Question,
    Review,
    Reviewer,
    Submission,
)
from market.errors import NotFound
from market.identity.tables import Membership, Person
from market.interests.tables import Interest
from market.permissions import Actor
from schemas.vocabulary import ChallengeStatus, OrganisationKind, ReviewerStatus, Scope


def visible_to(actor: Actor | None) -> ColumnElement[bool]:
    """Anybody sees a challenge from its publication on; before, its sponsor, the operator and the auditor."""
    published = col(Challenge.published_at).is_not(None)
    if actor is None or not actor.reads(Scope.ROUNDS):
        return published
    if actor.sees_everything:
        return true()
    return or_(published, col(Challenge.sponsor_id).in_(list(actor.organisations)))


def prepares(actor: Actor | None, row: Challenge) -> bool:
    """Whether the actor is on the sponsor's side or the hall's."""
    if actor is None or not actor.reads(Scope.ROUNDS):
        return False
    return actor.sees_everything or row.sponsor_id in actor.organisations


async def challenge(session: AsyncSession, actor: Actor | None, challenge_id: UUID) -> Challenge:
    """One challenge that the actor sees, or NotFound."""
    found = await session.execute(select(Challenge).where(Challenge.id == challenge_id, visible_to(actor)))
    row = found.scalar_one_or_none()
    if row is None:
        raise NotFound("no challenge that you see has this id")
    return row


async def locked(session: AsyncSession, challenge_id: UUID) -> Challenge:
    """A challenge held until the transaction ends, whose `now` is from here on the database's clock after the lock."""
    query = select(Challenge).where(Challenge.id == challenge_id).with_for_update()
    row = (await session.execute(query.execution_options(populate_existing=True))).scalar_one()
    at: datetime = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
    session.info["now"] = at.astimezone(UTC)  # the transaction may have waited long for the lock
    return row


def challenges(actor: Actor | None, status: ChallengeStatus | None, listing_id: UUID | None) -> Any:
    """The challenges that the actor sees, for a page."""
    query = select(Challenge).where(visible_to(actor))
    if status is not None:
        query = query.where(Challenge.status == status)
    return query.where(Challenge.listing_id == listing_id) if listing_id is not None else query


async def open_challenge(
    session: AsyncSession, listing_id: UUID, statuses: Collection[ChallengeStatus]
) -> bool:
    """Whether a challenge of this listing stands in one of these states; the caller holds the listing."""
    query = select(Challenge.id).where(
        Challenge.listing_id == listing_id, col(Challenge.status).in_(statuses)
    )
    return (await session.execute(query.limit(1))).scalar_one_or_none() is not None


async def due_challenges(session: AsyncSession, at: datetime, limit: int) -> list[UUID]:
    """Challenges of which the clock asks something at `at`."""
    status = col(Challenge.status)
    due = or_(
        and_(status == ChallengeStatus.PUBLISHED, col(Challenge.questions_until) <= at),
        and_(status == ChallengeStatus.QUESTIONS_CLOSED, col(Challenge.submissions_from) <= at),
        and_(status == ChallengeStatus.SUBMISSIONS_OPEN, col(Challenge.submissions_until) <= at),
    )
    found = await session.execute(
        select(Challenge.id).where(due).order_by(col(Challenge.submissions_until)).limit(limit)
    )
    return list(found.scalars())


# Questions


def questions(challenge_id: UUID) -> Any:
    """All of a challenge, for a page."""
    return select(Question).where(Question.challenge_id == challenge_id)


async def question(session: AsyncSession, challenge_id: UUID, question_id: UUID) -> Question:
    """One question of a challenge that the caller has locked, or NotFound."""
    query = select(Question).where(Question.challenge_id == challenge_id, Question.id == question_id)
    found = (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if found is None:
        raise NotFound("this challenge has no such question")
    return found


# Submissions


async def anything_submitted(session: AsyncSession, challenge_id: UUID) -> bool:
    query = select(Submission.id).where(Submission.challenge_id == challenge_id).limit(1)
    return (await session.execute(query)).scalar_one_or_none() is not None


async def last_number(session: AsyncSession, challenge_id: UUID, organisation_id: UUID) -> int:
    """How often an organisation has submitted to a locked challenge."""
    query = (
        select(Submission.number)
        .where(Submission.challenge_id == challenge_id, Submission.organisation_id == organisation_id)
        .order_by(col(Submission.number).desc())
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none() or 0


async def standing(session: AsyncSession, challenge_id: UUID) -> list[Submission]:
    """The last submission of every organisation, in no order that tells when they came."""
    query = (
        select(Submission)
        .where(Submission.challenge_id == challenge_id)
        .ext(distinct_on(col(Submission.organisation_id)))
        .order_by(col(Submission.organisation_id), col(Submission.number).desc())
    )
    return list((await session.execute(query)).scalars())


def own_submissions(actor: Actor, challenge_id: UUID) -> Any:
    """Those of the actor's own organisations, for a page; the hall sees no others than these."""
    own = list(actor.organisations) if actor.reads(Scope.ROUNDS) else []
    return select(Submission).where(
        Submission.challenge_id == challenge_id, col(Submission.organisation_id).in_(own)
    )


# Entrants, reviewers and what they wrote


async def entrants(session: AsyncSession, challenge_id: UUID) -> list[Entrant]:
    """The opened submissions by alias; none before the opening."""
    query = select(Entrant).where(Entrant.challenge_id == challenge_id).order_by(col(Entrant.alias))
    return list((await session.execute(query.execution_options(populate_existing=True))).scalars())


async def entrant(session: AsyncSession, challenge_id: UUID, alias: str) -> Entrant:
    """One opened submission, or NotFound."""
    query = select(Entrant).where(Entrant.challenge_id == challenge_id, Entrant.alias == alias)
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound("this challenge has no such submission")
    return found


async def panel(session: AsyncSession, challenge_id: UUID) -> list[Reviewer]:
    query = select(Reviewer).where(Reviewer.challenge_id == challenge_id).order_by(col(Reviewer.person_id))
    return list((await session.execute(query.execution_options(populate_existing=True))).scalars())


async def reviewer(session: AsyncSession, actor: Actor, challenge_id: UUID) -> Reviewer:
    """The actor's own place on the panel; NotFound for everybody else."""
    query = select(Reviewer).where(
        Reviewer.challenge_id == challenge_id, Reviewer.person_id == actor.person_id
    )
    found = (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if found is None:
        raise NotFound("you are not on the panel of this challenge")
    return found


async def judges(session: AsyncSession, actor: Actor, challenge_id: UUID) -> bool:
    """Whether the actor sits on the panel and has declared to be without conflict."""
    query = select(Reviewer.person_id).where(
        Reviewer.challenge_id == challenge_id,
        Reviewer.person_id == actor.person_id,
        Reviewer.status == ReviewerStatus.DECLARED,
    )
    return (await session.execute(query)).scalar_one_or_none() is not None


async def reviews(session: AsyncSession, challenge_id: UUID) -> list[tuple[Review, str]]:
    """Every review with the alias that it judges, in the order of aliases and reviewers."""
    query = (
        select(Review, Entrant.alias)
        .join(Entrant, col(Entrant.id) == Review.entrant_id)
        .where(Entrant.challenge_id == challenge_id)
        .order_by(col(Entrant.alias), col(Review.person_id))
    )
    return [(review, alias) for review, alias in (await session.execute(query)).all()]


async def evidence(session: AsyncSession, challenge_id: UUID) -> list[tuple[Evidence, Entrant]]:
    """All evidence of the teams in the order in which it came."""
    query = (
        select(Evidence, Entrant)
        .join(Entrant, col(Entrant.id) == Evidence.entrant_id)
        .where(Entrant.challenge_id == challenge_id)
        .order_by(col(Evidence.at), col(Evidence.id))
    )
    return [(shown, by) for shown, by in (await session.execute(query)).all()]


# What decides on conflicts


async def people(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, frozenset[UUID]]:
    """Those of these people who are known, with the organisations that they are members of."""
    known = (await session.execute(select(Person.id).where(col(Person.id).in_(ids)))).scalars()
    found: dict[UUID, set[UUID]] = {person: set() for person in known}
    members = await session.execute(
        select(Membership.person_id, Membership.organisation_id).where(col(Membership.person_id).in_(ids))
    )
    for person, organisation in members.all():
        found[person].add(organisation)
    return {person: frozenset(places) for person, places in found.items()}


_ABOVE = text("""
WITH RECURSIVE above(root, id) AS (
    SELECT o.id, o.id FROM organisation o WHERE o.id = ANY(:roots)
    UNION SELECT a.root, c.controller_id FROM organisation_control c JOIN above a ON c.organisation_id = a.id
        WHERE c.until IS NULL OR c.until > clock_timestamp()
)
SELECT above.root, above.id, o.kind FROM above JOIN organisation o ON o.id = above.id
""")


async def web(session: AsyncSession, organisations: Collection[UUID]) -> Web:
    """Who controls these organisations now."""
    above: dict[UUID, set[UUID]] = {each: set() for each in organisations}
    kinds: dict[UUID, str] = {}
    for root, each, kind in (await session.execute(_ABOVE, {"roots": list(organisations)})).all():
        kinds[each] = kind
        if each != root:
            above[root].add(each)
    return Web(
        {root: frozenset(each) for root, each in above.items()},
        governments=_of_kind(kinds, OrganisationKind.GOVERNMENT),
        operators=_of_kind(kinds, OrganisationKind.OPERATOR),
    )


def _of_kind(kinds: Mapping[UUID, str], wanted: OrganisationKind) -> frozenset[UUID]:
    return frozenset(each for each, kind in kinds.items() if kind == wanted)


async def facts_for(
    session: AsyncSession, row: Challenge, organisations: Collection[UUID], *, submitted: bool
) -> Facts:
    """What decides whether these organisations, or people of them, may submit or review.

    `submitted` takes those in who have submitted, which is asked after the deadline alone.
    """
    carried = await session.execute(
        select(Interest.manager_person_id, Interest.manager_organisation_id).where(
            Interest.listing_id == row.listing_id
        )
    )
    entrants: Sequence[Any] = ()
    if submitted:
        query = select(Submission.organisation_id, Submission.person_id)
        entrants = (await session.execute(query.where(Submission.challenge_id == row.id))).all()
    named = [UUID(each) for each in (row.plan.get("opening") or {}).get("officers", [])]
    whole = {row.sponsor_id, *organisations, *(organisation for organisation, _ in entrants)}
    return Facts(
        sponsor=row.sponsor_id,
        web=await web(session, whole),
        prepared_by=frozenset({*row.editors, *([row.approved_by] if row.approved_by else [])}),
        managers=frozenset(each for pair in carried.all() for each in pair if each is not None),
        officers=await people(session, named),
        entrants=frozenset(organisation for organisation, _ in entrants),
        submitters=frozenset(person for _, person in entrants),
    )
