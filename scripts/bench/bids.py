"""Bids on one hot round over HTTP, beside a bare handler that locks, checks and inserts with asyncpg.

Both take the same raises of the same 32 bidders. The hall authenticates each bid, checks the bidder's registration,
deposit and relations, honours the Idempotency-Key, chains the log, tells the watchers and signs a receipt; the bare
handler does none of it, and takes every bid above the opening price, in whatever order its connections get the lock, so
that no bid of it is wasted.
"""

import itertools
import json
import secrets
import statistics
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from market.database import database_urls, new_id
from market.identity.rules import digest, new_secret
from market.ledger.rules import canonical, sha256
from scripts.bench.load import Measured, Request, load
from scripts.bench.read import insert_listings
from scripts.bench.servers import scratch_database, serving

CLIENTS = 32
ROUNDS = 5
SECONDS = 3.0
OPENING_PRICE = 100_000_00
STEP = 100
DEPOSIT = 10_000_00


@dataclass(frozen=True)
class Scene:
    """A round in bidding and one session token per bidder."""

    round_id: UUID
    tokens: list[str]


async def insert(connection: asyncpg.Connection, table: str, **values: Any) -> None:
    """One row."""
    names = ", ".join(values)
    places = ", ".join(f"${place}" for place in range(1, len(values) + 1))
    await connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *values.values())


async def set_the_scene(connection: asyncpg.Connection) -> Scene:
    """A round in bidding with 32 qualified bidders whose deposits are held, straight in the tables."""
    at = datetime.now(UTC)
    listing, round_id = new_id(), new_id()
    await insert_listings(connection, [listing], [b"{}"])
    seller, person = await connection.fetchrow(
        "SELECT organisation_id, created_by FROM listing WHERE id = $1", listing
    )
    rules = canonical({"round": str(round_id), "opening_price": OPENING_PRICE, "step": STEP})
    await insert(
        connection,
        "sale_round",
        id=round_id,
        kind="listed_sale",
        listing_id=listing,
        listing_version=1,
        seller_id=seller,
        mode="transfer",
        status="bidding",
        plan="{}",
        currency="CNY",
        opening_price=OPENING_PRICE,
        step=STEP,
        deposit=DEPOSIT,
        announced_at=at,
        registration_until=at,
        bidding_from=at,
        bidding_until=at + timedelta(days=1),
        ends_at=at + timedelta(days=1),
        extension_seconds=300,
        rules=rules,
        rules_sha256=sha256(rules),
        last_seq=0,
        last_hash=sha256(rules),
        approvals="{}",
        editors=[],
        revision=1,
        created_by=person,
        created_at=at,
        updated_at=at,
    )
    escrow = new_id()
    await insert(
        connection, "account", id=escrow, kind="escrow", subject_id=round_id, currency="CNY", created_at=at
    )
    return Scene(
        round_id, [await _bidder(connection, round_id, escrow, number, at) for number in range(CLIENTS)]
    )


async def _bidder(
    connection: asyncpg.Connection, round_id: UUID, escrow: UUID, number: int, at: datetime
) -> str:
    company, person, account, deposit, token = new_id(), new_id(), new_id(), new_id(), new_secret("rhs_")
    name = json.dumps({"en": f"Bidder {number}"})
    await insert(
        connection,
        "organisation",
        id=company,
        name=name,
        kind="company",
        founding="private",
        verification="L2",
        revision=1,
        created_at=at,
    )
    await insert(
        connection,
        "person",
        id=person,
        email=f"{person}@b.example",
        name="B",
        password_hash="",
        created_at=at,
    )
    await insert(
        connection, "membership", person_id=person, organisation_id=company, roles=["buyer"], since=at
    )
    await insert(
        connection,
        "person_session",
        id=new_id(),
        person_id=person,
        token_sha256=digest(token),
        created_at=at,
        last_used_at=at,
        expires_at=at + timedelta(hours=2),
    )
    await insert(
        connection, "account", id=account, kind="party", subject_id=company, currency="CNY", created_at=at
    )
    await insert(
        connection,
        "transfer",
        id=deposit,
        debit_id=account,
        credit_id=escrow,
        amount=DEPOSIT,
        currency="CNY",
        kind="pending",
        purpose=f"deposit {company}",
        evidence="{}",
        at=at,
    )
    await insert(
        connection,
        "bidder_registration",
        id=new_id(),
        round_id=round_id,
        organisation_id=company,
        alias=f"A{number:02}",
        status="qualified",
        form="{}",
        rules_sha256=b"",
        deposit_id=deposit,
        revision=1,
        registered_by=person,
        created_at=at,
        updated_at=at,
    )
    return token


def bidders(path: str, tokens: list[str], raises: "itertools.count[int]") -> list[Request]:
    """Each client bids the next raise of all of them."""

    def bidder(token: str) -> Request:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/json\r\n"
        )

        def request() -> bytes:
            amount = OPENING_PRICE + STEP * next(raises)
            body = f'{{"amount": {{"amount": "{amount // 100}.{amount % 100:02}", "currency": "CNY"}}}}'
            return f"{head}Idempotency-Key: {secrets.token_hex(12)}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()

        return request

    return [bidder(token) for token in tokens]


async def run() -> str:
    ours: list[Measured] = []
    beside: list[Measured] = []
    async with scratch_database() as (url, folder):
        plain = database_urls(url)[1]
        connection = await asyncpg.connect(plain)
        scene, bare_scene = await set_the_scene(connection), await set_the_scene(connection)
        await connection.execute("ANALYZE")
        await connection.close()
        with (
            serving("scripts.bench.apps:hall", plain, folder) as hall,
            serving("scripts.bench.apps:bare", plain, folder) as bare,
        ):
            at_hall = bidders(f"/api/v1/rounds/{scene.round_id}/bids", scene.tokens, itertools.count(1))
            at_bare = bidders(
                f"/api/v1/rounds/{bare_scene.round_id}/bids", bare_scene.tokens, itertools.count(1)
            )
            for _ in range(ROUNDS):
                ours.append(await load(hall, at_hall, seconds=SECONDS, refusal=409))
                beside.append(await load(bare, at_bare, seconds=SECONDS, refusal=409))
    for name, runs in (("hall", ours), ("bare lock-check-insert", beside)):
        rates = " ".join(f"{run.per_second:,.0f}" for run in runs)
        late = statistics.median(run.p99 for run in runs) * 1000
        refused = sum(run.refused for run in runs) / sum(run.refused + run.requests for run in runs)
        print(f"bids: {name}: {rates} accepted/s, p99 {late:.1f} ms, {refused:.1%} overtaken and refused")
    ratio = statistics.median(a.per_second / b.per_second for a, b in zip(ours, beside, strict=True))
    return f"BIDS ratio={ratio:.2f} (accepted bids on one round / bare Litestar handler: lock, check, insert)"
