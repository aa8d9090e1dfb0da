"""The settings: what is refused and with which sentence, what the page says of them, and what doctor leaves alone."""

import ast
import asyncio
import inspect
import itertools
import re
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from market.settings import Settings, variable
from search import semantic
from tests.makers import Market
from tests.operations.commands import command
from tests.operations.processes import ROOT

KEY = "a-secret-key-of-the-tests-alone-0123456789"
PAGE = ROOT / "docs" / "settings.md"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """`run(ARGUMENTS, NAME=value)` in an empty folder."""

    def with_settings(*arguments: str, **settings: str) -> tuple[int, str, str]:
        given = {"MARKET_DATA_DIR": str(tmp_path / "data")} | settings
        return command(monkeypatch, capsys, **given)(*arguments)

    return with_settings


# What is refused


@pytest.mark.parametrize("name", ["migrate", "serve", "worker", "verify", "doctor"])
@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("MARKET_DATABASE_URL", "garbage", "must look like postgresql://"),
        ("MARKET_DATABASE_URL", "postgresql://a:hidden-word@host:port/name", "must look like postgresql://"),
        ("MARKET_DATABASE_URL", "", "is set and empty"),
        ("MARKET_DATABSE_URL", "postgresql://host/name", "is MARKET_DATABASE_URL meant?"),
        ("MARKET_SEARCH_URL", "meilisearch:7700", "must begin with http://"),
        ("MARKET_POOL_SIZE", "0", "greater than or equal to 1"),
        ("MARKET_TRUSTED_PROXIES", "gateway", "'gateway' is no IP address"),
        ("MARKET_TRUSTED_PROXIES", '["10.0.0.1"', "addresses separated by commas"),
    ],
)
def test_a_setting_that_cannot_be_is_one_sentence(
    tmp_path: Path, run: Run, name: str, variable: str, value: str, sentence: str
) -> None:
    code, out, told = run(name, **{"MARKET_SECRET_KEY": KEY, variable: value})
    assert code == 1
    said = [line for line in (out + told).splitlines() if "MARKET_" in line]
    assert len(said) == 1
    assert variable in said[0]
    assert sentence in said[0]
    assert "Traceback" not in out + told
    assert "hidden-word" not in out + told
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("name", ["migrate", "serve", "doctor"])
def test_search_by_meaning_without_its_extra_is_one_sentence(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(semantic, "_NEEDED", ("no_module_of_this_name",))
    code, out, told = run(name, MARKET_SEMANTIC="true")
    assert code == 1
    assert "MARKET_SEMANTIC: needs the extra `semantic`" in out + told
    assert not (tmp_path / "data").exists()


def test_settings_of_the_tests_and_small_letters_are_no_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKET_TEST_ANYTHING", "1")
    monkeypatch.setenv("market_pool_size", "3")
    assert Settings().pool_size == 3


@pytest.mark.parametrize(
    ("given", "believed"),
    [
        ("10.0.0.1", ["10.0.0.1"]),
        ("10.0.0.1, fd00::/8,", ["10.0.0.1", "fd00::/8"]),
        ('["10.0.0.1", "*"]', ["10.0.0.1", "*"]),
        ("[]", []),
        ("", []),
    ],
)
def test_proxies_are_a_list_with_commas(
    monkeypatch: pytest.MonkeyPatch, given: str, believed: list[str]
) -> None:
    monkeypatch.setenv("MARKET_TRUSTED_PROXIES", given)
    assert Settings().trusted_proxies == believed


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:p%40ss@host:5432/name",
        "postgres://host/name?sslmode=require",
        "postgresql+asyncpg://user@[::1]:5432/name",
        "postgresql://postgres@/postgres?host=%2Frun%2Fhall&port=5432",
    ],
)
def test_every_form_of_a_database_s_address_is_taken(url: str) -> None:
    assert Settings(database_url=url, demo=True).database_url == url


# What is said before the demo is shown to others


