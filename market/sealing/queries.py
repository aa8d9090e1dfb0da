"""Reads of boxes, their officers and their shares; whoever reads has settled that the subject is seen."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.errors import NotFound
from market.identity.tables import Membership, Person
from market.organisations.tables import Organisation
from market.permissions import Actor
from market.sealing.rules import Officer
from market.sealing.tables import Box, OpeningKey, Share
from schemas.sealing import OfficerPlace
from schemas.vocabulary import Role


async def opening_key(session: AsyncSession, actor: Actor) -> OpeningKey:
    """The actor's own, or NotFound."""
    found = await session.get(OpeningKey, actor.person_id)
    if found is None:
        raise NotFound("you have not registered an opening key")
    return found


async def officers(session: AsyncSession, people: Collection[UUID]) -> dict[UUID, Officer]:
    """Those of these people who are known, with their keys and the organisations that they are members of."""
    keyed = await session.execute(
        select(Person.id, Person.name, OpeningKey.public_key)
        .outerjoin(OpeningKey, col(OpeningKey.person_id) == Person.id)
        .where(col(Person.id).in_(people))
    )
    members = await session.execute(
        select(Membership.person_id, Membership.organisation_id).where(col(Membership.person_id).in_(people))
    )
    within: dict[UUID, set[UUID]] = {}
    for person, organisation in members.all():
        within.setdefault(person, set()).add(organisation)
    return {
        person: Officer(name, key, frozenset(within.get(person, ()))) for person, name, key in keyed.all()
    }


async def box_of(session: AsyncSession, subject: tuple[str, UUID]) -> Box:
    """The box of a subject, or NotFound where none was made."""
    kind, identifier = subject
    query = select(Box).where(Box.subject_kind == kind, Box.subject_id == identifier)
    found = (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if found is None:
        raise NotFound("nothing is sealed here")
    return found


async def shares(session: AsyncSession, box: Box) -> Sequence[tuple[Share, Person]]:
    """Every share with its officer, in the order of the officers' ids."""
    query = (
        select(Share, Person)
        .join(Person, col(Person.id) == Share.person_id)
        .where(Share.box_id == box.id)
        .order_by(col(Share.person_id))
    )
    found = await session.execute(query.execution_options(populate_existing=True))
    return [(share, person) for share, person in found.all()]


async def own_share(session: AsyncSession, actor: Actor, box: Box) -> Share:
    """The actor's share of a box; NotFound for everybody who is not one of its officers."""
    query = select(Share).where(Share.box_id == box.id, Share.person_id == actor.person_id)
    found = (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if found is None:
        raise NotFound("you are not an opening officer here")
    return found


async def places(session: AsyncSession, people: Collection[UUID]) -> dict[UUID, list[OfficerPlace]]:
    """Where these people hold which roles, as everybody may read of an opening officer."""
    found = await session.execute(
        select(Membership, Organisation)
        .join(Organisation, col(Organisation.id) == Membership.organisation_id)
        .where(col(Membership.person_id).in_(people))
        .order_by(col(Organisation.id))
    )
    held: dict[UUID, list[OfficerPlace]] = {person: [] for person in people}
    for membership, organisation in found.all():
        roles = [Role(role) for role in membership.roles]
        held[membership.person_id].append(
            OfficerPlace(organisation_id=organisation.id, organisation=organisation.name, roles=roles)
        )
    return held
