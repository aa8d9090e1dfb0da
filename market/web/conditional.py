"""ETag and If-Match (RFC 9110): what was read is named, and a change names what it was based on."""

from typing import Any, TypeVar

from litestar import Request, Response

from market.errors import IfMatchRequired, PreconditionFailed

T = TypeVar("T")


def etag(revision: int | str) -> str:
    return f'"r{revision}"' if isinstance(revision, int) else f'"{revision}"'


def _tags(header: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in header.split(",") if tag.strip()]


def require_match(request: Request[Any, Any, Any], *current: int | str) -> None:
    """Raise 428 without If-Match, 412 where it names none of the current tags."""
    header = request.headers.get("if-match")
    if header is None:
        raise IfMatchRequired("read it first and send its ETag in If-Match")
    match_if_given(request, *current)


def match_if_given(request: Request[Any, Any, Any], *current: int | str) -> None:
    """For the verbs of a state machine, whose guards protect them already: If-Match is honoured where it is sent."""
    header = request.headers.get("if-match")
    if header is None or header.strip() == "*":
        return
    if not set(_tags(header)) & {etag(tag) for tag in current}:
        raise PreconditionFailed(f"the current ETag is {etag(current[0])}")


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
