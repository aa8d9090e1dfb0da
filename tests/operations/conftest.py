"""A small disk of one's own, and a database on it, for the tests of full ones."""

import os
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from market.database import database_urls
from tests.operations.disks import let_pass


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MiB."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", tmp_path], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a disk")
    yield tmp_path
    subprocess.run(["umount", "--lazy", tmp_path], check=True)


@pytest_asyncio.fixture
async def on_a_small_disk(postgres_url: str, template: str, small_disk: Path) -> AsyncIterator[str]:
    """A migrated database whose tables lie on a disk that has no room for the demo market."""
    space = small_disk / "space"
    space.mkdir(mode=0o700)
    let_pass(small_disk)
    name = f"small_{uuid.uuid4().hex[:8]}"
    admin = await asyncpg.connect(postgres_url)
    try:
        owner = os.stat(await admin.fetchval("SHOW data_directory"))  # noqa: PTH116 - nothing else waits for it
        os.chown(space, owner.st_uid, owner.st_gid)
        await admin.execute(f"CREATE TABLESPACE {name} LOCATION '{space}'")
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} TABLESPACE {name}")
        url = database_urls(postgres_url)[0].set(drivername="postgresql", database=name)
        yield url.render_as_string(hide_password=False)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.execute(f"DROP TABLESPACE {name}")
    finally:
        await admin.close()
