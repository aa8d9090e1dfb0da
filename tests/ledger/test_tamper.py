"""A short form of `python -m scripts.tamper`: edits by a superuser, each of which is detected and named."""

import random

from market.database import Database
from market.ledger.signing import log_key, public_key
from scripts.tamper import SECRET, TARGETS, tamper
from scripts.tamper_scene import build


async def test_forty_random_edits_are_detected_and_named(database_url: str) -> None:
    key, chance = log_key(SECRET), random.Random(4)
    database = Database(database_url, pool_size=2)
    await database.open()
    said: list[str] = []
    try:
        await build(database, key, chance, portions=3)
        figures = await tamper(database, public_key(key), 40, chance, said.append)
    finally:
        await database.close()
    assert said[0].endswith("0 findings before any edit"), said
    assert figures.missed == []
    assert (figures.detected, figures.named) == (40, 40)
    assert {target for target, _ in figures.made} == set(TARGETS)
