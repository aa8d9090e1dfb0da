"""The state machine of a deal and its gates without a database: all transitions, and every road that is possible."""

import itertools
from datetime import date

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from market.deals import gates, rules
from market.deals.gates import Facts
from market.deals.rules import FINAL, FROM, SIDES, TO, Verb
from market.deals.terms import terms_hash
from market.errors import WrongState
from market.listings.rules import FROM as LISTING_FROM
from market.listings.rules import Verb as ListingVerb
from schemas.deals import Condition, Terms
from schemas.vocabulary import DealStatus, ListingKind, ListingStatus, Mode, Party
from tests.deals.trade import TERMS

S = DealStatus
COMPLETE = Terms.model_validate(TERMS)
OTHER = Terms.model_validate(TERMS | {"sublicence_right": True})
UNFINISHED = Terms.model_validate({"territory": ["CN"]})

EXPECTED = {
    (S.PROPOSED, Verb.CHANGE_TERMS): S.GATING,
    (S.GATING, Verb.CHANGE_TERMS): S.GATING,
    (S.CLEARED, Verb.CHANGE_TERMS): S.GATING,
    (S.GATING, Verb.ACCEPT): S.GATING,
    (S.CLEARED, Verb.ACCEPT): S.CLEARED,
    (S.PROPOSED, Verb.DECLARE): S.PROPOSED,
    (S.PROPOSED, Verb.PROVE): S.PROPOSED,
    (S.GATING, Verb.DECLARE): S.GATING,
    (S.GATING, Verb.PROVE): S.GATING,
    (S.CLEARED, Verb.DECLARE): S.CLEARED,
    (S.CLEARED, Verb.PROVE): S.CLEARED,
    (S.GATING, Verb.CLEAR): S.CLEARED,
    (S.CLEARED, Verb.RECORD_CONTRACT): S.CONTRACTED,
    (S.CONTRACTED, Verb.PROVE): S.CONTRACTED,
    (S.CONTRACTED, Verb.CONFIRM_CONTRACT): S.SIGNED,
    (S.CONTRACTED, Verb.REFUSE_CONTRACT): S.CLEARED,
    (S.SIGNED, Verb.PROVE): S.SIGNED,
    (S.SIGNED, Verb.TAKE_EFFECT): S.PERFORMING,
    (S.SIGNED, Verb.RECORD_PAYMENT): S.SIGNED,
    (S.SIGNED, Verb.TERMINATE): S.TERMINATED,
    (S.PERFORMING, Verb.RECORD_PAYMENT): S.PERFORMING,
    (S.PERFORMING, Verb.NOTIFY_BREACH): S.BREACHED,
    (S.PERFORMING, Verb.TERMINATE): S.TERMINATED,
    (S.BREACHED, Verb.RECORD_PAYMENT): S.BREACHED,
    (S.BREACHED, Verb.CURE): S.PERFORMING,
    (S.BREACHED, Verb.TERMINATE): S.TERMINATED,
    (S.PERFORMING, Verb.AGREE_COMPLETION): S.PERFORMING,
    (S.PERFORMING, Verb.COMPLETE): S.COMPLETED,
    (S.PROPOSED, Verb.CANCEL): S.CANCELLED,
    (S.GATING, Verb.CANCEL): S.CANCELLED,
    (S.CLEARED, Verb.CANCEL): S.CANCELLED,
}


STEPS = {(before, after) for (before, _), after in EXPECTED.items() if before is not after}


@pytest.mark.parametrize(("status", "verb"), list(itertools.product(S, Verb)))
def test_every_transition_is_as_the_table_says(status: DealStatus, verb: Verb) -> None:
    expected = EXPECTED.get((status, verb))
    if expected is not None:
        assert rules.next_status(verb, status) is expected
        return
    with pytest.raises(WrongState) as refused:
        rules.next_status(verb, status)
    assert status in refused.value.detail
    assert all(able in refused.value.detail for able in FROM[verb])


def ways_out(status: DealStatus) -> set[DealStatus]:
    return {TO.get(verb, status) for verb in Verb if status in FROM[verb]} - {status}


def reached(start: DealStatus, without: DealStatus | None = None) -> set[DealStatus]:
    found, waiting = {start}, [start]
    while waiting:
        for following in ways_out(waiting.pop()) - found - {without}:
            found.add(following)
            waiting.append(following)
    return found


def test_every_state_is_reached_and_every_one_that_is_not_final_has_an_end() -> None:
    assert reached(S.PROPOSED) == set(S)
    for status in S:
        assert bool(ways_out(status)) is (status not in FINAL)
        assert reached(status) & FINAL


@pytest.mark.parametrize("step", [S.GATING, S.CLEARED, S.CONTRACTED, S.SIGNED, S.PERFORMING])
def test_no_step_to_the_completion_can_be_left_out(step: DealStatus) -> None:
    assert S.COMPLETED not in reached(S.PROPOSED, without=step)


