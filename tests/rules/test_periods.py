"""Legal periods (PR-6): the expected ends are worked out by hand from the holidays that the State Council decreed.

2024: off 2-10..2-17, 4-4..4-6, 5-1..5-5, 6-10, 9-15..9-17, 10-1..10-7;
worked 2-4, 2-18, 4-7, 4-28, 5-11, 9-14, 9-29, 10-12.
2025: off 1-1, 1-28..2-4, 4-4..4-6, 5-1..5-5, 5-31..6-2, 10-1..10-8; worked 1-26, 2-8, 4-27, 9-28, 10-11.
2026: off 1-1..1-3, 2-15..2-23, 4-4..4-6, 5-1..5-5, 6-19..6-21, 9-25..9-27, 10-1..10-7;
worked 1-4, 2-14, 2-28, 5-9, 9-20, 10-10.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.rules.periods import Basis, Period, count
from market.workdays import SHANGHAI, is_working_day, legal_day
from schemas.rules import PeriodView
from schemas.vocabulary import RuleUnit

D, W, M, Y = RuleUnit.DAYS, RuleUnit.WORKING_DAYS, RuleUnit.MONTHS, RuleUnit.YEARS

CASES = [
    # Fifteen days over the Spring Festival of 2024: Sunday 4 February worked, 10 to 17 off, Sunday 18 worked.
    ("2024-01-19", 15, D, "2024-02-04"),  # Saturday 3 rolls, to the Sunday that is worked
    ("2024-01-20", 15, D, "2024-02-04"),  # the make-up Sunday is no rest day
    ("2024-01-25", 15, D, "2024-02-09"),  # New Year's Eve was a working day in that year
    ("2024-01-26", 15, D, "2024-02-18"),  # the first day off
    ("2024-02-01", 15, D, "2024-02-18"),  # 16 February
    ("2024-02-02", 15, D, "2024-02-18"),  # the last day off
    ("2024-02-03", 15, D, "2024-02-18"),  # the make-up Sunday itself
    ("2024-02-04", 15, D, "2024-02-19"),
    ("2024-02-09", 15, D, "2024-02-26"),  # Saturday 24 rolls to Monday
    # 2025: Sunday 26 January worked, 28 January to 4 February off, Saturday 8 February worked.
    ("2025-01-10", 15, D, "2025-01-26"),  # Saturday 25
    ("2025-01-11", 15, D, "2025-01-26"),
    ("2025-01-12", 15, D, "2025-01-27"),
    ("2025-01-13", 15, D, "2025-02-05"),  # the first day off
    ("2025-01-20", 15, D, "2025-02-05"),  # the last
    ("2025-01-21", 15, D, "2025-02-05"),
    ("2025-01-24", 15, D, "2025-02-08"),  # the make-up Saturday
    ("2025-01-25", 15, D, "2025-02-10"),  # Sunday 9
    # 2026: Saturday 14 February worked, 15 to 23 off, Saturday 28 worked.
    ("2026-01-30", 15, D, "2026-02-14"),
    ("2026-01-31", 15, D, "2026-02-24"),  # the first day off
    ("2026-02-08", 15, D, "2026-02-24"),  # the last
    ("2026-02-09", 15, D, "2026-02-24"),
    ("2026-02-13", 15, D, "2026-02-28"),
    ("2026-02-14", 15, D, "2026-03-02"),  # Sunday 1 March
    # National Day 2024: Sunday 29 September worked, 1 to 7 October off, Saturday 12 worked.
    ("2024-09-13", 15, D, "2024-09-29"),  # Saturday 28
    ("2024-09-14", 15, D, "2024-09-29"),
    ("2024-09-16", 15, D, "2024-10-08"),  # the first day off
    ("2024-09-22", 15, D, "2024-10-08"),  # the last
    ("2024-09-23", 15, D, "2024-10-08"),
    ("2024-09-27", 15, D, "2024-10-12"),
    ("2024-09-28", 15, D, "2024-10-14"),  # Sunday 13
    # 2025, with Mid-Autumn: Sunday 28 September worked, 1 to 8 October off, Saturday 11 worked.
    ("2025-09-12", 15, D, "2025-09-28"),  # Saturday 27
    ("2025-09-13", 15, D, "2025-09-28"),
    ("2025-09-16", 15, D, "2025-10-09"),
    ("2025-09-23", 15, D, "2025-10-09"),
    ("2025-09-26", 15, D, "2025-10-11"),
    ("2025-09-27", 15, D, "2025-10-13"),  # Sunday 12
    # 2026: Sunday 20 September worked, 25 to 27 off (Mid-Autumn), 1 to 7 October off, Saturday 10 worked.
    ("2026-09-04", 15, D, "2026-09-20"),  # Saturday 19
    ("2026-09-05", 15, D, "2026-09-20"),
    ("2026-09-10", 15, D, "2026-09-28"),
    ("2026-09-12", 15, D, "2026-09-28"),
    ("2026-09-16", 15, D, "2026-10-08"),
    ("2026-09-25", 15, D, "2026-10-10"),
    ("2026-09-26", 15, D, "2026-10-12"),  # Sunday 11
    # The other festivals.
    ("2024-03-20", 15, D, "2024-04-07"),  # 4 April, off until Saturday 6; Sunday 7 worked
    ("2024-04-26", 15, D, "2024-05-11"),  # a worked Saturday
    ("2024-05-25", 15, D, "2024-06-11"),  # Sunday 9 June, and Monday 10 is off
    ("2024-08-31", 15, D, "2024-09-18"),  # Mid-Autumn, Sunday 15 to Tuesday 17
    ("2025-04-12", 15, D, "2025-04-27"),  # a worked Sunday
    ("2025-04-16", 15, D, "2025-05-06"),  # 1 May, off until 5
    ("2025-12-17", 15, D, "2026-01-04"),  # New Year, off until Saturday 3; Sunday 4 worked
    ("2025-12-20", 15, D, "2026-01-04"),
    ("2026-04-24", 15, D, "2026-05-09"),  # a worked Saturday
    # Shorter and longer ones.
    ("2026-03-02", 1, D, "2026-03-03"),
    ("2026-03-06", 1, D, "2026-03-09"),  # Saturday
    ("2025-09-08", 30, D, "2025-10-09"),  # 8 October
    # Months end on the same day of the last one, or with it where it has no such day.
    ("2024-01-31", 1, M, "2024-02-29"),
    ("2024-11-30", 3, M, "2025-02-28"),
    ("2025-11-30", 3, M, "2026-02-28"),  # a worked Saturday
    ("2025-05-31", 4, M, "2025-09-30"),
    ("2024-10-28", 3, M, "2025-02-05"),  # 28 January 2025
    ("2025-11-15", 3, M, "2026-02-24"),  # 15 February 2026
    ("2025-07-01", 3, M, "2025-10-09"),  # 1 October 2025
    ("2024-07-07", 3, M, "2024-10-08"),  # 7 October 2024
    ("2024-07-12", 3, M, "2024-10-12"),  # a worked Saturday
    ("2025-08-31", 6, M, "2026-02-28"),
    ("2024-02-29", 12, M, "2025-02-28"),
    ("2024-02-29", 1, Y, "2025-02-28"),
    ("2025-02-16", 1, Y, "2026-02-24"),  # 16 February 2026
    ("2023-05-05", 3, Y, "2026-05-06"),  # 5 May 2026
    # Working days, Spring Festival 2024: from Friday 2 February.
    ("2024-02-02", 1, W, "2024-02-04"),
    ("2024-02-02", 6, W, "2024-02-09"),  # 4, 5, 6, 7, 8, 9
    ("2024-02-02", 7, W, "2024-02-18"),
    ("2024-02-02", 8, W, "2024-02-19"),
    ("2024-02-09", 15, W, "2024-03-07"),  # 18 to 23, 26 to 29, 1, 4, 5, 6, 7
    # 2025 and 2026, and the twenty of a state-owned enterprise.
    ("2025-01-24", 10, W, "2025-02-13"),  # 26, 27, 5, 6, 7, 8, 10, 11, 12, 13
    ("2026-02-13", 20, W, "2026-03-19"),  # 14, 24 to 28, 2 to 6, 9 to 13, 16 to 19
    # National Day.
    ("2024-09-13", 1, W, "2024-09-14"),
    ("2024-09-13", 2, W, "2024-09-18"),  # Mid-Autumn, 15 to 17
    ("2024-09-27", 7, W, "2024-10-12"),  # 29, 30, 8, 9, 10, 11, 12
    ("2024-09-27", 8, W, "2024-10-14"),
    ("2025-09-26", 20, W, "2025-10-30"),  # 28, 29, 30, 9, 10, 11, 13 to 17, 20 to 24, 27 to 30
    ("2026-09-18", 5, W, "2026-09-24"),  # 20 to 24
    ("2026-09-18", 6, W, "2026-09-28"),
    ("2026-09-30", 3, W, "2026-10-10"),  # 8, 9, 10
]


def at(day: str, clock: str = "10:00:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}+08:00")


@pytest.mark.parametrize(("start", "length", "unit", "last"), CASES)
def test_a_period_ends_where_the_civil_code_ends_it(
    start: str, length: int, unit: RuleUnit, last: str
) -> None:
    period = count(at(start), length, unit)
    assert period.last_day == date.fromisoformat(last)
    assert period.end == at(last, "00:00:00") + timedelta(days=1)
    assert period.end.tzinfo is UTC
    assert period.confirmed


def test_the_table_is_long_enough() -> None:
    assert len(CASES) >= 60
    assert len(set(CASES)) == len(CASES)


@pytest.mark.parametrize("clock", ["00:00:00", "12:00:00", "23:59:59"])
def test_the_hour_at_which_it_begins_makes_no_difference(clock: str) -> None:
    assert count(at("2026-03-02", clock), 15, D).last_day == date(2026, 3, 17)


def test_the_day_that_is_not_counted_is_the_one_in_shanghai() -> None:
    assert count(datetime(2026, 3, 2, 15, 59, 59, tzinfo=UTC), 15, D).last_day == date(2026, 3, 17)
    assert count(datetime(2026, 3, 2, 16, tzinfo=UTC), 15, D).last_day == date(2026, 3, 18)


def test_the_last_instant_is_still_inside_and_the_next_is_not() -> None:
    period = count(at("2026-03-02"), 15, D)
    assert not period.is_over(at("2026-03-17", "23:59:59.999999"))
    assert period.is_over(at("2026-03-18", "00:00:00"))


def test_it_says_from_what_it_was_rolled() -> None:
    period = count(at("2026-01-31"), 15, D)
    assert (period.nominal_last_day, period.last_day) == (date(2026, 2, 15), date(2026, 2, 24))


@pytest.mark.parametrize(
    ("start", "length", "unit", "last"),
    [
        # Spring Festival 2050, from 23 January, is not decreed: a Monday that will be off is counted.
        ("2050-01-09", 15, D, "2050-01-24"),
        ("2050-01-21", 1, W, "2050-01-24"),
        ("2050-01-10", 12, D, "2050-01-24"),  # Saturday 22
        ("2026-12-25", 10, W, "2027-01-08"),  # runs into a year that is not known yet
    ],
)
def test_of_an_unknown_year_monday_to_friday_count_and_it_says_so(
    start: str, length: int, unit: RuleUnit, last: str
) -> None:
    period = count(at(start), length, unit)
    assert period.last_day == date.fromisoformat(last)
    assert not period.calendar_confirmed
    assert not period.confirmed


def test_days_depend_on_the_holidays_of_their_end_alone() -> None:
    # The calendar knows 2004 to 2026.
    assert count(at("2003-06-10"), 12, M).confirmed
    assert not count(at("2026-12-30"), 1, M).confirmed


def test_an_unconfirmed_rule_makes_an_unconfirmed_period() -> None:
    basis = Basis("PR-3", "price_publicity", "CN", "CN@00", confirmed=False)
    period = count(at("2026-03-02"), 15, D, basis)
    assert period.calendar_confirmed
    assert not period.confirmed


@pytest.mark.parametrize("basis", [None, Basis("PR-3", "price_publicity", "CN", "CN@00", confirmed=True)])
def test_what_is_stored_holds_every_input(basis: Basis | None) -> None:
    period = count(at("2026-01-31"), 15, D, basis)
    view = PeriodView.model_validate(period.record())
    again = count(view.start, view.length, view.unit, basis)
    assert again == period
    assert view == again.view()
    assert "chinese-calendar" in view.calendar
    assert (view.rule, view.pack_version) == (("PR-3", "CN@00") if basis else (None, None))


@pytest.mark.parametrize("length", [0, -1])
@pytest.mark.parametrize("unit", [D, W, M, Y])
def test_a_period_has_at_least_one_day(length: int, unit: RuleUnit) -> None:
    with pytest.raises(ValueError, match="at least one"):
        count(at("2026-03-02"), length, unit)


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        count(datetime(2026, 3, 2, 10), 1, D)


@pytest.mark.parametrize("unit", sorted(set(RuleUnit) - {D, W, M, Y}))
def test_what_is_no_time_is_refused(unit: RuleUnit) -> None:
    with pytest.raises(ValueError, match="no unit of time"):
        count(at("2026-03-02"), 1, unit)


def test_every_day_of_the_known_years_ends_on_a_working_day_at_midnight() -> None:
    day = date(2024, 1, 1)
    while day <= date(2026, 11, 1):
        period = count(at(day.isoformat()), 15, D)
        assert is_working_day(period.last_day)
        between = [
            period.nominal_last_day + timedelta(n)
            for n in range((period.last_day - period.nominal_last_day).days)
        ]
        assert not any(map(is_working_day, between))
        day += timedelta(days=1)


STARTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 9, 1)).map(lambda start: start.replace(tzinfo=UTC))


@given(STARTS, st.integers(1, 60), st.sampled_from([D, W, M]))
def test_a_longer_period_never_ends_earlier(start: datetime, length: int, unit: RuleUnit) -> None:
    shorter, longer = (count(start, n, unit) for n in (length, length + 1))
    assert shorter.end <= longer.end
    assert shorter.end.astimezone(SHANGHAI).strftime("%H:%M:%S") == "00:00:00"
    assert legal_day(start) < shorter.last_day


@given(STARTS, st.integers(1, 60))
def test_working_days_are_never_fewer_than_days(start: datetime, length: int) -> None:
    """So many working days take at least as long as so many days, before the last day rolls."""
    working: Period = count(start, length, W)
    assert working.nominal_last_day >= count(start, length, D).nominal_last_day
    assert working.nominal_last_day == working.last_day
