"""Dates and notes that follow from the rules alone: bonuses for granted patents, the clock of an unused result, tax; no database."""

from datetime import date, datetime, timedelta

from market.distributions.rules import binding
from market.rules.packs import Rulebook
from market.rules.periods import months_after
from market.workdays import end_of_day
from schemas.distributions import BonusClock, TaxNote, UnusedClock
from schemas.vocabulary import Founding, IPRightKind, RevenueBasis

_BONUS = {
    IPRightKind.INVENTION: "invention_bonus",
    IPRightKind.UTILITY_MODEL: "utility_model_bonus",
    IPRightKind.DESIGN: "design_bonus",
}


def instant_of(day: date) -> datetime:
    """An instant of a day in China, for a period that the day sets running."""
    return end_of_day(day) - timedelta(seconds=1)


def bonus(book: Rulebook, kind: IPRightKind, granted_on: date) -> BonusClock | None:
    """RV-10: what a patent's inventors are owed at least, and by when (专利法实施细则 art. 93); None of other rights."""
    value = book.find(_BONUS.get(kind, ""))
    if value is None or book.find("patent_bonus_due") is None:
        return None
    return BonusClock(
        rule=value.rule,
        source=value.cited,
        confirmed=value.confirmed,
        kind=kind,
        least=book.money(value.name),
        due=book.period("patent_bonus_due", instant_of(granted_on)).view(),
    )


def unused(book: Rulebook, founding: Founding, registered_on: date, at: datetime) -> UnusedClock | None:
    """RV-12: when a result that was registered in the unit and not put to use may be used by its completers, or pays them."""
    value = binding(book, founding, "unused_result_clock")
    if value is None:
        return None
    period = book.period("unused_result_clock", instant_of(registered_on))
    return UnusedClock(
        rule=value.rule,
        source=value.cited,
        confirmed=value.confirmed,
        ends=period.view(),
        is_over=period.is_over(at),
        outcome=book.text("unused_result_outcome"),
    )


def tax_notes(book: Rulebook, basis: RevenueBasis, income_on: date, *, cash_benefit: bool) -> list[TaxNote]:
    """What the packs say of tax on an income and on the rewards out of it (CT-20, CT-22); not tax advice."""
    notes = []
    if basis in (RevenueBasis.TRANSFER, RevenueBasis.LICENCE):
        notes += _of_the_unit(book)
        if cash_benefit:
            notes += _of_rewards(book, income_on)
    return notes


def _of_the_unit(book: Rulebook) -> list[TaxNote]:
    exempt, above = book.find("technology_income_exempt"), book.find("technology_income_taxed_above")
    if exempt is None or above is None:
        return []
    sum_free = book.money("technology_income_exempt").amount
    text = (
        f"Not tax advice. Of the unit's income from technology transfer, up to CNY {sum_free} a year may be exempt and "
        f"{above.value} % of what is above taxed; a licence has to run long enough and the contract to be registered."
    )
    confirmed = exempt.confirmed and above.confirmed
    return [TaxNote(rule=exempt.rule, source=exempt.cited, confirmed=confirmed, text=text, until=None)]


def _of_rewards(book: Rulebook, income_on: date) -> list[TaxNote]:
    taxed, window = book.find("cash_reward_taxed"), book.find("cash_reward_tax_window")
    if taxed is None or window is None:
        return []
    until = months_after(income_on, 12 * book.years("cash_reward_tax_window"))
    text = (
        f"Not tax advice. {taxed.value} % of a cash reward may count as the person's income where it is paid by {until}, "
        "after publicity for the working days that PR-9 names."
    )
    confirmed = taxed.confirmed and window.confirmed
    return [TaxNote(rule=taxed.rule, source=taxed.cited, confirmed=confirmed, text=text, until=until)]
