"""The curated Chinese-English technology glossary; knows terms and their equivalents, not how a query uses them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

from search.folding import fold, is_han


@dataclass(frozen=True)
class Concept:
    """One thing, under all its names; the first of each language is the usual one."""

    zh: tuple[str, ...]
    en: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return self.zh + self.en


@dataclass(frozen=True)
class Glossary:
    """Concepts with disjoint names, folded; `words` are further dictionary words without an equivalent."""

    concepts: tuple[Concept, ...]
    words: tuple[str, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        text = repr([(concept.zh, concept.en) for concept in self.concepts]) + repr(self.words)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @cached_property
    def dictionary(self) -> tuple[str, ...]:
        """Chinese terms that segmentation must keep whole."""
        terms = [name for concept in self.concepts for name in concept.zh]
        return tuple(
            sorted({term for term in (*terms, *self.words) if len(term) > 1 and all(map(is_han, term))})
        )

    @cached_property
    def synonyms(self) -> dict[str, tuple[str, ...]]:
        """Every name to the other names of its concept."""
        return {
            name: tuple(other for other in concept.names if other != name)
            for concept in self.concepts
            for name in concept.names
        }


@cache
def load_glossary() -> Glossary:
    """The glossary shipped with this package."""
    return parse_glossary(files("search").joinpath("data/glossary.tsv").read_text("utf-8"))


def parse_glossary(text: str) -> Glossary:
    """Two columns, zh and en, variants separated by a bar; the first line is the header. Raises `ValueError`."""
    header, *lines = text.splitlines()
    if header != "zh\ten":
        raise ValueError("the glossary's header is not zh, en")
    concepts = []
    for number, line in enumerate(lines, start=2):
        if line.count("\t") != 1:
            raise ValueError(f"glossary line {number}: not two columns")
        zh, en = (tuple(fold(name.strip()) for name in column.split("|")) for column in line.split("\t"))
        if not all(zh + en):
            raise ValueError(f"glossary line {number}: an empty name")
        concepts.append(Concept(zh, en))
    return Glossary(tuple(concepts))
