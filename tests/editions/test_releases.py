"""The releases calendar parsed back as its readers do, and the table that Excel opens."""

import csv
import io
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree

import pytest
import pytest_asyncio
from icalendar import Calendar

from tests.editions.hall import Hall, later
from tests.makers import Market

ATOM = "{http://www.w3.org/2005/Atom}"
BASE = "http://hall.test"


@pytest_asyncio.fixture(scope="module")
async def hall(market: Market) -> Hall:
    return await Hall.of(market)


@pytest.mark.parametrize("feed", ["releases", "releases.atom", "releases.ics"])
async def test_an_empty_calendar_is_a_whole_one(hall: Hall, feed: str) -> None:
    response = await hall.public(f"/{feed}")
    assert response.status_code == 200
    if feed.endswith("atom"):
        root = ElementTree.fromstring(response.text)
        assert root.findtext(f"{ATOM}updated") == "1970-01-01T00:00:00Z"
    elif feed.endswith("ics"):
        assert Calendar.from_ical(response.content).events == []
    else:
        assert response.json() == {"upcoming": [], "past": []}


async def test_the_calendar_lists_what_comes_and_what_came(hall: Hall) -> None:
    first = await hall.published(await hall.opportunity(), applications_until=later(days=20))
    second = await hall.scheduled(await hall.opportunity(kind="product"), kind="product_catalogue")
    compiling = await hall.edition(await hall.opportunity())
    calendar = (await hall.public("/releases")).json()
    assert compiling["id"] not in str(calendar)
    assert calendar["upcoming"][0]["id"] == second["id"]
    past = calendar["past"][0]
    assert past["url"] == f"{BASE}/api/v1/editions/{first['id']}"
    assert (past["code"], past["sha256"], past["status"]) == (first["code"], first["sha256"], "published")


