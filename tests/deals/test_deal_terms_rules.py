"""Terms without a database: each way to pay, good and bad, exact sums in every currency, hashes and defaults."""

import hashlib
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from market.deals import terms
from market.deals.rules import merge_terms
from schemas.deals import NewPayment, Payment, Terms
from schemas.values import MINOR_UNITS, Money
from schemas.vocabulary import ContractKind, LicenceKind, Mode
from tests.deals.trade import EQUITY, TERMS, money

PAYMENT: TypeAdapter[Any] = TypeAdapter(Payment)

ROYALTY = {"base": "sales", "rate_percent": "3.5", "period": "quarter", "audit_right": True}
GOOD: dict[str, list[dict[str, Any]]] = {
    "lump_sum": [{"due_on": "2026-05-01"}, {"days_after_signing": 0}],
    "instalments": [{"instalments": [{"amount": money("1.00"), "due_on": "2026-05-01"}]}],
    "royalty": [
        ROYALTY,
        ROYALTY | {"rate_percent": "100", "base": "price", "period": "year", "audit_right": False},
        ROYALTY
        | {
            "rate_percent": None,
            "rate_steps": [
                {"from_year": 1, "rate_percent": "5"},
                {"from_year": 3, "rate_percent": "2.25"},
            ],
        },
    ],
    "upfront_and_royalty": [{"days_after_signing": 10, "royalty": ROYALTY}],
    "equity": [{"company": "Example Cells Ltd", "share_percent": "0.0001", "valuation": money("1.00")}],
    "pay_after_use": [{"trigger": "20 % less scrap", "price_formula": "2 % of the saving", "until": "2027-01-01"}],
}  # fmt: skip
BAD: dict[str, list[dict[str, Any]]] = {
    "lump_sum": [{}, {"due_on": "2026-05-01", "days_after_signing": 1}, {"days_after_signing": -1}, {"days_after_signing": "3"}, {"due_on": "soon"}],
    "instalments": [{}, {"instalments": []}, {"instalments": [{"amount": money("1.00")}]}, {"instalments": [{"amount": money("0.001"), "due_on": "2026-05-01"}]}],
    "royalty": [
        {},
        {name: value for name, value in ROYALTY.items() if name != "audit_right"},
        ROYALTY | {"base": "hope"},
        ROYALTY | {"rate_percent": "0"},
        ROYALTY | {"rate_percent": "100.0001"},
        ROYALTY | {"rate_percent": 3.5},
        ROYALTY | {"rate_percent": "1e1"},
        ROYALTY | {"rate_percent": None},
        ROYALTY | {"rate_steps": [{"from_year": 1, "rate_percent": "5"}]},
        ROYALTY | {"rate_percent": None, "rate_steps": [{"from_year": 2, "rate_percent": "5"}]},
        ROYALTY | {"rate_percent": None, "rate_steps": [{"from_year": 1, "rate_percent": "5"}] * 2},
        ROYALTY | {"audit_right": "yes"},
        ROYALTY | {"upfront": money("1.00")},
    ],
    "upfront_and_royalty": [{"royalty": ROYALTY}, {"days_after_signing": 10}, {"days_after_signing": 10, "royalty": ROYALTY | {"type": "royalty"}}],
    "equity": [{"company": "X", "share_percent": "101", "valuation": money("1.00")}, {"company": "X", "share_percent": "10"}],
    "pay_after_use": [{"trigger": "x", "price_formula": "y"}, {"price_formula": "y", "until": "2027-01-01"}],
}  # fmt: skip


@pytest.mark.parametrize("kind", GOOD)
def test_each_way_to_pay_is_read_and_written_the_same(kind: str) -> None:
    for given_payment in GOOD[kind]:
        read = PAYMENT.validate_python({"type": kind} | given_payment)
        assert read.type == kind
        written = read.model_dump(mode="json")
        assert PAYMENT.validate_python(written) == read
        assert given_payment.items() <= written.items() or kind == "upfront_and_royalty"


