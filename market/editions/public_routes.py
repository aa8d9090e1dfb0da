"""What anybody reads of editions, as bytes with an ETag: snapshots, their tables, outcomes, and the calendar."""

from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from market.editions import queries, releases
from market.editions.documents import item_result, table
from market.editions.releases import NAMES, CalendarRows
from market.editions.rules import code
from market.editions.service import release_due
from market.errors import NotFound
from market.ledger.rules import sha256
from market.web.conditional import is_unchanged
from schemas.editions import ItemResult
from schemas.vocabulary import EditionKind

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
EditionId = FromPath[UUID]

JSON_BYTES = "application/json"


@get("/editions/{edition_id:uuid}", opt={"public": True}, summary="A released edition")
async def read_edition(request: AnyRequest, session: Session, edition_id: EditionId) -> Response[bytes]:
    """The stored bytes of the snapshot, with their SHA-256 as ETag; they never change. 404 before the release."""
    await release_due(session)
    found = await queries.snapshot(session, edition_id)
    return _bytes(request, found.document, JSON_BYTES, digest=found.sha256, modified_at=found.published_at)


@get("/editions/{edition_id:uuid}/outcomes", opt={"public": True}, summary="Reported outcomes")
async def read_outcomes(session: Session, edition_id: EditionId) -> list[ItemResult]:
    """What became of each item; 404 until it is reported."""
    return [item_result(item) for item in await queries.outcomes(session, edition_id)]


@get("/editions/{edition_id:uuid}/items.csv", opt={"public": True}, summary="An opportunity list as a table")
async def read_table(request: AnyRequest, session: Session, edition_id: EditionId) -> Response[bytes]:
    """场景类型, 序号, 场景机会名称, 单位名称, 合作需求, 联系方式, as CSV that Excel opens. 404 for a catalogue."""
    await release_due(session)
    found = await queries.snapshot(session, edition_id)
    if found.kind is not EditionKind.OPPORTUNITY_LIST:
        raise NotFound("only a scenario opportunity list has this table")
    body = table(await queries.released_items(session, edition_id), request.app.state.base_url)
    name = f"{NAMES[found.kind][0]}第{found.number}期.csv"
    plain = f"{code(found.kind, found.number)}.csv"
    response = _bytes(request, body, "text/csv; header=present")
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    )
    return response


@get("/releases", opt={"public": True}, summary="The releases calendar")
async def releases_json(request: AnyRequest, session: Session) -> Response[bytes]:
    """What comes, soonest first, by kind, number, title and time alone; and the latest 200 that came."""
    rows = await _calendar(session)
    body = releases.as_json(rows, request.app.state.base_url)
    return _bytes(request, body, JSON_BYTES, modified_at=rows.changed_at)


@get("/releases.atom", opt={"public": True}, summary="The releases calendar as an Atom feed")
async def releases_atom(request: AnyRequest, session: Session) -> Response[bytes]:
    """RFC 4287; an entry keeps its id when the edition is released."""
    rows = await _calendar(session)
    body = releases.as_atom(rows, request.app.state.base_url)
    return _bytes(request, body, "application/atom+xml; charset=utf-8", modified_at=rows.changed_at)


@get("/releases.ics", opt={"public": True}, summary="The releases calendar as iCalendar")
async def releases_icalendar(request: AnyRequest, session: Session) -> Response[bytes]:
    """RFC 5545, to subscribe to: releases and the ends of the windows for answers, in UTC."""
    rows = await _calendar(session)
    body = releases.as_icalendar(rows, request.app.state.base_url)
    return _bytes(request, body, "text/calendar", modified_at=rows.changed_at)


async def _calendar(session: AsyncSession) -> CalendarRows:
    await release_due(session)
    return CalendarRows(*await queries.calendar(session))


def _bytes(
    request: AnyRequest,
    body: bytes,
    media_type: str,
    *,
    digest: bytes | None = None,
    modified_at: datetime | None = None,
) -> Response[bytes]:
    """Public bytes with their SHA-256 as ETag, or 304; caches ask each time, since a release is to the second.

    The framework adds the charset to types of text.
    """
    tag = f'"{(digest or sha256(body)).hex()}"'
    headers = {"ETag": tag, "Cache-Control": "public, no-cache"}
    if modified_at is not None:
        headers["Last-Modified"] = format_datetime(modified_at, usegmt=True)
    if is_unchanged(request, tag):
        return Response(b"", status_code=304, media_type=media_type, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


router = Router(
    "/",
    route_handlers=[
        read_edition,
        read_outcomes,
        read_table,
        releases_json,
        releases_atom,
        releases_icalendar,
    ],
    tags=["Editions"],
)
