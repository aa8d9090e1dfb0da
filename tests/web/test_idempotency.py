"""Idempotency-Key: one effect for one request however often it is sent, and never a success that was not stored."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from market.errors import KeyRequired
from tests.makers import PASSWORD, RESULT, Caller, Market


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


async def post(who: Caller, path: str, key: str, json: Any = None) -> httpx.Response:
    return await who("POST", path, json=json, headers=keyed(key))


async def count(market: Market, table: str) -> int:
    found: int = await market.database.pool.fetchval(f"SELECT count(*) FROM {table}")
    return found


def assert_problem(response: httpx.Response, status: int, slug: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"].endswith(f"/problems/{slug}")


@pytest.fixture(scope="module")
async def officer(market: Market) -> Caller:
    return (await market.university())[0]


async def test_the_same_request_gets_the_stored_answer_and_has_no_second_effect(
    market: Market, officer: Caller
) -> None:
    first = await post(officer, "/listings", "one", RESULT)
    before = [await count(market, table) for table in ("listing", "event", "stored_answer")]
    second = await post(officer, "/listings", "one", RESULT)
    assert [await count(market, table) for table in ("listing", "event", "stored_answer")] == before
    assert second.status_code == first.status_code == 201
    assert second.content == first.content
    for name in ("content-type", "location", "etag", "content-length"):
        assert second.headers[name] == first.headers[name]
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


async def test_a_key_in_quotes_is_the_same_key(officer: Caller) -> None:
    """The header is a structured string in the IETF draft, and bare in most clients."""
    first = await post(officer, "/listings", "quoted", RESULT)
    assert (await post(officer, "/listings", '"quoted"', RESULT)).content == first.content


async def test_another_body_is_another_request(officer: Caller) -> None:
    await post(officer, "/listings", "two", RESULT)
    changed = await post(officer, "/listings", "two", RESULT | {"region": "310000"})
    assert_problem(changed, 422, "key-reused")


async def test_another_address_is_another_request(officer: Caller) -> None:
    made = (await post(officer, "/listings", "three", RESULT)).json()
    assert_problem(await post(officer, f"/listings/{made['id']}/submission", "three"), 422, "key-reused")
    assert_problem(await post(officer, "/listings?dry=1", "three", RESULT), 422, "key-reused")


async def test_two_people_may_use_the_same_key(market: Market, officer: Caller) -> None:
    other, _ = await market.university()
    mine = await post(officer, "/listings", "shared", RESULT)
    theirs = await post(other, "/listings", "shared", RESULT)
    assert mine.status_code == theirs.status_code == 201
    assert mine.json()["id"] != theirs.json()["id"]


async def test_an_api_key_and_its_maker_do_not_share_keys(market: Market, officer: Caller) -> None:
    issued = await officer.ok("POST", "/api-keys", {"name": "importer", "scopes": ["listings"]})
    program = Caller(market.client, issued["key"], officer.person_id, officer.organisation_id, officer.email)
    mine, its = [await post(who, "/listings", "both", RESULT) for who in (officer, program)]
    assert mine.json()["id"] != its.json()["id"]


async def test_a_failed_request_is_not_stored_and_may_be_repeated(market: Market, officer: Caller) -> None:
    before = await count(market, "stored_answer")
    made = await officer.ok("POST", "/listings", {"kind": "result", "title": {"en": "Bare"}})
    path = f"/listings/{made['id']}"
    assert_problem(await post(officer, f"{path}/submission", "again"), 422, "incomplete")
    assert await count(market, "stored_answer") == before
    missing = {name: value for name, value in RESULT.items() if name not in ("kind", "title")}
    assert (await officer.patch(path, missing, f'"r{made["revision"]}"')).status_code == 200
    assert (await post(officer, f"{path}/submission", "again")).json()["status"] == "in_review"


async def test_a_repeat_is_answered_even_when_the_state_has_moved_on(market: Market) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director, status="draft")
    path = f"/listings/{listing['id']}"
    first = await post(officer, f"{path}/submission", "moved")
    await director.ok("POST", f"{path}/approval")
    assert (await post(officer, f"{path}/submission", "moved")).content == first.content
    assert_problem(await officer.post(f"{path}/submission"), 409, "wrong-state")


async def test_an_answer_that_held_a_secret_is_not_kept(market: Market, officer: Caller) -> None:
    wanted = {"name": "once", "scopes": ["read"]}
    first = await post(officer, "/api-keys", "secret", wanted)
    assert first.status_code == 201
    before = await count(market, "api_key")
    assert_problem(await post(officer, "/api-keys", "secret", wanted), 409, "secret-shown-once")
    assert_problem(await post(officer, "/api-keys", "secret", wanted | {"name": "other"}), 422, "key-reused")
    assert await count(market, "api_key") == before
    assert await market.database.pool.fetchval("SELECT count(*) FROM stored_answer WHERE body IS NULL") == 1


async def test_a_sign_in_is_repeated_only_by_name(market: Market, officer: Caller) -> None:
    """Its stored hash is keyed: a password cannot be guessed from a copy of the database."""
    body = {"email": officer.email, "password": PASSWORD}
    first = await market.client.post("/api/v1/sessions", json=body, headers=keyed("in"))
    assert first.status_code == 201
    market.client.cookies.clear()
    again = await market.client.post("/api/v1/sessions", json=body, headers=keyed("in"))
    assert_problem(again, 409, "secret-shown-once")
    plain = "SELECT count(*) FROM stored_answer WHERE request_sha256 = sha256(convert_to($1, 'UTF8'))"
    assert await market.database.pool.fetchval(plain, first.request.content.decode()) == 0


@pytest.mark.parametrize("key", ["", "x" * 129, "tab\there", '""'])
async def test_a_key_of_wrong_form_is_refused(officer: Caller, key: str) -> None:
    answer = await post(officer, "/listings", key, RESULT)
    assert_problem(answer, 422, "invalid")
    assert answer.json()["errors"][0]["pointer"] == "Idempotency-Key"


async def test_a_key_is_ignored_where_nothing_is_posted(market: Market, officer: Caller) -> None:
    before = await count(market, "stored_answer")
    await officer.get("/listings", headers=keyed("get"))
    listing = await officer.ok("POST", "/listings", RESULT)
    etag = f'"r{listing["revision"]}"'
    headers = keyed("patch") | {"If-Match": etag}
    await officer("PATCH", f"/listings/{listing['id']}", json={"region": "310000"}, headers=headers)
    assert await count(market, "stored_answer") == before


async def test_a_route_that_moves_money_or_signatures_asks_for_a_key(market: Market, officer: Caller) -> None:
    required = [
        (route.path_format, handler)
        for route in market.app.routes
        for handler in getattr(route, "route_handlers", [])
        if handler.opt.get("key_required")
    ]
    for path, handler in required:
        assert handler.http_methods >= {"POST"}
        where = path.removeprefix("/api/v1").replace("{", "").replace("}", "")
        where = "/".join(
            "00000000-0000-7000-8000-000000000000" if part.endswith("_id") else part
            for part in where.split("/")
        )
        assert_problem(await officer.post(where, {}), KeyRequired.status, KeyRequired.slug())
        twice = await officer("POST", where, content=b'{"amount": 1, "amount": 999}', headers=keyed("twice"))
        assert_problem(twice, 400, "malformed-body")


@asynccontextmanager
async def locked(market: Market, listing_id: str) -> AsyncIterator[Any]:
    """Somebody else's transaction holds the row of a listing."""
    async with market.database.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT 1 FROM listing WHERE id = $1 FOR UPDATE", listing_id)
        yield connection
        await transaction.rollback()


