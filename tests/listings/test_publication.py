"""Publications: immutable bytes with their hash, numbered versions, and what of a listing the public never reads."""

import asyncio
import hashlib
import json
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import rfc8785

from market.errors import WrongState
from market.listings.rules import Verb
from market.listings.service import locked, move_for_deal
from market.permissions import Actor
from schemas.vocabulary import Role
from tests.makers import CONTENT, RESULT, Caller, Market


async def read(market: Market, listing: dict[str, Any], part: str = "") -> httpx.Response:
    return await market.client.get(f"/api/v1/listings/{listing['id']}{part}")


async def republish(
    officer: Caller, director: Caller, listing: dict[str, Any], patch: dict[str, Any]
) -> dict[str, Any]:
    """Bring a change of a published listing through review."""
    path = f"/listings/{listing['id']}"
    assert (await officer.patch(path, patch, "*")).status_code == 200
    await officer.ok("POST", f"{path}/submission")
    await director.ok("POST", f"{path}/approval")
    return dict(await director.ok("POST", f"{path}/publication"))


@pytest.fixture(scope="module")
async def pair(market: Market) -> tuple[Caller, Caller]:
    return await market.university()


@pytest.mark.parametrize("kind", CONTENT)
async def test_what_is_served_is_canonical_and_its_hash_is_its_tag(
    market: Market, pair: tuple[Caller, Caller], kind: str
) -> None:
    listing = await market.listing(*pair, kind)
    for _ in range(2):  # from the database, then from memory
        answer = await read(market, listing)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "public, no-cache"
        assert answer.content == rfc8785.dumps(json.loads(answer.content))
        assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    stored = await market.database.pool.fetchrow(
        "SELECT * FROM listing_version WHERE listing_id = $1", listing["id"]
    )
    assert stored["document"] == answer.content
    assert stored["sha256"] == hashlib.sha256(answer.content).digest()
    assert stored["published_by"] == pair[1].person_id


@pytest.mark.parametrize("kind", CONTENT)
async def test_the_document_says_what_was_written_and_by_whom(
    market: Market, pair: tuple[Caller, Caller], kind: str
) -> None:
    listing = await market.listing(*pair, kind)
    document = (await read(market, listing)).json()
    assert document["id"] == listing["id"]
    assert document["version"] == 1
    assert document["organisation"]["id"] == str(pair[0].organisation_id)
    assert document["published_at"].endswith("Z")
    hidden = {"secrecy_attested", "co_owner_consent"}
    for name, value in CONTENT[kind].items():
        if name not in hidden | {
            "contributors",
            "maturity",
            "ip_rights",
        }:  # these are shown with their defaults
            assert document[name] == value, name
    assert "null" not in (await read(market, listing)).text


async def test_what_is_stated_to_the_reviewer_alone_is_not_public(
    market: Market, pair: tuple[Caller, Caller]
) -> None:
    listing = await market.listing(*pair, co_owner_consent=True)
    assert listing["content"]["secrecy_attested"] is True
    shown = await read(market, listing)
    for private in (
        "secrecy_attested",
        "co_owner_consent",
        "confirmed",
        "editors",
        "created_by",
        str(pair[0].person_id),
    ):
        assert private not in shown.text
    assert shown.json()["contributors"] == [{"name": "王小明"}]


async def test_the_number_of_an_application_that_is_not_laid_open_is_hidden_with_its_dates(
    market: Market, pair: tuple[Caller, Caller]
) -> None:
    """Its expiry too, which lies twenty years behind the day of filing."""
    pending = {
        "kind": "invention",
        "application_number": "CN200310102344.5",
        "status": "pending",
        "filed_on": "2024-05-06",
        "expires_on": "2044-05-06",
        "owners": ["Example University"],
    }
    granted = {**RESULT["ip_rights"][0], "filed_on": "2010-08-01", "expires_on": "2030-08-01"}
    listing = await market.listing(*pair, ip_rights=[pending, granted])
    shown = await read(market, listing)
    for secret in ("200310102344", "2024-05-06", "2044-05-06"):
        assert secret not in shown.text
    first, second = shown.json()["ip_rights"]
    assert first == {
        "kind": "invention",
        "office": "CN",
        "owners": ["Example University"],
        "status": "pending",
    }
    assert second == granted | {"office": "CN"}
    assert listing["content"]["ip_rights"][0]["application_number"] == "CN200310102344.5"
    versions = await read(market, listing, "/versions/1")
    assert versions.content == shown.content


