"""Starts programs of the hall as a person would, and waits for processes without counting seconds."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

only_as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="needs root: changes users or mounts a small disk"
)
ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


def environment(**settings: str) -> dict[str, str]:
    """This process's own without the market's settings, and with these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MARKET_", "COV_"))}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **settings}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def market(*arguments: str, settings: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run one command of `market` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "market.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env=environment(**settings),
        cwd=cwd,
    )


def gone(pid: int) -> bool:
    """Wait until a process, which need not be a child, has ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], PATIENCE)[0])
    finally:
        os.close(handle)


def descendants(pid: int) -> set[int]:
    """The processes that a process started, and those that they started."""
    children: dict[int, set[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, set()).add(int(entry.name))
    found, waiting = set[int](), [pid]
    while waiting:
        new = children.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


class Hall:
    """A `market serve` in a process group of its own, as a shell starts it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "market.cli", "serve", "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(MARKET_DATA_DIR=str(folder)),
            cwd=folder.parent,
            process_group=0,
        )

    def read_until(self, wanted: str) -> str:
        """The first line that says so; fails where the process ends before."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if wanted in line:
                return line
        raise AssertionError(f"never said {wanted!r}:\n{''.join(self.lines)}")

    def child(self, name: str) -> int:
        """The process whose command line names it."""
        for pid in descendants(self.process.pid):
            with contextlib.suppress(OSError):
                if name in Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "):
                    return pid
        raise AssertionError(f"no process {name}")

    def interrupt(self) -> int:
        """Ctrl-C; answers the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        assert self.process.stdout is not None
        self.lines += self.process.stdout.readlines()
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def a_hall(folder: Path, port: int) -> Iterator[Hall]:
    """Running and ready; killed at the end if the test has not stopped it."""
    hall = Hall(folder, port)
    try:
        hall.read_until("Ctrl-C stops")
        yield hall
    finally:
        if hall.process.poll() is None:
            hall.kill()
        if hall.process.stdout is not None:
            hall.process.stdout.close()
