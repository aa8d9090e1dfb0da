"""Spares callers the wait for a server that is away; knows when it last failed, not what it was asked."""

from __future__ import annotations

import time
from collections.abc import Callable

from search.port import EngineUnreachable

REST = 2.0  # seconds


class Circuit:
    """After a failure everyone is refused at once, except one caller every `REST` seconds, who tries."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next_try: float | None = None

    def enter(self) -> None:
        """Raises `EngineUnreachable` where this caller need not try."""
        if self._next_try is None:
            return
        if self._clock() < self._next_try:
            raise EngineUnreachable("the search engine did not answer a moment ago")
        self._next_try = self._clock() + REST

    def failed(self) -> None:
        self._next_try = self._clock() + REST

    def answered(self) -> None:
        self._next_try = None
