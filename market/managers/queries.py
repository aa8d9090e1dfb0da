"""Reads of managers, assignments and introductions; who sees an assignment starts from `visible_to`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, true
from sqlalchemy import select as sql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.errors import NotFound
from market.identity.tables import Membership, Person
from market.interests.queries import locked as locked_interest
from market.interests.tables import Interest
from market.managers.rules import ENDED_INTERESTS, OPEN, readings
from market.managers.tables import Assignment, Introduction, Manager
from market.organisations.tables import Organisation
from market.permissions import Actor
from schemas.vocabulary import AssignmentStatus, Role, Scope


@dataclass(frozen=True)
class Profile:
    """A manager with their name and organisation, what they carry now, and what they have done."""

    manager: Manager
    name: str
    organisation: Organisation
    load: int
    introductions: int


_LOAD = (
    sql(func.count())
    .select_from(Assignment)
    .join(Interest, col(Interest.id) == col(Assignment.interest_id))
    .where(
        col(Assignment.manager_id) == col(Manager.id),
        col(Assignment.status) == AssignmentStatus.ACTIVE,
        col(Interest.status).not_in(ENDED_INTERESTS),
    )
    .correlate(Manager)
    .scalar_subquery()
)
_INTRODUCTIONS = (
    sql(func.count())
    .select_from(Introduction)
    .where(col(Introduction.manager_id) == col(Manager.id))
    .correlate(Manager)
    .scalar_subquery()
)


def profiles() -> Any:
    """Every profile, for a page; the rows become profiles by `profile_of`."""
    return (
        sql(Manager, col(Person.name), Organisation, _LOAD, _INTRODUCTIONS)
        .join(Person, col(Person.id) == col(Manager.person_id))
        .join(Organisation, col(Organisation.id) == col(Manager.organisation_id))
    )


def profile_of(row: Any) -> Profile:
    return Profile(*row)


def in_directory() -> ColumnElement[bool]:
    """The public directory: whoever is still a manager in the organisation of their profile."""
    return exists().where(
        col(Membership.person_id) == col(Manager.person_id),
        col(Membership.organisation_id) == col(Manager.organisation_id),
        col(Membership.roles).contains([Role.MANAGER.value]),
    )


def knows(code: str) -> ColumnElement[bool]:
    """Managers one of whose prefixes begins or is begun by the code, in a classification that can hold it."""
    columns = {"ipc": Manager.ipc, "discipline": Manager.discipline, "industry": Manager.industry}
    conditions: list[ColumnElement[bool]] = [false()]
    for scheme, plain in readings(code).items():
        column = columns[scheme]
        prefix = func.unnest(col(column)).column_valued("prefix")
        conditions.append(
            exists(
                sql(prefix)
                .where(or_(func.starts_with(plain, prefix), func.starts_with(prefix, plain)))
                .correlate(Manager)
            )
        )
    return or_(*conditions)


def works_in(region: str) -> ColumnElement[bool]:
    """Managers of a region that begins with this code, or of one that holds it (110000 holds 110108)."""
    prefix = func.unnest(col(Manager.regions)).column_valued("region")
    within = func.starts_with(region, func.regexp_replace(prefix, "(00)+$", "")) & (func.length(prefix) == 6)
    return exists(sql(prefix).where(or_(func.starts_with(prefix, region), within)).correlate(Manager))


async def profile(session: AsyncSession, manager_id: UUID) -> Profile:
    """One profile of the public directory, or NotFound."""
    found = (await session.execute(profiles().where(Manager.id == manager_id, in_directory()))).one_or_none()
    if found is None:
        raise NotFound("no technology manager has this id")
    return profile_of(found)


async def directory(session: AsyncSession) -> list[Profile]:
    """The whole public directory."""
    return [profile_of(row) for row in (await session.execute(profiles().where(in_directory()))).all()]


async def profiles_of(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Profile]:
    """The profiles of these ids, also of those who are managers no more."""
    found = await session.execute(profiles().where(col(Manager.id).in_(ids)))
    return {row[0].id: profile_of(row) for row in found.all()}


async def own_profile(session: AsyncSession, actor: Actor) -> UUID:
    """The id of the actor's own profile, or NotFound."""
    found = await session.execute(select(Manager.id).where(Manager.person_id == actor.person_id))
    manager_id = found.scalar_one_or_none()
    if manager_id is None:
        raise NotFound("you have no profile as technology manager")
    return manager_id


async def locked_manager(session: AsyncSession, manager_id: UUID) -> Manager:
    """One profile, held until the transaction ends, or NotFound."""
    query = select(Manager).where(Manager.id == manager_id).with_for_update()
    found = await session.execute(query.execution_options(populate_existing=True))
    manager = found.scalar_one_or_none()
    if manager is None:
        raise NotFound("no technology manager has this id")
    return manager


