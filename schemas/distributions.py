"""What is due on a deal, what royalties come to, and how an income is shared; as it comes in and as it is shown."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from schemas.deals import Percent, Sha256
from schemas.rules import PeriodView
from schemas.values import WHOLE, LongText, Money, Shape, ShortText, Truth, View
from schemas.vocabulary import (
    AdjustmentCause,
    ContributorRole,
    DeductionKind,
    DissentStatus,
    DueKind,
    DueStatus,
    DueVerb,
    Effect,
    IPRightKind,
    PackLevel,
    RevenueBasis,
    RevenueStatus,
    RoyaltyStatus,
)

# Payments against the plan


class DueChange(Shape):
    """A due line is disputed, taken up again, or written off, with the reason."""

    verb: DueVerb
    reason: LongText


class TriggerMet(Shape):
    """What a licence on trial is paid after has come about (先使用后付费): from now on this is due."""

    met_on: date
    amount: Money
    due_on: date
    evidence_sha256: Sha256


class NewRoyaltyReport(Shape):
    """The licensee's statement of one period; periods are counted from the day the contract took effect, from 1."""

    period: Annotated[int, Field(ge=1, le=600), WHOLE]
    base_amount: Money
    statement_sha256: Sha256


class RoyaltyVerification(Shape):
    """The seller takes the statement as right; due thirty days later, unless another day is given."""

    due_on: date | None = None


class RoyaltyAdjustment(Shape):
    """What the audit found the base to be."""

    base_amount: Money
    evidence_sha256: Sha256
    reason: LongText
    due_on: date | None = None


class NewRefund(Shape):
    """Money that the seller has paid back on a deal."""

    amount: Money
    refunded_on: date
    reference: ShortText
    reason: LongText


class DueLineView(View):
    id: UUID
    kind: DueKind
    amount: Money
    paid: Money
    due_on: date
    status: DueStatus
    reason: str | None
    report_id: UUID | None


class DealBalances(View):
    """What the double-entry ledger says of a deal."""

    receivable: Money
    """Owed by the plan and not paid."""
    received: Money
    income: Money
    """Earned, less what was refunded, written off or paid out as reward."""
    rewarded: Money


class ReceivablesView(View):
    """The plan of a deal's payments with what was paid of each line; oldest due first."""

    deal_id: UUID
    lines: list[DueLineView]
    unmatched: Money | None
    """Paid, and not yet due by the plan: of a royalty before its report, for example."""
    ledger: DealBalances | None
    """Null while no amount is agreed."""


class RoyaltyReportView(View):
    id: UUID
    period: int
    begins_on: date
    ends_on: date
    base_amount: Money
    rate_percent: Percent
    computed: Money
    status: RoyaltyStatus
    statement_sha256: str
    audit_reason: str | None
    audit_sha256: str | None
    reported_by: UUID
    reported_at: datetime


class RoyaltyReports(View):
    items: list[RoyaltyReportView]


class RefundView(View):
    id: UUID
    amount: Money
    refunded_on: date
    reference: str
    reason: str
    recorded_by: UUID
    recorded_at: datetime


# Revenue and its distribution


class OwnUse(Shape):
    """A year's operating profit from the use of one's own result (自行实施或与他人合作实施)."""

    listing_id: UUID
    year: Annotated[int, Field(ge=1, le=30), WHOLE]
    """Counted from the first year of profit, which is 1."""
    operating_profit: Money
    evidence_sha256: Sha256


class NewDistribution(Shape):
    """Opens the distribution of what came in on a deal, or of a year's profit from own use."""

    deal_id: UUID | None = None
    payment_ids: Annotated[list[UUID], Field(max_length=500)] = []
    """Of the deal; without any, all that no other case counts."""
    own_use: OwnUse | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.deal_id is None) == (self.own_use is None):
            raise ValueError("give either deal_id or own_use")
        if self.own_use is not None and self.payment_ids:
            raise ValueError("payments are those of a deal")
        return self


class NewDeduction(Shape):
    kind: DeductionKind
    amount: Money
    description: ShortText
    evidence_sha256: Sha256


class NetIncome(Shape):
    """Everything that is taken off the income, each with its evidence; what was given before is replaced."""

    deductions: Annotated[list[NewDeduction], Field(max_length=200)] = []


class NewShare(Shape):
    """One contributor's share in the pool, by weight or by percent; all lines of a proposal use the same."""

    name: ShortText
    person_id: UUID | None = None
    """The account by which they see and sign their own line; without it they sign on paper."""
    role: ContributorRole
    percent: Percent | None = None
    weight: Annotated[int, Field(ge=1, le=1_000_000_000), WHOLE] | None = None
    is_leader: Truth
    """担任领导职务"""
    holds_ownership_share: Truth = False
    """Was given a share of the ownership instead (赋权)."""

    @property
    def has_share(self) -> bool:
        return self.percent is not None or self.weight is not None

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if self.percent is not None and self.weight is not None:
            raise ValueError("give either percent or weight")
        if not self.has_share and not self.holds_ownership_share:
            raise ValueError("give percent or weight; only who holds an ownership share has neither")
        return self


