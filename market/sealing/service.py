"""The verbs of a sealed box: register an opening key, make a box, hand in a share, and with enough of them open it.

It does not know what is sealed, nor when the time of opening has come: the caller holds the lock of the subject.
"""

import base64
from collections.abc import Sequence
from hmac import compare_digest
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import select

from market.database import now
from market.errors import AlreadyExists, Invalid
from market.identity.service import from_session
from market.identity.tables import Person
from market.ledger.service import record
from market.permissions import Actor
from market.sealing import envelope, queries, shares
from market.sealing.rules import share_context
from market.sealing.tables import Box, OpeningKey, Share
from schemas.sealing import NewOpeningKey
from schemas.values import FieldProblem


async def register_key(session: AsyncSession, actor: Actor, data: NewOpeningKey) -> OpeningKey:
    """Register the actor's own public key, or another in its place, for the boxes that are made from now on.

    From a session. Invalid where it is no key to which anything could be kept secret.
    """
    from_session(actor)
    key = base64.b64decode(data.public_key)
    _refuse_unusable(key)
    await session.execute(select(Person.id).where(Person.id == actor.person_id).with_for_update())
    at = await now(session)
    row = await session.get(OpeningKey, actor.person_id, populate_existing=True)  # read behind the lock
    if row is None:
        row = OpeningKey(person_id=actor.person_id, public_key=key, registered_at=at)
        session.add(row)
    row.public_key, row.registered_at = key, at
    facts = {"public_key": key.hex()}
    await record(session, actor, ("person", actor.person_id), "opening_key_registered", data=facts)
    return row


def _refuse_unusable(key: bytes) -> None:
    try:
        envelope.encrypt(b"", key, b"")
    except ValueError as trouble:
        detail = "give the 32 bytes of an X25519 public key in base64, as the sealing script prints them"
        raise Invalid(errors=[FieldProblem(pointer="/public_key", detail=detail)]) from trouble


async def make_box(
    session: AsyncSession,
    subject: tuple[str, UUID],
    *,
    purpose: str,
    blob_bytes: int,
    officers: Sequence[UUID],
    threshold: int,
) -> Box:
    """Make the key pair of a locked subject and give each officer their share.

    The private key is in this process's memory until this returns and is never written down: only its shares are, each
    encrypted to one officer. The caller has settled, by `rules.unmet`, that the officers can do it.
    """
    private, public = envelope.new_key()
    kind, subject_id = subject
    box = Box(
        subject_kind=kind,
        subject_id=subject_id,
        purpose=purpose,
        blob_bytes=blob_bytes,
        public_key=public,
        threshold=threshold,
        created_at=await now(session),
    )
    session.add(box)
    await session.flush()
    known = await queries.officers(session, officers)
    for person, words in zip(officers, shares.split(private, threshold, len(officers)), strict=True):
        key = known[person].public_key
        if key is None:
            raise AssertionError("an officer without a key was refused before")
        sealed = envelope.encrypt(words.encode(), key, share_context(subject_id, public, person))
        commitment = shares.commitment(words)
        session.add(
            Share(box_id=box.id, person_id=person, sealed_to=key, sealed=sealed, commitment=commitment)
        )
    await session.flush()
    return box


async def hand_in(session: AsyncSession, actor: Actor, box: Box, words: str) -> bytes | None:
    """Take the share of one of the box's officers; the private key once it can be put together, else None.

    From a session, and only after the deadline, which the caller has settled under the lock of the subject. Invalid
    where it is not the share that was made for this officer: it is not kept, and the others' stay. A share that was
    changed in the database since does not count.
    """
    from_session(actor)
    own = await queries.own_share(session, actor, box)
    if box.private_key is not None:
        raise AlreadyExists("this was opened already")
    if not compare_digest(shares.commitment(words), own.commitment):
        detail = f"this is not the share that was made for you, officer {actor.person_id}; it was not kept"
        raise Invalid(errors=[FieldProblem(pointer="/words", detail=detail)])
    if own.words is None:
        own.words, own.handed_in_at = shares.plain(words), await now(session)
        await session.flush()
    held = [
        share.words
        for share, _ in await queries.shares(session, box)
        if share.words is not None and compare_digest(shares.commitment(share.words), share.commitment)
    ]
    if len(held) < box.threshold:
        return None
    key = shares.combine(held[: box.threshold])
    if key is None or envelope.public_key_of(key) != box.public_key:
        raise RuntimeError("shares that are what they were when the box was made do not give its key")
    box.private_key, box.opened_at = key, await now(session)
    await session.flush()
    return key
