"""The road of an edition over HTTP, from opening to reported outcomes."""

import asyncio
import hashlib
import json
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
import rfc8785
from sqlalchemy.exc import DBAPIError

from market.editions.queries import edition_codes
from schemas.vocabulary import Role
from tests.editions.hall import TITLE, Hall, later, pointers
from tests.makers import Market


@pytest_asyncio.fixture(scope="module")
async def hall(market: Market) -> Hall:
    return await Hall.of(market)


async def test_an_edition_opens_empty_and_without_a_number(hall: Hall) -> None:
    response = await hall.operator.post("/editions", json={"kind": "opportunity_list", "title": TITLE})
    assert response.status_code == 201
    edition = response.json()
    assert response.headers["location"] == f"/api/v1/editions/{edition['id']}/draft"
    assert response.headers["etag"] == '"r1"'
    assert (edition["status"], edition["number"], edition["code"]) == ("compiling", None, None)
    assert [condition["pointer"] for condition in edition["unmet"]] == ["/items"]


async def test_items_are_put_in_moved_and_taken_out(hall: Hall) -> None:
    a, b, c = [await hall.opportunity() for _ in range(3)]
    edition = await hall.edition(a, b)
    moved = (await hall.change("PUT", edition, f"/items/{c}", {"position": 1})).json()
    assert [item["listing_id"] for item in moved["items"]] == [c, a, b]
    moved = (await hall.change("PUT", moved, f"/items/{c}", {})).json()
    assert [item["listing_id"] for item in moved["items"]] == [a, b, c]
    moved = (await hall.change("DELETE", moved, f"/items/{a}")).json()
    assert [(item["listing_id"], item["position"]) for item in moved["items"]] == [(b, 1), (c, 2)]
    assert (await hall.change("DELETE", moved, f"/items/{a}")).status_code == 404
    moved = await hall.set_items(moved, c, b)
    assert [item["listing_id"] for item in moved["items"]] == [c, b]
    assert moved["unmet"] == []


async def test_a_change_names_the_revision_that_it_is_based_on(hall: Hall) -> None:
    listing = await hall.opportunity()
    edition = await hall.edition(listing)
    path = f"/editions/{edition['id']}"
    for method, under, body in (
        ("PATCH", "", {"title": TITLE}),
        ("PUT", "/items", {"listing_ids": []}),
        ("PUT", f"/items/{listing}", {}),
        ("DELETE", f"/items/{listing}", None),
    ):
        assert (await hall.operator(method, path + under, json=body)).status_code == 428
        stale = {"If-Match": '"r1"'}
        assert (await hall.operator(method, path + under, json=body, headers=stale)).status_code == 412
    stale = {"If-Match": '"r1"'}
    assert (await hall.operator.post(f"{path}/publication", headers=stale)).status_code == 412
    changed = await hall.change("PATCH", edition, "", {"title": {"en": "New"}, "applications_until": None})
    assert changed.json()["title"] == {"en": "New"}


async def test_bad_input_names_its_fields(hall: Hall) -> None:
    post = hall.operator.post
    assert pointers(await post("/editions", json={"kind": "magazine", "title": {}, "number": 3})) == [
        "/kind",
        "/title",
        "/number",
    ]
    for wrong in (
        "2026-10-01T00:00:00",
        "2026-10-01",
        1_790_000_000,
        "1790000000",
        "9999-12-31T23:59:59-12:00",
    ):
        body = {"kind": "opportunity_list", "title": TITLE, "applications_until": wrong}
        assert pointers(await post("/editions", json=body)) == ["/applications_until"]
    listing, product = await hall.opportunity(), await hall.opportunity(kind="product")
    edition = await hall.edition()
    body = {"listing_ids": [listing, str(uuid4()), product, listing]}
    wrong_items = await hall.change("PUT", edition, "/items", body)
    assert pointers(wrong_items) == ["/listing_ids/1", "/listing_ids/2", "/listing_ids/3"]
    assert pointers(await hall.change("PUT", edition, f"/items/{product}", {})) == ["listing_id"]
    assert pointers(await hall.change("PUT", edition, f"/items/{listing}", {"position": 0})) == ["/position"]
    assert pointers(await hall.change("PATCH", edition, "", {"title": None})) == ["/title"]
    assert pointers(await hall.change("PATCH", edition, "", {"kind": "product_catalogue"})) == ["/kind"]
    assert (await hall.public(f"/editions/{uuid4()}")).status_code == 404
    assert (await hall.public("/editions/3")).status_code == 404


