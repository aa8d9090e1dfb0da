"""Rounds from their plan to the award, over HTTP: nobody, one and several bidders, late bids, reserve and first refusal."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from market.trading.log import Link, breaks
from schemas.vocabulary import ListingStatus, Role
from tests.makers import Market
from tests.trading.stage import OPENING, STEP, TEXT, Sale, a_plan, key, money


def documents(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [json.loads(entry["document"]) for entry in log]


async def test_a_round_is_planned_approved_announced_held_and_confirmed(market: Market) -> None:
    sale = await Sale.of(market, "bidding", bidders=3)
    assert await sale.listing_status() == ListingStatus.IN_ROUND
    first = await sale.bid(0, OPENING)
    assert first["bidder"] == sale.bidders[0].alias
    await sale.bid(1, OPENING + STEP)
    refused = await sale.try_bid(2, OPENING + STEP)
    assert refused.status_code == 409
    assert str((OPENING + 2 * STEP) // 100) in refused.json()["detail"]
    seen = await sale.let_pass(hours=24)
    assert seen["status"] == "provisional_award"
    assert seen["outcome"]["bidder"] == sale.bidders[1].alias
    assert seen["outcome"]["winner"]["id"] == str(sale.bidders[1].who.organisation_id)
    assert seen["outcome"]["amount"] == money(OPENING + STEP)
    assert await sale.deposits() == ["resolved", "held", "resolved"]
    award = await sale.confirm()
    assert award["status"] == "confirmed"
    assert hashlib.sha256(award["document"].encode()).hexdigest() == award["sha256"]
    assert (await sale.read())["status"] == "confirmed"
    assert await sale.deposits() == ["resolved"] * 3
    kinds = [entry["kind"] for entry in await sale.log()]
    assert kinds == ["admitted", "bid", "bid", "closed", "confirmed"]


async def test_the_log_is_chained_from_the_rules_on(market: Market) -> None:
    sale = await Sale.of(market, "confirmed")
    answer = await market.client.get(f"/api/v1{sale.path}/rules")
    digest = hashlib.sha256(answer.content).digest()
    assert answer.headers["etag"] == f'"{digest.hex()}"'
    log = await sale.log()
    links = [
        Link(each["document"].encode(), bytes.fromhex(each["previous"]), bytes.fromhex(each["hash"]))
        for each in log
    ]
    assert list(breaks(answer.content, digest, enumerate(links, start=1))) == []
    assert [each["seq"] for each in documents(log)] == list(range(1, len(log) + 1))
    again = await market.client.get(
        f"/api/v1{sale.path}/rules", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_the_rules_say_what_was_planned(market: Market) -> None:
    sale = await Sale.of(market, "announced", bidders=0, reserve_price=money(OPENING + 7))
    rules = (await market.client.get(f"/api/v1{sale.path}/rules")).json()
    assert rules["opening_price"] == OPENING
    assert rules["step"] == STEP
    assert rules["deposit"] == OPENING // 10
    assert rules["periods"] == "short"
    assert rules["known_defects"] == {"en": "None are known"}
    assert rules["listing"]["id"] == sale.listing["id"]
    assert set(rules["reserve"]) == {"commitment"}
    seen = await sale.read()
    assert seen["has_reserve"] is True
    assert (
        seen["rules_sha256"]
        == hashlib.sha256((await market.client.get(f"/api/v1{sale.path}/rules")).content).hexdigest()
    )


async def test_log_pages_follow_each_other(market: Market) -> None:
    sale = await Sale.of(market)
    for number in range(5):
        await sale.bid(number % 2, OPENING + number * STEP)
    path, found, cursor = f"/api/v1{sale.path}/log", [], None
    while True:
        page = await market.client.get(path, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        found += page.json()["items"]
        cursor = page.json()["next_cursor"]
        assert ("link" in page.headers) is (cursor is not None)
        if cursor is None:
            break
    assert found == await sale.log()
    assert (await market.client.get(path, params={"cursor": "x"})).status_code == 422


# Nobody and one


async def test_without_a_bidder_the_round_fails_and_the_listing_is_free_again(market: Market) -> None:
    sale = await Sale.of(market, "qualifying", bidders=0)
    seen = await sale.let_pass(hours=1)
    assert seen["status"] == "failed_no_bidder"
    assert await sale.listing_status() == ListingStatus.PUBLISHED
    assert documents(await sale.log())[-1]["bidders"] == []


async def test_one_bidder_comes_to_an_agreement_without_bidding(market: Market) -> None:
    sale = await Sale.of(market, "qualifying", bidders=1)
    seen = await sale.let_pass(hours=1)
    assert seen["status"] == "single_bidder"
    assert await sale.listing_status() == ListingStatus.PUBLISHED
    assert await sale.deposits() == ["resolved"]
    assert documents(await sale.log())[-1]["outcome"] == "single_bidder"
    assert (await sale.try_bid(0, OPENING)).status_code == 409


async def test_only_who_has_qualified_and_paid_takes_part(market: Market) -> None:
    sale = await Sale.of(market, "announced", bidders=2)
    unpaid = await sale.a_bidder(paid=False)
    unjudged = await sale.a_bidder(qualified=False)
    await sale.let_pass(hours=1)
    await sale.let_pass(hours=1)
    (admitted,) = documents(await sale.log())
    aliases = {each["alias"] for each in admitted["bidders"]}
    assert aliases == {bidder.alias for bidder in sale.bidders[:2]}
    assert await sale.deposits() == ["held", "held", "awaited", "resolved"]
    for number, bidder, why in ((2, unpaid, "deposit"), (3, unjudged, "qualified")):
        refused = await sale.try_bid(number, OPENING)
        assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (403, "not-qualified")
        (own,) = (await bidder.who.ok("GET", f"{sale.path}/registrations"))["items"]
        assert own["status"] == "refused"
        assert why in own["decision_reason"]


async def test_without_a_bid_nothing_is_sold(market: Market) -> None:
    sale = await Sale.of(market)
    seen = await sale.let_pass(hours=24)
    assert seen["status"] == "no_sale"
    assert seen["outcome"] is None
    assert await sale.deposits() == ["resolved", "resolved"]
    assert await sale.listing_status() == ListingStatus.PUBLISHED


# Late bids


async def test_a_late_bid_moves_the_end_to_exactly_300_seconds_after_it(market: Market) -> None:
    sale = await Sale.of(market)
    early = await sale.bid(0, OPENING)
    assert early["ends_at"] == (await sale.read())["ends_at"]
    await sale.move(-timedelta(hours=23, minutes=59))
    late = await sale.bid(1, OPENING + STEP)
    moved = datetime.fromisoformat(late["ends_at"]) - datetime.fromisoformat(late["at"])
    assert moved == timedelta(seconds=300)
    assert (await sale.read())["ends_at"] == late["ends_at"]
    assert (await sale.read())["bidding_until"] < late["ends_at"]


async def test_the_hard_stop_ends_a_bidding_that_would_go_on(market: Market) -> None:
    stop = datetime.now(UTC) + timedelta(hours=26, seconds=30)
    sale = await Sale.of(market, hard_stop=stop.isoformat())
    await sale.move(-timedelta(hours=23, minutes=59))
    late = await sale.bid(0, OPENING)
    assert datetime.fromisoformat(late["ends_at"]) - datetime.fromisoformat(late["at"]) < timedelta(
        seconds=300
    )
    assert late["ends_at"] == (await sale.read())["hard_stop"]


async def test_a_bid_after_the_end_closes_the_bidding_and_is_refused(market: Market) -> None:
    sale = await Sale.of(market)
    await sale.bid(0, OPENING)
    await sale.move(-timedelta(hours=25))
    late = await sale.try_bid(1, OPENING + STEP)
    assert (late.status_code, late.json()["type"].rpartition("/")[2]) == (409, "bidding-not-open")
    assert (await sale.read())["outcome"]["bidder"] == sale.bidders[0].alias


async def test_a_bid_before_the_beginning_is_refused(market: Market) -> None:
    sale = await Sale.of(market, "qualifying")
    refused = await sale.try_bid(0, OPENING)
    assert (refused.status_code, refused.json()["detail"]) == (409, "the round is qualifying")


async def test_the_bid_that_comes_first_after_the_beginning_begins_the_bidding(market: Market) -> None:
    sale = await Sale.of(market, "qualifying")
    await sale.move(-timedelta(hours=1))
    assert (await sale.bid(0, OPENING))["seq"] == 2


async def test_the_same_key_gives_the_same_receipt(market: Market) -> None:
    sale = await Sale.of(market)
    again = key()
    first = await sale.try_bid(0, OPENING, headers=again)
    second = await sale.try_bid(0, OPENING, headers=again)
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert [entry["kind"] for entry in await sale.log()] == ["admitted", "bid"]


# Reserve price


@pytest.mark.parametrize(("over", "status"), [(-STEP, "no_sale"), (0, "provisional_award")])
async def test_the_reserve_price_decides_and_is_revealed_at_the_end(
    market: Market, over: int, status: str
) -> None:
    reserve = OPENING + 5 * STEP
    sale = await Sale.of(market, reserve_price=money(reserve))
    await sale.bid(0, reserve + over)
    seen = await sale.let_pass(hours=24)
    assert seen["status"] == status
    closed = documents(await sale.log())[-1]
    assert closed["reserve"]["amount"] == reserve
    commitment = hashlib.sha256(bytes.fromhex(closed["reserve"]["salt"]) + str(reserve).encode())
    rules = (await market.client.get(f"/api/v1{sale.path}/rules")).json()
    assert rules["reserve"]["commitment"] == commitment.hexdigest()
    assert closed["winner"] == (sale.bidders[0].alias if status == "provisional_award" else None)


async def test_nobody_reads_the_reserve_price_before_the_end(market: Market) -> None:
    figures = "987654.32"
    sale = await Sale.of(market, reserve_price={"amount": figures, "currency": "CNY"})
    auditor = await market.auditor()
    await sale.bid(0, OPENING)
    watched = [sale.officer, sale.director, sale.finance, sale.operator, auditor, sale.bidders[0].who]
    for who in watched:
        for path in ("", "/log", "/rules", "/registrations"):
            answer = await who.get(f"{sale.path}{path}")
            assert answer.is_success
            assert figures not in answer.text
            assert "98765432" not in answer.text
    async with market.database.sessions() as session:
        row = (
            await session.execute(text("SELECT s::text FROM sale_round s WHERE id = :id"), {"id": sale.id})
        ).scalar_one()
        said = (await session.execute(text("SELECT string_agg(data::text, '') FROM event"))).scalar_one()
        kept = (
            await session.execute(
                text("SELECT string_agg(convert_from(body, 'UTF8'), '') FROM stored_answer")
            )
        ).scalar_one()
    assert not [place for place in (row, said, kept) if figures in place or "98765432" in place]


async def test_that_there_is_no_reserve_price_is_announced(market: Market) -> None:
    sale = await Sale.of(market, "announced", bidders=0)
    assert (await sale.read())["has_reserve"] is False
    assert (await market.client.get(f"/api/v1{sale.path}/rules")).json()["reserve"] is None


# First refusal


async def test_a_first_refusal_that_equals_the_top_bid_wins(market: Market) -> None:
    holder = await market.company()
    right = {
        "organisation_id": str(holder.organisation_id),
        "rank": 1,
        "notified_on": "2025-01-02",
        "proof": "Letter 7",
    }
    sale = await Sale.of(market, "announced", first_refusals=[right])
    await sale.a_bidder(holder)
    await sale.let_pass(hours=1)
    await sale.let_pass(hours=1)
    await sale.bid(0, OPENING)
    assert (await sale.try_bid(1, OPENING)).status_code == 409
    equal = await sale.bid(2, OPENING)
    assert json.loads(equal["document"])["priority"] == 1
    assert (await sale.try_bid(2, OPENING)).status_code == 409
    seen = await sale.let_pass(hours=24)
    assert seen["outcome"]["winner"]["id"] == str(holder.organisation_id)
    rules = await market.client.get(f"/api/v1{sale.path}/rules")
    assert str(holder.organisation_id) not in rules.text
    assert rules.json()["first_refusals"] == [{"rank": 1, "notified_on": "2025-01-02"}]


# Planning


async def test_a_plan_names_everything_that_it_lacks(market: Market) -> None:
    sale = await Sale.of(market, "draft", price_basis=None, known_defects=None, contact=None, viewing=None)
    seen = await sale.read(sale.officer)
    assert [each["rule"] for each in seen["preparation"]["unmet"]] == ["PR-5", "BD-9", "BD-6", "BD-8"]
    refused = await sale.director.post(f"{sale.path}/approvals")
    assert refused.status_code == 422
    found = {(each["pointer"], each["rule"]) for each in refused.json()["errors"]}
    assert found == {
        ("/plan/price_basis", "PR-5"),
        ("/plan/known_defects", "BD-9"),
        ("/plan/contact", "BD-6"),
        ("/plan/viewing", "BD-8"),
    }


async def test_a_draft_is_seen_by_its_seller_and_the_hall_alone(market: Market) -> None:
    sale = await Sale.of(market, "approved")
    stranger = await market.company()
    for who in (sale.officer, sale.operator, await market.auditor()):
        assert (await sale.read(who))["preparation"]["plan"]["mode"] == "transfer"
    assert (await stranger.get(sale.path)).status_code == 404
    assert (await market.client.get(f"/api/v1{sale.path}")).status_code == 404
    assert (await market.client.get(f"/api/v1{sale.path}/rules")).status_code == 404
    own = await sale.officer.ok("GET", "/rounds", params={"listing": sale.listing["id"]})
    assert [each["id"] for each in own["items"]] == [sale.id]
    public = await market.client.get("/api/v1/rounds", params={"listing": sale.listing["id"]})
    assert public.json()["items"] == []
    await sale.operator.ok("POST", f"{sale.path}/announcement")
    public = await market.client.get("/api/v1/rounds", params={"listing": sale.listing["id"]})
    assert [each["preparation"] for each in public.json()["items"]] == [None]


async def test_a_patch_changes_the_plan_and_asks_for_new_approvals(market: Market) -> None:
    sale = await Sale.of(market, "draft", reserve_price=money(OPENING))
    await sale.director.ok("POST", f"{sale.path}/approvals")
    answer = await sale.officer.get(sale.path)
    patch = {"opening_price": money(OPENING // 2), "conditions": None}
    changed = await sale.officer.patch(sale.path, patch, answer.headers["etag"])
    assert changed.status_code == 200, changed.text
    seen = changed.json()
    assert seen["opening_price"] == money(OPENING // 2)
    assert seen["deposit"] == money(OPENING // 20)
    assert seen["has_reserve"] is True
    assert seen["preparation"]["approvals"] == {}
    assert seen["preparation"]["plan"]["conditions"] == []
    stale = await sale.officer.patch(sale.path, patch, answer.headers["etag"])
    assert stale.status_code == 412
    same = await sale.officer.patch(sale.path, patch, changed.headers["etag"])
    assert same.headers["etag"] == changed.headers["etag"]
    without = await sale.officer.patch(sale.path, {"reserve_price": None}, changed.headers["etag"])
    assert without.json()["has_reserve"] is False


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"step": money(0)}, "/step/amount"),
        ({"step": {"currency": "EUR"}}, "/step/currency"),
        ({"opening_price": None}, "/opening_price"),
        ({"mode": "equity"}, "/mode"),
        ({"nonsense": 1}, "/nonsense"),
        ({"agents": ["01900000-0000-7000-8000-000000000000"]}, "/agents/0"),
        ({"opening_price": money(1, "EUR"), "step": money(1, "EUR")}, "/reserve_price"),
        ({"bidding_from": "2026-01-01T00:00:00"}, "/bidding_from"),
    ],
)
async def test_a_plan_that_cannot_be_is_refused_by_field(
    market: Market, patch: dict[str, Any], pointer: str
) -> None:
    sale = await Sale.of(market, "draft", reserve_price=money(OPENING))
    refused = await sale.officer.patch(sale.path, patch, "*")
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json()["errors"]] == [pointer]


async def test_two_people_approve_and_neither_has_written_in_the_plan(market: Market) -> None:
    sale = await Sale.of(market, "draft")
    sale.director, writer = (
        await market.person(sale.officer.organisation_id, Role.TTO_DIRECTOR, Role.FINANCE),
        sale.director,
    )
    await writer.patch(sale.path, {"contact": "another@seller.example"}, "*")
    assert (await writer.post(f"{sale.path}/approvals")).status_code == 403
    assert (await sale.officer.post(f"{sale.path}/approvals")).status_code == 403
    assert (await sale.operator.post(f"{sale.path}/approvals")).status_code == 403
    seen = await sale.director.ok("POST", f"{sale.path}/approvals")
    assert seen["preparation"]["approvals"] == {"director": str(sale.director.person_id)}
    assert (await sale.director.post(f"{sale.path}/approvals")).status_code == 403
    assert (await sale.read(sale.officer))["status"] == "draft"
    seen = await sale.finance.ok("POST", f"{sale.path}/approvals")
    assert seen["status"] == "approved"
    assert (await sale.officer.patch(sale.path, {"contact": "x"}, "*")).status_code == 409


async def test_only_the_operator_announces(market: Market) -> None:
    sale = await Sale.of(market, "approved")
    for who in (sale.officer, sale.director, sale.finance):
        assert (await who.post(f"{sale.path}/announcement")).status_code == 403
    seen = await sale.operator.ok("POST", f"{sale.path}/announcement")
    assert seen["status"] == "announced"
    assert (await sale.operator.post(f"{sale.path}/announcement")).status_code == 409


async def test_a_notice_that_comes_too_late_is_refused(market: Market) -> None:
    sale = await Sale.of(market, "approved")
    plan = a_plan(registration_until=datetime.now(UTC).isoformat())
    async with market.database.sessions() as session, session.begin():
        await session.execute(
            text(
                "UPDATE sale_round SET plan = jsonb_set(plan, '{registration_until}', to_jsonb(CAST(:at AS text))) WHERE id = :id"
            ),
            {"at": plan["registration_until"], "id": sale.id},
        )
    refused = await sale.operator.post(f"{sale.path}/announcement")
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/plan/registration_until"]


async def test_an_auction_needs_a_licence_that_this_hall_does_not_hold(market: Market) -> None:
    auction = {"auctioneer": "A", "auctioneer_licence": "7", "media_refs": ["Daily"]}
    sale = await Sale.of(market, "draft", kind="auction", auction=auction)
    refused = await sale.director.post(f"{sale.path}/approvals")
    assert [each["rule"] for each in refused.json()["errors"]] == ["拍卖法 art. 11"]


async def test_a_listing_has_one_open_round_and_its_terms_are_frozen(market: Market) -> None:
    sale = await Sale.of(market, "draft")
    other = Sale(market, sale.officer, sale.director, sale.finance, sale.operator, sale.listing)
    await other.bring("announced", bidders=0)
    await sale.director.ok("POST", f"{sale.path}/approvals")
    assert (await sale.finance.post(f"{sale.path}/approvals")).status_code == 409
    path = f"/listings/{sale.listing['id']}"
    draft = await sale.officer.get(f"{path}/draft")
    assert draft.json()["status"] == "in_round"
    change = await sale.officer.patch(path, {"region": "310000"}, draft.headers["etag"])
    assert change.status_code == 409
    assert (await sale.officer.post(f"{path}/pause")).status_code == 409
    assert (await sale.director.post(f"{path}/withdrawal", {"reason": "because"})).status_code == 409
    body = {"listing_id": sale.listing["id"], "plan": a_plan()}
    assert (await sale.officer.post("/rounds", body)).status_code == 409
    assert (await market.client.get(f"/api/v1{path}")).status_code == 200


async def test_a_round_is_planned_by_the_owner_of_a_published_listing(market: Market) -> None:
    officer, director = await market.university()
    draft = await market.listing(officer, director, status="draft")
    listing = await market.listing(officer, director)
    stranger, _ = await market.university()
    body = {"listing_id": listing["id"], "plan": a_plan()}
    assert (await stranger.post("/rounds", body)).status_code == 403
    assert (await (await market.company()).post("/rounds", body)).status_code == 403
    assert (await officer.post("/rounds", body | {"listing_id": draft["id"]})).status_code == 404
    wrong = a_plan(mode="equity", step=money(1, "EUR"), price_basis=TEXT)
    refused = await officer.post("/rounds", {"listing_id": listing["id"], "plan": wrong})
    assert {each["pointer"] for each in refused.json()["errors"]} == {"/plan/mode", "/plan/step/currency"}
    await officer.ok("POST", f"/listings/{listing['id']}/pause")
    assert (await officer.post("/rounds", body)).status_code == 410


# Withdrawal


@pytest.mark.parametrize("status", ["draft", "approved", "announced", "qualifying"])
async def test_the_seller_withdraws_before_the_bidding_begins(market: Market, status: str) -> None:
    sale = await Sale.of(market, status)
    assert (await sale.officer.post(f"{sale.path}/withdrawal", {"reason": "because"})).status_code == 403
    assert (await sale.operator.post(f"{sale.path}/withdrawal", {"reason": "because"})).status_code == 403
    seen = await sale.director.ok("POST", f"{sale.path}/withdrawal", {"reason": "An heir has come"})
    assert seen["status"] == "withdrawn"
    assert await sale.listing_status() == ListingStatus.PUBLISHED
    if status in ("announced", "qualifying"):
        assert await sale.deposits() == ["resolved", "resolved"]
        assert documents(await sale.log())[-1]["reason"] == "An heir has come"
    await sale.director.ok("POST", f"/listings/{sale.listing['id']}/pause")


async def test_the_seller_does_not_withdraw_once_the_bidding_has_begun(market: Market) -> None:
    sale = await Sale.of(market, "qualifying")
    await sale.move(-timedelta(hours=1))
    refused = await sale.director.post(f"{sale.path}/withdrawal", {"reason": "too cheap"})
    assert refused.status_code == 409
    assert (await sale.read())["status"] == "bidding"
    assert await sale.deposits() == ["held", "held"]
