"""The state machine of a listing, four eyes, freshness, merge patches and differences, without a database."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import NotAllowed, WrongState
from market.listings.rules import (
    ARCHIVE_AFTER,
    BEFORE_PUBLICATION,
    BY_TIME,
    CONFIRM_EVERY,
    ENDED,
    FROM,
    PUBLIC,
    SEARCHABLE,
    Verb,
    check_four_eyes,
    check_transition,
    differences,
    is_due,
    merge_patch,
)
from schemas.vocabulary import ListingStatus, Review

S, R, V = ListingStatus, Review, Verb
EVERY = list(itertools.product(Verb, ListingStatus, Review))
UP = {S.PUBLISHED, S.STALE, S.PAUSED, S.EXPIRED}

# Written a second time, from the model of the trade: which verb is possible in which state, with which content.
POSSIBLE: dict[Verb, tuple[set[ListingStatus], set[Review]]] = {
    V.CHANGE: ({S.DRAFT, S.APPROVED} | UP, {R.DRAFT, R.APPROVED, R.CLEAN}),
    V.SUBMIT: ({S.DRAFT} | UP, {R.DRAFT}),
    V.REFUSE: ({S.IN_REVIEW} | UP, {R.IN_REVIEW}),
    V.APPROVE: ({S.IN_REVIEW} | UP, {R.IN_REVIEW}),
    V.PUBLISH: ({S.APPROVED} | UP, {R.APPROVED}),
    V.PAUSE: ({S.PUBLISHED, S.STALE}, set(R)),
    V.CONFIRM: ({S.PUBLISHED, S.STALE, S.ARCHIVED}, set(R)),
    V.WITHDRAW: ({S.DRAFT, S.IN_REVIEW, S.APPROVED, S.ARCHIVED} | UP, set(R)),
    V.GO_STALE: ({S.PUBLISHED}, set(R)),
    V.ARCHIVE: ({S.STALE}, set(R)),
    V.EXPIRE: ({S.PUBLISHED, S.STALE}, set(R)),
    V.END_ANSWERS: ({S.PUBLISHED, S.STALE}, set(R)),
    V.HOLD: ({S.PUBLISHED, S.STALE}, set(R)),
    V.RELEASE: ({S.UNDER_DEAL}, set(R)),
    V.CLOSE: ({S.UNDER_DEAL}, set(R)),
    V.ENTER_ROUND: ({S.PUBLISHED}, set(R)),
    V.LEAVE_ROUND: ({S.IN_ROUND}, set(R)),
}


@pytest.mark.parametrize(("verb", "status", "review"), EVERY)
def test_every_verb_in_every_state_with_every_content(
    verb: Verb, status: ListingStatus, review: Review
) -> None:
    statuses, reviews = POSSIBLE[verb]
    if status in statuses and review in reviews:
        check_transition(verb, status, review)
        return
    with pytest.raises(WrongState) as refused:
        check_transition(verb, status, review)
    detail = refused.value.detail
    wrong, able = (status, statuses) if status not in statuses else (review, reviews)
    assert f" is {wrong.value}" in detail
    assert set(detail.rpartition(": ")[2].split(", ")) == {state.value for state in able}


def test_every_verb_is_possible_somewhere() -> None:
    assert set(FROM) == set(Verb)
    assert all(FROM.values())


def test_what_has_ended_never_moves_again() -> None:
    assert {S.WITHDRAWN, S.CLOSED} == ENDED
    assert not [verb for verb, states in FROM.items() if states & ENDED]


def test_what_is_found_is_readable_and_what_was_never_published_is_neither() -> None:
    assert SEARCHABLE < PUBLIC
    assert not PUBLIC & BEFORE_PUBLICATION
    assert set(S) - PUBLIC - BEFORE_PUBLICATION == {S.PAUSED, S.WITHDRAWN, S.ARCHIVED}


def test_a_listing_held_for_a_deal_is_neither_changed_nor_withdrawn() -> None:
    assert {verb for verb, states in FROM.items() if S.UNDER_DEAL in states} == {V.RELEASE, V.CLOSE}


def test_whoever_wrote_does_not_approve() -> None:
    author, other = UUID(int=1), UUID(int=2)
    with pytest.raises(NotAllowed, match="four eyes"):
        check_four_eyes(author, [other, author])
    check_four_eyes(UUID(int=3), [author, other])
    check_four_eyes(author, [])


DUE = datetime(2026, 11, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def test_a_listing_goes_stale_at_the_very_instant() -> None:
    assert is_due(S.PUBLISHED, DUE, DUE - TICK) is None
    assert is_due(S.PUBLISHED, DUE, DUE) is V.GO_STALE
    assert is_due(S.PUBLISHED, DUE, DUE + timedelta(days=1000)) is V.GO_STALE


def test_a_stale_listing_is_archived_sixty_days_later_at_the_very_instant() -> None:
    assert timedelta(days=60) == ARCHIVE_AFTER
    assert is_due(S.STALE, DUE, DUE + ARCHIVE_AFTER - TICK) is None
    assert is_due(S.STALE, DUE, DUE + ARCHIVE_AFTER) is V.ARCHIVE


def test_an_owner_confirms_every_hundred_and_eighty_days() -> None:
    assert timedelta(days=180) == CONFIRM_EVERY


@pytest.mark.parametrize("status", sorted(set(ListingStatus) - {S.PUBLISHED, S.STALE}))
def test_time_moves_no_other_state(status: ListingStatus) -> None:
    assert is_due(status, DUE, DUE + timedelta(days=10_000)) is None


@pytest.mark.parametrize("status", ListingStatus)
def test_nothing_is_due_without_a_date(status: ListingStatus) -> None:
    assert is_due(status, None, DUE) is None
    assert is_due(status, None, DUE, awarded=True) is None


@pytest.mark.parametrize("status", [S.PUBLISHED, S.STALE])
@pytest.mark.parametrize(("awarded", "verb"), [(False, V.EXPIRE), (True, V.END_ANSWERS)])
def test_an_opportunity_takes_no_answer_at_the_very_instant_of_its_deadline(
    status: ListingStatus, awarded: bool, verb: Verb
) -> None:
    later = DUE + timedelta(days=1000)
    assert is_due(status, later, DUE - TICK, deadline_at=DUE, awarded=awarded) is None
    assert is_due(status, later, DUE, deadline_at=DUE, awarded=awarded) is verb
    assert is_due(status, DUE, DUE, deadline_at=DUE, awarded=awarded) is verb  # before it could go stale


@pytest.mark.parametrize("status", sorted(set(ListingStatus) - {S.PUBLISHED, S.STALE}))
def test_a_deadline_moves_no_other_state(status: ListingStatus) -> None:
    assert is_due(status, None, DUE, deadline_at=DUE) is None


@given(
    st.sampled_from(ListingStatus),
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from([None, DUE]),
    st.booleans(),
)
def test_what_time_does_is_a_transition_of_the_table(
    status: ListingStatus, now: datetime, deadline_at: datetime | None, awarded: bool
) -> None:
    verb = is_due(status, DUE, now, deadline_at=deadline_at, awarded=awarded)
    if verb is not None:
        check_transition(verb, status, R.CLEAN)
        assert BY_TIME[verb] is not status


# RFC 7396, appendix A: original, patch, result.
APPENDIX = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "merged"), APPENDIX)
def test_merge_patches_do_what_the_appendix_says(target: Any, patch: Any, merged: Any) -> None:
    assert merge_patch(target, patch) == merged


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, JSON)
def test_a_merge_patch_leaves_its_input_alone_and_may_run_twice(target: Any, patch: Any) -> None:
    before = repr(target)
    once = merge_patch(target, patch)
    assert repr(target) == before
    assert merge_patch(once, patch) == once


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, []),
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("/a", 1, 2)]),
        ({"a": 1}, {}, [("/a", 1, None)]),
        ({}, {"a": 1}, [("/a", None, 1)]),
        ({"b": 1, "a": 1}, {"b": 2, "a": 2}, [("/a", 1, 2), ("/b", 1, 2)]),
        ({"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"c": 1, "d": 3}}}, [("/a/b/d", 2, 3)]),
        ({"a": [1, 2]}, {"a": [1, 3]}, [("/a", [1, 2], [1, 3])]),
        ({"a": {"b": 1}}, {"a": "b"}, [("/a", {"b": 1}, "b")]),
        ({"a/b": 1, "m~n": 1}, {"a/b": 2, "m~n": 2}, [("/a~1b", 1, 2), ("/m~0n", 1, 2)]),
        (
            {"title": {"zh-Hans": "甲"}},
            {"title": {"zh-Hans": "乙", "en": "B"}},
            [("/title/en", None, "B"), ("/title/zh-Hans", "甲", "乙")],
        ),
        (1, 2, [("", 1, 2)]),
    ],
)
def test_differences_are_named_by_json_pointer(before: Any, after: Any, expected: list[Any]) -> None:
    assert [(d.pointer, d.before, d.after) for d in differences(before, after)] == expected


@given(
    st.dictionaries(st.text(max_size=3), JSON, max_size=4),
    st.dictionaries(st.text(max_size=3), JSON, max_size=4),
)
def test_there_is_a_difference_exactly_where_documents_differ(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    found = differences(before, after)
    if before == after:
        assert found == []
    for difference in found:
        assert difference.pointer == "" or difference.pointer.startswith("/")
        assert difference.before != difference.after
