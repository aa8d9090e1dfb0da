"""Sealed tenders over HTTP: who opens them, what is taken, what nobody is told, and who wins."""

import base64
import itertools
import json
import os
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text as sql

from market.ledger.rules import sha256
from market.sealing import envelope, shares
from market.trading import sealed
from market.trading.replay import replay
from schemas.vocabulary import Role
from tests.makers import Market
from tests.sealing.tenders import Officer, Tender, text
from tests.trading.stage import OPENING, STEP, Sale, a_plan, key, money

# Of the times alone, which tests move and the rules do not know of; test_sealing_machine looks at those.
TIMES = (
    "too early",
    "no sealed bid should",
    "the end is",
    "the end before",
    "the end moves",
    "bidding ended at",
)


def but_for_times(faults: list[str]) -> list[str]:
    return [fault for fault in faults if not any(of_time in fault for of_time in TIMES)]


async def replayed(tender: Tender) -> list[str]:
    """What a replay of the published rules and log finds wrong, but for the times."""
    items = await tender.sale.log()
    blobs = {item["seq"]: base64.b64decode(item["sealed"]) for item in items if item["sealed"]}
    documents = [item["document"].encode() for item in items]
    return but_for_times(replay(tender.rules, documents, blobs).faults)


async def test_a_tender_is_sealed_opened_by_its_officers_and_won_by_the_highest_bid(market: Market) -> None:
    tender = await Tender.of(market, bidders=3)
    receipt = await tender.bid(0, OPENING + 5 * STEP)
    await tender.bid(1, OPENING + 7 * STEP, by="server")
    await tender.bid(2, OPENING)
    assert (await tender.sale.let_pass(hours=24))["status"] == "opening"
    assert (await tender.hand_in(2))["opened_at"] is None
    opening = await tender.hand_in(0)
    private = base64.b64decode(opening["private_key"])
    assert text(envelope.public_key_of(private)) == opening["public_key"]
    assert [bool(each["handed_in_at"]) for each in opening["officers"]].count(True) == 2
    seen = await tender.sale.read()
    assert seen["status"] == "provisional_award"
    assert seen["outcome"]["bidder"] == tender.sale.bidders[1].alias
    assert seen["outcome"]["amount"] == money(OPENING + 7 * STEP)
    assert await tender.sale.deposits() == ["resolved", "held", "resolved"]
    log = await tender.sale.log()
    assert [item["kind"] for item in log] == ["admitted", *["sealed_bid"] * 3, "opened", "closed"]
    found = next(item for item in log if item["hash"] == receipt["hash"])
    assert json.loads(found["document"])["sealed_sha256"] == receipt["sealed_sha256"]
    assert sha256(base64.b64decode(found["sealed"])).hex() == receipt["sealed_sha256"]
    said = json.loads(log[4]["document"])["bids"]
    assert [(each["seq"], each["amount"], each["fault"]) for each in said] == [
        (2, OPENING + 5 * STEP, None),
        (3, OPENING + 7 * STEP, None),
        (4, OPENING, None),
    ]
    assert await replayed(tender) == []
    assert (await tender.sale.confirm())["status"] == "confirmed"


async def test_the_rules_hold_all_that_it_takes_to_seal_a_bid(market: Market) -> None:
    tender = await Tender.of(market, "announced", bidders=0)
    opening, seen = json.loads(tender.rules)["opening"], await tender.opening()
    assert opening["public_key"] == seen["public_key"]
    assert opening["suite"] == seen["suite"] == envelope.SUITE
    assert (opening["blob_bytes"], opening["decimals"], opening["threshold"]) == (1024, 2, 2)
    assert "the last sealed bid of a bidder counts" in opening["replacement"]
    assert {each["id"] for each in opening["officers"]} == {
        str(officer.who.person_id) for officer in tender.officers
    }
    for officer in tender.officers:
        public = text(envelope.public_key_of(officer.private_key))
        assert public in {each["public_key"] for each in opening["officers"]}
    assert seen["private_key"] is None
    assert [place["roles"] for each in seen["officers"] for place in each["places"]] == [["reviewer"]] * 3


