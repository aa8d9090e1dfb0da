"""Calls the handler of a hot address itself, with what a handler takes at most: the request, its path and one body.

The framework does more for every request than all that a bid needs; what it promises stays: the limit of the body, JSON
without names given twice, and 422 that names the fields. It knows no feature, and opens no transaction.
"""

import math
from collections.abc import Sequence
from typing import Any, TypeVar

from litestar import Request, Response
from litestar.enums import ScopeType
from litestar.exceptions import SerializationException
from litestar.middleware import ASGIMiddleware
from litestar.serialization import decode_json
from litestar.types import ASGIApp, Receive, Scope, Send
from pydantic import BaseModel, ValidationError

from market.errors import MalformedBody, TooLarge
from market.web.problems import BODY_KEY, validated
from market.web.transaction import refuse_duplicate_names

T = TypeVar("T")


class Ready(Response[T]):
    """The answer of such a handler: bytes of JSON that say a `T`, and headers, both as they are sent."""

    def __init__(self, body: bytes, headers: Sequence[tuple[bytes, bytes]], *, status_code: int) -> None:
        # Not what it is derived from, which would make all of this anew.
        self.status_code = status_code
        self.made, self.body = headers, body

    async def __call__(self, send: Send) -> None:
        length = (b"content-length", str(len(self.body)).encode())
        headers = [(b"content-type", b"application/json"), length, *self.made]
        await send({"type": "http.response.start", "status": self.status_code or 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


class Direct(ASGIMiddleware):
    """Stands before one handler, `fn(request, data, **path) -> Ready`, and sends what it answers.

    The handler finds the bytes of the body under `BODY_KEY` in the request's state.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, shape: type[BaseModel]) -> None:
        """`shape` is what `data` is in the handler's signature."""
        self.shape = shape

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:  # noqa: ARG002
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        handler = request.route_handler
        before = handler.resolve_before_request()
        if before is not None:
            await before(request)
        body = scope["state"][BODY_KEY] = await _body(request)
        answer: Ready[Any] = await handler.fn(request=request, data=self._read(body), **scope["path_params"])
        await answer(send)

    def _read(self, body: bytes) -> BaseModel:
        refuse_duplicate_names(body)
        try:
            given = decode_json(body)
        except SerializationException as trouble:
            raise MalformedBody(str(trouble)) from trouble
        try:
            return self.shape.model_validate(given)
        except ValidationError as trouble:
            raise validated(trouble, given) from trouble


async def _body(request: Request[Any, Any, Any]) -> bytes:
    """The whole body. TooLarge beyond the limit of the handler."""
    most = request.route_handler.resolve_request_max_body_size() or math.inf
    parts: list[bytes] = []
    more = True
    while more:
        message = await request.receive()
        if message["type"] != "http.request":
            raise MalformedBody("the connection was closed before the body was whole")
        parts.append(message["body"])
        more = message["more_body"]
        if sum(map(len, parts)) > most:
            raise TooLarge()
    return b"".join(parts)
