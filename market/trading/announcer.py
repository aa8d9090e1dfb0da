"""Calls out to everybody who watches a round through this process where it stands; what is told is in `events`.

A notification says no more than that a round has moved: what it says now is read from its log, once for all watchers of
a process, and at most so often (`PACE`), so that watchers cost a hot round nothing. Bids that were overtaken meanwhile
are left out, turns of the round are not. No watcher holds a connection of the database.
"""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from litestar.channels import ChannelsPlugin, Subscriber
from litestar.channels.backends.memory import MemoryChannelsBackend

from market.database import Database
from market.errors import NotFound
from market.trading import rules
from market.trading.events import BEAT, RETRY, Stand, Terms, unpacked
from schemas.vocabulary import RoundStatus

log = logging.getLogger("market.trading")

BACKLOG = 16
"""Events that wait for a slow watcher; the oldest are dropped, the newest is what counts."""
PACE = 0.1
"""Seconds between two readings of one round, so that each of its watchers is sent at most ten times a second."""
BEAT_SECONDS = 15.0
PAGE = 200
MOST_RESUMED = 1000
"""Entries that a watcher who comes again is sent; whoever has missed more begins again from where the round stands."""

# The round with `told`, its last entry of which anybody is told. Before the opening of a sealed tender nothing is told
# from its first sealed bid on, and no suspension, whose number would count the bids before it.
_ROUND = """
WITH round AS (
    SELECT s.*, CASE WHEN s.kind = 'sealed_tender' AND s.status IN ('bidding', 'suspended', 'opening')
        THEN coalesce((SELECT min(e.seq) - 1 FROM round_entry e WHERE e.round_id = s.id
            AND e.kind IN ('sealed_bid', 'suspended', 'resumed')), s.last_seq)
        ELSE s.last_seq END AS told
    FROM sale_round s WHERE s.id = $1 AND s.announced_at IS NOT NULL
)
"""

_NOW = f"{_ROUND} SELECT round.*, clock_timestamp() AS at FROM round"  # noqa: S608 - of constants, as those below

# What is behind an entry: every turn, and of the bids the last one.
_MOVED = f"""
{_ROUND}
SELECT e.document, clock_timestamp() AS at FROM round JOIN round_entry e ON e.round_id = round.id
WHERE e.seq > $2 AND e.seq <= told AND (e.kind NOT IN ('bid', 'sealed_bid')
    OR e.seq = (SELECT max(seq) FROM round_entry WHERE round_id = $1 AND kind = 'bid'))
ORDER BY e.seq
"""  # noqa: S608

# Every entry behind one, a page of them.
_FOLLOWING = f"""
{_ROUND}
SELECT e.document, clock_timestamp() AS at FROM round JOIN round_entry e ON e.round_id = round.id
WHERE e.seq > $2 AND e.seq <= told AND e.kind <> 'sealed_bid' ORDER BY e.seq LIMIT $3
"""  # noqa: S608

# What it takes to know where the round stood after an entry: the last bid up to it, and the turns since.
_UP_TO = f"""
{_ROUND}
SELECT e.document FROM round JOIN round_entry e ON e.round_id = round.id
WHERE e.seq <= $2 AND e.seq <= told AND e.kind <> 'sealed_bid' AND e.seq >= coalesce(
    (SELECT max(seq) FROM round_entry WHERE round_id = $1 AND kind = 'bid' AND seq <= $2), 0)
ORDER BY e.seq
"""  # noqa: S608


class Watcher(Subscriber):
    """One stream. A beat is for a silent one: it pushes nothing out of the backlog of a slow one."""

    def put_nowait(self, item: bytes | None) -> bool:
        return super().put_nowait(item) if item != BEAT or not self.qsize else False


@dataclass
class _Watched:
    """A round that somebody watches; `stand` is what they were told last."""

    stand: Stand | None = None
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    watchers: set[Subscriber] = field(default_factory=set)
    task: asyncio.Task[None] | None = None


