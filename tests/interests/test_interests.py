"""Interests over HTTP: who may ask, what the owner answers, and what is refused."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from schemas.vocabulary import DeclineReason, OrganisationKind, PassReason, Role, VerificationLevel
from tests.interests.forms import ALL_MODES, EXCLUSIVE, ORDINARY, SOLUTION, a_published_result, an_interest
from tests.makers import Caller, Market


async def test_a_verified_company_expresses_interest_and_the_owner_answers(market: Market) -> None:
    officer, _, listing = await a_published_result(market)
    company = await market.company()
    response = await company.post(f"/listings/{listing['id']}/interests", EXCLUSIVE)
    assert response.status_code == 201, response.text
    interest = response.json()
    assert response.headers["location"] == f"/api/v1/interests/{interest['id']}"
    assert interest["status"] == "submitted"
    assert interest["form"]["development_plan"]["capital"] == {"amount": "20000000.00", "currency": "CNY"}
    assert interest["form"]["territory"] == ["110000", "JP", "US-CA"]
    assert interest["listing_version"] == 1
    assert interest["overdue"] is False
    assert interest["reply_clock"]["working_days"] == 10
    assert interest["reply_due_at"].endswith("T16:00:00Z")  # midnight in Shanghai
    path = f"/interests/{interest['id']}"
    for verb, status in (("acknowledgement", "acknowledged"), ("negotiation", "negotiating")):
        interest = await officer.ok("POST", f"{path}/{verb}")
        assert interest["status"] == status
    assert interest["response_days"] == 0
    assert interest["answered_at"]
    events = await company.ok("GET", f"{path}/events")
    assert [event["kind"] for event in events] == ["submitted", "acknowledged", "negotiating"]
    assert events[0]["data"]["listing"] == listing["id"]


async def test_an_opportunity_is_answered_with_a_solution(market: Market) -> None:
    owner, operator = await market.company(), await market.operator()
    listing = await market.listing(owner, operator, "opportunity")
    solver = await market.company()
    path = f"/listings/{listing['id']}/interests"
    refused = await solver.post(path, ORDINARY | {"mode": None})
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/solution"]
    made = await solver.ok("POST", path, json=SOLUTION)
    assert made["form"]["solution"] == SOLUTION["solution"]
    answered = await owner.ok("POST", f"/interests/{made['id']}/acknowledgement")
    assert answered["status"] == "acknowledged"


async def test_an_exclusive_request_without_a_plan_names_all_that_is_missing(market: Market) -> None:
    _, _, listing = await a_published_result(market)
    company = await market.company()
    response = await company.post(
        f"/listings/{listing['id']}/interests",
        ORDINARY | {"mode": "transfer", "development_plan": {"time": "Soon"}},
    )
    assert response.status_code == 422
    assert {error["pointer"] for error in response.json()["errors"]} == {
        "/field_of_use",
        "/territory",
        "/incorporation",
        "/representative",
        "/development_plan/nature",
        "/development_plan/capital",
        "/development_plan/capability",
    }


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"mode": "barter"}, "/mode"),
        ({"territory": ["Mars"]}, "/territory/0"),
        ({"territory": ["１１００００"]}, "/territory/0"),
        (
            {"development_plan": {"capital": {"amount": 1.5, "currency": "CNY"}}},
            "/development_plan/capital/amount",
        ),
        ({"status": "agreed"}, "/status"),
        ({"size": None}, "/size"),
        ({"message": ""}, "/message"),
    ],
)
async def test_a_bad_field_is_named(market: Market, fields: dict[str, Any], pointer: str) -> None:
    _, _, listing = await a_published_result(market)
    company = await market.company()
    response = await company.post(f"/listings/{listing['id']}/interests", ORDINARY | fields)
    assert response.status_code == 422
    assert pointer in [error["pointer"] for error in response.json()["errors"]]


async def test_a_mode_that_is_not_offered_is_refused_by_the_published_version(market: Market) -> None:
    officer, _, listing = await a_published_result(market, modes=["ordinary_licence"])
    draft = await officer.get(f"/listings/{listing['id']}/draft")
    await officer.patch(f"/listings/{listing['id']}", {"modes": ALL_MODES}, draft.headers["etag"])
    company = await market.company()
    response = await company.post(f"/listings/{listing['id']}/interests", ORDINARY | {"mode": "option"})
    assert response.status_code == 422
    assert response.json()["errors"][0] == {
        "pointer": "/mode",
        "detail": "the listing offers: ordinary_licence",
        "rule": None,
    }


async def test_an_unverified_company_is_told_what_to_do(market: Market) -> None:
    _, _, listing = await a_published_result(market)
    company = await market.company(VerificationLevel.L0)
    response = await company.post(f"/listings/{listing['id']}/interests", ORDINARY)
    assert response.status_code == 409
    assert response.json()["detail"] == (
        "your organisation is at level L0: the operator verifies it to L1 before it can express interest"
    )


async def test_a_role_that_does_not_buy_is_refused(market: Market) -> None:
    _, director, listing = await a_published_result(market)
    for caller in (director, await market.operator(), await market.manager(), await market.auditor()):
        response = await caller.post(f"/listings/{listing['id']}/interests", ORDINARY)
        assert response.status_code == 403
        assert "buyer" in response.json()["detail"]


async def test_a_buyer_cannot_ask_in_the_name_of_another_company(market: Market) -> None:
    _, _, listing = await a_published_result(market)
    company, other = await market.company(), await market.company()
    response = await company.post(
        f"/listings/{listing['id']}/interests", ORDINARY | {"organisation_id": str(other.organisation_id)}
    )
    assert response.status_code == 403


async def test_an_organisation_cannot_ask_for_its_own_listing(market: Market) -> None:
    owner, operator = await market.company(), await market.operator()
    listing = await market.listing(owner, operator, "product")
    response = await owner.post(f"/listings/{listing['id']}/interests", ORDINARY | {"mode": "sale"})
    assert response.status_code == 409
    assert "your own" in response.json()["detail"]


@pytest.mark.parametrize("status", ["draft", "in_review", "approved"])
async def test_a_listing_that_was_never_published_is_not_there(market: Market, status: str) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director, status=status)
    company = await market.company()
    response = await company.post(f"/listings/{listing['id']}/interests", ORDINARY)
    assert response.status_code == 404


async def _set(market: Market, statement: str, **values: Any) -> None:
    async with market.database.sessions() as session, session.begin():
        await session.execute(text(statement), values)


@pytest.mark.parametrize(("verb", "problem"), [("pause", "paused"), ("withdrawal", "withdrawn")])
async def test_a_paused_or_withdrawn_listing_takes_none(market: Market, verb: str, problem: str) -> None:
    officer, _, listing = await a_published_result(market)
    body = {"reason": "sold elsewhere"} if verb == "withdrawal" else None
    await officer.ok("POST", f"/listings/{listing['id']}/{verb}", json=body)
    company = await market.company()
    response = await company.post(f"/listings/{listing['id']}/interests", ORDINARY)
    assert response.status_code == 410
    assert response.json()["type"].endswith(f"/problems/listing-{problem}")


async def test_a_listing_that_time_has_archived_takes_none_and_a_stale_one_still_does(market: Market) -> None:
    _, _, listing = await a_published_result(market)
    company = await market.company()
    overdue = "UPDATE listing SET confirm_due_at = now() - make_interval(days => :days) WHERE id = :id"
    await _set(market, overdue, days=61, id=listing["id"])
    response = await company.post(f"/listings/{listing['id']}/interests", ORDINARY)
    assert response.status_code == 410
    assert response.json()["type"].endswith("/problems/listing-archived")
    await _set(market, overdue, days=1, id=listing["id"])
    assert (await an_interest(company, company, listing))["status"] == "submitted"


async def test_an_opportunity_past_its_deadline_takes_none(market: Market) -> None:
    owner, operator = await market.company(), await market.operator()
    listing = await market.listing(owner, operator, "opportunity")
    # The version is frozen, so another one stands in for the years until its deadline.
    await _set(
        market,
        "INSERT INTO listing_version SELECT listing_id, 2, convert_to(replace(convert_from(document, 'UTF8'), "
        "'2099-12-31', '2020-12-31'), 'UTF8'), sha256, published_at, published_by "
        "FROM listing_version WHERE listing_id = :id",
        id=listing["id"],
    )
    await _set(market, "UPDATE listing SET published_version = 2 WHERE id = :id", id=listing["id"])
    company = await market.company()
    response = await company.post(f"/listings/{listing['id']}/interests", SOLUTION)
    assert response.status_code == 409
    assert "were due by 2020-12-31" in response.json()["detail"]


async def test_of_two_submissions_at_once_one_is_refused(market: Market) -> None:
    _, _, listing = await a_published_result(market)
    company = await market.company()
    path = f"/listings/{listing['id']}/interests"
    answers = await asyncio.gather(company.post(path, ORDINARY), company.post(path, ORDINARY))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["detail"] == "your organisation has an open interest in this listing"


async def test_a_company_may_ask_again_once_its_interest_has_ended(market: Market) -> None:
    officer, _, listing = await a_published_result(market)
    company = await market.company()
    for status in ("passed", "declined", "submitted"):
        assert (await an_interest(company, officer, listing, status))["status"] == status
    again = await company.post(f"/listings/{listing['id']}/interests", ORDINARY)
    assert again.status_code == 409


async def test_the_same_request_repeated_with_its_key_is_one_interest(market: Market) -> None:
    _, _, listing = await a_published_result(market)
    company = await market.company()
    answers = [
        await company.post(
            f"/listings/{listing['id']}/interests", ORDINARY, headers={"Idempotency-Key": "interest-1"}
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]


async def test_a_buyer_of_two_companies_names_one(market: Market) -> None:
    _, _, listing = await a_published_result(market)
    company = await market.company()
    second = await market.organisation(OrganisationKind.COMPANY)
    await _set(
        market,
        "INSERT INTO membership (person_id, organisation_id, roles, since) VALUES (:p, :o, ARRAY['buyer'], now())",
        p=company.person_id,
        o=second,
    )
    path = f"/listings/{listing['id']}/interests"
    unnamed = await company.post(path, ORDINARY)
    assert unnamed.status_code == 422
    assert unnamed.json()["errors"][0]["pointer"] == "/organisation_id"
    named = await company.ok("POST", path, json=ORDINARY | {"organisation_id": str(second)})
    assert named["organisation_id"] == str(second)


async def test_an_answer_late_is_shown_as_overdue_until_it_comes(market: Market) -> None:
    officer, _, listing = await a_published_result(market)
    company = await market.company()
    interest = await an_interest(company, officer, listing)
    path = f"/interests/{interest['id']}"
    await _set(market, "UPDATE interest SET reply_due_at = now() WHERE id = :id", id=interest["id"])
    assert (await company.ok("GET", path))["overdue"] is True
    assert (await company.ok("GET", path))["status"] == "submitted"
    assert (await officer.ok("POST", f"{path}/acknowledgement"))["overdue"] is False


@pytest.mark.parametrize("reason", PassReason)
async def test_a_company_passes_with_a_structured_reason(market: Market, reason: PassReason) -> None:
    officer, _, listing = await a_published_result(market)
    company = await market.company()
    interest = await an_interest(company, officer, listing)
    body = {"reason": reason.value, "note": "We looked at it with care."}
    passed = await company.ok("POST", f"/interests/{interest['id']}/pass", json=body)
    assert (passed["status"], passed["reason"], passed["note"]) == ("passed", reason.value, body["note"])
    assert passed["answered_at"] is None
    events = await officer.ok("GET", f"/interests/{interest['id']}/events")
    assert events[-1]["reason"] == reason.value


async def test_every_refusal_carries_a_reason_of_the_list(market: Market) -> None:
    officer, _, listing = await a_published_result(market)
    company = await market.company()
    path = f"/interests/{(await an_interest(company, officer, listing))['id']}"
    for caller, verb in ((company, "pass"), (officer, "refusal")):
        for body in ({}, {"reason": "because"}, {"reason": None}, {"note": "No."}):
            response = await caller.post(f"{path}/{verb}", body)
            assert response.status_code == 422
            assert response.json()["errors"][0]["pointer"] == "/reason"


async def test_the_owner_reads_why_interests_ended_without_names(market: Market) -> None:
    officer, director, listing = await a_published_result(market)
    for verb, reason, times in (
        ("pass", PassReason.TOO_EARLY, 2),
        ("pass", PassReason.TERMS_OR_IP_POSITION, 1),
        ("refusal", DeclineReason.COMPLIANCE, 1),
    ):
        for _ in range(times):
            company = await market.company()
            interest = await an_interest(company, officer, listing)
            caller = company if verb == "pass" else director
            body = {"reason": reason.value, "note": "a secret"}
            await caller.ok("POST", f"/interests/{interest['id']}/{verb}", json=body)
    await an_interest(await market.company(), officer, listing)
    counts = await officer.get(f"/listings/{listing['id']}/refusals")
    assert counts.json() == {
        "passed": {"too_early": 2, "terms_or_ip_position": 1},
        "declined": {"compliance": 1},
    }
    stranger = await market.company()
    assert (await stranger.get(f"/listings/{listing['id']}/refusals")).status_code == 404


async def test_a_stale_etag_is_refused_where_it_is_sent(market: Market) -> None:
    officer, _, listing = await a_published_result(market)
    company = await market.company()
    interest = await an_interest(company, officer, listing)
    path = f"/interests/{interest['id']}"
    read = await officer.get(path)
    stale = {"If-Match": read.headers["etag"]}
    first = await officer.post(f"{path}/acknowledgement", headers=stale)
    assert first.status_code == 200
    assert first.headers["etag"] != read.headers["etag"]
    second = await officer.post(f"{path}/negotiation", headers=stale)
    assert second.status_code == 412


async def test_both_sides_list_their_interests_page_by_page(market: Market) -> None:
    officer, director, listing = await a_published_result(market)
    other = await market.listing(officer, director)
    companies = [await market.company() for _ in range(3)]
    made = [await an_interest(company, officer, listing) for company in companies]
    elsewhere = await an_interest(companies[0], officer, other, "declined")
    first = await officer.get("/interests", params={"limit": 3})
    assert [item["id"] for item in first.json()["items"]] == [
        elsewhere["id"], made[2]["id"], made[1]["id"],
    ]  # fmt: skip
    assert 'rel="next"' in first.headers["link"]
    rest = await officer.ok("GET", "/interests", params={"cursor": first.json()["next_cursor"]})
    assert [item["id"] for item in rest["items"]] == [made[0]["id"]]

    async def ids(caller: Any, **params: Any) -> list[str]:
        return [item["id"] for item in (await caller.ok("GET", "/interests", params=params))["items"]]

    assert await ids(companies[0]) == [elsewhere["id"], made[0]["id"]]
    assert await ids(officer, listing=other["id"]) == [elsewhere["id"]]
    assert await ids(officer, status="declined") == [elsewhere["id"]]
    assert await ids(officer, side="sent") == []
    assert len(await ids(officer, side="received")) == 4
    assert await ids(companies[1], side="sent") == [made[1]["id"]]
    assert await ids(await market.company()) == []
    assert (await officer.get("/interests", params={"side": "both"})).status_code == 422


@pytest.mark.parametrize("status", ["submitted", "acknowledged", "negotiating"])
async def test_a_withdrawal_ends_the_open_interests_by_the_system(market: Market, status: str) -> None:
    officer, _, listing = await a_published_result(market)
    company, other = await market.company(), await market.company()
    interest = await an_interest(company, officer, listing, status)
    passed = await an_interest(other, officer, listing, "passed")
    await officer.ok("POST", f"/listings/{listing['id']}/withdrawal", json={"reason": "重复"})
    path = f"/interests/{interest['id']}"
    ended = await company.ok("GET", path)
    assert (ended["status"], ended["reason"]) == ("declined", "not_available")
    assert ended["note"] == "the listing was withdrawn: 重复"
    assert (ended["answered_at"] is None) is (status == "submitted"), "a withdrawal is no answer"
    last = (await company.ok("GET", f"{path}/events"))[-1]
    assert (last["kind"], last["actor_id"], last["reason"]) == ("declined", None, "not_available")
    assert (await officer.post(f"{path}/acknowledgement")).status_code == 409
    assert (await other.ok("GET", f"/interests/{passed['id']}"))["reason"] == "too_early"
    record = (await company.ok("GET", f"/organisations/{officer.organisation_id}"))["response"]
    assert record["overdue_open"] == 0
    assert record["answered"] == (0 if status == "submitted" else 1)
    assert record["answered_share"] == (None if status == "submitted" else 1.0)


async def test_an_interest_that_was_overdue_when_the_listing_was_withdrawn_stays_unanswered(
    market: Market,
) -> None:
    officer, _, listing = await a_published_result(market)
    interest = await an_interest(await market.company(), officer, listing)
    async with market.database.sessions() as session, session.begin():
        late = text("UPDATE interest SET reply_due_at = now() - interval '1 day' WHERE id = :id")
        await session.execute(late, {"id": interest["id"]})
    fresh = await an_interest(await market.company(), officer, listing)
    assert {row["id"] for row in (await officer.ok("GET", "/interests"))["items"]} == {
        interest["id"],
        fresh["id"],
    }
    overdue = await officer.ok("GET", "/interests?overdue=true")
    assert [row["id"] for row in overdue["items"]] == [interest["id"]]
    await officer.ok("POST", f"/listings/{listing['id']}/withdrawal", json={"reason": "rethinking"})
    record = (await officer.ok("GET", f"/organisations/{officer.organisation_id}"))["response"]
    assert (record["answered_share"], record["overdue_open"]) == (0.0, 0)
    assert (await officer.ok("GET", "/interests?overdue=true"))["items"] == []


@pytest.mark.parametrize(("verb", "word"), [("pause", "paused"), ("withdrawal", "withdrawn: rethinking")])
async def test_the_versions_stay_with_the_parties_when_the_listing_leaves_the_hall(
    market: Market, verb: str, word: str
) -> None:
    officer, director, listing = await a_published_result(market)
    company = await market.company()
    await an_interest(company, officer, listing)
    path = f"/listings/{listing['id']}"
    before = await market.client.get(f"/api/v1{path}/versions/1")
    assert before.headers["cache-control"].startswith("public")
    await officer.ok(
        "POST", f"{path}/{verb}", json={"reason": "rethinking"} if verb == "withdrawal" else None
    )
    for who in (officer, director, company, await market.operator(), await market.auditor()):
        kept = await who.get(f"{path}/versions/1")
        assert kept.status_code == 200, kept.text
        assert kept.content == before.content
        assert kept.headers["cache-control"].startswith("private")
        (version,) = await who.ok("GET", f"{path}/versions")
        assert f'"{version["sha256"]}"' == before.headers["etag"]
        assert (await who.get(f"{path}/versions/2")).status_code == 404
    stranger = await market.company()
    for part in ("/versions", "/versions/1", "/versions/2", ""):
        for gone in (await stranger.get(path + part), await market.client.get(f"/api/v1{path}{part}")):
            assert gone.status_code == 410, part
            assert word in gone.json()["detail"]


async def test_a_researcher_of_the_owner_reads_but_does_not_answer(market: Market) -> None:
    officer, _, listing = await a_published_result(market)
    researcher = await market.person(officer.organisation_id, Role.RESEARCHER)
    interest = await an_interest(await market.company(), officer, listing)
    path = f"/interests/{interest['id']}"
    assert (await researcher.get(path)).status_code == 200
    assert (await researcher.post(f"{path}/acknowledgement")).status_code == 403


async def test_an_api_key_sees_interests_with_their_scope_or_that_of_deals(market: Market) -> None:
    officer, _, listing = await a_published_result(market)
    interest = await an_interest(await market.company(), officer, listing)
    for scope, status in (("interests", 200), ("deals", 200), ("read", 200), ("listings", 404)):
        key = await officer.ok("POST", "/api-keys", json={"name": scope, "scopes": [scope]})
        headers = {"Authorization": f"Bearer {key['key']}"}
        path = f"/api/v1/interests/{interest['id']}"
        assert (await market.client.get(path, headers=headers)).status_code == status
        answered = await market.client.post(f"{path}/acknowledgement", headers=headers)
        assert answered.status_code == {"interests": 200, "listings": 404}.get(scope, 403)


async def test_what_waits_for_a_step_of_ones_own_is_found_alone(market: Market) -> None:
    """Every step of an open interest is the owner's; a researcher of theirs sees it, and takes none."""
    officer, director = await market.university()
    researcher = await market.person(officer.organisation_id, Role.RESEARCHER)
    company = await market.company()
    listing = await market.listing(officer, director)

    async def waiting(who: Caller) -> list[str]:
        found = await who.ok("GET", "/interests", params={"waiting_for": "me"})
        return [interest["id"] for interest in found["items"]]

    made = await company.ok("POST", f"/listings/{listing['id']}/interests", ORDINARY)
    for verb in ("acknowledgement", "negotiation"):
        assert await waiting(officer) == await waiting(director) == [made["id"]]
        assert await waiting(company) == await waiting(researcher) == []
        await officer.ok("POST", f"/interests/{made['id']}/{verb}")
    assert await waiting(officer) == [made["id"]]
    await company.ok("POST", f"/interests/{made['id']}/pass", {"reason": "too_early"})
    assert await waiting(officer) == []
    wrong = await officer.get("/interests", params={"waiting_for": "seller"})
    assert wrong.json()["errors"][0]["pointer"] == "waiting_for"
