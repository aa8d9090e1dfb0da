"""Reads of editions; whether an actor sees one starts from `visible_to`, and its items only once it is released."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from market.editions.rules import RELEASED, code
from market.editions.tables import Edition, EditionItem
from market.errors import NotFound
from market.listings.tables import Listing, ListingVersion
from market.permissions import Actor
from schemas.vocabulary import EditionKind, EditionStatus, ListingKind, ListingStatus

MOST_PAST = 200
"""Past releases in the calendar."""

# A list of editions needs none of their snapshots; touching one there is a mistake.
_WITHOUT_SNAPSHOT = defer(col(Edition.snapshot), raiseload=True)  # type: ignore[arg-type] # a mapped attribute


def visible_to(actor: Actor | None) -> ColumnElement[bool]:
    """One that is compiled is seen by the operator and the auditor; that an announced one exists, by everybody."""
    if actor is not None and actor.sees_everything:
        return true()
    return col(Edition.status) != EditionStatus.COMPILING


def _held(query: SelectOfScalar[Edition]) -> SelectOfScalar[Edition]:
    """The rows locked, and as they are once locked: the session would else answer what it had read before."""
    return query.with_for_update().execution_options(populate_existing=True)


async def edition(session: AsyncSession, actor: Actor, edition_id: UUID, *, lock: bool = False) -> Edition:
    """The edition, or NotFound; `lock` holds its row until the transaction ends."""
    query = select(Edition).where(Edition.id == edition_id, visible_to(actor))
    found = (await session.execute(_held(query) if lock else query)).scalar_one_or_none()
    if found is None:
        raise NotFound("no edition has this id")
    return found


async def working_state(session: AsyncSession, actor: Actor, edition_id: UUID) -> Edition:
    """The edition with its items before release: for the operator and the auditor, NotFound for everybody else."""
    if not actor.sees_everything:
        raise NotFound("no edition has this id")
    return await edition(session, actor, edition_id)


def editions(actor: Actor | None, kind: EditionKind | None, status: EditionStatus | None) -> Select[Any]:
    """The editions that the actor sees, for a page."""
    query = select(Edition).where(visible_to(actor)).options(_WITHOUT_SNAPSHOT)
    if kind is not None:
        query = query.where(Edition.kind == kind)
    return query if status is None else query.where(Edition.status == status)


def due(at: datetime) -> Select[Any]:
    """What time moves at `at`, locked in the order of id, so that two callers wait for each other and never cross."""
    release = and_(col(Edition.status) == EditionStatus.SCHEDULED, col(Edition.release_at) <= at)
    closing = and_(col(Edition.status) == EditionStatus.PUBLISHED, col(Edition.applications_until) <= at)
    return _held(select(Edition).where(or_(release, closing)).order_by(col(Edition.id)))


@dataclass(frozen=True)
class StoredSnapshot:
    kind: EditionKind
    number: int
    document: bytes
    sha256: bytes
    published_at: datetime


async def snapshot(session: AsyncSession, edition_id: UUID) -> StoredSnapshot:
    """The stored snapshot of a released edition, or NotFound, which tells of a scheduled one when that will be."""
    found = await session.execute(
        select(  # type: ignore[call-overload, misc] # more columns than the stubs know
            Edition.status,
            Edition.release_at,
            Edition.kind,
            Edition.number,
            Edition.snapshot,
            Edition.sha256,
            Edition.published_at,
        ).where(Edition.id == edition_id, visible_to(None))
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("no edition has this id")
    status, release_at, *stored = row
    if status not in RELEASED:
        raise NotFound(f"this edition is released at {release_at.isoformat()}")
    return StoredSnapshot(*stored)


async def items(session: AsyncSession, edition_id: UUID) -> list[tuple[EditionItem, ListingStatus, Any]]:
    """Every item in order, with what its listing is now and the title of its working copy."""
    found = await session.execute(
        select(EditionItem, Listing.status, col(Listing.content)["title"])
        .join(Listing, col(Listing.id) == EditionItem.listing_id)
        .where(EditionItem.edition_id == edition_id)
        .order_by(col(EditionItem.position))
    )
    return [(item, status, title) for item, status, title in found.all()]


async def item(session: AsyncSession, edition_id: UUID, listing_id: UUID) -> tuple[EditionItem, UUID]:
    """One item with the organisation that owns its listing, or NotFound."""
    found = await session.execute(
        select(EditionItem, Listing.organisation_id)
        .join(Listing, col(Listing.id) == EditionItem.listing_id)
        .where(EditionItem.edition_id == edition_id, EditionItem.listing_id == listing_id)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("the edition has no such item")
    return row[0], row[1]


@dataclass(frozen=True)
class Standing:
    """An item with the published document of its listing, as both stand in one statement."""

    item: EditionItem
    status: ListingStatus
    version: int
    sha256: bytes
    document: bytes


async def standings(session: AsyncSession, edition_id: UUID) -> list[Standing]:
    """The items with the latest documents of their listings, in order, for a snapshot."""
    return await _standings(session, edition_id, col(Listing.published_version))


async def released_items(session: AsyncSession, edition_id: UUID) -> list[Standing]:
    """The items of a released edition with the documents of its snapshot, in order."""
    return await _standings(session, edition_id, col(EditionItem.version))


async def _standings(session: AsyncSession, edition_id: UUID, number: Any) -> list[Standing]:
    found = await session.execute(
        select(  # type: ignore[call-overload] # more columns than the stubs know
            EditionItem, Listing.status, ListingVersion.number, ListingVersion.sha256, ListingVersion.document
        )
        .join(Listing, col(Listing.id) == EditionItem.listing_id)
        .join(
            ListingVersion,
            and_(col(ListingVersion.listing_id) == Listing.id, col(ListingVersion.number) == number),
        )
        .where(EditionItem.edition_id == edition_id)
        .order_by(col(EditionItem.position))
    )
    return [Standing(*row) for row in found.all()]


async def outcomes(session: AsyncSession, edition_id: UUID) -> list[EditionItem]:
    """The outcome of every item in order, or NotFound until they are reported."""
    found = await session.execute(
        select(EditionItem)
        .join(Edition, col(Edition.id) == EditionItem.edition_id)
        .where(Edition.id == edition_id, Edition.status == EditionStatus.OUTCOMES_REPORTED)
        .order_by(col(EditionItem.position))
    )
    rows = list(found.scalars())
    if not rows:
        raise NotFound("no outcomes are reported for this edition")
    return rows


async def listing_kinds(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, ListingKind]:
    """The kind of each of these listings that exists."""
    found = await session.execute(select(Listing.id, Listing.kind).where(col(Listing.id).in_(ids)))
    return {listing_id: ListingKind(kind) for listing_id, kind in found.all()}


async def calendar(session: AsyncSession) -> tuple[list[Edition], list[Edition]]:
    """The scheduled editions, soonest first, and the released ones, latest first."""
    upcoming = select(Edition).where(Edition.status == EditionStatus.SCHEDULED)
    past = select(Edition).where(col(Edition.status).in_(RELEASED)).limit(MOST_PAST)
    coming = await session.execute(
        upcoming.order_by(col(Edition.release_at), col(Edition.id)).options(_WITHOUT_SNAPSHOT)
    )
    came = await session.execute(
        past.order_by(col(Edition.published_at).desc(), col(Edition.id)).options(_WITHOUT_SNAPSHOT)
    )
    return list(coming.scalars()), list(came.scalars())


async def edition_codes(session: AsyncSession, listing_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """The codes of the released editions in whose snapshot each of these listings stands, oldest first."""
    found = await session.execute(
        select(EditionItem.listing_id, Edition.kind, Edition.number)
        .join(Edition, col(Edition.id) == EditionItem.edition_id)
        .where(
            col(EditionItem.listing_id).in_(listing_ids),
            col(EditionItem.version).is_not(None),
            col(Edition.status).in_(RELEASED),
        )
        .order_by(col(Edition.published_at), col(Edition.id))
    )
    codes: dict[UUID, list[str]] = {listing_id: [] for listing_id in listing_ids}
    for listing_id, kind, number in found.all():
        codes[listing_id].append(code(kind, number))
    return codes
