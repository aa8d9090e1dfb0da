"""The verb of an introduction: a manager brings two parties together, and a signed receipt keeps it."""

import json
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncSession

from market.database import new_id, now
from market.errors import AlreadyExists, Invalid, NotAllowed, WrongState
from market.interests.rules import OPEN
from market.ledger.rules import sha256
from market.ledger.service import record
from market.ledger.signing import sign
from market.listings.queries import version as listing_version
from market.listings.tables import Listing
from market.managers import rules
from market.managers.directory import profiles_of
from market.managers.documents import Introduced, receipt
from market.managers.queries import Held, introductions_of
from market.managers.rules import Verb
from market.managers.tables import Assignment, Introduction
from market.organisations.queries import organisations
from market.permissions import Actor, Permission, require
from schemas.values import FieldProblem
from schemas.vocabulary import AssignmentStatus, AssignmentSubject


async def introduce(
    session: AsyncSession,
    actor: Actor,
    held: Held,
    *,
    organisation_id: UUID | None = None,
    key: Ed25519PrivateKey,
    base_url: str,
) -> Introduction:
    """Record the first contact of the two parties, once. The manager at work alone; the caller holds the rows.

    Under the assignment of a listing one introduction is made for each company, which `organisation_id` names. The
    receipt is what a manager shows when a client goes around them (民法典 art. 963-965).
    """
    assignment, interest = held.assignment, held.interest
    profile = (await profiles_of(session, [assignment.manager_id]))[assignment.manager_id]
    role = require(actor, Permission.MANAGE, profile.manager.organisation_id)
    if profile.manager.person_id != actor.person_id:
        raise NotAllowed("only the technology manager themself does this")
    status = rules.next_status(Verb.INTRODUCE, assignment.status, ended=held.ended)
    if assignment.subject is AssignmentSubject.DEAL or (interest is not None and interest.status not in OPEN):
        raise WrongState("the parties of a deal have found each other")
    other = await _other(session, assignment, organisation_id)
    at = await now(session)
    listing = await session.get_one(Listing, assignment.listing_id)
    number = interest.listing_version if interest else listing.published_version or 0
    version = await listing_version(session, assignment.listing_id, number)
    introduction = Introduction(
        id=new_id(),
        assignment_id=assignment.id,
        interest_id=assignment.interest_id,
        listing_id=assignment.listing_id,
        owner_organisation_id=assignment.owner_organisation_id,
        organisation_id=other,
        manager_id=assignment.manager_id,
        receipt=b"",
        sha256=b"",
        signature=b"",
        public_key=b"",
        introduced_at=at,
        valid_until=rules.tail_end(at),
    )
    parties = await organisations(session, [other, assignment.owner_organisation_id])
    about = Introduced(assignment, version, json.loads(version.document)["title"], profile, parties)
    introduction.receipt = receipt(introduction, about, base_url)
    introduction.sha256 = sha256(introduction.receipt)
    signed = sign(key, introduction.receipt)
    introduction.signature, introduction.public_key = signed.signature, signed.public_key
    session.add(introduction)
    if assignment.status is not AssignmentStatus.INTRODUCING:
        assignment.status = status
        assignment.revision += 1
    await session.flush()
    data = {"introduction": str(introduction.id), "sha256": introduction.sha256.hex()}
    subjects = [("assignment", assignment.id)] + ([("interest", interest.id)] if interest else [])
    for subject in subjects:
        await record(session, actor, subject, "introduced", role=role, data=data)
    return introduction


async def _other(session: AsyncSession, assignment: Assignment, named: UUID | None) -> UUID:
    """Whom the owner is introduced to, once under this assignment; Invalid where that is not clear."""
    where = "/organisation_id"
    other = assignment.organisation_id or named
    if assignment.organisation_id is not None:
        if named not in (None, assignment.organisation_id):
            raise Invalid(errors=[FieldProblem(pointer=where, detail="the interest names the other party")])
        if await introductions_of(session, [assignment.id]):
            raise AlreadyExists("the introduction under this assignment was made")
    if other is None:
        raise Invalid(errors=[FieldProblem(pointer=where, detail="name whom the owner was introduced to")])
    if other == assignment.owner_organisation_id or other not in await organisations(session, [other]):
        raise Invalid(errors=[FieldProblem(pointer=where, detail="no other organisation has this id")])
    return other
