"""Cuts folded text into the words that are indexed and asked for; knows scripts and the dictionary, not the index."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

import rjieba
import tantivy

from search.folding import HAN_CLASS
from search.glossary import Glossary

_RUNS = re.compile(rf"([{HAN_CLASS}]+)|([^\W_{HAN_CLASS}]+)")
_LONGEST_WORD = 60


class Run(NamedTuple):
    """A stretch of one script: text and where it starts."""

    text: str
    start: int
    han: bool


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a query; `parts` are the shorter dictionary words inside a Chinese one."""

    text: str
    start: int
    han: bool
    parts: tuple[str, ...] = ()

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def has_digit(self) -> bool:
        return any(char.isdigit() for char in self.text)


@cache
def use_dictionary(glossary: Glossary) -> None:
    """Teaches the segmenter the technology terms; it is global to the process, so readers and writer need the same."""
    for term in glossary.dictionary:
        rjieba.add_word(term, None, None)


def runs(folded: str) -> Iterator[Run]:
    for found in _RUNS.finditer(folded):
        han, other = found.groups()
        yield Run(han or other[:_LONGEST_WORD], found.start(), han is not None)


class Terms(NamedTuple):
    """What is indexed of one text, each blank-separated.

    `words`: Chinese words with the shorter words inside them, stems of all others. `pairs`: neighbouring Chinese
    characters, which match where two segmentations disagree. `surface`: unstemmed words that are not Chinese, what
    typing is completed to and misspellings are compared with.
    """

    words: str
    pairs: str
    surface: str


def index_terms(folded: str) -> Terms:
    words: list[str] = []
    pairs: list[str] = []
    surface: list[str] = []
    for han, other in _RUNS.findall(folded):
        if han:
            words.extend(rjieba.cut_for_search(han))
            pairs.extend(bigrams_of(han))
        else:
            word = other[:_LONGEST_WORD]
            words.append(stem(word))
            surface.append(word)
    return Terms(" ".join(words), " ".join(pairs), " ".join(surface))


def bigrams_of(han: str) -> Iterable[str]:
    return [han[at : at + 2] for at in range(len(han) - 1)] or [han]


def query_words(folded: str, stop_words: frozenset[str], most: int) -> list[Word]:
    """The first different words, without stop words unless there are no others."""
    words = {word.text: word for word in reversed([*_cut(folded)])}
    in_order = sorted(words.values(), key=lambda word: word.start)
    telling = [word for word in in_order if word.text not in stop_words]
    return (telling or in_order)[:most]


def _cut(folded: str) -> Iterator[Word]:
    for run in runs(folded):
        if not run.han:
            yield Word(run.text, run.start, han=False)
            continue
        pieces = rjieba.tokenize(run.text, mode="search")
        for text, start, end in rjieba.tokenize(run.text):
            parts = (part for part, a, b in pieces if start <= a and b <= end and 1 < b - a < end - start)
            yield Word(text, run.start + start, han=True, parts=tuple(dict.fromkeys(parts)))


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The English stem; words of other scripts and numbers stay as they are."""
    stemmed = _stemmer().analyze(word)
    return stemmed[0] if stemmed else word


@cache
def _stemmer() -> tantivy.TextAnalyzer:
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).filter(tantivy.Filter.stemmer("english")).build()
    )
