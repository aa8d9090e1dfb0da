"""Money, two-language text and plain text: what comes in, what is refused, and how it goes out."""

import unicodedata
from decimal import Decimal
from typing import Any

import pytest
from babel.numbers import get_currency_precision, list_currencies
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

import market.app  # noqa: F401 - imports every shape
from schemas.values import (
    CURRENCIES,
    MINOR_UNITS,
    Code,
    LocalText,
    LocalTitle,
    LongText,
    Money,
    Reason,
    Shape,
    ShortText,
)

SHORT: TypeAdapter[str] = TypeAdapter(ShortText)
LONG: TypeAdapter[str] = TypeAdapter(LongText)
TITLE: TypeAdapter[dict[str, str]] = TypeAdapter(LocalTitle)
TEXT: TypeAdapter[dict[str, str]] = TypeAdapter(LocalText)
CODE: TypeAdapter[str] = TypeAdapter(Code)

CONTROLS = [
    chr(code)
    for code in range(0x110000)
    if unicodedata.category(chr(code)) == "Cc" and chr(code) not in "\t\n\r"
]
BIDI = [
    chr(code) for code in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
]  # Unicode's Bidi_Control


class TestMoney:
    @pytest.mark.parametrize("currency", sorted(CURRENCIES))
    def test_decimal_places_are_those_of_iso_4217(self, currency: str) -> None:
        assert MINOR_UNITS.get(currency, 2) == get_currency_precision(currency)

    def test_every_currency_is_one_of_iso_4217(self) -> None:
        assert list_currencies() >= CURRENCIES
        assert set(MINOR_UNITS) <= CURRENCIES

    @pytest.mark.parametrize(
        "amount",
        [1.5, 1200.0, 0.1, True, 5, 10**30, None, [], {}, float("nan"), float("inf")],
        ids=repr,
    )
    def test_a_json_number_is_refused(self, amount: Any) -> None:
        with pytest.raises(ValidationError, match="decimal string"):
            Money.model_validate({"amount": amount, "currency": "CNY"})

    @pytest.mark.parametrize(
        "amount",
        [
            "",
            " 12",
            "12 ",
            "12\n",
            "1,200",
            "1_000",
            "1e3",
            "+5",
            "-1",
            ".5",
            "5.",
            "0x10",
            "１２",
            "١٢",
            "NaN",
            "Infinity",
        ],
    )
    def test_what_is_no_plain_decimal_string_is_refused(self, amount: str) -> None:
        with pytest.raises(ValidationError):
            Money(amount=amount)  # type: ignore[arg-type]

    @pytest.mark.parametrize("currency", sorted(CURRENCIES))
    def test_an_amount_finer_than_its_currency_is_refused(self, currency: str) -> None:
        digits = get_currency_precision(currency)
        finest = f"1.{'0' * (digits - 1)}1" if digits else "1"
        assert Money.model_validate({"amount": finest, "currency": currency}).minor == 10**digits + (
            digits > 0
        )
        finer = f"1.{'0' * digits}1"
        with pytest.raises(ValidationError):
            Money.model_validate({"amount": finer, "currency": currency})

    @pytest.mark.parametrize("currency", ["XXX", "cny", "RMB", "CNYX", "C", "", "人民币"])
    def test_a_currency_that_is_not_traded_is_refused(self, currency: str) -> None:
        with pytest.raises(ValidationError):
            Money.model_validate({"amount": "1", "currency": currency})

    def test_one_sum_has_one_spelling(self) -> None:
        spellings = [Money.model_validate({"amount": amount}) for amount in ("5", "5.0", "5.00", "05")]
        assert {money.model_dump_json() for money in spellings} == {'{"amount":"5.00","currency":"CNY"}'}
        assert len(set(spellings)) == 1

    @given(st.sampled_from(sorted(CURRENCIES)), st.integers(0, 10**14 - 1))
    def test_minor_units_come_back_as_they_went(self, currency: str, minor: int) -> None:
        money = Money.of(minor, currency)
        assert money.minor == minor
        again = Money.model_validate(money.model_dump(mode="json"))
        assert again == money
        assert "e" not in str(money.model_dump(mode="json")["amount"]).lower()

    def test_the_largest_amount_fits_a_column_of_64_bits(self) -> None:
        largest = Money.model_validate({"amount": f"{10**14 - 1}.9999", "currency": "CLF"})
        assert largest.minor < 2**63
        with pytest.raises(ValidationError):
            Money.model_validate({"amount": str(10**14), "currency": "CLF"})

    def test_an_unknown_field_is_refused_and_nothing_is_changed_afterwards(self) -> None:
        with pytest.raises(ValidationError):
            Money.model_validate({"amount": "1", "currency": "CNY", "rounding": "up"})
        with pytest.raises(ValidationError):
            Money(amount=Decimal(1)).amount = Decimal(2)  # type: ignore[misc]


