"""Pays out what forfeited and applied deposits gave to sellers and to the costs of a sale: ordered by one, paid by another.

An order is a pending transfer to the bank, which reserves; a second person of the hall posts it with the bank's line, or
anybody of the hall voids it. The platform records, banks move.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import new_id, now
from market.errors import AlreadyExists, NotAllowed, NotFound
from market.money import queries, rules
from market.money.service import record_banked, require_hall
from market.money.tables import Account, Transfer
from market.money.writing import account_of, pending_by_id, resolving, transfer_between, write_once
from market.permissions import Actor
from market.workdays import legal_day
from schemas.vocabulary import AccountKind, Role, TransferKind

PAID_OUT = frozenset({AccountKind.SELLER, AccountKind.COSTS})
"""Whose money leaves by an order; a bidder's own is refunded."""


async def order(
    session: AsyncSession,
    actor: Actor,
    *,
    kind: AccountKind,
    subject_id: UUID,
    amount: int,
    currency: str,
    evidence: Mapping[str, Any],
) -> Transfer:
    """Order the bank to pay out of a seller's or a round's cost account. The hall's operator or finance.

    `evidence` says who is to be paid and what for. NotFound where nothing was ever owed, Conflict where less is available.
    """
    role = await require_hall(session, actor)
    rules.check_amount(amount)
    owed = await queries.account(session, kind, subject_id, currency, lock=True)
    if owed is None:
        raise NotFound(f"nothing was ever owed to this account in {currency}")
    bank = await account_of(session, AccountKind.BANK, rules.HALL, currency)
    transfer = await transfer_between(session, owed, bank, amount, TransferKind.PENDING, f"payout {new_id()}")
    transfer.evidence, transfer.actor_id = dict(evidence), actor.person_id
    made = await write_once(session, transfer, spent_from=owed)
    await record_banked(session, actor, role, owed, made, "payout_ordered")
    return made


async def pay(
    session: AsyncSession, actor: Actor, payout_id: UUID, *, purpose: str, evidence: dict[str, Any]
) -> Transfer:
    """Record that the bank has paid an order out. The hall's operator or finance, and not whoever ordered it.

    The bank's line is recorded once, as that of a receipt is; AlreadyExists where the order was paid or cancelled.
    """
    role, ordered, owed = await _standing(session, actor, payout_id)
    if ordered.actor_id == actor.person_id:
        raise NotAllowed("four eyes: you have ordered it, another person records that it was paid")
    rules.check_evidence(evidence, legal_day(await now(session)))
    paid = await resolving(session, ordered, TransferKind.POST, purpose)
    paid.evidence, paid.actor_id = evidence, actor.person_id
    made = await write_once(session, paid)
    await record_banked(session, actor, role, owed, made, "payout_recorded")
    return made


async def cancel(session: AsyncSession, actor: Actor, payout_id: UUID, reason: str) -> Transfer:
    """Take an order back that was not paid, with a reason; the money is owed as before. The hall's operator or finance."""
    role, ordered, owed = await _standing(session, actor, payout_id)
    void = await resolving(session, ordered, TransferKind.VOID, f"cancellation of {ordered.purpose}")
    void.evidence, void.actor_id = {"reason": reason}, actor.person_id
    made = await write_once(session, void)
    await record_banked(session, actor, role, owed, made, "payout_cancelled")
    return made


async def _standing(session: AsyncSession, actor: Actor, payout_id: UUID) -> tuple[Role, Transfer, Account]:
    """An order that is neither paid nor cancelled, with the account that it is paid from, which is held."""
    role = await require_hall(session, actor)
    ordered = await pending_by_id(session, payout_id)
    owed = await session.get_one(Account, ordered.debit_id)
    if owed.kind not in PAID_OUT:
        raise NotFound("no payout was ordered by this id")
    await queries.account(session, owed.kind, owed.subject_id, owed.currency, lock=True)
    resolved = await queries.resolution(session, ordered.id)
    if resolved is not None:
        done = "cancelled" if resolved.kind is TransferKind.VOID else "paid"
        raise AlreadyExists(f"this payout was {done}")
    return role, ordered, owed
