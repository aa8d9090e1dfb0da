"""The worker process: keeps the search index in step, lets time pass, signs the log, and clears what has expired.

Each is a loop of its own over one asyncio loop. What the worker does may be done twice and by several workers; a
deadline that it misses is met by the next read. On the loss of the database it ends, to be started again.
"""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import CursorResult, delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from market.challenges.queries import due_challenges
from market.challenges.turning import advance as advance_challenge
from market.database import Database, now
from market.discovery.indexing import WriterBusy, keep_in_step
from market.identity.tables import PersonSession
from market.ledger import notes, sequencing
from market.ledger.signing import log_key
from market.listings.queries import moved_by_time
from market.listings.service import let_time_pass
from market.notices.turning import pass_time as pass_time_of_notices
from market.opening import open_writer
from market.processes import log_lines
from market.settings import Settings
from market.trading.queries import due_rounds
from market.trading.turning import advance, look
from market.trading.vault import Vault
from market.trouble import sentence
from market.web.tables import Attempts, StoredAnswer
from search.port import IndexLocked

log = logging.getLogger("market.worker")

START_AGAIN = 75
"""The exit code that asks for a new start (EX_TEMPFAIL of sysexits.h)."""
ANSWERS_KEPT = timedelta(hours=72)
"""A repeat with the same Idempotency-Key gets the stored answer for this long."""
ATTEMPTS_KEPT = timedelta(days=2)
"""Longer than every window in which attempts are counted."""
TIME_EVERY = 60.0
ROUNDS_EVERY = 1.0
LOG_EVERY = 5.0
CLEAR_EVERY = 3600.0
SIGN_EVERY = 10.0
STANDBY = 5.0
FINISH_SECONDS = 20.0
BATCH = 100
SIGN_OF_LIFE = "worker.alive"
"""A file in the data folder, touched every 10 seconds: what a container's health check looks at."""


def main(settings: Settings) -> int:
    """Work until SIGTERM or SIGINT; answers the exit code."""
    log_lines("worker")
    return asyncio.run(attend(settings))


async def attend(settings: Settings) -> int:
    """Work until told to stop by a signal; answers the exit code, START_AGAIN where the database or the search is lost."""
    if settings.database_url is None:
        raise ValueError("no database: the worker of one machine is started by `market serve`")
    stop = asyncio.Event()
    for asked in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(asked, stop.set)
    database = Database(settings.database_url, pool_size=4, durability=settings.durability)
    try:
        await database.open()
        log.info("at work")
        await work(settings, database, stop)
        log.info("stopped in order")
        return 0
    except Exception as error:
        told = sentence(error)
        log.error("%s", told) if told else log.exception("unexpected error")
        return START_AGAIN
    finally:
        with_limit = asyncio.wait_for(database.close(), 5)
        await asyncio.gather(with_limit, return_exceptions=True)


async def work(settings: Settings, database: Database, stop: asyncio.Event) -> None:
    """Every loop until `stop` is set; raises what ends one of them, which is the loss of database or search."""
    sign = settings.data_dir / SIGN_OF_LIFE
    vault = Vault(settings.secret_key.get_secret_value())
    loops = (
        _index(settings, database, stop),
        _every(stop, TIME_EVERY, "letting time pass", lambda: pass_time(database)),
        _every(stop, ROUNDS_EVERY, "turning rounds", lambda: turn_rounds(database, vault)),
        _every(stop, ROUNDS_EVERY, "turning challenges", lambda: turn_challenges(database)),
        _every(stop, LOG_EVERY, "the log", lambda: sequence(settings, database)),
        _every(stop, CLEAR_EVERY, "clearing", lambda: clear(database)),
        _every(stop, SIGN_EVERY, "the sign of life", lambda: asyncio.to_thread(sign.touch)),
    )
    tasks: set[asyncio.Task[Any]] = {asyncio.create_task(loop) for loop in loops}
    stopping: asyncio.Task[Any] = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            await asyncio.wait(tasks, timeout=FINISH_SECONDS)
        for task in tasks:
            if task.done():
                task.result()
    finally:
        stop.set()
        for task in (*tasks, stopping):
            task.cancel()
        await asyncio.gather(*tasks, stopping, return_exceptions=True)


