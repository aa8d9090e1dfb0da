"""The verbs of an interest: express, acknowledge, open negotiation, pass, decline, agree, give it a manager."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market import workdays
from market.database import now
from market.errors import AlreadyExists, Conflict, Incomplete, Invalid, WrongState
from market.evidence import service as evidence
from market.evidence.rules import BEFORE_A_DEAL, before_disclosure
from market.evidence.tables import Proof
from market.interests import queries, rules
from market.interests.rules import Verb
from market.interests.tables import Interest
from market.ledger.service import record
from market.listings.queries import latest_documents, published, refuse_unreadable, version
from market.listings.service import let_time_pass
from market.listings.tables import Listing
from market.organisations.queries import organisation as organisation_by_id
from market.organisations.queries import under_foreign_control
from market.permissions import Actor, Permission, require
from schemas.interests import Decline, InterestForm, NewInterest, Pass
from schemas.rights import NewEvidence
from schemas.values import FieldProblem
from schemas.vocabulary import (
    DeclineReason,
    EvidenceKind,
    ExportClass,
    InterestStatus,
    ListingKind,
    Mode,
    Role,
)


async def express(session: AsyncSession, actor: Actor, listing_id: UUID, data: NewInterest) -> Interest:
    """Ask the owner of a published result or product, or answer an opportunity; of a verified organisation, never its own.

    Buyers ask; buyers, officers and directors answer. Starts the owner's reply clock. NotFound and Gone for a listing
    that is not read, Conflict where it takes no such interest or the organisation is not verified, AlreadyExists where
    one is open, Incomplete for what the form lacks.
    """
    permission = _PERMISSION[(await published(session, listing_id)).kind]
    organisation_id = data.organisation_id or _only(actor, permission)
    role = require(actor, permission, organisation_id)
    await _refuse_unverified(session, organisation_id)
    listing = await published(session, listing_id, lock=True)  # of two at once, the second sees the first
    await let_time_pass(session, listing)
    refuse_unreadable(listing.status, listing.withdrawal_reason)
    if listing.organisation_id == organisation_id:
        raise Conflict("this listing is your own organisation's")
    await _refuse_unfit(session, listing, data)
    if await queries.open_interest(session, organisation_id, listing_id):
        raise AlreadyExists("your organisation has an open interest in this listing")
    interest = _written(listing, organisation_id, actor, data, await now(session))
    session.add(interest)
    await session.flush()
    facts = {
        "listing": str(listing.id),
        "version": interest.listing_version,
        "reply_due_at": interest.reply_due_at.isoformat(),
        **interest.reply_clock,
    }
    await record(session, actor, ("interest", interest.id), "submitted", role=role, data=facts)
    return interest


_PERMISSION: Mapping[ListingKind, Permission] = {
    ListingKind.RESULT: Permission.EXPRESS_INTEREST,
    ListingKind.PRODUCT: Permission.EXPRESS_INTEREST,
    ListingKind.OPPORTUNITY: Permission.OFFER_SOLUTION,
}
"""What an interest in a listing of each kind needs, and to pass on it later."""


def _only(actor: Actor, permission: Permission) -> UUID:
    able = actor.where(permission)
    if len(able) > 1:
        detail = "you may do this for several organisations: name one"
        raise Invalid(errors=[FieldProblem(pointer="/organisation_id", detail=detail)])
    if not able:
        require(actor, permission)
    return able[0]


async def _refuse_unverified(session: AsyncSession, organisation_id: UUID) -> None:
    organisation = await organisation_by_id(session, organisation_id)
    if organisation.verification < rules.LEAST_VERIFICATION:
        raise Conflict(
            f"your organisation is at level {organisation.verification}: the operator verifies it to "
            f"{rules.LEAST_VERIFICATION} before it can express interest"
        )


async def _refuse_unfit(session: AsyncSession, listing: Listing, form: InterestForm) -> None:
    """By the published version: what the owner is still writing offers nothing."""
    document = json.loads((await latest_documents(session, [listing.id]))[listing.id][1])
    reason = rules.why_not_taken(listing.status, document, form, await now(session))
    if reason is not None:
        raise WrongState(reason)
    lacking = rules.unmet(form, listing.kind, [Mode(mode) for mode in document.get("modes", [])])
    if lacking:
        raise Incomplete(errors=[FieldProblem(**condition.model_dump()) for condition in lacking])


def _written(
    listing: Listing, organisation_id: UUID, actor: Actor, data: NewInterest, at: datetime
) -> Interest:
    plan = data.development_plan
    capital = plan.capital if plan else None
    due, clock = rules.reply_clock(at)
    form = data.model_dump(
        mode="json", exclude={"organisation_id": True, "development_plan": {"capital"}}, exclude_none=True
    )
    return Interest(
        listing_id=listing.id,
        listing_version=listing.published_version or 0,
        organisation_id=organisation_id,
        owner_organisation_id=listing.organisation_id,
        mode=data.mode,
        form=form,
        capital=capital.minor if capital else None,
        capital_currency=capital.currency if capital else None,
        reply_due_at=due,
        reply_clock=clock,
        submitted_by=actor.person_id,
        created_at=at,
        updated_at=at,
    )


async def acknowledge(session: AsyncSession, actor: Actor, interest: Interest) -> Interest:
    """The owner's first answer; stops the reply clock. The owner's officers, directors and buyers."""
    role = require(actor, Permission.ANSWER_INTEREST, interest.owner_organisation_id)
    return await _move(session, actor, interest, Verb.ACKNOWLEDGE, role)


async def disclose(session: AsyncSession, actor: Actor, interest: Interest, data: NewEvidence) -> Interest:
    """The owner shows what is not public, under the confidentiality agreement that is given with it.

    The owner's officers, directors and buyers. Incomplete where the law of exports stands against it.
    """
    role = require(actor, Permission.ANSWER_INTEREST, interest.owner_organisation_id)
    if data.kind is not EvidenceKind.CONFIDENTIALITY_AGREEMENT:
        detail = "nothing is shown without a confidentiality agreement"
        raise Invalid(errors=[FieldProblem(pointer="/kind", detail=detail)])
    await _refuse_export(session, interest)
    rules.next_status(Verb.DISCLOSE, interest.status)
    await evidence.give(session, actor, ("interest", interest.id), interest.listing_id, data, role=role)
    return await _move(session, actor, interest, Verb.DISCLOSE, role)


async def prove(session: AsyncSession, actor: Actor, interest: Interest, data: NewEvidence) -> Proof:
    """Give a document that the law of exports asks for. The owner's officers, directors and buyers, while it is open."""
    role = require(actor, Permission.RECORD_RIGHTS, interest.owner_organisation_id)
    if interest.status not in rules.OPEN:
        raise WrongState(f"the interest is {interest.status}")
    if data.kind not in BEFORE_A_DEAL:
        detail = f"given to a deal; to an interest: {', '.join(sorted(BEFORE_A_DEAL))}"
        raise Invalid(errors=[FieldProblem(pointer="/kind", detail=detail)])
    return await evidence.give(
        session, actor, ("interest", interest.id), interest.listing_id, data, role=role
    )


