"""The glossary is clean, and its names are recognised wherever they stand in a query."""

from collections import Counter

import pytest

from search.embedded.synonyms import concept_index, mentions
from search.embedded.tokens import query_words, use_dictionary
from search.folding import fold, has_han, is_han
from search.glossary import Concept, Glossary, load_glossary, parse_glossary
from search.meili.settings import index_settings
from search.schema import listing_schema

GLOSSARY = load_glossary()


def test_the_glossary_holds_at_least_250_concepts_in_both_languages() -> None:
    assert len(GLOSSARY.concepts) >= 250
    assert all(concept.zh and concept.en for concept in GLOSSARY.concepts)


def test_no_name_stands_twice_or_has_blanks_around_it() -> None:
    names = Counter(name for concept in GLOSSARY.concepts for name in concept.names)
    assert [name for name, count in names.items() if count > 1] == []
    assert all(name == " ".join(name.split()) and name for name in names)


def test_names_are_folded_and_in_their_column() -> None:
    for concept in GLOSSARY.concepts:
        assert all(fold(name) == name for name in concept.names)
        assert all(has_han(name) for name in concept.zh)
        assert not any(has_han(name) for name in concept.en)


def test_no_two_concepts_share_the_stems_of_a_name() -> None:
    index = concept_index(GLOSSARY)
    english = [name for concept in GLOSSARY.concepts for name in concept.names if not all(map(is_han, name))]
    for concept in GLOSSARY.concepts:
        for name in concept.names:
            (mention,) = mentions(name, GLOSSARY)
            assert set(mention.others) <= set(concept.names), name
    assert len(index.stems) <= len(english)


@pytest.mark.parametrize(
    "text", ["nothing\tx", "zh\ten\n锂电池", "zh\ten\n锂电池\t", "zh\ten\n锂||电\tx", "zh\ten\na\tb\tc"]
)
def test_a_damaged_glossary_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="glossary"):
        parse_glossary(text)


def test_longest_name_wins_and_offsets_are_those_of_the_query() -> None:
    glossary = Glossary((Concept(("电池",), ("battery",)), Concept(("固态电池",), ("solid state battery",))))
    text = "新型固态电池 and solid-state batteries"
    found = [(text[one.start : one.end], one.others) for one in mentions(text, glossary)]
    assert found == [
        ("固态电池", ("solid state battery",)),
        ("solid-state batteries", ("固态电池", "solid state battery")),
    ]


def test_technology_terms_are_one_word_with_their_parts() -> None:
    use_dictionary(GLOSSARY)
    words = query_words("硫化物固态电解质薄膜", frozenset(), 10)
    (term,) = [word for word in words if word.text == "固态电解质"]
    assert "电解质" in term.parts


def test_both_engines_are_given_the_same_names() -> None:
    settings = index_settings(listing_schema())
    assert settings["synonyms"].keys() == GLOSSARY.synonyms.keys()
    assert set(GLOSSARY.dictionary) <= set(settings["dictionary"])


def test_a_change_of_the_glossary_asks_for_a_new_index() -> None:
    other = parse_glossary("zh\ten\n锂电池\tlithium battery\n")
    assert other.fingerprint != GLOSSARY.fingerprint
    assert listing_schema().fingerprint != listing_schema(semantic=True).fingerprint
