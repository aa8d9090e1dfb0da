"""docs/rules.md against the packs and the code: no id and no value is missing, and every file that is named does it."""

import re
from pathlib import Path

import pytest

from market.rules.packs import library

ROOT = Path(__file__).parents[2]
ID = re.compile(r"\b(?:PR|BD|RV|CT|OL|PL|XB|PD)-[1-9][0-9]?\b")
NOWHERE = "–"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


ROWS = {
    cells[0]: cells[1:]
    for line in (ROOT / "docs" / "rules.md").read_text("utf-8").splitlines()
    if line.startswith("| ") and ID.fullmatch((cells := _cells(line))[0])
}
VALUES = {
    rule: {
        value.name for pack in library().packs.values() for value in pack.file.values if value.rule == rule
    }
    for rule in {value.rule for pack in library().packs.values() for value in pack.file.values}
}


def _named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_rule_of_a_pack_and_of_the_code_has_a_row() -> None:
    named = {
        rule
        for path in (ROOT / "market").rglob("*.py")
        if "migrations" not in path.parts
        for rule in ID.findall(path.read_text("utf-8"))
    }
    assert sorted(VALUES.keys() - ROWS.keys()) == []
    assert sorted(named - ROWS.keys()) == []


@pytest.mark.parametrize("rule", ROWS)
def test_a_row_lists_the_values_of_the_packs(rule: str) -> None:
    expected = ", ".join(f"`{name}`" for name in sorted(VALUES.get(rule, ()))) or NOWHERE
    assert ROWS[rule][1] == expected


@pytest.mark.parametrize("rule", ROWS)
def test_the_files_of_a_row_name_its_rule_or_one_of_its_values(rule: str) -> None:
    marks = [
        rf"\b{rule}\b",
        rf"(?<![a-z0-9]){rule.replace('-', '_').lower()}(?![0-9])",
    ]  # in prose, in the name of a test
    marks += [rf"\b{name}\b" for name in VALUES.get(rule, ())]
    for cell in ROWS[rule][2:]:
        assert cell == NOWHERE or _named(cell), cell
        for path in _named(cell):
            file = ROOT / path
            assert file.is_file(), path
            text = file.read_text("utf-8")
            assert any(re.search(mark, text) for mark in marks), f"{path} names neither {rule} nor its values"
