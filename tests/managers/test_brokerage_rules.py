"""The pure rules of what managers' work leads to: claims, credit, performance and rewards."""

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from market.brokerage.rules import (
    CLAIM_FINAL,
    CLAIM_FROM,
    CLAIM_TO,
    REWARD_FINAL,
    REWARD_FROM,
    REWARD_TO,
    WHOLE,
    ClaimVerb,
    CountedDeal,
    RewardVerb,
    Scheme,
    claim_stands,
    due,
    lacking,
    next_claim,
    next_reward,
    performance,
    shares,
    within_tail,
)
from market.errors import WrongState
from market.managers.rules import tail_end
from schemas.values import Money
from schemas.vocabulary import CircumventionStatus, PerformanceFact, RewardBasis, RewardStatus
from tests.depth import examples

F = PerformanceFact
MANAGERS = [UUID(int=number) for number in range(1, 8)]


@pytest.mark.parametrize(("verb", "status"), [*itertools.product(ClaimVerb, CircumventionStatus)])
def test_a_claim_moves_from_its_states_alone(verb: ClaimVerb, status: CircumventionStatus) -> None:
    if status in CLAIM_FROM[verb]:
        assert next_claim(verb, status) is CLAIM_TO[verb]
    else:
        with pytest.raises(WrongState, match=f"the claim is {status}"):
            next_claim(verb, status)


@pytest.mark.parametrize(("verb", "status"), [*itertools.product(RewardVerb, RewardStatus)])
def test_a_reward_moves_from_its_states_alone(verb: RewardVerb, status: RewardStatus) -> None:
    if status in REWARD_FROM[verb]:
        assert next_reward(verb, status) is REWARD_TO[verb]
    else:
        with pytest.raises(WrongState, match=f"the reward is {status}"):
            next_reward(verb, status)


def test_every_state_is_final_or_has_a_way_out() -> None:
    for claim in CircumventionStatus:
        assert any(claim in able for able in CLAIM_FROM.values()) is (claim not in CLAIM_FINAL)
    for reward in RewardStatus:
        assert any(reward in able for able in REWARD_FROM.values()) is (reward not in REWARD_FINAL)


def test_a_claim_waits_for_both_sides_until_their_time_is_over() -> None:
    due_at = datetime(2026, 3, 16, 16, tzinfo=UTC)
    before, opened = datetime(2026, 3, 16, 15, 59, 59, tzinfo=UTC), CircumventionStatus.OPENED
    assert claim_stands(opened, due_at, before) is opened
    assert claim_stands(opened, due_at, due_at) is CircumventionStatus.ANSWERED
    for final in CLAIM_FINAL:
        assert claim_stands(final, due_at, due_at) is final


class Rewarding(RuleBasedStateMachine):
    """One reward, moved at random: it is paid only after it was claimed, checked and approved, in this order."""

    def __init__(self) -> None:
        super().__init__()
        self.status = RewardStatus.ELIGIBLE
        self.passed = [self.status]

    @rule(verb=st.sampled_from(RewardVerb))
    def go(self, verb: RewardVerb) -> None:
        if self.status in REWARD_FROM[verb]:
            self.status = next_reward(verb, self.status)
            self.passed.append(self.status)

    @invariant()
    def no_step_was_skipped(self) -> None:
        if self.status is RewardStatus.PAID:
            claimed, checked, approved, paid = self.passed[-4:]
            assert (claimed, checked) == (RewardStatus.CLAIMED, RewardStatus.CHECKED)
            assert (approved, paid) == (RewardStatus.APPROVED, RewardStatus.PAID)


TestRewarding = Rewarding.TestCase
TestRewarding.settings = settings(max_examples=examples(500), stateful_step_count=12)


@pytest.mark.parametrize(
    ("signed_on", "within"),
    [
        ("2026-03-01", False),
        ("2026-03-02", True),
        ("2027-03-02", True),
        ("2027-03-03", False),
    ],
)
def test_the_tail_holds_from_the_introduction_to_the_same_day_a_year_on(signed_on: str, within: bool) -> None:
    introduced_at = datetime.fromisoformat("2026-03-02T23:30:00+08:00")
    assert within_tail(introduced_at, tail_end(introduced_at), date.fromisoformat(signed_on)) is within


@given(
    st.lists(st.sampled_from(MANAGERS), unique=True),
    st.dictionaries(st.sampled_from(MANAGERS), st.integers(1, 5_000), max_size=3),
)
def test_credit_comes_to_a_hundred_per_cent_or_to_nobody(
    entitled: list[UUID], decided: dict[UUID, int]
) -> None:
    if sum(decided.values()) != WHOLE:
        decided = {}
    split = shares(entitled, decided)
    assert set(split) == set(entitled)
    assert sum(split.values()) == (WHOLE if entitled else 0)


