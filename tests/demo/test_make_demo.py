"""How the listings of the demo are made from the public files: small files stand for the large ones."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from market.demo.library import FOLDER, drawn
from scripts import make_demo
from scripts.demo_words import Codes, plain, region, shortened, table

PATENT_COLUMNS = "Center,Status,Case Number,Patent Number,Application SN,Title,Patent Expiration Date"
TOPIC: dict[str, Any] = {
    "topic_number": "AF15-X",
    "title": "Ultracapacitors for  Cold Places",
    "objective": "Store energy in the cold.",
    "description": "Cold cells lose \x93capacity\x94.\r\n\r\nMore text.",
    "phases": ["PHASE II:  Build it.", "PHASE III:  Sell it.", "PHASE I:  Show that it can be done."],
    "keywords": ["cold", "storage"],
    "areas": ["Space Platforms"],
    "url": "http://topics.example/1",
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder as large as these tests need it."""
    for name in ("nasa_t2", "sbir_topics", "csl", "nsfc_codes", "ipc"):
        (tmp_path / name).mkdir()
    symbols = sorted({row["ipc"] for row in table("words") if row["ipc"]})
    (tmp_path / "ipc" / "ipc_bilingual_subclass.tsv").write_text("".join(f"{s}\tsubclass\n" for s in symbols))
    (tmp_path / "nsfc_codes" / "nsfc.jsonl").write_text('{"_id": "E02"}\n')
    return tmp_path


def _patents(source: Path, *rows: str) -> list[dict[str, Any]]:
    file = source / "nasa_t2" / "NASA_Patents_original.csv"
    file.write_text("\n".join((PATENT_COLUMNS, *rows)), encoding="utf-8-sig")
    return list(make_demo.patents(source, Codes(source)))


def test_a_patent_is_told_in_the_facts_of_its_row_alone(source: Path) -> None:
    row = 'NASA Glenn Research Center,Issued,LEW-1,9999999,"13/046,030",Fractal Antenna,05/25/2041'
    (made,) = _patents(source, row)
    content = made["content"]
    assert content["title"] == {"en": "Fractal Antenna"}
    assert "gives a title and no abstract" in content["summary"]["en"]
    assert content["ip_rights"][0] | {"owners": []} == {
        "kind": "invention",
        "office": "US",
        "application_number": "13/046030",
        "grant_number": "9999999",
        "status": "granted",
        "expires_on": "2041-05-25",
        "owners": [],
    }
    assert (content["ipc"], content["region"]) == (["H01Q"], "US-OH")


@pytest.mark.parametrize(
    "row",
    [
        'A,Application,C,0,"13/1",Pending,0000-00-00',
        'A,Issued,C,9999999,"13/1",Without an end,',
        'A,Issued,C,9999999,"13/1",Nearly over,01/01/2030',
        'A,Issued,C,464750,"13/1",A number with a digit lost,01/01/2040',
    ],
)
def test_a_patent_that_is_not_plainly_in_force_is_left_out(source: Path, row: str) -> None:
    assert _patents(source, row) == []


def test_of_a_family_of_patents_with_one_title_one_is_listed(source: Path) -> None:
    rows = [f'A,Issued,C,999999{n},"13/1",Same Title,01/01/2040' for n in (2, 1)]
    assert [made["key"] for made in _patents(source, *rows)] == ["nasa-patent-9999991"]


def _topics(source: Path, **changes: Any) -> list[dict[str, Any]]:
    (source / "sbir_topics" / "sbir_2015_topics.jsonl").write_text(json.dumps(TOPIC | changes))
    return list(make_demo.topics(source, Codes(source)))


def test_the_phases_of_a_topic_become_needs_and_measures_in_their_order(source: Path) -> None:
    (made,) = _topics(source)
    content = made["content"]
    assert content["title"] == {"en": "Ultracapacitors for Cold Places"}
    assert content["problem"]["en"] == "Cold cells lose “capacity”.\n\nMore text."
    assert content["needs"]["en"].splitlines()[::2] == [
        "PHASE I: Show that it can be done.",
        "PHASE II: Build it.",
        "PHASE III: Sell it.",
    ]
    assert [kpi["target"] for kpi in content["kpis"]] == ["Show that it can be done.", "Build it."]
    assert content["ipc"] == ["H01G"]
    assert 0 < made["questions_days"] < made["deadline_days"]


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
        {"areas": ["Weapons"]},
        {"description": "The content is restricted under ITAR."},
        {"objective": "Better missiles."},
        {"phases": TOPIC["phases"][:2]},
        {"phases": [*TOPIC["phases"][:2], "PHASE I: cut off at a sign <"]},
    ],
)
def test_a_topic_of_arms_or_one_that_is_not_whole_is_left_out(source: Path, changes: dict[str, Any]) -> None:
    assert _topics(source, **changes) == []


def _papers(source: Path, monkeypatch: pytest.MonkeyPatch, **row: str) -> list[dict[str, Any]]:
    paper = {"id": "csl-x", "title": "一种陶瓷", "abstract": "摘要", "keywords": ["陶瓷"]}
    (source / "csl" / "csl_2000.jsonl").write_text(json.dumps(paper))
    chosen = {"id": "csl-x", "discipline": "E02", "industry": "30 42", "ipc": "C04B", "title_en": ""}
    known = Codes(source)
    monkeypatch.setattr(make_demo, "table", lambda name: [chosen | row])
    return list(make_demo.papers(source, known))


