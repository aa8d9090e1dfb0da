"""Rows to what is shown over HTTP of a challenge, its questions, its review and its outcome, and to whom."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.challenges import objections, panel, queries, rules
from market.challenges.service import plan_of, unmet
from market.challenges.tables import (
    AwardObjection,
    Challenge,
    Entrant,
    Evidence,
    Question,
    Review,
    Reviewer,
)
from market.database import now
from market.errors import NotFound
from market.organisations.queries import organisations
from market.organisations.tables import Organisation
from market.permissions import Actor
from market.trading.planning import Periods
from schemas.challenges import (
    AwardeeView,
    AwardObjectionView,
    ChallengePreparation,
    ChallengeView,
    CompensationView,
    EntrantView,
    EvidenceView,
    ObjectionOutcomeView,
    Phase,
    QuestionView,
    ResultsView,
    ReviewerView,
    ReviewView,
)
from schemas.trading import PartyName
from schemas.values import Money
from schemas.vocabulary import ChallengeStatus, Scope

_AS_STORED = {
    "id",
    "kind",
    "status",
    "listing_id",
    "listing_version",
    "published_at",
    "reason",
    "revision",
    "created_at",
    "updated_at",
}


def _party(row: Organisation) -> PartyName:
    return PartyName(id=row.id, name=row.name)


async def challenge_views(
    session: AsyncSession, actor: Actor | None, rows: Sequence[Challenge], periods: Periods
) -> dict[UUID, ChallengeView]:
    """Each challenge as the actor sees it, by id."""
    names = await organisations(session, [row.sponsor_id for row in rows])
    return {
        row.id: await _challenge_view(session, actor, row, names[row.sponsor_id], periods) for row in rows
    }


async def _challenge_view(
    session: AsyncSession, actor: Actor | None, row: Challenge, sponsor: Organisation, periods: Periods
) -> ChallengeView:
    prepares = queries.prepares(actor, row)
    preparation = None
    if prepares:
        draft = row.status is ChallengeStatus.DRAFT
        preparation = ChallengePreparation(
            approved_by=row.approved_by,
            unmet=await unmet(session, row, periods) if draft else [],
            proposed=row.proposed,
        )
    plan = plan_of(row)
    return ChallengeView(
        **row.model_dump(include=_AS_STORED),
        sponsor=_party(sponsor),
        plan=plan,
        periods=periods.value,
        phases=_phases(row),
        stage=row.stage if row.stage is not None and row.stage <= len(plan.stages) else None,
        rules_sha256=row.rules_sha256.hex() if row.rules_sha256 else None,
        server_time=await now(session),
        outcome=row.outcome if prepares or not row.outcome_secret else None,
        preparation=preparation,
    )


def _phases(row: Challenge) -> list[Phase]:
    before = row.submissions_until
    found = [
        Phase(name="questions", from_=row.published_at, until=row.questions_until),
        Phase(name="submissions", from_=row.submissions_from, until=row.submissions_until),
    ]
    for number, stage in enumerate(plan_of(row).stages, start=1):
        found.append(Phase(name=f"stage {number}", from_=before, until=stage.until))
        before = stage.until
    return found


def question_view(row: Question) -> QuestionView:
    return QuestionView.model_validate(row)


def reviewer_view(row: Reviewer) -> ReviewerView:
    return ReviewerView.model_validate(row)


async def panel_views(session: AsyncSession, actor: Actor, row: Challenge) -> list[ReviewerView]:
    """The panel for the hall and for its own members, from the review's end on for the sponsor too; else NotFound."""
    members = await queries.panel(session, row.id)
    own = any(each.person_id == actor.person_id for each in members)
    sees = actor.sees_everything or (queries.prepares(actor, row) and row.status in rules.RANKED)
    if not (own or sees):
        raise NotFound("no panel that you see belongs to this challenge")
    return [reviewer_view(each) for each in members]


