"""The worker of the kill test, in a process of its own; importing it loads the dictionaries, so that forks are quick."""

import asyncio
from pathlib import Path

from market.database import Database
from market.discovery.indexing import keep_in_step
from search import open_indexer
from search.embedded.tokens import index_terms, use_dictionary
from search.glossary import load_glossary

use_dictionary(load_glossary())
index_terms("固态锂电池")


def work(url: str, index: str) -> None:
    """Keep the index in step until killed."""

    async def run() -> None:
        database = Database(url, pool_size=2)
        await database.open()
        await keep_in_step(database, open_indexer(None, None, Path(index)), asyncio.Event())

    asyncio.run(run())
