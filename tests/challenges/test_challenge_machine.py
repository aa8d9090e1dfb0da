"""A challenge driven through its pure rules by chance: whatever happens, what must hold holds."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from market.challenges import ranking, rules
from market.challenges.gates import unfit
from market.challenges.planning import LEAST_PANEL
from market.challenges.ranking import Line, Ranked
from market.challenges.rules import Verb
from market.errors import WrongState
from schemas.challenges import TeamDecision
from schemas.vocabulary import ChallengeStatus
from tests.depth import examples

S = ChallengeStatus
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, TICK = timedelta(hours=1), timedelta(microseconds=1)
QUESTIONS, FROM, UNTIL = BEGIN + HOUR, BEGIN + 2 * HOUR, BEGIN + 3 * HOUR
STAGES = [BEGIN + 5 * HOUR, BEGIN + 6 * HOUR]
KEEP = [2, 1]
RUBRIC = [Line(60, 10), Line(40, 5)]
ALIASES = ["AAAA", "BBBB", "CCCC"]
MOST = 3


class HorseRace(RuleBasedStateMachine):
    """One race, three organisations, four reviewers, and a clock that stops at boundaries."""

    def __init__(self) -> None:
        super().__init__()
        self.status, self.now = S.DRAFT, BEGIN
        self.statuses = [self.status]
        self.submitted: dict[str, list[datetime]] = {}
        self.asked: list[datetime] = []
        self.panel: set[int] = set()
        self.opened: list[str] = []
        self.scores: dict[tuple[int, str], list[int]] = {}
        self.ranked: list[Ranked] = []
        self.reviewers = 0
        self.awarded: list[str] = []
        self.running: set[str] = set()
        self.kept: list[int] = []
        self.shown: set[tuple[int, str]] = set()
        self.stage = 0

    def become(self, verb: Verb) -> bool:
        """Whether the verb was possible, and with it where it leads."""
        self.let_time_pass()
        try:
            following = rules.moved_by(verb, self.status)
        except WrongState:
            return False
        if following is not self.status:
            self.statuses.append(following)
        self.status = following
        return True

    def possible(self, verb: Verb) -> bool:
        self.let_time_pass()
        return self.status in rules.FROM[verb]

    def let_time_pass(self) -> None:
        while verb := rules.due(
            self.status, QUESTIONS, FROM, UNTIL, submitted=bool(self.submitted), now=self.now
        ):
            self.status = rules.moved_by(verb, self.status)
            self.statuses.append(self.status)

    @rule(by=st.timedeltas(timedelta(0), HOUR / 3))
    def wait(self, by: timedelta) -> None:
        self.now += by

    @rule(
        until=st.sampled_from([QUESTIONS, FROM, UNTIL, *STAGES]),
        off=st.sampled_from([-TICK, timedelta(0), TICK]),
    )
    def wait_for_a_boundary(self, until: datetime, off: timedelta) -> None:
        if until - self.now < HOUR:
            self.wait_until(until + off)

    @rule(steps=st.integers(1, 12))
    def go_on(self, steps: int) -> None:
        """The next steps of the main road, so that the far end is reached as well."""
        for _ in range(steps):
            self.let_time_pass()
            step = {
                S.DRAFT: self.publish,
                S.PUBLISHED: lambda: self.wait_until(QUESTIONS),
                S.QUESTIONS_CLOSED: lambda: self.wait_until(FROM),
                S.SUBMISSIONS_OPEN: self.submit_and_wait,
                S.CLOSED: self.seat_and_begin,
                S.REVIEWING: self.score_everything,
                S.SHORTLISTED: lambda: self.award(MOST),
                S.AWARDED: self.start,
                S.RUNNING: self.run_a_stage,
            }.get(self.status)
            if step is None:
                return
            step()

    def wait_until(self, at: datetime) -> None:
        self.now = max(self.now, at)

    def submit_and_wait(self) -> None:
        for alias in ALIASES:
            self.submit(alias)
        self.wait_until(UNTIL)

    def run_a_stage(self) -> None:
        if self.stage > len(STAGES):
            self.complete()
            return
        for alias in sorted(self.running):
            self.show_evidence(alias)
        self.wait_until(STAGES[self.stage - 1])
        self.decide_gate(KEEP[self.stage - 1])

    def seat_and_begin(self) -> None:
        for number in range(LEAST_PANEL):
            self.declare(number)
        self.begin_review()

    def score_everything(self) -> None:
        self.open()
        for number in sorted(self.panel):
            for alias in self.opened:
                self.review(number, alias, [number % 3 + 5, 3])
        self.shortlist()

    @rule()
    def publish(self) -> None:
        if self.now < QUESTIONS:
            self.become(Verb.PUBLISH)

    @rule()
    def ask(self) -> None:
        if self.become(Verb.ASK):
            self.asked.append(self.now)

    @rule(alias=st.sampled_from(ALIASES))
    def submit(self, alias: str) -> None:
        if self.become(Verb.SUBMIT):
            self.submitted.setdefault(alias, []).append(self.now)

    @rule(number=st.integers(0, 3))
    def declare(self, number: int) -> None:
        if self.become(Verb.DECLARE):
            self.panel.add(number)

    @rule(number=st.integers(0, 3))
    def recuse(self, number: int) -> None:
        if self.become(Verb.RECUSE):
            self.panel.discard(number)

    @rule()
    def begin_review(self) -> None:
        if len(self.panel) >= LEAST_PANEL:
            self.become(Verb.BEGIN_REVIEW)

    @rule()
    def open(self) -> None:
        if self.become(Verb.OPEN) and not self.opened:
            self.opened = sorted(self.submitted)

    @precondition(lambda self: self.opened)
    @rule(
        number=st.integers(0, 3),
        alias=st.sampled_from(ALIASES),
        scores=st.tuples(st.integers(0, 10), st.integers(0, 5)),
    )
    def score(self, number: int, alias: str, scores: tuple[int, int]) -> None:
        self.review(number, alias, list(scores))

    def review(self, number: int, alias: str, scores: list[int]) -> None:
        if self.become(Verb.REVIEW) and number in self.panel and alias in self.opened:
            self.scores.setdefault((number, alias), scores)

    @rule()
    def shortlist(self) -> None:
        whole = all((number, alias) in self.scores for number in self.panel for alias in self.opened)
        if not (self.possible(Verb.SHORTLIST) and self.opened and whole) or len(self.panel) < LEAST_PANEL:
            return
        self.become(Verb.SHORTLIST)
        self.reviewers = len(self.panel)
        rows = {alias: [self.scores[number, alias] for number in self.panel] for alias in self.opened}
        self.ranked = ranking.ranking(RUBRIC, rows)

    @rule(count=st.integers(1, MOST))
    def award(self, count: int) -> None:
        if self.become(Verb.AWARD):
            self.awarded = [each.alias for each in self.ranked][:count]
            ranks = {each.alias: each.rank for each in self.ranked}
            cut_tied = len(self.awarded) < len(self.ranked) and (
                self.ranked[len(self.awarded) - 1].rank == self.ranked[len(self.awarded)].rank
            )
            assert ranking.follows_rank(ranks, self.awarded) is not cut_tied

    @rule(chance=st.integers(0, 3))
    def award_nobody(self, chance: int) -> None:
        if chance == 0:
            self.become(Verb.AWARD_NOBODY)

    @rule()
    def start(self) -> None:
        if self.become(Verb.START):
            self.running, self.stage = set(self.awarded), 1

    @rule(alias=st.sampled_from(ALIASES))
    def show_evidence(self, alias: str) -> None:
        if not self.possible(Verb.SHOW_EVIDENCE) or self.stage > len(STAGES):
            return
        if alias in self.running and self.now < STAGES[self.stage - 1]:
            self.shown.add((self.stage, alias))

    @rule(passing=st.integers(0, MOST))
    def decide_gate(self, passing: int) -> None:
        if not self.possible(Verb.DECIDE_GATE) or self.stage > len(STAGES) or not self.running:
            return
        if self.now < STAGES[self.stage - 1]:
            return
        order = sorted(self.running)
        decisions = [
            TeamDecision.model_validate(
                {"team": team, "decision": "pass" if place < passing else "stop", "reason": "as shown"}
            )
            for place, team in enumerate(order)
        ]
        proven = {alias for stage, alias in self.shown if stage == self.stage}
        if unfit(decisions, self.running, proven, KEEP[self.stage - 1]):
            return
        self.running = set(order[:passing])
        self.kept.append(len(self.running))
        self.stage += 1

    @rule()
    def complete(self) -> None:
        if self.possible(Verb.COMPLETE) and self.stage > len(STAGES) and self.running:
            self.become(Verb.COMPLETE)

    @rule(chance=st.integers(0, 3))
    def fail(self, chance: int) -> None:
        if chance == 0:
            self.become(Verb.FAIL)

    @rule(chance=st.integers(0, 15))
    def cancel(self, chance: int) -> None:
        if chance == 0:
            self.become(Verb.CANCEL)

    @invariant()
    def every_turn_is_one_that_the_rules_know(self) -> None:
        for before, after in zip(self.statuses, self.statuses[1:], strict=False):
            assert any(before in rules.FROM[verb] and to is after for verb, to in rules.TO.items())

    @invariant()
    def what_has_ended_stays_so(self) -> None:
        ends = [place for place, status in enumerate(self.statuses) if status in rules.ENDED]
        assert ends in ([], [len(self.statuses) - 1])

    @invariant()
    def everything_came_in_its_period(self) -> None:
        assert all(at < QUESTIONS for at in self.asked)
        assert all(FROM <= at < UNTIL for times in self.submitted.values() for at in times)

    @invariant()
    def nothing_is_opened_before_the_deadline_and_a_panel_of_three(self) -> None:
        if self.opened:
            assert self.now >= UNTIL
            assert S.REVIEWING in self.statuses
            assert set(self.opened) == set(self.submitted)

    @invariant()
    def a_ranking_has_three_reviewers_and_everybody_who_counts(self) -> None:
        if self.status in rules.RANKED:
            assert self.reviewers >= LEAST_PANEL
            assert {each.alias for each in self.ranked} == set(self.opened)
            assert all(Fraction(0) <= each.total.mean <= 100 for each in self.ranked)

    @invariant()
    def the_awarded_were_ranked_and_an_award_stands_in_its_states_alone(self) -> None:
        assert set(self.awarded) <= {each.alias for each in self.ranked}
        if self.awarded:
            assert S.AWARDED in self.statuses
        if self.status is S.NO_AWARD:
            assert not self.awarded

    @invariant()
    def fewer_go_on_at_every_gate_and_none_without_evidence(self) -> None:
        assert all(kept <= most for kept, most in zip(self.kept, KEEP, strict=False))
        assert self.running <= set(self.awarded)
        if self.stage > 1:
            assert all((self.stage - 1, alias) in self.shown for alias in self.running)
        if self.status is S.COMPLETED:
            assert len(self.kept) == len(STAGES)
            assert self.running


HorseRace.TestCase.settings = settings(max_examples=examples(2000), stateful_step_count=18, deadline=None)


@pytest.mark.deep
@pytest.mark.slow
class TestHorseRace(HorseRace.TestCase):  # type: ignore[name-defined, misc]
    """2,000 races."""
