"""A snippet is a true window of its value whatever is marked in it."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from search.embedded.marking import Marker
from search.embedded.matching import Marks
from search.embedded.tokens import stem
from search.highlight import merged, snippet

VALUES = st.text(alphabet="ab c 锂电池𠀀é.", min_size=1, max_size=300)
RANGES = st.lists(st.tuples(st.integers(0, 299), st.integers(1, 20)), max_size=8)


@given(VALUES, RANGES, st.integers(20, 150))
def test_spans_adjoin_and_repeat_the_value(value: str, starts: list[tuple[int, int]], crop: int) -> None:
    ranges = [(at, min(at + length, len(value))) for at, length in starts if at < len(value)]
    spans = snippet(value, ranges, crop)
    at = spans[0].start
    for span in spans:
        assert span.text
        assert span.start == at
        assert value[at : at + len(span.text)] == span.text
        at += len(span.text)
    assert at - spans[0].start <= crop
    assert not ranges or any(span.marked for span in spans)
    marked = {place for start, end in ranges for place in range(start, end)}
    for span in spans:
        places = set(range(span.start, span.start + len(span.text)))
        assert places <= marked if span.marked else not places & marked


@given(RANGES)
def test_merged_ranges_are_ordered_apart_and_cover_the_same(starts: list[tuple[int, int]]) -> None:
    ranges = [(at, at + length) for at, length in starts]
    joined = merged(ranges)
    assert all(a[1] < b[0] for a, b in pairwise(joined))
    assert {p for a, b in ranges for p in range(a, b)} == {p for a, b in joined for p in range(a, b)}


def test_the_window_shows_most_marks_and_some_text_before_them() -> None:
    value = "x " * 100 + "one " + "y " * 100 + "one two " + "z " * 50
    first, second = value.index("one"), value.rindex("one")
    spans = snippet(value, [(first, first + 3), (second, second + 3), (second + 4, second + 7)], 40)
    assert [span.text for span in spans if span.marked] == ["one", "two"]
    assert spans[0].start < second


def test_the_window_begins_at_a_word() -> None:
    value = "Considerations regarding membranes and other electrolyte materials in general use"
    at = value.index("electrolyte")
    spans = snippet(value, [(at, at + 11)], 40)
    assert value[spans[0].start - 1] == " "


def test_stems_prefixes_and_chinese_terms_are_marked_in_the_original_spelling() -> None:
    marks = Marks(han={"电池", "锂离子电池"}, stems={stem("batteries")}, prefixes={"elec"})
    spans = Marker(marks).snippet("鋰離子電池和電池 Battery Ｅlectrode selected", 100)
    assert [span.text for span in spans if span.marked] == ["鋰離子電池", "電池", "Battery", "Ｅlectrode"]


def test_nothing_to_mark_leaves_one_plain_span() -> None:
    (span,) = Marker(Marks()).snippet("固态 battery", 100)
    assert (span.text, span.start, span.marked) == ("固态 battery", 0, False)
