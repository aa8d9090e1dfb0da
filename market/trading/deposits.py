"""The deposits of a round (保证金): held, released, applied to the price; the ledger itself is market.money."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.money import queries as ledger
from market.money import service as money
from market.money.rules import Part
from market.money.tables import Transfer
from market.trading import queries
from market.trading.tables import Registration, Round


async def held(session: AsyncSession, rows: Sequence[Registration]) -> set[UUID]:
    """The ids of those of these registrations whose deposit is held now."""
    resolved = await ledger.resolutions(session, queries.deposits(rows))
    return {row.id for row in rows if row.deposit_id is not None and row.deposit_id not in resolved}


async def hold(session: AsyncSession, round_: Round, row: Registration) -> Transfer:
    """Reserve the deposit of one registration out of what its organisation has paid in."""
    transfer = await money.hold(
        session,
        organisation_id=row.organisation_id,
        round_id=round_.id,
        amount=round_.deposit,
        currency=round_.currency,
        purpose=f"deposit of registration {row.id}",
    )
    row.deposit_id = transfer.id
    return transfer


async def release(
    session: AsyncSession, rows: Sequence[Registration], *, but: Collection[UUID] = frozenset()
) -> None:
    """Give back the deposits that are held, except those of the registrations `but`.

    In the transaction of what ends the need for them: the law gives 24 hours (法释〔2016〕18号 art. 23).
    """
    still = await held(session, rows)
    pending = [row.deposit_id for row in rows if row.id in still and row.id not in but and row.deposit_id]
    for deposit_id in sorted(pending):
        await money.release(session, deposit_id, purpose=f"release of deposit {deposit_id}")


async def settle(session: AsyncSession, row: Registration, parts: Sequence[Part]) -> None:
    """Divide a held deposit: applied to the price, or after a default."""
    if row.deposit_id is None:
        raise AssertionError("whoever wins has a deposit held")
    await money.settle(session, row.deposit_id, parts, purpose=f"settlement of deposit {row.deposit_id}")
