"""Profiles of technology managers and the public directory."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from schemas.vocabulary import OrganisationKind, Role
from tests.makers import Market
from tests.managers.profiles import PROFILE, a_manager


async def _directory(market: Market, **params: Any) -> set[str]:
    response = await market.client.get("/api/v1/managers", params={"limit": 100} | params)
    assert response.status_code == 200, response.text
    return {item["id"] for item in response.json()["items"]}


async def test_a_manager_registers_and_stands_in_the_public_directory(market: Market) -> None:
    caller, profile = await a_manager(market)
    assert profile["record"] == {"introductions": 0, "succeeded": 0, "without_deal": 0}
    assert profile["open_assignments"] == 0
    assert profile["credentials"][0]["number"] == "TM-2024-001"
    public = await market.client.get(f"/api/v1/managers/{profile['id']}")
    shown = public.json()
    assert shown["name"].startswith("Person of")
    assert shown["organisation_name"]["en"].startswith("Example tto")
    assert shown["credentials"] is None
    assert shown["fields"] == PROFILE["fields"]
    own = await caller.get("/managers/me")
    assert own.json()["id"] == profile["id"]
    assert own.json()["credentials"] == profile["credentials"]
    assert profile["id"] in await _directory(market)


async def test_the_operator_and_the_auditor_see_credentials(market: Market) -> None:
    _, profile = await a_manager(market)
    for caller in (await market.operator(), await market.auditor()):
        assert (await caller.ok("GET", f"/managers/{profile['id']}"))["credentials"]
    stranger = await market.company()
    assert (await stranger.ok("GET", f"/managers/{profile['id']}"))["credentials"] is None


async def test_one_person_has_one_profile_also_of_two_requests_at_once(market: Market) -> None:
    caller = await market.manager()
    answers = await asyncio.gather(caller.post("/managers", PROFILE), caller.post("/managers", PROFILE))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert (await caller.post("/managers", PROFILE)).status_code == 409


async def test_only_a_manager_registers_and_only_in_an_organisation_of_their_own(market: Market) -> None:
    company = await market.company()
    assert (await company.post("/managers", PROFILE)).status_code == 403
    manager = await market.manager()
    elsewhere = PROFILE | {"organisation_id": str(company.organisation_id)}
    assert (await manager.post("/managers", elsewhere)).status_code == 403


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"fields": {}}, "/fields"),
        ({"fields": {"ipc": ["Z99"]}}, "/fields/ipc/0"),
        ({"languages": []}, "/languages"),
        ({"languages": ["Chinese"]}, "/languages/0"),
        ({"capacity": 0}, "/capacity"),
        ({"capacity": "3"}, "/capacity"),
        ({"available": "yes"}, "/available"),
        ({"level": "expert"}, "/level"),
        ({"record": {"introductions": 99}}, "/record"),
        ({"credentials": [{"issuer": "A board"}]}, "/credentials/0/number"),
    ],
)
async def test_a_bad_field_is_named(market: Market, fields: dict[str, Any], pointer: str) -> None:
    caller = await market.manager()
    response = await caller.post("/managers", PROFILE | fields)
    assert response.status_code == 422
    assert pointer in [error["pointer"] for error in response.json()["errors"]]


async def test_a_manager_changes_their_own_profile(market: Market) -> None:
    caller, profile = await a_manager(market)
    path = f"/managers/{profile['id']}"
    read = await caller.get(path)
    unconditional = await caller("PATCH", path, json={"capacity": 9})
    assert unconditional.status_code == 428
    change = {"capacity": 9, "fields": {"industry": ["3841"]}, "available": False}
    changed = await caller.patch(path, change, read.headers["etag"])
    assert changed.status_code == 200, changed.text
    assert changed.json()["capacity"] == 9
    assert changed.json()["fields"] == {"ipc": [], "discipline": [], "industry": ["C3841"]}
    assert changed.json()["languages"] == PROFILE["languages"]
    stale = await caller.patch(path, {"capacity": 1}, read.headers["etag"])
    assert stale.status_code == 412
    removed = await caller.patch(path, {"level": None, "languages": None}, changed.headers["etag"])
    assert removed.status_code == 422
    assert {error["pointer"] for error in removed.json()["errors"]} == {"/level", "/languages"}


async def test_nobody_changes_the_profile_of_another(market: Market) -> None:
    caller, profile = await a_manager(market)
    colleague = await market.person(caller.organisation_id, Role.MANAGER)
    for other in (colleague, await market.manager(), await market.company(), await market.operator()):
        response = await other.patch(
            f"/managers/{profile['id']}", {"capacity": 99}, f'"r{profile["revision"]}"'
        )
        assert response.status_code == 403


async def test_the_directory_is_filtered_by_field_language_and_region(market: Market) -> None:
    async def made(ipc: str, language: str, region: str, industry: str) -> str:
        fields = {"ipc": [ipc], "industry": [industry]}
        _, profile = await a_manager(market, fields=fields, languages=[language], regions=[region])
        return str(profile["id"])

    batteries = await made("H01M 10/05", "zh", "110000", "C38")
    software = await made("G06F", "ja", "500000", "65")
    everything = {batteries, software}
    for params, expected in (
        ({"field": "H01M"}, {batteries}),
        ({"field": "H01M 10/0562"}, {batteries}),
        ({"field": "G06F 16/33"}, {software}),
        ({"field": "C"}, {batteries}),
        ({"field": "3841"}, {batteries}),
        ({"field": "6510"}, {software}),
        ({"field": "A61K"}, set()),
        ({"language": "ja"}, {software}),
        ({"region": "11"}, {batteries}),
        ({"region": "110108"}, {batteries}),
        ({"region": "500101"}, {software}),
        ({"region": "510100"}, set()),
        ({"field": "G06F", "language": "zh"}, set()),
    ):
        assert (await _directory(market, **params)) & everything == expected, params
    for params in ({"field": "h01m;"}, {"language": "Japanese"}, {"region": "北京"}):
        response = await market.client.get("/api/v1/managers", params=params)
        assert response.status_code in (400, 422), params


async def test_a_symbol_of_one_classification_finds_nobody_of_another(market: Market) -> None:
    async def made(**fields: list[str]) -> str:
        return str((await a_manager(market, fields=fields))[1]["id"])

    wind, information, building = (
        await made(ipc=["F03"]),
        await made(discipline=["F"]),
        await made(industry=["F"]),
    )
    all_three = {wind, information, building}
    for field, expected in (
        ("F03D", {wind}),
        ("F03D 1/06", {wind}),
        ("F0301", {information, building}),
        ("5120", {building}),
        ("F", all_three),
    ):
        assert (await _directory(market, field=field)) & all_three == expected, field


async def test_the_directory_is_paged(market: Market) -> None:
    for _ in range(3):
        await a_manager(market, languages=["de"])
    seen: list[str] = []
    params: dict[str, Any] = {"language": "de", "limit": 2}
    while True:
        page = (await market.client.get("/api/v1/managers", params=params)).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert len(seen) == 3
    assert seen == sorted(seen, reverse=True)


async def test_who_is_a_manager_no_more_leaves_the_directory(market: Market) -> None:
    caller, profile = await a_manager(market)
    async with market.database.sessions() as session, session.begin():
        await session.execute(
            text("UPDATE membership SET roles = ARRAY['finance'] WHERE person_id = :id"),
            {"id": caller.person_id},
        )
    assert profile["id"] not in await _directory(market)
    assert (await market.client.get(f"/api/v1/managers/{profile['id']}")).status_code == 404


async def test_a_manager_of_two_agencies_names_one(market: Market) -> None:
    caller = await market.manager()
    second = await market.organisation(OrganisationKind.TTO)
    async with market.database.sessions() as session, session.begin():
        await session.execute(
            text(
                "INSERT INTO membership (person_id, organisation_id, roles, since) "
                "VALUES (:p, :o, ARRAY['manager'], now())"
            ),
            {"p": caller.person_id, "o": second},
        )
    unnamed = await caller.post("/managers", PROFILE)
    assert unnamed.status_code == 422
    assert unnamed.json()["errors"][0]["pointer"] == "/organisation_id"
    named = await caller.ok("POST", "/managers", json=PROFILE | {"organisation_id": str(second)})
    assert named["organisation_id"] == str(second)


async def test_nobody_without_a_profile_has_one_of_their_own(market: Market) -> None:
    caller = await market.manager()
    assert (await caller.get("/managers/me")).status_code == 404


async def test_an_unknown_profile_is_not_found(market: Market) -> None:
    caller = await market.manager()
    path = "/managers/01900000-0000-7000-8000-000000000000"
    assert (await caller.get(path)).status_code == 404
    assert (await caller.patch(path, {"capacity": 2}, '"r1"')).status_code == 404
