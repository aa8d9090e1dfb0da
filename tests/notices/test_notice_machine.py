"""The notices about one subject driven through their pure rules by chance: whatever happens, what must hold holds."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from market.errors import WrongState
from market.notices import rules
from market.notices.rules import FINAL, FROM, RUNNING, STANDING, Verb
from schemas.vocabulary import NoticeStatus, ObjectionStatus
from tests.depth import examples

S, Of = NoticeStatus, ObjectionStatus
PERIOD, YEAR = timedelta(days=15), timedelta(days=365)
TICK = timedelta(microseconds=1)
# One step of each: what a state may follow on.
STEPS = {
    S.DRAFT: {S.PUBLISHED, S.VOID},
    S.PUBLISHED: {S.OBJECTED, S.AMENDED, S.CLOSED_CLEAR, S.VOID},
    S.OBJECTED: {S.PUBLISHED, S.UPHELD, S.VOID},
    S.CLOSED_CLEAR: {S.AMENDED, S.LAPSED, S.SETTLED, S.VOID},
}


@dataclass
class Lodged:
    at: datetime
    status: ObjectionStatus = Of.OPEN
    opinions: list[ObjectionStatus] = field(default_factory=list)
    decided_at: datetime | None = None


@dataclass
class Put:
    """One notice of the series."""

    price: int
    until: datetime | None = None
    cleared_at: datetime | None = None
    lapses_at: datetime | None = None
    trail: list[NoticeStatus] = field(default_factory=lambda: [S.DRAFT])
    lodged: list[Lodged] = field(default_factory=list)
    bytes: int | None = None

    @property
    def status(self) -> NoticeStatus:
        return self.trail[-1]


class NoticesOfADeal(RuleBasedStateMachine):
    """One deal, whose price moves, its notices, objectors, a panel, and a clock that stops at boundaries."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.price = 1
        self.all: list[Put] = []
        self.signed: list[tuple[Put, int, datetime]] = []

    def move(self, put: Put, verb: Verb) -> bool:
        try:
            following = rules.next_status(verb, put.status)
        except WrongState:
            return False
        if following is not put.status:
            put.trail.append(following)
        return True

    def let_time_pass(self, put: Put) -> None:
        while (verb := rules.due(put.status, put.until, put.lapses_at, self.now)) is not None:
            if verb is Verb.CLEAR:
                assert put.until is not None
                put.cleared_at = max(
                    [put.until, *(each.decided_at for each in put.lodged if each.decided_at)]
                )
                put.lapses_at = put.cleared_at + YEAR
            assert self.move(put, verb)

    def standing(self) -> Put | None:
        for put in self.all:
            self.let_time_pass(put)
        return next((put for put in self.all if put.status in STANDING), None)

    def drafted(self) -> Put | None:
        return next((put for put in self.all if put.status is S.DRAFT), None)

    @rule()
    def draft(self) -> None:
        if self.drafted() is None:
            self.all.append(Put(self.price))

    @rule()
    def publish(self) -> None:
        put, other = self.drafted(), self.standing()
        if put is None or (other is not None and not self.move(other, Verb.AMEND)):
            return
        assert self.move(put, Verb.PUBLISH)
        put.until, put.bytes = self.now + PERIOD, put.price

    @rule()
    def object(self) -> None:
        put = self.standing()
        if put is None or put.status not in RUNNING:
            return
        try:
            rules.refuse_late(put.until, self.now)
        except WrongState:
            return
        assert self.move(put, Verb.OBJECT)
        put.lodged.append(Lodged(self.now))

    @rule(number=st.integers(0, 2), upheld=st.booleans())
    def give_opinion(self, number: int, upheld: bool) -> None:
        put = self.standing()
        if put is None or not self.move(put, Verb.GIVE_OPINION):
            return
        waiting = [each for each in put.lodged if each.status is Of.OPEN]
        each = waiting[number % len(waiting)]
        each.opinions.append(Of.UPHELD if upheld else Of.REJECTED)
        outcome = rules.decided(each.opinions)
        if outcome is None:
            return
        each.status, each.decided_at = outcome, self.now
        if outcome is Of.UPHELD:
            assert self.move(put, Verb.UPHOLD)
            self.end(put)
        else:
            assert self.move(put, Verb.REJECT if len(waiting) > 1 else Verb.RESUME)
            self.let_time_pass(put)

    def end(self, put: Put) -> None:
        for each in put.lodged:
            each.status = Of.MOOT if each.status is Of.OPEN else each.status

    @rule()
    def withdraw(self) -> None:
        put = self.standing()
        if put is not None and len(self.all) > 1:
            assert self.move(put, Verb.WITHDRAW)
            self.end(put)

    @rule(price=st.integers(1, 3))
    def change_price(self, price: int) -> None:
        put = self.standing()
        if put is not None and put.price != price and not self.move(put, Verb.VOID):
            return  # an objection is open
        self.price = price
        draft = self.drafted()
        if draft is not None:
            draft.price = price

    @rule()
    def sign(self) -> None:
        put = self.standing()
        if put is not None and self.move(put, Verb.SETTLE):
            self.signed.append((put, self.price, self.now))

    @rule(by=st.sampled_from([TICK, timedelta(days=1), PERIOD - TICK, PERIOD, YEAR - TICK, YEAR]))
    def time_passes(self, by: timedelta) -> None:
        self.now += by

    @rule(before=st.booleans())
    def the_end_comes(self, before: bool) -> None:
        put = self.standing()
        if put is not None and put.until is not None and put.until > self.now:
            self.now = put.until - (TICK if before else timedelta())

    @invariant()
    def no_step_is_skipped(self) -> None:
        for put in self.all:
            for status, following in zip(put.trail, put.trail[1:], strict=False):
                assert following in STEPS[status]

    @invariant()
    def what_has_not_ended_can_still_be_moved(self) -> None:
        for put in self.all:
            assert any(put.status in FROM[verb] for verb in Verb) is (put.status not in FINAL)

    @invariant()
    def one_stands_and_one_is_drafted_at_most(self) -> None:
        assert sum(put.status in STANDING for put in self.all) <= 1
        assert sum(put.status is S.DRAFT for put in self.all) <= 1

    @invariant()
    def while_an_objection_is_open_the_notice_is_objected_and_else_it_is_not(self) -> None:
        for put in self.all:
            still_open = any(each.status is Of.OPEN for each in put.lodged)
            assert still_open is (put.status is S.OBJECTED)

    @invariant()
    def every_objection_came_before_the_end(self) -> None:
        for put in self.all:
            assert all(put.until is not None and each.at < put.until for each in put.lodged)

    @invariant()
    def a_clear_notice_ran_its_whole_period_and_no_objection_was_upheld(self) -> None:
        for put in self.all:
            if S.CLOSED_CLEAR in put.trail:
                assert put.until is not None
                assert put.cleared_at is not None
                assert put.until <= put.cleared_at <= self.now
                assert all(each.status is Of.REJECTED for each in put.lodged)

    @invariant()
    def what_was_signed_is_what_was_published_and_in_time(self) -> None:
        for put, price, at in self.signed:
            assert put.bytes == price
            assert put.cleared_at is not None
            assert put.cleared_at <= at < put.cleared_at + YEAR

    @invariant()
    def published_bytes_never_change(self) -> None:
        for put in self.all:
            if put.bytes is not None:
                assert put.bytes == put.price


NoticesOfADeal.TestCase.settings = settings(max_examples=examples(400), stateful_step_count=40, deadline=None)
TestNoticesOfADeal = NoticesOfADeal.TestCase
