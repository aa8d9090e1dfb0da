"""Ranking and dispersion: known values, exactness, ties, and what holds for any scores."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.challenges import ranking
from market.challenges.ranking import Line

RUBRIC = [Line(60, 10), Line(40, 5)]
ONE = [Line(1, 10)]


def test_a_total_is_weighted_and_in_percent() -> None:
    assert ranking.total(RUBRIC, [10, 5]) == 100
    assert ranking.total(RUBRIC, [0, 0]) == 0
    assert ranking.total(RUBRIC, [5, 5]) == 70
    assert ranking.total([Line(1, 3), Line(2, 3)], [1, 1]) == Fraction(100, 3)


def test_the_dispersion_has_known_values() -> None:
    found = ranking.spread([Fraction(number) for number in (2, 4, 4, 4, 5, 5, 7, 9)])
    assert (found.mean, found.variance, found.range) == (5, 4, 7)
    assert ranking.deviation(found.variance) == "2.0000"


def test_a_root_that_is_not_whole_has_four_places() -> None:
    found = ranking.spread([Fraction(1), Fraction(2), Fraction(4)])
    assert found.variance == Fraction(14, 9)
    assert ranking.deviation(found.variance) == "1.2472"
    assert ranking.text(found.mean) == "2.3333"
    assert ranking.text(Fraction(1, 20000)) == "0.0001"


def test_reviewers_who_agree_have_no_dispersion() -> None:
    (found,) = ranking.ranking(RUBRIC, {"A": [[7, 3]] * 3})
    assert (found.total.variance, found.total.range) == (0, 0)
    assert [each.range for each in found.criteria] == [0, 0]


def test_the_dispersion_of_each_criterion_is_kept() -> None:
    (found,) = ranking.ranking(RUBRIC, {"A": [[10, 1], [4, 1], [1, 1]]})
    assert [each.mean for each in found.criteria] == [5, 1]
    assert [each.variance for each in found.criteria] == [14, 0]
    assert [each.range for each in found.criteria] == [9, 0]


def test_ties_have_one_rank_and_are_named() -> None:
    found = ranking.ranking(ONE, {"C": [[5], [7]], "A": [[6], [6]], "B": [[9], [9]], "D": [[1], [1]]})
    assert [(each.alias, each.rank, each.tied) for each in found] == [
        ("B", 1, False),
        ("A", 2, True),
        ("C", 2, True),
        ("D", 4, False),
    ]


def test_thirds_are_a_tie_and_not_a_difference_in_the_sixteenth_place() -> None:
    rubric = [Line(1, 3), Line(1, 3), Line(1, 3)]
    found = ranking.ranking(
        rubric, {"A": [[1, 0, 0], [0, 0, 0], [0, 0, 0]], "B": [[0, 0, 0], [0, 0, 0], [0, 1, 0]]}
    )
    assert all(each.tied and each.rank == 1 for each in found)


@pytest.mark.parametrize(("places", "listed"), [(1, {"B"}), (2, {"A", "B", "C"}), (3, {"A", "B", "C"})])
def test_all_that_are_tied_at_the_cut_are_shortlisted(places: int, listed: set[str]) -> None:
    found = ranking.ranking(ONE, {"C": [[6]], "A": [[6]], "B": [[9]], "D": [[1]]})
    assert ranking.shortlisted(found, places) == listed


@pytest.mark.parametrize(
    ("awarded", "follows"),
    [({"B"}, True), ({"A", "B", "C"}, True), ({"A"}, False), ({"A", "B"}, False), ({"B", "D"}, False)],
)
def test_an_award_follows_the_rank_where_the_rank_alone_gives_it(awarded: set[str], follows: bool) -> None:
    ranks = {"B": 1, "A": 2, "C": 2, "D": 4}
    assert ranking.follows_rank(ranks, awarded) is follows


def test_nothing_to_rank_gives_no_ranking() -> None:
    assert ranking.ranking(ONE, {}) == []


SCORES = st.dictionaries(
    st.text("ABCDEFGH", min_size=1, max_size=2),
    st.lists(st.tuples(st.integers(0, 10), st.integers(0, 5)), min_size=3, max_size=3),
    min_size=1,
    max_size=6,
)


@given(SCORES)
def test_a_ranking_depends_on_no_order(scores: dict[str, list[tuple[int, int]]]) -> None:
    found = ranking.ranking(RUBRIC, scores)
    turned = {alias: rows[::-1] for alias, rows in reversed(scores.items())}
    assert ranking.ranking(RUBRIC, turned) == found
    assert [each.rank for each in found] == sorted(each.rank for each in found)
    for one in found:
        assert one.tied is (sum(each.rank == one.rank for each in found) > 1)
        assert 0 <= one.total.mean <= 100
        assert one.total.variance <= (one.total.range / 2) ** 2