async def test_the_atom_feed_has_all_that_rfc_4287_asks(hall: Hall) -> None:
    title = {"zh-Hans": '<发布> & "会"\uffff', "en": "Tom & <Jerry>"}
    scheduled = await hall.scheduled(await hall.opportunity(), title=title)
    released = await hall.published(await hall.opportunity())
    response = await hall.public("/releases.atom")
    assert response.headers["content-type"] == "application/atom+xml; charset=utf-8"
    root = ElementTree.fromstring(response.content)
    assert root.tag == f"{ATOM}feed"
    for parent in (root, *root.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(parent.findall(f"{ATOM}{name}")) == 1
            assert parent.findtext(f"{ATOM}{name}")
        at = datetime.fromisoformat(parent.findtext(f"{ATOM}updated", ""))
        assert at.tzinfo is not None
    assert root.findtext(f"{ATOM}author/{ATOM}name")
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links["self"] == f"{BASE}/api/v1/releases.atom"
    entries = {entry.findtext(f"{ATOM}id"): entry for entry in root.findall(f"{ATOM}entry")}
    assert len(entries) == len(root.findall(f"{ATOM}entry"))
    coming = entries[f"urn:uuid:{scheduled['id']}"]
    number = scheduled["number"]
    assert coming.findtext(f"{ATOM}title") == (
        f'场景机会清单第{number}期：<发布> & "会" / Scenario opportunity list no. {number}: Tom & <Jerry>'
    )
    assert coming.find(f"{ATOM}link") is None
    assert coming.find(f"{ATOM}content") is not None  # an entry without a link needs it
    came = entries[f"urn:uuid:{released['id']}"]
    link = came.find(f"{ATOM}link")
    assert link is not None
    assert link.get("href") == f"{BASE}/api/v1/editions/{released['id']}"
    assert came.findtext(f"{ATOM}published")


async def test_icalendar_gives_the_same_instant_that_was_said_in_shanghai(hall: Hall) -> None:
    at = datetime(2031, 5, 6, 9, 30, tzinfo=UTC) - timedelta(hours=8)
    title = {"zh-Hans": "含,逗号;分号\n换行"}
    edition = await hall.edition(
        await hall.opportunity(), title=title, applications_until="2031-06-01T17:00:00+08:00"
    )
    await hall.verb(edition, "schedule", {"release_at": "2031-05-06T09:30:00+08:00"})
    response = await hall.public("/releases.ics")
    assert response.headers["content-type"] == "text/calendar; charset=utf-8"
    assert all(len(line) <= 75 for line in response.content.split(b"\r\n"))
    events = {str(event["uid"]): event for event in Calendar.from_ical(response.content).events}
    uid = f"{edition['id']}-release@hall.test"
    assert events[uid].start == at
    assert b"DTSTART:20310506T013000Z" in response.content
    assert "含,逗号;分号\n换行" in str(events[uid]["summary"])
    assert f"{edition['id']}-deadline@hall.test" not in events
    await hall.verb(edition, "publication")
    events = {
        str(event["uid"]): event
        for event in Calendar.from_ical((await hall.public("/releases.ics")).content).events
    }
    assert events[f"{edition['id']}-deadline@hall.test"].start == datetime(2031, 6, 1, 9, tzinfo=UTC)
    assert str(events[uid]["url"]) == f"{BASE}/api/v1/editions/{edition['id']}"
    assert events[uid].start < datetime.now(UTC) + timedelta(minutes=1)
    for event in events.values():
        assert {"UID", "DTSTAMP", "DTSTART", "SUMMARY"} <= set(event)


@pytest.mark.parametrize("feed", ["releases", "releases.atom", "releases.ics"])
async def test_a_feed_keeps_its_etag_until_the_public_sees_a_change(hall: Hall, feed: str) -> None:
    edition = await hall.scheduled(await hall.opportunity())
    first = await hall.public(f"/{feed}")
    assert parsedate_to_datetime(first.headers["last-modified"]).tzinfo is not None
    known = {"If-None-Match": first.headers["etag"]}
    await hall.edition(await hall.opportunity())
    assert (await hall.public(f"/{feed}", headers=known)).status_code == 304
    await hall.verb(edition, "publication")
    assert (await hall.public(f"/{feed}", headers=known)).status_code == 200


async def table(hall: Hall, edition_id: str) -> list[list[str]]:
    response = await hall.public(f"/editions/{edition_id}/items.csv")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/csv; header=present; charset=utf-8"
    assert response.content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


async def test_the_table_has_the_columns_of_the_real_lists(hall: Hall) -> None:
    scenario = await hall.opportunity("巡检", needs={"zh-Hans": '一, "二"\n三'})
    demand = await hall.opportunity("材料", opportunity_type="demand", owner_unit=None)
    edition = await hall.published(scenario, demand)
    header, *rows = await table(hall, edition["id"])
    assert header == ["场景类型", "序号", "场景机会名称", "单位名称", "合作需求", "联系方式"]
    address = f"{BASE}/api/v1/listings"
    assert rows[0] == [
        "应用场景",
        "1",
        "巡检场景机会",
        "示例地铁公司",
        '一, "二"\n三',
        f"{address}/{scenario}",
    ]
    unit = (await hall.public(f"/listings/{demand}")).json()["organisation"]["name"]["zh-Hans"]
    assert rows[1] == ["技术需求", "2", "材料场景机会", unit, "人工巡检效率低", f"{address}/{demand}"]
    response = await hall.public(f"/editions/{edition['id']}/items.csv")
    assert f'filename="{edition["code"]}.csv"' in response.headers["content-disposition"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1+1"])
async def test_no_cell_of_the_table_is_a_formula(hall: Hall, text: str) -> None:
    listing = await hall.opportunity(text, owner_unit=text, needs={"zh-Hans": text})
    edition = await hall.published(listing)
    row = (await table(hall, edition["id"]))[1]
    assert row[2:5] == [f"'{text}场景机会", f"'{text}", f"'{text}"]


async def test_the_table_says_no_more_of_what_was_withdrawn_since(hall: Hall) -> None:
    listing = await hall.opportunity("撤回", needs={"zh-Hans": "不再公开"})
    edition = await hall.published(listing)
    await hall.withdraw(listing)
    row = (await table(hall, edition["id"]))[1]
    assert row == ["应用场景", "1", "撤回场景机会", "示例地铁公司", "已撤回", ""]


async def test_there_is_no_table_of_a_catalogue_nor_before_the_release(hall: Hall) -> None:
    catalogue = await hall.published(await hall.opportunity(kind="product"), kind="product_catalogue")
    assert (await hall.public(f"/editions/{catalogue['id']}/items.csv")).status_code == 404
    scheduled = await hall.scheduled(await hall.opportunity())
    assert (await hall.public(f"/editions/{scheduled['id']}/items.csv")).status_code == 404
