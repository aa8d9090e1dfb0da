"""Who controls an organisation: declared by it or found by the operator, ended by the operator, never deleted."""

import pytest

from schemas.vocabulary import OrganisationKind, Role
from tests.makers import Caller, Market

EVIDENCE = "Shareholder register of 2 March"


def body(controller: object) -> dict[str, str]:
    return {"controller_id": str(controller), "evidence": EVIDENCE}


def at(who: Caller) -> str:
    return f"/organisations/{who.organisation_id}/controllers"


async def test_an_organisation_declares_who_controls_it(market: Market) -> None:
    who = await market.company()
    fund = await market.organisation(OrganisationKind.FUND)
    made = await who.ok("POST", at(who), body(fund))
    assert made["evidence"] == EVIDENCE
    assert made["until"] is None
    assert made["recorded_by"] == str(who.person_id)
    assert (await who.post(at(who), body(fund))).status_code == 409
    assert await who.ok("GET", at(who)) == [made]


async def test_the_operator_records_it_for_any_organisation(market: Market) -> None:
    who, operator = await market.company(), await market.operator()
    fund = await market.organisation(OrganisationKind.FUND)
    made = await operator.ok("POST", at(who), body(fund))
    assert made["recorded_by"] == str(operator.person_id)


async def test_others_neither_declare_nor_read_it(market: Market) -> None:
    who, stranger = await market.company(), await market.company()
    reviewer = await market.person(who.organisation_id, Role.REVIEWER)
    fund = await market.organisation(OrganisationKind.FUND)
    auditor = await market.auditor()
    for caller in (stranger, reviewer, auditor):
        assert (await caller.post(at(who), body(fund))).status_code == 403
    assert (await stranger.get(at(who))).status_code == 404
    for caller in (reviewer, auditor):
        assert (await caller.get(at(who))).status_code == 200


async def test_it_is_another_organisation_that_exists(market: Market) -> None:
    who = await market.company()
    for controller in (who.organisation_id, "01900000-0000-7000-8000-000000000000"):
        refused = await who.post(at(who), body(controller))
        assert [each["pointer"] for each in refused.json()["errors"]] == ["/controller_id"]


@pytest.mark.parametrize("declared_by", ["itself", "the operator"])
async def test_only_the_operator_ends_it_and_it_stays_in_the_list(market: Market, declared_by: str) -> None:
    who, operator = await market.company(), await market.operator()
    fund = await market.organisation(OrganisationKind.FUND)
    made = await (who if declared_by == "itself" else operator).ok("POST", at(who), body(fund))
    path, reason = f"{at(who)}/{made['id']}/end", {"reason": "The shares were sold"}
    assert (await who.post(path, reason)).status_code == 403
    ended = await operator.ok("POST", path, reason)
    assert ended["until"] is not None
    assert (await operator.post(path, reason)).status_code == 409
    assert [each["id"] for each in await who.ok("GET", at(who))] == [made["id"]]
    other = await market.company()
    assert (await operator.post(f"{at(other)}/{made['id']}/end", reason)).status_code == 404
    await who.ok("POST", at(who), body(fund))
    assert len(await who.ok("GET", at(who))) == 2