@pytest.mark.parametrize(("host", "warned"), [("0.0.0.0", True), ("127.0.0.1", False), ("localhost", False)])
def test_the_demo_warns_where_others_can_reach_it(run: Run, host: str, warned: bool) -> None:
    with socket.create_server((host, 0)) as taken:  # so that nothing is started
        code, out, told = run("serve", "--host", host, "--port", str(taken.getsockname()[1]))
    assert code == 1
    assert "cannot be used" in told
    assert ("the demo's passwords, which are published" in out) is warned


def test_a_hall_of_one_s_own_warns_of_nothing(run: Run) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        arguments = ("serve", "--host", "0.0.0.0", "--port", str(taken.getsockname()[1]))
        code, out, _ = run(*arguments, MARKET_DEMO="false", MARKET_SECRET_KEY=KEY)
    assert (code, out) == (1, "")


async def test_the_address_that_is_shown_answers(market: Market) -> None:
    answer = await market.client.get("/", follow_redirects=True)
    assert answer.status_code == httpx.codes.OK
    assert answer.url.path == "/schema"


# Doctor only looks


def test_doctor_makes_nothing_in_an_empty_folder(tmp_path: Path, run: Run) -> None:
    code, out, _ = run("doctor")
    assert code == 0
    assert "no database yet" in out
    assert list(tmp_path.iterdir()) == []


async def test_reindex_and_doctor_count_the_same_documents(
    market: Market, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    officer, director = await market.university()
    await market.listing(officer, director)
    gone = await market.listing(officer, director)
    await director.ok("POST", f"/listings/{gone['id']}/withdrawal", json={"reason": "Sold elsewhere"})
    settings = {
        "MARKET_DATABASE_URL": market.settings.database_url or "",
        "MARKET_SECRET_KEY": KEY,
        "MARKET_DATA_DIR": str(market.settings.data_dir),
    }
    run = command(monkeypatch, capsys, **settings)
    code, out, _ = await asyncio.to_thread(run, "reindex")
    assert (code, out.splitlines()[-1]) == (0, "The search index is rebuilt: 1 documents.")
    assert "1 documents in the index, 1 searchable listings" in (await asyncio.to_thread(run, "doctor"))[1]


# The page


def meanings() -> dict[str, str]:
    """What stands below each setting in its class."""
    (body,) = [
        node.body for node in ast.parse(inspect.getsource(Settings)).body if isinstance(node, ast.ClassDef)
    ]
    return {
        field.target.id: said.value.value
        for field, said in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(said, ast.Expr)
        and isinstance(said.value, ast.Constant)
        and isinstance(said.value.value, str)
    }


def table() -> str:
    """The settings as docs/settings.md shows them."""
    said = meanings()
    lines = ["| name | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = field.default.get_secret_value() if name == "secret_key" else field.default
        as_set = str(default).lower() if isinstance(default, bool) else default
        shown = "" if default in (None, "", []) else f"`{as_set}`"
        lines.append(f"| `{variable(name)}` | {shown} | {said[name]} |")
    return "\n".join(lines)


def test_the_page_shows_every_setting_with_its_default_and_meaning() -> None:
    assert table() in PAGE.read_text("utf-8"), f"docs/settings.md should hold:\n{table()}"


def test_the_page_names_every_variable_of_the_tests() -> None:
    texts = [
        path.read_text("utf-8") for folder in ("tests", "scripts") for path in (ROOT / folder).rglob("*.py")
    ]
    used = {name for text in texts for name in re.findall(r"MARKET_TEST_[A-Z_]+\b", text)} - {
        "MARKET_TEST_ANYTHING"
    }
    page = PAGE.read_text("utf-8")
    assert [name for name in sorted(used) if f"`{name}`" not in page] == []


@pytest.mark.parametrize("file", ["docker-compose.yml", "Dockerfile", "README.md", "docs/settings.md"])
def test_what_is_set_elsewhere_is_a_setting(file: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    known = {variable(name) for name in Settings.model_fields}
    named = {
        name for name in re.findall(r"\bMARKET_[A-Z_]*[A-Z]\b", text) if not name.startswith("MARKET_TEST_")
    }
    assert named - known == set()
