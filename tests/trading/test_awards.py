"""What follows the end: confirmation by two, default and what it costs, and the same offered again."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from market.workdays import add_working_days
from schemas.vocabulary import ListingStatus
from tests.makers import Market
from tests.trading.stage import OPENING, STEP, Sale, a_plan, key, money

PRICE = OPENING + 20 * STEP


async def sold(market: Market, *, bidders: int = 2) -> Sale:
    """A round whose first bidder has won at PRICE."""
    sale = await Sale.of(market, bidders=bidders)
    await sale.bid(1, OPENING)
    await sale.bid(0, PRICE)
    seen = await sale.let_pass(hours=24)
    assert seen["status"] == "provisional_award"
    return sale


async def defaulted(market: Market) -> Sale:
    """A round whose winner has let the time for the confirmation go by."""
    sale = await sold(market)
    await sale.move(-timedelta(days=60))
    seen = await sale.operator.ok("POST", f"{sale.path}/award/default", headers=key())
    assert seen["status"] == "defaulted"
    return sale


async def again(sale: Sale, opening: int, status: str = "announced", *, bidders: int = 2) -> Sale:
    """The same offered again in a round that follows."""
    found = Sale(sale.market, sale.officer, sale.director, sale.finance, sale.operator, sale.listing)
    plan = a_plan(opening_price=money(opening))
    found.id = (await sale.officer.ok("POST", f"{sale.path}/relisting", {"plan": plan}))["id"]
    await found.director.ok("POST", f"{found.path}/approvals")
    await found.finance.ok("POST", f"{found.path}/approvals")
    await found.operator.ok("POST", f"{found.path}/announcement")
    if status == "announced":
        return found
    for _ in range(bidders):
        await found.a_bidder()
    await found.let_pass(hours=1)
    await found.let_pass(hours=1)
    return found


# Confirmation


async def test_the_winner_signs_and_the_operator_countersigns(market: Market) -> None:
    sale = await sold(market)
    path = f"{sale.path}/award/confirmation"
    assert (await sale.operator.post(path, headers=key())).status_code == 409
    for who in (sale.bidders[1].who, sale.director):
        assert (await who.post(path, headers=key())).status_code == 403
    assert (await sale.bidders[0].who.post(path)).status_code == 400
    first = await sale.bidders[0].who.ok("POST", path, headers=key())
    assert (first["status"], first["document"]) == ("provisional", None)
    assert (await sale.bidders[0].who.post(path, headers=key())).status_code == 409
    assert (await sale.operator.post(f"{sale.path}/award/default", headers=key())).status_code == 409
    award = await sale.operator.ok("POST", path, headers=key())
    document = json.loads(award["document"])
    assert document["amount"] == PRICE
    assert document["buyer"]["id"] == str(sale.bidders[0].who.organisation_id)
    assert document["seller"]["id"] == str(sale.officer.organisation_id)
    assert [each["as"] for each in document["signed"]] == ["buyer", "operator"]
    closed = (await sale.log())[-2]
    assert document["log"] == {"seq": closed["seq"], "hash": closed["hash"]}
    confirmed = json.loads((await sale.log())[-1]["document"])
    assert confirmed["document_sha256"] == award["sha256"]
    assert (await sale.operator.post(path, headers=key())).status_code == 409
    assert await sale.listing_status() == ListingStatus.IN_ROUND
    account = await sale.finance.ok("GET", f"/organisations/{sale.officer.organisation_id}/account")
    assert [each["held"] for each in account["balances"]] == [money(OPENING // 10)]


async def test_the_winner_has_the_working_days_of_the_rules(market: Market) -> None:
    sale = await sold(market)
    async with market.database.sessions() as session:
        found = await session.execute(
            text(
                "SELECT s.confirm_due_at, a.created_at FROM sale_round s JOIN award a ON a.round_id = s.id"
                " WHERE s.id = :id"
            ),
            {"id": sale.id},
        )
        due, at = found.one()
    assert due == add_working_days(at, 5)
    await sale.move(-timedelta(days=60))
    late = await sale.bidders[0].who.post(f"{sale.path}/award/confirmation", headers=key())
    assert late.status_code == 409


# Default


async def test_a_default_is_declared_when_the_time_is_over_and_not_before(market: Market) -> None:
    sale = await sold(market)
    path = f"{sale.path}/award/default"
    assert (await sale.director.post(path, headers=key())).status_code == 403
    assert (await sale.operator.post(path, headers=key())).status_code == 409
    await sale.move(-timedelta(days=60))
    await sale.operator.ok("POST", path, headers=key())
    assert (await sale.read())["status"] == "defaulted"
    assert await sale.deposits() == ["held", "resolved"]
    assert await sale.listing_status() == ListingStatus.PUBLISHED
    assert (await sale.log())[-1]["kind"] == "defaulted"
    assert (await sale.operator.post(path, headers=key())).status_code == 409


async def test_a_defaulter_takes_no_part_when_the_same_is_offered_again(market: Market) -> None:
    sale = await defaulted(market)
    second = await again(sale, OPENING)
    answer = await sale.bidders[0].who.post(f"{second.path}/registrations", await second.a_form())
    assert answer.status_code == 403
    assert [each["rule"] for each in answer.json()["errors"]] == ["BD-12"]
    assert (
        await sale.bidders[1].who.post(f"{second.path}/registrations", await second.a_form())
    ).status_code == 201


async def test_a_default_far_back_in_the_chain_still_counts(market: Market) -> None:
    sale = await defaulted(market)
    second = await again(sale, OPENING)
    await second.let_pass(hours=1)
    assert (await second.let_pass(hours=1))["status"] == "failed_no_bidder"
    third = await again(second, OPENING)
    answer = await sale.bidders[0].who.post(f"{third.path}/registrations", await third.a_form())
    assert answer.json()["errors"][0]["rule"] == "BD-12"


async def settled(sale: Sale, costs: int) -> Any:
    body = {"costs": money(costs)}
    return await sale.operator.ok("POST", f"{sale.path}/award/settlement", body, headers=key())


async def test_the_deposit_of_a_default_pays_costs_first_and_then_the_lower_price(market: Market) -> None:
    sale = await defaulted(market)
    path = f"{sale.path}/award/settlement"
    early = await sale.operator.post(path, {"costs": money(1_000_00)}, headers=key())
    assert early.status_code == 409
    second = await again(sale, OPENING, "bidding")
    open_yet = await sale.operator.post(path, {"costs": money(1_000_00)}, headers=key())
    assert open_yet.status_code == 409
    await second.bid(0, PRICE - 4_000_00)
    await second.let_pass(hours=24)
    await second.confirm()
    assert (await sale.director.post(path, {"costs": money(1)}, headers=key())).status_code == 403
    assert await settled(sale, 1_000_00) == {
        "deposit": money(10_000_00),
        "costs": money(1_000_00),
        "shortfall": money(4_000_00),
        "rest": money(5_000_00),
        "owed": money(0),
    }
    assert (await sale.operator.post(path, {"costs": money(1)}, headers=key())).status_code == 409
    assert await sale.deposits() == ["resolved", "resolved"]


async def test_what_the_deposit_does_not_cover_is_owed(market: Market) -> None:
    sale = await defaulted(market)
    second = await again(sale, OPENING * 8 // 10, "bidding")
    await second.bid(0, OPENING * 8 // 10)
    await second.let_pass(hours=24)
    await second.confirm()
    gap = PRICE - OPENING * 8 // 10
    assert await settled(sale, 1_000_00) == {
        "deposit": money(10_000_00),
        "costs": money(1_000_00),
        "shortfall": money(9_000_00),
        "rest": money(0),
        "owed": money(gap - 9_000_00),
    }


async def test_a_sale_for_more_leaves_no_shortfall(market: Market) -> None:
    sale = await defaulted(market)
    second = await again(sale, OPENING, "bidding")
    await second.bid(0, PRICE + STEP)
    await second.let_pass(hours=24)
    await second.confirm()
    assert (await settled(sale, 0))["rest"] == money(10_000_00)


# Offered again


async def test_what_was_not_sold_is_offered_again_at_most_a_fifth_lower(market: Market) -> None:
    sale = await Sale.of(market)
    await sale.let_pass(hours=24)
    path = f"{sale.path}/relisting"
    low = {"plan": a_plan(opening_price=money(OPENING * 8 // 10 - 1))}
    refused = await sale.officer.post(path, low)
    assert [(each["pointer"], each["rule"]) for each in refused.json()["errors"]] == [
        ("/plan/opening_price", "法释〔2016〕18号 art. 26")
    ]
    fine = {"plan": a_plan(opening_price=money(OPENING * 8 // 10))}
    assert (await sale.finance.post(path, fine)).status_code == 403
    assert (await sale.operator.post(path, fine)).status_code == 403
    seen = await sale.officer.ok("POST", path, fine)
    assert (seen["status"], seen["relisted_from"]) == ("draft", sale.id)
    changed = await sale.officer.patch(
        f"/rounds/{seen['id']}", {"opening_price": money(OPENING * 8 // 10 - 1)}, "*"
    )
    assert changed.json()["preparation"]["unmet"][0]["rule"] == "法释〔2016〕18号 art. 26"
    assert (await sale.director.post(f"/rounds/{seen['id']}/approvals")).status_code == 422


async def test_it_is_offered_again_within_thirty_days(market: Market) -> None:
    sale = await Sale.of(market)
    await sale.let_pass(hours=24)
    async with market.database.sessions() as session, session.begin():
        await session.execute(text("ALTER TABLE round_entry DISABLE TRIGGER frozen"))
        await session.execute(
            text("UPDATE round_entry SET at = at - interval '30 days' WHERE round_id = :id"), {"id": sale.id}
        )
        await session.execute(text("ALTER TABLE round_entry ENABLE TRIGGER frozen"))
    refused = await sale.officer.post(f"{sale.path}/relisting", {"plan": a_plan()})
    assert refused.status_code == 409


async def test_what_was_sold_or_is_open_is_not_offered_again(market: Market) -> None:
    for status in ("announced", "bidding", "confirmed"):
        sale = await Sale.of(market, status)
        refused = await sale.officer.post(f"{sale.path}/relisting", {"plan": a_plan()})
        assert refused.status_code == 409
