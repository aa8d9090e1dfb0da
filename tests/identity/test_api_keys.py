"""API keys: shown once, hashed at rest, narrowed to scopes and one organisation, ended by time, will or departure."""

import re
from datetime import timedelta
from typing import Any

import pytest

from market.database import Database, now
from market.identity.tables import Membership
from schemas.vocabulary import OrganisationKind, Role, Scope
from tests.makers import PASSWORD, RESULT, Caller, Market
from tests.web.instances import another

FORM = {"name": "importer", "scopes": ["listings"]}


async def key_of(market: Market, person: Caller, *scopes: str, **fields: Any) -> Caller:
    """A program with a key of this person."""
    issued = await person.ok("POST", "/api-keys", FORM | {"scopes": list(scopes) or ["listings"]} | fields)
    return Caller(market.client, issued["key"], person.person_id, person.organisation_id, person.email)


@pytest.fixture
async def officer(market: Market) -> Caller:
    return (await market.university())[0]


async def test_a_key_is_shown_once_and_never_again(officer: Caller) -> None:
    answer = await officer.post("/api-keys", FORM)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    issued = answer.json()
    found = re.fullmatch(r"rh_([0-9a-f]{16})_([A-Za-z0-9_-]{43})", issued["key"])
    assert found
    assert issued["prefix"] == f"rh_{found.group(1)}"
    assert issued["organisation_id"] == str(officer.organisation_id)
    (listed,) = await officer.ok("GET", "/api-keys")
    assert listed == {name: value for name, value in issued.items() if name != "key"}


async def test_a_key_signs_its_maker_in_within_its_scopes(market: Market, officer: Caller) -> None:
    program = await key_of(market, officer)
    me = await program.ok("GET", "/people/me")
    assert me["id"] == str(officer.person_id)
    draft = await program.ok("POST", "/listings", RESULT)
    assert (await program.ok("GET", f"/listings/{draft['id']}/draft"))["id"] == draft["id"]
    (listed,) = await officer.ok("GET", "/api-keys")
    assert listed["last_used_at"] is not None


async def test_no_secret_is_anywhere_in_the_database(market: Market, officer: Caller) -> None:
    """Every column of every table, as text and as the bytes behind it."""
    director = await market.person(officer.organisation_id, Role.TTO_DIRECTOR)
    keyed = {"headers": {"Idempotency-Key": "once"}}
    issued = (await officer.post("/api-keys", FORM, headers={"Idempotency-Key": "secret"})).json()
    path = f"/organisations/{director.organisation_id}/invitations"
    invitation = (await director.post(path, {"email": "i@example.org", "roles": ["finance"]}, **keyed)).json()
    body = {"email": officer.email, "password": PASSWORD}
    opened = (await market.client.post("/api/v1/sessions", json=body, **keyed)).json()
    market.client.cookies.clear()
    secrets = [issued["key"].split("_", 2)[2], invitation["token"], opened["token"], officer.token, PASSWORD]
    text = await _everything(market.database)
    assert officer.email in text
    assert issued["prefix"].removeprefix("rh_") in text
    for secret in secrets:
        assert secret not in text
        assert secret.encode().hex() not in text