async def entrant_views(session: AsyncSession, actor: Actor, row: Challenge) -> list[EntrantView]:
    """The opened submissions that the actor sees: the panel all, unnamed; an organisation its own; sponsor and hall all,
    named for the hall, once the review is over."""
    judges = await queries.judges(session, actor, row.id)
    over = row.status in rules.RANKED and queries.prepares(actor, row)
    rows = await queries.entrants(session, row.id)
    own = actor.organisations if actor.reads(Scope.ROUNDS) else {}
    shown = [each for each in rows if judges or over or each.organisation_id in own]
    names = await organisations(session, [each.organisation_id for each in shown])
    return [
        EntrantView(
            alias=each.alias,
            solution=each.content,
            fault=each.fault,
            status=each.status,
            organisation=_party(names[each.organisation_id])
            if each.organisation_id in own or each.status is not None or (over and actor.sees_everything)
            else None,
        )
        for each in shown
    ]


def review_view(row: Review, alias: str) -> ReviewView:
    return ReviewView(alias=alias, reviewer=row.person_id, scores=row.scores, at=row.at)


async def review_views(session: AsyncSession, actor: Actor, row: Challenge) -> list[ReviewView]:
    """A reviewer's own reviews, those of the others once all of one's own are in; all for sponsor and hall after the review."""
    judges = await queries.judges(session, actor, row.id)
    over = row.status in rules.RANKED and queries.prepares(actor, row)
    if not (judges or over):
        raise NotFound("no reviews that you see belong to this challenge")
    everything = over or actor.person_id in await panel.complete(session, row)
    return [
        review_view(review, alias)
        for review, alias in await queries.reviews(session, row.id)
        if everything or review.person_id == actor.person_id
    ]


async def results_view(session: AsyncSession, row: Challenge) -> ResultsView:
    """The outcome of the review for everybody; NotFound before it is over."""
    if row.results is None:
        raise NotFound("this challenge has no results yet")
    awarded = [each for each in await queries.entrants(session, row.id) if each.status is not None]
    names = await organisations(session, [each.organisation_id for each in awarded])
    award = row.award or {}
    return ResultsView(
        **row.results,
        awardees=[
            AwardeeView(
                alias=each.alias, organisation=_party(names[each.organisation_id]), status=each.status
            )
            for each in awarded
        ],
        follows_rank=award.get("follows_rank"),
        reasons=award.get("reasons") or row.reason,
        objections_until=award.get("objections_until"),
        objections=[
            ObjectionOutcomeView(team=by.alias, status=each.status, reasons=each.reasons, at=each.at)
            for each, by in await objections.of_challenge(session, row.id)
        ],
        publicity=row.publicity,
        gates=row.gates,
        compensation=_compensation(row),
    )


def _compensation(row: Challenge) -> list[CompensationView]:
    said = row.compensation or {"teams": []}
    return [
        CompensationView(
            team=each["team"], stages=each["stages"], amount=Money.of(each["amount"], said["currency"])
        )
        for each in said["teams"]
    ]


def objection_view(row: AwardObjection, by: Entrant) -> AwardObjectionView:
    return AwardObjectionView(
        **row.model_dump(include=set(AwardObjectionView.model_fields) - {"team", "proposed"}),
        team=by.alias,
        proposed=(row.proposed or {}).get("finding"),
    )


async def objection_views(session: AsyncSession, actor: Actor, row: Challenge) -> list[AwardObjectionView]:
    """Every objection for sponsor and hall, an organisation's own for itself."""
    everything = queries.prepares(actor, row)
    own = actor.organisations if actor.reads(Scope.ROUNDS) else {}
    return [
        objection_view(each, by)
        for each, by in await objections.of_challenge(session, row.id)
        if everything or by.organisation_id in own
    ]


def evidence_view(row: Evidence, team: Entrant) -> EvidenceView:
    return EvidenceView(stage=row.stage, team=team.alias, evidence=row.evidence, sha256=row.sha256, at=row.at)


async def evidence_views(session: AsyncSession, actor: Actor, row: Challenge) -> list[EvidenceView]:
    """The evidence of all teams for sponsor and hall, a team's own for itself."""
    everything = queries.prepares(actor, row)
    own = actor.organisations if actor.reads(Scope.ROUNDS) else {}
    return [
        evidence_view(shown, team)
        for shown, team in await queries.evidence(session, row.id)
        if everything or team.organisation_id in own
    ]
