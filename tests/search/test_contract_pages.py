"""What every engine promises of order, pages, hits, suggestions and likeness, and of who may see what."""

import pytest

from search.port import (
    Eq,
    FacetCount,
    Has,
    Not,
    Or,
    SearchRequest,
    Sort,
    Viewer,
)
from tests.search.conftest import Hall
from tests.search.makers import (
    DELFT_LAB,
    DEMAND,
    GRIPPER,
    HYDROGEN,
    PUBLIC,
    RICE,
    ROBOT,
    SECRET,
    SECRETIVE_FIRM,
    SHARED,
    SOLID_EN,
    SOLID_ZH,
    STALE,
    START,
    a_listing,
    an_id,
    the_stock,
)

# Order and pages


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        (Sort.NEWEST, [DEMAND, STALE, RICE, GRIPPER, ROBOT, HYDROGEN, SOLID_EN, SOLID_ZH]),
        (Sort.CONFIRMED, [SOLID_EN, SOLID_ZH]),
        (Sort.PRICE_DESC, [HYDROGEN, SOLID_ZH]),
    ],
)
async def test_each_sort_puts_listings_without_the_value_last(
    stocked: Hall, sort: Sort, first: list[int]
) -> None:
    found = await stocked.found(sort=sort)
    assert found[: len(first)] == first
    assert set(found) == PUBLIC


async def test_prices_are_compared_within_one_currency_and_those_of_another_follow(stocked: Hall) -> None:
    """80,000 EUR is not less than 500,000 CNY: the currency of the hall comes first, in either direction."""
    ascending = await stocked.found(sort=Sort.PRICE_ASC)
    assert ascending[:2] == [SOLID_ZH, HYDROGEN]
    assert set(ascending[2:4]) == {ROBOT, GRIPPER}
    descending = await stocked.found(sort=Sort.PRICE_DESC)
    assert descending[:2] == [HYDROGEN, SOLID_ZH]
    assert descending[2:4] == ascending[2:4]  # equal ones the same way


async def test_every_currency_is_a_group_of_its_own_whatever_the_amounts(hall: Hall) -> None:
    priced = [
        (1, 900.0, "USD"), (2, 5.0, None), (3, 9_999_999_999_999.99, "JPY"), (4, 0.0, "CNY"), (5, 0.01, "USD"),
        (6, 7.5, "XTS"), (7, 300_000.0, "JPY"), (8, 1_000_000.0, "CNY"), (9, None, "CNY"), (10, 80_000.0, "EUR"),
    ]  # fmt: skip
    await hall.publish([a_listing(n, price=price, currency=currency) for n, price, currency in priced])
    ascending = await hall.found(sort=Sort.PRICE_ASC)
    assert ascending == [
        4,
        8,
        10,
        7,
        3,
        5,
        1,
        2,
        6,
        9,
    ]  # what has no currency of the hall, and then no price, is last
    descending = await hall.found(sort=Sort.PRICE_DESC)
    assert descending == [8, 4, 10, 3, 7, 1, 5, 6, 2, 9]


async def test_sorting_beats_relevance_and_keeps_the_words(stocked: Hall) -> None:
    found = await stocked.found("controller", sort=Sort.NEWEST)
    assert found == [GRIPPER, ROBOT]


@pytest.mark.parametrize("sort", list(Sort))
async def test_pages_of_equal_listings_neither_repeat_nor_skip(hall: Hall, sort: Sort) -> None:
    docs = [
        a_listing(
            n,
            title_en="Equal",
            published_at=START,
            price=5.0 if n % 2 else None,
            currency="EUR" if n % 3 else "CNY",
        )
        for n in range(1, 41)
    ]
    await hall.publish(docs[:20])
    await hall.apply(docs[20:])
    whole = await hall.found("equal", sort=sort, limit=40)
    paged = [
        n for offset in range(0, 40, 7) for n in await hall.found("equal", sort=sort, offset=offset, limit=7)
    ]
    assert paged == whole
    assert sorted(whole) == list(range(1, 41))


async def test_browsing_shows_the_newest_first_and_counts_all(stocked: Hall) -> None:
    page = await stocked.search(limit=3)
    assert [hit.id for hit in page.hits] == [an_id(DEMAND), an_id(STALE), an_id(RICE)]
    assert page.total == len(PUBLIC)
    assert all(hit.score is None for hit in page.hits)


async def test_no_hits_are_asked_for_counts_alone(stocked: Hall) -> None:
    page = await stocked.search(limit=0, facets=("kind",))
    assert page.hits == ()
    assert page.total == len(PUBLIC)


async def test_several_searches_are_answered_in_their_order(stocked: Hall) -> None:
    texts = ["gripper", "水稻", "", "nothing-like-this "]
    requests = [
        SearchRequest(viewer=Viewer.anonymous(), text=text, facets=("kind",), filter=Not(Eq("kind", "x")))
        for text in texts
    ]
    pages = await stocked.engine.multi_search(requests)
    assert [page.hits[0].id if page.hits else None for page in pages] == [
        an_id(GRIPPER), an_id(RICE), an_id(DEMAND), None,
    ]  # fmt: skip
    assert await stocked.engine.multi_search([]) == []


# Hits


async def test_a_hit_shows_the_listing_as_it_was_given_without_its_acl(stocked: Hall) -> None:
    hit = (await stocked.search("ZL201710123456.7")).hits[0]
    given = the_stock()[0].model_dump(exclude_none=True, exclude={"acl"})
    assert hit.fields == {name: value for name, value in given.items() if value != []}
    assert hit.rev == 1


