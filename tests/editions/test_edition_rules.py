"""The rules of editions, all of them, without a database."""

from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.editions.documents import cell
from market.editions.rules import (
    FROM,
    RELEASED,
    TAKES,
    Item,
    Verb,
    check_transition,
    code,
    is_due,
    may_stand,
    placed,
    unmet_for_release,
    unmet_for_report,
)
from market.errors import WrongState
from schemas.search import ListingDoc
from schemas.vocabulary import EditionKind, EditionStatus, ItemOutcome, ListingStatus

S = EditionStatus
NOW = datetime(2026, 7, 1, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)

POSSIBLE = {
    (Verb.CHANGE, S.COMPILING),
    (Verb.SCHEDULE, S.COMPILING),
    (Verb.SCHEDULE, S.SCHEDULED),
    (Verb.UNSCHEDULE, S.SCHEDULED),
    (Verb.PUBLISH, S.COMPILING),
    (Verb.PUBLISH, S.SCHEDULED),
    (Verb.CLOSE, S.PUBLISHED),
    (Verb.EXTEND, S.SCHEDULED),
    (Verb.EXTEND, S.PUBLISHED),
    (Verb.REPORT_ITEM, S.PUBLISHED),
    (Verb.REPORT_ITEM, S.CLOSED),
    (Verb.REPORT, S.CLOSED),
}


@pytest.mark.parametrize(("verb", "status"), list(product(Verb, S)))
def test_every_verb_in_every_state_is_possible_or_says_from_where(verb: Verb, status: EditionStatus) -> None:
    if (verb, status) in POSSIBLE:
        check_transition(verb, status)
        return
    with pytest.raises(WrongState) as refused:
        check_transition(verb, status)
    assert status.value in refused.value.detail
    assert all(able.value in refused.value.detail for able in FROM[verb])


def test_nothing_leads_back_from_a_released_edition() -> None:
    for verb in (Verb.CHANGE, Verb.SCHEDULE, Verb.UNSCHEDULE, Verb.PUBLISH):
        assert not FROM[verb] & RELEASED


@pytest.mark.parametrize(
    ("status", "release", "window", "verb"),
    [
        (S.SCHEDULED, NOW, None, Verb.PUBLISH),
        (S.SCHEDULED, NOW - SECOND, NOW - SECOND, Verb.PUBLISH),
        (S.SCHEDULED, NOW + SECOND, None, None),
        (S.SCHEDULED, NOW + SECOND, NOW - SECOND, None),
        (S.PUBLISHED, NOW - SECOND, None, None),
        (S.PUBLISHED, NOW - SECOND, NOW + SECOND, None),
        (S.PUBLISHED, NOW - SECOND, NOW, Verb.CLOSE),
        (S.COMPILING, None, NOW - SECOND, None),
        (S.CLOSED, NOW - SECOND, NOW - SECOND, None),
        (S.OUTCOMES_REPORTED, NOW - SECOND, NOW - SECOND, None),
    ],
)
def test_time_releases_and_closes_at_the_very_instant_and_moves_nothing_else(
    status: EditionStatus, release: datetime | None, window: datetime | None, verb: Verb | None
) -> None:
    assert is_due(status, release, window, NOW) is verb


def test_only_what_stands_in_the_hall_may_stand_in_an_edition() -> None:
    standing = {status for status in ListingStatus if may_stand(status)}
    assert standing == {
        ListingStatus.PUBLISHED,
        ListingStatus.STALE,
        ListingStatus.IN_ROUND,
        ListingStatus.UNDER_DEAL,
    }


def test_scheduling_lists_every_unmet_condition_at_once() -> None:
    items = [
        Item(uuid4(), ListingStatus.PUBLISHED),
        Item(uuid4(), ListingStatus.DRAFT),
        Item(uuid4(), ListingStatus.WITHDRAWN),
    ]
    found = unmet_for_release(items, NOW, NOW)
    assert [condition.pointer for condition in found] == ["/items/1", "/items/2", "/applications_until"]
    assert [condition.pointer for condition in unmet_for_release([], NOW, None)] == ["/items"]
    assert unmet_for_release(items[:1], NOW, NOW + SECOND) == []
    assert unmet_for_release(items[:1], None, NOW - SECOND) == []


def test_reporting_lists_the_items_without_an_outcome() -> None:
    items = [
        Item(uuid4(), ListingStatus.PUBLISHED, ItemOutcome.MATCHED),
        Item(uuid4(), ListingStatus.CLOSED, None),
    ]
    assert [condition.pointer for condition in unmet_for_report(items)] == ["/items/1"]
    assert unmet_for_report(items[:1]) == []


def test_every_kind_of_edition_takes_one_kind_of_listing() -> None:
    assert set(TAKES) == set(EditionKind)


@pytest.mark.parametrize("kind", list(EditionKind))
def test_the_code_of_an_edition_is_a_code_of_the_search_index(kind: EditionKind) -> None:
    spelled = code(kind, 12)
    assert spelled == f"{kind.value.replace('_', '-')}-12"
    document = {"id": str(uuid4()), "rev": 1, "kind": "opportunity", "status": "published", "title_en": "A"}
    assert ListingDoc(**document, organisation_id="a", editions=[spelled]).editions == [spelled]


IDS = [UUID(int=number) for number in range(6)]


@given(
    order=st.permutations(IDS).flatmap(lambda ids: st.integers(0, 6).map(lambda many: ids[:many])),
    listing_id=st.sampled_from(IDS),
    position=st.none() | st.integers(1, 10),
)
def test_placing_an_item_moves_that_one_alone(
    order: list[UUID], listing_id: UUID, position: int | None
) -> None:
    after = placed(order, listing_id, position)
    assert [other for other in after if other != listing_id] == [o for o in order if o != listing_id]
    assert after.count(listing_id) == 1
    assert after.index(listing_id) == min((position or len(after)) - 1, len(after) - 1)


@given(st.text())
def test_no_cell_begins_like_a_formula(text: str) -> None:
    made = cell(text)
    assert made in (text, f"'{text}")
    assert not made.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
