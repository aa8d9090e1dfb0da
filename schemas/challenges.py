"""What a sponsor plans, an entrant submits, a reviewer scores, and how a challenge and its outcome are shown."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, RootModel, StringConstraints

from schemas.listings import Unmet
from schemas.trading import Digest, Instant, OpeningPlan, PartyName
from schemas.values import WHOLE, LocalText, LocalTitle, LongText, Money, Shape, ShortText, Truth, View
from schemas.vocabulary import (
    ChallengeKind,
    ChallengeStatus,
    GateDecision,
    ObjectionStatus,
    ReviewerStatus,
    TeamStatus,
)

Blob = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]+={0,2}$", max_length=90_000)]
Alias = Annotated[str, StringConstraints(pattern=r"^[A-Z2-9]{4}$")]
"""Under which a submission is reviewed."""


class Criterion(Shape):
    """One line of the rubric (评审标准)."""

    criterion: LocalTitle
    weight: Annotated[int, WHOLE, Field(ge=1, le=1000)]
    """Against the other weights; they need not add up to 100."""
    max: Annotated[int, WHOLE, Field(ge=1, le=100)]
    """The highest score; the lowest is 0."""
    guidance: LocalText | None = None


class StagePlan(Shape):
    """One stage of a horse race, and the gate at its end."""

    name: LocalTitle
    until: Instant
    keep: Annotated[int, WHOLE, Field(ge=1, le=20)]
    """How many teams go on at most."""
    evidence: LocalText
    """What every team shows at the gate."""
    budget: Money
    compensation: Money | None = None
    """What a team at work that has passed this stage is owed where the sponsor calls the challenge off."""


class ChallengePlan(Shape):
    """A challenge as the sponsor plans it. Every amount is in the currency of the budget."""

    kind: ChallengeKind
    rubric: Annotated[list[Criterion], Field(max_length=20)] = []
    questions_until: Instant
    submissions_from: Instant
    submissions_until: Instant
    award_rule: LocalText | None = None
    ip_terms: LocalText | None = None
    budget: Money
    awards: Annotated[int, WHOLE, Field(ge=1, le=20)] = 1
    """How many may be awarded at most."""
    shortlist: Annotated[int, WHOLE, Field(ge=1, le=100)] = 5
    """How many of the best are shortlisted; all of those that are tied at the cut."""
    stages: Annotated[list[StagePlan], Field(max_length=10)] = []
    public_money: Truth
    """Whether an award has to stand in public before the work begins (公示)."""
    panel_size: Annotated[int, WHOLE, Field(ge=1, le=15)] = 3
    opening: OpeningPlan | None = None
    """Who opens the sealed submissions."""
    compensation: Money | None = None
    """What every team at work is owed where the sponsor calls the challenge off, beside that of the stages it has passed."""
    objection_working_days: Annotated[int, WHOLE, Field(ge=1, le=30)] = 5
    """For how long whoever has submitted may object to the award, which waits for it."""


class NewChallenge(Shape):
    """A draft of a challenge on a published opportunity."""

    listing_id: UUID
    plan: ChallengePlan


class ChallengeChange(RootModel[dict[str, Any]]):
    """An RFC 7396 merge patch of the plan."""


class NewQuestion(Shape):
    question: LongText


class NewAnswer(Shape):
    answer: LongText


class Solution(Shape):
    """What a submission says; in canonical JSON it is what a client seals."""

    title: LocalTitle
    approach: LocalText
    team: LongText | None = None
    price: Money | None = None


class NewSubmission(Shape):
    """A solution, sealed by the entrant's own program, or to be sealed by the server, which the receipt marks as weaker."""

    organisation_id: UUID | None = None
    """May be left out by whoever submits for one organisation."""
    sealed: Blob | None = None
    solution: Solution | None = None


class NewPanel(Shape):
    """Whom the operator names as reviewers."""

    people: Annotated[list[UUID], Field(min_length=1, max_length=15)]


class Declaration(Shape):
    """回避声明: that there is no conflict of interest, in the reviewer's own words."""

    no_conflict: Truth
    statement: LongText


class Score(Shape):
    score: Annotated[int, WHOLE, Field(ge=0, le=100)]
    comment: LongText


class NewReview(Shape):
    """One reviewer's scores of one submission, in the order of the rubric."""

    scores: Annotated[list[Score], Field(min_length=1, max_length=20)]


class NewAward(Shape):
    """Who is awarded, by alias; `reasons` where the rank alone does not give them."""

    awardees: Annotated[list[Alias], Field(min_length=1, max_length=20)]
    reasons: LongText | None = None


class NewAwardObjection(Shape):
    """What an entrant has against the award, and the hashes of what proves it."""

    grounds: Annotated[LongText, Field(min_length=20)]
    sha256: Annotated[list[Digest], Field(max_length=20)] = []


class AwardObjectionDecision(Shape):
    """What is proposed to come of an objection, with reasons that everybody reads."""

    finding: Literal["upheld", "rejected"]
    reasons: Annotated[LongText, Field(min_length=20)]


class NewPublicity(Shape):
    """Where an award stood in public (公示) and from when."""

    published_at: Instant
    channel: ShortText


class NewEvidence(Shape):
    """What a team shows at a stage gate."""

    evidence: LongText
    sha256: Annotated[list[Digest], Field(max_length=20)] = []
    """Of the files that were handed to the sponsor."""


