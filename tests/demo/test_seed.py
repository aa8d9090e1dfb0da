"""The demo market: a load that is cut off, two at once, and what stands there afterwards, also through the application."""

import asyncio
import base64
from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from market.database import Database
from market.demo import ACCOUNTS, PASSWORD, seed
from market.demo.cast import opening_key
from market.demo.lots import OFFICERS
from market.ledger.queries import broken_chains
from market.ledger.rules import sha256
from market.sealing import envelope
from market.sealing.rules import share_context
from market.trading import sealed
from market.verification import findings
from schemas.vocabulary import DealStatus, EditionStatus, ListingStatus
from tests.makers import Market

pytestmark = pytest.mark.slow
ROLES = {
    "officer@university.example": ["tto_officer"],
    "director@university.example": ["tto_director"],
    "buyer@company.example": ["admin", "buyer"],
    "manager@agency.example": ["admin", "manager"],
    "operator@hall.example": ["operator"],
    "auditor@hall.example": ["auditor"],
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
        ("opportunity", "published"): 89,
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
        ("result", "in_round"): 4,
        ("result", "paused"): 3,
        ("result", "published"): 220,
        ("result", "stale"): 4,
        ("result", "under_deal"): 2,
        ("result", "withdrawn"): 2,
    }
    assert {row["status"] for row in rows} == set(ListingStatus)