async def test_a_catalogue_takes_products(hall: Hall) -> None:
    product = await hall.opportunity(kind="product")
    edition = await hall.published(product, kind="product_catalogue")
    assert edition["code"] == f"product-catalogue-{edition['number']}"
    assert edition["items"][0]["version"] == 1


async def test_scheduling_says_all_that_is_missing_at_once(hall: Hall) -> None:
    listing, gone = await hall.opportunity(), await hall.opportunity()
    draft = await hall.market.listing(hall.company, hall.operator, "opportunity", status="in_review")
    await hall.withdraw(gone)
    edition = await hall.edition(listing, draft["id"], gone, applications_until=later(days=-2))
    path = f"/editions/{edition['id']}/schedule"
    refused = await hall.operator.post(path, json={"release_at": later(days=-1)})
    assert pointers(refused) == ["/items/1", "/items/2", "/applications_until", "/release_at"]
    assert (await hall.draft(edition))["number"] is None
    assert pointers(await hall.operator.post(f"/editions/{edition['id']}/publication")) == [
        "/items/1",
        "/items/2",
        "/applications_until",
    ]


async def test_numbers_follow_one_another_without_gaps_also_when_many_are_scheduled_at_once(
    hall: Hall,
) -> None:
    listing = await hall.opportunity()
    editions = [await hall.edition(listing) for _ in range(5)]
    editions.append(await hall.edition())  # refused: it has no items, and takes no number
    body = {"release_at": later(days=1)}
    answers = await asyncio.gather(
        *(hall.operator.post(f"/editions/{edition['id']}/schedule", json=body) for edition in editions)
    )
    assert [answer.status_code for answer in answers] == [200] * 5 + [422]
    found = await hall.sql(
        "SELECT number FROM edition WHERE kind = 'opportunity_list' AND number IS NOT NULL"
    )
    numbers = sorted(row[0] for row in found)
    assert numbers == list(range(1, len(numbers) + 1))


async def test_an_unscheduled_edition_is_compiled_on_and_keeps_its_number(hall: Hall) -> None:
    a, b = await hall.opportunity(), await hall.opportunity()
    edition = await hall.scheduled(a)
    assert (await hall.change("PATCH", edition, "", {"title": TITLE})).status_code == 409
    assert (await hall.change("PUT", edition, "/items", {"listing_ids": [b]})).status_code == 409
    later_on = await hall.verb(edition, "schedule", {"release_at": later(days=3)})
    assert later_on["release_at"] > edition["release_at"]
    back = await hall.operator.ok("DELETE", f"/editions/{edition['id']}/schedule")
    assert (back["status"], back["release_at"], back["number"]) == ("compiling", None, edition["number"])
    assert (await hall.public(f"/editions/{edition['id']}")).status_code == 404
    await hall.set_items(back, b)
    again = await hall.verb(edition, "schedule", {"release_at": later(days=1)})
    assert again["number"] == edition["number"]


