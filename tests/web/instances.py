"""Further instances of the application on the same database, as several processes would be."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from litestar import Litestar

from market.app import create_app, running
from market.settings import Settings
from tests.makers import Market


@asynccontextmanager
async def another(
    settings: Settings,
    *,
    address: str = "127.0.0.1",
    prepare: Callable[[Litestar], None] = lambda _: None,
    **changes: Any,
) -> AsyncIterator[Market]:
    """An instance with a client at `address`; `changes` are its settings that differ, `prepare` sees it unstarted."""
    changed = settings.model_copy(update=changes)
    app = create_app(changed)
    prepare(app)
    async with running(app), client_of(app, changed.base_url, address) as client:
        yield Market(app, client, app.state.database, changed)


def client_of(app: Litestar, base_url: str, address: str) -> httpx.AsyncClient:
    """A client that keeps its own cookies and calls from `address`."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 40_000))
    return httpx.AsyncClient(transport=transport, base_url=base_url)


def client_at(market: Market, address: str) -> httpx.AsyncClient:
    return client_of(market.app, market.settings.base_url, address)