async def _index(settings: Settings, database: Database, stop: asyncio.Event) -> None:
    """Keep the index in step; while another process does, stand by."""
    standing_by = False
    while not stop.is_set():
        try:
            async with open_writer(settings) as indexer:
                await keep_in_step(database, indexer, stop)
        except (WriterBusy, IndexLocked) as busy:
            if not standing_by:
                log.info("standing by: %s", busy)
            standing_by = True
            await _pause(stop, STANDBY)


async def _every(stop: asyncio.Event, seconds: float, what: str, work: Callable[[], Awaitable[Any]]) -> None:
    """One thing again and again; trouble with it is said and does not keep the others from their work."""
    while not stop.is_set():
        try:
            await work()
        except Exception as error:
            told = sentence(error)
            log.error("%s: %s", what, told) if told else log.exception("%s failed", what)
        await _pause(stop, seconds)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def pass_time(database: Database) -> None:
    """What time does: listings go stale, are archived or expire; editions are released or closed; notices are clear or lapse."""
    while moved := await _in_transaction(database, _listings_due):
        log.info("%d listings went stale, were archived or expired", moved)
    from market.editions.service import release_due

    if released := await _in_transaction(database, release_due):
        log.info("%d editions were released or closed", released)
    while turned := await _in_transaction(database, pass_time_of_notices):
        log.info("%d notices were closed or lapsed", turned)


async def turn_rounds(database: Database, vault: Vault) -> None:
    """Rounds whose registration or bidding ends, or whose bidding begins: each in a transaction of its own."""
    async with database.sessions() as session:
        due = await due_rounds(session, await now(session), BATCH)
    for round_id in due:
        try:
            await advance(database, vault, round_id)
            await look(database, round_id)
        except Exception:  # one that cannot go on keeps no other from its time
            log.exception("round %s could not go on", round_id)
        else:
            log.info("round %s went on", round_id)


async def turn_challenges(database: Database) -> None:
    """Challenges of which a period has ended: each in a transaction of its own."""
    async with database.sessions() as session:
        due = await due_challenges(session, await now(session), BATCH)
    for challenge_id in due:
        try:
            await advance_challenge(database, challenge_id)
        except Exception:  # one that cannot go on keeps no other from its time
            log.exception("challenge %s could not go on", challenge_id)
        else:
            log.info("challenge %s went on", challenge_id)


async def sequence(settings: Settings, database: Database) -> None:
    """What was committed becomes leaves of the log, under a new signed checkpoint."""
    key = log_key(settings.secret_key.get_secret_value())
    if made := await sequencing.sequence(database, key, notes.origin_of(settings.base_url)):
        log.info("%d leaves entered the log", made)


async def _in_transaction(database: Database, work: Callable[[AsyncSession], Awaitable[int]]) -> int:
    async with database.sessions() as session, session.begin():
        return await work(session)


async def _listings_due(session: AsyncSession) -> int:
    """A batch of them; those that somebody holds at this moment are left to the next round."""
    found = await moved_by_time(session, await now(session), BATCH)
    for listing in found:
        await let_time_pass(session, listing)
    return len(found)


async def clear(database: Database) -> None:
    """Delete what has served its time: stored answers, ended sessions, counters of attempts."""
    async with database.sessions() as session, session.begin():
        at = await now(session)
        for what, statement in (
            ("stored answers", delete(StoredAnswer).where(col(StoredAnswer.stored_at) < at - ANSWERS_KEPT)),
            ("sessions", delete(PersonSession).where(col(PersonSession.expires_at) < at)),
            ("attempts", delete(Attempts).where(col(Attempts.window_start) < at - ATTEMPTS_KEPT)),
        ):
            result = await session.execute(statement)
            cleared = result.rowcount if isinstance(result, CursorResult) else 0
            if cleared:
                log.info("cleared %d expired %s", cleared, what)
