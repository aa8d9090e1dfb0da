"""What a product needs before it is reviewed and published: each condition by itself, and all at once."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from market.listings.rules import Verb, unmet
from market.products.rules import unmet_for_submission
from schemas.listings import ProductContent
from tests.makers import PRODUCT

TODAY = date(2026, 11, 1)
CLAIM = {"kind": "first_set", "evidence": {"zh-Hans": "首台套证书"}}


def product(**fields: Any) -> ProductContent:
    return ProductContent.model_validate(PRODUCT | fields)


def certificate(**fields: str) -> dict[str, Any]:
    return {"certificate": {"number": "2026-001", "issuer": "示例委员会"} | fields}


LACKING: list[tuple[dict[str, Any], str]] = [
    ({"summary": None}, "/summary"),
    ({"price": None}, "/price"),
    ({"valid_until": "2026-10-31"}, "/valid_until"),
    (certificate(valid_until="2026-10-31"), "/certificate/valid_until"),
    (certificate(valid_from="2027-01-02", valid_until="2027-01-01"), "/certificate/valid_from"),
    ({"first_use": [CLAIM, CLAIM]}, "/first_use/1/kind"),
    ({"first_use": [CLAIM | {"used_on": "2026-11-02"}]}, "/first_use/0/used_on"),
    (
        {"ip_rights": [{"kind": "design", "application_number": "201080063196.8"}]},
        "/ip_rights/0/application_number",
    ),
]


def test_a_complete_product_lacks_nothing() -> None:
    assert unmet_for_submission(product(), TODAY) == []


@pytest.mark.parametrize(("fields", "pointer"), LACKING, ids=[pointer for _, pointer in LACKING])
def test_each_missing_condition_is_named(fields: dict[str, Any], pointer: str) -> None:
    (condition,) = unmet_for_submission(product(**fields), TODAY)
    assert condition.pointer == pointer
    assert condition.detail


def test_all_missing_conditions_are_named_at_once() -> None:
    everything = {
        "summary": None,
        "price": None,
        "valid_until": "2020-01-01",
        "first_use": [CLAIM, CLAIM | {"used_on": "2099-01-01"}],
    } | certificate(valid_from="2021-01-01", valid_until="2020-01-01")
    pointers = [condition.pointer for condition in unmet_for_submission(product(**everything), TODAY)]
    assert pointers == [
        "/summary",
        "/price",
        "/valid_until",
        "/certificate/valid_until",
        "/certificate/valid_from",
        "/first_use/1/kind",
        "/first_use/1/used_on",
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"valid_until": "2026-11-01"},
        certificate(valid_until="2026-11-01"),
        certificate(valid_from="2027-01-01", valid_until="2027-01-01"),
        certificate(),
        {"first_use": [CLAIM | {"used_on": "2026-11-01"}]},
        {"first_use": [CLAIM, CLAIM | {"kind": "first_batch"}, CLAIM | {"kind": "first_version"}]},
        {"first_use": []},
    ],
)
def test_the_last_day_counts_and_claims_of_different_kinds_stand_together(fields: dict[str, Any]) -> None:
    assert unmet_for_submission(product(**fields), TODAY) == []


@pytest.mark.parametrize("verb", [Verb.SUBMIT, Verb.APPROVE, Verb.PUBLISH])
def test_a_product_that_ended_meanwhile_is_not_published(verb: Verb) -> None:
    content = product(valid_until="2026-10-31")
    assert unmet(verb, content, datetime(2026, 10, 31, 15, 59, tzinfo=UTC)) == []
    assert [c.pointer for c in unmet(verb, content, datetime(2026, 10, 31, 16, 0, tzinfo=UTC))] == [
        "/valid_until"
    ]
