"""Deposits driven by chance, through the pure rules and through PostgreSQL: whatever happens, what must hold holds."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from market.errors import Conflict, Invalid, MarketError
from market.money import queries
from market.money.rules import (
    HALL,
    Balance,
    Movement,
    Part,
    Share,
    balance,
    check_amount,
    check_available,
    check_settlement,
    waterfall,
)
from market.verification import findings
from schemas.vocabulary import AccountKind, TransferKind
from tests.depth import examples
from tests.makers import Market
from tests.money.deposits import CNY, Ledger

A, T = AccountKind, TransferKind
R = TypeVar("R")
Key = tuple[AccountKind, UUID]
BANK: Key = (A.BANK, HALL)


class Book(Protocol):
    """A ledger, pure or in the database; every verb answers the id of what it made."""

    def receive(self, party: UUID, amount: int, purpose: str) -> UUID: ...
    def refund(self, party: UUID, amount: int, purpose: str) -> UUID: ...
    def hold(self, party: UUID, round_id: UUID, amount: int, purpose: str) -> UUID: ...
    def release(self, pending: UUID, purpose: str) -> UUID: ...
    def settle(self, pending: UUID, parts: Sequence[Part], purpose: str) -> UUID: ...
    def balances(self) -> Mapping[Key, Balance]: ...


@dataclass(frozen=True)
class Line:
    """A transfer without a database."""

    debit: Key
    credit: Key
    amount: int
    kind: TransferKind
    pending: UUID | None = None


class PureBook:
    """A ledger in memory that asks the pure rules, as the verbs do."""

    def __init__(self) -> None:
        self.lines: dict[UUID, Line] = {}
        self.made: dict[str, UUID] = {}

    def write(self, purpose: str, line: Line, *parts: Line, spends: bool = False) -> UUID:
        if purpose in self.made:
            if self.lines[self.made[purpose]] != line:
                raise Conflict()
            return self.made[purpose]
        if spends:
            check_available(self.balance(line.debit), line.amount, CNY)
        if line.pending in {each.pending for each in self.lines.values()} - {None}:
            raise Conflict()
        self.made[purpose] = made = uuid4()
        self.lines |= {made: line} | {uuid4(): part for part in parts}
        return made

    def receive(self, party: UUID, amount: int, purpose: str) -> UUID:
        check_amount(amount)
        return self.write(purpose, Line(BANK, (A.PARTY, party), amount, T.POSTED))

    def refund(self, party: UUID, amount: int, purpose: str) -> UUID:
        check_amount(amount)
        return self.write(purpose, Line((A.PARTY, party), BANK, amount, T.POSTED), spends=True)

    def hold(self, party: UUID, round_id: UUID, amount: int, purpose: str) -> UUID:
        check_amount(amount)
        line = Line((A.PARTY, party), (A.ESCROW, round_id), amount, T.PENDING)
        return self.write(purpose, line, spends=True)

    def release(self, pending: UUID, purpose: str) -> UUID:
        held = self.lines[pending]
        return self.write(purpose, Line(held.debit, held.credit, held.amount, T.VOID, pending))

    def settle(self, pending: UUID, parts: Sequence[Part], purpose: str) -> UUID:
        held = self.lines[pending]
        check_settlement(held.amount, parts)
        given = [Line(held.credit, (part.kind, part.subject_id), part.amount, T.POSTED) for part in parts]
        return self.write(purpose, Line(held.debit, held.credit, held.amount, T.POST, pending), *given)

    def balance(self, key: Key) -> Balance:
        resolved = {line.pending for line in self.lines.values()}
        return balance(
            Movement(line.kind, line.credit == key, line.amount, made in resolved)
            for made, line in self.lines.items()
            if key in (line.debit, line.credit)
        )

    def balances(self) -> Mapping[Key, Balance]:
        return {key: self.balance(key) for line in self.lines.values() for key in (line.debit, line.credit)}


class StoredBook:
    """The ledger in PostgreSQL, one transaction for each verb; the bank counts from when the book was opened."""

    def __init__(self, ledger: Ledger, wait: Callable[[Coroutine[Any, Any, R]], R]) -> None:
        self.ledger, self.wait = ledger, wait
        self.keys: set[Key] = set()
        self.ids: dict[Key, UUID] = {}
        self.bank = self.wait(self.ledger.balance(HALL, A.BANK)).held

    def receive(self, party: UUID, amount: int, purpose: str) -> UUID:
        self.keys |= {BANK, (A.PARTY, party)}
        return self.wait(self.ledger.receive(party, amount, purpose=purpose)).id

    def refund(self, party: UUID, amount: int, purpose: str) -> UUID:
        return self.wait(self.ledger.refund(party, amount, purpose=purpose)).id

    def hold(self, party: UUID, round_id: UUID, amount: int, purpose: str) -> UUID:
        made = self.wait(self.ledger.hold(party, amount, round_id=round_id, purpose=purpose)).id
        self.keys.add((A.ESCROW, round_id))
        return made

    def release(self, pending: UUID, purpose: str) -> UUID:
        return self.wait(self.ledger.release(pending, purpose=purpose)).id

    def settle(self, pending: UUID, parts: Sequence[Part], purpose: str) -> UUID:
        post, *given = self.wait(self.ledger.settle(pending, parts, purpose=purpose))
        assert [transfer.amount for transfer in given] == [part.amount for part in parts]
        self.keys |= {(part.kind, part.subject_id) for part in parts}
        return post.id

    def balances(self) -> Mapping[Key, Balance]:
        return self.wait(self._balances())

    async def _balances(self) -> Mapping[Key, Balance]:
        async with self.ledger.transaction() as session:
            for key in self.keys - self.ids.keys():
                if account := await queries.account(session, *key, CNY):
                    self.ids[key] = account.id
            found = await queries.balances(session, self.ids.values())
        standing = {key: found[account_id] for key, account_id in self.ids.items()}
        if BANK in standing:
            standing[BANK] = Balance(standing[BANK].held - self.bank)
        return standing


AMOUNTS = st.integers(1, 300)
PARTIES = st.integers(0, 1)
WHICH = st.integers(0, 5)


class DepositLife(RuleBasedStateMachine):
    """Two bidders in two rounds of one seller; what they have is counted by hand beside the ledger."""

    def __init__(self) -> None:
        super().__init__()
        self.parties, self.book = self.opened()
        self.rounds, self.seller = [uuid4(), uuid4()], uuid4()
        self.held: Counter[Key] = Counter()
        self.pending: dict[UUID, tuple[UUID, int]] = {}
        """What reserves: whose and how much."""
        self.resolved: dict[UUID, int] = {}
        self.repeat: tuple[Callable[[], UUID], UUID] | None = None

    def opened(self) -> tuple[list[UUID], Book]:
        return [uuid4(), uuid4()], PureBook()

    def available(self, party: UUID) -> int:
        reserved = sum(amount for whose, amount in self.pending.values() if whose == party)
        return self.held[A.PARTY, party] - reserved

    def does(self, verb: Callable[[], UUID], *, refused: type[MarketError] | None = None) -> UUID | None:
        if refused is not None:
            with pytest.raises(refused):
                verb()
            return None
        made = verb()
        self.repeat = (verb, made)
        return made

    def one_of(self, which: int) -> tuple[UUID, int] | None:
        """A deposit that was ever held, resolved or not, and its amount."""
        amounts = {held: amount for held, (_, amount) in self.pending.items()} | self.resolved
        return list(amounts.items())[which % len(amounts)] if amounts else None

    @rule(who=PARTIES, amount=AMOUNTS)
    def money_comes_in(self, who: int, amount: int) -> None:
        party, purpose = self.parties[who], str(uuid4())
        self.does(lambda: self.book.receive(party, amount, purpose))
        self.held[A.PARTY, party] += amount
        self.held[BANK] -= amount

    @rule(who=PARTIES, amount=AMOUNTS)
    def money_is_paid_out(self, who: int, amount: int) -> None:
        party, purpose = self.parties[who], str(uuid4())
        short = Conflict if amount > self.available(party) else None
        if self.does(lambda: self.book.refund(party, amount, purpose), refused=short):
            self.held[A.PARTY, party] -= amount
            self.held[BANK] += amount

    @rule(who=PARTIES, where=PARTIES, amount=AMOUNTS)
    def a_deposit_is_held(self, who: int, where: int, amount: int) -> None:
        party, purpose = self.parties[who], str(uuid4())
        short = Conflict if amount > self.available(party) else None
        made = self.does(lambda: self.book.hold(party, self.rounds[where], amount, purpose), refused=short)
        if made:
            self.pending[made] = (party, amount)

    @rule(which=WHICH)
    def a_deposit_is_released(self, which: int) -> None:
        if (found := self.one_of(which)) is None:
            return
        held, purpose = found[0], str(uuid4())
        late = Conflict if held in self.resolved else None
        if self.does(lambda: self.book.release(held, purpose), refused=late):
            self.resolved[held] = self.pending.pop(held)[1]

    @rule(which=WHICH, costs=AMOUNTS, gap=AMOUNTS, weights=st.tuples(st.integers(0, 3), st.integers(1, 3)))
    def a_deposit_is_forfeited(self, which: int, costs: int, gap: int, weights: tuple[int, int]) -> None:
        if (found := self.one_of(which)) is None:
            return
        (held, amount), purpose = found, str(uuid4())
        rest_to = [Share(A.PARTY, self.parties[0], weights[0]), Share(A.SELLER, self.seller, weights[1])]
        parts = waterfall(
            amount, Part(A.COSTS, self.rounds[0], costs), Part(A.SELLER, self.seller, gap), rest_to
        )
        late = Conflict if held in self.resolved else None
        if self.does(lambda: self.book.settle(held, parts, purpose), refused=late):
            party, self.resolved[held] = self.pending.pop(held)
            self.held[A.PARTY, party] -= amount
            for part in parts:
                self.held[part.kind, part.subject_id] += part.amount

    @rule(which=WHICH, off=st.sampled_from([-1, 1]))
    def parts_that_are_not_the_deposit_are_refused(self, which: int, off: int) -> None:
        if found := self.one_of(which):
            parts = [Part(A.SELLER, self.seller, found[1] + off)]
            self.does(lambda: self.book.settle(found[0], parts, str(uuid4())), refused=Invalid)

    @rule()
    def the_last_verb_is_repeated(self) -> None:
        if self.repeat is not None:
            verb, made = self.repeat
            assert verb() == made

    @invariant()
    def balances_are_what_was_counted_and_nobody_is_below_zero(self) -> None:
        standing = self.book.balances()
        for key, shown in standing.items():
            assert shown.held == self.held[key]
            if key[0] is A.PARTY:
                assert shown.available == self.available(key[1])
            if key != BANK:
                assert shown.available >= 0
        assert {key for key, amount in self.held.items() if amount} <= standing.keys()
        assert sum(shown.held for shown in standing.values()) == 0


DepositLife.TestCase.settings = settings(max_examples=examples(2000), stateful_step_count=15, deadline=None)
TestDepositLife = pytest.mark.deep(pytest.mark.slow(DepositLife.TestCase))


@pytest.mark.deep
@pytest.mark.slow
async def test_deposits_in_the_database_live_as_the_model_says(market: Market) -> None:
    ledger, loop = await Ledger.of(market), asyncio.get_running_loop()

    def wait(verb: Coroutine[Any, Any, R]) -> R:
        return asyncio.run_coroutine_threadsafe(verb, loop).result()

    class StoredDepositLife(DepositLife):
        def opened(self) -> tuple[list[UUID], Book]:
            parties = [wait(market.organisation()), wait(market.organisation())]
            return parties, StoredBook(ledger, wait)

    chance = settings(
        max_examples=examples(200),
        stateful_step_count=10,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],  # a loaded machine is no failure
    )
    await asyncio.to_thread(run_state_machine_as_test, StoredDepositLife, settings=chance)
    assert [found async for found in findings(market.database, lambda _done, _of: None)] == []
