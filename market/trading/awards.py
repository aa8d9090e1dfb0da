"""The verbs of an award: the winner confirms, the operator countersigns, a default is declared and settled.

The bidding that led to it is settled; what is sold is carried on as a deal.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.errors import AlreadyExists, Incomplete, Invalid, WrongState
from market.ledger.rules import sha256
from market.money.rules import Part, Share, waterfall
from market.organisations.queries import organisations
from market.permissions import Actor, Permission, require
from market.trading import deposits, enterprises, planning, queries, rules
from market.trading.documents import confirmation, public_until
from market.trading.entries import append_entry, moved
from market.trading.rules import Verb
from market.trading.tables import Award, Registration, Round
from market.trading.turning import leave_listing
from schemas.trading import Settlement, SettlementView, most_minor
from schemas.values import FieldProblem, Money
from schemas.vocabulary import AccountKind, AwardStatus, EntryKind, RoundStatus


async def confirm(session: AsyncSession, actor: Actor, row: Round) -> Award:
    """Sign the confirmation of sale (成交确认书): first a buyer of the winner, in time, then the operator.

    The operator's signature makes the document, applies the deposit to the price and ends the round. WrongState where
    the time for it is over, or the winner has not signed; AlreadyExists where the winner has.
    """
    award, bidder = await _standing(session, row)
    if not actor.may(Permission.BID, bidder.organisation_id):
        return await _countersign(session, actor, row, award, bidder)
    role = require(actor, Permission.BID, bidder.organisation_id)
    rules.check_transition(Verb.CONFIRM, row.status)
    if award.buyer_confirmed_at is not None:
        raise AlreadyExists("the winner has signed; the operator countersigns")
    at = await now(session)
    if row.confirm_due_at is not None and at >= row.confirm_due_at:
        raise WrongState(f"the confirmation was due by {row.confirm_due_at.isoformat()}")
    award.buyer_confirmed_by, award.buyer_confirmed_at = actor.person_id, at
    await moved(session, actor, row, "buyer_confirmed", role=role)
    return award


async def _standing(session: AsyncSession, row: Round) -> tuple[Award, Registration]:
    found = await queries.award_of(session, row.id)
    if found is None:
        raise WrongState(f"the round is {row.status}: nobody was awarded")
    return found


async def _countersign(
    session: AsyncSession, actor: Actor, row: Round, award: Award, bidder: Registration
) -> Award:
    role = require(actor, Permission.ANNOUNCE_ROUND)
    rules.check_transition(Verb.CONFIRM, row.status)
    if award.buyer_confirmed_at is None:
        raise WrongState("the winner has not signed yet")
    at = await now(session)
    _refuse_before_publicity(row, award, at)
    award.confirmed_by, award.confirmed_at, award.status = actor.person_id, at, AwardStatus.CONFIRMED
    parties = await organisations(session, [row.seller_id, bidder.organisation_id])
    award.document = confirmation(
        row, award, bidder, parties[row.seller_id], parties[bidder.organisation_id], at
    )
    award.sha256 = sha256(award.document)
    await deposits.settle(session, bidder, [Part(AccountKind.SELLER, row.seller_id, row.deposit)])
    row.status = RoundStatus.CONFIRMED
    facts = {"winner": bidder.alias, "amount": award.amount, "document_sha256": award.sha256.hex()}
    await append_entry(session, row, EntryKind.CONFIRMED, facts, registration_id=bidder.id)
    await moved(session, actor, row, "confirmed", role=role, data={"sha256": award.sha256.hex()})
    return award


def _refuse_before_publicity(row: Round, award: Award, at: datetime) -> None:
    until = public_until(row, award)
    if until is not None and at < until:
        detail = f"the result of a state-owned enterprise stands in public until {until.isoformat()}"
        raise Incomplete(errors=[FieldProblem(pointer="", detail=detail, rule=enterprises.RULE)])


async def default(session: AsyncSession, actor: Actor, row: Round) -> Award:
    """Declare that the winner did not confirm in time (悔拍). The operator.

    The deposit stays held until it is settled; the defaulter takes no part when the same is offered again. WrongState
    while there is time, or where the winner has signed.
    """
    role = require(actor, Permission.ANNOUNCE_ROUND)
    rules.check_transition(Verb.DEFAULT, row.status)
    award, bidder = await _standing(session, row)
    if award.buyer_confirmed_at is not None:
        raise WrongState("the winner has signed the confirmation of sale")
    if row.confirm_due_at is None or await now(session) < row.confirm_due_at:
        due = row.confirm_due_at.isoformat() if row.confirm_due_at else "no time"
        raise WrongState(f"the winner has time until {due}")
    award.status, row.status = AwardStatus.DEFAULTED, RoundStatus.DEFAULTED
    facts = {"winner": bidder.alias, "amount": award.amount}
    await append_entry(session, row, EntryKind.DEFAULTED, facts, registration_id=bidder.id)
    await moved(session, actor, row, "defaulted", role=role)
    await leave_listing(session, row)
    return award


async def settle_default(session: AsyncSession, actor: Actor, row: Round, data: Settlement) -> SettlementView:
    """Divide the deposit of a defaulter: the costs of the sale, then what the sale again brought less, then the rest.

    The operator, once the same was sold again, or when it can be offered again no more; the rest goes to the seller
    (拍卖法 art. 39, BD-12). What the deposit does not cover is owed beside it.
    """
    role = require(actor, Permission.ANNOUNCE_ROUND)
    rules.check_transition(Verb.SETTLE, row.status)
    award, bidder = await _standing(session, row)
    if data.costs.currency != row.currency:
        detail = f"this round was held in {row.currency}"
        raise Invalid(errors=[FieldProblem(pointer="/costs/currency", detail=detail)])
    if data.costs.minor + award.amount > most_minor(row.currency):
        detail = "together with the price these are more than an amount can be"
        raise Invalid(errors=[FieldProblem(pointer="/costs", detail=detail)])
    gap = await _shortfall(session, row, award)
    seller = AccountKind.SELLER
    parts = waterfall(
        row.deposit,
        Part(AccountKind.COSTS, row.id, data.costs.minor),
        Part(seller, row.seller_id, gap),
        [Share(seller, row.seller_id)],
    )
    if bidder.id not in await deposits.held(session, [bidder]):
        raise AlreadyExists("the deposit of this default was settled")
    await deposits.settle(session, bidder, parts)
    view = _settled(row, data.costs.minor, gap)
    await moved(session, actor, row, "default_settled", role=role, data=view.model_dump(mode="json"))
    return view


async def _shortfall(session: AsyncSession, row: Round, award: Award) -> int:
    """How much less the sale again brought; nothing where it brought as much, or where there was none in time."""
    again = await queries.following(session, row.id)
    sold = next((each for each in again if each.status is RoundStatus.CONFIRMED), None)
    if sold is not None:
        found = await queries.award_of(session, sold.id)
        return max(0, award.amount - found[0].amount) if found else 0
    if any(each.status in rules.OPEN for each in again):
        raise WrongState("the round in which the same is offered again is open")
    if await now(session) < await _last_day(session, row):
        raise WrongState(
            "the same can still be offered again: settle the default once it was sold, or cannot be"
        )
    return 0


async def _last_day(session: AsyncSession, row: Round) -> datetime:
    ended = await queries.last_entry_at(session, row)
    return (ended or row.updated_at) + planning.RELIST_WITHIN


def _settled(row: Round, costs: int, gap: int) -> SettlementView:
    met_costs = min(costs, row.deposit)
    met_gap = min(gap, row.deposit - met_costs)

    def money(minor: int) -> Money:
        return Money.of(minor, row.currency)

    return SettlementView(
        deposit=money(row.deposit),
        costs=money(met_costs),
        shortfall=money(met_gap),
        rest=money(row.deposit - met_costs - met_gap),
        owed=money(costs + gap - met_costs - met_gap),
    )
