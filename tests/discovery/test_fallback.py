"""While there is no search engine, the database answers: less, and it says so."""

import asyncio
import socket

import pytest
import pytest_asyncio

from market.discovery import fallback
from market.discovery.fallback import Fallback
from market.discovery.indexing import rebuild
from market.errors import Unavailable
from search import open_indexer
from search.meili.engine import MeiliEngine
from search.port import SearchRequest, Viewer
from search.schema import listing_schema


async def search(market, **parameters):
    response = await market.client.get("/api/v1/search", params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


@pytest_asyncio.fixture(scope="module")
async def listed(market):
    """One published listing of each kind, and one still approved; nobody keeps an index."""
    officer, director = await market.university()
    company = await market.company()
    operator = await market.operator()
    made = {"result": await market.listing(officer, director)}
    for kind in ("product", "opportunity"):
        listing = await market.listing(company, operator, kind, status="approved")
        made[kind] = await company.ok("POST", f"/listings/{listing['id']}/publication")
    await market.listing(officer, director, status="approved", title={"en": "Unseen vermilion draft"})
    return made


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("固态锂电池", "result"),
        ("SOLID electrolyte", "result"),
        ("ｓｏｌｉｄ", "result"),
        ("solid-state battery", "result"),
        ("CN 2010 8006 3196.9", "result"),
        ("201080063196.9", "result"),
        ("王小明", "result"),
        ("cable tunnels", "product"),
        ("地铁车站", "opportunity"),
    ],
)
async def test_a_listing_is_found_by_title_number_and_name(market, listed, words, kind):
    found = await search(market, q=words)
    assert [hit["id"] for hit in found["hits"]] == [listed[kind]["id"]]
    assert found["degraded"] is True
    assert found["total"] == 1
    assert found["total_is_exact"] is True


@pytest.mark.parametrize("words", ["vermilion", "electrolite", "sulphide", "title published_at", "99999999"])
async def test_what_is_unpublished_misspelt_elsewhere_or_no_word_of_the_listing_is_not_found(
    market, listed, words
):
    assert (await search(market, q=words))["hits"] == []


@pytest.mark.parametrize(
    ("filters", "kinds"),
    [
        ({}, ["opportunity", "product", "result"]),
        ({"kind": "result,product"}, ["product", "result"]),
        ({"ipc": "H01M"}, ["result"]),
        ({"trl_min": 4, "trl_max": 6}, ["result"]),
        ({"price_min": 299_999, "price_max": 300_000}, ["result"]),
        ({"mode": "sale"}, ["product"]),
        ({"deadline_from": "2099-12-31"}, ["opportunity"]),
        ({"region": "31"}, []),
    ],
)
async def test_filters_hold(market, listed, filters, kinds):
    found = await search(market, **filters)
    assert [hit["kind"] for hit in found["hits"]] == kinds


async def test_pages_follow_each_other(market, listed):
    seen, cursor = [], {}
    for _ in range(3):
        page = await search(market, limit=1, **cursor)
        seen += [hit["kind"] for hit in page["hits"]]
        cursor = {"cursor": page["next_cursor"]}
    assert seen == ["opportunity", "product", "result"]
    assert page["next_cursor"] is None


async def test_facets_and_marks_are_left_out_and_nothing_else_of_the_shape(market, listed):
    found = await search(market, q="electrolyte", facets="kind", sort="price_asc")
    assert found["facets"] == {}
    assert found["hits"][0]["highlights"] == {}
    assert found["hits"][0]["organisation"]["name"]


@pytest.mark.parametrize("words", ["%", "_", "\\", "' OR 1=1 --", "\x00", "😀"])
async def test_no_text_is_a_pattern_or_a_statement(market, listed, words):
    await search(market, q=words)


async def test_a_withdrawn_listing_is_not_found(market, listed):
    officer, director = await market.university()
    listing = await market.listing(officer, director, title={"en": "Zirconium widget"})
    assert (await search(market, q="zirconium"))["total"] == 1
    await officer.ok("POST", f"/listings/{listing['id']}/withdrawal", json={"reason": "sold elsewhere"})
    assert (await search(market, q="zirconium"))["total"] == 0


async def test_one_slice_after_another_is_read(market, listed, monkeypatch):
    monkeypatch.setattr(fallback, "_SLICE", 1)
    asked = SearchRequest(viewer=Viewer.anonymous(), text="electrolyte")
    page = await Fallback(market.database).search(asked)
    assert (page.total, page.total_is_exact) == (1, True)


async def test_out_of_time_it_answers_with_what_it_has(market, listed):
    page = await Fallback(market.database, seconds=0).search(SearchRequest(viewer=Viewer.anonymous()))
    assert (page.total, page.total_is_exact) == (0, False)


async def test_who_gets_no_turn_is_told_to_come_back(market, listed, monkeypatch):
    monkeypatch.setattr(fallback, "AT_ONCE", 0)
    with pytest.raises(Unavailable):
        await Fallback(market.database, seconds=0).search(SearchRequest(viewer=Viewer.anonymous()))


async def test_the_database_is_asked_by_few_at_once(market, listed, monkeypatch):
    asked = SearchRequest(viewer=Viewer.anonymous())
    reader = Fallback(market.database)
    pages = await asyncio.gather(*(reader.search(asked) for _ in range(10)))
    assert {page.total for page in pages} == {3}


async def test_a_server_that_does_not_answer_is_not_waited_for_twice(market, listed, monkeypatch):
    monkeypatch.setattr("search.meili.engine._SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        engine = MeiliEngine(f"http://127.0.0.1:{silent.getsockname()[1]}", None, listing_schema())
        monkeypatch.setattr(market.app.state, "search", engine)
        for _ in range(5):
            assert (await search(market, q="electrolyte"))["degraded"] is True
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
        await engine.aclose()


async def test_with_an_index_the_answer_is_whole_again(market, listed):
    assert (await search(market))["degraded"] is True
    indexer = open_indexer(None, None, market.settings.index_dir)
    await rebuild(market.database, indexer)
    found = await search(market, q="electrolite", facets="kind")
    await indexer.aclose()
    assert found["degraded"] is False
    assert found["facets"]["kind"] == {"result": 1}
