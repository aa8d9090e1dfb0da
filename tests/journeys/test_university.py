"""The road as a university walks it: from a result in a drawer to a licence that is paid, told in docs/http."""

from datetime import datetime
from typing import Any

import pytest

from tests.deals.trade import CONTRACT, PAYMENT, TERMS
from tests.journeys import meanwhile
from tests.journeys.clock import Clock
from tests.journeys.story import Story

pytestmark = pytest.mark.xdist_group("journeys")

WORD = "verdigris"
MISTYPED, RIGHT = "CN202010123456.7", "CN202010123456.2"
RESULT: dict[str, Any] = {
    "kind": "result",
    "title": {"en": "Verdigris sensor for bronze under water", "zh-Hans": "水下青铜锈蚀传感器"},
    "summary": {
        "en": "A thin film that tells harmful corrosion of bronze from harmless patina",
        "zh-Hans": "一种区分青铜有害锈与稳定锈层的薄膜传感器",
    },
    "keywords": {"en": ["corrosion sensor"], "zh-Hans": ["腐蚀监测"]},
    "region": "110108",
    "ipc": ["G01N 17/02"],
    "discipline": ["E05"],
    "maturity": {"level": 6, "evidence": {"en": "Twelve months on two wrecks"}},
    "ip_rights": [
        {
            "kind": "invention",
            "application_number": MISTYPED,
            "status": "granted",
            "filed_on": "2020-03-02",
            "owners": ["Example University"],
        },
        {
            "kind": "utility_model",
            "application_number": "CN202120456789.7",
            "status": "granted",
            "owners": ["Example University"],
        },
    ],
    "contributors": [{"name": "示例大学科研人员", "confirmed": True}],
    "funding": {"state_funded": True, "programme": "Example programme"},
    "modes": ["ordinary_licence", "exclusive_licence"],
    "price": {"mode": "fixed", "amount": {"amount": "300000.00", "currency": "CNY"}},
    "export_class": "free",
    "secrecy_attested": True,
}
OWN: dict[str, Any] = {
    "kind": "result",
    "title": {"en": "Notes of the director"},
    "summary": {"en": "How to keep bronze under water"},
    "contributors": [{"name": "示例大学转化主任", "confirmed": True}],
    "modes": ["ordinary_licence"],
    "price": {"mode": "on_request"},
    "export_class": "free",
    "secrecy_attested": True,
}
WHAT_OTHERS_DO = (
    "published_listings",
    "interests",
    "answered",
    "answered_share",
    "median_response_days",
    "open_assignments",
    "introductions",
)


def test_a_university_brings_a_result_from_a_draft_to_a_licence_that_is_paid(
    client: Any, clock: Clock
) -> None:
    story = Story(
        client,
        "university",
        "The road of a university",
        "An officer of the technology transfer office writes and hands in, the director approves, publishes and "
        "signs. Together they bring a result from a draft to a licence that is paid, and look after it.",
    )
    listing = _written(story)
    at = f"/listings/{listing['id']}"
    _reviewed(story, at)
    _published(story, at, listing["id"])
    _cheaper(story, at)
    interest = _answered(story, at, listing)
    deal = _agreed(story, interest)
    _noticed(story, deal, clock)
    _signed_and_paid(story, deal)
    _looked_after(story, at)
    story.write()


def _written(story: Story) -> dict[str, Any]:
    story.chapter("Writing it down")
    story.sign_in("The officer signs in; the token of the answer goes with every further request.", "officer")
    listing: dict[str, Any] = story(
        "The officer begins a listing. A draft may be wrong and incomplete: `unmet` says what would stop it, here a "
        "mistyped check digit of an application number.",
        "officer",
        "POST",
        "/listings",
        RESULT,
    )
    at = f"/listings/{listing['id']}"
    refused = story(
        "Handed in all the same, it is refused; the problem names the field by JSON Pointer.",
        "officer",
        "POST",
        f"{at}/submission",
        status=422,
    )
    assert [error["pointer"] for error in refused["errors"]] == ["/ip_rights/0/application_number"]

    story("The officer reads the working copy, and with it its ETag.", "officer", "GET", f"{at}/draft")
    first = story.etag
    patent, model = RESULT["ip_rights"]
    mended = {"ip_rights": [patent | {"application_number": RIGHT}, model]}
    story(
        "A change that does not say what it is a change of is refused.",
        "officer",
        "PATCH",
        at,
        mended,
        status=428,
    )
    story(
        "With the ETag in `If-Match` it is taken: a merge patch (RFC 7396), which replaces a list whole.",
        "officer",
        "PATCH",
        at,
        mended,
        match=first,
    )
    story(
        "The same ETag again is stale: whoever read that version would overwrite what has been written since.",
        "officer",
        "PATCH",
        at,
        {"region": "110101"},
        match=first,
        status=412,
    )
    return listing