async def test_the_snapshot_is_canonical_and_its_hashes_are_those_of_the_stored_documents(hall: Hall) -> None:
    ids = [await hall.opportunity(f"第{number}号") for number in range(3)]
    edition = await hall.published(*reversed(ids), applications_until=later(days=30))
    response = await hall.public(f"/editions/{edition['id']}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    document = response.json()
    assert rfc8785.dumps(document) == response.content
    digest = hashlib.sha256(response.content).hexdigest()
    assert edition["sha256"] == digest
    assert response.headers["etag"] == f'"{digest}"'
    assert [item["listing_id"] for item in document["items"]] == ids[::-1]
    assert [item["position"] for item in document["items"]] == [1, 2, 3]
    assert document["withdrawn"] == []
    for item in document["items"]:
        stored = await hall.public(f"/listings/{item['listing_id']}/versions/{item['version']}")
        assert hashlib.sha256(stored.content).hexdigest() == item["sha256"]
        assert stored.json()["title"] == item["title"]
    unchanged = await hall.public(
        f"/editions/{edition['id']}", headers={"If-None-Match": f'"x", W/"{digest}"'}
    )
    assert (unchanged.status_code, unchanged.content) == (304, b"")


async def test_a_published_edition_keeps_the_versions_that_it_was_published_with(hall: Hall) -> None:
    listing = await hall.opportunity("旧题")
    edition = await hall.published(listing)
    before = await hall.public(f"/editions/{edition['id']}")
    draft = await hall.company.get(f"/listings/{listing}/draft")
    change = {"title": {"zh-Hans": "新题"}}
    await hall.company.patch(f"/listings/{listing}", change, draft.headers["etag"])
    for who, verb in (
        (hall.company, "submission"),
        (hall.operator, "approval"),
        (hall.operator, "publication"),
    ):
        await who.ok("POST", f"/listings/{listing}/{verb}")
    assert (await hall.public(f"/listings/{listing}")).json()["version"] == 2
    assert (await hall.public(f"/editions/{edition['id']}")).content == before.content


async def test_what_was_withdrawn_meanwhile_is_left_out_and_named(hall: Hall) -> None:
    stays, gone = await hall.opportunity("留下"), await hall.opportunity("离开")
    edition = await hall.scheduled(gone, stays)
    await hall.withdraw(gone)
    published = await hall.verb(edition, "publication")
    document = (await hall.public(f"/editions/{edition['id']}")).json()
    assert [(item["position"], item["listing_id"]) for item in document["items"]] == [(1, stays)]
    assert document["withdrawn"] == [gone]
    assert [(item["listing_id"], item["outcome"]) for item in published["items"]] == [
        (stays, None),
        (gone, "withdrawn"),
    ]
    outcome = {"outcome": "matched"}
    path = f"/editions/{edition['id']}/items"
    assert (await hall.operator.post(f"{path}/{gone}/outcome", json=outcome)).status_code == 409


async def test_an_edition_of_which_nothing_is_left_is_not_published(hall: Hall) -> None:
    listing = await hall.opportunity()
    edition = await hall.scheduled(listing)
    await hall.withdraw(listing)
    assert pointers(await hall.operator.post(f"/editions/{edition['id']}/publication")) == ["/items"]
    await hall.let_release_time_come(edition)
    assert (await hall.public(f"/editions/{edition['id']}")).status_code == 404
    back = await hall.draft(edition)
    assert (back["status"], back["number"]) == ("compiling", edition["number"])
    events = await hall.operator.ok("GET", f"/editions/{edition['id']}/events")
    assert events[-1]["kind"] == "release_failed"


async def test_every_item_gets_its_outcome_and_then_they_are_reported(hall: Hall) -> None:
    first, second = await hall.opportunity(), await hall.opportunity()
    edition = await hall.published(first, second)
    path = f"/editions/{edition['id']}"
    assert (await hall.operator.post(f"{path}/outcomes")).status_code == 409
    closed = await hall.verb(edition, "closure")
    assert closed["status"] == "closed"
    assert pointers(await hall.operator.post(f"{path}/outcomes")) == ["/items/0", "/items/1"]
    said = {"outcome": "contracted", "note": "two companies answered"}
    by_owner = await hall.company.ok("POST", f"{path}/items/{first}/outcome", json=said)
    assert (by_owner["outcome"], by_owner["outcome_note"]) == ("contracted", said["note"])
    assert pointers(await hall.operator.post(f"{path}/outcomes")) == ["/items/1"]
    await hall.operator.ok("POST", f"{path}/items/{second}/outcome", json={"outcome": "ongoing"})
    await hall.operator.ok("POST", f"{path}/items/{second}/outcome", json={"outcome": "no_response"})
    assert (await hall.public(f"{path}/outcomes")).status_code == 404
    reported = await hall.verb(edition, "outcomes")
    assert reported["status"] == "outcomes_reported"
    shown = (await hall.public(f"{path}/outcomes")).json()
    assert [(item["listing_id"], item["outcome"]) for item in shown] == [
        (first, "contracted"),
        (second, "no_response"),
    ]
    late = await hall.company.post(f"{path}/items/{first}/outcome", json={"outcome": "matched"})
    assert late.status_code == 409
    assert pointers(await hall.company.post(f"{path}/items/{first}/outcome", json={"outcome": "sold"})) == [
        "/outcome"
    ]


async def test_who_may_do_what(hall: Hall, market: Market) -> None:
    listing = await hall.opportunity()
    compiling, released = await hall.edition(listing), await hall.published(listing)
    officer, director = await market.university()
    stranger, auditor = await market.company(), await market.auditor()
    body = {"kind": "opportunity_list", "title": TITLE}
    for caller in (hall.company, officer, director, stranger, auditor):
        assert (await caller.post("/editions", json=body)).status_code == 403
        assert (await caller.post(f"/editions/{released['id']}/closure")).status_code == 403
        expected = 403 if caller is auditor else 404  # who may not see it is not told that it exists
        for verb in ("publication", "closure", "outcomes"):
            assert (await caller.post(f"/editions/{compiling['id']}/{verb}")).status_code == expected
        for read in ("draft", "events"):
            answer = await caller.get(f"/editions/{compiling['id']}/{read}")
            assert answer.status_code == (200 if caller is auditor else 404)
    outcome = {"outcome": "matched"}
    path = f"/editions/{released['id']}/items/{listing}/outcome"
    for caller in (officer, stranger, auditor):
        assert (await caller.post(path, json=outcome)).status_code == 403
    researcher = await market.person(hall.company.organisation_id, Role.RESEARCHER)
    assert (await researcher.post(path, json=outcome)).status_code == 403
    assert (await hall.company.post(path, json=outcome)).status_code == 200
    assert (await hall.operator.post(path, json=outcome)).status_code == 200
    missing = f"/editions/{released['id']}/items/{uuid4()}/outcome"
    assert (await hall.operator.post(missing, json=outcome)).status_code == 404
    for verb in ("publication", "closure", "outcomes", "schedule"):
        anonymous = await market.client.post(f"/api/v1/editions/{released['id']}/{verb}", json={})
        assert anonymous.status_code == 401
    assert (await hall.public(f"/editions/{compiling['id']}/draft")).status_code == 401


async def test_the_public_list_has_no_compiling_edition_and_is_filtered(hall: Hall) -> None:
    listing = await hall.opportunity()
    compiling, released = await hall.edition(listing), await hall.published(listing)

    async def ids(path: str, caller: Any = None) -> set[str]:
        answer = await (caller.get(path) if caller else hall.public(path))
        assert answer.status_code == 200, answer.text
        return {edition["id"] for edition in answer.json()["items"]}

    everything = await ids("/editions?limit=100")
    assert released["id"] in everything
    assert compiling["id"] not in everything | await ids("/editions?status=compiling")
    assert compiling["id"] in await ids("/editions?limit=100", hall.operator)
    assert released["id"] in await ids("/editions?kind=opportunity_list&status=published&limit=100")
    assert released["id"] not in await ids("/editions?kind=product_catalogue&limit=100")
    assert (await hall.public("/editions?kind=magazine")).status_code == 422
    page = await hall.public("/editions?limit=1")
    assert 'rel="next"' in page.headers["link"]


async def test_the_record_tells_every_step(hall: Hall) -> None:
    listing = await hall.opportunity()
    edition = await hall.scheduled(listing)
    await hall.verb(edition, "publication")
    await hall.verb(edition, "closure")
    await hall.operator.ok(
        "POST", f"/editions/{edition['id']}/items/{listing}/outcome", json={"outcome": "matched"}
    )
    await hall.verb(edition, "outcomes")
    events = await hall.operator.ok("GET", f"/editions/{edition['id']}/events")
    assert [event["kind"] for event in events] == [
        "opened",
        "compiled",
        "scheduled",
        "published",
        "closed",
        "item_outcome_reported",
        "outcomes_reported",
    ]
    assert events[3]["data"]["sha256"] == (await hall.draft(edition))["sha256"]


async def test_publication_gives_its_listings_their_code_and_marks_them_for_the_index(hall: Hall) -> None:
    listing, gone, other = [await hall.opportunity() for _ in range(3)]
    edition = await hall.scheduled(listing, gone)
    ids = [UUID(listing), UUID(gone), UUID(other)]
    async with hall.market.database.sessions() as session:
        assert await edition_codes(session, ids) == {listing_id: [] for listing_id in ids}
    await hall.withdraw(gone)
    await hall.sql("DELETE FROM search_dirty")
    await hall.verb(edition, "publication")
    dirty = await hall.sql("SELECT listing_id FROM search_dirty")
    assert [row[0] for row in dirty] == [UUID(listing)]
    async with hall.market.database.sessions() as session:
        codes = await edition_codes(session, ids)
    assert codes == {ids[0]: [f"opportunity-list-{edition['number']}"], ids[1]: [], ids[2]: []}
    second = await hall.published(listing)
    async with hall.market.database.sessions() as session:
        codes = await edition_codes(session, ids[:1])
    assert codes[ids[0]] == [f"opportunity-list-{edition['number']}", second["code"]]
    assert json.dumps(codes[ids[0]]).isascii()


async def test_the_window_is_lengthened_with_a_reason_and_never_shortened(hall: Hall) -> None:
    until = {days: later(days=days) for days in (2, 3, 4, 5)}
    edition = await hall.edition(await hall.opportunity(), applications_until=until[3])
    path = f"/editions/{edition['id']}/extension"

    def body(days: int) -> dict[str, str]:
        return {"applications_until": until[days], "reason": "延期"}

    assert (await hall.operator.post(path, body(4))).status_code == 409, "it is changed while it is compiled"
    await hall.verb(edition, "schedule", {"release_at": later(hours=1)})
    first = await hall.operator.ok("POST", path, json=body(4))
    published = await hall.verb(edition, "publication")
    snapshot = (await hall.public(f"/editions/{edition['id']}")).content
    assert first["applications_until"] == published["applications_until"] > edition["applications_until"]
    for days in (2, 4):
        refused = await hall.operator.post(path, body(days))
        assert pointers(refused) == ["/applications_until"]
    assert pointers(await hall.operator.post(path, {"applications_until": until[5]})) == ["/reason"]
    assert (await hall.company.post(path, body(5))).status_code in (403, 404)
    extended = await hall.operator.ok("POST", path, json=body(5))
    assert extended["applications_until"] > published["applications_until"]
    assert extended["sha256"] == published["sha256"]
    assert (await hall.public(f"/editions/{edition['id']}")).content == snapshot
    event = (await hall.operator.ok("GET", f"/editions/{edition['id']}/events"))[-1]
    assert (event["kind"], event["reason"]) == ("extended", "延期")
    with pytest.raises(DBAPIError, match="never shortened"):
        await hall.sql(
            "UPDATE edition SET applications_until = now() + interval '1 hour' WHERE id = :id",
            id=edition["id"],
        )
    await hall.verb(edition, "closure")
    assert (await hall.operator.post(path, body(5))).status_code == 409


async def test_without_an_end_there_is_nothing_to_extend(hall: Hall) -> None:
    edition = await hall.published(await hall.opportunity())
    body = {"applications_until": later(days=5), "reason": "longer"}
    refused = await hall.operator.post(f"/editions/{edition['id']}/extension", body)
    assert pointers(refused) == ["/applications_until"]


async def test_an_edition_is_closed_as_of_its_deadline_however_late_somebody_looks(hall: Hall) -> None:
    edition = await hall.published(await hall.opportunity(), applications_until=later(hours=2))
    await hall.sql("ALTER TABLE edition DISABLE TRIGGER kept")
    await hall.sql(
        "UPDATE edition SET published_at = now() - interval '3 days',"
        " applications_until = now() - interval '2 days' WHERE id = :id",
        id=edition["id"],
    )
    await hall.sql("ALTER TABLE edition ENABLE TRIGGER kept")
    closed = await hall.draft(edition)
    assert closed["status"] == "closed"
    assert closed["closed_at"] == closed["applications_until"]
