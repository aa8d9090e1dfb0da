"""The verbs of a listing: draft, change, submit, refuse, approve, publish, pause, confirm, withdraw."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.errors import Incomplete, Invalid, NotAllowed
from market.identity.rules import RESEARCH
from market.ledger.rules import sha256
from market.ledger.service import record
from market.listings import encumbrances, queries, rules
from market.listings.documents import public_document
from market.listings.rules import Verb
from market.listings.tables import Listing, ListingVersion
from market.organisations.queries import organisation as organisation_by_id
from market.permissions import Actor, Permission, require
from market.web.problems import validated
from market.workdays import legal_day
from schemas.listings import NewListing, OpportunityContent, ResultContent
from schemas.values import FieldProblem
from schemas.vocabulary import ListingKind, ListingStatus, Review, Role


async def draft(session: AsyncSession, actor: Actor, data: NewListing) -> Listing:
    """Begin a listing. Members with edit rights of its organisation; Invalid where the organisation is not named."""
    given = data.root
    organisation_id = given.organisation_id or _only(actor.where(Permission.EDIT_LISTING))
    require(actor, Permission.EDIT_LISTING, organisation_id)
    at = await now(session)
    listing = Listing(
        kind=ListingKind(given.kind),
        organisation_id=organisation_id,
        content=given.model_dump(mode="json", exclude={"organisation_id"}),
        created_by=actor.person_id,
        editors=[actor.person_id],
        created_at=at,
        updated_at=at,
    )
    session.add(listing)
    await session.flush()
    await record(session, actor, ("listing", listing.id), "drafted", data={"kind": given.kind})
    return listing


def _only(organisations: list[UUID]) -> UUID:
    if not organisations:
        raise NotAllowed("edit listing needs one of the roles: buyer, researcher, tto_director, tto_officer")
    if len(organisations) > 1:
        detail = "you belong to several organisations: name one"
        raise Invalid(errors=[FieldProblem(pointer="/organisation_id", detail=detail)])
    return organisations[0]


async def change(session: AsyncSession, actor: Actor, listing: Listing, patch: dict[str, Any]) -> Listing:
    """Apply an RFC 7396 merge patch to the content; the published version stands until the change is published.

    A patch that changes nothing leaves everything as it is, an approval too.
    `listing` is locked by the caller. Invalid names the fields; WrongState while the content is in review.
    """
    role = require(actor, Permission.EDIT_LISTING, listing.organisation_id)
    rules.check_transition(Verb.CHANGE, listing.status, listing.review)
    merged = rules.merge_patch(listing.content, patch)
    if merged.get("kind") != listing.kind:
        raise Invalid(errors=[FieldProblem(pointer="/kind", detail="a listing keeps its kind")])
    try:
        content = rules.CONTENT.validate_python(merged)
    except ValidationError as error:
        raise validated(error, merged) from error
    before, after = listing.content, content.model_dump(mode="json")
    if before == after:
        return listing
    if listing.review is Review.CLEAN:
        listing.editors = []
    if actor.person_id not in listing.editors:
        listing.editors = [*listing.editors, actor.person_id]
    listing.content = after
    _review(listing, Review.DRAFT)
    changed = [difference.pointer for difference in rules.differences(before, after)]
    return await _moved(session, actor, listing, "changed", role, data={"changed": changed})


async def submit(session: AsyncSession, actor: Actor, listing: Listing) -> Listing:
    """Hand the content in for review. Officers and buyers; Incomplete lists all that is missing."""
    role = require(actor, Permission.SUBMIT_LISTING, listing.organisation_id)
    await _check(session, Verb.SUBMIT, listing)
    listing.refusal_reason = None
    _review(listing, Review.IN_REVIEW)
    return await _moved(session, actor, listing, "submitted", role)


async def refuse(session: AsyncSession, actor: Actor, listing: Listing, reason: str) -> Listing:
    """Send it back with a reason. The owner's director or the operator."""
    role = require(actor, Permission.REFUSE_LISTING, listing.organisation_id)
    rules.check_transition(Verb.REFUSE, listing.status, listing.review)
    listing.refusal_reason = reason
    _review(listing, Review.DRAFT)
    return await _moved(session, actor, listing, "refused", role, reason=reason)


