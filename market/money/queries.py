"""Reads of the ledger: accounts, balances, what became of a pending transfer; an organisation's own from `visible_to`."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, literal, or_, true, union_all
from sqlalchemy import func as sql_function
from sqlalchemy import select as sql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from market.errors import NotFound
from market.money.rules import Balance, Movement
from market.money.rules import balance as of_movements
from market.money.tables import Account, Transfer
from market.organisations.tables import Organisation
from market.permissions import Actor, Permission
from schemas.vocabulary import AccountKind, OrganisationKind, Role, Scope, TransferKind

READERS = frozenset({Role.BUYER, Role.FINANCE, Role.TTO_DIRECTOR})
OWNED = (AccountKind.PARTY, AccountKind.SELLER)
"""The accounts of an organisation."""


async def hall_role(session: AsyncSession, actor: Actor) -> Role | None:
    """The role by which this actor may record what the hall's bank has moved, or None.

    Finance of any other organisation holds the same permission in its own, where it is no witness of the hall's bank.
    """
    roles = actor.roles_that_may(Permission.RECORD_DEPOSIT, None)
    if not roles:
        query = select(Organisation.id).where(
            col(Organisation.id).in_(actor.where(Permission.RECORD_DEPOSIT)),
            Organisation.kind == OrganisationKind.OPERATOR,
        )
        for hall in (await session.execute(query)).scalars():
            roles |= actor.roles_that_may(Permission.RECORD_DEPOSIT, hall)
    return min(roles, default=None)


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The organisations whose accounts are seen: by its buyers, finance and directors, the operator and the auditor."""
    if not actor.reads(Scope.ROUNDS):
        return false()
    if actor.sees_everything:
        return true()
    own = [organisation for organisation, roles in actor.organisations.items() if roles & READERS]
    return col(Organisation.id).in_(own)


async def accounts_of(session: AsyncSession, actor: Actor, organisation_id: UUID) -> list[Account]:
    """An organisation's accounts, or NotFound where the actor does not see them; who records for the hall does."""
    query = select(Organisation.id).where(Organisation.id == organisation_id)
    if await hall_role(session, actor) is None:
        query = query.where(visible_to(actor))
    if (await session.execute(query)).scalar_one_or_none() is None:
        raise NotFound("no organisation whose accounts you see has this id")
    found = await session.execute(
        select(Account)
        .where(Account.subject_id == organisation_id, col(Account.kind).in_(OWNED))
        .order_by(col(Account.currency), col(Account.kind))
    )
    return list(found.scalars())


async def costs_of(session: AsyncSession, actor: Actor, round_id: UUID) -> list[Account]:
    """The accounts of a round's costs for the hall's operator, finance and auditor; else, and where none is, NotFound."""
    auditor = actor.sees_everything and actor.reads(Scope.ROUNDS)
    if auditor or await hall_role(session, actor) is not None:
        query = select(Account).where(Account.subject_id == round_id, Account.kind == AccountKind.COSTS)
        found = list((await session.execute(query.order_by(col(Account.currency)))).scalars())
        if found:
            return found
    raise NotFound("no costs that you see were settled for this round")


def statement(accounts: Sequence[Account]) -> Any:
    """The transfers of these accounts, for a page."""
    ids = [account.id for account in accounts]
    return select(Transfer).where(or_(col(Transfer.debit_id).in_(ids), col(Transfer.credit_id).in_(ids)))


async def account(
    session: AsyncSession, kind: AccountKind, subject_id: UUID, currency: str, *, lock: bool = False
) -> Account | None:
    """One account, or None; `lock` holds its row until the transaction ends.

    Not held against a transfer that refers to it (FOR NO KEY UPDATE): whoever resolves what is pending waits for nobody.
    """
    query = select(Account).where(
        Account.kind == kind, Account.subject_id == subject_id, Account.currency == currency
    )
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def accounts(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Account]:
    """The accounts of these ids, by id."""
    found = await session.execute(select(Account).where(col(Account.id).in_(ids)))
    return {row.id: row for row in found.scalars()}


async def balances(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Balance]:
    """What each of these accounts holds, as of one moment."""
    resolution = aliased(Transfer)
    sides: list[Any] = [
        sql(
            side.label("account_id"),
            col(Transfer.kind).label("kind"),
            literal(incoming).label("incoming"),
            sql_function.sum(Transfer.amount).label("amount"),
            col(resolution.id).is_not(None).label("resolved"),
        )
        .outerjoin(resolution, col(resolution.pending_id) == Transfer.id)
        .where(side.in_(ids))
        .group_by(side, col(Transfer.kind), col(resolution.id).is_not(None))
        for side, incoming in ((col(Transfer.debit_id), False), (col(Transfer.credit_id), True))
    ]
    movements: defaultdict[UUID, list[Movement]] = defaultdict(list)
    for row in await session.execute(union_all(*sides)):
        movements[row.account_id].append(
            Movement(TransferKind(row.kind), row.incoming, int(row.amount), row.resolved)
        )
    return {account_id: of_movements(movements[account_id]) for account_id in ids}


async def balance(session: AsyncSession, account: Account) -> Balance:
    """What an account holds now; it stays so only while the account is locked."""
    return (await balances(session, [account.id]))[account.id]


async def of_purpose(session: AsyncSession, purpose: str) -> Transfer | None:
    """The transfer that was made for this purpose."""
    found = await session.execute(select(Transfer).where(Transfer.purpose == purpose))
    return found.scalar_one_or_none()


async def resolution(session: AsyncSession, pending_id: UUID) -> Transfer | None:
    """The transfer that posted or voided a pending one, or None while it is pending."""
    return (await resolutions(session, [pending_id])).get(pending_id)


async def resolutions(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Transfer]:
    """The resolutions of those of these transfers that were pending and are not any more."""
    found = await session.execute(select(Transfer).where(col(Transfer.pending_id).in_(ids)))
    return {row.pending_id: row for row in found.scalars() if row.pending_id}


async def parts_of(session: AsyncSession, post_id: UUID) -> list[Transfer]:
    """The parts that a posted deposit was settled in."""
    found = await session.execute(
        select(Transfer).where(Transfer.post_id == post_id).order_by(col(Transfer.id))
    )
    return list(found.scalars())
