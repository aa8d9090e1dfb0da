"""What others hold in a right and what leaves the country, over HTTP: blocked, proven, cleared, and written in a dossier."""

import hashlib
import io
from typing import Any

import pytest
from pypdf import PdfReader

from market.ledger.rules import canonical
from schemas.vocabulary import Founding, OrganisationKind, Role
from tests.deals.trade import Trade, pointers, unmet
from tests.interests.forms import ALL_MODES, a_published_result, an_interest
from tests.makers import Caller, Market

PLEDGE: dict[str, Any] = {
    "kind": "pledge",
    "holder": "Example Bank",
    "begins_on": "2026-01-05",
    "source": "质押登记 2026-1",
}
LETTER: dict[str, Any] = {
    "kind": "export_letter_of_intent",
    "issued_by": "商务主管部门",
    "number": "意向 2026-3",
}


async def encumber(trade: Trade, **fields: Any) -> dict[str, Any]:
    path = f"/listings/{trade.listing['id']}/encumbrances"
    made: dict[str, Any] = await trade.officer.ok("POST", path, json=PLEDGE | fields)
    return made


async def test_a_pledged_patent_is_not_licensed_without_the_pledgee(market: Market) -> None:
    trade = await Trade.of(market, modes=ALL_MODES)
    pledge = await encumber(trade)
    await trade.bring("gating", "exclusive_licence")
    for who in (trade.director, trade.company):
        await trade.accept(who)
        await trade.declare(who)
    view = await trade.view()
    assert view["status"] == "gating"
    assert unmet(view)["encumbrances"] == [f"/encumbrances/{pledge['id']}"]
    [condition] = [each for gate in view["gates"] for each in gate["unmet"]]
    assert (condition["rule"], condition["evidence"]) == ("PL-1", "pledgee_consent")

    given = await trade.give("pledgee_consent", names=["Example Bank"], encumbrance_id=pledge["id"])
    assert given.status_code == 201
    assert await trade.status() == "cleared"


async def test_a_pledge_that_ends_clears_the_deal_for_whoever_reads_it(market: Market) -> None:
    trade = await Trade.of(market)
    pledge = await encumber(trade)
    await trade.bring("gating")
    for who in (trade.director, trade.company):
        await trade.accept(who)
        await trade.declare(who)
    assert await trade.status() == "gating"
    path = f"/listings/{trade.listing['id']}/encumbrances/{pledge['id']}/release"
    released = {"released_on": "2026-02-01", "source": "注销登记 2026-9"}
    assert (await trade.officer.ok("POST", path, json=released))["active"] is False
    assert (await trade.officer.post(path, released)).status_code == 409
    assert await trade.status() == "cleared"


