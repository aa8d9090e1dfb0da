"""Everything that must be green before a change lands, in order, one summary line each; `make check` and CI run it."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from market.embedded import EmbeddedPostgres
from market.migrate import check, heads, migrate
from market.trouble import sentence

BIN = Path(sys.executable).parent
MEILISEARCH = "MARKET_TEST_MEILISEARCH_URL"


def tool(*command: str) -> Callable[[], str]:
    """A program of this environment; its output is shown where it fails."""

    def run() -> str:
        done = subprocess.run(
            [BIN / command[0], *command[1:]],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout.strip() or "no output" if done.returncode else ""

    return run


def migrations() -> str:
    """Migrations lead to the tables as the code has them, and there is one newest."""
    found = heads()
    if len(found) != 1:
        return f"there must be one newest migration, there are {len(found)}: {', '.join(found)}"
    with tempfile.TemporaryDirectory(prefix="hall-check-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        with EmbeddedPostgres(place / "postgres", options={"fsync": "off"}) as server:
            try:
                asyncio.run(migrate(server.url))
                asyncio.run(check(server.url))
            except Exception as error:
                return sentence(error) or f"{type(error).__name__}: {error}"
    return ""


def tests() -> str:
    """pytest with coverage, its own lines shown as they come."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--cov", "--cov-report=term", "--durations=10"], check=False
    )
    return f"pytest ended with {done.returncode}; its lines are above" if done.returncode else ""


STEPS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("ruff check", tool("ruff", "check", ".")),
    ("ruff format", tool("ruff", "format", "--check", ".")),
    ("mypy strict", tool("mypy")),
    ("import contracts", tool("lint-imports")),
    ("alembic check", migrations),
    ("tests", tests),
)


def main() -> int:
    """Every step is run, so that one run shows all there is to mend; answers the exit code."""
    begun = time.monotonic()
    failed = []
    for name, step in STEPS:
        at = time.monotonic()
        complaint = step()
        if complaint:
            failed.append(name)
            print(complaint, flush=True)
        print(f"{'FAILED' if complaint else 'ok':<8}{name:<18}{time.monotonic() - at:6.1f} s", flush=True)
    if os.environ.get(MEILISEARCH):
        print("Meilisearch: the search contract ran against a real server.")
    else:
        print(
            f"Meilisearch: the search contract did NOT run against a real server ({MEILISEARCH} is not set)."
        )
    print(f"{'Failed: ' + ', '.join(failed) if failed else 'All green'} in {time.monotonic() - begun:.0f} s.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