async def approve(session: AsyncSession, actor: Actor, listing: Listing) -> Listing:
    """Approve the content: four eyes, the approver has not written in it.

    The owner's director; the operator where the owner is a company or another body without one.
    """
    role = require(actor, Permission.APPROVE_LISTING, listing.organisation_id)
    if (
        role is Role.OPERATOR
        and (await organisation_by_id(session, listing.organisation_id)).kind in RESEARCH
    ):
        raise NotAllowed("the director of its own organisation approves this; the operator may refuse it")
    await _check(session, Verb.APPROVE, listing)
    rules.check_four_eyes(actor.person_id, listing.editors)
    _review(listing, Review.APPROVED)
    return await _moved(session, actor, listing, "approved", role)


async def publish(session: AsyncSession, actor: Actor, listing: Listing) -> Listing:
    """Publish the approved content as the next version: the owner's director or the operator.

    A paused listing without a change comes back with the version it has, by whoever may pause it.
    """
    at = await now(session)
    if listing.status is ListingStatus.PAUSED and listing.review is Review.CLEAN:
        role = require(actor, Permission.PAUSE_LISTING, listing.organisation_id)
        listing.status = ListingStatus.PUBLISHED
        _confirmed(listing, at)
        await _moved(session, actor, listing, "resumed", role)
        await let_time_pass(session, listing)
        return listing
    role = require(actor, Permission.PUBLISH_LISTING, listing.organisation_id)
    await _check(session, Verb.PUBLISH, listing)
    version = await _publish_version(session, actor, listing, at)
    data = {"version": version.number, "sha256": version.sha256.hex()}
    return await _moved(session, actor, listing, "published", role, data=data)


async def _publish_version(
    session: AsyncSession, actor: Actor, listing: Listing, at: datetime
) -> ListingVersion:
    organisation = await organisation_by_id(session, listing.organisation_id)
    content = rules.CONTENT.validate_python(listing.content)
    number = (listing.published_version or 0) + 1
    document = public_document(listing, organisation, content, number, at)
    version = ListingVersion(
        listing_id=listing.id,
        number=number,
        document=document,
        sha256=sha256(document),
        published_at=at,
        published_by=actor.person_id,
    )
    session.add(version)
    listing.published_version = number
    listing.published_at = listing.published_at or at
    listing.deadline_at = content.deadline if isinstance(content, OpportunityContent) else None
    listing.status = ListingStatus.PUBLISHED
    listing.review = Review.CLEAN
    _confirmed(listing, at)
    return version


async def pause(session: AsyncSession, actor: Actor, listing: Listing) -> Listing:
    """Take it out of the hall for a while; its address answers that it is paused. The owner."""
    role = require(actor, Permission.PAUSE_LISTING, listing.organisation_id)
    rules.check_transition(Verb.PAUSE, listing.status, listing.review)
    listing.status = ListingStatus.PAUSED
    return await _moved(session, actor, listing, "paused", role)


async def confirm(session: AsyncSession, actor: Actor, listing: Listing) -> Listing:
    """The owner says that it still stands, which is due every 180 days; a stale or archived one comes back."""
    role = require(actor, Permission.CONFIRM_LISTING, listing.organisation_id)
    rules.check_transition(Verb.CONFIRM, listing.status, listing.review)
    listing.status = ListingStatus.PUBLISHED
    _confirmed(listing, await now(session))
    await _moved(session, actor, listing, "confirmed", role)
    await let_time_pass(session, listing)  # the deadline of an archived opportunity may have passed
    return listing


async def withdraw(session: AsyncSession, actor: Actor, listing: Listing, reason: str) -> Listing:
    """End it with a reason, which the public reads; nothing is deleted. The owner, or the operator in a case.

    What hangs on the listing is ended by `market.deals.withdrawal`, which calls this.
    """
    role = require(actor, Permission.WITHDRAW_LISTING, listing.organisation_id)
    rules.check_transition(Verb.WITHDRAW, listing.status, listing.review)
    listing.status = ListingStatus.WITHDRAWN
    listing.withdrawal_reason = reason
    return await _moved(session, actor, listing, "withdrawn", role, reason=reason)


async def let_time_pass(session: AsyncSession, listing: Listing) -> None:
    """Apply what is due to a locked listing.

    A published one goes stale, a stale one is archived; an opportunity whose deadline has passed expires, or is closed
    where it was awarded.
    """
    at = await now(session)
    while (verb := queries.due(listing, at)) is not None:
        listing.status = rules.BY_TIME[verb]
        await _moved(session, None, listing, _BY_TIME[verb], None)


