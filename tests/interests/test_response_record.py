"""The public record of how an organisation answers, on its page."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from market import workdays
from tests.interests.forms import a_published_result, an_interest
from tests.makers import Market


async def _public(market: Market, organisation_id: Any) -> dict[str, Any]:
    response = await market.client.get(f"/api/v1/organisations/{organisation_id}")
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    return page


async def _shift(market: Market, interest: dict[str, Any], **columns: Any) -> None:
    sets = ", ".join(f"{name} = :{name}" for name in columns)
    async with market.database.sessions() as session, session.begin():
        await session.execute(
            text(f"UPDATE interest SET {sets} WHERE id = :id"), columns | {"id": interest["id"]}
        )


async def test_an_organisation_that_was_never_asked_has_an_empty_record(market: Market) -> None:
    officer, _, _ = await a_published_result(market)
    page = await _public(market, officer.organisation_id)
    assert page["published_listings"] == 1
    assert page["verification"] == "L2"
    assert page["response"] == {
        "interests": 0,
        "answered": 0,
        "answered_share": None,
        "median_response_days": None,
        "overdue_open": 0,
    }


async def test_the_page_carries_the_etag_that_a_change_needs(market: Market) -> None:
    _, director, _ = await a_published_result(market)
    path = f"/organisations/{director.organisation_id}"
    read = await market.client.get(f"/api/v1{path}")
    changed = await director.patch(path, {"region": "310000"}, read.headers["etag"])
    assert changed.status_code == 200, changed.text
    assert (await director.patch(path, {"region": "110000"}, read.headers["etag"])).status_code == 412


async def test_an_unknown_organisation_is_not_found(market: Market) -> None:
    answer = await market.client.get("/api/v1/organisations/01900000-0000-7000-8000-000000000000")
    assert answer.status_code == 404


async def test_the_record_counts_answers_overdue_ones_and_those_given_up_too_late(market: Market) -> None:
    officer, _, listing = await a_published_result(market)
    states = ["acknowledged", "declined", "negotiating", "submitted", "submitted", "passed", "passed"]
    made = [await an_interest(await market.company(), officer, listing, status) for status in states]
    past = datetime(2026, 3, 2, tzinfo=UTC)
    for interest, days in zip(made[:3], (2, 10, 3), strict=True):
        await _shift(market, interest, response_days=days)
    await _shift(market, made[4], reply_due_at=past)  # open and overdue
    await _shift(market, made[6], reply_due_at=past)  # the company gave up after the clock had run out
    assert (await _public(market, officer.organisation_id))["response"] == {
        "interests": 7,
        "answered": 3,
        "answered_share": 0.6,  # 3 of 3 answered and 2 whose clock ran out
        "median_response_days": 3.0,
        "overdue_open": 1,
    }


async def test_response_days_are_working_days_since_the_submission(market: Market) -> None:
    officer, _, listing = await a_published_result(market)
    interest = await an_interest(await market.company(), officer, listing)
    submitted = datetime(2026, 2, 13, 4, tzinfo=UTC)  # before Spring Festival
    await _shift(market, interest, created_at=submitted)
    before = datetime.now(UTC)
    answered = await officer.ok("POST", f"/interests/{interest['id']}/acknowledgement")
    after = datetime.now(UTC)
    expected = {workdays.working_days_between(submitted, at) for at in (before, after)}
    assert answered["response_days"] in expected
    response = (await _public(market, officer.organisation_id))["response"]
    assert response["median_response_days"] == answered["response_days"]
