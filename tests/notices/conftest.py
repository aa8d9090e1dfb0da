"""Notices of the tests run their whole periods: the clock of their database is moved."""

import asyncpg
import pytest_asyncio

from tests.makers import Market
from tests.notices.unit import Unit
from tests.trading.clock import give_a_clock


@pytest_asyncio.fixture(scope="module")
async def database_url(database_url: str) -> str:
    await give_a_clock(database_url)
    connection = await asyncpg.connect(database_url)  # the application reads it in a role of few rights
    await connection.execute("GRANT USAGE ON SCHEMA clock TO PUBLIC; GRANT SELECT ON clock.moved TO PUBLIC")
    await connection.close()
    return database_url


@pytest_asyncio.fixture(scope="module")
async def unit(market: Market) -> Unit:
    """A university in Beijing that has an objection policy."""
    return await Unit.of(market)
