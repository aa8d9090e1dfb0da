"""What the application asks of search and what it gets back; knows no engine and no table."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol

from schemas.search import ListingDoc
from search.filters import And, Eq, Filter, Has, In, Not, Or, Range, check_filter
from search.schema import FACETS, HIGHLIGHTS, Scalar

__all__ = [
    "And", "Applied", "Capability", "EngineHealth", "EngineUnreachable", "Eq", "FacetCount", "Filter", "Has", "Hit",
    "In", "IndexLocked", "IndexRejected", "IndexTimeout", "IndexUnusable", "Not", "Or", "Range", "Receipt",
    "SearchEngine", "SearchError", "SearchIndexer", "SearchPage", "SearchRequest", "Sort", "Span", "Suggestion",
    "Viewer",
]  # fmt: skip

MAX_TEXT = 512
MAX_WORDS = 10  # further words of a query do not count: one of the engines never reads them
MAX_LIMIT = 100
MAX_DEPTH = 1000


class Sort(StrEnum):
    """A closed list: listings without the value come last in either direction, ties always break the same way.

    NEWEST is by `published_at`, CONFIRMED by `confirmed_at`, each latest first. Prices in one currency stand together,
    the currencies in the order of `CURRENCY_ORDER` in either direction: 300,000 JPY is not more than 80,000 EUR.
    """

    RELEVANCE = "relevance"
    NEWEST = "newest"
    CONFIRMED = "confirmed"
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"


class Capability(StrEnum):
    """What one engine or installation can do beyond the contract."""

    SEMANTIC = "semantic"  # finds listings written in the other language by meaning
    EXACT_TOTAL = "exact_total"  # `SearchPage.total` is a count, not an estimate


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose eyes: the acl entries of which a document must carry at least one."""

    acl: tuple[str, ...]

    @classmethod
    def anonymous(cls) -> Viewer:
        """Anyone: public listings only."""
        return cls(("public",))

    @classmethod
    def member(cls, *organisations: str) -> Viewer:
        """Someone of these organisations: public listings, their own, and those shared with them."""
        own = tuple(entry for id_ in organisations for entry in (f"org:{id_}", f"grant:{id_}"))
        return cls(("public", *own))


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """One page of one search; `ValueError` names the field that is out of bounds.

    `viewer` has no default, so that nobody forgets it. Empty `text` browses. Facets are disjunctive: a facet is
    counted without the conjuncts of `filter` that speak of its own field alone. `crop` is in characters.
    """

    viewer: Viewer
    text: str = ""
    filter: Filter | None = None
    facets: tuple[str, ...] = ()
    sort: Sort = Sort.RELEVANCE
    offset: int = 0
    limit: int = 20
    match: Literal["all", "relaxed"] = "relaxed"
    highlight: tuple[str, ...] = ("title_zh", "title_en", "abstract_zh", "abstract_en")
    crop: int = 120

    def __post_init__(self) -> None:
        if len(self.text) > MAX_TEXT:
            raise ValueError(f"text: at most {MAX_TEXT} characters")
        if not 0 <= self.limit <= MAX_LIMIT:
            raise ValueError(f"limit: between 0 and {MAX_LIMIT}")
        if self.offset < 0 or self.offset + self.limit > MAX_DEPTH:
            raise ValueError(f"offset: from 0, and offset + limit at most {MAX_DEPTH}")
        if not 20 <= self.crop <= 1000:
            raise ValueError("crop: between 20 and 1000 characters")
        if unknown := set(self.facets) - FACETS:
            raise ValueError(f"facets: {sorted(unknown)} cannot be counted")
        if unknown := set(self.highlight) - HIGHLIGHTS:
            raise ValueError(f"highlight: {sorted(unknown)} cannot be highlighted")
        if self.filter is not None:
            object.__setattr__(self, "filter", check_filter(self.filter))


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a field's value, `value[start : start + len(text)]`, counted in code points."""

    text: str
    start: int
    marked: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """One listing found.

    `fields` are those of `ListingDoc` without `acl` and without empty ones. `highlights` holds, for every requested
    field that has a value, adjoining spans which together show one cropped window of it; put it on a page by
    escaping each span's text and wrapping the marked ones.
    """

    id: str
    score: float | None
    rev: int
    fields: Mapping[str, Any]
    highlights: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many listings carry the value; codes with levels are counted at every level."""

    value: Scalar
    count: int


@dataclass(frozen=True, slots=True)
class SearchPage:
    """`facets` are ordered by count, then value. `generation` names the index that answered."""

    hits: tuple[Hit, ...]
    total: int
    total_is_exact: bool
    facets: Mapping[str, tuple[FacetCount, ...]]
    generation: str
    took_ms: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A keyword or title that begins with what was typed, and how many visible listings carry it."""

    text: str
    count: int


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """`reachable` is false where searching would raise; `detail` then says why."""

    engine: str
    reachable: bool
    documents: int
    generation: str | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What `wait` needs; an empty `tasks` means that the change was durable when `apply` returned."""

    generation: str
    ids: tuple[str, ...]
    tasks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """The change can be found by every reader."""

    generation: str
    count: int


class SearchError(Exception):
    """Searching or indexing failed."""


class EngineUnreachable(SearchError):
    """The search engine does not answer, or answers with an error of its own."""


class IndexUnusable(SearchError):
    """The index is missing, damaged or of another version: rebuild it."""


class IndexLocked(SearchError):
    """Another process is writing to this index."""


class IndexTimeout(SearchError):
    """The engine took the change and has not finished it in time; it may still be applied."""


class IndexRejected(SearchError):
    """The engine refused the batch; nothing of it was applied for certain."""

    def __init__(self, ids: Sequence[str], reason: str) -> None:
        super().__init__(f"{reason} ({len(ids)} documents)")
        self.ids = tuple(ids)
        self.reason = reason


class SearchEngine(Protocol):
    """The reading side, safe in every web worker. Raises `EngineUnreachable` and `IndexUnusable`."""

    async def search(self, request: SearchRequest) -> SearchPage: ...

    async def multi_search(self, requests: Sequence[SearchRequest]) -> list[SearchPage]: ...

    async def suggest(self, prefix: str, viewer: Viewer, limit: int = 8) -> list[Suggestion]: ...

    async def facet_values(
        self, field: str, prefix: str, viewer: Viewer, limit: int = 20
    ) -> list[FacetCount]:
        """Values of a code field that begin with `prefix` in visible listings, most frequent first."""
        ...

    async def similar(self, id: str, viewer: Viewer, limit: int = 10) -> list[Hit]:  # noqa: A002 - word of the port
        """Listings that share words with this one; none if the viewer may not see it."""
        ...

    async def health(self) -> EngineHealth: ...

    def capabilities(self) -> frozenset[Capability]: ...

    async def aclose(self) -> None: ...


class SearchIndexer(Protocol):
    """The writing side: one process. A generation is one complete index; `None` means the published one."""

    async def current(self) -> str | None:
        """The published generation if it can be used with this version of the schema, else `None`: rebuild."""
        ...

    async def apply(
        self, upserts: Sequence[ListingDoc], deletes: Sequence[str], *, generation: str | None = None
    ) -> Receipt:
        """Replace whole documents and delete others; idempotent. Raises `IndexRejected`, `IndexUnusable`."""
        ...

    async def wait(self, receipt: Receipt, timeout: float) -> Applied:  # noqa: ASYNC109 - also bounds the engine's own wait
        """Until readers see the change; raises `IndexRejected` or `IndexTimeout` (`timeout` in seconds)."""
        ...

    async def begin_rebuild(self) -> str:
        """An empty generation that no reader sees until it is published."""
        ...

    async def publish(self, generation: str) -> None:
        """Swap it in atomically; readers follow by themselves."""
        ...

    async def drop(self, generation: str) -> None:
        """Give up a generation that was never published."""
        ...

    def scan_revs(self, generation: str | None = None) -> AsyncIterator[tuple[str, int]]:
        """Every (id, rev) in the index, ordered by id, for reconciliation."""
        ...

    async def aclose(self) -> None: ...
