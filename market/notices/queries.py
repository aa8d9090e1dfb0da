"""Reads of notices, and where one stands for a gate: what was published is everybody's, a draft its unit's.

It knows of objections only when the last one was decided.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer
from sqlmodel import col, select

from market.database import now, read_clock_anew
from market.errors import NotFound
from market.notices import demands, rules
from market.notices.tables import Notice, Objection
from market.organisations.queries import organisation
from market.permissions import Actor
from market.workdays import end_of_day
from schemas.vocabulary import NoticeKind, NoticeStatus, NoticeSubject, Scope

UNKNOWN = "no notice that you see has this id"
FEED = 100
"""Notices in the feed."""

Series = tuple[UUID, NoticeSubject, UUID, NoticeKind]
"""Whose notices, about what, of which kind: these are numbered together."""

_WITHOUT_DOCUMENT = defer(col(Notice.document), raiseload=True)  # type: ignore[arg-type] # a mapped attribute


def visible_to(actor: Actor | None) -> ColumnElement[bool]:
    """What was published is seen by everybody; the rest by its organisation, the operator and the auditor."""
    published = col(Notice.published_at).is_not(None)
    if actor is None or not actor.reads(Scope.DEALS):
        return published
    if actor.sees_everything:
        return true()
    return or_(published, col(Notice.organisation_id).in_(list(actor.organisations)))


def works_on(actor: Actor, row: Notice) -> bool:
    """Whether the actor is of the notice's organisation or of the hall."""
    return actor.reads(Scope.DEALS) and (actor.sees_everything or row.organisation_id in actor.organisations)


async def notice(session: AsyncSession, actor: Actor | None, notice_id: UUID) -> Notice:
    """One notice that the actor sees, or NotFound."""
    found = await session.execute(select(Notice).where(Notice.id == notice_id, visible_to(actor)))
    row = found.scalar_one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    return row


async def published(session: AsyncSession, notice_id: UUID) -> Notice:
    """One notice that was published, whatever became of it, or NotFound."""
    return await notice(session, None, notice_id)


def series_of(row: Notice) -> Series:
    return row.organisation_id, row.subject_kind, row.subject_id, row.kind


async def hold_series(session: AsyncSession, series: Series) -> None:
    """No other transaction moves a notice of this series until this one ends; `now` is the clock read after that.

    All verbs hold the series before they hold a row of it, so that two of them wait for each other and never cross.
    """
    organisation_id, subject_kind, subject_id, kind = series
    key = f"notice {organisation_id} {subject_kind.value} {subject_id} {kind.value}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
    await read_clock_anew(session)


async def locked(session: AsyncSession, actor: Actor, notice_id: UUID) -> Notice:
    """A notice that the actor sees, held with its series until the transaction ends; NotFound."""
    series = series_of(await notice(session, actor, notice_id))
    await hold_series(session, series)
    query = select(Notice).where(Notice.id == notice_id).with_for_update()
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one()


async def standing_or_draft(session: AsyncSession, series: Series) -> list[Notice]:
    """The notice of a held series that stands, and the draft of the next one: at most one of each, oldest first."""
    organisation_id, subject_kind, subject_id, kind = series
    query = select(Notice).where(
        Notice.organisation_id == organisation_id,
        Notice.subject_kind == subject_kind,
        Notice.subject_id == subject_id,
        Notice.kind == kind,
        col(Notice.status).in_(rules.STANDING | {NoticeStatus.DRAFT}),
    )
    held = query.order_by(col(Notice.id)).with_for_update().execution_options(populate_existing=True)
    return list((await session.execute(held)).scalars())


async def of_series(session: AsyncSession, series: Series) -> list[Notice]:
    """Every notice of a series that was published, in the order of their numbers."""
    organisation_id, subject_kind, subject_id, kind = series
    found = await session.execute(
        select(Notice)
        .where(
            Notice.organisation_id == organisation_id,
            Notice.subject_kind == subject_kind,
            Notice.subject_id == subject_id,
            Notice.kind == kind,
            col(Notice.number).is_not(None),
        )
        .order_by(col(Notice.number))
    )
    return list(found.scalars())


@dataclass(frozen=True)
class Wanted:
    """What a list of notices is narrowed to."""

    kind: NoticeKind | None = None
    organisation_id: UUID | None = None
    status: NoticeStatus | None = None
    subject_id: UUID | None = None
    open_on: date | None = None
    """A legal day of China on some of which the period ran."""


def notices(actor: Actor | None, wanted: Wanted) -> Any:
    """The notices that the actor sees, for a page."""
    query = select(Notice).where(visible_to(actor)).options(_WITHOUT_DOCUMENT)
    for column, value in (
        (Notice.kind, wanted.kind),
        (Notice.organisation_id, wanted.organisation_id),
        (Notice.status, wanted.status),
        (Notice.subject_id, wanted.subject_id),
    ):
        if value is not None:
            query = query.where(column == value)
    return query.where(_open_on(wanted.open_on)) if wanted.open_on is not None else query


