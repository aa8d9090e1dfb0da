"""Freshness over HTTP: what the passing of time does is applied on read and on write, and never locks an owner out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from market.listings.rules import ARCHIVE_AFTER, CONFIRM_EVERY
from tests.makers import Caller, Market

Published = tuple[Caller, Caller, dict[str, Any]]


@pytest.fixture
async def published(market: Market) -> Published:
    officer, director = await market.university()
    return officer, director, await market.listing(officer, director)


async def later(market: Market, listing: dict[str, Any], by: timedelta) -> None:
    """As if the listing had been confirmed so much earlier."""
    await market.database.pool.execute(
        "UPDATE listing SET confirmed_at = confirmed_at - $2::interval, confirm_due_at = confirm_due_at - $2::interval "
        "WHERE id = $1",
        listing["id"],
        by,
    )


async def test_a_publication_is_due_for_confirmation_after_its_time(published: Published) -> None:
    listing = published[2]
    confirmed, due = (datetime.fromisoformat(listing[name]) for name in ("confirmed_at", "confirm_due_at"))
    assert due - confirmed == CONFIRM_EVERY
    assert abs(datetime.now(UTC) - confirmed) < timedelta(minutes=1)


async def test_a_stale_listing_is_still_served_and_comes_back_when_confirmed(
    market: Market, published: Published
) -> None:
    officer, _, listing = published
    path = f"/listings/{listing['id']}"
    await later(market, listing, CONFIRM_EVERY)
    stale = await officer.ok("GET", f"{path}/draft")
    assert stale["status"] == "stale"
    assert (await market.client.get(f"/api/v1{path}")).status_code == 200
    fresh = await officer.ok("POST", f"{path}/confirmation")
    assert fresh["status"] == "published"
    assert datetime.fromisoformat(fresh["confirm_due_at"]) - datetime.now(UTC) > CONFIRM_EVERY - timedelta(
        minutes=1
    )
    kinds = [event["kind"] for event in await officer.ok("GET", f"{path}/events")]
    assert kinds[-2:] == ["went_stale", "confirmed"]


async def test_a_tag_that_was_read_after_the_time_had_come_is_good_for_a_change(
    market: Market, published: Published
) -> None:
    """Reading applies what is due; otherwise the change would, and refuse the tag that every reading answers."""
    officer, _, listing = published
    path = f"/listings/{listing['id']}"
    await later(market, listing, CONFIRM_EVERY)
    read = await officer.get(f"{path}/draft")
    changed = await officer.patch(path, {"region": "310000"}, read.headers["etag"])
    assert changed.status_code == 200, changed.text
    assert changed.json()["status"] == "stale"


async def test_reading_twice_applies_it_once(market: Market, published: Published) -> None:
    officer, director, listing = published
    await later(market, listing, CONFIRM_EVERY)
    tags = {
        (await who.get(f"/listings/{listing['id']}/draft")).headers["etag"]
        for who in (officer, director, officer)
    }
    assert len(tags) == 1
    events = await officer.ok("GET", f"/listings/{listing['id']}/events")
    assert [event["kind"] for event in events].count("went_stale") == 1
    assert events[-1]["actor_id"] is None


async def test_a_listing_that_nobody_looked_at_goes_stale_and_into_the_archive_in_one_step(
    market: Market, published: Published
) -> None:
    officer, _, listing = published
    path = f"/listings/{listing['id']}"
    await later(market, listing, CONFIRM_EVERY + ARCHIVE_AFTER)
    assert (await officer.ok("GET", f"{path}/draft"))["status"] == "archived"
    kinds = [event["kind"] for event in await officer.ok("GET", f"{path}/events")]
    assert kinds[-2:] == ["went_stale", "archived"]
    gone = await market.client.get(f"/api/v1{path}/versions")
    assert gone.status_code == 410
    assert gone.json()["type"].endswith("/problems/listing-archived")
    assert (await officer.ok("POST", f"{path}/confirmation"))["status"] == "published"
    assert (await market.client.get(f"/api/v1{path}/versions")).status_code == 200


async def test_one_moment_before_nothing_happens(market: Market, published: Published) -> None:
    officer, _, listing = published
    await later(market, listing, CONFIRM_EVERY - timedelta(minutes=5))
    assert (await officer.ok("GET", f"/listings/{listing['id']}/draft"))["status"] == "published"


async def test_a_paused_listing_does_not_grow_stale_and_is_confirmed_by_coming_back(
    market: Market, published: Published
) -> None:
    officer, _, listing = published
    path = f"/listings/{listing['id']}"
    await officer.ok("POST", f"{path}/pause")
    await later(market, listing, CONFIRM_EVERY + ARCHIVE_AFTER)
    assert (await officer.ok("GET", f"{path}/draft"))["status"] == "paused"
    back = await officer.ok("POST", f"{path}/publication")
    assert back["status"] == "published"
    assert datetime.fromisoformat(back["confirm_due_at"]) > datetime.now(UTC)


async def test_a_new_version_confirms_a_stale_listing(market: Market, published: Published) -> None:
    officer, director, listing = published
    path = f"/listings/{listing['id']}"
    await later(market, listing, CONFIRM_EVERY)
    assert (await officer.patch(path, {"region": "310000"}, "*")).json()["status"] == "stale"
    await officer.ok("POST", f"{path}/submission")
    await director.ok("POST", f"{path}/approval")
    done = await director.ok("POST", f"{path}/publication")
    assert (done["status"], done["published_version"]) == ("published", 2)
    assert datetime.fromisoformat(done["published_at"]) == datetime.fromisoformat(listing["published_at"])
