"""The best assignment of many open items to many managers at once, with the reason of each choice; no database.

As many items as can be carried are, and of all ways to do that the one with the highest sum of scores is taken: a
linear sum assignment over the free places of every manager. It proposes and decides nothing (PD-3).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from market.managers import fitting
from market.managers.fitting import (
    SCHEMES,
    Candidate,
    Case,
    closeness,
    folded,
    score,
    standing_obstacles,
    total,
)
from schemas.managers import ScorePart
from schemas.vocabulary import ManagerObstacle

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.int8]

_WORDS = list(ManagerObstacle)


@dataclass(frozen=True)
class Item:
    """Something open that looks for a manager."""

    id: UUID
    case: Case


@dataclass(frozen=True)
class Placed:
    """An item and who is proposed for it."""

    item: UUID
    manager: UUID
    score: float
    parts: list[ScorePart]


@dataclass(frozen=True)
class Unplaced:
    """An item that nobody is proposed for, and what keeps how many managers from it."""

    item: UUID
    because: str
    obstacles: Mapping[ManagerObstacle, int]
    without_field: int
    """Managers without a conflict who know none of its fields."""
    taken: int
    """Managers who could carry it and whose places all go to other items."""


@dataclass(frozen=True)
class Plan:
    placed: list[Placed]
    unplaced: list[Unplaced]


def plan(items: Sequence[Item], managers: Sequence[Candidate]) -> Plan:
    """Who is best asked for which item. Each manager gets as many as their capacity leaves; each item at most one."""
    items = sorted(items, key=lambda item: item.id)
    managers = sorted(managers, key=lambda manager: manager.manager_id)
    if not items:
        return Plan([], [])
    words = _obstacles(items, managers)
    fields = _fields(items, managers)
    able = (words == 0) & (fields > 0)
    worth = (
        fitting.FIELDS * fields
        + fitting.LANGUAGES * _languages(items, managers)
        + fitting.RECORD * np.array([fitting.record(manager) for manager in managers])
    )
    chosen = _solve(able, worth, managers)
    placed = _explained(items, managers, chosen)
    unplaced = [_why(item, words[row], able[row]) for row, item in enumerate(items) if row not in chosen]
    return Plan(placed, unplaced)


def _solve(able: npt.NDArray[np.bool_], worth: Floats, managers: Sequence[Candidate]) -> dict[int, int]:
    """The column of the manager for each row that gets one.

    A manager is as many columns as they have free places, each worth a little less than the one before, since it makes
    them fuller. Any placing counts for more than every score together; what may not be counts nothing.
    """
    rows = len(able)
    places = [
        (column, fitting.LOAD * fitting.free(manager, manager.load + more))
        for column, manager in enumerate(managers)
        for more in range(min(manager.capacity - manager.load, rows) if able[:, column].any() else 0)
    ]
    if not places:
        return {}
    owners = np.array([column for column, _ in places])
    left = np.array([worth_of_place for _, worth_of_place in places])
    gain = np.where(able[:, owners], rows + 1.0 + worth[:, owners] + left, 0.0)
    found = zip(*linear_sum_assignment(gain, maximize=True), strict=True)
    return {int(row): int(owners[place]) for row, place in found if gain[row, place] > 0}


def _explained(
    items: Sequence[Item], managers: Sequence[Candidate], chosen: Mapping[int, int]
) -> list[Placed]:
    given: dict[int, int] = {}
    placed = []
    for row, column in sorted(chosen.items()):
        more = given.get(column, 0)
        given[column] = more + 1
        parts = score(managers[column], items[row].case, more=more)
        placed.append(Placed(items[row].id, managers[column].manager_id, total(parts), parts))
    return placed


def _obstacles(items: Sequence[Item], managers: Sequence[Candidate]) -> Words:
    """The number of the first obstacle of each pair, from 1 in the order of the vocabulary; 0 where there is none."""
    words = np.zeros((len(items), len(managers)), dtype=np.int8)
    by_party: dict[UUID, list[int]] = {}
    by_author: dict[UUID, list[int]] = {}
    by_name: dict[str, list[int]] = {}
    by_declined: dict[UUID, list[int]] = {}
    for row, item in enumerate(items):
        for rows, keys in (
            (by_party, item.case.parties),
            (by_author, item.case.authors),
            (by_declined, item.case.declined),
        ):
            for key in keys:
                rows.setdefault(key, []).append(row)
        for name in {folded(contributor) for contributor in item.case.contributors}:
            by_name.setdefault(name, []).append(row)
    for column, manager in enumerate(managers):
        for reason, _ in standing_obstacles(manager):
            words[:, column] = _WORDS.index(reason) + 1
            break
        author = _WORDS.index(ManagerObstacle.AUTHOR) + 1
        words[by_author.get(manager.person_id, []), column] = author
        words[by_name.get(folded(manager.name), []), column] = author
        declared = _WORDS.index(ManagerObstacle.DECLARED_CONFLICT) + 1
        words[by_declined.get(manager.manager_id, []), column] = declared
        for party in by_party.keys() & manager.barred.keys():
            words[by_party[party], column] = min(_WORDS.index(reason) for reason in manager.barred[party]) + 1
    return words


def _fields(items: Sequence[Item], managers: Sequence[Candidate]) -> Floats:
    """The same as the score's part, for all pairs: every code is looked up once, among the prefixes that can cover it."""
    best: Floats = np.zeros((len(items), len(managers)))
    for scheme in SCHEMES:
        knowing: dict[str, list[int]] = {}
        for column, manager in enumerate(managers):
            for prefix in manager.fields.under(scheme):
                knowing.setdefault(prefix, []).append(column)
        begun: dict[str, set[str]] = {}
        for prefix in knowing:
            for length in range(1, len(prefix) + 1):
                begun.setdefault(prefix[:length], set()).add(prefix)
        known: dict[str, Floats] = {}
        for row, item in enumerate(items):
            codes = item.case.codes.under(scheme)
            for code in codes:
                if code not in known:
                    known[code] = _known(code, knowing, begun, len(managers))
            if codes:
                best[row] = np.maximum(best[row], np.mean([known[code] for code in codes], axis=0))
    return best


