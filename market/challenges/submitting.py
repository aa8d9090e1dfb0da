"""Takes sealed submissions (揭榜): who may submit, until when, and what they get for it; it cannot read them."""

import base64
import binascii
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.challenges import conflicts, queries, rules
from market.challenges.documents import MOST_BYTES, content, lid_of, receipt_document
from market.challenges.rules import Verb
from market.challenges.service import LEAST_VERIFICATION
from market.challenges.tables import Challenge, Submission
from market.database import new_id, now
from market.errors import Conflict, Invalid, NotAllowed, WrongState
from market.ledger.rules import sha256
from market.ledger.service import record
from market.organisations.queries import organisation as organisation_by_id
from market.permissions import Actor, Permission, require
from market.sealing.envelope import Lid, misaddressed, seal
from schemas.challenges import NewSubmission
from schemas.values import FieldProblem


async def submit(session: AsyncSession, actor: Actor, row: Challenge, data: NewSubmission) -> Submission:
    """Submit to a locked challenge; it takes the place of what the organisation had submitted before. Its buyers, officers, directors.

    NotAllowed names every relation that forbids it (CH-1). At the very instant of the deadline it is too late. Neither
    the challenge nor its record shows that anything came.
    """
    organisation_id = data.organisation_id or _only(actor)
    role = require(actor, Permission.SUBMIT_SOLUTION, organisation_id)
    _refuse_untimely(row)
    await _refuse_unfit(session, actor, row, organisation_id)
    sealed, sealed_by = _sealed(row, organisation_id, data)
    submission = Submission(
        id=new_id(),
        challenge_id=row.id,
        organisation_id=organisation_id,
        person_id=actor.person_id,
        number=await queries.last_number(session, row.id, organisation_id) + 1,
        at=await now(session),
        sealed=sealed,
        sealed_by=sealed_by,
        document=b"",
        hash=b"",
    )
    submission.document = receipt_document(submission, sha256(sealed), row.rules_sha256 or b"")
    submission.hash = sha256(submission.document)
    session.add(submission)
    await session.flush()
    facts = {"receipt": submission.hash.hex()}
    await record(session, actor, ("submission", submission.id), "submitted", role=role, data=facts)
    return submission


def _only(actor: Actor) -> UUID:
    able = actor.where(Permission.SUBMIT_SOLUTION)
    if len(able) > 1:
        detail = "you submit for several organisations: name one"
        raise Invalid(errors=[FieldProblem(pointer="/organisation_id", detail=detail)])
    if not able:
        require(actor, Permission.SUBMIT_SOLUTION)
    return able[0]


def _refuse_untimely(row: Challenge) -> None:
    if row.status not in rules.FROM[Verb.SUBMIT]:
        raise WrongState(
            f"the challenge is {row.status}; submissions are taken from {row.submissions_from.isoformat()}"
            f" until, but not at, {row.submissions_until.isoformat()}"
        )


async def _refuse_unfit(session: AsyncSession, actor: Actor, row: Challenge, organisation_id: UUID) -> None:
    organisation = await organisation_by_id(session, organisation_id)
    if organisation.verification < LEAST_VERIFICATION:
        raise Conflict(
            f"your organisation is at level {organisation.verification}: the operator verifies it to "
            f"{LEAST_VERIFICATION} before it can submit"
        )
    member_of = (await queries.people(session, [actor.person_id]))[actor.person_id]
    facts = await queries.facts_for(session, row, [organisation_id, *member_of], submitted=False)
    found = conflicts.of_entrant(facts, organisation_id, actor.person_id, member_of)
    if found:
        raise NotAllowed("; ".join(each.detail for each in found), errors=found)


def _sealed(row: Challenge, organisation_id: UUID, data: NewSubmission) -> tuple[bytes, str]:
    """The blob and who sealed it. Invalid where it is not one of this organisation for this challenge."""
    if row.rules is None or row.rules_sha256 is None:
        raise AssertionError("submissions are taken under rules")
    lid = lid_of(row.rules, row.rules_sha256)
    if (data.sealed is None) == (data.solution is None):
        detail = "give either a solution that you have sealed, or one for the server to seal"
        raise Invalid(errors=[FieldProblem(pointer="/sealed", detail=detail)])
    if data.solution is not None:
        plain = content(data.solution)
        if len(plain) > MOST_BYTES:
            detail = f"a solution has at most {MOST_BYTES} bytes in canonical JSON, this one {len(plain)}"
            raise Invalid(errors=[FieldProblem(pointer="/solution", detail=detail)])
        return seal(lid, organisation_id, plain), "server"
    return _given(lid, organisation_id, data.sealed or ""), "client"


def _given(lid: Lid, organisation_id: UUID, sealed: str) -> bytes:
    try:
        blob = base64.b64decode(sealed, validate=True)
    except binascii.Error as trouble:
        raise Invalid(errors=[FieldProblem(pointer="/sealed", detail="this is not base64")]) from trouble
    reason = misaddressed(lid, organisation_id, blob)
    if reason is not None:
        raise Invalid(errors=[FieldProblem(pointer="/sealed", detail=reason)])
    return blob
