"""Turns the text of a query into a tantivy query; knows words, weights and the index, not filters or pages."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from tantivy import Query

from search.codes import as_identifier, identifier_forms
from search.embedded import spelling, tokens
from search.embedded.conditions import every, some
from search.embedded.fields import tantivy_schema
from search.embedded.snapshot import Snapshot
from search.embedded.synonyms import Mention, mentions
from search.embedded.tokens import Word
from search.folding import fold
from search.port import MAX_WORDS
from search.schema import SEARCHABLE, IndexSchema

Match = Literal["all", "relaxed"]

_TIE = 0.2  # share of the score of the weaker fields
_SYNONYM = 0.8
_PARTS = 0.5
_BIGRAMS = 0.5
_COMPLETION = 0.7
_CORRECTION = {1: 0.6, 2: 0.4}
_ANY_PREFIX = 0.1  # constant score
_IDENTIFIER_DIGITS = 4
_HAN_FIELDS = tuple((f.name, f.weight) for f in SEARCHABLE if f.language == "zh" or f.name == "names")
_WORD_FIELDS = tuple((f.name, f.weight) for f in SEARCHABLE if f.name != "identifier_forms")
_IDENTIFIER_WEIGHT = next(f.weight for f in SEARCHABLE if f.name == "identifier_forms")


@dataclass
class Marks:
    """What the highlighter marks: Chinese terms, stems, and beginnings of words."""

    han: set[str] = field(default_factory=set)
    stems: set[str] = field(default_factory=set)
    prefixes: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class TextQuery:
    """`query` finds and ranks; `can_widen` says whether there is anything left to try for more hits.

    `is_number` says that the text is an identifier, which has spelling and no meaning.
    """

    query: Query
    marks: Marks
    can_widen: bool
    is_number: bool


class Reading:
    """One query text against one snapshot."""

    def __init__(
        self, snapshot: Snapshot, schema: IndexSchema, text: str, visible: Query, *, most: int = MAX_WORDS
    ) -> None:
        self._snapshot = snapshot
        self._visible = visible
        self._folded = fold(text)
        self.words = tokens.query_words(self._folded, schema.stop_words, most)
        self._mentions = mentions(self._folded, schema.glossary)
        last = self.words[-1:]
        self._unfinished = last[0] if last and last[0].end == len(self._folded) else None

    def query(self, match: Match, *, width: int = 0) -> TextQuery:
        """Each step of `width` finds more, for when there was too little.

        0: words that occur nowhere are taken for misspelled; 1: all are; 2: any one word is enough.
        """
        marks = Marks()
        clauses = [self._clause(word, marks, widen=width > 0) for word in self.words]
        relaxed = 1 if width > 1 else math.ceil(len(clauses) / 2)
        found = [some(clauses, len(clauses) if match == "all" else relaxed)]
        if (pairs := self._pairs(match)) is not None:
            found.append(Query.boost_query(pairs, _BIGRAMS))
        if (number := as_identifier(self._folded)) is not None:
            found.append(some(list(_identifiers(number))))
        can_widen = width < (2 if match == "relaxed" else 1)
        return TextQuery(some(found), marks, can_widen, number is not None)

    def resembling(self) -> Query:
        """Documents that share a quarter of the words."""
        clauses = [self._clause(word, Marks(), widen=False) for word in self.words]
        return some(clauses, math.ceil(len(clauses) / 4))

    def _clause(self, word: Word, marks: Marks, widen: bool) -> Query:
        options = list(self._han(word, marks) if word.han else self._latin(word, marks, widen))
        for mention in self._mentions:
            if mention.start < word.end and word.start < mention.end:
                options.extend(self._synonyms(mention, marks))
        return Query.disjunction_max_query(options)

    def _han(self, word: Word, marks: Marks) -> Iterable[Query]:
        marks.han.add(word.text)
        marks.han.update(word.parts)
        yield _in_fields(word.text, _HAN_FIELDS)
        if word.parts:
            yield Query.boost_query(every([_in_fields(part, _HAN_FIELDS) for part in word.parts]), _PARTS)
        if len(word.text) == 1:
            # also the first half of a word still being typed, and the rest of one cut badly
            yield Query.const_score_query(_prefix("han", word.text), _ANY_PREFIX)

    def _latin(self, word: Word, marks: Marks, widen: bool) -> Iterable[Query]:
        stem = tokens.stem(word.text)
        marks.stems.add(stem)
        yield _in_fields(stem, _WORD_FIELDS)
        completed = False
        if word is self._unfinished:
            marks.prefixes.add(word.text)
            stems = {tokens.stem(longer) for longer in spelling.completions(self._snapshot, word)}
            completed = bool(stems)
            for other in sorted(stems - {stem}):
                yield Query.boost_query(_in_fields(other, _WORD_FIELDS), _COMPLETION)
            yield Query.const_score_query(_prefix("words", word.text), _ANY_PREFIX)
        if sum(map(str.isdigit, word.text)) >= _IDENTIFIER_DIGITS:
            yield from _identifiers(word.text)
        if widen or not (completed or self._known(word.text)):
            for near, distance in spelling.corrections(self._snapshot, word):
                marks.stems.add(tokens.stem(near))
                yield Query.boost_query(_in_fields(tokens.stem(near), _WORD_FIELDS), _CORRECTION[distance])

    def _known(self, word: str) -> bool:
        """To this viewer: whether a word is corrected must not tell that a hidden listing has it."""
        found = self._snapshot.searcher.terms_with_prefix("words", word, self._visible, 1)
        return bool(found) and found[0][0] == word

    def _synonyms(self, mention: Mention, marks: Marks) -> Iterable[Query]:
        covered = sum(mention.start < word.end and word.start < mention.end for word in self.words)
        for name in mention.others:
            pieces = [(run.han, run.text if run.han else tokens.stem(run.text)) for run in tokens.runs(name)]
            marks.han.update(text for han, text in pieces if han)
            marks.stems.update(text for han, text in pieces if not han)
            # every word of the mention offers the synonym, so each counts for its share
            yield Query.boost_query(_name_query(pieces), _SYNONYM / max(covered, 1))

    def _pairs(self, match: Match) -> Query | None:
        """Chinese by neighbouring characters; for mixed text the other words must match as well."""
        han = [word for word in self.words if word.han]
        if not han or 2 * len(han) < len(self.words):
            return None
        start, end = han[0].start, han[-1].end
        stretches = [
            run.text for run in tokens.runs(self._folded[start:end]) if run.han and len(run.text) > 1
        ]
        pairs = list(dict.fromkeys(pair for stretch in stretches for pair in tokens.bigrams_of(stretch)))
        if not pairs:
            return None
        terms = [Query.term_query(tantivy_schema(), "han", pair, "freq") for pair in pairs]
        needed = len(terms) if match == "all" else math.ceil(len(terms) * 0.6)
        others = [_in_fields(tokens.stem(word.text), _WORD_FIELDS) for word in self.words if not word.han]
        if match == "all":
            others += [_prefix("han", word.text) for word in han if len(word.text) == 1]
            return every([some(terms, needed), *others])
        return some(terms, needed)


def _identifiers(text: str) -> Iterable[Query]:
    for form in identifier_forms(text):
        yield Query.boost_query(
            Query.term_query(tantivy_schema(), "identifier_forms", form), _IDENTIFIER_WEIGHT
        )
        yield Query.const_score_query(_prefix("identifier_forms", form), 1.0)


def _name_query(pieces: list[tuple[bool, str]]) -> Query:
    """A synonym as it would be written: one Chinese term, or its words in order."""
    if len(pieces) == 1:
        han, text = pieces[0]
        return _in_fields(text, _HAN_FIELDS if han else _WORD_FIELDS)
    words = [text for _, text in pieces]
    return Query.disjunction_max_query(
        [
            Query.boost_query(Query.phrase_query(tantivy_schema(), name, list(words)), weight)
            for name, weight in _WORD_FIELDS
        ],
        _TIE,
    )


def _in_fields(term: str, fields: tuple[tuple[str, float], ...]) -> Query:
    schema = tantivy_schema()
    return Query.disjunction_max_query(
        [Query.boost_query(Query.term_query(schema, name, term), weight) for name, weight in fields], _TIE
    )


def _prefix(name: str, start: str) -> Query:
    return Query.regex_query(tantivy_schema(), name, re.escape(start) + ".*")
