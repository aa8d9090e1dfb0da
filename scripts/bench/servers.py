"""Starts what is measured: a scratch PostgreSQL, and servers with one and the same uvicorn configuration."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx

from market.embedded import EmbeddedPostgres
from market.migrate import migrate


@asynccontextmanager
async def scratch_database() -> AsyncIterator[tuple[str, Path]]:
    """A migrated database that lives as long as the benchmark, with the settings that a hall runs with."""
    with tempfile.TemporaryDirectory(prefix="hall-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # noqa: ASYNC240 - nothing else runs yet
        # In this thread, which lives as long as the process: the database ends with the thread that started it.
        with EmbeddedPostgres(root / "postgres") as server:
            await migrate(server.url)
            yield server.url, root


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(factory: str, database_url: str, data_dir: Path) -> Iterator[int]:
    """One uvicorn process with one worker, serving `module:factory`; answers its port when it answers."""
    port = free_port()
    environment = os.environ | {
        "MARKET_DATABASE_URL": database_url,
        "MARKET_DATA_DIR": str(data_dir),
        "MARKET_SECRET_KEY": "benchmark-secret-key-of-no-other-use-at-all",
    }
    arguments = ["--factory", "--port", str(port), "--loop", "uvloop", "--http", "httptools"]
    arguments += ["--no-access-log", "--log-level", "warning"]
    process = subprocess.Popen([sys.executable, "-m", "uvicorn", factory, *arguments], env=environment)
    try:
        _await_answer(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def _await_answer(port: int, process: subprocess.Popen[bytes]) -> None:
    transport = httpx.HTTPTransport(retries=20)
    with httpx.Client(transport=transport, timeout=30) as client:
        for _ in range(200):
            if process.poll() is not None:
                raise RuntimeError("the server stopped while starting")
            try:
                client.get(f"http://127.0.0.1:{port}/health")
                return
            except httpx.ConnectError:
                continue
    raise RuntimeError("the server did not answer")
