"""How claims and rewards move, how credit is split, what counts as performance and how much is due; no database."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from market import workdays
from market.errors import WrongState
from schemas.brokerage import Performance, PerformanceSum
from schemas.values import FieldProblem, Money
from schemas.vocabulary import CircumventionStatus, DealStatus, PerformanceFact, RewardBasis, RewardStatus

C, R = CircumventionStatus, RewardStatus
Status = TypeVar("Status", CircumventionStatus, RewardStatus)

STANDING = frozenset({DealStatus.PERFORMING, DealStatus.COMPLETED})
"""Both sides have confirmed the contract: what nobody has confirmed is no deal to anybody's credit."""

ANSWER_WORKING_DAYS = 10
"""How long the two sides have to answer a claim; the hall's own choice."""


class ClaimVerb(StrEnum):
    ANSWER = "answer"
    EXPIRE = "expire"
    """By time: the sides have had their days."""
    UPHOLD = "uphold"
    REJECT = "reject"
    WITHDRAW = "withdraw"


CLAIM_FROM: Mapping[ClaimVerb, frozenset[CircumventionStatus]] = {
    ClaimVerb.ANSWER: frozenset({C.OPENED}),
    ClaimVerb.EXPIRE: frozenset({C.OPENED}),
    ClaimVerb.UPHOLD: frozenset({C.ANSWERED}),
    ClaimVerb.REJECT: frozenset({C.ANSWERED}),
    ClaimVerb.WITHDRAW: frozenset({C.OPENED, C.ANSWERED}),
}
CLAIM_TO: Mapping[ClaimVerb, CircumventionStatus] = {
    ClaimVerb.ANSWER: C.ANSWERED,
    ClaimVerb.EXPIRE: C.ANSWERED,
    ClaimVerb.UPHOLD: C.UPHELD,
    ClaimVerb.REJECT: C.REJECTED,
    ClaimVerb.WITHDRAW: C.WITHDRAWN,
}
"""An answer leads there once both sides have given theirs."""
CLAIM_FINAL = frozenset({C.UPHELD, C.REJECTED, C.WITHDRAWN})


class RewardVerb(StrEnum):
    CLAIM = "claim"
    CHECK = "check"
    APPROVE = "approve"
    RETURN = "return"
    PAY = "pay"


REWARD_FROM: Mapping[RewardVerb, frozenset[RewardStatus]] = {
    RewardVerb.CLAIM: frozenset({R.ELIGIBLE, R.RETURNED}),
    RewardVerb.CHECK: frozenset({R.CLAIMED}),
    RewardVerb.APPROVE: frozenset({R.CHECKED}),
    RewardVerb.RETURN: frozenset({R.CLAIMED, R.CHECKED}),
    RewardVerb.PAY: frozenset({R.APPROVED}),
}
REWARD_TO: Mapping[RewardVerb, RewardStatus] = {
    RewardVerb.CLAIM: R.CLAIMED,
    RewardVerb.CHECK: R.CHECKED,
    RewardVerb.APPROVE: R.APPROVED,
    RewardVerb.RETURN: R.RETURNED,
    RewardVerb.PAY: R.PAID,
}
REWARD_FINAL = frozenset({R.PAID})


def claim_stands(status: CircumventionStatus, answers_due_at: datetime, at: datetime) -> CircumventionStatus:
    """Where a claim stands at `at`; at the end instant itself an answer is late."""
    return C.ANSWERED if status is C.OPENED and at >= answers_due_at else status


def next_claim(verb: ClaimVerb, status: CircumventionStatus) -> CircumventionStatus:
    """Where the verb leads, or WrongState naming the states from which it is possible."""
    return _next(verb, status, CLAIM_FROM[verb], CLAIM_TO[verb], "claim")


def next_reward(verb: RewardVerb, status: RewardStatus) -> RewardStatus:
    """Where the verb leads, or WrongState naming the states from which it is possible."""
    return _next(verb, status, REWARD_FROM[verb], REWARD_TO[verb], "reward")


def _next(verb: StrEnum, status: Status, able: Collection[Status], to: Status, what: str) -> Status:
    if status not in able:
        raise WrongState(f"the {what} is {status}; {verb} is possible from: {', '.join(sorted(able))}")
    return to


def within_tail(introduced_at: datetime, valid_until: datetime, signed_on: date) -> bool:
    """Whether a contract was signed while an introduction stood, the first day and the last one included."""
    return workdays.legal_day(introduced_at) <= signed_on and workdays.end_of_day(signed_on) <= valid_until


WHOLE = 10_000
"""100 %, in hundredths of a per cent."""


