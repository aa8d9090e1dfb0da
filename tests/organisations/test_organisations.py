"""Organisations over HTTP: their profile, and what their verification rests on."""

from typing import Any

import httpx
import pytest

from schemas.vocabulary import VerificationLevel
from tests.makers import Caller, Market


@pytest.fixture
async def director(market: Market) -> Caller:
    return (await market.university())[1]


async def change(who: Caller, patch: dict[str, Any]) -> httpx.Response:
    return await who.patch(f"/organisations/{who.organisation_id}", patch, "*")


async def identify(market: Market, who: Caller, scheme: str, value: str, check: str) -> None:
    await market.database.pool.execute(
        "INSERT INTO organisation_identifier (organisation_id, scheme, value, check_result) VALUES ($1, $2, $3, $4)",
        who.organisation_id,
        scheme,
        value,
        check,
    )


async def verify(operator: Caller, who: Caller, **fields: Any) -> httpx.Response:
    return await operator.post(
        f"/organisations/{who.organisation_id}/verification", {"note": "Papers seen"} | fields
    )


async def test_a_patch_of_the_name_changes_one_language_and_leaves_the_other(director: Caller) -> None:
    before = (await change(director, {})).json()["name"]
    after = (await change(director, {"name": {"en": "A Better Name"}})).json()["name"]
    assert after == before | {"en": "A Better Name"}
    only = (await change(director, {"name": {"en": None}})).json()["name"]
    assert only == {"zh-Hans": before["zh-Hans"]}


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"name": None}, "/name"),
        ({"name": {"en": None, "zh-Hans": None}}, "/name"),
        ({"name": {"fr": "Nom"}}, "/name/fr"),
        ({"name": {"en": ""}}, "/name/en"),
        ({"name": {"en": "Ехample"}}, "/name/en"),
        ({"region": "nowhere"}, "/region"),
        ({"website": "javascript:alert(1)"}, "/website"),
        ({"founding": "private"}, "/founding"),
        ({"identifiers": []}, "/identifiers"),
        ({"verification": "L2"}, "/verification"),
    ],
)
async def test_what_cannot_be_changed_is_named(director: Caller, patch: dict[str, Any], pointer: str) -> None:
    answer = await change(director, patch)
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_optional_fields_are_removed_by_null(director: Caller) -> None:
    await change(director, {"website": "https://example.org", "region": "310000"})
    cleared = (await change(director, {"website": None, "region": None})).json()
    assert (cleared["website"], cleared["region"]) == (None, None)


async def test_a_patch_that_changes_nothing_is_no_change(director: Caller) -> None:
    first = await change(director, {"region": "310000"})
    again = await change(director, {"region": "310000"})
    assert again.headers["etag"] == first.headers["etag"]


async def test_no_organisation_takes_the_looks_of_another(market: Market, director: Caller) -> None:
    _, other = await market.university()
    assert (await change(other, {"name": {"en": "Mirror University"}})).status_code == 200
    for forged in ("MIRROR UNIVERSITY", "Mirror-University", "Міrrоr Unіvеrѕіtу"):
        assert (await change(director, {"name": {"en": forged}})).status_code in (409, 422)
    assert (await change(other, {"name": {"en": "Mirror  University"}})).status_code == 200, (
        "its own name is free"
    )


async def test_a_new_name_has_not_been_compared_with_the_papers(director: Caller) -> None:
    assert (await change(director, {"region": "310000"})).json()["verification"] == "L2"
    assert (await change(director, {"name": {"en": "Renamed University"}})).json()["verification"] == "L1"


async def test_an_unverified_organisation_gains_nothing_by_a_new_name(market: Market) -> None:
    company = await market.company(VerificationLevel.L0)
    assert (await change(company, {"name": {"en": "Renamed Company"}})).json()["verification"] == "L0"


async def test_a_new_name_is_found(market: Market) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director)
    await market.database.pool.execute("DELETE FROM search_dirty")
    await change(director, {"name": {"en": "Found University"}})
    assert await market.database.pool.fetchval("SELECT listing_id::text FROM search_dirty") == listing["id"]


