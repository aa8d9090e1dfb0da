"""Reads of listings; what an actor may see of the working copies starts from `visible_to`."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, and_, cast, false, func, or_, true
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from market.errors import ListingArchived, ListingPaused, ListingWithdrawn, NotFound
from market.listings.rules import ARCHIVE_AFTER, BY_TIME, FROM, PUBLIC, Verb, differences, is_due
from market.listings.tables import Listing, ListingVersion
from market.permissions import Actor
from schemas.listings import VersionSummary, application_number_of, one_spelling
from schemas.vocabulary import Language, ListingKind, ListingStatus, Review, Scope


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Working copies are seen by their organisation, the operator and the auditor."""
    if not actor.reads(Scope.LISTINGS):
        return false()
    if actor.sees_everything:
        return true()
    return col(Listing.organisation_id).in_(list(actor.organisations))


def _held(query: SelectOfScalar[Listing]) -> SelectOfScalar[Listing]:
    """The rows locked, and as they are once locked: the session would else answer what it had read before."""
    return query.with_for_update().execution_options(populate_existing=True)


async def working_copy(
    session: AsyncSession, actor: Actor, listing_id: UUID, *, lock: bool = False
) -> Listing:
    """The listing as its owner sees it, or NotFound; `lock` holds its row until the transaction ends."""
    query = select(Listing).where(Listing.id == listing_id, visible_to(actor))
    found = (await session.execute(_held(query) if lock else query)).scalar_one_or_none()
    if found is None:
        raise NotFound("no listing of yours has this id")
    return found


async def published(session: AsyncSession, listing_id: UUID, *, lock: bool = False) -> Listing:
    """A listing that the public may read now; NotFound, or Gone with the reason."""
    query = select(Listing).where(Listing.id == listing_id)
    found = (await session.execute(_held(query) if lock else query)).scalar_one_or_none()
    if found is None or found.published_version is None:
        raise NotFound("no published listing has this id")
    refuse_unreadable(found.status, found.withdrawal_reason)
    return found


def due(listing: Listing, at: datetime) -> Verb | None:
    """What the passing of time does to this listing at `at`."""
    return is_due(
        listing.status,
        listing.confirm_due_at,
        at,
        deadline_at=listing.deadline_at,
        awarded=listing.awarded,
    )


def stands(listing: Listing, at: datetime) -> ListingStatus:
    """Where a listing stands at `at`, whether or not it was written down that time has moved it there."""
    verb = due(listing, at)
    return BY_TIME[verb] if verb else listing.status


async def moved_by_time(session: AsyncSession, at: datetime, most: int) -> list[Listing]:
    """Up to `most` listings that time moves at `at`, held; those that somebody else holds are left out."""
    query = select(Listing).where(_is_due(at)).order_by(col(Listing.id)).limit(most)
    skipping = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return list((await session.execute(skipping)).scalars())


def _is_due(at: datetime) -> ColumnElement[bool]:
    """The same as `due`, for the database."""
    status, confirm_due_at = col(Listing.status), col(Listing.confirm_due_at)
    return or_(
        and_(status.in_(FROM[Verb.EXPIRE]), col(Listing.deadline_at) <= at),
        and_(status == ListingStatus.PUBLISHED, confirm_due_at <= at),
        and_(status == ListingStatus.STALE, confirm_due_at <= at - ARCHIVE_AFTER),
    )


def refuse_unreadable(status: ListingStatus, withdrawal_reason: str | None) -> None:
    """Raise the reason why a listing that was published is not read now."""
    if status in PUBLIC:
        return
    if status is ListingStatus.PAUSED:
        raise ListingPaused
    if status is ListingStatus.ARCHIVED:
        raise ListingArchived
    raise ListingWithdrawn(f"withdrawn: {withdrawal_reason}" if withdrawal_reason else "")


def own_listings(
    actor: Actor,
    *,
    status: ListingStatus | None = None,
    review: Review | None = None,
    kind: ListingKind | None = None,
    q: str | None = None,
) -> Any:
    """The working copies that the actor sees, for a page; `q` stands in a title or an application number."""
    query = select(Listing).where(visible_to(actor))
    for column, wanted in ((Listing.status, status), (Listing.review, review), (Listing.kind, kind)):
        if wanted is not None:
            query = query.where(column == wanted)
    return query.where(_mentions(q)) if q is not None else query


def _mentions(words: str) -> ColumnElement[bool]:
    content: Any = col(Listing.content)
    spelled = {one_spelling(words), application_number_of(one_spelling(words), "CN")}
    numbers = func.jsonb_path_query_array(
        content, cast("$.ip_rights[*].application_number", JSONPATH), type_=JSONB
    )
    return or_(
        *(content["title"][language.value].astext.icontains(words, autoescape=True) for language in Language),
        *(cast(numbers, String).contains(number, autoescape=True) for number in spelled if number),
    )


async def offered_results(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """Which of these are results that the public reads now, whoever owns them."""
    if not ids:
        return set()
    found = await session.execute(
        select(Listing.id).where(
            col(Listing.id).in_(ids), Listing.kind == ListingKind.RESULT, col(Listing.status).in_(PUBLIC)
        )
    )
    return set(found.scalars())


async def versions(session: AsyncSession, listing_id: UUID) -> list[VersionSummary]:
    """Every published version, oldest first, each with what it changed."""
    found = await session.execute(
        select(ListingVersion)
        .where(ListingVersion.listing_id == listing_id)
        .order_by(col(ListingVersion.number))
    )
    summaries: list[VersionSummary] = []
    before: dict[str, Any] | None = None
    for version in found.scalars():
        document = json.loads(version.document)
        changes = differences(_compared(before), _compared(document)) if before is not None else []
        summaries.append(
            VersionSummary(
                number=version.number,
                sha256=version.sha256.hex(),
                published_at=version.published_at,
                published_by=version.published_by,
                changes=changes,
            )
        )
        before = document
    return summaries


def _compared(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in ("version", "published_at")}


async def version(session: AsyncSession, listing_id: UUID, number: int) -> ListingVersion:
    """One published version, or NotFound."""
    fits = 0 < number < 2**31  # what the column can hold
    found = await session.get(ListingVersion, (listing_id, number)) if fits else None
    if found is None:
        raise NotFound("the listing has no such version")
    return found


async def latest_documents(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, tuple[Listing, bytes]]:
    """The listings of these ids that were published, each with its latest document."""
    found = await session.execute(
        select(Listing, ListingVersion.document)
        .join(
            ListingVersion,
            (col(ListingVersion.listing_id) == Listing.id)
            & (col(ListingVersion.number) == Listing.published_version),
        )
        .where(col(Listing.id).in_(ids))
    )
    return {listing.id: (listing, document) for listing, document in found.all()}


async def published_count(session: AsyncSession, organisation_id: UUID) -> int:
    query = select(func.count()).where(
        Listing.organisation_id == organisation_id, or_(*(col(Listing.status) == status for status in PUBLIC))
    )
    return int((await session.execute(query)).scalar_one())
