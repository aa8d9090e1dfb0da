"""What every engine promises of filters and facets."""

import pytest

from search.filters import check_filter, satisfies
from search.port import (
    And,
    Eq,
    FacetCount,
    Has,
    In,
    Not,
    Or,
    Range,
    Viewer,
)
from search.schema import engine_document
from tests.search.conftest import Hall
from tests.search.makers import (
    DELFT_LAB,
    DEMAND,
    GRIPPER,
    HYDROGEN,
    MONTH,
    PUBLIC,
    RICE,
    ROBOT,
    SOLID_EN,
    SOLID_ZH,
    STALE,
    START,
    an_id,
    the_stock,
)

# Filters


@pytest.mark.parametrize(
    ("given", "numbers"),
    [
        (Eq("kind", "product"), {HYDROGEN, ROBOT}),
        (Eq("status", "stale"), {STALE}),
        (Eq("organisation_id", DELFT_LAB), {SOLID_EN, ROBOT}),
        (Eq("modes", "licence"), {SOLID_ZH, SOLID_EN, ROBOT, GRIPPER}),
        (Eq("editions", "2026-spring"), {SOLID_ZH}),
        (Eq("currency", "eur"), {ROBOT, GRIPPER}),
        (Eq("trl", 5), {GRIPPER, STALE}),
        (Eq("price", 80000), {ROBOT, GRIPPER}),
        (Eq("id", an_id(RICE)), {RICE}),
        (In("kind", ("product", "opportunity")), {HYDROGEN, ROBOT, DEMAND}),
        (In("trl", (4, 6)), {SOLID_ZH, SOLID_EN}),
        (In("kind", ()), set()),
        (Range("trl", gte=6), {SOLID_EN, HYDROGEN, ROBOT}),
        (Range("trl", gte=4.5, lte=5.5), {GRIPPER, STALE}),
        (Range("price", lte=80000.0), {ROBOT, GRIPPER}),
        (Range("price", gte=80000.01), {SOLID_ZH, HYDROGEN}),
        (Range("published_at", lte=START + 2 * MONTH), {SOLID_ZH, SOLID_EN}),
        (Range("deadline_at"), {DEMAND}),
        (Has("price"), {SOLID_ZH, HYDROGEN, ROBOT, GRIPPER}),
        (Has("editions"), {SOLID_ZH}),
        (Has("ipc"), {SOLID_ZH, SOLID_EN, HYDROGEN, ROBOT, GRIPPER, RICE}),
        (Not(Has("trl")), {RICE, DEMAND}),
        (Not(Eq("trl", 5)), PUBLIC - {GRIPPER, STALE}),
        (Not(Eq("kind", "result")), {HYDROGEN, ROBOT, DEMAND}),
        (And((Eq("kind", "product"), Eq("modes", "licence"))), {ROBOT}),
        (And(()), PUBLIC),
        (Or((Eq("trl", 8), Eq("kind", "opportunity"))), {HYDROGEN, DEMAND}),
        (Or(()), set()),
        (And((Or((Eq("trl", 4), Eq("trl", 5))), Not(Eq("status", "stale")))), {SOLID_ZH, GRIPPER}),
        (Not(Or((Eq("kind", "result"), Eq("kind", "product")))), {DEMAND}),
    ],
)
async def test_every_kind_of_filter_keeps_what_it_names(stocked: Hall, given: Eq, numbers: set[int]) -> None:
    page = await stocked.search(filter=given)
    assert {hit.id for hit in page.hits} == {an_id(number) for number in numbers}
    assert page.total == len(numbers)
    kept = [
        doc.id
        for doc in the_stock()
        if "public" in doc.acl and satisfies(engine_document(doc), check_filter(given))
    ]
    assert sorted(kept) == sorted(map(an_id, numbers)), "without an engine"


