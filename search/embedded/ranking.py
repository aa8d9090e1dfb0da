"""Runs a query and puts its hits in one reproducible order; knows scores and sort keys, not words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tantivy import DocAddress, Order, Query, Searcher

from search.embedded.fields import SORT_FIELDS
from search.port import Sort

_SLACK = 32  # equal ranks may straddle the end of a page; this many more are fetched and put in order


@dataclass(frozen=True)
class Ranked:
    """The top of a result in order, and how many there are altogether. `score` is a sort key where one sorted."""

    top: list[tuple[float, DocAddress]]
    total: int


def ranked(searcher: Searcher, query: Query, sort: Sort, depth: int) -> Ranked:
    """The first `depth` documents; equal ranks are ordered by the hash of the id, the same in every generation."""
    wanted = depth + _SLACK
    if sort is Sort.RELEVANCE:
        result = searcher.search(query, wanted, weight_by_field="freshness")
    else:
        result = searcher.search(query, wanted, order_by_field=SORT_FIELDS[sort], order=Order.Desc)
    hits = result.hits
    hashes = searcher.fast_field_values("id_hash", [address for _, address in hits])
    order = sorted(range(len(hits)), key=lambda at: (-hits[at][0], -(hashes[at] or 0)))
    return Ranked([hits[at] for at in order[:depth]], count(result))


def count(result: Any) -> int:
    return int(result.count)


def stored(searcher: Searcher, addresses: Sequence[DocAddress]) -> list[dict[str, Any]]:
    """The documents as they were given to the index."""
    return [json.loads(searcher.doc(address).get_first("source") or b"{}") for address in addresses]
