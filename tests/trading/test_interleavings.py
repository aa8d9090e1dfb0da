"""Two operations on one round in each of the 70 orders of their steps: one outcome, one log, one award."""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from market.settings import Settings
from market.trading import placing
from scripts.crash import planted
from tests.makers import Market
from tests.trading.interleaving import CLOCK, SCHEDULES, Lane, Model, Operation, Stage, lane
from tests.trading.stage import OPENING, STEP, Sale, a_plan, key, money

pytestmark = pytest.mark.slow
NEXT = OPENING + STEP
AHEAD = "90 min"
SOON = timedelta(minutes=45)
"""Between the clocks of the two lanes."""


@dataclass
class Lanes:
    """Two that agree about the time, and one that is later."""

    first: Lane
    second: Lane
    later: Lane
    watcher: asyncpg.Connection

    def on_time(self) -> Stage:
        return Stage((self.first, self.second), self.watcher)

    def with_later(self) -> Stage:
        return Stage((self.first, self.later), self.watcher)


@pytest.fixture(scope="module")
async def lanes(market: Market, settings: Settings) -> AsyncIterator[Lanes]:
    watcher = await asyncpg.connect(market.database.plain_url)
    await watcher.execute(CLOCK)
    async with (
        lane(settings, "first lane") as first,
        lane(settings, "second lane") as second,
        lane(settings, "later lane", ahead=AHEAD) as later,
    ):
        yield Lanes(first, second, later, watcher)
    await watcher.close()


@dataclass
class Seen:
    """What the rows say of one round after a schedule."""

    status: str
    kinds: list[str]
    """Of the log's entries, in order."""
    amounts: list[int]
    awards: list[tuple[str, int]]
    resolved: list[str]
    """How each deposit was resolved that was."""
    row: Any

    @classmethod
    async def of(cls, connection: asyncpg.Connection, round_id: str) -> "Seen":
        row = await connection.fetchrow("SELECT * FROM sale_round WHERE id = $1", round_id)
        log = await connection.fetch("SELECT * FROM round_entry WHERE round_id = $1 ORDER BY seq", round_id)
        previous = row["rules_sha256"]
        assert [entry["seq"] for entry in log] == list(range(1, len(log) + 1))
        for entry in log:
            assert entry["previous"] == previous
            previous = hashlib.sha256(previous + entry["document"]).digest()
            assert entry["hash"] == previous
        assert (row["last_seq"], row["last_hash"]) == (len(log), previous)
        awards = await connection.fetch("SELECT status, amount FROM award WHERE round_id = $1", round_id)
        resolved = await connection.fetch(
            "SELECT t.kind FROM transfer t JOIN bidder_registration r ON r.deposit_id = t.pending_id"
            " WHERE r.round_id = $1 ORDER BY t.kind",
            round_id,
        )
        return cls(
            row["status"],
            [entry["kind"] for entry in log],
            [entry["amount"] for entry in log if entry["amount"] is not None],
            [(each["status"], each["amount"]) for each in awards],
            [each["kind"] for each in resolved],
            row,
        )


Check = Callable[[Seen, list[str]], None]


def told(answer: httpx.Response) -> str:
    """The status, and of a problem its kind."""
    if answer.is_success:
        return str(answer.status_code)
    return f"{answer.status_code} {answer.json()['type'].rpartition('/')[2]}"


async def all_orders(
    stage: Stage, model: Model, operations: Callable[[str], tuple[Operation, Operation]], check: Check
) -> Counter[tuple[str, ...]]:
    """Play every schedule on a round of its own and check it; how often each pair of answers was given."""
    outcomes: Counter[tuple[str, ...]] = Counter()
    for schedule in SCHEDULES:
        round_id = await model.copy(stage.watcher)
        answers = [told(answer) for answer in await stage.play(operations(f"/rounds/{round_id}"), schedule)]
        outcomes[tuple(answers)] += 1
        try:
            check(await Seen.of(stage.watcher, round_id), answers)
        except AssertionError as failure:
            order = "".join("AB"[turn] for turn in schedule)
            raise AssertionError(f"in the order {order}, answered {answers}: {failure}") from failure
    assert sum(outcomes.values()) == 70
    assert stage.waits, "no operation ever waited for the other"
    return outcomes


# The rounds


async def a_model(lanes: Lanes, sale: Sale) -> Model:
    return await Model.of(lanes.watcher, sale.listing["id"], sale.id)


@pytest.fixture(scope="module")
async def bidding(market: Market) -> Sale:
    """Two bidders, of whom the first leads, and three quarters of an hour until the hard stop."""
    until = a_plan()["bidding_until"]
    sale = await Sale.of(market, "bidding", bidding_until=until, hard_stop=until)
    await sale.bid(0, OPENING)
    await sale.move(SOON - timedelta(hours=24))
    return sale


def bid(sale: Sale, number: int, path: str, headers: dict[str, str] | None = None) -> Operation:
    sent = headers or key()

    async def operate(where: Lane) -> httpx.Response:
        body = {"amount": money(NEXT)}
        return await where.of(sale.bidders[number].who).post(f"{path}/bids", body, headers=sent)

    return operate


def read(path: str) -> Operation:
    return lambda where: where.client.get(f"/api/v1{path}")


def post(who: Any, path: str, body: Any = None) -> Operation:
    sent = key()
    return lambda where: where.of(who).post(path, body, headers=sent)


# The pairs


def one_bid_more(seen: Seen, answers: list[str]) -> None:
    assert sorted(answers) == ["201", "409 bid-too-low"]
    assert seen.kinds == ["admitted", "bid", "bid"]
    assert seen.row["top_amount"] == NEXT


