"""What anybody reads of notices: the list, the stored bytes with an ETag, the feed, and the proof of publication."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from email.utils import format_datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.database import now
from market.errors import Invalid
from market.ledger.queries import timeline
from market.ledger.rules import sha256
from market.notices import feed, panel, queries
from market.notices.documents import notice_view, proof
from market.notices.queries import Wanted
from market.notices.tables import Notice
from market.notices.turning import pass_time
from market.organisations.queries import organisations
from market.permissions import Actor
from market.web.conditional import answer, is_unchanged
from market.web.paging import Cursor, Limit, page_of, paged
from schemas.notices import NoticeProof, NoticeView
from schemas.values import FieldProblem, Page
from schemas.vocabulary import NoticeKind, NoticeStatus, ObjectionStatus

AnyRequest = Request[Any, Any, Any]
Session = NamedDependency[AsyncSession]
Visitor = NamedDependency[Actor | None]
NoticeId = FromPath[UUID]

OpenOn = Annotated[
    date | None,
    QueryParameter(description="A day in China, as 2026-03-02, on which the period ran, or a part of it."),
]


@get("/notices", opt={"public": True}, summary="Publicity notices")
async def list_notices(
    request: AnyRequest,
    session: Session,
    visitor: Visitor,
    kind: FromQuery[NoticeKind | None] = None,
    organisation_id: FromQuery[UUID | None] = None,
    status: FromQuery[NoticeStatus | None] = None,
    subject_id: FromQuery[UUID | None] = None,
    open_on: OpenOn = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[NoticeView]]:
    """Newest first: all that were published, whatever became of them; for a unit its own drafts too."""
    if open_on is not None and not 2000 <= open_on.year < 2100:
        raise Invalid(errors=[FieldProblem(pointer="open_on", detail="give a day of this century")])
    await pass_time(session)
    wanted = Wanted(kind, organisation_id, status, subject_id, open_on)
    query = page_of(queries.notices(visitor, wanted), col(Notice.id), cursor, limit)
    rows = list((await session.execute(query)).scalars())
    views = {view.id: view for view in await _views(session, rows)}
    return paged(request, rows, limit, lambda row: views[row.id], lambda row: row.id)


@get("/notices/{notice_id:uuid}", opt={"public": True}, summary="A published notice")
async def read_notice(request: AnyRequest, session: Session, notice_id: NoticeId) -> Response[bytes]:
    """The stored bytes, with their SHA-256 as ETag; they never change, whatever becomes of it: that is in its proof."""
    row = await queries.published(session, notice_id)
    return _bytes(request, row.document or b"", "application/json", modified_at=row.published_at)


@get("/notices.atom", opt={"public": True}, summary="Publicity notices as an Atom feed")
async def notices_atom(request: AnyRequest, session: Session) -> Response[bytes]:
    """RFC 4287, the latest 100; an entry keeps its id and says where the notice stands."""
    await pass_time(session)
    rows = await queries.latest(session)
    homes = await organisations(session, [row.organisation_id for row in rows])
    body = feed.as_atom(rows, homes, request.app.state.base_url)
    return _bytes(request, body, "application/atom+xml; charset=utf-8", modified_at=feed.changed_at(rows))


@get("/notices/{notice_id:uuid}/proof", opt={"public": True}, summary="Proof of publication")
async def read_proof(request: AnyRequest, session: Session, notice_id: NoticeId) -> Response[NoticeProof]:
    """公示证明: hash, time, place, period with its inputs, every version, and the objections with their outcomes."""
    await pass_time(session)
    row = await queries.published(session, notice_id)
    policy = await panel.policy(session, row.organisation_id, row.policy_version)
    assert policy is not None  # noqa: S101 - no notice is published without one
    (view,) = await _views(session, [row])
    made = proof(
        view,
        row,
        await queries.of_series(session, queries.series_of(row)),
        policy,
        await panel.every_objection(session, [row.id]),
        record_head=(await timeline(session, "notice", row.id))[-1].hash,
        base_url=request.app.state.base_url,
        at=await now(session),
    )
    return answer(made)


async def _views(session: AsyncSession, rows: Sequence[Notice]) -> list[NoticeView]:
    homes = await organisations(session, [row.organisation_id for row in rows])
    lodged = await panel.every_objection(session, [row.id for row in rows])
    still_open = Counter(each.notice_id for each in lodged if each.status is ObjectionStatus.OPEN)
    return [notice_view(row, homes[row.organisation_id], still_open[row.id]) for row in rows]


def _bytes(
    request: AnyRequest, body: bytes, media_type: str, *, modified_at: datetime | None
) -> Response[bytes]:
    """Public bytes with their SHA-256 as ETag, or 304."""
    tag = f'"{sha256(body).hex()}"'
    headers = {"ETag": tag, "Cache-Control": "public, no-cache"}
    if modified_at is not None:
        headers["Last-Modified"] = format_datetime(modified_at, usegmt=True)
    if is_unchanged(request, tag):
        return Response(b"", status_code=304, media_type=media_type, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


router = Router(
    "/",
    route_handlers=[list_notices, read_notice, notices_atom, read_proof],
    tags=["Notices"],
)
