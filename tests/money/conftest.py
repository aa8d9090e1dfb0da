"""A ledger, and a bidder who has paid in."""

from uuid import UUID

import pytest

from tests.makers import Market
from tests.money.deposits import Ledger


@pytest.fixture(scope="module")
async def ledger(market: Market) -> Ledger:
    return await Ledger.of(market)


@pytest.fixture
async def bidder(market: Market, ledger: Ledger) -> UUID:
    """An organisation with 100.00 on its account."""
    organisation = await market.organisation()
    await ledger.receive(organisation, 10_000)
    return organisation
