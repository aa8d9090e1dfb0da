"""The road as a company walks it: from a sign-up to a licence and to offers of its own, told in docs/http."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.deals.trade import CONTRACT, PAYMENT, TERMS
from tests.interests.forms import EXCLUSIVE
from tests.journeys import meanwhile
from tests.journeys.story import Story

pytestmark = pytest.mark.xdist_group("journeys")

SIGN_UP: dict[str, Any] = {
    "email": "buyer@celadon.example",
    "password": "celadon, fired twice",
    "name": "示例青瓷采购经理",
    "organisation": {
        "name": {"en": "Example Celadon Works", "zh-Hans": "示例青瓷材料有限公司"},
        "kind": "company",
        "founding": "private",
        "identifiers": [{"scheme": "uscc", "value": "91990000DEMA00210X"}],
        "region": "330108",
    },
}
WANTED: dict[str, Any] = EXCLUSIVE | {
    "message": "We fire ceramics and want to make this membrane for breweries.",
    "business": "Technical ceramics",
    "field_of_use": "Filtration of beverages",
    "development_plan": {
        "time": "First modules in 18 months",
        "nature": "From a laboratory disc to tubes of 1 m",
        "capital": {"amount": "8000000.00", "currency": "CNY"},
        "capability": "Two tunnel kilns and 12 engineers",
    },
}
BARE = {name: WANTED[name] for name in ("mode", "message", "business", "size")}
PRODUCT: dict[str, Any] = {
    "kind": "product",
    "title": {"en": "Glazed filter tube longquan", "zh-Hans": "青釉过滤管"},
    "summary": {"en": "A ceramic filter tube that is cleaned with hot water alone"},
    "ipc": ["B01D 39/20"],
    "price": {"mode": "range", "amount": {"amount": "900.00"}, "upper": {"amount": "2400.00"}},
    "modes": ["sale"],
    "first_use": [{"kind": "first_batch", "evidence": {"zh-Hans": "首批次应用证明"}}],
}
OPPORTUNITY: dict[str, Any] = {
    "kind": "opportunity",
    "opportunity_type": "scenario",
    "title": {"en": "Cooler kilns at jingdezhen", "zh-Hans": "降低窑炉能耗场景"},
    "owner_unit": "Example Celadon Works",
    "site": {"en": "Tunnel kiln 2"},
    "problem": {"en": "A third of the heat leaves through the walls", "zh-Hans": "三分之一热量从窑壁散失"},
    "data_offered": {"en": "Two years of temperatures, and one kiln for a trial"},
    "kpis": [{"name": {"en": "Gas per tonne"}, "target": "-20 %", "baseline": "310 m3"}],
    "budget": {"amount": "600000.00", "currency": "CNY"},
    "deadline": "2099-06-30T17:00:00+08:00",
    "award_rule": {"en": "Savings measured in the trial"},
    "ip_terms": "solver",
}
MANAGERS_OWN = ("open_assignments", "introductions")


def test_a_company_finds_a_result_takes_a_licence_and_publishes_offers_of_its_own(client):
    story = Story(
        client,
        "company",
        "The road of a company",
        "A company that nobody knows signs up, finds a result, is verified, and takes an exclusive licence for its "
        "field. Then it publishes a product and opens a scenario to others, and connects its own systems.",
    )
    company = _signed_up(story)
    listing = _found(story)
    _verified(story, company, listing)
    interest = _asked(story, listing)
    _introduced(story, interest)
    deal = _negotiated(story, interest)
    _signed(story, deal)
    _paid(story, company, deal)
    _published(story, listing)
    _connected(story, listing)
    _signed_out(story)
    story.write()


def _signed_up(story: Story) -> str:
    story.chapter("Signing up")
    weak = SIGN_UP | {"password": "ilovebuyer99"}
    refused = story(
        "A password that holds the e-mail address is refused; the problem names the field.",
        "public",
        "POST",
        "/people",
        weak,
        status=422,
    )
    assert [error["pointer"] for error in refused["errors"]] == ["/password"]
    opened = story(
        "Person and company register together, with the company's 统一社会信用代码; the answer is an open session.",
        "public",
        "POST",
        "/people",
        SIGN_UP,
        tell="buyer",
    )
    company: str = opened["person"]["memberships"][0]["organisation_id"]
    shown = story(
        "The company is in the hall at level L0: its number has passed its check, its papers nobody has seen.",
        "buyer",
        "GET",
        f"/organisations/{company}",
    )
    assert (shown["verification"], shown["identifiers"][0]["check"]) == ("L0", "passed")
    return company


def _found(story: Story) -> dict[str, Any]:
    title = {"en": "Filter membrane of fired celadon", "zh-Hans": "烧结青瓷过滤膜"}
    listing = meanwhile.a_published_result(
        story,
        title,
        summary={
            "en": "A membrane without organic binders that stands hot lye",
            "zh-Hans": "耐热碱清洗的无机膜",
        },
        keywords={"en": ["celadon membrane"]},
        ipc=["B01D 71/02"],
        modes=["exclusive_licence", "ordinary_licence"],
    )
    story.chapter("Searching")
    found = story(
        "One box takes Chinese and English words together; filters narrow, facets count what else there is.",
        "public",
        "GET",
        "/search?q=青瓷 membrane&kind=result&ipc=B01D&trl_min=4&facets=kind,mode&limit=1",
        hide=("score", "facets", "total"),
    )
    assert found["hits"][0]["id"] == listing["id"]
    mistyped = story(
        "A typing mistake is forgiven.", "public", "GET", "/search?q=celadom&limit=1", hide=("score",)
    )
    assert mistyped["hits"][0]["id"] == listing["id"]
    story("Words are completed while they are typed.", "public", "GET", "/search/suggestions?q=celad")
    story(
        "The values of a facet can be looked up by their beginning.",
        "public",
        "GET",
        "/search/facets/ipc?prefix=B01D7",
    )
    broad = story(
        "A broad question, the newest first, shows how the answer is paged: follow `next_cursor`, or the `Link`.",
        "public",
        "GET",
        "/search?q=机器人 robot&facets=kind,price_mode&sort=newest&limit=1",
        hide=("score",),
    )
    assert broad["total"] > 1
    story(
        "From one listing to others like it.",
        "public",
        "GET",
        f"/listings/{listing['id']}/similar?limit=1",
        hide=("score",),
    )
    return listing


def _verified(story: Story, company: str, listing: dict[str, Any]) -> None:
    story.chapter("Being verified")
    asked = f"/listings/{listing['id']}/interests"
    refused = story(
        "A company that nobody has verified is not let near an owner, and is told why.",
        "buyer",
        "POST",
        asked,
        WANTED,
        status=409,
    )
    assert "L1" in refused["detail"]
    story(
        "It does not verify itself.",
        "buyer",
        "POST",
        f"/organisations/{company}/verification",
        {"level": "L1", "note": "we are honest"},
        status=403,
    )
    story(
        "The operator compares number and papers.",
        "operator",
        "POST",
        f"/organisations/{company}/verification",
        {"level": "L2", "note": "business licence seen"},
    )


def _asked(story: Story, listing: dict[str, Any]) -> dict[str, Any]:
    story.chapter("Asking for it")
    asked = f"/listings/{listing['id']}/interests"
    refused = story(
        "Who asks for exclusivity says what they will do with it; everything that the form lacks is named at once.",
        "buyer",
        "POST",
        asked,
        BARE,
        status=422,
    )
    assert [error["pointer"] for error in refused["errors"]] == [
        "/field_of_use",
        "/territory",
        "/incorporation",
        "/representative",
        "/development_plan/time",
        "/development_plan/nature",
        "/development_plan/capital",
        "/development_plan/capability",
    ]
    interest: dict[str, Any] = story(
        "The whole form is taken, and the owner's clock starts.", "buyer", "POST", asked, WANTED
    )
    story("Asking twice is refused while the first one is open.", "buyer", "POST", asked, WANTED, status=409)
    story.quietly("officer", "POST", f"/interests/{interest['id']}/acknowledgement")
    story(
        "The owner has acknowledged it. The company sees how many working days that took.",
        "buyer",
        "GET",
        f"/interests/{interest['id']}",
    )
    return interest


def _introduced(story: Story, interest: dict[str, Any]) -> None:
    story.chapter("Being introduced")
    mine = story.quietly("materials manager", "GET", "/managers/me")["id"]
    assignment = story(
        "Either side may ask a technology manager; here the company does.",
        "buyer",
        "POST",
        f"/interests/{interest['id']}/assignments",
        {"manager_id": mine},
        hide=MANAGERS_OWN,
    )
    made = meanwhile.an_introduction(story, assignment, "materials manager")
    receipt = story(
        "The manager has introduced the parties. The receipt names them, the listing's version and the time, and is "
        "signed.",
        "buyer",
        "GET",
        f"/introductions/{made['id']}",
    )
    published = story(
        "Anyone fetches the hall's public key. To check a receipt, verify `signature` with Ed25519 over the UTF-8 "
        "bytes of `receipt`, as they stand, with this key.",
        "public",
        "GET",
        "/keys/receipts",
    )
    assert published["public_key"] == receipt["public_key"]
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(published["public_key"]))
    key.verify(base64.b64decode(receipt["signature"]), receipt["receipt"].encode())


def _negotiated(story: Story, interest: dict[str, Any]) -> dict[str, Any]:
    story.chapter("Negotiating")
    story.quietly("officer", "POST", f"/interests/{interest['id']}/negotiation")
    offered = TERMS | {"field_of_use": "Filtration of beverages", "pricing_method": "listed"}
    deal: dict[str, Any] = story.quietly(
        "officer",
        "POST",
        "/deals",
        {"interest_id": interest["id"], "mode": "exclusive_licence", "terms": offered},
    )
    at = f"/deals/{deal['id']}"
    first = {"terms_sha256": deal["terms_sha256"]}
    story(
        "The university has opened a deal with its terms. The company finds it among its own.",
        "buyer",
        "GET",
        "/deals",
    )
    story("It reads the whole, with its ETag.", "buyer", "GET", at)
    changed = story(
        "It would rather pay an entry fee and a royalty. Any change takes back what was accepted.",
        "buyer",
        "PATCH",
        at,
        {
            "terms": {
                "payment": {
                    "type": "upfront_and_royalty",
                    "days_after_signing": 60,
                    "royalty": {
                        "base": "sales",
                        "rate_percent": "2.5",
                        "period": "year",
                        "audit_right": True,
                    },
                }
            }
        },
        match=story.etag,
    )
    assert changed["terms"]["payment"]["type"] == "upfront_and_royalty"
    story(
        "The terms of before are accepted by nobody any more.",
        "buyer",
        "POST",
        f"{at}/acceptance",
        first,
        status=412,
    )
    terms = {"terms_sha256": changed["terms_sha256"]}
    story("The company accepts the new ones, by their hash.", "buyer", "POST", f"{at}/acceptance", terms)
    story(
        "It declares that a relation exists, which is marked on the deal and does not bar it.",
        "buyer",
        "POST",
        f"{at}/declarations",
        {"related": "A director of ours taught at the university until 2019."},
    )
    story.quietly("director", "POST", f"{at}/acceptance", terms)
    for party in ("director", "materials manager"):
        deal = story.quietly(party, "POST", f"{at}/declarations", {"none": True})
    meanwhile.prove(story, deal, "director", "buyer")
    deal = story(
        "The university has accepted as well, and each side has given its documents.", "buyer", "GET", at
    )
    assert (deal["status"], deal["related_parties"]) == ("cleared", True)
    return deal


def _signed(story: Story, deal: dict[str, Any]) -> None:
    story.chapter("Signing")
    at = f"/deals/{deal['id']}"
    story.quietly("director", "POST", f"{at}/contract", CONTRACT | {"number": "2026-LIC-100"}, key=True)
    story(
        "Both have signed, and the university has recorded the contract: under a wrong number. The company says so.",
        "buyer",
        "POST",
        f"{at}/contract/refusal",
        {"reason": "the signed paper bears the number 2026-LIC-001"},
    )
    story.quietly("director", "POST", f"{at}/contract", CONTRACT, key=True)
    story(
        "The university has recorded it anew. The company reads the document, byte for byte as it was stored.",
        "buyer",
        "GET",
        f"{at}/contract",
    )
    confirmed = story(
        "The company confirms it: the contract stands, and is performed.",
        "buyer",
        "POST",
        f"{at}/contract/confirmation",
        key=True,
    )
    assert confirmed["status"] == "performing"


def _paid(story: Story, company: str, deal: dict[str, Any]) -> None:
    story.chapter("Paying")
    at = f"/deals/{deal['id']}"
    invited = story(
        "The buyer invites a colleague of the finance department, and passes the token on.",
        "buyer",
        "POST",
        f"/organisations/{company}/invitations",
        {"email": "finance@celadon.example", "roles": ["finance"]},
    )
    story(
        "The colleague signs up with it.",
        "public",
        "POST",
        "/people",
        {
            "email": "finance@celadon.example",
            "password": "ledgers of stoneware",
            "name": "示例青瓷财务经理",
            "invitation": invited["token"],
        },
        tell="colleague",
    )
    story(
        "The colleague records the first payment.", "colleague", "POST", f"{at}/payments", PAYMENT, key=True
    )
    story(
        "Recording money is all that this role may do in a deal.",
        "colleague",
        "POST",
        f"{at}/completion",
        status=403,
    )
    story("The buyer sees what was paid.", "buyer", "GET", f"{at}/payments")
    story("The deal itself shows the sum.", "buyer", "GET", at)


def _published(story: Story, listing: dict[str, Any]) -> None:
    story.chapter("Publishing a product")
    product = story(
        "The company offers a product that came out of the result. A company has no director: the operator approves.",
        "buyer",
        "POST",
        "/listings",
        PRODUCT | {"source_result": listing["id"]},
    )
    at = f"/listings/{product['id']}"
    story("It hands the product in.", "buyer", "POST", f"{at}/submission")
    story("It cannot approve its own product.", "buyer", "POST", f"{at}/approval", status=403)
    story.quietly("operator", "POST", f"{at}/approval")
    story("The operator has approved it, and the company publishes it.", "buyer", "POST", f"{at}/publication")
    story.wait_until_found("longquan", product["id"])

    story.chapter("Opening a scenario")
    scenario = story(
        "The company opens one of its kilns to whoever can make it save gas. What a scenario still needs is named.",
        "buyer",
        "POST",
        "/listings",
        {name: OPPORTUNITY[name] for name in ("kind", "opportunity_type", "title", "problem", "budget")},
    )
    assert {condition["pointer"] for condition in scenario["unmet"]} >= {"/kpis", "/deadline", "/ip_terms"}
    at = f"/listings/{scenario['id']}"
    rest = {
        name: value
        for name, value in OPPORTUNITY.items()
        if name not in scenario["content"] or name != "kind"
    }
    complete = story(
        "It is completed with a merge patch.",
        "buyer",
        "PATCH",
        at,
        {name: rest[name] for name in rest if name not in ("opportunity_type", "title", "problem", "budget")},
        match=story.etag,
    )
    assert complete["unmet"] == []
    for who, verb in (("buyer", "submission"), ("operator", "approval")):
        story.quietly(who, "POST", f"{at}/{verb}")
    story(
        "Reviewed by the operator as the product was, it is published.", "buyer", "POST", f"{at}/publication"
    )
    story.wait_until_found("jingdezhen", scenario["id"])


def _connected(story: Story, listing: dict[str, Any]) -> None:
    story.chapter("Connecting a system of its own")
    issued = story(
        "The buyer makes an API key for the company's catalogue, for listings and nothing else. It is shown once.",
        "buyer",
        "POST",
        "/api-keys",
        {"name": "Catalogue", "scopes": ["listings"], "days": 30},
    )
    story.known("catalogue", issued["key"])
    story(
        "The catalogue searches with it.", "catalogue", "GET", "/search?q=longquan&limit=1", hide=("score",)
    )
    own = story(
        "It reads the working copies of the company.", "catalogue", "GET", "/listings?status=published"
    )
    assert len(own["items"]) == 2
    story(
        "It keeps them in step; what it changes is reviewed like any other change.",
        "catalogue",
        "PATCH",
        f"/listings/{own['items'][1]['id']}",
        {"price": {"upper": {"amount": "2200.00"}}},
        match=f'"r{own["items"][1]["revision"]}"',
    )
    refused = story(
        "Beyond its scope it does nothing: it cannot ask an owner.",
        "catalogue",
        "POST",
        f"/listings/{listing['id']}/interests",
        WANTED,
        status=403,
    )
    assert "interests" in refused["detail"]
    assert story("It sees no deals.", "catalogue", "GET", "/deals")["items"] == []
    story(
        "It makes no keys.",
        "catalogue",
        "POST",
        "/api-keys",
        {"name": "More", "scopes": ["read"]},
        status=403,
    )
    story("The buyer revokes it.", "buyer", "DELETE", f"/api-keys/{issued['id']}")
    story("From the next request on it is refused.", "catalogue", "GET", "/listings", status=401)


def _signed_out(story: Story) -> None:
    story.chapter("Signing out everywhere")
    story(
        "The buyer signs in on a second machine.",
        "public",
        "POST",
        "/sessions",
        {"email": SIGN_UP["email"], "password": SIGN_UP["password"]},
        tell="buyer's second machine",
    )
    sessions = story(
        "The buyer sees where the account is open.",
        "buyer's second machine",
        "GET",
        "/sessions",
        hide=("user_agent",),
    )
    assert len(sessions) == 2
    story("One request ends all of it.", "buyer's second machine", "DELETE", "/sessions")
    story("The first machine is signed out too.", "buyer", "GET", "/people/me", status=401)
