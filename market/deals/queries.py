"""Reads of deals with all that belongs to them; what an actor sees starts from `visible_to`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select, tuple_

from market.database import now
from market.deals.facts import Facts, Publicity
from market.deals.law import needs_publicity
from market.deals.rules import SIGNED, UNSIGNED, holds_listing
from market.deals.tables import Consent, Contract, Deal, Payment, RelatedParties
from market.deals.terms import total_value
from market.deals.waiting import waits_for
from market.errors import NotFound
from market.evidence.service import of_subjects
from market.evidence.tables import Proof
from market.listings.encumbrances import of_listings
from market.listings.tables import Encumbrance, Listing, ListingVersion
from market.managers.queries import carries_deal
from market.notices.queries import StandingState, standing
from market.notices.rules import Announced, changed
from market.organisations.queries import organisations, under_foreign_control
from market.organisations.tables import Organisation
from market.permissions import Actor
from market.workdays import SHANGHAI, legal_day
from schemas.deals import Terms
from schemas.vocabulary import (
    DealStatus,
    ListingKind,
    Matter,
    NoticeKind,
    NoticeSubject,
    Party,
    Scope,
    WaitingFor,
)


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
        carries_deal(actor, col(Deal.id)),
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


def own_deals(
    actor: Actor,
    status: DealStatus | None,
    listing_id: UUID | None,
    waiting_for: WaitingFor | None = None,
) -> Any:
    """The deals that the actor sees, for a page."""
    query = select(Deal).where(visible_to(actor))
    if waiting_for is not None:
        query = query.where(waits_for(actor, waiting_for))
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
    on: date = date.min
    """The day, in China, on which it is judged: that of its contract, before there is one today."""
    kind: ListingKind = ListingKind.RESULT
    document: dict[str, Any] = field(default_factory=dict)
    """The published version that it is about."""
    encumbrances: list[Encumbrance] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    """Given to the interest that it grew from, then to itself; the withdrawn ones too."""
    buyer_foreign: bool = False
    publicity: Publicity | None = None

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
            on=self.on,
            kind=self.kind,
            seller_founding=self.seller.founding,
            buyer_founding=self.buyer.founding,
            buyer_foreign=self.buyer_foreign,
            seller_names=set(self.seller.name.values()),
            document=self.document,
            encumbrances=self.encumbrances,
            proofs=self.proofs,
            from_round=self.deal.award_id is not None,
            publicity=self.publicity,
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
    await _add_what_the_law_asks_about(session, list(made.values()))
    return [made[identifier] for identifier in ids]


async def _add_what_the_law_asks_about(session: AsyncSession, files: Sequence[DealFile]) -> None:
    """The listings with what others hold in them, the documents given, and who controls the buyers; a query for each."""
    today = legal_day(await now(session))
    rows = [file.deal for file in files]
    wanted = [(row.listing_id, row.listing_version) for row in rows]
    key = tuple_(col(ListingVersion.listing_id), col(ListingVersion.number))
    versions = select(ListingVersion.listing_id, ListingVersion.number, ListingVersion.document)
    documents = {
        (listing_id, number): json.loads(document)
        for listing_id, number, document in (await session.execute(versions.where(key.in_(wanted)))).all()
    }
    held = await of_listings(session, {row.listing_id for row in rows})
    subjects = [("deal", row.id) for row in rows]
    subjects += [("interest", row.interest_id) for row in rows if row.interest_id is not None]
    given = await of_subjects(session, subjects)
    foreign = await under_foreign_control(session, {row.buyer_id for row in rows})
    for file in files:
        row = file.deal
        file.on = legal_day(file.contract.recorded_at) if file.contract else today
        file.document = documents[row.listing_id, row.listing_version]
        file.kind = ListingKind(file.document["kind"])
        file.encumbrances = [each for each in held if each.listing_id == row.listing_id]
        before = given["interest", row.interest_id] if row.interest_id is not None else []
        file.proofs = [*before, *given["deal", row.id]]
        file.buyer_foreign = row.buyer_id in foreign
        if needs_publicity(file.facts()):
            file.publicity = await _publicity(session, file)


async def _publicity(session: AsyncSession, file: DealFile) -> Publicity | None:
    """Where the notice of the price stands, which has to be the seller's and of this very price and mode."""
    row = file.deal
    found = await standing(
        session, NoticeSubject.DEAL, row.id, NoticeKind.PRICE, organisation_id=row.seller_id
    )
    match found.state:
        case StandingState.NONE:
            return None
        case StandingState.CLEAR if found.content and changed(found.content, announced(file)):
            return Publicity(clear=False, detail="the notice announced another price or mode: publish anew")
        case StandingState.CLEAR:
            return Publicity(clear=True, detail="")
        case StandingState.RUNNING:
            until = found.until.astimezone(SHANGHAI).isoformat(timespec="minutes") if found.until else ""
            return Publicity(clear=False, detail=f"the notice runs until {until}")
        case StandingState.OBJECTED:
            return Publicity(
                clear=False, detail="an objection is open: the deal is frozen until it is decided"
            )
        case StandingState.UPHELD:
            detail = "an objection was upheld: change the terms and publish anew, or cancel"
            return Publicity(clear=False, detail=detail)
        case StandingState.LAPSED:
            return Publicity(clear=False, detail="the notice has lapsed: publish anew")


def announced(file: DealFile) -> Announced:
    """What a notice of the price speaks of, as the terms have it now."""
    return Announced(price=total_value(file.terms), mode=file.deal.mode)


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
