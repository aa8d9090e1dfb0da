"""The pure rules of technology managers: the machine, conflicts, scores and the tail of an introduction."""

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import WrongState
from market.managers.rules import (
    ENDED_INTERESTS,
    FIELDS,
    FROM,
    LANGUAGES,
    LOAD,
    OPEN,
    TO,
    Candidate,
    Case,
    Codes,
    Verb,
    closeness,
    effective_status,
    next_status,
    obstacles,
    plain_industry,
    score,
    tail_end,
    total,
)
from schemas.vocabulary import AssignmentStatus, InterestStatus, ManagerObstacle

TODAY = date(2026, 3, 2)
OWNER, COMPANY, AGENCY, PERSON, AUTHOR = (UUID(int=number) for number in range(1, 6))

CASE = Case(
    parties=frozenset({OWNER, COMPANY}),
    authors=frozenset({AUTHOR}),
    contributors=frozenset({"王小明", "Wang Xiaoming"}),
    codes=Codes.of(["H01M 10/0562", "H01M 4/38"], ["E0203"], ["3841"]),
    languages=frozenset({"zh", "en"}),
)
FIT = Candidate(
    person_id=PERSON,
    name="李四",
    organisation_id=AGENCY,
    memberships=frozenset({AGENCY}),
    fields=Codes.of(["H01M"], [], []),
    languages=frozenset({"zh"}),
    credentials_until=(date(2030, 1, 1),),
    capacity=4,
    load=1,
    available=True,
)


def reasons(candidate: Candidate, case: Case = CASE) -> list[ManagerObstacle]:
    return [obstacle.reason for obstacle in obstacles(candidate, case, TODAY)]


def test_a_manager_without_any_tie_has_no_obstacle() -> None:
    assert obstacles(FIT, CASE, TODAY) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"organisation_id": OWNER}, ManagerObstacle.PARTY),
        ({"organisation_id": COMPANY}, ManagerObstacle.PARTY),
        ({"memberships": frozenset({AGENCY, OWNER})}, ManagerObstacle.MEMBER_OF_PARTY),
        ({"memberships": frozenset({AGENCY, COMPANY})}, ManagerObstacle.MEMBER_OF_PARTY),
        ({"person_id": AUTHOR}, ManagerObstacle.AUTHOR),
        ({"name": "王 小明"}, ManagerObstacle.AUTHOR),
        ({"name": "wang xiaoming"}, ManagerObstacle.AUTHOR),
        ({"credentials_until": ()}, ManagerObstacle.NO_CREDENTIAL),
        ({"credentials_until": (date(2026, 3, 1),)}, ManagerObstacle.NO_CREDENTIAL),
        ({"available": False}, ManagerObstacle.UNAVAILABLE),
        ({"load": 4}, ManagerObstacle.AT_CAPACITY),
        ({"load": 5}, ManagerObstacle.AT_CAPACITY),
    ],
)
def test_each_obstacle_is_found(change: dict[str, Any], reason: ManagerObstacle) -> None:
    assert reasons(replace(FIT, **change)) == [reason]


def test_all_obstacles_are_named_at_once() -> None:
    worst = replace(
        FIT,
        person_id=AUTHOR,
        organisation_id=OWNER,
        memberships=frozenset({OWNER}),
        credentials_until=(),
        available=False,
        load=9,
    )
    assert reasons(worst) == list(ManagerObstacle)


@pytest.mark.parametrize("until", [(None,), (date(2026, 3, 2),), (date(2020, 1, 1), date(2026, 3, 2))])
def test_one_credential_in_force_is_enough_also_on_its_last_day(until: tuple[date | None, ...]) -> None:
    assert reasons(replace(FIT, credentials_until=until)) == []


