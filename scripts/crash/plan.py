"""How much is done before a run is over, and what is wrong with the installation on purpose; it knows nothing else."""

from dataclasses import dataclass, replace
from datetime import timedelta

CONTROLS = {
    "unsynced": "lost",
    "check_outside_lock": "unlawful",
    "no_guard": "duplicated",
    "early_answer": "lost",
}
"""What is planted, and the kind of finding that it must at least give."""


@dataclass(frozen=True)
class Plan:
    acknowledged: int
    postmaster_kills: int
    api_kills: int
    replays: int
    ends_after: timedelta
    """The planned end of the bidding in one of the rounds; its bids move it."""
    stops_after: timedelta
    extension_seconds: int
    control: str | None = None
    clients: int = 32
    pause: float = 0.06
    """The longest that a client thinks before its next bid, in seconds."""
    dropped: float = 0.03
    """The share of receipts that never arrive."""
    repeated: float = 0.02
    """The share of receipts that are asked for once more."""


WHOLE = Plan(10_000, 20, 20, 100, timedelta(seconds=20), timedelta(seconds=60), 15)
SHORT = Plan(300, 2, 2, 3, timedelta(seconds=2), timedelta(seconds=5), 2)


def control(name: str) -> Plan:
    """A short run with something planted."""
    return replace(SHORT, acknowledged=400, postmaster_kills=2, api_kills=1, replays=0, control=name)
