"""Deals of public sellers wait for their notices: the clock of their database is moved."""

import pytest_asyncio

from tests.trading.clock import give_a_clock


@pytest_asyncio.fixture(scope="module")
async def database_url(database_url: str) -> str:
    await give_a_clock(database_url)
    return database_url