@pytest.mark.parametrize(
    ("field", "value", "numbers"),
    [
        ("ipc", "H", {SOLID_ZH, SOLID_EN, HYDROGEN}),
        ("ipc", "H01M", {SOLID_ZH, SOLID_EN, HYDROGEN}),
        ("ipc", "h01m 10", {SOLID_ZH, SOLID_EN}),
        ("ipc", "H01M10/0562", {SOLID_ZH}),
        ("ipc", "H01M1", set()),
        ("ipc", "A", {GRIPPER, RICE}),
        ("industry", "C", {SOLID_ZH, SOLID_EN, HYDROGEN, ROBOT, GRIPPER, STALE}),
        ("industry", "38", {SOLID_ZH, SOLID_EN, HYDROGEN}),
        ("industry", "C384", {SOLID_ZH, SOLID_EN}),
        ("industry", "A", {RICE}),
        ("discipline", "E", {SOLID_ZH}),
        ("discipline", "F03", {ROBOT}),
        ("region", "32", {SOLID_ZH}),
        ("region", "320100", {SOLID_ZH}),
        ("region", "NL", {SOLID_EN, ROBOT}),
        ("region", "NL-ZH", {ROBOT}),
        ("region", "33", {DEMAND}),
    ],
)
async def test_a_code_matches_everything_below_it(
    stocked: Hall, field: str, value: str, numbers: set[int]
) -> None:
    assert set(await stocked.found(filter=Eq(field, value))) == numbers


@pytest.mark.parametrize(
    "value", ["it's", "a\\' OR kind = 'result", "x' OR acl EXISTS OR kind = 'x", '"', "a\nb", "["]
)
async def test_no_value_ends_its_own_quotes(stocked: Hall, value: str) -> None:
    assert await stocked.found(filter=Eq("status", value)) == []
    assert await stocked.found(filter=In("status", (value, "stale"))) == [STALE]


async def test_a_filter_of_many_values_and_levels_is_answered(stocked: Hall) -> None:
    nested: Eq | Not = Eq("kind", "product")
    for _ in range(6):
        nested = Not(And((Or((nested,)),)))
    assert set(await stocked.found(filter=nested)) == {HYDROGEN, ROBOT}
    many = In("organisation_id", (*(f"org-{n}" for n in range(1500)), DELFT_LAB))
    assert set(await stocked.found(filter=many)) == {SOLID_EN, ROBOT}


async def test_words_and_filters_hold_together(stocked: Hall) -> None:
    assert await stocked.found("robots", filter=Eq("kind", "result")) == []
    assert await stocked.found("robots", filter=Eq("kind", "product")) == [ROBOT]


# Facets


async def test_facets_count_visible_listings_at_every_level_of_a_code(stocked: Hall) -> None:
    facets = (await stocked.search(facets=("kind", "ipc", "trl", "currency"), limit=0)).facets
    assert facets["kind"] == (FacetCount("result", 5), FacetCount("product", 2), FacetCount("opportunity", 1))
    assert {FacetCount("H", 3), FacetCount("H01M", 3), FacetCount("H01M10", 2)} <= set(facets["ipc"])
    assert not any(str(found.value).startswith("C12") for found in facets["ipc"])
    assert facets["trl"][0] == FacetCount(5, 2)
    assert facets["currency"] == (FacetCount("CNY", 2), FacetCount("EUR", 2))


async def test_a_facet_ignores_its_own_filter_and_obeys_all_others(stocked: Hall) -> None:
    given = And((Eq("kind", "product"), Eq("modes", "licence")))
    page = await stocked.search(filter=given, facets=("kind", "modes", "trl"))
    assert page.total == 1
    assert {found.value: found.count for found in page.facets["kind"]} == {"result": 3, "product": 1}
    assert {found.value: found.count for found in page.facets["modes"]} == {"sale": 2, "licence": 1}
    assert page.facets["trl"] == (FacetCount(7, 1),)


async def test_a_filter_over_two_fields_is_no_facets_own(stocked: Hall) -> None:
    given = Or((Eq("kind", "opportunity"), Eq("trl", 8)))
    page = await stocked.search(filter=given, facets=("kind",))
    assert page.facets["kind"] == (FacetCount("opportunity", 1), FacetCount("product", 1))


async def test_facets_follow_the_words(stocked: Hall) -> None:
    page = await stocked.search("gripper ", facets=("industry",), match="all")
    assert set(page.facets["industry"]) == {FacetCount(code, 1) for code in ("C", "34", "349", "3491")}


async def test_facet_values_are_completed_from_visible_listings(stocked: Hall) -> None:
    found = await stocked.engine.facet_values("ipc", "h01m1", Viewer.anonymous())
    assert found[0] == FacetCount("H01M10", 2)
    assert {count.value for count in found} == {"H01M10", "H01M10/0525", "H01M10/0562", "H01M10/0565"}
    assert len(await stocked.engine.facet_values("ipc", "", Viewer.anonymous(), limit=3)) == 3
    with pytest.raises(ValueError, match="price"):
        await stocked.engine.facet_values("price", "1", Viewer.anonymous())