@pytest.mark.parametrize("kind", BAD)
def test_each_way_to_pay_refuses_what_it_cannot_mean(kind: str) -> None:
    for given_payment in BAD[kind]:
        with pytest.raises(ValidationError):
            PAYMENT.validate_python({"type": kind} | given_payment)


def made(**changed: Any) -> Terms:
    return Terms.model_validate(TERMS | changed)


def lacking(mode: Mode = Mode.ORDINARY_LICENCE, **changed: Any) -> list[str]:
    return [condition.pointer.removeprefix("/terms/") for condition in terms.lacking(mode, made(**changed))]


def line(amount: str, currency: str = "CNY", *, technical: bool = True) -> dict[str, Any]:
    return {"description": "x", "amount": money(amount, currency), "is_technical": technical}


def test_whole_terms_lack_nothing() -> None:
    assert lacking() == []
    assert terms.lacking(Mode.EQUITY, Terms.model_validate(EQUITY)) == []


@pytest.mark.parametrize("mode", Mode)
def test_empty_terms_lack_everything_that_their_mode_needs(mode: Mode) -> None:
    licence = (
        ["field_of_use", "territory"] if mode.value.endswith("licence") or mode in ("option", "trial") else []
    )
    improvements = [] if mode is Mode.SALE else ["improvements"]
    found = [condition.pointer for condition in terms.lacking(mode, Terms())]
    assert found == [f"/terms/{name}" for name in [*licence, *improvements, "payment", "price_lines"]]


@pytest.mark.parametrize(
    ("mode", "kind", "fits"),
    [
        (Mode.ORDINARY_LICENCE, "ordinary", True),
        (Mode.ORDINARY_LICENCE, "exclusive", False),
        (Mode.EXCLUSIVE_LICENCE, "exclusive", True),
        (Mode.SOLE_LICENCE, "ordinary", False),
        (Mode.TRIAL, "sole", True),
        (Mode.TRANSFER, "exclusive", False),
    ],
)
def test_a_licence_kind_fits_its_mode(mode: Mode, kind: str, fits: bool) -> None:
    found = [pointer for pointer in lacking(mode, licence_kind=kind) if pointer == "licence_kind"]
    assert found == ([] if fits else ["licence_kind"])


def test_each_mode_is_paid_as_it_is_meant() -> None:
    equity, after_use = EQUITY["payment"], {"type": "pay_after_use", **GOOD["pay_after_use"][0]}
    assert lacking(Mode.EQUITY) == ["payment/type"]
    assert lacking(Mode.TRANSFER, payment=equity) == ["payment/type"]
    assert lacking(Mode.TRIAL) == ["payment/type"]
    assert lacking(Mode.TRIAL, payment=after_use) == []
    assert lacking(Mode.ORDINARY_LICENCE, payment=after_use, price_lines=[]) == []
    assert lacking(Mode.SALE, payment=after_use) == ["payment/type"]


def test_a_royalty_alone_has_no_price_and_an_entry_fee_has_one() -> None:
    royalty = {"type": "royalty", **ROYALTY}
    assert lacking(payment=royalty) == ["price_lines"]
    assert lacking(payment=royalty, price_lines=[]) == []
    entry = {"type": "upfront_and_royalty", "days_after_signing": 10, "royalty": ROYALTY}
    assert lacking(payment=entry) == []
    assert lacking(payment=entry, price_lines=[]) == ["price_lines"]


def test_a_valuation_is_the_sum_of_the_price_lines() -> None:
    payment = EQUITY["payment"] | {"valuation": money("300000.01")}
    assert lacking(Mode.EQUITY, payment=payment) == ["payment/valuation"]