@pytest.mark.parametrize("status", ["draft", "in_review", "approved"])
async def test_what_was_never_published_is_not_found(
    market: Market, pair: tuple[Caller, Caller], status: str
) -> None:
    listing = await market.listing(*pair, status=status)
    nothing = await market.client.get("/api/v1/listings/01900000-0000-7000-8000-000000000000")
    for part in ("", "/versions", "/versions/1"):
        answer = await read(market, listing, part)
        assert answer.status_code == 404
        assert answer.json()["type"] == nothing.json()["type"]
    hidden = (await read(market, listing)).json() | {"instance": None}
    assert hidden == nothing.json() | {"instance": None}


async def test_a_change_is_seen_when_it_is_published_and_not_before(market: Market) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director)
    path = f"/listings/{listing['id']}"
    first = await read(market, listing)
    await officer.patch(path, {"title": {"en": "Changed title"}, "keywords": None}, "*")
    for who, verb in ((officer, "submission"), (director, "approval")):
        state = await who.ok("POST", f"{path}/{verb}")
        assert state["status"] == "published"
        assert (await read(market, listing)).content == first.content
    state = await director.ok("POST", f"{path}/publication")
    assert (state["published_version"], state["review"]) == (2, "clean")

    second = await read(market, listing, "/versions/2")
    assert second.json()["title"] == {"en": "Changed title", "zh-Hans": RESULT["title"]["zh-Hans"]}
    assert (await read(market, listing, "/versions/1")).content == first.content
    for number, version in ((1, first), (2, second)):
        answer = await read(market, listing, f"/versions/{number}")
        assert answer.headers["etag"] == version.headers["etag"]
        assert "immutable" in answer.headers["cache-control"]


async def test_the_history_shows_the_differences(market: Market) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director)
    price = {"amount": {"amount": "450000", "currency": "CNY"}}
    await republish(
        officer, director, listing, {"title": {"en": "Changed"}, "price": price, "benefits": {"en": "New"}}
    )
    await republish(officer, director, listing, {"benefits": None})
    first, second, third = (await read(market, listing, "/versions")).json()
    assert [version["number"] for version in (first, second, third)] == [1, 2, 3]
    assert first["changes"] == []
    assert {(c["pointer"], str(c["before"]), str(c["after"])) for c in second["changes"]} == {
        ("/title/en", RESULT["title"]["en"], "Changed"),
        ("/price/amount/amount", "300000.00", "450000.00"),
        ("/benefits", "None", "{'en': 'New'}"),
    }
    assert [(c["pointer"], c["before"], c["after"]) for c in third["changes"]] == [
        ("/benefits", {"en": "New"}, None)
    ]
    for version in (first, second, third):
        document = await read(market, listing, f"/versions/{version['number']}")
        assert version["sha256"] == hashlib.sha256(document.content).hexdigest()
        assert version["published_by"] == str(director.person_id)


@pytest.mark.parametrize(
    "statement", ["UPDATE listing_version SET document = ''", "DELETE FROM listing_version"]
)
async def test_a_version_is_never_changed_or_deleted(
    market: Market, pair: tuple[Caller, Caller], statement: str
) -> None:
    listing = await market.listing(*pair)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await market.database.pool.execute(f"{statement} WHERE listing_id = $1", listing["id"])
    assert (await read(market, listing, "/versions/1")).status_code == 200


async def test_a_paused_listing_is_gone_until_it_comes_back(market: Market) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director)
    before = await read(market, listing)
    await officer.ok("POST", f"/listings/{listing['id']}/pause")
    assert (await read(market, listing, "/versions")).status_code == 410
    shown = await read(market, listing, "/versions/1")
    assert shown.status_code == 410
    assert shown.json()["type"].endswith("/problems/listing-paused")
    resumed = await officer.ok("POST", f"/listings/{listing['id']}/publication")
    assert (resumed["status"], resumed["published_version"]) == ("published", 1)
    assert (await read(market, listing, "/versions/1")).content == before.content


