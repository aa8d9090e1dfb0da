"""A database that may lose what it confirmed holds no rounds; everything else is served."""

import itertools
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from market.app import create_app, running
from market.settings import Settings
from market.trading.durability import SETTINGS, unsafe
from market.worker import turn_rounds
from tests.makers import Caller, Market
from tests.trading.stage import OPENING, Sale, key, money

SECRET = "a secret of the tests with more than 32 letters"


@pytest.mark.parametrize("values", list(itertools.product(("on", "off"), repeat=3)))
def test_each_setting_that_is_off_is_named(values: tuple[str, ...]) -> None:
    found = dict(zip(SETTINGS, values, strict=True))
    complaint = unsafe(found)
    if "off" not in values:
        assert complaint is None
        return
    assert complaint is not None
    for name, value in found.items():
        assert (name in complaint) == (value == "off")


@pytest.mark.parametrize("value", ["on", "local", "remote_write", "remote_apply"])
def test_every_synchronous_commit_that_waits_for_the_disk_is_enough(value: str) -> None:
    assert unsafe({"fsync": "on", "synchronous_commit": value, "full_page_writes": "on"}) is None


def test_only_the_demo_may_do_without() -> None:
    url = "postgresql://nobody@127.0.0.1/nowhere"
    assert Settings(database_url=url, secret_key=SECRET).durability == "required"
    assert Settings(database_url=url, demo=True, durability="ignored").durability == "ignored"
    with pytest.raises(ValidationError, match="MARKET_DURABILITY=ignored is for the demo"):
        Settings(database_url=url, secret_key=SECRET, durability="ignored")


@pytest.fixture(scope="module")
async def strict(market: Market) -> AsyncIterator[Market]:
    """The same hall by another process that does not look away; the tests' server has all three settings off."""
    settings = market.settings.model_copy(update={"durability": "required"})
    app = create_app(settings)
    async with running(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=settings.base_url) as client:
            yield Market(app, client, app.state.database, settings)


def seen_by(strict: Market, who: Caller) -> Caller:
    return Caller(strict.client, who.token, who.person_id, who.organisation_id, who.email)


def refused(answer: httpx.Response) -> None:
    said: dict[str, Any] = answer.json()
    assert answer.status_code == 503, answer.text
    assert said["type"].endswith("/not-durable")
    assert "fsync and synchronous_commit and full_page_writes are off" in said["detail"]


async def status_of(market: Market, sale: Sale) -> Any:
    """As it is stored, without a read that would let time pass."""
    return await market.database.pool.fetchval("SELECT status FROM sale_round WHERE id = $1", sale.id)


async def test_no_round_is_announced(market: Market, strict: Market) -> None:
    sale = await Sale.of(market, "approved")
    refused(await seen_by(strict, sale.operator).post(f"{sale.path}/announcement"))
    assert (await sale.read(sale.operator))["status"] == "approved"


async def test_no_bidding_begins(market: Market, strict: Market) -> None:
    sale = await Sale.of(market, "qualifying")
    await sale.move(-timedelta(hours=1))
    refused(await strict.client.get(f"/api/v1{sale.path}"))
    await turn_rounds(strict.database, strict.app.state.house.vault)
    assert await status_of(market, sale) == "qualifying"
    assert (await sale.read())["status"] == "bidding"  # read in the hall that looks away


async def test_no_bid_is_taken(market: Market, strict: Market) -> None:
    sale = await Sale.of(market, "bidding")
    bidder = seen_by(strict, sale.bidders[0].who)
    refused(await bidder.post(f"{sale.path}/bids", {"amount": money(OPENING)}, headers=key()))
    assert len(await sale.log()) == 1
    await sale.bid(0, OPENING)


async def test_what_runs_goes_on_to_its_end(market: Market, strict: Market) -> None:
    sale = await Sale.of(market, "bidding")
    await sale.bid(0, OPENING)
    await sale.move(-timedelta(hours=24))
    answer = await strict.client.get(f"/api/v1{sale.path}")
    assert answer.json()["status"] == "provisional_award"


async def test_whoever_asks_whether_it_is_ready_is_told(strict: Market) -> None:
    assert (await strict.client.get("/ready")).json()["durable"] is False
