"""Rounds that were held by their own rules from the announcement to the end, for verifiers to find nothing wrong with."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.makers import Market
from tests.sealing.tenders import Tender
from tests.trading.clock import let_pass
from tests.trading.stage import OPENING, STEP, Sale, money

FINAL_DAYS = 40
"""How long the round lasts that is still being bid in."""


class Rounds:
    """All of them are announced at once, since they share one clock; `receipts` are those of the one that was sold."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.receipts: list[dict[str, Any]] = []
        self.sales: dict[str, Sale] = {}

    @classmethod
    async def held(cls, market: Market) -> "Rounds":
        rounds = cls(market)
        await rounds._announce()
        await rounds.later(hours=2, minutes=1)
        await rounds._bid()
        await rounds._end()
        return rounds

    @property
    def ids(self) -> dict[str, UUID]:
        return {name: UUID(sale.id) for name, sale in self.sales.items()}

    async def later(self, **time: float) -> None:
        await let_pass(self.market.database.pool, timedelta(**time))
        for sale in self.sales.values():
            await sale.read()

    async def _announce(self) -> None:
        market = self.market
        holder = await market.company()
        right = {
            "organisation_id": str(holder.organisation_id),
            "rank": 1,
            "notified_on": "2026-01-02",
            "proof": "Letter",
        }
        reserve = money(OPENING + 3 * STEP)
        long = (datetime.now(UTC) + timedelta(days=FINAL_DAYS)).isoformat()
        stop = (datetime.now(UTC) + timedelta(hours=30)).isoformat()
        plans: dict[str, tuple[int, dict[str, Any]]] = {
            "sold": (2, {"reserve_price": reserve, "first_refusals": [right]}),
            "unsold": (2, {"reserve_price": reserve, "hard_stop": stop}),
            "defaulted": (2, {}),
            "void": (2, {}),
            "alone": (1, {}),
            "running": (2, {"bidding_until": long}),
            "suspended": (2, {"hard_stop": long}),
        }
        for name, (bidders, plan) in plans.items():
            self.sales[name] = await Sale.of(market, "announced", bidders=bidders, **plan)
        await self.sales["sold"].a_bidder(holder)
        await self.sales["unsold"].a_bidder(qualified=False)
        self.tender = await Tender.of(market, "announced", bidders=3)
        self.sales["tender"] = self.tender.sale

    async def _bid(self) -> None:
        sold = self.sales["sold"]
        for number in range(6):
            self.receipts.append(await sold.bid(number % 2, OPENING + number * STEP))
        await sold.together("suspend")
        await self.sales["suspended"].bid(1, OPENING)
        await self.sales["suspended"].together("suspend")
        await self.later(minutes=50)
        await sold.together("resume")
        for number in range(6, 10):
            self.receipts.append(await sold.bid(number % 2, OPENING + number * STEP))
        for name in ("unsold", "defaulted", "void", "running"):
            await self.sales[name].bid(0, OPENING)
            await self.sales[name].bid(1, OPENING + STEP)
        for number in range(3):
            await self.tender.bid(number, OPENING + (2 - number) * STEP, by="server" if number else "client")
        await self.tender.bid(2, OPENING + 5 * STEP)
        for _ in range(2):  # in the last minutes, which moves the end
            await self._until_just_before_the_end_of(sold)
            self.receipts.append(await sold.bid(1, OPENING + (11 + len(self.receipts)) * STEP))
        last = OPENING + (10 + len(self.receipts)) * STEP
        self.receipts.append(await sold.bid(2, last))  # by the right of first refusal

    async def _until_just_before_the_end_of(self, sale: Sale) -> None:
        ends = datetime.fromisoformat((await sale.read())["ends_at"])
        now = await self.market.database.pool.fetchval("SELECT clock_timestamp()")
        await self.later(seconds=(ends - now).total_seconds() - 200)

    async def _end(self) -> None:
        await self.later(minutes=10)
        for number in range(2):
            await self.tender.hand_in(number)
        await self.sales["sold"].confirm()
        await self.later(hours=30)
        await self.sales["void"].together("void")
        await self.later(days=20)
        await self.sales["defaulted"].operator.ok(
            "POST", f"{self.sales['defaulted'].path}/award/default", headers={"Idempotency-Key": "default"}
        )
        found = {name: (await sale.read())["status"] for name, sale in self.sales.items()}
        assert found == {
            "sold": "confirmed",
            "unsold": "no_sale",
            "defaulted": "defaulted",
            "void": "void",
            "alone": "single_bidder",
            "running": "bidding",
            "suspended": "suspended",
            "tender": "provisional_award",
        }, found
