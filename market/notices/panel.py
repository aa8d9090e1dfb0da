"""Who decides objections and who sees them: a unit's objection policy, its panel, and the objections as they are read.

An objector sees their own; the unit, its panel and the hall see all of them; nobody else learns who objected.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.errors import NotFound
from market.identity.tables import Person
from market.notices.queries import works_on
from market.notices.tables import Notice, Objection, ObjectionPolicy, Opinion
from market.permissions import Actor, Permission


async def policy(
    session: AsyncSession, organisation_id: UUID, version: int | None = None
) -> ObjectionPolicy | None:
    """The organisation's objection policy in that version, or the latest; None where it has published none."""
    query = select(ObjectionPolicy).where(ObjectionPolicy.organisation_id == organisation_id)
    if version is not None:
        query = query.where(ObjectionPolicy.version == version)
    found = await session.execute(query.order_by(col(ObjectionPolicy.version).desc()).limit(1))
    return found.scalar_one_or_none()


async def sits_on_panel(session: AsyncSession, actor: Actor, organisation_id: UUID) -> bool:
    """Whether the actor decides objections there: a director, or somebody whom the policy in force names."""
    if actor.may(Permission.DECIDE_OBJECTION, organisation_id):
        return True
    known = await policy(session, organisation_id)
    return known is not None and actor.session_id is not None and actor.person_id in known.panel


async def objections(session: AsyncSession, actor: Actor, row: Notice) -> list[Objection]:
    """The objections against a notice that the actor sees, oldest first.

    All of them for the unit, its panel and the hall; their own for everybody else.
    """
    query = select(Objection).where(Objection.notice_id == row.id)
    if not (works_on(actor, row) or await sits_on_panel(session, actor, row.organisation_id)):
        query = query.where(Objection.person_id == actor.person_id)
    return list((await session.execute(query.order_by(col(Objection.id)))).scalars())


async def objection(session: AsyncSession, actor: Actor, row: Notice, objection_id: UUID) -> Objection:
    """One objection against a held notice that the actor sees, or NotFound."""
    found = [each for each in await objections(session, actor, row) if each.id == objection_id]
    if not found:
        raise NotFound("no objection that you see has this id")
    return found[0]


async def every_objection(session: AsyncSession, notice_ids: Collection[UUID]) -> list[Objection]:
    """The objections against these notices, oldest first: for what shows no objector."""
    query = select(Objection).where(col(Objection.notice_id).in_(notice_ids))
    return list((await session.execute(query.order_by(col(Objection.id)))).scalars())


async def opinions(session: AsyncSession, objection_ids: Sequence[UUID]) -> list[Opinion]:
    """The panel's opinions on these objections, in the order in which they were given."""
    query = select(Opinion).where(col(Opinion.objection_id).in_(objection_ids))
    return list((await session.execute(query.order_by(col(Opinion.at), col(Opinion.person_id)))).scalars())


async def names(session: AsyncSession, people: Collection[UUID]) -> dict[UUID, str]:
    """The names of those of these people who are registered."""
    found = await session.execute(select(Person).where(col(Person.id).in_(people)))
    return {person.id: person.name for person in found.scalars()}