def test_credit_is_equal_unless_decided_for_exactly_these_managers() -> None:
    one, two, three = MANAGERS[:3]
    assert shares([one, two, three], {}) == {one: 3334, two: 3333, three: 3333}
    assert shares([one, two], {one: 9000, two: 1000}) == {one: 9000, two: 1000}
    assert shares([one, two, three], {one: 9000, two: 1000}) == {one: 3334, two: 3333, three: 3333}
    assert shares([one], {one: 9000, two: 1000}) == {one: WHOLE}


DEAL = CountedDeal(
    deal_id=UUID(int=50),
    share=WHOLE,
    signed_on=date(2026, 3, 2),
    currency="CNY",
    value=300_000_00,
    technical=250_000_00,
    paid=100_000_00,
    registered_on=date(2026, 4, 1),
)
SCHEME = Scheme(
    basis=RewardBasis.TECHNICAL_VALUE,
    rate=20_000,  # 2 %
    requires=frozenset(F),
    cap=50_000_00,
    currency="CNY",
    once_per_deal=True,
    valid_from=date(2026, 1, 1),
    valid_until=date(2026, 12, 31),
)


def test_performance_counts_signed_registered_and_paid_deals_apart_and_shares_exactly() -> None:
    third = replace(DEAL, share=3333, registered_on=None)
    unpaid = replace(DEAL, currency="EUR", paid=0)
    counted = performance([DEAL, third, unpaid])
    assert (counted.signed, counted.registered, counted.paid) == (3, 2, 2)
    cny, eur = counted.sums
    assert cny.signed == Money.of(300_000_00 + 300_000_00 * 3333 // WHOLE, "CNY")
    assert cny.paid == Money.of(133_330_00, "CNY")
    assert (eur.technical, eur.paid) == (Money.of(250_000_00, "EUR"), Money.of(0, "EUR"))
    assert performance([]).sums == []


@pytest.mark.parametrize(
    ("basis", "share", "expected"),
    [
        (RewardBasis.TOTAL_VALUE, WHOLE, 6_000_00),
        (RewardBasis.TECHNICAL_VALUE, WHOLE, 5_000_00),
        (RewardBasis.PAID, WHOLE, 2_000_00),
        (RewardBasis.PAID, 3333, 666_60),
    ],
)
def test_a_reward_is_a_share_of_its_basis_rounded_down(basis: RewardBasis, share: int, expected: int) -> None:
    assert due(replace(SCHEME, basis=basis), replace(DEAL, share=share)) == expected


@given(st.integers(0, 10**13), st.lists(st.integers(1, WHOLE), min_size=1, max_size=6))
def test_the_rewards_of_co_managers_never_exceed_that_of_the_deal(value: int, weights: list[int]) -> None:
    split = shares(MANAGERS[: len(weights)], {})
    whole = due(SCHEME, replace(DEAL, technical=value))
    assert sum(due(SCHEME, replace(DEAL, technical=value, share=part)) for part in split.values()) <= whole


@pytest.mark.parametrize(
    ("deal", "state", "rules"),
    [
        ({}, {}, []),
        ({"registered_on": None}, {}, ["TM-12"]),
        ({"paid": 0}, {}, ["TM-12"]),
        ({"signed_on": date(2025, 12, 31)}, {}, ["TM-12"]),
        ({"signed_on": date(2027, 1, 1)}, {}, ["TM-12"]),
        ({"currency": "EUR"}, {}, ["TM-12"]),
        ({"technical": 0}, {}, ["TM-12"]),
        ({}, {"claimed_by_another": True}, ["TM-13"]),
        ({}, {"claimed_this_year": 50_000_00}, ["TM-14"]),
        (
            {"registered_on": None, "paid": 0},
            {"claimed_by_another": True, "claimed_this_year": 60_000_00},
            ["TM-12", "TM-12", "TM-13", "TM-14"],
        ),
    ],
)
def test_everything_that_stands_against_a_claim_is_named_at_once(
    deal: dict[str, Any], state: dict[str, Any], rules: list[str]
) -> None:
    known = {"claimed_this_year": 0, "claimed_by_another": False} | state
    assert [problem.rule for problem in lacking(SCHEME, replace(DEAL, **deal), **known)] == rules


def test_a_scheme_that_asks_for_less_rewards_what_is_signed_and_several_managers() -> None:
    open_to_all = replace(SCHEME, requires=frozenset({F.SIGNED}), once_per_deal=False, valid_until=None)
    signed = replace(DEAL, registered_on=None, paid=0, signed_on=date(2030, 1, 1))
    assert lacking(open_to_all, signed, claimed_this_year=0, claimed_by_another=True) == []