async def _everything(database: Database) -> str:
    tables = await database.pool.fetch(
        "SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables "
        "WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    assert len(tables) > 10
    parts = [
        await database.pool.fetchval(f"SELECT string_agg(t::text, ' ') FROM {table['name']} t")
        for table in tables
    ]
    return " ".join(part for part in parts if part)


# Scopes

LISTING_VERBS = ["submission", "approval", "refusal", "publication", "pause", "confirmation", "withdrawal"]


@pytest.mark.parametrize("scope", [scope for scope in Scope if scope is not Scope.LISTINGS])
async def test_no_other_scope_writes_listings(market: Market, officer: Caller, scope: Scope) -> None:
    director = await market.person(officer.organisation_id, Role.TTO_DIRECTOR)
    listing = await market.listing(officer, director, status="draft")
    for person in (officer, director):
        program = await key_of(market, person, scope)
        assert (await program.post("/listings", RESULT)).status_code == 403
        path = f"/listings/{listing['id']}"
        sees = scope is Scope.READ
        assert (await program.patch(path, {"region": "310000"}, "*")).status_code == (403 if sees else 404)
        for verb in LISTING_VERBS:
            answer = await program.post(f"{path}/{verb}", {"reason": "because"})
            assert answer.status_code == (403 if sees else 404), verb


@pytest.mark.parametrize("scope", Scope)
async def test_drafts_are_read_with_the_scope_of_listings_or_of_reading(
    market: Market, officer: Caller, scope: Scope
) -> None:
    listing = await officer.ok("POST", "/listings", RESULT)
    program = await key_of(market, officer, scope)
    sees = scope in (Scope.READ, Scope.LISTINGS)
    for part in ("draft", "events"):
        answer = await program.get(f"/listings/{listing['id']}/{part}")
        assert answer.status_code == (200 if sees else 404)
    assert len((await program.ok("GET", "/listings"))["items"]) == (1 if sees else 0)


async def test_no_key_reaches_its_makers_account_or_organisation(market: Market) -> None:
    _, director = await market.university()
    program = await key_of(market, director, *Scope)
    base = f"/organisations/{director.organisation_id}"
    (session,) = await director.ok("GET", "/sessions")
    (key,) = await director.ok("GET", "/api-keys")
    colleague = await market.person(director.organisation_id, Role.FINANCE)
    for method, path, body in [
        ("GET", "/sessions", None),
        ("DELETE", "/sessions", None),
        ("DELETE", "/sessions/current", None),
        ("DELETE", f"/sessions/{session['id']}", None),
        ("PUT", "/people/me/password", {"current": PASSWORD, "new": "a wholly different phrase"}),
        ("GET", "/api-keys", None),
        ("POST", "/api-keys", FORM),
        ("DELETE", f"/api-keys/{key['id']}", None),
        ("POST", "/invitations", {"token": "rhi_" + "A" * 43}),
        ("GET", f"{base}/members", None),
        ("POST", f"{base}/invitations", {"email": "x@example.org", "roles": ["finance"]}),
        ("PATCH", f"{base}/members/{colleague.person_id}", {"roles": []}),
        ("PATCH", base, {"region": "310000"}),
    ]:
        answer = await program(method, path, json=body, headers={"If-Match": "*"})
        assert answer.status_code == 403, (method, path, answer.text)
    assert (await director.get("/people/me")).status_code == 200


async def test_an_operators_key_sees_everything_with_the_scope_of_reading_alone(
    market: Market, officer: Caller
) -> None:
    operator = await market.operator()
    listing = await officer.ok("POST", "/listings", RESULT)
    for scopes, status in ((["read"], 200), (["listings"], 404), (["read", "listings"], 200)):
        program = await key_of(market, operator, *scopes)
        assert (await program.get(f"/listings/{listing['id']}/draft")).status_code == status
    verification = {"level": "L1", "note": "seen"}
    program = await key_of(market, operator, *Scope)
    answer = await program.post(f"/organisations/{officer.organisation_id}/verification", verification)
    assert answer.status_code == 403


# One organisation


async def test_a_key_works_in_its_own_organisation_alone(market: Market, officer: Caller) -> None:
    company = await market.organisation(OrganisationKind.COMPANY)
    async with market.database.sessions() as session, session.begin():
        session.add(
            Membership(
                person_id=officer.person_id,
                organisation_id=company,
                roles=["buyer"],
                since=await now(session),
            )
        )
    assert (await officer.post("/api-keys", FORM)).status_code == 422  # which of the two?
    program = await key_of(market, officer, organisation_id=str(company))
    other = {"organisation_id": str(officer.organisation_id)}
    assert (await program.post("/listings", RESULT | other)).status_code == 403
    mine = await officer.ok("POST", "/listings", RESULT | other)
    assert (await program.get(f"/listings/{mine['id']}/draft")).status_code == 404
    made = await program.ok("POST", "/listings", RESULT)
    assert made["organisation_id"] == str(company)
    assert [m["organisation_id"] for m in (await program.ok("GET", "/people/me"))["memberships"]] == [
        str(company)
    ]


async def test_no_key_is_made_for_an_organisation_of_others(market: Market, officer: Caller) -> None:
    _, stranger = await market.university()
    answer = await officer.post("/api-keys", FORM | {"organisation_id": str(stranger.organisation_id)})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/organisation_id"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["everything"]}, "/scopes/0"),
        ({"days": 0}, "/days"),
        ({"days": 366}, "/days"),
        ({"days": "90"}, "/days"),
        ({"days": True}, "/days"),
        ({"name": ""}, "/name"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, "/expires_at"),
        ({"person_id": "01900000-0000-7000-8000-000000000000"}, "/person_id"),
    ],
)
async def test_a_wrong_field_is_named(officer: Caller, fields: dict[str, Any], pointer: str) -> None:
    answer = await officer.post("/api-keys", FORM | fields)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


