"""The embedded database: awkward folders, crashes, strangers, full disks; as root and as an ordinary user."""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from market import embedded
from market.embedded import EmbeddedPostgres
from market.embedded_home import EmbeddedFailed
from tests.operations.disks import full
from tests.operations.processes import environment, gone, only_as_root


def ask(url: str, *statements: str) -> object:
    """Run the statements, answer the first value of the last one."""

    async def run() -> object:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(run())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("embedded")


@pytest.fixture(scope="module")
def made(place: Path) -> Path:
    """A cluster with one row in it, made once and copied by each test."""
    folder = place / "made"
    with EmbeddedPostgres(folder) as server:
        ask(server.url, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)", "SELECT 1")
    return folder


@pytest.fixture
def cluster(made: Path, tmp_path: Path) -> Path:
    subprocess.run(["cp", "-a", made, tmp_path / "postgres"], check=True)
    return tmp_path / "postgres"


def kept(folder: Path) -> bool:
    with EmbeddedPostgres(folder) as server:
        return ask(server.url, "SELECT n FROM kept") == 7


def test_it_keeps_data_under_a_long_path_with_blanks_and_chinese(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")  # meant for other databases
    monkeypatch.setenv("PGHOST", "elsewhere.example")
    folder = tmp_path / "a, b 'c'" / "数据 é" / ("x" * 200) / ("y" * 200) / "postgres"
    with EmbeddedPostgres(folder) as server:
        ask(server.url, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)", "SELECT 1")
        assert ask(server.url, "SHOW listen_addresses") == ""
    assert not server.socket_dir.exists()
    assert kept(folder)


def test_a_path_that_postgresql_cannot_open_is_refused(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["z" * 200] * 5)
    with pytest.raises(EmbeddedFailed, match="longer than 900 bytes"):
        EmbeddedPostgres(folder).start()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_database_starts_again_with_what_was_committed(cluster: Path) -> None:
    server = EmbeddedPostgres(cluster)
    server.start()
    assert server.process is not None
    ask(server.url, "INSERT INTO kept VALUES (8)", "SELECT 1")
    server.process.kill()
    server.process.wait()
    assert server.socket_dir.exists()  # left over, and used again
    with EmbeddedPostgres(cluster) as again:
        assert ask(again.url, "SELECT sum(n) FROM kept") == 15


def test_a_number_in_the_lock_file_that_belongs_to_another_process_does_not_hinder(cluster: Path) -> None:
    user = EmbeddedPostgres(cluster).user
    other = subprocess.Popen(["sleep", "60"], user=user[0] if user else None)
    try:
        lines = [str(other.pid), str(cluster), "1", "5432", "", "", "", "ready"]
        (cluster / "postmaster.pid").write_text("\n".join(lines) + "\n")
        assert kept(cluster)
    finally:
        other.kill()
        other.wait()


def test_a_half_made_cluster_is_made_anew(tmp_path: Path) -> None:
    half = tmp_path / "postgres.making"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(tmp_path / "postgres") as server:
        assert ask(server.url, "SELECT 1") == 1
    assert not half.exists()


def test_data_of_another_version_and_strange_folders_are_not_touched(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (old / "PG_VERSION").write_text("16\n")
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "thesis.txt").write_text("mine")
    before = {path: path.stat() for path in tmp_path.rglob("*")}
    with pytest.raises(EmbeddedFailed, match="made by PostgreSQL 16"):
        EmbeddedPostgres(old).start()
    with pytest.raises(EmbeddedFailed, match="is not empty and holds no database"):
        EmbeddedPostgres(strange).start()
    after = {path: path.stat() for path in tmp_path.rglob("*")}
    assert {p: (s.st_mtime_ns, s.st_uid, s.st_mode) for p, s in before.items()} == {
        p: (s.st_mtime_ns, s.st_uid, s.st_mode) for p, s in after.items()
    }


def test_a_second_one_on_the_same_data_is_refused(cluster: Path) -> None:
    with (
        EmbeddedPostgres(cluster) as first,
        pytest.raises(EmbeddedFailed, match="already runs on"),
    ):
        EmbeddedPostgres(cluster).start()
    assert first.process is None


def test_a_folder_for_the_socket_that_others_can_reach_is_refused(cluster: Path, tmp_path: Path) -> None:
    server = EmbeddedPostgres(cluster)
    server.socket_dir.symlink_to(tmp_path)
    try:
        with pytest.raises(EmbeddedFailed, match="not a private folder"):
            server.start()
    finally:
        server.socket_dir.unlink()
    server.socket_dir.mkdir()
    server.socket_dir.chmod(0o777)
    try:
        with pytest.raises(EmbeddedFailed, match="not a private folder"):
            server.start()
    finally:
        server.socket_dir.rmdir()


def test_it_dies_with_the_process_that_started_it(cluster: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from market.embedded import EmbeddedPostgres\n"
        "server = EmbeddedPostgres(Path(sys.argv[1])); server.start()\n"
        "print(server.process.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, cluster], stdout=subprocess.PIPE, text=True, env=environment()
    )
    assert parent.stdout is not None
    database = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    # It may be stopping still when the next one starts.
    assert kept(cluster)
    assert gone(database)


def as_ordinary_user(program: str, folder: Path, number: int) -> subprocess.CompletedProcess[str]:
    """Run a program that has given up root for good; the interpreter itself may lie where only root can go."""
    drop = (
        "import encodings.idna, os, sys; from pathlib import Path; from market.embedded import EmbeddedPostgres\n"
        f"os.setgroups([]); os.setgid({number}); os.setuid({number}); os.chdir('/')\n"
    )
    return subprocess.run(
        [sys.executable, "-c", drop + program, folder],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


@only_as_root
def test_an_ordinary_user_runs_it_as_themselves_and_root_goes_on_as_that_user(
    tmp_path: Path, made: Path
) -> None:
    assert made.exists()  # making it has let others pass through the folders above
    tmp_path.chmod(0o711)
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 1, 1)
    program = "with EmbeddedPostgres(Path(sys.argv[1])) as server: print(server.user)"
    done = as_ordinary_user(program, home / "postgres", 1)
    assert (done.stdout, done.returncode) == ("None\n", 0), done.stderr
    with EmbeddedPostgres(home / "postgres") as server:
        assert server.user == (1, 1)
        assert ask(server.url, "SELECT 1") == 1


@only_as_root
def test_what_root_made_is_not_taken_by_an_ordinary_user(cluster: Path) -> None:
    cluster.parent.chmod(0o711)
    done = as_ordinary_user("EmbeddedPostgres(Path(sys.argv[1])).start()", cluster, 1)
    assert done.returncode == 1
    assert "belongs to another user" in done.stderr


@only_as_root
def test_a_full_disk_leaves_nothing_half_made(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small_disk / "postgres"
    with pytest.raises(EmbeddedFailed, match="MiB free, the database needs 300"):
        EmbeddedPostgres(folder).start()
    assert list(small_disk.iterdir()) == []
    monkeypatch.setattr(embedded, "SMALLEST_DISK", 0)
    with pytest.raises(EmbeddedFailed, match="No space left on device"):
        EmbeddedPostgres(folder).start()
    assert list(small_disk.iterdir()) == []


@only_as_root
def test_a_disk_that_is_full_later_loses_nothing(small_disk: Path, cluster_on: Path) -> None:
    with full(small_disk), pytest.raises(EmbeddedFailed, match="No space left on device"):
        EmbeddedPostgres(cluster_on).start()
    assert kept(cluster_on)


@pytest.fixture
def cluster_on(made: Path, small_disk: Path) -> Path:
    subprocess.run(["mount", "-o", "remount,size=160m", small_disk], check=True)
    subprocess.run(["cp", "-a", made, small_disk / "postgres"], check=True)
    return small_disk / "postgres"


def test_an_interrupted_start_stops_what_it_started(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = EmbeddedPostgres(cluster)
    started: list[int] = []

    def interrupted(until: float) -> bool:
        assert server.process is not None
        started.append(server.process.pid)
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "_answers", interrupted)
    with pytest.raises(KeyboardInterrupt):
        server.start()
    assert gone(started[0])
    assert kept(cluster)


def test_its_log_does_not_grow_for_ever(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LARGEST_LOG", 10)
    assert kept(cluster)
    assert (cluster / "postgres.log.1").exists()
    shutil.rmtree(cluster)
