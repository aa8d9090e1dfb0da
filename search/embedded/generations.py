"""Folders of complete indexes and the pointer to the published one; knows files and locks, nothing inside an index."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from pathlib import Path

from search.port import IndexLocked, IndexUnusable

_POINTER = "CURRENT"
_NAME = re.compile(r"(?P<fingerprint>[0-9a-f]{12})-(?P<number>\d{1,9})")


class Generations:
    """`<folder>/<schema fingerprint>-<number>/` and `<folder>/CURRENT`. The folder must be on a local disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: int | None = None

    def published(self) -> str | None:
        """The name in the pointer, whether or not that folder is usable."""
        try:
            name = (self.folder / _POINTER).read_text("ascii").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise IndexUnusable(
                f"the pointer to the search index cannot be read, rebuild it: {error}"
            ) from error
        if _NAME.fullmatch(name) is None:
            raise IndexUnusable("the pointer to the search index is damaged: rebuild it")
        return name

    def path(self, name: str) -> Path:
        """Where a generation lives; refuses names that are none."""
        if _NAME.fullmatch(name) is None:
            raise IndexUnusable(f"{name!r} is no generation")
        return self.folder / name

    def create(self, fingerprint: str) -> str:
        """A new empty folder, numbered above all others."""
        numbers = [
            int(found["number"]) for entry in self._entries() if (found := _NAME.fullmatch(entry.name))
        ]
        name = f"{fingerprint}-{max(numbers, default=0) + 1}"
        self.path(name).mkdir()
        return name

    def point_to(self, name: str) -> None:
        """Atomic and durable: a reader sees the old name or the new one, also after a power cut."""
        temporary = self.folder / f"{_POINTER}.tmp"
        with temporary.open("w", encoding="ascii") as file:
            file.write(name)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.folder / _POINTER)
        self._sync_folder()

    def remove(self, name: str) -> None:
        """Readers that still have it open keep their mappings."""
        shutil.rmtree(self.path(name), ignore_errors=True)

    def sweep(self, keep: set[str]) -> None:
        """Removes generations that nobody will open again, and what a crash left behind in the others."""
        for entry in self._entries():
            if _NAME.fullmatch(entry.name) is None:
                continue
            if entry.name not in keep:
                self.remove(entry.name)
                continue
            for orphan in entry.glob(".tmp*"):
                orphan.unlink(missing_ok=True)

    def lock(self) -> None:
        """Makes this process the only writer until it ends; raises `IndexLocked`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder / "WRITER", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise IndexLocked(f"another process is writing to {self.folder}") from error
        self._lock = handle

    def unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _entries(self) -> list[Path]:
        return sorted(self.folder.iterdir()) if self.folder.is_dir() else []

    def _sync_folder(self) -> None:
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def fingerprint_of(name: str) -> str:
    """Which schema a generation was built with."""
    return name.partition("-")[0]
