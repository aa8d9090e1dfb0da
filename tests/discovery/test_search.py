"""The search endpoint over HTTP, on the embedded engine, from published listings."""

import pytest

from market.discovery.indexing import compare, mend, rebuild
from tests.makers import Market


async def search(market: Market, **parameters):
    response = await market.client.get("/api/v1/search", params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.fixture(scope="module")
async def listed(market, step):
    """One published listing of each kind."""
    officer, director = await market.university()
    company = await market.company()
    operator = await market.operator()
    made = {"result": await market.listing(officer, director)}
    for kind in ("product", "opportunity"):
        listing = await market.listing(company, operator, kind, status="approved")
        made[kind] = await company.ok("POST", f"/listings/{listing['id']}/publication")
    await step()
    return made


async def test_chinese_and_english_words_find_the_same_listing_from_one_box(market, listed):
    for words in ("固态锂电池", "solid electrolyte", "固态 electrolyte"):
        found = await search(market, q=words)
        assert found["hits"][0]["id"] == listed["result"]["id"], words


async def test_a_typing_mistake_is_forgiven(market, listed):
    found = await search(market, q="electrolite")
    assert found["hits"][0]["id"] == listed["result"]["id"]


async def test_the_last_word_may_be_a_beginning(market, listed):
    found = await search(market, q="inspec")
    assert listed["product"]["id"] in {hit["id"] for hit in found["hits"]}


async def test_amounts_are_compared_in_one_currency_and_sorted_within_each(market, listed, step):
    """80,000 EUR is not less than 300,000 CNY: without a currency an amount is in CNY, and CNY comes first."""
    officer, director = await market.university()
    in_euro = [
        await market.listing(
            officer,
            director,
            title={"en": f"Priced elsewhere {amount}"},
            price={"mode": "fixed", "amount": {"amount": amount, "currency": "EUR"}},
        )
        for amount in ("90000.00", "80000.00")
    ]
    await step()
    here = [listed["result"]["id"], listed["opportunity"]["id"]]
    elsewhere = [in_euro[1]["id"], in_euro[0]["id"]]
    none = listed["product"]["id"]

    async def found(**parameters):
        return [hit["id"] for hit in (await search(market, **parameters))["hits"]]

    assert await found(sort="price") == await found(sort="price_asc") == [*here, *elsewhere, none]
    assert await found(sort="price_desc") == [*reversed(here), *reversed(elsewhere), none]
    assert await found(price_max=100_000) == []
    assert await found(price_max=85_000, price_currency="EUR") == elsewhere[:1]
    assert await found(price_currency="EUR", sort="price") == elsewhere
    counted = await search(market, limit=0, facets="price_currency", price_currency="EUR")
    assert counted["facets"]["price_currency"] == {"CNY": 2, "EUR": 2}
    for listing in in_euro:
        await officer.ok(
            "POST", f"/listings/{listing['id']}/withdrawal", json={"reason": "only for this test"}
        )
    await step()


async def test_facets_count_by_kind_without_their_own_filter(market, listed):
    found = await search(market, kind="result", facets="kind,discipline")
    assert found["facets"]["kind"] == {"result": 1, "product": 1, "opportunity": 1}
    assert found["facets"]["discipline"]["E02"] == 1
    assert [hit["id"] for hit in found["hits"]] == [listed["result"]["id"]]
    assert found["total"] == 1


@pytest.mark.parametrize(
    ("parameters", "kind"),
    [
        ({"ipc": "H01M"}, "result"),
        ({"ipc": "H01M 10/0562"}, "result"),
        ({"trl_min": 4, "trl_max": 6}, "result"),
        ({"mode": "transfer"}, "result"),
        ({"price_mode": "fixed", "price_min": 299_999}, "result"),
        ({"price_max": 300_000, "price_currency": "CNY"}, "result"),
        ({"price_currency": "CNY", "price_min": 300_001}, "opportunity"),
        ({"discipline": "E"}, "result"),
        ({"mode": "sale"}, "product"),
        ({"price_mode": "on_request"}, "product"),
        ({"deadline_from": "2099-12-31", "deadline_to": "2099-12-31"}, "opportunity"),
    ],
)
async def test_each_filter_narrows_to_the_listing_that_has_it(market, listed, parameters, kind):
    found = await search(market, **parameters)
    assert [hit["id"] for hit in found["hits"]] == [listed[kind]["id"]]


async def test_several_values_of_one_filter_are_alternatives_and_several_filters_all_hold(market, listed):
    assert (await search(market, kind="result,product"))["total"] == 2
    assert (await search(market, kind=["result", "product"]))["total"] == 2
    assert (await search(market, kind="product", ipc="H01M"))["total"] == 0


async def test_region_filters_by_its_beginning(market, listed):
    assert (await search(market, region="11"))["total"] == 3
    assert (await search(market, region="31"))["total"] == 0


async def test_highlights_are_spans_that_add_up_to_the_text_and_mark_the_words(market, listed):
    hit = (await search(market, q="electrolyte"))["hits"][0]
    spans = hit["highlights"]["title"]["en"]
    assert "".join(span["text"] for span in spans) == "Solid electrolyte for lithium batteries"
    assert [span["text"] for span in spans if span["marked"]] == ["electrolyte"]


async def test_pages_follow_each_other_without_gap_or_repeat(market, listed):
    seen, cursor = [], None
    for _ in range(3):
        page = await search(market, limit=1, sort="newest", **({"cursor": cursor} if cursor else {}))
        seen += [hit["id"] for hit in page["hits"]]
        cursor = page["next_cursor"]
    assert sorted(seen) == sorted(listing["id"] for listing in listed.values())
    assert cursor is None


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({"facets": "colour"}, "facets"),
        ({"trl_min": 12}, "trl_min"),
        ({"limit": 101}, "limit"),
        ({"cursor": "zz"}, "cursor"),
        ({"q": "x" * 513}, "q"),
        ({"published_from": "yesterday"}, "published_from"),
        ({"sort": "cheapest"}, "sort"),
        ({"price_currency": "cny"}, "price_currency"),
        ({"price_currency": "CNY,EUR", "price_max": 1}, "price_currency"),
        ({"kind": "результат"}, "kind"),
    ],
)
async def test_a_bad_parameter_is_named(market, listed, parameters, pointer):
    response = await market.client.get("/api/v1/search", params=parameters)
    assert response.status_code == 422, response.text
    assert pointer in response.json()["errors"][0]["pointer"]


