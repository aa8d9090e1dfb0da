"""Three bugs that the crash check must find, planted into an API process of its own; the product has no such switch."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg

from market.trading import placing
from market.trading.course import Offer, Outcome, State
from market.trading.desk import Desk

UNSENT_SECONDS = 0.05
"""How long a COMMIT waits that was answered before."""


def _instead(text: str, part: str, other: str) -> str:
    if part not in text:
        raise RuntimeError(f"nothing to plant: the product has no {part!r} there")
    return text.replace(part, other)


_READ = _instead(placing._LOCK, " FOR UPDATE", "")
_UNGUARDED = _instead(
    placing._MOVE, " AND status = 'bidding' AND last_seq = $13", " AND $13::int IS NOT NULL"
)


def check_outside_lock() -> None:
    """Judge a bid by what stood before the lock was had."""
    locked = placing.locked

    async def judged_before(connection: asyncpg.Connection, round_id: UUID) -> State | None:
        seen = placing._lot(await connection.fetchrow(_READ, round_id))
        state = await locked(connection, round_id)
        return replace(state, lot=seen) if state else None

    placing.locked = judged_before


def no_guard() -> None:
    """Take no lock, and write whatever was read without asking whether it still stands.

    The scene takes the primary key of the log away too, or the database would refuse what the guard lets through.
    """
    placing._LOCK = _READ
    placing._MOVE = _UNGUARDED


def early_answer() -> None:
    """Answer before COMMIT."""
    decide = Desk.in_one_transaction
    commits: set[asyncio.Task[None]] = set()

    async def answered_early(
        self: Desk,
        connection: asyncpg.Connection,  # noqa: ARG001 - the desk gives it back before this commits
        round_id: UUID,
        offers: Sequence[Offer],
    ) -> Sequence[Outcome]:
        own = await asyncpg.connect(self._database.plain_url)
        transaction = own.transaction()
        await transaction.start()
        try:
            outcomes = await decide(self, own, round_id, offers)
        except BaseException:
            own.terminate()
            raise
        task = asyncio.create_task(_commit(own, transaction))
        commits.add(task)
        task.add_done_callback(commits.discard)
        return outcomes

    Desk.in_one_transaction = answered_early  # type: ignore[method-assign]


async def _commit(connection: asyncpg.Connection, transaction: Any) -> None:
    try:
        await asyncio.sleep(UNSENT_SECONDS)
        await transaction.commit()
        await connection.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()


BUGS: dict[str, Callable[[], None]] = {
    "check_outside_lock": check_outside_lock,
    "no_guard": no_guard,
    "early_answer": early_answer,
}
