"""The pure rules of an interest: its machine, its form, its reply clock, and which listing takes it."""

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import WrongState
from market.interests.rules import (
    FROM,
    OPEN,
    TO,
    Verb,
    is_exclusive,
    is_overdue,
    licence_kind,
    next_status,
    reply_clock,
    unmet,
    why_not_taken,
)
from schemas.interests import InterestForm
from schemas.vocabulary import InterestStatus, LicenceKind, ListingKind, ListingStatus, Mode
from tests.interests.forms import EXCLUSIVE, ORDINARY, SOLUTION

S = InterestStatus
ENDS = {S.AGREED, S.PASSED, S.DECLINED}
NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)


def form(**fields: Any) -> InterestForm:
    return InterestForm.model_validate(ORDINARY | fields)


def pointers(found: list[Any]) -> set[str]:
    return {condition.pointer for condition in found}


@pytest.mark.parametrize(("verb", "status"), [*itertools.product(Verb, InterestStatus)])
def test_every_verb_moves_from_its_states_alone(verb: Verb, status: InterestStatus) -> None:
    if status in FROM[verb]:
        assert next_status(verb, status) is TO[verb]
    else:
        with pytest.raises(WrongState, match=f"the interest is {status}"):
            next_status(verb, status)


@given(st.lists(st.sampled_from(Verb), max_size=12))
def test_no_walk_leaves_an_end_and_agreement_comes_after_acknowledgement(verbs: list[Verb]) -> None:
    status, seen = S.SUBMITTED, [S.SUBMITTED]
    for verb in verbs:
        try:
            status = next_status(verb, status)
        except WrongState:
            continue
        assert seen[-1] in OPEN
        seen.append(status)
    assert len([state for state in seen if state in ENDS]) <= 1
    if S.AGREED in seen:
        assert seen == [S.SUBMITTED, S.ACKNOWLEDGED, S.NEGOTIATING, S.AGREED]


@pytest.mark.parametrize(
    ("submitted", "due"),
    [
        # Two plain weeks.
        ("2026-03-02T12:00:00+08:00", "2026-03-17T00:00:00+08:00"),
        # Friday before the make-up Saturday of Spring Festival 2026: 14, 24, 25, 26, 27, 28 February, 2 to 5 March.
        ("2026-02-13T23:59:59+08:00", "2026-03-06T00:00:00+08:00"),
        # One second later it is the make-up Saturday, which is then not counted.
        ("2026-02-14T00:00:00+08:00", "2026-03-07T00:00:00+08:00"),
        # Into National Day 2025: 9, 10, 11 (make-up), 13 to 17, 20, 21 October.
        ("2025-09-30T09:00:00+08:00", "2025-10-22T00:00:00+08:00"),
    ],
)
def test_the_owner_has_ten_working_days_also_across_holidays(submitted: str, due: str) -> None:
    at = datetime.fromisoformat(submitted)
    end, inputs = reply_clock(at)
    assert end == datetime.fromisoformat(due)
    assert inputs["working_days"] == 10
    assert inputs["confirmed"] is True
    assert datetime.fromisoformat(inputs["submitted_at"]) == at


def test_a_clock_that_runs_into_a_year_without_decreed_holidays_says_so() -> None:
    assert reply_clock(datetime(2049, 12, 30, tzinfo=UTC))[1]["confirmed"] is False


def test_an_answer_at_the_end_instant_is_late() -> None:
    due = reply_clock(NOW)[0]
    just_before = due.replace(day=due.day - 1)
    assert not is_overdue(S.SUBMITTED, due, just_before)
    assert is_overdue(S.SUBMITTED, due, due)


@pytest.mark.parametrize("status", [status for status in S if status is not S.SUBMITTED])
def test_an_answered_or_ended_interest_is_never_overdue(status: InterestStatus) -> None:
    assert not is_overdue(status, NOW, NOW)


@pytest.mark.parametrize(
    ("mode", "stated", "kind"),
    [
        ("exclusive_licence", None, LicenceKind.EXCLUSIVE),
        ("sole_licence", None, LicenceKind.SOLE),
        ("ordinary_licence", None, LicenceKind.ORDINARY),
        ("open_licence", None, LicenceKind.ORDINARY),
        ("option", "exclusive", LicenceKind.EXCLUSIVE),
        ("option", None, None),
        ("transfer", None, None),
    ],
)
def test_the_mode_implies_the_licence_kind(mode: str, stated: str | None, kind: LicenceKind | None) -> None:
    assert licence_kind(form(mode=mode, licence_kind=stated)) is kind


