"""Reads of objections to the award of a challenge; what becomes of them is in `objecting`."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.challenges.tables import AwardObjection, Entrant
from market.errors import NotFound
from schemas.vocabulary import ObjectionStatus


async def of_challenge(session: AsyncSession, challenge_id: UUID) -> list[tuple[AwardObjection, Entrant]]:
    """Every objection to an award of a challenge with whose it is, in the order in which they came."""
    query = (
        select(AwardObjection, Entrant)
        .join(Entrant, col(Entrant.id) == AwardObjection.entrant_id)
        .where(AwardObjection.challenge_id == challenge_id)
        .order_by(col(AwardObjection.at), col(AwardObjection.id))
    )
    found = await session.execute(query.execution_options(populate_existing=True))
    return [(each, by) for each, by in found.all()]


async def one(
    session: AsyncSession, challenge_id: UUID, objection_id: UUID
) -> tuple[AwardObjection, Entrant]:
    """One objection to an award of a locked challenge, or NotFound."""
    for each, by in await of_challenge(session, challenge_id):
        if each.id == objection_id:
            return each, by
    raise NotFound("this challenge has no such objection")


async def drop(session: AsyncSession, challenge_id: UUID) -> None:
    """What was objected to stands no more: the open objections of a locked challenge are moot."""
    for each, _ in await of_challenge(session, challenge_id):
        if each.status is ObjectionStatus.OPEN:
            each.status, each.proposed = ObjectionStatus.MOOT, None
