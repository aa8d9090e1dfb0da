"""The reading side of Meilisearch over its HTTP API; knows calls and their failures, not the shape of a search."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx
from anyio import to_thread

from search.facets import in_order
from search.folding import fold
from search.fusion import fused
from search.meili.circuit import Circuit
from search.meili.conditions import scope
from search.meili.queries import ask, ask_similar, plain_hit, wants_meaning
from search.port import (
    Capability,
    EngineHealth,
    EngineUnreachable,
    FacetCount,
    Hit,
    IndexUnusable,
    SearchPage,
    SearchRequest,
    Suggestion,
    Viewer,
)
from search.schema import IndexSchema, countable
from search.semantic import encoder, require_semantic

INDEX = "listings"
_SECONDS = 2.0  # for a whole answer: somebody is waiting, and the caller may have another way
_TIMEOUT = httpx.Timeout(_SECONDS, connect=1.0)
# What an index answers that lacks the attributes of this schema, or is not there
_OUTDATED = frozenset(
    {
        "index_not_found",
        "invalid_search_facets",
        "invalid_search_sort",
        "invalid_search_embedder",
        "invalid_facet_search_facet_name",
    }
)


class MeiliEngine:
    """Shares one connection pool; create it in the event loop that uses it and close it there."""

    def __init__(self, url: str, key: str | None, schema: IndexSchema, *, index: str = INDEX) -> None:
        if schema.semantic:
            require_semantic()
        self._schema = schema
        self._index = index
        self._circuit = Circuit()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=_TIMEOUT)

    async def search(self, request: SearchRequest) -> SearchPage:
        return (await self.multi_search([request]))[0]

    async def multi_search(self, requests: Sequence[SearchRequest]) -> list[SearchPage]:
        asked = [ask(request, self._index, await self._vector(request)) for request in requests]
        answers = iter(await self._answers([query for one in asked for query in one.queries]))
        return [one.page([next(answers) for _ in one.queries]) for one in asked]

    async def suggest(self, prefix: str, viewer: Viewer, limit: int = 8) -> list[Suggestion]:
        start = fold(prefix.strip())
        if not start:
            return []
        found = await self._facet_search("phrases", prefix.strip(), viewer)
        fitting = [Suggestion(text, count) for text, count in found if fold(text).startswith(start)]
        return sorted(fitting, key=lambda entry: (-entry.count, len(entry.text), entry.text))[:limit]

    async def facet_values(
        self, field: str, prefix: str, viewer: Viewer, limit: int = 20
    ) -> list[FacetCount]:
        known = countable(field)
        start = known.spell_start(prefix)
        found = await self._facet_search(known.attribute, start, viewer)
        return list(in_order(FacetCount(text, count) for text, count in found if text.startswith(start)))[
            :limit
        ]

    async def similar(self, id: str, viewer: Viewer, limit: int = 10) -> list[Hit]:  # noqa: A002 - word of the port
        itself = {"ids": [id], "filter": scope(viewer, None), "fields": ["source"], "limit": 1}
        found = (await self._call("POST", f"/indexes/{self._index}/documents/fetch", itself))["results"]
        queries = ask_similar(found[0]["source"], id, viewer, self._index, limit) if found else []
        if not queries:
            return []
        hits = [[plain_hit(answer) for answer in answers["hits"]] for answers in await self._answers(queries)]
        by_id = {one.id: one for order in hits for one in order}
        order = fused(*([one.id for one in order] for order in hits))
        return [replace(by_id[id_], score=score) for id_, score in order[:limit]]

    async def health(self) -> EngineHealth:
        try:
            stats = await self._call("GET", f"/indexes/{self._index}/stats")
        except (EngineUnreachable, IndexUnusable) as error:
            return EngineHealth(
                "meilisearch", reachable=False, documents=0, generation=None, detail=str(error)
            )
        return EngineHealth("meilisearch", True, int(stats["numberOfDocuments"]), self._index)

    def capabilities(self) -> frozenset[Capability]:
        return frozenset({Capability.SEMANTIC} if self._schema.semantic else ())

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _vector(self, request: SearchRequest) -> list[float] | None:
        if not self._schema.semantic or not wants_meaning(request):
            return None
        rows = await to_thread.run_sync(encoder().encode, [request.text])
        vector: list[float] = rows[0].tolist()
        return vector

    async def _answers(self, queries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answered = await self._call("POST", "/multi-search", {"queries": queries})
        results: list[dict[str, Any]] = answered["results"]
        return results

    async def _facet_search(self, attribute: str, prefix: str, viewer: Viewer) -> list[tuple[str, int]]:
        body = {"facetName": attribute, "facetQuery": prefix, "filter": scope(viewer, None)}
        answered = await self._call("POST", f"/indexes/{self._index}/facet-search", body)
        return [(found["value"], int(found["count"])) for found in answered["facetHits"]]

    async def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Raises `EngineUnreachable`, or `IndexUnusable` where the index is missing or has other settings."""
        self._circuit.enter()
        try:
            async with asyncio.timeout(_SECONDS):
                response = await self._http.request(method, path, json=body)
            answered = response.json()
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            self._circuit.failed()
            raise EngineUnreachable(
                f"the search engine does not answer: {type(error).__name__} {error}"
            ) from error
        if response.is_server_error or not isinstance(answered, dict):
            self._circuit.failed()
            raise EngineUnreachable(
                f"the search engine answered {response.status_code}: {response.text[:200]}"
            )
        self._circuit.answered()
        if response.is_success:
            return answered
        code, message = str(answered.get("code")), str(answered.get("message"))
        if code in _OUTDATED or "is not filterable" in message:
            raise IndexUnusable(
                f"the search index is missing or outdated, rebuild it with reindex: {message}"
            )
        raise EngineUnreachable(f"the search engine answered {response.status_code} {code}: {message}")
