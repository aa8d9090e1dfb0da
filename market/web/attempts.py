"""Counts attempts in windows of time, in the database, so that the limit holds across processes."""

from datetime import timedelta

from market.database import Database
from market.errors import TooManyRequests

# Counted in a transaction of its own: a refused attempt counts, though its request rolls back.
_COUNT = """
INSERT INTO attempts AS a (bucket, window_start, tries)
VALUES ($1, date_bin($2, clock_timestamp(), timestamptz '2000-01-01'), 1)
ON CONFLICT (bucket) DO UPDATE SET
    tries = CASE WHEN a.window_start = excluded.window_start THEN a.tries + 1 ELSE 1 END,
    window_start = excluded.window_start
RETURNING tries, extract(epoch FROM window_start + $2 - clock_timestamp())::int AS wait
"""


async def count_attempt(database: Database, bucket: str, *, most: int, window: timedelta) -> None:
    """Count one attempt; TooManyRequests from the one after `most` until the window ends."""
    row = await database.pool.fetchrow(_COUNT, bucket, window)
    if row is not None and row["tries"] > most:
        raise TooManyRequests("wait before trying again", retry_after=max(1, row["wait"]))


async def take_back_attempt(database: Database, bucket: str) -> None:
    """The attempt that was just counted has succeeded, and the others of its bucket stand."""
    await database.pool.execute(
        "UPDATE attempts SET tries = tries - 1 WHERE bucket = $1 AND tries > 0", bucket
    )


async def forget_attempts(database: Database, bucket: str) -> None:
    """After a success the account starts afresh."""
    await database.pool.execute("DELETE FROM attempts WHERE bucket = $1", bucket)
