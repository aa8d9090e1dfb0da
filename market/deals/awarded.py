"""A deal that carries on what a trading round has awarded: between its seller and its winner, at its price."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import select

from market.database import now
from market.deals import queries, rules, terms
from market.deals.tables import Deal
from market.errors import AlreadyExists, Incomplete, WrongState
from market.ledger.service import record
from market.listings import service as listings
from market.listings.rules import Verb as ListingVerb
from market.permissions import Actor, Permission, require
from market.trading.queries import award_of, award_seen
from market.trading.queries import locked as locked_round
from market.trading.tables import Award, Round
from schemas.deals import Terms
from schemas.values import FieldProblem, Money
from schemas.vocabulary import ListingStatus, Mode, Role, RoundStatus


async def open_awarded(session: AsyncSession, actor: Actor, round_id: UUID, mode: Mode) -> tuple[Deal, Role]:
    """Open the deal of a confirmed round, once. The seller's officers and directors.

    The listing leaves the round, and is held where the mode takes the right. WrongState before the confirmation of sale
    (成交确认书); AlreadyExists where its deal is open; NotFound for whoever does not see the award.
    """
    seen, _, _ = await award_seen(session, actor, round_id)
    role = require(actor, Permission.OPEN_DEAL, seen.seller_id)
    row = await locked_round(session, round_id)
    found = await award_of(session, round_id)
    if row.status is not RoundStatus.CONFIRMED or found is None:
        raise WrongState(f"the round is {row.status}; its deal opens once the confirmation of sale is signed")
    award, winner = found
    if await _deal_of(session, award) is not None:
        raise AlreadyExists("the deal of this round is open")
    if mode is not row.mode:
        detail = f"the round was held for {row.mode}"
        raise Incomplete(errors=[FieldProblem(pointer="/mode", detail=detail)])
    listing = await queries.locked_listing(session, row.listing_id)
    if listing.status is ListingStatus.IN_ROUND:
        await listings.move_for_round(session, actor, listing, ListingVerb.LEAVE_ROUND)
    if rules.holds_listing(mode, listing.kind):
        await listings.move_for_deal(session, actor, listing, ListingVerb.HOLD)
    at = await now(session)
    deal = Deal(
        award_id=award.id,
        listing_id=listing.id,
        listing_version=row.listing_version,
        mode=mode,
        seller_id=row.seller_id,
        buyer_id=winner.organisation_id,
        terms=Terms().model_dump(mode="json"),
        opened_by=actor.person_id,
        created_at=at,
        updated_at=at,
    )
    session.add(deal)
    await session.flush()
    facts = {
        "round": str(row.id),
        "listing": str(listing.id),
        "version": row.listing_version,
        "mode": mode.value,
    }
    await record(session, actor, ("deal", deal.id), "proposed", role=role, data=facts)
    return deal, role


async def _deal_of(session: AsyncSession, award: Award) -> UUID | None:
    found = await session.execute(select(Deal.id).where(Deal.award_id == award.id))
    return found.scalar_one_or_none()


async def refuse_another_price(session: AsyncSession, deal: Deal, agreed: Terms) -> None:
    """Raise Incomplete where the price lines of an awarded deal do not come to what the round was awarded at."""
    if deal.award_id is None:
        return
    found = await session.execute(
        select(Award.amount, Round.currency).join(Round).where(Award.id == deal.award_id)
    )
    awarded = Money.of(*found.one())
    if terms.total_value(agreed) != awarded:
        detail = f"the round was awarded at {awarded.amount} {awarded.currency}: the price lines come to that"
        raise Incomplete(errors=[FieldProblem(pointer="/terms/price_lines", detail=detail)])