@pytest.mark.parametrize(
    ("mode", "stated"),
    [
        ("exclusive_licence", "ordinary"),
        ("ordinary_licence", "exclusive"),
        ("sole_licence", "exclusive"),
        ("transfer", "exclusive"),
        ("equity", "ordinary"),
    ],
)
def test_a_licence_kind_that_the_mode_excludes_is_named(mode: str, stated: str) -> None:
    found = unmet(
        InterestForm.model_validate(EXCLUSIVE | {"mode": mode, "licence_kind": stated}),
        ListingKind.RESULT,
        [],
    )
    assert "/licence_kind" in pointers(found)


EXCLUSIVE_NEEDS = {
    "/field_of_use",
    "/territory",
    "/incorporation",
    "/representative",
    "/development_plan/time",
    "/development_plan/nature",
    "/development_plan/capital",
    "/development_plan/capability",
}


@pytest.mark.parametrize(
    "asked",
    [
        {"mode": "exclusive_licence"},
        {"mode": "sole_licence"},
        {"mode": "transfer"},
        {"mode": "option", "licence_kind": "exclusive"},
    ],
)
def test_an_exclusive_request_is_told_everything_that_it_lacks_at_once(asked: dict[str, str]) -> None:
    bare = form(**asked)
    assert is_exclusive(bare)
    found = unmet(bare, ListingKind.RESULT, [])
    assert pointers(found) == EXCLUSIVE_NEEDS
    assert {condition.rule for condition in found} == {"37-CFR-404.8"}
    assert unmet(InterestForm.model_validate(EXCLUSIVE | asked), ListingKind.RESULT, []) == []


@pytest.mark.parametrize("name", ["time", "nature", "capital", "capability"])
def test_each_part_of_the_development_plan_is_needed(name: str) -> None:
    plan = {key: value for key, value in EXCLUSIVE["development_plan"].items() if key != name}
    found = unmet(InterestForm.model_validate(EXCLUSIVE | {"development_plan": plan}), ListingKind.RESULT, [])
    assert pointers(found) == {f"/development_plan/{name}"}


def test_an_ordinary_licence_needs_no_plan() -> None:
    assert unmet(form(), ListingKind.RESULT, [Mode.ORDINARY_LICENCE]) == []


def test_the_mode_has_to_be_offered_where_the_listing_says_what_it_offers() -> None:
    assert pointers(unmet(form(), ListingKind.RESULT, [Mode.OPTION])) == {"/mode"}
    assert unmet(form(mode="sale"), ListingKind.PRODUCT, []) == []
    assert pointers(unmet(form(mode=None), ListingKind.PRODUCT, [])) == {"/mode"}


def test_an_opportunity_is_answered_with_a_solution_and_nothing_else_is() -> None:
    assert unmet(InterestForm.model_validate(SOLUTION), ListingKind.OPPORTUNITY, []) == []
    assert pointers(unmet(form(), ListingKind.OPPORTUNITY, [])) == {"/solution"}
    assert pointers(unmet(form(solution="A robot"), ListingKind.RESULT, [])) == {"/solution"}


OPEN_LISTINGS = (ListingStatus.PUBLISHED, ListingStatus.STALE)


@pytest.mark.parametrize("status", OPEN_LISTINGS)
@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"deadline": "2026-03-02T12:00:00+08:00"}, "were due by"),  # the instant itself
        ({"valid_until": "2026-03-01"}, "ended on 2026-03-01"),
        ({"ip_rights": [{"expires_on": "2026-03-01"}, {"expires_on": "2020-01-01"}]}, "expired"),
    ],
)
def test_an_expired_listing_takes_no_interest(
    status: ListingStatus, document: dict[str, Any], words: str
) -> None:
    assert words in (why_not_taken(status, document, form(), NOW) or "")


@pytest.mark.parametrize("status", OPEN_LISTINGS)
@pytest.mark.parametrize(
    "document",
    [
        {},
        {"deadline": "2026-03-02T12:00:01+08:00"},
        {"valid_until": "2026-03-02"},
        {"ip_rights": [{"expires_on": "2026-03-01"}, {}]},
    ],
)
def test_a_listing_in_time_takes_it(status: ListingStatus, document: dict[str, Any]) -> None:
    assert why_not_taken(status, document, form(), NOW) is None


def test_an_open_exclusive_deal_keeps_out_exclusive_requests_alone() -> None:
    exclusive = InterestForm.model_validate(EXCLUSIVE)
    assert "exclusive deal" in (why_not_taken(ListingStatus.UNDER_DEAL, {}, exclusive, NOW) or "")
    assert why_not_taken(ListingStatus.UNDER_DEAL, {}, form(), NOW) is None
    assert "closed" in (why_not_taken(ListingStatus.CLOSED, {}, form(), NOW) or "")
