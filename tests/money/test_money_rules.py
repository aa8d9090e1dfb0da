"""The arithmetic of money, without a database: balances, settlements, splits, the use of a forfeited deposit."""

import itertools
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.errors import Conflict, Invalid
from market.money.rules import (
    MOST,
    Balance,
    Movement,
    Part,
    Share,
    balance,
    check_amount,
    check_available,
    check_evidence,
    check_settlement,
    split,
    waterfall,
)
from schemas.vocabulary import AccountKind, TransferKind

SELLER, COSTS, PARTY, HOUSE = (UUID(int=number) for number in (1, 2, 3, 4))
T = TransferKind


def pointers(error: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [problem.pointer for problem in error.value.errors]


# Balances

COUNTED: dict[tuple[TransferKind, bool, bool], tuple[int, int]] = {
    (T.POSTED, True, False): (7, 0),
    (T.POSTED, False, False): (-7, 0),
    (T.POST, True, False): (7, 0),
    (T.POST, False, False): (-7, 0),
    (T.PENDING, False, False): (0, 7),
}
"""Kind, incoming, resolved: what 7 count as in held and reserved. All else counts for nothing."""


@pytest.mark.parametrize(
    ("kind", "incoming", "resolved"), list(itertools.product(T, (True, False), (True, False)))
)
def test_what_a_transfer_of_each_kind_counts_for(kind: TransferKind, incoming: bool, resolved: bool) -> None:
    resolved = resolved and kind is T.PENDING  # nothing else ever is
    held, reserved = COUNTED.get((kind, incoming, resolved), (0, 0))
    assert balance([Movement(kind, incoming, 7, resolved)]) == Balance(held, reserved)


def test_an_account_without_transfers_holds_nothing() -> None:
    assert balance([]) == Balance(0, 0)


def test_what_is_reserved_is_held_and_not_available() -> None:
    standing = balance(
        [
            Movement(T.POSTED, True, 100),
            Movement(T.PENDING, False, 30),
            Movement(T.PENDING, False, 20, resolved=True),
            Movement(T.POST, False, 20),
        ]
    )
    assert (standing.held, standing.reserved, standing.available) == (80, 30, 50)


@pytest.mark.parametrize("amount", [1, 49, 50])
def test_all_that_is_available_may_be_spent(amount: int) -> None:
    check_available(Balance(80, 30), amount, "CNY")


@pytest.mark.parametrize("amount", [51, 80, 10_000])
def test_what_is_reserved_is_not_spent_again(amount: int) -> None:
    with pytest.raises(Conflict, match=r"0\.50 CNY are available"):
        check_available(Balance(80, 30), amount, "CNY")


@pytest.mark.parametrize("amount", [1, MOST])
def test_an_amount_that_can_be_moved(amount: int) -> None:
    check_amount(amount)


@pytest.mark.parametrize("amount", [0, -1, MOST + 1])
def test_an_amount_that_cannot_be_moved(amount: int) -> None:
    with pytest.raises(Invalid):
        check_amount(amount)


def test_a_line_of_the_bank_is_not_of_a_day_to_come() -> None:
    today = date(2026, 3, 1)
    for evidence in ({}, {"value_date": "2026-03-01"}, {"value_date": "2025-12-31"}):
        check_evidence(evidence, today)
    with pytest.raises(Invalid) as refused:
        check_evidence({"value_date": "2026-03-02"}, today)
    assert pointers(refused) == ["/value_date"]


# Settlements


@pytest.mark.parametrize(
    "parts",
    [
        [Part(AccountKind.SELLER, SELLER, 100)],
        [
            Part(AccountKind.COSTS, COSTS, 1),
            Part(AccountKind.SELLER, SELLER, 98),
            Part(AccountKind.PARTY, PARTY, 1),
        ],
        [Part(AccountKind.SELLER, SELLER, 40), Part(AccountKind.SELLER, SELLER, 60)],
    ],
)
def test_a_settlement_is_exactly_the_deposit(parts: Sequence[Part]) -> None:
    check_settlement(100, parts)


@pytest.mark.parametrize("total", [99, 101, 1, 200])
def test_a_settlement_of_another_sum_is_refused(total: int) -> None:
    with pytest.raises(Invalid) as refused:
        check_settlement(100, [Part(AccountKind.SELLER, SELLER, total)])
    assert pointers(refused) == ["/parts"]


def test_a_settlement_has_parts() -> None:
    with pytest.raises(Invalid):
        check_settlement(100, [])


@pytest.mark.parametrize("kind", AccountKind)
def test_whom_a_settlement_may_give_a_part(kind: AccountKind) -> None:
    parts = [Part(kind, SELLER, 100)]
    if kind in (AccountKind.PARTY, AccountKind.SELLER, AccountKind.COSTS):
        check_settlement(100, parts)
        return
    with pytest.raises(Invalid) as refused:
        check_settlement(100, parts)
    assert pointers(refused) == ["/parts/0/kind"]


def test_every_fault_of_a_settlement_is_named_at_once() -> None:
    parts = [Part(AccountKind.BANK, SELLER, 0), Part(AccountKind.SELLER, SELLER, -5)]
    with pytest.raises(Invalid) as refused:
        check_settlement(100, parts)
    assert pointers(refused) == ["/parts/0/amount", "/parts/0/kind", "/parts/1/amount", "/parts"]


# Splits


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        (10001, [60, 30, 10], [6001, 3000, 1000]),
        (100, [1, 1, 1], [34, 33, 33]),
        (101, [1, 1, 1], [34, 34, 33]),
        (2, [1, 1, 1], [1, 1, 0]),
        (0, [1, 2], [0, 0]),
        (5, [0, 1], [0, 5]),
        (7, [3], [7]),
        (1, [1, 2], [0, 1]),
        (10, [1, 1, 4], [2, 2, 6]),
        (MOST, [1, 1], [MOST // 2 + 1, MOST // 2]),
    ],
)
def test_a_split_gives_what_rounding_leaves_to_the_largest_remainders(
    amount: int, weights: list[int], shares: list[int]
) -> None:
    assert split(amount, weights) == shares


@pytest.mark.parametrize(("amount", "weights"), [(100, []), (100, [0, 0]), (100, [2, -1]), (-1, [1])])
def test_what_cannot_be_split(amount: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match="not negative"):
        split(amount, weights)


WEIGHTS = st.lists(st.integers(0, 10_000), min_size=1, max_size=12).filter(any)


@settings(max_examples=300)
@given(st.integers(0, MOST), WEIGHTS)
def test_a_split_is_exact_and_nobody_is_a_minor_unit_off(amount: int, weights: list[int]) -> None:
    shares = split(amount, weights)
    assert sum(shares) == amount
    total = sum(weights)
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share * total - amount * weight) < total
        assert weight or not share
    assert [shares[number] for number in _order(weights)] == sorted(shares)


