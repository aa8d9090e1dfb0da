"""Who sees a deal, and who does not even learn that it is there."""

from schemas.vocabulary import Role
from tests.deals.trade import Trade
from tests.makers import Caller, Market


async def test_who_sees_a_deal(market: Market) -> None:
    trade = await (await Trade.of(market, managed=True)).bring("performing")
    assert trade.manager is not None
    researcher = await market.person(trade.officer.organisation_id, Role.RESEARCHER)
    seeing = [
        trade.officer,
        trade.director,
        researcher,
        trade.company,
        trade.manager,
        await market.operator(),
        await market.auditor(),
    ]
    blind = [await market.company(), (await market.university())[0], await market.manager()]
    for path in ("", "/gates", "/contract", "/payments", "/events"):
        for who in seeing:
            assert (await who.get(trade.path + path)).status_code == 200, path
        for who in blind:
            assert (await who.get(trade.path + path)).status_code == 404, path
    for who in blind:
        for response in (
            await trade.accept(who),
            await trade.declare(who),
            await trade.cancel(who),
            await trade.record(who),
            await trade.confirm(who),
            await trade.pay(who),
            await trade.complete(who),
            await trade.change({}, who),
        ):
            assert response.status_code == 404
        assert (await who.ok("GET", "/deals"))["items"] == []


async def test_the_hall_sees_and_changes_nothing(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("performing")
    for who in (await market.operator(), await market.auditor()):
        for response in (await trade.pay(who), await trade.complete(who), await trade.confirm(who)):
            assert response.status_code == 403


async def test_a_key_reads_deals_within_its_scopes(market: Market) -> None:
    trade = await Trade.of(market)
    for scopes, opened, seen in ((["deals"], 201, 200), (["listings"], 404, 404), (["read"], 403, 200)):
        key = (await trade.officer.ok("POST", "/api-keys", {"name": "k", "scopes": scopes}))["key"]
        caller = Caller(market.client, key, trade.officer.person_id, trade.officer.organisation_id, "")
        body = {"interest_id": trade.interest["id"], "mode": "ordinary_licence"}
        response = await caller.post("/deals", body)
        assert response.status_code == opened, scopes
        if opened == 201:
            trade.deal_id = response.json()["id"]
        assert (await caller.get(trade.path)).status_code == seen


async def test_deals_are_listed_by_status_and_listing_page_by_page(market: Market) -> None:
    trade = await Trade.of(market)
    others = [await trade.another_company() for _ in range(2)]
    for one in (trade, *others):
        await one.open()
    await others[0].cancel()
    query = f"/deals?listing={trade.listing['id']}"
    page = await trade.officer.get(f"{query}&limit=2")
    assert [deal["id"] for deal in page.json()["items"]] == [others[1].deal_id, others[0].deal_id]
    following = page.headers["link"].partition(">")[0].removeprefix("</api/v1")
    rest = await trade.officer.ok("GET", following)
    assert [deal["id"] for deal in rest["items"]] == [trade.deal_id]
    assert rest["next_cursor"] is None
    cancelled = await trade.officer.ok("GET", f"{query}&status=cancelled")
    assert [deal["id"] for deal in cancelled["items"]] == [others[0].deal_id]
    assert [deal["id"] for deal in (await trade.company.ok("GET", "/deals"))["items"]] == [trade.deal_id]
    single = await trade.view()
    assert rest["items"] == [single]
