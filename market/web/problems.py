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
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from market import errors
from market.errors import MarketError
from market.web.head import with_head
from schemas.values import FieldProblem, Problem

log = logging.getLogger("market.web")

MEDIA_TYPE = "application/problem+json"
UNSTORABLE = "a value is outside what can be stored"
BODY_KEY = "market.body"
"""Where the transaction leaves the request's body, for pointers into it."""

# Pydantic's error types that a user meets most, in Chinese; the rest is shown in English.
FIELD_MESSAGES_ZH: Mapping[str, str] = {
    "missing": "缺少此字段",
    "extra_forbidden": "没有这个字段，请检查拼写",
    "string_too_short": "至少需要 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
    "string_type": "应为文本",
    "string_pattern_mismatch": "格式不正确",
    "too_short": "至少需要 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "enum": "应为以下之一：{expected}",
    "literal_error": "应为以下之一：{expected}",
    "greater_than_equal": "不得小于 {ge}",
    "less_than_equal": "不得大于 {le}",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "bool_parsing": "应为 true 或 false",
    "bool_type": "应为 true 或 false",
    "dict_type": "应为 JSON 对象",
    "list_type": "应为 JSON 数组",
    "model_attributes_type": "应为 JSON 对象",
    "date_from_datetime_parsing": "日期格式应为 2026-01-31",
    "datetime_from_date_parsing": "时间格式应为 RFC 3339",
    "decimal_parsing": '金额应为十进制字符串，例如 "1200.00"',
    "uuid_parsing": "应为 UUID",
    "union_tag_invalid": "kind 应为以下之一：{expected_tags}",
    "union_tag_not_found": "缺少 kind",
    "value_error": "{error}",
}


def speaks_chinese(request: Request[Any, Any, Any]) -> bool:
    """Whether Accept-Language asks for Chinese before English."""
    accepted = request.headers.get("accept-language", "")
    ranked: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted.split(",")):
        tag, _, quality = part.replace(" ", "").partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if weight > 0:
            ranked.append((-weight, place, tag.lower().partition("-")[0]))
    languages = [tag for _, _, tag in sorted(ranked)]
    return next((tag == "zh" for tag in languages if tag in ("zh", "en")), False)


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
        message = str(error["msg"]).removeprefix("Value error, ")
        context = {name: str(value) for name, value in (error.get("ctx") or {}).items()}
        if chinese and (known := FIELD_MESSAGES_ZH.get(error["type"])):
            try:
                message = known.format(**context)
            except KeyError:
                message = known
        where = pointer(error["loc"], given, missing=error["type"] == "missing")
        if error["type"].startswith("union_tag"):
            where += "/" + str((error.get("ctx") or {}).get("discriminator", "kind")).strip("'")
        problems.append(FieldProblem(pointer=where, detail=message))
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


def _of_request(exc: ValidationException, body: bytes, *, chinese: bool) -> MarketError:
    found = getattr(exc.__cause__, "errors", None)
    if isinstance(found, list) and found:
        return errors.Invalid(errors=field_problems(found, json.loads(body or b"null"), chinese=chinese))
    listed = exc.extra if isinstance(exc.extra, list) else []
    if missing := _MISSING.match(exc.detail):
        return errors.Invalid(errors=[FieldProblem(pointer=missing[1], detail="give this parameter")])
    if not listed:
        return errors.MalformedBody(str(exc.detail))
    return errors.Invalid(
        errors=[
            FieldProblem(pointer=str(e.get("key", "")).removeprefix("data"), detail=str(e.get("message", "")))
            for e in listed
        ]
    )


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


def as_market_error(exc: Exception, body: bytes, *, chinese: bool) -> MarketError:
    """The one of our errors that says what happened."""
    if isinstance(exc, errors.Invalid) and exc.found is not None:
        exc.errors = field_problems(*exc.found, chinese=chinese)
    if isinstance(exc, MarketError):
        return exc
    if isinstance(exc, (UnicodeDecodeError, RecursionError)):  # the two that the JSON decoder lets through
        return errors.MalformedBody("this is no JSON in UTF-8, or it is nested too deeply")
    if isinstance(exc, ValidationException):
        return _of_request(exc, body, chinese=chinese)
    if isinstance(exc, HTTPException):
        kind = _BY_STATUS.get(exc.status_code, errors.MalformedBody if exc.status_code < 500 else None)
        if kind is not None:
            return kind(str(exc.detail) if exc.status_code == 400 else "")
    known = _of_database(exc)
    if known is not None:
        return known
    log.error("unexpected error\n%s", "".join(traceback.format_exception(exc)))
    return MarketError("the error was logged; nothing was changed")


def problem_response(request: Request[Any, Any, Any], exc: Exception) -> Response[Problem]:
    """The answer to every exception, whatever raised it."""
    chinese = speaks_chinese(request)
    error = as_market_error(exc, request.scope["state"].get(BODY_KEY, b""), chinese=chinese)
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
