"""What every engine promises of writing and rebuilding."""

import asyncio

import pytest

from schemas.search import ListingDoc
from search.port import (
    IndexUnusable,
    Viewer,
)
from tests.search.conftest import Hall
from tests.search.makers import (
    a_listing,
    an_id,
)

# Writing


async def test_an_upsert_replaces_the_whole_document(hall: Hall) -> None:
    await hall.publish([a_listing(1, title_en="Tidal turbine", abstract_en="Slow rotor.", trl=3)])
    await hall.apply([a_listing(1, rev=2, title_en="Wave buoy")])
    assert await hall.found("rotor turbine tidal ") == []
    page = await hall.search("buoy ")
    assert [(hit.id, hit.rev) for hit in page.hits] == [(an_id(1), 2)]
    assert not page.hits[0].fields.get("trl")
    assert (await hall.search()).total == 1


async def test_a_batch_may_be_applied_twice_and_its_last_version_wins(hall: Hall) -> None:
    await hall.publish([])
    batch = [a_listing(1, rev=1, title_en="First"), a_listing(2), a_listing(1, rev=2, title_en="Second")]
    await hall.apply(batch)
    await hall.apply(batch)
    assert (await hall.search()).total == 2
    assert [hit.rev for hit in (await hall.search("second ")).hits] == [2]
    assert await hall.found("first ") == []


async def test_a_deleted_listing_is_gone_from_hits_facets_and_suggestions(hall: Hall) -> None:
    await hall.publish([a_listing(1, title_en="Tidal turbine", trl=3), a_listing(2, title_en="Wave buoy")])
    await hall.apply([], [an_id(1), an_id(77)])
    page = await hall.search(facets=("trl",))
    assert [hit.id for hit in page.hits] == [an_id(2)]
    assert page.facets["trl"] == ()
    assert await hall.engine.suggest("tidal", Viewer.anonymous()) == []


async def test_one_batch_cannot_both_write_and_delete_a_listing(hall: Hall) -> None:
    await hall.publish([])
    with pytest.raises(ValueError, match="deletes"):
        await hall.indexer.apply([a_listing(1)], [an_id(1)])


async def test_an_empty_batch_is_fine(hall: Hall) -> None:
    await hall.publish([a_listing(1)])
    await hall.apply()
    assert (await hall.search()).total == 1


async def test_a_listing_withdrawn_from_the_public_vanishes_for_the_public_alone(hall: Hall) -> None:
    await hall.publish([a_listing(1, title_en="Tidal turbine")])
    await hall.apply([a_listing(1, rev=2, title_en="Tidal turbine", acl=["org:owner"])])
    assert await hall.found("tidal") == []
    assert await hall.found("tidal", viewer=Viewer.member("owner")) == [1]


async def test_every_revision_can_be_read_back_in_order_of_id(hall: Hall) -> None:
    await hall.publish([a_listing(n, rev=n) for n in range(30, 0, -1)])
    await hall.apply([a_listing(5, rev=50)], [an_id(7)])
    revs = [pair async for pair in hall.indexer.scan_revs()]
    expected = {an_id(n): n for n in range(1, 31) if n != 7} | {an_id(5): 50}
    assert revs == sorted(expected.items())


# Rebuilding


async def test_nothing_can_be_searched_or_written_before_the_first_publication(hall: Hall) -> None:
    assert await hall.indexer.current() is None
    with pytest.raises(IndexUnusable):
        await hall.search()
    with pytest.raises(IndexUnusable):
        await hall.indexer.apply([a_listing(1)], [])
    assert not (await hall.engine.health()).reachable


async def test_a_generation_being_built_is_invisible_until_published(hall: Hall) -> None:
    await hall.publish([a_listing(1)])
    building = await hall.indexer.begin_rebuild()
    await hall.indexer.wait(await hall.indexer.apply([a_listing(2)], [], generation=building), 60)
    assert await hall.found() == [1]
    await hall.apply([a_listing(3)])
    assert set(await hall.found()) == {1, 3}
    await hall.indexer.publish(building)
    assert await hall.found() == [2]
    await hall.apply([a_listing(4)])
    assert set(await hall.found()) == {2, 4}
    assert await hall.indexer.current() is not None


async def test_a_build_given_up_leaves_the_published_index_alone(hall: Hall) -> None:
    await hall.publish([a_listing(1)])
    building = await hall.indexer.begin_rebuild()
    await hall.indexer.drop(building)
    assert await hall.found() == [1]
    with pytest.raises(IndexUnusable):
        await hall.indexer.publish(building)


async def test_readers_search_on_while_generations_are_swapped(hall: Hall) -> None:
    def numbered(generation: int) -> list[ListingDoc]:
        return [a_listing(n, rev=generation, title_en="Tidal turbine") for n in range(1, 21)]

    await hall.publish(numbered(1))
    done = asyncio.Event()
    seen: list[set[int]] = []

    async def read() -> None:
        while not done.is_set():
            page = await hall.search("tidal", limit=50)
            assert len(page.hits) == 20
            seen.append({hit.rev for hit in page.hits})

    reader = asyncio.create_task(read())
    for generation in range(2, 6):
        await hall.publish(numbered(generation))
    done.set()
    await reader
    assert all(len(revs) == 1 for revs in seen), "a page mixed two generations"
    assert [hit.rev for hit in (await hall.search("tidal")).hits][:1] == [5]


async def test_health_counts_documents_of_the_published_index(hall: Hall) -> None:
    await hall.publish([a_listing(n) for n in range(1, 8)])
    health = await hall.engine.health()
    assert health.reachable
    assert health.documents == 7
    assert health.generation
