"""What a newcomer does, with the real processes: start, use, stop, start again, kill, start again."""

import json
import os
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from tests.operations.processes import a_hall, descendants, free_port, gone, market

pytestmark = pytest.mark.slow
OFFICER = {"email": "officer@university.example", "password": "release-hall-demo"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data folder for the whole story; its path is awkward on purpose."""
    place = tmp_path_factory.mktemp("a newcomer")
    return place / "数据 of the hall"


def sign_in(address: str) -> str:
    answer = httpx.post(f"{address}/api/v1/sessions", json=OFFICER)
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["token"]
    return token


def test_a_newcomer_starts_uses_and_stops_the_hall(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with a_hall(folder, free_port()) as hall:
        said = "".join(hall.lines)
        assert hall.address in said
        assert f"{hall.address}/schema" in said
        for account in (
            "officer@",
            "director@",
            "buyer@",
            "manager@",
            "operator@",
            "auditor@",
            OFFICER["password"],
        ):
            assert account in said
        assert httpx.get(f"{hall.address}/health").status_code == 200
        assert httpx.get(f"{hall.address}/ready").status_code == 200
        token = sign_in(hall.address)

        second = market(
            "serve", "--port", str(free_port()), settings={"MARKET_DATA_DIR": str(folder)}, cwd=folder.parent
        )
        assert second.returncode == 1
        assert second.stderr.count("\n") == 1
        assert f"already runs in {folder} at {hall.address}" in second.stderr

        started = descendants(hall.process.pid)
        assert len(started) >= 3
        assert hall.interrupt() in (0, 130)
        assert "Traceback" not in "".join(hall.lines)
        assert all(gone(pid) for pid in started)

    begun = time.monotonic()
    with a_hall(folder, free_port()) as hall:
        with capsys.disabled():
            print(f"\nsecond start ready in {time.monotonic() - begun:.1f} s")
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{hall.address}/api/v1/sessions/current", headers=headers).status_code != 401
        assert not any("Loading" in line for line in hall.lines)


def test_a_killed_hall_leaves_no_orphan_and_starts_again(folder: Path) -> None:
    with a_hall(folder, free_port()) as hall:
        started = descendants(hall.process.pid)
        hall.kill()
        assert all(gone(pid) for pid in started)
    with a_hall(folder, free_port()) as hall:
        sign_in(hall.address)

        worker = hall.child("market.cli worker")
        os.kill(worker, signal.SIGKILL)
        assert "worker was ended by SIGKILL" in hall.read_until("starting it again")
        hall.read_until("at work")
        assert hall.child("market.cli worker") != worker

        checks = market("doctor", "--json", settings={"MARKET_DATA_DIR": str(folder)}, cwd=folder.parent)
        assert [line for line in checks.stdout.splitlines() if json.loads(line)["level"] == "failed"] == []
        assert checks.returncode == 0
        verified = market("verify", settings={"MARKET_DATA_DIR": str(folder)}, cwd=folder.parent)
        assert verified.returncode == 0, verified.stdout
        rebuilt = market("reindex", settings={"MARKET_DATA_DIR": str(folder)}, cwd=folder.parent)
        assert "running worker rebuilds" in rebuilt.stdout
        hall.read_until("search index rebuilt")

        started = descendants(hall.process.pid)
        os.kill(hall.child("postgres -D"), signal.SIGKILL)
        assert "everything was stopped" in hall.read_until("The database ended")
        assert hall.process.wait(60) == 1
        assert all(gone(pid) for pid in started)


def test_a_port_in_use_is_one_sentence_and_starts_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = market(
            "serve", "--port", str(port), settings={"MARKET_DATA_DIR": str(tmp_path / "hall")}, cwd=tmp_path
        )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "PORT=" in done.stderr
    assert not (tmp_path / "hall" / "postgres").exists()


def test_data_of_another_version_are_left_alone(tmp_path: Path) -> None:
    cluster = tmp_path / "hall" / "postgres"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("17\n")
    before = {path: path.stat().st_mtime_ns for path in cluster.rglob("*")}
    done = market(
        "serve",
        "--port",
        str(free_port()),
        settings={"MARKET_DATA_DIR": str(tmp_path / "hall")},
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert "was made by PostgreSQL 17" in done.stderr
    assert done.stderr.count("\n") == 1
    assert {path: path.stat().st_mtime_ns for path in cluster.rglob("*")} == before


@pytest.mark.parametrize("command", ["serve", "worker", "migrate", "verify", "doctor"])
def test_outside_the_demo_a_missing_secret_key_is_said(tmp_path: Path, command: str) -> None:
    settings = {
        "MARKET_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "MARKET_DATA_DIR": str(tmp_path),
    }
    done = market(command, settings=settings, cwd=tmp_path)
    assert done.returncode == 1
    assert "MARKET_SECRET_KEY is required" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["serve", "migrate", "verify", "doctor", "seed", "reindex"])
def test_a_database_out_of_reach_is_one_sentence(tmp_path: Path, command: str) -> None:
    settings = {
        "MARKET_DATABASE_URL": "postgresql://someone:hidden-word@127.0.0.1:1/none",
        "MARKET_SECRET_KEY": "a-secret-key-of-the-tests-alone-0123456789",
        "MARKET_DEMO": "true",
        "MARKET_DATA_DIR": str(tmp_path),
    }
    port = ("--port", str(free_port())) if command == "serve" else ()
    done = market(command, *port, settings=settings, cwd=tmp_path)
    assert done.returncode == 1
    assert "database does not answer" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert "hidden-word" not in done.stderr + done.stdout


def test_wrong_usage_is_exit_code_two(tmp_path: Path) -> None:
    assert market("serve", "--port", "many", settings={}, cwd=tmp_path).returncode == 2
    assert market("open", settings={}, cwd=tmp_path).returncode == 2