async def test_a_withdrawn_listing_is_gone_for_good_and_stays_in_the_record(market: Market) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director)
    path = f"/listings/{listing['id']}"
    done = await officer.ok("POST", f"{path}/withdrawal", {"reason": "Sold to another party"})
    assert (done["status"], done["withdrawal_reason"]) == ("withdrawn", "Sold to another party")
    gone = await read(market, listing, "/versions/1")
    assert gone.status_code == 410
    assert gone.json()["type"].endswith("/problems/listing-withdrawn")
    assert gone.json()["detail"] == "withdrawn: Sold to another party"
    assert (await read(market, listing)).json()["detail"] == "withdrawn: Sold to another party"
    for verb in ("submission", "approval", "publication", "pause", "confirmation"):
        assert (await director.post(f"{path}/{verb}")).status_code in (403, 409)
    assert (await officer.patch(path, {"region": "310000"}, "*")).status_code == 409
    kept = await market.database.pool.fetchval(
        "SELECT count(*) FROM listing_version WHERE listing_id = $1", listing["id"]
    )
    assert kept == 1


async def test_a_draft_that_is_withdrawn_was_never_there_for_the_public(
    market: Market, pair: tuple[Caller, Caller]
) -> None:
    listing = await market.listing(*pair, status="draft")
    await pair[0].ok("POST", f"/listings/{listing['id']}/withdrawal", {"reason": "A duplicate"})
    assert (await read(market, listing)).status_code == 404


# Four eyes, over HTTP


async def test_whoever_wrote_in_the_content_does_not_approve_it(market: Market) -> None:
    officer, director = await market.university()
    other = await market.person(director.organisation_id, Role.TTO_DIRECTOR)
    listing = await market.listing(officer, director, status="draft")
    path = f"/listings/{listing['id']}"
    await director.patch(path, {"region": "310000"}, "*")
    await officer.ok("POST", f"{path}/submission")
    refused = await director.post(f"{path}/approval")
    assert refused.status_code == 403
    assert "four eyes" in refused.json()["detail"]
    await other.ok("POST", f"{path}/refusal", {"reason": "Not yet"})
    await officer.ok("POST", f"{path}/submission")
    assert (await director.post(f"{path}/approval")).status_code == 403, "a refusal does not wash it off"
    assert (await other.ok("POST", f"{path}/approval"))["status"] == "approved"
    assert (await director.ok("POST", f"{path}/publication"))["status"] == "published"


async def test_four_eyes_begin_anew_with_the_next_change(market: Market) -> None:
    officer, director = await market.university()
    other = await market.person(director.organisation_id, Role.TTO_DIRECTOR)
    listing = await market.listing(officer, director, status="draft")
    path = f"/listings/{listing['id']}"
    await director.patch(path, {"region": "310000"}, "*")
    await officer.ok("POST", f"{path}/submission")
    await other.ok("POST", f"{path}/approval")
    await other.ok("POST", f"{path}/publication")
    await officer.patch(path, {"region": "320000"}, "*")
    await officer.ok("POST", f"{path}/submission")
    assert (await director.ok("POST", f"{path}/approval"))["review"] == "approved"


async def test_a_company_is_approved_by_the_operator_and_pauses_and_resumes_by_itself(market: Market) -> None:
    buyer, operator = await market.company(), await market.operator()
    listing = await market.listing(buyer, operator, "product")
    path = f"/listings/{listing['id']}"
    assert (await operator.post(f"{path}/pause")).status_code == 403
    await buyer.ok("POST", f"{path}/pause")
    assert (await operator.post(f"{path}/publication")).status_code == 403
    assert (await buyer.ok("POST", f"{path}/publication"))["status"] == "published"
    assert (await operator.post(f"{path}/confirmation")).status_code == 403
    await operator.ok("POST", f"{path}/withdrawal", {"reason": "A complaint was upheld"})


async def test_nothing_is_published_that_was_not_approved(market: Market) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director, status="draft")
    path = f"/listings/{listing['id']}"
    for who, verb in (
        (director, "publication"),
        (director, "approval"),
        (officer, "pause"),
        (officer, "confirmation"),
    ):
        answer = await who.post(f"{path}/{verb}")
        assert answer.status_code == 409, verb
        assert answer.json()["type"].endswith("/problems/wrong-state")
    await officer.ok("POST", f"{path}/submission")
    for who, verb in ((director, "publication"), (officer, "submission"), (officer, "pause")):
        assert (await who.post(f"{path}/{verb}")).status_code == 409, verb
    assert (await officer.patch(path, {"region": "310000"}, "*")).status_code == 409
    await director.ok("POST", f"{path}/approval")
    await director.ok("POST", f"{path}/publication")
    assert (await director.post(f"{path}/publication")).status_code == 409, "there is nothing new to publish"
    await officer.patch(path, {"region": "310000"}, "*")
    assert (await director.post(f"{path}/publication")).status_code == 409, "the change was not approved"


