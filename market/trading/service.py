"""The verbs of a round until its bidding begins: plan, change, approve, announce, withdraw, offer again.

What two people of the hall do together is in `oversight`, what time does in `turning`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.errors import AlreadyExists, Incomplete, Invalid, NotAllowed, WrongState
from market.ledger.rules import sha256
from market.ledger.service import record
from market.listings import queries as listing_queries
from market.listings import service as listings
from market.listings.rules import Verb as ListingVerb
from market.listings.rules import differences, merge_patch
from market.listings.tables import Listing
from market.organisations.queries import organisation as organisation_by_id
from market.organisations.queries import organisations
from market.permissions import Actor, Permission, require
from market.trading import deposits, durability, enterprises, opening, planning, queries, rules
from market.trading.documents import rules_document
from market.trading.entries import append_entry, moved
from market.trading.house import House
from market.trading.planning import Facts
from market.trading.rules import Verb
from market.trading.tables import Round
from market.trading.turning import due, leave_listing, let_time_pass
from market.web.problems import validated
from schemas.listings import Unmet
from schemas.trading import NewRound, RoundPlan
from schemas.values import FieldProblem
from schemas.vocabulary import EntryKind, ListingStatus, OrganisationKind, RoundStatus

APPROVALS = {"director": Permission.APPROVE_ROUND, "finance": Permission.APPROVE_PRICE}
"""Which sides approve a round, and by which permission."""


async def held(session: AsyncSession, actor: Actor, round_id: UUID, house: House) -> Round:
    """A round that the actor sees, locked for a change, with everything done that was due."""
    await queries.round_by_id(session, actor, round_id)
    row = await queries.locked(session, round_id)
    await let_time_pass(session, row, house.vault)
    return row


async def up_to_date(session: AsyncSession, actor: Actor | None, round_id: UUID, house: House) -> Round:
    """A round that the actor sees for reading, with everything done that was due."""
    row = await queries.round_by_id(session, actor, round_id)
    if due(row, await now(session)) is not None:
        row = await queries.locked(session, round_id)
        await let_time_pass(session, row, house.vault)
    return row


async def create(
    session: AsyncSession, actor: Actor, data: NewRound, house: House, *, relisted_from: Round | None = None
) -> Round:
    """Plan a round for a published listing. The owner's officers and directors.

    WrongState where the listing is not published, AlreadyExists where a round of it is open, Invalid for what no plan
    may say.
    """
    listing = await listing_queries.published(session, data.listing_id, lock=True)
    role = require(actor, Permission.PREPARE_ROUND, listing.organisation_id)
    await listings.let_time_pass(session, listing)
    if listing.status is not ListingStatus.PUBLISHED:
        raise WrongState(f"the listing is {listing.status}; a round is planned for one that is: published")
    if await queries.open_round(session, listing.id) is not None:
        raise AlreadyExists("a round of this listing is open")
    await _refuse_malformed(session, listing, data.plan, "/plan")
    at = await now(session)
    row = Round(
        listing_id=listing.id,
        seller_id=listing.organisation_id,
        editors=[actor.person_id],
        created_by=actor.person_id,
        created_at=at,
        updated_at=at,
        relisted_from=relisted_from.id if relisted_from else None,
        **_columns(listing, data.plan),
    )
    _seal(row, data.plan, house)
    session.add(row)
    await session.flush()
    facts = {"listing": str(listing.id), "kind": row.kind.value, "mode": row.mode.value}
    if relisted_from is not None:
        facts["relisted_from"] = str(relisted_from.id)
    await record(session, actor, ("round", row.id), "planned", role=role, data=facts)
    return row


def _columns(listing: Listing, plan: RoundPlan) -> dict[str, Any]:
    """What is kept of a plan: itself without the reserve price, and what decides in columns of its own."""
    return {
        "plan": plan.model_dump(mode="json", by_alias=True, exclude={"reserve_price"}, exclude_none=True),
        "kind": plan.kind,
        "mode": plan.mode,
        "listing_version": listing.published_version,
        "currency": plan.opening_price.currency,
        "opening_price": plan.opening_price.minor,
        "step": plan.step.minor,
        "deposit": planning.deposit_of(plan).minor,
        "registration_until": plan.registration_until,
        "bidding_from": plan.bidding_from,
        "bidding_until": plan.bidding_until,
        "ends_at": plan.bidding_until,
        "hard_stop": plan.hard_stop,
        "extension_seconds": plan.extension_seconds,
    }


def _seal(row: Round, plan: RoundPlan, house: House) -> None:
    if plan.reserve_price is not None:
        row.reserve_sealed, _ = house.vault.seal(row.id, plan.reserve_price.minor)


async def _refuse_malformed(session: AsyncSession, listing: Listing, plan: RoundPlan, root: str) -> None:
    found = planning.malformed(plan)
    offered = (await listing_queries.latest_documents(session, [listing.id]))[listing.id][1]
    found += planning.not_offered(plan, offered)
    named = [(f"/agents/{place}", each) for place, each in enumerate(plan.agents)]
    named += [
        (f"/first_refusals/{place}/organisation_id", each.organisation_id)
        for place, each in enumerate(plan.first_refusals)
    ]
    known = await organisations(session, [each for _, each in named])
    found += [
        Unmet(pointer=where, detail="no organisation has this id")
        for where, each in named
        if each not in known
    ]
    if found:
        raise Invalid(errors=_problems(found, root))


def _problems(found: Sequence[Unmet], root: str = "") -> list[FieldProblem]:
    return [
        FieldProblem(pointer=f"{root}{each.pointer}", detail=each.detail, rule=each.rule) for each in found
    ]


async def change(
    session: AsyncSession, actor: Actor, row: Round, patch: dict[str, Any], house: House
) -> Round:
    """Apply an RFC 7396 merge patch to the plan of a draft; whoever had approved it approves again.

    The reserve price stays where the patch leaves it out. Invalid names the fields.
    """
    role = require(actor, Permission.PREPARE_ROUND, row.seller_id)
    rules.check_transition(Verb.CHANGE, row.status)
    merged = merge_patch(row.plan, patch)
    try:
        plan = RoundPlan.model_validate(merged)
    except ValidationError as error:
        raise validated(error, merged) from error
    listing = await queries.locked_listing(session, row.listing_id)
    await _refuse_malformed(session, listing, plan, "")
    if "reserve_price" not in patch and row.reserve_sealed and plan.opening_price.currency != row.currency:
        detail = "in another currency, give the reserve price again"
        raise Invalid(errors=[FieldProblem(pointer="/reserve_price", detail=detail)])
    before, columns = row.plan, _columns(listing, plan)
    if before == columns["plan"] and "reserve_price" not in patch:
        return row
    for name, value in columns.items():
        setattr(row, name, value)
    if "reserve_price" in patch:
        row.reserve_sealed = None
        _seal(row, plan, house)
    row.approvals = {}
    if actor.person_id not in row.editors:
        row.editors = [*row.editors, actor.person_id]
    changed = [difference.pointer for difference in differences(before, row.plan)]
    changed += ["/reserve_price"] if "reserve_price" in patch else []
    return await moved(session, actor, row, "changed", role=role, data={"changed": changed})


async def facts_of(session: AsyncSession, row: Round, house: House) -> Facts:
    """What decides beside the plan whether it may be approved and announced."""
    earlier = await session.get(Round, row.relisted_from) if row.relisted_from else None
    reserve = house.vault.open(row.id, row.reserve_sealed).amount if row.reserve_sealed else None
    cut_from = (earlier.opening_price, earlier.currency) if earlier else None
    officers = await opening.unmet(session, plan_of(row))
    seller = await organisation_by_id(session, row.seller_id)
    return Facts(
        house.periods,
        house.auction_licence,
        reserve,
        cut_from,
        officers,
        state_owned=enterprises.is_enterprise(seller.kind, seller.founding),
        own_goods=seller.kind is OrganisationKind.OPERATOR,
    )


def plan_of(row: Round) -> RoundPlan:
    """The plan as it was written, without the reserve price."""
    return RoundPlan.model_validate(row.plan)


async def approve(session: AsyncSession, actor: Actor, row: Round, house: House) -> Round:
    """Approve the plan for one side: the seller's director, and its finance for the price.

    Two people, neither of whom has written in it. The second approval makes it approved. Incomplete lists all that is
    missing; NotAllowed where the eyes are not four.
    """
    able = [side for side, permission in APPROVALS.items() if actor.may(permission, row.seller_id)]
    role = require(actor, APPROVALS[able[0] if able else "director"], row.seller_id)
    rules.check_transition(Verb.APPROVE, row.status)
    if actor.person_id in row.editors:
        raise NotAllowed("four eyes: you have written in this plan, another person approves it")
    if str(actor.person_id) in row.approvals.values():
        raise NotAllowed("four eyes: you have approved it for one side, another person does for the other")
    side = next((side for side in able if side not in row.approvals), None)
    if side is None:
        raise AlreadyExists(f"it is approved for: {', '.join(able)}")
    found = planning.unmet_for_approval(plan_of(row), await facts_of(session, row, house))
    if found:
        raise Incomplete(errors=_problems(found, "/plan"))
    role = require(actor, APPROVALS[side], row.seller_id)
    row.approvals = row.approvals | {side: str(actor.person_id)}
    if row.approvals.keys() == APPROVALS.keys():
        await queries.locked_listing(
            session, row.listing_id
        )  # of two rounds at once, the second sees the first
        if await queries.open_round(session, row.listing_id) is not None:
            raise AlreadyExists("another round of this listing is open")
        row.status = RoundStatus.APPROVED
    return await moved(session, actor, row, "approved", role=role, data={"side": side})


async def announce(session: AsyncSession, actor: Actor, row: Round, house: House) -> Round:
    """Give the notice (公告): freeze the rules, from which the log starts, and the listing's terms with them. The operator.

    Incomplete lists every condition that is not met; WrongState where the listing is not published any more,
    NotDurable where the database may lose what it confirms.
    """
    role = require(actor, Permission.ANNOUNCE_ROUND)
    rules.check_transition(Verb.ANNOUNCE, row.status)
    await durability.required(session)
    plan, at = plan_of(row), await now(session)
    found = planning.unmet_for_announcement(plan, await facts_of(session, row, house), at)
    if found:
        raise Incomplete(errors=_problems(found, "/plan"))
    listing = await queries.locked_listing(session, row.listing_id)
    await listings.let_time_pass(session, listing)
    await listings.move_for_round(session, actor, listing, ListingVerb.ENTER_ROUND)
    await _refuse_malformed(session, listing, plan, "/plan")
    row.listing_version = listing.published_version or row.listing_version
    await _freeze(session, row, plan, house, at)
    row.status, row.announced_at = RoundStatus.ANNOUNCED, at
    data = {"rules_sha256": (row.rules_sha256 or b"").hex()}
    return await moved(session, actor, row, "announced", role=role, data=data)


async def _freeze(session: AsyncSession, row: Round, plan: RoundPlan, house: House, at: datetime) -> None:
    if row.reserve_sealed is not None:
        row.reserve_commitment = house.vault.open(row.id, row.reserve_sealed).commitment
    version = await listing_queries.version(session, row.listing_id, row.listing_version)
    seller = await organisation_by_id(session, row.seller_id)
    box = await opening.prepare(session, row, plan)
    row.rules = rules_document(row, plan, version, seller, house, at, box)
    row.rules_sha256 = row.last_hash = sha256(row.rules)


async def withdraw(session: AsyncSession, actor: Actor, row: Round, reason: str) -> Round:
    """Take the round back before its bidding begins (拍卖法 art. 29, BD-13). The seller's director.

    The deposits are released at once; what it costs is between the seller, the hall and the bidders.
    """
    role = require(actor, Permission.APPROVE_ROUND, row.seller_id)
    rules.check_transition(Verb.WITHDRAW, row.status)
    row.status, row.reason = RoundStatus.WITHDRAWN, reason
    if row.rules is not None:
        await append_entry(session, row, EntryKind.WITHDRAWN, {"reason": reason})
        await deposits.release(session, await queries.all_registrations(session, row.id))
        await leave_listing(session, row)
    return await moved(session, actor, row, "withdrawn", role=role, reason=reason)


async def relist(session: AsyncSession, actor: Actor, row: Round, plan: RoundPlan, house: House) -> Round:
    """Offer again what was not sold: a new draft that follows a locked round. The seller's officers and directors.

    Within 30 days of its end, at an opening price at most 20 % lower (法释〔2016〕18号 art. 26).
    """
    require(actor, Permission.PREPARE_ROUND, row.seller_id)
    rules.check_transition(Verb.RELIST, row.status)
    ended = await queries.last_entry_at(session, row)
    if ended is None or await now(session) >= ended + planning.RELIST_WITHIN:
        raise WrongState("a round is offered again within 30 days of its end; plan a new one")
    found = planning.beyond_the_cut(plan, (row.opening_price, row.currency))
    if found:
        raise Invalid(errors=_problems(found, "/plan"))
    return await create(
        session, actor, NewRound(listing_id=row.listing_id, plan=plan), house, relisted_from=row
    )
