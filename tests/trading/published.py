"""What a hall publishes of a round, saved to files, and the script that verifies it."""

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.makers import Market

SCRIPT = Path(__file__).parents[2] / "scripts" / "verify_round.py"


@dataclass(frozen=True)
class Save:
    """Writes files into a folder."""

    folder: Path

    def __call__(self, name: str, content: Any) -> Path:
        file = self.folder / name
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return file


async def published(market: Market, path: str) -> tuple[bytes, list[dict[str, Any]], dict[str, Any]]:
    """What everybody can read of a round: its rules, its log, and itself."""
    read = [await market.client.get(f"/api/v1{path}{part}") for part in ("/rules", "/log?limit=1000", "")]
    return read[0].content, read[1].json()["items"], read[2].json()


async def script(*arguments: str | Path, code: int = 0) -> str:
    """What the script prints, alone with Python: no package, no folder of the project."""
    command = [sys.executable, "-I", "-S", str(SCRIPT), *map(str, arguments)]
    done = await asyncio.to_thread(
        lambda: subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr
