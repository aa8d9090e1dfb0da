"""What time does to rounds: by the worker, by several at once, after a long silence, and told to those who watch."""

import asyncio
import json
import logging
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text

from market.trading import queries
from market.trading.entries import append_entry
from market.trading.turning import advance
from market.trading.vault import Vault
from market.worker import turn_rounds
from schemas.vocabulary import EntryKind
from tests.makers import Market
from tests.trading.stage import OPENING, STEP, Sale, money


def vault(market: Market) -> Vault:
    found: Vault = market.app.state.house.vault
    return found


async def stored_status(sale: Sale) -> str:
    """Without a read through the API, which would let time pass."""
    async with sale.market.database.sessions() as session:
        found = await session.execute(text("SELECT status FROM sale_round WHERE id = :id"), {"id": sale.id})
        status: str = found.scalar_one()
        return status


async def test_the_worker_turns_rounds_that_nobody_reads(market: Market) -> None:
    sale = await Sale.of(market, "announced")
    for hours, status in ((1, "qualifying"), (1, "bidding"), (24, "no_sale")):
        await sale.move(-timedelta(hours=hours))
        await turn_rounds(market.database, vault(market))
        assert await stored_status(sale) == status
    await turn_rounds(market.database, vault(market))
    assert await stored_status(sale) == "no_sale"


async def test_one_round_that_cannot_go_on_keeps_no_other_from_its_time(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    broken = await Sale.of(market, reserve_price=money(OPENING))
    sound = await Sale.of(market)
    await broken.move(-timedelta(hours=25))
    await sound.move(-timedelta(hours=25))
    with caplog.at_level(logging.CRITICAL):
        await turn_rounds(market.database, Vault("another secret of at least 32 characters"))
    assert await stored_status(broken) == "bidding"
    assert await stored_status(sound) == "no_sale"
    assert (await broken.read())["status"] == "no_sale"


async def test_however_many_close_a_round_at_once_it_is_closed_once(market: Market) -> None:
    sale = await Sale.of(market)
    await sale.bid(0, OPENING)
    await sale.move(-timedelta(hours=25))
    turns = (advance(market.database, vault(market), UUID(sale.id)) for _ in range(6))
    reads = (sale.read() for _ in range(6))
    late = (sale.try_bid(number % 2, OPENING + STEP) for number in range(6))
    *_, last = await asyncio.gather(*turns, *reads, *late)
    assert last.status_code == 409
    assert [entry["kind"] for entry in await sale.log()] == ["admitted", "bid", "closed"]
    assert await sale.deposits() == ["held", "resolved"]


async def test_after_a_long_silence_every_turn_is_made_in_order(market: Market) -> None:
    sale = await Sale.of(market, "announced")
    await sale.move(-timedelta(days=30))
    assert (await sale.read())["status"] == "no_sale"
    assert [entry["kind"] for entry in await sale.log()] == ["admitted", "closed"]


async def test_whoever_watches_is_told_of_every_entry(market: Market) -> None:
    told: list[str] = []
    connection = await asyncpg.connect(market.database.plain_url)
    await connection.add_listener("round_moved", lambda *note: told.append(str(note[3])))
    sale = await Sale.of(market, "bidding")
    await sale.bid(0, OPENING)
    await sale.let_pass(hours=24)
    await sale.confirm()
    await connection.fetchval("SELECT 1")  # what was sent before has come by then
    await connection.close()
    assert told == [entry["document"] for entry in await sale.log()]


async def test_an_entry_too_long_to_be_told_is_announced_by_its_head(market: Market) -> None:
    told: list[str] = []
    sale = await Sale.of(market)
    connection = await asyncpg.connect(market.database.plain_url)
    await connection.add_listener("round_moved", lambda *note: told.append(str(note[3])))
    async with market.database.sessions() as session, session.begin():
        row = await queries.locked(session, UUID(sale.id))
        for length in (7000, 9000):
            await append_entry(session, row, EntryKind.SUSPENDED, {"reason": "x" * length})
    await connection.fetchval("SELECT 1")
    await connection.close()
    whole, long = (await sale.log())[-2:]
    assert told[0] == whole["document"]
    said = json.loads(long["document"])
    assert json.loads(told[1]) == {name: said[name] for name in ("round", "seq", "kind", "at")}
