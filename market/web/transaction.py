"""One request is one transaction: opened when first asked for, committed before the answer is sent.

A failed COMMIT is an error answer, never a 2xx. The answer to a request with an Idempotency-Key is stored in the same
transaction as its effect, so that a repeat gets the same answer even if the first one never arrived. Every answer to a
reading has an ETag, and is 304 to whoever holds it.
"""

import hmac
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from litestar import Request
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from market.database import Database, now
from market.errors import (
    CrossSiteRequest,
    Invalid,
    KeyRequired,
    KeyReused,
    MalformedBody,
    RequestInFlight,
    SecretShownOnce,
    UnsupportedMediaType,
)
from market.errors import Unauthenticated as NotSignedIn
from market.permissions import Actor
from market.web.conditional import is_unchanged, weak_etag
from market.web.problems import BODY_KEY, problem_response
from market.web.tables import StoredAnswer
from schemas.values import FieldProblem

Authenticate = Callable[[AsyncSession, Request[Any, Any, Any]], Awaitable[Actor | None]]

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
KEPT_HEADERS = frozenset({"content-type", "location", "etag", "link"})
OF_THE_CONTENT = frozenset({b"content-type", b"content-length"})
"""Headers that a 304, which has no content, leaves out."""
STATE_KEY = "market.transaction"
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


class Transaction:
    """The transaction of one request, and who is calling."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.actor: Actor | None = None


class TransactionMiddleware(ASGIMiddleware):
    """Gives the handler `session` and `actor`, commits or rolls back, and honours Idempotency-Key.

    Nobody reaches a handler without signing in, unless it says `public=True` in `opt`. Handlers may also set
    `secret=True` where the answer holds something shown once, and `key_required=True` where money, bids or signatures
    move.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, authenticate: Authenticate) -> None:
        self.authenticate = authenticate

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request: Request[Any, Any, Any] = Request(scope, receive=receive)
        database: Database = request.app.state.database
        async with database.sessions() as session:
            transaction = Transaction(session)
            scope["state"][STATE_KEY] = transaction
            transaction.actor = await self.authenticate(session, request)
            refuse_cross_site(request, signed_in=transaction.actor is not None)
            if transaction.actor is None and not _is_public(request):
                raise NotSignedIn()
            _refuse_other_than_json(request)
            scope["state"][BODY_KEY] = await request.body()  # kept by the connection, so that it is read once
            refuse_duplicate_names(scope["state"][BODY_KEY])
            repeat = await _Repeat.of(request, transaction)
            if repeat is not None and (stored := await repeat.stored(session)) is not None:
                await _send_stored(send, stored)
                return
            held = _Held()
            await next_app(scope, receive, held)
            failure = await _decide(session, request, repeat, held)
        if failure is None:
            held.revalidate(request)
            await held.release(send)
        else:
            await _send_problem(request, failure, send)


def _is_public(request: Request[Any, Any, Any]) -> bool:
    """Whether anybody may call; which methods an address takes is no secret."""
    return request.method == "OPTIONS" or bool(request.route_handler.opt.get("public"))


async def _decide(
    session: AsyncSession, request: Request[Any, Any, Any], repeat: "_Repeat | None", held: "_Held"
) -> Exception | None:
    """Commit the effect of an answer that is no error, together with the answer; what made it fail, or None."""
    if held.status >= 400:
        await session.rollback()
        return None
    try:
        if repeat is not None:
            await repeat.store(session, held, secret=bool(request.route_handler.opt.get("secret")))
        await session.commit()
    except Exception as failure:  # whatever it is, the answer that waits must not be sent
        return failure
    return None


async def _send_problem(request: Request[Any, Any, Any], failure: Exception, send: Send) -> None:
    """Litestar believes the answer that was held back to be sent, and would say nothing more."""
    response = problem_response(request, failure).to_asgi_response(
        app=None, request=request, type_encoders=request.route_handler.resolve_type_encoders()
    )
    await response(request.scope, request.receive, send)


