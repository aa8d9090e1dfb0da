"""Gives and withdraws documents. The caller has locked what they are about, and settled who may."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select, tuple_

from market.database import now
from market.errors import Conflict, Incomplete, Invalid, NotFound
from market.evidence import rules
from market.evidence.tables import Proof
from market.ledger.service import record
from market.listings.tables import Encumbrance
from market.permissions import Actor
from market.workdays import legal_day
from schemas.rights import EvidenceView, NewEvidence
from schemas.values import FieldProblem, Money, Reason
from schemas.vocabulary import Party, Role

Subject = tuple[str, UUID]


async def of_subjects(session: AsyncSession, subjects: Collection[Subject]) -> dict[Subject, list[Proof]]:
    """What was given to each of these, in the order of time, the withdrawn ones too."""
    found: dict[Subject, list[Proof]] = {subject: [] for subject in subjects}
    query = select(Proof).where(tuple_(col(Proof.subject_kind), col(Proof.subject_id)).in_(list(subjects)))
    for row in (await session.execute(query.order_by(col(Proof.id)))).scalars():
        found[row.subject_kind, row.subject_id].append(row)
    return found


async def give(
    session: AsyncSession,
    actor: Actor,
    subject: Subject,
    listing_id: UUID,
    data: NewEvidence,
    *,
    role: Role,
    side: Party | None = None,
) -> Proof:
    """Keep what a document is and its hash. Incomplete lists what one of its kind has to say."""
    at = await now(session)
    missing = rules.problems(data, legal_day(at))
    if missing:
        raise Incomplete(errors=missing)
    if data.encumbrance_id is not None:
        held = await session.get(Encumbrance, data.encumbrance_id)
        if held is None or held.listing_id != listing_id:
            detail = "the listing has no encumbrance with this id"
            raise Invalid(errors=[FieldProblem(pointer="/encumbrance_id", detail=detail)])
    row = Proof(
        subject_kind=subject[0],
        subject_id=subject[1],
        **data.model_dump(exclude={"sha256", "value", "terms_sha256"}),
        sha256=bytes.fromhex(data.sha256),
        value=data.value.minor if data.value else None,
        currency=data.value.currency if data.value else None,
        terms_sha256=bytes.fromhex(data.terms_sha256) if data.terms_sha256 else None,
        given_as=side,
        given_by=actor.person_id,
        given_at=at,
    )
    session.add(row)
    await session.flush()
    facts: dict[str, Any] = data.model_dump(mode="json", exclude_none=True)
    await record(session, actor, subject, "evidence_given", role=role, data=facts | {"evidence": str(row.id)})
    return row


async def withdraw(
    session: AsyncSession, actor: Actor, subject: Subject, evidence_id: UUID, data: Reason, *, role: Role
) -> Proof:
    """It counts no more; what it was stays in the record. Conflict where it was withdrawn before."""
    query = select(Proof).where(
        Proof.id == evidence_id, Proof.subject_kind == subject[0], Proof.subject_id == subject[1]
    )
    found = await session.execute(query.with_for_update().execution_options(populate_existing=True))
    row = found.scalar_one_or_none()
    if row is None:
        raise NotFound("no document with this id was given here")
    if row.withdrawn_at is not None:
        raise Conflict("this document was withdrawn before")
    row.withdrawn_at, row.withdrawal_reason = await now(session), data.reason
    facts = {"evidence": str(row.id), "sha256": row.sha256.hex()}
    await record(session, actor, subject, "evidence_withdrawn", role=role, reason=data.reason, data=facts)
    return row


def view(row: Proof) -> EvidenceView:
    return EvidenceView(
        **row.model_dump(exclude={"sha256", "value", "currency", "terms_sha256"}),
        sha256=row.sha256.hex(),
        value=Money.of(row.value, row.currency) if row.value is not None and row.currency else None,
        terms_sha256=row.terms_sha256.hex() if row.terms_sha256 else None,
    )


def views(rows: Sequence[Proof]) -> list[EvidenceView]:
    return [view(row) for row in rows]
