"""The public documents in memory, as bytes: filled on read, dropped by notifications from PostgreSQL.

A notification is sent by the transaction that changes a listing, so that a withdrawn one is gone from every process
as soon as its transaction commits. While the process does not hear notifications, nothing is served from memory.
"""

from collections import OrderedDict
from typing import Any
from uuid import UUID

from litestar import MediaType, Response
from litestar.response.base import ASGIResponse

from market.database import Database
from schemas.vocabulary import ListingStatus

CHANNEL = "listing_changed"
MOST_BYTES = 64 * 1024 * 1024

# By primary key; the version is the listing's latest.
_READ = """
SELECT l.status, l.withdrawal_reason, v.number, v.sha256, v.document
FROM listing l LEFT JOIN listing_version v ON v.listing_id = l.id AND v.number = l.published_version
WHERE l.id = $1
"""


class StoredBytes(Response[bytes]):
    """An answer whose ASGI form was made once, when its document was read."""

    def __init__(self, document: bytes, etag: str) -> None:
        headers = {"ETag": etag, "Cache-Control": "public, no-cache"}
        super().__init__(document, media_type=MediaType.JSON, headers=headers)
        self._ready = ASGIResponse(body=document, headers=headers, media_type=MediaType.JSON)

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        return self._ready


class PublicDocument:
    """What is served: the state decides whether, the bytes decide what."""

    __slots__ = ("answer", "etag", "size", "status", "withdrawal_reason")

    def __init__(
        self, status: ListingStatus, withdrawal_reason: str | None, sha256: bytes, document: bytes
    ) -> None:
        self.status = status
        self.withdrawal_reason = withdrawal_reason
        self.etag = f'"{sha256.hex()}"'
        self.answer = StoredBytes(document, self.etag)
        self.size = len(document)


class DocumentCache:
    """Public documents of one process."""

    channel = CHANNEL

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: OrderedDict[UUID, PublicDocument] = OrderedDict()
        self._bytes = 0
        self._changes = 0
        self._listening = False

    def held(self, listing_id: UUID) -> PublicDocument | None:
        """From memory, without a wait."""
        return self._held.get(listing_id) if self._listening else None

    async def read(self, listing_id: UUID) -> PublicDocument | None:
        """From the database; None where nothing was ever published under this id."""
        seen = self._changes
        row = await self._database.pool.fetchrow(_READ, listing_id)
        if row is None or row["document"] is None:
            return None
        found = PublicDocument(
            ListingStatus(row["status"]), row["withdrawal_reason"], row["sha256"], row["document"]
        )
        if self._listening and seen == self._changes:  # else it may have changed while it was read
            self._keep(listing_id, found)
        return found

    def _keep(self, listing_id: UUID, found: PublicDocument) -> None:
        self._drop(listing_id)
        self._held[listing_id] = found
        self._bytes += found.size
        while self._bytes > MOST_BYTES:
            _, oldest = self._held.popitem(last=False)
            self._bytes -= oldest.size

    def _drop(self, listing_id: UUID) -> None:
        dropped = self._held.pop(listing_id, None)
        if dropped is not None:
            self._bytes -= dropped.size

    def heard(self, _connection: object, _pid: int, _channel: str, payload: str) -> None:
        """A listing has changed."""
        self._changes += 1
        self._drop(UUID(payload))

    def hearing(self) -> None:
        """Changes are heard from now on."""
        self._changes += 1  # a read that began before may have missed a change
        self._listening = True

    def deaf(self) -> None:
        """Changes are missed from now on: nothing that is held can be believed."""
        self._listening = False
        self._changes += 1
        self._held.clear()
        self._bytes = 0
