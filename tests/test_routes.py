"""Every route of the application: who may call it, and what no caller can set."""

import itertools
from collections.abc import Iterator
from typing import Any, get_args
from uuid import UUID

import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from pydantic import BaseModel, RootModel
from sqlmodel import SQLModel

import market.tables  # noqa: F401 - registers every table
from market.app import create_app
from market.identity.tables import ApiKey, Invitation, Membership, Person, PersonSession
from market.listings.tables import Listing
from market.organisations.tables import Organisation
from market.permissions import HALL_ROLES, ROLE_PERMISSIONS, Permission
from market.settings import Settings
from schemas.vocabulary import Role
from tests.makers import CONTENT, PASSWORD, RESULT, Caller, Market

NOTHING = "01900000-0000-7000-8000-000000000000"
# What Litestar itself serves: the description and its page.
DESCRIPTION = frozenset({"/schema", "/schema/openapi.json", "/schema/{path}"})


def routes(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """Method, path and handler of everything that is served."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            for method in handler.http_methods - {"OPTIONS"}:
                if route.path_format not in DESCRIPTION:
                    yield method, route.path_format, handler


APP = create_app(Settings(database_url="postgresql://nobody@127.0.0.1/nowhere", demo=True))
ROUTES = sorted(routes(APP), key=lambda route: (route[1], route[0]))
IDS = [f"{method} {path}" for method, path, _ in ROUTES]

# What anyone may do without signing in. A route that is to be public has to be entered here too.
PUBLIC = {
    "POST /api/v1/people",
    "POST /api/v1/sessions",
    "GET /api/v1/organisations",
    "GET /api/v1/organisations/{organisation_id}",
    "GET /api/v1/listings/{listing_id}",
    "GET /api/v1/listings/{listing_id}/similar",
    "GET /api/v1/listings/{listing_id}/status",
    "GET /api/v1/listings/{listing_id}/versions",
    "GET /api/v1/listings/{listing_id}/versions/{number}",
    "GET /api/v1/challenges",
    "GET /api/v1/challenges/{challenge_id}",
    "GET /api/v1/challenges/{challenge_id}/opening",
    "GET /api/v1/challenges/{challenge_id}/questions",
    "GET /api/v1/challenges/{challenge_id}/results",
    "GET /api/v1/challenges/{challenge_id}/rules",
    "GET /api/v1/editions",
    "GET /api/v1/editions/{edition_id}",
    "GET /api/v1/editions/{edition_id}/items.csv",
    "GET /api/v1/editions/{edition_id}/outcomes",
    "GET /api/v1/keys/log",
    "GET /api/v1/keys/receipts",
    "GET /api/v1/log/consistency",
    "GET /api/v1/log/entries/{leaf}",
    "GET /api/v1/managers",
    "GET /api/v1/managers/{manager_id}",
    "GET /api/v1/notices",
    "GET /api/v1/notices.atom",
    "GET /api/v1/notices/{notice_id}",
    "GET /api/v1/notices/{notice_id}/proof",
    "GET /api/v1/organisations/{organisation_id}/objection-policy",
    "GET /api/v1/releases",
    "GET /api/v1/reward-schemes",
    "GET /api/v1/releases.atom",
    "GET /api/v1/releases.ics",
    "GET /api/v1/rounds",
    "GET /api/v1/rounds/{round_id}",
    "GET /api/v1/rounds/{round_id}/events",
    "GET /api/v1/rounds/{round_id}/log",
    "GET /api/v1/rounds/{round_id}/opening",
    "GET /api/v1/rounds/{round_id}/rules",
    "GET /api/v1/rule-packs",
    "GET /api/v1/rule-packs/schema",
    "GET /api/v1/rule-packs/{pack}",
    "GET /api/v1/rule-packs/{pack}/{value}",
    "GET /api/v1/search",
    "GET /api/v1/search/facets/{name}",
    "GET /api/v1/search/suggestions",
    "GET /",
    "GET /assets/seal-bid.js",
    "GET /health",
    "GET /log/checkpoint",
    "GET /log/tile/{level}/{where}",
    "GET /ready",
    "GET /problems",
    "GET /problems/{slug}",
    "GET /schema/assets/{name}",
}
# What finds out by itself who is calling, since it decides many requests in one transaction.
DECIDES_WHO = {"POST /api/v1/rounds/{round_id}/bids"}


@pytest.mark.parametrize(("method", "path", "handler"), ROUTES, ids=IDS)
def test_every_handler_takes_the_actor_or_is_public(
    method: str, path: str, handler: HTTPRouteHandler
) -> None:
    takes = handler.parsed_fn_signature.parameters
    assert ("actor" in takes) is (f"{method} {path}" not in PUBLIC | DECIDES_WHO)
    assert bool(handler.opt.get("decides_who")) is (f"{method} {path}" in DECIDES_WHO)
    assert bool(handler.opt.get("public")) is (f"{method} {path}" in PUBLIC)


@pytest.mark.parametrize(("method", "path", "handler"), ROUTES, ids=IDS)
def test_every_handler_says_what_it_does(method: str, path: str, handler: HTTPRouteHandler) -> None:
    assert handler.fn.__doc__
    assert handler.summary or not handler.include_in_schema


def test_nothing_changes_by_reading() -> None:
    assert {method for method, _, _ in ROUTES} <= {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert not [
        path
        for method, path, handler in ROUTES
        if method == "GET" and "data" in handler.parsed_fn_signature.parameters
    ]


def _types(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type):
        yield annotation
    for inner in get_args(annotation):
        yield from _types(inner)


@pytest.mark.parametrize(("method", "path", "handler"), ROUTES, ids=IDS)
def test_no_table_is_a_body_or_an_answer(method: str, path: str, handler: HTTPRouteHandler) -> None:
    """A table does not validate, lets a caller set its id, and shows every column."""
    signature = handler.parsed_fn_signature
    annotations = [signature.return_type.annotation]
    if "data" in signature.parameters:
        annotations.append(signature.parameters["data"].annotation)
    for found in itertools.chain.from_iterable(map(_types, annotations)):
        assert not issubclass(found, SQLModel)


@pytest.mark.parametrize(
    ("method", "path", "handler"),
    [route for route in ROUTES if "data" in route[2].parsed_fn_signature.parameters],
)
def test_every_body_refuses_what_it_does_not_know(method: str, path: str, handler: HTTPRouteHandler) -> None:
    (body,) = (
        found
        for found in _types(handler.parsed_fn_signature.parameters["data"].annotation)
        if issubclass(found, BaseModel)
    )
    assert issubclass(body, RootModel) or body.model_config.get("extra") == "forbid"


# What a caller asks for in a body or reads in a list; who reaches which route is in tests/api/access.txt


@pytest.fixture(scope="module")
async def everyone(market: Market) -> dict[Role, Caller]:
    """A person of each role in one organisation; the hall's roles in the operator's."""
    home, hall = await market.organisation(), (await market.operator()).organisation_id
    return {role: await market.person(hall if role in HALL_ROLES else home, role) for role in Role}


@pytest.fixture(scope="module")
async def listings(market: Market, everyone: dict[Role, Caller]) -> dict[str, str]:
    """A listing of the organisation of `everyone`, and one of strangers; both drafts."""
    stranger = (await market.university())[0]
    own = await everyone[Role.TTO_OFFICER].ok("POST", "/listings", RESULT)
    foreign = await stranger.ok("POST", "/listings", RESULT)
    return {"own": own["id"], "foreign": foreign["id"]}


@pytest.mark.parametrize("role", Role)
async def test_who_begins_a_listing_and_for_whom(
    everyone: dict[Role, Caller], market: Market, role: Role
) -> None:
    may = Permission.EDIT_LISTING in ROLE_PERMISSIONS[role] and role is not Role.BUYER  # in a university
    who = everyone[role]
    assert (await who.post("/listings", RESULT)).status_code == (201 if may else 403)
    own = RESULT | {"organisation_id": str(who.organisation_id)}
    assert (await who.post("/listings", own)).status_code == (201 if may else 403)
    for foreign in (str(await market.organisation()), NOTHING):
        assert (await who.post("/listings", RESULT | {"organisation_id": foreign})).status_code == 403


@pytest.mark.parametrize("role", Role)
async def test_a_list_shows_own_listings_and_all_of_them_to_the_hall(
    everyone: dict[Role, Caller], listings: dict[str, str], role: Role
) -> None:
    shown = {
        item["organisation_id"] for item in (await everyone[role].ok("GET", "/listings?limit=100"))["items"]
    }
    assert (len(shown) > 1) is (role in HALL_ROLES)


# Mass assignment: every column of the table is sent to every route that writes it

VALUES: dict[type, Any] = {
    UUID: NOTHING,
    int: 99,
    str: "forged",
    bytes: "forged",
    bool: True,
    list: ["forged"],
    dict: {"en": "forged"},
}


def forged(table: type[SQLModel], *writable: str) -> dict[str, Any]:
    """A value for every column that the caller has no business to set."""
    found: dict[str, Any] = {}
    for name, column in table.__table__.columns.items():  # type: ignore[attr-defined]
        if name not in writable:
            kind = column.type.python_type
            found[name] = VALUES.get(kind, "2099-01-01T00:00:00Z")
    return found


async def rows(market: Market, table: type[SQLModel], where: str = "true") -> list[tuple[Any, ...]]:
    name = table.__tablename__
    return [
        tuple(row)
        for row in await market.database.pool.fetch(f"SELECT * FROM {name} WHERE {where} ORDER BY 1")
    ]


WRITES: list[tuple[str, str, type[SQLModel], dict[str, Any], tuple[str, ...]]] = [
    *(("POST", "/listings", Listing, body, ("kind", "organisation_id")) for body in CONTENT.values()),
    ("PATCH", "/listings/{listing}", Listing, {"region": "310000"}, ("kind",)),
    ("POST", "/listings/{listing}/refusal", Listing, {"reason": "because"}, ()),
    ("POST", "/listings/{listing}/withdrawal", Listing, {"reason": "because"}, ()),
    ("POST", "/people", Person, {"email": "m@example.org", "password": PASSWORD, "name": "M", "organisation": {}}, ("email", "name")),
    ("POST", "/sessions", PersonSession, {"email": "m@example.org", "password": PASSWORD}, ()),
    ("PUT", "/people/me/password", Person, {"current": PASSWORD, "new": "a different phrase"}, ()),
    ("POST", "/organisations/{organisation}/invitations", Invitation, {"email": "i@example.org", "roles": ["finance"]}, ("email", "roles")),
    ("PATCH", "/organisations/{organisation}/members/{person}", Membership, {"roles": ["finance"]}, ("roles",)),
    ("POST", "/api-keys", ApiKey, {"name": "k", "scopes": ["read"]}, ("name", "scopes", "organisation_id")),
    ("PATCH", "/organisations/{organisation}", Organisation, {"region": "310000"}, ("name", "region")),
    ("POST", "/organisations/{organisation}/verification", Organisation, {"level": "L1", "note": "x"}, ()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "table", "body", "writable"), WRITES, ids=[f"{w[0]} {w[1]}" for w in WRITES]
)
async def test_no_column_that_the_server_owns_is_set_by_a_caller(
    market: Market,
    method: str,
    path: str,
    table: type[SQLModel],
    body: dict[str, Any],
    writable: tuple[str, ...],
) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director, status="draft" if method == "PATCH" else "in_review")
    who = (await market.operator()) if path.endswith("verification") else director
    where = path.format(
        listing=listing["id"], organisation=director.organisation_id, person=officer.person_id
    )
    before = await rows(market, table)
    for column, value in forged(table, *writable).items():
        if column in body:
            continue
        answer = await who(method, where, json=body | {column: value}, headers={"If-Match": "*"})
        assert answer.status_code == 422, (column, answer.text)
        assert f"/{column}" in [error["pointer"] for error in answer.json()["errors"]], column
    assert await rows(market, table) == before


@pytest.mark.parametrize("verb", ["submission", "approval", "publication", "pause", "confirmation"])
async def test_a_verb_without_a_body_takes_nothing_from_one(market: Market, verb: str) -> None:
    officer, director = await market.university()
    states = {"submission": "draft", "approval": "in_review", "publication": "approved"}
    listing = await market.listing(officer, director, status=states.get(verb, "published"))
    who = officer if verb == "submission" else director
    columns = (
        "id, kind, organisation_id, content, created_by, editors, withdrawal_reason, created_at, revision"
    )
    query = f"SELECT {columns} FROM listing WHERE id = $1"
    before = tuple(await market.database.pool.fetchrow(query, UUID(listing["id"])))
    answer = await who.post(f"/listings/{listing['id']}/{verb}", forged(Listing))
    assert answer.status_code == 200
    after = tuple(await market.database.pool.fetchrow(query, UUID(listing["id"])))
    assert after == (*before[:-1], before[-1] + 1)


async def test_no_answer_shows_what_the_house_keeps_to_itself(market: Market) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director)
    shown = {
        "listing": await officer.ok("GET", f"/listings/{listing['id']}/draft"),
        "sessions": await officer.ok("GET", "/sessions"),
        "members": await director.ok("GET", f"/organisations/{director.organisation_id}/members"),
        "organisations": (await market.client.get("/api/v1/organisations")).json(),
    }
    for hidden in ("editors", "created_by", "password_hash", "token_sha256", "secret_sha256", "name_keys"):
        assert hidden not in str(shown)