async def waiting(connection: Any, sessions: int = 1) -> None:
    """Until so many sessions wait for a lock."""
    async with asyncio.timeout(20):
        while await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") < sessions:
            pass


async def test_a_repeat_while_the_first_is_in_flight_is_told_to_wait(market: Market) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director)
    path = f"/listings/{listing['id']}/pause"
    async with locked(market, listing["id"]) as connection:
        first = asyncio.create_task(post(officer, path, "flight"))
        await waiting(connection)
        second = await post(officer, path, "flight")
        assert_problem(second, 409, "request-in-flight")
        assert second.headers["retry-after"] == "1"
    done = await first
    assert done.status_code == 200
    third = await post(officer, path, "flight")
    assert (third.status_code, third.content) == (200, done.content)
    kinds = [event["kind"] for event in await officer.ok("GET", f"/listings/{listing['id']}/events")]
    assert kinds.count("paused") == 1


async def test_many_equal_requests_at_once_have_one_effect(market: Market) -> None:
    officer, _ = await market.university()
    answers = await asyncio.gather(*(post(officer, "/listings", "many", RESULT) for _ in range(12)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert len((await officer.ok("GET", "/listings"))["items"]) == 1


@asynccontextmanager
async def failing_commit(market: Market, table: str) -> AsyncIterator[None]:
    """Every transaction that writes to a table fails in its COMMIT."""
    await market.database.pool.execute(
        "CREATE FUNCTION fail_late() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the disk is gone'; END $$;"
        f"CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION fail_late()"
    )
    try:
        yield
    finally:
        await market.database.pool.execute(f"DROP TRIGGER late ON {table}; DROP FUNCTION fail_late()")


async def test_a_commit_that_fails_is_an_error_and_nothing_is_stored(
    market: Market, officer: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    tables = ("listing", "event", "stored_answer")
    before = [await count(market, table) for table in tables]
    async with failing_commit(market, "listing"):
        failed = await post(officer, "/listings", "late", RESULT)
    assert_problem(failed, 500, "market-error")
    assert "the disk is gone" not in failed.text
    assert "the disk is gone" in caplog.text
    assert [await count(market, table) for table in tables] == before
    again = await post(officer, "/listings", "late", RESULT)
    assert again.status_code == 201
    assert "idempotency-replayed" not in again.headers


async def test_a_deferred_constraint_that_breaks_at_commit_is_a_conflict(
    market: Market, officer: Caller
) -> None:
    pool = market.database.pool
    await pool.execute(
        "ALTER TABLE listing ADD CONSTRAINT one_region EXCLUDE USING btree ((content ->> 'attribution') WITH =) "
        "DEFERRABLE INITIALLY DEFERRED"
    )
    try:
        once = RESULT | {"attribution": "only once"}
        assert (await post(officer, "/listings", "once", once)).status_code == 201
        before = await count(market, "listing")
        failed = await post(officer, "/listings", "twice", once)
        assert failed.status_code == 409, failed.text
        assert await count(market, "listing") == before
    finally:
        await pool.execute("ALTER TABLE listing DROP CONSTRAINT one_region")


async def test_a_sign_in_whose_commit_fails_sets_no_cookie(market: Market, officer: Caller) -> None:
    async with failing_commit(market, "person_session"):
        failed = await market.client.post(
            "/api/v1/sessions", json={"email": officer.email, "password": PASSWORD}
        )
    assert failed.status_code == 500
    assert "set-cookie" not in failed.headers
