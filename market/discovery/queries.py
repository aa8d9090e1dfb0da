"""From the words of the public search to a request of the search port, and what the database says of its hits."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID

from market.database import Database
from market.errors import Invalid
from market.listings.rules import SEARCHABLE
from market.workdays import SHANGHAI
from schemas.values import FieldProblem
from search.port import And, Filter, In, Range, SearchRequest, Sort, Viewer

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
    "edition": "editions",
}

_ALIVE = "SELECT id FROM listing WHERE id = ANY($1) AND status = ANY($2)"


@dataclass(frozen=True)
class Question:
    """A search as the public asks it; dates are days in Asia/Shanghai, both ends included."""

    q: str = ""
    words: dict[str, list[str]] = field(default_factory=dict)
    """Filters by public name; several values of one filter are alternatives."""
    trl: tuple[int | None, int | None] = (None, None)
    price: tuple[float | None, float | None] = (None, None)
    published: tuple[date | None, date | None] = (None, None)
    confirmed: tuple[date | None, date | None] = (None, None)
    deadline: tuple[date | None, date | None] = (None, None)
    facets: Sequence[str] = ()
    sort: Sort = Sort.RELEVANCE
    limit: int = 20
    cursor: str | None = None


def search_request(question: Question) -> SearchRequest:
    """The request for the engine; Invalid names the parameter that is wrong."""
    unknown = [name for name in question.facets if name not in FIELDS]
    if unknown:
        raise _invalid("facets", f"{', '.join(unknown)}: the facets are {', '.join(FIELDS)}")
    conditions: list[Filter] = []
    for name, values in question.words.items():
        if values:
            conditions.append(_checked(name, In(FIELDS[name], tuple(values))))
    conditions += [
        Range(name, gte=low, lte=high)
        for name, (low, high) in (
            ("trl", question.trl),
            ("price", question.price),
            ("published_at", _seconds(question.published)),
            ("confirmed_at", _seconds(question.confirmed)),
            ("deadline_at", _seconds(question.deadline)),
        )
        if low is not None or high is not None
    ]
    try:
        return SearchRequest(
            viewer=Viewer.anonymous(),
            text=question.q,
            filter=And(tuple(conditions)) if conditions else None,
            facets=tuple(dict.fromkeys(FIELDS[name] for name in question.facets)),
            sort=question.sort,
            offset=decode_offset(question.cursor),
            limit=question.limit,
        )
    except ValueError as error:
        name, _, detail = str(error).partition(": ")
        raise _invalid({"text": "q", "offset": "cursor"}.get(name, name), detail or str(error)) from error


def _checked(name: str, condition: In) -> In:
    try:
        SearchRequest(viewer=Viewer.anonymous(), filter=condition)
    except ValueError as error:
        raise _invalid(name, str(error).removeprefix("filter: ")) from error
    return condition


def _invalid(name: str, detail: str) -> Invalid:
    return Invalid(errors=[FieldProblem(pointer=name, detail=detail)])


def _seconds(days: tuple[date | None, date | None]) -> tuple[float | None, float | None]:
    low, high = days
    return (
        _midnight(low).timestamp() if low else None,
        _midnight(high + timedelta(days=1)).timestamp() - 1 if high else None,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, SHANGHAI)


def encode_offset(offset: int) -> str:
    return base64.urlsafe_b64encode(offset.to_bytes(3)).decode()


def decode_offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        raw = base64.urlsafe_b64decode(cursor)
        if len(raw) == 3:
            return int.from_bytes(raw)
    except ValueError:
        pass
    raise _invalid("cursor", "not a cursor of this search")


async def still_shown(database: Database, ids: Sequence[str]) -> set[str]:
    """Which of these the search may show by the database's word: the index lags, a withdrawal must not."""
    rows = await database.pool.fetch(_ALIVE, [UUID(i) for i in ids], [s.value for s in SEARCHABLE])
    return {str(row["id"]) for row in rows}
