"""Hears PostgreSQL's notifications, on one connection of a process, and knows while it is deaf; not what they mean."""

import asyncio
import logging
from typing import Protocol

import asyncpg

from market.database import LOST, Database

log = logging.getLogger("market.notifications")


class Hearer(Protocol):
    """Whoever wants the notifications of one channel."""

    channel: str

    def heard(self, connection: asyncpg.Connection, pid: int, channel: str, payload: str) -> None:
        """One notification."""

    def hearing(self) -> None:
        """From now on nothing is missed; until now, something may have been."""

    def deaf(self) -> None:
        """From now on something may be missed."""


class Listener:
    """The ear of one process."""

    def __init__(self, database: Database, *hearers: Hearer) -> None:
        self._database = database
        self._hearers = hearers
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen from now on, and again after every loss of the connection."""
        ready = asyncio.Event()
        self._task = asyncio.create_task(self._listen(ready), name="notifications")
        await ready.wait()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._deaf()

    def _deaf(self) -> None:
        for hearer in self._hearers:
            hearer.deaf()

    async def _listen(self, ready: asyncio.Event) -> None:
        while True:
            try:
                connection = await asyncpg.connect(self._database.plain_url, timeout=10)
            except LOST as error:
                log.warning("not hearing what changes, reading it from the database: %s", error)
                ready.set()
                await asyncio.sleep(1)
                continue
            lost = asyncio.Event()
            try:
                connection.add_termination_listener(lambda _, lost=lost: lost.set())
                for hearer in self._hearers:
                    await connection.add_listener(hearer.channel, hearer.heard)
                for hearer in self._hearers:
                    hearer.hearing()
                ready.set()
                await self._watch(connection, lost)
            except LOST:
                pass
            finally:
                self._deaf()
                connection.terminate()

    @staticmethod
    async def _watch(connection: asyncpg.Connection, lost: asyncio.Event) -> None:
        """Until the connection is lost; asked every half second, since a silent death sends nothing."""
        while not lost.is_set():
            try:
                await asyncio.wait_for(lost.wait(), 0.5)
            except TimeoutError:
                await connection.execute("SELECT 1", timeout=0.5)
