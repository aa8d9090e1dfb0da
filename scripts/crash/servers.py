"""What is killed and started again: one PostgreSQL that keeps what it confirms, and processes of the API over it."""

import asyncio
import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from market.embedded import EmbeddedPostgres
from market.processes import die_with_parent
from scripts.bench.servers import free_port
from scripts.crash.nursery import ASK

ROOT = Path(__file__).parents[2]
READY_SECONDS = 60.0

# Nothing reaches the disk for ten seconds, unless somebody waits for it: then a kill of all its processes loses it.
UNSYNCED = {
    "synchronous_commit": "off",
    "wal_writer_delay": "10s",
    "wal_writer_flush_after": "1GB",
    "wal_buffers": "64MB",
}


class Postgres:
    """The database server with its sessions."""

    def __init__(self, folder: Path, options: Mapping[str, str]) -> None:
        self._server = EmbeddedPostgres(folder / "postgres", options=options)
        self.url = self._server.url

    async def start(self) -> None:
        await asyncio.to_thread(self._server.start)

    async def stop(self) -> None:
        await asyncio.to_thread(self._server.stop)

    async def crash(self, *, sessions_too: bool = False) -> None:
        """Kill the postmaster, start another, and wait until it has recovered.

        Its sessions notice and end by themselves, unless they are killed as well.
        """
        process = self._server.process
        if process is None:
            raise RuntimeError("it is not running")
        sessions = _children(process.pid) if sessions_too else []
        process.kill()
        for pid in sessions:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        await self.start()


def _children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


class Nursery:
    """What starts the API processes."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scripts.crash.nursery"],
            env=dict(os.environ) | dict(environment),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - started from the one thread there is
        )

    def bear(self, port: int, log: Path) -> int:
        """The number of a new process that is about to listen at this port."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(ASK.format(port=port, log=log))
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def stop(self) -> None:
        """End it and all that it has started."""
        self._process.kill()
        self._process.communicate()


class Api:
    """One process of the API, always at the same port."""

    def __init__(self, number: int, folder: Path, nursery: Nursery) -> None:
        self.port = free_port()
        self._log = folder / f"api-{number}.log"
        self._nursery = nursery
        self._handle: int | None = None

    def start(self) -> None:
        self._forget()
        self._handle = os.pidfd_open(self._nursery.bear(self.port, self._log))

    def tell(self, what: signal.Signals) -> None:
        """Send it a signal."""
        if self._handle is not None:
            signal.pidfd_send_signal(self._handle, what)

    def _ended(self, seconds: float | None = 0) -> bool:
        return self._handle is None or bool(select.select([self._handle], [], [], seconds)[0])

    def _forget(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def look(self) -> None:
        """Start it again where it ended by itself: it does, when the database is away while it starts."""
        if self._ended():
            self.start()

    async def ready(self) -> None:
        """Wait until it listens. TimeoutError."""
        async with asyncio.timeout(READY_SECONDS):
            while True:
                self.look()
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return
                await asyncio.sleep(0.05)

    def crash(self) -> None:
        """Kill it and start another."""
        self.tell(signal.SIGKILL)
        self._ended(None)
        self.start()

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.tell(signal.SIGKILL)
        self._forget()
