"""Remembers beside the database what an earlier start prepared, so that the next one need not load the application."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

MIGRATIONS = Path(__file__).parent / "migrations" / "versions"


@dataclass(frozen=True)
class Prepared:
    """The database's revision, the migrations that led there, and the demo's accounts where it was loaded."""

    revision: str | None
    migrations: list[str] = field(default_factory=list)
    password: str = ""
    accounts: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Into the database's own folder: they are moved and removed together."""
        (folder / _NAME).write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")


_NAME = "prepared.json"


def migrations() -> list[str]:
    return sorted(path.name for path in MIGRATIONS.glob("*.py"))


async def earlier(folder: Path, url: str, *, demo: bool) -> Prepared | None:
    """What was prepared, if nothing is left to do: no migration and no demo market is missing."""
    import asyncpg

    try:
        found = Prepared(**json.loads((folder / _NAME).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    if found.migrations != migrations() or (demo and not found.accounts):
        return None
    connection = await asyncpg.connect(url)
    try:
        revision = await connection.fetchval("SELECT version_num FROM alembic_version")
    finally:
        await connection.close()
    return found if revision == found.revision else None