@pytest.mark.parametrize(
    ("code", "prefix", "expected"),
    [
        ("H01M10/0562", "H01M", 1.0),
        ("H01M10/0562", "H01M10/05", 1.0),
        ("H01M10/0562", "H01", 0.75),
        ("H01M10/0562", "H", 0.25),
        ("H01M10/0562", "H02", 0.0),
        ("H01M", "H01M10/0562", 1.0),
        ("E02", "E02", 1.0),
        ("E02", "E0203", 1.0),
        ("E02", "E", 1 / 3),
        ("E02", "F", 0.0),
    ],
)
def test_a_field_covers_a_code_the_closer_the_longer_it_is(code: str, prefix: str, expected: float) -> None:
    assert closeness(code, prefix) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("code", "plain"),
    [
        ("01", "A01"),
        ("05", "A05"),
        ("06", "B06"),
        ("13", "C13"),
        ("3841", "C3841"),
        ("43", "C43"),
        ("44", "D44"),
        ("6510", "I6510"),
        ("73", "M73"),
        ("97", "T97"),
        ("C", "C"),
        ("C38", "C38"),
    ],
)
def test_an_industry_code_gets_the_letter_of_its_section(code: str, plain: str) -> None:
    assert plain_industry(code) == plain


def test_a_score_explains_itself() -> None:
    parts = {part.part: part for part in score(FIT, CASE)}
    assert parts["fields"].value == 1.0
    assert parts["fields"].because == "ipc: H01M10/0562 by H01M, H01M4/38 by H01M"
    assert parts["languages"].value == 0.5
    assert parts["languages"].because == "speaks zh"
    assert parts["load"].value == 0.75
    assert parts["load"].because == "carries 1 of 4 assignments"
    assert total(score(FIT, CASE)) == pytest.approx(0.6 + 0.1 + 0.15)


def test_the_best_classification_counts() -> None:
    by_discipline = replace(FIT, fields=Codes.of(["G06F"], ["E0203"], ["A"]))
    part = score(by_discipline, CASE)[0]
    assert (part.value, part.because) == (1.0, "discipline: E0203 by E0203")
    elsewhere = replace(FIT, fields=Codes.of(["G06F"], [], []))
    assert score(elsewhere, CASE)[0].because == "no field in common"


CODES = st.lists(st.sampled_from(["H", "H01", "H01M", "H01M10/05", "G06F", "A61K 31/00"]), max_size=4)


@given(CODES, CODES, st.integers(0, 4), st.sets(st.sampled_from(["zh", "en", "ja"])))
def test_a_score_lies_between_nothing_and_everything(
    known: list[str], wanted: list[str], load: int, languages: set[str]
) -> None:
    candidate = replace(FIT, fields=Codes.of(known, [], []), load=load, languages=frozenset(languages))
    case = replace(CASE, codes=Codes.of(wanted, [], []))
    parts = score(candidate, case)
    assert all(0 <= part.value <= 1 for part in parts)
    assert 0 <= total(parts) <= 1
    assert sum((FIELDS, LANGUAGES, LOAD)) == pytest.approx(1)


STATES = [*itertools.product(Verb, AssignmentStatus, InterestStatus)]


@pytest.mark.parametrize(("verb", "status", "interest"), STATES)
def test_every_verb_moves_from_its_states_while_the_interest_stands(
    verb: Verb, status: AssignmentStatus, interest: InterestStatus
) -> None:
    if status in FROM[verb] and interest not in ENDED_INTERESTS:
        assert next_status(verb, status, interest) is TO[verb]
    else:
        with pytest.raises(WrongState):
            next_status(verb, status, interest)


def test_an_interest_that_ended_closes_its_assignment_and_one_that_led_to_a_deal_does_not() -> None:
    for status in OPEN:
        for interest in InterestStatus:
            ended = interest in (InterestStatus.PASSED, InterestStatus.DECLINED)
            expected = AssignmentStatus.CLOSED if ended else status
            assert effective_status(status, interest) is expected
    assert effective_status(AssignmentStatus.DECLINED, InterestStatus.PASSED) is AssignmentStatus.DECLINED


@pytest.mark.parametrize(
    ("made", "last"),
    [
        ("2026-03-02T12:00:00+08:00", "2027-03-02"),
        ("2026-03-02T23:59:59+08:00", "2027-03-02"),
        ("2026-12-31T12:00:00+08:00", "2027-12-31"),
        ("2028-02-29T12:00:00+08:00", "2029-02-28"),
        ("2026-03-02T16:00:00+00:00", "2027-03-03"),  # 3 March in Shanghai
    ],
)
def test_an_introduction_stands_until_the_same_day_a_year_on_is_over(made: str, last: str) -> None:
    end = tail_end(datetime.fromisoformat(made))
    assert end.tzinfo is UTC
    assert end == datetime.fromisoformat(f"{last}T16:00:00+00:00")