# Ending


async def test_a_revoked_key_is_dead_with_the_next_request_in_every_process(
    market: Market, officer: Caller
) -> None:
    program = await key_of(market, officer)
    (key,) = await officer.ok("GET", "/api-keys")
    headers = {"Authorization": f"Bearer {program.token}"}
    async with another(market.settings) as other:
        assert (await other.client.get("/api/v1/people/me", headers=headers)).status_code == 200
        assert (await officer("DELETE", f"/api-keys/{key['id']}")).status_code == 204
        assert (await other.client.get("/api/v1/people/me", headers=headers)).status_code == 401
    assert (await officer("DELETE", f"/api-keys/{key['id']}")).status_code == 204
    (listed,) = await officer.ok("GET", "/api-keys")
    assert listed["revoked_at"] is not None
    kinds = await market.database.pool.fetch(
        "SELECT kind FROM event WHERE subject_id = $1 ORDER BY seq", officer.organisation_id
    )
    assert [row["kind"] for row in kinds] == ["key_issued", "key_revoked"]


async def test_a_key_ends_when_its_days_are_over(market: Market, officer: Caller) -> None:
    program = await key_of(market, officer, days=1)
    shift = "UPDATE api_key SET expires_at = expires_at - $2::interval WHERE person_id = $1"
    await market.database.pool.execute(shift, officer.person_id, timedelta(hours=23))
    assert (await program.get("/people/me")).status_code == 200
    await market.database.pool.execute(shift, officer.person_id, timedelta(hours=1))
    assert (await program.get("/people/me")).status_code == 401


async def test_a_key_ends_with_the_membership_that_it_was_made_in(market: Market) -> None:
    officer, director = await market.university()
    program = await key_of(market, officer)
    path = f"/organisations/{director.organisation_id}/members/{officer.person_id}"
    await director("PATCH", path, json={"roles": []})
    assert (await program.get("/listings")).status_code == 401


async def test_a_key_does_less_when_its_maker_may_do_less(market: Market) -> None:
    officer, director = await market.university()
    program = await key_of(market, officer)
    path = f"/organisations/{director.organisation_id}/members/{officer.person_id}"
    await director("PATCH", path, json={"roles": ["finance"]})
    assert (await program.post("/listings", RESULT)).status_code == 403


async def test_nobody_revokes_anothers_key(market: Market, officer: Caller) -> None:
    program = await key_of(market, officer)
    (key,) = await officer.ok("GET", "/api-keys")
    colleague = await market.person(officer.organisation_id, Role.TTO_DIRECTOR)
    assert (await colleague("DELETE", f"/api-keys/{key['id']}")).status_code == 404
    assert (await program.get("/people/me")).status_code == 200


async def test_the_id_of_one_key_with_the_secret_of_another_is_refused(
    market: Market, officer: Caller
) -> None:
    one, other = [await key_of(market, officer) for _ in range(2)]
    mixed = "_".join([*one.token.split("_", 2)[:2], other.token.split("_", 2)[2]])
    answer = await market.client.get("/api/v1/people/me", headers={"Authorization": f"Bearer {mixed}"})
    assert answer.status_code == 401
