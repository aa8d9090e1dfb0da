"""Reads of people, memberships, sessions and keys."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.errors import NotFound
from market.identity.tables import ApiKey, Membership, Person, PersonSession
from market.organisations.tables import Organisation
from market.permissions import Actor
from schemas.identity import MembershipView, PersonView
from schemas.vocabulary import Role


async def roles_of(session: AsyncSession, person_id: UUID) -> dict[UUID, frozenset[Role]]:
    """The roles of a person by organisation."""
    found = await session.execute(
        select(Membership.organisation_id, Membership.roles).where(Membership.person_id == person_id)
    )
    return {organisation: frozenset(Role(role) for role in roles) for organisation, roles in found.all()}


async def person_by_email(session: AsyncSession, email: str) -> Person | None:
    found = await session.execute(select(Person).where(Person.email == email.lower()))
    return found.scalar_one_or_none()


async def person_view(
    session: AsyncSession, person_id: UUID, *, within: Collection[UUID] | None = None
) -> PersonView:
    """A person with their memberships, for themselves; `within` leaves out the other organisations."""
    person = await session.get_one(Person, person_id)
    found = await session.execute(
        select(Membership, Organisation)
        .join(Organisation, col(Organisation.id) == Membership.organisation_id)
        .where(Membership.person_id == person_id)
        .order_by(col(Organisation.id))
    )
    memberships = [
        MembershipView(
            organisation_id=organisation.id,
            organisation_name=organisation.name,
            roles=[Role(role) for role in membership.roles],
        )
        for membership, organisation in found.all()
        if within is None or organisation.id in within
    ]
    return PersonView(id=person.id, email=person.email, name=person.name, memberships=memberships)


async def own_sessions(session: AsyncSession, actor: Actor) -> list[PersonSession]:
    found = await session.execute(
        select(PersonSession)
        .where(PersonSession.person_id == actor.person_id)
        .order_by(col(PersonSession.created_at).desc())
    )
    return list(found.scalars())


async def own_key(session: AsyncSession, actor: Actor, key_id: UUID) -> ApiKey:
    """A key that the actor made; NotFound for anybody else's."""
    key = await session.get(ApiKey, key_id)
    if key is None or key.person_id != actor.person_id:
        raise NotFound("you have no API key with this id")
    return key


async def own_keys(session: AsyncSession, actor: Actor) -> list[ApiKey]:
    found = await session.execute(
        select(ApiKey).where(ApiKey.person_id == actor.person_id).order_by(col(ApiKey.id).desc())
    )
    return list(found.scalars())


async def members(session: AsyncSession, organisation_id: UUID) -> list[tuple[Membership, Person]]:
    found = await session.execute(
        select(Membership, Person)
        .join(Person, col(Person.id) == Membership.person_id)
        .where(Membership.organisation_id == organisation_id)
        .order_by(Person.email)
    )
    return [(membership, person) for membership, person in found.all()]
