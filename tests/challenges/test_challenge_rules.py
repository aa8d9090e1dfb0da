"""The pure rules of a challenge: every transition, the clock, what a plan must show, conflicts and gates."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from market.challenges import conflicts, planning, rules
from market.challenges.conflicts import Facts, Web
from market.challenges.gates import unfit
from market.challenges.rules import Verb
from market.errors import WrongState
from market.trading.planning import Periods
from schemas.challenges import ChallengePlan, TeamDecision
from schemas.vocabulary import ChallengeStatus
from tests.challenges.stage import a_plan, a_race, money

S = ChallengeStatus
NOW = datetime.now(UTC)
TICK = timedelta(microseconds=1)

ROAD = [
    (Verb.PUBLISH, S.PUBLISHED),
    (Verb.CLOSE_QUESTIONS, S.QUESTIONS_CLOSED),
    (Verb.OPEN_SUBMISSIONS, S.SUBMISSIONS_OPEN),
    (Verb.CLOSE, S.CLOSED),
    (Verb.BEGIN_REVIEW, S.REVIEWING),
    (Verb.SHORTLIST, S.SHORTLISTED),
    (Verb.AWARD, S.AWARDED),
    (Verb.START, S.RUNNING),
    (Verb.COMPLETE, S.COMPLETED),
]


@pytest.mark.parametrize(("verb", "status"), [*itertools.product(Verb, ChallengeStatus)])
def test_a_verb_is_possible_from_its_states_and_from_no_other(verb: Verb, status: S) -> None:
    if status in rules.FROM[verb]:
        assert rules.moved_by(verb, status) is rules.TO.get(verb, status)
        return
    with pytest.raises(WrongState) as refused:
        rules.moved_by(verb, status)
    assert all(able in refused.value.detail for able in rules.FROM[verb])


def test_the_main_road_leads_from_the_draft_to_the_acceptance() -> None:
    status = S.DRAFT
    for verb, following in ROAD:
        status = rules.moved_by(verb, status)
        assert status is following


@pytest.mark.parametrize("status", sorted(rules.ENDED))
def test_nothing_leads_out_of_an_end(status: S) -> None:
    assert not [verb for verb in Verb if status in rules.FROM[verb]]


@pytest.mark.parametrize("status", sorted(set(S) - rules.ENDED))
def test_whatever_has_not_ended_can_be_called_off(status: S) -> None:
    assert rules.moved_by(Verb.CANCEL, status) is S.CANCELLED


def test_every_state_is_reached_from_the_draft() -> None:
    reached, before = {S.DRAFT}, set[S]()
    while reached != before:
        before = set(reached)
        reached |= {rules.TO[verb] for verb in rules.TO if rules.FROM[verb] & before}
    assert reached == set(S)


@pytest.mark.parametrize("off", [-TICK, timedelta(0), TICK])
@pytest.mark.parametrize("submitted", [True, False])
def test_at_the_very_instant_a_period_has_ended(off: timedelta, submitted: bool) -> None:
    ends = [NOW, NOW + timedelta(hours=1), NOW + timedelta(hours=2)]
    wanted = [
        Verb.CLOSE_QUESTIONS,
        Verb.OPEN_SUBMISSIONS,
        Verb.CLOSE if submitted else Verb.EXPIRE,
    ]
    for status, end, verb in zip(
        (S.PUBLISHED, S.QUESTIONS_CLOSED, S.SUBMISSIONS_OPEN), ends, wanted, strict=True
    ):
        found = rules.due(status, *ends, submitted=submitted, now=end + off)
        assert found is (verb if off >= timedelta(0) else None)


@pytest.mark.parametrize("status", sorted(set(S) - {S.PUBLISHED, S.QUESTIONS_CLOSED, S.SUBMISSIONS_OPEN}))
def test_the_clock_asks_nothing_of_the_other_states(status: S) -> None:
    assert rules.due(status, NOW, NOW, NOW, submitted=True, now=NOW + timedelta(days=999)) is None


# What a plan must show


def planned(**fields: Any) -> ChallengePlan:
    opening = {"officers": [str(UUID(int=1)), str(UUID(int=2))], "threshold": 2}
    return ChallengePlan.model_validate(a_plan(opening=opening) | fields)


def pointers(plan: ChallengePlan, periods: Periods = Periods.SHORT) -> list[tuple[str, str | None]]:
    return [(each.pointer, each.rule) for each in planning.unmet(plan, [], periods, NOW)]


def test_a_whole_plan_lacks_nothing() -> None:
    assert pointers(planned()) == []
    assert pointers(planned(**a_race())) == []


def hours(number: float) -> str:
    return (NOW + timedelta(hours=number)).isoformat()


RACE = a_race()["stages"]
LACKING: list[tuple[dict[str, Any], str, str | None]] = [
    ({"rubric": []}, "/rubric", None),
    ({"award_rule": None}, "/award_rule", None),
    ({"ip_terms": None}, "/ip_terms", None),
    ({"opening": None}, "/opening", None),
    ({"opening": {"officers": [str(UUID(int=1))] * 2, "threshold": 2}}, "/opening/officers/1", None),
    ({"opening": {"officers": [str(UUID(int=1))], "threshold": 2}}, "/opening/threshold", None),
    ({"panel_size": 2}, "/panel_size", "CH-4"),
    ({"awards": 6}, "/shortlist", None),
    ({"questions_until": hours(-1)}, "/questions_until", None),
    ({"submissions_from": hours(0.5)}, "/submissions_from", None),
    ({"submissions_until": hours(1.5)}, "/submissions_until", None),
    ({"stages": RACE}, "/stages", None),
    (a_race(stages=[]), "/stages", "CH-7"),
    (a_race(budget=money("799999.99")), "/budget", None),
    (a_race(awards=1), "/stages/0/keep", "CH-7"),
    (a_race(stages=[RACE[0] | {"until": hours(26)}, RACE[1]]), "/stages/0/until", None),
    (a_race(stages=[RACE[0], RACE[1] | {"until": RACE[0]["until"]}]), "/stages/1/until", None),
    (a_race(stages=[RACE[0], RACE[1] | {"keep": 3}]), "/stages/1/keep", "CH-7"),
]


@pytest.mark.parametrize(
    ("fields", "pointer", "rule"), LACKING, ids=[f"{n} {p}" for n, (_, p, _) in enumerate(LACKING)]
)
def test_what_a_plan_lacks_is_named(fields: dict[str, Any], pointer: str, rule: str | None) -> None:
    assert (pointer, rule) in pointers(planned(**fields))


def test_all_that_is_missing_is_named_at_once() -> None:
    plan = planned(rubric=[], award_rule=None, ip_terms=None, panel_size=1)
    assert len(pointers(plan)) == 4


@pytest.mark.parametrize(("days", "unmet"), [(timedelta(days=14) - TICK, True), (timedelta(days=14), False)])
def test_fourteen_days_lie_before_the_deadline_and_in_a_demonstration_fewer(
    days: timedelta, unmet: bool
) -> None:
    plan = planned(submissions_until=(NOW + days).isoformat())
    assert (("/submissions_until", "CH-5") in pointers(plan, Periods.LEGAL)) is unmet
    assert pointers(plan) == []


def test_amounts_are_in_one_currency_and_more_than_nothing() -> None:
    plan = planned(**a_race(budget=money("0.00", "USD")))
    assert {each.pointer for each in planning.malformed(plan)} == {
        "/budget/amount",
        "/stages/0/budget/currency",
        "/stages/1/budget/currency",
    }


def test_the_publicity_lasts_five_working_days_and_is_marked_as_unconfirmed() -> None:
    monday = datetime(2026, 3, 2, 2, tzinfo=UTC)
    assert planning.publicity_until(monday, Periods.LEGAL) == datetime(2026, 3, 9, 16, tzinfo=UTC)
    assert planning.publicity_until(monday, Periods.SHORT) == monday
    assert not planning.PUBLICITY.confirmed


# Conflicts


def ids(*numbers: int) -> frozenset[UUID]:
    return frozenset(UUID(int=number) for number in numbers)


SPONSOR, ENTRANT, MOTHER, GOVERNMENT, HALL, STRANGER, PERSON = (UUID(int=number) for number in range(1, 8))


def facts(above: dict[UUID, frozenset[UUID]] | None = None, **fields: Any) -> Facts:
    web = Web(above or {}, governments=frozenset({GOVERNMENT}), operators=frozenset({HALL}))
    return Facts(SPONSOR, web, **fields)


ABOVE: list[tuple[dict[UUID, frozenset[UUID]], str | None]] = [
    ({}, None),
    ({ENTRANT: frozenset({SPONSOR})}, "is controlled by"),
    ({SPONSOR: frozenset({ENTRANT})}, "controls"),
    ({SPONSOR: frozenset({MOTHER}), ENTRANT: frozenset({MOTHER})}, "has the same controller as"),
    ({SPONSOR: frozenset({GOVERNMENT}), ENTRANT: frozenset({GOVERNMENT})}, None),
]


@pytest.mark.parametrize(("above", "how"), ABOVE)
def test_whom_the_sponsor_is_related_to_does_not_submit(
    above: dict[UUID, frozenset[UUID]], how: str | None
) -> None:
    found = conflicts.of_entrant(facts(above), ENTRANT)
    assert [(each.rule, how in each.detail) for each in found] == ([("CH-1", True)] if how else [])


ENTRANTS: list[tuple[str, Facts, UUID, frozenset[UUID]]] = [
    ("is the sponsor", facts(), SPONSOR, frozenset({SPONSOR})),
    ("member of the sponsor", facts(), ENTRANT, frozenset({ENTRANT, SPONSOR})),
    ("platform", facts(), HALL, frozenset({HALL})),
    ("platform", facts(), ENTRANT, frozenset({HALL})),
    ("took part", facts(prepared_by=frozenset({PERSON})), ENTRANT, frozenset()),
    ("technology manager", facts(managers=frozenset({PERSON})), ENTRANT, frozenset()),
    ("technology manager", facts(managers=frozenset({ENTRANT})), ENTRANT, frozenset()),
    ("opens the sealed", facts(officers={PERSON: frozenset()}), ENTRANT, frozenset()),
    ("opens the sealed", facts(officers={STRANGER: frozenset({ENTRANT})}), ENTRANT, frozenset()),
]


@pytest.mark.parametrize(("why", "known", "organisation", "member_of"), ENTRANTS)
def test_whoever_is_on_a_side_does_not_submit(
    why: str, known: Facts, organisation: UUID, member_of: frozenset[UUID]
) -> None:
    (found,) = conflicts.of_entrant(known, organisation, PERSON, member_of)
    assert found.rule == "CH-1"
    assert why in found.detail


REVIEWERS: list[tuple[str, Facts, frozenset[UUID]]] = [
    ("is the sponsor", facts(), frozenset({SPONSOR})),
    ("controlled by the sponsor", facts({STRANGER: frozenset({SPONSOR})}), frozenset({STRANGER})),
    ("controls the sponsor", facts({SPONSOR: frozenset({STRANGER})}), frozenset({STRANGER})),
    ("is an entrant", facts(entrants=frozenset({ENTRANT})), frozenset({ENTRANT})),
    (
        "controls an entrant",
        facts({ENTRANT: frozenset({STRANGER})}, entrants=frozenset({ENTRANT})),
        frozenset({STRANGER}),
    ),
    (
        "same controller as an entrant",
        facts({ENTRANT: frozenset({MOTHER}), STRANGER: frozenset({MOTHER})}, entrants=frozenset({ENTRANT})),
        frozenset({STRANGER}),
    ),
    ("has submitted", facts(submitters=frozenset({PERSON})), frozenset()),
    ("platform", facts(), frozenset({HALL})),
    ("took part", facts(prepared_by=frozenset({PERSON})), frozenset()),
    ("technology manager", facts(managers=frozenset({PERSON})), frozenset()),
    ("technology manager", facts(managers=frozenset({STRANGER})), frozenset({STRANGER})),
]


@pytest.mark.parametrize(("why", "known", "member_of"), REVIEWERS)
def test_whoever_has_a_conflict_does_not_review(why: str, known: Facts, member_of: frozenset[UUID]) -> None:
    (found,) = conflicts.of_reviewer(known, PERSON, member_of)
    assert found.rule == "CH-2"
    assert why in found.detail


def test_a_stranger_submits_and_reviews() -> None:
    known = facts(entrants=frozenset({ENTRANT}), officers={STRANGER: frozenset()})
    assert conflicts.of_entrant(known, ENTRANT, PERSON, {ENTRANT}) == []
    assert conflicts.of_reviewer(known, PERSON, {STRANGER}) == []


# Gates


def decided(**decisions: str) -> list[TeamDecision]:
    return [
        TeamDecision.model_validate({"team": team, "decision": decision, "reason": "as shown"})
        for team, decision in decisions.items()
    ]


GATES: list[tuple[dict[str, str], set[str], list[str]]] = [
    ({"AAAA": "pass", "BBBB": "stop"}, {"AAAA"}, []),
    ({"AAAA": "stop", "BBBB": "stop"}, set(), []),
    ({"AAAA": "pass", "BBBB": "stop"}, set(), ["/decisions/0/decision"]),
    ({"AAAA": "pass", "BBBB": "pass"}, {"AAAA", "BBBB"}, ["/decisions"]),
    ({"AAAA": "pass"}, {"AAAA"}, ["/decisions"]),
    ({"AAAA": "pass", "BBBB": "stop", "CCCC": "stop"}, {"AAAA"}, ["/decisions/2/team"]),
]


@pytest.mark.parametrize(("decisions", "proven", "wrong"), GATES)
def test_a_gate_decides_on_every_team_with_evidence_and_keeps_no_more_than_the_rules(
    decisions: dict[str, str], proven: set[str], wrong: list[str]
) -> None:
    found = unfit(decided(**decisions), {"AAAA", "BBBB"}, proven, keep=1)
    assert [each.pointer for each in found] == wrong


def test_no_gate_names_a_team_twice() -> None:
    twice = decided(AAAA="stop") * 2
    assert [each.pointer for each in unfit(twice, {"AAAA"}, set(), keep=1)] == ["/decisions/1/team"]
