"""Cursor pages: every row once, newest first, with a Link to the next page."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import Invalid
from market.web.paging import decode_cursor, encode_cursor
from tests.makers import RESULT, Caller, Market


@given(st.uuids())
def test_a_cursor_comes_back_as_it_went(identifier: UUID) -> None:
    cursor = encode_cursor(identifier)
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", cursor)
    assert decode_cursor(cursor) == identifier


@given(st.text(max_size=40).filter(lambda text: len(text) != 22))
def test_whatever_else_is_sent_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode_cursor(text)
    assert refused.value.errors[0].pointer == "cursor"


@pytest.fixture(scope="module")
async def owner(market: Market) -> Caller:
    """Somebody with seven listings."""
    officer, _ = await market.university()
    for number in range(7):
        await officer.ok("POST", "/listings", RESULT | {"region": f"11000{number}"})
    return officer


@pytest.mark.parametrize(("limit", "sizes"), [(3, [3, 3, 1]), (7, [7]), (1, [1] * 7), (100, [7])])
async def test_following_the_links_shows_every_row_once(owner: Caller, limit: int, sizes: list[int]) -> None:
    path: str | None = f"/listings?limit={limit}"
    seen: list[str] = []
    pages: list[int] = []
    while path is not None:
        answer = await owner.get(path)
        page = answer.json()
        pages.append(len(page["items"]))
        seen += [item["id"] for item in page["items"]]
        link = re.fullmatch(r'</api/v1(.+)>; rel="next"', answer.headers.get("link", ""))
        assert bool(link) is (page["next_cursor"] is not None)
        path = link.group(1) if link else None
        assert path is None or f"limit={limit}" in path
    assert pages == sizes
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 7


async def test_a_link_keeps_the_filters(owner: Caller) -> None:
    answer = await owner.get("/listings?status=draft&limit=2&cursor=")
    assert answer.status_code == 422
    answer = await owner.get("/listings?status=draft&limit=2")
    assert "status=draft" in answer.headers["link"]
    assert (await owner.get("/listings?status=published")).json() == {"items": [], "next_cursor": None}


async def test_a_row_that_is_added_meanwhile_shifts_no_page(owner: Caller) -> None:
    first = (await owner.get("/listings?limit=4")).json()
    await owner.ok("POST", "/listings", RESULT)
    second = (await owner.get(f"/listings?limit=4&cursor={first['next_cursor']}")).json()
    assert not {item["id"] for item in first["items"]} & {item["id"] for item in second["items"]}
    assert len(second["items"]) == 3
