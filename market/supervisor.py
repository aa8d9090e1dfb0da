"""Runs the hall on one machine: the database, the worker and the API as child processes that start and stop in order.

It knows processes, sockets and signals. What it starts dies with it, also when it is killed.
"""

import contextlib
import http.client
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from market.embedded import EmbeddedPostgres
from market.processes import die_with_parent
from market.trouble import Trouble

API_SECONDS = 20
WORKER_SECONDS = 25
READY_SECONDS = 120
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60
"""A child that lived this long and ends starts again at once."""
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Say = Callable[[str], None]


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else is started, so that nobody else can have it meanwhile."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        told = getattr(error, "strerror", None) or str(error)
        raise Trouble(
            f"Port {port} of {host} cannot be used ({told}): choose another, with `PORT={port + 1} make run` "
            f"or `market serve --port {port + 1}`. Nothing was started."
        ) from error
    return listener


def address_of(listener: socket.socket) -> str:
    """The address to open in a browser on this machine."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@dataclass
class Child:
    """One process that is started again whenever it ends, after a pause that grows while it keeps ending."""

    name: str
    arguments: list[str]
    environment: Mapping[str, str]
    seconds: float
    """How long it may take to stop before it is killed."""
    sockets: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    ends: int = 0
    begun: float = 0
    """When it was last started, on the monotonic clock."""
    _due: float = 0

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *self.arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            pass_fds=self.sockets,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops things in order
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - started from the one thread there is
        )
        self.begun = time.monotonic()

    def look(self, say: Say) -> None:
        """Start it again where it ended and its pause is over."""
        at = time.monotonic()
        if self.process is None:
            if at >= self._due:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            return
        self.process = None
        self.ends = 1 if at - self.begun > STEADY_SECONDS else self.ends + 1
        pause = min(LONGEST_PAUSE, 0.25 * 2**self.ends)
        self._due = at + pause
        say(f"The {self.name} {_told(code)}: starting it again in {pause:g} s.")

    def tell(self, what: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(what)

    def await_end(self, hurried: Callable[[], bool]) -> None:
        until = time.monotonic() + self.seconds
        while self.process is not None and self.process.poll() is None:
            if hurried() or time.monotonic() > until:
                self.process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.1)
        self.process = None


def _told(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


@dataclass
class Supervisor:
    """Watches what runs until it is told to stop; then everything stops in order: API, worker, database."""

    say: Say
    database: EmbeddedPostgres | None = None
    worker: Child | None = None
    api: list[Child] = field(default_factory=list)
    told_to_stop: int = 0
    _wake: int = -1

    @property
    def children(self) -> list[Child]:
        """Those that were started, and are started again whenever they end."""
        return [child for child in (*self.api, self.worker) if child is not None and child.begun]

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Signals are counted and wake the watch, instead of breaking in anywhere."""
        self._wake, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        old_wake = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        old = {sig: signal.signal(sig, self._stop_asked) for sig in STOPPING}
        old[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            yield
        finally:
            for sig, handler in old.items():
                signal.signal(sig, handler)
            signal.set_wakeup_fd(old_wake)
            os.close(self._wake)
            os.close(write)

    def _stop_asked(self, *_: Any) -> None:
        self.told_to_stop += 1

    def start(self) -> None:
        """Start the API; to be called from the main thread, whose end the children would not survive."""
        for child in self.api:
            child.start()

    def await_ready(self, listener: socket.socket, path: str) -> bool:
        """Until `path` answers 200; false where it was told to stop. Trouble where the API does not come up.

        The worker is started once the API lives: people wait for the API, and both need the same cores to load.
        """
        until = time.monotonic() + READY_SECONDS
        if self.worker is not None:
            if not self._await_answer(listener, "/health", until):
                return False
            self.worker.start()
        return self._await_answer(listener, path, until)

    def _await_answer(self, listener: socket.socket, path: str, until: float) -> bool:
        while not self.told_to_stop:
            if _answers_ok(listener, path):
                return True
            if time.monotonic() > until or any(child.ends > 2 for child in self.api):
                raise Trouble("The API does not come up; the lines above say why.")
            self.look(0.05)
        return False

    def watch(self) -> None:
        """Until it is told to stop. Trouble where the database ended."""
        while not self.told_to_stop:
            self.look(1.0)

    def look(self, seconds: float) -> None:
        """Wait for a signal or so many seconds, then see to whatever has ended."""
        if select.select([self._wake], [], [], seconds)[0]:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake, 4096)
        self._look_at_database()
        for child in self.children:
            child.look(self.say)

    def _look_at_database(self) -> None:
        process = self.database.process if self.database else None
        if self.database is not None and process is not None and process.poll() is not None:
            raise Trouble(
                f"The database ended ({self.database.last_words()}), so everything was stopped; nothing that was "
                f"confirmed is lost. Its log: {self.database.log}"
            )

    def stop(self) -> None:
        """Requests under way are answered, the worker finishes its batch, the database closes its files."""
        asked = self.told_to_stop
        for group in (self.api, [self.worker] if self.worker else []):
            for child in group:
                child.tell(signal.SIGTERM)
            for child in group:
                child.await_end(lambda: self.told_to_stop > max(1, asked))
        if self.database is not None:
            self.database.stop()


def _answers_ok(listener: socket.socket, path: str) -> bool:
    host, port = address_of(listener).removeprefix("http://").rsplit(":", 1)
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def interrupt(_signal: int, _frame: FrameType | None) -> None:
    """SIGTERM and SIGHUP while things are being prepared do what Ctrl-C does."""
    raise KeyboardInterrupt
