"""The applications that are measured beside each other, as factories for uvicorn."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
from litestar import Litestar, Response, get
from litestar.datastructures import State
from litestar.params import FromPath

from market.app import create_app
from market.settings import Settings


def hall() -> Litestar:
    """Release Hall itself."""
    return create_app(Settings())


def bare() -> Litestar:
    """A bare Litestar handler: one `fetchrow` by primary key with asyncpg, the stored bytes sent as they are."""

    @asynccontextmanager
    async def running(app: Litestar) -> AsyncIterator[None]:
        async with asyncpg.create_pool(os.environ["MARKET_DATABASE_URL"], min_size=1, max_size=10) as pool:
            app.state.pool = pool
            yield

    @get("/api/v1/listings/{listing_id:uuid}")
    async def read(state: State, listing_id: FromPath[UUID]) -> Response[bytes]:
        row = await state.pool.fetchrow(
            "SELECT document FROM listing_version WHERE listing_id = $1 AND number = 1", listing_id
        )
        return Response(row["document"], media_type="application/json")

    @get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return Litestar([read, health], lifespan=[running], openapi_config=None, logging_config=None)
