"""Red flags of collusion: every shill scenario is seen, and clean rounds are left in peace."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from market.trading.signals import (
    AT_ONCE,
    SHORT_OF_A_PATTERN,
    TIMES_SECOND,
    Bid,
    Facts,
    Found,
    Participant,
    Past,
    signals,
)
from schemas.vocabulary import Signal

S = Signal

AT = datetime(2026, 3, 2, 4, tzinfo=UTC)
STEP, OPENING = 1_000_00, 100_000_00
LEAST = timedelta(seconds=1)


def participant(number: int, **known: Any) -> Participant:
    """A bidder of whom nothing is known that another shares."""
    plain: dict[str, Any] = {
        "id": UUID(int=number),
        "organisation": UUID(int=1000 + number),
        "alias": f"A{number:03}",
        "people": frozenset({UUID(int=2000 + number)}),
        "above": frozenset({UUID(int=3000 + number)}),
        "payers": frozenset({f"Company {number}"}),
        "domains": frozenset({f"company{number}.example", "qq.com"}),
        "addresses": frozenset({f"203.0.113.{number % 250}"}),
    }
    return Participant(**plain | known)


A, B, C = participant(1), participant(2), participant(3)


def a_round(*participants: Participant, **fields: Any) -> Facts:
    plain: dict[str, Any] = {"step": STEP, "opening_price": OPENING, "registration_until": AT}
    return Facts(participants=participants or (A, B, C), **plain | fields)


def raised(count: int, *aliases: str, gap: timedelta = AT_ONCE, by: int = STEP) -> list[Bid]:
    """Bids in turn, each a step above the one before."""
    return [Bid(aliases[n % len(aliases)], OPENING + n * by, AT + n * gap) for n in range(count)]


def named(found: list[Found]) -> list[tuple[S, list[int]]]:
    return [(each.signal, sorted(who.int for who in each.participants)) for each in found]


def behind(second: Participant, winner: Participant, times: int) -> list[Past]:
    return [Past(winner.organisation, second.organisation)] * times


PARENT = frozenset({UUID(int=77)})
PATTERN = SHORT_OF_A_PATTERN

# Each scenario with the one red flag that it raises, and the variation next to it that raises none.
SCENARIOS: dict[str, tuple[Facts, Facts, S]] = {
    "two subsidiaries of one parent": (
        a_round(replace(A, above=PARENT), replace(B, above=PARENT)),
        a_round(replace(A, above=PARENT), B),
        S.SHARED_CONTROLLER,
    ),
    "a parent against its subsidiary": (
        a_round(A, replace(B, above=frozenset({A.organisation}))),
        a_round(A, replace(B, above=frozenset({C.organisation}))),
        S.SHARED_CONTROLLER,
    ),
    "one buyer of two companies": (
        a_round(A, replace(B, people=A.people | B.people)),
        a_round(A, B),
        S.SAME_PERSON,
    ),
    "one payer of two deposits": (
        a_round(A, replace(B, payers=B.payers | A.payers)),
        a_round(A, replace(B, payers=frozenset({"Company 1 Holding"}))),
        S.SAME_PAYER,
    ),
    "two names under one domain": (
        a_round(A, replace(B, domains=A.domains)),
        a_round(A, replace(B, domains=frozenset({"qq.com"}))),
        S.SAME_DOMAIN,
    ),
    "two bidders at one desk": (
        a_round(A, replace(B, addresses=A.addresses)),
        a_round(A, replace(B, addresses=frozenset())),
        S.SAME_ADDRESS,
    ),
    "the rivals leave on the last day": (
        a_round(A, replace(B, admitted=False, withdrawn_at=AT - timedelta(days=1))),
        a_round(A, replace(B, admitted=False, withdrawn_at=AT - timedelta(days=1) - LEAST)),
        S.LEFT_ALONE,
    ),
    "the same sealed amount twice": (
        a_round(opened={"A001": OPENING + 7, "A002": OPENING + 7, "A003": OPENING + 8}),
        a_round(opened={"A001": OPENING, "A002": OPENING, "A003": OPENING + 8}),
        S.IDENTICAL_AMOUNTS,
    ),
    "two who drive the price up": (
        a_round(bids=raised(PATTERN, "A001", "A002")),
        a_round(bids=raised(PATTERN - 1, "A001", "A002")),
        S.ALTERNATING,
    ),
    "two who drive it up before a third": (
        a_round(
            bids=[*raised(PATTERN, "A001", "A002"), Bid("A003", OPENING + 99 * STEP, AT + timedelta(days=1))]
        ),
        a_round(bids=raised(40, "A001", "A002", "A003")),
        S.ALTERNATING,
    ),
    "a company for show": (
        a_round(past=behind(B, A, TIMES_SECOND)),
        a_round(past=[*behind(B, A, TIMES_SECOND), Past(B.organisation, A.organisation)]),
        S.ALWAYS_SECOND,
    ),
    "a high bid that shields a low one": (
        a_round(B, C, past=[Past(A.organisation, B.organisation, defaulted=True)], winner=B.organisation),
        a_round(B, C, past=[Past(A.organisation, B.organisation, defaulted=True)], winner=C.organisation),
        S.SHIELDED,
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_shill_scenario_is_flagged_and_what_is_next_to_it_is_not(name: str) -> None:
    shill, clean, signal = SCENARIOS[name]
    assert [each.signal for each in signals(shill)] == [signal]
    assert signals(clean) == []


def test_there_are_twelve_scenarios_and_each_signal_is_among_them() -> None:
    assert len(SCENARIOS) == 12
    assert {signal for _, _, signal in SCENARIOS.values()} == set(S)


def test_a_signal_names_whom_it_concerns() -> None:
    assert named(signals(a_round(A, replace(B, payers=A.payers), C))) == [(S.SAME_PAYER, [1, 2])]
    run = a_round(bids=raised(PATTERN, "A003", "A001"))
    assert named(signals(run)) == [(S.ALTERNATING, [1, 3])]
    three = a_round(opened={"A001": OPENING + 7, "A002": OPENING + 7, "A003": OPENING + 7})
    assert named(signals(three)) == [(S.IDENTICAL_AMOUNTS, [1, 2, 3])]


@pytest.mark.parametrize(
    "bids",
    [
        raised(PATTERN, "A001", "A002", gap=AT_ONCE + LEAST),
        raised(PATTERN, "A001", "A002", by=STEP + 1),
        raised(PATTERN, "A001"),
        raised(PATTERN - 1, "A001", "A002") + raised(PATTERN - 1, "A001", "A002"),
    ],
)
def test_raising_slowly_or_by_more_or_with_a_break_is_bidding(bids: list[Bid]) -> None:
    assert signals(a_round(bids=bids)) == []


def test_coming_second_is_a_pattern_from_five_times_on() -> None:
    assert signals(a_round(past=behind(B, A, TIMES_SECOND - 1))) == []
    assert signals(a_round(past=[*behind(B, A, TIMES_SECOND - 1), *behind(B, C, TIMES_SECOND - 1)])) == []


def test_a_long_run_is_named_once() -> None:
    assert named(signals(a_round(bids=raised(100, "A001", "A002")))) == [(S.ALTERNATING, [1, 2])]


# A thousand clean rounds, of bidders who know nothing of each other and stop at what the lot is worth to them.


def _clean(chance: random.Random, number: int) -> Facts:
    bidders = [participant(number * 10 + each) for each in range(chance.randint(1, 7))]
    worth = {
        each.alias: OPENING + chance.randint(0, 60) * STEP + chance.randint(0, 99_999) for each in bidders
    }
    fields: dict[str, Any] = {"past": _history(chance, bidders)}
    if chance.random() < 0.3:
        fields["opened"] = {alias: amount for alias, amount in worth.items() if chance.random() < 0.9}
    else:
        fields["bids"] = _bids(chance, worth)
    for place, each in enumerate(bidders):
        if chance.random() < 0.03:  # some think better of it, on no particular day
            day = AT - timedelta(days=chance.uniform(0, 20))
            bidders[place] = replace(each, admitted=False, withdrawn_at=day)
    return a_round(*bidders, winner=bidders[0].organisation, **fields)


def _bids(chance: random.Random, worth: dict[str, int]) -> list[Bid]:
    """Whoever does not lead thinks for a while, then raises by one step or by several, as far as it is worth it."""
    found: list[Bid] = []
    price, leader, at = OPENING, "", AT
    while able := [alias for alias, most in worth.items() if most >= price and alias != leader]:
        leader = chance.choice(able)
        raises = chance.choices((0, 1, 2, 5), (6, 2, 1, 1))[0]
        price = min(price + raises * STEP, max(price, worth[leader]))
        at += timedelta(seconds=chance.expovariate(1 / 90))
        found.append(Bid(leader, price, at))
        price += STEP
    return found


def _history(chance: random.Random, bidders: list[Participant]) -> list[Past]:
    """They have met before, and any of them has won."""
    if len(bidders) < 2:
        return []
    met = [chance.sample(bidders, 2) for _ in range(chance.randint(0, 6))]
    return [Past(one.organisation, other.organisation) for one, other in met]


def test_of_a_thousand_clean_rounds_at_most_one_percent_is_flagged() -> None:
    chance = random.Random(20260302)
    rounds = [_clean(chance, number) for number in range(1000)]
    flagged = [found for each in rounds if (found := signals(each))]
    assert len(flagged) <= 10, [each.signal for found in flagged for each in found]