@pytest.mark.parametrize(
    "changed",
    [
        {"price_lines": [line("1.00"), line("1.00", "USD")]},
        {"payment": {"type": "instalments", "instalments": [{"amount": money("1.00", "USD"), "due_on": "2026-05-01"}]}},
        {"payment": {"type": "upfront_and_royalty", "days_after_signing": 1, "royalty": ROYALTY | {"currency": "USD"}}},
        {"payment": EQUITY["payment"] | {"valuation": money("300000.00", "USD")}},
        {"payment": {"type": "pay_after_use", "currency": "USD", **GOOD["pay_after_use"][0]}},
    ],
)  # fmt: skip
def test_a_deal_is_in_one_currency(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="one currency"):
        made(**changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"all_fields": True},
        {"territory": ["CN", "worldwide"]},
        {"term": {"ends_on": "2026-01-01", "unlimited": True}},
        {"term": {"begins_on": "2026-01-02", "ends_on": "2026-01-01"}},
        {"improvements": {"ownership": "as_written"}},
        {"price_lines": [line("99999999999999.00"), line("1.00")]},
    ],
)
def test_terms_do_not_contradict_themselves(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(**changed)


def test_the_hash_is_that_of_the_canonical_terms_as_shown() -> None:
    agreed = made()
    shown = agreed.model_dump(mode="json")
    assert terms.terms_hash(agreed) == hashlib.sha256(rfc8785.dumps(shown)).digest()
    assert terms.terms_hash(Terms.model_validate(shown)) == terms.terms_hash(agreed)
    spelled = made(price_lines=[line("250000"), line("50000.0", technical=False)])
    assert terms.terms_hash(spelled) == terms.terms_hash(
        made(price_lines=[line("250000.00"), line("50000.00", technical=False)])
    ), "equal amounts are equal however they are spelled"


def test_the_licence_kind_is_as_stated_by_the_mode_or_ordinary() -> None:
    def kind(mode: Mode, **changed: Any) -> LicenceKind | None:
        return terms.licence_kind(mode, made(**changed))

    assert kind(Mode.EXCLUSIVE_LICENCE) is LicenceKind.EXCLUSIVE
    assert kind(Mode.SOLE_LICENCE) is LicenceKind.SOLE
    assert kind(Mode.OPEN_LICENCE) is LicenceKind.ORDINARY
    assert kind(Mode.TRIAL) is LicenceKind.ORDINARY
    assert kind(Mode.TRIAL, licence_kind="sole") is LicenceKind.SOLE
    assert kind(Mode.TRANSFER) is None
    assert terms.contract_licence(ContractKind.LICENCE, Mode.OPTION, made()) is LicenceKind.ORDINARY
    assert terms.contract_licence(ContractKind.TRANSFER, Mode.OPTION, made()) is None


def test_what_is_agreed_has_no_default() -> None:
    assert terms.defaults(Mode.ORDINARY_LICENCE, made()) == []
    assert terms.defaults(Mode.TRANSFER, Terms()) == []
    unlimited = terms.defaults(Mode.ORDINARY_LICENCE, made(term={"unlimited": True}))
    assert unlimited == []
    begun = terms.defaults(Mode.ORDINARY_LICENCE, made(term={"begins_on": "2026-01-01"}))
    assert [default.pointer for default in begun] == ["/terms/term"]


def test_a_grant_is_limited_by_a_field_or_a_territory() -> None:
    assert terms.is_limited(made())
    assert terms.is_limited(made(field_of_use=None, all_fields=True))
    assert not terms.is_limited(made(field_of_use=None, all_fields=True, territory=["worldwide"]))


def test_a_patch_of_a_payment_merges_within_its_type_alone() -> None:
    stored = made().model_dump(mode="json")
    kept = merge_terms(stored, {"payment": {"days_after_signing": 5}})
    assert kept["payment"] == {"type": "lump_sum", "due_on": None, "days_after_signing": 5}
    other = merge_terms(stored, {"payment": {"type": "royalty", **ROYALTY}})
    assert "days_after_signing" not in other["payment"]
    assert "payment" not in merge_terms(stored, {"payment": None})
    assert merge_terms(stored, {}) == stored


# Exact money

CURRENCIES = st.sampled_from(["CNY", "JPY", "KWD", "USD", "CLF"])


@st.composite
def priced(draw: st.DrawFn) -> tuple[str, list[tuple[int, bool]]]:
    """A currency and lines in its minor units, each technical or not."""
    amounts = st.tuples(st.integers(0, 10**13), st.booleans())
    return draw(CURRENCIES), draw(st.lists(amounts, min_size=1, max_size=8))


def lines_of(currency: str, lines: list[tuple[int, bool]]) -> list[dict[str, Any]]:
    return [
        {
            "description": "x",
            "amount": Money.of(minor, currency).model_dump(mode="json"),
            "is_technical": technical,
        }
        for minor, technical in lines
    ]


@settings(deadline=None)
@given(priced())
def test_both_values_are_exact_in_every_currency(case: tuple[str, list[tuple[int, bool]]]) -> None:
    currency, lines = case
    agreed = Terms.model_validate({"price_lines": lines_of(currency, lines)})
    total, technical = terms.total_value(agreed), terms.technical_value(agreed)
    assert total is not None
    assert technical is not None
    assert total.minor == sum(minor for minor, _ in lines)
    assert technical.minor == sum(minor for minor, is_technical in lines if is_technical)
    digits = MINOR_UNITS.get(currency, 2)
    assert total.amount == sum((Decimal(minor).scaleb(-digits) for minor, _ in lines), Decimal())
    assert len(total.model_dump(mode="json")["amount"].partition(".")[2]) == digits


@settings(deadline=None)
@given(priced(), st.data())
def test_instalments_fit_exactly_or_the_difference_is_named(
    case: tuple[str, list[tuple[int, bool]]], data: st.DataObject
) -> None:
    currency, lines = case
    total = sum(minor for minor, _ in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, total), max_size=5)))
    parts = [after - before for before, after in zip([0, *cuts], [*cuts, total], strict=True)]
    off = data.draw(st.sampled_from([0, 0, 1, 2]))
    parts[-1] += off
    payment = {
        "type": "instalments",
        "instalments": [
            {"amount": Money.of(part, currency).model_dump(mode="json"), "due_on": "2026-05-01"}
            for part in parts
        ],
    }
    found = terms.lacking(
        Mode.SALE, Terms.model_validate({"price_lines": lines_of(currency, lines), "payment": payment})
    )
    if not off:
        assert found == []
        return
    assert [condition.pointer for condition in found] == ["/terms/payment/instalments"]
    difference = Money.of(off, currency).model_dump(mode="json")["amount"]
    assert f"{difference} {currency} more" in found[0].detail


