"""Distributions of income over HTTP: the case, the proposal, each contributor's own line, approval and payment."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.distributions import opening, queries, service, signing
from market.distributions.documents import distribution_summary, distribution_view, own_share
from market.distributions.tables import RevenueCase
from market.ledger.documents import event_views
from market.ledger.queries import timeline
from market.permissions import Actor
from market.web.conditional import answer, match_if_given
from market.web.paging import Cursor, Limit, page_of, paged
from schemas.distributions import (
    Adjustment,
    DistributionSummary,
    DistributionView,
    NetIncome,
    NewDissent,
    NewDistribution,
    NewProposal,
    OwnShareView,
    RewardPaid,
    SignOff,
)
from schemas.record import EventView
from schemas.values import Page, Reason
from schemas.vocabulary import RevenueStatus

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
CaseId = FromPath[UUID]
LineId = FromPath[UUID]
DissentId = FromPath[UUID]

OfDeal = Annotated[UUID | None, QueryParameter(name="deal", description="Distributions of this deal.")]
KEYED = {"key_required": True}


@post("/distributions", opt=KEYED, summary="Open a distribution")
async def open_case(
    session: Session, actor: Caller, data: JSONBody[NewDistribution]
) -> Response[DistributionView]:
    """By finance of the seller: of a deal's payments that no other case counts, or of a year's profit from own use.

    A payment that pays nothing by the plan yet is not distributed: 422 names it.
    """
    row = await opening.open_case(session, actor, data)
    return await _answer(session, row, status=201, location=f"/api/v1/distributions/{row.id}")


@get("/distributions", summary="Your organisation's distributions")
async def list_cases(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    deal: OfDeal = None,
    status: FromQuery[RevenueStatus | None] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[DistributionSummary]]:
    """For the finance and the transfer office of the seller, the operator and the auditor; newest first."""
    query = page_of(queries.cases(actor, deal, status), col(RevenueCase.id), cursor, limit)
    rows = list((await session.execute(query)).scalars())
    return paged(request, rows, limit, distribution_summary, lambda row: row.id)


@get("/shares", summary="Your own shares")
async def list_shares(
    request: AnyRequest, session: Session, actor: Caller, cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[OwnShareView]]:
    """Your line in every distribution that gives you one, and nobody else's; newest first."""
    query = page_of(queries.shared_cases(actor), col(RevenueCase.id), cursor, limit)
    files = await queries.files(session, list((await session.execute(query)).scalars()))
    return paged(
        request, files, limit, lambda file: own_share(file, actor.person_id), lambda file: file.case.id
    )


@get("/distributions/{case_id:uuid}", summary="One distribution")
async def read_case(session: Session, actor: Caller, case_id: CaseId) -> Response[DistributionView]:
    """Income, deductions, net income, pool and lines, each floor with what it asks and whether it is confirmed."""
    return await _answer(session, await queries.case(session, actor, case_id))


@get("/distributions/{case_id:uuid}/share", summary="Your own share in a distribution")
async def read_share(session: Session, actor: Caller, case_id: CaseId) -> Response[OwnShareView]:
    """For whoever has a line in it: that line alone. 404 to everybody else."""
    return await _own_answer(session, actor, await queries.shared_case(session, actor, case_id))


@get("/distributions/{case_id:uuid}/events", summary="What happened to a distribution")
async def list_events(session: Session, actor: Caller, case_id: CaseId) -> list[EventView]:
    """Its record, oldest first."""
    row = await queries.case(session, actor, case_id)
    return event_views(await timeline(session, "distribution", row.id))


@post("/distributions/{case_id:uuid}/net-income", status_code=200, summary="Calculate the net income")
async def calculate(
    request: AnyRequest, session: Session, actor: Caller, case_id: CaseId, data: JSONBody[NetIncome]
) -> Response[DistributionView]:
    """By finance: typed deductions with evidence; a kind that the rule pack does not allow is 422 with its rule."""
    row = await _held(request, session, actor, case_id)
    return await _answer(session, await service.calculate(session, actor, row, data))


@post("/distributions/{case_id:uuid}/proposal", status_code=200, summary="Propose who has which share")
async def propose(
    request: AnyRequest, session: Session, actor: Caller, case_id: CaseId, data: JSONBody[NewProposal]
) -> Response[DistributionView]:
    """By the transfer office. 422 lists every floor that blocks and is not met; standards that are not are in `findings`.

    The pool is split exactly: what rounding leaves goes to the largest remainders, and the lines show it.
    """
    row = await _held(request, session, actor, case_id)
    return await _answer(session, await service.propose(session, actor, row, data))


@post("/distributions/{case_id:uuid}/revision", status_code=200, summary="Take a proposal back")
async def revise(
    request: AnyRequest, session: Session, actor: Caller, case_id: CaseId, data: JSONBody[Reason]
) -> Response[DistributionView]:
    """By the transfer office, before it is approved: for another proposal, which everybody signs anew."""
    row = await _held(request, session, actor, case_id)
    return await _answer(session, await service.revise(session, actor, row, data.reason))


@post(
    "/distributions/{case_id:uuid}/lines/{line_id:uuid}/signature",
    opt=KEYED,
    status_code=200,
    summary="Sign one line",
)
async def sign(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    case_id: CaseId,
    line_id: LineId,
    data: JSONBody[SignOff],
) -> Response[OwnShareView]:
    """By whose line it is; of somebody without an account, by the transfer office with the hash of the signed paper."""
    row = await _held_to_sign(request, session, actor, case_id)
    line = await queries.line_of(session, actor, row, line_id)
    return await _own_answer(session, actor, await signing.sign(session, actor, row, line, data))


