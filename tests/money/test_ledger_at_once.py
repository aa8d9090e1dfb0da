"""What no two transactions can do to the ledger at once, and what the database itself refuses; real connections."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from market.errors import MarketError
from market.money import service
from market.money.rules import Balance, Part
from schemas.vocabulary import AccountKind
from tests.makers import Market
from tests.money.deposits import CNY, Ledger, whole

SELLER = AccountKind.SELLER

# Two at once


async def outcome(verb: object) -> str:
    try:
        await verb  # type: ignore[misc]
    except MarketError as refused:
        return refused.slug()
    return "done"


async def test_of_many_who_resolve_one_deposit_at_once_exactly_one_does(ledger: Ledger, bidder: UUID) -> None:
    for _ in range(10):
        held = await ledger.hold(bidder, 100)
        attempts = [ledger.release(held.id) for _ in range(4)]
        settlements = [ledger.settle(held.id, [Part(SELLER, bidder, 100)]) for _ in range(4)]
        outcomes = await asyncio.gather(*(outcome(verb) for verb in (*attempts, *settlements)))
        assert sorted(outcomes) == ["conflict"] * 7 + ["done"]
    standing, owed = await ledger.balance(bidder), await ledger.balance(bidder, SELLER)
    assert (standing.held + owed.held, standing.reserved) == (10_000, 0)
    await whole(ledger)


async def until_one_waits(ledger: Ledger) -> None:
    """Until another transaction waits for the one that is open; a hang is a failure."""
    async with asyncio.timeout(60), ledger.database.engine.connect() as connection:
        query = text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
        )
        while not (await connection.execute(query)).scalar_one():
            await connection.rollback()


@pytest.mark.parametrize("commits", [True, False])
async def test_who_comes_second_waits_for_the_first_and_wins_only_where_it_fails(
    ledger: Ledger, bidder: UUID, commits: bool
) -> None:
    held = await ledger.hold(bidder, 100)
    async with ledger.database.sessions() as first:
        await service.release(first, held.id, purpose=f"first {held.id}")
        second = asyncio.create_task(outcome(ledger.settle(held.id, [Part(SELLER, bidder, 100)])))
        await until_one_waits(ledger)
        await (first.commit() if commits else first.rollback())
    assert await second == ("conflict" if commits else "done")
    assert await ledger.balance(bidder) == (Balance(10_000, 0) if commits else Balance(9_900, 0))


async def test_of_many_holds_of_the_same_money_one_is_made(ledger: Ledger, bidder: UUID) -> None:
    outcomes = await asyncio.gather(*(outcome(ledger.hold(bidder, 6_000)) for _ in range(8)))
    assert sorted(outcomes) == ["conflict"] * 7 + ["done"]
    assert await ledger.balance(bidder) == Balance(10_000, 6_000)


async def test_a_hold_and_a_refund_do_not_spend_the_same_money(ledger: Ledger, bidder: UUID) -> None:
    outcomes = await asyncio.gather(
        *(outcome(verb(bidder, 6_000)) for verb in (ledger.hold, ledger.refund) * 4)
    )
    assert sorted(outcomes) == ["conflict"] * 7 + ["done"]
    assert (await ledger.balance(bidder)).available == 4_000


async def test_the_same_verb_many_times_at_once_is_made_once(market: Market, ledger: Ledger) -> None:
    bidder = await market.organisation()
    receipts = await asyncio.gather(
        *(ledger.receive(bidder, 500, purpose=f"at once {bidder}") for _ in range(8))
    )
    assert len({transfer.id for transfer in receipts}) == 1
    round_id = uuid4()
    holds = await asyncio.gather(
        *(ledger.hold(bidder, 500, round_id=round_id, purpose=f"hold at once {bidder}") for _ in range(8))
    )
    assert len({transfer.id for transfer in holds}) == 1
    releases = await asyncio.gather(
        *(ledger.release(holds[0].id, purpose=f"release at once {bidder}") for _ in range(8))
    )
    assert len({transfer.id for transfer in releases}) == 1
    assert await ledger.balance(bidder) == Balance(500, 0)


async def test_who_resolves_does_not_wait_for_who_spends(ledger: Ledger, bidder: UUID) -> None:
    held = await ledger.hold(bidder, 100)
    async with ledger.database.sessions() as spending:
        await service.hold(
            spending,
            organisation_id=bidder,
            round_id=uuid4(),
            amount=9_900,
            currency=CNY,
            purpose=str(uuid4()),
        )
        await ledger.release(held.id)
        await spending.commit()
    assert await ledger.balance(bidder) == Balance(10_000, 9_900)


# What the database keeps


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transfer SET amount = amount + 1 WHERE id = :id",
        "UPDATE transfer SET kind = 'posted' WHERE id = :id",
        "DELETE FROM transfer WHERE id = :id",
    ],
)
async def test_a_transfer_is_never_changed_or_deleted(ledger: Ledger, bidder: UUID, statement: str) -> None:
    held = await ledger.hold(bidder, 100)
    with pytest.raises(IntegrityError, match="never changed or deleted"):
        async with ledger.transaction() as session:
            await session.execute(text(statement), {"id": held.id})
    assert await ledger.balance(bidder) == Balance(10_000, 100)


COPY = """
INSERT INTO transfer (id, debit_id, credit_id, amount, currency, kind, pending_id, post_id, purpose, evidence, at)
SELECT gen_random_uuid(), {debit}, credit_id, {amount}, {currency}, {kind}, {pending}, {post}, gen_random_uuid(), '{{}}', at
FROM transfer WHERE id = :id
"""


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"amount": "0"}, "ck_transfer_amount"),
        ({"amount": "-5"}, "ck_transfer_amount"),
        ({"debit": "credit_id"}, "ck_transfer_sides"),
        ({"currency": "'EUR'"}, "fk_transfer_(debit|credit)_id_currency"),
        ({"kind": "'void'"}, "ck_transfer_resolution"),
        ({"pending": "id"}, "ck_transfer_resolution"),
        ({"post": "id"}, "ck_transfer_part"),
        ({"debit": "gen_random_uuid()"}, "fk_transfer_debit_id_currency"),
    ],
)
async def test_the_database_refuses_what_no_ledger_holds(
    ledger: Ledger, bidder: UUID, change: dict[str, str], rule: str
) -> None:
    held = await ledger.hold(bidder, 100)
    columns = {
        "debit": "debit_id",
        "amount": "amount",
        "currency": "currency",
        "kind": "kind",
        "pending": "NULL::uuid",
        "post": "NULL::uuid",
    }
    with pytest.raises(IntegrityError, match=rule):
        async with ledger.transaction() as session:
            await session.execute(text(COPY.format(**columns | change)), {"id": held.id})


async def test_the_database_refuses_a_second_resolution(ledger: Ledger, bidder: UUID) -> None:
    held = await ledger.hold(bidder, 100)
    copy = COPY.format(
        debit="debit_id", amount="amount", currency="currency", kind="'void'", pending="id", post="NULL::uuid"
    )
    async with ledger.transaction() as session:
        await session.execute(text(copy), {"id": held.id})
    with pytest.raises(IntegrityError, match="uq_transfer_pending_id"):
        async with ledger.transaction() as session:
            await session.execute(text(copy), {"id": held.id})