def _reviewed(story: Story, at: str) -> None:
    story.chapter("Four eyes")
    handed_in = story(
        "Now nothing is unmet, and the officer hands it in.", "officer", "POST", f"{at}/submission"
    )
    assert handed_in["status"] == "in_review"
    story(
        "The officer may not approve: that is the director's.",
        "officer",
        "POST",
        f"{at}/approval",
        status=403,
    )
    refused = story(
        "The director sends it back with a reason.",
        "director",
        "POST",
        f"{at}/refusal",
        {"reason": "say for how many metres of depth it was tested"},
    )
    assert refused["status"] == "draft"
    draft = story.quietly("officer", "GET", f"{at}/draft")
    assert draft["refusal_reason"] == "say for how many metres of depth it was tested"
    story(
        "The officer reads the reason in the working copy, and mends it.",
        "officer",
        "PATCH",
        at,
        {"maturity": {"evidence": {"en": "Twelve months on two wrecks, to 40 m of depth"}}},
        match=story.etag,
    )
    story("It is handed in again.", "officer", "POST", f"{at}/submission")
    story("The director, who has not written in it, approves.", "director", "POST", f"{at}/approval")

    written = story(
        "The director begins a listing as well, and leaves the handing in to the officer.",
        "director",
        "POST",
        "/listings",
        OWN,
    )
    story.quietly("officer", "POST", f"/listings/{written['id']}/submission")
    story(
        "Whoever has written in a listing does not approve it: a second director looks at it, or the operator of the hall.",
        "director",
        "POST",
        f"/listings/{written['id']}/approval",
        status=403,
    )


def _published(story: Story, at: str, listing_id: str) -> None:
    story.chapter("Out into the hall")
    story("Before its publication, the public finds nothing at its address.", "public", "GET", at, status=404)
    story("The director publishes it.", "director", "POST", f"{at}/publication")
    story.wait_until_found(WORD, listing_id)
    story(
        "Within two seconds anyone finds it. The officer looks for it in Chinese and in English, among results of "
        "readiness level 5 and more.",
        "public",
        "GET",
        f"/search?q=青铜 {WORD}&kind=result&trl_min=5&limit=1",
        hide=("score",),
    )
    story("The public reads the stored bytes.", "public", "GET", at)
    tag = story.etag
    story(
        "Whoever has them already sends their ETag, and is sent nothing again.",
        "public",
        "GET",
        at,
        headers={"If-None-Match": tag},
        status=304,
    )


def _cheaper(story: Story, at: str) -> None:
    story.chapter("A new price is version 2")
    story.quietly("officer", "GET", f"{at}/draft")
    story(
        "The officer lowers the price. The hall goes on showing version 1 until the change is approved.",
        "officer",
        "PATCH",
        at,
        {"price": {"amount": {"amount": "240000.00"}}},
        match=story.etag,
    )
    assert story.quietly("public", "GET", at)["price"]["amount"]["amount"] == "300000.00"
    story(
        "The change is reviewed like the first version: the officer hands it in.",
        "officer",
        "POST",
        f"{at}/submission",
    )
    story("The director approves it.", "director", "POST", f"{at}/approval")
    story("The director publishes it as version 2.", "director", "POST", f"{at}/publication")
    versions = story(
        "Anyone sees which versions there were, and what each changed.", "public", "GET", f"{at}/versions"
    )
    assert [change["pointer"] for change in versions[1]["changes"] if "price" in change["pointer"]] == [
        "/price/amount/amount"
    ]
    first = story("Version 1 stays at its own address.", "public", "GET", f"{at}/versions/1")
    assert first["price"]["amount"]["amount"] == "300000.00"


