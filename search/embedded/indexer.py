"""The writing side of the embedded engine; knows writers and generations, not where listings come from."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import tantivy

from schemas.search import ListingDoc
from search.embedded.fields import REV_SEPARATOR, id_hash, tantivy_document, tantivy_schema
from search.embedded.generations import Generations, fingerprint_of
from search.embedded.snapshot import open_index, unusable
from search.embedded.tokens import use_dictionary
from search.embedded.vectors import append
from search.port import Applied, EngineUnreachable, IndexRejected, IndexUnusable, Receipt
from search.schema import IndexSchema
from search.semantic import document_text, encoder, require_semantic

_HEAP = 96_000_000  # bytes a writer fills before it flushes a segment
_HEX = "0123456789abcdef"

T = TypeVar("T")


def _no_room(error: BaseException) -> bool:
    """Whether the disk is full, which is no fault of the documents; tantivy says it in the text of a ValueError."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    kind, text = str(error)[:60], str(error)  # the words of a document come later, if at all
    return ("IoError" in kind or "IO error" in kind) and (
        "StorageFull" in text or os.strerror(errno.ENOSPC) in text
    )


class EmbeddedIndexer:
    """Writes the index in `folder` from one thread of its own. Raises `IndexLocked` when opened twice."""

    def __init__(self, folder: Path, schema: IndexSchema) -> None:
        if schema.semantic:
            require_semantic()
        self._schema = schema
        self._generations = Generations(folder)
        self._generations.lock()
        self._indexes: dict[str, tantivy.Index] = {}
        self._writers: dict[str, tantivy.IndexWriter] = {}
        self._superseded: str | None = None
        self._closed = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="search-indexer")
        self._generations.sweep({name} if (name := self._pointer()) else set())

    async def current(self) -> str | None:
        return await self._in_thread(self._current)

    async def apply(
        self, upserts: Sequence[ListingDoc], deletes: Sequence[str], *, generation: str | None = None
    ) -> Receipt:
        return await self._in_thread(self._apply, upserts, deletes, generation)

    async def wait(self, receipt: Receipt, timeout: float) -> Applied:  # noqa: ARG002, ASYNC109 - word of the port
        """`apply` returns after the commit, so there is nothing left to wait for."""
        return Applied(receipt.generation, len(receipt.ids))

    async def begin_rebuild(self) -> str:
        return await self._in_thread(self._begin_rebuild)

    async def publish(self, generation: str) -> None:
        await self._in_thread(self._publish, generation)

    async def drop(self, generation: str) -> None:
        await self._in_thread(self._drop, generation)

    async def scan_revs(self, generation: str | None = None) -> AsyncIterator[tuple[str, int]]:
        for first in _HEX:
            for second in _HEX:
                for found in await self._in_thread(self._revs, generation, first + second):
                    yield found

    async def aclose(self) -> None:
        """Lets merges finish, then gives the lock back; may be called again."""
        if not self._closed:
            self._closed = True
            await self._in_thread(self._close)
            self._thread.shutdown()

    async def _in_thread(self, work: Callable[..., T], *given: Any) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *given)
        except (OSError, ValueError) as error:
            if _no_room(error):
                raise EngineUnreachable("there is no room on the disk of the search index") from error
            raise

    def _pointer(self) -> str | None:
        try:
            return self._generations.published()
        except IndexUnusable:
            return None

    def _current(self) -> str | None:
        name = self._pointer()
        if name is None or fingerprint_of(name) != self._schema.fingerprint:
            return None
        try:
            self._index(name)
        except IndexUnusable:
            return None
        return name

    def _apply(
        self, upserts: Sequence[ListingDoc], deletes: Sequence[str], generation: str | None
    ) -> Receipt:
        name = self._usable(generation)
        replaced = {doc.id: doc for doc in upserts}
        if clash := replaced.keys() & set(deletes):
            raise ValueError(f"deletes: {sorted(clash)} are also to be written")
        ids = (*replaced, *deletes)
        writer = self._writer(name)
        try:
            for id_ in ids:
                writer.delete_documents_by_term("id", id_)
            for doc in replaced.values():
                writer.add_document(tantivy_document(doc))
            if self._schema.semantic and replaced:
                vectors = encoder().encode([document_text(doc) for doc in replaced.values()])
                append(self._generations.path(name), [id_hash(id_) for id_ in replaced], vectors)
            writer.commit()
        except (ValueError, TypeError, OverflowError) as error:
            if _no_room(error):
                del writer, self._writers[name]  # with its lock, which the traceback would keep
                raise
            writer.rollback()
            raise IndexRejected(ids, str(error)) from error
        except BaseException as error:
            # the writer is in no known state: the next call opens another one
            del writer, self._writers[name]
            if _no_room(error):
                raise
            raise unusable(error) from error
        return Receipt(name, ids)

    def _begin_rebuild(self) -> str:
        name = self._generations.create(self._schema.fingerprint)
        try:
            index = tantivy.Index(tantivy_schema(), path=str(self._generations.path(name)))
            index.config_reader("manual")
            self._indexes[name] = index
            self._writer(name).commit()
        except BaseException:  # whoever waits for room tries again and again: each time with a new one
            self._writers.pop(name, None)
            self._indexes.pop(name, None)
            self._generations.remove(name)
            raise
        return name

    def _publish(self, generation: str) -> None:
        self._usable(generation)
        previous = self._pointer()
        self._generations.point_to(generation)
        if self._superseded and self._superseded not in (previous, generation):
            self._generations.remove(self._superseded)
        if previous and previous != generation:
            # kept until the next publication: a reader may be about to open a file of it
            self._superseded = previous
            self._release(previous)

    def _drop(self, generation: str) -> None:
        if generation == self._pointer():
            raise ValueError(f"generation: {generation} is published")
        self._release(generation)
        self._generations.remove(generation)

    def _revs(self, generation: str | None, start: str) -> list[tuple[str, int]]:
        index = self._index(self._usable(generation))
        index.reload()
        every = tantivy.Query.all_query()  # without a query, terms of deleted documents are listed too
        pairs = (
            term.split(REV_SEPARATOR)
            for term, _ in index.searcher().terms_with_prefix("id_rev", start, every)
        )
        return [(id_, int(rev)) for id_, rev in pairs]

    def _usable(self, generation: str | None) -> str:
        name = generation or self._current()
        if name is None:
            raise IndexUnusable("there is no search index of this version: rebuild it")
        self._index(name)
        return name

    def _index(self, name: str) -> tantivy.Index:
        if name not in self._indexes:
            self._indexes[name] = open_index(self._generations.path(name))
        return self._indexes[name]

    def _writer(self, name: str) -> tantivy.IndexWriter:
        """Kept open: opening one for each batch costs ten times the batch and aborts merges."""
        if name not in self._writers:
            use_dictionary(self._schema.glossary)
            try:
                writer = self._index(name).writer(_HEAP, 1)
            except ValueError as error:
                if _no_room(error):
                    raise
                raise unusable(error) from error
            try:
                writer.garbage_collect_files()
            except BaseException:
                del (
                    writer
                )  # with its lock, which the traceback would keep for as long as anybody keeps the error
                raise
            self._writers[name] = writer
        return self._writers[name]

    def _release(self, name: str) -> None:
        if (writer := self._writers.pop(name, None)) is not None:
            writer.wait_merging_threads()
        self._indexes.pop(name, None)

    def _close(self) -> None:
        for name in list(self._writers):
            self._release(name)
        self._generations.unlock()
