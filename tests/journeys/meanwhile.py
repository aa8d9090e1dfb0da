"""What the other people of a story do meanwhile, which the story itself does not tell."""

from typing import Any

from tests.deals.trade import PATENT
from tests.journeys.story import Story
from tests.makers import RESULT
from tests.managers.profiles import ACCEPTANCE

FORM = {
    "mode": "ordinary_licence",
    "business": "Instruments and machines",
    "size": "medium",
    "how_found": "search",
    "message": "We would like to try it, and to build it into our own products.",
}


def a_published_result(story: Story, title: dict[str, str], **fields: Any) -> dict[str, Any]:
    """Of the demo's university, found by the search already under the last word of its English title."""
    content = RESULT | {"title": title, "ip_rights": [PATENT]} | fields
    listing: dict[str, Any] = story.quietly("officer", "POST", "/listings", content)
    at = f"/listings/{listing['id']}"
    for who, verb in (("officer", "submission"), ("director", "approval"), ("director", "publication")):
        listing = story.quietly(who, "POST", f"{at}/{verb}")
    story.wait_until_found(title["en"].split()[-1], listing["id"])
    return listing


def an_interest(story: Story, company: str, listing: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Of a company of the demo, for an ordinary licence."""
    interest: dict[str, Any] = story.quietly(
        company, "POST", f"/listings/{listing['id']}/interests", FORM | fields
    )
    return interest


def an_introduction(story: Story, assignment: dict[str, Any], manager: str) -> dict[str, Any]:
    """By the technology manager who was asked, and takes it on."""
    at = f"/assignments/{assignment['id']}"
    story.quietly(manager, "POST", f"{at}/acceptance", ACCEPTANCE)
    introduction: dict[str, Any] = story.quietly(manager, "POST", f"{at}/introduction", key=True)
    return introduction


def cleared(story: Story, deal: dict[str, Any], *parties: str) -> dict[str, Any]:
    """These parties accept the terms as they stand, give what the gates lack, and everybody declares; the first two are
    the sides, the seller of a result first."""
    at = f"/deals/{deal['id']}"
    for party in parties[:2]:
        story.quietly(party, "POST", f"{at}/acceptance", {"terms_sha256": deal["terms_sha256"]})
    for party in parties:
        deal = story.quietly(party, "POST", f"{at}/declarations", {"none": True})
    prove(story, deal, *parties[:2])
    deal = story.quietly(parties[0], "GET", at)
    assert deal["status"] == "cleared", deal["gates"]
    return deal


def prove(story: Story, deal: dict[str, Any], seller: str, buyer: str) -> None:
    """Each side gives the documents that the gates ask of it."""
    for kind, side in missing_documents(deal):
        who = seller if side == "seller" else buyer
        story.quietly(who, "POST", f"/deals/{deal['id']}/evidence", evidence(story, deal, kind))


def missing_documents(deal: dict[str, Any]) -> list[tuple[str, str]]:
    """Which kinds of document the gates of a deal lack, and of which side."""
    return sorted(
        {
            (condition["evidence"], side)
            for gate in deal["gates"]
            for condition in gate["unmet"]
            if condition["evidence"]
            for side in condition["who_can_supply"]
        }
    )


def evidence(story: Story, deal: dict[str, Any], kind: str) -> dict[str, Any]:
    """A document of this kind, with everything that any of them is asked for."""
    listing = story.quietly("public", "GET", f"/listings/{deal['listing_id']}")
    return {
        "kind": kind,
        "title": f"The {kind.replace('_', ' ')}",
        "sha256": "ab" * 32,
        "issued_on": "2026-01-10",
        "issued_by": "The office that issues it",
        "number": "No. 1",
        "names": [each["name"] for each in listing.get("contributors", [])],
        "value": {"amount": "300000.00", "currency": "CNY"},
        "terms_sha256": deal["terms_sha256"],
    }
