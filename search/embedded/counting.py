"""Counts facet values; knows aggregations and the rule of disjunctive facets, not ranking."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tantivy import Query, Searcher

from search.facets import in_order, own_facets
from search.filters import Filter, without
from search.port import FacetCount
from search.schema import FIELDS, MAX_FACET_VALUES

Counts = dict[str, tuple[FacetCount, ...]]


def facet_counts(
    searcher: Searcher,
    facets: Iterable[str],
    given: Filter | None,
    query_for: Callable[[Filter | None], Query],
) -> Counts:
    """One pass for facets without a filter of their own, one more for each of the others."""
    facets = tuple(dict.fromkeys(facets))
    own = own_facets(facets, given)
    counts: Counts = {}
    if free := [facet for facet in facets if facet not in own]:
        counts |= _counted(searcher, query_for(given), free)
    for facet in own:
        counts |= _counted(searcher, query_for(without(given, facet)), [facet])
    return {facet: counts[facet] for facet in facets}


def _counted(searcher: Searcher, query: Query, facets: list[str]) -> Counts:
    wanted = {
        facet: {"terms": {"field": FIELDS[facet].attribute, "size": MAX_FACET_VALUES}} for facet in facets
    }
    answered = searcher.aggregate(query, wanted)
    return {
        facet: in_order(_bucket(bucket, facet) for bucket in answered[facet]["buckets"]) for facet in facets
    }


def _bucket(bucket: dict[str, Any], facet: str) -> FacetCount:
    key = bucket["key"]
    return FacetCount(int(key) if FIELDS[facet].is_number else str(key), int(bucket["doc_count"]))
