"""Finds what a mistyped or unfinished word may have meant; knows the index's vocabulary and edit distance, not ranking."""

from __future__ import annotations

import heapq

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from search.embedded.snapshot import Snapshot
from search.embedded.tokens import Word

KEPT_CORRECTIONS = 12
KEPT_COMPLETIONS = 50
ONE_TYPO_FROM, TWO_TYPOS_FROM = 5, 9  # letters, as the other engine counts them


def allowed_typos(word: Word) -> int:
    """None for Chinese (words of two characters, where distance is noise) and for anything with a digit."""
    if word.han or word.has_digit or len(word.text) < ONE_TYPO_FROM:
        return 0
    return 1 if len(word.text) < TWO_TYPOS_FROM else 2


def corrections(snapshot: Snapshot, word: Word) -> list[tuple[str, int]]:
    """Words of the index near this one with their distance, nearest first; the first letter is taken as right.

    Only a word with nothing like it under its first letter is looked for under all others, one typo off.
    """
    typos = allowed_typos(word)
    if not typos:
        return []
    near = _nearest(snapshot.vocabulary(word.text[0]), word.text, typos)
    return near or _nearest(snapshot.vocabulary(""), word.text, 1)


def completions(snapshot: Snapshot, word: Word) -> list[str]:
    """Longer words that begin with this one, the most frequent of them."""
    longer = (
        found for found in snapshot.searcher.terms_with_prefix("words", word.text) if found[0] != word.text
    )
    return [
        text for text, _ in heapq.nlargest(KEPT_COMPLETIONS, longer, key=lambda found: (found[1], found[0]))
    ]


def _nearest(vocabulary: dict[int, list[str]], text: str, typos: int) -> list[tuple[str, int]]:
    lengths = range(len(text) - typos, len(text) + typos + 1)
    candidates = [word for length in lengths for word in vocabulary.get(length, ()) if word != text]
    found = extract(
        text, candidates, scorer=OSA.distance, score_cutoff=typos, limit=KEPT_CORRECTIONS, processor=None
    )
    near = sorted((int(distance), word) for word, distance, _ in found if word.isalpha())
    return [(word, distance) for distance, word in near]
