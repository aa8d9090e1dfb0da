"""Requests, filters and documents refuse what no engine could answer alike, and say which field it was."""

from typing import Any

import pytest
from pydantic import ValidationError

from search import codes
from search.facets import own_facets
from search.filters import And, Eq, Filter, Has, In, Not, Or, Range, without
from search.port import Capability, SearchRequest, Sort, Viewer
from search.schema import FIELDS, engine_document, listing_schema
from tests.search.makers import a_listing


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"text": "x" * 513}, "text"),
        ({"limit": 101}, "limit"),
        ({"limit": -1}, "limit"),
        ({"offset": -1}, "offset"),
        ({"offset": 981, "limit": 20}, "offset"),
        ({"crop": 5}, "crop"),
        ({"facets": ("price",)}, "facets"),
        ({"facets": ("acl",)}, "facets"),
        ({"highlight": ("people",)}, "highlight"),
        ({"filter": Eq("acl", "org:x")}, "filter"),
        ({"filter": Has("nothing")}, "filter"),
        ({"filter": Eq("trl", "4")}, "filter"),
        ({"filter": Eq("kind", 4)}, "filter"),
        ({"filter": Eq("kind", True)}, "filter"),
        ({"filter": Eq("trl", float("nan"))}, "filter"),
        ({"filter": Eq("status", "已发布")}, "filter"),
        ({"filter": Eq("status", "x" * 201)}, "filter"),
        ({"filter": In("kind", tuple("abc") * 1000)}, "filter"),
        ({"filter": Range("kind", gte=1)}, "filter"),
        ({"filter": Range("trl", gte=float("inf"))}, "filter"),
        ({"filter": Not(And((Or((Eq("nope", "x"),)),)))}, "filter"),
    ],
)
def test_a_request_out_of_bounds_names_the_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}:"):
        SearchRequest(viewer=Viewer.anonymous(), **given)


def test_the_bounds_themselves_are_allowed() -> None:
    request = SearchRequest(
        viewer=Viewer.anonymous(), text="x" * 512, limit=100, offset=900, sort=Sort.NEWEST
    )
    assert request.limit == 100


def test_a_filter_nested_too_deep_is_refused_before_any_engine_sees_it() -> None:
    nested: Filter = Eq("kind", "product")
    for _ in range(30):
        nested = Not(nested)
    with pytest.raises(ValueError, match="nested"):
        SearchRequest(viewer=Viewer.anonymous(), filter=nested)


def test_nobody_searches_without_saying_for_whom() -> None:
    with pytest.raises(TypeError, match="viewer"):
        SearchRequest(text="pump")  # type: ignore[call-arg]


def test_codes_in_filters_get_their_one_spelling() -> None:
    given = And(
        (
            Eq("ipc", "h01m 10/0525"),
            In("region", ("32", "nl-zh")),
            Eq("industry", "C3841"),
            Eq("kind", "Product"),
        )
    )
    request = SearchRequest(viewer=Viewer.anonymous(), filter=given)
    assert request.filter == And(
        (
            Eq("ipc", "H01M10/0525"),
            In("region", ("320000", "NL-ZH")),
            Eq("industry", "3841"),
            Eq("kind", "product"),
        )
    )


def test_only_conjuncts_of_its_own_are_left_out_for_a_facet() -> None:
    own, either, other = Eq("kind", "result"), Or((Eq("kind", "product"), Eq("trl", 3))), Not(Eq("trl", 1))
    given = And((own, And((either, other))))
    assert own_facets(("kind", "trl", "ipc"), given) == ("kind", "trl")
    assert without(given, "kind") == And((either, other))
    assert without(Eq("kind", "result"), "kind") is None


def test_a_member_sees_public_own_and_granted() -> None:
    assert Viewer.member("a", "b").acl == ("public", "org:a", "grant:a", "org:b", "grant:b")
    assert Capability.SEMANTIC == "semantic"


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "not-a-uuid"},
        {"kind": "gadget"},
        {"status": "Published"},
        {"ipc": ["h01m"]},
        {"ipc": ["H01M 10/0525"]},
        {"industry": ["C3841"]},
        {"discipline": ["E1"]},
        {"region": "江苏"},
        {"trl": 10},
        {"price": -1.0},
        {"price": float("inf")},
        {"acl": ["Everyone"]},
        {"title_en": ""},
        {"secret": "x"},
    ],
)
def test_a_document_with_a_code_of_another_spelling_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        a_listing(1, **fields)


@pytest.mark.parametrize(
    ("levels", "code", "expected"),
    [
        (codes.ipc_levels, "H01M10/0525", ["H", "H01", "H01M", "H01M10", "H01M10/0525"]),
        (codes.ipc_levels, "H", ["H"]),
        (codes.industry_levels, "0111", ["A", "01", "011", "0111"]),
        (codes.industry_levels, "3841", ["C", "38", "384", "3841"]),
        (codes.industry_levels, "9710", ["T", "97", "971", "9710"]),
        (codes.industry_levels, "C", ["C"]),
        (codes.discipline_levels, "E020301", ["E", "E02", "E0203", "E020301"]),
        (codes.region_levels, "320106", ["320000", "320100", "320106"]),
        (codes.region_levels, "320000", ["320000"]),
        (codes.region_levels, "US-CA", ["US", "US-CA"]),
        (codes.region_levels, "NL", ["NL"]),
    ],
)
def test_a_code_is_indexed_at_every_level(levels: Any, code: str, expected: list[str]) -> None:
    assert levels(code) == expected


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("zl 2017 1 0123456.7", "zl2017101234567"),
        ("cn112345678a", "cn112345678a"),
        ("us 10,123,456 b2", "us10123456b2"),
        ("pct/cn2019/123456", "pctcn2019123456"),
        ("5g", None),
        ("2020", None),
        ("lifepo4", None),
        ("battery 2020123456", None),
        ("固态 2020123456", None),
    ],
)
def test_a_text_is_taken_for_a_number_only_if_it_is_one(text: str, number: str | None) -> None:
    assert codes.as_identifier(text) == number


def test_the_engines_document_has_an_attribute_for_every_filter_that_has_a_value() -> None:
    doc = a_listing(
        1, ipc=["H01M10/0525"], industry=["3841"], region="320106", trl=3, identifiers=["ZL201710123456.7"]
    )
    made = engine_document(doc)
    assert made["ipc_levels"][0] == "H"
    assert made["identifier_forms"] == ["zl2017101234567", "2017101234567"]
    assert made["stale"] == 0
    assert {FIELDS[name].attribute for name in ("ipc", "industry", "region", "trl")} <= made.keys()
    assert "discipline_levels" not in made


def test_the_fingerprint_is_the_same_in_every_process() -> None:
    assert listing_schema().fingerprint == listing_schema().fingerprint
    assert len(listing_schema().fingerprint) == 12
