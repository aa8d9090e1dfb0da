"""From the words of the public search to a request of the search port, and what the database says of its hits."""

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID

from market.database import Database
from market.errors import Invalid
from market.listings.rules import SEARCHABLE
from market.workdays import SHANGHAI
from schemas.search import SHAPES
from schemas.values import FieldProblem
from schemas.vocabulary import ListingKind, Mode, PriceMode, SearchOrder
from search.port import MAX_DEPTH, And, Filter, In, Range, SearchRequest, Sort, Viewer
from search.schema import CURRENCY_ORDER, Scalar
from search.schema import FIELDS as INDEX_FIELDS

# The public name of a filter or facet, and the field of the index behind it.
FIELDS = {
    "kind": "kind",
    "status": "status",
    "owner": "organisation_id",
    "region": "region",
    "ipc": "ipc",
    "industry": "industry",
    "discipline": "discipline",
    "trl": "trl",
    "mode": "modes",
    "price_mode": "price_mode",
    "price_currency": "currency",
    "edition": "editions",
}
OWN_CURRENCY = "CNY"
"""In which a price is meant where no currency is named."""

# The words of a closed list; any other would only ever find nothing.
_WORDS: Mapping[str, Sequence[str]] = {
    "kind": [kind.value for kind in ListingKind],
    "status": sorted(status.value for status in SEARCHABLE),
    "mode": [mode.value for mode in Mode],
    "price_mode": [mode.value for mode in PriceMode],
    "price_currency": CURRENCY_ORDER,
}
_SORTS = {order: Sort(order.value) for order in SearchOrder if order is not SearchOrder.PRICE} | {
    SearchOrder.PRICE: Sort.PRICE_ASC
}
_LEVELS = range(1, 10)
_LONGEST_CODE = 40
_MOST_VALUES = 100

_ALIVE = "SELECT id FROM listing WHERE id = ANY($1) AND status = ANY($2)"


@dataclass(frozen=True)
class Question:
    """A search as the public asks it; dates are days in Asia/Shanghai, both ends included."""

    q: str = ""
    words: dict[str, list[str]] = field(default_factory=dict)
    """Filters by public name; several values of one filter are alternatives."""
    trl: tuple[int | None, int | None] = (None, None)
    price: tuple[float | None, float | None] = (None, None)
    """In major units of the one currency among `words`, or of the hall's own."""
    published: tuple[date | None, date | None] = (None, None)
    confirmed: tuple[date | None, date | None] = (None, None)
    deadline: tuple[date | None, date | None] = (None, None)
    facets: Sequence[str] = ()
    sort: SearchOrder = SearchOrder.RELEVANCE
    limit: int = 20
    cursor: str | None = None


def search_request(question: Question) -> SearchRequest:
    """The request for the engine; Invalid names every parameter that is wrong."""
    problems: list[FieldProblem] = []
    unknown = [name for name in question.facets if name not in FIELDS]
    if unknown:
        problems.append(_problem("facets", f"{', '.join(unknown)}: the facets are {', '.join(FIELDS)}"))
    conditions: list[Filter] = []
    for name, values in question.words.items():
        if values:
            if len(values) > _MOST_VALUES:
                problems.append(_problem(name, f"at most {_MOST_VALUES} values"))
            problems += [
                _problem(name, why) for value in values[:_MOST_VALUES] if (why := _wrong(name, value))
            ]
            conditions.append(In(FIELDS[name], tuple(_value(name, value) for value in values)))
    problems += _wrong_currency(question)
    if question.price != (None, None) and not question.words.get("price_currency"):
        conditions.append(In("currency", (OWN_CURRENCY,)))
    for name, field_of_index, low, high in _ranges(question):
        problems += _wrong_range(name, low, high)
        if low is not None or high is not None:
            conditions.append(Range(field_of_index, gte=low, lte=high))
    offset = decode_offset(question.cursor)
    if problems:
        raise Invalid(errors=problems)
    try:
        return SearchRequest(
            viewer=Viewer.anonymous(),
            text=question.q,
            filter=And(tuple(conditions)) if conditions else None,
            facets=tuple(dict.fromkeys(FIELDS[name] for name in question.facets)),
            sort=_SORTS[question.sort],
            offset=offset,
            limit=min(question.limit, max(MAX_DEPTH - offset, 0)),
        )
    except ValueError as error:
        name, _, detail = str(error).partition(": ")
        name = {"text": "q", "offset": "cursor"}.get(name, name)
        raise Invalid(errors=[_problem(name, detail or str(error))]) from error


