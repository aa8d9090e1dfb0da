"""Prints how well the embedded engine finds known items in real texts; knows the collections, asserts nothing."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

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
from search.schema import IndexSchema, listing_schema
from search.semantic import SemanticUnavailable

DATA = Path(__file__).parents[1] / "tests/search/data"
SEED = 7

Question = tuple[str, Sequence[KnownItem]]


async def measure(
    docs: Sequence[ListingDoc], questions: Sequence[Question], schema: IndexSchema
) -> list[tuple[str, Score]]:
    """Each set of questions asked of one fresh index."""
    with tempfile.TemporaryDirectory() as folder:
        indexer = EmbeddedIndexer(Path(folder), schema)
        await filled(indexer, docs)
        engine = EmbeddedEngine(Path(folder), schema)
        scores = [(name, await evaluate(engine, items)) for name, items in questions]
        await indexer.aclose()
    return scores


async def main() -> None:
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
    scores = await measure(papers, [("zh, two author keywords of a paper", keywords)], listing_schema())
    scores += await measure(titles, slips, listing_schema())
    scores += await measure(
        mixed, [(f"zh term to en listing, glossary: {n}", i) for n, i in parts], listing_schema()
    )
    try:
        alone, both = IndexSchema(Glossary(()), semantic=True), listing_schema(semantic=True)
        scores += await measure(mixed, [(f"zh term to en listing, meaning: {n}", i) for n, i in parts], alone)
        scores += await measure(mixed, [(f"zh term to en listing, both: {n}", i) for n, i in parts], both)
    except SemanticUnavailable as missing:
        Console(stderr=True).print(str(missing))
    table = Table("questions", "n", "MRR@10", "found first", "among ten")
    for name, score in scores:
        table.add_row(
            name, str(score.queries), f"{score.mrr:.3f}", f"{score.first:.1%}", f"{score.among_ten:.1%}"
        )
    Console().print(table)


if __name__ == "__main__":
    asyncio.run(main())