def _answered(story: Story, at: str, listing: dict[str, Any]) -> dict[str, Any]:
    story.chapter("Companies ask")
    unfit = meanwhile.an_interest(story, "other company", listing, message="We would resell it to others.")
    interest = meanwhile.an_interest(story, "company", listing)
    story(
        "Two companies have expressed interest. The officer reads what came in, newest first, each with the day by "
        "which an answer is due: ten working days.",
        "officer",
        "GET",
        f"/interests?side=received&listing={listing['id']}",
    )
    asked = f"/interests/{interest['id']}"
    story("One is acknowledged in time; the clock stops.", "officer", "POST", f"{asked}/acknowledgement")
    story(
        "The other is declined, with a reason from a fixed list and a note.",
        "officer",
        "POST",
        f"/interests/{unfit['id']}/refusal",
        {"reason": "plan_insufficient", "note": "We look for a partner who builds it in."},
    )
    counted = story(
        "Over the years, the counted reasons show why interests in a listing end.",
        "officer",
        "GET",
        f"{at}/refusals",
    )
    assert counted == {"passed": {}, "declined": {"plan_insufficient": 1}}
    page = story(
        "How fast the university answers stands on its public page.",
        "public",
        "GET",
        f"/organisations/{listing['organisation_id']}",
        hide=WHAT_OTHERS_DO,
    )
    assert page["response"]["answered"] >= 2

    mine = story.quietly("materials manager", "GET", "/managers/me")["id"]
    assignment = story(
        "The officer asks a technology manager to bring the two together.",
        "officer",
        "POST",
        f"{asked}/assignments",
        {"manager_id": mine},
        hide=WHAT_OTHERS_DO,
    )
    meanwhile.an_introduction(story, assignment, "materials manager")
    done = story(
        "The manager has accepted, and has introduced the company; the officer sees both.",
        "officer",
        "GET",
        f"/assignments/{assignment['id']}",
        hide=WHAT_OTHERS_DO,
    )
    assert done["introduction_id"]
    return interest


def _agreed(story: Story, interest: dict[str, Any]) -> dict[str, Any]:
    story.chapter("A deal, and what it still needs")
    story("The officer opens negotiation.", "officer", "POST", f"/interests/{interest['id']}/negotiation")
    deal: dict[str, Any] = story(
        "The officer opens a deal. Its terms may come later; `gates` lists everything that stands before a contract, "
        "with its rule, its source in law, and who can supply it.",
        "officer",
        "POST",
        "/deals",
        {"interest_id": interest["id"], "mode": "ordinary_licence"},
    )
    at = f"/deals/{deal['id']}"
    story(
        "The officer writes the terms. Totals are derived from the price lines, of which equipment is not technical.",
        "officer",
        "PATCH",
        at,
        {"terms": TERMS | {"field_of_use": "Monuments under water", "pricing_method": "negotiated"}},
        match=story.etag,
    )
    gates = story(
        "The gates alone, once more: what people and documents have to settle, and the public notice (公示) of a price "
        "that was negotiated.",
        "director",
        "GET",
        f"{at}/gates",
    )
    unmet = [condition["pointer"] for gate in gates for condition in gate["unmet"]]
    assert unmet[:5] == [
        "/acceptances/seller",
        "/acceptances/buyer",
        "/declarations/seller",
        "/declarations/buyer",
        "/declarations/manager",
    ]
    assert {gate["rule"] for gate in gates if gate["unmet"]} > {"PR-2", "PR-10", "CT-23"}
    deal = story.quietly("director", "GET", at)
    terms = {"terms_sha256": deal["terms_sha256"]}
    story("An officer may not bind the university.", "officer", "POST", f"{at}/acceptance", terms, status=403)
    story("The director accepts these terms, by their hash.", "director", "POST", f"{at}/acceptance", terms)
    story(
        "The director declares that the university and the company are not related.",
        "director",
        "POST",
        f"{at}/declarations",
        {"none": True},
    )
    story.quietly("company", "POST", f"{at}/acceptance", terms)
    for party in ("company", "materials manager"):
        story.quietly(party, "POST", f"{at}/declarations", {"none": True})
    deal = story.quietly("director", "GET", at)
    for kind, side in meanwhile.missing_documents(deal):
        document = meanwhile.evidence(story, deal, kind)
        if side == "buyer":
            story.quietly("company", "POST", f"{at}/evidence", document)
            continue
        story(
            f"The university gives the {kind.replace('_', ' ')}: what it is, and the hash of the file.",
            "director",
            "POST",
            f"{at}/evidence",
            document,
        )
    deal = story(
        "Company and manager have done the same. The notice alone is missing.", "director", "GET", at
    )
    assert [gate["name"] for gate in deal["gates"] if gate["unmet"]] == ["publicity_done"]
    return deal


def _noticed(story: Story, deal: dict[str, Any], clock: Clock) -> None:
    story.chapter("The negotiated price is published for fifteen days")
    notice = story(
        "The officer drafts the notice (协议定价公示) of name, mode and price, and says where it is shown.",
        "officer",
        "POST",
        "/notices",
        {
            "subject": {"kind": "deal", "id": deal["id"]},
            "content": {
                "kind": "price",
                "name": {"en": "Copper alloy that rests under water"},
                "mode": deal["mode"],
                "price": deal["total_value"],
                "related_party": False,
                "channels": [
                    {"kind": "unit", "place": "Notice board", "url": "https://university.example/notices/1"}
                ],
            },
        },
    )
    at = f"/notices/{notice['id']}"
    published = story(
        "The director publishes it; the last day is counted as the Civil Code counts.",
        "director",
        "POST",
        f"{at}/publication",
    )
    story("Anyone reads it, and could object until its end.", "public", "GET", at)
    clock.go_to(datetime.fromisoformat(published["until"]))
    story.sign_in_anew()
    cleared = story(
        "Fifteen days later nobody has objected, and the deal is cleared.",
        "director",
        "GET",
        f"/deals/{deal['id']}",
    )
    assert cleared["status"] == "cleared"
    story(
        "The proof of publication says when and where it stood, with its hash.",
        "public",
        "GET",
        f"{at}/proof",
    )


