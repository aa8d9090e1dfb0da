"""Legal working days in China: statutory holidays and make-up workdays (调休; PR-6), counted in Asia/Shanghai; no database.

The holidays of a year are decreed in the autumn before it. For a year that the calendar does not know, Monday to
Friday are counted and `is_confirmed` says so.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone
from importlib.metadata import version

import chinese_calendar

# A fixed offset, so that a machine without a time zone database counts the same: no summer time there since 1991.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
CALENDAR = f"CN, chinese-calendar {version('chinese-calendar')}"
"""Names the calendar in the inputs of a stored deadline."""

_DAY = timedelta(days=1)


def legal_day(at: datetime) -> date:
    """The day on which an aware instant falls in China."""
    if at.tzinfo is None:
        raise ValueError("an instant without a time zone falls on no particular day")
    return at.astimezone(SHANGHAI).date()


def end_of_day(day: date) -> datetime:
    """24:00 Asia/Shanghai of a day, in UTC (民法典 art. 203)."""
    return datetime.combine(day + _DAY, time(), SHANGHAI).astimezone(UTC)


def is_confirmed(year: int) -> bool:
    """Whether the holidays of this year are known."""
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


def is_confirmed_between(start: datetime, end: datetime) -> bool:
    """Whether the holidays of every year from one instant until the other, not included, are known."""
    last = legal_day(end - timedelta(microseconds=1))
    return all(is_confirmed(year) for year in range(legal_day(start).year, last.year + 1))


def is_working_day(day: date) -> bool:
    """Whether people work in China on this day: make-up weekends count, holidays do not."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def rolled(day: date) -> date:
    """The day itself, or the next working day where it is a statutory holiday or a rest day (民法典 art. 203)."""
    while not is_working_day(day):
        day += _DAY
    return day


def add_working_days(start: datetime, days: int) -> datetime:
    """24:00 Asia/Shanghai, in UTC, of the `days`-th working day after the day of `start`.

    The first day is not counted (民法典 art. 201); a last day that is a holiday cannot arise (art. 203), since
    working days alone are counted. Raises ValueError for less than one day or an instant without a time zone.
    """
    if days < 1:
        raise ValueError("a period has at least one working day")
    day = legal_day(start)
    while days:
        day += _DAY
        days -= is_working_day(day)
    return end_of_day(day)


def working_days_between(start: datetime, end: datetime) -> int:
    """Working days after the day of `start`, up to and with the day of `end`; 0 on the same day or before."""
    first, last = legal_day(start), legal_day(end)
    return sum(is_working_day(first + n * _DAY) for n in range(1, (last - first).days + 1))
