"""Rule packs: what a file must say, how values are found by place and day, and under whose rules one transfers."""

import json
import re
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from market.rules.files import PacksInvalid, read
from market.rules.packs import (
    FOLDER,
    JurisdictionUnknown,
    Library,
    ValueUnknown,
    jurisdiction_of,
    library,
    rulebook,
)
from schemas.rules import PackFile
from schemas.values import Money
from schemas.vocabulary import Effect, Founding, PackLevel, RuleMark, RuleUnit
from tests.rules.files import a_value, library_with, pack_text

FILES = sorted(FOLDER.glob("*.toml"))
TODAY = date(2026, 4, 1)
S, O, P, F = Founding.STATE_FOUNDED, Founding.STATE_OWNED, Founding.PRIVATE, Founding.FOREIGN  # noqa: E741


def test_the_hall_has_six_packs() -> None:
    assert set(library().packs) == {"CN", "CN-BJ", "CN-ZJ", "CN-SH", "CN-SOE", "GENERIC"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_pack_file_is_valid_and_is_called_as_its_id(path: Path) -> None:
    pack = read(path)
    assert path.stem == pack.file.id.lower()
    assert set(pack.file.title) == {"zh-Hans", "en"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_pack_file_conforms_to_the_json_schema_that_is_served(path: Path) -> None:
    schema = PackFile.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    raw = json.loads(json.dumps(tomllib.loads(path.read_text("utf-8")), default=str))
    jsonschema.Draft202012Validator(schema).validate(raw)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_confirmed_value_names_its_article_and_our_own_choices_are_marked(path: Path) -> None:
    for value in read(path).file.values:
        if value.confirmed:
            assert value.article, value.name
        assert value.source.startswith("本平台自定") is (value.mark is RuleMark.OWN), value.name


# Faults

LONE: list[tuple[dict[str, Any], str]] = [
    ({"value": "15"}, "PR-3 price_publicity (value 1): value: give a whole number"),
    ({"value": 0}, "PR-3 price_publicity (value 1): value: "),
    ({"value": True}, "PR-3 price_publicity (value 1): value: give a whole number"),
    ({"unit": "percent", "value": 101}, "PR-3 price_publicity (value 1): value: "),
    ({"unit": "flag"}, "PR-3 price_publicity (value 1): value: give true or false"),
    ({"unit": "words"}, "PR-3 price_publicity (value 1): value: "),
    ({"unit": "month_day", "value": "02-30"}, "PR-3 price_publicity (value 1): value: give a day of every year"),
    ({"unit": "fortnights"}, "PR-3 price_publicity (value 1): "),
    ({"unit": None}, "PR-3 price_publicity (value 1): "),
    ({"source": None}, "PR-3 price_publicity (value 1): source: "),
    ({"from": None}, "PR-3 price_publicity (value 1): from: "),
    ({"to": "2019-12-31"}, "PR-3 price_publicity (value 1): to is before from"),
    ({"confirmed": False}, "PR-3 price_publicity (value 1): mark says why"),
    ({"mark": "S"}, "PR-3 price_publicity (value 1): mark says why"),
    ({"confirmed": False, "mark": "C"}, "PR-3 price_publicity (value 1): mark: "),
    ({"rule": "15 days"}, "15 days price_publicity (value 1): rule: "),
    ({"name": "Publicity"}, "PR-3 Publicity (value 1): name: "),
    ({"days": 15}, "PR-3 price_publicity (value 1): days: "),
    ({"effect": "annoy"}, "PR-3 price_publicity (value 1): effect: "),
    ({"applies_to": []}, "PR-3 price_publicity (value 1): applies_to: "),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "told"), LONE)
def test_a_fault_is_named_with_file_rule_and_field(tmp_path: Path, fields: dict[str, Any], told: str) -> None:
    with pytest.raises(PacksInvalid) as caught:
        library_with(tmp_path, gd=pack_text(a_value(**fields)))
    assert [fault for fault in caught.value.faults if fault.startswith(f"gd.toml: {told}")], caught.value
    assert len(caught.value.faults) == 1


HEADS: list[tuple[dict[str, Any], str]] = [
    ({"id": "guangdong"}, "gd.toml: id: "),
    ({"level": "town"}, "gd.toml: level: "),
    ({"jurisdiction": None}, "gd.toml: jurisdiction: "),
    ({"colour": "red"}, "gd.toml: colour: "),
    ({"id": "CN-BJ"}, "gd.toml: id: cn-bj.toml is CN-BJ already"),
    ({"extends": "CN-XX"}, "gd.toml: extends: CN-GD extends CN-XX, which is nowhere"),
    ({"extends": "CN-GD"}, "gd.toml: extends: CN-GD extends CN-GD, which leads back to it"),
    ({"extends": None}, "extends: one pack extends no other, here CN-GD, GENERIC"),
    ({"default": True}, "default: one pack is the default, here CN-BJ, CN-GD"),
    ({"regions": ["11"]}, "gd.toml: regions: 11 is CN-BJ's already"),
]


@pytest.mark.parametrize(("head", "told"), HEADS)
def test_a_fault_of_a_whole_pack_is_named(tmp_path: Path, head: dict[str, Any], told: str) -> None:
    with pytest.raises(PacksInvalid) as caught:
        library_with(tmp_path, gd=pack_text(**head))
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].startswith(told)


