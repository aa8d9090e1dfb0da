"""What an opportunity needs before it is reviewed and published: each condition by itself, and all at once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from market.listings.rules import Verb, unmet
from market.opportunities.rules import SHORTEST_NOTICE, unmet_for_publication, unmet_for_submission
from schemas.listings import OpportunityContent
from tests.makers import OPPORTUNITY

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)


def opportunity(**fields: Any) -> OpportunityContent:
    return OpportunityContent.model_validate(OPPORTUNITY | fields)


LACKING: list[tuple[dict[str, Any], str]] = [
    ({"problem": None}, "/problem"),
    ({"award_rule": None}, "/award_rule"),
    ({"ip_terms": None}, "/ip_terms"),
    ({"deadline": None}, "/deadline"),
    ({"owner_unit": None}, "/owner_unit"),
    ({"site": None}, "/site"),
    ({"data_offered": None}, "/data_offered"),
    ({"kpis": [], "baseline": {"en": "5 %"}}, "/kpis"),
    ({"kpis": [{"name": {"en": "a"}, "target": "1"}]}, "/baseline"),
    ({"budget": None}, "/budget"),
    ({"budget_none": True}, "/budget_none"),
    ({"deadline": "2099-12-31T17:00:00"}, "/deadline"),
    ({"questions_until": "2099-01-01T00:00:00"}, "/questions_until"),
    ({"questions_until": OPPORTUNITY["deadline"]}, "/questions_until"),
]


def test_a_complete_opportunity_lacks_nothing() -> None:
    assert unmet_for_submission(opportunity(), NOW) == []
    assert unmet_for_publication(opportunity(), NOW) == []


@pytest.mark.parametrize(("fields", "pointer"), LACKING, ids=[f"{p}-{i}" for i, (_, p) in enumerate(LACKING)])
def test_each_missing_condition_is_named(fields: dict[str, Any], pointer: str) -> None:
    (condition,) = unmet_for_submission(opportunity(**fields), NOW)
    assert condition.pointer == pointer
    assert condition.detail


def test_all_missing_conditions_are_named_at_once() -> None:
    bare = OpportunityContent.model_validate(
        {"kind": "opportunity", "opportunity_type": "scenario", "title": {"zh-Hans": "空白"}}
    )
    assert {condition.pointer for condition in unmet_for_submission(bare, NOW)} == {
        "/problem",
        "/award_rule",
        "/ip_terms",
        "/deadline",
        "/owner_unit",
        "/site",
        "/data_offered",
        "/kpis",
        "/budget",
    }


def test_two_times_without_a_zone_are_both_named() -> None:
    naive = opportunity(deadline="2099-12-31T17:00:00", questions_until="2099-12-30T17:00:00")
    assert [c.pointer for c in unmet_for_submission(naive, NOW)] == ["/deadline", "/questions_until"]


def test_a_demand_needs_no_site() -> None:
    demand = opportunity(opportunity_type="demand", owner_unit=None, site=None, data_offered=None)
    assert unmet_for_submission(demand, NOW) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"kpis": [{"name": {"en": "a"}, "target": "1"}], "baseline": {"en": "today 5 %"}},
        {"budget": None, "budget_none": True},
        {"questions_until": "2099-12-31T08:59:59Z"},
    ],
)
def test_either_way_of_saying_it_is_enough(fields: dict[str, Any]) -> None:
    assert unmet_for_submission(opportunity(**fields), NOW) == []


@pytest.mark.parametrize(("early", "enough"), [(0, True), (1, False), (-1, True)])
def test_answers_have_fourteen_days_to_the_microsecond(early: int, enough: bool) -> None:
    deadline = NOW + SHORTEST_NOTICE - timedelta(microseconds=early)
    missing = unmet_for_submission(opportunity(deadline=deadline), NOW)
    assert ([c.pointer for c in missing] == []) is enough


def test_a_deadline_is_an_instant_in_whatever_zone_it_is_written() -> None:
    due = NOW + SHORTEST_NOTICE
    in_beijing = due.astimezone().isoformat()
    assert unmet_for_submission(opportunity(deadline=in_beijing), NOW) == []


@pytest.mark.parametrize("verb", [Verb.APPROVE, Verb.PUBLISH])
def test_time_that_passed_in_review_is_forgiven_until_the_deadline_itself(verb: Verb) -> None:
    content = opportunity(deadline=NOW + SHORTEST_NOTICE)
    late = NOW + SHORTEST_NOTICE
    assert unmet(verb, content, late - timedelta(microseconds=1)) == []
    assert [c.pointer for c in unmet(verb, content, late)] == ["/deadline"]
    assert [c.pointer for c in unmet(Verb.SUBMIT, content, NOW + timedelta(seconds=1))] == ["/deadline"]
