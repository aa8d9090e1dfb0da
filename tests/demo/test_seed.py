"""The demo market: a load that is cut off, two at once, and what stands there afterwards, also through the application."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from market.database import Database
from market.demo import ACCOUNTS, PASSWORD, seed
from market.ledger.queries import broken_chains
from schemas.vocabulary import DealStatus, EditionStatus, ListingStatus
from tests.makers import Market

pytestmark = pytest.mark.slow
ROLES = {
    "officer@university.example": "tto_officer",
    "director@university.example": "tto_director",
    "buyer@company.example": "buyer",
    "manager@agency.example": "manager",
    "operator@hall.example": "operator",
    "auditor@hall.example": "auditor",
}
TABLES = ("organisation", "person", "membership", "listing", "listing_version", "event", "edition", "deal")


class CutOff(Exception):
    """The load is stopped on the way."""


def _stop_on_the_way(done: int, of: int) -> None:
    if done > of / 5:
        raise CutOff


@pytest_asyncio.fixture(scope="module")
async def left(market: Market) -> dict[str, int]:
    """How many people and listings a load that was cut off has left."""
    with pytest.raises(CutOff):
        await seed(market.database, _stop_on_the_way)
    return {name: await _count(market.database, name) for name in ("person", "listing")}


@dataclass
class Loads:
    """Two loads at once: what each answered, and the progress of both."""

    answers: list[bool]
    progress: list[tuple[int, int]]


@pytest_asyncio.fixture(scope="module")
async def told(market: Market, left: dict[str, int]) -> Loads:
    """The loading that this module looks at, after one that was cut off."""
    heard: list[tuple[int, int]] = []
    both = (seed(market.database, lambda done, of: heard.append((done, of))) for _ in range(2))
    return Loads(await asyncio.gather(*both), heard)


@pytest.fixture(scope="module")
def loaded(market: Market, told: Loads) -> Market:
    return market


async def _count(database: Database, table: str) -> int:
    counted: int = await database.pool.fetchval(f"SELECT count(*) FROM {table}")
    return counted


async def _rows(database: Database, query: str) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await database.pool.fetch(query)
    return rows


async def _sign_in(market: Market, email: str) -> dict[str, Any]:
    response = await market.client.post("/api/v1/sessions", json={"email": email, "password": PASSWORD})
    market.client.cookies.clear()
    assert response.status_code == 201, response.text
    opened: dict[str, Any] = response.json()
    return opened


async def _get(market: Market, path: str, email: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {(await _sign_in(market, email))['token']}"} if email else {}
    response = await market.client.get(f"/api/v1{path}", headers=headers)
    assert response.is_success, response.text
    return response.json()


def test_a_load_that_is_cut_off_leaves_nothing(left: dict[str, int]) -> None:
    assert left == {"person": 0, "listing": 0}


async def test_two_at_once_load_once(told: Loads, market: Market) -> None:
    assert sorted(told.answers) == [False, True]
    query = "SELECT count(*) FROM person WHERE email = 'operator@hall.example'"
    assert await market.database.pool.fetchval(query) == 1


def test_progress_runs_from_nothing_to_all(told: Loads) -> None:
    progress = told.progress
    assert progress[0][0] == 0
    assert progress[-1][0] == progress[-1][1] > 1000
    assert [done for done, _ in progress] == sorted(done for done, _ in progress)


async def test_listings_stand_in_the_expected_states(loaded: Market) -> None:
    rows = await _rows(loaded.database, "SELECT kind, status, count(*) FROM listing GROUP BY 1, 2")
    assert {(row["kind"], row["status"]): row["count"] for row in rows} == {
        ("opportunity", "draft"): 2,
        ("opportunity", "expired"): 1,
        ("opportunity", "in_review"): 1,
        ("opportunity", "published"): 87,
        ("opportunity", "withdrawn"): 2,
        ("product", "draft"): 1,
        ("product", "in_review"): 1,
        ("product", "paused"): 1,
        ("product", "published"): 76,
        ("product", "stale"): 1,
        ("result", "approved"): 3,
        ("result", "archived"): 2,
        ("result", "closed"): 1,
        ("result", "draft"): 5,
        ("result", "in_review"): 3,
        ("result", "paused"): 3,
        ("result", "published"): 222,
        ("result", "stale"): 4,
        ("result", "under_deal"): 1,
        ("result", "withdrawn"): 2,
    }
    assert {row["status"] for row in rows} == set(ListingStatus) - {
        ListingStatus.IN_ROUND
    }  # no round is held yet


async def test_editions_interests_and_deals_stand_in_every_state_that_matters(loaded: Market) -> None:
    deals = await _rows(loaded.database, "SELECT status FROM deal")
    assert Counter(row["status"] for row in deals) == Counter(DealStatus) + Counter(
        {DealStatus.PERFORMING: 1}
    )
    editions = await _rows(loaded.database, "SELECT kind, status FROM edition ORDER BY kind, number")
    assert [tuple(row) for row in editions] == [
        ("opportunity_list", EditionStatus.OUTCOMES_REPORTED),
        ("opportunity_list", EditionStatus.PUBLISHED),
        ("product_catalogue", EditionStatus.SCHEDULED),
    ]
    interests = await _rows(loaded.database, "SELECT DISTINCT status FROM interest")
    assert {row["status"] for row in interests} == {
        *("submitted", "acknowledged", "negotiating", "agreed", "passed", "declined"),
    }
    assignments = await _rows(loaded.database, "SELECT DISTINCT status FROM assignment")
    assert {row["status"] for row in assignments} == {"offered", "active", "declined", "closed"}
    assert await loaded.database.pool.fetchval("SELECT count(*) FROM introduction") >= 5
    assert await loaded.database.pool.fetchval("SELECT count(*) FROM payment") == 3


async def test_publications_are_spread_over_half_a_year_and_some_have_a_second_version(
    loaded: Market,
) -> None:
    months = await _rows(
        loaded.database,
        "SELECT date_trunc('month', published_at) AS m, count(*) FROM listing WHERE status = 'published' GROUP BY 1",
    )
    assert len(months) >= 5
    newer = "SELECT count(*) FROM listing WHERE confirmed_at > published_at + interval '10 days'"
    assert await loaded.database.pool.fetchval(newer) >= 50
    second = "SELECT count(*) FROM listing WHERE published_version = 2"
    assert await loaded.database.pool.fetchval(second) == 24
    inverted = "SELECT count(*) FROM listing WHERE created_at > published_at OR published_at > now()"
    assert await loaded.database.pool.fetchval(inverted) == 0


async def test_events_lie_in_the_past_and_their_chains_are_whole(loaded: Market) -> None:
    async with loaded.database.sessions() as session:
        assert [sentence async for sentence in broken_chains(session)] == []
    assert await loaded.database.pool.fetchval("SELECT count(*) FROM event WHERE at > now()") == 0


@pytest.mark.parametrize("email", ACCOUNTS)
async def test_a_demo_account_signs_in_with_its_role(loaded: Market, email: str) -> None:
    opened = await _sign_in(loaded, email)
    (membership,) = opened["person"]["memberships"]
    assert membership["roles"] == [ROLES[email]]


async def test_the_company_of_the_demo_buyer_is_verified(loaded: Market) -> None:
    opened = await _sign_in(loaded, "buyer@company.example")
    organisation = opened["person"]["memberships"][0]["organisation_id"]
    level = "SELECT verification FROM organisation WHERE id = $1::text::uuid"
    assert await loaded.database.pool.fetchval(level, organisation) == "L2"


async def test_a_published_listing_is_read_with_its_attribution_and_a_second_version_shows_its_changes(
    loaded: Market,
) -> None:
    row = await loaded.database.pool.fetchrow(
        "SELECT id FROM listing WHERE content->'title'->>'en' = 'A compact sensor for in-situ measurements of gas leaks'"
    )
    document = await _get(loaded, f"/listings/{row['id']}")
    assert "NASA patent portfolio" in document["attribution"]
    assert document["organisation"]["name"]["en"].startswith("Example")
    first, second = await _get(loaded, f"/listings/{row['id']}/versions")
    assert first["changes"] == []
    assert [change["pointer"] for change in second["changes"]] == ["/title/zh-Hans"]


async def test_the_demo_accounts_find_something_to_do(loaded: Market) -> None:
    deals = await _get(loaded, "/deals", "buyer@company.example")
    assert len(deals["items"]) >= 4
    assert (await _get(loaded, "/deals", "officer@university.example"))["items"]
    assert (await _get(loaded, "/interests", "manager@agency.example"))["items"]
    upcoming = (await _get(loaded, "/releases"))["upcoming"]
    assert [release["kind"] for release in upcoming] == ["product_catalogue"]


async def test_a_second_loading_answers_false_and_changes_nothing(loaded: Market) -> None:
    counts = " UNION ALL ".join(f"SELECT '{name}' AS t, count(*) FROM {name}" for name in TABLES)
    before = await _rows(loaded.database, counts)
    assert not await seed(loaded.database, lambda done, of: pytest.fail("nothing is to be done"))
    assert await _rows(loaded.database, counts) == before


async def test_every_organisation_of_a_listing_is_one_of_the_cast(loaded: Market) -> None:
    rows = await _rows(
        loaded.database,
        "SELECT DISTINCT o.name->>'zh-Hans' AS name FROM listing l JOIN organisation o ON o.id = l.organisation_id",
    )
    assert len(rows) == 11
    assert all("示例" in row["name"] for row in rows)
