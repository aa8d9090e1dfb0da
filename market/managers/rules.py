"""Who may carry an interest and who fits it best, how an assignment moves, and what a receipt says; no database."""

import calendar
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from market import workdays
from market.errors import WrongState
from schemas.managers import Obstacle, ScorePart
from schemas.vocabulary import AssignmentOutcome, AssignmentStatus, InterestStatus, ManagerObstacle

TAIL_MONTHS = 12
"""How long an introduction stands after it was made; whoever then goes around the manager still pays (民法典 art. 965).

The length is the hall's own choice.
"""

S = AssignmentStatus
OPEN = frozenset({S.OFFERED, S.ACTIVE})
"""An interest has at most one of these."""
ENDED_INTERESTS = frozenset({InterestStatus.PASSED, InterestStatus.DECLINED})
"""An interest that ended takes its assignment with it; one that led to a deal does not."""


class Verb(StrEnum):
    ACCEPT = "accept"
    DECLINE = "decline"
    INTRODUCE = "introduce"
    CLOSE = "close"


FROM: Mapping[Verb, frozenset[AssignmentStatus]] = {
    Verb.ACCEPT: frozenset({S.OFFERED}),
    Verb.DECLINE: frozenset({S.OFFERED}),
    Verb.INTRODUCE: frozenset({S.ACTIVE}),
    Verb.CLOSE: OPEN,
}
TO: Mapping[Verb, AssignmentStatus] = {
    Verb.ACCEPT: S.ACTIVE,
    Verb.DECLINE: S.DECLINED,
    Verb.INTRODUCE: S.ACTIVE,
    Verb.CLOSE: S.CLOSED,
}


def effective_status(status: AssignmentStatus, interest: InterestStatus) -> AssignmentStatus:
    """Where an assignment stands, given where its interest stands."""
    return S.CLOSED if status in OPEN and interest in ENDED_INTERESTS else status


def effective_outcome(
    outcome: AssignmentOutcome | None, status: AssignmentStatus, interest: InterestStatus
) -> AssignmentOutcome | None:
    """How an assignment closed, given where its interest stands; None while it is open, and for a refused offer."""
    ended = status in OPEN and interest in ENDED_INTERESTS
    return AssignmentOutcome.NO_DEAL if ended else outcome


def outcome_of_deal(status: AssignmentStatus, *, completed: bool) -> AssignmentOutcome:
    """How an assignment closes with the deal; an offer that nobody had accepted carried nothing to success."""
    carried = status is S.ACTIVE and completed
    return AssignmentOutcome.SUCCESS if carried else AssignmentOutcome.NO_DEAL


def next_status(verb: Verb, status: AssignmentStatus, interest: InterestStatus) -> AssignmentStatus:
    """Where the verb leads, or WrongState naming the states from which it is possible."""
    stands = effective_status(status, interest)
    if stands not in FROM[verb]:
        able = ", ".join(sorted(FROM[verb]))
        raise WrongState(f"the assignment is {stands}; {verb.value} is possible from: {able}")
    return TO[verb]


# GB/T 4754-2017: the last division of each section.
_SECTIONS = {
    "A": 5, "B": 12, "C": 43, "D": 46, "E": 50, "F": 52, "G": 60, "H": 62, "I": 65, "J": 69,
    "K": 70, "L": 72, "M": 75, "N": 79, "O": 82, "P": 83, "Q": 85, "R": 90, "S": 96, "T": 97,
}  # fmt: skip


def plain_ipc(symbol: str) -> str:
    return symbol.replace(" ", "")


def plain_industry(code: str) -> str:
    """A GB/T 4754 code with its section letter, so that the letter alone is a prefix of its divisions."""
    if len(code) < 2 or not code[:2].isdecimal():
        return code
    division = int(code[:2])
    section = next((letter for letter, last in _SECTIONS.items() if division <= last), "")
    return section + code


_BEGINNINGS = {
    "ipc": re.compile(r"[A-H]([0-9]{1,2}|[0-9]{2}[A-Z]([0-9]{1,4}(/[0-9]{0,6})?)?)?"),
    "discipline": re.compile(r"[A-H][0-9]{0,6}"),
    "industry": re.compile(r"[A-T][0-9]{0,4}"),
}
"""What a code of each classification may begin with."""


def readings(code: str) -> dict[str, str]:
    """The code, or its beginning, in each classification that can hold it: `F03D` is of the IPC alone."""
    plain = {"ipc": plain_ipc(code), "discipline": code, "industry": plain_industry(code)}
    return {scheme: read for scheme, read in plain.items() if _BEGINNINGS[scheme].fullmatch(read)}


@dataclass(frozen=True)
class Codes:
    """Classification codes in the form in which prefixes can be compared."""

    ipc: tuple[str, ...] = ()
    discipline: tuple[str, ...] = ()
    industry: tuple[str, ...] = ()

    @classmethod
    def of(cls, ipc: Sequence[str], discipline: Sequence[str], industry: Sequence[str]) -> "Codes":
        return cls(
            tuple(plain_ipc(symbol) for symbol in ipc),
            tuple(discipline),
            tuple(plain_industry(code) for code in industry),
        )