async def test_a_submission_names_everything_that_is_missing(
    market: Market, pair: tuple[Caller, Caller]
) -> None:
    bare = await pair[0].ok("POST", "/listings", {"kind": "result", "title": {"en": "Bare"}})
    expected = ["/summary", "/modes", "/price", "/secrecy_attested", "/contributors"]
    assert [unmet["pointer"] for unmet in bare["unmet"]] == expected
    answer = await pair[0].post(f"/listings/{bare['id']}/submission")
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("/problems/incomplete")
    assert [error["pointer"] for error in answer.json()["errors"]] == expected
    assert {error["rule"] for error in answer.json()["errors"]} == {None, "PR-1", "XB-9"}


async def test_of_two_publications_at_once_there_is_one_version(market: Market) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director, status="approved")
    answers = await asyncio.gather(
        *(director.post(f"/listings/{listing['id']}/publication") for _ in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert len((await read(market, listing, "/versions")).json()) == 1


async def test_every_publication_marks_the_listing_for_the_search(market: Market) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director, status="approved")
    query = "SELECT seq FROM search_dirty WHERE listing_id = $1"
    assert await market.database.pool.fetchval(query, listing["id"]) is None
    seen = []
    path = f"/listings/{listing['id']}"
    for who, verb, body in (
        (director, "publication", None),
        (officer, "pause", None),
        (officer, "publication", None),
        (officer, "withdrawal", {"reason": "Sold elsewhere"}),
    ):
        await who.ok("POST", f"{path}/{verb}", body)
        seen.append(await market.database.pool.fetchval(query, listing["id"]))
    assert seen == sorted(set(seen))


# Held for a deal


async def test_a_listing_held_for_a_deal_stays_readable_and_nothing_else_moves_it(market: Market) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director)
    path = f"/listings/{listing['id']}"

    async def move(verb: Verb) -> str:
        async with market.database.sessions() as session, session.begin():
            row = await locked(
                session, Actor(officer.person_id, {officer.organisation_id: frozenset()}), UUID(listing["id"])
            )
            await move_for_deal(session, None, row, verb)
            return row.status.value

    assert await move(Verb.HOLD) == "under_deal"
    assert (await read(market, listing)).status_code == 200
    for who, verb, body in (
        (officer, "pause", None),
        (officer, "confirmation", None),
        (officer, "withdrawal", {"reason": "Sold elsewhere"}),
    ):
        assert (await who.post(f"{path}/{verb}", body)).status_code == 409
    assert (await officer.patch(path, {"region": "310000"}, "*")).status_code == 409
    assert await move(Verb.RELEASE) == "published"
    with pytest.raises(WrongState):
        await move(Verb.CLOSE)
    await move(Verb.HOLD)
    assert await move(Verb.CLOSE) == "closed"
    assert (await read(market, listing)).status_code == 200
    kinds = [event["kind"] for event in await officer.ok("GET", f"{path}/events")]
    assert kinds[-4:] == ["held", "released", "held", "closed"]


async def test_a_member_of_two_organisations_says_for_which(market: Market) -> None:
    _, director = await market.university()
    officer, _ = await market.university()
    invitation = {"email": officer.email, "roles": ["tto_officer"]}
    issued = await director.ok("POST", f"/organisations/{director.organisation_id}/invitations", invitation)
    await officer.ok("POST", "/invitations", {"token": issued["token"]})
    answer = await officer.post("/listings", RESULT)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/organisation_id"]
    made = await officer.ok("POST", "/listings", RESULT | {"organisation_id": str(director.organisation_id)})
    assert made["organisation_id"] == str(director.organisation_id)


async def test_own_listings_are_filtered_by_review_kind_and_words(market: Market) -> None:
    officer, director = await market.university()
    changed = await market.listing(officer, director, title={"en": "Solid 100% electrolyte"})
    assert (await officer.patch(f"/listings/{changed['id']}", {"region": "310000"}, "*")).status_code == 200
    await officer.ok("POST", f"/listings/{changed['id']}/submission")
    draft = await market.listing(officer, director, "product", status="draft")

    async def ids(**params: str) -> list[str]:
        return [row["id"] for row in (await director.ok("GET", "/listings", params=params))["items"]]

    assert await ids(review="in_review") == [changed["id"]]
    assert await ids(review="in_review", status="draft") == []
    assert await ids(review="draft") == [draft["id"]]
    assert await ids(kind="product") == [draft["id"]]
    for words in ("SOLID 100%", "201080063196", "ZL", "ZL 2010 8006 3196.9", "２０１０８００６３１９６"):
        assert await ids(q=words) == ([] if words == "ZL" else [changed["id"]]), words
    assert await ids(q="巡检") == [draft["id"]]
    assert await ids(q="zh-Hans") == []
    assert (await director.get("/listings", params={"q": ""})).status_code in (400, 422)


