"""Loads that are cut off, and two at once."""

import asyncio

import pytest

from market.database import Database
from market.demo import seed


class CutOff(Exception):
    """The load is stopped on the way."""


def _stop_on_the_way(done: int, of: int) -> None:
    if done > of / 5:
        raise CutOff


@pytest.mark.slow
async def test_a_load_that_is_cut_off_leaves_nothing_and_two_at_once_load_once(database: Database) -> None:
    with pytest.raises(CutOff):
        await seed(database, _stop_on_the_way)
    assert await database.pool.fetchval("SELECT count(*) FROM person") == 0
    assert await database.pool.fetchval("SELECT count(*) FROM listing") == 0
    answers = await asyncio.gather(*(seed(database, lambda done, of: None) for _ in range(2)))
    assert sorted(answers) == [False, True]
    assert (
        await database.pool.fetchval("SELECT count(*) FROM person WHERE email = 'operator@hall.example'") == 1
    )
