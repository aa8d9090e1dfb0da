"""The commands: one clear sentence for expected trouble, and what they do to a database."""

import asyncio
import re
import socket
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from tests.operations.commands import command
from tests.operations.disks import full
from tests.operations.processes import free_port, only_as_root

KEY = "a-secret-key-of-the-tests-alone-0123456789"
Run = Callable[..., tuple[int, str, str]]


def of(command_name: str) -> tuple[str, ...]:
    return (command_name, "--port", str(free_port())) if command_name == "serve" else (command_name,)


async def people(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        counted: int = await connection.fetchval("SELECT count(*) FROM person")
    finally:
        await connection.close()
    return counted


def test_a_port_in_use_is_one_sentence_and_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = command(monkeypatch, capsys, MARKET_DATA_DIR=str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, told = run("serve", "--port", str(taken.getsockname()[1]))
    assert (code, told.count("\n")) == (1, 1)
    assert "PORT=" in told
    assert not (tmp_path / "postgres").exists()


@only_as_root
def test_a_disk_with_too_little_room_is_one_sentence_and_leaves_nothing(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, told = command(monkeypatch, capsys, MARKET_DATA_DIR=str(small_disk / "data"))(*of("serve"))
    assert code == 1
    place = small_disk / "data" / "postgres"
    assert re.fullmatch(
        f"The disk of {place} has 2[0-9] MiB free, the database needs 300.", told.splitlines()[-1]
    )
    assert not place.exists()


@only_as_root
def test_a_full_disk_under_the_index_is_one_sentence(
    database_url: str, small_disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"MARKET_DATABASE_URL": database_url, "MARKET_SECRET_KEY": KEY}
    run = command(monkeypatch, capsys, **settings, MARKET_DATA_DIR=str(small_disk))
    assert run("reindex")[0] == 0
    with full(small_disk):
        code, _, told = run("reindex")
    assert (code, told) == (
        1,
        "The search does not work: there is no room on the disk of the search index.\n",
    )
    assert run("reindex")[0] == 0


@only_as_root
def test_a_full_disk_under_the_database_is_one_sentence_and_loads_nothing(
    on_a_small_disk: str,
    small_disk: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = {"MARKET_DATABASE_URL": on_a_small_disk, "MARKET_SECRET_KEY": KEY, "MARKET_DEMO": "true"}
    run = command(monkeypatch, capsys, **settings, MARKET_DATA_DIR=str(tmp_path_factory.mktemp("data")))
    with full(small_disk):
        code, _, told = run("seed")
    assert (code, told) == (
        1,
        "The disk of the database is full: make room and start again; nothing that was confirmed is lost.\n",
    )
    assert asyncio.run(people(on_a_small_disk)) == 0
    assert run("verify")[0] == 0


def test_data_of_another_version_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = tmp_path / "postgres"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("17\n")
    before = {path: path.stat().st_mtime_ns for path in (cluster, *cluster.rglob("*"))}
    code, _, told = command(monkeypatch, capsys, MARKET_DATA_DIR=str(tmp_path))(*of("serve"))
    assert (code, told.count("\n")) == (1, 1)
    assert "was made by PostgreSQL 17" in told
    assert {path: path.stat().st_mtime_ns for path in (cluster, *cluster.rglob("*"))} == before


@pytest.mark.parametrize("name", ["serve", "worker", "migrate", "verify", "reindex", "doctor"])
def test_outside_the_demo_a_missing_secret_key_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    url = "postgresql://someone@127.0.0.1:1/none"
    run = command(monkeypatch, capsys, MARKET_DATABASE_URL=url, MARKET_DATA_DIR=str(tmp_path))
    code, out, told = run(*of(name))
    assert code == 1
    assert "MARKET_SECRET_KEY is required" in out + told


@pytest.mark.parametrize("name", ["serve", "migrate", "verify", "doctor", "seed", "reindex"])
def test_a_database_out_of_reach_is_one_sentence_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    settings = {
        "MARKET_DATABASE_URL": "postgresql://someone:hidden-word@127.0.0.1:1/none",
        "MARKET_SECRET_KEY": KEY,
        "MARKET_DEMO": "true",
        "MARKET_DATA_DIR": str(tmp_path),
    }
    code, out, told = command(monkeypatch, capsys, **settings)(*of(name))
    assert code == 1
    assert "database does not answer" in out + told
    assert "hidden-word" not in out + told


def test_a_setting_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = command(monkeypatch, capsys, MARKET_POOL_SIZE="many", MARKET_DATA_DIR=str(tmp_path))
    code, _, told = run("migrate")
    assert code == 1
    assert "MARKET_POOL_SIZE" in told


def test_the_demo_market_is_refused_outside_the_demo(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"MARKET_DATABASE_URL": database_url, "MARKET_SECRET_KEY": KEY}
    code, _, told = command(monkeypatch, capsys, **settings)("seed")
    assert code == 1
    assert "MARKET_DEMO=true" in told


@pytest.mark.parametrize("arguments", [("open",), ("serve", "--port", "many"), ("serve", "--port", "70000")])
def test_wrong_usage_is_exit_code_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert command(monkeypatch, capsys)(*arguments)[0] == 2


def test_a_database_is_migrated_indexed_and_examined(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {
        "MARKET_DATABASE_URL": database_url,
        "MARKET_SECRET_KEY": KEY,
        "MARKET_DATA_DIR": str(tmp_path),
    }
    run = command(monkeypatch, capsys, **settings)
    assert run("migrate")[:2] == (0, "The schema is the newest already.\n")
    code, out, _ = run("doctor")
    assert code == 1
    assert "market reindex" in out
    assert run("reindex")[0] == 0
    assert "0 documents in the index, 0 searchable listings" in run("doctor")[1]
    assert run("verify")[0] == 0