async def test_no_level_without_a_number_that_is_sound(market: Market, director: Caller) -> None:
    operator = await market.operator()
    for level in ("L1", "L2"):
        answer = await verify(operator, director, level=level)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/level"
    assert (await verify(operator, director, level="L0")).json()["verification"] == "L0"
    await identify(market, director, "ror", "https://ror.org/03cve4549", "passed")
    assert (await verify(operator, director, level="L1")).json()["verification"] == "L1"


async def test_a_pilot_code_is_verified_by_a_person_who_has_seen_the_certificate(
    market: Market, director: Caller
) -> None:
    operator = await market.operator()
    await identify(market, director, "uscc", "91350203M0001QAY9B", "failed")
    assert (await verify(operator, director, level="L1")).status_code == 422
    unknown = await verify(operator, director, level="L1", manually_verified=["uscc", "ror"])
    assert unknown.status_code == 422
    assert unknown.json()["errors"][0]["pointer"] == "/manually_verified/1"
    done = (await verify(operator, director, level="L1", manually_verified=["uscc"])).json()
    assert done["verification"] == "L1"
    assert done["identifiers"] == [
        {"scheme": "uscc", "value": "91350203M0001QAY9B", "check": "manually_verified"}
    ]
    events = await market.database.pool.fetch(
        "SELECT kind, role, reason FROM event WHERE subject_id = $1", director.organisation_id
    )
    assert [tuple(event) for event in events] == [("verified", "operator", "Papers seen")]


async def test_a_verification_says_what_it_rests_on(market: Market, director: Caller) -> None:
    operator = await market.operator()
    answer = await operator.post(f"/organisations/{director.organisation_id}/verification", {"level": "L0"})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/note"]
    nowhere = "/organisations/01900000-0000-7000-8000-000000000000/verification"
    assert (await operator.post(nowhere, {"level": "L0", "note": "x"})).status_code == 404


async def test_only_directors_buyers_and_managers_change_the_profile(market: Market) -> None:
    officer, director = await market.university()
    _, stranger = await market.university()
    for who in (officer, stranger, await market.operator()):
        answer = await who.patch(f"/organisations/{director.organisation_id}", {"region": "310000"}, "*")
        assert answer.status_code == 403
    for who in (director, await market.company(), await market.manager()):
        assert (await change(who, {"region": "320000"})).status_code == 200


async def test_the_list_is_public_newest_first_and_by_kind(market: Market) -> None:
    await market.company()
    await market.manager()
    items = (await market.client.get("/api/v1/organisations?limit=100")).json()["items"]
    ids = [item["id"] for item in items]
    assert ids == sorted(ids, reverse=True)
    some = (await market.client.get("/api/v1/organisations?kind=tto&limit=100")).json()["items"]
    assert {item["kind"] for item in some} == {"tto"}


async def test_the_list_is_filtered_by_verification_and_name(market: Market) -> None:
    company = await market.company(VerificationLevel.L0)
    await change(company, {"name": {"en": "Quantum_Cells 50% Ltd", "zh-Hans": "量子电池公司"}})
    other = await market.company(VerificationLevel.L1)
    await change(other, {"name": {"en": "QuantumXCells 50 Ltd"}})

    async def ids(**params: str) -> list[str]:
        found = await market.client.get("/api/v1/organisations", params={"limit": "100"} | params)
        return [item["id"] for item in found.json()["items"]]

    assert await ids(name="quantum_cells 50%") == [str(company.organisation_id)]
    assert await ids(name="量子") == [str(company.organisation_id)]
    assert str(other.organisation_id) in await ids(verification="L1")
    assert str(company.organisation_id) not in await ids(verification="L1")
    assert await ids(verification="L1", name="量子") == []
    assert (await market.client.get("/api/v1/organisations?verification=L9")).status_code in (400, 422)


async def test_one_tag_names_one_shape(market: Market, director: Caller) -> None:
    verified = await verify(await market.operator(), director, level="L0")
    changed = await change(director, {"region": "320000"})
    read = await director.get(f"/organisations/{director.organisation_id}")
    assert (changed.json(), changed.headers["etag"]) == (read.json(), read.headers["etag"])
    assert verified.json().keys() == read.json().keys()