class TeamDecision(Shape):
    team: Alias
    decision: GateDecision
    reason: Annotated[LongText, Field(min_length=3)]


class Gate(Shape):
    """What is proposed for every team that reached a stage's gate."""

    decisions: Annotated[list[TeamDecision], Field(min_length=1, max_length=20)]


class Completion(Shape):
    """验收: what was accepted, and by which measure."""

    acceptance: LongText


class Failure(Shape):
    """What did not work and what can be learnt of it; `secret` keeps that from the public."""

    lessons: LongText
    secret: Truth = False


class ChallengeCountersignature(Shape):
    """Which proposal a second person signs."""

    verb: Literal["decide_gate", "complete", "fail"]


class Phase(View):
    """One period of a challenge."""

    model_config = ConfigDict(populate_by_name=True)

    name: str
    from_: Annotated[datetime | None, Field(alias="from")]
    until: datetime | None


class ChallengePreparation(View):
    """What sponsor and hall see of the preparation."""

    approved_by: UUID | None
    unmet: list[Unmet]
    proposed: dict[str, Any] | None
    """What one person of the sponsor has proposed and another has yet to sign."""


class ChallengeView(View):
    """A challenge as everybody sees it from its publication on."""

    id: UUID
    kind: ChallengeKind
    status: ChallengeStatus
    listing_id: UUID
    listing_version: int
    sponsor: PartyName
    plan: ChallengePlan
    periods: Literal["legal", "short"]
    published_at: datetime | None
    phases: list[Phase]
    stage: int | None
    """The number of the stage that runs, from 1."""
    rules_sha256: str | None
    server_time: datetime
    reason: str | None
    outcome: str | None
    """The acceptance of a completed challenge, or what was learnt of a failed one where it is not secret."""
    preparation: ChallengePreparation | None
    revision: int
    created_at: datetime
    updated_at: datetime


class QuestionView(View):
    """A question without its asker."""

    id: UUID
    question: str
    asked_at: datetime
    answer: str | None
    answered_at: datetime | None


class SubmissionReceipt(View):
    """Proof of a sealed submission, signed with Ed25519 over the 32 bytes of `hash`."""

    id: UUID
    challenge: UUID
    organisation: UUID
    number: int
    """Of this organisation's own submissions; the last one before the deadline counts."""
    at: datetime
    sealed_by: Literal["client", "server"]
    sealed_sha256: str
    rules_sha256: str
    hash: str
    document: str
    """Canonical JSON, whose SHA-256 is `hash`."""
    signature: str
    public_key: str


class EntrantView(View):
    """One opened submission; the organisation is shown to itself and the hall, and once it is awarded."""

    alias: str
    solution: Solution | None
    fault: str | None
    """Why it does not count."""
    status: TeamStatus | None
    organisation: PartyName | None


class ReviewerView(View):
    person_id: UUID
    status: ReviewerStatus
    statement: str | None
    reason: str | None
    """Why they dropped out."""


class ReviewView(View):
    alias: str
    reviewer: UUID
    scores: list[Score]
    at: datetime


class CriterionResult(View):
    """Mean and dispersion of one criterion's scores."""

    mean: str
    deviation: str
    """The population standard deviation."""
    range: int


class RankedView(View):
    """One submission in the ranking; decimal strings with four places, `exact` in percent as a fraction."""

    alias: str
    rank: int
    tied: bool
    score: str
    """The weighted mean in percent of the highest."""
    exact: str
    deviation: str
    range: str
    criteria: list[CriterionResult]
    shortlisted: bool


class AwardeeView(View):
    alias: str
    organisation: PartyName
    status: TeamStatus


class PublicityView(View):
    published_at: datetime
    until: datetime
    channel: str
    working_days: int
    confirmed: bool
    """Whether a statute was found that asks for these days."""


class GateView(View):
    """What was decided at the gate of one stage."""

    stage: int
    at: datetime
    decisions: list[TeamDecision]


class AwardObjectionView(View):
    """An objection as its organisation, the sponsor and the hall see it."""

    id: UUID
    team: str
    """The alias of whoever objects."""
    grounds: str
    sha256: list[str]
    at: datetime
    status: ObjectionStatus
    proposed: Literal["upheld", "rejected"] | None
    """What the operator has proposed and the auditor has yet to sign."""
    reasons: str | None
    decided_by: list[UUID]
    decided_at: datetime | None


class ObjectionOutcomeView(View):
    """That there was an objection to the award, and what came of it."""

    team: str
    status: ObjectionStatus
    reasons: str | None
    at: datetime


class CompensationView(View):
    """What the rules give to a team that was at work when the challenge was called off."""

    team: str
    stages: int
    """How many it had passed."""
    amount: Money


class ResultsView(View):
    """The outcome of a review, in public."""

    reviewers: int
    ranking: list[RankedView]
    void: dict[str, str]
    """Submissions that did not count, by alias, with the reason."""
    awardees: list[AwardeeView]
    follows_rank: bool | None
    reasons: str | None
    objections_until: datetime | None
    """Until when whoever has submitted may object to the award."""
    objections: list[ObjectionOutcomeView]
    publicity: PublicityView | None
    gates: list[GateView]
    compensation: list[CompensationView]
    """Where it was called off: to the teams at work, by the rules."""


class EvidenceView(View):
    stage: int
    team: str
    evidence: str
    sha256: list[str]
    at: datetime
