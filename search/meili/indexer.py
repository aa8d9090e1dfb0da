"""The writing side of Meilisearch through its official client; knows tasks and swaps, not where listings come from."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

import meilisearch
import requests
from meilisearch.errors import MeilisearchApiError, MeilisearchError, MeilisearchTimeoutError

from schemas.search import ListingDoc
from search.meili.conditions import one_of
from search.meili.engine import INDEX
from search.meili.settings import index_settings, meili_document, stamp
from search.port import Applied, EngineUnreachable, IndexRejected, IndexTimeout, IndexUnusable, Receipt
from search.schema import IndexSchema
from search.semantic import document_text, encoder, require_semantic

_PAGE = 1000
_HTTP_TIMEOUT = 30  # seconds; settings carry the whole glossary
_SETTLED = 600  # seconds that building settings, draining and swapping may take
_POLL_MS = 50

T = TypeVar("T")


class MeiliIndexer:
    """Writes one index from one thread of its own: the client keeps the headers of the call under way in itself."""

    def __init__(self, url: str, key: str | None, schema: IndexSchema, *, index: str = INDEX) -> None:
        if schema.semantic:
            require_semantic()
        self._schema = schema
        self._index = index
        self._client = meilisearch.Client(url, key, timeout=_HTTP_TIMEOUT)
        self._building: set[str] = set()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="search-indexer")

    async def current(self) -> str | None:
        return await self._in_thread(self._current)

    async def apply(
        self, upserts: Sequence[ListingDoc], deletes: Sequence[str], *, generation: str | None = None
    ) -> Receipt:
        return await self._in_thread(self._apply, upserts, deletes, generation)

    async def wait(self, receipt: Receipt, timeout: float) -> Applied:  # noqa: ASYNC109 - word of the port
        return await self._in_thread(self._wait, receipt, timeout)

    async def begin_rebuild(self) -> str:
        return await self._in_thread(self._begin_rebuild)

    async def publish(self, generation: str) -> None:
        await self._in_thread(self._publish, generation)

    async def drop(self, generation: str) -> None:
        await self._in_thread(self._drop, generation)

    async def scan_revs(self, generation: str | None = None) -> AsyncIterator[tuple[str, int]]:
        uid = generation or self._index
        offset = 0
        while found := await self._in_thread(self._revs, uid, offset):
            for pair in found:
                yield pair
            offset += len(found)

    async def aclose(self) -> None:
        self._thread.shutdown()

    async def _in_thread(self, work: Callable[..., T], *given: Any) -> T:
        def run() -> T:
            try:
                return work(*given)
            except MeilisearchApiError as error:
                if error.code == "index_not_found":
                    raise IndexUnusable(
                        f"the search index is missing, rebuild it: {error.message}"
                    ) from error
                raise EngineUnreachable(f"the search engine refused: {error.message}") from error
            except (MeilisearchError, requests.RequestException) as error:
                # an answer cut off in the middle is none of the client's own errors
                raise EngineUnreachable(f"the search engine does not answer: {error}") from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    def _current(self) -> str | None:
        try:
            dictionary = self._client.index(self._index).get_dictionary()
        except MeilisearchApiError as error:
            if error.code == "index_not_found":
                return None
            raise
        return self._index if stamp(self._schema) in dictionary else None

    def _apply(
        self, upserts: Sequence[ListingDoc], deletes: Sequence[str], generation: str | None
    ) -> Receipt:
        uid = generation or self._index
        # writing to an index that is not there would create one without settings
        if uid not in self._building and self._current() is None:
            raise IndexUnusable("there is no search index of this version: rebuild it")
        replaced = {doc.id: doc for doc in upserts}
        if clash := replaced.keys() & set(deletes):
            raise ValueError(f"deletes: {sorted(clash)} are also to be written")
        index = self._client.index(uid)
        tasks = []
        if replaced:
            tasks.append(
                index.add_documents(self._documents([*replaced.values()]), primary_key="id").task_uid
            )
        if deletes:
            tasks.append(index.delete_documents(filter=one_of("id", deletes)).task_uid)
        return Receipt(uid, (*replaced, *deletes), tuple(tasks))

    def _documents(self, docs: list[ListingDoc]) -> list[dict[str, Any]]:
        if not self._schema.semantic:
            return [meili_document(doc) for doc in docs]
        vectors = encoder().encode([document_text(doc) for doc in docs])
        return [meili_document(doc, vector.tolist()) for doc, vector in zip(docs, vectors, strict=True)]

    def _wait(self, receipt: Receipt, timeout: float) -> Applied:
        for task in receipt.tasks:
            self._finish(task, timeout, receipt.ids)
        return Applied(receipt.generation, len(receipt.ids))

    def _finish(self, task: int, timeout: float = _SETTLED, ids: Sequence[str] = ()) -> None:
        try:
            done = self._client.wait_for_task(
                task, timeout_in_ms=int(timeout * 1000), interval_in_ms=_POLL_MS
            )
        except MeilisearchTimeoutError as error:
            raise IndexTimeout(f"task {task} is not finished after {timeout} s") from error
        if done.status == "succeeded":
            return
        trouble = done.error or {}
        reason = str(trouble.get("message", done.status))
        if trouble.get("code") == "index_not_found":
            raise IndexUnusable(f"the search index is missing, rebuild it: {reason}")
        if trouble.get("type") == "invalid_request":
            raise IndexRejected(ids, reason)
        # a full disk or a cancelled task says nothing against the documents: they must be sent again
        raise EngineUnreachable(f"the search engine did not carry out task {task}: {reason}")

    def _begin_rebuild(self) -> str:
        numbers = {
            int(found[1]): uid
            for uid in self._uids()
            if (found := re.fullmatch(rf"{self._index}_(\d+)", uid))
        }
        for uid in set(numbers.values()) - self._building:
            self._delete(uid)  # a build that was never finished
        uid = f"{self._index}_{max(numbers, default=0) + 1}"
        self._create(uid)
        self._building.add(uid)
        return uid

    def _create(self, uid: str) -> None:
        self._finish(self._client.create_index(uid, {"primaryKey": "id"}).task_uid)
        self._finish(self._client.index(uid).update_settings(index_settings(self._schema)).task_uid)

    def _publish(self, generation: str) -> None:
        if generation not in self._building:
            raise IndexUnusable(f"{generation!r} is no generation being built")
        if self._index not in self._uids():
            self._finish(self._client.create_index(self._index, {"primaryKey": "id"}).task_uid)
        # a swap leaves queued tasks with the name they were given, which would then be the other index
        for task in self._client.get_tasks(
            {"indexUids": [self._index, generation], "statuses": ["enqueued", "processing"], "limit": _PAGE}
        ).results:
            self._settle(task.uid)
        self._finish(self._client.swap_indexes([{"indexes": [self._index, generation]}]).task_uid)
        self._drop(generation)

    def _settle(self, task: int) -> None:
        """Until it is over, whatever its outcome: its own receipt reports that."""
        self._client.wait_for_task(task, timeout_in_ms=_SETTLED * 1000, interval_in_ms=_POLL_MS)

    def _drop(self, generation: str) -> None:
        if generation == self._index:
            raise ValueError(f"generation: {generation} is published")
        # first, so that the next build removes it where the engine does not answer now
        self._building.discard(generation)
        self._delete(generation)

    def _delete(self, uid: str) -> None:
        """Also where it is gone by then: a deletion from before a crash may still have been queued."""
        with suppress(IndexUnusable):
            self._finish(self._client.delete_index(uid).task_uid)

    def _uids(self) -> list[str]:
        # annotated as a list, answered as a page of one
        found: Any = self._client.get_raw_indexes({"limit": _PAGE})
        return [index["uid"] for index in found["results"]]

    def _revs(self, uid: str, offset: int) -> list[tuple[str, int]]:
        query = {"fields": ["id", "rev"], "sort": ["id:asc"], "offset": offset, "limit": _PAGE}
        found = self._client.index(uid).get_documents(query)
        return [(document.id, document.rev) for document in found.results]
