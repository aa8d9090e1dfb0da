"""Legal working days: the holidays and make-up workdays of 2025 and 2026, as decreed by the State Council.

2025: holidays 1-1, 1-28..2-4, 4-4..4-6, 5-1..5-5, 5-31..6-2, 10-1..10-8; worked 1-26, 2-8, 4-27, 9-28, 10-11.
2026: holidays 1-1..1-3, 2-15..2-23, 4-4..4-6, 5-1..5-5, 6-19..6-21, 9-25..9-27, 10-1..10-7;
worked 1-4, 2-14, 2-28, 5-9, 9-20, 10-10.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.workdays import (
    SHANGHAI,
    add_working_days,
    end_of_day,
    is_confirmed,
    is_confirmed_between,
    is_working_day,
    legal_day,
    working_days_between,
)

CASES = [
    # Spring Festival 2025: Friday 24 January, then Sunday 26 worked, 28 January to 4 February off, Saturday 8 worked.
    ("2025-01-24", 1, "2025-01-26"),  # the make-up Sunday counts
    ("2025-01-24", 2, "2025-01-27"),
    ("2025-01-24", 3, "2025-02-05"),  # over the whole festival
    ("2025-01-24", 6, "2025-02-08"),  # 26, 27, 5, 6, 7, and the make-up Saturday
    ("2025-01-24", 10, "2025-02-13"),  # and 10, 11, 12, 13
    ("2025-01-26", 1, "2025-01-27"),  # from a make-up Sunday, which is itself not counted
    ("2025-01-28", 1, "2025-02-05"),  # from a holiday
    ("2025-02-04", 4, "2025-02-08"),  # from the last day of the festival
    ("2025-02-07", 1, "2025-02-08"),
    ("2025-02-07", 2, "2025-02-10"),  # Sunday 9 is off
    # Labour Day 2025: Sunday 27 April worked, 1 to 5 May off.
    ("2025-04-25", 1, "2025-04-27"),
    ("2025-04-25", 5, "2025-05-06"),  # 27, 28, 29, 30, 6
    # National Day 2025, with Mid-Autumn: Sunday 28 September and Saturday 11 October worked, 1 to 8 October off.
    ("2025-09-26", 1, "2025-09-28"),
    ("2025-09-26", 3, "2025-09-30"),
    ("2025-09-26", 4, "2025-10-09"),
    ("2025-09-28", 2, "2025-09-30"),
    ("2025-09-30", 10, "2025-10-21"),  # 9, 10, 11, 13, 14, 15, 16, 17, 20, 21
    ("2025-10-08", 3, "2025-10-11"),
    ("2025-10-10", 1, "2025-10-11"),
    ("2025-10-10", 2, "2025-10-13"),
    # New Year 2026: 1 to 3 January off, Sunday 4 worked.
    ("2025-12-31", 1, "2026-01-04"),
    ("2025-12-30", 3, "2026-01-05"),  # 31, 4, 5
    # Spring Festival 2026: Saturday 14 February worked, 15 to 23 off, Saturday 28 worked.
    ("2026-02-13", 1, "2026-02-14"),
    ("2026-02-13", 2, "2026-02-24"),
    ("2026-02-13", 10, "2026-03-05"),  # 14, 24, 25, 26, 27, 28, 2, 3, 4, 5
    ("2026-02-23", 5, "2026-02-28"),
    ("2026-02-27", 1, "2026-02-28"),
    ("2026-02-27", 2, "2026-03-02"),
    # Mid-Autumn and National Day 2026: Sunday 20 September worked, 25 to 27 off, 1 to 7 October off, Saturday 10 worked.
    ("2026-09-18", 1, "2026-09-20"),
    ("2026-09-18", 10, "2026-10-09"),  # 20, 21, 22, 23, 24, 28, 29, 30, 8, 9
    ("2026-09-24", 1, "2026-09-28"),
    ("2026-09-30", 3, "2026-10-10"),  # 8, 9, 10
    ("2026-10-09", 1, "2026-10-10"),
    ("2026-10-09", 2, "2026-10-12"),
    # Two plain weeks.
    ("2026-03-02", 10, "2026-03-16"),
]


def at(day: str, clock: str = "10:00:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}+08:00")


@pytest.mark.parametrize(("start", "days", "last"), CASES)
def test_a_period_ends_at_midnight_after_its_last_working_day(start: str, days: int, last: str) -> None:
    end = add_working_days(at(start), days)
    assert end == datetime.fromisoformat(f"{last}T00:00:00+08:00") + timedelta(days=1)
    assert end.tzinfo is UTC
    assert working_days_between(at(start), at(last, "23:59:59")) == days
    assert is_confirmed_between(at(start), end)


def test_the_day_of_start_is_the_one_in_shanghai() -> None:
    # 15:59:59 UTC is still 2 March there, one second later it is 3 March.
    late, later = (datetime(2026, 3, 2, 15, 59, 59, tzinfo=UTC), datetime(2026, 3, 2, 16, tzinfo=UTC))
    assert legal_day(late) == date(2026, 3, 2)
    assert add_working_days(late, 1) == end_of_day(date(2026, 3, 3))
    assert add_working_days(later, 1) == end_of_day(date(2026, 3, 4))


def test_the_hour_of_the_start_makes_no_difference_within_a_day() -> None:
    assert add_working_days(at("2026-03-02", "00:00:00"), 5) == add_working_days(
        at("2026-03-02", "23:59:59"), 5
    )


def test_a_year_without_decreed_holidays_counts_monday_to_friday_and_says_so() -> None:
    assert not is_confirmed(2050)
    assert is_confirmed(2026)
    # Friday 21 January 2050; the festival of that year, from 23 January, is not decreed yet.
    assert add_working_days(at("2050-01-21"), 1) == end_of_day(date(2050, 1, 24))
    assert not is_confirmed_between(at("2026-12-30"), at("2050-01-01"))


def test_a_period_that_ends_with_the_year_needs_that_year_alone() -> None:
    assert is_confirmed_between(at("2026-12-20"), end_of_day(date(2026, 12, 31)))


def test_nothing_lies_between_two_hours_of_one_day() -> None:
    assert working_days_between(at("2026-03-02", "09:00:00"), at("2026-03-02", "18:00:00")) == 0
    assert working_days_between(at("2026-03-03"), at("2026-03-02")) == 0
    assert working_days_between(at("2026-03-06"), at("2026-03-08")) == 0  # a weekend


@pytest.mark.parametrize("days", [0, -1])
def test_a_period_has_at_least_one_day(days: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        add_working_days(at("2026-03-02"), days)


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        add_working_days(datetime(2026, 3, 2, 10), 1)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31)),
    st.integers(1, 60),
)
def test_adding_and_counting_agree(start: datetime, days: int) -> None:
    start = start.replace(tzinfo=UTC)
    end = add_working_days(start, days)
    last = end - timedelta(microseconds=1)
    assert is_working_day(legal_day(last))
    assert working_days_between(start, last) == days
    assert end.astimezone(SHANGHAI).strftime("%H:%M:%S") == "00:00:00"
    if days > 1:
        assert add_working_days(start, days - 1) < end
