"""The ear of a process: it comes up whatever happens to the connection that it listens on."""

from typing import Any

import asyncpg
import pytest

from market.notifications import Listener
from tests.makers import Market


class Deaf:
    """Counts when it was told to hear, and when not."""

    channel = "nothing_of_note"

    def __init__(self) -> None:
        self.told: list[str] = []

    def heard(self, *_: Any) -> None:
        self.told.append("heard")

    def hearing(self) -> None:
        self.told.append("hearing")

    def deaf(self) -> None:
        self.told.append("deaf")


@pytest.mark.parametrize(
    "trouble",
    [
        OSError("refused"),
        TimeoutError(),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("another operation is in progress"),
    ],
    ids=lambda trouble: type(trouble).__name__,
)
async def test_a_process_starts_though_its_listening_connection_is_lost_while_it_is_made(
    market: Market, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    async def lost(*_: Any, **__: Any) -> None:
        raise trouble

    monkeypatch.setattr(asyncpg, "connect", lost)
    hearer = Deaf()
    listener = Listener(market.database, hearer)
    await listener.start()
    assert "hearing" not in hearer.told
    await listener.stop()
