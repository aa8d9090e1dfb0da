"""Plans many assignments at once, and offers what was planned; knows nothing of how the best one is found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import exists
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.deals.queries import visible_to as sees_deal
from market.deals.rules import FINAL, owner_side
from market.deals.tables import Deal
from market.errors import Invalid
from market.interests.queries import visible_to as sees_interest
from market.interests.rules import OPEN as OPEN_INTERESTS
from market.interests.tables import Interest
from market.listings.rules import PUBLIC
from market.listings.tables import Listing
from market.managers import planning, service
from market.managers.directory import Profile, directory
from market.managers.facts import Matter, candidates, cases, of_interest, of_listing
from market.managers.planning import Item, Plan
from market.managers.rules import OPEN
from market.managers.tables import Assignment
from market.permissions import Actor, Permission, require
from schemas.brokerage import MOST_APPLIED, MOST_PLANNED, NewPlan, PlanItem
from schemas.managers import NewAssignment
from schemas.values import FieldProblem
from schemas.vocabulary import AssignmentSubject, Party

S = AssignmentSubject


@dataclass(frozen=True)
class Planned:
    """A plan with the managers that it speaks of, and the offers made by it."""

    plan: Plan
    items: dict[UUID, PlanItem]
    profiles: dict[UUID, Profile]
    offers: dict[UUID, UUID]
    """The assignment offered for each item, where the plan was applied."""


async def plan(session: AsyncSession, actor: Actor, data: NewPlan) -> Planned:
    """Propose who is best asked for which open item. Whoever may ask managers, for their own items; the operator.

    With `apply` each proposal is offered, in the one transaction: what cannot be offered any more undoes all of it.
    """
    if not actor.where(Permission.ASSIGN_MANAGER):
        require(actor, Permission.ASSIGN_MANAGER)
    matters = await _matters(session, actor, data)
    if data.apply and len(matters) > MOST_APPLIED:
        detail = f"a plan for {len(matters)} items is not offered at once: name {MOST_APPLIED} at most"
        raise Invalid(errors=[FieldProblem(pointer="/items", detail=detail)])
    listed = await directory(session)
    known = await cases(session, matters)
    items = [Item(matter.id, case) for matter, case in zip(matters, known, strict=True)]
    found = planning.plan(items, await candidates(session, listed))
    offers: dict[UUID, UUID] = {}
    if data.apply:
        by_id = {matter.id: matter for matter in matters}
        for placed in found.placed:
            asked = NewAssignment(manager_id=placed.manager)
            offers[placed.item] = (await service.assign(session, actor, by_id[placed.item], asked)).id
    return Planned(
        plan=found,
        items={matter.id: PlanItem(kind=matter.subject, id=matter.id) for matter in matters},
        profiles={profile.manager.id: profile for profile in listed},
        offers=offers,
    )


async def _matters(session: AsyncSession, actor: Actor, data: NewPlan) -> list[Matter]:
    """The items of a plan, each once; Invalid names those that are not open, carried already, or nobody's to plan for."""
    if data.items is None:
        return await _open_interests(session, actor, lock=data.apply)
    found: dict[UUID, Matter] = {}
    for kind, read in (
        (S.LISTING, _listings),
        (S.DEAL, _deals),
        (S.INTEREST, _interests),
    ):  # locked in this order
        ids = {item.id for item in data.items if item.kind is kind}
        if ids:
            found |= {matter.id: matter for matter in await read(session, actor, ids, data.apply)}
    carried = await _carried(session, found.values())
    problems = []
    for place, item in enumerate(data.items):
        matter = found.get(item.id)
        if matter is None or matter.subject is not item.kind or not _plans_for(actor, matter):
            detail = f"no {item.kind} that you may find a manager for has this id"
        elif matter.ended:
            detail = f"{matter.ended}: nobody is assigned any more"
        elif item.id in carried:
            detail = "a technology manager is assigned already"
        else:
            continue
        problems.append(FieldProblem(pointer=f"/items/{place}", detail=detail))
    if problems:
        raise Invalid(errors=problems)
    return [found[item] for item in dict.fromkeys(item.id for item in data.items)]


def _plans_for(actor: Actor, matter: Matter) -> bool:
    return actor.may(Permission.ASSIGN_MANAGER, matter.owner_id)


def _held(query: Any, column: Any, lock: bool) -> Any:
    if not lock:
        return query
    return query.order_by(column).with_for_update().execution_options(populate_existing=True)


async def _open_interests(session: AsyncSession, actor: Actor, *, lock: bool) -> list[Matter]:
    carried = exists().where(
        col(Assignment.interest_id) == col(Interest.id), col(Assignment.status).in_(OPEN)
    )
    query = select(Interest).where(sees_interest(actor), col(Interest.status).in_(OPEN_INTERESTS), ~carried)
    if not actor.sees_everything:
        query = query.where(col(Interest.owner_organisation_id).in_(actor.where(Permission.ASSIGN_MANAGER)))
    first = query.order_by(col(Interest.id)).limit(MOST_PLANNED)
    if lock:
        first = first.with_for_update().execution_options(populate_existing=True)
    return [of_interest(row) for row in (await session.execute(first)).scalars()]


async def _interests(session: AsyncSession, actor: Actor, ids: set[UUID], lock: bool) -> list[Matter]:
    query = select(Interest).where(col(Interest.id).in_(ids), sees_interest(actor))
    found = await session.execute(_held(query, col(Interest.id), lock))
    return [of_interest(row) for row in found.scalars()]


async def _listings(session: AsyncSession, _actor: Actor, ids: set[UUID], lock: bool) -> list[Matter]:
    query = select(Listing).where(
        col(Listing.id).in_(ids), col(Listing.status).in_(PUBLIC), col(Listing.published_version).is_not(None)
    )
    found = await session.execute(_held(query, col(Listing.id), lock))
    return [of_listing(row) for row in found.scalars()]


async def _deals(session: AsyncSession, actor: Actor, ids: set[UUID], lock: bool) -> list[Matter]:
    listing_of = select(Deal.listing_id).where(col(Deal.id).in_(ids), sees_deal(actor))
    listings = select(Listing).where(col(Listing.id).in_(listing_of))
    kinds = {row.id: row for row in (await session.execute(_held(listings, col(Listing.id), lock))).scalars()}
    query = select(Deal).where(col(Deal.id).in_(ids), sees_deal(actor))
    found = (await session.execute(_held(query, col(Deal.id), lock))).scalars()
    return [of_deal(row, kinds[row.listing_id]) for row in found]


def of_deal(deal: Deal, listing: Listing) -> Matter:
    """A deal as a matter to be carried: the listing's owner on one side, whoever came to it on the other."""
    owner_sells = owner_side(listing.kind) is Party.SELLER
    return Matter(
        subject=S.DEAL,
        id=deal.id,
        listing_id=deal.listing_id,
        version=deal.listing_version,
        owner_id=deal.seller_id if owner_sells else deal.buyer_id,
        counterpart_id=deal.buyer_id if owner_sells else deal.seller_id,
        ended=f"the deal is {deal.status}" if deal.status in FINAL else None,
    )


async def _carried(session: AsyncSession, matters: Any) -> set[UUID]:
    known: Sequence[Matter] = list(matters)
    ids = [matter.id for matter in known]
    query = select(Assignment).where(
        col(Assignment.status).in_(OPEN),
        col(Assignment.listing_id).in_([matter.listing_id for matter in known]),
    )
    rows = (await session.execute(query)).scalars()
    of = {row.deal_id or row.interest_id or row.listing_id for row in rows}
    return of & set(ids)
