"""A listed sale driven through its pure rules by chance: whatever happens, what must hold holds."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from market.errors import WrongState
from market.trading import rules
from market.trading.bidding import Bidder, Lot, Refusal, Top, decide, winner
from market.trading.rules import Verb
from schemas.vocabulary import RoundStatus
from tests.depth import examples

S = RoundStatus
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, TICK = timedelta(hours=1), timedelta(microseconds=1)
BIDDERS = [
    Bidder(UUID(int=number), f"B{number}", priority) for number, priority in enumerate((None, None, 1, 2))
]


class ListedSale(RuleBasedStateMachine):
    """One round, four bidders, two of them with a right of first refusal, and a clock that stops at boundaries."""

    def __init__(self) -> None:
        super().__init__()
        self.status, self.now = S.ANNOUNCED, BEGIN
        self.registration_until = BEGIN + HOUR
        self.lot = Lot(100, 10, BEGIN + 2 * HOUR, BEGIN + 3 * HOUR, hard_stop=BEGIN + 4 * HOUR)
        self.qualified: set[int] = set()
        self.accepted: list[tuple[datetime, datetime, Top]] = []
        """When each bid was accepted, what the end was before it, and the bid."""
        self.suspended_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.reserve: int | None = None
        self.awards: list[Top] = []
        self.statuses = [self.status]

    def become(self, status: RoundStatus) -> None:
        self.status = status
        self.statuses.append(status)

    def due(self) -> Verb | None:
        return rules.due(
            self.status, self.registration_until, self.lot.bidding_from, self.lot.ends_at, self.now
        )

    def let_time_pass(self) -> None:
        while (verb := self.due()) is not None:
            rules.check_transition(verb, self.status)
            if verb is Verb.END_REGISTRATION:
                self.become(S.QUALIFYING)
            elif verb is Verb.BEGIN:
                self.become(rules.begins_as(len(self.qualified), sealed=False))
            else:
                won = winner(self.lot.top, self.reserve)
                self.become(S.PROVISIONAL_AWARD if won else S.NO_SALE)
                self.awards += [won] if won else []
                self.ended_at = self.now

    def possible(self, verb: Verb) -> bool:
        try:
            rules.check_transition(verb, self.status)
        except WrongState:
            return False
        return True

    @rule(by=st.timedeltas(timedelta(0), 2 * HOUR))
    def wait(self, by: timedelta) -> None:
        self.now += by

    @rule(
        where=st.sampled_from(["registration", "beginning", "extension", "end"]),
        off=st.sampled_from([-TICK, timedelta(0), TICK]),
    )
    def wait_for_a_boundary(self, where: str, off: timedelta) -> None:
        moments = {
            "registration": self.registration_until,
            "beginning": self.lot.bidding_from,
            "extension": self.lot.ends_at - self.lot.extension,
            "end": self.lot.ends_at,
        }
        self.now = max(self.now, moments[where] + off)

    @rule()
    def read(self) -> None:
        self.let_time_pass()

    @rule(number=st.integers(0, 3))
    def qualify(self, number: int) -> None:
        self.let_time_pass()
        if self.possible(Verb.QUALIFY):
            self.qualified.add(number)

    @precondition(lambda self: not self.accepted)
    @rule(reserve=st.integers(100, 160))
    def keep_a_reserve(self, reserve: int) -> None:
        if self.status in rules.BEFORE_BIDDING:
            self.reserve = reserve

    @rule(number=st.integers(0, 3), above=st.integers(-25, 35))
    def bid(self, number: int, above: int) -> None:
        self.let_time_pass()
        if self.status is not S.BIDDING or number not in self.qualified:
            return
        amount = self.lot.least + above
        found = decide(self.lot, BIDDERS[number], amount, self.now, len(self.accepted) + 1)
        if isinstance(found, Refusal):
            assert found not in (Refusal.NOT_BEGUN, Refusal.ENDED)  # time had passed before
            return
        assert found.top is not None
        self.accepted.append((self.now, self.lot.ends_at, found.top))
        self.lot = found

    @rule()
    def suspend(self) -> None:
        self.let_time_pass()
        if self.possible(Verb.SUSPEND):
            self.become(S.SUSPENDED)
            self.suspended_at = self.now

    @rule()
    def resume(self) -> None:
        if not self.possible(Verb.RESUME):
            return
        assert self.suspended_at is not None
        left = self.lot.ends_at - self.suspended_at
        end = rules.after_pause(self.lot.ends_at, self.suspended_at, self.now)
        stop = rules.after_pause(self.lot.hard_stop or end, self.suspended_at, self.now)
        self.lot = Lot(
            100, 10, self.lot.bidding_from, end, self.lot.extension, hard_stop=stop, top=self.lot.top
        )
        assert self.lot.ends_at - self.now == left > timedelta(0)
        self.become(S.BIDDING)

    @rule()
    def withdraw(self) -> None:
        self.let_time_pass()
        if self.possible(Verb.WITHDRAW):
            assert not self.accepted
            self.become(S.WITHDRAWN)

    @rule()
    def declare_void(self) -> None:
        self.let_time_pass()
        if self.possible(Verb.VOID):
            self.awards.clear()
            self.become(S.VOID)

    @rule(signs=st.booleans())
    def confirm_or_default(self, signs: bool) -> None:
        if self.possible(Verb.CONFIRM):
            self.become(S.CONFIRMED if signs else S.DEFAULTED)

    @invariant()
    def the_leading_amount_never_falls(self) -> None:
        for (_, _, before), (_, _, after) in zip(self.accepted, self.accepted[1:], strict=False):
            assert after.amount >= before.amount + self.lot.step or (
                after.amount == before.amount
                and after.bidder.priority is not None
                and (before.bidder.priority is None or after.bidder.priority < before.bidder.priority)
            )
        assert (self.lot.top is None) is (not self.accepted)

    @invariant()
    def nothing_is_accepted_before_the_beginning_or_from_the_end_on(self) -> None:
        for at, end, _ in self.accepted:
            assert self.lot.bidding_from <= at < end
            assert self.ended_at is None or at < self.ended_at

    @invariant()
    def the_end_is_never_beyond_the_hard_stop_and_at_most_an_extension_after_a_bid(self) -> None:
        assert self.lot.hard_stop is not None
        assert self.lot.ends_at <= self.lot.hard_stop

    @invariant()
    def what_has_ended_stays_so(self) -> None:
        ends = [place for place, status in enumerate(self.statuses) if status in rules.ENDED]
        assert ends in ([], [len(self.statuses) - 1])
        closed = self.statuses.index(S.PROVISIONAL_AWARD) if S.PROVISIONAL_AWARD in self.statuses else None
        assert closed is None or S.BIDDING not in self.statuses[closed:]

    @invariant()
    def exactly_the_leader_is_awarded_and_only_once(self) -> None:
        if self.status in rules.NAMED:
            assert self.awards == [self.lot.top]
            assert self.reserve is None or self.awards[0].amount >= self.reserve
        else:
            assert self.awards == []

    @invariant()
    def bidding_is_between_two_at_least(self) -> None:
        if self.accepted:
            assert len(self.qualified) >= 2


ListedSale.TestCase.settings = settings(max_examples=examples(2000), stateful_step_count=20, deadline=None)


@pytest.mark.deep
@pytest.mark.slow
class TestListedSale(ListedSale.TestCase):  # type: ignore[name-defined, misc]
    """2,000 sales."""
