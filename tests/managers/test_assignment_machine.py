"""The assignment as a machine that is driven at random: no step is skipped, and every state has a way out or is final."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from market.errors import WrongState
from market.managers.rules import (
    AT_WORK,
    FINAL,
    FROM,
    OPEN,
    OUTCOMES,
    TO,
    Verb,
    awaited,
    effective_status,
    next_status,
    outcome_of_deal,
    sides,
)
from schemas.vocabulary import AssignmentOutcome, AssignmentStatus, Represented
from tests.depth import examples

S = AssignmentStatus
ROAD = [S.OFFERED, S.ACCEPTED, S.ACTIVE, S.INTRODUCING]
"""Each of these is come to from the one before it."""


class Assigning(RuleBasedStateMachine):
    """One assignment with its consents, as the service moves it."""

    @initialize(represents=st.sampled_from(Represented), asker=st.sampled_from([None, *Represented]))
    def offer(self, represents: Represented, asker: Represented | None) -> None:
        self.represents = represents
        self.consents = {asker} & sides(represents)
        self.status, self.ended = S.OFFERED, False
        self.outcome: AssignmentOutcome | None = None
        self.passed = [S.OFFERED]

    def go(self, verb: Verb) -> bool:
        """Whether the verb was possible; where it was not, nothing has changed."""
        able = self.stands in FROM[verb]
        if not able:
            with pytest.raises(WrongState):
                next_status(verb, self.status, ended=self.ended)
            return False
        self.status = next_status(verb, self.status, ended=self.ended)
        if self.passed[-1] is not self.status:
            self.passed.append(self.status)
        return True

    @property
    def stands(self) -> AssignmentStatus:
        return effective_status(self.status, ended=self.ended)

    @property
    def waiting(self) -> list[Represented]:
        given = {side: side in self.consents for side in (Represented.OWNER, Represented.COUNTERPART)}
        return awaited(
            self.represents, owner=given[Represented.OWNER], counterpart=given[Represented.COUNTERPART]
        )

    def begin(self) -> None:
        if self.status is S.ACCEPTED and not self.waiting:
            assert self.go(Verb.BEGIN)

    @rule()
    def accept(self) -> None:
        if self.go(Verb.ACCEPT):
            self.begin()

    @rule(side=st.sampled_from([Represented.OWNER, Represented.COUNTERPART]))
    def consent(self, side: Represented) -> None:
        if side in sides(self.represents) and self.go(Verb.CONSENT):
            self.consents.add(side)
            self.begin()

    @rule()
    def decline(self) -> None:
        self.go(Verb.DECLINE)

    @rule()
    def introduce(self) -> None:
        self.go(Verb.INTRODUCE)

    @rule()
    def replace(self) -> None:
        if self.go(Verb.CLOSE):
            self.outcome = AssignmentOutcome.REPLACED

    @precondition(lambda self: not self.ended)
    @rule(completed=st.booleans())
    def end_deal(self, completed: bool) -> None:
        outcome = outcome_of_deal(self.status, completed=completed)
        at_work = self.status in AT_WORK
        if self.go(Verb.CLOSE):
            assert outcome in OUTCOMES[self.passed[-2]]
            assert (outcome is AssignmentOutcome.SUCCESS) is (completed and at_work)
            self.outcome = outcome

    @rule()
    def end_what_is_carried(self) -> None:
        self.ended = True

    @invariant()
    def no_step_was_skipped(self) -> None:
        road = [state for state in self.passed if state in ROAD]
        assert road == ROAD[: len(road)]

    @invariant()
    def nobody_works_without_every_consent(self) -> None:
        if self.status in AT_WORK:
            assert self.waiting == []

    @invariant()
    def it_is_final_or_has_a_way_out(self) -> None:
        leaving = [
            verb for verb in Verb if self.stands in FROM[verb] and TO.get(verb) not in (None, self.stands)
        ]
        assert bool(leaving) is (self.stands in OPEN)
        assert (self.stands in FINAL) is (not leaving)

    @invariant()
    def success_was_worked_for(self) -> None:
        if self.outcome is AssignmentOutcome.SUCCESS:
            assert S.ACTIVE in self.passed


TestAssigning = Assigning.TestCase
TestAssigning.settings = settings(max_examples=examples(1_000), stateful_step_count=15)
