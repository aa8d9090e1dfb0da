"""A full search through HTTP, beside the engine called directly, on generated listings."""

import random
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import asyncpg

from market.database import database_urls, new_id
from schemas.search import ListingDoc
from scripts.bench.load import measure
from scripts.bench.read import insert_listings
from scripts.bench.servers import scratch_database, serving
from search import open_engine, open_indexer
from search.glossary import load_glossary
from search.port import And, In, Range, SearchRequest, Viewer

LISTINGS = 100_000
QUERIES = 120
ROUNDS = 3
BATCH = 5_000


def generated(count: int) -> Iterator[ListingDoc]:
    """Listings whose words are the technology glossary's, each used as often as a real vocabulary's would be."""
    choose = random.Random(11)
    pairs = [(pair.zh[0], pair.en[0]) for pair in load_glossary().concepts]
    weights = [1 / (place + 2) for place in range(len(pairs))]
    at = int(datetime.now(UTC).timestamp())
    organisations = [str(new_id()) for _ in range(200)]
    for _ in range(count):
        terms = choose.choices(pairs, weights, k=14)
        zh, en = [t[0] for t in terms], [t[1] for t in terms]
        yield ListingDoc(
            id=str(new_id()),
            rev=1,
            kind=choose.choice(["result", "result", "product", "opportunity"]),
            status="published",
            title_zh=f"一种{zh[0]}与{zh[1]}的装置",
            title_en=f"{en[0]} with {en[1]}".capitalize(),
            abstract_zh=f"本成果涉及{zh[0]}、{zh[2]}和{zh[3]}，可用于{zh[4]}与{zh[5]}，并改进{zh[6]}。" * 2,
            abstract_en=f"This relates to {en[0]}, {en[2]} and {en[3]}, is used for {en[4]}, and improves {en[6]}. "
            * 2,
            keywords_zh=zh[7:10],
            keywords_en=en[7:10],
            organisation_id=choose.choice(organisations),
            organisation_en="Example University",
            region=choose.choice(["110108", "310115", "440305", "320106", "US-CA"]),
            ipc=choose.sample(
                ["H01M10/0525", "G06F16/35", "A61K31/00", "B25J9/16", "C08L63/00", "H04L9/08"], 2
            ),
            industry=choose.sample(["3841", "3962", "2710", "6510", "0111"], 2),
            discipline=choose.sample(["E02", "F02", "H30", "A0101", "B05"], 2),
            trl=choose.randint(1, 9),
            modes=choose.sample(["transfer", "ordinary_licence", "exclusive_licence", "equity"], 2),
            price_mode=choose.choice(["fixed", "on_request"]),
            published_at=at - choose.randint(0, 20_000_000),
            confirmed_at=at - choose.randint(0, 10_000_000),
        )


def questions() -> list[str]:
    """Chinese, English and mixed words, half of them common, half rare."""
    choose = random.Random(12)
    pairs = [(pair.zh[0], pair.en[0]) for pair in load_glossary().concepts]
    made = []
    for place in range(QUERIES):
        first, second = choose.choice(pairs[:60]), choose.choice(pairs)
        made.append(
            [f"{first[0]} {second[0]}", f"{first[1]} {second[1]}", f"{first[0]} {second[1]}"][place % 3]
        )
    return made


def direct(text: str) -> SearchRequest:
    """Words, three filters, four facets, twenty highlighted hits."""
    return SearchRequest(
        viewer=Viewer.anonymous(),
        text=text,
        filter=And(
            (In("kind", ("result", "product")), In("region", ("11", "31", "44")), Range("trl", gte=3, lte=9))
        ),
        facets=("kind", "discipline", "modes", "region"),
        limit=20,
    )


def path(text: str) -> str:
    """The same request over HTTP."""
    return "/api/v1/search?" + urlencode(
        {
            "q": text,
            "kind": "result,product",
            "region": "11,31,44",
            "trl_min": 3,
            "trl_max": 9,
            "facets": "kind,discipline,mode,region",
            "limit": 20,
        }
    )


async def _fill(url: str, index: Path) -> None:
    indexer = open_indexer(None, None, index)
    generation = await indexer.begin_rebuild()
    connection = await asyncpg.connect(url)
    batch: list[ListingDoc] = []
    begin = time.perf_counter()

    async def flush() -> None:
        await indexer.wait(await indexer.apply(batch, [], generation=generation), 120)
        ids = [UUID(document.id) for document in batch]
        await insert_listings(connection, ids, [b"{}"] * len(ids))
        batch.clear()

    for document in generated(LISTINGS):
        batch.append(document)
        if len(batch) == BATCH:
            await flush()
    if batch:
        await flush()
    await indexer.publish(generation)
    await connection.execute("TRUNCATE search_dirty")
    await connection.execute("ANALYZE")
    await connection.close()
    await indexer.aclose()
    print(f"search: {LISTINGS:,} listings indexed and stored in {time.perf_counter() - begin:.0f} s")


async def run() -> str:
    texts = questions()
    async with scratch_database() as (url, folder):
        plain = database_urls(url)[1]
        await _fill(plain, folder / "index")
        engine = open_engine(None, None, folder / "index")
        through: list[float] = []
        straight: list[float] = []
        with serving("scripts.bench.apps:hall", plain, folder) as port:
            for round_ in range(ROUNDS + 1):  # the first one warms both
                spent = []
                for text in texts:
                    begin = time.perf_counter()
                    await engine.search(direct(text))
                    spent.append(time.perf_counter() - begin)
                # One connection asks each question once, in order, as the direct calls do.
                answered = await measure(port, [path(text) for text in texts], clients=1, requests=len(texts))
                if round_:
                    straight.append(statistics.median(spent))
                    through.append(answered.p50)
        await engine.aclose()
    print(f"search: p50 through HTTP {' '.join(f'{t * 1000:.1f}' for t in through)} ms")
    print(f"search: p50 of the engine {' '.join(f'{t * 1000:.1f}' for t in straight)} ms")
    ratio = statistics.median(a / b for a, b in zip(through, straight, strict=True))
    return f"SEARCH ratio={ratio:.2f} (p50 of search through HTTP / p50 of the engine called directly, {LISTINGS:,} listings)"
