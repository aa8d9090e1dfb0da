"""One bid after another, decided exhaustively over small numbers and to the microsecond at every boundary."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from market.trading.bidding import EXTENSION, Bidder, Lot, Refusal, Top, decide, winner

FROM = datetime(2026, 3, 2, 1, tzinfo=UTC)
END = FROM + timedelta(hours=24)
TICK = timedelta(microseconds=1)
PLAIN, RIVAL = Bidder(UUID(int=1), "A"), Bidder(UUID(int=2), "B")
FIRST, SECOND = Bidder(UUID(int=3), "C", 1), Bidder(UUID(int=4), "D", 2)
EMPTY = Lot(opening_price=100, step=10, bidding_from=FROM, ends_at=END)


def led_by(bidder: Bidder, amount: int) -> Lot:
    return replace(EMPTY, top=Top(bidder, amount, 1))


def expected(lot: Lot, bidder: Bidder, amount: int, now: datetime) -> Refusal | None:
    """The rule written a second time, from 法释〔2016〕18号 art. 20 and 21."""
    if now < lot.bidding_from:
        return Refusal.NOT_BEGUN
    if not now < lot.ends_at:
        return Refusal.ENDED
    if lot.top is None:
        return None if amount >= lot.opening_price else Refusal.TOO_LOW
    if amount >= lot.top.amount + lot.step:
        return None
    if amount != lot.top.amount or bidder.priority is None:
        return Refusal.TOO_LOW
    leading = lot.top.bidder.priority
    return None if leading is None or leading > bidder.priority else Refusal.EQUAL_NOT_YOURS


LOTS = [EMPTY, *(led_by(leader, 120) for leader in (PLAIN, RIVAL, FIRST, SECOND))]
MOMENTS = [
    FROM - TICK,
    FROM,
    FROM + TICK,
    END - EXTENSION - TICK,
    END - EXTENSION,
    END - TICK,
    END,
    END + TICK,
]


@pytest.mark.parametrize("lot", LOTS, ids=["empty", "plain", "rival", "first", "second"])
def test_every_bid_of_every_bidder_at_every_moment(lot: Lot) -> None:
    bidders = (PLAIN, RIVAL, FIRST, SECOND)
    for bidder, amount, now in itertools.product(bidders, range(90, 141), MOMENTS):
        found = decide(lot, bidder, amount, now, 2)
        refusal = expected(lot, bidder, amount, now)
        if refusal is not None:
            assert found is refusal, (bidder, amount, now)
            continue
        assert isinstance(found, Lot), (bidder, amount, now)
        assert found.top == Top(bidder, amount, 2)
        assert found.ends_at == max(END, now + EXTENSION)
        assert replace(found, top=lot.top, ends_at=lot.ends_at) == lot


@pytest.mark.parametrize(
    ("before_end", "moved"),
    [
        (EXTENSION + TICK, timedelta(0)),
        (EXTENSION, timedelta(0)),
        (EXTENSION - TICK, TICK),
        (timedelta(seconds=1), EXTENSION - timedelta(seconds=1)),
        (TICK, EXTENSION - TICK),
    ],
)
def test_a_bid_in_the_last_300_seconds_moves_the_end_to_300_seconds_after_it(
    before_end: timedelta, moved: timedelta
) -> None:
    found = decide(EMPTY, PLAIN, 100, END - before_end, 1)
    assert isinstance(found, Lot)
    assert found.ends_at - END == moved


def test_a_bid_in_the_very_instant_of_the_end_is_late() -> None:
    assert decide(EMPTY, PLAIN, 100, END, 1) is Refusal.ENDED
    assert isinstance(decide(EMPTY, PLAIN, 100, END - TICK, 1), Lot)


def test_the_end_moves_as_often_as_late_bids_come() -> None:
    lot, amount = EMPTY, 100
    for bidder in (PLAIN, RIVAL) * 50:
        found = decide(lot, bidder, amount, lot.ends_at - TICK, 1)
        assert isinstance(found, Lot)
        assert found.ends_at == lot.ends_at - TICK + EXTENSION
        lot, amount = found, amount + 10


@pytest.mark.parametrize(
    "stop", [timedelta(0), TICK, EXTENSION / 2, EXTENSION - TICK, EXTENSION, EXTENSION * 2]
)
def test_no_bid_moves_the_end_beyond_the_hard_stop(stop: timedelta) -> None:
    lot = replace(EMPTY, hard_stop=END + stop)
    found = decide(lot, PLAIN, 100, END - TICK, 1)
    assert isinstance(found, Lot)
    assert found.ends_at == END + min(stop, EXTENSION - TICK)
    assert decide(found, RIVAL, 110, found.ends_at, 2) is Refusal.ENDED


def test_an_extension_of_another_length_is_honoured() -> None:
    lot = replace(EMPTY, extension=timedelta(seconds=30))
    assert isinstance(found := decide(lot, PLAIN, 100, END - timedelta(seconds=31), 1), Lot)
    assert found.ends_at == END
    assert isinstance(found := decide(lot, PLAIN, 100, END - timedelta(seconds=29), 1), Lot)
    assert found.ends_at == END + timedelta(seconds=1)


# First refusal


def test_an_equal_bid_of_a_first_refusal_leads_and_wins_where_nobody_goes_higher() -> None:
    lot = led_by(PLAIN, 120)
    assert decide(lot, RIVAL, 120, FROM, 2) is Refusal.TOO_LOW
    found = decide(lot, FIRST, 120, FROM, 2)
    assert isinstance(found, Lot)
    assert winner(found.top, None) == Top(FIRST, 120, 2)
    higher = decide(found, PLAIN, 130, FROM, 3)
    assert isinstance(higher, Lot)
    assert winner(higher.top, None) == Top(PLAIN, 130, 3)


def test_of_several_first_refusals_the_rank_decides_and_then_the_time() -> None:
    equal = Bidder(UUID(int=5), "E", 1)
    lot = led_by(PLAIN, 120)
    by_second = decide(lot, SECOND, 120, FROM, 2)
    assert isinstance(by_second, Lot)
    by_first = decide(by_second, FIRST, 120, FROM, 3)
    assert isinstance(by_first, Lot)
    assert decide(by_first, SECOND, 120, FROM, 4) is Refusal.EQUAL_NOT_YOURS
    assert decide(by_first, equal, 120, FROM, 4) is Refusal.EQUAL_NOT_YOURS
    assert decide(by_first, FIRST, 120, FROM, 4) is Refusal.EQUAL_NOT_YOURS


def test_a_first_refusal_is_no_right_to_bid_less_or_between_two_steps() -> None:
    lot = led_by(PLAIN, 120)
    for amount in (*range(90, 120), *range(121, 130)):
        assert decide(lot, FIRST, amount, FROM, 2) is Refusal.TOO_LOW
    assert decide(EMPTY, FIRST, 99, FROM, 1) is Refusal.TOO_LOW


# The winner


@pytest.mark.parametrize(
    ("amount", "reserve", "won"),
    [
        (120, None, True),
        (120, 119, True),
        (120, 120, True),
        (120, 121, False),
        (None, None, False),
        (None, 1, False),
    ],
)
def test_the_leader_wins_unless_the_reserve_was_not_met(
    amount: int | None, reserve: int | None, won: bool
) -> None:
    top = Top(PLAIN, amount, 1) if amount is not None else None
    assert winner(top, reserve) == (top if won else None)
