"""Plans, assignments to deals, claims, credit and the evidence portfolio over HTTP."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.brokerage import claims, plans, portfolio, queries, reward_routes
from market.brokerage.claims import ClaimFile
from market.brokerage.credit import decide_credit
from market.brokerage.documents import claim_view, credit_view, plan_view
from market.brokerage.tables import Circumvention
from market.database import now
from market.deals.queries import deal as deal_by_id
from market.deals.queries import locked as locked_deal
from market.deals.tables import Deal
from market.listings.tables import Listing
from market.managers import service
from market.managers.assignment_routes import assigned
from market.managers.directory import profile, profiles_of
from market.managers.queries import Held
from market.managers.queries import introduction as introduction_by_id
from market.permissions import Actor
from market.web.conditional import answer, match_if_given, require_match
from market.web.paging import Cursor, Limit, page_of, paged
from schemas.brokerage import (
    AssignmentPlan,
    CircumventionAnswer,
    CircumventionDecision,
    CircumventionView,
    CreditView,
    NewCircumvention,
    NewCredit,
    NewPlan,
    Portfolio,
)
from schemas.managers import AssignmentView, NewAssignment
from schemas.values import Page, Reason

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
ClaimId = FromPath[UUID]
DealId = FromPath[UUID]


@post("/assignment-plans", status_code=200, summary="Plan the best assignment of many items")
async def plan(session: Session, actor: Caller, data: JSONBody[NewPlan]) -> AssignmentPlan:
    """For the owner's own items and the operator: who is best asked for which, with every part of each score.

    It only proposes. With `apply` each proposal is offered to its manager, who accepts or declines; 422 names items
    that are not open.
    """
    return plan_view(await plans.plan(session, actor, data), applied=data.apply)


@post("/deals/{deal_id:uuid}/assignments", summary="Ask a technology manager for a deal")
async def assign_deal(
    session: Session, actor: Caller, deal_id: DealId, data: JSONBody[NewAssignment]
) -> Response[AssignmentView]:
    """For either side and the operator; once at work, the manager sees the deal and is credited with it."""
    deal = await locked_deal(session, actor, deal_id)
    matter = plans.of_deal(deal, await session.get_one(Listing, deal.listing_id))
    assignment = await service.assign(session, actor, matter, data)
    return await assigned(session, Held(assignment, None, ended=False), status=201)


@get("/deals/{deal_id:uuid}/credit", summary="Which managers a deal is credited to")
async def read_credit(session: Session, actor: Caller, deal_id: DealId) -> Response[CreditView]:
    """Equally to those who carried it, unless it was decided otherwise; the shares come to 100 %."""
    return await _credit(session, await deal_by_id(session, actor, deal_id))


@put("/deals/{deal_id:uuid}/credit", summary="Decide how a deal is credited")
async def change_credit(
    request: AnyRequest, session: Session, actor: Caller, deal_id: DealId, data: JSONBody[NewCredit]
) -> Response[CreditView]:
    """Operators only, with a reason, and If-Match with the ETag that was read; 422 unless it names exactly those who carried the deal."""
    deal = await locked_deal(session, actor, deal_id)
    require_match(request, deal.revision)
    await decide_credit(session, actor, deal, data)
    return await _credit(session, deal)


async def _credit(session: AsyncSession, deal: Deal) -> Response[CreditView]:
    entitled = (await queries.entitled(session, [deal.id]))[deal.id]
    decided = (await queries.decided(session, [deal.id]))[deal.id]
    profiles = await profiles_of(session, [each.manager_id for each in entitled])
    return answer(credit_view(deal.id, entitled, decided, profiles), revision=deal.revision)


@post("/introductions/{introduction_id:uuid}/claims", summary="Claim that you were gone around")
async def open_claim(
    session: Session, actor: Caller, introduction_id: FromPath[UUID], data: JSONBody[NewCircumvention]
) -> Response[CircumventionView]:
    """By the manager of the introduction, whose parties signed a deal within its twelve months without them (民法典 art.
    965). The hall finds the deal; 409 where there is none."""
    introduction = await introduction_by_id(session, actor, introduction_id)
    made = await claims.claim(session, actor, introduction, data)
    file = await queries.claim(session, actor, made.id)
    return await _claimed(session, file, status=201)


@get("/circumvention-claims", summary="Claims of managers who were gone around")
async def list_claims(
    request: AnyRequest, session: Session, actor: Caller, cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[CircumventionView]]:
    """Your own as manager, and those about your organisation's deals, newest first."""
    query = page_of(queries.own_claims(actor), col(Circumvention.id), cursor, limit)
    files = list((await session.execute(query)).all())
    profiles = await profiles_of(session, [file[0].manager_id for file in files])
    at = await now(session)
    return paged(
        request,
        files,
        limit,
        lambda file: claim_view(file, profiles[file[0].manager_id], at),
        lambda file: file[0].id,
    )


@get("/circumvention-claims/{claim_id:uuid}", summary="One claim")
async def read_claim(session: Session, actor: Caller, claim_id: ClaimId) -> Response[CircumventionView]:
    """For its manager, both sides of the deal, the operator and the auditor."""
    return await _claimed(session, await queries.claim(session, actor, claim_id))


@post("/circumvention-claims/{claim_id:uuid}/answer", status_code=200, summary="Answer a claim")
async def answer_claim(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    claim_id: ClaimId,
    data: JSONBody[CircumventionAnswer],
) -> Response[CircumventionView]:
    """By each side of the deal, once, within ten working days."""
    file = await _held(request, session, actor, claim_id)
    await claims.answer(session, actor, file[0], file[2], data)
    return await _claimed(session, file)


@post("/circumvention-claims/{claim_id:uuid}/decision", status_code=200, summary="Decide a claim")
async def decide_claim(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    claim_id: ClaimId,
    data: JSONBody[CircumventionDecision],
) -> Response[CircumventionView]:
    """Operators only, with reasons, once the sides were heard. Upheld, the manager shares in the deal's credit."""
    file = await _held(request, session, actor, claim_id)
    await claims.decide(session, actor, file[0], data)
    return await _claimed(session, file)


@post("/circumvention-claims/{claim_id:uuid}/withdrawal", status_code=200, summary="Withdraw a claim")
async def withdraw_claim(
    request: AnyRequest, session: Session, actor: Caller, claim_id: ClaimId, data: JSONBody[Reason]
) -> Response[CircumventionView]:
    """By the manager, before it is decided."""
    file = await _held(request, session, actor, claim_id)
    await claims.withdraw(session, actor, file[0], data.reason)
    return await _claimed(session, file)


@get("/managers/{manager_id:uuid}/portfolio", summary="The evidence portfolio of a technology manager")
async def read_portfolio(session: Session, actor: Caller, manager_id: FromPath[UUID]) -> Response[Portfolio]:
    """Every assignment, signed introduction, credited deal and claim, each receipt with its hash, to be handed on.

    For the manager, the operator and the auditor.
    """
    made = await portfolio.portfolio(session, actor, await profile(session, manager_id))
    return answer(made, revision=made.sha256)


async def _held(request: AnyRequest, session: AsyncSession, actor: Actor, claim_id: UUID) -> ClaimFile:
    file: ClaimFile = tuple(await queries.claim(session, actor, claim_id, lock=True))
    match_if_given(request, file[0].revision)
    return file


async def _claimed(
    session: AsyncSession, file: ClaimFile, *, status: int = 200
) -> Response[CircumventionView]:
    row = file[0]
    profiles = await profiles_of(session, [row.manager_id])
    location = f"/api/v1/circumvention-claims/{row.id}" if status == 201 else None
    view = claim_view(file, profiles[row.manager_id], await now(session))
    return answer(view, revision=row.revision, status=status, location=location)


router = Router(
    "/",
    route_handlers=[
        plan,
        assign_deal,
        read_credit,
        change_credit,
        open_claim,
        list_claims,
        read_claim,
        answer_claim,
        decide_claim,
        withdraw_claim,
        read_portfolio,
        *reward_routes.handlers,
    ],
    tags=["Technology managers"],
)
