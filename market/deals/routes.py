"""Deals over HTTP: terms, acceptance, declarations, gates, the contract, payments, completion."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.deals import contracting, ending, gates, queries, service
from market.deals.documents import deal_view, payment_view
from market.deals.tables import Deal, Payment
from market.deals.withdrawal import withdraw
from market.ledger.documents import event_views
from market.ledger.queries import timeline
from market.listings.routes import hold_listing, listing_answer
from market.permissions import Actor
from market.web.conditional import answer, match_if_given, require_match
from market.web.paging import Cursor, Limit, page_of, paged
from schemas.deals import (
    DealChange,
    DealView,
    Declaration,
    GateView,
    NewContract,
    NewDeal,
    NewPayment,
    PaymentView,
    TermsAcceptance,
)
from schemas.listings import ListingState
from schemas.record import EventView
from schemas.values import Page, Reason
from schemas.vocabulary import DealStatus, WaitingFor

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
DealId = FromPath[UUID]

OnListing = Annotated[UUID | None, QueryParameter(name="listing", description="Deals on this listing.")]

WaitsFor = Annotated[
    WaitingFor | None,
    QueryParameter(
        description="Deals whose next step is this party's, or yours: to write or accept terms, declare, record or confirm "
        "the contract, cure a breach, or agree to the completion or the end that the other side has agreed to."
    ),
]

KEYED = {"key_required": True}


@post("/deals", summary="Open a deal")
async def open_deal(session: Session, actor: Caller, data: JSONBody[NewDeal]) -> Response[DealView]:
    """For the owner of the listing, on an interest in negotiation, which becomes agreed.

    A transfer, an exclusive or sole licence and a contribution to equity hold the listing until the deal ends.
    """
    deal = await service.open_deal(session, actor, data)
    return await _answer(session, deal, status=201, location=f"/api/v1/deals/{deal.id}")


@post("/listings/{listing_id:uuid}/withdrawal", status_code=200, summary="Withdraw", tags=["Listings"])
async def withdraw_listing(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    listing_id: FromPath[UUID],
    data: JSONBody[Reason],
) -> Response[ListingState]:
    """For good, with a reason that the public reads; the versions stay in the record. Open interests are declined.

    The operator withdraws one under deal too, which cancels its deal; 409 once a contract is on record.
    """
    listing = await hold_listing(request, session, actor, listing_id)
    return await listing_answer(session, await withdraw(session, actor, listing, data.reason))


@get("/deals", summary="Your deals")
async def list_deals(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    status: FromQuery[DealStatus | None] = None,
    listing: OnListing = None,
    waiting_for: WaitsFor = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[DealView]]:
    """Those of your organisations on either side, or that you carry as technology manager, newest first.

    `waiting_for=me` is what there is to do: the deals whose next step your roles let you take. With a party, those whose
    next step is that party's, which tells a technology manager whom to ask. Documents still to be given are not counted.
    """
    found = queries.own_deals(actor, status, listing, waiting_for)
    query = page_of(found, col(Deal.id), cursor, limit)
    files = await queries.files(session, list((await session.execute(query)).scalars()))
    return paged(request, files, limit, deal_view, lambda file: file.deal.id)


@get("/deals/{deal_id:uuid}", summary="One deal")
async def read_deal(session: Session, actor: Caller, deal_id: DealId) -> Response[DealView]:
    """Its terms with their hash and totals, what each party has accepted and declared, its gates, contract and money."""
    return await _answer(session, await service.up_to_date(session, actor, deal_id))


@patch("/deals/{deal_id:uuid}", summary="Change the terms")
async def change_terms(
    request: AnyRequest, session: Session, actor: Caller, deal_id: DealId, data: JSONBody[DealChange]
) -> Response[DealView]:
    """An RFC 7396 merge patch by either side, before signature. It takes back what was accepted.

    A payment of another `type` replaces the one before it whole. If-Match with the deal's ETag.
    """
    deal = await queries.locked(session, actor, deal_id)
    require_match(request, deal.revision)
    return await _answer(session, await service.change_terms(session, actor, deal, data.terms))


@get("/deals/{deal_id:uuid}/gates", summary="What a deal still lacks")
async def list_gates(session: Session, actor: Caller, deal_id: DealId) -> list[GateView]:
    """Every gate with all its unmet conditions, each with its rule and who can supply it."""
    deal = await queries.deal(session, actor, deal_id)
    return gates.judge((await queries.file_of(session, deal)).facts())


@post("/deals/{deal_id:uuid}/acceptance", status_code=200, summary="Accept the terms")
async def accept(
    request: AnyRequest, session: Session, actor: Caller, deal_id: DealId, data: JSONBody[TermsAcceptance]
) -> Response[DealView]:
    """With the `terms_sha256` that you read: 412 where they have changed since, 422 with what they lack."""
    deal = await hold_deal(request, session, actor, deal_id)
    return await _answer(
        session, await service.accept(session, actor, deal, bytes.fromhex(data.terms_sha256))
    )


@post("/deals/{deal_id:uuid}/declarations", status_code=200, summary="Declare related parties")
async def declare(
    request: AnyRequest, session: Session, actor: Caller, deal_id: DealId, data: JSONBody[Declaration]
) -> Response[DealView]:
    """`{"none": true}` or `{"related": "..."}`, by a signer of each side and by the technology manager.

    A relation is marked on the deal; it does not bar it.
    """
    deal = await hold_deal(request, session, actor, deal_id)
    return await _answer(session, await service.declare(session, actor, deal, data))


@post("/deals/{deal_id:uuid}/cancellation", status_code=200, summary="Cancel a deal")
async def cancel(
    request: AnyRequest, session: Session, actor: Caller, deal_id: DealId, data: JSONBody[Reason]
) -> Response[DealView]:
    """By either side before signature, with a reason; the listing that it held comes back."""
    deal = await hold_deal(request, session, actor, deal_id)
    return await _answer(session, await service.cancel(session, actor, deal, data.reason))


@post("/deals/{deal_id:uuid}/contract", opt=KEYED, summary="Record the contract")
async def record_contract(
    request: AnyRequest, session: Session, actor: Caller, deal_id: DealId, data: JSONBody[NewContract]
) -> Response[DealView]:
    """From a cleared deal, by either side; the other one confirms. 422 lists everything that it lacks.

    The patents are copied from the listing's published version; `patents` fills what that leaves out.
    """
    deal = await hold_deal(request, session, actor, deal_id)
    deal = await contracting.record_contract(session, actor, deal, data)
    return await _answer(session, deal, status=201, location=f"/api/v1/deals/{deal.id}/contract")


@get("/deals/{deal_id:uuid}/contract", summary="The contract's document")
async def read_contract(session: Session, actor: Caller, deal_id: DealId) -> Response[bytes]:
    """The stored canonical bytes, with their SHA-256 as ETag; they never change."""
    contract = await queries.contract(session, await queries.deal(session, actor, deal_id))
    headers = {"ETag": f'"{contract.sha256.hex()}"', "Cache-Control": "no-store"}
    return Response(contract.document, media_type="application/json", headers=headers)


@post(
    "/deals/{deal_id:uuid}/contract/confirmation",
    opt=KEYED,
    status_code=200,
    summary="Confirm the other side's record of the contract",
)
async def confirm_contract(
    request: AnyRequest, session: Session, actor: Caller, deal_id: DealId
) -> Response[DealView]:
    """The contract stands and is performed. Closes the listing where nothing of it is left to offer."""
    deal = await hold_deal(request, session, actor, deal_id)
    return await _answer(session, await contracting.confirm_contract(session, actor, deal))


@post("/deals/{deal_id:uuid}/contract/refusal", status_code=200, summary="Refuse a record of the contract")
async def refuse_contract(
    request: AnyRequest, session: Session, actor: Caller, deal_id: DealId, data: JSONBody[Reason]
) -> Response[DealView]:
    """It is not what was signed: before it is confirmed, by either side. It stays in the record, and a new one follows."""
    deal = await hold_deal(request, session, actor, deal_id)
    return await _answer(session, await contracting.refuse_contract(session, actor, deal, data.reason))


@post("/deals/{deal_id:uuid}/payments", opt=KEYED, summary="Record a payment")
async def record_payment(
    request: AnyRequest, session: Session, actor: Caller, deal_id: DealId, data: JSONBody[NewPayment]
) -> Response[PaymentView]:
    """While the contract is performed. 409 for a reference that is recorded; 422 for more than a fixed price comes to,
    unless `over_total` says why."""
    deal = await hold_deal(request, session, actor, deal_id)
    payment = await contracting.record_payment(session, actor, deal, data)
    return answer(payment_view(payment), status=201, location=f"/api/v1/deals/{deal.id}/payments")


@get("/deals/{deal_id:uuid}/payments", summary="Payments of a deal")
async def list_payments(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    deal_id: DealId,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[PaymentView]]:
    """The last recorded first."""
    deal = await queries.deal(session, actor, deal_id)
    found = await session.execute(page_of(queries.payments_of(deal.id), col(Payment.id), cursor, limit))
    return paged(request, list(found.scalars()), limit, payment_view, lambda row: row.id)


@post("/deals/{deal_id:uuid}/completion", status_code=200, summary="Agree that all is done")
async def agree_completion(
    request: AnyRequest, session: Session, actor: Caller, deal_id: DealId
) -> Response[DealView]:
    """By each side; the second one completes the deal."""
    deal = await hold_deal(request, session, actor, deal_id)
    return await _answer(session, await contracting.agree_completion(session, actor, deal))


@post("/deals/{deal_id:uuid}/breach", status_code=200, summary="Give notice of a breach")
async def notify_breach(
    request: AnyRequest, session: Session, actor: Caller, deal_id: DealId, data: JSONBody[Reason]
) -> Response[DealView]:
    """By either side; the other has 30 days to cure it, until 24:00 of the last day in China."""
    deal = await hold_deal(request, session, actor, deal_id)
    return await _answer(session, await ending.notify_breach(session, actor, deal, data.reason))


@post("/deals/{deal_id:uuid}/cure", status_code=200, summary="Say that a breach is cured")
async def cure(request: AnyRequest, session: Session, actor: Caller, deal_id: DealId) -> Response[DealView]:
    """By the side that gave notice of it; the contract goes on."""
    deal = await hold_deal(request, session, actor, deal_id)
    return await _answer(session, await ending.cure(session, actor, deal))


@post(
    "/deals/{deal_id:uuid}/termination", status_code=200, opt=KEYED, summary="Terminate a contract in force"
)
async def terminate(
    request: AnyRequest, session: Session, actor: Caller, deal_id: DealId, data: JSONBody[Reason]
) -> Response[DealView]:
    """By both sides, or by the one whose notice of a breach was not heeded in time. 409 before that."""
    deal = await hold_deal(request, session, actor, deal_id)
    return await _answer(session, await ending.terminate(session, actor, deal, data.reason))


@get("/deals/{deal_id:uuid}/events", summary="What happened to a deal")
async def list_events(session: Session, actor: Caller, deal_id: DealId) -> list[EventView]:
    """Its record, oldest first."""
    deal = await queries.deal(session, actor, deal_id)
    return event_views(await timeline(session, "deal", deal.id))


async def hold_deal(request: AnyRequest, session: AsyncSession, actor: Actor, deal_id: UUID) -> Deal:
    """The deal held for a change, as the caller last read it where they say so."""
    deal = await queries.locked(session, actor, deal_id)
    match_if_given(request, deal.revision)
    return deal


async def _answer(
    session: AsyncSession, deal: Deal, *, status: int = 200, location: str | None = None
) -> Response[DealView]:
    view = deal_view(await queries.file_of(session, deal))
    return answer(view, revision=deal.revision, status=status, location=location)


router = Router(
    "/",
    route_handlers=[
        open_deal,
        withdraw_listing,
        list_deals,
        read_deal,
        change_terms,
        list_gates,
        accept,
        declare,
        cancel,
        record_contract,
        read_contract,
        confirm_contract,
        refuse_contract,
        record_payment,
        list_payments,
        agree_completion,
        notify_breach,
        cure,
        terminate,
        list_events,
    ],
    tags=["Deals"],
)