class Announcer:
    """The watched rounds of one process."""

    channel = "round_moved"

    def __init__(self, database: Database, advance: Callable[[UUID], Awaitable[None]]) -> None:
        self._database = database
        self._advance = advance
        self._channels = ChannelsPlugin(
            MemoryChannelsBackend(),
            arbitrary_channels_allowed=True,
            subscriber_max_backlog=BACKLOG,
            subscriber_backlog_strategy="dropleft",
            subscriber_class=Watcher,
        )
        self._rounds: dict[UUID, _Watched] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    # What the listener tells

    def heard(self, _connection: object, _pid: int, _channel: str, payload: str) -> None:
        """A round has moved."""
        watched = self._rounds.get(UUID(json.loads(payload)["round"]))
        if watched is not None:
            watched.moved.set()

    def hearing(self) -> None:
        """Whatever is watched is read again: it may have moved unheard."""
        for watched in self._rounds.values():
            watched.moved.set()

    def deaf(self) -> None:
        """Nothing to be done: what is missed is read when the process hears again."""

    # The process

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """While this lasts rounds can be watched; the streams that are left end with it."""
        # Not a plugin of the application, whose streams would then end after the database is closed.
        async with self._channels:
            self._closed = False
            self._start(self._beat(), "beats of the streams")
            try:
                yield
            finally:
                self.end_streams()
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)

    def end_streams(self) -> None:
        """End every stream; its watcher comes again, to another process."""
        self._closed = True
        for watched in self._rounds.values():
            for watcher in watched.watchers:
                watcher.put_nowait(None)

    @property
    def watchers(self) -> int:
        """How many streams are open."""
        return sum(len(watched.watchers) for watched in self._rounds.values())

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self._channels.publish(BEAT, [str(round_id) for round_id in self._rounds])

    # One watcher

    async def admit(self, round_id: UUID, last: int | None) -> bool:
        """Let time pass for a round that somebody wants to watch; whether there is anything left to tell.

        `last` is the last entry that they have seen. NotFound where no round was announced by this id.
        """
        row = await self._now(round_id)
        status = RoundStatus(row["status"])
        if rules.due(status, row["registration_until"], row["bidding_from"], row["ends_at"], row["at"]):
            await self._advance(round_id)
            row = await self._now(round_id)
        return last is None or RoundStatus(row["status"]) not in rules.ENDED or last < row["told"]

    async def watch(self, round_id: UUID, last: int | None) -> AsyncGenerator[bytes]:
        """The stream of a round: what was missed since the entry `last`, else where it stands, then what happens.

        It is subscribed to before it is read, and what comes twice is left out.
        """
        yield RETRY
        async with self._subscribed(round_id) as (watcher, watched):
            stand, at = await self._standing(round_id)
            resumed = last is not None and stand.seq - MOST_RESUMED <= last <= stand.seq
            if resumed and last is not None:
                stand = await self._stood(stand, last)
            else:
                yield stand.text(at)
            self._follow(round_id, watched, stand)
            if resumed:
                async with aclosing(self._missed(stand)) as missed:
                    async for stand, at in missed:
                        yield stand.text(at)
            if stand.is_final:
                return
            sent = stand.seq
            async with aclosing(watcher.iter_events()) as live:
                async for message in live:
                    seq, final, text = unpacked(message)
                    if message == BEAT or seq > sent:
                        yield text
                        sent = max(seq, sent)
                    if final:
                        return

    @asynccontextmanager
    async def _subscribed(self, round_id: UUID) -> AsyncIterator[tuple[Subscriber, _Watched]]:
        async with self._channels.start_subscription(str(round_id)) as watcher:
            watched = self._rounds.setdefault(round_id, _Watched())
            watched.watchers.add(watcher)
            if self._closed:
                watcher.put_nowait(None)
            try:
                yield watcher, watched
            finally:
                watched.watchers.remove(watcher)
                if not watched.watchers:
                    del self._rounds[round_id]
                    if watched.task is not None:
                        watched.task.cancel()

    async def _now(self, round_id: UUID) -> asyncpg.Record:
        row = await self._database.pool.fetchrow(_NOW, round_id)
        if row is None:
            raise NotFound("no round that you see has this id")
        return row

    async def _standing(self, round_id: UUID) -> tuple[Stand, datetime]:
        row = await self._now(round_id)
        terms = Terms(round_id, row["currency"], row["opening_price"], row["step"], row["bidding_until"])
        leads = (row["top_alias"], row["top_amount"])
        return Stand(terms, row["told"], RoundStatus(row["status"]), row["ends_at"], *leads), row["at"]

    async def _stood(self, now: Stand, last: int) -> Stand:
        """Where the round stood after the entry `last`."""
        stand = Stand(now.terms, 0, RoundStatus.ANNOUNCED, now.terms.bidding_until)
        for row in await self._database.pool.fetch(_UP_TO, now.terms.round_id, last):
            stand = stand.after(json.loads(row["document"]))
        return replace(stand, seq=last)

    async def _missed(self, stand: Stand) -> AsyncGenerator[tuple[Stand, datetime]]:
        """Every entry behind `stand`, page by page."""
        rows = None
        while rows is None or len(rows) == PAGE:
            rows = await self._database.pool.fetch(_FOLLOWING, stand.terms.round_id, stand.seq, PAGE)
            for row in rows:
                stand = stand.after(json.loads(row["document"]))
                yield stand, row["at"]

    # All watchers of a round

    def _follow(self, round_id: UUID, watched: _Watched, stand: Stand) -> None:
        """Begin to tell what happens behind `stand`, for the first watcher of a round."""
        if watched.task is None:
            watched.stand = stand
            watched.task = self._start(self._tell(round_id, watched), f"watchers of round {round_id}")

    async def _tell(self, round_id: UUID, watched: _Watched) -> None:
        while True:
            await watched.moved.wait()
            watched.moved.clear()
            try:
                await self._tell_once(round_id, watched)
            except Exception:  # the database may be gone for a while, and the watchers wait for it
                log.exception("watchers of round %s were not told", round_id)
                watched.moved.set()
                await asyncio.sleep(1)
            await asyncio.sleep(PACE)

    async def _tell_once(self, round_id: UUID, watched: _Watched) -> None:
        if watched.stand is None:
            raise AssertionError("whoever follows a round knows where it stood")
        for row in await self._database.pool.fetch(_MOVED, round_id, watched.stand.seq):
            watched.stand = watched.stand.after(json.loads(row["document"]))
            self._channels.publish(watched.stand.packed(row["at"]), str(round_id))
