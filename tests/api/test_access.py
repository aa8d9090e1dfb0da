"""Every route by every role, on what is theirs and what is not, as access.txt has it; and every answer as described."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import Any

import httpx
import pytest
import pytest_asyncio

from market.worker import sequence
from tests.api.access import BODIES, Row, table
from tests.api.challenge_world import PUBLISHED
from tests.api.description import conforms
from tests.api.world import World, undone
from tests.deals.trade import fresh_key
from tests.makers import PASSWORD, Market
from tests.test_routes import NOTHING, ROUTES

TABLE = table()
KNOWN = {"awarded", "opening"} | PUBLISHED
"""Everybody sees that there is such a round or challenge; what is not found there is a part of it that others have."""
HIDDEN = [
    row
    for row in TABLE
    if "_id}" in row.path
    and "404" in row.outcomes.values()
    and row.thing.partition(":")[2] not in KNOWN
    and row.thing != "scheduled"  # the calendar tells of it
]
QUERIES: dict[str, dict[str, Any]] = {
    "GET /search/suggestions": {"q": "sol"},
    "GET /log/consistency": {"from": 1},
}
ALWAYS: dict[str, Any] = {"number": 1, "name": "kind", "leaf": 0, "pack": "CN-BJ", "value": "price_publicity"}
UNTAGGED = {
    "GET /search",
    "GET /search/suggestions",
    "GET /search/facets/{name}",
    "GET /rounds/{round_id}/events",
}
"""The answers of the search, and a stream."""
READ = [
    row
    for row in TABLE
    if row.method == "GET" and "ok" in row.outcomes.values() and row.route not in UNTAGGED
]
TELL_THE_TIME = {
    "GET /rounds",
    "GET /challenges",
    "GET /deals/{deal_id}/dossier",
    "GET /deals/{deal_id}/dossier.pdf",
}
"""These show the server's time, so that no two answers are the same."""
CHANGED = {
    f"GET {path.removeprefix('/api/v1')}"
    for method, path, handler in ROUTES
    if method in ("PATCH", "PUT") and not handler.opt.get("unconditional")
}
"""What may be changed with the tag of what was read, where it is read at the same address."""


@pytest_asyncio.fixture(scope="module")
async def world(market: Market) -> AsyncIterator[World]:
    """With passwords that cost nothing to check: what they cost is no matter of roles."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("market.identity.service.password_fits", _fits)
        patched.setattr("market.identity.service.hash_password", _hashed)
        world = await World.of(market)
        await sequence(market.settings, market.database)
        yield world


async def _fits(stored: str | None, password: str) -> bool:
    return stored is not None and password == PASSWORD


async def _hashed(password: str) -> str:
    return "no hash"


async def ask(
    world: World, row: Row, caller: str, thing: dict[str, Any], **conditions: str
) -> httpx.Response:
    """Make the row's request as this caller. What is refused changes nothing; what is done is undone."""
    who = world.people.get(caller, world.company)
    headers = {"If-Match": "*", **fresh_key(), **conditions}
    if caller != "anonymous":
        headers["Authorization"] = f"Bearer {who.token}"
    values = ALWAYS | thing
    path = re.sub(r"\{(\w+)\}", lambda found: str(values[found.group(1)]), row.path)
    body = BODIES[row.route](world, thing, who) if row.route in BODIES else None
    changes = row.method != "GET" and row.outcomes[caller] == "ok"
    async with undone(world.market) if changes else nullcontext():
        answer = await world.market.client.request(
            row.method, f"/api/v1{path}", json=body, params=QUERIES.get(row.route), headers=headers
        )
    world.market.client.cookies.clear()
    return answer


async def outcomes(world: World, row: Row) -> dict[str, str]:
    """What each caller of the row gets; those who are to be refused ask at once."""
    asking = {caller: row.fill(world, caller) for caller, outcome in row.outcomes.items() if outcome != "-"}
    done = {who: thing for who, thing in asking.items() if row.outcomes[who] == "ok" and row.method != "GET"}
    others = {who: thing for who, thing in asking.items() if who not in done}
    answers = {who: await ask(world, row, who, thing) for who, thing in done.items()}
    together = await asyncio.gather(*(ask(world, row, who, thing) for who, thing in others.items()))
    answers |= dict(zip(others, together, strict=True))
    for answer in {answer.status_code: answer for answer in answers.values()}.values():
        conforms(row.method, f"/api/v1{row.path}", answer)
    found = {who: "ok" if answer.is_success else str(answer.status_code) for who, answer in answers.items()}
    return {who: found.get(who, "-") for who in row.outcomes}


def test_every_route_stands_in_the_table_and_no_other() -> None:
    of_the_api = [(method, path) for method, path, _ in ROUTES if path.startswith("/api/v1/")]
    routes = {f"{method} {path.removeprefix('/api/v1')}" for method, path in of_the_api}
    assert {row.route for row in TABLE} == routes


def test_every_route_of_a_thing_is_asked_for_somebody_elses_too() -> None:
    standings: dict[str, set[str]] = {}
    for row in TABLE:
        standings.setdefault(row.route, set()).add(row.thing.partition(":")[0])
    missing = {
        route
        for route, known in standings.items()
        if "_id}" in route and "/editions/" not in route and not known & {"foreign", "another"}
    }
    assert not missing


def test_every_route_is_open_to_somebody() -> None:
    found = {row.route for row in TABLE if "ok" in row.outcomes.values()}
    assert {row.route for row in TABLE} - found == {
        "POST /managers"
    }  # whoever may has a profile in this world


@pytest.mark.parametrize("row", TABLE, ids=str)
async def test_who_may_do_it(world: World, row: Row) -> None:
    assert await outcomes(world, row) == dict(row.outcomes)


@pytest.mark.parametrize("row", HIDDEN, ids=str)
async def test_what_is_not_found_is_not_told_apart_from_nothing(world: World, row: Row) -> None:
    """The same answer to the byte, but for the address that was asked for: of a thing in another, the inner one."""
    caller = next(name for name, outcome in row.outcomes.items() if outcome == "404")
    thing = row.fill(world, caller)
    nothing = thing | {re.findall(r"\{(\w+_id)\}", row.path)[-1]: NOTHING}
    told = []
    for asked in (thing, nothing):
        answer = (await ask(world, row, caller, asked)).json()
        told.append({name: value for name, value in answer.items() if name != "instance"})
    assert told[0] == told[1]


@pytest.mark.parametrize("row", READ, ids=str)
async def test_what_is_read_has_a_tag_and_whoever_holds_it_gets_no_copy(world: World, row: Row) -> None:
    """Of a thing that is changed under If-Match it is a strong one, so that it is good for that too."""
    caller = next(name for name, outcome in row.outcomes.items() if outcome == "ok")
    thing = row.fill(world, caller)
    whole = await ask(world, row, caller, thing)
    tag = whole.headers["etag"]
    assert tag.endswith('"')
    if row.route in CHANGED and whole.headers["content-type"].startswith("application/json"):
        assert tag.startswith('"'), tag
    again = await ask(world, row, caller, thing, **{"If-None-Match": f'"another", {tag}'})
    if row.route not in TELL_THE_TIME:
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        conforms(row.method, f"/api/v1{row.path}", again)
    other = await ask(world, row, caller, thing, **{"If-None-Match": '"another"'})
    assert other.status_code == 200
