"""ETag and If-Match (RFC 9110): what was read is named, and a change names what it was based on.

A thing that can be changed is named by its revision, a stored document by its hash: strong tags, which If-Match takes.
Every other answer to a reading is named by its bytes, weakly: good for If-None-Match alone.
"""

import hashlib
from typing import Any, TypeVar

from litestar import Request, Response

from market.errors import IfMatchRequired, PreconditionFailed

T = TypeVar("T")


def etag(revision: int | str) -> str:
    return f'"r{revision}"' if isinstance(revision, int) else f'"{revision}"'


def weak_etag(content: bytes) -> str:
    """Of an answer that has no name of its own."""
    return f'W/"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'


def _tags(header: str) -> set[str]:
    return {tag.strip() for tag in header.split(",")}


def require_match(request: Request[Any, Any, Any], *current: int | str) -> None:
    """Raise 428 without If-Match, 412 where it names none of the current tags."""
    header = request.headers.get("if-match")
    if header is None:
        raise IfMatchRequired("read it first and send its ETag in If-Match")
    match_if_given(request, *current)


def match_if_given(request: Request[Any, Any, Any], *current: int | str) -> None:
    """For the verbs of a state machine, whose guards protect them already: If-Match is honoured where it is sent.

    A weak tag matches nothing: If-Match compares strongly (RFC 9110 13.1.1).
    """
    header = request.headers.get("if-match")
    if header is None or header.strip() == "*":
        return
    if not _tags(header) & {etag(tag) for tag in current}:
        raise PreconditionFailed(f"the current ETag is {etag(current[0])}")


def is_unchanged(request: Request[Any, Any, Any], tag: str) -> bool:
    """Whether If-None-Match names this quoted tag, so that 304 is the answer; compared weakly (RFC 9110 13.1.2)."""
    header = request.headers.get("if-none-match")
    if header is None or header == tag:  # the commonest two
        return header is not None
    named = {name.removeprefix("W/") for name in _tags(header)}
    return header.strip() == "*" or tag.removeprefix("W/") in named


def answer(
    view: T, *, revision: int | str | None = None, status: int = 200, location: str | None = None
) -> Response[T]:
    """A response with its ETag, and Location where something was made."""
    headers = {"Cache-Control": "no-store"}
    if revision is not None:
        headers["ETag"] = etag(revision)
    if location is not None:
        headers["Location"] = location
    return Response(view, status_code=status, headers=headers)
