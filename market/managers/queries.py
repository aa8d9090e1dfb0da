"""Reads of assignments and introductions; who sees an assignment starts from `visible_to`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlalchemy import select as sql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.errors import NotFound
from market.interests.queries import locked as locked_interest
from market.interests.tables import Interest
from market.listings.tables import Listing
from market.managers.rules import AT_WORK, CARRIED, ENDED_INTERESTS, ENDED_LISTINGS, OPEN
from market.managers.tables import Assignment, Introduction, Manager
from market.permissions import Actor
from schemas.vocabulary import AssignmentStatus, AssignmentSubject, Scope


@dataclass(frozen=True)
class Held:
    """An assignment with the interest that it carries, where it carries one, and whether that has ended by itself."""

    assignment: Assignment
    interest: Interest | None
    ended: bool


def ended() -> ColumnElement[bool]:
    """Whether what an assignment carries has ended by itself; of assignments joined to their interest and listing."""
    withdrawn = and_(
        col(Assignment.subject) == AssignmentSubject.LISTING, col(Listing.status).in_(ENDED_LISTINGS)
    )
    interest_ended = and_(col(Interest.id).is_not(None), col(Interest.status).in_(ENDED_INTERESTS))
    return or_(interest_ended, withdrawn)


async def locked_manager(session: AsyncSession, manager_id: UUID) -> Manager:
    """One profile, held until the transaction ends, or NotFound."""
    query = select(Manager).where(Manager.id == manager_id).with_for_update()
    found = await session.execute(query.execution_options(populate_existing=True))
    manager = found.scalar_one_or_none()
    if manager is None:
        raise NotFound("no technology manager has this id")
    return manager


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Assignments are seen by their manager, the members of both parties, the operator and the auditor."""
    if not actor.reads(Scope.INTERESTS):
        return false()
    if actor.sees_everything:
        return true()
    own = list(actor.organisations)
    return or_(
        col(Assignment.organisation_id).in_(own),
        col(Assignment.owner_organisation_id).in_(own),
        and_(col(Manager.person_id) == actor.person_id, col(Manager.organisation_id).in_(own)),
    )


def _visible(actor: Actor, *columns: Any) -> Any:
    return (
        sql(*columns)
        .select_from(Assignment)
        .outerjoin(Interest, col(Interest.id) == col(Assignment.interest_id))
        .join(Listing, col(Listing.id) == col(Assignment.listing_id))
        .join(Manager, col(Manager.id) == col(Assignment.manager_id))
        .where(visible_to(actor))
    )


def own_assignments(
    actor: Actor,
    *,
    status: AssignmentStatus | None = None,
    interest_id: UUID | None = None,
    manager_id: UUID | None = None,
) -> Any:
    """The assignments that the actor sees, for a page; the rows become what is held by `held_of`."""
    query = _visible(actor, Assignment, Interest, ended())
    if interest_id is not None:
        query = query.where(Assignment.interest_id == interest_id)
    if manager_id is not None:
        query = query.where(Assignment.manager_id == manager_id)
    if status is not None:
        query = query.where(_stands(status))
    return query


def held_of(row: Any) -> Held:
    return Held(*row)


def _stands(status: AssignmentStatus) -> ColumnElement[bool]:
    """The same as `rules.effective_status`, for the database."""
    stored = col(Assignment.status) == status
    if status is AssignmentStatus.CLOSED:
        return or_(stored, and_(col(Assignment.status).in_(OPEN), ended()))
    return and_(stored, ~ended()) if status in OPEN else stored


async def assignment(session: AsyncSession, actor: Actor, assignment_id: UUID) -> Held:
    """One assignment that the actor sees, or NotFound."""
    found = await session.execute(own_assignments(actor).where(Assignment.id == assignment_id))
    row = found.one_or_none()
    if row is None:
        raise NotFound("no assignment of yours has this id")
    return held_of(row)


async def locked_assignment(session: AsyncSession, actor: Actor, assignment_id: UUID) -> Held:
    """The same, held until the transaction ends: its listing or its interest first, as everywhere."""
    seen = await session.execute(
        _visible(actor, Assignment.interest_id, Assignment.listing_id).where(Assignment.id == assignment_id)
    )
    row = seen.one_or_none()
    if row is None:
        raise NotFound("no assignment of yours has this id")
    interest = await locked_interest(session, row.interest_id) if row.interest_id else None
    listing = None if interest else await locked_listing(session, row.listing_id)
    held = (await session.execute(_held(Assignment.id == assignment_id))).scalar_one()
    return Held(held, interest, has_ended(held, interest, listing))