class TestText:
    def test_every_control_character_but_tab_and_line_ends_is_refused(self) -> None:
        assert len(CONTROLS) == 62
        for control in CONTROLS:
            with pytest.raises(ValidationError):
                SHORT.validate_python(f"before{control}after")

    def test_every_bidi_control_is_refused(self) -> None:
        for control in BIDI:
            for adapter in (SHORT, LONG):
                with pytest.raises(ValidationError):
                    adapter.validate_python(f"invoice{control}fdp.exe")

    @pytest.mark.parametrize(
        "text", ["两行\n文字", "a\tb", "Université – «été»", "固态🔋电池", "שלום", "مرحبا"]
    )
    def test_honest_text_in_any_script_passes(self, text: str) -> None:
        assert LONG.validate_python(text) == text

    def test_half_a_character_is_refused(self) -> None:
        with pytest.raises(ValidationError):
            SHORT.validate_python("\ud800")

    def test_lengths_are_counted_in_characters(self) -> None:
        assert SHORT.validate_python("电" * 300)
        for wrong in ("", "电" * 301):
            with pytest.raises(ValidationError):
                SHORT.validate_python(wrong)
        with pytest.raises(ValidationError):
            LONG.validate_python("a" * 20_001)

    def test_a_reason_of_blanks_is_no_reason(self) -> None:
        assert Reason(reason="  not complete  ").reason == "not complete"
        with pytest.raises(ValidationError):
            Reason(reason="          ")

    @pytest.mark.parametrize("code", ["A1", "CN201080063196.9", "H01M-10/05", "1"])
    def test_codes_are_plain_ascii(self, code: str) -> None:
        assert CODE.validate_python(code) == code
        for wrong in (f"{code} ", f"{code}\n", f"-{code}", f"{code}；", "١" + code, "x" * 33):
            with pytest.raises(ValidationError):
                CODE.validate_python(wrong)


class TestTwoLanguages:
    @pytest.mark.parametrize(
        "text", [{"zh-Hans": "电池"}, {"en": "battery"}, {"zh-Hans": "电池", "en": "battery"}]
    )
    def test_either_language_may_be_missing(self, text: dict[str, str]) -> None:
        assert TITLE.dump_python(TITLE.validate_python(text), mode="json") == text
        assert TEXT.dump_python(TEXT.validate_python(text), mode="json") == text

    @pytest.mark.parametrize(
        "text",
        [
            {},
            {"fr": "pile"},
            {"zh": "电池"},
            {"EN": "battery"},
            {"en": ""},
            {"en": None},
            {"en": 5},
            "battery",
            None,
            [],
        ],
        ids=repr,
    )
    def test_what_has_neither_or_another_is_refused(self, text: Any) -> None:
        for adapter in (TITLE, TEXT):
            with pytest.raises(ValidationError):
                adapter.validate_python(text)


def _every_shape(base: type[Shape]) -> list[type[Shape]]:
    return [base, *(shape for child in base.__subclasses__() for shape in _every_shape(child))]


def test_no_shape_that_comes_in_takes_a_field_that_it_does_not_know() -> None:
    assert len(_every_shape(Shape)) > 20
    for shape in _every_shape(Shape):
        assert shape.model_config.get("extra") == "forbid", shape.__name__