def _wrong_currency(question: Question) -> list[FieldProblem]:
    """An amount is compared in one currency: no rate between two is known here."""
    if question.price == (None, None) or len(question.words.get("price_currency", [])) < 2:
        return []
    return [_problem("price_currency", "name one currency for price_min and price_max")]


def _wrong(name: str, value: str) -> str | None:
    """What is wrong with a value of a filter, if anything."""
    if name in _WORDS:
        return None if value in _WORDS[name] else f"{value[:40]}: the values are {', '.join(_WORDS[name])}"
    if name == "trl":
        return None if value in map(str, _LEVELS) else f"{value[:40]}: the levels are 1 to 9"
    if name == "owner":
        return None if _uuid(value) else f"{value[:40]} is not the id of an organisation"
    spelled = INDEX_FIELDS[FIELDS[name]].spell(value)
    fitting = spelled.isascii() and len(spelled) <= _LONGEST_CODE and SHAPES[name].fullmatch(spelled)
    return None if fitting else f"{value[:40]} is not written like a code of this kind"


def _value(name: str, value: str) -> Scalar:
    if name == "trl":
        return int(value) if value.isdecimal() else 0
    return str(_uuid(value)) if name == "owner" else value


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None


Bound = float | None


def _ranges(question: Question) -> list[tuple[str, str, Bound, Bound]]:
    """Public name, field of the index, and both ends."""
    return [
        ("trl", "trl", *question.trl),
        ("price", "price", *question.price),
        ("published", "published_at", *_seconds(question.published)),
        ("confirmed", "confirmed_at", *_seconds(question.confirmed)),
        ("deadline", "deadline_at", *_seconds(question.deadline)),
    ]


def _wrong_range(name: str, low: Bound, high: Bound) -> list[FieldProblem]:
    ends = ("min", "max") if name in ("trl", "price") else ("from", "to")
    wrong = [
        _problem(f"{name}_{end}", "not a finite number")
        for end, value in zip(ends, (low, high), strict=True)
        if value is not None and not math.isfinite(value)
    ]
    if not wrong and low is not None and high is not None and low > high:
        wrong.append(_problem(f"{name}_{ends[1]}", f"less than {name}_{ends[0]}"))
    return wrong


def _problem(name: str, detail: str) -> FieldProblem:
    return FieldProblem(pointer=name, detail=detail)


def _seconds(days: tuple[date | None, date | None]) -> tuple[float | None, float | None]:
    low, high = days
    return (
        _midnight(low).timestamp() if low else None,
        _midnight(high + timedelta(days=1)).timestamp() - 1 if high and high < date.max else None,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, SHANGHAI)


def encode_offset(offset: int) -> str:
    return base64.urlsafe_b64encode(offset.to_bytes(3)).decode()


def decode_offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        offset = int.from_bytes(base64.urlsafe_b64decode(cursor))
        if 0 < offset < MAX_DEPTH and encode_offset(offset) == cursor:
            return offset
    except ValueError:
        pass
    raise Invalid(errors=[_problem("cursor", "not a cursor of this search")])


async def still_shown(database: Database, ids: Sequence[str]) -> set[str]:
    """Which of these the search may show by the database's word: the index lags, a withdrawal must not."""
    rows = await database.pool.fetch(_ALIVE, [UUID(i) for i in ids], [s.value for s in SEARCHABLE])
    return {str(row["id"]) for row in rows}
