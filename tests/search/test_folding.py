"""Folding makes spellings meet and never moves a character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.embedded.tokens import bigrams_of, query_words, runs
from search.folding import fold, has_han, plain

NO_STOP_WORDS: frozenset[str] = frozenset()


@given(st.text())
def test_folding_keeps_every_offset(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert len(plain(text)) == len(text)


@given(st.text())
def test_folding_each_character_alone_gives_the_same(text: str) -> None:
    assert fold(text) == "".join(map(fold, text))


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("given_text", "folded"),
    [
        ("鋰離子電池", "锂离子电池"),
        ("ＡＢＣ１２３　！", "abc123 !"),
        ("Müller naïve ÉCOLE", "muller naive ecole"),
        ("ΩΜΕΓΑ", "ωμεγα"),
        ("İSTANBUL", "istanbul"),
        ("ß", "ß"),
        ("𠀀🙂", "𠀀🙂"),
        ("\ue000a\ue001", " a "),
    ],
)
def test_spellings_of_one_word_meet(given_text: str, folded: str) -> None:
    assert fold(given_text) == folded


@given(st.text())
def test_plain_text_has_nothing_but_letters_digits_and_blanks(text: str) -> None:
    assert all(char.isalnum() or char == " " for char in plain(text) if ord(char) < 0x80)


@given(st.text())
def test_runs_are_where_they_say(text: str) -> None:
    folded = fold(text)
    for run in runs(folded):
        assert folded[run.start : run.start + len(run.text)] == run.text
        assert has_han(run.text) == run.han


@given(st.text(alphabet="锂离子电池固态电解质的 abc12_-，", max_size=60))
def test_words_of_a_query_are_where_they_say_and_at_most_ten(text: str) -> None:
    words = query_words(fold(text), NO_STOP_WORDS, 10)
    assert len(words) <= 10
    for word in words:
        assert text[word.start : word.end] == word.text
        assert all(part in word.text for part in word.parts)


@given(st.text(alphabet="锂离子电池", min_size=1))
def test_bigrams_cover_the_whole_run(han: str) -> None:
    pairs = list(bigrams_of(han))
    assert pairs[0][0] + "".join(pair[1:] for pair in pairs) == han
