"""The best assignment of 1,000 open items to 200 technology managers at once, in memory, as the API plans it."""

import random
import time
from uuid import UUID

from market.managers.conflicts import Ownership, Ties, barred
from market.managers.fitting import Candidate, Case, Codes
from market.managers.planning import Item, plan

ITEMS, MANAGERS, ORGANISATIONS = 1_000, 200, 2_000
ROUNDS = 5
LIMIT = 2.0
"""Seconds that a plan may take."""
IPC = [
    f"{section}{number:02d}{letter}" for section in "ABCDEFGH" for number in (1, 6, 23) for letter in "BFK"
]


def generated(seed: int) -> tuple[list[Item], list[Candidate]]:
    """Items and managers with conflicts: every manager is tied to a part of a web of 2,000 organisations."""
    choose = random.Random(seed)
    web: dict[UUID, set[UUID]] = {}
    for _ in range(ORGANISATIONS // 4):
        below, above = choose.sample(range(ORGANISATIONS), 2)
        web.setdefault(UUID(int=below), set()).add(UUID(int=above))
    ownership = Ownership(web)
    items = [
        Item(
            UUID(int=10_000 + number),
            Case(
                parties=frozenset(UUID(int=party) for party in choose.sample(range(ORGANISATIONS), 2)),
                codes=Codes.of([f"{code} 3/02" for code in choose.sample(IPC, 3)], ["E02"], []),
                languages=frozenset({"zh", "en"} if number % 3 else {"zh"}),
            ),
        )
        for number in range(ITEMS)
    ]
    managers = [
        Candidate(
            manager_id=UUID(int=20_000 + number),
            person_id=UUID(int=30_000 + number),
            name=f"Manager {number}",
            fields=Codes.of(choose.sample(IPC, 8), [], ["C38"]),
            languages=frozenset({"zh"} if number % 2 else {"zh", "en"}),
            capacity=choose.randint(3, 10),
            load=choose.randint(0, 2),
            succeeded=choose.randint(0, 5),
            without_deal=choose.randint(0, 5),
            barred=barred(_ties(choose), ownership),
        )
        for number in range(MANAGERS)
    ]
    return items, managers


def _ties(choose: random.Random) -> Ties:
    known = [UUID(int=organisation) for organisation in choose.sample(range(ORGANISATIONS), 6)]
    return Ties(home=known[0], own={known[1]}, former=set(known[2:4]), partners=set(known[4:]))


async def run() -> str:
    items, managers = generated(seed=5)
    spent = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        made = plan(items, managers)
        spent.append(time.perf_counter() - begin)
    places = sum(manager.capacity - manager.load for manager in managers)
    print(
        f"assign: {len(made.placed)} of {ITEMS:,} items placed, {places:,} places, {' '.join(f'{t:.3f}' for t in spent)} s"
    )
    slowest = max(spent)
    return (
        f"ASSIGN seconds={slowest:.3f} ratio={slowest / LIMIT:.2f} (the slowest of {ROUNDS} plans of {ITEMS:,} items for "
        f"{MANAGERS} managers, with explanations / {LIMIT:.0f} s)"
    )