@pytest.mark.parametrize(
    "typed", ["CN 2010 8006 3196.9", "ZL201080063196.9", "２０１０８００６３１９６．９", "cn2010800631969"]
)
async def test_an_application_number_is_kept_in_one_spelling(
    market: Market, pair: tuple[Caller, Caller], typed: str
) -> None:
    rights = [{"kind": "invention", "application_number": typed, "status": "granted"}]
    made = await pair[0].ok("POST", "/listings", RESULT | {"ip_rights": rights})
    assert made["content"]["ip_rights"][0]["application_number"] == "CN201080063196.9"
    assert made["unmet"] == []


async def test_a_product_names_a_published_result_as_its_source(market: Market) -> None:
    officer, director = await market.university()
    result, other = (
        await market.listing(officer, director),
        await market.listing(officer, director, "product"),
    )
    draft = await market.listing(officer, director, status="draft")
    product = await officer.ok("POST", "/listings", CONTENT["product"] | {"source_result": draft["id"]})
    path = f"/listings/{product['id']}"
    nowhere = "01900000-0000-7000-8000-000000000000"
    for source in (draft["id"], other["id"], nowhere):
        shown = (await officer.patch(path, {"source_result": source}, "*")).json()
        refused = await officer.post(f"{path}/submission")
        assert refused.status_code == 422
        for unmet in (shown["unmet"], refused.json()["errors"]):
            assert [condition["pointer"] for condition in unmet] == ["/source_result"]
    company = await market.company()
    foreign = await company.ok("POST", "/listings", CONTENT["product"] | {"source_result": result["id"]})
    assert foreign["unmet"] == []
    assert (await company.post(f"/listings/{foreign['id']}/submission")).status_code == 200
    own = {row["id"]: row["unmet"] for row in (await officer.ok("GET", "/listings"))["items"]}
    assert [condition["pointer"] for condition in own[product["id"]]] == ["/source_result"]


async def test_the_consent_of_co_owners_is_asked_for_at_the_submission(
    market: Market, pair: tuple[Caller, Caller]
) -> None:
    rights = [RESULT["ip_rights"][0] | {"owners": ["Example University", "Example Company"]}]
    made = await pair[0].ok("POST", "/listings", RESULT | {"ip_rights": rights})
    assert [(unmet["pointer"], unmet["rule"]) for unmet in made["unmet"]] == [("/co_owner_consent", "RV-16")]
    path = f"/listings/{made['id']}"
    assert (await pair[0].post(f"{path}/submission")).status_code == 422
    await pair[0].patch(path, {"co_owner_consent": True}, "*")
    assert (await pair[0].post(f"{path}/submission")).status_code == 200


@pytest.mark.parametrize(("reason", "status"), [("重", 422), ("重复", 200)])
async def test_two_characters_are_a_whole_reason(
    market: Market, pair: tuple[Caller, Caller], reason: str, status: int
) -> None:
    listing = await market.listing(*pair, status="draft")
    answer = await pair[0].post(f"/listings/{listing['id']}/withdrawal", {"reason": reason})
    assert answer.status_code == status


async def test_the_address_of_the_next_page_is_always_the_same(market: Market) -> None:
    officer, director = await market.university()
    for _ in range(2):
        await market.listing(officer, director, status="draft")
    params = {"status": "draft", "limit": "1", "kind": "result", "review": "draft"}
    answer = await officer.get("/listings", params=params)
    link = answer.headers["link"]
    names = [pair.split("=")[0] for pair in link.split("?")[1].split(">")[0].split("&")]
    assert names == ["kind", "limit", "review", "status", "cursor"]


async def test_a_university_answers_for_what_it_publishes_the_operator_only_refuses(market: Market) -> None:
    officer, director = await market.university()
    operator = await market.operator()
    listing = await market.listing(officer, director, status="in_review")
    refused = await operator.post(f"/listings/{listing['id']}/approval")
    assert refused.status_code == 403
    assert "director" in refused.json()["detail"]
    await operator.ok("POST", f"/listings/{listing['id']}/refusal", json={"reason": "重复"})
