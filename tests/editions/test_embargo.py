"""Before its release nothing of an edition's items is public; at that very time it is, whoever asks first."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy.exc import IntegrityError

from market.editions.service import release_due
from tests.editions.hall import SECRET, Hall, later
from tests.makers import Market


@pytest_asyncio.fixture(scope="module")
async def hall(market: Market) -> Hall:
    return await Hall.of(market)


def public_paths(edition: dict[str, Any], listing: str) -> list[str]:
    one = f"/editions/{edition['id']}"
    return [
        "/editions?limit=100",
        "/editions?status=scheduled&kind=opportunity_list",
        one,
        f"{one}/draft",
        f"{one}/events",
        f"{one}/outcomes",
        f"{one}/items.csv",
        f"{one}/items/{listing}/outcome",
        "/releases",
        "/releases.atom",
        "/releases.ics",
    ]


async def test_no_byte_of_an_item_is_public_before_the_release(hall: Hall, market: Market) -> None:
    listing = await hall.opportunity(SECRET)
    digest = (await hall.public(f"/listings/{listing}")).headers["etag"].strip('"')
    edition = await hall.scheduled(listing, applications_until=later(days=40))
    stranger = await market.company()
    for path in public_paths(edition, listing):
        answers = [await hall.public(path), await stranger.get(path), await hall.company.get(path)]
        for answer in answers:
            told = f"{answer.text} {answer.headers}"
            for hidden in (SECRET, digest, edition["applications_until"][:19]):
                assert hidden not in told, path
            assert listing not in answer.text or listing in path, path
    shown = (await hall.public("/editions?status=scheduled")).json()["items"][0]
    told = {name for name, value in shown.items() if value is not None}
    assert told == {"id", "code", "kind", "number", "title", "status", "release_at"}
    upcoming = (await hall.public("/releases")).json()["upcoming"][0]
    assert set(upcoming) == {"id", "code", "kind", "number", "title", "release_at"}


async def test_an_owner_cannot_learn_by_asking_what_is_in_a_scheduled_edition(hall: Hall) -> None:
    inside, outside = await hall.opportunity(), await hall.opportunity()
    edition = await hall.scheduled(inside)
    answers = [
        await hall.company.post(
            f"/editions/{edition['id']}/items/{listing}/outcome", json={"outcome": "matched"}
        )
        for listing in (inside, outside)
    ]
    first, second = [(a.status_code, a.json()["detail"]) for a in answers]
    assert first == second
    assert first[0] == 409


@pytest.mark.parametrize(
    "path", ["", "/items.csv", "/draft", "list", "releases", "releases.atom", "releases.ics"]
)
async def test_the_first_reader_after_the_time_finds_it_released(hall: Hall, path: str) -> None:
    edition = await hall.scheduled(await hall.opportunity("曙光"))
    await hall.let_release_time_come(edition)
    if path == "/draft":
        answer = await hall.operator.get(f"/editions/{edition['id']}/draft")
    elif path in ("", "/items.csv"):
        answer = await hall.public(f"/editions/{edition['id']}{path}")
    else:
        answer = await hall.public("/editions?limit=100" if path == "list" else f"/{path}")
    assert answer.status_code == 200
    assert await hall.sql("SELECT status FROM edition WHERE id = :id", id=edition["id"]) == [("published",)]
    assert "曙光" in (await hall.public(f"/editions/{edition['id']}")).text


async def test_a_write_after_the_time_finds_it_released(hall: Hall) -> None:
    edition = await hall.scheduled(await hall.opportunity())
    await hall.let_release_time_come(edition)
    assert (await hall.operator("DELETE", f"/editions/{edition['id']}/schedule")).status_code == 409
    assert (await hall.operator.post(f"/editions/{edition['id']}/closure")).json()["status"] == "closed"


async def test_the_clock_is_the_databases_and_a_second_before_is_too_early(hall: Hall) -> None:
    edition = await hall.scheduled(await hall.opportunity())
    async with hall.market.database.sessions() as session:
        assert await release_due(session) == 0
        await session.commit()
    assert (await hall.public(f"/editions/{edition['id']}")).status_code == 404
    await hall.sql("UPDATE edition SET release_at = now() + interval '10 s' WHERE id = :id", id=edition["id"])
    assert (await hall.public(f"/editions/{edition['id']}")).status_code == 404


async def test_the_worker_releases_what_is_due_once_however_many_ask(hall: Hall) -> None:
    editions = [await hall.scheduled(await hall.opportunity()) for _ in range(3)]
    for edition in editions:
        await hall.let_release_time_come(edition)

    async def work() -> int:
        async with hall.market.database.sessions() as session, session.begin():
            return await release_due(session)

    counts = await asyncio.gather(*(work() for _ in range(4)))
    assert sum(counts) == 3
    for edition in editions:
        events = await hall.operator.ok("GET", f"/editions/{edition['id']}/events")
        published = [event for event in events if event["kind"] == "published"]
        assert len(published) == 1
        assert published[0]["actor_id"] is None


async def test_a_window_that_has_passed_closes_the_edition(hall: Hall) -> None:
    edition = await hall.scheduled(await hall.opportunity(), applications_until=later(days=1))
    await hall.sql(
        "UPDATE edition SET release_at = now() - interval '2 s', applications_until = now() - interval '1 s' "
        "WHERE id = :id",
        id=edition["id"],
    )
    assert (await hall.public(f"/editions/{edition['id']}")).status_code == 200
    draft = await hall.draft(edition)
    assert draft["status"] == "closed"
    assert draft["closed_at"] == draft["published_at"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE edition SET snapshot = snapshot || '\\x20'::bytea WHERE id = :id",
        'UPDATE edition SET title = \'{"en": "other"}\' WHERE id = :id',
        "UPDATE edition SET number = 900 WHERE id = :id",
        "UPDATE edition SET kind = 'product_catalogue' WHERE id = :id",
        "UPDATE edition SET status = 'compiling' WHERE id = :id",
        "DELETE FROM edition_item WHERE edition_id = :id",
        "UPDATE edition_item SET version = NULL WHERE edition_id = :id",
        "UPDATE edition_item SET position = 7 WHERE edition_id = :id",
        "INSERT INTO edition_item (edition_id, listing_id, position)"
        " SELECT :id, id, 9 FROM listing WHERE id NOT IN (SELECT listing_id FROM edition_item) LIMIT 1",
    ],
)
async def test_the_database_refuses_to_change_a_published_edition(hall: Hall, statement: str) -> None:
    await hall.opportunity()
    edition = await hall.published(await hall.opportunity())
    with pytest.raises(IntegrityError):
        await hall.sql(statement, id=edition["id"])


async def test_the_database_refuses_to_delete_a_numbered_edition_or_change_a_reported_outcome(
    hall: Hall,
) -> None:
    listing = await hall.opportunity()
    scheduled = await hall.scheduled(listing)
    await hall.sql("DELETE FROM edition_item WHERE edition_id = :id", id=scheduled["id"])
    with pytest.raises(IntegrityError):
        await hall.sql("DELETE FROM edition WHERE id = :id", id=scheduled["id"])
    edition = await hall.published(listing)
    await hall.verb(edition, "closure")
    path = f"/editions/{edition['id']}/items/{listing}/outcome"
    await hall.operator.ok("POST", path, json={"outcome": "matched"})
    await hall.verb(edition, "outcomes")
    with pytest.raises(IntegrityError):
        await hall.sql("UPDATE edition_item SET outcome = 'ongoing' WHERE edition_id = :id", id=edition["id"])