@pytest.mark.parametrize(
    "words", ["a AND (b", '"', "*", "title:(x OR y)", "😀", "' OR 1=1 --", "\\", "-", "NOT"]
)
async def test_no_query_breaks_the_search(market, listed, words):
    assert (await search(market, q=words))["total"] >= 0


async def test_a_withdrawn_listing_is_gone_at_once_although_the_index_lags(market, step):
    officer, director = await market.university()
    listing = await market.listing(officer, director, title={"en": "Zirconium widget"})
    await step()
    assert (await search(market, q="zirconium"))["hits"]
    await officer.ok("POST", f"/listings/{listing['id']}/withdrawal", json={"reason": "sold elsewhere"})
    assert (await search(market, q="zirconium"))["hits"] == []
    await step()
    assert (await search(market, q="zirconium"))["total"] == 0


async def test_drafts_and_private_words_are_never_in_the_index(market, step, indexer):
    officer, director = await market.university()
    await market.listing(officer, director, status="approved", title={"en": "Unseen vermilion draft"})
    await step()
    assert (await search(market, q="vermilion"))["total"] == 0


async def test_a_renamed_organisation_is_found_by_its_new_name(market, step):
    officer, director = await market.university()
    listing = await market.listing(officer, director, title={"en": "Plain thing"})
    organisation = (await market.client.get(f"/api/v1/organisations/{officer.organisation_id}")).headers[
        "etag"
    ]
    response = await director.patch(
        f"/organisations/{officer.organisation_id}", {"name": {"en": "Quokka Institute"}}, organisation
    )
    assert response.status_code == 200, response.text
    await step()
    assert [hit["id"] for hit in (await search(market, q="quokka"))["hits"]] == [listing["id"]]


async def test_suggestions_come_from_published_listings(market, listed):
    response = await market.client.get("/api/v1/search/suggestions", params={"q": "solid"})
    assert any("solid" in found["text"].lower() for found in response.json())


async def test_facet_values_begin_with_what_was_typed(market, listed):
    response = await market.client.get("/api/v1/search/facets/ipc", params={"prefix": "H01"})
    assert response.json()["H01M"] >= 1
    assert (await market.client.get("/api/v1/search/facets/nothing")).status_code == 422


async def test_similar_listings_share_words_and_leave_out_the_listing_itself(market, listed, step):
    officer, director = await market.university()
    other = await market.listing(officer, director, title={"en": "Solid electrolyte membrane"})
    await step()
    found = (await market.client.get(f"/api/v1/listings/{other['id']}/similar")).json()
    assert listed["result"]["id"] in {hit["id"] for hit in found}
    assert other["id"] not in {hit["id"] for hit in found}


async def test_the_status_of_a_listing_tells_its_freshness_and_its_owners_clock(market, listed):
    status = (await market.client.get(f"/api/v1/listings/{listed['result']['id']}/status")).json()
    assert status["status"] == "published"
    assert status["days_since_confirmed"] == 0
    assert status["median_response_days"] is None


async def test_index_and_database_are_compared_row_by_row_and_mended(market, listed, step, indexer):
    await step()
    assert (await compare(market.database, indexer)).whole
    spoiled = listed["product"]["id"]
    await indexer.wait(await indexer.apply([], [spoiled]), 10)
    report = await mend(market.database, indexer)
    assert [str(i) for i in report.missing] == [spoiled]
    await step()
    assert (await compare(market.database, indexer)).whole


async def test_a_rebuild_leaves_the_search_answering_and_ends_equal_to_the_database(market, listed, indexer):
    done = await rebuild(market.database, indexer)
    assert done >= 3
    assert (await compare(market.database, indexer)).whole
    assert (await search(market, q="electrolyte"))["hits"]
