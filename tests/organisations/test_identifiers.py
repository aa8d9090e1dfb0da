"""Registry numbers and names of organisations: what passes, what waits for a person, what is refused."""

import random
import unicodedata
from contextlib import suppress

import pytest
from stdnum.cn import uscc

from market.organisations.rules import mixed_word, name_keys, normal_form
from schemas.organisations import Identifier
from schemas.vocabulary import Language

VALID = ["91350200MA2YJ1XR9G", "91440101MA5CJQ4N59", "12100000400002259P"]
PILOT = ["91350203M0001QAY9B", "91350100M0001TGQXM"]
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def code(value: str) -> tuple[str, str]:
    return normal_form(Identifier(scheme="uscc", value=value))


def ror(value: str) -> tuple[str, str]:
    return normal_form(Identifier(scheme="ror", value=value))


@pytest.mark.parametrize("value", VALID)
def test_the_examples_of_the_rules_pass(value: str) -> None:
    assert code(value) == (value, "passed")


@pytest.mark.parametrize("value", PILOT)
def test_an_early_pilot_code_waits_for_a_person_and_is_not_refused(value: str) -> None:
    assert code(value) == (value, "failed")


@pytest.mark.parametrize(
    "written",
    [
        "9135 0200 MA2Y J1XR 9G",
        "91350200-MA2YJ1XR9-G",
        "91350200ma2yj1xr9g",
        "９１３５０２００ＭＡ２ＹＪ１ＸＲ９Ｇ",
    ],
)
def test_one_code_has_one_normal_form(written: str) -> None:
    assert code(written) == (VALID[0], "passed")


@pytest.mark.parametrize("value", VALID)
def test_every_mistyped_character_is_found(value: str) -> None:
    for place, right in enumerate(value):
        for wrong in ALPHABET:
            if wrong != right:
                mistyped = value[:place] + wrong + value[place + 1 :]
                with suppress(ValueError):  # a letter where digits stand, or zeros at the end
                    assert code(mistyped)[1] == "failed", mistyped


@pytest.mark.parametrize(
    "value", ["911101080123450000"[:15] + "000", "123456789012345000", "915300005678910000"]
)
def test_a_code_that_a_spreadsheet_has_cut_is_refused_with_its_cause(value: str) -> None:
    with pytest.raises(ValueError, match="spreadsheet"):
        code(value)


@pytest.mark.parametrize(
    "value",
    [
        "9.13502E+17",
        "91350200MA2YJ1XR9",
        "91350200MA2YJ1XR9GG",
        "91350200MA2YJ1XR9I",
        "91350200MA2YJ1XROG",
        "9135020AMA2YJ1XR9G",
        "91350200MA2YJ1XR9中",
        "------",
    ],
)
def test_a_code_of_wrong_length_or_characters_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="18 characters"):
        code(value)


def test_random_codes_with_their_check_character_pass_and_no_other() -> None:
    draw = random.Random(32100)
    for _ in range(200):
        body = "91" + "".join(draw.choices("0123456789", k=6)) + "MA" + "".join(draw.choices(ALPHABET, k=7))
        right = uscc.calc_check_digit(body)
        assert code(body + right)[1] == "passed"
        assert code(body + ALPHABET[(ALPHABET.index(right) + 1) % 31])[1] == "failed"


@pytest.mark.parametrize("written", ["https://ror.org/03cve4549", "03cve4549", " HTTPS://ROR.ORG/03CVE4549 "])
def test_one_ror_id_has_one_normal_form(written: str) -> None:
    assert ror(written) == ("https://ror.org/03cve4549", "passed")


@pytest.mark.parametrize("value", ["05qwgg493", "042nb2s44", "052gg0110", "013meh722", "00f54p054"])
def test_ror_ids_of_well_known_universities_pass(value: str) -> None:
    assert ror(value)[1] == "passed"


