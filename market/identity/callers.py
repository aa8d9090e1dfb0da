"""Who sent each of many requests, in one statement: for what is decided together and must not pay for each caller."""

import hmac
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

import asyncpg

from market.identity.credentials import Credential
from market.identity.rules import TOUCH_EVERY, session_end
from market.permissions import Actor
from schemas.vocabulary import Role, Scope

# Valid by the database's clock, so that what was signed out or revoked is refused from the next bid on.
_SESSIONS = """
SELECT s.token_sha256, s.id, s.person_id, s.created_at, s.last_used_at, clock_timestamp() AS at,
    (SELECT jsonb_object_agg(m.organisation_id, m.roles) FROM membership m WHERE m.person_id = s.person_id) AS roles
FROM person_session s WHERE s.token_sha256 = ANY($1::bytea[]) AND s.expires_at > clock_timestamp()
"""
_KEYS = """
SELECT k.public_id, k.secret_sha256, k.id, k.person_id, k.organisation_id, k.scopes, k.last_used_at,
    clock_timestamp() AS at, m.roles
FROM api_key k JOIN membership m ON m.person_id = k.person_id AND m.organisation_id = k.organisation_id
WHERE k.public_id = ANY($1::text[]) AND k.revoked_at IS NULL AND k.expires_at > clock_timestamp()
"""

# Whoever holds one of these rows writes its use too: nobody waits for them, and two that touch many never for each other.
_TOUCH_SESSIONS = """
UPDATE person_session s SET last_used_at = u.at, expires_at = u.until
FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) AS u(id, at, until)
WHERE s.id = u.id AND s.id IN (SELECT id FROM person_session WHERE id = ANY($1::uuid[]) FOR NO KEY UPDATE SKIP LOCKED)
"""
_TOUCH_KEYS = """
UPDATE api_key SET last_used_at = $2
WHERE id IN (SELECT id FROM api_key WHERE id = ANY($1::uuid[]) FOR NO KEY UPDATE SKIP LOCKED)
"""


async def callers(connection: asyncpg.Connection, sent: Collection[Credential]) -> dict[Credential, Actor]:
    """The actor of each credential that is valid now; one that is not valid is left out."""
    sessions = {each.secret: each for each in sent if each.key_id is None}
    keys = [each for each in sent if each.key_id is not None]
    found: dict[Credential, Actor] = {}
    if sessions:
        found |= await _of_sessions(connection, sessions)
    if keys:
        found |= await _of_keys(connection, keys)
    return found


async def _of_sessions(
    connection: asyncpg.Connection, sent: Mapping[bytes, Credential]
) -> dict[Credential, Actor]:
    rows = await connection.fetch(_SESSIONS, list(sent))
    used = [row for row in rows if _is_due(row["last_used_at"], row["at"])]
    if used:
        ends = [session_end(row["created_at"], row["at"]) for row in used]
        await connection.execute(
            _TOUCH_SESSIONS, [row["id"] for row in used], [row["at"] for row in used], ends
        )
    return {
        sent[row["token_sha256"]]: Actor(
            row["person_id"],
            {UUID(where): _roles(held) for where, held in json.loads(row["roles"] or "{}").items()},
            session_id=row["id"],
        )
        for row in rows
    }


async def _of_keys(connection: asyncpg.Connection, sent: Collection[Credential]) -> dict[Credential, Actor]:
    known = {
        row["public_id"]: row for row in await connection.fetch(_KEYS, list({each.key_id for each in sent}))
    }
    proven = {
        each: known[each.key_id]
        for each in sent  # of one key there may be several, and a wrong secret beside the right one
        if each.key_id in known and hmac.compare_digest(known[each.key_id]["secret_sha256"], each.secret)
    }
    used = [row for row in proven.values() if _is_due(row["last_used_at"], row["at"])]
    if used:
        await connection.execute(_TOUCH_KEYS, [row["id"] for row in used], used[0]["at"])
    return {
        each: Actor(
            row["person_id"],
            {row["organisation_id"]: _roles(row["roles"])},
            api_key_id=row["id"],
            scopes=frozenset(Scope(scope) for scope in row["scopes"]),
        )
        for each, row in proven.items()
    }


def _is_due(last_used_at: datetime | None, at: datetime) -> bool:
    return last_used_at is None or at - last_used_at > TOUCH_EVERY


def _roles(held: Collection[str]) -> frozenset[Role]:
    return frozenset(Role(role) for role in held)
