"""One run: everything started, bids and blows until there were enough of both, then what was found."""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from market.migrate import migrate
from scripts.crash import checks, factory, planted, rows, scene
from scripts.crash.checks import Finding
from scripts.crash.clients import Client, Line
from scripts.crash.journal import Journal
from scripts.crash.killer import Killer
from scripts.crash.plan import Plan
from scripts.crash.servers import UNSYNCED, Api, Nursery, Postgres

PROCESSES = 2
LOOK_EVERY = 0.1
LONGEST = 900.0
"""Seconds after which a run is given up."""


@dataclass(frozen=True)
class Outcome:
    """The figures of a run and what is wrong."""

    plan: Plan
    acknowledged: int
    refused: int
    postmaster_kills: int
    api_kills: int
    replays: int
    repeated: int
    seconds: float
    found: list[Finding]

    @property
    def counted(self) -> Counter[str]:
        return Counter(kind for kind, _ in self.found)

    @property
    def short(self) -> list[str]:
        """The figures that were not reached."""
        names = ("acknowledged", "postmaster_kills", "api_kills", "replays")
        return [name for name in names if getattr(self, name) < getattr(self.plan, name)]

    def summary(self) -> str:
        done = ("acknowledged", "postmaster_kills", "api_kills", "replays")
        figures = [f"{name}={getattr(self, name)}" for name in done]
        figures += [f"{kind}={self.counted[kind]}" for kind in checks.KINDS]
        return f"CRASH {' '.join(figures)} seconds={self.seconds:.0f}"


async def run(plan: Plan) -> Outcome:
    """Raises where the run itself cannot go on; what it finds is in its outcome."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hall-crash-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # noqa: ASYNC240 - nothing else runs yet
        postgres = Postgres(folder, UNSYNCED if plan.control == "unsynced" else {})
        await postgres.start()
        try:
            await migrate(postgres.url)
            with Journal(folder / "journal.jsonl") as journal:
                async with asyncio.timeout(LONGEST), _processes(plan, folder, postgres) as apis:
                    killer = Killer(plan, journal, postgres, apis)
                    await _battle(plan, journal, killer)
            found = checks.findings(journal.bids, await rows.read(postgres.url))
        finally:
            await postgres.stop()
    return Outcome(
        plan=plan,
        acknowledged=journal.acknowledged,
        refused=sum(not bid.acknowledged for bid in journal.bids),
        postmaster_kills=killer.postmaster_kills,
        api_kills=killer.api_kills,
        replays=journal.replays,
        repeated=sum(len(bid.again) for bid in journal.bids),
        seconds=time.monotonic() - begun,
        found=found,
    )


@asynccontextmanager
async def _processes(plan: Plan, folder: Path, postgres: Postgres) -> AsyncIterator[list[Api]]:
    environment = {
        "MARKET_DATA_DIR": str(folder),
        "MARKET_DATABASE_URL": postgres.url,
        "MARKET_SECRET_KEY": "crash-check-secret-key-of-no-other-use-at-all",
        factory.DROPPED: str(plan.dropped),
        factory.PLANTED: plan.control if plan.control in planted.BUGS else "",
    }
    if plan.control == "unsynced":  # or no bid would be taken at all
        environment |= {"MARKET_DEMO": "true", "MARKET_DURABILITY": "ignored"}
    nursery = Nursery(environment)
    apis = [Api(number, folder, nursery) for number in range(1, PROCESSES + 1)]
    try:
        for api in apis:
            api.start()
        for api in apis:
            await api.ready()
        yield apis
    finally:
        for api in apis:
            api.stop()
        nursery.stop()


async def _supervise(apis: Sequence[Api]) -> None:
    while True:
        for api in apis:
            api.look()
        await asyncio.sleep(LOOK_EVERY)


async def _battle(plan: Plan, journal: Journal, killer: Killer) -> None:
    """Bids while things are killed; then one more kill, so that whatever is read has survived one."""
    lots, stop = await scene.build(killer.postgres.url, plan), asyncio.Event()
    ports = [api.port for api in killer.apis]
    async with asyncio.TaskGroup() as bidding:
        supervision = bidding.create_task(_supervise(killer.apis))
        bidders = [Client(number, Line(ports), lots, journal, plan, stop) for number in range(plan.clients)]
        bids = [bidding.create_task(bidder.run()) for bidder in bidders]
        await killer.run()
        await journal.reach(plan.acknowledged)
        await lots.closing.ended.wait()
        stop.set()
        await asyncio.gather(*bids)
        supervision.cancel()
    await killer.crash_database()
