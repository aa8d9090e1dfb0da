"""What the search answers while its engine does not: published listings by the words of their titles and numbers.

It reads the stored public documents, slice by slice from the latest listing back, for a second at most, and answers
with what it has found by then. Every word must stand in a title, keyword, name or number as it was typed; filters
hold. There are no corrections, other languages, completions, facets, marks or orders. It knows no engine.
"""

import asyncio
import re
import time
import unicodedata
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from uuid import UUID

from market.database import Database
from market.discovery.documents import index_documents
from market.errors import Unavailable
from market.listings.rules import SEARCHABLE
from schemas.search import ListingDoc
from search.codes import as_identifier, identifier_forms
from search.filters import satisfies
from search.folding import fold
from search.port import MAX_WORDS, Hit, SearchPage, SearchRequest
from search.schema import engine_document, shown

SECONDS = 1.0
AT_ONCE = 2
"""Readers of the tables in one process; the database has more to do than this."""
GENERATION = "database"
_SLICE = 500
_LAST = UUID(int=2**128 - 1)
_NO_WORD = re.compile(r"[\W_]+")

_READ = """
WITH slice AS (
    SELECT id, published_version FROM listing
    WHERE id < $1 AND status = ANY($2) ORDER BY id DESC LIMIT $3
)
SELECT slice.id, lower(convert_from(v.document, 'UTF8')) LIKE ALL($4) AS fits
FROM slice JOIN listing_version v ON v.listing_id = slice.id AND v.number = slice.published_version
ORDER BY slice.id DESC
"""

Test = Callable[[ListingDoc], bool]


class Fallback:
    """One for each process."""

    def __init__(self, database: Database, seconds: float = SECONDS) -> None:
        self._database = database
        self._seconds = seconds
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def search(self, asked: SearchRequest) -> SearchPage:
        """The page, latest listing first; `total` counts what was found and is exact where everything was read.

        Raises Unavailable where too many are asking.
        """
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._seconds):
                await self._turns.acquire()
        except TimeoutError:
            raise Unavailable("the search does not answer now", retry_after=2) from None
        try:
            found, whole = await self._found(asked)
        finally:
            self._turns.release()
        page = found[asked.offset : asked.offset + asked.limit]
        return SearchPage(
            hits=tuple(Hit(doc.id, None, doc.rev, shown(doc)) for doc in page),
            total=len(found),
            total_is_exact=whole,
            facets={},
            generation=GENERATION,
            took_ms=(time.perf_counter() - started) * 1000,
        )

    async def _found(self, asked: SearchRequest) -> tuple[list[ListingDoc], bool]:
        """Enough for the page and one more, and whether every listing was read."""
        patterns, fits = _reading(asked)
        found: list[ListingDoc] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds):
                async for docs in self._slices(patterns):
                    found += filter(fits, docs)
                    if len(found) > asked.offset + asked.limit:
                        return found, False
                return found, True
        return found, False

    async def _slices(self, patterns: list[str]) -> AsyncIterator[list[ListingDoc]]:
        """Searchable listings whose document has all patterns, a slice at a time, latest first."""
        before = _LAST
        statuses = [status.value for status in SEARCHABLE]
        while rows := await self._database.pool.fetch(_READ, before, statuses, _SLICE, patterns):
            before = rows[-1]["id"]
            if fitting := [row["id"] for row in rows if row["fits"]]:
                async with self._database.sessions() as session:
                    docs = await index_documents(session, fitting)
                yield sorted(docs, key=lambda doc: doc.id, reverse=True)


def _reading(asked: SearchRequest) -> tuple[list[str], Test]:
    """Patterns that the bytes of a document must have, and the test of the document itself."""
    number = as_identifier(fold(asked.text))
    typed = _NO_WORD.sub(" ", _plain(asked.text)).split()[:MAX_WORDS]
    patterns = [f"%{'%'.join(number)}%"] if number else [f"%{word}%" for word in typed]

    def fits(doc: ListingDoc) -> bool:
        if asked.filter is not None and not satisfies(engine_document(doc), asked.filter):
            return False
        if number:
            forms = (form for given in doc.identifiers for form in identifier_forms(given))
            return any(form.startswith(number) for form in forms)
        text = _plain("\n".join(_named(doc)))
        return all(word in text for word in typed)

    return patterns, fits


def _named(doc: ListingDoc) -> list[str]:
    single = (doc.title_zh, doc.title_en, doc.organisation_zh, doc.organisation_en)
    return [
        *(text for text in single if text),
        *doc.keywords_zh,
        *doc.keywords_en,
        *doc.people,
        *doc.identifiers,
    ]


def _plain(text: str) -> str:
    """Half-width and lower-case."""
    return unicodedata.normalize("NFKC", text).lower()
