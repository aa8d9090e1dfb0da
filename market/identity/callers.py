"""Who sent each of many requests, in one statement: for what is decided together and must not pay for each caller."""

import hmac
import json
from collections.abc import Collection
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
SELECT k.public_id, k.secret_sha256, k.id, k.person_id, k.organisation_id, k.scopes, m.roles
FROM api_key k JOIN membership m ON m.person_id = k.person_id AND m.organisation_id = k.organisation_id
WHERE k.public_id = ANY($1::text[]) AND k.revoked_at IS NULL AND k.expires_at > clock_timestamp()
"""
_TOUCH = "UPDATE person_session SET last_used_at = $2, expires_at = $3 WHERE id = $1"


async def callers(connection: asyncpg.Connection, sent: Collection[Credential]) -> dict[Credential, Actor]:
    """The actor of each credential that is valid now; one that is not valid is left out."""
    found: dict[Credential, Actor] = {}
    sessions = {each.secret: each for each in sent if each.key_id is None}
    keys = {each.key_id: each for each in sent if each.key_id is not None}
    if sessions:
        for row in await connection.fetch(_SESSIONS, list(sessions)):
            roles = {
                UUID(organisation): _roles(held)
                for organisation, held in json.loads(row["roles"] or "{}").items()
            }
            found[sessions[row["token_sha256"]]] = Actor(row["person_id"], roles, session_id=row["id"])
            if row["at"] - row["last_used_at"] > TOUCH_EVERY:
                await connection.execute(
                    _TOUCH, row["id"], row["at"], session_end(row["created_at"], row["at"])
                )
    if keys:
        for row in await connection.fetch(_KEYS, list(keys)):
            sent_key = keys[row["public_id"]]
            if hmac.compare_digest(row["secret_sha256"], sent_key.secret):
                found[sent_key] = Actor(
                    row["person_id"],
                    {row["organisation_id"]: _roles(row["roles"])},
                    api_key_id=row["id"],
                    scopes=frozenset(Scope(scope) for scope in row["scopes"]),
                )
    return found


def _roles(held: Collection[str]) -> frozenset[Role]:
    return frozenset(Role(role) for role in held)
