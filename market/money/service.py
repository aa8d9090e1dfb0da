"""The verbs of the ledger: record what a bank moved, hold a deposit, release it, settle it.

The platform records, banks move: nothing here pays anybody. Transfers are only ever added, each once for its `purpose`:
a repeat finds the transfer that was made. Only the account that money comes to or is taken from at a bank's word, or
that a deposit is held from, is locked. Who does so with several in one transaction takes them in the order of the
accounts' ids, and who resolves several takes them in the order of theirs.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from market.database import new_id, now
from market.errors import Conflict, NotAllowed, NotFound
from market.ledger.service import record
from market.money import queries, rules
from market.money.rules import Part
from market.money.tables import Account, Transfer
from market.organisations.queries import organisation as organisation_by_id
from market.permissions import Actor
from market.workdays import legal_day
from schemas.vocabulary import AccountKind, Role, TransferKind

_UNIQUE_VIOLATION = "23505"


async def record_receipt(
    session: AsyncSession,
    actor: Actor,
    *,
    organisation_id: UUID,
    amount: int,
    currency: str,
    purpose: str,
    evidence: dict[str, Any],
) -> Transfer:
    """Record what the bank's statement shows to have come in from an organisation. The hall's operator or finance.

    It is then available to the organisation. `evidence` is the bank's line in plain JSON values; Conflict where the
    purpose stands for something else.
    """
    role = await _require_hall(session, actor)
    party, bank = await _party_and_bank(session, organisation_id, amount, currency, evidence)
    transfer = await _transfer(session, bank, party, amount, TransferKind.POSTED, purpose)
    transfer.evidence, transfer.actor_id = evidence, actor.person_id
    made = await _once(session, transfer)
    if made is transfer:
        await _record_banked(session, actor, role, party, transfer, "receipt_recorded")
    return made


async def record_refund(
    session: AsyncSession,
    actor: Actor,
    *,
    organisation_id: UUID,
    amount: int,
    currency: str,
    purpose: str,
    evidence: dict[str, Any],
) -> Transfer:
    """Record what the bank has paid out to an organisation. The hall's operator or finance.

    Conflict where it is more than the organisation has available, beside what is held for rounds, or where the purpose
    stands for something else.
    """
    role = await _require_hall(session, actor)
    party, bank = await _party_and_bank(session, organisation_id, amount, currency, evidence)
    transfer = await _transfer(session, party, bank, amount, TransferKind.POSTED, purpose)
    transfer.evidence, transfer.actor_id = evidence, actor.person_id
    made = await _once(session, transfer, spent_from=party)
    if made is transfer:
        await _record_banked(session, actor, role, party, transfer, "refund_recorded")
    return made


async def hold(
    session: AsyncSession, *, organisation_id: UUID, round_id: UUID, amount: int, currency: str, purpose: str
) -> Transfer:
    """Reserve a deposit (保证金) for a round, as a pending transfer; the caller has asked for the permission.

    Conflict where the organisation has less available: of two that would spend the same money, one is refused.
    """
    rules.check_amount(amount)
    party = await _account(session, AccountKind.PARTY, organisation_id, currency, lock=True)
    escrow = await _account(session, AccountKind.ESCROW, round_id, currency)
    transfer = await _transfer(session, party, escrow, amount, TransferKind.PENDING, purpose)
    return await _once(session, transfer, spent_from=party)


async def release(session: AsyncSession, pending_id: UUID, *, purpose: str) -> Transfer:
    """Give a held deposit back to its organisation's account; a bank has then yet to pay it out.

    NotFound where nothing is pending by this id, Conflict where it was resolved for another purpose.
    """
    pending = await _pending(session, pending_id)
    return await _once(session, await _resolving(session, pending, TransferKind.VOID, purpose))


async def settle(
    session: AsyncSession, pending_id: UUID, parts: Sequence[Part], *, purpose: str
) -> list[Transfer]:
    """Take a held deposit and give its parts to others: all of them or none, and exactly the deposit.

    Answers the transfer that posts it, then one for each part in the order given. NotFound and Conflict as in
    `release`; Invalid where the parts are not what a settlement may be.
    """
    pending = await _pending(session, pending_id)
    rules.check_settlement(pending.amount, parts)
    accounts: dict[tuple[AccountKind, UUID], Account] = {}
    for kind, subject_id in sorted({(part.kind, part.subject_id) for part in parts}):
        accounts[kind, subject_id] = await _account(session, kind, subject_id, pending.currency)
    escrow = await session.get_one(Account, pending.credit_id)
    post = await _resolving(session, pending, TransferKind.POST, purpose)
    given: list[Transfer] = []
    for number, part in enumerate(parts, start=1):
        account = accounts[part.kind, part.subject_id]
        transfer = await _transfer(
            session, escrow, account, part.amount, TransferKind.POSTED, f"{purpose}/{number}"
        )
        transfer.post_id = post.id
        given.append(transfer)
    made = await _once(session, post, *given)
    return [made, *(given if made is post else await _repeated_parts(session, made, given))]


async def _repeated_parts(session: AsyncSession, made: Transfer, asked: Sequence[Transfer]) -> list[Transfer]:
    standing = {part.purpose: part for part in await queries.parts_of(session, made.id)}
    if {name: _facts(part) for name, part in standing.items()} != {
        part.purpose: _facts(part) for part in asked
    }:
        raise Conflict(f"{made.purpose} was settled in other parts")
    return [standing[part.purpose] for part in asked]


async def _require_hall(session: AsyncSession, actor: Actor) -> Role:
    """The role by which the actor records for the hall, or NotAllowed."""
    role = await queries.hall_role(session, actor)
    if role is None:
        raise NotAllowed(
            "record deposit needs one of the roles finance, operator of the operator's organisation"
        )
    return role


async def _party_and_bank(
    session: AsyncSession, organisation_id: UUID, amount: int, currency: str, evidence: dict[str, Any]
) -> tuple[Account, Account]:
    await organisation_by_id(session, organisation_id)
    rules.check_amount(amount)
    rules.check_evidence(evidence, legal_day(await now(session)))
    party = await _account(session, AccountKind.PARTY, organisation_id, currency, lock=True)
    return party, await _account(session, AccountKind.BANK, rules.HALL, currency)


async def _account(
    session: AsyncSession, kind: AccountKind, subject_id: UUID, currency: str, *, lock: bool = False
) -> Account:
    """The account, opened where there is none."""
    found = await queries.account(session, kind, subject_id, currency, lock=lock)
    if found is None:
        opened = {"id": new_id(), "kind": kind, "subject_id": subject_id, "currency": currency}
        await session.execute(
            insert(Account).values(opened | {"created_at": await now(session)}).on_conflict_do_nothing()
        )
        return await _account(session, kind, subject_id, currency, lock=lock)
    return found


async def _transfer(
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


async def _pending(session: AsyncSession, pending_id: UUID) -> Transfer:
    found = await session.get(Transfer, pending_id)
    if found is None or found.kind is not TransferKind.PENDING:
        raise NotFound("no deposit is held by this id")
    return found


async def _resolving(session: AsyncSession, pending: Transfer, kind: TransferKind, purpose: str) -> Transfer:
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


async def _once(
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
    if _facts(standing) != _facts(transfer):
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


def _facts(transfer: Transfer) -> tuple[Any, ...]:
    """What a repeat must say again."""
    sides = (transfer.debit_id, transfer.credit_id, transfer.amount, transfer.currency)
    return (*sides, transfer.kind, transfer.pending_id, transfer.evidence)


async def _record_banked(
    session: AsyncSession, actor: Actor, role: Role, party: Account, transfer: Transfer, kind: str
) -> None:
    data = {
        "transfer": str(transfer.id),
        "amount": transfer.amount,
        "currency": transfer.currency,
        "purpose": transfer.purpose,
        "evidence": transfer.evidence,
    }
    await record(session, actor, ("account", party.id), kind, role=role, data=data)
