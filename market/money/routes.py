"""Organisations' accounts over HTTP: what they hold, their statements, and what the hall records of its bank."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.money import queries, service
from market.money.documents import bank_evidence, bank_purpose, organisation_account, statement_line
from market.money.tables import Account, Transfer
from market.permissions import Actor
from market.web.conditional import answer
from market.web.paging import Cursor, Limit, page_of, paged
from schemas.money import NewReceipt, NewRefund, OrganisationAccount, StatementLine
from schemas.values import Page

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Caller = NamedDependency[Actor]
OrganisationId = FromPath[UUID]


@get("/organisations/{organisation_id:uuid}/account", summary="What the hall holds for an organisation")
async def read_account(
    session: Session, actor: Caller, organisation_id: OrganisationId
) -> Response[OrganisationAccount]:
    """For its buyers, finance and directors, the operator and the auditor; 404 to everybody else.

    One balance for each account and currency; empty where nothing was ever recorded.
    """
    accounts = await queries.accounts_of(session, actor, organisation_id)
    balances = await queries.balances(session, [account.id for account in accounts])
    return answer(organisation_account(organisation_id, accounts, balances))


@get("/organisations/{organisation_id:uuid}/account/transfers", summary="The statement of an account")
async def read_statement(
    request: AnyRequest,
    session: Session,
    actor: Caller,
    organisation_id: OrganisationId,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[StatementLine]]:
    """Every transfer of the organisation's accounts, newest first; seen by those who see the account."""
    accounts = await queries.accounts_of(session, actor, organisation_id)
    return await statement_of(request, session, organisation_id, accounts, cursor, limit)


@post(
    "/organisations/{organisation_id:uuid}/receipts",
    opt={"key_required": True},
    summary="Record money that came in",
)
async def record_receipt(
    session: Session, actor: Caller, organisation_id: OrganisationId, data: JSONBody[NewReceipt]
) -> Response[StatementLine]:
    """For the hall's operator and finance: a line of the bank's statement, which is recorded once.

    The same line again answers what was recorded; 409 where it is given differently, or for another organisation.
    """
    transfer = await service.record_receipt(
        session,
        actor,
        organisation_id=organisation_id,
        amount=data.amount.minor,
        currency=data.amount.currency,
        purpose=bank_purpose(data),
        evidence=bank_evidence(data),
    )
    return answer((await lines_of(session, organisation_id, [transfer]))[transfer.id], status=201)


@post(
    "/organisations/{organisation_id:uuid}/refunds",
    opt={"key_required": True},
    summary="Record money that was paid out",
)
async def record_refund(
    session: Session, actor: Caller, organisation_id: OrganisationId, data: JSONBody[NewRefund]
) -> Response[StatementLine]:
    """For the hall's operator and finance: a line of the bank's statement, which is recorded once.

    409 also where it is more than the organisation has available beside what is held for rounds.
    """
    transfer = await service.record_refund(
        session,
        actor,
        organisation_id=organisation_id,
        amount=data.amount.minor,
        currency=data.amount.currency,
        purpose=bank_purpose(data),
        evidence=bank_evidence(data),
    )
    return answer((await lines_of(session, organisation_id, [transfer]))[transfer.id], status=201)


async def statement_of(
    request: AnyRequest,
    session: AsyncSession,
    owner_id: UUID,
    accounts: Sequence[Account],
    cursor: str | None,
    limit: int,
) -> Response[Page[StatementLine]]:
    """A page of the transfers of an organisation's accounts, or of a round's."""
    query = page_of(queries.statement(accounts), col(Transfer.id), cursor, limit)
    rows = list((await session.execute(query)).scalars())
    lines = await lines_of(session, owner_id, rows)
    return paged(request, rows, limit, lambda row: lines[row.id], lambda row: row.id)


async def lines_of(
    session: AsyncSession, owner_id: UUID, rows: Sequence[Transfer]
) -> dict[UUID, StatementLine]:
    """These transfers as the accounts of an organisation, or of a round, show them."""
    accounts = await queries.accounts(
        session, {side for row in rows for side in (row.debit_id, row.credit_id)}
    )
    resolutions = await queries.resolutions(session, [row.id for row in rows])
    return {row.id: statement_line(row, owner_id, accounts, resolutions.get(row.id)) for row in rows}


router = Router(
    "/", route_handlers=[read_account, read_statement, record_receipt, record_refund], tags=["Deposits"]
)
