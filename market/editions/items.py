"""The verbs of an edition's items: put in, move, take out while it is compiled; report outcomes once it is released."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.editions import queries, rules
from market.editions.rules import Verb
from market.editions.service import item_facts, moved
from market.editions.tables import Edition, EditionItem
from market.errors import Invalid, NotFound, WrongState
from market.permissions import Actor, Permission, require
from schemas.editions import OutcomeReport
from schemas.values import FieldProblem
from schemas.vocabulary import ListingKind, Role


async def set_items(
    session: AsyncSession, actor: Actor, edition: Edition, listing_ids: Sequence[UUID]
) -> Edition:
    """Make these the items, in this order. Operators; Invalid names each that cannot be one."""
    role = require(actor, Permission.COMPILE_EDITION)
    rules.check_transition(Verb.CHANGE, edition.status)
    kinds = await queries.listing_kinds(session, listing_ids)
    problems = []
    for place, listing_id in enumerate(listing_ids):
        wrong = _why_not(edition, kinds.get(listing_id))
        if listing_id in listing_ids[:place]:
            wrong = "this listing stands in it already"
        if wrong:
            problems.append(FieldProblem(pointer=f"/listing_ids/{place}", detail=wrong))
    if problems:
        raise Invalid(errors=problems)
    return await _put_in_order(session, actor, edition, role, listing_ids)


async def place_item(
    session: AsyncSession, actor: Actor, edition: Edition, listing_id: UUID, position: int | None
) -> Edition:
    """Add an item, or move it, to `position` counted from 1; to the end for None. Operators."""
    role = require(actor, Permission.COMPILE_EDITION)
    rules.check_transition(Verb.CHANGE, edition.status)
    kinds = await queries.listing_kinds(session, [listing_id])
    if wrong := _why_not(edition, kinds.get(listing_id)):
        raise Invalid(errors=[FieldProblem(pointer="listing_id", detail=wrong)])
    order = rules.placed(await _order(session, edition), listing_id, position)
    return await _put_in_order(session, actor, edition, role, order)


async def remove_item(session: AsyncSession, actor: Actor, edition: Edition, listing_id: UUID) -> Edition:
    """Take an item out. Operators; NotFound where it is not in."""
    role = require(actor, Permission.COMPILE_EDITION)
    rules.check_transition(Verb.CHANGE, edition.status)
    order = await _order(session, edition)
    if listing_id not in order:
        raise NotFound("the edition has no such item")
    order.remove(listing_id)
    return await _put_in_order(session, actor, edition, role, order)


async def report_item(
    session: AsyncSession, actor: Actor, edition: Edition, listing_id: UUID, data: OutcomeReport
) -> EditionItem:
    """Say what became of one item. The listing's owner or the operator; again, until the outcomes are reported."""
    # The state is asked before the item: under embargo, the answer would tell what is in the edition.
    rules.check_transition(Verb.REPORT_ITEM, edition.status)
    item, organisation_id = await queries.item(session, edition.id, listing_id)
    role = require(actor, Permission.REPORT_OUTCOME, organisation_id)
    if item.version is None:
        raise WrongState("the listing was withdrawn before the edition was published")
    item.outcome, item.outcome_note, item.outcome_at = data.outcome, data.note, await now(session)
    said = {"listing_id": str(listing_id), "outcome": data.outcome.value}
    await moved(session, actor, edition, "item_outcome_reported", role, reason=data.note, data=said)
    return item


async def _order(session: AsyncSession, edition: Edition) -> list[UUID]:
    return [item.listing_id for item in await item_facts(session, edition)]


def _why_not(edition: Edition, kind: ListingKind | None) -> str | None:
    if kind is None:
        return "no listing has this id"
    takes = rules.TAKES[edition.kind]
    return None if kind is takes else f"this edition takes listings of kind {takes}; this is a {kind}"


async def _put_in_order(
    session: AsyncSession, actor: Actor, edition: Edition, role: Role, listing_ids: Sequence[UUID]
) -> Edition:
    held = {item.listing_id: item for item, _, _ in await queries.items(session, edition.id)}
    for gone in held.keys() - set(listing_ids):
        await session.delete(held[gone])
    for position, listing_id in enumerate(listing_ids, 1):
        item = held.get(listing_id)
        if item is None:
            session.add(EditionItem(edition_id=edition.id, listing_id=listing_id, position=position))
        else:
            item.position = position
    await session.flush()
    data = {"listing_ids": [str(listing_id) for listing_id in listing_ids]}
    return await moved(session, actor, edition, "compiled", role, data=data)