async def test_editions_interests_and_deals_stand_in_every_state_that_matters(loaded: Market) -> None:
    deals = await _rows(loaded.database, "SELECT status FROM deal")
    rare = {DealStatus.SIGNED, DealStatus.BREACHED, DealStatus.TERMINATED}
    assert Counter(row["status"] for row in deals) == Counter(set(DealStatus) - rare) + Counter(
        {DealStatus.PERFORMING: 1, DealStatus.PROPOSED: 1}
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
    assert {row["status"] for row in assignments} == {"offered", "introducing", "declined", "closed"}
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
    assert membership["roles"] == ROLES[email]


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


# The rounds and challenges: what stands there, and that the demo's people can go on


BUYER = "buyer@company.example"


class Hall:
    """The loaded demo market as its people see it."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.tokens: dict[str, str] = {}

    async def __call__(
        self, who: str | None, method: str, path: str, body: Any = None, **headers: str
    ) -> Any:
        """The answer's JSON; a success, or an assertion that shows the problem."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if who is not None:
            sent["Authorization"] = f"Bearer {await self._token(who)}"
        answer = await self.market.client.request(method, f"/api/v1{path}", json=body, headers=sent)
        assert answer.is_success, answer.text
        return answer.json()

    async def _token(self, who: str) -> str:
        if who not in self.tokens:
            account = {"email": who, "password": PASSWORD}
            opened = await self.market.client.post("/api/v1/sessions", json=account)
            self.market.client.cookies.clear()
            self.tokens[who] = opened.json()["token"]
        return self.tokens[who]

    async def round(self, status: str, kind: str = "listed_sale", *, again: bool = False) -> Any:
        """The one round that stands so."""
        found = (await self(None, "GET", f"/rounds?status={status}&limit=100"))["items"]
        (row,) = [
            each for each in found if each["kind"] == kind and (each["relisted_from"] is not None) is again
        ]
        return row

    async def challenge(self, status: str, kind: str = "open_challenge") -> Any:
        found = (await self(None, "GET", f"/challenges?status={status}&limit=100"))["items"]
        (row,) = [each for each in found if each["kind"] == kind]
        return row


@pytest.fixture(scope="module")
def hall(loaded: Market) -> Hall:
    return Hall(loaded)


async def test_nothing_in_the_demo_market_was_touched(hall: Hall) -> None:
    assert [each async for each in findings(hall.market.database, lambda done, of: None)] == []


async def test_an_announced_sale_takes_the_registration_of_the_demo_buyer(hall: Hall) -> None:
    sale = await hall.round("announced")
    assert (sale["periods"], sale["standing"]) == ("legal", None)
    form = {
        "rules_sha256": sale["rules_sha256"],
        "statements": ["Our plant for dressings"],
        "related_party": False,
    }
    made = await hall(BUYER, "POST", f"/rounds/{sale['id']}/registrations", form)
    assert made["status"] == "applied"


async def test_the_demo_buyer_bids_in_the_open_round(hall: Hall) -> None:
    sale = await hall.round("bidding")
    log = (await hall(None, "GET", f"/rounds/{sale['id']}/log"))["items"]
    assert [each["kind"] for each in log] == ["admitted", *["bid"] * 5]
    amount = sale["standing"]["least_next"]
    receipt = await hall(
        BUYER, "POST", f"/rounds/{sale['id']}/bids", {"amount": amount}, Idempotency_Key="demo-bid"
    )
    assert (receipt["seq"], receipt["amount"]) == (7, amount)
    assert (await hall.round("bidding"))["standing"]["bidder"] == receipt["bidder"]


async def test_the_sold_lot_is_carried_on_as_a_deal_of_the_demo_buyer(hall: Hall) -> None:
    sale = await hall.round("confirmed")
    assert sale["outcome"]["amount"] == {"amount": "480000.00", "currency": "CNY"}
    deals = (await hall(BUYER, "GET", "/deals?limit=100"))["items"]
    (deal,) = [each for each in deals if each["listing_id"] == sale["listing_id"]]
    assert (deal["status"], deal["mode"]) == ("proposed", "transfer")


async def test_the_tender_takes_a_bid_of_the_demo_buyer_that_nobody_reads(hall: Hall) -> None:
    tender = await hall.round("bidding", "sealed_tender")
    path = f"/rounds/{tender['id']}"
    opening = await hall(None, "GET", f"{path}/opening")
    assert (len(opening["officers"]), opening["threshold"], opening["private_key"]) == (3, 2, None)
    rules = (await hall.market.client.get(f"/api/v1{path}/rules")).content
    registrations = (await hall(BUYER, "GET", f"{path}/registrations"))["items"]
    (mine,) = [each["id"] for each in registrations]
    lid = sealed.lid_of(rules, sha256(rules))
    blob = envelope.seal(lid, UUID(mine), sealed.content(130_000_000, "CNY"))
    body = {"sealed": base64.b64encode(blob).decode()}
    receipt = await hall(BUYER, "POST", f"{path}/bids", body, Idempotency_Key="demo-sealed-bid")
    assert (receipt["sealed_by"], receipt["amount"]) == ("client", None)


async def test_the_opening_officers_of_the_demo_can_read_their_shares(hall: Hall) -> None:
    tender = await hall.round("bidding", "sealed_tender")
    for email in OFFICERS:
        share = await hall(email, "GET", f"/rounds/{tender['id']}/opening/share")
        context = share_context(
            UUID(share["subject"]), base64.b64decode(share["box"]), UUID(share["officer"])
        )
        assert envelope.decrypt(base64.b64decode(share["sealed"]), opening_key(email), context)


async def test_what_nobody_wanted_is_offered_again_at_a_lower_price(hall: Hall) -> None:
    failed, again = await hall.round("failed_no_bidder"), await hall.round("announced", again=True)
    assert again["relisted_from"] == failed["id"]
    assert [each["opening_price"]["amount"] for each in (failed, again)] == ["600000.00", "500000.00"]


async def test_a_challenge_answers_questions_and_takes_one_more(hall: Hall) -> None:
    challenge = await hall.challenge("published")
    path = f"/challenges/{challenge['id']}/questions"
    asked = (await hall(None, "GET", path))["items"]
    assert sorted(each["answer"] is not None for each in asked) == [False, True, True]
    made = await hall(BUYER, "POST", path, {"question": "样机能否分批交付？"})
    answer = {"answer": "可以分两批。"}
    told = await hall("officer@hospital.example", "POST", f"{path}/{made['id']}/answer", answer)
    assert told["answer"] == "可以分两批。"


async def test_a_challenge_is_judged_awarded_and_at_work(hall: Hall) -> None:
    challenge = await hall.challenge("running")
    results = await hall(None, "GET", f"/challenges/{challenge['id']}/results")
    assert results["reviewers"] == 3
    assert [each["rank"] for each in results["ranking"]] == [1, 2, 3]
    (awardee,) = results["awardees"]
    assert awardee["organisation"]["name"]["en"] == "Example Intelligent Manufacturing"
    assert results["publicity"]["channel"]


async def test_the_gate_of_the_race_waits_for_the_second_signature(hall: Hall) -> None:
    race = await hall.challenge("running", "horse_race")
    assert race["stage"] == 1
    shown = await hall(BUYER, "GET", f"/challenges/{race['id']}/evidence")
    assert len(shown) == 1
    signed = await hall(
        "director@institute.example",
        "POST",
        f"/challenges/{race['id']}/countersignature",
        {"verb": "decide_gate"},
        Idempotency_Key="demo-gate",
    )
    assert signed["stage"] == 2
