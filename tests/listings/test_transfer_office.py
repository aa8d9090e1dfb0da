"""Where an organisation has a transfer office, its listings are that office's: whoever buys for it neither writes nor publishes them."""

from typing import Any

import pytest

from schemas.vocabulary import Founding, OrganisationKind, Role
from tests.makers import RESULT, Caller, Market

VERBS = [
    ("submission", "draft"),
    ("publication", "approved"),
    ("pause", "published"),
    ("confirmation", "published"),
    ("withdrawal", "published"),
]
OFFICES = (OrganisationKind.UNIVERSITY, OrganisationKind.INSTITUTE, OrganisationKind.HOSPITAL)


async def people(market: Market, kind: OrganisationKind) -> tuple[Caller, Caller, Caller]:
    """Its officer, its director and its buyer."""
    founding = Founding.STATE_FOUNDED if kind in OFFICES else Founding.PRIVATE
    organisation = await market.organisation(kind, founding=founding)
    roles = (Role.TTO_OFFICER, Role.TTO_DIRECTOR, Role.BUYER)
    officer, director, buyer = [await market.person(organisation, role) for role in roles]
    return officer, director, buyer


@pytest.mark.parametrize("kind", OFFICES)
async def test_a_buyer_neither_writes_nor_publishes_what_belongs_to_the_transfer_office(
    market: Market, kind: OrganisationKind
) -> None:
    officer, director, buyer = await people(market, kind)
    refused = [await buyer.post("/listings", RESULT)]
    own = RESULT | {"organisation_id": str(buyer.organisation_id)}
    refused.append(await buyer.post("/listings", own))
    draft = await market.listing(officer, director, status="draft")
    refused.append(await buyer.patch(f"/listings/{draft['id']}", {"region": "310000"}, '"r1"'))
    for verb, status in VERBS:
        listing = await market.listing(officer, director, status=status)
        body: Any = {"reason": "not wanted"} if verb == "withdrawal" else None
        refused.append(await buyer.post(f"/listings/{listing['id']}/{verb}", body))
        assert (await officer.ok("GET", f"/listings/{listing['id']}/draft"))["status"] == status
    for answer in refused:
        assert answer.status_code == 403, answer.text
    for answer in refused[1:]:
        assert "buyer" not in answer.json()["detail"]
        assert "tto_" in answer.json()["detail"]
    assert (await buyer.get(f"/listings/{draft['id']}/draft")).status_code == 200


async def test_a_key_of_a_buyer_does_no_more_than_its_maker(market: Market) -> None:
    _, _, buyer = await people(market, OrganisationKind.UNIVERSITY)
    key = await buyer.ok("POST", "/api-keys", {"name": "k", "scopes": ["listings"]})
    headers = {"Authorization": f"Bearer {key['key']}"}
    answer = await market.client.post("/api/v1/listings", json=RESULT, headers=headers)
    assert answer.status_code == 403


async def test_where_there_is_no_transfer_office_the_buyer_publishes_what_the_operator_approved(
    market: Market,
) -> None:
    company = await market.company()
    approved = await market.listing(company, await market.operator(), "product", status="approved")
    published = await company.ok("POST", f"/listings/{approved['id']}/publication")
    assert published["status"] == "published"
