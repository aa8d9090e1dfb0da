"""What the operator writes in an edition, and how editions, their items and the releases calendar are shown."""

import re
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints

from schemas.listings import Unmet
from schemas.values import LocalTitle, LongText, Reason, Shape, View
from schemas.vocabulary import EditionKind, EditionStatus, ItemOutcome, Language, ListingStatus

MOST_ITEMS = 500


def _rfc3339(value: object) -> object:
    if not (
        isinstance(value, str) and re.match(r"\d{4}-", value)
    ):  # pydantic would also take a number of seconds
        raise ValueError("give the time with its zone, as in 2026-12-31T17:00:00+08:00")
    return value


def _whole_second_of_this_century(value: datetime) -> datetime:
    if not 2000 < value.year < 2100:
        raise ValueError("give a time of this century")
    return value.astimezone(UTC).replace(microsecond=0)


Instant = Annotated[AwareDatetime, BeforeValidator(_rfc3339), AfterValidator(_whole_second_of_this_century)]
"""RFC 3339 with a zone; kept in UTC, to the second, which is as fine as the calendar shows it."""


class NewEdition(Shape):
    """An edition begins empty; it takes opportunities or products, as its kind says."""

    kind: EditionKind
    title: LocalTitle
    applications_until: Instant | None = None


class EditionChange(Shape):
    """Each field that is given replaces what stood there; the kind stays."""

    title: LocalTitle | None = None
    applications_until: Instant | None = None


class Items(Shape):
    """The whole of an edition's items, in their order (序号)."""

    listing_ids: Annotated[list[UUID], Field(max_length=MOST_ITEMS)]


class ItemPlace(Shape):
    """Where an item stands, counted from 1; at the end where it is not said."""

    position: Annotated[int, Field(ge=1, le=MOST_ITEMS)] | None = None


class Schedule(Shape):
    """Until `release_at` nothing of the items is public."""

    release_at: Instant


class Extension(Reason):
    """A later end of the window for answers, and why."""

    applications_until: Instant


class OutcomeReport(Shape):
    """What became of one item; the note is public once the edition's outcomes are reported."""

    outcome: ItemOutcome
    note: Annotated[LongText, StringConstraints(max_length=2000)] | None = None


class EditionSummary(View):
    """An edition in the public list; of a scheduled one, only kind, number, title and release time are told."""

    id: UUID
    code: str | None
    kind: EditionKind
    number: int | None
    title: dict[Language, str]
    status: EditionStatus
    release_at: datetime | None
    applications_until: datetime | None
    published_at: datetime | None
    closed_at: datetime | None
    reported_at: datetime | None
    sha256: str | None
    """Of the snapshot's bytes."""


class ItemResult(View):
    """One item with its outcome."""

    listing_id: UUID
    position: int
    outcome: ItemOutcome | None
    outcome_note: str | None
    outcome_at: datetime | None


class ItemState(ItemResult):
    """One item as the operator sees it; `version` is the one in the snapshot, null for one that was left out."""

    title: dict[Language, str]
    listing_status: ListingStatus
    version: int | None


class EditionState(EditionSummary):
    """An edition as the operator and the auditor see it; `unmet` is what scheduling still lacks."""

    revision: int
    created_by: UUID
    created_at: datetime
    updated_at: datetime
    items: list[ItemState]
    unmet: list[Unmet]


class UpcomingRelease(View):
    """All that is public of an edition before its release."""

    id: UUID
    code: str
    kind: EditionKind
    number: int
    title: dict[Language, str]
    release_at: datetime


class PastRelease(UpcomingRelease):
    status: EditionStatus
    published_at: datetime
    applications_until: datetime | None
    sha256: str
    url: str


class Releases(View):
    """The releases calendar: what comes, soonest first, and what came, latest first."""

    upcoming: list[UpcomingRelease]
    past: list[PastRelease]
