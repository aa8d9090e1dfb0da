"""Who is calling: turns a bearer token, an API key or the session cookie into an actor."""

import hmac
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import col, select

from market.database import Database, now
from market.errors import Unauthenticated
from market.identity.queries import standing_of
from market.identity.rules import KEY_PREFIX, SESSION_PREFIX, TOUCH_EVERY, digest, session_end, split_key
from market.identity.tables import ApiKey, PersonSession
from market.permissions import Actor
from schemas.vocabulary import Scope

COOKIE = "release_hall_session"

# Written at once and by themselves, so that no request waits for another of the same session or key, and a request
# that fails is a use too.
_TOUCH_SESSION = "UPDATE person_session SET last_used_at = $2, expires_at = $3 WHERE id = $1 RETURNING id"
_TOUCH_KEY = "UPDATE api_key SET last_used_at = $2 WHERE id = $1"


@dataclass(frozen=True)
class Credential:
    """What a caller sent to prove who they are: the digest of a session's token, or of an API key's secret."""

    secret: bytes
    key_id: str | None = None
    """The public id of an API key; None for a session."""


def credential(request: Request[Any, Any, Any]) -> Credential | None:
    """What the request proves itself with; None where nothing was sent, Unauthenticated for what proves nothing."""
    header = request.headers.get("authorization")
    if header is None:
        token = request.cookies.get(cookie_name(request), "")
        return Credential(digest(token)) if token else None
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer":
        raise Unauthenticated("send Authorization: Bearer with a session token or an API key")
    if token.startswith(SESSION_PREFIX):
        return Credential(digest(token))
    if not token.startswith(KEY_PREFIX):
        raise Unauthenticated("this is neither a session token nor an API key")
    if (parts := split_key(token)) is None:
        raise Unauthenticated("this API key is not known")
    return Credential(digest(parts[1]), parts[0])


async def authenticate(session: AsyncSession, request: Request[Any, Any, Any]) -> Actor | None:
    """The actor, None where no credential was sent, Unauthenticated where a header was sent that is not valid.

    A cookie that is not valid is as none: the browser sends it by itself, also to the sign-in that replaces it.
    """
    database: Database = request.app.state.database
    sent = credential(request)
    if sent is None:
        return None
    if sent.key_id is not None:
        return await _of_key(session, database, sent)
    try:
        return await _of_session(session, database, sent)
    except Unauthenticated:
        if "authorization" in request.headers:
            raise
        return None


def cookie_name(request: Request[Any, Any, Any]) -> str:
    """Over https `__Host-` alone counts, which no neighbouring host can set (RFC 6265bis 4.1.3.2)."""
    return f"__Host-{COOKIE}" if is_https(request) else COOKIE


def is_https(request: Request[Any, Any, Any]) -> bool:
    """Whether the public reaches this service over https, whatever speaks to this process."""
    return str(request.app.state.base_url).startswith("https://")


async def _of_session(session: AsyncSession, database: Database, sent: Credential) -> Actor:
    found = await session.execute(select(PersonSession).where(PersonSession.token_sha256 == sent.secret))
    row = found.scalar_one_or_none()
    at = await now(session)
    if row is None or row.expires_at <= at:
        raise Unauthenticated("the session has ended or was signed out")
    if at - row.last_used_at > TOUCH_EVERY:
        end = session_end(row.created_at, at)
        if await database.pool.fetchval(_TOUCH_SESSION, row.id, at, end) is None:  # signed out meanwhile
            raise Unauthenticated("the session has ended or was signed out")
        set_committed_value(row, "last_used_at", at)
        set_committed_value(row, "expires_at", end)
    roles, offices = await standing_of(session, row.person_id)
    return Actor(row.person_id, roles, session_id=row.id, offices=offices)


async def _of_key(session: AsyncSession, database: Database, sent: Credential) -> Actor:
    found = await session.execute(select(ApiKey).where(ApiKey.public_id == sent.key_id))
    row = found.scalar_one_or_none()
    at = await now(session)
    if row is None or not hmac.compare_digest(row.secret_sha256, sent.secret):
        raise Unauthenticated("this API key is not known")
    if row.revoked_at is not None or row.expires_at <= at:
        raise Unauthenticated("this API key was revoked or has expired")
    if row.last_used_at is None or at - row.last_used_at > TOUCH_EVERY:
        await database.pool.execute(_TOUCH_KEY, row.id, at)
    roles, offices = await standing_of(session, row.person_id)
    if row.organisation_id not in roles:
        raise Unauthenticated("whoever made this API key has left its organisation")
    bound = {row.organisation_id: roles[row.organisation_id]}
    scopes = frozenset(Scope(scope) for scope in row.scopes)
    return Actor(row.person_id, bound, api_key_id=row.id, scopes=scopes, offices=offices)


async def revoke_sessions(session: AsyncSession, person_id: UUID, *, but: UUID | None = None) -> int:
    """End all sessions of a person, except one; answers how many ended. Effective with the next request anywhere."""
    ending = delete(PersonSession).where(col(PersonSession.person_id) == person_id)
    if but is not None:
        ending = ending.where(col(PersonSession.id) != but)
    return len((await session.execute(ending.returning(col(PersonSession.id)))).all())
