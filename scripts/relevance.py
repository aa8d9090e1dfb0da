"""Prints how well the engines find known items in real texts; knows the collections, asserts nothing.

The embedded engine always, and Meilisearch where MARKET_TEST_MEILISEARCH_URL names a server (with its key in
MARKET_TEST_MEILISEARCH_KEY); the indexes made there are removed again.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import meilisearch
from rich.console import Console
from rich.table import Table

from schemas.search import ListingDoc
from search.embedded.engine import EmbeddedEngine
from search.embedded.indexer import EmbeddedIndexer
from search.evaluation import (
    KnownItem,
    Score,
    bilingual_terms,
    chinese_papers,
    english_titles,
    evaluate,
    filled,
    misspelled_titles,
    read_pairs,
    read_rows,
)
from search.glossary import Glossary
from search.meili.engine import MeiliEngine
from search.meili.indexer import MeiliIndexer
from search.port import SearchEngine
from search.schema import IndexSchema, listing_schema
from search.semantic import SemanticUnavailable

DATA = Path(__file__).parents[1] / "tests/search/data"
SEED = 7

SERVER = os.environ.get("MARKET_TEST_MEILISEARCH_URL")
KEY = os.environ.get("MARKET_TEST_MEILISEARCH_KEY")

Question = tuple[str, Sequence[KnownItem]]
Filled = Callable[[Sequence[ListingDoc], IndexSchema], AbstractAsyncContextManager[SearchEngine]]


@asynccontextmanager
async def embedded(docs: Sequence[ListingDoc], schema: IndexSchema) -> AsyncIterator[SearchEngine]:
    """A fresh index of the embedded engine that holds these documents."""
    with tempfile.TemporaryDirectory() as folder:
        indexer, engine = EmbeddedIndexer(Path(folder), schema), EmbeddedEngine(Path(folder), schema)
        try:
            await filled(indexer, docs)
            yield engine
        finally:
            await engine.aclose()
            await indexer.aclose()


@asynccontextmanager
async def on_the_server(docs: Sequence[ListingDoc], schema: IndexSchema) -> AsyncIterator[SearchEngine]:
    """A fresh index of the Meilisearch server that holds these documents."""
    name = f"relevance-{uuid.uuid4().hex}"
    indexer = MeiliIndexer(SERVER or "", KEY, schema, index=name)
    engine = MeiliEngine(SERVER or "", KEY, schema, index=name)
    try:
        await filled(indexer, docs)
        yield engine
    finally:
        await engine.aclose()
        await indexer.aclose()
        client = meilisearch.Client(SERVER or "", KEY)
        for index in client.get_indexes({"limit": 1000})["results"]:
            if index.uid.startswith(name):
                client.delete_index(index.uid)


async def measure(
    fresh: Filled, docs: Sequence[ListingDoc], questions: Sequence[Question], schema: IndexSchema
) -> list[tuple[str, Score]]:
    """Each set of questions asked of one fresh index."""
    async with fresh(docs, schema) as engine:
        return [(name, await evaluate(engine, items)) for name, items in questions]


async def scores_of(fresh: Filled) -> list[tuple[str, Score]]:
    """Every figure of one engine; those by meaning where the extra `semantic` is installed."""
    papers, keywords = chinese_papers(read_rows(DATA / "csl_2000.jsonl.gz"))
    titles = english_titles(read_rows(DATA / "nasa_titles.jsonl.gz"))
    slips = [
        (f"en, {n} words of a title, one misspelt", misspelled_titles(titles, n, SEED, 300)) for n in (2, 3)
    ]
    terms, chinese = bilingual_terms(read_pairs(DATA / "term_pairs.tsv"))
    known = listing_schema().glossary.synonyms
    parts = (
        ("all", chinese),
        ("in the glossary", [item for item in chinese if item.text in known]),
        ("outside it", [item for item in chinese if item.text not in known]),
    )
    mixed = [*terms, *titles[:400]]
    scores = await measure(
        fresh, papers, [("zh, two author keywords of a paper", keywords)], listing_schema()
    )
    scores += await measure(fresh, titles, slips, listing_schema())
    scores += await measure(
        fresh, mixed, [(f"zh term to en listing, glossary: {n}", i) for n, i in parts], listing_schema()
    )
    try:
        alone, both = IndexSchema(Glossary(()), semantic=True), listing_schema(semantic=True)
        scores += await measure(
            fresh, mixed, [(f"zh term to en listing, meaning: {n}", i) for n, i in parts], alone
        )
        scores += await measure(
            fresh, mixed, [(f"zh term to en listing, both: {n}", i) for n, i in parts], both
        )
    except SemanticUnavailable as missing:
        print(f"Not measured by meaning: {missing}", file=sys.stderr)
    return scores


async def main() -> None:
    engines = {"embedded": embedded} | ({"Meilisearch": on_the_server} if SERVER else {})
    table = Table("engine", "questions", "n", "MRR@10", "found first", "among ten")
    for engine, fresh in engines.items():
        for name, score in await scores_of(fresh):
            figures = (f"{score.mrr:.3f}", f"{score.first:.1%}", f"{score.among_ten:.1%}")
            table.add_row(engine, name, str(score.queries), *figures)
    Console(width=None if sys.stdout.isatty() else 110).print(table)
    if not SERVER:
        print("Meilisearch was not measured: name a server with MARKET_TEST_MEILISEARCH_URL.")


if __name__ == "__main__":
    asyncio.run(main())