def test_a_paper_keeps_its_text_and_gets_the_codes_of_our_table(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (made,) = _papers(source, monkeypatch, title_en="A ceramic")
    content = made["content"]
    assert content["title"] == {"zh-Hans": "一种陶瓷", "en": "A ceramic"}
    assert content["summary"] == {"zh-Hans": "摘要"}
    assert (content["discipline"], content["industry"], content["ipc"]) == (["E02"], ["30", "42"], ["C04B"])


@pytest.mark.parametrize("wrong", [{"discipline": "E99"}, {"ipc": "C04Q"}])
def test_a_code_that_is_in_no_list_stops_the_making(
    source: Path, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong.values()))):
        _papers(source, monkeypatch, **wrong)


def _program(source: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> dict[str, Any]:
    program = {
        "Software": "Some Tool (ST)",
        "Description": "It does.",
        "License": ["NASA Open Source", "NASA Open Source"],
        "Categories": ["NASA", "radar", "Open Source"],
        "NASA Center": "JPL",
        "External Link": "",
        "Public Code Repo": "github.com/nasa/some-tool",
    }
    file = source / "nasa_t2" / "nasa_software_catalog.json"
    file.write_text(json.dumps([program | changes, program | {"Description": "A later double."}]))
    known = Codes(source)
    monkeypatch.setattr(make_demo, "table", lambda name: [{"name": "Some Tool (ST)"}])
    (made,) = make_demo.software(source, known)
    content: dict[str, Any] = made["content"]
    return content


def test_a_program_with_one_known_licence_is_free_and_names_it(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = _program(source, monkeypatch)
    assert (content["licence"], content["price"]["mode"]) == ("NASA-1.3", "fixed")
    assert content["price"]["amount"] == {"amount": "0.00", "currency": "USD"}
    assert content["keywords"] == {"en": ["radar"]}
    assert content["source_url"] == "https://github.com/nasa/some-tool"
    assert content["summary"] == {"en": "It does."}


def test_a_program_under_several_licences_has_its_price_on_request(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = _program(source, monkeypatch, License=["Apache-2.0", "GPLv3"])
    assert (content["licence"], content["price"]["mode"]) == (None, "on_request")
    assert "Apache-2.0, GPLv3" in content["price"]["basis"]["en"]


def test_a_project_shows_its_readiness_with_the_source_of_it(source: Path) -> None:
    project = {
        "id": 7,
        "title": "Robot ",
        "description": "First.\\nSecond.",
        "benefits": "Good.",
        "lastUpdated": "2020-05-01",
        "technologyMaturityStart": "3",
        "technologyMaturityCurrent": "5",
        "technologyMaturityEnd": "6",
        "responsibleProgram": "Program",
        "leadOrganization": {"name": "A Lab", "state": "CA"},
        "primaryTas": [{"title": "Robotics"}],
        "principalInvestigators": ["A Person"],
    }
    (source / "nasa_t2" / "techport_25_projects.json").write_text(json.dumps([project]))
    (made,) = make_demo.projects(source, Codes(source))
    assert made["content"]["maturity"]["level"] == 5
    assert "states level 5" in made["content"]["maturity"]["evidence"]["en"]
    assert made["content"]["summary"] == {"en": "First.\nSecond."}
    assert "A Person" not in json.dumps(made)


def test_equal_listings_are_equal_bytes_that_name_no_file_and_no_time() -> None:
    records = [{"key": "b", "z": 1, "a": "文"}]
    assert make_demo.packed(records) == make_demo.packed(records)
    assert gzip.decompress(make_demo.packed(records)).decode() == '{"a": "文", "key": "b", "z": 1}\n'
    assert make_demo.packed(records)[3:8] == bytes(5)


def test_the_committed_files_hold_the_titles_and_codes_of_our_tables() -> None:
    lines = [gzip.decompress(path.read_bytes()).decode() for path in sorted(FOLDER.glob("*.gz"))]
    made = {
        record["key"]: record["content"] for text in lines for record in map(json.loads, text.splitlines())
    }
    for row in table("titles"):
        assert made[row["key"]]["title"]["zh-Hans"] == row["title_zh"]
    for row in table("papers"):
        content = made[row["id"]]
        assert content["title"].get("en", "") == row["title_en"]
        assert [content["discipline"], content["industry"]] == [[row["discipline"]], row["industry"].split()]
        assert content["ipc"] == sorted(row["ipc"].split())
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 400_000


def test_small_helpers() -> None:
    assert plain(" a\u00a0 b\t\r\n\x92c\x07 ") == "a b\n’c"
    assert shortened("one two three", 9) == "one two…"
    assert shortened("short", 9) == "short"
    assert region("NASA Jet Propulsion Laboratory") == region("JPL") == "US-CA"
    assert region("NASA Headquarters") == "US"
    assert {drawn(f"key {n}", 3, 5) for n in range(50)} == {3, 4, 5}
