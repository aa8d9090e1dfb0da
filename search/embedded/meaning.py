"""Adds listings near in meaning to those found by words; knows both orders, not how either is made."""

from __future__ import annotations

from tantivy import DocAddress, Query

from search.embedded.conditions import every, some
from search.embedded.fields import tantivy_schema
from search.embedded.ranking import Ranked, ranked
from search.embedded.snapshot import Snapshot
from search.fusion import HEAD, with_meaning
from search.port import Sort
from search.semantic import NEIGHBOURS, encoder, least_cosine


def by_words_and_meaning(
    snapshot: Snapshot, text: str, words: Query, scope: Query, depth: int
) -> tuple[Ranked, Query]:
    """Both orders merged, and the query that finds what is in either. Scores are those of the fusion."""
    searcher = snapshot.searcher
    by_words = ranked(searcher, every([words, scope]), Sort.RELEVANCE, max(HEAD, depth))
    least = least_cosine(words_found=by_words.total > 0)
    near = snapshot.neighbours.nearest(encoder().encode([text])[0])
    nearest = {hash_: rank for rank, (hash_, cosine) in enumerate(near) if cosine >= least}
    meaning = _any_of(list(nearest))
    by_meaning = ranked(searcher, every([meaning, scope]), Sort.RELEVANCE, NEIGHBOURS)
    addresses: dict[int, DocAddress] = {}
    orders: list[list[int]] = []
    for result in (by_words, by_meaning):
        found = [address for _, address in result.top]
        hashes = [int(hash_ or 0) for hash_ in searcher.fast_field_values("id_hash", found)]
        addresses |= zip(hashes, found, strict=True)
        orders.append(hashes)
    orders[1].sort(key=lambda hash_: nearest[hash_])
    either = some([words, meaning])
    total = ranked(searcher, every([either, scope]), Sort.RELEVANCE, 0).total
    return Ranked(
        [(score, addresses[hash_]) for hash_, score in with_meaning(*orders)[:depth]], total
    ), either


def _any_of(hashes: list[int]) -> Query:
    if not hashes:
        return Query.empty_query()
    return Query.const_score_query(Query.term_set_query(tantivy_schema(), "id_hash", hashes), 0.0)
