"""The published versions of a listing over HTTP: for everybody, and once it is out of the hall for the parties to it."""

from typing import Any
from uuid import UUID

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from market.interests.queries import readable
from market.listings import queries
from market.permissions import Actor
from schemas.listings import VersionSummary

Session = NamedDependency[AsyncSession]
Visitor = NamedDependency[Actor | None]
ListingId = FromPath[UUID]


@get("/listings/{listing_id:uuid}/versions", opt={"public": True}, summary="Published versions")
async def list_versions(session: Session, visitor: Visitor, listing_id: ListingId) -> list[VersionSummary]:
    """Oldest first, each with its hash and what it changed. 404, or 410 with the reason.

    The owner, the parties to an interest or a deal, the operator and the auditor read them after a withdrawal too,
    since receipts and contracts name their hashes.
    """
    await readable(session, visitor, listing_id)
    return await queries.versions(session, listing_id)


@get(
    "/listings/{listing_id:uuid}/versions/{number:int}", opt={"public": True}, summary="One published version"
)
async def read_version(
    session: Session, visitor: Visitor, listing_id: ListingId, number: FromPath[int]
) -> Response[bytes]:
    """Its stored bytes; they never change. For the same readers as the list."""
    kept = "public" if await readable(session, visitor, listing_id) else "private"
    version = await queries.version(session, listing_id, number)
    headers: dict[str, Any] = {
        "ETag": f'"{version.sha256.hex()}"',
        "Cache-Control": f"{kept}, max-age=31536000, immutable",
    }
    return Response(version.document, media_type="application/json", headers=headers)


router = Router("/", route_handlers=[list_versions, read_version], tags=["Listings"])
