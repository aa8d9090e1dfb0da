"""Cursor pages: newest first by UUIDv7, with an RFC 8288 Link to the next page."""

import base64
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response
from litestar.params import QueryParameter
from sqlalchemy import Select

from market.errors import Invalid
from schemas.values import FieldProblem, Page

R = TypeVar("R")
V = TypeVar("V")

Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Items on a page.")]
Cursor = Annotated[str | None, QueryParameter(description="next_cursor of the page before.")]


def encode_cursor(identifier: UUID) -> str:
    return base64.urlsafe_b64encode(identifier.bytes).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> UUID:
    """The id that a cursor stands for. Invalid for anything that `encode_cursor` did not make."""
    try:
        found = UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))
    except ValueError:
        found = None
    if found is None or encode_cursor(found) != cursor:
        raise Invalid(errors=[FieldProblem(pointer="cursor", detail="not a cursor of this list")])
    return found


def page_of(query: Select[Any], identifier: Any, cursor: str | None, limit: int) -> Select[Any]:
    """The query for one page and one row more, which tells whether another page follows."""
    if cursor is not None:
        query = query.where(identifier < decode_cursor(cursor))
    return query.order_by(identifier.desc()).limit(limit + 1)


def paged(
    request: Request[Any, Any, Any],
    rows: Sequence[R],
    limit: int,
    view: Callable[[R], V],
    key: Callable[[R], UUID],
) -> Response[Page[V]]:
    """The page that is sent, with Link: <...>; rel="next" where another one follows."""
    shown = rows[:limit]
    following = encode_cursor(key(shown[-1])) if len(rows) > limit else None
    headers = {"Cache-Control": "no-store"}
    if following:
        given = sorted(pair for pair in request.query_params.multi_items() if pair[0] != "cursor")
        headers["Link"] = f'<{request.url.path}?{urlencode([*given, ("cursor", following)])}>; rel="next"'
    return Response(Page[Any](items=[view(row) for row in shown], next_cursor=following), headers=headers)
