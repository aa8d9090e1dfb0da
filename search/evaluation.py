"""Measures relevance: queries with a known answer, and how often it is found; knows the port, not where data lies."""

from __future__ import annotations

import gzip
import json
import random
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.search import ListingDoc
from search.port import SearchEngine, SearchIndexer, SearchRequest, Viewer

DEPTH = 10
_BATCH = 10  # one answer of a server carries them all, in the time that a person waits
_APPLIED = 500
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORD = re.compile(r"[A-Za-z]+")
_ORGANISATION = "evaluation"
_SENTENCES = (
    "A low-cost way of making use of {term}",
    "{term} for industrial customers",
    "Improved reliability of {term} under harsh conditions",
    "New approach to {term} ready for licensing",
    "Prototype demonstrating {term} at pilot scale",
)


@dataclass(frozen=True)
class KnownItem:
    """A query and the listing it must find."""

    text: str
    answer: str


@dataclass(frozen=True)
class Score:
    """Over all queries: the mean reciprocal rank within ten, and the share found first and among ten."""

    queries: int
    mrr: float
    first: float
    among_ten: float


async def filled(indexer: SearchIndexer, docs: Sequence[ListingDoc], seconds: float = 300) -> None:
    """Publishes an index of just these documents."""
    generation = await indexer.begin_rebuild()
    for at in range(0, len(docs), _APPLIED):
        receipt = await indexer.apply(docs[at : at + _APPLIED], [], generation=generation)
        await indexer.wait(receipt, seconds)
    await indexer.publish(generation)


async def evaluate(engine: SearchEngine, items: Sequence[KnownItem]) -> Score:
    """As anyone would search: listings made here are public."""
    ranks: list[int | None] = []
    for at in range(0, len(items), _BATCH):
        batch = items[at : at + _BATCH]
        pages = await engine.multi_search(
            [
                SearchRequest(viewer=Viewer.anonymous(), text=item.text, limit=DEPTH, highlight=())
                for item in batch
            ]
        )
        for item, page in zip(batch, pages, strict=True):
            found = [hit.id for hit in page.hits]
            ranks.append(found.index(item.answer) + 1 if item.answer in found else None)
    return score(ranks)


def score(ranks: Sequence[int | None]) -> Score:
    """Ranks count from 1; `None` was not found."""
    found = [rank for rank in ranks if rank is not None]
    total = max(len(ranks), 1)
    return Score(
        len(ranks), sum(1 / rank for rank in found) / total, found.count(1) / total, len(found) / total
    )


def read_rows(path: Path) -> list[dict[str, Any]]:
    """A gzipped file of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """Two tab-separated columns, zh and en, below a header."""
    lines = path.read_text("utf-8").splitlines()[1:]
    return [(zh, en) for zh, en in (line.split("\t") for line in lines)]


def listing_id(collection: str, number: int) -> str:
    """The same in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{collection}/{number}"))


def chinese_papers(rows: Sequence[Mapping[str, Any]]) -> tuple[list[ListingDoc], list[KnownItem]]:
    """Titles and abstracts as listings; the first two author keywords, which are not indexed, as queries."""
    docs, items = [], []
    for number, row in enumerate(rows):
        id_ = listing_id("papers", number)
        docs.append(_listing(id_, title_zh=row["title"], abstract_zh=row["abstract"]))
        items.append(KnownItem(" ".join(row["keywords"][:2]), id_))
    return docs, items


def english_titles(rows: Sequence[Mapping[str, Any]]) -> list[ListingDoc]:
    return [
        _listing(
            listing_id("titles", number), title_en=row["title"][:500], abstract_en=row["description"] or None
        )
        for number, row in enumerate(rows)
    ]


def misspelled_titles(docs: Sequence[ListingDoc], words: int, seed: int, count: int) -> list[KnownItem]:
    """So many of a title's longer words in order, one of five letters or more with one random edit.

    Titles that share all their longer words with another one are left out: nobody could tell which was meant.
    """
    chance = random.Random(seed)  # noqa: S311 - chosen to be the same in every run
    long_words = {doc.id: _long_words(doc.title_en or "") for doc in docs}
    sets = [frozenset(found) for found in long_words.values()]
    unique = [
        id_ for id_, found in long_words.items() if len(found) >= words and sets.count(frozenset(found)) == 1
    ]
    items = []
    for id_ in chance.sample(unique, min(count, len(unique))):
        chosen = sorted(chance.sample(range(len(long_words[id_])), words))
        text = [long_words[id_][at] for at in chosen]
        at = chance.choice([at for at, word in enumerate(text) if len(word) >= 5])
        text[at] = one_edit(text[at], chance)
        items.append(KnownItem(" ".join(text), id_))
    return items


def one_edit(word: str, chance: random.Random) -> str:
    """A letter left out, doubled in, replaced or swapped with the next; never the same word."""
    while True:
        at = chance.randrange(len(word) - 1)
        letter = chance.choice(_LETTERS)
        edited = chance.choice(
            (
                word[:at] + word[at + 1 :],
                word[:at] + letter + word[at:],
                word[:at] + letter + word[at + 1 :],
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            )
        )
        if edited != word:
            return edited


def bilingual_terms(pairs: Iterable[tuple[str, str]]) -> tuple[list[ListingDoc], list[KnownItem]]:
    """Listings that name the English term in a sentence; the Chinese terms as queries."""
    docs, items = [], []
    for number, (zh, en) in enumerate(pairs):
        id_ = listing_id("terms", number)
        sentence = _SENTENCES[number % len(_SENTENCES)].format(term=en)
        docs.append(_listing(id_, title_en=sentence[0].upper() + sentence[1:]))
        items.append(KnownItem(zh, id_))
    return docs, items


def _long_words(title: str) -> list[str]:
    """Different words of five letters or more, in lower case."""
    return list(dict.fromkeys(word.lower() for word in _WORD.findall(title) if len(word) >= 5))


def _listing(id_: str, **fields: Any) -> ListingDoc:
    return ListingDoc(
        id=id_, rev=1, kind="result", status="published", organisation_id=_ORGANISATION, **fields
    )
