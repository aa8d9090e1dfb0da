"""An index of the module's own, brought in step when a test says so."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from market.discovery.indexing import drain, rebuild
from search import open_indexer
from search.port import SearchIndexer
from tests.makers import Market

Step = Callable[[], Awaitable[None]]


@pytest_asyncio.fixture(scope="module")
async def indexer(market: Market) -> AsyncIterator[SearchIndexer]:
    opened = open_indexer(None, None, market.settings.index_dir)
    await rebuild(market.database, opened)
    yield opened
    await opened.aclose()


@pytest.fixture(scope="module")
def step(market: Market, indexer: SearchIndexer) -> Step:
    """Bring the index in step with everything committed so far."""

    async def bring() -> None:
        while await drain(market.database, indexer):
            pass

    return bring
