"""Reads of interests; every one starts from `visible_to`, except the counts, which name nobody."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, true
from sqlalchemy import select as sql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.database import now
from market.errors import NotFound
from market.interests.rules import OPEN
from market.interests.tables import Interest
from market.listings.queries import refuse_unreadable
from market.listings.queries import visible_to as own_listing
from market.listings.rules import PUBLIC
from market.listings.tables import Listing
from market.permissions import Actor, Permission
from schemas.interests import RefusalCounts, Side
from schemas.organisations import ResponseRecord
from schemas.vocabulary import DeclineReason, InterestStatus, PassReason, Scope


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Interests are seen by the members of both parties, their technology manager, the operator and the auditor."""
    if not (actor.reads(Scope.INTERESTS) or actor.reads(Scope.DEALS)):  # a deal is opened from an interest
        return false()
    if actor.sees_everything:
        return true()
    own = list(actor.organisations)
    return or_(
        col(Interest.organisation_id).in_(own),
        col(Interest.owner_organisation_id).in_(own),
        and_(
            col(Interest.manager_person_id) == actor.person_id,
            col(Interest.manager_organisation_id).in_(own),
        ),
    )


async def interest(session: AsyncSession, actor: Actor, interest_id: UUID, *, lock: bool = False) -> Interest:
    """One interest that the actor sees, or NotFound; `lock` holds its row until the transaction ends."""
    query = select(Interest).where(Interest.id == interest_id, visible_to(actor))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound("no interest that you are a party to has this id")
    return found


async def locked(session: AsyncSession, interest_id: UUID) -> Interest:
    """An interest whose visibility the caller has settled in another way, held until the transaction ends."""
    query = select(Interest).where(Interest.id == interest_id).with_for_update()
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one()


def own_interests(
    actor: Actor,
    *,
    status: InterestStatus | None,
    listing_id: UUID | None,
    side: Side | None,
    overdue_at: datetime | None = None,
    waiting: bool = False,
) -> Any:
    """The interests that the actor sees, for a page; with `overdue_at` those whose first answer is late then.

    `waiting`: those alone whose next step is the actor's, as it is always the owner's: to acknowledge, to open
    negotiation, to open the deal.
    """
    query = select(Interest).where(visible_to(actor))
    if status is not None:
        query = query.where(Interest.status == status)
    if listing_id is not None:
        query = query.where(Interest.listing_id == listing_id)
    if side is not None:
        party = Interest.organisation_id if side == "sent" else Interest.owner_organisation_id
        query = query.where(col(party).in_(list(actor.organisations)))
    if overdue_at is not None:  # the same as `rules.is_overdue`, for the database
        query = query.where(
            Interest.status == InterestStatus.SUBMITTED, col(Interest.reply_due_at) <= overdue_at
        )
    return query.where(_waits_for(actor)) if waiting else query


def _waits_for(actor: Actor) -> ColumnElement[bool]:
    owner, status = col(Interest.owner_organisation_id), col(Interest.status)
    return or_(
        owner.in_(actor.where(Permission.ANSWER_INTEREST))
        & status.in_((InterestStatus.SUBMITTED, InterestStatus.ACKNOWLEDGED)),
        owner.in_(actor.where(Permission.OPEN_DEAL)) & (status == InterestStatus.NEGOTIATING),
    )


async def open_interest(session: AsyncSession, organisation_id: UUID, listing_id: UUID) -> UUID | None:
    """The id of the company's open interest in a listing."""
    found = await session.execute(
        select(Interest.id).where(
            Interest.organisation_id == organisation_id,
            Interest.listing_id == listing_id,
            col(Interest.status).in_(OPEN),
        )
    )
    return found.scalar_one_or_none()


async def locked_open_interests(session: AsyncSession, listing_id: UUID) -> Sequence[Interest]:
    """The open interests in a locked listing, held until the transaction ends."""
    query = select(Interest).where(Interest.listing_id == listing_id, col(Interest.status).in_(OPEN))
    held = query.order_by(col(Interest.id)).with_for_update()
    return (await session.execute(held.execution_options(populate_existing=True))).scalars().all()


async def readable(session: AsyncSession, visitor: Actor | None, listing_id: UUID) -> bool:
    """Whether the public reads the versions of a listing, or else this visitor; NotFound, or Gone with the reason.

    Once it is paused, archived or withdrawn, its owner, the parties to an interest in it and so to every deal, their
    technology manager, the operator and the auditor read them still. False for those.
    """
    listing = await session.get(Listing, listing_id)
    if listing is None or listing.published_version is None:
        raise NotFound("no published listing has this id")
    if listing.status in PUBLIC:
        return True
    if visitor is not None:
        party = exists().where(col(Interest.listing_id) == listing_id, visible_to(visitor))
        mine = select(Listing.id).where(Listing.id == listing_id, or_(own_listing(visitor), party))
        if (await session.execute(mine)).first() is not None:
            return False
    refuse_unreadable(listing.status, listing.withdrawal_reason)
    return False


async def refusals(session: AsyncSession, listing_id: UUID) -> RefusalCounts:
    """How often each reason ended an interest in the listing; the caller has checked that the actor owns it."""
    reason, listing = col(Interest.reason), col(Interest.listing_id)
    found = await session.execute(
        sql(col(Interest.status), reason, func.count())
        .where(listing == listing_id, reason.is_not(None))
        .group_by(col(Interest.status), reason)
    )
    counts = RefusalCounts(passed={}, declined={})
    for status, code, number in found.all():
        if status is InterestStatus.PASSED:
            counts.passed[PassReason(code or "")] = number
        else:
            counts.declined[DeclineReason(code or "")] = number
    return counts


async def response_record(
    session: AsyncSession, organisation_ids: Sequence[UUID]
) -> dict[UUID, ResponseRecord]:
    """How each organisation answers the interests that it receives; public.

    The share is that of interests answered among those that were answered or whose reply clock ran out first; one
    that the company gave up before is in neither.
    """
    at = await now(session)
    answered = col(Interest.answered_at)
    ran_out = answered.is_(None) & (func.coalesce(col(Interest.ended_at), at) >= col(Interest.reply_due_at))
    found = await session.execute(
        sql(
            col(Interest.owner_organisation_id),
            func.count().label("interests"),
            func.count(answered).label("answered"),
            func.count().filter(ran_out).label("ran_out"),
            func.count().filter(ran_out & col(Interest.ended_at).is_(None)).label("overdue"),
            func.percentile_cont(0.5).within_group(col(Interest.response_days)).label("median"),
        )
        .where(col(Interest.owner_organisation_id).in_(organisation_ids))
        .group_by(col(Interest.owner_organisation_id))
    )
    records = {
        row.owner_organisation_id: ResponseRecord(
            interests=row.interests,
            answered=row.answered,
            answered_share=round(row.answered / due, 3) if (due := row.answered + row.ran_out) else None,
            median_response_days=row.median,
            overdue_open=row.overdue,
        )
        for row in found.all()
    }
    never = ResponseRecord(
        interests=0, answered=0, answered_share=None, median_response_days=None, overdue_open=0
    )
    return {identifier: records.get(identifier, never) for identifier in organisation_ids}
