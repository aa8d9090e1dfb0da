"""The reading side of the embedded engine; knows how a request becomes a page, leaves each step to its module."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from tantivy import Query

from search.embedded.conditions import every, scope, visible
from search.embedded.counting import facet_counts
from search.embedded.fields import PHRASE_SEPARATOR
from search.embedded.marking import Marker
from search.embedded.matching import Marks, Reading, TextQuery
from search.embedded.meaning import by_words_and_meaning
from search.embedded.ranking import Ranked, ranked, stored
from search.embedded.snapshot import Snapshot, Snapshots, unusable
from search.facets import in_order
from search.filters import Eq, Filter, Not
from search.folding import fold
from search.port import (
    Capability,
    EngineHealth,
    FacetCount,
    Hit,
    IndexUnusable,
    SearchPage,
    SearchRequest,
    Sort,
    Suggestion,
    Viewer,
)
from search.schema import IndexSchema, countable, likeness
from search.semantic import require_semantic

_THREADS = 2
_FEW = 5  # hits below which likely misspellings are tried for every word
_SIMILAR_WORDS = 12
_SUGGESTED_FROM = 2000  # phrases looked at before the most frequent are chosen

T = TypeVar("T")


@dataclass(frozen=True)
class _Found:
    """What a request matched: how to ask it again under another filter, its hits, and what to mark in them."""

    query_for: Callable[[Filter | None], Query]
    result: Ranked
    marks: Marks
    scored: bool


class EmbeddedEngine:
    """Searches the index in `folder`; every call sees all commits made before it."""

    def __init__(self, folder: Path, schema: IndexSchema) -> None:
        if schema.semantic:
            require_semantic()
        self._schema = schema
        self._snapshots = Snapshots(folder, self._schema)
        self._limiter = CapacityLimiter(_THREADS)

    async def search(self, request: SearchRequest) -> SearchPage:
        return await self._in_thread(self._search, request)

    async def multi_search(self, requests: Sequence[SearchRequest]) -> list[SearchPage]:
        return await self._in_thread(lambda: [self._search(request) for request in requests])

    async def suggest(self, prefix: str, viewer: Viewer, limit: int = 8) -> list[Suggestion]:
        return await self._in_thread(self._suggest, prefix, viewer, limit)

    async def facet_values(
        self, field: str, prefix: str, viewer: Viewer, limit: int = 20
    ) -> list[FacetCount]:
        return await self._in_thread(self._facet_values, field, prefix, viewer, limit)

    async def similar(self, id: str, viewer: Viewer, limit: int = 10) -> list[Hit]:  # noqa: A002 - word of the port
        return await self._in_thread(self._similar, id, viewer, limit)

    async def health(self) -> EngineHealth:
        return await self._in_thread(self._health)

    def capabilities(self) -> frozenset[Capability]:
        found = {Capability.EXACT_TOTAL}
        return frozenset(found | {Capability.SEMANTIC} if self._schema.semantic else found)

    async def aclose(self) -> None:
        """Nothing is held open that the garbage collector does not close."""

    async def _in_thread(self, work: Callable[..., T], *given: Any) -> T:
        return await to_thread.run_sync(_guarded(work), *given, limiter=self._limiter)

    def _search(self, request: SearchRequest) -> SearchPage:
        started = time.perf_counter()
        snapshot = self._snapshots.latest()
        found = self._find(snapshot, request)
        page = found.result.top[request.offset : request.offset + request.limit]
        marker = Marker(found.marks)
        hits = [
            _hit(document, score if found.scored else None, request, marker)
            for (score, _), document in zip(
                page, stored(snapshot.searcher, [address for _, address in page]), strict=True
            )
        ]
        return SearchPage(
            hits=tuple(hits),
            total=found.result.total,
            total_is_exact=True,
            facets=facet_counts(snapshot.searcher, request.facets, request.filter, found.query_for),
            generation=snapshot.generation,
            took_ms=(time.perf_counter() - started) * 1000,
        )

    def _find(self, snapshot: Snapshot, request: SearchRequest) -> _Found:
        reading = Reading(snapshot, self._schema, request.text, visible(request.viewer))
        if not reading.words:
            return self._browse(snapshot, request)
        # misspellings are tried for want of hits, any single word only for want of a single hit
        for width, enough in ((0, _FEW), (1, 1)):
            text = reading.query(request.match, width=width)
            found = self._match(snapshot, request, text)
            if found.result.total >= enough or not text.can_widen:
                return found
        return self._match(snapshot, request, reading.query(request.match, width=2))

    def _browse(self, snapshot: Snapshot, request: SearchRequest) -> _Found:
        def query_for(given: Filter | None) -> Query:
            return scope(request.viewer, given)

        sort = Sort.NEWEST if request.sort is Sort.RELEVANCE else request.sort
        result = ranked(snapshot.searcher, query_for(request.filter), sort, request.offset + request.limit)
        return _Found(query_for, result, Marks(), scored=False)

    def _match(self, snapshot: Snapshot, request: SearchRequest, text: TextQuery) -> _Found:
        scored = request.sort is Sort.RELEVANCE
        depth = request.offset + request.limit
        within = scope(request.viewer, request.filter)
        if self._schema.semantic and scored and request.match == "relaxed" and not text.is_number:
            result, wanted = by_words_and_meaning(snapshot, request.text, text.query, within, depth)
        else:
            wanted = text.query
            result = ranked(snapshot.searcher, every([wanted, within]), request.sort, depth)

        def query_for(given: Filter | None) -> Query:
            return every([wanted, scope(request.viewer, given)])

        return _Found(query_for, result, text.marks, scored)

    def _suggest(self, prefix: str, viewer: Viewer, limit: int) -> list[Suggestion]:
        start = fold(prefix.strip())
        if not start:
            return []
        searcher = self._snapshots.latest().searcher
        phrases = searcher.terms_with_prefix("phrases", start, visible(viewer), _SUGGESTED_FROM)
        counted: dict[str, Suggestion] = {}
        for term, count in phrases:
            folded, _, text = term.partition(PHRASE_SEPARATOR)
            known = counted.get(folded)
            counted[folded] = Suggestion(known.text if known else text, count + (known.count if known else 0))
        return sorted(counted.values(), key=lambda found: (-found.count, len(found.text), found.text))[:limit]

    def _facet_values(self, field: str, prefix: str, viewer: Viewer, limit: int) -> list[FacetCount]:
        known = countable(field)
        searcher = self._snapshots.latest().searcher
        found = searcher.terms_with_prefix(known.attribute, known.spell_start(prefix), visible(viewer))
        return list(in_order(FacetCount(value, count) for value, count in found))[:limit]

    def _similar(self, id_: str, viewer: Viewer, limit: int) -> list[Hit]:
        snapshot = self._snapshots.latest()
        itself = scope(viewer, Eq("id", id_))
        found = stored(
            snapshot.searcher,
            [address for _, address in ranked(snapshot.searcher, itself, Sort.NEWEST, 1).top],
        )
        if not found:
            return []
        # the blank at the end says that the last word is complete
        alike = Reading(
            snapshot, self._schema, " ".join((*likeness(found[0]), "")), visible(viewer), most=_SIMILAR_WORDS
        ).resembling()
        others = every([alike, scope(viewer, Not(Eq("id", id_)))])
        top = ranked(snapshot.searcher, others, Sort.RELEVANCE, limit).top
        documents = stored(snapshot.searcher, [address for _, address in top])
        return [
            Hit(document["id"], score, document["rev"], document)
            for (score, _), document in zip(top, documents, strict=True)
        ]

    def _health(self) -> EngineHealth:
        try:
            snapshot = self._snapshots.latest()
        except IndexUnusable as error:
            return EngineHealth("embedded", reachable=False, documents=0, generation=None, detail=str(error))
        documents = snapshot.searcher.num_docs
        return EngineHealth("embedded", reachable=True, documents=documents, generation=snapshot.generation)


def _hit(document: dict[str, Any], score: float | None, request: SearchRequest, marker: Marker) -> Hit:
    highlights = {
        name: marker.snippet(document[name], request.crop) for name in request.highlight if document.get(name)
    }
    return Hit(document["id"], score, document["rev"], document, highlights)


def _guarded(work: Callable[..., T]) -> Callable[..., T]:
    """A panic inside tantivy is no `Exception`; here it becomes one that says what to do."""

    def run(*given: Any) -> T:
        try:
            return work(*given)
        except Exception:
            raise
        except BaseException as error:
            raise unusable(error) from error

    return run
