"""Two people of the hall suspend, resume and void a round; the time that remains is kept to the microsecond."""

import json
from datetime import datetime, timedelta

import pytest

from schemas.vocabulary import ListingStatus, Role
from tests.makers import Market
from tests.trading.stage import OPENING, STEP, Sale, key

BECAUSE = {"reason": "An objection is examined"}


async def test_nothing_happens_before_the_auditor_has_signed(market: Market) -> None:
    sale = await Sale.of(market)
    auditor = await market.auditor()
    assert (await sale.director.post(f"{sale.path}/suspension", BECAUSE)).status_code == 403
    assert (await auditor.post(f"{sale.path}/suspension", BECAUSE)).status_code == 403
    seen = await sale.operator.ok("POST", f"{sale.path}/suspension", BECAUSE)
    assert seen["status"] == "bidding"
    assert seen["preparation"]["asked"]["verb"] == "suspend"
    assert (await sale.try_bid(0, OPENING)).status_code == 201
    path = f"{sale.path}/countersignature"
    for who in (sale.operator, sale.director):
        assert (await who.post(path, {"verb": "suspend"}, headers=key())).status_code == 403
    assert (await auditor.post(path, {"verb": "void"}, headers=key())).status_code == 409
    assert (await auditor.post(path, {"verb": "suspend"})).status_code == 400
    seen = await auditor.ok("POST", path, {"verb": "suspend"}, headers=key())
    assert (seen["status"], seen["preparation"]["asked"]) == ("suspended", None)
    assert (await auditor.post(path, {"verb": "suspend"}, headers=key())).status_code == 409


async def test_one_person_with_both_roles_is_still_one_person(market: Market) -> None:
    sale = await Sale.of(market)
    both = await market.person(sale.operator.organisation_id, Role.OPERATOR, Role.AUDITOR)
    await both.ok("POST", f"{sale.path}/suspension", BECAUSE)
    answer = await both.post(f"{sale.path}/countersignature", {"verb": "suspend"}, headers=key())
    assert answer.status_code == 403


async def test_a_suspension_keeps_the_bids_and_gives_its_time_back(market: Market) -> None:
    sale = await Sale.of(market, hard_stop="2199-01-01T00:00:00Z")
    before = await sale.bid(0, OPENING)
    await sale.together("suspend")
    assert (await sale.try_bid(1, OPENING + STEP)).status_code == 409
    await sale.move(-timedelta(days=3))
    assert (await sale.read())["status"] == "suspended"
    await sale.together("resume")
    seen = await sale.read()
    assert seen["status"] == "bidding"
    assert seen["standing"]["amount"] == before["amount"]
    log = [json.loads(entry["document"]) for entry in await sale.log()]
    _, _, suspended, resumed = log
    assert (suspended["kind"], resumed["kind"]) == ("suspended", "resumed")
    left = datetime.fromisoformat(suspended["ends_at"]) - datetime.fromisoformat(suspended["at"])
    assert datetime.fromisoformat(resumed["ends_at"]) - datetime.fromisoformat(resumed["at"]) == left
    assert seen["ends_at"] == resumed["ends_at"]
    assert seen["hard_stop"] == resumed["hard_stop"]
    assert (await sale.try_bid(1, OPENING + STEP)).status_code == 201


async def test_what_has_ended_meanwhile_is_not_suspended(market: Market) -> None:
    sale = await Sale.of(market)
    await sale.operator.ok("POST", f"{sale.path}/suspension", BECAUSE)
    await sale.move(-timedelta(hours=25))
    auditor = await market.auditor()
    answer = await auditor.post(f"{sale.path}/countersignature", {"verb": "suspend"}, headers=key())
    assert answer.status_code == 409
    assert (await sale.read())["status"] == "no_sale"


@pytest.mark.parametrize("status", ["bidding", "suspended", "provisional_award"])
async def test_a_round_that_is_void_sells_nothing_and_gives_everything_back(
    market: Market, status: str
) -> None:
    sale = await Sale.of(market)
    await sale.bid(0, OPENING)
    if status == "suspended":
        await sale.together("suspend")
    if status == "provisional_award":
        await sale.let_pass(hours=24)
    await sale.together("void", "The bidders had agreed among themselves")
    seen = await sale.read()
    assert (seen["status"], seen["outcome"]) == ("void", None)
    assert seen["reason"] == "The bidders had agreed among themselves"
    assert await sale.deposits() == ["resolved", "resolved"]
    assert await sale.listing_status() == ListingStatus.PUBLISHED
    assert (await sale.log())[-1]["kind"] == "void"
    assert (await sale.bidders[0].who.get(f"{sale.path}/award")).status_code == 404
    assert (await sale.try_bid(1, OPENING + STEP)).status_code == 409


@pytest.mark.parametrize("verb", ["suspension", "resumption", "voidance"])
async def test_an_announced_round_is_withdrawn_and_not_suspended(market: Market, verb: str) -> None:
    sale = await Sale.of(market, "announced", bidders=0)
    assert (await sale.operator.post(f"{sale.path}/{verb}", BECAUSE)).status_code == 409