def has_ended(held: Assignment, interest: Interest | None, listing: Listing | None) -> bool:
    """The same as `ended`, of rows."""
    if interest is not None:
        return interest.status in ENDED_INTERESTS
    return held.subject is AssignmentSubject.LISTING and bool(listing and listing.status in ENDED_LISTINGS)


async def locked_listing(session: AsyncSession, listing_id: UUID) -> Listing:
    """The listing of an assignment, held until the transaction ends; its deals are held by it too."""
    query = select(Listing).where(Listing.id == listing_id).with_for_update()
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one()


def _held(condition: Any) -> Any:
    """The rows locked, and as they are once locked: the session would else answer what it had read before."""
    query = select(Assignment).where(condition).order_by(col(Assignment.id)).with_for_update()
    return query.execution_options(populate_existing=True)


async def open_assignment(session: AsyncSession, subject: AssignmentSubject, of: UUID) -> Assignment | None:
    """The one open assignment of a locked listing, interest or deal, held until the transaction ends."""
    column = {
        AssignmentSubject.LISTING: Assignment.listing_id,
        AssignmentSubject.INTEREST: Assignment.interest_id,
        AssignmentSubject.DEAL: Assignment.deal_id,
    }[subject]
    condition = and_(col(Assignment.subject) == subject, col(column) == of, col(Assignment.status).in_(OPEN))
    found: Assignment | None = (await session.execute(_held(condition))).scalar_one_or_none()
    return found


async def carried_in(session: AsyncSession, listing_id: UUID, manager_id: UUID) -> Sequence[Assignment]:
    """What a manager carries in the matter of a listing."""
    query = select(Assignment).where(
        Assignment.listing_id == listing_id,
        Assignment.manager_id == manager_id,
        col(Assignment.status).in_(CARRIED),
    )
    return (await session.execute(query)).scalars().all()


def carries_deal(actor: Actor, deal_id: Any) -> ColumnElement[bool]:
    """Whether the actor is, or was when it closed, at work on the deal of this column as its technology manager."""
    return (
        sql(col(Assignment.id))
        .join(Manager, col(Manager.id) == col(Assignment.manager_id))
        .where(
            col(Assignment.deal_id) == deal_id,
            col(Manager.person_id) == actor.person_id,
            col(Manager.organisation_id).in_(list(actor.organisations)),
            or_(
                col(Assignment.status).in_(AT_WORK),
                and_(
                    col(Assignment.status) == AssignmentStatus.CLOSED,
                    col(Assignment.outcome) == "success",
                ),
            ),
        )
        .exists()
    )


async def introductions_of(session: AsyncSession, assignment_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The first introduction made under each of these assignments, where one was."""
    found = await session.execute(
        sql(col(Introduction.assignment_id), col(Introduction.id))
        .where(col(Introduction.assignment_id).in_(assignment_ids))
        .order_by(col(Introduction.id).desc())
    )
    return {row.assignment_id: row.id for row in found.all()}


async def introduction(session: AsyncSession, actor: Actor, introduction_id: UUID) -> Introduction:
    """One receipt: for its manager, both parties, the operator and the auditor; else NotFound."""
    found = await session.execute(
        sql(Introduction)
        .join(Manager, col(Manager.id) == col(Introduction.manager_id))
        .where(col(Introduction.id) == introduction_id, _reads_receipts(actor))
    )
    row: Introduction | None = found.scalar_one_or_none()
    if row is None:
        raise NotFound("no introduction that you are a party to has this id")
    return row


def _reads_receipts(actor: Actor) -> ColumnElement[bool]:
    if not actor.reads(Scope.INTERESTS):
        return false()
    if actor.sees_everything:
        return true()
    own = list(actor.organisations)
    return or_(
        col(Introduction.owner_organisation_id).in_(own),
        col(Introduction.organisation_id).in_(own),
        and_(col(Manager.person_id) == actor.person_id, col(Manager.organisation_id).in_(own)),
    )