class NewProposal(Shape):
    """How the net income is shared: the pool for contributors, and who has what of it; the rest is the unit's."""

    pool_percent: Percent | None = None
    pool: Money | None = None
    basis: LongText
    """The agreement, or the unit's own rule, that it follows (约定 or 规定)."""
    lines: Annotated[list[NewShare], Field(min_length=1, max_length=200)]
    transfer_staff_took_part: Truth = True
    cash_benefit: Truth = False
    """The tax benefit of cash rewards is asked for (现金奖励个人所得税优惠)."""
    agreed_due_on: date | None = None
    """By when it is paid, where that is agreed; else the rule pack says."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.pool_percent is None) == (self.pool is None):
            raise ValueError("give either pool_percent or pool")
        percents = [line.percent for line in self.lines if line.percent is not None]
        if percents and any(line.weight is not None for line in self.lines):
            raise ValueError("all lines are by percent, or all by weight")
        if percents and sum(percents) != 100:
            raise ValueError(f"the percents come to {sum(percents)}, not to 100")
        if not any(line.has_share for line in self.lines):
            raise ValueError("nobody has a share")
        return self


class SignOff(Shape):
    """A contributor agrees to their line; of one without an account, an officer shows the signed paper."""

    evidence_sha256: Sha256 | None = None


class NewDissent(Shape):
    grounds: LongText


class RewardPaid(Shape):
    """The bank's or payroll's record of the rewards that were paid out."""

    paid_on: date
    reference: ShortText
    evidence_sha256: Sha256


class Adjustment(Shape):
    """Why a distribution is worked out again; another case takes its place."""

    cause: AdjustmentCause
    reason: LongText


class Finding(View):
    """A floor or standard, and how the proposal stands to it."""

    rule: str
    name: str
    pack: str
    level: PackLevel
    source: str
    confirmed: bool
    effect: Effect
    """`block` refuses a proposal that does not meet it, `warn` only says so."""
    needed_percent: int
    given_percent: str
    """Rounded down to hundredths; whether it is met is decided exactly."""
    of: str
    """Of what: net income, equity, operating profit, or the pool."""
    met: bool


class TaxNote(View):
    """What a rule pack says of tax; not tax advice."""

    rule: str
    source: str
    confirmed: bool
    text: str
    until: date | None


class DeductionView(View):
    kind: DeductionKind
    amount: Money
    description: str
    evidence_sha256: str


class LineView(View):
    id: UUID
    name: str
    person_id: UUID | None
    role: ContributorRole
    weight: int
    """Of percents, in ten-thousandths."""
    is_leader: bool
    holds_ownership_share: bool
    amount: Money
    rounding: int
    """Minor units that this line has of the remainder of the split (最大余额法)."""
    paid_before: Money
    """By the case whose place this one takes; the rest is due, or is to be paid back."""
    signed_at: datetime | None


class DissentView(View):
    id: UUID
    line_name: str
    person_id: UUID
    grounds: str
    status: DissentStatus
    answer: str | None
    at: datetime
    settled_at: datetime | None


class ApprovalView(View):
    role: str
    by: UUID
    at: datetime


class DistributionView(View):
    """A case as the seller's finance and transfer office, the operator and the auditor see it."""

    id: UUID
    status: RevenueStatus
    revision: int
    basis: RevenueBasis
    organisation_id: UUID
    deal_id: UUID | None
    listing_id: UUID
    own_use_year: int | None
    follows: UUID | None
    jurisdiction: str
    pack_version: str
    judged_on: date
    """The day whose rules it is judged by: of a deal, that of its contract."""
    income: Money
    payment_ids: list[UUID]
    refund_ids: list[UUID]
    deductions: list[DeductionView]
    net: Money | None
    pool: Money | None
    retained: Money | None
    """What stays with the unit (RV-7, 促进科技成果转化法 art. 43): no step leads to a treasury."""
    agreement: str | None
    lines: list[LineView]
    findings: list[Finding]
    dissents: list[DissentView]
    notice_required: bool
    notice_rule: str | None
    notice_id: UUID | None
    approvals: list[ApprovalView]
    due_on: date | None
    payout_period: PeriodView | None
    tax_notes: list[TaxNote]
    paid_on: date | None
    payment_reference: str | None
    created_at: datetime
    updated_at: datetime


class DistributionSummary(View):
    id: UUID
    status: RevenueStatus
    basis: RevenueBasis
    organisation_id: UUID
    deal_id: UUID | None
    listing_id: UUID
    income: Money
    net: Money | None
    pool: Money | None
    due_on: date | None
    created_at: datetime


class OwnShareView(View):
    """A case as one contributor sees it: their own line, and nobody else's."""

    distribution_id: UUID
    status: RevenueStatus
    revision: int
    organisation_id: UUID
    listing_id: UUID
    net: Money | None
    pool: Money | None
    agreement: str | None
    lines: list[LineView]
    dissents: list[DissentView]
    due_on: date | None
    tax_notes: list[TaxNote]


class BonusClock(View):
    """奖金 for the inventors of a granted patent, where nothing is agreed."""

    rule: str
    source: str
    confirmed: bool
    kind: IPRightKind
    least: Money
    """Per patent."""
    due: PeriodView


class UnusedClock(View):
    """The clock of a result that is not put to use."""

    rule: str
    source: str
    confirmed: bool
    ends: PeriodView
    is_over: bool
    outcome: str
    """What its completers may then do: `completers_may_implement` or `income_to_completers`."""


class RewardClocks(View):
    """Dates by which a result's inventors are rewarded, or may act themselves."""

    listing_id: UUID
    jurisdiction: str
    bonuses: list[BonusClock]
    unused: UnusedClock | None
