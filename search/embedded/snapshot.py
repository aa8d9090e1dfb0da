"""Opens the published generation and keeps up with its commits; knows files and searchers, not queries."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import tantivy

from search.embedded.generations import Generations, fingerprint_of
from search.embedded.tokens import use_dictionary
from search.embedded.vectors import Neighbours
from search.port import IndexUnusable
from search.schema import IndexSchema


@dataclass(frozen=True)
class Snapshot:
    """One commit of one generation, unchanging; caches derived from it live as long as it does."""

    generation: str
    folder: Path
    index: tantivy.Index
    searcher: tantivy.Searcher
    vocabularies: dict[str, dict[int, list[str]]] = field(default_factory=dict)

    def vocabulary(self, start: str) -> dict[int, list[str]]:
        """Words of the index that begin with `start`, by length."""
        if start not in self.vocabularies:
            by_length: dict[int, list[str]] = defaultdict(list)
            for word, _ in self.searcher.terms_with_prefix("words", start):
                by_length[len(word)].append(word)
            self.vocabularies[start] = by_length
        return self.vocabularies[start]

    @cached_property
    def neighbours(self) -> Neighbours:
        """Needs the semantic extra."""
        return Neighbours(self.folder)


class Snapshots:
    """Where each search gets its snapshot from; safe to call from several threads."""

    def __init__(self, folder: Path, schema: IndexSchema) -> None:
        self._generations = Generations(folder)
        self._schema = schema
        self._latest: Snapshot | None = None
        self._stamp: tuple[int, int] | None = None
        self._guard = threading.Lock()

    def latest(self) -> Snapshot:
        """Sees every commit made before the call. Raises `IndexUnusable`."""
        with self._guard:
            try:
                return self._refresh()
            except IndexUnusable:
                # published and swept between reading the pointer and opening the folder: the new pointer is there
                self._latest = None
                return self._refresh()

    def _refresh(self) -> Snapshot:
        name = self._generations.published()
        if name is None:
            raise IndexUnusable("there is no search index yet: build it with reindex")
        if fingerprint_of(name) != self._schema.fingerprint:
            raise IndexUnusable("the search index belongs to another version: rebuild it with reindex")
        folder = self._generations.path(name)
        latest = self._latest
        if latest is None or latest.generation != name:
            use_dictionary(self._schema.glossary)
            index = open_index(folder)
        elif self._stamp == (stamp := _stamp(folder)):
            return latest
        else:
            index = latest.index
        stamp = _stamp(folder)  # before reloading: a commit in between is seen twice rather than never
        with_reload(index)
        self._latest = Snapshot(name, folder, index, index.searcher())
        self._stamp = stamp
        return self._latest


def open_index(folder: Path) -> tantivy.Index:
    """Raises `IndexUnusable` where the files are missing, damaged or written by another tantivy."""
    try:
        if not tantivy.Index.exists(str(folder)):
            raise IndexUnusable("the search index is missing: rebuild it with reindex")
        if not tantivy.Index.is_compatible(str(folder)):
            raise IndexUnusable("the search index was written by another version: rebuild it with reindex")
        index = tantivy.Index.open(str(folder))
        index.config_reader("manual")
    except IndexUnusable:
        raise
    except BaseException as error:
        raise unusable(error) from error
    return index


def with_reload(index: tantivy.Index) -> None:
    try:
        index.reload()
    except BaseException as error:
        raise unusable(error) from error


def unusable(error: BaseException) -> IndexUnusable:
    """Tells a damaged index from an interrupt: tantivy's panics are no `Exception`."""
    if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
        raise error
    return IndexUnusable(f"the search index cannot be read, rebuild it with reindex: {error}")


def _stamp(folder: Path) -> tuple[int, int]:
    """Changes with every commit, because each replaces this file."""
    try:
        stat = (folder / "meta.json").stat()
    except OSError as error:
        raise IndexUnusable(f"the search index is damaged, rebuild it with reindex: {error}") from error
    return stat.st_ino, stat.st_mtime_ns
