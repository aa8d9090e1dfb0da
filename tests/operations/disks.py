"""Fills a disk, and lets another user come to a folder; knows not whose."""

import os
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


def let_pass(folder: Path) -> None:
    """Let the database's user, which is not root, through to this folder."""
    for above in (folder, *folder.parents):
        if above.stat().st_uid == os.geteuid() and not above.stat().st_mode & 0o001:
            above.chmod(above.stat().st_mode | 0o001)
