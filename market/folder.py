"""The data folder of one hall on one machine: who runs it now and where it is reached; knows nothing of what is in it."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from market.trouble import Trouble

_NAME = "running.json"


@dataclass(frozen=True)
class Occupant:
    """The process that runs the hall in this folder; what it has not told yet is empty."""

    pid: int
    address: str = ""
    database_url: str = ""


class DataFolder:
    """Held by one process at a time: the lock is gone with the process, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._file: IO[str] | None = None

    def take(self, address: str) -> None:
        """Hold the folder; Trouble says who holds it, and where."""
        self.path.mkdir(parents=True, exist_ok=True)
        file = os.fdopen(os.open(self.path / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = _read(file)
            file.close()
            where = f" at {other.address}" if other.address else ""
            raise Trouble(
                f"Release Hall already runs in {self.path}{where} (process {other.pid}): "
                "stop that one first, or name another folder with MARKET_DATA_DIR."
            ) from None
        self._file = file
        self.tell(Occupant(os.getpid(), address))

    def tell(self, occupant: Occupant) -> None:
        """Let others read how this process is reached."""
        assert self._file is not None  # noqa: S101 - taken before
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps(asdict(occupant)))
        self._file.flush()

    def occupant(self) -> Occupant | None:
        """Who holds it now."""
        try:
            file = (self.path / _NAME).open()
        except FileNotFoundError:
            return None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _read(file)
        return None

    def leave(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _read(file: IO[str]) -> Occupant:
    file.seek(0)
    try:
        return Occupant(**json.loads(file.read()))
    except (ValueError, TypeError):  # it is being written
        return Occupant(0)
