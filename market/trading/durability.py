"""Whether the database keeps what it has confirmed: where it may not, no round is announced, begun or bid in.

It knows three settings of PostgreSQL, and nothing of rounds. Two ways lead to it: `Durability` for bids, which come by
the thousand and must not each ask, and `required` for what is done in a session.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from market.database import LOST, Database
from market.errors import NotDurable

log = logging.getLogger("market.trading")

SETTINGS = ("fsync", "synchronous_commit", "full_page_writes")
IGNORED = "ignored"
ASKED_EVERY = 10.0
"""Seconds for which the answer counts: somebody may change the settings of a running server."""

SHOW = "SELECT " + ", ".join(f"current_setting('{name}') AS {name}" for name in SETTINGS)


def unsafe(found: Mapping[str, Any]) -> str | None:
    """A sentence that names each setting by which a crash loses what was confirmed; None where all is kept."""
    off = [name for name in SETTINGS if found[name] == "off"]
    if not off:
        return None
    verb = "is" if len(off) == 1 else "are"
    return f"{' and '.join(off)} {verb} off in the database, so that a crash could lose a confirmed bid"


async def required(session: AsyncSession) -> None:
    """NotDurable where the server of this session may lose what it confirms, unless the settings accept that."""
    if session.info.get("durability") == IGNORED:
        return
    complaint = unsafe(dict((await session.execute(text(SHOW))).mappings().one()))
    if complaint is not None:
        raise NotDurable(complaint)


class Durability:
    """What is known of the database's settings in this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._complaint: str | None = None
        self._asked = -ASKED_EVERY

    async def look(self) -> None:
        """Ask the database; one that does not answer now is as it was."""
        self._asked = time.monotonic()  # before the answer: of many bids, one asks
        try:
            found = await self._database.pool.fetchrow(SHOW, timeout=2)
        except LOST:
            return
        complaint = unsafe(found)
        if complaint is not None and complaint != self._complaint:
            log.error("%s: rounds are %s", complaint, "held all the same" if self._ignored else "not held")
        self._complaint = complaint

    async def require(self) -> None:
        """NotDurable where a bid that is accepted now could be lost."""
        if self._ignored:
            return
        if time.monotonic() - self._asked >= ASKED_EVERY:
            await self.look()
        if self._complaint is not None:
            raise NotDurable(self._complaint)

    @property
    def _ignored(self) -> bool:
        return self._database.durability == IGNORED
