"""Full-text search over listings: a port and its engines; knows the public document, never a table."""

from __future__ import annotations

from pathlib import Path

from search.port import SearchEngine, SearchIndexer
from search.schema import listing_schema

__all__ = ["open_engine", "open_indexer"]


def open_engine(url: str | None, key: str | None, path: Path, *, semantic: bool = False) -> SearchEngine:
    """The reading side: Meilisearch at `url`, or without one the index in the folder `path` (local disk only)."""
    if url is None:
        from search.embedded.engine import EmbeddedEngine

        return EmbeddedEngine(path, listing_schema(semantic=semantic))
    from search.meili.engine import MeiliEngine

    return MeiliEngine(url, key, listing_schema(semantic=semantic))


def open_indexer(url: str | None, key: str | None, path: Path, *, semantic: bool = False) -> SearchIndexer:
    """The writing side, for one process, created after any fork. Raises `IndexLocked` if another one holds `path`."""
    if url is None:
        from search.embedded.indexer import EmbeddedIndexer

        return EmbeddedIndexer(path, listing_schema(semantic=semantic))
    from search.meili.indexer import MeiliIndexer

    return MeiliIndexer(url, key, listing_schema(semantic=semantic))
