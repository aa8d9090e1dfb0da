"""What the work of technology managers leads to, as it crosses the boundary: plans, claims, credit, rewards, evidence."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from schemas.deals import Percent
from schemas.managers import (
    AssignmentView,
    CredentialView,
    EmploymentView,
    IntroductionView,
    ManagerSummary,
    ScorePart,
)
from schemas.values import Currency, LocalTitle, LongText, Money, Shape, ShortText, Truth, View
from schemas.vocabulary import (
    AssignmentSubject,
    CircumventionStatus,
    ManagerObstacle,
    Party,
    PerformanceFact,
    RewardBasis,
    RewardStatus,
)

MOST_PLANNED, MOST_APPLIED = 1_000, 100


class PlanItem(Shape):
    """Something open that looks for a technology manager."""

    kind: AssignmentSubject
    id: UUID


class NewPlan(Shape):
    """Which items to plan for; where none are named, every open interest received that nobody carries."""

    items: Annotated[list[PlanItem], Field(min_length=1, max_length=MOST_PLANNED)] | None = None
    apply: Truth = False
    """Offer each proposed assignment, so that the managers can accept; of 100 items at most."""


class PlannedAssignment(View):
    """Who is proposed for an item, with every part of the score; the parts say why."""

    item: PlanItem
    manager: ManagerSummary
    score: float
    parts: list[ScorePart]
    assignment_id: UUID | None
    """Of the offer, where the plan was applied."""


class UnplannedItem(View):
    """An item that gets nobody, with the reason."""

    item: PlanItem
    because: str
    obstacles: dict[ManagerObstacle, int]
    """How many managers each obstacle keeps from it; each is counted under the first of theirs."""
    without_field: int
    """Managers without an obstacle who know none of its fields."""
    taken: int
    """Managers who could carry it and whose places all go to other items."""


class AssignmentPlan(View):
    """As many items as can be carried, at the highest sum of scores. It proposes, and people decide (PD-3)."""

    applied: bool
    proposals: list[PlannedAssignment]
    unassigned: list[UnplannedItem]


class NewCircumvention(Shape):
    """What happened. Without a deal the hall looks for the first that was signed within the tail."""

    statement: Annotated[LongText, Field(min_length=10)]
    deal_id: UUID | None = None


class CircumventionAnswer(Shape):
    text: LongText


class CreditShare(Shape):
    """The part of a deal that one manager is credited with, with two decimal places at most."""

    manager_id: UUID
    percent: Percent

    @model_validator(mode="after")
    def _two_places(self) -> "CreditShare":
        if self.percent * 100 != int(self.percent * 100):
            raise ValueError("a share has two decimal places")
        return self


def _whole(shares: list[CreditShare]) -> list[CreditShare]:
    if sum(share.percent for share in shares) != 100:
        raise ValueError("the shares come to 100 %")
    if len({share.manager_id for share in shares}) != len(shares):
        raise ValueError("name each manager once")
    return shares


Shares = Annotated[list[CreditShare], Field(min_length=1, max_length=20), AfterValidator(_whole)]


class CircumventionDecision(Shape):
    """With its reasons; where it is upheld, how the deal is credited then: equally, unless `shares` say otherwise."""

    upheld: Truth
    reasons: Annotated[LongText, Field(min_length=10)]
    shares: Shares | None = None


class AnswerView(View):
    side: Party
    person_id: UUID
    text: str
    at: datetime


class CircumventionView(View):
    """A claim under 民法典 art. 965 as the manager, both sides of the deal, the operator and the auditor see it."""

    id: UUID
    status: CircumventionStatus
    """`answered` also once the sides have let their time pass."""
    manager: ManagerSummary
    introduction_id: UUID
    introduction_sha256: str
    introduced_at: datetime
    valid_until: datetime
    deal_id: UUID
    signed_on: date
    same_listing: bool
    """Whether the deal is about what the parties were introduced over."""
    statement: str
    answers: list[AnswerView]
    answers_due_at: datetime
    reasons: str | None
    decided_at: datetime | None
    opened_at: datetime
    revision: int


class NewCredit(Shape):
    shares: Shares
    reason: Annotated[LongText, Field(min_length=2, max_length=2_000)]


class CreditedManager(View):
    manager: ManagerSummary
    percent: Percent
    assignment_id: UUID | None
    claim_id: UUID | None
    """By what they are credited: the assignment that they carried, or a claim that was upheld."""


class CreditView(View):
    """How a deal is credited to the managers who carried it; the shares come to 100 %, where there is anybody."""

    deal_id: UUID
    decided: bool
    """False where nobody has decided otherwise than equally."""
    shares: list[CreditedManager]


class NewScheme(Shape):
    """A scheme of rewards as data."""

    name: LocalTitle
    source: ShortText
    """The document that it rests on."""
    basis: RewardBasis
    percent: Percent
    """Of the basis, for the whole deal; each manager gets their share of it."""
    requires: Annotated[list[PerformanceFact], Field(min_length=1)] = [
        PerformanceFact.SIGNED,
        PerformanceFact.REGISTERED,
        PerformanceFact.PAID,
    ]
    cap_per_year: Money
    """Most that one person gets in a calendar year. Deals in its currency count."""
    once_per_deal: Truth = True
    """Whether one manager's claim is the only one for a deal; else each may claim for their share."""
    valid_from: date
    valid_until: date | None = None
    """The first and the last signing date that count."""

    @model_validator(mode="after")
    def _sensible(self) -> "NewScheme":
        if self.valid_until and self.valid_until < self.valid_from:
            raise ValueError("a scheme does not end before it begins")
        if self.cap_per_year.minor <= 0:
            raise ValueError("a cap is more than nothing")
        return self


