"""Compiles filters and the viewer into tantivy queries; knows fields and values, not text."""

from __future__ import annotations

import tantivy
from tantivy import Occur, Query

from search.embedded.fields import tantivy_schema
from search.filters import And, Eq, Filter, Has, In, Not, Or, Range
from search.port import Viewer
from search.schema import FIELDS, FilterField, Scalar

_TYPES = {"int": tantivy.FieldType.Integer, "float": tantivy.FieldType.Float}
_LARGEST = 2.0**62


def visible(viewer: Viewer) -> Query:
    """Documents of which the viewer holds at least one acl entry."""
    return Query.term_set_query(tantivy_schema(), "acl", list(viewer.acl))


def scope(viewer: Viewer, given: Filter | None) -> Query:
    """Everything the request may find, without any influence on its ranking."""
    parts = [visible(viewer)] if given is None else [visible(viewer), condition(given)]
    return Query.const_score_query(every(parts), 0.0)


def every(parts: list[Query]) -> Query:
    return Query.boolean_query([(Occur.Must, part) for part in parts]) if parts else Query.all_query()


def some(parts: list[Query], at_least: int = 1) -> Query:
    if not parts:
        return Query.empty_query()
    return Query.boolean_query([(Occur.Should, part) for part in parts], at_least)


def condition(given: Filter) -> Query:
    match given:
        case Eq(field, value):
            return _one_of(FIELDS[field], (value,))
        case In(field, values):
            return _one_of(FIELDS[field], values)
        case Range(field, gte, lte):
            return _between(FIELDS[field], gte, lte)
        case Has(field):
            return Query.exists_query(FIELDS[field].attribute)
        case Not(of):
            # a query of nothing but exclusions matches nothing
            return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, condition(of))])
        case And(of):
            return every([condition(part) for part in of])
        case Or(of):
            return some([condition(part) for part in of])


def _one_of(field: FilterField, values: tuple[Scalar, ...]) -> Query:
    match field.type:
        case "text":
            fitting: list[Scalar] = list(values)
        case "int":
            fitting = [
                int(value) for value in values if float(value) == int(value) and abs(int(value)) < _LARGEST
            ]
        case "float":
            fitting = [float(value) for value in values]
    return (
        Query.term_set_query(tantivy_schema(), field.attribute, fitting) if fitting else Query.empty_query()
    )


def _between(field: FilterField, gte: float | None, lte: float | None) -> Query:
    if gte is None and lte is None:
        return Query.exists_query(field.attribute)
    kind = _TYPES[field.type]
    if field.type == "float":
        return Query.range_query(tantivy_schema(), field.attribute, kind, _float(gte), _float(lte))
    low = None if gte is None else _integer(gte, up=True)
    high = None if lte is None else _integer(lte, up=False)
    return Query.range_query(tantivy_schema(), field.attribute, kind, low, high)


def _float(end: float | None) -> float | None:
    return None if end is None else float(end)


def _integer(end: float, *, up: bool) -> int:
    whole = int(max(-_LARGEST, min(_LARGEST, end)))
    if up:
        return whole + (whole < end <= _LARGEST)
    return whole - (whole > end >= -_LARGEST)
