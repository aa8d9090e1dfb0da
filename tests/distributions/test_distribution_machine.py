"""Random walks over the states of a distribution: no step is skipped, and nothing gets stuck."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from market.distributions.rules import FINAL, FROM, SETTLED, Verb, next_status
from schemas.vocabulary import RevenueStatus
from tests.depth import examples

S = RevenueStatus
STEPS = [S.NET_CALCULATED, S.PROPOSED, S.SIGNED_OFF, S.PUBLICISED, S.APPROVED, S.PAID, S.CLOSED]
"""What each of them comes after, in this order."""


class Distribution(RuleBasedStateMachine):
    """Verbs at random; `done` is what was reached since the last proposal was taken back."""

    def __init__(self) -> None:
        super().__init__()
        self.status = S.OPENED
        self.done: list[RevenueStatus] = []

    @precondition(lambda self: self.status not in FINAL)
    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        able = [verb for verb in Verb if self.status in FROM[verb]]
        verb = data.draw(st.sampled_from(able))
        after = next_status(verb, self.status)
        if after is S.NET_CALCULATED:
            self.done = []
        if after in STEPS and after not in self.done:
            assert self.done == STEPS[: STEPS.index(after)]
            self.done.append(after)
        self.status = after

    @precondition(lambda self: self.status in FINAL)
    @rule()
    def open_another(self) -> None:
        """In the place of one that was adjusted, or for the payments of one that was cancelled."""
        self.status, self.done = S.OPENED, []

    @invariant()
    def nothing_is_paid_that_was_not_signed_published_and_approved(self) -> None:
        if self.status in SETTLED:
            assert self.done[:5] == STEPS[:5]

    @invariant()
    def there_is_a_way_on_or_it_is_over(self) -> None:
        out = {next_status(verb, self.status) for verb in Verb if self.status in FROM[verb]} - {self.status}
        assert bool(out) is (self.status not in FINAL)

    @invariant()
    def what_is_final_is_left_by_no_verb(self) -> None:
        if self.status in FINAL:
            assert not [verb for verb in Verb if self.status in FROM[verb]]


Distribution.TestCase.settings = settings(max_examples=examples(500), stateful_step_count=30)
TestDistribution = Distribution.TestCase
