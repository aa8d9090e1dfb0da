"""The verbs of a deal from its contract on: record, confirm or refuse it, record payments, agree that it is done."""

import json
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from market import workdays
from market.database import now
from market.deals import contracts, queries, rules, terms
from market.deals.documents import contract_document
from market.deals.law import needs_publicity
from market.deals.rules import Verb
from market.deals.service import acting_side, consent, moved, refuse_unmet, take_back, take_effect
from market.deals.tables import Contract, Deal, Payment
from market.errors import AlreadyExists, Invalid, NotAllowed
from market.ledger.rules import sha256
from market.listings.queries import version
from market.listings.rules import Verb as ListingVerb
from market.listings.service import move_for_deal
from market.listings.tables import Listing
from market.notices.service import settle
from market.permissions import Actor, Permission
from schemas.deals import NewContract, NewPayment, PatentFacts
from schemas.vocabulary import Matter, NoticeKind, NoticeSubject, Party


async def record_contract(session: AsyncSession, actor: Actor, deal: Deal, data: NewContract) -> Deal:
    """Record the contract that both sides signed, from a cleared deal. Whoever may sign contracts, of either side.

    Stores its canonical bytes with their hash; the other side confirms. Invalid lists all that it lacks, Incomplete the
    gates that have closed again since the deal was cleared, by a pledge for example.
    """
    side, role = acting_side(actor, Permission.SIGN_CONTRACT, deal)
    rules.next_status(Verb.RECORD_CONTRACT, deal.status)
    await refuse_unmet(session, deal)
    contract = await _contract(session, deal, data, side, actor)
    session.add(contract)
    await consent(session, actor, deal, Matter.CONTRACT, side, contract.sha256)
    facts = {
        "party": side.value,
        "record": contract.record_number,
        "kind": contract.kind.value,
        "number": contract.number,
        "sha256": contract.sha256.hex(),
    }
    return await moved(session, actor, deal, Verb.RECORD_CONTRACT, "contract_recorded", role, data=facts)


async def _contract(
    session: AsyncSession, deal: Deal, data: NewContract, side: Party, actor: Actor
) -> Contract:
    file = await queries.file_of(session, deal)
    published = await version(session, deal.listing_id, deal.listing_version)
    at = await now(session)
    agreed_until = file.terms.term.ends_on if file.terms.term else None
    patents = _checked(data, deal, json.loads(published.document), agreed_until, workdays.legal_day(at))
    effective_on = data.effective_on or data.signed_on
    valid_until = data.valid_until or agreed_until
    document = contract_document(file, data, patents, published.sha256, valid_until)
    total, technical = terms.total_value(file.terms), terms.technical_value(file.terms)
    return Contract(
        deal_id=deal.id,
        record_number=await queries.records(session, deal.id) + 1,
        kind=data.kind,
        licence_kind=terms.contract_licence(data.kind, deal.mode, file.terms),
        number=data.number,
        title=data.model_dump(mode="json")["title"],
        signed_on=data.signed_on,
        effective_on=effective_on,
        valid_until=valid_until,
        licence_recordal_due_on=contracts.licence_recordal_due(data.kind, patents, effective_on),
        total_value=total.minor if total else None,
        technical_value=technical.minor if technical else None,
        currency=terms.currency_of(file.terms),
        document=document,
        sha256=sha256(document),
        recorded_as=side,
        recorded_by=actor.person_id,
        recorded_at=at,
    )


def _checked(
    data: NewContract, deal: Deal, listing: dict[str, object], agreed_until: date | None, today: date
) -> list[PatentFacts]:
    """The patents that the contract states; Invalid lists everything that stands against recording it."""
    patents, problems = contracts.stated_patents(listing, data.patents)
    problems += contracts.lacking(data, deal.mode, patents, agreed_until, today)
    if problems:
        raise Invalid(errors=problems)
    return [patent for _, patent in patents]


