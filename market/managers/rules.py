"""How an assignment moves, how long an introduction stands, what a credential is worth; no database."""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

from market import workdays
from market.errors import WrongState
from schemas.vocabulary import (
    AssignmentOutcome,
    AssignmentStatus,
    InterestStatus,
    ListingStatus,
    ManagerObstacle,
    Represented,
)

TAIL_MONTHS = 12
"""How long an introduction stands after it was made; whoever then goes around the manager still pays (民法典 art. 965).

The length is the hall's own choice.
"""

S = AssignmentStatus
OPEN = frozenset({S.OFFERED, S.ACCEPTED, S.ACTIVE, S.INTRODUCING})
"""One listing, interest or deal has at most one of these."""
CARRIED = frozenset({S.ACCEPTED, S.ACTIVE, S.INTRODUCING})
"""What a manager has taken on: it counts against their capacity."""
AT_WORK = frozenset({S.ACTIVE, S.INTRODUCING})
"""Accepted, and consented to by every side that is acted for."""
FINAL = frozenset({S.DECLINED, S.CLOSED})
ENDED_INTERESTS = frozenset({InterestStatus.PASSED, InterestStatus.DECLINED})
"""An interest that ended takes its assignment with it; one that led to a deal does not."""
ENDED_LISTINGS = frozenset({ListingStatus.WITHDRAWN})
"""The same of the assignment of a listing."""


class Verb(StrEnum):
    ACCEPT = "accept"
    DECLINE = "decline"
    CONSENT = "consent"
    """By a side that the manager is to act for."""
    BEGIN = "begin"
    """By the system, once the manager has accepted and every side that they act for has consented."""
    INTRODUCE = "introduce"
    CLOSE = "close"


FROM: Mapping[Verb, frozenset[AssignmentStatus]] = {
    Verb.ACCEPT: frozenset({S.OFFERED}),
    Verb.DECLINE: frozenset({S.OFFERED}),
    Verb.CONSENT: frozenset({S.OFFERED, S.ACCEPTED}),
    Verb.BEGIN: frozenset({S.ACCEPTED}),
    Verb.INTRODUCE: AT_WORK,
    Verb.CLOSE: OPEN,
}
TO: Mapping[Verb, AssignmentStatus] = {
    Verb.ACCEPT: S.ACCEPTED,
    Verb.DECLINE: S.DECLINED,
    Verb.BEGIN: S.ACTIVE,
    Verb.INTRODUCE: S.INTRODUCING,
    Verb.CLOSE: S.CLOSED,
}
"""Where a verb leads; one that is not named here leaves the assignment where it is."""

OUTCOMES: Mapping[AssignmentStatus, frozenset[AssignmentOutcome]] = {
    S.OFFERED: frozenset({AssignmentOutcome.NO_DEAL, AssignmentOutcome.REPLACED}),
    S.ACCEPTED: frozenset({AssignmentOutcome.NO_DEAL, AssignmentOutcome.REPLACED}),
    S.ACTIVE: frozenset(AssignmentOutcome),
    S.INTRODUCING: frozenset(AssignmentOutcome),
}
"""How an assignment may close from each state.

Success needs work that had begun. It needs no introduction: a manager may be asked once the parties know each other.
"""


def effective_status(status: AssignmentStatus, *, ended: bool) -> AssignmentStatus:
    """Where an assignment stands, given whether what it carries has ended by itself."""
    return S.CLOSED if status in OPEN and ended else status


def effective_outcome(
    outcome: AssignmentOutcome | None, status: AssignmentStatus, *, ended: bool
) -> AssignmentOutcome | None:
    """How an assignment closed; None while it is open, and for a refused offer."""
    return AssignmentOutcome.NO_DEAL if status in OPEN and ended else outcome


def outcome_of_deal(status: AssignmentStatus, *, completed: bool) -> AssignmentOutcome:
    """How an assignment closes with the deal; one that had not begun carried nothing to success."""
    carried = status in AT_WORK and completed
    return AssignmentOutcome.SUCCESS if carried else AssignmentOutcome.NO_DEAL


def next_status(verb: Verb, status: AssignmentStatus, *, ended: bool) -> AssignmentStatus:
    """Where the verb leads, or WrongState naming the states from which it is possible."""
    stands = effective_status(status, ended=ended)
    if stands not in FROM[verb]:
        able = ", ".join(sorted(FROM[verb]))
        raise WrongState(f"the assignment is {stands}; {verb.value} is possible from: {able}")
    return TO.get(verb, status)


def sides(represents: Represented) -> frozenset[Represented]:
    """The one side that the manager acts for, or the two."""
    if represents is Represented.BOTH:
        return frozenset({Represented.OWNER, Represented.COUNTERPART})
    return frozenset({represents})


def awaited(represents: Represented, *, owner: bool, counterpart: bool) -> list[Represented]:
    """The sides that are acted for and have not consented, given whether each has (民法典 art. 168)."""
    given = {Represented.OWNER: owner, Represented.COUNTERPART: counterpart}
    return sorted(side for side in sides(represents) if not given[side])


def together(represents: Represented, others: Iterable[Represented]) -> Represented:
    """For whom a manager acts in one matter, counting what else they carry in it: both, where one is added to the other."""
    every = sides(represents).union(*(sides(other) for other in others))
    return Represented.BOTH if len(every) > 1 else represents


def credential_obstacle(ends: Sequence[tuple[date | None, bool]], today: date) -> ManagerObstacle | None:
    """Why the credentials of a manager do not let them take anything on now; None where one that is verified does.

    Each is its last day (None where it does not expire) and whether the operator has verified it. `today` is the day
    in China.
    """
    in_force = [verified for until, verified in ends if until is None or until >= today]
    if not in_force:
        return ManagerObstacle.NO_CREDENTIAL
    return None if any(in_force) else ManagerObstacle.UNVERIFIED


def first_overfull_day(terms: Sequence[tuple[date, date | None, int]]) -> tuple[date, int] | None:
    """The first day on which the shares of joint employments come to more than 100 %, and to how much.

    Each term is its first day, its last day (None while it goes on) and its share in per cent. The sum rises on first
    days alone, so that only those are looked at.
    """
    for day in sorted({begins for begins, _, _ in terms}):
        total = sum(share for begins, ends, share in terms if begins <= day and (ends is None or day <= ends))
        if total > 100:
            return day, total
    return None


FORMER_DAYS = 730
"""For how long a former employer, or a deal, still ties a manager to an organisation: two years, the hall's own choice."""


def ties_since(today: date) -> date:
    """From which day on former employments and prior deals count."""
    return today - timedelta(days=FORMER_DAYS)


def tail_end(introduced_at: datetime) -> datetime:
    """24:00 Asia/Shanghai of the same day twelve months on, or of the month's last day (民法典 art. 201, 202)."""
    made = workdays.legal_day(introduced_at)
    year, month = made.year + (made.month - 1 + TAIL_MONTHS) // 12, (made.month - 1 + TAIL_MONTHS) % 12 + 1
    day = min(made.day, calendar.monthrange(year, month)[1])
    return workdays.end_of_day(date(year, month, day))
