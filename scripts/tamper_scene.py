"""A small market for `scripts.tamper`, straight in the tables: chains, documents, money, bids, and the log over all of it."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from market.database import Database, new_id
from market.deals.tables import Contract, Payment
from market.ledger.rules import canonical, sha256
from market.ledger.sequencing import sequence
from market.ledger.service import record
from market.ledger.signing import sign, signing_key
from market.ledger.sources import SOURCES
from market.listings.tables import ListingVersion
from market.managers.tables import Introduction
from market.money.tables import Account, Transfer
from market.trading.log import bid_facts, entry, instant, link
from market.trading.tables import Entry, Registration, Round
from schemas.vocabulary import (
    AccountKind,
    ContractKind,
    EntryKind,
    Mode,
    Party,
    RegistrationStatus,
    RoundKind,
    RoundStatus,
    TransferKind,
)

PORTIONS = 6
"""How often the log grows, each time with a checkpoint."""
ORIGIN = "tamper.example/log"
_BIDDERS = ("A1", "B2", "C3")
_OPENING, _STEP, _DEPOSIT = 100_000_00, 1_000_00, 10_000_00


async def build(
    database: Database, key: Ed25519PrivateKey, chance: random.Random, *, portions: int = PORTIONS
) -> None:
    """Fill an empty, migrated database. References to people and organisations lead nowhere: nobody follows them."""
    begun = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    bank: Account | None = None
    # The rows enter the log as they do in a market, though without foreign keys.
    await _log_triggers(database, "ENABLE ALWAYS TRIGGER")
    for portion in range(portions):
        at = begun + timedelta(days=portion)
        async with database.sessions() as session, session.begin():
            await session.execute(text("SET LOCAL session_replication_role = replica"))
            for _ in range(6):
                await _listing(session, at, chance)
            for _ in range(3):
                await _deal(session, at, chance)
                await _introduction(session, at)
            bank = bank or await _bank(session, at)
            await _money(session, bank, at, chance)
            if portion % 2:
                await _round(session, bank, at, chance)
        await sequence(database, key, ORIGIN)
    await _log_triggers(database, "ENABLE TRIGGER")


async def _log_triggers(database: Database, what: str) -> None:
    async with database.engine.begin() as connection:
        for name, source in SOURCES.items():
            await connection.execute(text(f"ALTER TABLE {source.table} {what} log_{name}"))


async def _add(session: AsyncSession, *rows: SQLModel) -> None:
    session.add_all(rows)
    await session.flush()


async def _listing(session: AsyncSession, at: datetime, chance: random.Random) -> ListingVersion:
    """Its newest version."""
    listing = new_id()
    for kind in ("drafted", "submitted", "approved"):
        await record(session, None, ("listing", listing), kind)
    for number in range(1, chance.randint(2, 3) + 1):
        document = canonical({"id": str(listing), "version": number, "price": chance.randint(1, 10**9)})
        version = ListingVersion(
            listing_id=listing,
            number=number,
            document=document,
            sha256=sha256(document),
            published_at=at + timedelta(minutes=number),
            published_by=new_id(),
        )
        await _add(session, version)
        data = {"version": number, "sha256": version.sha256.hex()}
        await record(session, None, ("listing", listing), "published", data=data)
    return version


async def _deal(session: AsyncSession, at: datetime, chance: random.Random) -> None:
    deal = new_id()
    await record(session, None, ("deal", deal), "opened")
    for number in (1, 2):
        value = chance.randint(10**6, 10**9)
        document = canonical({"deal": str(deal), "number": number, "value": value})
        contract = Contract(
            deal_id=deal,
            record_number=number,
            kind=next(iter(ContractKind)),
            number=f"{deal.hex[:8]}-{number}",
            title={"en": "A contract"},
            signed_on=at.date(),
            effective_on=at.date(),
            total_value=value,
            technical_value=value // 2,
            currency="CNY",
            document=document,
            sha256=sha256(document),
            recorded_as=Party.SELLER,
            recorded_by=new_id(),
            recorded_at=at,
        )
        await _add(session, contract)
        data = {"record": number, "sha256": contract.sha256.hex()}
        await record(session, None, ("deal", deal), "contract_recorded", data=data)
    for number in range(3):
        payment = Payment(
            id=new_id(),
            deal_id=deal,
            amount=chance.randint(1, 10**9),
            currency="CNY",
            paid_on=at.date(),
            purpose="instalment",
            reference=f"{deal.hex[:8]}/{number}",
            recorded_as=Party.BUYER,
            recorded_by=new_id(),
            recorded_at=at,
        )
        await _add(session, payment)
        data = {"payment": str(payment.id), "amount": payment.amount}
        await record(session, None, ("deal", deal), "payment_recorded", data=data)


async def _introduction(session: AsyncSession, at: datetime) -> None:
    identifier, assignment = new_id(), new_id()
    receipt = canonical({"type": "introduction", "id": str(identifier), "introduced_at": instant(at)})
    signed = sign(signing_key("of the receipts of a scratch market"), receipt)
    made = Introduction(
        id=identifier,
        assignment_id=assignment,
        interest_id=new_id(),
        listing_id=new_id(),
        owner_organisation_id=new_id(),
        organisation_id=new_id(),
        manager_id=new_id(),
        receipt=receipt,
        sha256=sha256(receipt),
        signature=signed.signature,
        public_key=signed.public_key,
        introduced_at=at,
        valid_until=at + timedelta(days=365),
    )
    await _add(session, made)
    said = {"introduction": str(identifier), "sha256": made.sha256.hex()}
    await record(session, None, ("assignment", assignment), "introduced", data=said)


async def _bank(session: AsyncSession, at: datetime) -> Account:
    bank = _account(AccountKind.BANK, new_id(), at)
    await _add(session, bank)
    return bank


def _account(kind: AccountKind, subject: UUID, at: datetime) -> Account:
    return Account(id=new_id(), kind=kind, subject_id=subject, currency="CNY", created_at=at)


def _moved(
    debit: Account,
    credit: Account,
    amount: int,
    kind: TransferKind,
    at: datetime,
    pending: UUID | None = None,
) -> Transfer:
    identifier = new_id()
    return Transfer(
        id=identifier,
        debit_id=debit.id,
        credit_id=credit.id,
        amount=amount,
        currency="CNY",
        kind=kind,
        pending_id=pending,
        purpose=f"{kind.value} {identifier}",
        evidence={"reference": identifier.hex[:8]},
        at=at,
    )


async def _received(session: AsyncSession, bank: Account, party: Account, amount: int, at: datetime) -> None:
    """What a bank's statement shows, as the ledger and the record know it."""
    made = _moved(bank, party, amount, TransferKind.POSTED, at)
    await _add(session, made)
    said = made.model_dump(include={"amount", "currency", "purpose", "evidence"}) | {"transfer": str(made.id)}
    await record(session, None, ("account", party.id), "receipt_recorded", data=said)


