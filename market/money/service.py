"""The verbs of the ledger: record what a bank moved, hold a deposit, release it, settle it.

The platform records, banks move: nothing here pays anybody. Transfers are only ever added, each once for its `purpose`:
a repeat finds the transfer that was made. Only the account that money comes to or is taken from at a bank's word, or
that a deposit is held from, is locked. Who does so with several in one transaction takes them in the order of the
accounts' ids, and who resolves several takes them in the order of theirs.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.errors import Conflict, NotAllowed
from market.ledger.service import record
from market.money import queries, rules
from market.money.rules import Part
from market.money.tables import Account, Transfer
from market.money.writing import (
    account_of,
    facts,
    pending_by_id,
    resolving,
    transfer_between,
    write_once,
)
from market.organisations.queries import organisation as organisation_by_id
from market.permissions import Actor
from market.workdays import legal_day
from schemas.vocabulary import AccountKind, Role, TransferKind


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
    role = await require_hall(session, actor)
    party, bank = await _party_and_bank(session, organisation_id, amount, currency, evidence)
    transfer = await transfer_between(session, bank, party, amount, TransferKind.POSTED, purpose)
    transfer.evidence, transfer.actor_id = evidence, actor.person_id
    made = await write_once(session, transfer)
    if made is transfer:
        await record_banked(session, actor, role, party, transfer, "receipt_recorded")
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
    role = await require_hall(session, actor)
    party, bank = await _party_and_bank(session, organisation_id, amount, currency, evidence)
    transfer = await transfer_between(session, party, bank, amount, TransferKind.POSTED, purpose)
    transfer.evidence, transfer.actor_id = evidence, actor.person_id
    made = await write_once(session, transfer, spent_from=party)
    if made is transfer:
        await record_banked(session, actor, role, party, transfer, "refund_recorded")
    return made


async def hold(
    session: AsyncSession, *, organisation_id: UUID, round_id: UUID, amount: int, currency: str, purpose: str
) -> Transfer:
    """Reserve a deposit (保证金) for a round, as a pending transfer; the caller has asked for the permission.

    Conflict where the organisation has less available: of two that would spend the same money, one is refused.
    """
    rules.check_amount(amount)
    party = await account_of(session, AccountKind.PARTY, organisation_id, currency, lock=True)
    escrow = await account_of(session, AccountKind.ESCROW, round_id, currency)
    transfer = await transfer_between(session, party, escrow, amount, TransferKind.PENDING, purpose)
    return await write_once(session, transfer, spent_from=party)


async def release(session: AsyncSession, pending_id: UUID, *, purpose: str) -> Transfer:
    """Give a held deposit back to its organisation's account; a bank has then yet to pay it out.

    NotFound where nothing is pending by this id, Conflict where it was resolved for another purpose.
    """
    pending = await pending_by_id(session, pending_id)
    return await write_once(session, await resolving(session, pending, TransferKind.VOID, purpose))


async def settle(
    session: AsyncSession, pending_id: UUID, parts: Sequence[Part], *, purpose: str
) -> list[Transfer]:
    """Take a held deposit and give its parts to others: all of them or none, and exactly the deposit.

    Answers the transfer that posts it, then one for each part in the order given. NotFound and Conflict as in
    `release`; Invalid where the parts are not what a settlement may be.
    """
    pending = await pending_by_id(session, pending_id)
    rules.check_settlement(pending.amount, parts)
    accounts: dict[tuple[AccountKind, UUID], Account] = {}
    for kind, subject_id in sorted({(part.kind, part.subject_id) for part in parts}):
        accounts[kind, subject_id] = await account_of(session, kind, subject_id, pending.currency)
    escrow = await session.get_one(Account, pending.credit_id)
    post = await resolving(session, pending, TransferKind.POST, purpose)
    given: list[Transfer] = []
    for number, part in enumerate(parts, start=1):
        account = accounts[part.kind, part.subject_id]
        transfer = await transfer_between(
            session, escrow, account, part.amount, TransferKind.POSTED, f"{purpose}/{number}"
        )
        transfer.post_id = post.id
        given.append(transfer)
    made = await write_once(session, post, *given)
    return [made, *(given if made is post else await _repeated_parts(session, made, given))]


async def _repeated_parts(session: AsyncSession, made: Transfer, asked: Sequence[Transfer]) -> list[Transfer]:
    standing = {part.purpose: part for part in await queries.parts_of(session, made.id)}
    if {name: facts(part) for name, part in standing.items()} != {
        part.purpose: facts(part) for part in asked
    }:
        raise Conflict(f"{made.purpose} was settled in other parts")
    return [standing[part.purpose] for part in asked]


async def require_hall(session: AsyncSession, actor: Actor) -> Role:
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
    party = await account_of(session, AccountKind.PARTY, organisation_id, currency, lock=True)
    return party, await account_of(session, AccountKind.BANK, rules.HALL, currency)


async def record_banked(
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
