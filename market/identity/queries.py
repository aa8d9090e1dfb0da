"""Reads of people, memberships, sessions and keys."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.database import now
from market.errors import NotFound
from market.identity.rules import RESEARCH
from market.identity.tables import ApiKey, Invitation, Membership, Person, PersonSession
from market.organisations.tables import Organisation
from market.permissions import Actor
from schemas.identity import MembershipView, PersonView
from schemas.vocabulary import Role


async def roles_of(session: AsyncSession, person_id: UUID) -> dict[UUID, frozenset[Role]]:
    """The roles of a person by organisation."""
    return (await standing_of(session, person_id))[0]


async def standing_of(
    session: AsyncSession, person_id: UUID
) -> tuple[dict[UUID, frozenset[Role]], frozenset[UUID]]:
    """The roles of a person by organisation, and which of the organisations have a transfer office."""
    found = await session.execute(
        select(Membership.organisation_id, Membership.roles, Organisation.kind)
        .join(Organisation, col(Organisation.id) == Membership.organisation_id)
        .where(Membership.person_id == person_id)
    )
    rows = found.all()
    roles = {organisation: frozenset(Role(role) for role in held) for organisation, held, _ in rows}
    return roles, frozenset(organisation for organisation, _, kind in rows if kind in RESEARCH)


async def locked_person(session: AsyncSession, person_id: UUID) -> Person:
    """A person held for a change of what nobody refers to: whoever only names the person does not wait."""
    query = select(Person).where(Person.id == person_id).with_for_update(key_share=True)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one()


async def invitation_of_token(session: AsyncSession, token_sha256: bytes) -> Invitation | None:
    """The invitation with this token, held until the transaction ends."""
    query = select(Invitation).where(Invitation.token_sha256 == token_sha256).with_for_update()
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def invitation_of(session: AsyncSession, organisation_id: UUID, invitation_id: UUID) -> Invitation:
    """An invitation of this organisation, held until the transaction ends, or NotFound."""
    query = select(Invitation).where(
        Invitation.id == invitation_id, Invitation.organisation_id == organisation_id
    )
    held = query.with_for_update().execution_options(populate_existing=True)
    found = (await session.execute(held)).scalar_one_or_none()
    if found is None:
        raise NotFound("the organisation has no invitation with this id")
    return found


async def open_invitations(session: AsyncSession, organisation_id: UUID) -> list[Invitation]:
    """Those that can still be accepted, latest first."""
    found = await session.execute(
        select(Invitation)
        .where(
            Invitation.organisation_id == organisation_id,
            col(Invitation.accepted_at).is_(None),
            col(Invitation.withdrawn_at).is_(None),
            col(Invitation.expires_at) > await now(session),
        )
        .order_by(col(Invitation.id).desc())
    )
    return list(found.scalars())


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
