"""Reads of claims, credit and rewards, and of the deals that managers carried; claims start from `visible_to`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, true
from sqlalchemy import select as sql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.brokerage.rules import STANDING, CountedDeal, shares
from market.brokerage.tables import Circumvention, DealCredit, RewardClaim, RewardScheme
from market.deals.tables import Contract, Deal, Payment
from market.errors import NotFound
from market.managers.rules import AT_WORK
from market.managers.tables import Assignment, Introduction, Manager
from market.permissions import Actor
from schemas.vocabulary import (
    AssignmentOutcome,
    AssignmentStatus,
    AssignmentSubject,
    CircumventionStatus,
    RewardStatus,
    Scope,
)


@dataclass(frozen=True)
class Entitlement:
    """By what a manager is to be credited for a deal: the assignment that they carried, or a claim that was upheld."""

    manager_id: UUID
    assignment_id: UUID | None = None
    claim_id: UUID | None = None


def _carried() -> ColumnElement[bool]:
    """Assignments that carried the deal beside them: its own, its interest's, or its listing's with an introduction."""
    at_work = col(Assignment.status).in_(AT_WORK)
    succeeded = and_(
        col(Assignment.status) == AssignmentStatus.CLOSED,
        col(Assignment.outcome) == AssignmentOutcome.SUCCESS,
    )
    introduced = exists().where(
        col(Introduction.assignment_id) == col(Assignment.id),
        or_(
            and_(
                col(Introduction.owner_organisation_id) == col(Deal.seller_id),
                col(Introduction.organisation_id) == col(Deal.buyer_id),
            ),
            and_(
                col(Introduction.owner_organisation_id) == col(Deal.buyer_id),
                col(Introduction.organisation_id) == col(Deal.seller_id),
            ),
        ),
    )
    return and_(
        or_(at_work, succeeded),
        or_(
            col(Assignment.deal_id) == col(Deal.id),
            col(Assignment.interest_id) == col(Deal.interest_id),
            and_(
                col(Assignment.subject) == AssignmentSubject.LISTING,
                col(Assignment.listing_id) == col(Deal.listing_id),
                introduced,
            ),
        ),
    )


async def entitled(session: AsyncSession, deal_ids: Sequence[UUID]) -> dict[UUID, list[Entitlement]]:
    """Who is to be credited for each deal, whoever was asked first coming first."""
    found: dict[UUID, dict[UUID, Entitlement]] = {deal_id: {} for deal_id in deal_ids}
    carried = (
        sql(col(Deal.id), col(Assignment.manager_id), col(Assignment.id))
        .select_from(Deal)
        .join(Assignment, _carried())
        .where(col(Deal.id).in_(deal_ids))
        .order_by(col(Assignment.id))
    )
    for deal_id, manager_id, assignment_id in (await session.execute(carried)).all():
        found[deal_id].setdefault(manager_id, Entitlement(manager_id, assignment_id=assignment_id))
    upheld = (
        select(Circumvention)
        .where(col(Circumvention.deal_id).in_(deal_ids), Circumvention.status == CircumventionStatus.UPHELD)
        .order_by(col(Circumvention.id))
    )
    for claim in (await session.execute(upheld)).scalars():
        found[claim.deal_id].setdefault(claim.manager_id, Entitlement(claim.manager_id, claim_id=claim.id))
    return {deal_id: list(known.values()) for deal_id, known in found.items()}


async def decided(session: AsyncSession, deal_ids: Sequence[UUID]) -> dict[UUID, dict[UUID, int]]:
    """The shares that were decided for each deal, by manager."""
    found: dict[UUID, dict[UUID, int]] = {deal_id: {} for deal_id in deal_ids}
    query = (
        select(DealCredit).where(col(DealCredit.deal_id).in_(deal_ids)).order_by(col(DealCredit.manager_id))
    )
    for row in (await session.execute(query)).scalars():
        found[row.deal_id][row.manager_id] = row.share
    return found


async def counted(
    session: AsyncSession, manager_id: UUID, registered: Mapping[UUID, date], *, deal_id: UUID | None = None
) -> list[tuple[CountedDeal, Contract]]:
    """The signed deals that a manager is credited with, each with its contract; of one deal alone where it is named.

    `registered` are the days on which contracts were registered, by deal: a fact that is passed in.
    """
    query = (
        sql(col(Deal.id))
        .outerjoin(Assignment, and_(_carried(), col(Assignment.manager_id) == manager_id))
        .outerjoin(
            Circumvention,
            and_(
                col(Circumvention.deal_id) == col(Deal.id),
                col(Circumvention.manager_id) == manager_id,
                col(Circumvention.status) == CircumventionStatus.UPHELD,
            ),
        )
        .where(
            col(Deal.status).in_(STANDING),
            or_(col(Assignment.id).is_not(None), col(Circumvention.id).is_not(None)),
        )
    )
    if deal_id is not None:
        query = query.where(col(Deal.id) == deal_id)
    ids = sorted(set((await session.execute(query)).scalars()))
    entitlements, decisions = await entitled(session, ids), await decided(session, ids)
    contracts, paid = await _contracts(session, ids), await _paid(session, ids)
    made = []
    for known in ids:
        contract = contracts[known]
        split = shares([each.manager_id for each in entitlements[known]], decisions[known])
        fact = CountedDeal(
            deal_id=known,
            share=split[manager_id],
            signed_on=contract.signed_on,
            currency=contract.currency,
            value=contract.total_value or 0,
            technical=contract.technical_value or 0,
            paid=paid.get((known, contract.currency), 0),
            registered_on=registered.get(known),
        )
        made.append((fact, contract))
    return made


async def _contracts(session: AsyncSession, deal_ids: Sequence[UUID]) -> dict[UUID, Contract]:
    """The contract that stands of each deal: the last record, since those before it were refused."""
    query = select(Contract).where(col(Contract.deal_id).in_(deal_ids)).order_by(col(Contract.record_number))
    return {row.deal_id: row for row in (await session.execute(query)).scalars()}


async def _paid(session: AsyncSession, deal_ids: Sequence[UUID]) -> dict[tuple[UUID, str | None], int]:
    query = (
        sql(col(Payment.deal_id), col(Payment.currency), func.sum(col(Payment.amount)))
        .where(col(Payment.deal_id).in_(deal_ids))
        .group_by(col(Payment.deal_id), col(Payment.currency))
    )
    return {
        (deal_id, currency): int(amount) for deal_id, currency, amount in (await session.execute(query)).all()
    }


async def registrations(session: AsyncSession, manager_id: UUID) -> dict[UUID, date]:
    """The days on which a manager's deals were registered, by deal, as far as a check has found it."""
    query = sql(col(RewardClaim.deal_id), col(RewardClaim.registered_on)).where(
        col(RewardClaim.manager_id) == manager_id,
        col(RewardClaim.status).in_((RewardStatus.CHECKED, RewardStatus.APPROVED, RewardStatus.PAID)),
    )
    return {deal_id: on for deal_id, on in (await session.execute(query)).all() if on is not None}


