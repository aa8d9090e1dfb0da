"""Contracts without a database: kinds, what they state of patents, ends of terms, and when a licence is recorded."""

from datetime import date
from typing import Any

import pytest

from market.deals import contracts
from schemas.deals import NewContract, PatentFacts
from schemas.vocabulary import ContractKind, IPRightKind, Mode
from tests.deals.trade import CONTRACT, PATENT

TODAY = date(2026, 3, 1)


def given(**changed: Any) -> NewContract:
    return NewContract.model_validate(CONTRACT | changed)


def listing(*rights: dict[str, Any]) -> dict[str, Any]:
    return {"title": {"en": "A title"}, "ip_rights": [{"office": "CN"} | right for right in rights]}


def stated(document: dict[str, Any], *facts: dict[str, Any]) -> list[PatentFacts]:
    patents, problems = contracts.stated_patents(
        document, [PatentFacts.model_validate(fact) for fact in facts]
    )
    assert problems == []
    return [patent for _, patent in patents]


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("kind", ContractKind)
def test_a_mode_ends_as_its_own_kinds_of_contract_alone(mode: Mode, kind: ContractKind) -> None:
    found = [problem.pointer for problem in contracts.lacking(given(kind=kind), mode, [], None, TODAY)]
    assert found == ([] if kind in contracts.KINDS[mode] else ["/kind"])


def test_every_mode_can_end_and_every_kind_can_be_reached() -> None:
    assert set(contracts.KINDS) == set(Mode)
    assert all(contracts.KINDS.values())
    assert frozenset().union(*contracts.KINDS.values()) == set(ContractKind)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 15), 3, date(2026, 4, 15)),
        (date(2025, 11, 30), 3, date(2026, 2, 28)),
        (date(2023, 11, 29), 3, date(2024, 2, 29)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 10, 31), 3, date(2027, 1, 31)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(9999, 1, 1), 240, date.max),
    ],
)
def test_months_end_on_the_corresponding_day_or_the_last(day: date, months: int, expected: date) -> None:
    assert contracts.months_later(day, months) == expected


@pytest.mark.parametrize(
    ("kind", "filed_on", "expected"),
    [
        (IPRightKind.INVENTION, date(2010, 12, 15), date(2030, 12, 15)),
        (IPRightKind.UTILITY_MODEL, date(2020, 2, 29), date(2030, 2, 28)),
        (IPRightKind.DESIGN, date(2021, 5, 31), date(2031, 5, 31)),
        (IPRightKind.DESIGN, date(2021, 6, 1), date(2036, 6, 1)),
        (IPRightKind.SOFTWARE, date(2021, 6, 1), None),
    ],
)
def test_a_chinese_patent_ends_by_its_kind(kind: IPRightKind, filed_on: date, expected: date | None) -> None:
    assert contracts.patent_expiry(kind, filed_on) == expected


def test_a_chinese_patent_number_and_end_follow_and_a_foreign_one_is_copied() -> None:
    (chinese,) = stated(listing(PATENT))
    assert (chinese.patent_number, chinese.expires_on) == ("ZL201080063196.9", date(2030, 12, 15))
    (own,) = stated(listing(PATENT | {"expires_on": "2028-01-01"}))
    assert own.expires_on == date(2028, 1, 1), "what the listing states stands"
    (foreign,) = stated(listing(PATENT | {"office": "US", "grant_number": "US8000000"}))
    assert (foreign.patent_number, foreign.expires_on) == ("US8000000", None)
    (pending,) = stated(listing(PATENT | {"status": "published"}))
    assert (pending.granted, pending.patent_number, pending.expires_on) == (False, None, None)


def test_rights_that_are_no_patents_or_are_over_are_not_stated() -> None:
    rights = [
        PATENT | {"status": "lapsed"},
        PATENT | {"kind": "software"},
        PATENT,
        PATENT | {"status": "expired"},
    ]
    (found,) = stated(listing(*rights))
    assert found.place == 2
    assert stated({"title": {"en": "An opportunity"}}) == []


def test_the_parties_fill_what_the_listing_leaves_out() -> None:
    bare = {"kind": "invention", "status": "granted"}
    facts = {
        "place": 0,
        "owners": ["Example University"],
        "filed_on": "2010-12-15",
        "application_number": "CN201080063196.9",
        "title": {"en": "The title of the patent"},
    }
    (found,) = stated(listing(bare), facts)
    assert found.title == {"en": "The title of the patent"}
    assert found.patent_number == "ZL201080063196.9"
    assert list(contracts.lacking(given(), Mode.ORDINARY_LICENCE, [("/patents/0", found)], None, TODAY)) == []


def test_a_patent_that_ends_first_is_not_granted_any_more() -> None:
    (patent,) = stated(listing(PATENT | {"filed_on": "2005-01-01"}))
    found = list(contracts.lacking(given(), Mode.ORDINARY_LICENCE, [("/patents/-", patent)], None, TODAY))
    assert [(problem.pointer, problem.rule) for problem in found] == [("/patents/-/expires_on", "CT-7")]
    assert "CN201080063196.9 in place 0 of the listing" in found[0].detail


def test_a_service_states_no_patents() -> None:
    (patent,) = stated(listing({"kind": "invention", "status": "granted"}))
    assert (
        list(contracts.lacking(given(kind="service"), Mode.SALE, [("/patents/-", patent)], None, TODAY)) == []
    )


def test_a_contract_lies_within_the_agreed_term() -> None:
    def found(agreed_until: date, **changed: Any) -> list[str]:
        problems = contracts.lacking(given(**changed), Mode.ORDINARY_LICENCE, [], agreed_until, TODAY)
        return [problem.pointer for problem in problems]

    assert found(date(2029, 12, 31)) == []
    assert found(date(2029, 12, 31), valid_until="2029-12-31") == []
    assert found(date(2029, 12, 31), valid_until="2030-12-31") == ["/valid_until"]
    assert found(date(2025, 12, 31)) == ["/effective_on"]


@pytest.mark.parametrize(
    ("kind", "facts", "effective_on", "due"),
    [
        ("licence", {}, date(2026, 1, 15), date(2026, 4, 15)),
        ("licence", {}, date(2025, 11, 30), date(2026, 2, 28)),  # a Saturday on which people work
        ("licence", {}, date(2026, 7, 1), date(2026, 10, 8)),  # over the holidays of October
        ("licence", {"status": "published"}, date(2026, 1, 15), None),
        ("licence", {"office": "US"}, date(2026, 1, 15), None),
        ("transfer", {}, date(2026, 1, 15), None),
    ],
)
def test_a_licence_of_a_granted_chinese_patent_is_recorded_within_three_months(
    kind: str, facts: dict[str, Any], effective_on: date, due: date | None
) -> None:
    patents = stated(listing(PATENT | facts))
    assert contracts.licence_recordal_due(ContractKind(kind), patents, effective_on) == due


@pytest.mark.parametrize(
    "changed",
    [
        {"effective_on": "2026-01-14"},
        {"valid_until": "2026-01-14"},
        {"effective_on": "2026-02-01", "valid_until": "2026-01-31"},
        {"signatories": {"seller": CONTRACT["signatories"]["seller"]}},
        {"title": {}},
        {"sha256": "00"},
    ],
)
def test_a_contract_that_cannot_be_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        given(**changed)
