"""The road as the operator of the hall walks it: verify, review, release, report, and let it be audited."""

from typing import Any

import pytest

from tests.deals.trade import CONTRACT, PAYMENT, TERMS
from tests.interests.forms import SOLUTION
from tests.journeys import meanwhile
from tests.journeys.story import Story
from tests.makers import PRODUCT

pytestmark = pytest.mark.xdist_group("journeys")

PILOT_CODE = "91990000DEMA002120"
"""Its check digit would be 4: early pilot codes fail it, and are valid all the same."""
SIGN_UP: dict[str, Any] = {
    "email": "buyer@amaranth.example",
    "password": "flour of red grain",
    "name": "示例苋谷采购经理",
    "organisation": {
        "name": {"en": "Example Amaranth Mills", "zh-Hans": "示例苋谷食品有限公司"},
        "kind": "company",
        "founding": "private",
        "identifiers": [{"scheme": "uscc", "value": PILOT_CODE}],
        "region": "510107",
    },
}
OPPORTUNITY: dict[str, Any] = {
    "kind": "opportunity",
    "opportunity_type": "scenario",
    "title": {"en": "Sorting stones from amaranth", "zh-Hans": "苋谷除石场景"},
    "owner_unit": "Example Amaranth Mills",
    "site": {"en": "Mill 1"},
    "problem": {"en": "Stones of the size and colour of the grain", "zh-Hans": "石子与谷粒大小颜色相同"},
    "data_offered": {"en": "A line that stands still at night"},
    "kpis": [{"name": {"en": "Stones per kilogram"}, "target": "< 1", "baseline": "14"}],
    "budget": {"amount": "800000.00", "currency": "CNY"},
    "deadline": "2099-06-30T17:00:00+08:00",
    "award_rule": {"en": "The best rate in a night's trial"},
    "ip_terms": "shared",
}
TITLE = {"en": "Scenarios of the food industry", "zh-Hans": "食品行业场景机会清单"}
AGREED = TERMS | {"field_of_use": "Sorting of grain"}
SIGNED: dict[str, Any] = CONTRACT | {
    "kind": "development",
    "number": "2026-DEV-001",
    "title": {"zh-Hans": "技术开发合同", "en": "Development of a sorter"},
}
RELEASE = "2098-09-01T09:00:00+08:00"
MANAGERS_OWN = ("open_assignments", "introductions")


def test_the_operator_runs_the_hall_and_the_auditor_looks_over_its_shoulder(client):
    story = Story(
        client,
        "operator",
        "The road of the operator",
        "The operator of the hall verifies who comes in, reviews what companies publish, releases a list of "
        "scenarios at an announced time, follows what comes of it, and reports it. An auditor reads everything.",
    )
    mill = _verified(story)
    scenario = _reviewed(story)
    edition = _scheduled(story, scenario)
    _released(story, edition, scenario)
    deal = _followed(story, scenario)
    _reported(story, edition, scenario)
    _kept(story, mill, scenario, deal)
    _audited(story, mill, scenario, deal)
    story.write()


def _verified(story: Story) -> str:
    story.chapter("Who comes in")
    story.sign_in("The operator signs in.", "operator")
    opened = story.quietly("public", "POST", "/people", SIGN_UP)
    story.known("mill", opened["token"])
    mill: str = opened["person"]["memberships"][0]["organisation_id"]
    newest = story(
        "A mill has signed up; the newest stand first.",
        "operator",
        "GET",
        "/organisations?kind=company&limit=1",
    )
    assert newest["items"][0]["identifiers"][0]["check"] == "failed"
    at = f"/organisations/{mill}/verification"
    refused = story(
        "The check digit of its 统一社会信用代码 is wrong: mistyped, or one of the early pilot codes, which are valid "
        "all the same. The hall does not decide that by itself.",
        "operator",
        "POST",
        at,
        {"level": "L1", "note": "number looked up"},
        status=422,
    )
    assert [error["pointer"] for error in refused["errors"]] == ["/level"]
    story(
        "The operator has seen the certificate, and says so; the note is kept.",
        "operator",
        "POST",
        at,
        {"level": "L2", "manually_verified": ["uscc"], "note": "pilot code, original certificate seen"},
    )
    return mill


def _reviewed(story: Story) -> dict[str, Any]:
    story.chapter("What is published")
    scenario: dict[str, Any] = story.quietly("mill", "POST", "/listings", OPPORTUNITY)
    at = f"/listings/{scenario['id']}"
    story(
        "The mill has begun a scenario. Before it hands it in, there is nothing to approve.",
        "operator",
        "POST",
        f"{at}/approval",
        status=409,
    )
    story.quietly("mill", "POST", f"{at}/submission")
    waiting = story(
        "The operator reads what waits for review.", "operator", "GET", "/listings?status=in_review&limit=1"
    )
    assert waiting["items"][0]["id"] == scenario["id"]
    story(
        "It goes back with a reason.",
        "operator",
        "POST",
        f"{at}/refusal",
        {"reason": "say how much grain the line sorts in an hour"},
    )
    story.quietly("mill", "GET", f"{at}/draft")
    story.quietly("mill", "PATCH", at, {"baseline": {"en": "2 t of grain an hour"}}, match=story.etag)
    story.quietly("mill", "POST", f"{at}/submission")
    story("Mended by the mill, it is approved.", "operator", "POST", f"{at}/approval")
    story.quietly("mill", "POST", f"{at}/publication")
    story.wait_until_found("amaranth", scenario["id"])
    return scenario


