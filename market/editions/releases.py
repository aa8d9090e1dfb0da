"""The releases calendar as JSON, Atom (RFC 4287) and iCalendar (RFC 5545); knows rows, asks no database.

The same editions give the same bytes, so that a feed keeps its ETag while nothing of it changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit
from xml.etree import ElementTree

from icalendar import Calendar, Event

from market.editions.documents import code_of
from market.editions.tables import Edition
from market.listings.documents import instant
from schemas.editions import PastRelease, Releases, UpcomingRelease
from schemas.vocabulary import EditionKind

ATOM = "http://www.w3.org/2005/Atom"
NAMES = {
    EditionKind.OPPORTUNITY_LIST: ("场景机会清单", "Scenario opportunity list"),
    EditionKind.PRODUCT_CATALOGUE: ("创新产品目录", "Innovation product catalogue"),
}
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class CalendarRows:
    """The scheduled editions, soonest first, and the released ones, latest first."""

    upcoming: Sequence[Edition]
    past: Sequence[Edition]

    @property
    def all(self) -> list[Edition]:
        return [*self.upcoming, *self.past]

    @property
    def changed_at(self) -> datetime:
        """When the public last saw something of it change; 1970 for an empty calendar."""
        return max((_changed_at(edition) for edition in self.all), default=_NEVER)


def _changed_at(edition: Edition) -> datetime:
    """Its last public step: what an operator does in between is nobody's business."""
    steps = (edition.scheduled_at, edition.published_at, edition.closed_at, edition.reported_at)
    return max(step.astimezone(UTC) for step in steps if step is not None).replace(microsecond=0)


def edition_url(base_url: str, edition: Edition) -> str:
    """The public address of an edition; it answers once the edition is released."""
    return f"{base_url}/api/v1/editions/{edition.id}"


def headline(edition: Edition) -> str:
    """Kind, number and title in each language that the title has."""
    zh, en = NAMES[edition.kind]
    parts = {
        "zh-Hans": f"{zh}第{edition.number}期：{edition.title.get('zh-Hans')}",
        "en": f"{en} no. {edition.number}: {edition.title.get('en')}",
    }
    return " / ".join(text for language, text in parts.items() if language in edition.title)


def as_json(rows: CalendarRows, base_url: str) -> bytes:
    """What comes and what came."""
    announced = ("id", "kind", "number", "title", "release_at")
    released = (*announced, "status", "published_at", "applications_until")
    return (
        Releases(
            upcoming=[
                UpcomingRelease(
                    code=code_of(edition) or "", **{name: getattr(edition, name) for name in announced}
                )
                for edition in rows.upcoming
            ],
            past=[
                PastRelease(
                    code=code_of(edition) or "",
                    sha256=(edition.sha256 or b"").hex(),
                    url=edition_url(base_url, edition),
                    **{name: getattr(edition, name) for name in released},
                )
                for edition in rows.past
            ],
        )
        .model_dump_json()
        .encode()
    )


def as_atom(rows: CalendarRows, base_url: str) -> bytes:
    """An Atom feed, one entry an edition, under an id that stays when the edition is released."""
    feed = ElementTree.Element("feed", xmlns=ATOM)
    address = f"{base_url}/api/v1/releases"
    _add(feed, "id", address)
    _add(feed, "title", "发布日历 / Releases calendar")
    _add(feed, "updated", instant(rows.changed_at))
    _add(_add(feed, "author"), "name", "Release Hall")
    _add(feed, "link", rel="self", type="application/atom+xml", href=f"{address}.atom")
    _add(feed, "link", rel="alternate", type="application/json", href=address)
    for edition in rows.all:
        _add_entry(feed, edition, base_url)
    document: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return document


def _add_entry(feed: ElementTree.Element, edition: Edition, base_url: str) -> None:
    entry = _add(feed, "entry")
    _add(entry, "id", f"urn:uuid:{edition.id}")
    _add(entry, "title", headline(edition))
    _add(entry, "updated", instant(_changed_at(edition)))
    _add(entry, "category", term=edition.kind.value, label=NAMES[edition.kind][0])
    if edition.published_at is not None:
        _add(entry, "published", instant(edition.published_at))
        href = edition_url(base_url, edition)
        _add(entry, "link", rel="alternate", type="application/json", href=href)
    if edition.release_at is not None:
        _add(entry, "content", f"发布时间 / Release: {instant(edition.release_at)}", type="text")


# Characters that a text may hold and XML 1.0 may not.
_NOT_XML = dict.fromkeys((0xFFFE, 0xFFFF))


def _add(
    parent: ElementTree.Element, tag: str, text: str | None = None, **attributes: str
) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, tag, attributes)
    element.text = text.translate(_NOT_XML) if text is not None else None
    return element


def as_icalendar(rows: CalendarRows, base_url: str) -> bytes:
    """Releases and, once released, the ends of the windows for answers, as instants in UTC under lasting UIDs."""
    calendar = Calendar()
    calendar.add("prodid", "-//Release Hall//Releases//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", "发布日历 / Releases calendar")
    calendar.add("x-wr-calname", "发布日历 / Releases calendar")
    host = urlsplit(base_url).hostname or "localhost"
    for edition in rows.upcoming:
        calendar.add_component(_event(edition, "release", host))
    for edition in rows.past:
        url = edition_url(base_url, edition)
        calendar.add_component(_event(edition, "release", host, url))
        if edition.applications_until is not None:
            calendar.add_component(_event(edition, "deadline", host, url))
    document: bytes = calendar.to_ical()
    return document


def _event(
    edition: Edition, what: Literal["release", "deadline"], host: str, url: str | None = None
) -> Event:
    at, summary = edition.release_at, headline(edition)
    if what == "deadline":
        at, summary = edition.applications_until, f"应征截止 / Applications close: {summary}"
    event = Event()
    event.add("uid", f"{edition.id}-{what}@{host}")
    event.add("dtstamp", _changed_at(edition))
    event.add("last-modified", _changed_at(edition))
    event.add("dtstart", at)
    event.add("summary", summary)
    event.add("categories", [NAMES[edition.kind][0]])
    event.add("transp", "TRANSPARENT")  # it takes up nobody's time
    if url is not None:
        event.add("url", url)
    return event
