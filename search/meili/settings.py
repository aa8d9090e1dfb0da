"""Index settings and documents for Meilisearch; knows the shared schema, not requests."""

from __future__ import annotations

from typing import Any

from schemas.search import ListingDoc
from search.folding import fold
from search.port import MAX_DEPTH
from search.schema import (
    ACL,
    FIELDS,
    MAX_FACET_VALUES,
    SEARCHABLE,
    IndexSchema,
    engine_document,
    shown,
)
from search.semantic import DIMENSIONS

EMBEDDER = "listings"
_STAMP = "schema:"
# Sorting comes first, so that it is exact; among equally good matches a stale listing comes last.
_RANKING = (
    "sort", "words", "typo", "proximity", "attributeRank", "wordPosition", "exactness", "stale:asc",
    "published_at:desc", "id:asc",
)  # fmt: skip
_SORTABLE = ("id", "published_at", "confirmed_at", "currency_place", "price", "stale")


def index_settings(schema: IndexSchema) -> dict[str, Any]:
    """Everything explicit, so that a newer server's defaults change nothing."""
    settings: dict[str, Any] = {
        "searchableAttributes": [f.name for f in SEARCHABLE],
        "filterableAttributes": [
            _filterable([f.attribute for f in FIELDS.values() if not f.is_number], facets=True),
            _filterable([f.attribute for f in FIELDS.values() if f.is_number], numbers=True),
            _filterable(["phrases"], facets=True),
            _filterable([ACL.attribute]),
        ],
        "sortableAttributes": sorted(_SORTABLE),
        "displayedAttributes": ["id", "rev", "source", *(f.name for f in SEARCHABLE if f.language)],
        "rankingRules": list(_RANKING),
        "stopWords": sorted(schema.stop_words),
        "synonyms": {name: list(others) for name, others in schema.glossary.synonyms.items()},
        "dictionary": [stamp(schema), *schema.glossary.dictionary],
        "localizedAttributes": [
            {"attributePatterns": ["*_zh"], "locales": ["cmn"]},
            {"attributePatterns": ["*_en"], "locales": ["eng"]},
        ],
        "typoTolerance": {
            "enabled": True,
            "minWordSizeForTypos": {"oneTypo": 5, "twoTypos": 9},
            "disableOnAttributes": ["identifier_forms"],
            "disableOnNumbers": True,
        },
        "faceting": {"maxValuesPerFacet": MAX_FACET_VALUES, "sortFacetValuesBy": {"*": "count"}},
        "pagination": {"maxTotalHits": MAX_DEPTH},
        "prefixSearch": "indexingTime",
        "facetSearch": True,
    }
    if schema.semantic:
        settings["embedders"] = {EMBEDDER: {"source": "userProvided", "dimensions": DIMENSIONS}}
    return settings


def stamp(schema: IndexSchema) -> str:
    """A dictionary word that no text contains: the only place where an index can say what it was built with."""
    return _STAMP + schema.fingerprint


def meili_document(doc: ListingDoc, vector: list[float] | None = None) -> dict[str, Any]:
    """Searchable text is folded as in the other engine; `source` is the listing as it is shown."""
    values = engine_document(doc)
    texts = {f.name: _folded(values[f.name]) for f in SEARCHABLE if f.name in values}
    kept = {f.attribute for f in FIELDS.values()} | {
        ACL.attribute,
        "phrases",
        "stale",
        "currency_place",
        "rev",
    }
    made = {name: value for name, value in values.items() if name in kept} | texts
    made["source"] = shown(doc)
    if vector is not None:
        made["_vectors"] = {EMBEDDER: vector}
    return made


def _folded(value: Any) -> Any:
    return [fold(text) for text in value] if isinstance(value, list) else fold(value)


def _filterable(attributes: list[str], *, facets: bool = False, numbers: bool = False) -> dict[str, Any]:
    return {
        "attributePatterns": attributes,
        "features": {"facetSearch": facets, "filter": {"equality": True, "comparison": numbers}},
    }
