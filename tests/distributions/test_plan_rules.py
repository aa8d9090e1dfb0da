"""The pure rules of what is due: lines of each way of paying, their state by the day, royalties, matching of payments."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.distributions import plan
from market.distributions.plan import Open, RoyaltyVerb
from market.errors import WrongState
from schemas.deals import RoyaltyTerms, Terms
from schemas.vocabulary import DueKind, DueStanding, DueStatus, DueVerb, RoyaltyPeriod, RoyaltyStatus
from tests.deals.trade import EQUITY, TERMS, money
from tests.depth import examples
from tests.distributions.unit import ROYALTY

SIGNED = date(2026, 1, 15)
DUE = date(2026, 3, 10)  # a Tuesday


def of(payment: dict[str, Any]) -> list[tuple[str, int, date]]:
    terms = Terms.model_validate(TERMS | {"payment": payment})
    return [(each.kind.value, each.amount, each.due_on) for each in plan.planned(terms, SIGNED)]


def test_a_lump_sum_is_one_line() -> None:
    assert of({"type": "lump_sum", "days_after_signing": 30}) == [("lump_sum", 300_000_00, date(2026, 2, 14))]
    assert of({"type": "lump_sum", "due_on": "2026-05-01"}) == [("lump_sum", 300_000_00, date(2026, 5, 1))]


def test_instalments_are_lines_in_the_order_of_their_days() -> None:
    parts = [
        {"amount": money("200000.00"), "due_on": "2026-08-01"},
        {"amount": money("100000.00"), "due_on": "2026-02-01"},
    ]
    assert of({"type": "instalments", "instalments": parts}) == [
        ("instalment", 100_000_00, date(2026, 2, 1)),
        ("instalment", 200_000_00, date(2026, 8, 1)),
    ]


def test_an_entry_fee_is_a_line_and_its_royalty_none_before_it_is_reported() -> None:
    fee = {"type": "upfront_and_royalty", "due_on": "2026-02-01", "royalty": ROYALTY}
    assert of(fee) == [("entry_fee", 300_000_00, date(2026, 2, 1))]
    assert of({"type": "royalty"} | ROYALTY) == []


def test_what_is_paid_after_use_or_by_shares_is_no_line_of_the_terms() -> None:
    use = {"type": "pay_after_use", "trigger": "T", "price_formula": "F", "until": "2026-12-31"}
    assert of(use) == []
    assert plan.planned(Terms.model_validate(EQUITY), SIGNED) == []


@pytest.mark.parametrize(
    ("today", "status"),
    [
        (DUE - timedelta(days=31), DueStatus.PLANNED),
        (DUE - timedelta(days=30), DueStatus.DUE),
        (DUE, DueStatus.DUE),
        (DUE + timedelta(days=1), DueStatus.OVERDUE),
    ],
)
def test_a_line_is_planned_then_due_then_overdue(today: date, status: DueStatus) -> None:
    assert plan.due_status(DueStanding.OPEN, 100, 99, DUE, today) is status
    assert plan.due_status(DueStanding.OPEN, 100, 100, DUE, today) is DueStatus.PAID
    assert plan.due_status(DueStanding.DISPUTED, 100, 0, DUE, today) is DueStatus.DISPUTED
    assert plan.due_status(DueStanding.WRITTEN_OFF, 100, 50, DUE, today) is DueStatus.WRITTEN_OFF


def test_a_last_day_that_is_a_holiday_rolls_on() -> None:
    holiday = date(2026, 10, 1)
    assert plan.due_status(DueStanding.OPEN, 1, 0, holiday, date(2026, 10, 7)) is DueStatus.DUE
    assert plan.due_status(DueStanding.OPEN, 1, 0, holiday, date(2026, 10, 9)) is DueStatus.OVERDUE


@pytest.mark.parametrize("standing", DueStanding)
@pytest.mark.parametrize("verb", DueVerb)
def test_a_verb_of_a_line_leads_where_the_table_says(verb: DueVerb, standing: DueStanding) -> None:
    if standing in plan.FROM_DUE[verb]:
        assert plan.next_standing(verb, standing, paid=False) is plan.TO_DUE[verb]
    else:
        with pytest.raises(WrongState):
            plan.next_standing(verb, standing, paid=False)
    with pytest.raises(WrongState):
        plan.next_standing(verb, standing, paid=True)


@pytest.mark.parametrize("status", RoyaltyStatus)
@pytest.mark.parametrize("verb", RoyaltyVerb)
def test_a_verb_of_a_report_leads_where_the_table_says(verb: RoyaltyVerb, status: RoyaltyStatus) -> None:
    if status in plan.FROM_ROYALTY[verb]:
        assert plan.next_royalty(verb, status) is plan.TO_ROYALTY[verb]
    else:
        with pytest.raises(WrongState):
            plan.next_royalty(verb, status)


def test_every_state_of_a_report_is_reached_and_has_a_way_out_or_is_paid() -> None:
    reached = {RoyaltyStatus.REPORTED} | set(plan.TO_ROYALTY.values())
    assert reached == set(RoyaltyStatus)
    leaving = {status for able in plan.FROM_ROYALTY.values() for status in able}
    assert leaving == set(RoyaltyStatus) - {RoyaltyStatus.PAID}


def test_periods_follow_each_other_from_the_day_of_effect() -> None:
    for period in RoyaltyPeriod:
        ends = date(2026, 1, 30)
        for number in range(1, 40):
            begins, last = plan.royalty_period(date(2026, 1, 31), period, number)
            assert begins == ends + timedelta(days=1)
            ends = last


def test_the_rate_is_that_of_the_contract_year_of_the_period() -> None:
    steps = RoyaltyTerms.model_validate(ROYALTY)
    assert [plan.rate_of(steps, number) for number in (1, 12, 13, 40)] == [35_000, 35_000, 20_000, 20_000]
    fixed = RoyaltyTerms.model_validate(
        {name: value for name, value in ROYALTY.items() if name != "rate_steps"} | {"rate_percent": "0.125"}
    )
    assert plan.rate_of(fixed, 9) == 1_250


@settings(max_examples=examples(3_000))
@given(st.integers(0, 10**16), st.integers(1, 1_000_000))
def test_a_royalty_is_exact_to_the_minor_unit(base: int, rate: int) -> None:
    exact = Fraction(base * rate, 1_000_000)
    computed = plan.royalty(base, rate)
    assert exact - Fraction(1, 2) < computed <= exact + Fraction(1, 2)


sums = st.lists(st.integers(1, 10**9), max_size=8)


@settings(max_examples=examples(3_000))
@given(sums, sums)
def test_payments_pay_what_fell_due_first_and_nothing_twice(paid: list[int], due: list[int]) -> None:
    payments = [Open(UUID(int=number), amount) for number, amount in enumerate(paid)]
    lines = [Open(UUID(int=100 + number), amount) for number, amount in enumerate(due)]
    matches = plan.allocate(payments, lines)
    assert sum(amount for _, _, amount in matches) == min(sum(paid), sum(due))
    assert len({pair[:2] for pair in matches}) == len(matches)
    met = [sum(part for _, line, part in matches if line == each.id) for each in lines]
    assert all(got <= each.amount for got, each in zip(met, lines, strict=True))
    first_open = next((place for place, each in enumerate(lines) if met[place] < each.amount), len(lines))
    assert not any(met[first_open + 1 :])


def test_kinds_of_lines_are_those_of_the_ways_of_paying() -> None:
    assert {kind.value for kind in DueKind} == {
        "lump_sum",
        "instalment",
        "entry_fee",
        "royalty",
        "after_use",
        "extra",
    }