@post("/distributions/{case_id:uuid}/lines/{line_id:uuid}/dissent", summary="Dissent from a proposal")
async def dissent(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    case_id: CaseId,
    line_id: LineId,
    data: JSONBody[NewDissent],
) -> Response[OwnShareView]:
    """By whose line it is. The distribution stands still until it is taken back, or answered by another proposal."""
    row = await _held_to_sign(request, session, actor, case_id)
    line = await queries.line_of(session, actor, row, line_id)
    await signing.dissent(session, actor, row, line, data)
    return await _own_answer(session, actor, row, status=201)


@post(
    "/distributions/{case_id:uuid}/dissents/{dissent_id:uuid}/withdrawal",
    status_code=200,
    summary="Take a dissent back",
)
async def take_back(
    request: AnyRequest, session: Session, actor: Caller, case_id: CaseId, dissent_id: DissentId
) -> Response[OwnShareView]:
    """By whoever dissented."""
    row = await _held_to_sign(request, session, actor, case_id)
    return await _own_answer(session, actor, await signing.take_back(session, actor, row, dissent_id))


@post("/distributions/{case_id:uuid}/publicity", status_code=200, summary="Say that the rewards were public")
async def publicise(
    request: AnyRequest, session: Session, actor: Caller, case_id: CaseId
) -> Response[DistributionView]:
    """By the transfer office, once the period of the reward notice is over; at once where no notice is asked for."""
    row = await _held(request, session, actor, case_id)
    return await _answer(session, await signing.publicise(session, actor, row))


@post("/distributions/{case_id:uuid}/approval", opt=KEYED, status_code=200, summary="Approve a distribution")
async def approve(
    request: AnyRequest, session: Session, actor: Caller, case_id: CaseId
) -> Response[DistributionView]:
    """By a director and by finance, two persons who receive nothing of it. The second one approves it."""
    row = await _held(request, session, actor, case_id)
    return await _answer(session, await signing.approve(session, actor, row))


@post(
    "/distributions/{case_id:uuid}/payment",
    opt=KEYED,
    status_code=200,
    summary="Record that the rewards were paid",
)
async def pay(
    request: AnyRequest, session: Session, actor: Caller, case_id: CaseId, data: JSONBody[RewardPaid]
) -> Response[DistributionView]:
    """By finance; each line is a transfer from the deal's income in the ledger."""
    row = await _held(request, session, actor, case_id)
    return await _answer(session, await signing.pay(session, actor, row, data))


@post("/distributions/{case_id:uuid}/closure", status_code=200, summary="Close a distribution")
async def close(
    request: AnyRequest, session: Session, actor: Caller, case_id: CaseId
) -> Response[DistributionView]:
    """By finance, once it was paid."""
    row = await _held(request, session, actor, case_id)
    return await _answer(session, await signing.close(session, actor, row))


@post("/distributions/{case_id:uuid}/adjustment", opt=KEYED, summary="Adjust a distribution")
async def adjust(
    session: Session, actor: Caller, case_id: CaseId, data: JSONBody[Adjustment]
) -> Response[DistributionView]:
    """By finance, after a later payment, a refund or an audit: another case takes its place, which is answered."""
    row = await opening.adjust(session, actor, case_id, data)
    return await _answer(session, row, status=201, location=f"/api/v1/distributions/{row.id}")


@post("/distributions/{case_id:uuid}/cancellation", status_code=200, summary="Cancel a distribution")
async def cancel(
    request: AnyRequest, session: Session, actor: Caller, case_id: CaseId, data: JSONBody[Reason]
) -> Response[DistributionView]:
    """By finance, before it is approved; its payments are free for another one."""
    row = await _held(request, session, actor, case_id)
    return await _answer(session, await service.cancel(session, actor, row, data.reason))


async def _held(request: AnyRequest, session: AsyncSession, actor: Actor, case_id: UUID) -> RevenueCase:
    row = await queries.locked(session, actor, case_id)
    match_if_given(request, row.revision)
    return row


async def _held_to_sign(
    request: AnyRequest, session: AsyncSession, actor: Actor, case_id: UUID
) -> RevenueCase:
    row = await queries.locked_to_sign(session, actor, case_id)
    match_if_given(request, row.revision)
    return row


async def _answer(
    session: AsyncSession, row: RevenueCase, *, status: int = 200, location: str | None = None
) -> Response[DistributionView]:
    await session.flush()
    file = await queries.file_of(session, row)
    view = distribution_view(file, await signing.notice_of(session, file))
    return answer(view, revision=row.revision, status=status, location=location)


async def _own_answer(
    session: AsyncSession, actor: Actor, row: RevenueCase, *, status: int = 200
) -> Response[OwnShareView]:
    await session.flush()
    view = own_share(await queries.file_of(session, row), actor.person_id)
    return answer(view, revision=row.revision, status=status)


router = Router(
    "/",
    route_handlers=[
        open_case,
        list_cases,
        list_shares,
        read_case,
        read_share,
        list_events,
        calculate,
        propose,
        revise,
        sign,
        dissent,
        take_back,
        publicise,
        approve,
        pay,
        close,
        adjust,
        cancel,
    ],
    tags=["Distributions"],
)
