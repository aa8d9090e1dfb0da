"""The rounds that are bid in: a hot one, some that are not, and one whose bidding ends while everything crashes."""

import asyncio
import random
from dataclasses import dataclass, field

import asyncpg

from scripts.bench.bids import OPENING_PRICE, STEP, set_the_scene
from scripts.crash.plan import Plan

QUIET = 3

_CLOSING = """
UPDATE sale_round SET bidding_until = now() + $2, ends_at = now() + $2,
    hard_stop = now() + $3, extension_seconds = $4, plan = '{"confirm_working_days": 5}'
WHERE id = $1
"""


@dataclass
class Lot:
    """One round as the clients know it."""

    round_id: str
    tokens: list[str]
    weight: int
    asked: int = OPENING_PRICE - STEP
    """The highest amount that anybody has bid, or was told to."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def raised(self) -> int:
        """What the next bidder offers, one step above everybody."""
        self.asked += STEP
        return self.asked

    def told(self, least: int) -> int:
        """What a bidder offers who was told the least amount: just that, unless somebody has offered as much."""
        if least <= self.asked:
            return self.raised()
        self.asked = least
        return least


class Lots:
    """The rounds in bidding."""

    def __init__(self, lots: list[Lot]) -> None:
        self.all = lots
        self.closing = lots[-1]

    def pick(self) -> Lot:
        open_ones = [lot for lot in self.all if not lot.ended.is_set()]
        return random.choices(open_ones, [lot.weight for lot in open_ones])[0]


async def build(url: str, plan: Plan) -> Lots:
    """Every round with one registered bidder for each client, and all of it on the disk."""
    connection = await asyncpg.connect(url)
    try:
        scenes = []
        for _ in range(QUIET + 2):
            async with connection.transaction():
                scenes.append(await set_the_scene(connection))
        if plan.control == "no_guard":
            await connection.execute("ALTER TABLE round_entry DROP CONSTRAINT pk_round_entry")
        await connection.execute(
            _CLOSING, scenes[-1].round_id, plan.ends_after, plan.stops_after, plan.extension_seconds
        )
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    weights = [QUIET + 1, *[1] * QUIET, QUIET - 1]
    return Lots(
        [Lot(str(one.round_id), one.tokens, weight) for one, weight in zip(scenes, weights, strict=True)]
    )
