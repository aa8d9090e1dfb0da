"""The whole road on the demo market, through the very process that `make run` starts, told in docs/http."""

import uuid

import pytest

from tests.deals.trade import CONTRACT, PATENT, PAYMENT, TERMS
from tests.interests.forms import ORDINARY
from tests.journeys import meanwhile
from tests.journeys.story import Story
from tests.makers import RESULT
from tests.managers.profiles import ACCEPTANCE

pytestmark = pytest.mark.xdist_group("journeys")

MANAGER = "materials manager"
OTHERS_WORK = ("open_assignments", "introductions", "score", "value", "because", "excluded")
"""What depends on how much the manager has been given elsewhere."""


def test_a_result_goes_from_a_draft_to_a_recorded_contract_with_a_payment(client):
    story = Story(
        client,
        "main-road",
        "The main road",
        "A university publishes a result, a company finds it, a technology manager brings the two together, and a "
        "licence is recorded and paid.",
    )
    listing = _published(story)
    at = f"/listings/{listing['id']}"
    interest = _asked_and_introduced(story, at)
    _dealt(story, interest)

    story.chapter("The owner's clock is public")
    organisation = story(
        "Anyone reads how fast an owner answers: the median of its working days, and what it has left unanswered.",
        "public",
        "GET",
        f"/organisations/{listing['organisation_id']}",
        hide=("published_listings", "interests", "answered", "answered_share", "median_response_days"),
    )
    assert organisation["response"]["answered"] >= 1
    story.write()


def _published(story: Story) -> dict[str, str]:
    story.chapter("The university publishes a result")
    content = RESULT | {
        "title": {"zh-Hans": "固态锂电池电解质", "en": "Heliotrope solid electrolyte"},
        "ip_rights": [PATENT],
    }
    listing: dict[str, str] = story(
        "An officer of the university begins a listing. `unmet` is empty: nothing is missing for its review.",
        "officer",
        "POST",
        "/listings",
        content,
    )
    at = f"/listings/{listing['id']}"
    story("The officer hands it in.", "officer", "POST", f"{at}/submission")
    story("The director, who has not written in it, approves it.", "director", "POST", f"{at}/approval")
    story(
        "The director publishes it, as version 1 of an immutable document.",
        "director",
        "POST",
        f"{at}/publication",
    )

    story.chapter("Anyone finds it within two seconds")
    story.wait_until_found("heliotrope", listing["id"])
    found = story(
        "A search needs no account; it answers hits with what matched in them, and counts by any facet.",
        "public",
        "GET",
        "/search?q=heliotrope&facets=kind&limit=1",
        hide=("score",),
    )
    assert found["facets"] == {"kind": {"result": 1}}
    story("The public document is the stored bytes; its ETag is their SHA-256.", "public", "GET", at)
    return listing


def _asked_and_introduced(story: Story, at: str) -> str:
    story.chapter("A verified company expresses interest, and the owner answers within its clock")
    interest = story(
        "The company fills in the form. The owner has ten working days for a first answer.",
        "company",
        "POST",
        f"{at}/interests",
        ORDINARY,
    )
    asked = f"/interests/{interest['id']}"
    story(
        "The officer acknowledges it, which stops the clock.", "officer", "POST", f"{asked}/acknowledgement"
    )

    story.chapter("A technology manager is proposed, accepts, and introduces the two parties")
    answer = story(
        "The hall ranks its technology managers for this interest, and says why.",
        "officer",
        "GET",
        f"{asked}/manager-proposals?limit=1",
        hide=OTHERS_WORK,
    )
    mine = story.quietly(MANAGER, "GET", "/managers/me")["id"]
    assert answer["proposals"][0]["manager"]["id"] == mine
    assignment = story(
        "The officer asks the best of them.",
        "officer",
        "POST",
        f"{asked}/assignments",
        {"manager_id": mine},
        hide=OTHERS_WORK,
    )
    story(
        "The manager declares that there is no conflict of interest, and takes it on.",
        MANAGER,
        "POST",
        f"/assignments/{assignment['id']}/acceptance",
        ACCEPTANCE,
        hide=OTHERS_WORK,
    )
    introduction = story(
        "The manager introduces the parties. The receipt is signed: an `Idempotency-Key` is required.",
        MANAGER,
        "POST",
        f"/assignments/{assignment['id']}/introduction",
        key=True,
    )
    receipt = story(
        "Both parties keep the same receipt.", "company", "GET", f"/introductions/{introduction['id']}"
    )
    assert receipt == introduction
    return asked


def _dealt(story: Story, asked: str) -> None:
    story.chapter("A deal opens; both sides accept the same terms and declare conflicts")
    interest = story("The officer opens negotiation.", "officer", "POST", f"{asked}/negotiation")
    listed = TERMS | {"pricing_method": "listed"}
    opened = {"interest_id": interest["id"], "mode": "ordinary_licence", "terms": listed}
    deal = story(
        "The officer opens the deal with terms. Its gates say what a contract still needs, and from whom.",
        "officer",
        "POST",
        "/deals",
        opened,
    )
    path = f"/deals/{deal['id']}"
    for party in ("director", "company"):
        story(
            f"The {party} accepts exactly the terms with this hash.",
            party,
            "POST",
            f"{path}/acceptance",
            {"terms_sha256": deal["terms_sha256"]},
        )
    for party in ("director", "company", MANAGER):
        deal = story(
            f"The {party} declares that there is no related party.",
            party,
            "POST",
            f"{path}/declarations",
            {"none": True},
        )
    for kind, side in meanwhile.missing_documents(deal):
        story(
            f"The law asks the {side} for one document more ({kind.replace('_', ' ')}): what it is, and its hash.",
            "director" if side == "seller" else "company",
            "POST",
            f"{path}/evidence",
            meanwhile.evidence(story, deal, kind),
        )
    deal = story("Every gate is open.", "director", "GET", path)
    assert deal["status"] == "cleared"

    story.chapter("The contract is recorded by one party, confirmed by the other, and paid")
    story(
        "The director records the signed contract.",
        "director",
        "POST",
        f"{path}/contract",
        CONTRACT,
        key=True,
    )
    story(
        "The company confirms that this is what was signed.",
        "company",
        "POST",
        f"{path}/contract/confirmation",
        key=True,
    )
    story("The company records a payment.", "company", "POST", f"{path}/payments", PAYMENT, key=True)
    ended = story("The auditor of the hall reads how the deal stands.", "auditor", "GET", path)
    assert ended["status"] == "performing"
    story(
        "The record of the deal is a chain: each event names the hash of the one before it.",
        "auditor",
        "GET",
        f"{path}/events",
    )


def test_the_api_is_described_and_documented_without_another_host(client):
    described = client.get("/schema/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert "/api/v1/search" in described["paths"]
    page = client.get("/schema").text
    assert "http://" not in page
    assert "https://" not in page
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js"):
        assert client.get(f"/schema/assets/{asset}").status_code == 200


def test_the_type_of_a_problem_resolves_to_its_page(client, hall):
    problem = client.get(f"/api/v1/listings/{uuid.uuid4()}").json()
    assert problem["type"].startswith(hall)
    assert client.get(problem["type"]).status_code == 200