def test_every_fault_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    bad = pack_text(a_value(value=0), a_value(rule="?"), a_value(source=None), level="town")
    with pytest.raises(PacksInvalid) as caught:
        library_with(tmp_path, gd=bad, broken="id = \n", fj=pack_text(a_value(unit="flag"), id="CN-FJ"))
    assert [re.match(r"\w+", fault).group() for fault in caught.value.faults] == [  # type: ignore[union-attr]
        "broken", "fj", "gd", "gd", "gd", "gd",
    ]  # fmt: skip
    assert all(fault in str(caught.value) for fault in caught.value.faults)


def test_a_file_that_is_no_utf8_is_a_fault_too(tmp_path: Path) -> None:
    (tmp_path / "gd.toml").write_bytes(pack_text().encode("gbk"))
    with pytest.raises(PacksInvalid, match=r"gd\.toml"):
        Library.of(FOLDER, tmp_path)


OVERLAPS = [
    ([("2020-01-01", None), ("2024-01-01", None)], "2024-01-01"),
    ([("2020-01-01", "2024-01-01"), ("2024-01-01", None)], "2024-01-01"),
    ([("2022-01-01", "2023-01-01"), ("2020-01-01", "2022-06-30")], "2022-01-01"),
    ([("2020-01-01", None), ("2020-01-01", None)], "2020-01-01"),
]


@pytest.mark.parametrize(("dates", "day"), OVERLAPS)
def test_two_values_of_one_name_never_hold_on_one_day(
    tmp_path: Path, dates: list[tuple[str, str | None]], day: str
) -> None:
    values = [a_value(**{"from": since, "to": until}) for since, until in dates]
    with pytest.raises(PacksInvalid, match=f"PR-3 price_publicity: two values are in force on {day}"):
        library_with(tmp_path, gd=pack_text(*values))


def test_adjoining_values_are_no_overlap(tmp_path: Path) -> None:
    values = a_value(**{"to": "2026-02-28"}), a_value(**{"from": "2026-03-01", "value": 30})
    packs = library_with(tmp_path, gd=pack_text(*values))
    found = [
        packs.rulebook("CN-GD", day).days("price_publicity") for day in (date(2026, 2, 28), date(2026, 3, 1))
    ]
    assert found == [20, 30]


def test_a_name_means_one_thing_in_all_packs(tmp_path: Path) -> None:
    with pytest.raises(PacksInvalid, match="a span of time and flag"):
        library_with(tmp_path, gd=pack_text(a_value(unit="flag", value=True)))


def test_a_span_of_time_may_be_counted_in_another_unit_of_time(tmp_path: Path) -> None:
    packs = library_with(tmp_path, gd=pack_text(a_value(unit="working_days")))
    assert packs.rulebook("CN-GD", TODAY).working_days("price_publicity") == 20


# Resolution

