"""Gathers the evidence portfolio of a manager: profile, assignments, receipts, deals to their credit, claims, rewards."""

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.brokerage import queries
from market.brokerage.documents import claim_view, credited_deal, reward_view, sealed
from market.brokerage.rules import performance
from market.brokerage.tables import Circumvention, RewardClaim
from market.database import now
from market.errors import NotAllowed
from market.managers.assignment_routes import assignment_views
from market.managers.directory import Profile, credentials_of, employments_of
from market.managers.documents import introduction_view, manager_view
from market.managers.queries import held_of, own_assignments
from market.managers.tables import Assignment, Introduction
from market.organisations.queries import organisations
from market.permissions import Actor
from schemas.brokerage import Portfolio
from schemas.vocabulary import Scope


async def portfolio(session: AsyncSession, actor: Actor, profile: Profile) -> Portfolio:
    """Everything that a manager can show, with the hash of every receipt. The manager, the operator and the auditor."""
    manager = profile.manager
    if not (actor.sees_everything or actor.person_id == manager.person_id) or not (
        actor.reads(Scope.INTERESTS) and actor.reads(Scope.DEALS)
    ):
        raise NotAllowed("the technology manager themself, the operator and the auditor read a portfolio")
    at = await now(session)
    employments = (await employments_of(session, [manager.id]))[manager.id]
    employers = await organisations(session, [row.organisation_id for row in employments])
    whole = manager_view(
        profile,
        (await credentials_of(session, [manager.id]))[manager.id],
        [(row, employers[row.organisation_id]) for row in employments],
        whole=True,
    )
    carried = own_assignments(actor, manager_id=manager.id).order_by(col(Assignment.id))
    rows = [held_of(row) for row in (await session.execute(carried)).all()]
    views = await assignment_views(session, rows)
    receipts = (
        select(Introduction).where(Introduction.manager_id == manager.id).order_by(col(Introduction.id))
    )
    registered = await queries.registrations(session, manager.id)
    deals = await queries.counted(session, manager.id, registered)
    claims = queries.own_claims(actor, manager_id=manager.id).order_by(col(Circumvention.id))
    rewards = queries.own_rewards(actor, manager_id=manager.id).order_by(col(RewardClaim.id))
    return sealed(
        Portfolio(
            manager=whole,
            credentials=whole.credentials or [],
            employments=whole.employments,
            assignments=[views[row.assignment.id] for row in rows],
            introductions=[introduction_view(row) for row in (await session.execute(receipts)).scalars()],
            deals=[credited_deal(fact, contract) for fact, contract in deals],
            performance=performance([fact for fact, _ in deals]),
            claims=[claim_view(row, profile, at) for row in (await session.execute(claims)).all()],
            rewards=[
                reward_view(row, scheme, profile) for row, scheme in (await session.execute(rewards)).all()
            ],
        )
    )
