"""Rounds of this world keep short periods, as those of `tests/trading` do."""

from tests.trading.conftest import settings

__all__ = ["settings"]
