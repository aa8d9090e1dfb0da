"""The state machine of an edition, what scheduling and reporting need, and when time moves it; no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from market.errors import WrongState
from market.listings.rules import SEARCHABLE
from schemas.listings import Unmet
from schemas.vocabulary import EditionKind, EditionStatus, ItemOutcome, ListingKind, ListingStatus

S = EditionStatus
RELEASED = frozenset({S.PUBLISHED, S.CLOSED, S.OUTCOMES_REPORTED})
"""The states in which the public reads the snapshot."""

TAKES: Mapping[EditionKind, ListingKind] = {
    EditionKind.OPPORTUNITY_LIST: ListingKind.OPPORTUNITY,
    EditionKind.PRODUCT_CATALOGUE: ListingKind.PRODUCT,
}


class Verb(StrEnum):
    CHANGE = "change"
    SCHEDULE = "schedule"
    UNSCHEDULE = "unschedule"
    PUBLISH = "publish"
    CLOSE = "close"
    EXTEND = "extend"
    REPORT_ITEM = "report_item"
    REPORT = "report"


FROM: Mapping[Verb, frozenset[EditionStatus]] = {
    Verb.CHANGE: frozenset({S.COMPILING}),
    Verb.SCHEDULE: frozenset({S.COMPILING, S.SCHEDULED}),
    Verb.UNSCHEDULE: frozenset({S.SCHEDULED}),
    Verb.PUBLISH: frozenset({S.COMPILING, S.SCHEDULED}),
    Verb.CLOSE: frozenset({S.PUBLISHED}),
    Verb.EXTEND: frozenset({S.SCHEDULED, S.PUBLISHED}),
    Verb.REPORT_ITEM: frozenset({S.PUBLISHED, S.CLOSED}),
    Verb.REPORT: frozenset({S.CLOSED}),
}
"""From which states each verb is possible; a scheduled edition is changed by taking it off the schedule first."""


def check_transition(verb: Verb, status: EditionStatus) -> None:
    """Raise WrongState where the verb is not possible, naming the states from which it is."""
    if status not in FROM[verb]:
        able = ", ".join(sorted(FROM[verb]))
        raise WrongState(f"the edition is {status}; {verb.value.replace('_', ' ')} is possible from: {able}")


def is_due(
    status: EditionStatus, release_at: datetime | None, applications_until: datetime | None, now: datetime
) -> Verb | None:
    """What the passing of time does to an edition at `now`; the very instant of a time counts as reached."""
    if status is S.SCHEDULED and release_at is not None and now >= release_at:
        return Verb.PUBLISH
    if status is S.PUBLISHED and applications_until is not None and now >= applications_until:
        return Verb.CLOSE
    return None


def code(kind: EditionKind, number: int) -> str:
    """The edition's public code, such as `opportunity-list-3`; also a lower-case code of the search index."""
    return f"{kind.value.replace('_', '-')}-{number}"


def may_stand(status: ListingStatus) -> bool:
    """Whether a listing may stand in an edition that is scheduled or published: it stands in the hall."""
    return status in SEARCHABLE


@dataclass(frozen=True)
class Item:
    """What the rules ask of an item, in the order of the edition."""

    listing_id: UUID
    status: ListingStatus
    outcome: ItemOutcome | None = None


def unmet_for_release(
    items: Sequence[Item], release_at: datetime | None, applications_until: datetime | None
) -> list[Unmet]:
    """What an edition lacks before it is scheduled for `release_at`, or published then; None while that is open."""
    found = [
        Unmet(pointer=f"/items/{place}", detail=f"listing {item.listing_id} is {item.status}, not published")
        for place, item in enumerate(items)
        if not may_stand(item.status)
    ]
    if not items:
        found.append(Unmet(pointer="/items", detail="put at least one item in it"))
    if release_at and applications_until and applications_until <= release_at:
        detail = "applications end after the release"
        found.append(Unmet(pointer="/applications_until", detail=detail))
    return found


def unmet_for_extension(before: datetime | None, until: datetime) -> list[Unmet]:
    """Whoever prepares an answer relies on the window: it is lengthened and never shortened."""
    if before is None:
        detail = "this edition takes answers without an end: there is nothing to extend"
    elif until <= before:
        detail = "applications are taken for longer, never for less long"
    else:
        return []
    return [Unmet(pointer="/applications_until", detail=detail)]


def unmet_for_report(items: Sequence[Item]) -> list[Unmet]:
    """The items that have no outcome yet."""
    return [
        Unmet(pointer=f"/items/{place}", detail=f"listing {item.listing_id} has no outcome yet")
        for place, item in enumerate(items)
        if item.outcome is None
    ]


def placed(ids: Sequence[UUID], listing_id: UUID, position: int | None) -> list[UUID]:
    """The order with this item added or moved to `position`, counted from 1; to the end for None or beyond it."""
    others = [other for other in ids if other != listing_id]
    at = len(others) if position is None else min(position - 1, len(others))
    return [*others[:at], listing_id, *others[at:]]
