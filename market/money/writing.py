"""Writes accounts and transfers: each transfer once for its purpose, all that are linked or none; it asks nobody's permission."""

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from market.database import new_id, now
from market.errors import Conflict, NotFound
from market.money import queries, rules
from market.money.tables import Account, Transfer
from schemas.vocabulary import AccountKind, TransferKind

_UNIQUE_VIOLATION = "23505"


async def account_of(
    session: AsyncSession, kind: AccountKind, subject_id: UUID, currency: str, *, lock: bool = False
) -> Account:
    """The account, opened where there is none."""
    found = await queries.account(session, kind, subject_id, currency, lock=lock)
    if found is None:
        opened = {"id": new_id(), "kind": kind, "subject_id": subject_id, "currency": currency}
        await session.execute(
            insert(Account).values(opened | {"created_at": await now(session)}).on_conflict_do_nothing()
        )
        return await account_of(session, kind, subject_id, currency, lock=lock)
    return found


async def transfer_between(
    session: AsyncSession, debit: Account, credit: Account, amount: int, kind: TransferKind, purpose: str
) -> Transfer:
    return Transfer(
        debit_id=debit.id,
        credit_id=credit.id,
        amount=amount,
        currency=debit.currency,
        kind=kind,
        purpose=purpose,
        at=await now(session),
    )


async def pending_by_id(session: AsyncSession, pending_id: UUID) -> Transfer:
    """A pending transfer, resolved or not, or NotFound."""
    found = await session.get(Transfer, pending_id)
    if found is None or found.kind is not TransferKind.PENDING:
        raise NotFound("no deposit is held by this id")
    return found


async def resolving(session: AsyncSession, pending: Transfer, kind: TransferKind, purpose: str) -> Transfer:
    """What posts or voids a pending transfer, and is yet to be written."""
    return Transfer(
        debit_id=pending.debit_id,
        credit_id=pending.credit_id,
        amount=pending.amount,
        currency=pending.currency,
        kind=kind,
        pending_id=pending.id,
        purpose=purpose,
        at=await now(session),
    )


async def write_once(
    session: AsyncSession, transfer: Transfer, *linked: Transfer, spent_from: Account | None = None
) -> Transfer:
    """Write a transfer and those linked to it, all or none, or answer the one that was made for the same purpose.

    Conflict where that one is another transfer, where what it resolves is resolved, or where the account that it is
    spent from has less.
    """
    standing = await queries.of_purpose(session, transfer.purpose)
    if standing is None:
        if spent_from is not None:
            available = await queries.balance(session, spent_from)
            rules.check_available(available, transfer.amount, transfer.currency)
        standing = await _written(session, transfer, *linked)
    if facts(standing) != facts(transfer):
        raise Conflict(f"another transfer was made for {transfer.purpose}")
    return standing


async def _written(session: AsyncSession, transfer: Transfer, *linked: Transfer) -> Transfer:
    try:
        async with session.begin_nested():
            session.add(transfer)
            await session.flush()  # before the parts, which refer to it
            session.add_all(linked)
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", "") != _UNIQUE_VIOLATION:
            raise
        # Somebody was first: with the same purpose, or in resolving what is pending.
        standing = await queries.of_purpose(session, transfer.purpose)
        if standing is not None:
            return standing
        raise await _why_not(session, transfer) from error
    return transfer


async def _why_not(session: AsyncSession, transfer: Transfer) -> Conflict:
    resolved = transfer.pending_id and await queries.resolution(session, transfer.pending_id)
    if resolved:
        done = "released" if resolved.kind is TransferKind.VOID else "settled"
        return Conflict(f"this deposit was {done} already")
    return Conflict(f"another transfer was made for a part of {transfer.purpose}")


def facts(transfer: Transfer) -> tuple[Any, ...]:
    """What a repeat must say again."""
    sides = (transfer.debit_id, transfer.credit_id, transfer.amount, transfer.currency)
    return (*sides, transfer.kind, transfer.pending_id, transfer.evidence)
