"""Who is calling: turns a bearer token, an API key or the session cookie into an actor."""

import hmac
from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Request
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.database import now
from market.errors import Unauthenticated
from market.identity.queries import roles_of
from market.identity.rules import KEY_PREFIX, SESSION_PREFIX, TOUCH_EVERY, digest, session_end, split_key
from market.identity.tables import ApiKey, PersonSession
from market.permissions import Actor
from schemas.vocabulary import Role, Scope

COOKIE = "release_hall_session"


async def authenticate(session: AsyncSession, request: Request[Any, Any, Any]) -> Actor | None:
    """The actor, None where no credential was sent, Unauthenticated where one was sent and is not valid."""
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer":
            raise Unauthenticated("send Authorization: Bearer with a session token or an API key")
        if token.startswith(SESSION_PREFIX):
            return await _of_session(session, token)
        if token.startswith(KEY_PREFIX):
            return await _of_key(session, token)
        raise Unauthenticated("this is neither a session token nor an API key")
    token = request.cookies.get(COOKIE) or request.cookies.get(f"__Host-{COOKIE}") or ""
    return await _of_session(session, token) if token else None


async def _of_session(session: AsyncSession, token: str) -> Actor:
    found = await session.execute(select(PersonSession).where(PersonSession.token_sha256 == digest(token)))
    row = found.scalar_one_or_none()
    at = await now(session)
    if row is None or row.expires_at <= at:
        raise Unauthenticated("the session has ended or was signed out")
    if at - row.last_used_at > TOUCH_EVERY:
        row.last_used_at = at
        row.expires_at = session_end(row.created_at, at)
    return Actor(row.person_id, await roles_of(session, row.person_id), session_id=row.id)


async def _of_key(session: AsyncSession, token: str) -> Actor:
    parts = split_key(token)
    found = await session.execute(select(ApiKey).where(ApiKey.public_id == (parts or ("", ""))[0]))
    row = found.scalar_one_or_none()
    at = await now(session)
    if parts is None or row is None or not hmac.compare_digest(row.secret_sha256, digest(parts[1])):
        raise Unauthenticated("this API key is not known")
    if row.revoked_at is not None or row.expires_at <= at:
        raise Unauthenticated("this API key was revoked or has expired")
    if row.last_used_at is None or at - row.last_used_at > timedelta(minutes=1):
        row.last_used_at = at
    roles: dict[UUID, frozenset[Role]] = await roles_of(session, row.person_id)
    bound = {row.organisation_id: roles.get(row.organisation_id, frozenset())}
    return Actor(
        row.person_id, bound, api_key_id=row.id, scopes=frozenset(Scope(scope) for scope in row.scopes)
    )


async def revoke_sessions(session: AsyncSession, person_id: UUID, *, but: UUID | None = None) -> int:
    """End all sessions of a person, except one; answers how many ended. Effective with the next request anywhere."""
    found = await session.execute(select(PersonSession).where(col(PersonSession.person_id) == person_id))
    ended = [row for row in found.scalars() if row.id != but]
    for row in ended:
        await session.delete(row)
    return len(ended)