async def _money(session: AsyncSession, bank: Account, at: datetime, chance: random.Random) -> None:
    """Receipts of a bank, deposits held from them, and those given back."""
    party, escrow = _account(AccountKind.PARTY, new_id(), at), _account(AccountKind.ESCROW, new_id(), at)
    await _add(session, party, escrow)
    for _ in range(4):
        amount = chance.randint(1, 10**8)
        await _received(session, bank, party, amount, at)
        held = _moved(party, escrow, amount, TransferKind.PENDING, at)
        await _add(session, held)
        await _add(session, _moved(party, escrow, amount, TransferKind.VOID, at, held.id))


def _rules(round_id: UUID, offered: ListingVersion, seller: UUID, at: datetime) -> bytes:
    bidding = at + timedelta(hours=1)
    return canonical(
        {
            "round": str(round_id),
            "kind": RoundKind.LISTED_SALE.value,
            "mode": Mode.TRANSFER.value,
            "listing": {
                "id": str(offered.listing_id),
                "version": offered.number,
                "sha256": offered.sha256.hex(),
            },
            "seller": {"id": str(seller)},
            "currency": "CNY",
            "opening_price": _OPENING,
            "step": _STEP,
            "deposit": _DEPOSIT,
            "reserve": None,
            "announced_at": instant(at),
            "registration_until": instant(at),
            "bidding_from": instant(bidding),
            "bidding_until": instant(bidding + timedelta(days=7)),
            "hard_stop": None,
            "extension_seconds": 300,
            "confirm_working_days": 5,
        }
    )


