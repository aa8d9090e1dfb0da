"""The shapes of a listing's content: codes, claims and prices, and what of them is refused."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from stdnum.iso7064 import mod_11_2

from market.listings.rules import CONTENT
from schemas.listings import (
    DisciplineCode,
    IndustryCode,
    IPCSymbol,
    ListingContent,
    NewListing,
    Orcid,
    Price,
    RegionCode,
)
from tests.makers import CONTENT as EXAMPLES

CODES: list[tuple[Any, list[str], list[str]]] = [
    (
        IPCSymbol,
        ["A", "H01", "H01M", "H01M 10", "H01M10/0525", "H01M 10/0562", "G06F16/3329"],
        [
            "",
            "I01",
            "h01m",
            "H1M",
            "H01m",
            "H01M  10",
            "H01M\n10",
            "H01M 10/",
            "H01M 10/0",
            "H01M 10/05251234",
            "H٠١M",
        ],
    ),
    (
        IndustryCode,
        ["A", "T", "39", "391", "3911", "C39", "C3911"],
        ["", "U", "1", "39111", "c39", "３９", "39 "],
    ),
    (DisciplineCode, ["A", "E02", "E0206", "E020601"], ["", "I01", "E2", "E02060101", "e02", "E０２"]),
    (
        RegionCode,
        ["110108", "US", "GB-LND", "FR-75"],
        ["", "11010", "1101080", "us", "USA", "US-", "１１０１０８", "110108\n"],
    ),
]


@pytest.mark.parametrize(("code", "good", "bad"), CODES, ids=["ipc", "industry", "discipline", "region"])
def test_codes_have_the_form_of_their_lists(code: Any, good: list[str], bad: list[str]) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(code)
    for value in good:
        assert adapter.validate_python(value) == value
    for value in bad:
        with pytest.raises(ValidationError):
            adapter.validate_python(value)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_content_survives_storage(kind: str) -> None:
    content = CONTENT.validate_python(EXAMPLES[kind])
    stored = content.model_dump(mode="json")
    again = CONTENT.validate_python(stored)
    assert again == content
    assert again.model_dump(mode="json") == stored


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("result", {"secrecy_attested": "yes"}),
        ("result", {"secrecy_attested": 1}),
        ("result", {"co_owner_consent": "true"}),
        ("result", {"contributors": [{"name": "王小明", "confirmed": "on"}]}),
        ("result", {"contributors": [{"name": "王小明", "orcid": "0000-0002-1825-0098"}]}),
        ("result", {"funding": {"state_funded": "no"}}),
        ("result", {"maturity": {"level": "5"}}),
        ("result", {"maturity": {"level": True}}),
        ("result", {"maturity": {"level": 5.0}}),
        ("product", {"is_service": 0}),
        ("opportunity", {"budget_none": "t"}),
    ],
)
def test_an_attestation_is_true_or_false_and_a_level_a_number(kind: str, patch: dict[str, Any]) -> None:
    """What looks like a yes is none: an attestation has legal weight."""
    with pytest.raises(ValidationError):
        CONTENT.validate_python(EXAMPLES[kind] | patch)


@pytest.mark.parametrize("level", [0, 10, -1])
def test_readiness_goes_from_one_to_nine(level: int) -> None:
    with pytest.raises(ValidationError):
        CONTENT.validate_python(EXAMPLES["result"] | {"maturity": {"level": level}})


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://example.org/x",
        "https://",
        "https://ex ample.org",
        'https://e.org/"><script>',
        "//e.org/",
    ],
)
def test_a_source_is_an_address_of_the_web(url: str) -> None:
    with pytest.raises(ValidationError):
        CONTENT.validate_python(EXAMPLES["result"] | {"source_url": url})


CNY = {"currency": "CNY"}


@pytest.mark.parametrize(
    "price",
    [
        {"mode": "on_request"},
        {"mode": "fixed", "amount": CNY | {"amount": "1"}},
        {"mode": "bidding", "amount": CNY | {"amount": "0"}},
        {"mode": "range", "amount": CNY | {"amount": "1"}, "upper": CNY | {"amount": "1"}},
        {"mode": "on_request", "amount": CNY | {"amount": "1"}},
    ],
)
def test_prices_that_fit_their_mode(price: dict[str, Any]) -> None:
    assert Price.model_validate(price).mode == price["mode"]


@pytest.mark.parametrize(
    "price",
    [
        {},
        {"mode": "auction"},
        {"mode": "fixed"},
        {"mode": "bidding"},
        {"mode": "range", "amount": CNY | {"amount": "1"}},
        {"mode": "range", "upper": CNY | {"amount": "1"}},
        {"mode": "range", "amount": CNY | {"amount": "2"}, "upper": CNY | {"amount": "1"}},
        {"mode": "range", "amount": CNY | {"amount": "1"}, "upper": {"amount": "2", "currency": "USD"}},
        {"mode": "fixed", "amount": CNY | {"amount": "1"}, "upper": CNY | {"amount": "2"}},
        {"mode": "on_request", "upper": CNY | {"amount": "2"}},
    ],
)
def test_prices_that_do_not_fit_their_mode(price: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Price.model_validate(price)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_new_listing_takes_its_organisation_and_nothing_else_that_the_server_sets(kind: str) -> None:
    given = deepcopy(EXAMPLES[kind])
    assert NewListing.model_validate(given).root.kind == kind
    for name in (
        "id",
        "status",
        "review",
        "revision",
        "published_version",
        "created_by",
        "editors",
        "updated_at",
    ):
        with pytest.raises(ValidationError):
            NewListing.model_validate(given | {name: "published"})


def test_the_kinds_share_their_first_fields() -> None:
    shared = set(ListingContent.model_fields)
    for kind in EXAMPLES:
        assert shared <= set(type(CONTENT.validate_python(EXAMPLES[kind])).model_fields)


@pytest.mark.parametrize("orcid", ["0000-0002-1825-0097", "0000-0002-1694-233X", "0000-0001-5109-3700"])
def test_an_orcid_with_its_check_digit_is_taken(orcid: str) -> None:
    assert TypeAdapter(Orcid).validate_python(orcid) == orcid


@given(st.integers(0, 10**15 - 1), st.integers(0, 14), st.integers(1, 9))
def test_every_mistyped_digit_of_an_orcid_is_found(number: int, place: int, off: int) -> None:
    digits = f"{number:015}"
    digits += mod_11_2.calc_check_digit(digits)
    wrong = digits[:place] + str((int(digits[place]) + off) % 10) + digits[place + 1 :]
    for given_digits, fits in ((digits, True), (wrong, False)):
        orcid = "-".join(given_digits[start : start + 4] for start in range(0, 16, 4))
        if fits:
            TypeAdapter(Orcid).validate_python(orcid)
        else:
            with pytest.raises(ValidationError, match="check digit of this ORCID"):
                TypeAdapter(Orcid).validate_python(orcid)
