"""The filter language of the port and its checks; knows which fields can be filtered, not how an engine does it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from search.schema import FIELDS, FilterField, Scalar

MAX_NESTING = 20  # one engine's parser gives up not far beyond
MAX_VALUES = 2000


@dataclass(frozen=True, slots=True)
class Eq:
    """The field has the value; of several values, any. A code with levels also matches everything below it."""

    field: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class In:
    """The field has one of the values; no values match nothing."""

    field: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers only, both ends included; times are epoch seconds."""

    field: str
    gte: float | None = None
    lte: float | None = None


@dataclass(frozen=True, slots=True)
class Has:
    """The field is there and not empty."""

    field: str


@dataclass(frozen=True, slots=True)
class Not:
    """Includes documents that lack the field."""

    of: Filter


@dataclass(frozen=True, slots=True)
class And:
    """All of them; of nothing, everything."""

    of: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them; of nothing, nothing."""

    of: tuple[Filter, ...]


Filter = Eq | In | Range | Has | Not | And | Or


def check_filter(given: Filter, depth: int = 0) -> Filter:
    """The filter with every code in its one spelling; raises `ValueError` naming the field."""
    if depth > MAX_NESTING:
        raise ValueError(f"filter: nested deeper than {MAX_NESTING}")
    match given:
        case Not(of):
            return Not(check_filter(of, depth + 1))
        case And(of):
            return And(tuple(check_filter(part, depth + 1) for part in of))
        case Or(of):
            return Or(tuple(check_filter(part, depth + 1) for part in of))
        case _:
            return _check_leaf(given)


def _check_leaf(given: Eq | In | Range | Has) -> Filter:
    if given.field not in FIELDS:
        raise ValueError(f"filter: {given.field} cannot be filtered")
    field = FIELDS[given.field]
    match given:
        case Eq(name, value):
            return Eq(name, _spelled(field, value))
        case In(name, values):
            if len(values) > MAX_VALUES:
                raise ValueError(f"filter: more than {MAX_VALUES} values for {name}")
            return In(name, tuple(_spelled(field, value) for value in values))
        case Range(name, gte, lte):
            if not field.is_number:
                raise ValueError(f"filter: {name} has no range")
            if any(end is not None and not math.isfinite(end) for end in (gte, lte)):
                raise ValueError(f"filter: the range of {name} is not finite")
    return given


def satisfies(values: Mapping[str, Any], given: Filter) -> bool:
    """Whether a document as `engine_document` makes it is found under the filter."""
    match given:
        case Not(of):
            return not satisfies(values, of)
        case And(of):
            return all(satisfies(values, part) for part in of)
        case Or(of):
            return any(satisfies(values, part) for part in of)
    found = values.get(FIELDS[given.field].attribute, [])
    held = found if isinstance(found, list) else [found]
    match given:
        case Eq(_, value):
            return value in held
        case In(_, wanted):
            return any(value in wanted for value in held)
        case Has():
            return bool(held)
        case Range(_, gte, lte):
            return any((gte is None or value >= gte) and (lte is None or value <= lte) for value in held)


def without(given: Filter | None, field: str) -> Filter | None:
    """The filter less the conjuncts that speak of this field alone, which is how a facet is counted."""
    left = [part for part in conjuncts(given) if set(fields_of(part)) != {field}]
    return And(tuple(left)) if left else None


def conjuncts(given: Filter | None) -> Iterator[Filter]:
    """The parts that must all hold."""
    if isinstance(given, And):
        for part in given.of:
            yield from conjuncts(part)
    elif given is not None:
        yield given


def fields_of(given: Filter) -> Iterable[str]:
    """Every field the filter speaks of."""
    match given:
        case Not(of):
            yield from fields_of(of)
        case And(of) | Or(of):
            for part in of:
                yield from fields_of(part)
        case _:
            yield given.field


def _spelled(field: FilterField, value: Scalar) -> Scalar:
    # bool is an int to Python and a type of its own to both engines; no field is boolean
    if isinstance(value, bool) or isinstance(value, str) == field.is_number:
        raise ValueError(f"filter: {value!r} is no value for {field.name}")
    if isinstance(value, str):
        spelled = field.spell(value)
        if not spelled.isascii() or len(spelled) > 200:
            raise ValueError(f"filter: {value!r} is no code for {field.name}")
        return spelled
    if not math.isfinite(value):
        raise ValueError(f"filter: {value!r} is no value for {field.name}")
    return value
