"""Merges the order of words and the order of meaning; knows ranks, not scores or documents."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

HEAD = 100
_DAMPING = 60  # the usual constant of reciprocal rank fusion

K = TypeVar("K", bound=Hashable)


def fused(*orders: Sequence[K]) -> list[tuple[K, float]]:
    """Reciprocal rank fusion, best first; equal scores keep the order of the first list that has them."""
    scores: dict[K, float] = {}
    for order in orders:
        for rank, key in enumerate(order):
            scores[key] = scores.get(key, 0.0) + 1.0 / (_DAMPING + 1 + rank)
    return sorted(scores.items(), key=lambda entry: -entry[1])


def with_meaning(words: Sequence[K], meaning: Sequence[K]) -> list[tuple[K, float]]:
    """The first hundred by words fused with those by meaning, then the rest by words; the score of that rest is 0.

    The head is always the same, however deep the page that is asked for, so pages neither repeat nor skip. Give
    no more than a hundred by meaning. Fusing only makes sense where words found something: relaxed matching finds
    no listing with fewer than half of the words, and when it finds none, the order of meaning stands alone.
    """
    head = fused(words[:HEAD], meaning)
    seen = {key for key, _ in head}
    return head + [(key, 0.0) for key in words[HEAD:] if key not in seen]
