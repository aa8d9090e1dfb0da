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
    """These parties accept the terms as they stand, and everybody declares; the first two are the sides."""
    at = f"/deals/{deal['id']}"
    for party in parties[:2]:
        story.quietly(party, "POST", f"{at}/acceptance", {"terms_sha256": deal["terms_sha256"]})
    for party in parties:
        deal = story.quietly(party, "POST", f"{at}/declarations", {"none": True})
    assert deal["status"] == "cleared"
    return deal