async def _refuse_export(session: AsyncSession, interest: Interest) -> None:
    """Before anything is shown to a party under foreign control (XB-1, XB-2, XB-8), of a result that goes out to it."""
    listing = await session.get_one(Listing, interest.listing_id)
    taker = interest.organisation_id
    if listing.kind is not ListingKind.RESULT or not await under_foreign_control(session, [taker]):
        return
    document = json.loads((await version(session, interest.listing_id, interest.listing_version)).document)
    subject = ("interest", interest.id)
    given = (await evidence.of_subjects(session, [subject]))[subject]
    listed = ExportClass(document.get("export_class", ExportClass.UNDETERMINED))
    unmet = before_disclosure(listed, given, workdays.legal_day(await now(session)))
    errors = [
        FieldProblem(pointer=f"/evidence/{kind or ''}".rstrip("/"), detail=f"{detail} ({source})", rule=rule)
        for rule, source, detail, kind in unmet
    ]
    if errors:
        raise Incomplete(errors=errors)


async def negotiate(session: AsyncSession, actor: Actor, interest: Interest) -> Interest:
    """The owner opens negotiation with the company. Incomplete where the law of exports stands against it."""
    role = require(actor, Permission.ANSWER_INTEREST, interest.owner_organisation_id)
    rules.next_status(Verb.NEGOTIATE, interest.status)
    await _refuse_export(session, interest)
    return await _move(session, actor, interest, Verb.NEGOTIATE, role)


