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
from market.managers.conflicts import RULES, TIED, Ownership, Ties, barred
from market.managers.fitting import (
    FIELDS,
    LANGUAGES,
    LOAD,
    RECORD,
    Candidate,
    Case,
    Codes,
    closeness,
    obstacles,
    plain_industry,
    score,
    total,
)
from market.managers.rules import (
    FINAL,
    FROM,
    OPEN,
    OUTCOMES,
    TO,
    Verb,
    awaited,
    credential_obstacle,
    effective_outcome,
    effective_status,
    first_overfull_day,
    next_status,
    outcome_of_deal,
    sides,
    tail_end,
    together,
)
from schemas.vocabulary import AssignmentOutcome, AssignmentStatus, ManagerObstacle, Represented

TODAY = date(2026, 3, 2)
OWNER, COMPANY, AGENCY, PERSON, AUTHOR, MANAGER = (UUID(int=number) for number in range(1, 7))

CASE = Case(
    parties=frozenset({OWNER, COMPANY}),
    authors=frozenset({AUTHOR}),
    contributors=frozenset({"王小明", "Wang Xiaoming"}),
    codes=Codes.of(["H01M 10/0562", "H01M 4/38"], ["E0203"], ["3841"]),
    languages=frozenset({"zh", "en"}),
)
FIT = Candidate(
    manager_id=MANAGER,
    person_id=PERSON,
    name="李四",
    fields=Codes.of(["H01M"], [], []),
    languages=frozenset({"zh"}),
    capacity=4,
    load=1,
)


def reasons(candidate: Candidate, case: Case = CASE) -> list[ManagerObstacle]:
    return [obstacle.reason for obstacle in obstacles(candidate, case)]


def tied(**ties: Any) -> dict[UUID, list[ManagerObstacle]]:
    return barred(Ties(**({"home": AGENCY} | ties)), Ownership())


def test_a_manager_without_any_tie_has_no_obstacle() -> None:
    assert obstacles(FIT, CASE) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"barred": tied(home=OWNER)}, ManagerObstacle.PARTY),
        ({"barred": tied(home=COMPANY)}, ManagerObstacle.PARTY),
        ({"barred": tied(own={AGENCY, OWNER})}, ManagerObstacle.MEMBER_OF_PARTY),
        ({"barred": tied(own={COMPANY})}, ManagerObstacle.MEMBER_OF_PARTY),
        ({"barred": tied(former={COMPANY})}, ManagerObstacle.FORMER_ORGANISATION),
        ({"barred": tied(partners={OWNER})}, ManagerObstacle.PRIOR_DEAL),
        (
            {"barred": barred(Ties(AGENCY), Ownership({AGENCY: {COMPANY}}))},
            ManagerObstacle.RELATED_ORGANISATION,
        ),
        ({"person_id": AUTHOR}, ManagerObstacle.AUTHOR),
        ({"name": "王 小明"}, ManagerObstacle.AUTHOR),
        ({"name": "wang xiaoming"}, ManagerObstacle.AUTHOR),
        ({"credential": ManagerObstacle.NO_CREDENTIAL}, ManagerObstacle.NO_CREDENTIAL),
        ({"credential": ManagerObstacle.UNVERIFIED}, ManagerObstacle.UNVERIFIED),
        ({"available": False}, ManagerObstacle.UNAVAILABLE),
        ({"load": 4}, ManagerObstacle.AT_CAPACITY),
        ({"load": 5}, ManagerObstacle.AT_CAPACITY),
    ],
)
def test_each_obstacle_is_found_with_its_rule(change: dict[str, Any], reason: ManagerObstacle) -> None:
    (found,) = obstacles(replace(FIT, **change), CASE)
    assert (found.reason, found.rule, found.source) == (reason, RULES[reason].id, RULES[reason].source)


def test_who_declined_for_a_conflict_is_kept_from_the_same_matter() -> None:
    case = replace(CASE, declined=frozenset({MANAGER}))
    assert reasons(FIT, case) == [ManagerObstacle.DECLARED_CONFLICT]


def test_every_obstacle_has_a_rule_and_every_tie_a_sentence() -> None:
    assert set(RULES) == set(ManagerObstacle)
    assert set(TIED) <= set(RULES)


def test_all_obstacles_are_named_at_once() -> None:
    everything = barred(
        Ties(OWNER, own={OWNER}, former={COMPANY}, partners={COMPANY}), Ownership({OWNER: {COMPANY}})
    )
    worst = replace(
        FIT,
        person_id=AUTHOR,
        barred=everything,
        credential=ManagerObstacle.UNVERIFIED,
        available=False,
        load=9,
    )
    found = reasons(worst, replace(CASE, declined=frozenset({MANAGER})))
    assert found == [word for word in ManagerObstacle if word is not ManagerObstacle.NO_CREDENTIAL]


