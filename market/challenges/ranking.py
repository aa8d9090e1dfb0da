"""Ranks scored submissions and measures how far the reviewers were apart, in exact fractions; no database, no floats."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

_PRECISE = Context(prec=60)
_PLACES = Decimal("0.0001")


@dataclass(frozen=True)
class Line:
    """One criterion of the rubric, as far as it counts."""

    weight: int
    max: int


@dataclass(frozen=True)
class Spread:
    """What several numbers have in the middle and how far apart they are."""

    mean: Fraction
    variance: Fraction
    """Of the population."""
    range: Fraction


@dataclass(frozen=True)
class Ranked:
    alias: str
    rank: int
    """1 for the best; those with the same score have the same rank, and the next one's counts them all."""
    tied: bool
    total: Spread
    """Of the reviewers' weighted totals, in percent."""
    criteria: tuple[Spread, ...]


def total(rubric: Sequence[Line], scores: Sequence[int]) -> Fraction:
    """One reviewer's weighted total, in percent of the highest."""
    whole = sum(line.weight for line in rubric)
    return sum(
        (
            Fraction(100 * line.weight * score, line.max * whole)
            for line, score in zip(rubric, scores, strict=True)
        ),
        Fraction(0),
    )


def spread(numbers: Collection[Fraction]) -> Spread:
    """Of at least one number."""
    mean = sum(numbers, Fraction(0)) / len(numbers)
    variance = sum(((number - mean) ** 2 for number in numbers), Fraction(0)) / len(numbers)
    return Spread(mean, variance, max(numbers) - min(numbers))


def ranking(rubric: Sequence[Line], scores: Mapping[str, Sequence[Sequence[int]]]) -> list[Ranked]:
    """The submissions from the best on; `scores` has, by alias, one row for each reviewer. Ties stand in order of alias."""
    spreads = {
        alias: spread([total(rubric, each) for each in of_reviewers])
        for alias, of_reviewers in scores.items()
    }
    means = [each.mean for each in spreads.values()]
    found = [
        Ranked(
            alias,
            rank=1 + sum(mean > spreads[alias].mean for mean in means),
            tied=means.count(spreads[alias].mean) > 1,
            total=spreads[alias],
            criteria=tuple(
                spread([Fraction(score) for score in column]) for column in zip(*rows, strict=True)
            ),
        )
        for alias, rows in scores.items()
    ]
    return sorted(found, key=lambda each: (each.rank, each.alias))


def shortlisted(ranked: Sequence[Ranked], places: int) -> set[str]:
    """Those whose rank is within the places: all of those that are tied at the cut."""
    return {each.alias for each in ranked if each.rank <= places}


def follows_rank(ranks: Mapping[str, int], awarded: Collection[str]) -> bool:
    """Whether the rank alone gives the award: everybody awarded stands before everybody who is not."""
    worst = max(ranks[alias] for alias in awarded)
    return all(rank > worst for alias, rank in ranks.items() if alias not in awarded)


def text(number: Fraction) -> str:
    """A fraction with four decimal places, half up."""
    exact = _PRECISE.divide(Decimal(number.numerator), Decimal(number.denominator))
    return format(exact.quantize(_PLACES, ROUND_HALF_UP), "f")


def deviation(variance: Fraction) -> str:
    """The standard deviation with four decimal places: a root, which alone here is not exact."""
    exact = _PRECISE.divide(Decimal(variance.numerator), Decimal(variance.denominator))
    return format(exact.sqrt(_PRECISE).quantize(_PLACES, ROUND_HALF_UP), "f")


def published(ranked: Sequence[Ranked], places: int, reviewers: int) -> dict[str, Any]:
    """The ranking with its dispersion, in text that is the same wherever it is computed."""
    listed = shortlisted(ranked, places)
    return {
        "reviewers": reviewers,
        "ranking": [
            {
                "alias": each.alias,
                "rank": each.rank,
                "tied": each.tied,
                "score": text(each.total.mean),
                "exact": str(each.total.mean),
                "deviation": deviation(each.total.variance),
                "range": text(each.total.range),
                "criteria": [_criterion(spread) for spread in each.criteria],
                "shortlisted": each.alias in listed,
            }
            for each in ranked
        ],
    }


def _criterion(spread: Spread) -> dict[str, Any]:
    return {
        "mean": text(spread.mean),
        "deviation": deviation(spread.variance),
        "range": int(spread.range),
    }
