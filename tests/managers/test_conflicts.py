"""Conflicts over graphs of organisations: nobody is assigned who is tied to a party, over however many hands."""

import itertools
import random
from collections.abc import Set
from datetime import date
from uuid import UUID

import pytest

from market.managers.conflicts import Ownership, Ties, barred
from market.managers.fitting import Candidate, Case, Codes, obstacles
from market.managers.planning import Item, plan
from market.managers.rules import ties_since
from schemas.vocabulary import ManagerObstacle

GRAPHS = 10_000
ORGANISATIONS = [UUID(int=number) for number in range(1, 9)]
CODES = Codes.of(["H01M"], [], [])
A, B, C, D, E = ORGANISATIONS[:5]


def reaches(controls: Set[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Every pair of which the first controls the second over some hands, or is it: by closing the relation, slowly."""
    size = range(len(ORGANISATIONS))
    over = [
        [one == other or (ORGANISATIONS[one], ORGANISATIONS[other]) in controls for other in size]
        for one in size
    ]
    for middle, first, last in itertools.product(size, repeat=3):
        if over[first][middle] and over[middle][last]:
            over[first][last] = True
    return {(ORGANISATIONS[one], ORGANISATIONS[other]) for one in size for other in size if over[one][other]}


def is_related(one: UUID, other: UUID, over: set[tuple[UUID, UUID]], public: Set[UUID]) -> bool:
    """By the definition: one controls the other, or a third that is no public body controls both."""
    return any(
        (top, one) in over and (top, other) in over and (top in (one, other) or top not in public)
        for top in ORGANISATIONS
    )


def is_forbidden(ties: Ties, parties: Set[UUID], over: set[tuple[UUID, UUID]], public: Set[UUID]) -> bool:
    own = {ties.home, *ties.own}
    return any(
        party in own
        or party in ties.former
        or party in ties.partners
        or any(is_related(mine, party, over, public) for mine in own)
        for party in parties
    )


def some(choose: random.Random, most: int) -> set[UUID]:
    return set(choose.sample(ORGANISATIONS, choose.randint(0, most)))


@pytest.mark.parametrize("seed", range(10))
def test_in_random_graphs_of_organisations_nobody_forbidden_is_assigned_and_nobody_else_is_barred(
    seed: int,
) -> None:
    choose = random.Random(seed)
    assigned = forbidden = 0
    for _ in range(GRAPHS // 10):
        controls = {
            (above, below)
            for above, below in (choose.sample(ORGANISATIONS, 2) for _ in range(choose.randint(0, 7)))
        }
        public = some(choose, 2)
        controllers: dict[UUID, set[UUID]] = {}
        for above, below in controls:
            controllers.setdefault(below, set()).add(above)
        ties = Ties(choose.choice(ORGANISATIONS), some(choose, 1), some(choose, 1), some(choose, 1))
        parties = set(choose.sample(ORGANISATIONS, choose.randint(1, 2)))
        manager = Candidate(
            manager_id=UUID(int=100),
            person_id=UUID(int=200),
            name="A manager",
            fields=CODES,
            languages={"zh"},
            capacity=1,
            load=0,
            barred=barred(ties, Ownership(controllers, public)),
        )
        case = Case(parties=parties, codes=CODES, languages={"zh"})
        expected = is_forbidden(ties, parties, reaches(controls), public)
        made = plan([Item(UUID(int=300), case)], [manager])
        assert bool(obstacles(manager, case)) is expected
        assert bool(made.placed) is not expected, (controls, public, ties, parties)
        assigned += len(made.placed)
        forbidden += expected
    assert assigned > 100
    assert forbidden > 100


def found(controllers: dict[UUID, set[UUID]], party: UUID, public: Set[UUID] = frozenset()) -> list[str]:
    """What stands between a manager of A and this party."""
    return [word.value for word in barred(Ties(A), Ownership(controllers, public)).get(party, [])]


def test_a_chain_of_controllers_is_followed_both_ways_and_a_circle_ends() -> None:
    chain = {A: {B}, B: {C}}
    assert found(chain, B) == found(chain, C) == ["related_organisation"]
    assert found({C: {B}, B: {A}}, C) == ["related_organisation"]
    assert found({A: {B}, B: {A}}, B) == ["related_organisation"]
    assert found(chain, D) == []


def test_a_common_controller_relates_and_a_public_body_does_not() -> None:
    both = {A: {C}, B: {C}}
    assert found(both, B) == ["related_organisation"]
    assert found(both, B, {C}) == []  # 公司法 art. 265: not by the state's control alone
    assert found(both, C, {C}) == ["related_organisation"]  # which itself controls the manager's organisation
    assert found({A: {D}, D: {C}, B: {D}}, B, {C}) == ["related_organisation"]  # by D, which is none


def test_an_organisation_may_be_barred_for_several_reasons() -> None:
    ties = Ties(A, own={B}, former={C, B}, partners={C, D})
    known = barred(ties, Ownership({C: {A}}))
    assert known[A] == [ManagerObstacle.PARTY]
    assert known[B] == [
        ManagerObstacle.MEMBER_OF_PARTY
    ]  # a former employment says nothing beside a present one
    assert known[C] == [
        ManagerObstacle.FORMER_ORGANISATION,
        ManagerObstacle.RELATED_ORGANISATION,
        ManagerObstacle.PRIOR_DEAL,
    ]
    assert known[D] == [ManagerObstacle.PRIOR_DEAL]
    assert E not in known


def test_former_ties_count_for_two_years() -> None:
    assert ties_since(date(2026, 3, 2)) == date(2024, 3, 2)