async def test_a_receipt_of_a_sealed_bid_does_not_tell_how_many_others_bid(market: Market) -> None:
    tender = await Tender.of(market)
    for by in ("client", "server"):
        receipt = await tender.bid(0, OPENING, by=by)
        assert (receipt["seq"], receipt["previous"], receipt["document"]) == (None, None, None)
        assert receipt["amount"] is None
        assert receipt["sealed_by"] == by
        assert receipt["bidder"] == tender.sale.bidders[0].alias
    log = await tender.sale.log()
    assert [item["kind"] for item in log] == ["admitted"]
    before = await tender.sale.read()
    await tender.bid(1, OPENING)
    assert await tender.sale.read() == before


async def test_a_bidder_cannot_tell_by_the_hash_whether_somebody_else_has_bid(market: Market) -> None:
    """Whoever knows the entry before and all that their own says must still not be able to compute its hash."""
    tender = await Tender.of(market)
    admitted = (await tender.sale.log())[0]
    receipt = await tender.bid(0, OPENING)
    guess = {
        "round": receipt["round"],
        "seq": 2,
        "kind": "sealed_bid",
        "at": receipt["at"],
        "sealed_sha256": receipt["sealed_sha256"],
        "sealed_by": "client",
        "ends_at": receipt["ends_at"],
    }
    guessed = json.dumps(guess, sort_keys=True, separators=(",", ":")).encode()
    assert sha256(bytes.fromhex(admitted["hash"]) + guessed).hex() != receipt["hash"]
    await tender.open()
    found = json.loads(next(i for i in await tender.sale.log() if i["hash"] == receipt["hash"])["document"])
    assert len(bytes.fromhex(found["salt"])) == 16
    assert found.keys() - guess.keys() == {"salt"}


async def test_the_last_bid_of_a_bidder_counts(market: Market) -> None:
    tender = await Tender.of(market)
    await tender.bid(0, OPENING + 9 * STEP)
    await tender.bid(1, OPENING + 2 * STEP)
    await tender.bid(0, OPENING + 1 * STEP)
    seen = await tender.open()
    assert seen["outcome"]["bidder"] == tender.sale.bidders[1].alias
    assert len(json.loads((await tender.sale.log())[-2]["document"])["bids"]) == 3
    assert await replayed(tender) == []


async def test_of_equal_bids_the_right_of_first_refusal_wins_and_then_the_earlier(market: Market) -> None:
    for holds in (False, True):
        holder = await market.company()
        right = {
            "organisation_id": str(holder.organisation_id),
            "rank": 1,
            "notified_on": "2026-01-02",
            "proof": "Letter",
        }
        tender = await Tender.of(market, "announced", bidders=2, first_refusals=[right] if holds else [])
        await tender.sale.a_bidder(holder)
        await tender.sale.let_pass(hours=2)
        for number in (1, 0, 2):
            await tender.bid(number, OPENING + STEP)
        seen = await tender.open()
        assert seen["outcome"]["bidder"] == tender.sale.bidders[2 if holds else 1].alias
        assert await replayed(tender) == []


async def test_bids_below_the_reserve_price_sell_nothing(market: Market) -> None:
    tender = await Tender.of(market, reserve_price=money(OPENING + 3 * STEP))
    await tender.bid(0, OPENING + 2 * STEP)
    await tender.bid(1, OPENING)
    assert (await tender.open())["status"] == "no_sale"
    assert await tender.sale.deposits() == ["resolved", "resolved"]
    assert await replayed(tender) == []


async def test_a_bid_below_the_opening_price_does_not_win_and_the_server_seals_none(market: Market) -> None:
    tender = await Tender.of(market)
    refused = await tender.sale.bidders[0].who.post(
        f"{tender.path}/bids", {"amount": money(OPENING - 1)}, headers=key()
    )
    assert refused.status_code == 409
    await tender.bid(0, OPENING - 1)
    assert (await tender.open())["status"] == "no_sale"
    assert await replayed(tender) == []


async def test_a_tender_without_a_bid_ends_with_the_bidding(market: Market) -> None:
    tender = await Tender.of(market)
    assert (await tender.sale.let_pass(hours=24))["status"] == "no_sale"
    assert (await tender.try_hand_in(tender.officers[0])).status_code == 409
    assert await replayed(tender) == []


