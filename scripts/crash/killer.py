"""Who breaks things: kills the database and the API in turn, stops processes for a while, ends sessions."""

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import asyncpg

from scripts.crash.journal import Journal
from scripts.crash.plan import Plan
from scripts.crash.servers import Api, Postgres

STOPPED_SECONDS = 3.0
Blow = Callable[[], Awaitable[None]]

_SESSIONS = (
    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


@dataclass
class Killer:
    plan: Plan
    journal: Journal
    postgres: Postgres
    apis: Sequence[Api]
    postmaster_kills: int = 0
    api_kills: int = 0

    async def run(self) -> None:
        """Break one thing after another, each while bids flow, so that the last is broken when enough are acknowledged."""
        rounds = max(self.plan.postmaster_kills, self.plan.api_kills)
        blows = [blow for turn in range(rounds) for blow in (self._database, self._api, self._disturb(turn))]
        for number, blow in enumerate(blows, start=1):
            await self.journal.reach(self.plan.acknowledged * number // (len(blows) + 1))
            await self.journal.reach(self.journal.acknowledged + 5)  # it had recovered from the blow before
            await blow()

    def _disturb(self, turn: int) -> Blow:
        return (self._end_sessions, self._stop_api, self._end_sessions, self._stop_session)[turn % 4]

    async def _database(self) -> None:
        if self.postmaster_kills < self.plan.postmaster_kills:
            await self.crash_database()

    async def crash_database(self) -> None:
        await self.postgres.crash(sessions_too=self.plan.control == "unsynced")
        self.postmaster_kills += 1

    async def _api(self) -> None:
        if self.api_kills < self.plan.api_kills:
            api = self.apis[self.api_kills % len(self.apis)]
            await api.ready()
            api.crash()
            self.api_kills += 1

    async def _stop_api(self) -> None:
        api = random.choice(self.apis)
        await api.ready()
        await _stopped(api.tell)

    async def _stop_session(self) -> None:
        await _stopped(partial(os.kill, random.choice(await self._sessions())))

    async def _end_sessions(self) -> None:
        connection = await asyncpg.connect(self.postgres.url)
        try:
            await connection.execute(
                f"SELECT pg_terminate_backend(pid) FROM ({_SESSIONS}) s WHERE random() < 0.5"
            )
        finally:
            await connection.close()

    async def _sessions(self) -> list[int]:
        connection = await asyncpg.connect(self.postgres.url)
        try:
            return [row["pid"] for row in await connection.fetch(_SESSIONS)]
        finally:
            await connection.close()


async def _stopped(tell: Callable[[signal.Signals], object]) -> None:
    """A process that does nothing for a while, neither answering nor gone."""
    tell(signal.SIGSTOP)
    try:
        await asyncio.sleep(STOPPED_SECONDS)
    finally:
        tell(signal.SIGCONT)
