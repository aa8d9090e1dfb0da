"""Engines under test: the embedded one on disk, and Meilisearch where a server is named; knows no assertions."""

import os
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from schemas.search import ListingDoc
from search.embedded.engine import EmbeddedEngine
from search.embedded.indexer import EmbeddedIndexer
from search.meili.engine import MeiliEngine
from search.meili.indexer import MeiliIndexer
from search.port import SearchEngine, SearchIndexer, SearchPage, SearchRequest, Viewer
from search.schema import IndexSchema, listing_schema
from tests.search.makers import an_id, the_stock

SERVER = os.environ.get("MARKET_TEST_MEILISEARCH_URL")
KEY = os.environ.get("MARKET_TEST_MEILISEARCH_KEY")
ENGINES = [
    "embedded",
    pytest.param(
        "meilisearch",
        marks=pytest.mark.skipif(SERVER is None, reason="no server: set MARKET_TEST_MEILISEARCH_URL"),
    ),
]
SECONDS = 60.0


@dataclass
class Hall:
    """An engine with its indexer; numbers are those of `makers`."""

    engine: SearchEngine
    indexer: SearchIndexer

    async def publish(self, docs: Sequence[ListingDoc]) -> str:
        generation = await self.indexer.begin_rebuild()
        receipt = await self.indexer.apply(docs, [], generation=generation)
        await self.indexer.wait(receipt, SECONDS)
        await self.indexer.publish(generation)
        return generation

    async def apply(self, upserts: Sequence[ListingDoc] = (), deletes: Sequence[str] = ()) -> None:
        await self.indexer.wait(await self.indexer.apply(upserts, deletes), SECONDS)

    async def search(self, text: str = "", **given: object) -> SearchPage:
        viewer = given.pop("viewer", Viewer.anonymous())
        return await self.engine.search(SearchRequest(viewer=viewer, text=text, **given))  # type: ignore[arg-type]

    async def found(self, text: str = "", **given: object) -> list[int]:
        """Numbers of the hits in their order."""
        return [number_of(hit.id) for hit in (await self.search(text, **given)).hits]


def number_of(id_: str) -> int:
    numbers = {an_id(number): number for number in range(1, 200)}
    return numbers[id_]


async def opened(kind: str, folder: Path, schema: IndexSchema) -> AsyncIterator[Hall]:
    if kind == "embedded":
        hall = Hall(EmbeddedEngine(folder, schema), EmbeddedIndexer(folder, schema))
        yield hall
    else:
        index = f"test-{uuid.uuid4().hex}"
        assert SERVER is not None
        hall = Hall(
            MeiliEngine(SERVER, KEY, schema, index=index), MeiliIndexer(SERVER, KEY, schema, index=index)
        )
        yield hall
        async with httpx.AsyncClient(base_url=SERVER, headers={"Authorization": f"Bearer {KEY}"}) as client:
            listed = (await client.get("/indexes", params={"limit": 1000})).json()["results"]
            for found in listed:
                if found["uid"].startswith(index):
                    await client.delete(f"/indexes/{found['uid']}")
    await hall.engine.aclose()
    await hall.indexer.aclose()


@pytest_asyncio.fixture(params=ENGINES)
async def hall(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Hall]:
    """Empty, nothing published yet."""
    async for one in opened(request.param, tmp_path / "index", listing_schema()):
        yield one


@pytest_asyncio.fixture(params=ENGINES, scope="module")
async def stocked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Hall]:
    """Holds `the_stock`; tests only read it."""
    async for one in opened(request.param, tmp_path_factory.mktemp("index"), listing_schema()):
        await one.publish(the_stock())
        yield one
