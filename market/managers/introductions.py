"""The verb of an introduction: a manager brings two parties together, and a signed receipt keeps it."""

import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncSession

from market.database import new_id, now
from market.errors import AlreadyExists, NotAllowed, WrongState
from market.interests.rules import OPEN
from market.interests.tables import Interest
from market.ledger.rules import sha256
from market.ledger.service import record
from market.ledger.signing import sign
from market.listings.queries import version as listing_version
from market.managers import queries, rules
from market.managers.documents import receipt
from market.managers.rules import Verb
from market.managers.tables import Assignment, Introduction
from market.organisations.queries import organisations
from market.permissions import Actor, Permission, require


async def introduce(
    session: AsyncSession,
    actor: Actor,
    assignment: Assignment,
    interest: Interest,
    *,
    key: Ed25519PrivateKey,
    base_url: str,
) -> Introduction:
    """Record the first contact of the two parties, once. The active manager alone; both rows are held by the caller.

    The receipt is what a manager shows when a client goes around them (民法典 art. 963-965).
    """
    profile = (await queries.profiles_of(session, [assignment.manager_id]))[assignment.manager_id]
    role = require(actor, Permission.MANAGE, profile.manager.organisation_id)
    if profile.manager.person_id != actor.person_id:
        raise NotAllowed("only the technology manager themself does this")
    rules.next_status(Verb.INTRODUCE, assignment.status, interest.status)
    if interest.status not in OPEN:
        raise WrongState(f"the interest is {interest.status}: its parties have found each other")
    if await queries.introductions_of(session, [assignment.id]):
        raise AlreadyExists("the introduction under this assignment was made")
    at = await now(session)
    times = at, rules.tail_end(at)
    version = await listing_version(session, interest.listing_id, interest.listing_version)
    parties = await organisations(session, [interest.organisation_id, interest.owner_organisation_id])
    identifier = new_id()
    title = json.loads(version.document)["title"]
    text = receipt(identifier, assignment, interest, version, title, profile, parties, times, base_url)
    signed = sign(key, text)
    introduction = Introduction(
        id=identifier,
        assignment_id=assignment.id,
        interest_id=interest.id,
        manager_id=assignment.manager_id,
        receipt=text,
        sha256=sha256(text),
        signature=signed.signature,
        public_key=signed.public_key,
        introduced_at=at,
        valid_until=times[1],
    )
    session.add(introduction)
    await session.flush()
    data = {"introduction": str(identifier), "sha256": introduction.sha256.hex()}
    for subject in (("assignment", assignment.id), ("interest", interest.id)):
        await record(session, actor, subject, "introduced", role=role, data=data)
    return introduction
