"""Turns whatever was raised into an RFC 9457 problem, in the caller's language, naming the fields by JSON Pointer."""

import json
import logging
import re
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import BaseRouteHandler
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from market import errors
from market.errors import MarketError
from market.web.head import with_head
from market.web.parameters import allowed_words
from market.web.wording import give_it, of_field, of_parameter, send_a_body, speaks_chinese
from schemas.values import FieldProblem, Problem

log = logging.getLogger("market.web")

MEDIA_TYPE = "application/problem+json"
UNSTORABLE = "a value is outside what can be stored"
BODY_KEY = "market.body"
"""Where the transaction leaves the request's body, for pointers into it."""


def pointer(location: Sequence[int | str], given: Any, *, missing: bool = True) -> str:
    """An RFC 6901 pointer from a pydantic location; the tags of unions, which are no keys of the input, are left out.

    `missing` where the last step names what is not there.
    """
    parts: list[str] = []
    for place, step in enumerate(location):
        last = place == len(location) - 1
        if isinstance(given, dict):
            if step in given:
                given = given[step]
            elif not (last and missing):
                continue
        elif isinstance(given, list) and isinstance(step, int) and step < len(given):
            given = given[step]
        elif not (last and not parts):
            continue
        parts.append(str(step).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part}" for part in parts)


def field_problems(found: Sequence[Mapping[str, Any]], given: Any, *, chinese: bool) -> list[FieldProblem]:
    """Pydantic's errors as field problems."""
    problems = []
    for error in found:
        where = pointer(error["loc"], given, missing=error["type"] == "missing")
        if error["type"].startswith("union_tag"):
            where += "/" + str((error.get("ctx") or {}).get("discriminator", "kind")).strip("'")
        problems.append(FieldProblem(pointer=where, detail=of_field(error, chinese=chinese)))
    return problems


def validated(error: ValidationError, given: Any, *, chinese: bool = False) -> errors.Invalid:
    """A pydantic error raised inside a verb, as the error that a route would have given.

    What was found is kept with it, since only the answer knows the caller's language.
    """
    found = error.errors(include_url=False)
    invalid = errors.Invalid(errors=field_problems(found, given, chinese=chinese))
    invalid.found = (found, given)
    return invalid


_MISSING = re.compile(r"Missing required (?:query|header|cookie) parameter '(\w+)'")
_NO_BODY = "'data'"
"""What the framework says where a handler has a body to read and nothing was sent."""


def _of_request(
    exc: ValidationException, body: bytes, handler: BaseRouteHandler | None, *, chinese: bool
) -> MarketError:
    found = getattr(exc.__cause__, "errors", None)
    if isinstance(found, list) and found:
        return errors.Invalid(errors=field_problems(found, json.loads(body or b"null"), chinese=chinese))
    listed = exc.extra if isinstance(exc.extra, list) else []
    if missing := _MISSING.match(exc.detail):
        return errors.Invalid(errors=[FieldProblem(pointer=missing[1], detail=give_it(chinese=chinese))])
    if not listed:
        return errors.MalformedBody(str(exc.detail))
    problems = []
    for each in listed:
        name, message = str(each.get("key", "")).removeprefix("data"), str(each.get("message", ""))
        if not name and message == _NO_BODY:
            message = send_a_body(chinese=chinese)
        elif name:
            message = of_parameter(message, allowed_words(handler, name), chinese=chinese)
        problems.append(FieldProblem(pointer=name, detail=message))
    return errors.Invalid(errors=problems)


def _of_database(exc: BaseException) -> MarketError | None:
    if isinstance(exc, PoolTimeout):
        return errors.Unavailable("the database is busy", retry_after=1)
    if isinstance(exc, IntegrityError):
        state = getattr(exc.orig, "sqlstate", "")
        if state == "23505":
            return errors.AlreadyExists()
        return errors.Conflict("the change breaks a rule that the database keeps")
    if isinstance(exc, DBAPIError):
        state = str(getattr(exc.orig, "sqlstate", "") or "")
        if exc.connection_invalidated or state[:2] in ("08", "57", "53") or state in ("40001", "40P01", ""):
            return errors.Unavailable("the database does not answer", retry_after=1)
        return errors.Invalid(UNSTORABLE) if state[:2] == "22" else None
    if isinstance(exc, asyncpg.DataError):
        return errors.Invalid(UNSTORABLE)
    if isinstance(exc, _UNREACHABLE):
        return errors.Unavailable("the database does not answer", retry_after=1)
    return None


_UNREACHABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
_BY_STATUS: Mapping[int, type[MarketError]] = {
    400: errors.MalformedBody,
    401: errors.Unauthenticated,
    403: errors.NotAllowed,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    413: errors.TooLarge,
    415: errors.UnsupportedMediaType,
    429: errors.TooManyRequests,
}
_DETAIL = {404: "no address is spelled like this: /schema has them all, and an id in one is a UUID"}
"""Of what the framework refuses before any handler."""


def as_market_error(
    exc: Exception, body: bytes, *, chinese: bool, handler: BaseRouteHandler | None = None
) -> MarketError:
    """The one of our errors that says what happened; `handler` is whose parameters were wrong."""
    if isinstance(exc, errors.Invalid) and exc.found is not None:
        exc.errors = field_problems(*exc.found, chinese=chinese)
    if isinstance(exc, MarketError):
        return exc
    if isinstance(exc, (UnicodeDecodeError, RecursionError)):  # the two that the JSON decoder lets through
        return errors.MalformedBody("this is no JSON in UTF-8, or it is nested too deeply")
    if isinstance(exc, ValidationException):
        return _of_request(exc, body, handler, chinese=chinese)
    if isinstance(exc, HTTPException):
        kind = _BY_STATUS.get(exc.status_code, errors.MalformedBody if exc.status_code < 500 else None)
        if kind is not None:
            return kind(_DETAIL.get(exc.status_code, "") if exc.status_code != 400 else str(exc.detail))
    known = _of_database(exc)
    if known is not None:
        return known
    log.error("unexpected error\n%s", "".join(traceback.format_exception(exc)))
    return MarketError("the error was logged; nothing was changed")


def problem_response(request: Request[Any, Any, Any], exc: Exception) -> Response[Problem]:
    """The answer to every exception, whatever raised it."""
    chinese = speaks_chinese(request)
    error = as_market_error(
        exc,
        request.scope["state"].get(BODY_KEY, b""),
        chinese=chinese,
        handler=request.scope.get("route_handler"),
    )
    base = request.app.state.get("base_url", "")
    headers = {"Content-Language": "zh-Hans" if chinese else "en", "Cache-Control": "no-store"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="Release Hall"'
    if error.status == 405 and isinstance(exc, HTTPException) and exc.headers:
        allowed = {name.lower(): value for name, value in exc.headers.items()}.get("allow", "")
        headers["Allow"] = with_head(allowed)
    return Response(
        Problem(
            type=f"{base}/problems/{error.slug()}",
            title=error.title_zh if chinese else error.title_en(),
            status=error.status,
            detail=error.detail,
            instance=request.url.path,
            errors=error.errors or None,
        ),
        status_code=error.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )
