"""What is due on a deal over HTTP: the plan with what was paid, royalty reports, refunds."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.deals.routes import hold_deal
from market.deals.tables import Deal
from market.deals.terms import currency_of
from market.distributions import queries, receivables, royalties
from market.distributions.documents import receivables_view, refund_view, report_view
from market.distributions.queries import Books
from market.distributions.tables import RoyaltyReport
from market.money.income import balances_of
from market.permissions import Actor
from market.web.conditional import answer
from market.workdays import legal_day
from schemas.deals import Terms
from schemas.distributions import (
    DueChange,
    NewRefund,
    NewRoyaltyReport,
    ReceivablesView,
    RefundView,
    RoyaltyAdjustment,
    RoyaltyReports,
    RoyaltyReportView,
    RoyaltyVerification,
    TriggerMet,
)
from schemas.values import Reason

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
DealId = FromPath[UUID]
LineId = FromPath[UUID]
ReportId = FromPath[UUID]

KEYED = {"key_required": True}


@get("/deals/{deal_id:uuid}/receivables", summary="What is due on a deal")
async def read_receivables(session: Session, actor: Caller, deal_id: DealId) -> Response[ReceivablesView]:
    """The payment plan as due lines with what was paid of each, and what the double-entry ledger says of the deal.

    For both sides, their technology manager, the operator and the auditor. Payments pay what fell due first.
    """
    deal, known = await receivables.up_to_date(session, actor, deal_id)
    return await _answer(session, deal, known)


@post(
    "/deals/{deal_id:uuid}/receivables/{line_id:uuid}/standing",
    opt=KEYED,
    status_code=200,
    summary="Dispute, resume or write off a due line",
)
async def change_line(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    deal_id: DealId,
    line_id: LineId,
    data: JSONBody[DueChange],
) -> Response[ReceivablesView]:
    """By whoever records payments, of either side; the seller alone writes off. 409 for a line that is paid."""
    deal = await hold_deal(request, session, actor, deal_id)
    return await _answer(session, deal, await receivables.change(session, actor, deal, line_id, data))


@post("/deals/{deal_id:uuid}/trigger", opt=KEYED, summary="Say that a trial is to be paid")
async def meet_trigger(
    request: AnyRequest, session: Session, actor: Caller, deal_id: DealId, data: JSONBody[TriggerMet]
) -> Response[ReceivablesView]:
    """先使用后付费: the trigger of the terms was met, and its price is due. Once, by either side."""
    deal = await hold_deal(request, session, actor, deal_id)
    return await _answer(
        session, deal, await receivables.meet_trigger(session, actor, deal, data), status=201
    )


@post("/deals/{deal_id:uuid}/refunds", opt=KEYED, summary="Record a refund")
async def record_refund(
    request: AnyRequest, session: Session, actor: Caller, deal_id: DealId, data: JSONBody[NewRefund]
) -> Response[RefundView]:
    """What the seller has paid back, by whoever records payments there. A distribution that was approved is then adjusted."""
    deal = await hold_deal(request, session, actor, deal_id)
    return answer(refund_view(await receivables.refund(session, actor, deal, data)), status=201)


@get("/deals/{deal_id:uuid}/royalty-reports", summary="Royalty reports of a deal")
async def list_reports(session: Session, actor: Caller, deal_id: DealId) -> Response[RoyaltyReports]:
    """In the order of their periods; seen by those who see the deal."""
    deal, _ = await receivables.up_to_date(session, actor, deal_id)
    found = await queries.reports(session, deal.id)
    return answer(RoyaltyReports(items=[report_view(row) for row in found]))


@post("/deals/{deal_id:uuid}/royalty-reports", opt=KEYED, summary="Report a period of royalty")
async def report(
    request: AnyRequest, session: Session, actor: Caller, deal_id: DealId, data: JSONBody[NewRoyaltyReport]
) -> Response[RoyaltyReportView]:
    """By the buyer, of a period that is over. The royalty is computed by the rate of its contract year."""
    deal = await hold_deal(request, session, actor, deal_id)
    return answer(report_view(await royalties.report(session, actor, deal, data)), status=201)


@post(
    "/deals/{deal_id:uuid}/royalty-reports/{report_id:uuid}/verification",
    opt=KEYED,
    status_code=200,
    summary="Take a royalty report as right",
)
async def verify(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    deal_id: DealId,
    report_id: ReportId,
    data: JSONBody[RoyaltyVerification],
) -> Response[RoyaltyReportView]:
    """By the seller: it falls due in thirty days, or on the day given."""
    deal, row = await _held_report(request, session, actor, deal_id, report_id)
    return answer(report_view(await royalties.verify(session, actor, deal, row, data)))


@post(
    "/deals/{deal_id:uuid}/royalty-reports/{report_id:uuid}/audit",
    status_code=200,
    summary="Audit a royalty report",
)
async def audit(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    deal_id: DealId,
    report_id: ReportId,
    data: JSONBody[Reason],
) -> Response[RoyaltyReportView]:
    """By the seller, where the terms give the right to inspect the accounts."""
    deal, row = await _held_report(request, session, actor, deal_id, report_id)
    return answer(report_view(await royalties.audit(session, actor, deal, row, data)))


@post(
    "/deals/{deal_id:uuid}/royalty-reports/{report_id:uuid}/adjustment",
    opt=KEYED,
    status_code=200,
    summary="Adjust a royalty report by its audit",
)
async def adjust(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    deal_id: DealId,
    report_id: ReportId,
    data: JSONBody[RoyaltyAdjustment],
) -> Response[RoyaltyReportView]:
    """By the seller, with the evidence of what was found: it falls due."""
    deal, row = await _held_report(request, session, actor, deal_id, report_id)
    return answer(report_view(await royalties.adjust(session, actor, deal, row, data)))


async def _held_report(
    request: AnyRequest, session: AsyncSession, actor: Actor, deal_id: UUID, report_id: UUID
) -> tuple[Deal, RoyaltyReport]:
    deal = await hold_deal(request, session, actor, deal_id)
    return deal, await queries.report(session, deal.id, report_id)


async def _answer(
    session: AsyncSession, deal: Deal, known: Books, *, status: int = 200
) -> Response[ReceivablesView]:
    currency = currency_of(Terms.model_validate(deal.terms))
    balances = await balances_of(session, deal.id, currency) if currency else None
    return answer(receivables_view(deal, known, balances, legal_day(await now(session))), status=status)


router = Router(
    "/",
    route_handlers=[
        read_receivables,
        change_line,
        meet_trigger,
        record_refund,
        list_reports,
        report,
        verify,
        audit,
        adjust,
    ],
    tags=["Payments"],
)
