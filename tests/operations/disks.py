"""Fills a disk; knows not whose."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Not one byte of room on the disk of this folder, until the end."""
    filler = disk / "filler"
    done = subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=4k"], capture_output=True, check=False)
    assert b"No space left" in done.stderr
    yield
    filler.unlink()
