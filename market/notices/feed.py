"""The latest notices as an Atom feed (RFC 4287); knows rows, asks no database.

The same notices give the same bytes, so that the feed keeps its ETag while nothing of it changes.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID
from xml.etree import ElementTree

from market.listings.documents import instant
from market.notices.documents import notice_url
from market.notices.tables import Notice
from market.organisations.tables import Organisation
from schemas.vocabulary import NoticeKind, NoticeStatus

ATOM = "http://www.w3.org/2005/Atom"
NAMES = {
    NoticeKind.PRICE: ("价格公示", "Price notice"),
    NoticeKind.REWARD: ("奖励公示", "Reward notice"),
    NoticeKind.GRANT: ("赋权公示", "Grant notice"),
    NoticeKind.RESULT: ("结果公示", "Result notice"),
}
STATES = {
    NoticeStatus.PUBLISHED: "公示中 / The period runs",
    NoticeStatus.OBJECTED: "有异议待处理 / An objection is open",
    NoticeStatus.UPHELD: "异议成立 / An objection was upheld",
    NoticeStatus.AMENDED: "已由新公示替代 / Another notice took its place",
    NoticeStatus.CLOSED_CLEAR: "公示期满无异议 / Closed without an open objection",
    NoticeStatus.LAPSED: "已失效 / Lapsed",
    NoticeStatus.SETTLED: "已签约 / Signed",
    NoticeStatus.VOID: "已作废 / Void",
}
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
# Characters that a text may hold and XML 1.0 may not.
_NOT_XML = dict.fromkeys((0xFFFE, 0xFFFF))


def changed_at(rows: Sequence[Notice]) -> datetime:
    """When one of these notices was last moved, to the second; 1970 for none."""
    return max((row.updated_at for row in rows), default=_NEVER).astimezone(UTC).replace(microsecond=0)


def as_atom(rows: Sequence[Notice], organisations: Mapping[UUID, Organisation], base_url: str) -> bytes:
    """One entry a notice, under an id that stays whatever becomes of it."""
    feed = ElementTree.Element("feed", xmlns=ATOM)
    address = f"{base_url}/api/v1/notices"
    _add(feed, "id", address)
    _add(feed, "title", "公示 / Publicity notices")
    _add(feed, "updated", instant(changed_at(rows)))
    _add(_add(feed, "author"), "name", "Release Hall")
    _add(feed, "link", rel="self", type="application/atom+xml", href=f"{address}.atom")
    _add(feed, "link", rel="alternate", type="application/json", href=address)
    for row in rows:
        _add_entry(feed, row, organisations[row.organisation_id], base_url)
    document: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return document


def _add_entry(feed: ElementTree.Element, row: Notice, organisation: Organisation, base_url: str) -> None:
    zh, en = NAMES[row.kind]
    title = {
        "zh-Hans": f"{zh}第{row.number}号：{row.content['name'].get('zh-Hans')}",
        "en": f"{en} no. {row.number}: {row.content['name'].get('en')}",
    }
    entry = _add(feed, "entry")
    _add(entry, "id", f"urn:uuid:{row.id}")
    _add(
        entry,
        "title",
        " / ".join(text for language, text in title.items() if language in row.content["name"]),
    )
    _add(entry, "updated", instant(row.updated_at))
    _add(_add(entry, "author"), "name", " / ".join(organisation.name.values()))
    _add(entry, "category", term=row.kind.value, label=zh)
    if row.published_at is not None and row.until is not None:
        _add(entry, "published", instant(row.published_at))
        href = notice_url(base_url, row.id)
        _add(entry, "link", rel="alternate", type="application/json", href=href)
        ends = f"{STATES[row.status]}; 公示截止 / Until: {instant(row.until)}"
        _add(entry, "content", ends, type="text")


def _add(
    parent: ElementTree.Element, tag: str, text: str | None = None, **attributes: str
) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, tag, attributes)
    element.text = text.translate(_NOT_XML) if text is not None else None
    return element
