"""A Meilisearch server that is killed and started again on the same data; knows processes, not what is searched.

MARKET_TEST_MEILISEARCH_COMMAND names the program, with arguments of its own if it needs any.
"""

import os
import shlex
import shutil
import socket
import subprocess
import time
from pathlib import Path

import httpx

COMMAND = os.environ.get("MARKET_TEST_MEILISEARCH_COMMAND")
MISSING = "no server to kill: set MARKET_TEST_MEILISEARCH_COMMAND to a Meilisearch program"
_READY_SECONDS = 60


class MeilisearchServer:
    """One address and one data folder through all its lives."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{self._address}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.lives = 0

    def start(self) -> None:
        """Until it answers."""
        assert COMMAND is not None
        given = ["--http-addr", self._address, "--no-analytics", "--env", "development"]
        for option, name in (("--db-path", "data"), ("--dump-dir", "dumps"), ("--snapshot-dir", "snapshots")):
            given += [option, str(self._folder / name)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MEILI_")}
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*shlex.split(COMMAND), *given], cwd=self._folder, env=kept, stdout=log, stderr=log
            )
        self.lives += 1
        self._until_ready()

    def kill(self) -> None:
        """At once, with nothing written any more; does nothing to a server that is down."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def keep_data(self) -> None:
        """What is there now, to be brought back by `restore_data`; the server is down."""
        shutil.copytree(self._folder / "data", self._folder / "kept")

    def restore_data(self) -> None:
        """The data that were kept, or none; the server is down."""
        shutil.rmtree(self._folder / "data")
        if (self._folder / "kept").exists():
            shutil.copytree(self._folder / "kept", self._folder / "data")

    def _until_ready(self) -> None:
        end = time.monotonic() + _READY_SECONDS
        while time.monotonic() < end:
            assert self._process is not None
            assert self._process.poll() is None, (self._folder / "server.log").read_text()[-2000:]
            try:
                if httpx.get(f"{self.url}/health", timeout=1).is_success:
                    return
            except httpx.HTTPError:
                time.sleep(0.02)
        raise AssertionError("the server does not start")

    def get(self, path: str) -> dict:  # type: ignore[type-arg]
        return httpx.get(self.url + path, timeout=10).raise_for_status().json()