def test_instalments_that_come_to_less_say_so() -> None:
    payment = {"type": "instalments", "instalments": [{"amount": money("299999.99"), "due_on": "2026-05-01"}]}
    (found,) = terms.lacking(Mode.ORDINARY_LICENCE, made(payment=payment))
    assert "0.01 CNY less" in found.detail


def paying(amount: str, currency: str = "CNY", **fields: Any) -> NewPayment:
    body = {"amount": money(amount, currency), "paid_on": "2026-02-01", "purpose": "x", "reference": "y"}
    return NewPayment.model_validate(body | fields)


@settings(deadline=None)
@given(paid=st.integers(0, 40_000_000), amount=st.integers(1, 40_000_000))
def test_a_fixed_price_is_not_overpaid_in_silence(paid: int, amount: int) -> None:
    today, given_amount = date(2026, 3, 1), Money.of(amount, "CNY").model_dump(mode="json")["amount"]
    found = terms.payment_problems(made(), paying(given_amount), paid, today)
    assert bool(found) is (paid + amount > 30_000_000)
    assert terms.payment_problems(made(), paying(given_amount, over_total="Interest"), paid, today) == []


def test_a_payment_of_today_is_made_and_one_of_tomorrow_is_not() -> None:
    assert terms.payment_problems(made(), paying("1.00"), 0, date(2026, 2, 1)) == []
    (found,) = terms.payment_problems(made(), paying("1.00"), 0, date(2026, 1, 31))
    assert found.pointer == "/paid_on"
