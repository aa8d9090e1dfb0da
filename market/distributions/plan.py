"""What falls due by the terms of a deal, what a royalty comes to, and which payment pays what; no database.

Amounts are whole minor units of the deal's one currency.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from market import workdays
from market.deals.terms import total_value
from market.errors import WrongState
from market.rules.periods import months_after
from schemas.deals import Instalments, LumpSum, Royalty, RoyaltyTerms, Terms, UpfrontAndRoyalty
from schemas.vocabulary import DueKind, DueStanding, DueStatus, DueVerb, RoyaltyPeriod, RoyaltyStatus

NEAR = timedelta(days=30)
"""So long before its day a line counts as due: when the first reminder goes out."""
ROYALTY_DUE = timedelta(days=30)
"""After verification, where no day is given: our own choice, since 民法典 art. 511 names no number."""
RATE_UNIT = 10_000
"""Rates are kept in ten-thousandths of a per cent."""

D = DueStanding
FROM_DUE: Mapping[DueVerb, frozenset[DueStanding]] = {
    DueVerb.DISPUTE: frozenset({D.OPEN}),
    DueVerb.RESUME: frozenset({D.DISPUTED}),
    DueVerb.WRITE_OFF: frozenset({D.OPEN, D.DISPUTED}),
}
TO_DUE: Mapping[DueVerb, DueStanding] = {
    DueVerb.DISPUTE: D.DISPUTED,
    DueVerb.RESUME: D.OPEN,
    DueVerb.WRITE_OFF: D.WRITTEN_OFF,
}


class RoyaltyVerb(StrEnum):
    VERIFY = "verify"
    AUDIT = "audit"
    ADJUST = "adjust"
    PAY = "pay"
    """By the system, once its due line is paid, or where it comes to nothing."""


R = RoyaltyStatus
FROM_ROYALTY: Mapping[RoyaltyVerb, frozenset[RoyaltyStatus]] = {
    RoyaltyVerb.VERIFY: frozenset({R.REPORTED, R.AUDITED}),
    RoyaltyVerb.AUDIT: frozenset({R.REPORTED}),
    RoyaltyVerb.ADJUST: frozenset({R.AUDITED}),
    RoyaltyVerb.PAY: frozenset({R.VERIFIED, R.ADJUSTED}),
}
TO_ROYALTY: Mapping[RoyaltyVerb, RoyaltyStatus] = {
    RoyaltyVerb.VERIFY: R.VERIFIED,
    RoyaltyVerb.AUDIT: R.AUDITED,
    RoyaltyVerb.ADJUST: R.ADJUSTED,
    RoyaltyVerb.PAY: R.PAID,
}


def next_standing(verb: DueVerb, standing: DueStanding, *, paid: bool) -> DueStanding:
    """Where the verb leads, or WrongState; what is paid is neither disputed nor written off."""
    if paid or standing not in FROM_DUE[verb]:
        able = ", ".join(sorted(FROM_DUE[verb]))
        now = "paid" if paid else standing
        raise WrongState(f"the line is {now}; {verb.value.replace('_', ' ')} is possible from: {able}")
    return TO_DUE[verb]


def next_royalty(verb: RoyaltyVerb, status: RoyaltyStatus) -> RoyaltyStatus:
    """Where the verb leads, or WrongState naming the states from which it is possible."""
    if status not in FROM_ROYALTY[verb]:
        able = ", ".join(sorted(FROM_ROYALTY[verb]))
        raise WrongState(f"the report is {status}; {verb} is possible from: {able}")
    return TO_ROYALTY[verb]


def due_status(standing: DueStanding, amount: int, paid: int, due_on: date, today: date) -> DueStatus:
    """How a line stands today; a last day that is a holiday rolls on (民法典 art. 203)."""
    if standing is DueStanding.WRITTEN_OFF:
        return DueStatus.WRITTEN_OFF
    if paid >= amount:
        return DueStatus.PAID
    if standing is DueStanding.DISPUTED:
        return DueStatus.DISPUTED
    if today > workdays.rolled(due_on):
        return DueStatus.OVERDUE
    return DueStatus.DUE if today + NEAR >= due_on else DueStatus.PLANNED


@dataclass(frozen=True)
class Planned:
    """A line that the terms call for."""

    kind: DueKind
    amount: int
    due_on: date


def planned(terms: Terms, signed_on: date) -> list[Planned]:
    """The lines that follow from the terms alone; royalties and payments after use follow from what happens later."""
    total = total_value(terms)
    match terms.payment:
        case Instalments(instalments=instalments):
            return [
                Planned(DueKind.INSTALMENT, each.amount.minor, each.due_on)
                for each in sorted(instalments, key=lambda each: each.due_on)
                if each.amount.minor
            ]
        case LumpSum() | UpfrontAndRoyalty() as at_once if total is not None and total.minor:
            kind = DueKind.LUMP_SUM if isinstance(at_once, LumpSum) else DueKind.ENTRY_FEE
            due_on = at_once.due_on or signed_on + timedelta(days=at_once.days_after_signing or 0)
            return [Planned(kind, total.minor, due_on)]
    return []


def royalty_terms(terms: Terms) -> RoyaltyTerms | None:
    """The royalty that the terms agree, or None."""
    match terms.payment:
        case Royalty() as royalty:
            return royalty
        case UpfrontAndRoyalty(royalty=royalty):
            return royalty
    return None


_MONTHS = {
    RoyaltyPeriod.MONTH: 1,
    RoyaltyPeriod.QUARTER: 3,
    RoyaltyPeriod.HALF_YEAR: 6,
    RoyaltyPeriod.YEAR: 12,
}


def royalty_period(effective_on: date, period: RoyaltyPeriod, number: int) -> tuple[date, date]:
    """First and last day of the period with this number, counted from 1 and from the day the contract took effect."""
    months = _MONTHS[period]
    begins = months_after(effective_on, (number - 1) * months)
    return begins, months_after(effective_on, number * months) - timedelta(days=1)


def rate_of(royalty: RoyaltyTerms, number: int) -> int:
    """The rate of a period in ten-thousandths of a per cent: that of the contract year which the period lies in."""
    if royalty.rate_percent is not None:
        return _units(royalty.rate_percent)
    year = (number - 1) * _MONTHS[royalty.period] // 12 + 1
    return _units([step for step in royalty.rate_steps if step.from_year <= year][-1].rate_percent)


def _units(percent: Decimal) -> int:
    return int(percent * RATE_UNIT)


def royalty(base: int, rate: int) -> int:
    """A rate of a base, exact, and rounded half up to the minor unit."""
    whole = 100 * RATE_UNIT
    return (2 * base * rate + whole) // (2 * whole)


@dataclass(frozen=True)
class Open:
    """A payment with what of it pays nothing yet, or a line with what it lacks."""

    id: UUID
    amount: int


def allocate(payments: Sequence[Open], lines: Sequence[Open]) -> list[tuple[UUID, UUID, int]]:
    """Payment, line and amount: each payment in turn pays the lines in turn, so that what fell due first is paid first.

    Both in the order in which they are to be taken (民法典 art. 560).
    """
    matches: list[tuple[UUID, UUID, int]] = []
    lacking = [[line.id, line.amount] for line in lines]
    for payment in payments:
        left = payment.amount
        for entry in lacking:
            identifier, lacks = entry
            assert isinstance(lacks, int) and isinstance(identifier, UUID)  # noqa: S101, PT018 - for the types
            part = min(left, lacks)
            if part:
                matches.append((payment.id, identifier, part))
                entry[1], left = lacks - part, left - part
    return matches