async def memberships(session: AsyncSession, person_ids: Sequence[UUID]) -> dict[UUID, frozenset[UUID]]:
    """The organisations of each of these people."""
    found = await session.execute(
        sql(col(Membership.person_id), col(Membership.organisation_id)).where(
            col(Membership.person_id).in_(person_ids)
        )
    )
    grouped: dict[UUID, set[UUID]] = {person: set() for person in person_ids}
    for person, organisation in found.all():
        grouped[person].add(organisation)
    return {person: frozenset(organisations) for person, organisations in grouped.items()}


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Assignments are seen by their manager, the members of both parties, the operator and the auditor."""
    if not actor.reads(Scope.INTERESTS):
        return false()
    if actor.sees_everything:
        return true()
    own = list(actor.organisations)
    return or_(
        col(Interest.organisation_id).in_(own),
        col(Interest.owner_organisation_id).in_(own),
        and_(col(Manager.person_id) == actor.person_id, col(Manager.organisation_id).in_(own)),
    )


def _visible(actor: Actor, *columns: Any) -> Any:
    return (
        sql(*columns)
        .select_from(Assignment)
        .join(Interest, col(Interest.id) == col(Assignment.interest_id))
        .join(Manager, col(Manager.id) == col(Assignment.manager_id))
        .where(visible_to(actor))
    )


def own_assignments(actor: Actor, *, status: AssignmentStatus | None, interest_id: UUID | None) -> Any:
    """The assignments that the actor sees, each with its interest, for a page."""
    query = _visible(actor, Assignment, Interest)
    if interest_id is not None:
        query = query.where(Assignment.interest_id == interest_id)
    if status is not None:
        query = query.where(_stands(status))
    return query


def _stands(status: AssignmentStatus) -> ColumnElement[bool]:
    """The same as `rules.effective_status`, for the database."""
    stored = col(Assignment.status) == status
    ended = col(Interest.status).in_(ENDED_INTERESTS)
    if status is AssignmentStatus.CLOSED:
        return or_(stored, and_(col(Assignment.status).in_(OPEN), ended))
    return and_(stored, ~ended) if status in OPEN else stored


async def assignment(session: AsyncSession, actor: Actor, assignment_id: UUID) -> tuple[Assignment, Interest]:
    """One assignment that the actor sees, with its interest, or NotFound."""
    found = await session.execute(_visible(actor, Assignment, Interest).where(Assignment.id == assignment_id))
    row = found.one_or_none()
    if row is None:
        raise NotFound("no assignment of yours has this id")
    return row[0], row[1]


async def locked_assignment(
    session: AsyncSession, actor: Actor, assignment_id: UUID
) -> tuple[Assignment, Interest]:
    """The same, both held until the transaction ends: the interest first, as everywhere."""
    found = await session.execute(
        _visible(actor, Assignment.interest_id).where(Assignment.id == assignment_id)
    )
    interest_id = found.scalar_one_or_none()
    if interest_id is None:
        raise NotFound("no assignment of yours has this id")
    interest = await locked_interest(session, interest_id)
    return (await session.execute(_held(Assignment.id == assignment_id))).scalar_one(), interest


def _held(condition: Any) -> Any:
    """The rows locked, and as they are once locked: the session would else answer what it had read before."""
    query = select(Assignment).where(condition).with_for_update()
    return query.execution_options(populate_existing=True)


async def open_assignment(session: AsyncSession, interest_id: UUID) -> Assignment | None:
    """The one assignment of a locked interest that is offered or active, held until the transaction ends."""
    of_interest = and_(col(Assignment.interest_id) == interest_id, col(Assignment.status).in_(OPEN))
    found: Assignment | None = (await session.execute(_held(of_interest))).scalar_one_or_none()
    return found


async def introductions_of(session: AsyncSession, assignment_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The introduction made under each of these assignments, where one was."""
    found = await session.execute(
        sql(col(Introduction.assignment_id), col(Introduction.id)).where(
            col(Introduction.assignment_id).in_(assignment_ids)
        )
    )
    return {row.assignment_id: row.id for row in found.all()}


async def introduction(session: AsyncSession, actor: Actor, introduction_id: UUID) -> Introduction:
    """One receipt whose assignment the actor sees, or NotFound."""
    found = await session.execute(
        _visible(actor, Introduction)
        .join(Introduction, col(Introduction.assignment_id) == col(Assignment.id))
        .where(Introduction.id == introduction_id)
    )
    row: Introduction | None = found.scalar_one_or_none()
    if row is None:
        raise NotFound("no introduction that you are a party to has this id")
    return row
