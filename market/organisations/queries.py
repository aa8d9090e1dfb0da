"""Reads of organisations; all of an organisation's profile is public."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.errors import NotFound
from market.organisations.tables import Organisation, OrganisationIdentifier


async def organisation(session: AsyncSession, organisation_id: UUID, *, lock: bool = False) -> Organisation:
    """One organisation, or NotFound; `lock` holds its row until the transaction ends."""
    query = select(Organisation).where(Organisation.id == organisation_id)
    found = (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if found is None:
        raise NotFound("no organisation has this id")
    return found


async def organisations(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Organisation]:
    """The organisations of these ids, by id."""
    found = await session.execute(select(Organisation).where(col(Organisation.id).in_(ids)))
    return {row.id: row for row in found.scalars()}


async def identifiers(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, list[OrganisationIdentifier]]:
    """The identifiers of each of these organisations."""
    found = await session.execute(
        select(OrganisationIdentifier)
        .where(col(OrganisationIdentifier.organisation_id).in_(ids))
        .order_by(col(OrganisationIdentifier.scheme))
    )
    grouped: dict[UUID, list[OrganisationIdentifier]] = {identifier: [] for identifier in ids}
    for row in found.scalars():
        grouped[row.organisation_id].append(row)
    return grouped


async def organisation_of_identifier(session: AsyncSession, scheme: str, value: str) -> UUID | None:
    """Which organisation holds this number."""
    found = await session.execute(
        select(OrganisationIdentifier.organisation_id).where(
            OrganisationIdentifier.scheme == scheme,
            OrganisationIdentifier.value == value,
        )
    )
    return found.scalar_one_or_none()