async def test_spans_join_to_a_window_of_the_value_and_mark_what_matched(stocked: Hall) -> None:
    hit = (await stocked.search("离子电导率", crop=40)).hits[0]
    spans = hit.highlights["abstract_zh"]
    value = hit.fields["abstract_zh"]
    assert len("".join(span.text for span in spans)) == 40
    assert all(value[span.start : span.start + len(span.text)] == span.text for span in spans)
    assert "离子电导率" in "".join(span.text for span in spans if span.marked)


async def test_marks_sit_on_the_original_spelling(hall: Hall) -> None:
    await hall.publish([a_listing(1, title_zh="𠀀 ＡＢＣ鋰離子電池　Ｇｒìpper材料", title_en="🙂 Gripper")])
    hit = (await hall.search("锂离子电池 gripper ", highlight=("title_zh", "title_en"))).hits[0]
    assert [span.text for span in hit.highlights["title_zh"] if span.marked] == ["鋰離子電池", "Ｇｒìpper"]
    assert [(span.text, span.start) for span in hit.highlights["title_en"] if span.marked] == [("Gripper", 2)]


async def test_markup_in_a_listing_stays_text(hall: Hall) -> None:
    title = "<script>alert(1)</script> \ue000gripper\ue001 & <em>co</em>"
    await hall.publish([a_listing(1, title_en=title)])
    hit = (await hall.search("gripper ")).hits[0]
    assert "".join(span.text for span in hit.highlights["title_en"]) == title
    assert [span.text for span in hit.highlights["title_en"] if span.marked] == ["gripper"]


async def test_a_field_that_did_not_match_shows_its_beginning_unmarked(stocked: Hall) -> None:
    hit = (await stocked.search("欧阳晓明", crop=20)).hits[0]
    (span,) = hit.highlights["abstract_zh"]
    assert (span.start, span.marked, len(span.text)) == (0, False, 20)
    assert "title_en" not in hit.highlights


async def test_synonyms_and_misspelled_words_are_marked_where_they_matched(stocked: Hall) -> None:
    page = await stocked.search("固态电解质")
    english = next(hit for hit in page.hits if hit.id == an_id(SOLID_EN))
    assert "Solid electrolyte" in "".join(
        span.text for span in english.highlights["title_en"] if span.marked
    ) or {
        "Solid",
        "electrolyte",
    } <= {span.text for span in english.highlights["title_en"] if span.marked}
    page = await stocked.search("griper")
    assert any(span.marked and span.text.startswith("gripp") for span in page.hits[0].highlights["title_en"])


# Suggestions and likeness


async def test_suggestions_complete_keywords_and_titles(stocked: Hall) -> None:
    anyone = Viewer.anonymous()
    assert [found.text for found in await stocked.engine.suggest("dend", anyone)] == ["dendrite suppression"]
    assert (await stocked.engine.suggest("固态", anyone))[0].text == "固态电解质"
    assert (await stocked.engine.suggest("Adapt", anyone))[0].text.startswith("Adaptive gripper")
    assert await stocked.engine.suggest("", anyone) == []
    assert await stocked.engine.suggest("(*", anyone) == []


async def test_similar_listings_share_words_and_leave_out_the_listing_itself(stocked: Hall) -> None:
    found = [hit.id for hit in await stocked.engine.similar(an_id(SOLID_EN), Viewer.anonymous())]
    assert an_id(SOLID_ZH) in found
    assert an_id(SOLID_EN) not in found
    assert await stocked.engine.similar(an_id(199), Viewer.anonymous()) == []
    assert len(await stocked.engine.similar(an_id(ROBOT), Viewer.anonymous(), limit=1)) <= 1


# Who may see what


async def test_a_private_listing_never_shows_to_others(stocked: Hall) -> None:
    for viewer in (Viewer.anonymous(), Viewer.member("org-other"), Viewer(())):
        for text in ("quokkabox", "zymurgic", "confidential brewing", "机密酿造装置", "quokkabx"):
            assert not {SECRET, SHARED} & set(await stocked.found(text, viewer=viewer))
        page = await stocked.search(viewer=viewer, facets=("organisation_id", "ipc"), filter=Has("industry"))
        assert not any(str(found.value).startswith("C12") for found in page.facets["ipc"])
        assert SECRETIVE_FIRM not in {found.value for found in page.facets["organisation_id"]}
        assert await stocked.engine.suggest("quokka", viewer) == []
        assert await stocked.engine.suggest("zymurgic", viewer) == []
        assert await stocked.engine.facet_values("ipc", "C12", viewer) == []
        assert await stocked.engine.similar(an_id(SECRET), viewer) == []
        assert an_id(SHARED) not in {hit.id for hit in await stocked.engine.similar(an_id(GRIPPER), viewer)}


async def test_no_filter_of_a_caller_opens_a_private_listing(stocked: Hall) -> None:
    for given in (Or((Eq("industry", "1513"), Has("kind"))), Not(Eq("kind", "x")), Eq("id", an_id(SECRET))):
        assert not {SECRET, SHARED} & set(await stocked.found(filter=given))


async def test_the_owner_sees_its_own_and_a_partner_what_was_shared(stocked: Hall) -> None:
    owner, partner = Viewer.member(SECRETIVE_FIRM), Viewer.member(DELFT_LAB)
    assert set(await stocked.found("zymurgic", viewer=owner)) == {SECRET, SHARED}
    assert await stocked.found("zymurgic", viewer=partner) == [SHARED]
    assert [found.text for found in await stocked.engine.suggest("quokka", owner)] == [
        "quokkabox",
        "quokkafilter",
    ]
    assert [found.text for found in await stocked.engine.suggest("quokka", partner)] == ["quokkafilter"]
    assert await stocked.engine.facet_values("ipc", "C12C11/", partner) == [FacetCount("C12C11/00", 1)]
    assert an_id(SHARED) in {hit.id for hit in await stocked.engine.similar(an_id(SECRET), owner)}
