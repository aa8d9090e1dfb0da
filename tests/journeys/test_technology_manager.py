"""The road as a technology manager walks it: from a profile to a deal that is carried to its end, told in docs/http."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.deals.trade import CONTRACT, PAYMENT, TERMS
from tests.journeys import meanwhile
from tests.journeys.story import Story

pytestmark = pytest.mark.xdist_group("journeys")

SIGN_UP: dict[str, Any] = {
    "email": "broker@kingfisher.example",
    "password": "blue bird over water",
    "name": "示例翠鸟技术经理人",
    "organisation": {
        "name": {"en": "Example Kingfisher Brokers", "zh-Hans": "示例翠鸟技术经纪"},
        "kind": "tto",
        "founding": "private",
        "identifiers": [{"scheme": "uscc", "value": "91990000DEMA002111"}],
        "region": "310115",
    },
}
PRICE = {"amount": "300000.00", "currency": "CNY"}
EXPIRED = {"issuer": "Example examination board", "number": "TM-2018-042", "expires_on": "2023-12-31"}
PROFILE: dict[str, Any] = {
    "level": "intermediate",
    "credentials": [EXPIRED],
    "fields": {"ipc": ["F03D"], "discipline": ["E06"]},
    "languages": ["zh", "en"],
    "regions": ["310115", "DK"],
    "capacity": 2,
}
MANAGERS_OWN = ("open_assignments", "introductions")


def test_a_technology_manager_brings_two_parties_together_and_carries_their_deal(client):
    story = Story(
        client,
        "technology-manager",
        "The road of a technology manager",
        "A technology manager (技术经理人) signs up, is found by field, declines where there is a conflict, introduces "
        "two parties with a signed receipt, and carries their deal to its end.",
    )
    manager = _registered(story)
    listing = _wanted(story)
    asked, unwelcome = (
        meanwhile.an_interest(story, "company", listing),
        meanwhile.an_interest(story, "other company", listing),
    )
    for interest in (asked, unwelcome):
        story.quietly("officer", "POST", f"/interests/{interest['id']}/acknowledgement")
    _proposed(story, manager, asked)
    _declined(story, manager, unwelcome)
    assignment = _accepted(story, manager, asked, unwelcome)
    _introduced(story, assignment)
    _carried(story, asked)
    _counted(story, manager)
    story.write()


def _registered(story: Story) -> str:
    story.chapter("A profile")
    opened = story(
        "The manager signs up with an agency of their own.",
        "public",
        "POST",
        "/people",
        SIGN_UP,
        tell="manager",
    )
    agency = opened["person"]["memberships"][0]["organisation_id"]
    story(
        "The operator of the hall looks at the agency's papers.",
        "operator",
        "POST",
        f"/organisations/{agency}/verification",
        {"level": "L2", "note": "licence of the agency seen"},
    )
    nothing = {"ipc": [], "discipline": [], "industry": []}
    refused = story(
        "A profile names at least one field, as prefixes of the codes that listings carry.",
        "manager",
        "POST",
        "/managers",
        PROFILE | {"fields": nothing},
        status=422,
    )
    assert [error["pointer"] for error in refused["errors"]] == ["/fields"]
    manager: str = story(
        "With fields, languages, credentials, and how many assignments the manager can carry at a time, it stands.",
        "manager",
        "POST",
        "/managers",
        PROFILE,
    )["id"]
    found = story("Anyone finds the manager by field.", "public", "GET", "/managers?field=F03D1/06&limit=1")
    assert [item["id"] for item in found["items"]] == [manager]
    public = story("The public does not see the credentials.", "public", "GET", f"/managers/{manager}")
    assert public["credentials"] is None
    checked = story("The operator does, to check them.", "operator", "GET", f"/managers/{manager}")
    assert [credential["number"] for credential in checked["credentials"]] == [EXPIRED["number"]]
    return manager


def _wanted(story: Story) -> dict[str, Any]:
    title = {"en": "Rotor blade shaped like a kingfisher", "zh-Hans": "翠鸟仿生低噪声风机叶片"}
    return meanwhile.a_published_result(
        story,
        title,
        summary={"en": "A leading edge that takes the edge off the noise"},
        keywords={},
        ipc=["F03D 1/06"],
        discipline=["E06"],
    )


def _proposed(story: Story, manager: str, interest: dict[str, Any]) -> None:
    story.chapter("Being proposed")
    at = f"/interests/{interest['id']}/manager-proposals?limit=1"
    hidden = (*MANAGERS_OWN, "proposals")
    answer = story(
        "A university asks who could bring a company and its rotor blade together. The hall leaves out whose "
        "credentials have expired, and says so.",
        "officer",
        "GET",
        at,
        hide=hidden,
    )
    assert [each["reason"] for each in answer["excluded"][0]["obstacles"]] == ["no_credential_in_force"]
    story("The manager reads their own profile, with its ETag.", "manager", "GET", "/managers/me")
    stated = story(
        "The manager adds the new certificate; the list replaces the one before it.",
        "manager",
        "PATCH",
        f"/managers/{manager}",
        {"credentials": [EXPIRED, EXPIRED | {"number": "TM-2024-042", "expires_on": "2099-12-31"}]},
        match=story.etag,
    )
    story(
        "A certificate counts once the operator has asked its issuer.",
        "operator",
        "POST",
        f"/managers/{manager}/credentials/{stated['credentials'][1]['id']}/verification",
        {"verified": True, "note": "The board confirms the number."},
    )
    answer = story(
        "Now the manager is proposed first: every part of the score gives its reason.", "officer", "GET", at
    )
    best = answer["proposals"][0]
    assert (best["manager"]["id"], best["score"]) == (manager, 1.0)


def _declined(story: Story, manager: str, interest: dict[str, Any]) -> None:
    story.chapter("A conflict")
    offered = story.quietly(
        "officer", "POST", f"/interests/{interest['id']}/assignments", {"manager_id": manager}
    )
    waiting = story(
        "The university has asked the manager about the first of two companies.",
        "manager",
        "GET",
        "/assignments?status=offered",
    )
    assert [item["id"] for item in waiting["items"]] == [offered["id"]]
    story(
        "Until they accept, managers do not see what the company wrote.",
        "manager",
        "GET",
        f"/interests/{interest['id']}",
        status=404,
    )
    at = f"/assignments/{offered['id']}"
    refused = story(
        "This manager holds shares in that company, and nobody accepts with a conflict of interest.",
        "manager",
        "POST",
        f"{at}/acceptance",
        {"no_conflict": False, "declaration": "I hold shares in the company that asks."},
        status=422,
    )
    assert [error["pointer"] for error in refused["errors"]] == ["/no_conflict"]
    declined = story(
        "The manager declines, and says why; both parties read it and can ask another. The conflict is kept.",
        "manager",
        "POST",
        f"{at}/refusal",
        {"reason": "I hold shares in the company that asks.", "conflict": "related_organisation"},
    )
    assert declined["status"] == "declined"


def _accepted(story: Story, manager: str, interest: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    story.chapter("An assignment")
    offered = story.quietly(
        "company", "POST", f"/interests/{interest['id']}/assignments", {"manager_id": manager}
    )
    assignment: dict[str, Any] = story(
        "The second company asks for the same manager, who has no stake in either side and accepts. The declaration "
        "is kept.",
        "manager",
        "POST",
        f"/assignments/{offered['id']}/acceptance",
        {"no_conflict": True, "declaration": "I hold no interest in either party and none in the blade."},
    )
    story(
        "From now on the manager reads the form of the company.",
        "manager",
        "GET",
        f"/interests/{interest['id']}",
    )
    own = story("The profile shows the load.", "manager", "GET", "/managers/me")
    assert (own["open_assignments"], own["capacity"]) == (1, 2)
    story(
        "One assignment at a time is enough, the manager decides.",
        "manager",
        "PATCH",
        f"/managers/{manager}",
        {"capacity": 1},
        match=story.etag,
    )
    refused = story(
        "Whoever asks for more is told, and told of the conflict that was declared.",
        "officer",
        "POST",
        f"/interests/{other['id']}/assignments",
        {"manager_id": manager},
        status=409,
    )
    assert [error["rule"] for error in refused["errors"]] == ["TM-5", "TM-8"]
    return assignment


def _introduced(story: Story, assignment: dict[str, Any]) -> None:
    story.chapter("The introduction")
    at = f"/assignments/{assignment['id']}/introduction"
    story(
        "A signature is not given by accident: it needs an `Idempotency-Key`.",
        "manager",
        "POST",
        at,
        status=400,
    )
    made = story(
        "The manager introduces the two parties. The receipt says who, about which version of what, when, and until "
        "when going around the manager still costs the fee (民法典 art. 965).",
        "manager",
        "POST",
        at,
        key=True,
    )
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(made["public_key"]))
    key.verify(base64.b64decode(made["signature"]), made["receipt"].encode())
    assert json.loads(made["receipt"])["assignment"]["id"] == assignment["id"]
    story("It is made once.", "manager", "POST", at, key=True, status=409)


def _carried(story: Story, interest: dict[str, Any]) -> None:
    story.chapter("Carrying the deal")
    story.quietly("officer", "POST", f"/interests/{interest['id']}/negotiation")
    opened = {
        "interest_id": interest["id"],
        "mode": "ordinary_licence",
        "terms": TERMS | {"field_of_use": "Wind turbines", "pricing_method": "listed"},
    }
    deal = story.quietly("officer", "POST", "/deals", opened)
    at = f"/deals/{deal['id']}"
    story(
        "The university has opened a deal. The manager, who brought it about, reads it with everything that it still "
        "lacks.",
        "manager",
        "GET",
        at,
    )
    terms = {"terms_sha256": deal["terms_sha256"]}
    story(
        "A manager agrees to nothing in the place of a party.",
        "manager",
        "POST",
        f"{at}/acceptance",
        terms,
        status=403,
    )
    story(
        "A manager changes no terms.",
        "manager",
        "PATCH",
        at,
        {"terms": {"territory": ["worldwide"]}},
        match=story.etag,
        status=403,
    )
    story(
        "What the manager owes is a declaration of their own.",
        "manager",
        "POST",
        f"{at}/declarations",
        {"none": True},
    )
    gates = story("The gates tell the manager whom to call next.", "manager", "GET", f"{at}/gates")
    waiting = {who for gate in gates for condition in gate["unmet"] for who in condition["who_can_supply"]}
    assert waiting == {"seller", "buyer"}
    meanwhile.cleared(story, deal, "director", "company")
    story.quietly("director", "POST", f"{at}/contract", CONTRACT, key=True)
    story.quietly("company", "POST", f"{at}/contract/confirmation", key=True)
    story.quietly("company", "POST", f"{at}/payments", PAYMENT | {"amount": PRICE}, key=True)
    story("The parties have signed. The manager reads the contract.", "manager", "GET", f"{at}/contract")
    story("The manager sees what is paid, from which the fee is owed.", "manager", "GET", f"{at}/payments")
    events = story("The record of the deal names the manager's part.", "manager", "GET", f"{at}/events")
    assert "manager" in {event["role"] for event in events}
    for party in ("director", "company"):
        story.quietly(party, "POST", f"{at}/completion")
    assert story("The parties agree that all is done.", "manager", "GET", at)["status"] == "completed"


def _counted(story: Story, manager: str) -> None:
    story.chapter("A record of one's own")
    profile = story(
        "What the hall itself has counted stands on the manager's public page.",
        "public",
        "GET",
        f"/managers/{manager}",
    )
    assert profile["record"]["introductions"] == 1
    assert profile["open_assignments"] == 0
    story("The manager looks back on every assignment.", "manager", "GET", "/assignments")
    shown = story(
        "The portfolio gathers what a manager can show: assignments, receipts and credited deals, each with its hash.",
        "manager",
        "GET",
        f"/managers/{manager}/portfolio",
    )
    assert (shown["performance"]["signed"], shown["performance"]["paid"]) == (1, 1)
    assert [deal["share_percent"] for deal in shown["deals"]] == ["100"]
