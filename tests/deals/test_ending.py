"""From signature to the end: what a contract waits for, breach and cure, termination by one side or by both."""

from datetime import datetime, timedelta

import asyncpg

from tests.deals.trade import EQUITY, Trade, fresh_key
from tests.makers import Market


async def test_ct_12_a_transfer_takes_effect_with_its_registration(market: Market) -> None:
    """专利法 art. 10: signing it is not enough."""
    trade = await (await Trade.of(market)).bring("signed")
    [waiting] = (await trade.view())["waits_for"]
    assert (waiting["evidence"], waiting["rule"]) == ("transfer_registration", "CT-12")
    await trade.give("transfer_registration", issued_by="CNIPA", number="2026-1", who=trade.company)
    view = await trade.view()
    assert (view["status"], view["waits_for"]) == ("performing", [])


async def test_an_ordinary_licence_takes_effect_when_it_is_signed(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("contracted")
    assert (await trade.confirm()).json()["status"] == "performing"


async def test_pr_13_a_contribution_to_equity_takes_effect_with_the_company_s_registration(
    market: Market,
) -> None:
    trade = await (await Trade.of(market)).bring("contracted", "equity", EQUITY)
    confirmed = (await trade.confirm()).json()
    assert [each["evidence"] for each in confirmed["waits_for"]] == ["equity_registration"]


async def test_a_breach_is_cured_and_the_contract_goes_on(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("breached")
    breach = (await trade.view())["breach"]
    assert (breach["noted_as"], breach["reason"]) == ("buyer", "nothing was delivered")
    assert (await trade.cure(trade.director)).status_code == 403
    cured = (await trade.cure(trade.company)).json()
    assert (cured["status"], cured["breach"]) == ("performing", None)


async def test_a_breach_that_is_not_cured_in_thirty_days_ends_the_contract(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("breached")
    due = datetime.fromisoformat((await trade.view())["breach"]["cure_due_at"])
    noted = datetime.fromisoformat((await trade.view())["updated_at"])
    assert timedelta(days=30) <= due - noted
    first = await trade.terminate(trade.company)
    assert first.json()["status"] == "breached"  # its own side agrees, and the time has not come
    assert (await trade.terminate(trade.company)).status_code == 409
    connection = await asyncpg.connect(market.database.plain_url)
    await connection.execute("UPDATE deal SET cure_due_at = now() WHERE id = $1", trade.deal_id)
    await connection.close()
    assert (await trade.terminate(trade.company)).json()["status"] == "terminated"


async def test_the_side_in_breach_does_not_end_it_alone(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("breached")
    connection = await asyncpg.connect(market.database.plain_url)
    await connection.execute("UPDATE deal SET cure_due_at = now() WHERE id = $1", trade.deal_id)
    await connection.close()
    assert (await trade.terminate(trade.director)).json()["status"] == "breached"
    assert (await trade.terminate(trade.company)).json()["status"] == "terminated"


async def test_both_sides_end_a_contract_at_any_time(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("performing")
    agreed = (await trade.terminate(trade.company)).json()
    assert (agreed["status"], list(agreed["terminations"])) == ("performing", ["buyer"])
    ended = (await trade.terminate(trade.director)).json()
    assert (ended["status"], ended["cancellation_reason"]) == ("terminated", "we part")
    refused = await trade.company.post(f"{trade.path}/payments", {}, headers=fresh_key())
    assert refused.status_code in (409, 422)