async def decline(session: AsyncSession, actor: Actor, interest: Interest, data: Decline) -> Interest:
    """The owner does not go on with this company, for one of the structured reasons; stops the reply clock."""
    role = require(actor, Permission.ANSWER_INTEREST, interest.owner_organisation_id)
    return await _move(session, actor, interest, Verb.DECLINE, role, data)


async def pass_(session: AsyncSession, actor: Actor, interest: Interest, data: Pass) -> Interest:
    """The interested side does not go on, for one of the structured reasons. Whoever may express such an interest."""
    listing = await session.get_one(Listing, interest.listing_id)
    role = require(actor, _PERMISSION[listing.kind], interest.organisation_id)
    return await _move(session, actor, interest, Verb.PASS, role, data)


async def agree(session: AsyncSession, actor: Actor, interest: Interest) -> Interest:
    """A deal opens from a locked interest in negotiation. The owner's officers, directors and buyers."""
    role = require(actor, Permission.OPEN_DEAL, interest.owner_organisation_id)
    return await _move(session, actor, interest, Verb.AGREE, role)


async def end(session: AsyncSession, interest: Interest, reason: str) -> None:
    """The deal that a locked, agreed interest led to has ended, and the interest with it. By the system."""
    interest.ended_at = await now(session)
    await _recorded(session, None, interest, "ended", reason=reason, data={})


async def end_with_listing(session: AsyncSession, listing: Listing) -> None:
    """Decline the open interests in a locked listing that was withdrawn. By the system.

    It is no answer of the owner: one that was not answered before its time stays so in the response record.
    """
    for interest in await queries.locked_open_interests(session, listing.id):
        interest.status = InterestStatus.DECLINED
        interest.reason = DeclineReason.NOT_AVAILABLE.value
        interest.note = f"the listing was withdrawn: {listing.withdrawal_reason}"
        interest.ended_at = await now(session)
        data = {"note": interest.note}
        await _recorded(session, None, interest, "declined", reason=interest.reason, data=data)


def require_of_party(actor: Actor, permission: Permission, interest: Interest) -> Role:
    """A role by which the actor may do it for the owner or for the company, or NotAllowed."""
    if actor.may(permission, interest.organisation_id):
        return require(actor, permission, interest.organisation_id)
    return require(actor, permission, interest.owner_organisation_id)


async def give_manager(
    session: AsyncSession, actor: Actor, interest: Interest, manager: tuple[UUID, UUID] | None
) -> None:
    """Let the technology manager (person, organisation) see a locked interest, or nobody any more.

    Called by the assignment that was accepted or closed, which has settled who may.
    """
    interest.manager_person_id, interest.manager_organisation_id = manager or (None, None)
    kind = "manager_accepted" if manager else "manager_released"
    data = {"manager": str(manager[0])} if manager else {}
    await _recorded(session, actor, interest, kind, data=data)


async def _move(
    session: AsyncSession,
    actor: Actor,
    interest: Interest,
    verb: Verb,
    role: Role,
    refusal: Pass | Decline | None = None,
) -> Interest:
    interest.status = rules.next_status(verb, interest.status)
    at = await now(session)
    if verb in rules.ANSWERS and interest.answered_at is None:
        interest.answered_at = at
        interest.response_days = workdays.working_days_between(interest.created_at, at)
    if refusal is not None:
        interest.reason, interest.note, interest.ended_at = refusal.reason.value, refusal.note, at
    data = {"note": interest.note} if interest.note else {}
    return await _recorded(
        session, actor, interest, interest.status.value, role=role, reason=interest.reason, data=data
    )


async def _recorded(
    session: AsyncSession,
    actor: Actor | None,
    interest: Interest,
    kind: str,
    *,
    role: Role | None = None,
    reason: str | None = None,
    data: dict[str, Any],
) -> Interest:
    interest.revision += 1
    interest.updated_at = await now(session)
    await record(session, actor, ("interest", interest.id), kind, role=role, reason=reason, data=data)
    return interest
