"""Reads of organisations, whose profile is public, and of who controls them, which they and the hall see."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, or_, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.errors import NotFound
from market.organisations.tables import Organisation, OrganisationControl, OrganisationIdentifier
from market.permissions import Actor
from schemas.vocabulary import Language, OrganisationKind, VerificationLevel


async def organisation(session: AsyncSession, organisation_id: UUID, *, lock: bool = False) -> Organisation:
    """One organisation, or NotFound; `lock` holds its row until the transaction ends."""
    query = select(Organisation).where(Organisation.id == organisation_id)
    if lock:  # as it is once locked: the session would else answer what it had read before
        query = query.with_for_update().execution_options(populate_existing=True)
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound("no organisation has this id")
    return found


def profiles(
    *,
    kind: OrganisationKind | None = None,
    verification: VerificationLevel | None = None,
    name: str | None = None,
) -> Any:
    """Organisations, for a page; `name` stands in a name in either language."""
    query = select(Organisation)
    if kind is not None:
        query = query.where(Organisation.kind == kind)
    if verification is not None:
        query = query.where(Organisation.verification == verification)
    if name is None:
        return query
    names: Any = col(Organisation.name)
    return query.where(
        or_(*(names[language.value].astext.icontains(name, autoescape=True) for language in Language))
    )


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


async def organisation_of_name(
    session: AsyncSession, keys: Sequence[str], *, but: UUID | None = None
) -> Organisation | None:
    """An organisation, `but` this one, with one of these name keys; no other transaction can take them meanwhile."""
    for key in sorted(keys):
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"name {key}", 0))))
    found = await session.execute(
        select(Organisation)
        .where(col(Organisation.name_keys).op("&&")(list(keys)), col(Organisation.id) != (but or UUID(int=0)))
        .limit(1)
    )
    return found.scalar_one_or_none()


async def organisation_of_identifier(session: AsyncSession, scheme: str, value: str) -> UUID | None:
    """Which organisation holds this number."""
    found = await session.execute(
        select(OrganisationIdentifier.organisation_id).where(
            OrganisationIdentifier.scheme == scheme,
            OrganisationIdentifier.value == value,
        )
    )
    return found.scalar_one_or_none()


async def controls(session: AsyncSession, actor: Actor, organisation_id: UUID) -> list[OrganisationControl]:
    """Who controls or controlled an organisation, oldest first: for its members, the operator and the auditor.

    NotFound for everybody else, as for an organisation that does not exist.
    """
    if not (actor.sees_everything or organisation_id in actor.organisations):
        raise NotFound("no organisation whose controllers you see has this id")
    await organisation(session, organisation_id)
    found = await session.execute(
        select(OrganisationControl)
        .where(OrganisationControl.organisation_id == organisation_id)
        .order_by(col(OrganisationControl.id))
    )
    return list(found.scalars())


# A country other than China is written as ISO 3166, a place in China as six digits or CN-…
_FOREIGN = text("""
WITH RECURSIVE above(id, of) AS (
    SELECT o.id, o.id FROM organisation o WHERE o.id = ANY(:ids)
    UNION SELECT c.controller_id, a.of FROM organisation_control c JOIN above a ON c.organisation_id = a.id
        WHERE c.until IS NULL OR c.until > clock_timestamp()
)
SELECT DISTINCT a.of FROM above a JOIN organisation o ON o.id = a.id
WHERE o.founding = 'foreign' OR o.region ~ '^[A-Z]{2}' AND o.region !~ '^CN'
""").bindparams(bindparam("ids", type_=ARRAY(Uuid)))


async def under_foreign_control(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """Those that are foreign, or have a controller that is, over however many hands.

    出口管制法 art. 2: a foreign-funded enterprise inside China may count as a foreign recipient, so the ownership is asked
    and not the address.
    """
    return set((await session.execute(_FOREIGN, {"ids": list(ids)})).scalars())