def test_a_signed_deal_is_not_cancelled() -> None:
    assert S.CANCELLED not in reached(S.SIGNED)


SELDOM = st.sampled_from([False] * 9 + [True])


class DealMachine(RuleBasedStateMachine):
    """Both sides, the manager and the system do whatever the rules let them, in any order."""

    @initialize(managed=st.booleans(), terms=st.sampled_from([COMPLETE, OTHER, UNFINISHED]))
    def open(self, managed: bool, terms: Terms) -> None:
        self.managed = managed
        self.status, self.terms = S.PROPOSED, Terms()
        self.accepted: dict[Party, bytes] = {}
        self.declared: set[Party] = set()
        self.done: set[Party] = set()
        self.road = [self.status]
        self.change(terms, True)

    def facts(self) -> Facts:
        return Facts(
            Mode.ORDINARY_LICENCE, self.terms, self.accepted, self.declared, self.managed, date(2026, 3, 2)
        )

    def lacking(self) -> list[Condition]:
        return [condition for gate in gates.judge(self.facts()) for condition in gate.unmet]

    def move(self, verb: Verb) -> bool:
        """Whether the verb was possible; where it is not, nothing changes."""
        if self.status not in FROM[verb]:
            with pytest.raises(WrongState):
                rules.next_status(verb, self.status)
            return False
        following = rules.next_status(verb, self.status)
        if following is not self.status:
            self.road.append(following)
        self.status = following
        return True

    @rule(terms=st.sampled_from([COMPLETE, OTHER, UNFINISHED]), surely=SELDOM)
    def change(self, terms: Terms, surely: bool) -> None:
        if surely and terms != self.terms and self.move(Verb.CHANGE_TERMS):
            self.terms, self.accepted = terms, {}

    @rule(place=st.integers(0, 9), terms=st.sampled_from([COMPLETE, OTHER]), side=st.sampled_from(SIDES))
    def go_on(self, place: int, terms: Terms, side: Party) -> None:
        match self.status:
            case S.GATING:
                self.supply(place, terms)
            case S.CLEARED:
                self.move(Verb.RECORD_CONTRACT)
            case S.CONTRACTED:
                self.move(Verb.CONFIRM_CONTRACT)
            case S.SIGNED:
                self.move(Verb.TAKE_EFFECT)
            case S.BREACHED:
                self.move(Verb.CURE if place else Verb.TERMINATE)
            case S.PERFORMING:
                self.move(Verb.RECORD_PAYMENT)
                self.move(Verb.AGREE_COMPLETION)
                self.done.add(side)
                if self.done == set(SIDES):
                    self.move(Verb.COMPLETE)

    def supply(self, place: int, terms: Terms) -> None:
        """Supply one of what the gates lack, by someone whom the condition names: there is always somebody."""
        condition = self.lacking()[place % len(self.lacking())]
        _, matter, name = condition.pointer.split("/")
        if matter == "terms":
            self.change(terms, True)
        else:
            assert condition.who_can_supply == [name]
            if matter == "acceptances":
                self.move(Verb.ACCEPT)
                self.accepted[Party(name)] = terms_hash(self.terms)
            else:
                self.move(Verb.DECLARE)
                self.declared.add(Party(name))
        assert condition not in self.lacking()
        if not self.lacking():
            self.move(Verb.CLEAR)

    @rule(surely=SELDOM)
    def refuse(self, surely: bool) -> None:
        if surely:
            self.move(Verb.REFUSE_CONTRACT)

    @rule(surely=SELDOM)
    def cancel(self, surely: bool) -> None:
        if surely:
            self.move(Verb.CANCEL)

    @rule(surely=SELDOM)
    def notify(self, surely: bool) -> None:
        if surely:
            self.move(Verb.NOTIFY_BREACH)

    @invariant()
    def past_the_gates_they_were_all_met(self) -> None:
        if self.status not in (S.PROPOSED, S.GATING, S.CANCELLED):
            assert not self.lacking()
            assert self.terms in (COMPLETE, OTHER)
            assert set(self.accepted.values()) == {terms_hash(self.terms)}

    @invariant()
    def it_goes_on_or_is_final(self) -> None:
        assert (self.status in FINAL) is (not ways_out(self.status))

    @invariant()
    def no_step_was_skipped(self) -> None:
        assert set(itertools.pairwise(self.road)) <= STEPS


TestDealMachine = DealMachine.TestCase
TestDealMachine.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)


# Gates


def judged(**changed: object) -> dict[str, list[str]]:
    whole = {
        "mode": Mode.ORDINARY_LICENCE,
        "terms": COMPLETE,
        "accepted": dict.fromkeys(SIDES, terms_hash(COMPLETE)),
        "declared": {*Party},
        "has_manager": True,
        "on": date(2026, 3, 2),
    }
    found = gates.judge(Facts(**(whole | changed)))  # type: ignore[arg-type]
    return {gate.name: [condition.pointer for condition in gate.unmet] for gate in found if gate.required}


