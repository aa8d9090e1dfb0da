"""What a search asks and answers over HTTP."""

from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.values import View
from schemas.vocabulary import ListingKind, ListingStatus


class HighlightSpan(View):
    """A piece of text, marked where it matched. Escape the text, then wrap the marked pieces."""

    text: str
    marked: bool


class HitOrganisation(View):
    id: UUID
    name: dict[str, str]


class SearchHit(View):
    """One listing found; `highlights` holds, per field and language, the window of text around the matches."""

    id: UUID
    kind: ListingKind
    status: ListingStatus
    title: dict[str, str]
    summary: dict[str, str]
    organisation: HitOrganisation
    region: str | None
    ipc: list[str]
    discipline: list[str]
    trl: int | None
    modes: list[str]
    price_mode: str | None
    editions: list[str]
    published_at: datetime
    confirmed_at: datetime
    deadline: datetime | None
    score: float | None
    highlights: dict[str, dict[str, list[HighlightSpan]]]


class SearchAnswer(View):
    """A page of hits. A facet is counted without its own filter, so that another value can be chosen.

    `total` is exact where `total_is_exact` says so; the first 1,000 hits can be paged through.

    `degraded` says that the search engine is away and the database has answered: latest listing first, found by words
    exactly as they stand in titles, keywords, names and numbers, without facets, highlights and sorting.
    """

    hits: list[SearchHit]
    total: int
    total_is_exact: bool
    facets: dict[str, dict[str, int]]
    next_cursor: str | None
    degraded: bool = False


class SuggestionView(View):
    text: str
    count: int


class SimilarHit(View):
    id: UUID
    kind: ListingKind
    title: dict[str, str]
    score: float | None


class IndexReport(View):
    """Where index and database differ."""

    documents: int
    missing: list[UUID]
    outdated: list[UUID]
    surplus: list[UUID]

    @property
    def whole(self) -> bool:
        return not (self.missing or self.outdated or self.surplus)

    def model_post_init(self, _context: Any) -> None:
        for listed in (self.missing, self.outdated, self.surplus):
            listed.sort()
