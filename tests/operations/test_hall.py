"""What a newcomer does, with the real processes: start, use, stop, start again, kill, start again."""

import asyncio
import json
import os
import signal
import time
from pathlib import Path

import asyncpg
import httpx
import pytest

from market.folder import DataFolder
from tests.operations.commands import command
from tests.operations.processes import a_hall, descendants, free_port, gone

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


TOUCH = """
SET session_replication_role = replica;
UPDATE contract SET document = document || ' '::bytea
    WHERE (deal_id, record_number) = (SELECT deal_id, record_number FROM contract LIMIT 1);
UPDATE introduction SET signature = sha256(signature) || sha256(signature)
    WHERE id = (SELECT id FROM introduction LIMIT 1);
UPDATE edition SET snapshot = '{}', sha256 = sha256('{}')
    WHERE id = (SELECT id FROM edition WHERE snapshot IS NOT NULL LIMIT 1);
"""


async def touch(url: str) -> None:
    """As somebody with the database's own powers, whom its triggers do not stop."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(TOUCH)
    finally:
        await connection.close()


def test_the_hall_is_started_used_stopped_killed_and_keeps_its_data(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
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

        run = command(monkeypatch, capsys, MARKET_DATA_DIR=str(folder))
        code, _, told = run("serve", "--port", str(free_port()))
        assert (code, told.count("\n")) == (1, 1)
        assert f"already runs in {folder} at {hall.address}" in told

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

        worker = hall.child("market.cli worker")
        os.kill(worker, signal.SIGKILL)
        assert "worker was ended by SIGKILL" in hall.read_until("starting it again")
        hall.read_until("keeping the search index in step")
        assert hall.child("market.cli worker") != worker

        run = command(monkeypatch, capsys, MARKET_DATA_DIR=str(folder))
        code, out, _ = run("doctor", "--json")
        assert code == 0, out
        assert all(json.loads(line)["level"] != "failed" for line in out.splitlines())
        code, out, _ = run("verify")
        assert (code, out.splitlines()[-1]) == (0, "Nothing was touched.")
        assert "running worker rebuilds" in run("reindex")[1]
        hall.read_until("search index rebuilt")

        started = descendants(hall.process.pid)
        hall.kill()
        assert all(gone(pid) for pid in started)

    with a_hall(folder, free_port()) as hall:
        sign_in(hall.address)

        occupant = DataFolder(folder).occupant()
        assert occupant is not None
        asyncio.run(touch(occupant.database_url))
        code, out, _ = run("verify")
        assert (code, out.splitlines()[-1]) == (1, "5 findings.")
        assert ["contract of deal" in out, "edition" in out, "introduction" in out] == [True] * 3

        started = descendants(hall.process.pid)
        os.kill(hall.child("postgres -D"), signal.SIGKILL)
        assert "everything was stopped" in hall.read_until("The database ended")
        assert hall.process.wait(60) == 1
        assert all(gone(pid) for pid in started)