def _order(weights: list[int]) -> list[int]:
    """By weight; of equal ones the earlier has no less."""
    return sorted(range(len(weights)), key=lambda number: (weights[number], -number))


# The waterfall of a forfeited deposit


def forfeited(
    deposit: int, costs: int, gap: int, rest_to: Sequence[Share] | None = None
) -> list[tuple[str, int]]:
    rest_to = [Share(AccountKind.SELLER, SELLER)] if rest_to is None else rest_to
    parts = waterfall(
        deposit, Part(AccountKind.COSTS, COSTS, costs), Part(AccountKind.SELLER, SELLER, gap), rest_to
    )
    return [(part.kind.value, part.amount) for part in parts]


@pytest.mark.parametrize(
    ("deposit", "costs", "gap", "parts"),
    [
        (100, 100, 50, [("costs", 100)]),
        (100, 150, 50, [("costs", 100)]),
        (100, 30, 70, [("costs", 30), ("seller", 70)]),
        (100, 30, 500, [("costs", 30), ("seller", 70)]),
        (100, 0, 100, [("seller", 100)]),
        (100, 30, 20, [("costs", 30), ("seller", 20), ("seller", 50)]),
        (100, 0, 0, [("seller", 100)]),
        (0, 30, 20, []),
    ],
)
def test_a_forfeited_deposit_meets_costs_first_then_the_price_gap_then_the_rest(
    deposit: int, costs: int, gap: int, parts: list[tuple[str, int]]
) -> None:
    assert forfeited(deposit, costs, gap) == parts


def test_the_rest_of_a_forfeited_deposit_goes_by_agreement() -> None:
    agreed = [
        Share(AccountKind.SELLER, SELLER, 60),
        Share(AccountKind.PARTY, PARTY, 30),
        Share(AccountKind.COSTS, HOUSE, 10),
    ]
    assert forfeited(10_101, 60, 40, agreed) == [
        ("costs", 60),
        ("seller", 40),
        ("seller", 6001),
        ("party", 3000),
        ("costs", 1000),
    ]


def test_a_rest_without_an_agreement_is_refused() -> None:
    assert forfeited(100, 60, 40, []) == [("costs", 60), ("seller", 40)]
    with pytest.raises(ValueError, match="some weight"):
        forfeited(101, 60, 40, [])


@pytest.mark.parametrize(("deposit", "costs", "gap"), [(-1, 0, 0), (1, -1, 0), (1, 0, -1)])
def test_nothing_negative_is_forfeited_or_claimed(deposit: int, costs: int, gap: int) -> None:
    with pytest.raises(ValueError, match="not negative"):
        forfeited(deposit, costs, gap)


@settings(max_examples=300)
@given(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(0, 10**9), WEIGHTS)
def test_a_waterfall_is_always_what_a_settlement_may_be(
    deposit: int, costs: int, gap: int, weights: list[int]
) -> None:
    rest_to = [
        Share(AccountKind.PARTY, UUID(int=9 + number), weight) for number, weight in enumerate(weights)
    ]
    parts = waterfall(
        deposit, Part(AccountKind.COSTS, COSTS, costs), Part(AccountKind.SELLER, SELLER, gap), rest_to
    )
    check_settlement(deposit, parts)
    given_to = {kind: sum(part.amount for part in parts if part.kind is kind) for kind in AccountKind}
    assert given_to[AccountKind.COSTS] == min(deposit, costs)
    assert given_to[AccountKind.SELLER] == min(deposit - given_to[AccountKind.COSTS], gap)
