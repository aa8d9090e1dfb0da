"""What every engine promises of words: which listings a text finds. Ranking is compared by sets or by the first hit."""

import pytest

from tests.search.conftest import Hall
from tests.search.makers import (
    DEMAND,
    GRIPPER,
    PUBLIC,
    RICE,
    ROBOT,
    SOLID_EN,
    SOLID_ZH,
    STALE,
    a_listing,
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("水稻", RICE),
        ("耐盐水稻", RICE),
        ("起重机远程操控", DEMAND),
        ("tomatoes", GRIPPER),
        ("harvesting tomato", GRIPPER),
        ("vibration monitor", STALE),
        ("欧阳晓明", SOLID_ZH),
        ("Margriet van Houten", SOLID_EN),
        ("南京能源材料研究所", SOLID_ZH),
        ("协作 robots controller", ROBOT),
        ("事故多", DEMAND),
    ],
)
async def test_chinese_english_and_mixed_words_find_the_listing_first(
    stocked: Hall, text: str, number: int
) -> None:
    assert (await stocked.found(text))[:1] == [number]


async def test_traditional_characters_full_width_letters_and_accents_are_folded(stocked: Hall) -> None:
    assert (await stocked.found("鹽鹼地 水稻"))[:1] == [RICE]
    assert (await stocked.found("ＧＲＩＰＰＥＲ"))[:1] == [GRIPPER]
    assert (await stocked.found("grìpper"))[:1] == [GRIPPER]


@pytest.mark.parametrize(
    "text", ["griper", "grippre", "griipper", "tomatos", "vibratoin monitroing", "electrolite"]
)
async def test_one_slip_in_a_word_of_five_letters_is_forgiven(stocked: Hall, text: str) -> None:
    assert set(await stocked.found(text)) & {GRIPPER, STALE, SOLID_EN}


async def test_short_words_chinese_words_and_numbers_are_taken_as_they_are(hall: Hall) -> None:
    await hall.publish(
        [
            a_listing(1, title_en="Wind tunnel", identifiers=["US10123456B2"]),
            a_listing(2, title_zh="电池"),
            a_listing(3, title_en="Model 48151"),
        ]
    )
    assert await hall.found("wimd") == []
    assert await hall.found("电视") == []
    assert await hall.found("48152") == []
    assert await hall.found("US10123457B2") == []


@pytest.mark.parametrize("text", ["g", "gri", "gripp", "adaptive gri"])
async def test_the_last_word_may_be_unfinished(stocked: Hall, text: str) -> None:
    assert GRIPPER in await stocked.found(text)


async def test_a_blank_finishes_the_last_word(hall: Hall) -> None:
    await hall.publish([a_listing(1, title_en="Gripper")])
    assert await hall.found("gri") == [1]
    assert await hall.found("gri ") == []


async def test_the_first_character_of_a_chinese_word_finds_it(stocked: Hall) -> None:
    assert RICE in await stocked.found("水")


@pytest.mark.parametrize(
    "text", ["solid electrolyte", "solid-state electrolyte", "固态电解质", "固體電解質", "固体电解质"]
)
async def test_the_glossary_finds_listings_in_the_other_language_both_ways(stocked: Hall, text: str) -> None:
    assert set(await stocked.found(text)) >= {SOLID_ZH, SOLID_EN}


@pytest.mark.parametrize(
    "text",
    ["ZL201710123456.7", "zl 2017 1 0123456.7", "2017101234567", "CN107654321A", "107654321", "ZL2017101"],
)
async def test_a_patent_number_is_found_whole_grouped_without_letters_and_by_its_beginning(
    stocked: Hall, text: str
) -> None:
    assert await stocked.found(text) == [SOLID_ZH]


async def test_relaxed_matching_forgives_a_word_and_strict_matching_does_not(stocked: Hall) -> None:
    assert GRIPPER in await stocked.found("gripper xylophone ")
    assert await stocked.found("gripper xylophone ", match="all") == []
    assert await stocked.found("gripper tomatoes ", match="all") == [GRIPPER]


async def test_only_the_first_ten_words_count(stocked: Hall) -> None:
    ten = "gripper harvesting tomatoes soft fingers pick ripe fruit without bruising"
    assert await stocked.found(f"{ten} ", match="all") == [GRIPPER]
    assert await stocked.found(f"{ten} xylophone ", match="all") == [GRIPPER]


async def test_stop_words_do_not_count_among_other_words(stocked: Hall) -> None:
    assert await stocked.found("the gripper of the tomatoes ", match="all") == [GRIPPER]


@pytest.mark.parametrize(
    "text",
    [
        "a AND (b",
        '"',
        '"gripper',
        "*",
        "gripper*",
        "title_en:gripper",
        "\\",
        "😀",
        "-gripper",
        "+x -y",
        "'; --",
        "{}[]",
        "\ue000gripper\ue001",
        "gripper\x00",
        "\u202egripper",
        "_",
        "x" * 512,
        "电" * 512,
        "a " * 256,
    ],
)
async def test_no_text_breaks_a_search_or_means_anything_but_words(stocked: Hall, text: str) -> None:
    found = await stocked.found(text)
    assert set(found) <= PUBLIC
    if "gripper" in text and "x" not in text.replace("\x00", ""):
        assert found[:1] == [GRIPPER]


async def test_text_without_words_browses(stocked: Hall) -> None:
    assert set(await stocked.found("***")) == PUBLIC
    assert set(await stocked.found("   ")) == PUBLIC


async def test_a_stale_listing_ranks_below_its_equal(hall: Hall) -> None:
    await hall.publish(
        [a_listing(1, title_en="Tidal turbine", status="stale"), a_listing(2, title_en="Tidal turbine")]
    )
    assert await hall.found("tidal turbine") == [2, 1]


async def test_a_word_in_the_title_outranks_the_same_word_further_down(hall: Hall) -> None:
    await hall.publish(
        [
            a_listing(1, title_en="Marine energy", text_en="Some say turbine."),
            a_listing(2, title_en="Turbine", text_en="Some say marine."),
        ]
    )
    assert await hall.found("turbine ") == [2, 1]