async def test_one_bidder_is_enough_for_a_tender(market: Market) -> None:
    tender = await Tender.of(market, bidders=1)
    await tender.bid(0, OPENING)
    assert (await tender.open())["status"] == "provisional_award"


# What is not a bid


def _void(tender: Tender, content: bytes) -> bytes:
    return envelope.seal(tender.lid, UUID(tender.sale.bidders[0].id), content)


VOID = {
    "forged header": "it was not sealed to this key in this context, or it was changed",
    "no bid": "its content is not a bid",
    "twice": "its content is not a bid",
    "other currency": "it is in another currency",
    "nothing": "its amount is not one",
    "true": "its amount is not one",
}


async def test_what_cannot_be_understood_is_void_with_the_reason_and_stays_in_the_log(market: Market) -> None:
    tender = await Tender.of(market, bidders=7)
    foreign = envelope.seal(
        tender.lid, UUID(tender.sale.bidders[1].id), sealed.content(OPENING, "CNY")
    )  # another bidder's, under one's own name
    forged = foreign[:56] + UUID(tender.sale.bidders[0].id).bytes + foreign[72:]
    blobs = {
        "forged header": forged,
        "no bid": _void(tender, b"[1]"),
        "twice": _void(tender, b'{"amount":1,"amount":20000000,"currency":"CNY"}'),
        "other currency": _void(tender, sealed.content(OPENING, "EUR")),
        "nothing": _void(tender, sealed.content(0, "CNY")),
        "true": _void(tender, b'{"amount":true,"currency":"CNY"}'),
    }
    assert blobs.keys() == VOID.keys()
    await tender.bid(0, OPENING + 50 * STEP)
    for blob in blobs.values():
        assert (await tender.send(0, blob)).status_code == 201
    await tender.bid(6, OPENING)
    seen = await tender.open()
    assert seen["outcome"]["bidder"] == tender.sale.bidders[6].alias
    said = json.loads((await tender.sale.log())[-2]["document"])["bids"]
    assert [each["fault"] for each in said] == [None, *VOID.values(), None]
    assert [each["amount"] for each in said] == [OPENING + 50 * STEP, *[None] * 6, OPENING]
    assert await replayed(tender) == []


async def test_a_blob_replayed_by_another_bidder_or_in_another_round_is_refused_every_time(
    market: Market,
) -> None:
    one, other = await Tender.of(market), await Tender.of(market)
    for number in range(50):
        blob = one.blob(0, OPENING + number)
        foreign = await one.send(1, blob)
        assert (foreign.status_code, foreign.json()["errors"][0]["pointer"]) == (422, "/sealed")
        assert "another sender" in foreign.json()["errors"][0]["detail"]
        elsewhere = await other.send(0, blob)
        assert elsewhere.status_code == 422
        assert "something else" in elsewhere.json()["errors"][0]["detail"]
    for tender in (one, other):
        assert (await tender.sale.let_pass(hours=24))["status"] == "no_sale"


async def test_a_bid_is_either_open_or_sealed(market: Market) -> None:
    tender, sale = await Tender.of(market), await Sale.of(market, "bidding")
    blob = tender.blob(0, OPENING)
    cases: list[tuple[Any, dict[str, Any], int, str]] = [
        (tender.sale, {}, 422, "/amount"),
        (tender.sale, {"amount": money(OPENING), "sealed": text(blob)}, 422, "/sealed"),
        (tender.sale, {"sealed": "abcde"}, 422, "/sealed"),
        (tender.sale, {"sealed": text(blob[:-1])}, 422, "/sealed"),
        (tender.sale, {"sealed": text(os.urandom(1024))}, 422, "/sealed"),
        (tender.sale, {"amount": money(OPENING, "EUR")}, 422, "/amount/currency"),
        (tender.sale, {"amount": money(2**53)}, 422, "/amount/amount"),
        (sale, {"amount": money(2**53)}, 422, "/amount/amount"),
        (sale, {"sealed": text(blob)}, 422, "/sealed"),
    ]
    for where, body, status, pointer in cases:
        answer = await where.bidders[0].who.post(f"{where.path}/bids", body, headers=key())
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, pointer), body


