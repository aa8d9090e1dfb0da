"""The verb of credit: which part of a deal each of its managers is credited with, decided by the operator."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.brokerage import queries
from market.brokerage.tables import DealCredit
from market.deals.tables import Deal
from market.errors import Invalid
from market.ledger.service import record
from market.permissions import Actor, Permission, require
from schemas.brokerage import CreditShare, NewCredit
from schemas.values import FieldProblem
from schemas.vocabulary import Role


async def decide_credit(session: AsyncSession, actor: Actor, deal: Deal, data: NewCredit) -> None:
    """Split the credit of a locked deal otherwise than equally. Operators, with a reason.

    Invalid unless it names exactly those who carried the deal. It stands until there are others.
    """
    role = require(actor, Permission.DECIDE_CLAIM)
    await set_credit(session, actor, deal, data.shares, role, data.reason)


async def set_credit(
    session: AsyncSession,
    actor: Actor,
    deal: Deal,
    shares: Sequence[CreditShare] | None,
    role: Role,
    reason: str,
) -> None:
    """Write the shares of a locked deal down, or that it is split equally, for a caller who has settled who may."""
    entitled = {each.manager_id for each in (await queries.entitled(session, [deal.id]))[deal.id]}
    if shares is not None:
        named = {share.manager_id for share in shares}
        _refuse_others(named, entitled)
    await session.execute(delete(DealCredit).where(col(DealCredit.deal_id) == deal.id))
    split = {share.manager_id: int(share.percent * 100) for share in shares or ()}
    session.add_all(
        DealCredit(deal_id=deal.id, manager_id=manager_id, share=share) for manager_id, share in split.items()
    )
    await session.flush()
    deal.revision += 1
    data = {"shares": {str(manager_id): share for manager_id, share in split.items()}}
    await record(session, actor, ("deal", deal.id), "credited", role=role, reason=reason, data=data)


def _refuse_others(named: set[UUID], entitled: set[UUID]) -> None:
    problems = [
        FieldProblem(pointer="/shares", detail=f"manager {manager} {why}", rule="TM-11")
        for managers, why in (
            (named - entitled, "did not carry this deal"),
            (entitled - named, "carried this deal and gets no share"),
        )
        for manager in sorted(managers)
    ]
    if problems:
        raise Invalid(errors=problems)
