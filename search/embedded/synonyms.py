"""Recognises glossary concepts inside a query; knows names and offsets, not how they are matched."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from search.embedded.tokens import runs, stem
from search.folding import is_han
from search.glossary import Concept, Glossary

_LONGEST_HAN = 16
_LONGEST_WORDS = 8


@dataclass(frozen=True, slots=True)
class Mention:
    """A concept named in the query between two offsets, and its other names."""

    start: int
    end: int
    others: tuple[str, ...]


@dataclass(frozen=True)
class ConceptIndex:
    """Names by their Chinese spelling, or by the stems of their words."""

    han: dict[str, Concept]
    stems: dict[tuple[str, ...], Concept]


def mentions(folded: str, glossary: Glossary) -> list[Mention]:
    """Longest names first at every place; mentions do not overlap."""
    index = concept_index(glossary)
    words = _word_mentions(folded, index)
    # a name of both scripts is recognised as words, and what is Chinese in it is no mention of its own
    han = [
        found
        for found in _han_mentions(folded, index)
        if not any(found.start < other.end and other.start < found.end for other in words)
    ]
    return han + words


@cache
def concept_index(glossary: Glossary) -> ConceptIndex:
    han: dict[str, Concept] = {}
    stems: dict[tuple[str, ...], Concept] = {}
    for concept in glossary.concepts:
        for name in concept.names:
            if all(map(is_han, name)):
                han[name] = concept
            else:
                stems.setdefault(tuple(piece for piece in _pieces(name)), concept)
    return ConceptIndex(han, stems)


def _pieces(name: str) -> list[str]:
    return [run.text if run.han else stem(run.text) for run in runs(name)]


def _han_mentions(folded: str, index: ConceptIndex) -> list[Mention]:
    found = []
    for run in runs(folded):
        at = 0
        while run.han and at < len(run.text):
            for end in range(min(len(run.text), at + _LONGEST_HAN), at, -1):
                if concept := index.han.get(name := run.text[at:end]):
                    found.append(_mention(run.start + at, run.start + end, concept, name))
                    at = end - 1
                    break
            at += 1
    return found


def _word_mentions(folded: str, index: ConceptIndex) -> list[Mention]:
    found = []
    line = list(runs(folded))
    pieces = [run.text if run.han else stem(run.text) for run in line]
    at = 0
    while at < len(line):
        for end in range(min(len(line), at + _LONGEST_WORDS), at, -1):
            if concept := index.stems.get(tuple(pieces[at:end])):
                last = line[end - 1]
                stop = last.start + len(last.text)
                found.append(_mention(line[at].start, stop, concept, folded[line[at].start : stop]))
                at = end - 1
                break
        at += 1
    return found


def _mention(start: int, end: int, concept: Concept, name: str) -> Mention:
    return Mention(start, end, tuple(other for other in concept.names if other != name))
