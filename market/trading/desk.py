"""Decides bids in the order in which they came, all that wait for a round in one transaction under its lock.

Bids that arrive while a transaction is in flight are decided together in the next one, and each is answered only after
the COMMIT that accepts it. Several processes may each have a desk: the lock of the round's row puts them in turn. It
does not know HTTP, and leaves what the clock asks for (`advance`) to the verbs.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from market.database import Database
from market.errors import MarketError, NotFound, Unavailable
from market.identity.callers import callers
from market.trading import placing
from market.trading.course import Course, Offer, Outcome, Placed, Sender, answered

log = logging.getLogger("market.trading")

MOST = 512
"""Bids in one transaction."""
ATTEMPTS = 5
PAUSE = 0.05

# What passes by itself, after which the whole transaction is done again; a COMMIT whose answer was lost is among them,
# and the repeat finds the bids that it accepted by their keys.
PASSING = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # of a connection that is ended while it is being made
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    OSError,
    TimeoutError,
)


class Due(Exception):
    """The clock asks for something before a bid can be decided."""


@dataclass
class _Waiting:
    offer: Offer
    answer: asyncio.Future[Outcome]


class Desk:
    """The bids that wait in this process, by round."""

    def __init__(self, database: Database, advance: Callable[[UUID], Awaitable[None]]) -> None:
        self._database = database
        self._advance = advance
        self._queues: dict[UUID, list[_Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def place(self, round_id: UUID, offer: Offer) -> Placed:
        """Have a bid decided; answers after the COMMIT that holds it, or raises why it is refused."""
        waiting = _Waiting(offer, asyncio.get_running_loop().create_future())
        queue = self._queues.get(round_id)
        if queue is None:
            self._queues[round_id] = [waiting]
            self._spawn(self._serve(round_id), f"desk of round {round_id}")
        else:
            queue.append(waiting)
        outcome = await waiting.answer
        if isinstance(outcome, MarketError):
            raise outcome
        return outcome

    async def close(self) -> None:
        """Wait until everything that was sent has its answer."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, round_id: UUID) -> None:
        queue = self._queues[round_id]
        while queue:
            batch = queue[:MOST]
            del queue[:MOST]
            self._spawn(self._answer(batch, await self._decided(round_id, batch)), "answers")
        del self._queues[round_id]

    @staticmethod
    async def _answer(batch: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
        """Let them go one by one, so that the next transaction does not stand still until all are sent off."""
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if not waiting.answer.done():  # whoever sent it may have gone
                waiting.answer.set_result(outcome)
                await asyncio.sleep(0)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _decided(self, round_id: UUID, batch: Sequence[_Waiting]) -> Sequence[Outcome]:
        offers = [waiting.offer for waiting in batch]
        try:
            for attempt in range(ATTEMPTS):
                try:
                    async with self._database.pool.acquire() as connection:
                        return await self.in_one_transaction(connection, round_id, offers)
                except Due:
                    await self._advance(round_id)
                except PASSING as trouble:
                    log.warning("bids are decided again after %s", type(trouble).__name__)
                    await asyncio.sleep(PAUSE * 2**attempt)
        except Exception:
            log.exception("bids of round %s could not be decided", round_id)
        return [Unavailable(retry_after=1)] * len(offers)

    async def in_one_transaction(
        self, connection: asyncpg.Connection, round_id: UUID, offers: Sequence[Offer]
    ) -> Sequence[Outcome]:
        """Decide these offers in their order and commit; the answers may be sent when this returns."""
        known = await callers(connection, {offer.credential for offer in offers})
        senders = {credential: Sender.of(actor) for credential, actor in known.items()}
        earlier = await placing.repeats(connection, round_id, offers, senders)
        answers = [answered(offer, senders, earlier) for offer in offers]
        decided = [answer for answer in answers if answer is not None]
        if len(decided) == len(offers):
            return decided
        async with connection.transaction():
            state = await placing.locked(connection, round_id)
            if state is None:
                return [NotFound("there is no round with this id")] * len(offers)
            if state.due is not None:
                raise Due
            bidders, earlier = await placing.bidders(connection, round_id, offers, senders)
            course = Course(state, bidders, earlier)
            outcomes = [
                answered(offer, senders, earlier) or course.decide(offer, senders) for offer in offers
            ]
            if course.placed:
                await placing.write(connection, course)
        return outcomes