def _known(
    code: str, knowing: Mapping[str, list[int]], begun: Mapping[str, set[str]], managers: int
) -> Floats:
    near: Floats = np.zeros(managers)
    prefixes = {code[:length] for length in range(1, len(code) + 1)} & knowing.keys()
    for prefix in prefixes | begun.get(code, set()):
        columns = knowing[prefix]
        near[columns] = np.maximum(near[columns], closeness(code, prefix))
    return near


def _languages(items: Sequence[Item], managers: Sequence[Candidate]) -> Floats:
    spoken: dict[frozenset[str], Floats] = {}
    for item in items:
        wanted = frozenset(item.case.languages)
        if wanted not in spoken:
            shares = [
                len(wanted & manager.languages) / len(wanted) if wanted else 0.0 for manager in managers
            ]
            spoken[wanted] = np.array(shares)
    return np.array([spoken[frozenset(item.case.languages)] for item in items])


def _why(item: Item, words: Words, able: npt.NDArray[np.bool_]) -> Unplaced:
    counts = np.bincount(words, minlength=len(_WORDS) + 1)
    obstacles = {word: int(counts[number]) for number, word in enumerate(_WORDS, 1) if counts[number]}
    taken = int(able.sum())
    without_field = int(counts[0]) - taken
    if taken:
        because = f"the places of all {taken} managers who could carry it go to other items"
    elif without_field:
        because = f"none of the {without_field} managers who may carry it knows one of its fields"
    elif obstacles:
        because = "every manager is kept from it: " + ", ".join(
            f"{word.value.replace('_', ' ')} {count}" for word, count in obstacles.items()
        )
    else:
        because = "there is no manager"
    return Unplaced(item.id, because, obstacles, without_field, taken)