async def _round(session: AsyncSession, bank: Account, at: datetime, chance: random.Random) -> None:
    round_id, seller = new_id(), new_id()
    offered = await _listing(session, at, chance)
    rules = _rules(round_id, offered, seller, at)
    await record(session, None, ("round", round_id), "announced", data={"rules_sha256": sha256(rules).hex()})
    bidding, until = at + timedelta(hours=1), at + timedelta(hours=1, days=7)
    bidders = {alias: new_id() for alias in _BIDDERS}
    escrow = _account(AccountKind.ESCROW, round_id, at)
    await _add(session, escrow)
    for alias, identifier in bidders.items():
        party = _account(AccountKind.PARTY, new_id(), at)
        await _add(session, party)
        await _received(session, bank, party, _DEPOSIT, at)
        held = _moved(party, escrow, _DEPOSIT, TransferKind.PENDING, at)
        registered = _registration(round_id, identifier, alias, sha256(rules), at)
        registered.deposit_id = held.id
        await _add(session, held, registered)
    previous = sha256(rules)
    for row, document in _entries(round_id, bidders, bidding, until, chance):
        last = Entry(**row, **vars(joined := link(previous, document)))
        await _add(session, last)
        previous = joined.hash
    top = next(alias for alias, identifier in bidders.items() if identifier == last.registration_id)
    await _add(
        session,
        Round(
            id=round_id,
            kind=RoundKind.LISTED_SALE,
            listing_id=offered.listing_id,
            listing_version=offered.number,
            seller_id=seller,
            mode=Mode.TRANSFER,
            status=RoundStatus.BIDDING,
            plan={},
            currency="CNY",
            opening_price=_OPENING,
            step=_STEP,
            deposit=_DEPOSIT,
            announced_at=at,
            registration_until=at,
            bidding_from=bidding,
            bidding_until=until,
            ends_at=until,
            rules=rules,
            rules_sha256=sha256(rules),
            last_seq=last.seq,
            last_hash=last.hash,
            top_registration_id=last.registration_id,
            top_alias=top,
            top_amount=last.amount,
            top_seq=last.seq,
            editors=[],
            created_by=new_id(),
            created_at=at,
            updated_at=at,
        ),
    )


def _registration(round_id: UUID, identifier: UUID, alias: str, rules: bytes, at: datetime) -> Registration:
    return Registration(
        id=identifier,
        round_id=round_id,
        organisation_id=new_id(),
        alias=alias,
        status=RegistrationStatus.QUALIFIED,
        form={},
        rules_sha256=rules,
        registered_by=new_id(),
        created_at=at,
        updated_at=at,
    )


def _entries(
    round_id: UUID, bidders: dict[str, UUID], begins: datetime, until: datetime, chance: random.Random
) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The columns and the document of each entry: who was admitted, and their bids."""
    facts = {
        "bidders": [{"alias": a, "priority": None} for a in bidders],
        "outcome": RoundStatus.BIDDING.value,
    }
    first = {"round_id": round_id, "seq": 1, "kind": EntryKind.ADMITTED, "at": begins}
    yield first, entry(round_id, 1, EntryKind.ADMITTED, begins, facts)
    amount = _OPENING
    for seq in range(2, 27):
        alias, at = chance.choice(list(bidders)), begins + timedelta(minutes=seq)
        amount += _STEP * chance.randint(1, 3)
        row = {
            "round_id": round_id,
            "seq": seq,
            "kind": EntryKind.BID,
            "at": at,
            "registration_id": bidders[alias],
            "person_id": new_id(),
            "amount": amount,
            "idempotency_key": str(seq),
            "request_digest": b"",
        }
        yield row, entry(round_id, seq, EntryKind.BID, at, bid_facts(alias, amount, None, until))
