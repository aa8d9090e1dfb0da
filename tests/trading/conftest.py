"""Rounds of the tests keep short periods, so that a whole one is held within a test."""

from pathlib import Path

import pytest

from market.settings import Settings


@pytest.fixture(scope="module")
def settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        database_url=database_url,
        demo=True,
        data_dir=Path(tmp_path_factory.mktemp("market")),
        base_url="http://hall.test",
        search_url=None,
        durability="ignored",
        round_periods="short",
    )
