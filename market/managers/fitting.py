"""Who may carry something and who fits it best, with every reason in words; no database."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from uuid import UUID

from market.managers.conflicts import RULES, TIED
from schemas.managers import Obstacle, ScorePart
from schemas.vocabulary import ManagerObstacle

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


SCHEMES = ("ipc", "discipline", "industry")


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

    def under(self, scheme: str) -> tuple[str, ...]:
        codes: tuple[str, ...] = getattr(self, scheme)
        return codes


@dataclass(frozen=True)
class Candidate:
    """What is known of a manager when something looks for one."""

    manager_id: UUID
    person_id: UUID
    name: str
    fields: Codes
    languages: Set[str]
    capacity: int
    load: int
    succeeded: int = 0
    without_deal: int = 0
    """What they had taken on and closed, with a deal and without one."""
    available: bool = True
    credential: ManagerObstacle | None = None
    """What is wrong with their credentials today; None where one is verified and in force."""
    barred: Mapping[UUID, Sequence[ManagerObstacle]] = field(default_factory=dict)
    """The organisations that they are tied to; see `conflicts.barred`."""


@dataclass(frozen=True)
class Case:
    """What is known of a listing, an interest or a deal when it looks for a manager."""

    parties: Set[UUID]
    codes: Codes
    languages: Set[str]
    authors: Set[UUID] = frozenset()
    contributors: Set[str] = frozenset()
    declined: Set[UUID] = frozenset()
    """The managers who have declared a conflict in the same matter."""


def folded(name: str) -> str:
    return "".join(name.split()).casefold()


def obstacles(candidate: Candidate, case: Case) -> list[Obstacle]:
    """Every reason why this manager cannot carry this; none where they can."""
    return [
        Obstacle(reason=reason, rule=RULES[reason].id, source=RULES[reason].source, detail=detail)
        for reason, detail in _obstacles(candidate, case)
    ]


def _obstacles(candidate: Candidate, case: Case) -> Iterator[tuple[ManagerObstacle, str]]:
    tied = {reason for party in case.parties for reason in candidate.barred.get(party, ())}
    for reason, detail in TIED.items():
        if reason in tied:
            yield reason, detail
    if candidate.manager_id in case.declined:
        yield ManagerObstacle.DECLARED_CONFLICT, "the manager has declared a conflict in this matter"
    if candidate.person_id in case.authors:
        yield ManagerObstacle.AUTHOR, "the manager wrote in the listing"
    elif folded(candidate.name) in {folded(name) for name in case.contributors}:
        yield ManagerObstacle.AUTHOR, "a contributor of the listing bears the manager's name"
    yield from standing_obstacles(candidate)


def standing_obstacles(candidate: Candidate) -> Iterator[tuple[ManagerObstacle, str]]:
    """Those that keep the manager from anything new, whatever it is."""
    if candidate.credential is ManagerObstacle.NO_CREDENTIAL:
        yield candidate.credential, "no credential of the manager is in force"
    elif candidate.credential is not None:
        yield candidate.credential, "the operator has verified no credential of the manager that is in force"
    if not candidate.available:
        yield ManagerObstacle.UNAVAILABLE, "the manager takes no assignments now"
    if candidate.load >= candidate.capacity:
        detail = f"the manager carries {candidate.load} of {candidate.capacity} assignments"
        yield ManagerObstacle.AT_CAPACITY, detail


FIELDS, LANGUAGES, LOAD, RECORD = 0.5, 0.2, 0.15, 0.15
"""How much each part counts."""
_FINE_ENOUGH = 4
"""Characters of a code beyond which knowing it more closely counts no more: an IPC subclass, a GB/T 4754 division."""


def score(candidate: Candidate, case: Case, *, more: int = 0) -> list[ScorePart]:
    """How well a manager without obstacles fits, in parts that explain themselves (PD-3, 个人信息保护法 art. 24).

    `more` is how many others the same plan has given them.
    """
    fields, matched = _fields(candidate.fields, case.codes)
    shared = candidate.languages & case.languages
    spoken = len(shared) / len(case.languages) if case.languages else 0.0
    load = candidate.load + more
    closed = candidate.succeeded + candidate.without_deal
    counted = (
        f"{candidate.succeeded} of {closed} closed assignments led to a deal" if closed else "none closed yet"
    )
    return [
        _part("fields", fields, FIELDS, matched),
        _part(
            "languages",
            spoken,
            LANGUAGES,
            f"speaks {', '.join(sorted(shared))}" if shared else "none of the listing's languages",
        ),
        _part("load", free(candidate, load), LOAD, f"carries {load} of {candidate.capacity} assignments"),
        _part("record", record(candidate), RECORD, counted),
    ]


def _part(name: str, value: float, weight: float, because: str) -> ScorePart:
    return ScorePart.model_validate(
        {"part": name, "value": round(value, 3), "weight": weight, "because": because}
    )


def free(candidate: Candidate, load: int) -> float:
    """The share of the capacity that is left beside this load."""
    return 1 - load / candidate.capacity


def record(candidate: Candidate) -> float:
    """The share of closed assignments that led to a deal, with one success given to begin with: nobody starts at none."""
    return (candidate.succeeded + 1) / (candidate.succeeded + candidate.without_deal + 1)


def total(parts: Sequence[ScorePart]) -> float:
    return round(sum(part.value * part.weight for part in parts), 3)


def _fields(known: Codes, wanted: Codes) -> tuple[float, str]:
    """The best of the three classifications: the mean closeness over the listing's codes in it, and what matched."""
    best, because = 0.0, "no field in common"
    for scheme in SCHEMES:
        codes, prefixes = wanted.under(scheme), known.under(scheme)
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