async def test_of_two_equal_bids_one_leads(lanes: Lanes, bidding: Sale) -> None:
    outcomes = await all_orders(
        lanes.on_time(),
        await a_model(lanes, bidding),
        lambda path: (bid(bidding, 0, path), bid(bidding, 1, path)),
        one_bid_more,
    )
    assert len(outcomes) == 2, outcomes


async def test_a_check_outside_the_lock_would_be_found(
    lanes: Lanes, bidding: Sale, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "locked", placing.locked)
    planted.check_outside_lock()
    model = await a_model(lanes, bidding)
    with pytest.raises(AssertionError, match=r"in the order .*'201', '201'"):
        await all_orders(
            lanes.on_time(), model, lambda path: (bid(bidding, 0, path), bid(bidding, 1, path)), one_bid_more
        )


async def test_the_same_bid_sent_twice_is_one_bid(lanes: Lanes, bidding: Sale) -> None:
    def check(seen: Seen, answers: list[str]) -> None:
        assert answers == ["201", "201"]
        assert seen.kinds == ["admitted", "bid", "bid"]

    def twice(path: str) -> tuple[Operation, Operation]:
        same = key()
        return bid(bidding, 1, path, same), bid(bidding, 1, path, same)

    await all_orders(lanes.on_time(), await a_model(lanes, bidding), twice, check)


async def test_a_bid_is_in_time_or_the_bidding_was_closed(lanes: Lanes, bidding: Sale) -> None:
    def check(seen: Seen, answers: list[str]) -> None:
        taken = answers[0] == "201"
        assert answers == ["201" if taken else "409 bidding-not-open", "200"]
        assert seen.kinds == ["admitted", "bid", *["bid"] * taken, "closed"]
        assert seen.awards == [("provisional", NEXT if taken else OPENING)]
        assert seen.status == "provisional_award"
        assert seen.resolved == ["void"]  # of the one that lost

    outcomes = await all_orders(
        lanes.with_later(),
        await a_model(lanes, bidding),
        lambda path: (bid(bidding, 1, path), read(path)),
        check,
    )
    assert len(outcomes) == 2, outcomes


async def test_a_round_is_closed_once(lanes: Lanes, market: Market) -> None:
    sale = await Sale.of(market, "bidding")
    await sale.bid(0, OPENING)
    await sale.move(-timedelta(hours=24))

    def check(seen: Seen, answers: list[str]) -> None:
        assert answers == ["200", "200"]
        assert seen.kinds == ["admitted", "bid", "closed"]
        assert seen.awards == [("provisional", OPENING)]
        assert seen.resolved == ["void"]

    await all_orders(
        lanes.on_time(), await a_model(lanes, sale), lambda path: (read(path), read(path)), check
    )


async def test_a_round_is_announced_and_withdrawn_or_withdrawn_alone(lanes: Lanes, market: Market) -> None:
    sale = await Sale.of(market, "approved")
    reason = {"reason": "The patent office has a question"}

    def check(seen: Seen, answers: list[str]) -> None:
        announced = answers[0] == "200"
        assert answers == ["200" if announced else "409 wrong-state", "200"]
        assert seen.status == "withdrawn"
        assert seen.kinds == ["withdrawn"] * announced
        assert (seen.row["rules"] is not None) == announced

    outcomes = await all_orders(
        lanes.on_time(),
        await a_model(lanes, sale),
        lambda path: (
            post(sale.operator, f"{path}/announcement"),
            post(sale.director, f"{path}/withdrawal", reason),
        ),
        check,
    )
    assert len(outcomes) == 2, outcomes


async def test_the_winner_signs_or_has_defaulted(lanes: Lanes, market: Market) -> None:
    sale = await Sale.of(market, "closed")
    at = (await lanes.watcher.fetchval("SELECT clock_timestamp()")) + SOON
    await lanes.watcher.execute("UPDATE sale_round SET confirm_due_at = $1 WHERE id = $2", at, sale.id)

    def check(seen: Seen, answers: list[str]) -> None:
        signed = answers[0] == "200"
        assert answers == (["200", "409 wrong-state"] if signed else ["409 wrong-state", "200"])
        assert seen.status == ("provisional_award" if signed else "defaulted")
        assert seen.kinds == ["admitted", "bid", "closed", *["defaulted"] * (not signed)]
        assert seen.awards == [("provisional" if signed else "defaulted", OPENING)]

    outcomes = await all_orders(
        lanes.with_later(),
        await a_model(lanes, sale),
        lambda path: (
            post(sale.bidders[0].who, f"{path}/award/confirmation"),
            post(sale.operator, f"{path}/award/default"),
        ),
        check,
    )
    assert len(outcomes) == 2, outcomes


async def test_an_award_is_confirmed_or_void(lanes: Lanes, market: Market) -> None:
    sale = await Sale.of(market, "closed")
    await sale.bidders[0].who.ok("POST", f"{sale.path}/award/confirmation", headers=key())
    await sale.operator.ok("POST", f"{sale.path}/voidance", {"reason": "An objection is upheld"})
    auditor = await market.auditor()

    def check(seen: Seen, answers: list[str]) -> None:
        confirmed = answers[0] == "200"
        assert answers == (["200", "409 wrong-state"] if confirmed else ["409 wrong-state", "200"])
        outcome = "confirmed" if confirmed else "void"
        assert seen.status == outcome
        assert seen.kinds == ["admitted", "bid", "closed", outcome]
        assert seen.awards == [(outcome, OPENING)]
        assert seen.resolved == sorted(["post" if confirmed else "void", "void"])

    outcomes = await all_orders(
        lanes.on_time(),
        await a_model(lanes, sale),
        lambda path: (
            post(sale.operator, f"{path}/award/confirmation"),
            post(auditor, f"{path}/countersignature", {"verb": "void"}),
        ),
        check,
    )
    assert len(outcomes) == 2, outcomes