class SchemeView(View):
    id: UUID
    name: dict[str, str]
    source: str
    basis: RewardBasis
    percent: Percent
    requires: list[PerformanceFact]
    cap_per_year: Money
    once_per_deal: bool
    valid_from: date
    valid_until: date | None


class Registration(Shape):
    """技术合同认定登记 of the deal's contract."""

    number: ShortText
    registered_on: date


class NewRewardClaim(Shape):
    scheme_id: UUID
    deal_id: UUID
    registration: Registration | None = None


class RewardCheck(Shape):
    """What was looked at."""

    note: LongText


class RewardPayment(Shape):
    paid_on: date
    reference: ShortText


class EligibleReward(View):
    """What the caller could claim now: their share of a scheme's percentage, up to what is left of the year's cap."""

    status: RewardStatus = RewardStatus.ELIGIBLE
    scheme: SchemeView
    deal_id: UUID
    share_percent: Percent
    amount: Money
    needs_registration: bool
    """Whether the claim has to name the contract's registration."""


class RewardClaimView(View):
    id: UUID
    status: RewardStatus
    scheme: SchemeView
    deal_id: UUID
    manager: ManagerSummary
    share_percent: Percent
    year: int
    computed: Money
    amount: Money
    """What is left of `computed` under the year's cap."""
    registration: Registration | None
    note: str | None
    paid_on: date | None
    payment_reference: str | None
    claimed_at: datetime
    revision: int


class PerformanceSum(View):
    """In one currency, the manager's shares of the deals, rounded down to the minor unit."""

    currency: Currency
    signed: Money
    technical: Money
    paid: Money


class Performance(View):
    """What counts (业绩): deals whose contract both sides have confirmed, and of those the registered and the paid ones."""

    signed: int
    registered: int
    paid: int
    sums: list[PerformanceSum]


class CreditedDeal(View):
    """A signed deal to the manager's credit, with the hash of its contract."""

    deal_id: UUID
    share_percent: Percent
    contract_sha256: str
    signed_on: date
    registered_on: date | None
    value: Money | None
    paid: Money | None


class Portfolio(View):
    """Everything that a manager can show for their work, each receipt with its hash; `sha256` is over the rest (RFC 8785)."""

    manager: ManagerSummary
    credentials: list[CredentialView]
    employments: list[EmploymentView]
    assignments: list[AssignmentView]
    introductions: list[IntroductionView]
    deals: list[CreditedDeal]
    performance: Performance
    claims: list[CircumventionView]
    rewards: list[RewardClaimView]
    sha256: str = ""