@dataclass(frozen=True)
class Candidate:
    """What is known of a manager when an interest looks for one."""

    person_id: UUID
    name: str
    organisation_id: UUID
    memberships: frozenset[UUID]
    fields: Codes
    languages: frozenset[str]
    credentials_until: tuple[date | None, ...]
    """The last day of each credential; None for one that does not expire."""
    capacity: int
    load: int
    available: bool


@dataclass(frozen=True)
class Case:
    """What is known of an interest when it looks for a manager."""

    parties: frozenset[UUID]
    authors: frozenset[UUID]
    contributors: frozenset[str]
    codes: Codes
    languages: frozenset[str]


def obstacles(candidate: Candidate, case: Case, today: date) -> list[Obstacle]:
    """Every reason why this manager cannot carry this interest; none where they can. `today` is the day in China."""
    return [Obstacle(reason=reason, detail=detail) for reason, detail in _obstacles(candidate, case, today)]


def _obstacles(candidate: Candidate, case: Case, today: date) -> Iterator[tuple[ManagerObstacle, str]]:
    if candidate.organisation_id in case.parties:
        yield ManagerObstacle.PARTY, "the manager's own organisation is a party to the interest"
    if candidate.memberships & case.parties:
        yield ManagerObstacle.MEMBER_OF_PARTY, "the manager is a member of a party to the interest"
    if candidate.person_id in case.authors:
        yield ManagerObstacle.AUTHOR, "the manager wrote in the listing"
    elif _folded(candidate.name) in {_folded(name) for name in case.contributors}:
        yield ManagerObstacle.AUTHOR, "a contributor of the listing bears the manager's name"
    if not any(until is None or until >= today for until in candidate.credentials_until):
        yield ManagerObstacle.NO_CREDENTIAL, "no credential of the manager is in force"
    if not candidate.available:
        yield ManagerObstacle.UNAVAILABLE, "the manager takes no assignments now"
    if candidate.load >= candidate.capacity:
        detail = f"the manager carries {candidate.load} of {candidate.capacity} assignments"
        yield ManagerObstacle.AT_CAPACITY, detail


def _folded(name: str) -> str:
    return "".join(name.split()).casefold()


FIELDS, LANGUAGES, LOAD = 0.6, 0.2, 0.2
"""How much each part counts."""
_FINE_ENOUGH = 4
"""Characters of a code beyond which knowing it more closely counts no more: an IPC subclass, a GB/T 4754 division."""


def score(candidate: Candidate, case: Case) -> list[ScorePart]:
    """How well a manager without obstacles fits, in parts that explain themselves."""
    fields, matched = _fields(candidate.fields, case.codes)
    shared = candidate.languages & case.languages
    spoken = len(shared) / len(case.languages) if case.languages else 0.0
    free = 1 - candidate.load / candidate.capacity
    return [
        ScorePart(part="fields", value=round(fields, 3), weight=FIELDS, because=matched),
        ScorePart(
            part="languages",
            value=round(spoken, 3),
            weight=LANGUAGES,
            because=f"speaks {', '.join(sorted(shared))}" if shared else "none of the listing's languages",
        ),
        ScorePart(
            part="load",
            value=round(free, 3),
            weight=LOAD,
            because=f"carries {candidate.load} of {candidate.capacity} assignments",
        ),
    ]


def total(parts: Sequence[ScorePart]) -> float:
    return round(sum(part.value * part.weight for part in parts), 3)


def _fields(known: Codes, wanted: Codes) -> tuple[float, str]:
    """The best of the three classifications: the mean closeness over the listing's codes in it, and what matched."""
    best, because = 0.0, "no field in common"
    for scheme in ("ipc", "discipline", "industry"):
        codes: tuple[str, ...] = getattr(wanted, scheme)
        prefixes: tuple[str, ...] = getattr(known, scheme)
        found = [max(((closeness(code, p), p) for p in prefixes), default=(0.0, "")) for code in codes]
        value = sum(near for near, _ in found) / len(codes) if codes else 0.0
        if value > best:
            pairs = [f"{code} by {prefix}" for code, (near, prefix) in zip(codes, found, strict=True) if near]
            best, because = value, f"{scheme}: {', '.join(pairs)}"
    return best, because


def closeness(code: str, prefix: str) -> float:
    """From 0 to 1, how closely a field known as `prefix` covers a code; 0 where neither begins with the other."""
    if not (code.startswith(prefix) or prefix.startswith(code)):
        return 0.0
    return min(len(prefix), len(code), _FINE_ENOUGH) / min(len(code), _FINE_ENOUGH)


def tail_end(introduced_at: datetime) -> datetime:
    """24:00 Asia/Shanghai of the same day twelve months on, or of the month's last day (民法典 art. 201, 202)."""
    made = workdays.legal_day(introduced_at)
    year, month = made.year + (made.month - 1 + TAIL_MONTHS) // 12, (made.month - 1 + TAIL_MONTHS) % 12 + 1
    day = min(made.day, calendar.monthrange(year, month)[1])
    return workdays.end_of_day(date(year, month, day))
