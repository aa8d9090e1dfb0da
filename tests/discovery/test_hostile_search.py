"""Whatever is asked, the search answers with hits or names the parameter that is wrong; the real application over HTTP."""

import asyncio
import base64
from urllib.parse import quote

import pytest
import pytest_asyncio

from market.discovery.indexing import rebuild
from search.port import Sort


@pytest_asyncio.fixture(scope="module")
async def listed(market, step):
    """Five listings, of two of which nothing but the title differs."""
    officer, director = await market.university()
    titles = ["Solid anode", "Solid anode", "Solid cathode", "Solid separator", "Robot"]
    made = [await market.listing(officer, director, title={"en": title}) for title in titles]
    await step()
    return [listing["id"] for listing in made]


async def get(market, query):
    return await market.client.get(f"/api/v1/search?{query}")


@pytest.mark.parametrize(
    "raw",
    [
        "%ED%A0%80",
        "%FF%FE",
        quote("固" * 512),
        quote("😀" * 300),
        quote("é" * 100 + "\u0301" * 100),
        quote("a " * 256),
        quote("1 " * 256),
        quote("-./," * 128),
        quote("\u202eabc\u200bd"),
        quote('"固态" -x AND (y OR *) title:z /.*/ [a TO b] ~2 ^3'),
        quote(".*|(a+)+$"),
        quote("\ue000b\ue001"),
    ],
)
@pytest.mark.parametrize("sort", ["relevance", "newest"])
async def test_any_text_is_answered(market, listed, raw, sort):
    response = await get(market, f"q={raw}&sort={sort}&facets=kind,ipc")
    assert response.status_code == 200, response.text


async def test_full_width_letters_and_blanks_are_the_plain_ones(market, listed):
    found = (await get(market, f"q={quote('ＳＯＬＩＤ　ｃａｔｈｏｄｅ')}")).json()
    assert found["hits"][0]["id"] == listed[2]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("q=" + "x" * 10_000, "q"),
        ("kind=spaceship", "kind"),
        ("kind=result&kind=spaceship", "kind"),
        ("status=draft", "status"),
        ("mode=free", "mode"),
        ("price_mode=cheap", "price_mode"),
        ("owner=somebody", "owner"),
        ("owner=%E5%9B%BA", "owner"),
        ("region=1", "region"),
        ("region=%D9%A3%D9%A3", "region"),
        ("ipc=%E5%9B%BA", "ipc"),
        ("ipc=H0", "ipc"),
        ("industry=999999", "industry"),
        ("discipline=zz9", "discipline"),
        ("edition=" + "a" * 300, "edition"),
        ("trl=0", "trl"),
        ("trl=ten", "trl"),
        ("trl_min=6&trl_max=4", "trl_max"),
        ("price_min=inf", "price_min"),
        ("price_max=nan", "price_max"),
        ("price_min=5&price_max=1", "price_max"),
        ("published_from=2027-01-01&published_to=2026-01-01", "published_to"),
        ("deadline_from=2026-02-30", "deadline_from"),
        ("kind=" + ",".join(["result"] * 5000), "kind"),
        ("facets=price", "facets"),
        ("limit=-1", "limit"),
        ("sort=", "sort"),
    ],
)
async def test_a_value_that_cannot_be_is_refused_by_name(market, listed, query, pointer):
    response = await get(market, query)
    assert response.status_code == 422, response.text
    assert {error["pointer"].strip("/") for error in response.json()["errors"]} == {pointer}


async def test_everything_wrong_is_said_at_once(market, listed):
    response = await get(market, "kind=x&mode=y&price_min=5&price_max=1&facets=z")
    named = [error["pointer"] for error in response.json()["errors"]]
    assert sorted(named) == ["facets", "kind", "mode", "price_max"]


@pytest.mark.parametrize(
    "query", ["trl=5", "trl=5,6", "published_to=9999-12-31", "published_from=0001-01-01"]
)
async def test_values_at_the_edge_are_no_mistakes(market, listed, query):
    response = await get(market, query)
    assert response.status_code == 200, response.text
    assert response.json()["total"] == len(listed)


@pytest.mark.parametrize(
    "cursor",
    [
        *("", "AAAA", "AAAAAAAA", "____", "AAPo", "AA==", "AAAK!", "AAAB%20", "%E5%9B%BA", "%00"),
        base64.urlsafe_b64encode(b"\x00" * 16).decode(),
    ],
)
async def test_a_cursor_that_this_search_did_not_make_is_refused(market, listed, cursor):
    response = await get(market, f"cursor={cursor}")
    assert response.status_code == 422, response.text


@pytest.mark.parametrize("sort", list(Sort))
async def test_pages_in_every_order_neither_repeat_nor_skip(market, listed, sort):
    whole = [hit["id"] for hit in (await get(market, f"sort={sort}&q=solid+robot")).json()["hits"]]
    paged, cursor = [], ""
    while cursor is not None:
        page = (await get(market, f"sort={sort}&q=solid+robot&limit=2{cursor}")).json()
        paged += [hit["id"] for hit in page["hits"]]
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
    assert paged == whole
    assert sorted(whole) == sorted(listed)


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("suggestions?q=" + "x" * 101, "q"),
        ("facets/ipc?prefix=" + "H" * 101, "prefix"),
        ("facets/trl", "name"),
        ("facets/price", "name"),
    ],
)
async def test_beginnings_are_short_and_of_something_that_has_values(market, listed, path, pointer):
    response = await market.client.get(f"/api/v1/search/{path}")
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["pointer"].strip("/") == pointer


async def test_readers_never_see_an_index_that_is_swapped_in(market, listed, indexer):
    done = asyncio.Event()

    async def read() -> int:
        asked = 0
        while not done.is_set():
            found = (await get(market, "q=solid&facets=kind")).json()
            assert found["total"] == len(listed)
            assert found["degraded"] is False
            asked += 1
        return asked

    readers = [asyncio.create_task(read()) for _ in range(3)]
    for _ in range(3):
        await rebuild(market.database, indexer)
    done.set()
    assert all(asked > 3 for asked in await asyncio.gather(*readers))