async def test_a_sealed_bid_has_one_receipt_however_often_it_is_sent(market: Market) -> None:
    tender, header = await Tender.of(market), key()
    blob = tender.blob(0, OPENING)
    first = await tender.send(0, blob, headers=header)
    again = await tender.send(0, blob, headers=header)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert (await tender.send(0, tender.blob(0, OPENING), headers=header)).status_code == 422
    await tender.open()
    assert (await tender.send(0, blob, headers=header)).json() == first.json()
    assert len(json.loads((await tender.sale.log())[-2]["document"])["bids"]) == 1


async def test_no_sealed_bid_is_taken_before_or_after_the_bidding_or_while_it_is_suspended(
    market: Market,
) -> None:
    tender = await Tender.of(market, "qualifying")
    assert (await tender.send(0, tender.blob(0, OPENING))).status_code == 409
    await tender.sale.let_pass(hours=1)
    await tender.bid(0, OPENING)
    await tender.sale.together("suspend")
    assert (await tender.send(0, tender.blob(0, OPENING))).status_code == 409
    assert [item["kind"] for item in await tender.sale.log()] == ["admitted"]
    await tender.sale.together("resume")
    await tender.bid(1, OPENING + STEP)
    await tender.sale.let_pass(hours=25)
    assert (await tender.send(0, tender.blob(0, OPENING))).status_code == 409
    for number in (0, 1):
        await tender.hand_in(number)
    assert await replayed(tender) == []


async def test_a_suspension_does_not_tell_whether_anybody_has_bid(market: Market) -> None:
    for bids in (0, 1):
        tender = await Tender.of(market)
        for _ in range(bids):
            await tender.bid(0, OPENING)
        for verb in ("suspend", "resume"):
            await tender.sale.together(verb)
            assert [item["kind"] for item in await tender.sale.log()] == ["admitted"]


# The officers


async def test_a_share_before_the_deadline_is_refused_and_not_kept(market: Market) -> None:
    tender = await Tender.of(market)
    await tender.bid(0, OPENING)
    words = [await tender.words(officer) for officer in tender.officers]
    for officer, said in zip(tender.officers, words, strict=True):
        refused = await tender.try_hand_in(officer, said)
        assert (refused.status_code, refused.json()["type"].endswith("wrong-state")) == (409, True)
        assert "yours was not kept" in refused.json()["detail"]
    async with market.database.sessions() as session:
        found = await session.execute(sql("SELECT words FROM opening_share"))
        assert set(found.scalars()) & set(words) == set()
    assert [each["handed_in_at"] for each in (await tender.opening())["officers"]] == [None] * 3


async def test_a_wrong_share_is_named_and_takes_nothing_from_the_others(market: Market) -> None:
    tender = await Tender.of(market)
    await tender.bid(0, OPENING)
    await tender.sale.let_pass(hours=24)
    await tender.hand_in(0)
    wrong = [
        await tender.words(tender.officers[0]),
        shares.split(os.urandom(32), 2, 3)[1],
        "not a share at all",
    ]
    for words in wrong:
        refused = await tender.try_hand_in(tender.officers[1], words)
        assert refused.status_code == 422
        assert str(tender.officers[1].who.person_id) in refused.json()["errors"][0]["detail"]
    again = await tender.hand_in(0)
    assert again["private_key"] is None
    assert (await tender.hand_in(2))["private_key"] is not None
    assert (await tender.try_hand_in(tender.officers[1])).status_code == 409
    assert (await tender.sale.read())["status"] == "provisional_award"


async def test_nobody_but_an_officer_has_a_share(market: Market) -> None:
    tender = await Tender.of(market)
    await tender.bid(0, OPENING)
    await tender.sale.let_pass(hours=24)
    words = await tender.words(tender.officers[0])
    others = [
        tender.sale.operator,
        tender.sale.director,
        await market.auditor(),
        tender.sale.bidders[0].who,
        (await Officer.of(market)).who,
    ]
    for who in others:
        assert (await who.get(f"{tender.path}/opening/share")).status_code == 404
        assert (await who.post(f"{tender.path}/opening/shares", {"words": words})).status_code == 404
    assert (await tender.opening())["opened_at"] is None


