"""Reads of deals with all that belongs to them; what an actor sees starts from `visible_to`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.deals.gates import Facts
from market.deals.rules import SIGNED, UNSIGNED, holds_listing
from market.deals.tables import Consent, Contract, Deal, Payment, RelatedParties
from market.errors import NotFound
from market.listings.tables import Listing
from market.organisations.queries import organisations
from market.organisations.tables import Organisation
from market.permissions import Actor
from schemas.deals import Terms
from schemas.vocabulary import DealStatus, Matter, Party, Scope


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Deals are seen by the members of both sides, their technology manager, the operator and the auditor."""
    if not actor.reads(Scope.DEALS):
        return false()
    if actor.sees_everything:
        return true()
    own = list(actor.organisations)
    return or_(
        col(Deal.seller_id).in_(own),
        col(Deal.buyer_id).in_(own),
        and_(col(Deal.manager_person_id) == actor.person_id, col(Deal.manager_organisation_id).in_(own)),
    )


async def deal(session: AsyncSession, actor: Actor, deal_id: UUID) -> Deal:
    """One deal that the actor sees, or NotFound."""
    found = await session.execute(select(Deal).where(Deal.id == deal_id, visible_to(actor)))
    row = found.scalar_one_or_none()
    if row is None:
        raise _not_found()
    return row


def _not_found() -> NotFound:
    return NotFound("no deal that you are a party to has this id")


async def locked(session: AsyncSession, actor: Actor, deal_id: UUID) -> Deal:
    """The deal held for a change, its listing first: whoever holds both takes them in this order. NotFound."""
    visible = select(Deal.listing_id).where(Deal.id == deal_id, visible_to(actor))
    listing_id = (await session.execute(visible)).scalar_one_or_none()
    if listing_id is None:
        raise _not_found()
    await locked_listing(session, listing_id)
    query = select(Deal).where(Deal.id == deal_id).with_for_update()
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one()


async def locked_listing(session: AsyncSession, listing_id: UUID) -> Listing:
    """The listing of a deal, held for a change; a party to the deal need not see its working copy."""
    query = select(Listing).where(Listing.id == listing_id).with_for_update()
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one()


def own_deals(actor: Actor, status: DealStatus | None, listing_id: UUID | None) -> Any:
    """The deals that the actor sees, for a page."""
    query = select(Deal).where(visible_to(actor))
    if status is not None:
        query = query.where(Deal.status == status)
    return query.where(Deal.listing_id == listing_id) if listing_id is not None else query


async def unsigned_deals(session: AsyncSession, listing_id: UUID) -> int:
    """How many deals on a listing are open and not signed; exact while its row is held."""
    query = select(func.count()).where(Deal.listing_id == listing_id, col(Deal.status).in_(UNSIGNED))
    return int((await session.execute(query)).scalar_one())


async def holding_deal(session: AsyncSession, listing: Listing) -> Deal | None:
    """The unsigned deal that holds a locked listing, held with it."""
    query = (
        select(Deal).where(Deal.listing_id == listing.id, col(Deal.status).in_(UNSIGNED)).with_for_update()
    )
    found = (await session.execute(query.execution_options(populate_existing=True))).scalars()
    return next((row for row in found if holds_listing(row.mode, listing.kind)), None)


async def is_awarded(session: AsyncSession, listing_id: UUID) -> bool:
    """Whether a deal on a listing stands: it was opened and not cancelled. Exact while the listing's row is held."""
    query = select(Deal.id).where(Deal.listing_id == listing_id, Deal.status != DealStatus.CANCELLED)
    return (await session.execute(query.limit(1))).first() is not None


@dataclass
class DealFile:
    """A deal with all that belongs to it."""

    deal: Deal
    seller: Organisation
    buyer: Organisation
    agency: Organisation | None
    """Of the technology manager."""
    consents: list[Consent] = field(default_factory=list)
    related: list[RelatedParties] = field(default_factory=list)
    contract: Contract | None = None
    """The one that is recorded now."""
    paid: int = 0
    """In minor units of the deal's currency."""

    @property
    def terms(self) -> Terms:
        return Terms.model_validate(self.deal.terms)

    def agreed(self, matter: Matter) -> dict[Party, Consent]:
        """Who has consented to this matter."""
        return {consent.party: consent for consent in self.consents if consent.matter is matter}

    def facts(self) -> Facts:
        """What the gates are judged by."""
        return Facts(
            mode=self.deal.mode,
            terms=self.terms,
            accepted={party: c.sha256 for party, c in self.agreed(Matter.TERMS).items() if c.sha256},
            declared={declared.party for declared in self.related},
            has_manager=self.deal.manager_person_id is not None,
        )


async def file_of(session: AsyncSession, row: Deal) -> DealFile:
    return (await files(session, [row]))[0]


async def files(session: AsyncSession, deals: Sequence[Deal]) -> list[DealFile]:
    """The files of these deals, in the same order."""
    ids = [row.id for row in deals]
    parties = {row.seller_id for row in deals} | {row.buyer_id for row in deals}
    agencies = {row.manager_organisation_id for row in deals if row.manager_organisation_id}
    known = await organisations(session, list(parties | agencies))
    made = {
        row.id: DealFile(
            row,
            known[row.seller_id],
            known[row.buyer_id],
            known[row.manager_organisation_id] if row.manager_organisation_id else None,
        )
        for row in deals
    }
    consents = select(Consent).where(col(Consent.deal_id).in_(ids)).order_by(col(Consent.at))
    for consent in (await session.execute(consents)).scalars():
        made[consent.deal_id].consents.append(consent)
    related = select(RelatedParties).where(col(RelatedParties.deal_id).in_(ids))
    for declared in (await session.execute(related)).scalars():
        made[declared.deal_id].related.append(declared)
    signed = [row.id for row in deals if row.status in SIGNED]
    contracts = select(Contract).where(col(Contract.deal_id).in_(signed))
    for contract in (await session.execute(contracts.order_by(col(Contract.record_number)))).scalars():
        made[contract.deal_id].contract = contract
    paid = select(Payment.deal_id, func.sum(Payment.amount)).where(col(Payment.deal_id).in_(signed))
    for deal_id, amount in (await session.execute(paid.group_by(col(Payment.deal_id)))).all():
        made[deal_id].paid = int(amount)
    return [made[identifier] for identifier in ids]


async def contract(session: AsyncSession, row: Deal) -> Contract:
    """The contract that is recorded now; the last record, others were refused. NotFound before there is one."""
    found = (await file_of(session, row)).contract
    if found is None:
        raise NotFound("no contract of this deal is recorded")
    return found


async def records(session: AsyncSession, deal_id: UUID) -> int:
    """How many records of a contract there have been, the refused ones too."""
    query = select(func.count()).where(Contract.deal_id == deal_id)
    return int((await session.execute(query)).scalar_one())


async def has_payment(session: AsyncSession, deal_id: UUID, reference: str) -> bool:
    query = select(Payment.id).where(Payment.deal_id == deal_id, Payment.reference == reference)
    return (await session.execute(query)).first() is not None


def payments_of(deal_id: UUID) -> Any:
    """The payments of a deal that the caller sees, for a page."""
    return select(Payment).where(Payment.deal_id == deal_id)
