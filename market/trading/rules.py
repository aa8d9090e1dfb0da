"""The state machine of a round and of a registration for it, and what time does to them; no database."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from market.errors import WrongState
from schemas.vocabulary import RegistrationStatus, RoundStatus

S = RoundStatus
R = RegistrationStatus
BEFORE_ANNOUNCEMENT = frozenset({S.DRAFT, S.APPROVED})
OPEN = frozenset(
    {S.APPROVED, S.ANNOUNCED, S.QUALIFYING, S.BIDDING, S.SUSPENDED, S.OPENING, S.PROVISIONAL_AWARD}
)
"""One round of a listing at a time."""
ENDED = frozenset(S) - OPEN - {S.DRAFT}
BEFORE_BIDDING = frozenset({S.ANNOUNCED, S.QUALIFYING})
"""While bidders qualify and their deposits come in."""
NAMED = frozenset({S.PROVISIONAL_AWARD, S.CONFIRMED, S.DEFAULTED})
"""The bidding has ended and its winner is named."""
RELISTABLE = frozenset({S.FAILED_NO_BIDDER, S.NO_SALE, S.DEFAULTED})


class Verb(StrEnum):
    CHANGE = "change"
    APPROVE = "approve"
    ANNOUNCE = "announce"
    WITHDRAW = "withdraw"
    END_REGISTRATION = "end_registration"
    BEGIN = "begin"
    SUSPEND = "suspend"
    RESUME = "resume"
    VOID = "void"
    CLOSE = "close"
    OPEN = "open"
    CONFIRM = "confirm"
    DEFAULT = "default"
    REGISTER = "register"
    QUALIFY = "qualify"
    SETTLE = "settle"
    RELIST = "relist"


FROM: Mapping[Verb, frozenset[RoundStatus]] = {
    Verb.CHANGE: frozenset({S.DRAFT}),
    Verb.APPROVE: frozenset({S.DRAFT}),
    Verb.ANNOUNCE: frozenset({S.APPROVED}),
    Verb.WITHDRAW: frozenset({S.DRAFT, S.APPROVED, S.ANNOUNCED, S.QUALIFYING}),
    Verb.END_REGISTRATION: frozenset({S.ANNOUNCED}),
    Verb.BEGIN: frozenset({S.QUALIFYING}),
    Verb.SUSPEND: frozenset({S.BIDDING}),
    Verb.RESUME: frozenset({S.SUSPENDED}),
    Verb.VOID: frozenset({S.SUSPENDED, S.BIDDING, S.OPENING, S.PROVISIONAL_AWARD}),
    Verb.CLOSE: frozenset({S.BIDDING}),
    Verb.OPEN: frozenset({S.OPENING}),
    Verb.CONFIRM: frozenset({S.PROVISIONAL_AWARD}),
    Verb.DEFAULT: frozenset({S.PROVISIONAL_AWARD}),
    Verb.REGISTER: frozenset({S.ANNOUNCED}),
    Verb.QUALIFY: BEFORE_BIDDING,
    Verb.SETTLE: frozenset({S.DEFAULTED}),
    Verb.RELIST: RELISTABLE,
}
"""From which states each verb is possible. The seller may withdraw before the bidding begins (拍卖法 art. 29, BD-13)."""


def check_transition(verb: Verb, status: RoundStatus) -> None:
    """Raise WrongState where the verb is not possible, naming the states from which it is."""
    if status not in FROM[verb]:
        able = ", ".join(sorted(FROM[verb]))
        raise WrongState(f"the round is {status}; {verb.value.replace('_', ' ')} is possible from: {able}")


class Step(StrEnum):
    """What happens to one bidder's registration."""

    QUALIFY = "qualify"
    REFUSE = "refuse"
    TAKE_DEPOSIT = "take_deposit"
    WITHDRAW = "withdraw"


STEP_FROM: Mapping[Step, frozenset[RegistrationStatus]] = {
    Step.QUALIFY: frozenset({R.APPLIED}),
    Step.REFUSE: frozenset({R.APPLIED}),
    Step.TAKE_DEPOSIT: frozenset({R.APPLIED, R.QUALIFIED}),
    Step.WITHDRAW: frozenset({R.APPLIED, R.QUALIFIED}),
}
STEP_DURING: Mapping[Step, frozenset[RoundStatus]] = {
    Step.QUALIFY: BEFORE_BIDDING,
    Step.REFUSE: BEFORE_BIDDING,
    Step.TAKE_DEPOSIT: BEFORE_BIDDING,
    Step.WITHDRAW: frozenset({S.ANNOUNCED}),
}
"""A bidder may withdraw until the registration ends."""


def check_step(step: Step, status: RegistrationStatus, during: RoundStatus) -> None:
    """Raise WrongState where the step is not possible for a registration in a round that stands so."""
    if during not in STEP_DURING[step]:
        able = ", ".join(sorted(STEP_DURING[step]))
        raise WrongState(
            f"the round is {during}; {step.value.replace('_', ' ')} is possible while it is: {able}"
        )
    if status not in STEP_FROM[step]:
        able = ", ".join(sorted(STEP_FROM[step]))
        raise WrongState(
            f"the registration is {status}; {step.value.replace('_', ' ')} is possible from: {able}"
        )


def due(
    status: RoundStatus,
    registration_until: datetime,
    bidding_from: datetime,
    ends_at: datetime,
    now: datetime,
) -> Verb | None:
    """What the clock asks for at `now`, or None; at the very instant of an end it has ended."""
    if status is S.ANNOUNCED and now >= registration_until:
        return Verb.END_REGISTRATION
    if status is S.QUALIFYING and now >= bidding_from:
        return Verb.BEGIN
    if status is S.BIDDING and now >= ends_at:
        return Verb.CLOSE
    return None


def begins_as(qualified: int, *, sealed: bool) -> RoundStatus:
    """What the bidding begins as: nobody, one or several qualified bidders (BD-1). A sealed tender is held with one too."""
    if qualified == 0:
        return S.FAILED_NO_BIDDER
    return S.SINGLE_BIDDER if qualified == 1 and not sealed else S.BIDDING


def after_pause(end: datetime, suspended_at: datetime, resumed_at: datetime) -> datetime:
    """An end with the time given back that a suspension took."""
    return end + (resumed_at - suspended_at)
