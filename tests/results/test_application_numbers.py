"""Chinese application numbers (ZC 0006-2003): forms, check characters, and which mistakes of typing are found."""

import random
from datetime import date

import pytest

from market.results.rules import cn_application_number, cn_check_character, ip_right_problems
from schemas.listings import IPRight
from schemas.vocabulary import IPRightKind

RANDOM = random.Random(20031001)
TODAY = date(2026, 11, 1)


def _number(length: int) -> str:
    kind = RANDOM.choice("12389")
    if length == 12:
        return f"{RANDOM.randint(2003, 2026)}{kind}{RANDOM.randrange(10**7):07d}"
    return f"{RANDOM.randint(85, 99)}{kind}{RANDOM.randrange(10**5):05d}"


SAMPLE = [_number(length) for length in (12, 8) for _ in range(150)]


def _passes(number: str) -> bool:
    try:
        cn_application_number(number)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(("digits", "check"), [("201080063196", "9"), ("200310102344", "5")])
def test_the_examples_of_the_rules_have_their_check_digits(digits: str, check: str) -> None:
    assert cn_check_character(digits) == check
    assert cn_application_number(digits + check) == f"{digits}.{check}"


@pytest.mark.parametrize(
    "written",
    [
        "2010800631969",
        "201080063196.9",
        "CN2010800631969",
        "CN201080063196.9",
        "ZL201080063196.9",
        "zl 2010 8006 3196.9",
        "cn201080063196.9",
        "２０１０８００６３１９６．９",
        "ＣＮ201080063196.9",
    ],
)
def test_one_number_has_one_normal_form(written: str) -> None:
    assert cn_application_number(written) == "201080063196.9"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "CN",
        "201080063196",
        "20108006319.69",
        "201080063196.99",
        "201080063196,9",
        "201080063196..9",
        "US201080063196.9",
        "CNZL201080063196.9",
        "CN117151122A",
        "201080063196.Y",
        "201080063196.9\n9",
        "٢٠١٠٨٠٠٦٣١٩٦.9x",
    ],
)
def test_what_has_not_the_form_of_a_number_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="12 digits"):
        cn_application_number(written)


def test_every_number_with_its_own_check_character_passes() -> None:
    for digits in SAMPLE:
        assert (
            cn_application_number(digits + cn_check_character(digits))
            == f"{digits}.{cn_check_character(digits)}"
        )


def test_ten_is_written_x_and_no_other_letter() -> None:
    with_x = [digits for digits in SAMPLE if cn_check_character(digits) == "X"]
    assert len(with_x) > 10
    for digits in with_x:
        assert cn_application_number(f"{digits}x") == f"{digits}.X"
        assert not any(_passes(f"{digits}.{other}") for other in "0123456789")


def test_every_mistyped_digit_is_found() -> None:
    for digits in SAMPLE:
        whole = digits + cn_check_character(digits)
        for place, right in enumerate(whole):
            for wrong in "0123456789X" if place == len(digits) else "0123456789":
                if wrong != right:
                    assert not _passes(whole[:place] + wrong + whole[place + 1 :]), (whole, place, wrong)


def test_every_swap_of_two_neighbours_is_found() -> None:
    for digits in SAMPLE:
        whole = digits + cn_check_character(digits)
        for place in range(len(digits) - 1):
            left, right = whole[place : place + 2]
            if left != right:
                assert not _passes(whole[:place] + right + left + whole[place + 2 :]), (whole, place)


def test_most_swaps_with_the_check_digit_and_over_one_digit_are_found() -> None:
    """The check character has no weight of its own, so its own swap is found in ten cases of eleven, not always."""
    swaps = found = 0
    for digits in SAMPLE:
        whole = digits + cn_check_character(digits)
        pairs = [(len(digits) - 1, len(digits)), *((place, place + 2) for place in range(len(digits) - 2))]
        for left, right in pairs:
            if whole[left] != whole[right]:
                swapped = list(whole)
                swapped[left], swapped[right] = swapped[right], swapped[left]
                swaps += 1
                found += not _passes("".join(swapped))
    assert found / swaps > 0.95


