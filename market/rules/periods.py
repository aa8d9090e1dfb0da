"""Legal periods as the Civil Code counts them (期间, 民法典 art. 200 to 204; PR-6), in Shanghai; no database, no packs.

    period = count(published_at, 15, RuleUnit.DAYS, basis)
    period.end           # 24:00 of the last day, in UTC: what a deadline column holds
    period.is_over(at)   # from that instant on
    period.record()      # JSON with all inputs, to be stored with what the period decides
    PeriodView.model_validate(stored)   # and to be shown again

`Rulebook.period(name, start)` in packs.py fills in length, unit and basis. A period is computed once and stored; it
is not computed again when a pack or the calendar changes.
"""

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from market import workdays
from schemas.rules import PeriodView
from schemas.vocabulary import RuleUnit

_DAY = timedelta(days=1)
_MONTHS = {RuleUnit.MONTHS: 1, RuleUnit.YEARS: 12}


@dataclass(frozen=True)
class Basis:
    """The rule that gave a period its length."""

    rule: str
    name: str
    pack: str
    pack_version: str
    confirmed: bool


@dataclass(frozen=True)
class Period:
    """A period with its inputs; the fields are those of schemas.rules.PeriodView."""

    start: datetime
    """The instant that sets it running; its day in Shanghai is not counted (art. 201)."""
    length: int
    unit: RuleUnit
    nominal_last_day: date
    """Before it rolled over a holiday."""
    last_day: date
    calendar_confirmed: bool
    basis: Basis | None = None
    calendar: str = workdays.CALENDAR

    @property
    def start_day(self) -> date:
        return workdays.legal_day(self.start)

    @property
    def end(self) -> datetime:
        """24:00 Asia/Shanghai of the last day, in UTC (art. 203): the first instant after the period."""
        return workdays.end_of_day(self.last_day)

    @property
    def confirmed(self) -> bool:
        return self.calendar_confirmed and (self.basis is None or self.basis.confirmed)

    def is_over(self, at: datetime) -> bool:
        return at >= self.end

    def view(self) -> PeriodView:
        basis = self.basis
        return PeriodView(
            start=self.start,
            start_day=self.start_day,
            length=self.length,
            unit=self.unit,
            nominal_last_day=self.nominal_last_day,
            last_day=self.last_day,
            end=self.end,
            calendar=self.calendar,
            calendar_confirmed=self.calendar_confirmed,
            rule=basis.rule if basis else None,
            name=basis.name if basis else None,
            pack=basis.pack if basis else None,
            pack_version=basis.pack_version if basis else None,
            rule_confirmed=basis.confirmed if basis else None,
            confirmed=self.confirmed,
        )

    def record(self) -> dict[str, Any]:
        """All of it as JSON."""
        return self.view().model_dump(mode="json")


def count(start: datetime, length: int, unit: RuleUnit, basis: Basis | None = None) -> Period:
    """The period that an instant sets running; without a basis its length was agreed between the parties.

    Raises ValueError for a length below one, for an instant without a time zone, and for a unit that is no time.
    """
    if length < 1:
        raise ValueError("a period has at least one day")
    day = workdays.legal_day(start)
    if unit is RuleUnit.WORKING_DAYS:
        nominal = workdays.legal_day(workdays.add_working_days(start, length) - _DAY)
        last, depends_from = nominal, day + _DAY
    else:
        nominal = _nominal(day, length, unit)
        last, depends_from = workdays.rolled(nominal), nominal
    known = all(workdays.is_confirmed(year) for year in range(depends_from.year, last.year + 1))
    return Period(start, length, unit, nominal, last, known, basis)


def _nominal(day: date, length: int, unit: RuleUnit) -> date:
    """Days begin with the next one (art. 201); months end on the same day of their last, or with it (art. 202)."""
    if unit is RuleUnit.DAYS:
        return day + length * _DAY
    if unit in _MONTHS:
        return months_after(day, length * _MONTHS[unit])
    raise ValueError(f"{unit} is no unit of time")


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day (art. 202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
