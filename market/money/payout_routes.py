"""Payouts over HTTP: what is held for the costs of a round, and orders to the bank with what became of them."""

from uuid import UUID

from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from market.money import payouts, queries
from market.money.documents import bank_evidence, bank_purpose, costs_account
from market.money.routes import AnyRequest, Caller, OrganisationId, Session, lines_of, statement_of
from market.money.tables import Transfer
from market.permissions import Actor
from market.web.conditional import answer
from market.web.paging import Cursor, Limit
from schemas.money import CostsAccount, NewPayout, PayoutPaid, StatementLine
from schemas.values import Page, Reason
from schemas.vocabulary import AccountKind

RoundId = FromPath[UUID]
PayoutId = FromPath[UUID]


@post(
    "/organisations/{organisation_id:uuid}/payouts",
    opt={"key_required": True},
    summary="Order a payout to a seller",
)
async def order_for_seller(
    session: Session, actor: Caller, organisation_id: OrganisationId, data: JSONBody[NewPayout]
) -> Response[StatementLine]:
    """For the hall's operator and finance: out of what applied and forfeited deposits gave the organisation as a seller.

    It reserves the amount until another person records that the bank has paid it. 409 where less is available.
    """
    return await _order(session, actor, AccountKind.SELLER, organisation_id, data)


@post("/rounds/{round_id:uuid}/costs/payouts", opt={"key_required": True}, summary="Order a payout of costs")
async def order_for_costs(
    session: Session, actor: Caller, round_id: RoundId, data: JSONBody[NewPayout]
) -> Response[StatementLine]:
    """For the hall's operator and finance: to whoever bore costs of a sale that a defaulter's deposit pays (BD-12)."""
    return await _order(session, actor, AccountKind.COSTS, round_id, data)


@post(
    "/payouts/{payout_id:uuid}/payment", opt={"key_required": True}, summary="Record that a payout was paid"
)
async def pay(
    session: Session, actor: Caller, payout_id: PayoutId, data: JSONBody[PayoutPaid]
) -> Response[StatementLine]:
    """For the hall's operator and finance, another person than the one who ordered it, with the bank's line (四眼原则)."""
    paid = await payouts.pay(
        session, actor, payout_id, purpose=bank_purpose(data), evidence=bank_evidence(data)
    )
    return await _line(session, paid)


@post("/payouts/{payout_id:uuid}/cancellation", summary="Cancel a payout")
async def cancel(
    session: Session, actor: Caller, payout_id: PayoutId, data: JSONBody[Reason]
) -> Response[StatementLine]:
    """For the hall's operator and finance, while the bank has not paid it: the money is owed as before."""
    return await _line(session, await payouts.cancel(session, actor, payout_id, data.reason))


@get("/rounds/{round_id:uuid}/costs", summary="What is held for the costs of a round")
async def read_costs(session: Session, actor: Caller, round_id: RoundId) -> Response[CostsAccount]:
    """For the hall's operator, finance and auditor; 404 to everybody else, and where no costs were ever settled."""
    accounts = await queries.costs_of(session, actor, round_id)
    return answer(
        costs_account(round_id, accounts, await queries.balances(session, [each.id for each in accounts]))
    )


@get("/rounds/{round_id:uuid}/costs/transfers", summary="The statement of a round's costs")
async def read_costs_statement(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    round_id: RoundId,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[StatementLine]]:
    """Every transfer of the costs account, newest first; seen by those who see it."""
    accounts = await queries.costs_of(session, actor, round_id)
    return await statement_of(request, session, round_id, accounts, cursor, limit)


async def _order(
    session: AsyncSession, actor: Actor, kind: AccountKind, subject_id: UUID, data: NewPayout
) -> Response[StatementLine]:
    made = await payouts.order(
        session,
        actor,
        kind=kind,
        subject_id=subject_id,
        amount=data.amount.minor,
        currency=data.amount.currency,
        evidence=data.model_dump(mode="json", include={"payee", "reason"}),
    )
    return await _line(session, made)


async def _line(session: AsyncSession, made: Transfer) -> Response[StatementLine]:
    owed = (await queries.accounts(session, [made.debit_id]))[made.debit_id]
    return answer((await lines_of(session, owed.subject_id, [made]))[made.id], status=201)


router = Router(
    "/",
    route_handlers=[order_for_seller, order_for_costs, pay, cancel, read_costs, read_costs_statement],
    tags=["Deposits"],
)