def _open_on(day: date) -> ColumnElement[bool]:
    begins, ends = end_of_day(day - timedelta(days=1)), end_of_day(day)
    ended_at = col(Notice.ended_at)
    return and_(
        col(Notice.published_at) < ends,
        col(Notice.until) > begins,
        or_(ended_at.is_(None), ended_at > begins),
    )


async def latest(session: AsyncSession) -> list[Notice]:
    """The latest published notices, for the feed."""
    query = select(Notice).where(visible_to(None)).options(_WITHOUT_DOCUMENT)
    found = await session.execute(query.order_by(col(Notice.published_at).desc(), col(Notice.id)).limit(FEED))
    return list(found.scalars())


async def moved_by_time(session: AsyncSession, at: datetime, most: int) -> list[Notice]:
    """Up to `most` notices that time moves at `at`, held; those that somebody else holds are left out."""
    clears = and_(col(Notice.status) == NoticeStatus.PUBLISHED, col(Notice.until) <= at)
    lapses = and_(col(Notice.status) == NoticeStatus.CLOSED_CLEAR, col(Notice.lapses_at) <= at)
    query = select(Notice).where(or_(clears, lapses)).order_by(col(Notice.id)).limit(most)
    skipping = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return list((await session.execute(skipping)).scalars())


class StandingState(StrEnum):
    """How far a notice has come, for a gate."""

    NONE = "none"
    """Nothing is published, or what was published is void."""
    RUNNING = "running"
    OBJECTED = "objected"
    CLEAR = "clear"
    UPHELD = "upheld"
    LAPSED = "lapsed"


_STATES = {
    NoticeStatus.PUBLISHED: StandingState.RUNNING,
    NoticeStatus.OBJECTED: StandingState.OBJECTED,
    NoticeStatus.CLOSED_CLEAR: StandingState.CLEAR,
    NoticeStatus.SETTLED: StandingState.CLEAR,
    NoticeStatus.UPHELD: StandingState.UPHELD,
    NoticeStatus.LAPSED: StandingState.LAPSED,
}


@dataclass(frozen=True)
class Standing:
    """Where the latest notice of one kind about a subject stands at this moment.

    Without any, `state` is none and everything else is empty. `content` is what was published, for a gate that compares
    it with what is to be signed (PR-2: name and price); `until` is the end of the period, `clear_since` what opens the
    gate, `pack_version` the rule packs by which the period was counted.
    """

    state: StandingState
    notice_id: UUID | None = None
    number: int | None = None
    sha256: str | None = None
    pack_version: str | None = None
    period_confirmed: bool | None = None
    """Whether rule and calendar of the period are confirmed, or a value of ours or of a secondary source."""
    published_at: datetime | None = None
    until: datetime | None = None
    clear_since: datetime | None = None
    lapses_at: datetime | None = None
    content: rules.AnyContent | None = None


async def clears(session: AsyncSession, row: Notice) -> tuple[datetime, datetime]:
    """Since when a notice whose period is over is clear, and when it lapses: from the last rejection, where one came later."""
    decided = select(func.max(col(Objection.decided_at))).where(Objection.notice_id == row.id)
    last = (await session.execute(decided)).scalar_one()
    ends = [at.astimezone(UTC) for at in (row.until, last) if at is not None]
    home = await organisation(session, row.organisation_id)
    return max(ends), demands.lapses_at(home, max(ends))


async def standing(
    session: AsyncSession,
    subject_type: NoticeSubject,
    subject_id: UUID,
    kind: NoticeKind,
    *,
    organisation_id: UUID,
) -> Standing:
    """The Standing of a subject: a deal, a round, a challenge, a grant or a distribution asks it for its gate.

    `organisation_id` is whose notice it has to be, as a rule the seller's: anybody's notice may name any subject, so that
    another unit's opens no gate and closes none. No lock is taken and nothing is written; what time has done counts
    already, by the clock of this transaction. A caller that decides by it holds its own row and asks within the same
    transaction; an objection that commits later then waits for nothing, and freezes what is not signed yet.
    """
    found = await of_series(session, (organisation_id, subject_type, subject_id, kind))
    if not found:
        return Standing(StandingState.NONE)
    row, at = found[-1], await now(session)
    status, cleared_at, lapses_at = row.status, row.cleared_at, row.lapses_at
    if rules.due(status, row.until, lapses_at, at) is rules.Verb.CLEAR:
        cleared_at, lapses_at = await clears(session, row)
        status = NoticeStatus.CLOSED_CLEAR
    if rules.due(status, row.until, lapses_at, at) is rules.Verb.LAPSE:
        status = NoticeStatus.LAPSED
    return Standing(
        state=_STATES.get(status, StandingState.NONE),
        notice_id=row.id,
        number=row.number,
        sha256=(row.sha256 or b"").hex(),
        pack_version=row.pack_version,
        period_confirmed=bool((row.period or {}).get("confirmed")),
        published_at=row.published_at,
        until=row.until,
        clear_since=cleared_at,
        lapses_at=lapses_at,
        content=rules.CONTENT.validate_python(row.content),
    )