async def test_a_pledge_that_comes_after_the_clearance_stops_the_contract(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("cleared")
    pledge = await encumber(trade)
    assert pointers(await trade.record()) == [f"/encumbrances/{pledge['id']}"]
    await trade.give("pledgee_consent", names=["Example Bank"], encumbrance_id=pledge["id"])
    assert (await trade.record()).status_code == 201


async def test_a_consent_names_an_encumbrance_of_this_listing(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("gating")
    another = await encumber(await Trade.of(market))
    given = await trade.give("pledgee_consent", names=["Example Bank"], encumbrance_id=another["id"])
    assert pointers(given) == ["/encumbrance_id"]


async def test_what_is_frozen_is_not_published(market: Market) -> None:
    officer, director = await market.institute()
    listing = await market.listing(officer, director, status="in_review", modes=["transfer"])
    path = f"/listings/{listing['id']}"
    await officer.ok(
        "POST", f"{path}/encumbrances", json=PLEDGE | {"kind": "freeze", "holder": "Example Court"}
    )
    refused = await director.post(f"{path}/approval")
    assert pointers(refused) == ["/encumbrances_disclosed", "/modes"]
    [held] = await officer.ok("GET", f"{path}/encumbrances")
    assert held["active"] is True


async def test_an_encumbrance_is_of_a_right_that_there_is_and_in_the_order_of_time(market: Market) -> None:
    trade = await Trade.of(market)
    path = f"/listings/{trade.listing['id']}/encumbrances"
    assert pointers(await trade.officer.post(path, PLEDGE | {"place": 7})) == ["/place"]
    assert (await trade.officer.post(path, PLEDGE | {"ends_on": "2025-12-31"})).status_code == 422
    assert (await trade.company.post(path, PLEDGE)).status_code == 404


@pytest.fixture
async def foreign(market: Market) -> Caller:
    """A buyer of a company in China whose controller is abroad."""
    company, parent = (
        await market.company(),
        await market.organisation(OrganisationKind.COMPANY, founding=Founding.FOREIGN),
    )
    operator = await market.operator()
    path = f"/organisations/{company.organisation_id}/controllers"
    await operator.ok(
        "POST", path, json={"controller_id": str(parent), "evidence": "Register of shareholders"}
    )
    return company


AGREEMENT: dict[str, Any] = {
    "kind": "confidentiality_agreement",
    "title": "NDA",
    "sha256": "cd" * 32,
    "names": ["Example company"],
    "issued_on": "2026-01-10",
}


async def test_a_party_under_foreign_control_is_shown_nothing_restricted_before_the_letter_of_intent(
    market: Market, foreign: Caller
) -> None:
    officer, _, listing = await a_published_result(market, export_class="restricted")
    interest = await an_interest(foreign, officer, listing, "acknowledged")
    path = f"/interests/{interest['id']}"
    for verb, body in (("disclosure", AGREEMENT), ("negotiation", None)):
        refused = await officer.post(f"{path}/{verb}", body)
        assert pointers(refused) == ["/evidence/export_letter_of_intent"]
        assert refused.json()["errors"][0]["rule"] == "XB-2"
    letter = LETTER | {"title": "Letter", "sha256": "ef" * 32, "issued_on": "2026-01-10"}
    await officer.ok("POST", f"{path}/evidence", json=letter)
    assert (await officer.ok("POST", f"{path}/disclosure", json=AGREEMENT))["status"] == "disclosed"
    assert (await officer.ok("POST", f"{path}/negotiation"))["status"] == "negotiating"
    given = await foreign.ok("GET", f"{path}/evidence")
    assert [each["kind"] for each in given] == ["export_letter_of_intent", "confidentiality_agreement"]


async def test_prohibited_technology_is_never_shown_abroad_and_always_at_home(
    market: Market, foreign: Caller
) -> None:
    officer, _, listing = await a_published_result(market, export_class="prohibited")
    abroad = await an_interest(foreign, officer, listing, "acknowledged")
    refused = await officer.post(f"/interests/{abroad['id']}/disclosure", AGREEMENT)
    assert refused.json()["errors"][0]["rule"] == "XB-1"
    at_home = await an_interest(await market.company(), officer, listing, "acknowledged")
    shown = await officer.ok("POST", f"/interests/{at_home['id']}/disclosure", json=AGREEMENT)
    assert shown["status"] == "disclosed"


async def test_nothing_is_shown_without_a_confidentiality_agreement(market: Market) -> None:
    officer, _, listing = await a_published_result(market)
    interest = await an_interest(await market.company(), officer, listing, "acknowledged")
    path = f"/interests/{interest['id']}"
    assert pointers(await officer.post(f"{path}/disclosure", LETTER | AGREEMENT | {"kind": "appraisal"})) == [
        "/kind"
    ]
    assert pointers(await officer.post(f"{path}/evidence", AGREEMENT | {"kind": "appraisal"})) == ["/kind"]


async def test_an_exclusive_licence_abroad_is_reviewed_and_approved_by_the_funder(
    market: Market, foreign: Caller
) -> None:
    trade = await Trade.of(
        market,
        company=foreign,
        modes=ALL_MODES,
        export_class="free",
        funding={"state_funded": True, "authority": "Example ministry"},
    )
    await trade.bring("gating", "exclusive_licence")
    lacking = unmet(await trade.view())
    assert lacking["funder_approval"] == ["/evidence/funder_approval"]
    assert lacking["export"] == ["/evidence/ip_transfer_review"]
    await trade.clear()


async def test_a_document_is_withdrawn_by_the_side_that_gave_it_and_counts_no_more(market: Market) -> None:
    trade = await Trade.of(market, modes=ALL_MODES)
    await trade.bring("cleared", "transfer")
    [waiver, *_] = [e for e in await trade.company.ok("GET", f"{trade.path}/evidence") if e["names"]]
    path = f"{trade.path}/evidence/{waiver['id']}/withdrawal"
    assert (await trade.company.post(path, {"reason": "not ours"})).status_code == 403
    withdrawn = await trade.director.ok("POST", path, json={"reason": "it was of other terms"})
    assert withdrawn["withdrawal_reason"] == "it was of other terms"
    assert pointers(await trade.record(kind="transfer")) == ["/evidence/first_refusal_waiver"]
    assert (await trade.director.post(path, {"reason": "again"})).status_code == 409


async def test_the_dossier_holds_every_document_with_its_hash_and_prints_its_own(market: Market) -> None:
    trade = await Trade.of(market, modes=ALL_MODES)
    await encumber(trade, ends_on="2026-01-31")
    await trade.bring("performing", "transfer")
    await trade.pay()
    content = await trade.company.ok("GET", f"{trade.path}/dossier")
    assert {each["sha256"] for each in content["evidence"]} == {"ab" * 32}
    assert [each["active"] for each in content["encumbrances"]] == [False]
    assert [each["kind"] for each in content["record"]][-1] == "payment_recorded"
    assert len(content["payments"]) == 1
    assert all(gate["met"] for gate in content["deal"]["gates"])

    printed = await trade.company.get(f"{trade.path}/dossier.pdf")
    assert printed.headers["content-type"] == "application/pdf"
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(printed.content)).pages)
    assert "ab" * 32 in "".join(text.split())
    known = {name: value for name, value in content.items() if name not in ("sha256", "made_at")}
    assert hashlib.sha256(canonical(known)).hexdigest() == content["sha256"]
    assert content["sha256"] in text
    stranger = await market.company()
    assert (await stranger.get(f"{trade.path}/dossier")).status_code == 404


async def test_who_may_give_documents(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("gating")
    finance = await market.person(trade.officer.organisation_id, Role.FINANCE)
    assert (await trade.give("internal_decision", finance, issued_by="Council")).status_code == 403
    assert pointers(await trade.give("internal_decision")) == ["/issued_by"]
    assert (await trade.give("internal_decision", trade.officer, issued_by="Council")).status_code == 201
