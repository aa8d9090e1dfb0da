"""What a result needs before it is reviewed and approved: each condition by itself, and all at once."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from market.listings.rules import Verb, unmet
from market.results.rules import unmet_for_approval, unmet_for_submission
from schemas.listings import ResultContent
from schemas.vocabulary import Mode
from tests.makers import RESULT

TODAY = date(2026, 11, 1)


def result(**fields: Any) -> ResultContent:
    return ResultContent.model_validate(RESULT | fields)


LACKING: list[tuple[dict[str, Any], str, str | None]] = [
    ({"summary": None}, "/summary", None),
    ({"modes": []}, "/modes", None),
    ({"price": None}, "/price", "PR-1"),
    ({"secrecy_attested": False}, "/secrecy_attested", "XB-9"),
    ({"contributors": []}, "/contributors", None),
    (
        {"contributors": [{"name": "甲", "confirmed": True}, {"name": "乙"}]},
        "/contributors/1/confirmed",
        None,
    ),
    ({"maturity": {"level": 4}}, "/maturity/evidence", None),
    ({"ip_rights": [{"kind": "invention"}]}, "/ip_rights/0/application_number", None),
]


def test_a_complete_result_lacks_nothing() -> None:
    assert unmet_for_submission(result(), TODAY) == []
    assert unmet_for_approval(result()) == []


@pytest.mark.parametrize(("fields", "pointer", "rule"), LACKING, ids=[pointer for _, pointer, _ in LACKING])
def test_each_missing_condition_is_named(fields: dict[str, Any], pointer: str, rule: str | None) -> None:
    (condition,) = unmet_for_submission(result(**fields), TODAY)
    assert (condition.pointer, condition.rule) == (pointer, rule)
    assert condition.detail


def test_all_missing_conditions_are_named_at_once() -> None:
    bare = ResultContent.model_validate({"kind": "result", "title": {"en": "Bare"}, "maturity": {"level": 9}})
    pointers = [condition.pointer for condition in unmet_for_submission(bare, TODAY)]
    assert pointers == [
        "/summary",
        "/modes",
        "/price",
        "/secrecy_attested",
        "/contributors",
        "/maturity/evidence",
    ]


@pytest.mark.parametrize("level", range(1, 10))
def test_a_readiness_of_four_or_more_names_its_evidence(level: int) -> None:
    missing = unmet_for_submission(result(maturity={"level": level}), TODAY)
    assert [condition.pointer for condition in missing] == (["/maturity/evidence"] if level >= 4 else [])


def test_an_idea_without_a_readiness_level_may_be_offered() -> None:
    assert unmet_for_submission(result(maturity=None), TODAY) == []


@pytest.mark.parametrize(
    ("export_class", "decided"), [("free", 1), ("restricted", 1), ("prohibited", 1), ("undetermined", 0)]
)
def test_the_director_decides_the_export_class(export_class: str, decided: int) -> None:
    missing = unmet_for_approval(result(export_class=export_class))
    assert [(condition.pointer, condition.rule) for condition in missing] == (
        [] if decided else [("/export_class", "XB-1")]
    )


CO_OWNED = [{"kind": "invention", "application_number": "201080063196.9", "owners": ["甲大学", "乙公司"]}]
ALONE = {Mode.ORDINARY_LICENCE, Mode.TRIAL, Mode.SALE}


@pytest.mark.parametrize("mode", Mode)
def test_a_co_owner_alone_offers_an_ordinary_licence_and_no_more(mode: Mode) -> None:
    """专利法 art. 14."""
    offered = {"ip_rights": CO_OWNED, "modes": [Mode.ORDINARY_LICENCE, mode]}
    missing = unmet_for_submission(result(**offered), TODAY)
    assert [(condition.pointer, condition.rule) for condition in missing] == (
        [] if mode in ALONE else [("/co_owner_consent", "RV-16")]
    )
    assert unmet_for_submission(result(**offered, co_owner_consent=True), TODAY) == []


def test_owners_are_counted_over_all_rights() -> None:
    rights = [
        {"kind": "software", "application_number": "2019SR1", "owners": ["甲大学"]},
        {"kind": "software", "application_number": "2019SR2", "owners": ["乙公司"]},
    ]
    assert unmet_for_submission(result(ip_rights=rights, modes=["transfer"]), TODAY)
    assert not unmet_for_submission(result(ip_rights=rights[:1], modes=["transfer"]), TODAY)


def test_each_step_asks_for_what_the_steps_before_it_asked_for() -> None:
    content = result(summary=None, export_class="undetermined", ip_rights=CO_OWNED, modes=["transfer"])
    at = datetime(2026, 11, 1, tzinfo=UTC)
    found = {
        verb: [c.pointer for c in unmet(verb, content, at)]
        for verb in (Verb.SUBMIT, Verb.APPROVE, Verb.PUBLISH)
    }
    assert found == {
        Verb.SUBMIT: ["/summary", "/co_owner_consent"],
        Verb.APPROVE: ["/summary", "/co_owner_consent", "/export_class"],
        Verb.PUBLISH: ["/summary", "/co_owner_consent", "/export_class"],
    }


def test_the_day_is_that_of_beijing() -> None:
    """A right that expired on 31 October is no longer in force at one in the morning of 1 November in Beijing."""
    right = {"kind": "invention", "application_number": "201080063196.9", "expires_on": "2026-10-31"}
    content = result(ip_rights=[right])
    assert unmet(Verb.SUBMIT, content, datetime(2026, 10, 31, 15, 59, tzinfo=UTC)) == []
    assert unmet(Verb.SUBMIT, content, datetime(2026, 10, 31, 16, 0, tzinfo=UTC)) != []