def shares(entitled: Sequence[UUID], decided: Mapping[UUID, int]) -> dict[UUID, int]:
    """The credit of each manager, in hundredths of a per cent; those of a deal come to 10,000, or there is nobody.

    As decided while that speaks of exactly these managers, else equally; what does not divide goes to the first ones.
    """
    if not entitled:
        return {}
    if set(decided) == set(entitled):
        return dict(decided)
    each, left = divmod(WHOLE, len(entitled))
    return {manager: each + (place < left) for place, manager in enumerate(entitled)}


@dataclass(frozen=True)
class CountedDeal:
    """A signed deal with the part that a manager is credited with. Amounts are of the whole deal, in minor units."""

    deal_id: UUID
    share: int
    """In hundredths of a per cent."""
    signed_on: date
    currency: str | None
    value: int = 0
    technical: int = 0
    paid: int = 0
    registered_on: date | None = None

    def has(self, fact: PerformanceFact) -> bool:
        match fact:
            case PerformanceFact.SIGNED:
                return True
            case PerformanceFact.REGISTERED:
                return self.registered_on is not None
            case PerformanceFact.PAID:
                return self.paid > 0


def performance(deals: Sequence[CountedDeal]) -> Performance:
    """What counts of these signed deals; each amount is the manager's share of it, rounded down."""
    sums = []
    for currency in sorted({deal.currency for deal in deals if deal.currency}):
        counted = [deal for deal in deals if deal.currency == currency]
        signed, technical, paid = (
            Money.of(sum(amount * share // WHOLE for amount, share in amounts), currency)
            for amounts in (
                [(deal.value, deal.share) for deal in counted],
                [(deal.technical, deal.share) for deal in counted],
                [(deal.paid, deal.share) for deal in counted],
            )
        )
        sums.append(PerformanceSum(currency=currency, signed=signed, technical=technical, paid=paid))
    return Performance(
        signed=len(deals),
        registered=sum(deal.has(PerformanceFact.REGISTERED) for deal in deals),
        paid=sum(deal.has(PerformanceFact.PAID) for deal in deals),
        sums=sums,
    )


@dataclass(frozen=True)
class Scheme:
    """A scheme of rewards in plain values."""

    basis: RewardBasis
    rate: int
    """In ten-thousandths of a per cent."""
    requires: Collection[PerformanceFact]
    cap: int
    """Most that one person gets in a year, in minor units of `currency`."""
    currency: str
    once_per_deal: bool
    valid_from: date
    valid_until: date | None


def due(scheme: Scheme, deal: CountedDeal) -> int:
    """The reward for a manager's part of a deal before the cap, in minor units, rounded down once."""
    basis = {
        RewardBasis.TOTAL_VALUE: deal.value,
        RewardBasis.TECHNICAL_VALUE: deal.technical,
        RewardBasis.PAID: deal.paid,
    }[scheme.basis]
    return basis * scheme.rate * deal.share // (1_000_000 * WHOLE)


def lacking(
    scheme: Scheme, deal: CountedDeal, *, claimed_this_year: int, claimed_by_another: bool
) -> list[FieldProblem]:
    """Everything that stands against claiming this deal's reward; none where it is eligible."""
    return [
        FieldProblem(pointer=pointer, detail=detail, rule=rule)
        for pointer, detail, rule in _lacking(scheme, deal, claimed_this_year, claimed_by_another)
    ]


def _lacking(
    scheme: Scheme, deal: CountedDeal, claimed_this_year: int, claimed_by_another: bool
) -> Iterator[tuple[str, str, str]]:
    for fact in PerformanceFact:
        if fact in scheme.requires and not deal.has(fact):
            where = "/registration" if fact is PerformanceFact.REGISTERED else "/deal_id"
            yield where, f"the scheme counts deals that are {fact}", "TM-12"
    if deal.signed_on < scheme.valid_from or (scheme.valid_until and deal.signed_on > scheme.valid_until):
        yield "/deal_id", f"the deal was signed on {deal.signed_on}, when the scheme did not stand", "TM-12"
    if deal.currency != scheme.currency:
        yield "/deal_id", f"the scheme counts deals in {scheme.currency}", "TM-12"
    elif due(scheme, deal) <= 0:
        yield "/deal_id", "nothing is due for this deal", "TM-12"
    if scheme.once_per_deal and claimed_by_another:
        yield "/deal_id", "another manager has claimed this deal, and the scheme rewards it once", "TM-13"
    if claimed_this_year >= scheme.cap:
        yield "/scheme_id", "what one person gets of this scheme in a year is claimed", "TM-14"