def _scheduled(story: Story, scenario: dict[str, Any]) -> dict[str, Any]:
    story.chapter("A list under embargo")
    product = story.quietly("company", "POST", "/listings", PRODUCT | {"title": {"en": "A sieve"}})
    edition = story(
        "The operator opens an edition of the scenario opportunity list (场景机会清单). `unmet` says what its release "
        "needs.",
        "operator",
        "POST",
        "/editions",
        {"kind": "opportunity_list", "title": TITLE, "applications_until": "2099-01-31T17:00:00+08:00"},
    )
    at = f"/editions/{edition['id']}"
    story(
        "A list of opportunities takes no products.",
        "operator",
        "PUT",
        f"{at}/items",
        {"listing_ids": [scenario["id"], product["id"]]},
        match=story.etag,
        status=422,
    )
    story(
        "The items are set, in their order.",
        "operator",
        "PUT",
        f"{at}/items",
        {"listing_ids": [scenario["id"]]},
        match='"r1"',
    )
    story(
        "A release lies in the future.",
        "operator",
        "POST",
        f"{at}/schedule",
        {"release_at": "2020-01-01T09:00:00+08:00"},
        status=422,
    )
    scheduled = story(
        "On schedule, the edition takes the next number of its kind, and stands on the public calendar.",
        "operator",
        "POST",
        f"{at}/schedule",
        {"release_at": RELEASE},
    )
    assert scheduled["number"] == 3
    story("Until then the public is told nothing of what is in it.", "public", "GET", at, status=404)
    story("Neither is an owner.", "mill", "GET", f"{at}/draft", status=404)
    searched = story.quietly("public", "GET", "/search?edition=opportunity-list-3")
    assert searched["total"] == 0
    announced = story(
        "What is announced is kind, number, title and time.", "public", "GET", "/editions?status=scheduled"
    )
    assert edition["id"] in {item["id"] for item in announced["items"]}
    return edition


def _released(story: Story, edition: dict[str, Any], scenario: dict[str, Any]) -> None:
    story.chapter("The release")
    at = f"/editions/{edition['id']}"
    story(
        "At its time an edition is public without a call. The operator need not wait for it.",
        "operator",
        "POST",
        f"{at}/publication",
    )
    story(
        "The public reads the snapshot; its bytes never change, and their hash is the ETag.",
        "public",
        "GET",
        at,
    )
    table = story("The list is also a table that a spreadsheet opens.", "public", "GET", f"{at}/items.csv")
    assert "苋谷除石场景" in table
    story.wait_until_found("amaranth&edition=opportunity-list-3", scenario["id"])
    story(
        "In the search, the edition is a filter.",
        "public",
        "GET",
        "/search?q=amaranth&edition=opportunity-list-3&facets=edition",
        hide=("score",),
    )
    story("The calendar of releases is public as JSON.", "public", "GET", "/releases", hide=("sha256",))
    story("It is an Atom feed for readers.", "public", "GET", "/releases.atom")
    story("It is an iCalendar to subscribe to.", "public", "GET", "/releases.ics")