RESOLVED: list[tuple[str, str, str, Any, str | None]] = [
    # jurisdiction, day, name, value, the pack that gives it
    ("CN", "2026-04-01", "price_publicity", 15, "CN"),
    ("CN-BJ", "2026-04-01", "price_publicity", 15, "CN"),
    ("CN-SH", "2026-04-01", "price_publicity", 15, "CN"),
    ("CN-ZJ", "2026-04-01", "price_publicity", 15, "CN-ZJ"),
    ("CN-ZJ", "2017-04-30", "price_publicity", 15, "CN"),  # a day before Zhejiang's own
    ("CN-BJ", "2016-02-25", "price_publicity", None, None),  # and before the state's
    ("GENERIC", "2026-04-01", "price_publicity", None, None),
    ("CN-BJ", "2026-04-01", "transfer_income_floor", 50, "CN"),
    ("CN-BJ", "2026-04-01", "transfer_income_standard", 70, "CN-BJ"),
    ("CN-SH", "2026-04-01", "transfer_income_floor", 50, "CN"),
    ("CN-SH", "2026-04-01", "transfer_income_standard", None, None),
    ("CN-ZJ", "2026-04-01", "transfer_income_floor", 70, "CN-ZJ"),
    ("CN-ZJ", "2026-04-01", "main_contributors_floor", 70, "CN-ZJ"),
    ("CN-BJ", "2026-04-01", "main_contributors_floor", 50, "CN"),
    ("CN-ZJ", "2026-04-01", "transfer_staff_floor", 5, "CN-ZJ"),
    ("CN-ZJ", "2026-04-01", "related_party_marked", True, "CN-ZJ"),
    ("CN-BJ", "2026-04-01", "related_party_marked", True, "GENERIC"),
    ("CN-BJ", "2026-04-01", "objection_answer", 10, "GENERIC"),
    # The clocks of contract registration before and since 1 March 2026.
    ("CN", "2026-02-28", "contract_registration", 30, "CN"),
    ("CN", "2026-03-01", "contract_registration", 15, "CN"),
    ("CN-BJ", "2026-02-28", "contract_registration", 30, "CN-BJ"),
    ("CN-BJ", "2026-03-01", "contract_registration", 15, "CN"),
    ("CN-ZJ", "2026-02-28", "contract_registration", 10, "CN-ZJ"),
    ("CN-ZJ", "2026-03-01", "contract_registration", 15, "CN"),
    ("CN", "2026-02-28", "large_contract_registration", None, None),
    # The term of a design by the day of its filing.
    ("CN", "2021-05-31", "design_term", 10, "CN"),
    ("CN", "2021-06-01", "design_term", 15, "CN"),
    # A state-owned enterprise in Beijing and in Zhejiang: its own rules, then those of the place.
    ("CN-BJ+CN-SOE", "2026-04-01", "sale_disclosure", 20, "CN-SOE"),
    ("CN-BJ+CN-SOE", "2026-04-01", "transfer_income_standard", 70, "CN-BJ"),
    ("CN-ZJ+CN-SOE", "2026-04-01", "price_publicity", 15, "CN-ZJ"),
    ("CN-BJ", "2026-04-01", "sale_disclosure", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("where", "day", "name", "value", "pack"), RESOLVED)
def test_the_nearest_pack_in_force_gives_the_value(
    where: str, day: str, name: str, value: Any, pack: str | None
) -> None:
    found = rulebook(where, date.fromisoformat(day)).find(name)
    assert (found.value, found.pack) == (value, pack) if found else (value, pack) == (None, None)


def test_a_pack_of_a_sector_lies_on_top_of_the_place_and_no_pack_comes_twice() -> None:
    assert rulebook("CN-BJ+CN-SOE", TODAY).chain == ["CN-SOE", "CN-BJ", "CN", "GENERIC"]
    assert rulebook("CN+CN-SOE", TODAY).chain == ["CN-SOE", "CN", "GENERIC"]


def test_floors_of_several_levels_are_seen_together() -> None:
    levels = rulebook("CN-ZJ", TODAY).levels("transfer_income_floor")
    assert [(one.level, one.value, one.effect) for one in levels] == [
        (PackLevel.LOCAL, 70, Effect.BLOCK),
        (PackLevel.NATIONAL, 50, Effect.BLOCK),
    ]
    assert rulebook("CN-BJ", TODAY).value("transfer_income_standard").effect is Effect.WARN


def test_a_floor_blocks_and_a_standard_warns_in_every_pack() -> None:
    for pack in library().packs.values():
        for value in pack.file.values:
            kind = value.name.rpartition("_")[2]
            if kind in ("standard", "usual"):
                assert value.effect is Effect.WARN, value.name
            if kind == "floor" and pack.file.level is not PackLevel.SECTOR:
                assert value.effect is Effect.BLOCK, value.name


def test_a_rule_of_the_state_s_institutes_does_not_bind_a_private_company() -> None:
    value = rulebook("CN-BJ", TODAY).value("price_publicity")
    assert [founding for founding in Founding if value.binds(founding)] == [S]
    assert all(map(rulebook("CN-BJ", TODAY).value("licence_recordal").binds, Founding))


def test_each_kind_of_value_is_read_as_what_it_is() -> None:
    book = rulebook("CN-ZJ", TODAY)
    assert book.days("price_publicity") == 15
    assert book.working_days("cash_reward_publicity") == 15
    assert book.months("reward_payout") == 6
    assert book.years("invention_term") == 20
    assert book.percent("equity_floor") == 70
    assert book.money("large_contract_from") == Money(amount="5000000.00", currency="CNY")
    assert book.flag("base_price_required") is True
    assert book.flag("export_by_carrier_pigeon") is False
    assert book.words("price_notice_fields") == ("name", "abstract", "mode", "price")
    assert book.text("unused_result_outcome") == "income_to_completers"
    assert book.day_of("annual_report_on", 2027) == date(2027, 3, 30)


def test_a_value_in_another_unit_is_not_mistaken() -> None:
    book = rulebook("CN", TODAY)
    with pytest.raises(ValueUnknown, match="CN gives price_publicity in days, not in working_days"):
        book.working_days("price_publicity")
    with pytest.raises(ValueUnknown, match="not in days"):
        book.period("transfer_income_floor", datetime(2026, 4, 1, tzinfo=UTC))
    with pytest.raises(ValueUnknown, match="CN has no reward_payout in force on 2026-04-01"):
        book.months("reward_payout")


def test_a_deal_is_judged_by_its_own_date_in_shanghai() -> None:
    last = rulebook("CN", datetime(2026, 2, 28, 15, 59, tzinfo=UTC))
    first = rulebook("CN", datetime(2026, 2, 28, 16, tzinfo=UTC))
    assert (last.on, first.on) == (date(2026, 2, 28), date(2026, 3, 1))
    assert (last.value("contract_registration").unit, first.value("contract_registration").unit) == (
        RuleUnit.DAYS,
        RuleUnit.WORKING_DAYS,
    )


def test_a_period_says_by_which_value_of_which_pack_it_was_counted() -> None:
    book = rulebook("CN-BJ", TODAY)
    view = book.period("price_publicity", datetime(2026, 4, 1, 2, tzinfo=UTC)).view()
    assert (view.rule, view.pack, view.pack_version) == ("PR-3", "CN", book.version)
    assert view.last_day == date(2026, 4, 16)
    assert (view.calendar_confirmed, view.rule_confirmed, view.confirmed) == (True, False, False)
    confirmed = rulebook("CN-ZJ", TODAY).period("price_publicity", datetime(2026, 4, 1, 2, tzinfo=UTC))
    assert confirmed.confirmed


def test_the_version_changes_with_a_file_of_the_chain_alone(tmp_path: Path) -> None:
    before = library_with(tmp_path, gd=pack_text())
    after = library_with(tmp_path, gd=pack_text() + "# a word more\n")
    assert before.rulebook("CN-GD", TODAY).version != after.rulebook("CN-GD", TODAY).version
    assert before.rulebook("CN-BJ", TODAY).version == after.rulebook("CN-BJ", TODAY).version
    assert re.fullmatch(
        r"CN-BJ@[0-9a-f]{64} CN@[0-9a-f]{64} GENERIC@[0-9a-f]{64}", rulebook("CN-BJ", TODAY).version
    )


def test_an_unknown_jurisdiction_is_refused() -> None:
    for name in ("CN-XX", "", "CN-BJ+", "cn-bj"):
        with pytest.raises(JurisdictionUnknown):
            rulebook(name, TODAY)


PLACES: list[tuple[str | None, Founding, str]] = [
    (None, S, "CN-BJ"),
    (None, P, "CN-BJ"),
    (None, O, "CN-BJ+CN-SOE"),
    (None, F, "GENERIC"),
    ("110108", S, "CN-BJ"),
    ("110108", F, "CN-BJ"),  # a foreign-invested company in Beijing is under Beijing's rules
    ("CN-BJ", S, "CN-BJ"),
    ("330100", S, "CN-ZJ"),
    ("330100", O, "CN-ZJ+CN-SOE"),
    ("CN-ZJ", P, "CN-ZJ"),
    ("310000", S, "CN-SH"),
    ("CN-SH", O, "CN-SH+CN-SOE"),
    ("440300", S, "CN"),
    ("650000", O, "CN+CN-SOE"),
    ("CN", S, "CN"),
    ("CN-GD", P, "CN"),
    ("810000", P, "GENERIC"),  # Hong Kong, Macao and Taiwan have laws of their own
    ("820000", P, "GENERIC"),
    ("710000", P, "GENERIC"),
    ("CN-HK", O, "GENERIC"),
    ("HK", P, "GENERIC"),
    ("US-CA", F, "GENERIC"),
    ("DE", S, "GENERIC"),
    ("DE", O, "GENERIC"),
]


@pytest.mark.parametrize(("region", "founding", "where"), PLACES)
def test_the_place_decides_whose_rules_hold(region: str | None, founding: Founding, where: str) -> None:
    assert jurisdiction_of(region, founding) == where
    assert rulebook(where, TODAY).chain[-1] == "GENERIC"


def test_a_pack_added_as_a_file_stands_for_its_region(tmp_path: Path) -> None:
    packs = library_with(tmp_path, gd=pack_text())
    assert packs.jurisdiction_of("440300", S) == "CN-GD"
    assert packs.jurisdiction_of("440300", O) == "CN-GD+CN-SOE"
    book = packs.rulebook("CN-GD", TODAY)
    assert book.days("price_publicity") == 20
    assert book.percent("equity_floor") == 50
