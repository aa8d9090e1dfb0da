"""A listed sale driven by chance against the running application: what the pure rules promise, the rows keep.

Every example is a copy of one round with its bidders, so that two hundred of them take no longer than one test may.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from market.database import new_id
from tests.depth import examples
from tests.makers import Market
from tests.trading.stage import Bidder, Sale, key

# One row again under other ids; what is not named stays as it is.
COPY = "INSERT INTO {table} SELECT (jsonb_populate_record(t, CAST(:with AS jsonb))).* FROM {table} t WHERE {where}"


async def copy(market: Market, table: str, where: str, values: dict[str, Any], **ids: Any) -> None:
    """Insert copies of the rows that `where` finds, with other values."""
    async with market.database.sessions() as session, session.begin():
        statement = text(COPY.format(table=table, where=where))
        await session.execute(statement, {"with": json.dumps(values, default=str)} | ids)


async def copied(sale: Sale) -> Sale:
    """The sale once more: a listing, a round in bidding, and its bidders with their deposits."""
    market, listing, round_id = sale.market, new_id(), new_id()
    source, old = UUID(sale.listing["id"]), UUID(sale.id)
    await copy(market, "listing", "id = :old", {"id": listing}, old=source)
    await copy(market, "listing_version", "listing_id = :old", {"listing_id": listing}, old=source)
    await copy(market, "sale_round", "id = :old", {"id": round_id, "listing_id": listing}, old=old)
    await copy(market, "round_entry", "round_id = :old", {"round_id": round_id}, old=old)
    bidders = []
    for bidder in sale.bidders:
        registration, deposit = new_id(), new_id()
        was = UUID(bidder.id)
        await copy(
            market,
            "transfer",
            "id = (SELECT deposit_id FROM bidder_registration WHERE id = :old)",
            {"id": deposit, "purpose": f"deposit of registration {registration}"},
            old=was,
        )
        values = {"id": registration, "round_id": round_id, "deposit_id": deposit}
        await copy(market, "bidder_registration", "id = :old", values, old=was)
        bidders.append(Bidder(bidder.who, str(registration), bidder.alias))
    found = Sale(
        market, sale.officer, sale.director, sale.finance, sale.operator, {"id": str(listing)}, str(round_id)
    )
    found.bidders = bidders
    return found


@dataclass
class Course:
    """One sale with what was seen of it."""

    sale: Sale
    auditor: Any
    accepted: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)

    async def look(self) -> dict[str, Any]:
        seen: dict[str, Any] = await self.sale.read()
        self.statuses.append(seen["status"])
        return seen

    async def bid(self, number: int, above: int) -> None:
        before = await self.look()
        least = before["standing"]["least_next"]["amount"]
        amount = max(1, round(float(least) * 100) + above)
        headers = key()
        answer = await self.sale.try_bid(number, amount, headers=headers)
        if answer.status_code != 201:
            assert answer.status_code in (403, 409), answer.text
            return
        receipt = answer.json()
        again = await self.sale.try_bid(number, amount, headers=headers)
        assert again.json() == receipt
        at, end = datetime.fromisoformat(receipt["at"]), datetime.fromisoformat(receipt["ends_at"])
        planned = datetime.fromisoformat(before["ends_at"])
        assert before["status"] == "bidding"
        assert at < planned
        assert end == max(planned, at + timedelta(seconds=300))
        self.accepted.append(receipt)

    async def wait(self, minutes: int) -> None:
        await self.sale.move(-timedelta(minutes=minutes))

    async def together(self, path: str, verb: str) -> None:
        asked = await self.sale.operator.post(f"{self.sale.path}/{path}", {"reason": "By chance"})
        if asked.is_success:
            body = {"verb": verb}
            await self.auditor.post(f"{self.sale.path}/countersignature", body, headers=key())

    async def check(self) -> None:
        """What must hold at every moment."""
        seen = await self.look()
        log = [json.loads(entry["document"]) for entry in await self.sale.log()]
        bids = [entry for entry in log if entry["kind"] == "bid"]
        assert [json.loads(receipt["document"]) for receipt in self.accepted] == bids
        amounts = [bid["amount"] for bid in bids]
        assert amounts == sorted(amounts)
        assert [entry["seq"] for entry in log] == list(range(1, len(log) + 1))
        assert [entry["at"] for entry in log] == sorted(entry["at"] for entry in log)
        top = bids[-1] if bids else None
        if seen["standing"]:
            assert seen["standing"]["bidder"] == (top["bidder"] if top else None)
        closed = [
            place for place, status in enumerate(self.statuses) if status not in ("bidding", "suspended")
        ]
        if closed:
            assert not set(self.statuses[closed[0] :]) & {"bidding", "suspended"}
        await self._check_awards(seen["status"], top)
        await self._check_deposits(seen["status"], top)

    async def _check_awards(self, status: str, top: dict[str, Any] | None) -> None:
        async with self.sale.market.database.sessions() as session:
            found = await session.execute(
                text(
                    "SELECT r.alias, a.amount FROM award a JOIN bidder_registration r ON r.id = a.registration_id"
                    " WHERE a.round_id = :id AND a.status <> 'void'"
                ),
                {"id": self.sale.id},
            )
            awards = [tuple(row) for row in found.all()]
        won = status in ("provisional_award", "confirmed", "defaulted") and top
        assert awards == ([(top["bidder"], top["amount"])] if won and top else [])

    async def _check_deposits(self, status: str, top: dict[str, Any] | None) -> None:
        stands = dict(
            zip((each.alias for each in self.sale.bidders), await self.sale.deposits(), strict=True)
        )
        if status in ("bidding", "suspended"):
            held = set(stands)
        elif status in ("provisional_award", "defaulted") and top:
            held = {top["bidder"]}
        else:
            held = set()
        assert stands == {alias: "held" if alias in held else "resolved" for alias in stands}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("bid"), st.integers(0, 3), st.sampled_from([-100, -1, 0, 0, 1, 5_000_00])),
        st.tuples(st.just("bid"), st.integers(0, 3), st.sampled_from([-1_000_00, 0])),
        st.tuples(st.just("wait"), st.sampled_from([1, 60, 23 * 60 + 57, 25 * 60])),
        st.tuples(st.just("suspend")),
        st.tuples(st.just("resume")),
        st.tuples(st.just("void")),
        st.tuples(st.just("confirm"), st.integers(0, 3)),
    ),
    min_size=2,
    max_size=6,
)


@pytest.fixture(scope="module")
async def model(market: Market) -> Sale:
    """A round in bidding with four bidders, one of them with a right of first refusal."""
    holder = await market.company()
    right = {
        "organisation_id": str(holder.organisation_id),
        "rank": 1,
        "notified_on": "2025-01-02",
        "proof": "Letter 7",
    }
    sale = await Sale.of(market, "announced", bidders=3, first_refusals=[right])
    await sale.a_bidder(holder)
    await sale.let_pass(hours=1)
    await sale.let_pass(hours=1)
    return sale


@pytest.mark.deep
@pytest.mark.slow
@settings(
    max_examples=examples(200),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
async def test_what_the_rules_promise_the_rows_keep(
    market: Market, model: Sale, auditor: Any, steps: list[tuple[Any, ...]]
) -> None:
    course = Course(await copied(model), auditor)
    for name, *details in steps:
        if name == "bid":
            await course.bid(*details)
        elif name == "wait":
            await course.wait(*details)
        elif name == "confirm":
            await course.sale.bidders[details[0]].who.post(
                f"{course.sale.path}/award/confirmation", headers=key()
            )
        else:
            path = {"suspend": "suspension", "resume": "resumption", "void": "voidance"}[name]
            await course.together(path, name)
        await course.look()
    await course.check()
    await course.together("resumption", "resume")
    await course.wait(26 * 60)
    await course.check()


@pytest.fixture(scope="module")
async def auditor(market: Market) -> Any:
    return await market.auditor()
