"""The public read of a listing, beside a bare handler that fetches the same bytes by primary key."""

import hashlib
import json
import random
import statistics
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from market.database import database_urls, new_id
from scripts.bench.load import Measured, measure
from scripts.bench.servers import scratch_database, serving

LISTINGS = 2_000
CLIENTS = 32
ROUNDS = 5
SECONDS = 2.0


async def insert_listings(connection: asyncpg.Connection, ids: list[UUID], documents: list[bytes]) -> None:
    """Published listings with one version each, written straight into the tables."""
    organisation, person = new_id(), new_id()
    at = datetime.now(UTC)
    await connection.execute(
        "INSERT INTO organisation (id, name, kind, founding, verification, revision, created_at) "
        "VALUES ($1, $2, 'university', 'state_founded', 'L2', 1, $3)",
        organisation,
        json.dumps({"en": "Benchmark University"}),
        at,
    )
    await connection.execute(
        "INSERT INTO person (id, email, name, password_hash, created_at) VALUES ($1, $2, 'Benchmark', '', $3)",
        person,
        f"{person}@benchmark.example",
        at,
    )
    columns = [
        "id",
        "kind",
        "organisation_id",
        "status",
        "review",
        "content",
        "revision",
        "created_by",
        "editors",
    ]
    columns += [
        "published_version",
        "published_at",
        "confirmed_at",
        "confirm_due_at",
        "awarded",
        "created_at",
        "updated_at",
    ]
    due = at + timedelta(days=180)
    await connection.copy_records_to_table(
        "listing",
        columns=columns,
        records=[
            (
                i,
                "result",
                organisation,
                "published",
                "clean",
                "{}",
                1,
                person,
                [],
                1,
                at,
                at,
                due,
                False,
                at,
                at,
            )
            for i in ids
        ],
    )
    await connection.copy_records_to_table(
        "listing_version",
        columns=["listing_id", "number", "document", "sha256", "published_at", "published_by"],
        records=[
            (i, 1, document, hashlib.sha256(document).digest(), at, person)
            for i, document in zip(ids, documents, strict=True)
        ],
    )


def _document(identifier: UUID, words: random.Random) -> bytes:
    summary = " ".join(
        words.choice(["membrane", "cell", "anode", "laser", "sensor", "robot", "alloy", "gene"])
        for _ in range(220)
    )
    return json.dumps(
        {"id": str(identifier), "title": {"en": "A listing"}, "summary": {"en": summary}}
    ).encode()


async def run() -> str:
    words = random.Random(7)
    ids = [new_id() for _ in range(LISTINGS)]
    async with scratch_database() as (url, folder):
        plain = database_urls(url)[1]
        connection = await asyncpg.connect(plain)
        await insert_listings(connection, ids, [_document(i, words) for i in ids])
        await connection.execute("ANALYZE")
        await connection.close()
        paths = [f"/api/v1/listings/{i}" for i in ids]
        ours: list[Measured] = []
        beside: list[Measured] = []
        with (
            serving("scripts.bench.apps:hall", plain, folder) as hall,
            serving("scripts.bench.apps:bare", plain, folder) as bare,
        ):
            for port in (hall, bare):  # every listing once: what a running server has in memory
                await measure(port, paths, clients=CLIENTS, seconds=SECONDS)
            for _ in range(ROUNDS):
                ours.append(await measure(hall, paths, clients=CLIENTS, seconds=SECONDS))
                beside.append(await measure(bare, paths, clients=CLIENTS, seconds=SECONDS))
    for name, runs in (("stored bytes", ours), ("bare fetchrow", beside)):
        rates = " ".join(f"{run.per_second:,.0f}" for run in runs)
        print(f"read: {name}: {rates} requests/s, p99 {statistics.median(r.p99 for r in runs) * 1000:.1f} ms")
    ratio = statistics.median(a.per_second / b.per_second for a, b in zip(ours, beside, strict=True))
    return (
        f"READ ratio={ratio:.2f} (public read of a listing / bare Litestar handler with one asyncpg fetchrow)"
    )