async def test_no_set_of_fewer_shares_opens_and_the_database_holds_no_more(market: Market) -> None:
    tender = await Tender.of(market, officers=5, threshold=3)
    await tender.bid(0, OPENING)
    words = [await tender.words(officer) for officer in tender.officers]
    for some in itertools.chain(itertools.combinations(words, 1), itertools.combinations(words, 2)):
        assert shares.combine(some) is None
    await tender.sale.let_pass(hours=24)
    for number in (1, 3):
        await tender.hand_in(number)
    async with market.database.sessions() as session:
        found = await session.execute(
            sql(
                "SELECT b.private_key, s.words FROM sealed_box b JOIN opening_share s ON s.box_id = b.id"
                " WHERE b.subject_id = :id"
            ),
            {"id": UUID(tender.sale.id)},
        )
        rows = found.all()
    assert {row.private_key for row in rows} == {None}
    kept = [row.words for row in rows if row.words]
    assert len(kept) == 2
    assert shares.combine(kept) is None
    assert (await tender.hand_in(0))["private_key"] is not None


async def test_officers_must_have_keys_and_no_organisation_enough_of_them(market: Market) -> None:
    together = await market.organisation()
    pair = [await Officer.of(market, together) for _ in range(2)]
    third = await Officer.of(market)
    keyless = await market.person(await market.organisation(), Role.REVIEWER)

    async def lacking(*officers: UUID, threshold: int = 2) -> list[str]:
        sale = await Sale.of(market, "draft", bidders=0)
        opening = {"officers": [str(each) for each in officers], "threshold": threshold}
        body = {"listing_id": sale.listing["id"], "plan": a_plan(kind="sealed_tender", opening=opening)}
        made = await sale.officer.ok("POST", "/rounds", body)
        answer = await sale.director.post(f"/rounds/{made['id']}/approvals")
        shown = [each["pointer"] for each in made["preparation"]["unmet"]]
        found = [each["pointer"].removeprefix("/plan") for each in answer.json().get("errors", [])]
        assert found == shown
        return found

    ids = [officer.who.person_id for officer in (*pair, third)]
    assert await lacking(*ids) == ["/opening/threshold"]
    assert await lacking(*ids, threshold=3) == []
    assert await lacking(ids[0], ids[2], keyless.person_id) == ["/opening/officers/2"]
    assert await lacking(ids[0], ids[2], uuid4()) == ["/opening/officers/2"]


async def test_an_officer_and_whoever_is_of_an_officers_organisation_may_not_bid(market: Market) -> None:
    company = await market.company()
    officer = await Officer.of(market, company.organisation_id)
    others = [await Officer.of(market) for _ in range(2)]
    named = [str(each.who.person_id) for each in (officer, *others)]
    sale = await Sale.of(
        market,
        "announced",
        bidders=1,
        kind="sealed_tender",
        opening={"officers": named, "threshold": 2},
    )
    for who in (company, await market.person(company.organisation_id, Role.BUYER)):
        refused = await who.post(f"{sale.path}/registrations", await sale.a_form())
        assert (refused.status_code, refused.json()["errors"][0]["rule"]) == (403, "BD-2")
        assert "opens the sealed bids" in refused.json()["errors"][0]["detail"]


async def test_a_tender_whose_officers_do_not_come_is_declared_void_by_two_people(market: Market) -> None:
    tender = await Tender.of(market)
    await tender.bid(0, OPENING)
    await tender.sale.let_pass(hours=24)
    await tender.hand_in(0)
    assert (await tender.sale.together("void", "The officers did not come"))["status"] == "void"
    assert await tender.sale.deposits() == ["resolved", "resolved"]
    log = await tender.sale.log()
    assert [item["kind"] for item in log] == ["admitted", "sealed_bid", "void"]
    assert [item["sealed"] for item in log] == [None] * 3
    assert (await tender.try_hand_in(tender.officers[1])).status_code == 409