def _refuse_other_than_json(request: Request[Any, Any, Any]) -> None:
    """A body that says that it is something else is not read as JSON; one that says nothing is."""
    if "data" not in request.route_handler.parsed_fn_signature.parameters:
        return
    named = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if named != JSON and not (request.method == "PATCH" and named == MERGE_PATCH):
        raise UnsupportedMediaType(f"this is {named or 'nothing'}: send {JSON}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counted = Counter(name for name, _ in pairs)
        raise MalformedBody(f"given twice in one object: {counted.most_common(1)[0][0]}")
    return found


_UNIQUE = json.JSONDecoder(object_pairs_hook=_unique)


def refuse_duplicate_names(body: bytes) -> None:
    """A name given twice must not mean one thing here and another elsewhere (RFC 7493 2.3)."""
    if not body:
        return
    with suppress(ValueError, RecursionError):  # what is no JSON at all is refused by the handler
        _UNIQUE.decode(body.decode())


class _Held:
    """Holds an answer back until its transaction is decided."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def start(self) -> HTTPResponseStartEvent:
        return next(m for m in self.messages if m["type"] == "http.response.start")

    @property
    def status(self) -> int:
        return self.start["status"]

    @property
    def body(self) -> bytes:
        return b"".join(m["body"] for m in self.messages if m["type"] == "http.response.body")

    def revalidate(self, request: Request[Any, Any, Any]) -> None:
        """Give what was read an ETag, unless it has one; 304 in its place where If-None-Match names it."""
        if request.method != "GET" or self.status != 200:
            return
        start = self.start
        headers = [(name.lower(), value) for name, value in start["headers"]]
        tag = dict(headers).get(b"etag") or weak_etag(self.body).encode()
        headers = [*(pair for pair in headers if pair[0] != b"etag"), (b"etag", tag)]
        start["headers"] = headers
        if is_unchanged(request, tag.decode()):
            start["status"] = 304
            start["headers"] = [pair for pair in headers if pair[0] not in OF_THE_CONTENT]
            self.messages = [start, {"type": "http.response.body", "body": b"", "more_body": False}]

    async def release(self, send: Send) -> None:
        for message in self.messages:
            await send(message)


def refuse_cross_site(request: Request[Any, Any, Any], *, signed_in: bool) -> None:
    """A cookie is sent by the browser whoever asks for it: a change must then come from this very site.

    So must a sign-in and a sign-up, which set the cookie; but what names no site at all is no browser.
    """
    if request.method in SAFE or "authorization" in request.headers:
        return
    site = request.headers.get("sec-fetch-site")  # no browser sends it to http: then Origin decides
    origin = request.headers.get("origin")
    own = {str(request.base_url).rstrip("/"), str(request.app.state.base_url)}
    if site == "same-origin" or (site is None and origin in own):
        return
    if site is None and origin is None and (not signed_in or _is_public(request)):
        return
    raise CrossSiteRequest()


def idempotency_key(request: Request[Any, Any, Any]) -> str | None:
    """The Idempotency-Key of a request, or None; KeyRequired where the route needs one."""
    key = request.headers.get("idempotency-key")
    if key is None:
        if request.route_handler.opt.get("key_required"):
            raise KeyRequired()
        return None
    key = key.strip().strip('"')
    if not 1 <= len(key) <= 128 or not key.isprintable() or not key.isascii():
        detail = "1 to 128 printable ASCII characters"
        raise Invalid(errors=[FieldProblem(pointer="Idempotency-Key", detail=detail)])
    return key


class _Repeat:
    """One Idempotency-Key of one principal."""

    def __init__(self, principal: str, key: str, request: Request[Any, Any, Any], body: bytes) -> None:
        self.principal, self.key = principal, key
        query = request.url.query
        self.method, self.path = request.method, request.url.path + (f"?{query}" if query else "")
        # Keyed, since a body may hold a password, which must not be guessed from a copy of the database.
        secret = request.app.state.settings.secret_key.get_secret_value().encode()
        self.digest = hmac.digest(secret, body, "sha256")

    @classmethod
    async def of(cls, request: Request[Any, Any, Any], transaction: Transaction) -> "_Repeat | None":
        if request.method != "POST":
            return None
        key = idempotency_key(request)
        if key is None:
            return None
        address = request.client.host if request.client else ""
        principal = transaction.actor.principal if transaction.actor else f"anonymous:{address}"
        return cls(principal, key, request, await request.body())

    async def stored(self, session: AsyncSession) -> StoredAnswer | None:
        """The stored answer of an earlier equal request; the lock lasts as long as the transaction."""
        lock = select(
            func.pg_try_advisory_xact_lock(func.hashtextextended(f"{self.principal} {self.key}", 0))
        )
        if not (await session.execute(lock)).scalar_one():
            raise RequestInFlight(retry_after=1)
        found = await session.get(StoredAnswer, (self.principal, self.key))
        if found is None:
            return None
        if (found.method, found.path, found.request_sha256) != (self.method, self.path, self.digest):
            raise KeyReused()
        if found.body is None:
            raise SecretShownOnce()
        return found

    async def store(self, session: AsyncSession, held: _Held, *, secret: bool) -> None:
        headers = {
            name.decode().lower(): value.decode()
            for name, value in held.start["headers"]
            if name.decode().lower() in KEPT_HEADERS
        }
        session.add(
            StoredAnswer(
                principal=self.principal,
                key=self.key,
                method=self.method,
                path=self.path,
                request_sha256=self.digest,
                status=held.status,
                headers=headers,
                body=None if secret else held.body,
                stored_at=await now(session),
            )
        )


async def _send_stored(send: Send, stored: StoredAnswer) -> None:
    headers = [(name.encode(), str(value).encode()) for name, value in stored.headers.items()]
    body = stored.body or b""
    headers += [(b"content-length", str(len(body)).encode()), (b"idempotency-replayed", b"true")]
    await send({"type": "http.response.start", "status": stored.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def provide_database(request: Request[Any, Any, Any]) -> Database:
    """The database itself, for what must not wait for this request's transaction."""
    database: Database = request.app.state.database
    return database


def provide_session(request: Request[Any, Any, Any]) -> AsyncSession:
    """The session of this request's transaction; nobody else commits it."""
    transaction: Transaction = request.scope["state"][STATE_KEY]
    return transaction.session


def provide_actor(request: Request[Any, Any, Any]) -> Actor:
    """Who is calling; 401 for nobody."""
    transaction: Transaction = request.scope["state"][STATE_KEY]
    if transaction.actor is None:
        raise NotSignedIn()
    return transaction.actor


def provide_visitor(request: Request[Any, Any, Any]) -> Actor | None:
    """Who is calling, or None: for what the public sees too."""
    transaction: Transaction = request.scope["state"][STATE_KEY]
    return transaction.actor
