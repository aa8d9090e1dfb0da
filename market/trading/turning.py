"""What time does to a round: its registration ends, its bidding begins and closes, and what follows at once.

Each turn is a guarded transition under the round's lock by the database's clock, made on the next read, on the next bid,
or by the worker, whichever comes first. It does not know who reads or bids.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import Database, now
from market.listings import service as listings
from market.listings.rules import Verb as ListingVerb
from market.trading import bidding, deposits, durability, queries, rules, suspicions
from market.trading.bidding import Bidder, Top
from market.trading.entries import append_entry, moved
from market.trading.rules import Verb
from market.trading.tables import Award, Registration, Round
from market.trading.vault import Reserve, Vault
from market.workdays import add_working_days
from schemas.vocabulary import (
    AwardStatus,
    EntryKind,
    ListingStatus,
    RegistrationStatus,
    RoundKind,
    RoundStatus,
)


def due(row: Round, at: datetime) -> Verb | None:
    """What the clock asks of this round."""
    return rules.due(row.status, row.registration_until, row.bidding_from, row.ends_at, at)


async def let_time_pass(session: AsyncSession, row: Round, vault: Vault) -> None:
    """Make every turn of a locked round that is due; `now` is the clock read after its lock."""
    while (verb := due(row, await now(session))) is not None:
        if verb is Verb.END_REGISTRATION:
            row.status = RoundStatus.QUALIFYING
            await moved(session, None, row, "registration_ended")
        elif verb is Verb.BEGIN:
            await _begin(session, row)
        else:
            await _close(session, row, vault)


async def advance(database: Database, vault: Vault, round_id: UUID) -> None:
    """Let time pass for one round in a transaction of its own."""
    async with database.sessions() as session, session.begin():
        await let_time_pass(session, await queries.locked(session, round_id), vault)


async def look(database: Database, round_id: UUID) -> None:
    """Open the cases of a round's red flags, after its turn and in a transaction of its own: they hold up nothing."""
    async with database.sessions() as session, session.begin():
        await suspicions.open_cases(session, await session.get_one(Round, round_id))


async def _begin(session: AsyncSession, row: Round) -> None:
    """Admit whoever has qualified, paid the deposit and is on nobody's side: none, one or several (BD-1).

    NotDurable where the database may lose what it confirms: the round waits.
    """
    await durability.required(session)
    bidders = await queries.all_registrations(session, row.id)
    paid = await deposits.held(session, bidders)
    admitted = [each for each in bidders if await _is_admitted(session, row, each, paid)]
    row.status = rules.begins_as(len(admitted), sealed=row.kind is RoundKind.SEALED_TENDER)
    shown = sorted((each.alias, each.priority) for each in admitted)
    facts = {
        "outcome": row.status.value,
        "bidders": [{"alias": alias, "priority": priority} for alias, priority in shown],
    }
    await append_entry(session, row, EntryKind.ADMITTED, facts)
    await moved(session, None, row, "bidding_began", data={"outcome": row.status.value})
    goes_on = row.status is RoundStatus.BIDDING
    await deposits.release(session, bidders, but=[each.id for each in admitted] if goes_on else ())
    if not goes_on:
        await leave_listing(session, row)


async def _is_admitted(session: AsyncSession, row: Round, bidder: Registration, paid: set[UUID]) -> bool:
    """Whether the registration takes part; one that stood until now and does not is refused with the reason."""
    if bidder.status is RegistrationStatus.APPLIED:
        reason = "it had not qualified when the bidding began"
    elif bidder.status is not RegistrationStatus.QUALIFIED:
        return False
    elif bidder.id not in paid:
        reason = "its deposit was not held when the bidding began"
    else:
        found = await queries.conflicts(session, row.id, bidder.registered_by, bidder.organisation_id)
        if not found:
            return True
        reason = "; ".join(f"{each.rule}: {each.detail}" for each in found)
    bidder.status, bidder.decision_reason = RegistrationStatus.REFUSED, reason
    bidder.revision += 1
    bidder.updated_at = await now(session)
    return False


async def _close(session: AsyncSession, row: Round, vault: Vault) -> None:
    """End the bidding; sealed bids, if there are any, then wait for their opening."""
    if row.kind is RoundKind.SEALED_TENDER and await queries.has_sealed_bids(session, row.id):
        row.status = RoundStatus.OPENING
        await moved(session, None, row, "bidding_ended")
        return
    reserve = vault.open(row.id, row.reserve_sealed) if row.reserve_sealed is not None else None
    await conclude(session, row, top_of(row), reserve)


def top_of(row: Round) -> Top | None:
    """The bid that leads."""
    if row.top_registration_id is None:
        return None
    bidder = Bidder(row.top_registration_id, row.top_alias or "", row.top_priority)
    return Top(bidder, row.top_amount or 0, row.top_seq or 0)


async def conclude(session: AsyncSession, row: Round, top: Top | None, reserve: Reserve | None) -> None:
    """Award a locked round to its leader, or to nobody: reveals the reserve price and releases the losers' deposits.

    The winner then has the working days of the rules to confirm. When nothing was sold, the listing leaves the round.
    """
    won = bidding.winner(top, reserve.amount if reserve else None)
    row.status = RoundStatus.PROVISIONAL_AWARD if won else RoundStatus.NO_SALE
    facts = {
        "outcome": row.status.value,
        "winner": won.bidder.alias if won else None,
        "amount": won.amount if won else None,
        "reserve": {"amount": reserve.amount, "salt": reserve.salt.hex()} if reserve else None,
    }
    winner_id = won.bidder.registration_id if won else None
    await append_entry(session, row, EntryKind.CLOSED, facts, registration_id=winner_id)
    if won:
        at = await now(session)
        row.confirm_due_at = add_working_days(at, row.plan["confirm_working_days"])
        award = Award(
            round_id=row.id,
            registration_id=won.bidder.registration_id,
            amount=won.amount,
            status=AwardStatus.PROVISIONAL,
            created_at=at,
        )
        session.add(award)
    await moved(session, None, row, "bidding_closed", data={"outcome": row.status.value})
    bidders = await queries.all_registrations(session, row.id)
    await deposits.release(session, bidders, but=[winner_id] if winner_id else ())
    if not won:
        await leave_listing(session, row)


async def leave_listing(session: AsyncSession, row: Round) -> None:
    """Give the listing back to its owner, whose terms were frozen; by no person, since nobody decides it."""
    listing = await queries.locked_listing(session, row.listing_id)
    if listing.status is ListingStatus.IN_ROUND:
        await listings.move_for_round(session, None, listing, ListingVerb.LEAVE_ROUND)