@pytest.mark.parametrize(
    ("digit", "kind"),
    [
        ("1", IPRightKind.INVENTION),
        ("2", IPRightKind.UTILITY_MODEL),
        ("3", IPRightKind.DESIGN),
        ("8", IPRightKind.INVENTION),
        ("9", IPRightKind.UTILITY_MODEL),
    ],
)
def test_the_digit_after_the_year_says_the_type(digit: str, kind: IPRightKind) -> None:
    for digits in (f"2019{digit}0000001", f"99{digit}00001"):
        number = digits + cn_check_character(digits)
        assert cn_application_number(number, kind)
        for other in (IPRightKind.INVENTION, IPRightKind.UTILITY_MODEL, IPRightKind.DESIGN):
            if other is not kind:
                with pytest.raises(ValueError, match="belongs to the type"):
                    cn_application_number(number, other)


@pytest.mark.parametrize("digit", "04567")
def test_a_type_that_does_not_exist_is_refused_though_the_check_digit_fits(digit: str) -> None:
    digits = f"2019{digit}0000001"
    with pytest.raises(ValueError, match="says the type"):
        cn_application_number(digits + cn_check_character(digits))


@pytest.mark.parametrize("digits", ["200210000001", "000010000001", "04100001", "84100001"])
def test_a_year_in_which_no_such_number_was_given_is_refused(digits: str) -> None:
    with pytest.raises(ValueError, match="in the year"):
        cn_application_number(digits + cn_check_character(digits))


@pytest.mark.parametrize("digits", ["200310000001", "85100001", "99100001", "00100001", "03100001"])
def test_the_first_and_last_years_of_both_forms_pass(digits: str) -> None:
    assert cn_application_number(digits + cn_check_character(digits))


def _right(**fields: object) -> IPRight:
    return IPRight.model_validate({"kind": "invention", "application_number": "201080063196.9"} | fields)


def test_a_wrong_number_is_named_with_its_rule() -> None:
    (problem,) = ip_right_problems([_right(application_number="201080063196.8")], TODAY)
    assert (problem.pointer, problem.rule) == ("/ip_rights/0/application_number", "ZC-0006")
    assert "is 9, not 8" in problem.detail


@pytest.mark.parametrize("fields", [{"office": "US"}, {"kind": "software"}, {"kind": "plant_variety"}])
def test_numbers_of_other_offices_and_registers_are_not_checked(fields: dict[str, str]) -> None:
    assert list(ip_right_problems([_right(application_number="2019SR0000001", **fields)], TODAY)) == []


def test_the_same_right_twice_is_found_in_whatever_spelling() -> None:
    rights = [_right(), _right(application_number="ZL2010800631969")]
    (problem,) = ip_right_problems(rights, TODAY)
    assert (problem.pointer, problem.detail) == (
        "/ip_rights/1/application_number",
        "the same right is listed twice",
    )


def test_one_number_at_two_offices_is_two_rights() -> None:
    rights = [_right(office=office, application_number="12345678") for office in ("US", "JP")]
    assert list(ip_right_problems(rights, TODAY)) == []


@pytest.mark.parametrize("kind", [kind for kind in IPRightKind if kind is not IPRightKind.KNOW_HOW])
def test_a_registered_right_has_a_number(kind: IPRightKind) -> None:
    (problem,) = ip_right_problems([IPRight(kind=kind)], TODAY)
    assert problem.pointer == "/ip_rights/0/application_number"
    for name in ("grant_number", "publication_number"):
        assert list(ip_right_problems([IPRight.model_validate({"kind": kind, name: "CN1"})], TODAY)) == []


def test_know_how_has_no_number() -> None:
    assert list(ip_right_problems([IPRight(kind=IPRightKind.KNOW_HOW)], TODAY)) == []


@pytest.mark.parametrize(
    "fields", [{"status": "lapsed"}, {"status": "expired"}, {"expires_on": "2026-10-31"}]
)
def test_a_right_that_is_not_in_force_cannot_be_offered(fields: dict[str, str]) -> None:
    (problem,) = ip_right_problems([_right(**fields)], TODAY)
    assert problem.pointer == "/ip_rights/0/status"


def test_a_right_is_in_force_on_its_last_day() -> None:
    assert list(ip_right_problems([_right(expires_on="2026-11-01")], TODAY)) == []