def test_gates_are_met_when_nothing_lacks() -> None:
    assert judged() == {"terms_complete": [], "conflicts_declared": []}


def test_a_deal_without_a_manager_waits_for_no_declaration_of_one() -> None:
    assert judged(declared=set(SIDES))["conflicts_declared"] == ["/declarations/manager"]
    assert judged(declared=set(SIDES), has_manager=False)["conflicts_declared"] == []


def test_an_acceptance_of_other_terms_counts_for_nothing() -> None:
    accepted = {Party.SELLER: terms_hash(OTHER), Party.BUYER: terms_hash(COMPLETE)}
    assert judged(accepted=accepted)["terms_complete"] == ["/acceptances/seller"]


def test_every_gate_has_its_rule_and_source_and_names_who_can_supply() -> None:
    empty = Facts(Mode.TRANSFER, Terms(), {}, set(), True, date(2026, 3, 2))
    for gate in gates.judge(empty):
        assert gate.rule
        assert gate.source
        assert gate.unmet or not gate.required
        assert all(condition.who_can_supply and condition.rule for condition in gate.unmet)


# The listing


@pytest.mark.parametrize("mode", Mode)
def test_what_a_deal_does_to_its_listing(mode: Mode) -> None:
    takes = mode in {Mode.TRANSFER, Mode.EXCLUSIVE_LICENCE, Mode.SOLE_LICENCE, Mode.EQUITY}
    in_parts = mode in {Mode.EXCLUSIVE_LICENCE, Mode.SOLE_LICENCE}
    for kind in (ListingKind.RESULT, ListingKind.PRODUCT):
        assert rules.holds_listing(mode, kind) is takes
        assert rules.closes_listing(mode, kind, limited=False) is takes
        assert rules.closes_listing(mode, kind, limited=True) is (takes and not in_parts)
    assert not rules.holds_listing(mode, ListingKind.OPPORTUNITY)
    assert not rules.closes_listing(mode, ListingKind.OPPORTUNITY, limited=False)


@pytest.mark.parametrize("status", ListingStatus)
def test_a_listing_takes_a_deal_while_it_is_on_offer(status: ListingStatus) -> None:
    if status in (ListingStatus.PUBLISHED, ListingStatus.STALE, ListingStatus.PAUSED):
        rules.refuse_conflicting(Mode.ORDINARY_LICENCE, ListingKind.RESULT, status, 3)
        return
    with pytest.raises(WrongState, match=status):
        rules.refuse_conflicting(Mode.ORDINARY_LICENCE, ListingKind.RESULT, status, 0)


@pytest.mark.parametrize("status", ListingStatus)
def test_a_deal_that_holds_the_listing_opens_from_where_it_can_be_held(status: ListingStatus) -> None:
    if status in LISTING_FROM[ListingVerb.HOLD]:
        rules.refuse_conflicting(Mode.TRANSFER, ListingKind.RESULT, status, 0)
        return
    with pytest.raises(WrongState, match=f"{status}; a deal by transfer opens while it is: published, stale"):
        rules.refuse_conflicting(Mode.TRANSFER, ListingKind.RESULT, status, 0)


@pytest.mark.parametrize("status", [ListingStatus.EXPIRED, ListingStatus.CLOSED])
def test_an_opportunity_is_decided_after_its_deadline_too(status: ListingStatus) -> None:
    rules.refuse_conflicting(Mode.CO_DEVELOPMENT, ListingKind.OPPORTUNITY, status, 1)
    with pytest.raises(WrongState, match=status):
        rules.refuse_conflicting(Mode.SALE, ListingKind.PRODUCT, status, 0)


def test_a_mode_that_takes_the_right_waits_until_other_deals_are_signed_or_cancelled() -> None:
    with pytest.raises(WrongState, match="1 other"):
        rules.refuse_conflicting(Mode.TRANSFER, ListingKind.RESULT, ListingStatus.PUBLISHED, 1)
    rules.refuse_conflicting(Mode.TRANSFER, ListingKind.RESULT, ListingStatus.PUBLISHED, 0)
    rules.refuse_conflicting(Mode.TRANSFER, ListingKind.OPPORTUNITY, ListingStatus.PUBLISHED, 1)


def test_who_pays_and_who_supplies() -> None:
    assert rules.owner_side(ListingKind.RESULT) is Party.SELLER
    assert rules.owner_side(ListingKind.PRODUCT) is Party.SELLER
    assert rules.owner_side(ListingKind.OPPORTUNITY) is Party.BUYER
    assert [rules.other_side(side) for side in SIDES] == [Party.BUYER, Party.SELLER]