_BY_TIME = {
    Verb.GO_STALE: "went_stale",
    Verb.ARCHIVE: "archived",
    Verb.EXPIRE: "expired",
    Verb.END_ANSWERS: "closed",
}
"""How the record calls it."""


async def note_award(session: AsyncSession, actor: Actor, listing: Listing, *, stands: bool) -> None:
    """Write down whether a deal on a locked opportunity stands, which decides what its deadline does to it.

    Called by the verbs of a deal, which have settled who may.
    """
    await let_time_pass(session, listing)  # by what stood until now
    if listing.awarded is not stands:
        listing.awarded = stands
        await _moved(session, actor, listing, "awarded" if stands else "award_fell_through", None)


async def move_for_deal(session: AsyncSession, actor: Actor | None, listing: Listing, verb: Verb) -> None:
    """Hold a locked listing for an exclusive deal, release it when the deal fell through, or close it when it stands."""
    rules.check_transition(verb, listing.status, listing.review)
    listing.status = {
        Verb.HOLD: ListingStatus.UNDER_DEAL,
        Verb.RELEASE: ListingStatus.PUBLISHED,
        Verb.CLOSE: ListingStatus.CLOSED,
    }[verb]
    await _moved(session, actor, listing, {"hold": "held", "release": "released"}.get(verb, "closed"), None)


async def move_for_round(session: AsyncSession, actor: Actor | None, listing: Listing, verb: Verb) -> None:
    """Freeze the terms of a locked listing while it is offered in a trading round, or give it back when nothing was sold."""
    rules.check_transition(verb, listing.status, listing.review)
    enters = verb is Verb.ENTER_ROUND
    listing.status = ListingStatus.IN_ROUND if enters else ListingStatus.PUBLISHED
    await _moved(session, actor, listing, "entered_round" if enters else "left_round", None)


async def up_to_date(session: AsyncSession, actor: Actor, listing_id: UUID) -> Listing:
    """The actor's listing for reading, with everything applied that was due, so that its ETag is good for a change."""
    listing = await queries.working_copy(session, actor, listing_id)
    if queries.due(listing, await now(session)) is None:
        return listing
    return await locked(session, actor, listing_id)


async def locked(session: AsyncSession, actor: Actor, listing_id: UUID) -> Listing:
    """The actor's listing, held for a change, with everything applied that was due."""
    listing = await queries.working_copy(session, actor, listing_id, lock=True)
    await let_time_pass(session, listing)
    return listing


async def offered_sources(session: AsyncSession, listings: Sequence[Listing]) -> set[UUID]:
    """Those of the results from which the products among these listings came that are on offer."""
    sources = {UUID(source) for row in listings if (source := row.content.get("source_result"))}
    return await queries.offered_results(session, sources)


async def _check(session: AsyncSession, verb: Verb, listing: Listing) -> None:
    rules.check_transition(verb, listing.status, listing.review)
    content = rules.CONTENT.validate_python(listing.content)
    at = await now(session)
    missing = rules.unmet(verb, content, at, await offered_sources(session, [listing]))
    if isinstance(content, ResultContent) and verb is not Verb.SUBMIT:
        held = await encumbrances.of_listings(session, [listing.id])
        disclosed = content.encumbrances_disclosed is not None
        missing += encumbrances.unmet_for_publication(content.modes, disclosed, held, legal_day(at))
    if missing:
        raise Incomplete(errors=[FieldProblem(**condition.model_dump()) for condition in missing])


def _review(listing: Listing, review: Review) -> None:
    listing.review = review
    if listing.published_version is None:
        listing.status = ListingStatus(review.value)


def _confirmed(listing: Listing, at: datetime) -> None:
    listing.confirmed_at = at
    listing.confirm_due_at = at + rules.CONFIRM_EVERY


async def _moved(
    session: AsyncSession,
    actor: Actor | None,
    listing: Listing,
    kind: str,
    role: Role | None,
    *,
    reason: str | None = None,
    data: dict[str, Any] | None = None,
) -> Listing:
    listing.revision += 1
    listing.updated_at = await now(session)
    await record(session, actor, ("listing", listing.id), kind, role=role, reason=reason, data=data)
    return listing