async def confirm_contract(session: AsyncSession, actor: Actor, deal: Deal) -> Deal:
    """Confirm for the other side that the record is what was signed. Whoever may sign contracts there.

    Closes a listing that has nothing left to offer; gives it back where the licence is exclusive in a part alone.
    """
    side, role = acting_side(actor, Permission.SIGN_CONTRACT, deal)
    rules.next_status(Verb.CONFIRM_CONTRACT, deal.status)
    file = await queries.file_of(session, deal)
    contract = await queries.contract(session, deal)
    if side is contract.recorded_as:
        raise NotAllowed(f"your side recorded it: the {rules.other_side(side)} confirms")
    await consent(session, actor, deal, Matter.CONTRACT, side, contract.sha256)
    listing = await session.get_one(Listing, deal.listing_id)
    if rules.closes_listing(deal.mode, listing.kind, limited=terms.is_limited(file.terms)):
        await move_for_deal(session, actor, listing, ListingVerb.CLOSE)
    elif rules.holds_listing(deal.mode, listing.kind):
        await move_for_deal(session, actor, listing, ListingVerb.RELEASE)
    facts = {"party": side.value, "sha256": contract.sha256.hex()}
    if needs_publicity(file.facts()):
        seller = deal.seller_id
        subject = (NoticeSubject.DEAL, deal.id, NoticeKind.PRICE)
        await settle(session, actor, *subject, organisation_id=seller)
    await moved(session, actor, deal, Verb.CONFIRM_CONTRACT, "contract_confirmed", role, data=facts)
    return await take_effect(session, deal)


async def refuse_contract(session: AsyncSession, actor: Actor, deal: Deal, reason: str) -> Deal:
    """Say that the record is not what was signed: the deal is cleared again, the record stays. Signers of either side."""
    side, role = acting_side(actor, Permission.SIGN_CONTRACT, deal)
    rules.next_status(Verb.REFUSE_CONTRACT, deal.status)
    contract = await queries.contract(session, deal)
    await take_back(session, deal, Matter.CONTRACT)
    facts = {"party": side.value, "record": contract.record_number, "sha256": contract.sha256.hex()}
    return await moved(
        session, actor, deal, Verb.REFUSE_CONTRACT, "contract_refused", role, reason=reason, data=facts
    )


async def record_payment(session: AsyncSession, actor: Actor, deal: Deal, data: NewPayment) -> Payment:
    """Record one payment that was made. Whoever may record payments, of either side: finance, buyers.

    AlreadyExists for a reference that is recorded; Invalid for another currency, a day to come, or more than a fixed
    price without a reason.
    """
    side, role = acting_side(actor, Permission.RECORD_PAYMENT, deal)
    rules.next_status(Verb.RECORD_PAYMENT, deal.status)
    file = await queries.file_of(session, deal)
    if await queries.has_payment(session, deal.id, data.reference):
        raise AlreadyExists(f"a payment with the reference {data.reference} is recorded")
    at = await now(session)
    problems = terms.payment_problems(file.terms, data, file.paid, workdays.legal_day(at))
    if problems:
        raise Invalid(errors=problems)
    payment = Payment(
        **data.model_dump(exclude={"amount"}),
        deal_id=deal.id,
        amount=data.amount.minor,
        currency=data.amount.currency,
        recorded_as=side,
        recorded_by=actor.person_id,
        recorded_at=at,
    )
    session.add(payment)
    facts = {
        "party": side.value,
        "payment": str(payment.id),
        "amount": str(data.amount.amount),
        "currency": data.amount.currency,
        "paid_on": data.paid_on.isoformat(),
        "reference": data.reference,
    }
    await moved(session, actor, deal, Verb.RECORD_PAYMENT, "payment_recorded", role, data=facts)
    return payment


async def agree_completion(session: AsyncSession, actor: Actor, deal: Deal) -> Deal:
    """Agree for one's side that all is done; once both sides do, the deal is completed. Signers of either side."""
    side, role = acting_side(actor, Permission.SIGN_CONTRACT, deal)
    rules.next_status(Verb.AGREE_COMPLETION, deal.status)
    if not await consent(session, actor, deal, Matter.COMPLETION, side):
        return deal
    data = {"party": side.value}
    await moved(session, actor, deal, Verb.AGREE_COMPLETION, "completion_agreed", role, data=data)
    file = await queries.file_of(session, deal)
    if set(file.agreed(Matter.COMPLETION)) == set(rules.SIDES):
        await moved(session, None, deal, Verb.COMPLETE, "completed", None)
    return deal
