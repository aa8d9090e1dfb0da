"""A listing driven through its pure rules by chance: whatever happens, what must hold holds."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from market.errors import MarketError
from market.listings.rules import (
    BEFORE_PUBLICATION,
    BY_TIME,
    CONFIRM_EVERY,
    ENDED,
    PUBLIC,
    Verb,
    check_four_eyes,
    check_transition,
    is_due,
)
from schemas.vocabulary import ListingStatus, Review

PEOPLE = st.sampled_from([UUID(int=number) for number in (1, 2, 3)])


class ListingLife(RuleBasedStateMachine):
    """One listing, three people who may all do everything, and a clock."""

    def __init__(self) -> None:
        super().__init__()
        self.status, self.review = ListingStatus.DRAFT, Review.DRAFT
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.due: datetime | None = None
        self.deadline: datetime | None = None
        self.awarded = False
        self.text = self.approved = self.shown = 0
        """The number of the content that is written, that was approved, and that the public reads."""
        self.approver: UUID | None = None
        self.wrote: dict[int, set[UUID]] = {0: {UUID(int=1)}}
        self.editors = [UUID(int=1)]
        self.versions: list[int] = []

    def possible(self, verb: Verb) -> bool:
        try:
            check_transition(verb, self.status, self.review)
        except MarketError:
            return False
        return True

    def reviewed(self, review: Review) -> None:
        self.review = review
        if not self.versions:
            self.status = ListingStatus(review.value)

    def confirmed(self) -> None:
        self.status, self.due = ListingStatus.PUBLISHED, self.now + CONFIRM_EVERY
        self.let_time_pass()

    def is_due(self) -> Verb | None:
        return is_due(self.status, self.due, self.now, deadline_at=self.deadline, awarded=self.awarded)

    def let_time_pass(self) -> None:
        while (verb := self.is_due()) is not None:
            assert self.possible(verb)
            self.status = BY_TIME[verb]

    @rule(who=PEOPLE)
    def change(self, who: UUID) -> None:
        if self.possible(Verb.CHANGE):
            if self.review is Review.CLEAN:
                self.editors = []
            self.editors = [*self.editors, who]
            self.text += 1
            self.wrote[self.text] = set(self.editors)
            self.reviewed(Review.DRAFT)

    @rule()
    def submit(self) -> None:
        if self.possible(Verb.SUBMIT):
            self.reviewed(Review.IN_REVIEW)

    @rule()
    def refuse(self) -> None:
        if self.possible(Verb.REFUSE):
            self.reviewed(Review.DRAFT)

    @rule(who=PEOPLE)
    def approve(self, who: UUID) -> None:
        if self.possible(Verb.APPROVE):
            try:
                check_four_eyes(who, self.editors)
            except MarketError:
                assert who in self.wrote[self.text]
                return
            self.approved, self.approver = self.text, who
            self.reviewed(Review.APPROVED)

    @rule(days=st.sampled_from([None, 1, 60, 200]))
    def publish(self, days: int | None) -> None:
        if self.possible(Verb.PUBLISH):
            self.deadline = self.now + timedelta(days=days) if days else None
            self.versions.append(self.text)
            self.review, self.shown = Review.CLEAN, self.text
            self.confirmed()

    @rule()
    def pause(self) -> None:
        if self.possible(Verb.PAUSE):
            self.status = ListingStatus.PAUSED

    @precondition(lambda self: self.status is ListingStatus.PAUSED and self.review is Review.CLEAN)
    @rule()
    def resume(self) -> None:
        self.confirmed()

    @rule()
    def confirm(self) -> None:
        if self.possible(Verb.CONFIRM):
            self.confirmed()

    @rule(days=st.sampled_from([1, 59, 60, 61, 179, 180, 181, 400]))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)
        self.let_time_pass()

    @rule(awarded=st.booleans())
    def award(self, awarded: bool) -> None:
        self.awarded = awarded

    @rule(verb=st.sampled_from([Verb.HOLD, Verb.RELEASE, Verb.CLOSE]))
    def deal(self, verb: Verb) -> None:
        if self.possible(verb):
            self.status = {
                Verb.HOLD: ListingStatus.UNDER_DEAL,
                Verb.RELEASE: ListingStatus.PUBLISHED,
                Verb.CLOSE: ListingStatus.CLOSED,
            }[verb]

    @precondition(lambda self: len(self.versions) > 1 or self.now > datetime(2027, 1, 1, tzinfo=UTC))
    @rule()
    def withdraw(self) -> None:
        if self.possible(Verb.WITHDRAW):
            self.status = ListingStatus.WITHDRAWN

    @invariant()
    def what_the_public_reads_was_approved_by_someone_who_did_not_write_it(self) -> None:
        if self.versions and self.shown == self.approved:
            assert self.approver not in self.wrote[self.shown]
        assert self.status not in PUBLIC or self.versions

    @invariant()
    def nothing_that_was_published_is_a_draft_again(self) -> None:
        if self.versions:
            assert self.status not in BEFORE_PUBLICATION
        elif self.status not in ENDED:
            assert self.status.value == self.review.value

    @invariant()
    def versions_only_grow(self) -> None:
        assert self.versions == sorted(set(self.versions))

    @invariant()
    def what_is_shown_as_fresh_was_confirmed_within_its_time(self) -> None:
        if self.status is ListingStatus.PUBLISHED and self.is_due() is None:
            assert self.due is not None
            assert self.now < self.due

    @invariant()
    def nobody_answers_after_the_deadline(self) -> None:
        if self.status in (ListingStatus.PUBLISHED, ListingStatus.STALE) and self.is_due() is None:
            assert self.deadline is None or self.now < self.deadline

    @invariant()
    def content_is_clean_exactly_while_it_is_what_is_published(self) -> None:
        if self.review is Review.CLEAN:
            assert self.versions[-1] == self.text

    @invariant()
    def what_has_not_ended_can_still_be_moved(self) -> None:
        moves = [verb for verb in Verb if self.possible(verb)]
        assert bool(moves) is (self.status not in ENDED)


ListingLife.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestListingLife = ListingLife.TestCase
