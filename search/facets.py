"""The rules of facet counts that hold in every engine; knows filters and counts, not how they are counted."""

from __future__ import annotations

from collections.abc import Iterable

from search.filters import Filter, conjuncts, fields_of
from search.port import FacetCount


def own_facets(facets: Iterable[str], given: Filter | None) -> tuple[str, ...]:
    """Those of the facets that the filter restricts by a conjunct of their own, which their count leaves out."""
    alone = [fields for part in conjuncts(given) if len(fields := set(fields_of(part))) == 1]
    return tuple(facet for facet in dict.fromkeys(facets) if {facet} in alone)


def in_order(counts: Iterable[FacetCount]) -> tuple[FacetCount, ...]:
    """Most frequent first; equal counts by value."""
    return tuple(sorted(counts, key=lambda found: (-found.count, str(found.value))))
