"""The index's documents: read from the database for indexing, and turned into hits for an answer."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from market.editions.queries import edition_codes
from market.listings.documents import search_document
from market.listings.queries import latest_documents
from market.listings.rules import SEARCHABLE
from market.organisations.queries import organisations
from schemas.discovery import HighlightSpan, HitOrganisation, SearchHit
from schemas.search import ListingDoc
from search.port import Hit, Span

log = logging.getLogger("market.discovery")

_LANGUAGES = {"zh": "zh-Hans", "en": "en"}
_SHOWN_AS = {"title": "title", "abstract": "summary", "text": "text"}


async def index_documents(session: AsyncSession, ids: Sequence[UUID]) -> list[ListingDoc]:
    """What the index should hold of these listings: nothing of those that the search does not show.

    A document that the index could not take is left out and logged: one bad document never stops the others.
    """
    rows = await latest_documents(session, ids)
    shown = {key: row for key, row in rows.items() if row[0].status in SEARCHABLE}
    owners = await organisations(session, list({listing.organisation_id for listing, _ in shown.values()}))
    codes = await edition_codes(session, list(shown))
    made = []
    for listing, document in shown.values():
        try:
            owner = owners[listing.organisation_id]
            made.append(search_document(document, listing, owner, codes.get(listing.id, [])))
        except ValidationError as error:
            log.error("listing %s cannot be indexed: %s", listing.id, error)
    return made


def search_hit(hit: Hit) -> SearchHit:
    """A hit as the API shows it."""
    fields = hit.fields
    return SearchHit(
        id=UUID(hit.id),
        kind=fields["kind"],
        status=fields["status"],
        title=_both(fields, "title"),
        summary=_both(fields, "abstract"),
        organisation=HitOrganisation(id=UUID(fields["organisation_id"]), name=_both(fields, "organisation")),
        region=fields.get("region"),
        ipc=fields.get("ipc", []),
        discipline=fields.get("discipline", []),
        trl=fields.get("trl"),
        modes=fields.get("modes", []),
        price_mode=fields.get("price_mode"),
        editions=fields.get("editions", []),
        published_at=_instant(fields["published_at"]),
        confirmed_at=_instant(fields["confirmed_at"]),
        deadline=_instant(fields["deadline_at"]) if fields.get("deadline_at") else None,
        score=hit.score,
        highlights=_highlights(hit.highlights),
    )


def _both(fields: Any, name: str) -> dict[str, str]:
    return {tag: fields[f"{name}_{end}"] for end, tag in _LANGUAGES.items() if fields.get(f"{name}_{end}")}


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _highlights(found: Any) -> dict[str, dict[str, list[HighlightSpan]]]:
    shown: dict[str, dict[str, list[HighlightSpan]]] = {}
    for field, spans in found.items():
        name, _, end = field.rpartition("_")
        window: tuple[Span, ...] = spans
        pieces = [HighlightSpan(text=span.text, marked=span.marked) for span in window]
        shown.setdefault(_SHOWN_AS[name], {})[_LANGUAGES[end]] = pieces
    return shown