def test_every_mistyped_character_of_a_ror_id_is_found() -> None:
    whole = "03cve4549"
    for place in range(1, len(whole)):
        for wrong in "0123456789" if place > 6 else "0123456789abcdefghjkmnpqrstvwxyz":
            if wrong != whole[place]:
                with pytest.raises(ValueError, match="ROR"):
                    ror(whole[:place] + wrong + whole[place + 1 :])


@pytest.mark.parametrize(
    "value",
    [
        "13cve4549",
        "03cve454",
        "03cve45499",
        "http://ror.org/03cve4549",
        "03cvi4549",
        "03cve45٤٩",
        "https://evil.example/03cve4549",
    ],
)
def test_what_has_not_the_form_of_a_ror_id_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="looks like"):
        ror(value)


LOOKALIKES = {
    **dict(zip("АВЕЅІЈКМНОРСТУХаеѕіјорсухһԁ", "ABESIJKMHOPCTYXaesijopcyxhd", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονρ", "ABEZHIKMNOPTYXovp", strict=True)),
}
NAMES = [
    "SIEMENS",
    "Peking Tech",
    "Example Co",
    "ESTONIA POWER",
    "xeno physics",
    "Optic Choice",
    "Bio Health",
    "TOKAMAK",
]


def _confusables() -> list[tuple[str, str]]:
    """Each name with every set of its letters replaced by others that are drawn alike, a thousand pairs at least."""
    pairs = []
    draw = random.Random(39)
    by_latin: dict[str, list[str]] = {}
    for other, latin in LOOKALIKES.items():
        by_latin.setdefault(latin, []).append(other)
    for name in NAMES:
        places = [place for place, letter in enumerate(name) if letter in by_latin]
        for _ in range(150):
            letters = list(name)
            for place in draw.sample(places, draw.randint(1, len(places))):
                letters[place] = draw.choice(by_latin[name[place]])
            pairs.append((name, "".join(letters)))
    return pairs


def test_no_name_made_of_lookalike_letters_is_another_name() -> None:
    pairs = _confusables()
    assert len(pairs) >= 1000
    for name, forged in pairs:
        assert name_keys({Language.EN: name}) == name_keys({Language.EN: forged}), forged


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("北京示例大学", "北京示例大學"),
        ("北京示例大学", "北京 示例大学"),
        ("Example University", "EXAMPLE-UNIVERSITY"),
        ("Example University", "Ｅｘａｍｐｌｅ　University"),
        ("Example University", "Example\u200bUniversity"),
        ("Université Exemple", "Universite Exemple"),
        ("Illinois Oil", "lIlinois 0i1"),
        ("Modern Motors", "Modem Motors"),
        ("ﬁne Works", "fine Works"),
    ],
)
def test_spellings_that_look_the_same_are_one_name(one: str, other: str) -> None:
    assert name_keys({Language.EN: one}) == name_keys({Language.EN: other})


def test_different_names_are_different() -> None:
    names = [
        "北京示例大学",
        "南京示例大学",
        "Example University",
        "Example Universities",
        "示例1所",
        "示例2所",
        "示例12所",
    ]
    assert len({tuple(name_keys({Language.EN: name})) for name in names}) == len(names)


def test_a_name_has_a_key_for_each_language() -> None:
    assert len(name_keys({Language.EN: "Example", Language.ZH_HANS: "示例"})) == 2
    assert name_keys({Language.EN: "Example", Language.ZH_HANS: "EXAMPLE"}) == name_keys(
        {Language.EN: "example"}
    )


@pytest.mark.parametrize("name", ["Ѕiemens", "МIТ", "Αpple Inc", "示例 Ехample 公司"])
def test_a_word_of_two_alphabets_is_found(name: str) -> None:
    assert mixed_word(name) in name.split()


@pytest.mark.parametrize(
    "name",
    ["Университет А", "北京A大学", "β-Works", "Université", "3M中国", unicodedata.normalize("NFD", "Müller")],
)
def test_an_honest_name_mixes_no_alphabets_in_a_word(name: str) -> None:
    assert mixed_word(name) is None
