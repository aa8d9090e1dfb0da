"""The applications that are measured beside each other, as factories for uvicorn."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody

from market.serving import application
from schemas.trading import NewBid

INSERT = """
INSERT INTO round_entry (round_id, seq, kind, at, amount, document, previous, hash, registration_id, person_id,
    idempotency_key, request_digest)
SELECT $1, $2, 'bid', $3, $4, ''::bytea, ''::bytea, $5, r.id, r.registered_by, encode($5, 'escape'), ''::bytea
FROM bidder_registration r WHERE r.round_id = $1 LIMIT 1
"""


def hall() -> Litestar:
    """Release Hall itself, as `market serve` makes it."""
    return application()


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

    @post("/api/v1/rounds/{round_id:uuid}/bids")
    async def bid(
        request: Request[Any, Any, Any], state: State, round_id: FromPath[UUID], data: JSONBody[NewBid]
    ) -> Response[dict[str, Any]]:
        assert data.amount is not None
        amount, key = data.amount.minor, request.headers["idempotency-key"]
        async with state.pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow("SELECT * FROM sale_round WHERE id = $1 FOR UPDATE", round_id)
            at = await connection.fetchval("SELECT clock_timestamp()")
            if row["status"] != "bidding" or at >= row["ends_at"] or amount < row["opening_price"]:
                return Response({"least": row["opening_price"]}, status_code=409)
            seq = row["last_seq"] + 1
            await connection.execute(INSERT, round_id, seq, at, amount, key.encode())
            await connection.execute(
                "UPDATE sale_round SET last_seq = $2, top_seq = $2, top_amount = $3 WHERE id = $1",
                round_id,
                seq,
                amount,
            )
        return Response({"seq": seq, "at": at.isoformat()}, status_code=201)

    @get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return Litestar([read, bid, health], lifespan=[running], openapi_config=None, logging_config=None)
