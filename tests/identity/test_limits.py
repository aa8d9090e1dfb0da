"""How often a password may be guessed: exactly so often, over all processes, and nothing is told by the answer."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from market.errors import TooManyRequests
from market.identity import passwords
from market.identity.rules import TRIES_PER_ACCOUNT, TRIES_PER_ADDRESS
from market.web.attempts import count_attempt
from schemas.vocabulary import Role
from tests.makers import PASSWORD, Caller, Market
from tests.web.instances import another, client_at

SESSIONS = "/api/v1/sessions"
WRONG = "a wrong pass phrase"


@pytest.fixture(autouse=True)
async def fresh(market: Market) -> None:
    await market.database.pool.execute("DELETE FROM attempts")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong password is found without hashing: these tests send hundreds."""

    async def fits(stored: str | None, password: str) -> bool:
        return stored is not None and password == PASSWORD

    monkeypatch.setattr("market.identity.service.password_fits", fits)


@pytest.fixture
async def person(market: Market) -> Caller:
    return (await market.university())[0]


async def attempt(client: httpx.AsyncClient, email: str, password: str = WRONG) -> httpx.Response:
    return await client.post(SESSIONS, json={"email": email, "password": password})


async def test_an_account_is_tried_exactly_so_often_over_two_processes(
    market: Market, person: Caller
) -> None:
    async with another(market.settings) as other:
        clients = [market.client, other.client] * TRIES_PER_ACCOUNT
        answers = await asyncio.gather(*(attempt(client, person.email) for client in clients))
        statuses = [answer.status_code for answer in answers]
        assert statuses.count(401) == TRIES_PER_ACCOUNT
        assert statuses.count(429) == TRIES_PER_ACCOUNT
        right = await attempt(other.client, person.email, PASSWORD)
        assert right.status_code == 429
        assert right.json()["type"].endswith("/problems/too-many-requests")
        assert 1 <= int(right.headers["retry-after"]) <= 900


async def test_an_address_is_allowed_exactly_so_many_over_all_accounts_and_processes(market: Market) -> None:
    emails = [f"nobody{number}@example.org" for number in range(2 * TRIES_PER_ADDRESS)]
    async with (
        another(market.settings, address="203.0.113.1") as other,
        client_at(market, "203.0.113.1") as client,
    ):
        pairs = zip([client, other.client] * TRIES_PER_ADDRESS, emails, strict=True)
        answers = await asyncio.gather(*(attempt(one, email) for one, email in pairs))
        assert [answer.status_code for answer in answers].count(401) == TRIES_PER_ADDRESS
        async with client_at(market, "203.0.113.2") as elsewhere:
            assert (await attempt(elsewhere, "somebody@example.org")).status_code == 401


async def test_people_who_know_their_passwords_do_not_use_up_the_address_of_their_campus(
    market: Market,
) -> None:
    organisation = await market.organisation()
    staff = [await market.person(organisation, Role.TTO_OFFICER) for _ in range(3)]
    async with client_at(market, "203.0.113.3") as campus:
        for _ in range(TRIES_PER_ADDRESS // 3 + 1):
            for one in staff:
                assert (await attempt(campus, one.email, PASSWORD)).status_code == 201
                campus.cookies.clear()


async def test_a_success_forgets_the_tries_of_its_account(market: Market, person: Caller) -> None:
    for _ in range(2):
        for _ in range(TRIES_PER_ACCOUNT - 1):
            assert (await attempt(market.client, person.email)).status_code == 401
        assert (await attempt(market.client, person.email, PASSWORD)).status_code == 201
        market.client.cookies.clear()


async def test_an_account_has_one_count_however_its_address_is_written(
    market: Market, person: Caller
) -> None:
    for number in range(TRIES_PER_ACCOUNT):
        email = person.email.upper() if number % 2 else person.email
        assert (await attempt(market.client, email)).status_code == 401
    assert (await attempt(market.client, person.email.title())).status_code == 429


async def test_after_the_window_it_may_be_tried_again(market: Market, person: Caller) -> None:
    for _ in range(TRIES_PER_ACCOUNT + 1):
        last = await attempt(market.client, person.email)
    assert last.status_code == 429
    await market.database.pool.execute(
        "UPDATE attempts SET window_start = window_start - interval '15 minutes'"
    )
    assert (await attempt(market.client, person.email, PASSWORD)).status_code == 201
    market.client.cookies.clear()


async def test_an_unknown_account_is_answered_and_limited_like_a_known_one(
    market: Market, person: Caller
) -> None:
    seen = []
    for email in (person.email, "unknown@example.org"):
        answers = [await attempt(market.client, email) for _ in range(TRIES_PER_ACCOUNT + 1)]
        seen.append(
            [
                (a.status_code, a.content, {n: v for n, v in a.headers.items() if n != "retry-after"})
                for a in answers
            ]
        )
    assert seen[0] == seen[1]
    assert seen[0][0][0] == 401
    assert b"sign-in-failed" in seen[0][0][1]


async def test_an_unknown_account_costs_the_same_hash(
    market: Market, person: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    class Hasher:
        def verify(self, stored: str, password: str) -> bool:
            checked.append(stored[:10])
            return False

    monkeypatch.setattr("market.identity.service.password_fits", passwords.password_fits)
    monkeypatch.setattr(passwords, "_HASHER", Hasher())
    for email in (person.email, "unknown@example.org"):
        await attempt(market.client, email)
    assert checked == ["$argon2id$"] * 2


async def test_the_current_password_is_not_guessed_through_its_change(market: Market, person: Caller) -> None:
    body = {"current": WRONG, "new": "a wholly different phrase"}
    statuses = [
        (await person("PUT", "/people/me/password", json=body)).status_code
        for _ in range(TRIES_PER_ACCOUNT + 2)
    ]
    assert statuses == [422] * TRIES_PER_ACCOUNT + [429] * 2


async def test_an_address_does_not_ask_for_every_account_by_signing_up(
    market: Market, person: Caller
) -> None:
    """A sign-up tells that an address is taken, so it is limited like a guess."""
    body = {
        "email": person.email,
        "password": PASSWORD,
        "name": "Somebody",
        "invitation": "rhi_unknown",
    }
    answers = [await market.client.post("/api/v1/people", json=body) for _ in range(TRIES_PER_ADDRESS + 1)]
    assert [answer.status_code for answer in answers] == [409] * TRIES_PER_ADDRESS + [429]


async def test_a_count_is_exact_under_contention(market: Market) -> None:
    async def one() -> bool:
        try:
            await count_attempt(market.database, "bucket", most=25, window=timedelta(minutes=15))
        except TooManyRequests:
            return False
        return True

    assert sum(await asyncio.gather(*(one() for _ in range(100)))) == 25
