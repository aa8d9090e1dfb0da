"""One running demo hall for all stories, the very process that `make run` starts, with rounds as short as one likes."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.journeys.clock import Clock


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of the hall, and of the commands that look at it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MARKET_")}
    folder = tmp_path_factory.mktemp("hall") / "data"
    return clean | {"MARKET_DATA_DIR": str(folder), "MARKET_ROUND_PERIODS": "short"}


@pytest.fixture(scope="session")
def hall(environment: dict[str, str]) -> Iterator[str]:
    """The address of a running demo market."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "market.cli", "serve", "--port", str(port)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert any("is ready" in line for line in process.stdout), "the hall stopped before it was ready"
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)


@pytest.fixture
def client(hall: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=hall, timeout=30) as opened:
        yield opened


@pytest.fixture(scope="session")
def running_clock(hall: str, environment: dict[str, str]) -> Clock:
    return Clock.of(Path(environment["MARKET_DATA_DIR"]))


@pytest.fixture
def clock(running_clock: Clock) -> Iterator[Clock]:
    """The clock of the hall's database, which a story moves on and which is right again after it."""
    yield running_clock
    running_clock.set_right()
