"""Sessions: opened with a password, never taken over, ended by time or by will, and at once everywhere."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from market.identity.credentials import COOKIE
from market.identity.rules import SESSION_ABSOLUTE, SESSION_IDLE, session_end
from schemas.vocabulary import Role
from tests.makers import PASSWORD, RESULT, Caller, Market
from tests.web.instances import another, client_at

ME = "/api/v1/people/me"
SESSIONS = "/api/v1/sessions"
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def browser(market: Market) -> AsyncIterator[httpx.AsyncClient]:
    """Keeps cookies and says which site it is on, as browsers do."""
    async with client_at(market, "198.51.100.1") as client:
        client.headers["Sec-Fetch-Site"] = "same-origin"
        yield client


@pytest.fixture
async def person(market: Market) -> Caller:
    return (await market.university())[0]


async def sign_in(client: httpx.AsyncClient, person: Caller, password: str = PASSWORD) -> httpx.Response:
    return await client.post(SESSIONS, json={"email": person.email, "password": password})


async def shift(market: Market, person: Caller, column: str, by: timedelta) -> None:
    """As if the sessions of a person had been made or used earlier."""
    await market.database.pool.execute(
        f"UPDATE person_session SET {column} = {column} - $2::interval WHERE person_id = $1",
        person.person_id,
        by,
    )


# How long


@pytest.mark.parametrize(
    ("used", "ends"),
    [
        (timedelta(0), SESSION_IDLE),
        (timedelta(hours=5), timedelta(hours=7)),
        (timedelta(hours=10), SESSION_ABSOLUTE),
        (timedelta(hours=11, minutes=59), SESSION_ABSOLUTE),
    ],
)
def test_a_session_ends_when_idle_and_in_any_case(used: timedelta, ends: timedelta) -> None:
    assert session_end(NOW, NOW + used) == NOW + ends


async def test_an_idle_session_has_ended(market: Market, person: Caller) -> None:
    assert (await person.get("/people/me")).status_code == 200
    await shift(market, person, "expires_at", SESSION_IDLE)
    ended = await person.get("/people/me")
    assert ended.status_code == 401
    assert "ended" in ended.json()["detail"]


async def test_a_used_session_goes_on_until_its_twelve_hours_are_over(market: Market, person: Caller) -> None:
    for column in ("created_at", "last_used_at", "expires_at"):
        await shift(market, person, column, SESSION_IDLE - timedelta(minutes=1))
    assert (await person.get("/people/me")).status_code == 200
    (session,) = await person.ok("GET", "/sessions")
    left = datetime.fromisoformat(session["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=119) < left <= SESSION_IDLE

    await shift(market, person, "created_at", SESSION_ABSOLUTE)
    await shift(market, person, "last_used_at", timedelta(hours=1))
    await person.get("/people/me")
    assert (await person.get("/people/me")).status_code == 401


async def test_a_request_that_fails_is_a_use_too(market: Market, person: Caller) -> None:
    await shift(market, person, "last_used_at", timedelta(hours=1))
    assert (await person.get("/listings/01900000-0000-7000-8000-000000000000/draft")).status_code == 404
    (session,) = await person.ok("GET", "/sessions")
    assert datetime.now(UTC) - datetime.fromisoformat(session["last_used_at"]) < timedelta(minutes=1)


# What proves it


async def test_signing_in_answers_a_token_and_sets_a_cookie_that_no_script_reads(
    browser: httpx.AsyncClient, person: Caller
) -> None:
    opened = await sign_in(browser, person)
    assert opened.status_code == 201
    assert opened.headers["cache-control"] == "no-store"
    cookie = opened.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}={opened.json()['token']};")
    assert {part.strip().lower() for part in cookie.split(";")} >= {"httponly", "samesite=lax", "path=/"}
    assert opened.json()["person"]["email"] == person.email
    assert (await browser.get(ME)).json()["id"] == str(person.person_id)


async def test_over_https_the_cookie_is_bound_to_its_host_and_no_other_counts(
    market: Market, person: Caller
) -> None:
    async with another(market.settings, base_url="https://hall.test") as secure:
        opened = await sign_in(secure.client, person)
        cookie = opened.headers["set-cookie"]
        assert cookie.startswith(f"__Host-{COOKIE}=")
        assert {"secure", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
        assert "domain=" not in cookie.lower()
        token = opened.json()["token"]
        secure.client.cookies.clear()
        good = {"Cookie": f"__Host-{COOKIE}={token}"}
        tossed = {"Cookie": f"{COOKIE}={token}"}  # a neighbouring host can set this one
        assert (await secure.client.get(ME, headers=good)).status_code == 200
        assert (await secure.client.get(ME, headers=tossed)).status_code == 401
        ended = await secure.client.delete(f"{SESSIONS}/current", headers=bearer(token))
        assert "secure" in ended.headers["set-cookie"].lower()
        assert "max-age=0" in ended.headers["set-cookie"].lower()


async def test_a_token_that_an_attacker_chose_is_never_taken_over(market: Market, person: Caller) -> None:
    """Session fixation: the cookie that was there before the sign-in proves nothing after it."""
    chosen = "rhs_" + "A" * 43
    headers = {"Cookie": f"{COOKIE}={chosen}", "Sec-Fetch-Site": "same-origin"}
    async with client_at(market, "198.51.100.2") as client:
        opened = await client.post(
            SESSIONS, json={"email": person.email, "password": PASSWORD}, headers=headers
        )
        assert opened.status_code == 201
        assert opened.json()["token"] != chosen
        client.cookies.clear()
        assert (await client.get(ME, headers={"Cookie": f"{COOKIE}={chosen}"})).status_code == 401
        assert (await client.get(ME, headers=bearer(chosen))).status_code == 401


async def test_every_sign_in_makes_a_new_token(browser: httpx.AsyncClient, person: Caller) -> None:
    tokens = [(await sign_in(browser, person)).json()["token"] for _ in range(3)]
    assert len({*tokens, person.token}) == 4


async def test_a_cookie_that_has_ended_does_not_stand_in_the_way_of_a_new_sign_in(
    browser: httpx.AsyncClient, person: Caller
) -> None:
    opened = (await sign_in(browser, person)).json()
    await browser.delete(SESSIONS, headers=bearer(opened["token"]))
    assert browser.cookies.get(COOKIE) == opened["token"]
    assert (await browser.get("/api/v1/organisations")).status_code == 200
    assert (await browser.get(ME)).status_code == 401
    assert (await sign_in(browser, person)).status_code == 201
    assert (await browser.get(ME)).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic cGVyc29uOnBhc3N3b3Jk",
        "Bearer nonsense",
        "Bearer rhs_",
        "Bearer rhs_" + "A" * 43,
        "Bearer rh_",
        "Bearer rh_0011223344556677_",
        "Bearer rh_0011223344556677_" + "A" * 43,
        "Bearer rhi_" + "A" * 43,
        "Bearer ' OR 1=1 --",
        "Token rhs_x",
    ],
)
async def test_what_proves_nothing_is_refused(market: Market, header: str) -> None:
    for path in (ME, "/api/v1/organisations"):  # on a public address too: whoever sends a credential means it
        answer = await market.client.get(path, headers={"Authorization": header})
        assert answer.status_code == 401, path
        assert answer.json()["type"].endswith("/problems/unauthenticated")


async def test_the_stored_hash_does_not_sign_in(market: Market, person: Caller) -> None:
    stored = await market.database.pool.fetchval(
        "SELECT encode(token_sha256, 'hex') FROM person_session WHERE person_id = $1", person.person_id
    )
    for token in (stored, f"rhs_{stored}"):
        assert (await market.client.get(ME, headers=bearer(token))).status_code == 401


# Ending


async def test_signing_out_ends_this_session_and_no_other(
    market: Market, browser: httpx.AsyncClient, person: Caller
) -> None:
    await sign_in(browser, person)
    left = await browser.delete(f"{SESSIONS}/current")
    assert left.status_code == 204
    assert browser.cookies.get(COOKIE) is None
    assert (await person.get("/people/me")).status_code == 200
    assert len(await person.ok("GET", "/sessions")) == 1


async def test_signing_out_is_effective_at_once_in_every_process(market: Market, person: Caller) -> None:
    async with another(market.settings) as other:
        assert (await other.client.get(ME, headers=bearer(person.token))).status_code == 200
        assert (await person("DELETE", "/sessions/current")).status_code == 204
        assert (await other.client.get(ME, headers=bearer(person.token))).status_code == 401


async def test_signing_out_one_device_or_all(
    market: Market, browser: httpx.AsyncClient, person: Caller
) -> None:
    tokens = [(await sign_in(browser, person)).json()["token"] for _ in range(3)]
    listed = await person.ok("GET", "/sessions")
    assert [session["current"] for session in listed] == [False, False, False, True]
    assert [session["address"] for session in listed] == ["198.51.100.1"] * 3 + ["127.0.0.1"]
    assert not any("token" in session for session in listed)

    assert (await person("DELETE", f"/sessions/{listed[0]['id']}")).status_code == 204
    assert (await market.client.get(ME, headers=bearer(tokens[2]))).status_code == 401
    assert (await market.client.get(ME, headers=bearer(tokens[1]))).status_code == 200
    assert (await person("DELETE", f"/sessions/{listed[0]['id']}")).status_code == 404

    assert (await person("DELETE", "/sessions")).status_code == 204
    for token in (*tokens, person.token):
        assert (await market.client.get(ME, headers=bearer(token))).status_code == 401


async def test_nobody_ends_another_persons_session(market: Market, person: Caller) -> None:
    other, _ = await market.university()
    (session,) = await other.ok("GET", "/sessions")
    assert (await person("DELETE", f"/sessions/{session['id']}")).status_code == 404
    assert (await other.get("/people/me")).status_code == 200


async def test_a_new_password_ends_all_other_sessions(
    market: Market, browser: httpx.AsyncClient, person: Caller
) -> None:
    other = (await sign_in(browser, person)).json()["token"]
    new = "a wholly different phrase"
    changed = await person("PUT", "/people/me/password", json={"current": PASSWORD, "new": new})
    assert changed.status_code == 204
    assert (await person.get("/people/me")).status_code == 200
    assert (await market.client.get(ME, headers=bearer(other))).status_code == 401
    browser.cookies.clear()
    assert (await sign_in(browser, person)).status_code == 401
    assert (await sign_in(browser, person, new)).status_code == 201
    events = await market.database.pool.fetch(
        "SELECT kind, data FROM event WHERE subject_kind = 'person' AND subject_id = $1", person.person_id
    )
    assert [(event["kind"], event["data"]) for event in events] == [("password_changed", "{}")]


@pytest.mark.parametrize(
    ("current", "new", "pointer"),
    [
        ("not the current one", "a wholly different phrase", "/current"),
        (PASSWORD, "password12345", "/new"),
        (PASSWORD, "short", "/new"),
    ],
)
async def test_a_password_that_cannot_be_changed_ends_nothing(
    market: Market, browser: httpx.AsyncClient, person: Caller, current: str, new: str, pointer: str
) -> None:
    other = (await sign_in(browser, person)).json()["token"]
    answer = await person("PUT", "/people/me/password", json={"current": current, "new": new})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert new not in answer.text
    assert (await market.client.get(ME, headers=bearer(other))).status_code == 200


# Another site


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://hall.test"},
        {"Origin": "null"},
        {"Origin": "http://evil.test"},
        {"Origin": "https://hall.test"},
        {"Origin": "http://hall.test.evil.test"},
        {"Origin": "http://hall.test:8080"},
        {"Referer": "http://hall.test/"},
    ],
)
async def test_a_change_with_the_cookie_from_elsewhere_is_refused(
    market: Market, person: Caller, headers: dict[str, str]
) -> None:
    headers = headers | {"Cookie": f"{COOKIE}={person.token}"}
    for method, path in (("POST", "/listings"), ("DELETE", "/sessions"), ("PUT", "/people/me/password")):
        answer = await market.client.request(method, f"/api/v1{path}", json=RESULT, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["type"].endswith("/problems/cross-site-request")
    assert (await market.client.get(ME, headers=headers)).status_code == 200
    assert await person.ok("GET", "/listings") == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://hall.test"}])
async def test_a_change_with_the_cookie_from_this_site_passes(
    market: Market, person: Caller, headers: dict[str, str]
) -> None:
    headers = headers | {"Cookie": f"{COOKIE}={person.token}"}
    assert (await market.client.post("/api/v1/listings", json=RESULT, headers=headers)).status_code == 201


async def test_the_site_is_known_by_its_public_address_behind_a_proxy(market: Market, person: Caller) -> None:
    async with another(market.settings, base_url="https://hall.example") as secure:
        headers = {
            "Cookie": f"__Host-{COOKIE}={person.token}",
            "Origin": "https://hall.example",
            "Host": "10.0.0.5",
        }
        assert (await secure.client.post("/api/v1/listings", json=RESULT, headers=headers)).status_code == 201


async def test_a_token_in_the_header_may_come_from_anywhere(person: Caller) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "http://elsewhere.test"}
    assert (await person("POST", "/listings", json=RESULT, headers=headers)).status_code == 201


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.test"}, {"Origin": "null"}]
)
async def test_another_site_signs_nobody_in(market: Market, person: Caller, headers: dict[str, str]) -> None:
    """A visitor would go on working in the attacker's account."""
    body = {"email": person.email, "password": PASSWORD}
    answer = await market.client.post(SESSIONS, json=body, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_a_program_that_keeps_cookies_may_sign_in_again(market: Market, person: Caller) -> None:
    async with client_at(market, "198.51.100.3") as program:
        for _ in range(2):
            assert (await sign_in(program, person)).status_code == 201


async def test_a_role_that_was_taken_away_is_gone_with_the_next_request(market: Market) -> None:
    officer, director = await market.university()
    await officer.ok("POST", "/listings", RESULT)
    path = f"/organisations/{director.organisation_id}/members/{officer.person_id}"
    assert (await director("PATCH", path, json={"roles": [Role.FINANCE]})).status_code == 204
    assert (await officer.post("/listings", RESULT)).status_code == 403
    assert (await director("PATCH", path, json={"roles": []})).status_code == 204
    assert await officer.ok("GET", "/listings") == {"items": [], "next_cursor": None}
    assert (await officer.ok("GET", "/people/me"))["memberships"] == []