async def test_an_opening_key_is_registered_by_its_owner_from_a_session(market: Market) -> None:
    who = await market.person(await market.organisation(), Role.REVIEWER)
    assert (await who.get("/people/me/opening-key")).status_code == 404
    for number in range(2):
        public = text(envelope.new_key()[1])
        made = await who.post("/people/me/opening-key", {"public_key": public})
        assert (made.status_code, made.json()["public_key"]) == (201, public), number
        assert (await who.ok("GET", "/people/me/opening-key"))["public_key"] == public
    for bad in (text(bytes(32)), "abc", text(os.urandom(31))):
        refused = await who.post("/people/me/opening-key", {"public_key": bad})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/public_key")


async def test_a_round_without_sealed_bids_has_no_opening(market: Market) -> None:
    sale = await Sale.of(market, "bidding")
    assert (await market.client.get(f"/api/v1{sale.path}/opening")).status_code == 404
    assert json.loads((await market.client.get(f"/api/v1{sale.path}/rules")).content)["opening"] is None


# What a replay notices


def _changed(documents: list[bytes], place: int, **facts: Any) -> list[bytes]:
    said = json.loads(documents[place]) | facts
    return [*documents[:place], json.dumps(said).encode(), *documents[place + 1 :]]


@pytest.mark.parametrize("opens", [True, False], ids=["with blobs", "without blobs"])
async def test_a_replay_names_an_opening_that_does_not_follow_from_the_bids(
    market: Market, opens: bool
) -> None:
    tender = await Tender.of(market)
    await tender.bid(0, OPENING + STEP)
    await tender.bid(1, OPENING + 2 * STEP)
    await tender.open()
    items = await tender.sale.log()
    documents = [item["document"].encode() for item in items]
    blobs = {item["seq"]: base64.b64decode(item["sealed"]) for item in items if item["sealed"]}

    def faults(documents: list[bytes], blobs: dict[int, bytes] = blobs) -> str:
        return "; ".join(but_for_times(replay(tender.rules, documents, blobs if opens else None).faults))

    bids = json.loads(documents[3])["bids"]
    assert faults(documents) == ""
    won = {"winner": tender.sale.bidders[0].alias, "amount": OPENING + STEP}
    assert "the winner by the rules is" in faults(_changed(documents, 4, **won))
    assert "not those that were taken" in faults(_changed(documents, 3, bids=bids[:1]))
    unopened = [documents[0], documents[1], documents[2], documents[4]]
    assert "the sealed bids were not opened" in faults(unopened)
    swapped = [bids[0] | {"bidder": "NOBODY"}, bids[1]]
    assert "NOBODY was not admitted" in faults(_changed(documents, 3, bids=swapped))
    if opens:
        other = [bids[0] | {"amount": OPENING + 9 * STEP}, bids[1]]
        assert "says 10100000, not 10900000" in faults(_changed(documents, 3, bids=other))
        stolen = text(envelope.new_key()[0])
        assert "not the one that the bids were sealed to" in faults(
            _changed(documents, 3, private_key=stolen)
        )
        assert "is not the one that was taken" in faults(documents, {2: blobs[3], 3: blobs[3]})
        one_name = [each | {"bidder": bids[0]["bidder"]} for each in bids]
        assert "sealed by different bidders" in faults(_changed(documents, 3, bids=one_name))


async def test_a_sealed_bid_that_was_changed_in_the_database_is_void(market: Market) -> None:
    tender = await Tender.of(market)
    await tender.bid(0, OPENING + STEP)
    async with market.database.sessions() as session, session.begin():
        await session.execute(sql("SET LOCAL session_replication_role = replica"))
        await session.execute(
            sql("UPDATE round_entry SET sealed = :blob WHERE round_id = :id AND seq = 2"),
            {"blob": tender.blob(0, OPENING + 2 * STEP), "id": UUID(tender.sale.id)},
        )
    await tender.sale.move(-timedelta(hours=24))
    assert (await tender.sale.read())["status"] == "opening"
    for number in range(2):
        await tender.hand_in(number)
    said = json.loads((await tender.sale.log())[-2]["document"])["bids"]
    assert [(each["amount"], each["fault"]) for each in said] == [(None, "it was changed after it was taken")]
    assert "is not the one that was taken" in "; ".join(await replayed(tender))
