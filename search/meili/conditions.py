"""Compiles filters and the viewer into Meilisearch's filter language; knows quoting, not fields' meaning."""

from __future__ import annotations

from collections.abc import Iterable

from search.filters import And, Eq, Filter, Has, In, Not, Or, Range
from search.port import Viewer
from search.schema import ACL, FIELDS, Scalar

_NOTHING = f"{ACL.attribute} IN []"


def scope(viewer: Viewer, given: Filter | None) -> str:
    """Everything the request may find."""
    seen = one_of(ACL.attribute, viewer.acl)
    return seen if given is None else f"{seen} AND {condition(given)}"


def condition(given: Filter) -> str:
    """A filter expression, in brackets wherever it could be read otherwise."""
    match given:
        case Eq(field, value):
            return f"{FIELDS[field].attribute} = {quoted(value)}"
        case In(field, values):
            return one_of(FIELDS[field].attribute, values)
        case Range(field, gte, lte):
            return _between(FIELDS[field].attribute, gte, lte)
        case Has(field):
            name = FIELDS[field].attribute
            return f"({name} EXISTS AND {name} IS NOT NULL AND {name} IS NOT EMPTY)"
        case Not(of):
            return f"(NOT {condition(of)})"
        case And(of):
            return f"({' AND '.join(map(condition, of))})" if of else f"(NOT {_NOTHING})"
        case Or(of):
            return f"({' OR '.join(map(condition, of))})" if of else _NOTHING


def one_of(name: str, values: Iterable[Scalar]) -> str:
    return f"{name} IN [{', '.join(map(quoted, values))}]"


def quoted(value: Scalar) -> str:
    """A literal that ends where the value ends, whatever is in it."""
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return repr(value)


def _between(name: str, gte: float | None, lte: float | None) -> str:
    ends = [f"{name} {sign} {end!r}" for sign, end in ((">=", gte), ("<=", lte)) if end is not None]
    return f"({' AND '.join(ends)})" if ends else f"{name} EXISTS"
