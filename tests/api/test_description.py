"""The API against its own description: whatever is sent, the answer is one that the description has.

MARKET_TEST_EXAMPLES asks for more of it, and MARKET_TEST_SEED for others.
"""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, settings

from schemas.vocabulary import Role
from tests.api.access import table
from tests.api.description import CHECKS, DOCUMENT, SCHEMA, answer_of
from tests.api.world import World, undone
from tests.makers import Market

AS_IT_IS = settings(suppress_health_check=list(HealthCheck), deadline=None)
PUBLIC = SCHEMA.include(lambda context: "security" not in context.operation.definition.raw)
COUNTED = ("/people", "/sessions", "/password")
"""Where attempts are counted, which would soon be too many."""
FROM: dict[str, str] = {}
"""By operation, what it is done to: the first of each in the table of access."""
for row in table():
    FROM.setdefault(f"{row.method} /api/v1{row.path}", row.thing)


class Sender:
    """Sends what is made up into the application of this process, on the loop that it lives in; nothing stays."""

    def __init__(self, world: World, loop: asyncio.AbstractEventLoop) -> None:
        self.world, self.loop = world, loop

    def __call__(self, case: schemathesis.Case, **headers: str) -> None:
        """Send one request and judge its answer."""
        made = case.as_transport_kwargs(base_url="http://hall.test", headers=headers)
        known = ("method", "url", "headers", "cookies", "params", "data", "json", "files")
        request = requests.Request(**{name: made[name] for name in known if name in made}).prepare()
        answer = self.loop.run_until_complete(self._sent(request))
        case.validate_response(answer_of(answer, request), checks=CHECKS)

    async def _sent(self, request: requests.PreparedRequest) -> httpx.Response:
        market, url = self.world.market, str(request.url)
        if any(part in url for part in COUNTED):
            await market.database.pool.execute("DELETE FROM attempts")
        body = request.body.encode() if isinstance(request.body, str) else request.body
        async with undone(market):
            answer = await market.client.request(
                str(request.method), url, content=body, headers=_on_the_wire(request)
            )
        market.client.cookies.clear()
        return answer


def _on_the_wire(request: requests.PreparedRequest) -> list[tuple[bytes, bytes]]:
    values: dict[str, Any] = dict(request.headers)
    return [
        (name.encode(), value if isinstance(value, bytes) else value.encode("utf-8", "replace"))
        for name, value in values.items()
    ]


@pytest_asyncio.fixture(scope="module")
async def send(market: Market) -> Sender:
    """With one person who holds every role at home, and the operator's and the auditor's in the hall."""
    world = await World.of(market, standings=("own", "carried"))
    everybody, hall = world.carrier.person_id, world.people["operator"].organisation_id
    at_home = sorted(set(Role) - {Role.OPERATOR, Role.AUDITOR})
    pool = market.database.pool
    await pool.execute("UPDATE membership SET roles = $2 WHERE person_id = $1", everybody, at_home)
    joining = "INSERT INTO membership (person_id, organisation_id, roles, since) VALUES ($1, $2, $3, now())"
    await pool.execute(joining, everybody, hall, ["auditor", "operator"])
    return Sender(world, asyncio.get_running_loop())


def _put(case: schemathesis.Case, world: World) -> None:
    """In place of an id that is none of anything, the id of what stands where the operation begins from."""
    thing = FROM.get(f"{case.operation.method.upper()} {case.operation.path}", "")
    known = world.things.get(thing) or world.things.get(f"{thing}:manager") or {}
    for name, value in list(case.path_parameters.items()):
        with suppress(ValueError):
            if name in known and UUID(str(value)):
                case.path_parameters[name] = str(known[name])


@SCHEMA.parametrize()
@AS_IT_IS
def test_whoever_may_do_everything_gets_answers_that_are_described(
    send: Sender, case: schemathesis.Case
) -> None:
    _put(case, send.world)
    send(case, Authorization=f"Bearer {send.world.carrier.token}")


@PUBLIC.parametrize()
@AS_IT_IS
def test_anybody_gets_answers_that_are_described(send: Sender, case: schemathesis.Case) -> None:
    _put(case, send.world)
    send(case)


@pytest.mark.parametrize(
    "path", ["/managers?field=9B14OD", "/listings?status=null", "/search?trl_min=null", "/search/suggestions"]
)
async def test_what_was_once_answered_wrongly_is_bad_input(send: Sender, path: str) -> None:
    """An industry that begins with one digit crashed; null filtered nothing; what is missing was no named field."""
    answer = await send.world.carrier.get(path)
    assert answer.status_code == (200 if "field" in path else 422), answer.text


def test_every_route_of_the_api_is_described() -> None:
    assert {f"{row.method} /api/v1{row.path}" for row in table()} <= {
        f"{method.upper()} {path}" for path, operations in DOCUMENT["paths"].items() for method in operations
    }
