"""Moves the clock of the running hall's database, so that a story need not wait for its round; nothing else of it changes."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from market.database import database_urls
from market.folder import DataFolder
from tests.trading.clock import give_a_clock, let_pass


class Clock:
    """How far the hall is ahead of this machine, and how it is moved."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ahead = timedelta(0)

    @classmethod
    def of(cls, folder: Path) -> "Clock":
        """Of the hall that runs in this folder: its open connections find the clock by the server's settings."""
        occupant = DataFolder(folder).occupant()
        assert occupant is not None
        clock = cls(occupant.database_url)
        asyncio.run(give_a_clock(clock._url))

        async def tell(connection: asyncpg.Connection) -> None:
            await connection.execute("ALTER SYSTEM SET search_path = clock, pg_catalog, public")
            await connection.execute("SELECT pg_reload_conf()")

        clock._ask(tell)
        return clock

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def let_pass(self, **time: float) -> None:
        self._move(timedelta(**time))

    def go_to(self, at: datetime) -> None:
        """Let pass what is left until then."""
        self._move(at - self.now)

    def set_right(self) -> None:
        self._move(-self._ahead)

    def _move(self, by: timedelta) -> None:
        async def move(_: asyncpg.Connection) -> None:
            async with asyncpg.create_pool(database_urls(self._url)[1], min_size=1, max_size=1) as pool:
                await let_pass(pool, by)

        self._ask(move)
        self._ahead += by

    def _ask(self, work: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(database_urls(self._url)[1])
            try:
                await work(connection)
            finally:
                await connection.close()

        asyncio.run(run())
