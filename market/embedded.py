"""A real PostgreSQL of one's own, from a wheel, for one machine: made, started and stopped with this process.

It listens on a socket in a private folder and on no network address. It dies with the process that started it, also
when that one is killed; the data survive, as after any crash.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from market.embedded_home import (
    PORT,
    EmbeddedFailed,
    let_through,
    own,
    private_folder,
    programs,
    socket_folder,
    sync_folder,
    user_of,
)
from market.processes import die_with_parent

SMALLEST_DISK = 300 * 1024 * 1024
LONGEST_PATH = 900
"""Bytes of the data folder's path; PostgreSQL's programs cut paths at 1,023 with the names of files behind them."""
LARGEST_LOG = 16 * 1024 * 1024
_STATUS_LINE = 7
_ORPHANS = "pre-existing shared memory block"


class EmbeddedPostgres:
    """One cluster under `data_dir`; use as a context manager, or `start` and `stop`."""

    def __init__(self, data_dir: Path, *, options: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.resolve()  # one folder has one name here
        self.options = dict(options or {})
        self.user = user_of(self.data_dir)
        self.binaries = programs()
        self.socket_dir = socket_folder(self.data_dir)
        self.log = self.data_dir / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._log_begin = 0

    @property
    def url(self) -> str:
        return self.database_url("postgres")

    def database_url(self, name: str, user: str = "postgres") -> str:
        # The port is said, since clients would else take it from PGPORT.
        return f"postgresql://{user}@/{name}?host={quote(str(self.socket_dir))}&port={PORT}"

    def __enter__(self) -> "EmbeddedPostgres":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Make the cluster where there is none, start it, and wait until it takes connections. EmbeddedFailed."""
        try:
            try:
                self._refuse_unfit()
                self._let_earlier_end()
                self._prepare()
                self._launch()
            except BaseException:
                self.stop()
                raise
        except PermissionError as error:
            raise EmbeddedFailed(
                f"{error.filename} belongs to another user: start as that user, or name another folder "
                "with MARKET_DATA_DIR."
            ) from error
        except OSError as error:
            raise EmbeddedFailed(
                f"The database in {self.data_dir} cannot be started: {error.strerror} ({error.filename})."
            ) from error

    def _refuse_unfit(self) -> None:
        """Before anything is touched: a folder that is not ours to use, or of another version."""
        if len(os.fsencode(self.data_dir)) > LONGEST_PATH:
            raise EmbeddedFailed(
                f"The path of the data folder is longer than {LONGEST_PATH} bytes, more than PostgreSQL can open: "
                "name a shorter one with MARKET_DATA_DIR."
            )
        if not self.data_dir.exists():
            return
        version = self.data_dir / "PG_VERSION"
        if version.exists():
            self._refuse_other_version(version.read_text().strip())
        elif any(self.data_dir.iterdir()):
            raise EmbeddedFailed(
                f"{self.data_dir} is not empty and holds no database: nothing was touched. Move it away, or name "
                "another folder with MARKET_DATA_DIR."
            )

    def _refuse_other_version(self, found: str) -> None:
        told = subprocess.run(
            [self.binaries / "postgres", "--version"], capture_output=True, text=True, check=True
        )
        ours = told.stdout.split()[-1].split(".")[0]
        if found != ours:
            raise EmbeddedFailed(
                f"{self.data_dir} was made by PostgreSQL {found} and this is {ours}: nothing was touched. "
                f"Dump it with PostgreSQL {found} and restore it, or move the folder away to begin anew."
            )

    def _let_earlier_end(self) -> None:
        """The database of a process that was killed is told to stop by the kernel, and needs a moment for it."""
        begun = time.monotonic()
        while (running := self._running()) is not None:
            pid, status = running
            waited = time.monotonic() - begun
            if waited > (60 if status == "stopping" else 1):
                raise EmbeddedFailed(
                    f"Release Hall already runs on {self.data_dir} (database process {pid}): stop that one first."
                )
            time.sleep(0.05)
        # PostgreSQL itself would believe a number that meanwhile belongs to another process of the same user.
        (self.data_dir / "postmaster.pid").unlink(missing_ok=True)

    def _running(self) -> tuple[int, str] | None:
        """The process that serves this very folder, and its status, as far as it has told."""
        with contextlib.suppress(OSError, ValueError):
            lines = (self.data_dir / "postmaster.pid").read_bytes().split(b"\n")
            pid = int(lines[0])
            # PostgreSQL works in its data folder; a process that has ended, or has only the number, does not.
            if os.path.samestat(os.stat(f"/proc/{pid}/cwd"), self.data_dir.stat()):  # noqa: PTH116 - a link of /proc
                return pid, lines[_STATUS_LINE].decode().strip() if len(lines) > _STATUS_LINE else ""
        return None

    def _prepare(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if self.user is not None:
            let_through(self.binaries, self.data_dir, self.socket_dir)
        if not (self.data_dir / "PG_VERSION").exists():
            self._make_cluster()
        private_folder(self.socket_dir, self.user)

    def _make_cluster(self) -> None:
        free = shutil.disk_usage(self.data_dir).free
        if free < SMALLEST_DISK:
            self._give_up_folder()
            raise EmbeddedFailed(
                f"The disk of {self.data_dir} has {free // 2**20} MiB free, the database needs {SMALLEST_DISK // 2**20}."
            )
        # Beside it first: a cluster that was half made when the disk ran full is never taken for a whole one.
        making = self.data_dir.with_name(self.data_dir.name + ".making")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        own(making, self.user)
        arguments = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-instructions"]
        arguments += ["--locale-provider=builtin", "--locale=C.UTF-8"]
        try:
            done = subprocess.run(
                [self.binaries / "initdb", *arguments, "-D", making],
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                **self._as_child(),
            )
            if done.returncode:
                raise EmbeddedFailed(f"The database could not be made: {_last_line(done.stderr)}")
            self.data_dir.rmdir()
            making.rename(self.data_dir)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            self._give_up_folder()
            raise
        sync_folder(self.data_dir.parent)

    def _give_up_folder(self) -> None:
        with contextlib.suppress(OSError):
            self.data_dir.rmdir()

    def _launch(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_name("postgres.log.1"))
        options = {
            "listen_addresses": "",
            "port": PORT,
            "unix_socket_directories": str(self.socket_dir),
            **self.options,
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        until = time.monotonic() + 60
        while True:
            self._log_begin = self.log.stat().st_size if self.log.exists() else 0
            with self.log.open("ab") as output:
                self.process = subprocess.Popen(
                    [self.binaries / "postgres", "-D", self.data_dir, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops things in order
                    **self._as_child(),
                )
            if self._answers(until):
                return
            # Its server was killed a moment ago, and its sessions have not all noticed; they write to the same log.
            if _ORPHANS not in self._said() or time.monotonic() > until:
                raise EmbeddedFailed(
                    f"The database did not start: {self.last_words()} (all of it: {self.log})"
                )
            time.sleep(0.1)

    def _answers(self, until: float) -> bool:
        """Whether it takes connections; false where it ended."""
        assert self.process is not None  # noqa: S101 - started by the caller
        while time.monotonic() < until:
            if self.process.poll() is not None:
                return False
            if self._running() == (self.process.pid, "ready"):
                return True
            time.sleep(0.02)
        raise EmbeddedFailed(f"The database did not answer within a minute; its log: {self.log}")

    def last_words(self) -> str:
        """The line of its log that says best why it ended."""
        return _last_line(self._said())

    def _said(self) -> str:
        """Its log since it was last launched."""
        with self.log.open("rb") as written:
            written.seek(self._log_begin)
            return written.read().decode(errors="replace")

    def stop(self) -> None:
        """Stop it in order: open transactions are rolled back, everything committed is on the disk."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait()
        self.process = None
        shutil.rmtree(self.socket_dir, ignore_errors=True)

    def _as_child(self) -> dict[str, Any]:
        """How its programs are started; PG… variables are meant for other databases."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        options: dict[str, Any] = {
            "cwd": "/",
            "env": environment,
            "preexec_fn": die_with_parent(signal.SIGINT),
        }
        if self.user is not None:
            options |= {"user": self.user[0], "group": self.user[1], "extra_groups": []}
        return options


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if "FATAL" in line or "PANIC" in line or "error" in line.lower()]
    return (told or lines or ["no reason was given"])[-1]
