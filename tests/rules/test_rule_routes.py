"""Rule packs over HTTP: what anybody reads of them, and a pack that is added as a file."""

import hashlib
import json
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from market.rules.packs import FOLDER, library
from tests.makers import Market
from tests.rules.files import a_value, library_with, pack_text


@pytest.fixture
def with_guangdong(market: Market, tmp_path: Path) -> Iterator[None]:
    values = (
        a_value(),
        a_value(name="monkey_business", rule="PR-16", value=[], unit="words", confirmed=False, mark="U"),
    )
    market.app.state.rule_packs = library_with(tmp_path, gd=pack_text(*values))
    yield
    market.app.state.rule_packs = library()


async def get(market: Market, path: str, **options: Any) -> httpx.Response:
    return await market.client.get(f"/api/v1/rule-packs{path}", **options)


async def test_anybody_reads_which_packs_there_are(market: Market) -> None:
    answer = await get(market, "")
    assert answer.headers["cache-control"] == "public, max-age=300"
    items = {item["id"]: item for item in answer.json()["items"]}
    assert list(items) == ["CN", "CN-BJ", "CN-SH", "CN-SOE", "CN-ZJ", "GENERIC"]
    assert [name for name, item in items.items() if item["default"]] == ["CN-BJ"]
    for item in items.values():
        content = (FOLDER / f"{item['id'].lower()}.toml").read_bytes()
        assert item["sha256"] == hashlib.sha256(content).hexdigest()
        assert item["title"].keys() == {"zh-Hans", "en"}
    assert 0 < items["CN"]["unconfirmed"] < items["CN"]["values"]
    assert items["CN-SOE"]["unconfirmed"] == items["CN-SOE"]["values"]


@pytest.mark.parametrize("path", ["", "/schema", "/CN", "/CN-BJ/price_publicity"])
async def test_what_is_not_changed_is_not_sent_again(market: Market, path: str) -> None:
    first = await get(market, path)
    again = await get(market, path, headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


async def test_a_pack_shows_every_value_with_its_source(market: Market) -> None:
    pack = (await get(market, "/CN-ZJ")).json()
    assert pack["on"] is None
    found = next(value for value in pack["values"] if value["name"] == "transfer_income_floor")
    assert found == {
        "pack": "CN-ZJ",
        "level": "local",
        "rule": "RV-4",
        "name": "transfer_income_floor",
        "unit": "percent",
        "value": 70,
        "source": "浙江省促进科技成果转化条例",
        "article": "第37条",
        "from": "2017-05-01",
        "to": None,
        "confirmed": True,
        "mark": None,
        "effect": "block",
        "applies_to": ["state_founded"],
        "note": "Of net income.",
    }


async def test_a_pack_on_a_day_shows_what_was_in_force(market: Market) -> None:
    async def registration(**query: str) -> list[tuple[int, str]]:
        values = (await get(market, "/CN", params=query)).json()["values"]
        return [(one["value"], one["unit"]) for one in values if one["name"] == "contract_registration"]

    assert await registration() == [(30, "days"), (15, "working_days")]
    assert await registration(on="2026-02-28") == [(30, "days")]
    assert await registration(on="2026-03-01") == [(15, "working_days")]


async def test_how_a_value_is_found_is_shown_level_by_level(market: Market) -> None:
    shown = (await get(market, "/CN-ZJ+CN-SOE/price_publicity", params={"on": "2026-04-01"})).json()
    assert shown["chain"] == ["CN-SOE", "CN-ZJ", "CN", "GENERIC"]
    assert shown["version"] == library().rulebook("CN-ZJ+CN-SOE", date(2026, 4, 1)).version
    assert (shown["value"]["pack"], shown["value"]["confirmed"]) == ("CN-ZJ", True)
    assert [(one["pack"], one["mark"]) for one in shown["levels"]] == [("CN-ZJ", None), ("CN", "U")]


async def test_a_value_that_is_not_in_force_is_none_with_its_history(market: Market) -> None:
    shown = (await get(market, "/CN/large_contract_registration", params={"on": "2026-02-28"})).json()
    assert (shown["value"], shown["levels"]) == (None, [])
    assert [one["from"] for one in shown["history"]] == ["2026-03-01"]


@pytest.mark.parametrize(
    "path", ["/CN-XX", "/CN-XX/price_publicity", "/CN/no_such_value", "/CN-BJ+/price_publicity"]
)
async def test_what_there_is_not_is_not_found(market: Market, path: str) -> None:
    assert (await get(market, path)).status_code == 404


@pytest.mark.parametrize("path", ["/CN", "/CN/price_publicity"])
@pytest.mark.parametrize("on", ["soon", "2026-02-30", ""])
async def test_a_day_that_is_none_is_refused(market: Market, path: str, on: str) -> None:
    answer = await get(market, path, params={"on": on})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["on"]


async def test_a_pack_added_as_a_file_is_served_without_code(market: Market, with_guangdong: None) -> None:
    assert "CN-GD" in [item["id"] for item in (await get(market, "")).json()["items"]]
    pack = (await get(market, "/CN-GD")).json()
    assert {value["name"]: value["mark"] for value in pack["values"]} == {
        "price_publicity": None,
        "monkey_business": "U",
    }
    shown = (await get(market, "/CN-GD/price_publicity")).json()
    assert [(one["pack"], one["value"]) for one in shown["levels"]] == [("CN-GD", 20), ("CN", 15)]
    inherited = (await get(market, "/CN-GD/objection_answer")).json()
    assert inherited["value"]["pack"] == "GENERIC"


async def test_the_schema_tells_a_sound_file_from_a_faulty_one(market: Market) -> None:
    schema = (await get(market, "/schema")).json()
    validator = jsonschema.Draft202012Validator(schema)

    def as_json(text: str) -> Any:
        return json.loads(json.dumps(tomllib.loads(text), default=str))

    assert validator.is_valid(as_json(pack_text()))
    for faulty in ({"value": "15"}, {"source": None}, {"unit": "fortnights"}, {"days": 15}, {"rule": "?"}):
        assert not validator.is_valid(as_json(pack_text(a_value(**faulty)))), faulty
