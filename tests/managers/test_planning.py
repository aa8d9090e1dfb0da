"""Plans in memory: as many items as can be carried, at the highest sum of scores, each choice with its reasons."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.managers import planning
from market.managers.fitting import FIELDS, LANGUAGES, LOAD, RECORD, Candidate, Case, Codes, obstacles, score
from market.managers.planning import Item, Plan, plan
from schemas.vocabulary import ManagerObstacle
from scripts.bench.assign import generated
from tests.depth import examples

PARTIES = [UUID(int=number) for number in range(1, 6)]
IPC = ["H01M", "H01", "G06F", "A61K"]


def an_item(number: int, **fields: object) -> Item:
    case = Case(parties={PARTIES[0]}, codes=Codes.of(["H01M 10/05"], [], []), languages={"zh"})
    return Item(UUID(int=100 + number), replace(case, **fields))  # type: ignore[arg-type]


def a_manager(number: int, **fields: object) -> Candidate:
    manager = Candidate(
        manager_id=UUID(int=200 + number),
        person_id=UUID(int=300 + number),
        name=f"Manager {number}",
        fields=Codes.of(["H01M"], [], []),
        languages={"zh"},
        capacity=1,
        load=0,
    )
    return replace(manager, **fields)  # type: ignore[arg-type]


def exactly(parts: Sequence[object], manager: Candidate, case: Case, more: int) -> float:
    """The score without the rounding of what is shown."""
    fields = planning._fields([Item(UUID(int=1), case)], [manager])[0, 0]
    spoken = len(manager.languages & case.languages) / len(case.languages)
    record = (manager.succeeded + 1) / (manager.succeeded + manager.without_deal + 1)
    free = 1 - (manager.load + more) / manager.capacity
    return FIELDS * fields + LANGUAGES * spoken + RECORD * record + LOAD * free


def best(items: Sequence[Item], managers: Sequence[Candidate]) -> tuple[int, float]:
    """How many can be placed and the highest sum of scores then, by trying everything."""
    found = (0, 0.0)
    for choice in itertools.product([None, *managers], repeat=len(items)):
        given: dict[UUID, int] = {}
        worth = 0.0
        for item, manager in zip(items, choice, strict=True):
            if manager is None:
                continue
            more = given.get(manager.manager_id, 0)
            known = score(manager, item.case)[0]
            if obstacles(manager, item.case) or known.value == 0 or manager.load + more >= manager.capacity:
                break
            given[manager.manager_id] = more + 1
            worth += exactly([], manager, item.case, more)
        else:
            found = max(found, (sum(given.values()), worth))
    return found


ITEMS = st.lists(
    st.builds(
        lambda parties, code, languages: {"parties": parties, "codes": code, "languages": languages},
        st.sets(st.sampled_from(PARTIES), min_size=1, max_size=2),
        st.lists(st.sampled_from(IPC), min_size=1, max_size=2).map(lambda codes: Codes.of(codes, [], [])),
        st.sets(st.sampled_from(["zh", "en"]), min_size=1),
    ),
    max_size=4,
)
MANAGERS = st.lists(
    st.fixed_dictionaries(
        {
            "fields": st.lists(st.sampled_from(IPC), max_size=2).map(lambda codes: Codes.of(codes, [], [])),
            "languages": st.sets(st.sampled_from(["zh", "en"])),
            "capacity": st.integers(1, 3),
            "load": st.integers(0, 2),
            "succeeded": st.integers(0, 2),
            "without_deal": st.integers(0, 2),
            "barred": st.dictionaries(
                st.sampled_from(PARTIES), st.just([ManagerObstacle.PRIOR_DEAL]), max_size=2
            ),
        }
    ),
    max_size=3,
)


@given(ITEMS, MANAGERS)
@settings(max_examples=examples(1_000))
def test_a_plan_is_as_good_as_the_best_of_all(
    stated: list[dict[str, object]], known: list[dict[str, object]]
) -> None:
    items = [an_item(number, **fields) for number, fields in enumerate(stated)]
    managers = [a_manager(number, **fields) for number, fields in enumerate(known)]
    made = plan(items, managers)
    count, worth = best(items, managers)
    assert len(made.placed) == count
    by_id = {item.id: item for item in items} | {manager.manager_id: manager for manager in managers}
    given: dict[UUID, int] = {}
    total = 0.0
    for placed in made.placed:
        manager, item = by_id[placed.manager], by_id[placed.item]
        assert isinstance(manager, Candidate)
        assert isinstance(item, Item)
        assert not obstacles(manager, item.case)
        more = given.get(placed.manager, 0)
        given[placed.manager] = more + 1
        total += exactly([], manager, item.case, more)
    assert total == pytest.approx(worth)
    everything = [placed.item for placed in made.placed] + [left.item for left in made.unplaced]
    assert sorted(everything) == sorted(item.id for item in items)
    for number, load in given.items():
        manager = by_id[number]
        assert isinstance(manager, Candidate)
        assert manager.load + load <= manager.capacity


def why(made: Plan) -> list[str]:
    return [left.because for left in made.unplaced]


def test_pd_3_each_choice_is_explained_by_its_parts_and_their_weights() -> None:
    (placed,) = plan([an_item(1)], [a_manager(1), a_manager(2, languages={"ja"})]).placed
    assert placed.manager == UUID(int=201)
    assert placed.score == 1.0
    assert [(part.part, part.weight) for part in placed.parts] == [
        ("fields", FIELDS),
        ("languages", LANGUAGES),
        ("load", LOAD),
        ("record", RECORD),
    ]
    assert placed.parts[0].because == "ipc: H01M10/05 by H01M"


def test_a_second_item_for_the_same_manager_counts_the_first() -> None:
    made = plan([an_item(1), an_item(2)], [a_manager(1, capacity=4)])
    shown = [{part.part: part.because for part in placed.parts}["load"] for placed in made.placed]
    assert shown == ["carries 0 of 4 assignments", "carries 1 of 4 assignments"]


def test_work_is_spread_over_equal_managers() -> None:
    made = plan([an_item(n) for n in range(4)], [a_manager(n, capacity=4) for n in range(4)])
    assert len({placed.manager for placed in made.placed}) == 4


def test_an_item_that_gets_nobody_says_why() -> None:
    tied = {PARTIES[0]: [ManagerObstacle.PRIOR_DEAL]}
    two = [an_item(1), an_item(2)]
    assert why(plan([an_item(1)], [])) == ["there is no manager"]
    assert why(plan(two, [a_manager(1)])) == [
        "the places of all 1 managers who could carry it go to other items"
    ]
    elsewhere = a_manager(1, fields=Codes.of(["A61K"], [], []))
    assert why(plan([an_item(1)], [elsewhere])) == [
        "none of the 1 managers who may carry it knows one of its fields"
    ]
    kept = [a_manager(1, barred=tied), a_manager(2, load=1), a_manager(3, available=False)]
    (left,) = plan([an_item(1)], kept).unplaced
    assert left.because == "every manager is kept from it: prior deal 1, unavailable 1, at capacity 1"
    assert left.obstacles == {
        ManagerObstacle.PRIOR_DEAL: 1,
        ManagerObstacle.UNAVAILABLE: 1,
        ManagerObstacle.AT_CAPACITY: 1,
    }


@pytest.mark.parametrize(
    ("item", "manager"),
    [
        ({"authors": {UUID(int=301)}}, {}),
        ({"contributors": {"MANAGER 1"}}, {}),
        ({"declined": {UUID(int=201)}}, {}),
        ({}, {"credential": ManagerObstacle.UNVERIFIED}),
        ({}, {"credential": ManagerObstacle.NO_CREDENTIAL}),
    ],
)
def test_whoever_may_not_carry_it_is_not_proposed(
    item: dict[str, object], manager: dict[str, object]
) -> None:
    assert plan([an_item(1, **item)], [a_manager(1, **manager)]).placed == []


def test_a_thousand_items_for_two_hundred_managers_break_no_rule() -> None:
    items, managers = generated(7)
    made = plan(items, managers)
    known = {item.id: item.case for item in items}
    carrying = {manager.manager_id: manager for manager in managers}
    given: dict[UUID, int] = {}
    for placed in made.placed:
        assert not obstacles(carrying[placed.manager], known[placed.item])
        given[placed.manager] = given.get(placed.manager, 0) + 1
    assert all(carrying[m].load + count <= carrying[m].capacity for m, count in given.items())
    assert len(made.placed) + len(made.unplaced) == len(items)


def test_the_order_in_which_they_are_named_changes_nothing() -> None:
    items, managers = (known[:40] for known in generated(7))
    assert plan(items, managers) == plan(list(reversed(items)), list(reversed(managers)))
