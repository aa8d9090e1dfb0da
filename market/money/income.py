"""Books what a deal earns into the ledger: charged by its plan, paid, refunded, written off, handed on as reward.

The seller's own bank moves this money, the hall records it. An account that counts what is owed or has come in is below
zero by as much, as the bank's is. Each transfer is written once for its purpose; permissions are the callers'.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.money import queries, rules
from market.money.rules import Balance
from market.money.tables import Transfer
from market.money.writing import account_of, transfer_between, write_once
from schemas.vocabulary import AccountKind, TransferKind

A = AccountKind
OF_A_DEAL = (A.RECEIVABLE, A.RECEIVED, A.INCOME, A.REWARD)


async def charge(session: AsyncSession, deal_id: UUID, line_id: UUID, amount: int, currency: str) -> Transfer:
    """A line of the plan: the buyer owes it, the deal has earned it."""
    return await _move(session, deal_id, A.RECEIVABLE, A.INCOME, amount, currency, f"due/{line_id}")


async def write_off(
    session: AsyncSession, deal_id: UUID, line_id: UUID, amount: int, currency: str
) -> Transfer:
    """What is left of a line will not be paid."""
    return await _move(session, deal_id, A.INCOME, A.RECEIVABLE, amount, currency, f"written-off/{line_id}")


async def book_payment(
    session: AsyncSession, deal_id: UUID, payment_id: UUID, amount: int, currency: str
) -> Transfer:
    """A payment that was recorded on a deal."""
    return await _move(
        session, deal_id, A.RECEIVED, A.RECEIVABLE, amount, currency, payment_purpose(payment_id)
    )


async def book_refund(
    session: AsyncSession, deal_id: UUID, refund_id: UUID, amount: int, currency: str
) -> Transfer:
    """Money that was paid back: it is neither here nor earned any more."""
    return await _move(session, deal_id, A.INCOME, A.RECEIVED, amount, currency, f"refund/{refund_id}")


async def book_reward(
    session: AsyncSession, deal_id: UUID, line_id: UUID, amount: int, currency: str
) -> Transfer:
    """A contributor's reward out of a deal; a negative amount was paid back by them."""
    sides = (A.INCOME, A.REWARD) if amount > 0 else (A.REWARD, A.INCOME)
    return await _move(session, deal_id, *sides, abs(amount), currency, f"reward/{line_id}")


def payment_purpose(payment_id: UUID) -> str:
    return f"payment/{payment_id}"


async def _move(
    session: AsyncSession,
    deal_id: UUID,
    debit: AccountKind,
    credit: AccountKind,
    amount: int,
    currency: str,
    purpose: str,
) -> Transfer:
    rules.check_amount(amount)
    owing = await account_of(session, debit, deal_id, currency)
    gaining = await account_of(session, credit, deal_id, currency)
    transfer = await transfer_between(session, owing, gaining, amount, TransferKind.POSTED, purpose)
    return await write_once(session, transfer)


async def balances_of(session: AsyncSession, deal_id: UUID, currency: str) -> dict[AccountKind, Balance]:
    """What the ledger says of a deal; an account that was never used holds nothing."""
    found = {kind: await queries.account(session, kind, deal_id, currency) for kind in OF_A_DEAL}
    known = await queries.balances(session, [row.id for row in found.values() if row is not None])
    return {kind: known[row.id] if row is not None else Balance() for kind, row in found.items()}