async def signed_between(session: AsyncSession, introduction: Introduction) -> list[tuple[Deal, Contract]]:
    """The standing deals between the two parties of an introduction, the first signed first."""
    parties = (introduction.owner_organisation_id, introduction.organisation_id)
    query = select(Deal).where(
        col(Deal.seller_id).in_(parties), col(Deal.buyer_id).in_(parties), col(Deal.status).in_(STANDING)
    )
    deals = (await session.execute(query)).scalars().all()
    contracts = await _contracts(session, [row.id for row in deals])
    return sorted(
        ((row, contracts[row.id]) for row in deals), key=lambda found: (found[1].signed_on, found[0].id)
    )


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Claims are seen by their manager, the members of both sides of the deal, the operator and the auditor."""
    if not actor.reads(Scope.DEALS):
        return false()
    if actor.sees_everything:
        return true()
    own = list(actor.organisations)
    return or_(
        col(Deal.seller_id).in_(own),
        col(Deal.buyer_id).in_(own),
        and_(col(Manager.person_id) == actor.person_id, col(Manager.organisation_id).in_(own)),
    )


def own_claims(actor: Actor, *, manager_id: UUID | None = None) -> Any:
    """The claims that the actor sees, each with its introduction, its deal and its contract, for a page."""
    last = (
        sql(func.max(col(Contract.record_number)))
        .where(col(Contract.deal_id) == col(Deal.id))
        .correlate(Deal)
        .scalar_subquery()
    )
    query = (
        sql(Circumvention, Introduction, Deal, Contract)
        .join(Introduction, col(Introduction.id) == col(Circumvention.introduction_id))
        .join(Deal, col(Deal.id) == col(Circumvention.deal_id))
        .join(Contract, and_(col(Contract.deal_id) == col(Deal.id), col(Contract.record_number) == last))
        .join(Manager, col(Manager.id) == col(Circumvention.manager_id))
        .where(visible_to(actor))
    )
    return query.where(col(Circumvention.manager_id) == manager_id) if manager_id else query


async def claim(session: AsyncSession, actor: Actor, claim_id: UUID, *, lock: bool = False) -> Any:
    """One claim that the actor sees, with its introduction, deal and contract, or NotFound; `lock` holds its row."""
    query = own_claims(actor).where(col(Circumvention.id) == claim_id)
    if lock:
        query = query.with_for_update(of=Circumvention).execution_options(populate_existing=True)
    found = (await session.execute(query)).one_or_none()
    if found is None:
        raise NotFound("no claim that concerns you has this id")
    return found


def own_rewards(actor: Actor, *, manager_id: UUID | None = None) -> Any:
    """The reward claims that the actor sees: a manager their own, the operator and the auditor all; for a page."""
    query = (
        sql(RewardClaim, RewardScheme)
        .join(RewardScheme, col(RewardScheme.id) == col(RewardClaim.scheme_id))
        .join(Manager, col(Manager.id) == col(RewardClaim.manager_id))
        .where(_sees_rewards(actor))
    )
    return query.where(col(RewardClaim.manager_id) == manager_id) if manager_id else query


def _sees_rewards(actor: Actor) -> ColumnElement[bool]:
    if not actor.reads(Scope.DEALS):
        return false()
    if actor.sees_everything:
        return true()
    own = list(actor.organisations)
    return and_(col(Manager.person_id) == actor.person_id, col(Manager.organisation_id).in_(own))


async def reward(session: AsyncSession, actor: Actor, reward_id: UUID, *, lock: bool = False) -> Any:
    """One reward claim that the actor sees, with its scheme, or NotFound; `lock` holds its row."""
    query = own_rewards(actor).where(col(RewardClaim.id) == reward_id)
    if lock:
        query = query.with_for_update(of=RewardClaim).execution_options(populate_existing=True)
    found = (await session.execute(query)).one_or_none()
    if found is None:
        raise NotFound("no reward claim of yours has this id")
    return found


async def hold_deal(session: AsyncSession, deal_id: UUID) -> None:
    """Hold the row of a deal until the transaction ends, so that its claims are made one after the other."""
    query = select(Deal).where(Deal.id == deal_id).with_for_update()
    await session.execute(query.execution_options(populate_existing=True))


async def claimed(
    session: AsyncSession, scheme_id: UUID, deal_id: UUID, manager_id: UUID, year: int
) -> tuple[int, bool]:
    """What this manager has claimed of a scheme in a year, without this deal; and whether another claims this deal."""
    stands = and_(col(RewardClaim.scheme_id) == scheme_id, col(RewardClaim.status) != RewardStatus.RETURNED)
    amount = select(func.coalesce(func.sum(RewardClaim.amount), 0)).where(
        stands,
        RewardClaim.manager_id == manager_id,
        RewardClaim.year == year,
        RewardClaim.deal_id != deal_id,
    )
    others = select(RewardClaim.id).where(
        stands, RewardClaim.deal_id == deal_id, RewardClaim.manager_id != manager_id
    )
    return int((await session.execute(amount)).scalar_one()), (
        await session.execute(others)
    ).first() is not None
