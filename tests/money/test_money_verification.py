"""`market verify` names whatever was changed in the ledger behind the application's back."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from market.money.rules import Part
from market.verification import findings
from schemas.vocabulary import AccountKind
from tests.makers import Market
from tests.money.deposits import Ledger


async def found(market: Market) -> list[str]:
    return [finding async for finding in findings(market.database, lambda _done, _of: None)]


async def transfers(market: Market) -> dict[str, UUID]:
    """A receipt, a deposit that is held, and one that was settled in two parts."""
    ledger, organisation = await Ledger.of(market), await market.organisation()
    receipt = await ledger.receive(organisation, 1_000)
    held, lost = await ledger.hold(organisation, 300), await ledger.hold(organisation, 200)
    parts = [Part(AccountKind.COSTS, uuid4(), 50), Part(AccountKind.SELLER, uuid4(), 150)]
    post, costs, sold = await ledger.settle(lost.id, parts)
    refund = await ledger.refund(organisation, 100)
    made = {"receipt": receipt, "held": held, "post": post, "costs": costs, "sold": sold, "refund": refund}
    return {name: transfer.id for name, transfer in made.items()} | {"party": receipt.credit_id}


async def test_a_ledger_that_nobody_touched_has_no_findings(market: Market) -> None:
    await transfers(market)
    assert await found(market) == []


TOUCHED: dict[str, tuple[list[str], set[str]]] = {
    "a receipt of another amount": (
        ["UPDATE transfer SET amount = 999 WHERE id = '{receipt}'"],
        {"transfer {receipt}: the ledger and the record know different receipts, refunds or payouts"},
    ),
    "a receipt by another name": (
        ["""UPDATE transfer SET evidence = '{{"name": "other"}}' WHERE id = '{receipt}'"""],
        {"transfer {receipt}: the ledger and the record know different receipts, refunds or payouts"},
    ),
    "a refund that is gone": (
        ["DELETE FROM transfer WHERE id = '{refund}'"],
        {"transfer {refund}: the ledger and the record know different receipts, refunds or payouts"},
    ),
    "a receipt that is gone": (
        ["DELETE FROM transfer WHERE id = '{receipt}'"],
        {
            "transfer {receipt}: the ledger and the record know different receipts, refunds or payouts",
            "account {party} (party, CNY) is overdrawn by 600 minor units",
        },
    ),
    "a deposit that is larger than the account": (
        ["UPDATE transfer SET amount = 701 WHERE id = '{held}'"],
        {"account {party} (party, CNY) is overdrawn by 1 minor units"},
    ),
    "a part that grew": (
        ["UPDATE transfer SET amount = 151 WHERE id = '{sold}'"],
        {
            "the settlement {post}: its parts come to 201 of 200",
            "(escrow, CNY) is overdrawn by 1 minor units",
        },
    ),
    "a part that is gone": (
        ["DELETE FROM transfer WHERE id = '{costs}'"],
        {"the settlement {post}: its parts come to 150 of 200"},
    ),
    "a part of another settlement": (
        ["UPDATE transfer SET post_id = '{held}' WHERE id = '{costs}'"],
        {
            "the settlement {post}: its parts come to 150 of 200",
            "transfer {costs}: it is a part of no settlement",
        },
    ),
    "a settlement of another sum": (
        ["UPDATE transfer SET amount = 199 WHERE id = '{post}'"],
        {
            "transfer {post}: what it resolves is missing, or another sum between other accounts",
            "the settlement {post}: its parts come to 200 of 199",
            "(escrow, CNY) is overdrawn by 1 minor units",
        },
    ),
    "a side in another currency": (
        ["UPDATE account SET currency = 'EUR' WHERE id = '{party}'"],
        {
            "the ledger in CNY: debits and credits differ by 700 minor units",
            "the ledger in EUR: debits and credits differ by 700 minor units",
            "transfer {receipt}: an account of it is missing or in another currency",
            "transfer {held}: an account of it is missing or in another currency",
            "transfer {post}: an account of it is missing or in another currency",
            "transfer {refund}: an account of it is missing or in another currency",
        },
    ),
    "a deposit that was resolved twice": (
        [
            "ALTER TABLE transfer DROP CONSTRAINT uq_transfer_pending_id",
            "INSERT INTO transfer (id, debit_id, credit_id, amount, currency, kind, pending_id, purpose, evidence, at)"
            " SELECT gen_random_uuid(), debit_id, credit_id, amount, currency, 'void', id, gen_random_uuid(), '{{}}', at"
            " FROM transfer, generate_series(1, 2) WHERE id = '{held}'",
        ],
        {"transfer {held} was resolved 2 times"},
    ),
}


@pytest.mark.parametrize("touched", TOUCHED)
async def test_what_was_touched_in_the_ledger_is_named(market: Market, touched: str) -> None:
    statements, told = TOUCHED[touched]
    names = await transfers(market)
    before = await found(market)
    async with market.database.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            await connection.execute(text(statement.format(**names).replace(":", r"\:")))
    new = [finding for finding in await found(market) if finding not in before]
    for sentence in told:
        assert [finding for finding in new if sentence.format(**names) in finding], (sentence, new)
