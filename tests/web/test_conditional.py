"""ETag, If-Match and If-None-Match: a change says what it changes, and of two at once one wins."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.makers import Caller, Market


def tag(listing: dict[str, Any]) -> str:
    return f'"r{listing["revision"]}"'


async def patch(who: Caller, listing: dict[str, Any], json: Any, if_match: str | None) -> httpx.Response:
    headers = {} if if_match is None else {"If-Match": if_match}
    return await who("PATCH", f"/listings/{listing['id']}", json=json, headers=headers)


@pytest.fixture(scope="module")
async def officer(market: Market) -> Caller:
    return (await market.university())[0]


@pytest.fixture
async def draft(market: Market, officer: Caller) -> dict[str, Any]:
    return await market.listing(officer, officer, status="draft")


async def test_reading_names_what_was_read(officer: Caller, draft: dict[str, Any]) -> None:
    read = await officer.get(f"/listings/{draft['id']}/draft")
    assert read.headers["etag"] == tag(draft)
    assert read.headers["cache-control"] == "no-store"


async def test_a_change_without_if_match_is_refused_and_changes_nothing(
    officer: Caller, draft: dict[str, Any]
) -> None:
    answer = await patch(officer, draft, {"region": "310000"}, None)
    assert answer.status_code == 428
    assert answer.json()["type"].endswith("/problems/if-match-required")
    assert (await officer.ok("GET", f"/listings/{draft['id']}/draft"))["revision"] == draft["revision"]


@pytest.mark.parametrize(
    "header", ['"r99"', "r1", '"1"', '"r1 "', '""', "", "W/", 'W/"r1"', '"r2", "r3"', "**"]
)
async def test_a_tag_that_is_not_the_current_one_is_refused(
    officer: Caller, draft: dict[str, Any], header: str
) -> None:
    """A weak tag too: If-Match compares strongly (RFC 9110 13.1.1)."""
    answer = await patch(officer, draft, {"region": "310000"}, header)
    assert answer.status_code == 412
    assert tag(draft) in answer.json()["detail"]
    assert (await officer.ok("GET", f"/listings/{draft['id']}/draft"))["content"]["region"] == "110108"


@pytest.mark.parametrize("header", ['"r1"', '"r9", "r1"', '"r1","r9"', ' "r1" ', "*", " * ", 'W/"r1", "r1"'])
async def test_the_current_tag_any_list_with_it_and_a_star_pass(
    officer: Caller, draft: dict[str, Any], header: str
) -> None:
    assert tag(draft) == '"r1"'
    answer = await patch(officer, draft, {"region": "310000"}, header)
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"r2"'


async def test_of_two_changes_of_the_same_version_exactly_one_wins(
    officer: Caller, draft: dict[str, Any]
) -> None:
    answers = await asyncio.gather(
        *(patch(officer, draft, {"region": f"3100{number:02d}"}, tag(draft)) for number in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    (winner,) = [answer.json() for answer in answers if answer.status_code == 200]
    now = await officer.ok("GET", f"/listings/{draft['id']}/draft")
    assert now["content"] == winner["content"]
    assert now["revision"] == draft["revision"] + 1


async def test_a_patch_that_changes_nothing_leaves_the_tag(officer: Caller, draft: dict[str, Any]) -> None:
    for nothing in ({}, {"region": draft["content"]["region"]}, {"funding": None}):
        answer = await patch(officer, draft, nothing, tag(draft))
        assert answer.status_code == 200
        assert answer.headers["etag"] == tag(draft)


async def test_an_approval_survives_a_patch_that_changes_nothing_and_no_other(market: Market) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director, status="approved")
    same = (await patch(officer, listing, {}, tag(listing))).json()
    assert same["status"] == "approved"
    changed = (await patch(officer, listing, {"region": "310000"}, tag(listing))).json()
    assert (changed["status"], changed["review"]) == ("draft", "draft")


async def test_verbs_of_the_state_machine_honour_if_match_where_it_is_sent(market: Market) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director, status="in_review")
    path = f"/listings/{listing['id']}/approval"
    stale = await director("POST", path, headers={"If-Match": '"r1"'})
    assert stale.status_code == 412
    good = await director("POST", path, headers={"If-Match": tag(listing)})
    assert good.json()["status"] == "approved"


async def test_the_public_tag_is_good_for_a_change_while_nothing_waits(market: Market) -> None:
    """Whoever read the published document may change from it; not once the working copy has gone on."""
    officer, director = await market.university()
    listing = await market.listing(officer, director)
    public = (await market.client.get(f"/api/v1/listings/{listing['id']}")).headers["etag"]
    first = await patch(officer, listing, {"region": "310000"}, public)
    assert first.status_code == 200
    assert (await patch(officer, listing, {"region": "320000"}, public)).status_code == 412


async def test_an_organisation_is_changed_under_the_same_conditions(market: Market) -> None:
    _, director = await market.university()
    path = f"/organisations/{director.organisation_id}"
    assert (await director("PATCH", path, json={"region": "310000"})).status_code == 428
    assert (await director.patch(path, {"region": "310000"}, '"r7"')).status_code == 412
    changed = await director.patch(path, {"region": "310000"}, '"r1"')
    assert changed.headers["etag"] == '"r2"'
    answers = await asyncio.gather(
        *(director.patch(path, {"website": f"https://example.org/{number}"}, '"r2"') for number in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]


async def test_every_route_that_patches_asks_for_if_match_or_says_that_it_does_not(market: Market) -> None:
    """`unconditional` stands where the whole new value is sent and nothing can be lost."""
    found = [
        (route.path_format, method, handler.opt.get("unconditional", False))
        for route in market.app.routes
        for handler in getattr(route, "route_handlers", [])
        for method in handler.http_methods & {"PATCH", "PUT"}
    ]
    unconditional = {(path, method) for path, method, free in found if free}
    assert unconditional >= {
        ("/api/v1/people/me/password", "PUT"),
        ("/api/v1/organisations/{organisation_id}/members/{person_id}", "PATCH"),
    }
    assert any(not free for _, _, free in found)


@pytest.fixture(scope="module")
async def address(market: Market) -> str:
    """Of a published listing."""
    officer, director = await market.university()
    return f"/api/v1/listings/{(await market.listing(officer, director))['id']}"


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ("{0}", 304),
        ("W/{0}", 304),
        ('"other", {0}', 304),
        ('W/"other",W/{0}', 304),
        ("*", 304),
        ('"other"', 200),
        ("", 200),
        ("{1}", 200),
    ],
)
async def test_a_reader_who_has_it_gets_no_copy(market: Market, address: str, form: str, status: int) -> None:
    """If-None-Match compares weakly (RFC 9110 13.1.2)."""
    whole = await market.client.get(address)
    header = form.format(whole.headers["etag"], whole.headers["etag"].strip('"'))
    answer = await market.client.get(address, headers={"If-None-Match": header})
    assert answer.status_code == status
    assert answer.headers["etag"] == whole.headers["etag"]
    assert answer.content == (b"" if status == 304 else whole.content)
