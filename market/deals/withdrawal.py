"""The withdrawal of a listing with all that hangs on it: its open interests, and the deal that holds it; knows no rule of theirs.

It is here because listings know neither interests nor deals: one transaction withdraws the listing and ends both, so
that no clock runs on what nobody can have.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from market.deals import queries
from market.deals.service import end_unsigned
from market.errors import WrongState
from market.interests.service import end_with_listing
from market.listings import service as listings
from market.listings.tables import Listing
from market.permissions import Actor, Permission, require
from schemas.vocabulary import ListingStatus, Role


async def withdraw(session: AsyncSession, actor: Actor, listing: Listing, reason: str) -> Listing:
    """Withdraw a locked listing and decline its open interests by the system. The owner, or the operator in a case.

    The operator withdraws one under deal too, whose unsigned deal is cancelled; WrongState where a contract is on
    record already. Deals that hold no listing go on by the version that they were opened on.
    """
    require(actor, Permission.WITHDRAW_LISTING, listing.organisation_id)
    if listing.status is ListingStatus.UNDER_DEAL and Role.OPERATOR in actor.hall_roles:
        await _end_holding_deal(session, actor, listing, reason)
    await listings.withdraw(session, actor, listing, reason)
    await end_with_listing(session, listing)
    return listing


async def _end_holding_deal(session: AsyncSession, actor: Actor, listing: Listing, reason: str) -> None:
    deal = await queries.holding_deal(session, listing)
    if deal is None:
        raise WrongState("a contract on this listing is on record: it is confirmed or refused first")
    await end_unsigned(session, actor, deal, Role.OPERATOR, reason, {"listing_withdrawn": str(listing.id)})
