"""Reads of profiles: the public directory, with the load and the record of each manager; knows nobody's assignments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, func, or_
from sqlalchemy import select as sql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.errors import NotFound
from market.identity.tables import Membership, Person
from market.interests.tables import Interest
from market.listings.tables import Listing
from market.managers.fitting import readings
from market.managers.queries import ended
from market.managers.rules import CARRIED, OPEN
from market.managers.tables import Assignment, Employment, Introduction, Manager, ManagerCredential
from market.organisations.tables import Organisation
from market.permissions import Actor
from schemas.vocabulary import AssignmentOutcome, Role


@dataclass(frozen=True)
class Profile:
    """A manager with their name and organisation, what they carry now, and what they have done."""

    manager: Manager
    name: str
    organisation: Organisation
    load: int
    introductions: int
    succeeded: int
    without_deal: int


def _assignments(*conditions: ColumnElement[bool]) -> Any:
    return (
        sql(func.count())
        .select_from(Assignment)
        .outerjoin(Interest, col(Interest.id) == col(Assignment.interest_id))
        .join(Listing, col(Listing.id) == col(Assignment.listing_id))
        .where(col(Assignment.manager_id) == col(Manager.id), *conditions)
        .correlate(Manager)
        .scalar_subquery()
    )


_LOAD = _assignments(col(Assignment.status).in_(CARRIED), ~ended())
_SUCCEEDED = _assignments(col(Assignment.outcome) == AssignmentOutcome.SUCCESS)
_WITHOUT_DEAL = _assignments(
    col(Assignment.declaration).is_not(None),
    or_(
        col(Assignment.outcome) == AssignmentOutcome.NO_DEAL, and_(col(Assignment.status).in_(OPEN), ended())
    ),
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
        sql(Manager, col(Person.name), Organisation, _LOAD, _INTRODUCTIONS, _SUCCEEDED, _WITHOUT_DEAL)
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


async def profiles_of(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Profile]:
    """The profiles of these ids, also of those who are managers no more."""
    found = await session.execute(profiles().where(col(Manager.id).in_(set(ids))))
    return {row[0].id: profile_of(row) for row in found.all()}


async def own_profile(session: AsyncSession, actor: Actor) -> UUID:
    """The id of the actor's own profile, or NotFound."""
    found = await session.execute(select(Manager.id).where(Manager.person_id == actor.person_id))
    manager_id = found.scalar_one_or_none()
    if manager_id is None:
        raise NotFound("you have no profile as technology manager")
    return manager_id


async def credentials_of(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, list[ManagerCredential]]:
    """What each manager states now, in the order in which they stated it."""
    query = select(ManagerCredential).where(
        col(ManagerCredential.manager_id).in_(ids), col(ManagerCredential.withdrawn_at).is_(None)
    )
    found: dict[UUID, list[ManagerCredential]] = {manager_id: [] for manager_id in ids}
    for row in (await session.execute(query.order_by(col(ManagerCredential.id)))).scalars():
        found[row.manager_id].append(row)
    return found


async def employments_of(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, list[Employment]]:
    """Every employment that each manager has stated, the ended ones too."""
    query = select(Employment).where(col(Employment.manager_id).in_(ids)).order_by(col(Employment.id))
    found: dict[UUID, list[Employment]] = {manager_id: [] for manager_id in ids}
    for row in (await session.execute(query)).scalars():
        found[row.manager_id].append(row)
    return found
