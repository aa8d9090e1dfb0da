"""A million random splits of a reward pool among contributors, each checked to be exact to the minor unit."""

import random
import time

from market.distributions.rules import shares

SPLITS = 1_000_000
LIMIT = 60.0
"""Seconds that all of them may take."""


async def run() -> str:
    choose = random.Random(7)
    below = choose.randrange
    wrong, spent = 0, 0.0
    for _ in range(SPLITS):
        weights = [below(1, 1_000_000) for _ in range(below(1, 9))]
        pool, total = below(10**13), sum(weights)
        begin = time.perf_counter()
        found = shares(pool, weights)
        spent += time.perf_counter() - begin
        exact = sum(share.amount for share in found) == pool
        near = all(abs(share.amount * total - pool * share.weight) < total for share in found)
        wrong += not (exact and near)
    print(f"splits: {SPLITS:,} splits, {wrong} not exact, {spent:.1f} s")
    return (
        f"SPLITS wrong={wrong} seconds={spent:.1f} ratio={spent / LIMIT:.2f} "
        f"({SPLITS:,} random splits, every one exact / {LIMIT:.0f} s)"
    )