def _followed(story: Story, scenario: dict[str, Any]) -> str:
    story.chapter("What comes of it")
    interest = story.quietly(
        "company", "POST", f"/listings/{scenario['id']}/interests", SOLUTION | {"solution": "An X-ray sorter"}
    )
    asked = f"/interests/{interest['id']}"
    received = story(
        "A company offers a solution. The operator sees it, and whether the mill answers in time.",
        "operator",
        "GET",
        f"/interests?listing={scenario['id']}",
    )
    assert [item["id"] for item in received["items"]] == [interest["id"]]
    story(
        "To answer is the mill's, not the operator's.",
        "operator",
        "POST",
        f"{asked}/acknowledgement",
        status=403,
    )
    story.quietly("mill", "POST", f"{asked}/acknowledgement")
    mine = story.quietly("life sciences manager", "GET", "/managers/me")["id"]
    assignment = story(
        "The mill has answered, but neither side knows a technology manager: the operator asks one for them.",
        "operator",
        "POST",
        f"{asked}/assignments",
        {"manager_id": mine},
        hide=MANAGERS_OWN,
    )
    assert assignment["awaits_consent_of"] == ["owner"]
    story.quietly("mill", "POST", f"/assignments/{assignment['id']}/consent")
    meanwhile.an_introduction(story, assignment, "life sciences manager")
    story.quietly("mill", "POST", f"{asked}/negotiation")
    opened = {"interest_id": interest["id"], "mode": "co_development", "terms": AGREED}
    deal = story.quietly("mill", "POST", "/deals", opened)
    at = f"/deals/{deal['id']}"
    followed = story(
        "A deal has opened. The operator reads every deal, of which the owner of an opportunity is the buyer.",
        "operator",
        "GET",
        at,
    )
    assert followed["buyer"]["name"]["en"] == "Example Amaranth Mills"
    story(
        "The operator has no say in it.",
        "operator",
        "POST",
        f"{at}/acceptance",
        {"terms_sha256": deal["terms_sha256"]},
        status=403,
    )
    meanwhile.cleared(story, deal, "mill", "company", "life sciences manager")
    story.quietly("company", "POST", f"{at}/contract", SIGNED, key=True)
    story.quietly("mill", "POST", f"{at}/contract/confirmation", key=True)
    story.quietly("mill", "POST", f"{at}/payments", PAYMENT, key=True)
    performing = story("The contract is recorded, and a first payment is made.", "operator", "GET", at)
    assert performing["status"] == "performing"
    return str(deal["id"])


def _reported(story: Story, edition: dict[str, Any], scenario: dict[str, Any]) -> None:
    story.chapter("Closing the list")
    at = f"/editions/{edition['id']}"
    story("The operator closes the window for answers.", "operator", "POST", f"{at}/closure")
    lacking = story(
        "Outcomes are reported for every item, or not at all.",
        "operator",
        "POST",
        f"{at}/outcomes",
        status=422,
    )
    assert [error["pointer"] for error in lacking["errors"]] == ["/items/0"]
    story("Until then nobody reads them.", "public", "GET", f"{at}/outcomes", status=404)
    story(
        "The mill, or the operator for it, says what became of the item.",
        "mill",
        "POST",
        f"{at}/items/{scenario['id']}/outcome",
        {"outcome": "contracted", "note": "An X-ray sorter is being built in."},
    )
    story("The operator reports: public and final.", "operator", "POST", f"{at}/outcomes")
    outcomes = story("Anyone reads what became of each.", "public", "GET", f"{at}/outcomes")
    assert [item["outcome"] for item in outcomes] == ["contracted"]


def _kept(story: Story, mill: str, scenario: dict[str, Any], deal: str) -> None:
    story.chapter("What the operator cannot do")
    at = f"/listings/{scenario['id']}"
    own = {"kind": "product", "title": {"en": "The hall's own product"}}
    story(
        "The operator offers nothing itself, and so never reviews its own.",
        "operator",
        "POST",
        "/listings",
        own,
        status=403,
    )
    story.quietly("operator", "GET", f"{at}/draft")
    story(
        "It does not write in what others publish.",
        "operator",
        "PATCH",
        at,
        {"budget": {"amount": "1.00"}},
        match=story.etag,
        status=403,
    )
    story("It does not ask for anything.", "operator", "POST", f"{at}/interests", SOLUTION, status=403)
    story("It books no money.", "operator", "POST", f"/deals/{deal}/payments", PAYMENT, key=True, status=403)
    hall = story.quietly("operator", "GET", "/people/me")
    story(
        "It does not give itself another role.",
        "operator",
        "PATCH",
        f"/organisations/{hall['memberships'][0]['organisation_id']}/members/{hall['id']}",
        {"roles": ["operator", "auditor"]},
        status=403,
    )


def _audited(story: Story, mill: str, scenario: dict[str, Any], deal: str) -> None:
    story.chapter("The auditor")
    story.sign_in("The auditor of the hall signs in.", "auditor")
    chains = [
        story(
            "The auditor reads the record of a listing: who did what and why, each event with the hash of the one "
            "before it.",
            "auditor",
            "GET",
            f"/listings/{scenario['id']}/events",
        ),
        story("The record of the deal is kept in the same way.", "auditor", "GET", f"/deals/{deal}/events"),
    ]
    for events in chains:
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert [event["previous"] for event in events[1:]] == [event["hash"] for event in events[:-1]]
    assert "say how much grain the line sorts in an hour" in {event["reason"] for event in chains[0]}
    story("The auditor reads every contract.", "auditor", "GET", f"/deals/{deal}/contract")
    story(
        "The auditor changes nothing, and verifies nobody.",
        "auditor",
        "POST",
        f"/organisations/{mill}/verification",
        {"level": "L0", "note": "doubts"},
        status=403,
    )
    story(
        "The auditor approves nothing.", "auditor", "POST", f"/listings/{scenario['id']}/approval", status=403
    )
    story(
        "The auditor releases nothing.",
        "auditor",
        "POST",
        "/editions",
        {"kind": "opportunity_list", "title": TITLE},
        status=403,
    )