EARLIER, LATER = date(2020, 1, 1), date(2030, 1, 1)


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ([], ManagerObstacle.NO_CREDENTIAL),
        ([(date(2026, 3, 1), True)], ManagerObstacle.NO_CREDENTIAL),
        ([(None, False)], ManagerObstacle.UNVERIFIED),
        ([(TODAY, False), (EARLIER, True)], ManagerObstacle.UNVERIFIED),
        ([(None, True)], None),
        ([(TODAY, True)], None),
        ([(EARLIER, True), (LATER, True)], None),
        ([(EARLIER, True), (LATER, False), (TODAY, True)], None),
    ],
)
def test_one_verified_credential_in_force_is_enough_also_on_its_last_day(
    held: list[tuple[date | None, bool]], expected: ManagerObstacle | None
) -> None:
    assert credential_obstacle(held, TODAY) is expected


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ([], None),
        ([(EARLIER, None, 100)], None),
        ([(EARLIER, None, 60), (TODAY, None, 40)], None),
        ([(EARLIER, None, 60), (TODAY, None, 41)], (TODAY, 101)),
        ([(EARLIER, date(2026, 3, 1), 100), (TODAY, LATER, 100)], None),
        ([(EARLIER, TODAY, 100), (TODAY, LATER, 1)], (TODAY, 101)),
        ([(TODAY, TODAY, 50), (TODAY, TODAY, 50), (LATER, None, 100), (LATER, None, 1)], (LATER, 101)),
    ],
)
def test_the_shares_of_joint_employments_come_to_a_hundred_on_no_day_more(
    terms: list[tuple[date, date | None, int]], expected: tuple[date, int] | None
) -> None:
    assert first_overfull_day(terms) == expected


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
    assert (parts["record"].value, parts["record"].because) == (1.0, "none closed yet")
    assert total(score(FIT, CASE)) == pytest.approx(0.5 + 0.1 + 0.15 * 0.75 + 0.15, abs=0.001)


def test_a_record_counts_deals_among_what_was_closed() -> None:
    known = replace(FIT, succeeded=1, without_deal=2)
    part = {part.part: part for part in score(known, CASE)}["record"]
    assert (part.value, part.because) == (0.5, "1 of 3 closed assignments led to a deal")


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
    assert sum((FIELDS, LANGUAGES, LOAD, RECORD)) == pytest.approx(1)


STATES = [*itertools.product(Verb, AssignmentStatus, (False, True))]


@pytest.mark.parametrize(("verb", "status", "ended"), STATES)
def test_every_verb_moves_from_its_states_while_what_is_carried_stands(
    verb: Verb, status: AssignmentStatus, ended: bool
) -> None:
    if status in FROM[verb] and not ended:
        assert next_status(verb, status, ended=ended) is TO.get(verb, status)
    else:
        with pytest.raises(WrongState):
            next_status(verb, status, ended=ended)


def test_every_state_is_final_or_has_a_way_out_and_closes_in_some_way() -> None:
    assert set(AssignmentStatus) == OPEN | FINAL
    assert set(OUTCOMES) == OPEN
    for status in OPEN:
        assert any(status in FROM[verb] and TO.get(verb, status) is not status for verb in Verb)
    for status in FINAL:
        assert not any(status in FROM[verb] for verb in Verb)


def test_what_ended_by_itself_closes_its_assignment_without_a_deal() -> None:
    for status in AssignmentStatus:
        assert effective_status(status, ended=False) is status
        gone = effective_status(status, ended=True)
        assert gone is (AssignmentStatus.CLOSED if status in OPEN else status)
        outcome = effective_outcome(None, status, ended=True)
        assert outcome is (AssignmentOutcome.NO_DEAL if status in OPEN else None)


@pytest.mark.parametrize("status", sorted(OPEN))
@pytest.mark.parametrize("completed", [True, False])
def test_a_deal_ends_its_assignment_in_a_way_that_its_state_allows(
    status: AssignmentStatus, completed: bool
) -> None:
    assert outcome_of_deal(status, completed=completed) in OUTCOMES[status]


def test_both_sides_are_acted_for_only_with_both_consents() -> None:
    owner, counterpart, both = Represented.OWNER, Represented.COUNTERPART, Represented.BOTH
    assert sides(both) == {owner, counterpart}
    assert awaited(owner, owner=True, counterpart=False) == []
    assert awaited(counterpart, owner=True, counterpart=False) == [counterpart]
    assert awaited(both, owner=True, counterpart=False) == [counterpart]
    assert awaited(both, owner=False, counterpart=False) == [counterpart, owner]
    assert awaited(both, owner=True, counterpart=True) == []
    assert together(owner, []) is owner
    assert together(owner, [owner]) is owner
    assert together(counterpart, [owner]) is both
    assert together(owner, [both]) is both


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