def _signed_and_paid(story: Story, deal: dict[str, Any]) -> None:
    story.chapter("The contract is recorded")
    at = f"/deals/{deal['id']}"
    story(
        "Where money and signatures move, an `Idempotency-Key` is required, so that nothing is done twice.",
        "director",
        "POST",
        f"{at}/contract",
        CONTRACT,
        status=400,
    )
    lacking = story(
        "A contract states what the law asks of every patent (民法典 art. 845). What the listing leaves out is named, "
        "all of it at once.",
        "director",
        "POST",
        f"{at}/contract",
        CONTRACT,
        key=True,
        status=422,
    )
    assert [error["pointer"] for error in lacking["errors"]] == [
        "/patents/-/filed_on",
        "/patents/-/expires_on",
    ]
    whole = CONTRACT | {"patents": [{"place": 1, "filed_on": "2021-03-02"}]}
    recorded = story(
        "The day of filing of the second right is supplied, and the contract stands on record. Its technical value "
        "(技术交易额) leaves the equipment out.",
        "director",
        "POST",
        f"{at}/contract",
        whole,
        key="university-contract",
    )
    assert recorded["contract"]["technical_value"]["amount"] == "250000.00"
    again = story(
        "Sent again with the same key, after a lost connection say, it answers the same and records nothing.",
        "director",
        "POST",
        f"{at}/contract",
        whole,
        key="university-contract",
    )
    assert again == recorded
    story(
        "The side that recorded it does not confirm it.",
        "director",
        "POST",
        f"{at}/contract/confirmation",
        key=True,
        status=403,
    )
    story.quietly("company", "POST", f"{at}/contract/confirmation", key=True)
    document = story(
        "The company has confirmed. The document is read by both, byte for byte; its ETag is its hash.",
        "director",
        "GET",
        f"{at}/contract",
    )
    assert len(document["patents"]) == 2

    story.chapter("The money comes in")
    finance = "university's finance office"
    story(
        "The finance office records what the bank shows.",
        finance,
        "POST",
        f"{at}/payments",
        PAYMENT,
        key=True,
    )
    story(
        "The same voucher is not booked twice.",
        finance,
        "POST",
        f"{at}/payments",
        PAYMENT,
        key=True,
        status=409,
    )
    rest = PAYMENT | {"amount": {"amount": "200000.00", "currency": "CNY"}, "reference": "BANK-2"}
    story("The rest follows.", finance, "POST", f"{at}/payments", rest, key=True)
    paid = story("Nothing is outstanding.", "director", "GET", at)
    assert paid["outstanding"]["amount"] == "0.00"
    story("The director agrees that all is done.", "director", "POST", f"{at}/completion")
    story.quietly("company", "POST", f"{at}/completion")
    done = story(
        "So has the company: the deal is completed. An ordinary licence leaves the listing in the hall.",
        "director",
        "GET",
        at,
    )
    assert done["status"] == "completed"


def _looked_after(story: Story, at: str) -> None:
    story.chapter("Looking after it")
    story("The officer pauses the listing while a question is settled.", "officer", "POST", f"{at}/pause")
    story("Its address says so.", "public", "GET", at, status=410)
    story("It comes back without a new review.", "officer", "POST", f"{at}/publication")
    story(
        "Every 180 days the owner confirms that an offer still stands, or it is marked as stale.",
        "officer",
        "POST",
        f"{at}/confirmation",
    )
    story("Anyone sees how fresh it is.", "public", "GET", f"{at}/status", hide=("median_response_days",))
    story(
        "In the end it is withdrawn, with a reason and for good.",
        "officer",
        "POST",
        f"{at}/withdrawal",
        {"reason": "the second patent is given up"},
    )
    story("Its address goes on saying what happened.", "public", "GET", at, status=410)
    events = story(
        "Nothing of it is forgotten: who did what, each event chained to the one before.",
        "officer",
        "GET",
        f"{at}/events",
    )
    assert [event["kind"] for event in events][-4:] == ["paused", "resumed", "confirmed", "withdrawn"]
