"""The worker of the kill test, in a process of its own; importing it loads the dictionaries, so that forks are quick."""

import asyncio
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from market.database import Database
from market.discovery.indexing import WriterBusy, keep_in_step
from schemas.search import ListingDoc
from search.embedded.indexer import EmbeddedIndexer
from search.embedded.tokens import index_terms, use_dictionary
from search.glossary import load_glossary
from search.port import Receipt
from search.schema import listing_schema

use_dictionary(load_glossary())
index_terms("固态锂电池")

BEGUN, DONE = "begun", "done"


class Telling(EmbeddedIndexer):
    """Says when it begins with a batch and when the index has it."""

    def __init__(self, folder: Path, told: Connection) -> None:
        super().__init__(folder, listing_schema())
        self._told = told

    async def apply(
        self, upserts: Sequence[ListingDoc], deletes: Sequence[str], *, generation: str | None = None
    ) -> Receipt:
        self._told.send(BEGUN)
        receipt = await super().apply(upserts, deletes, generation=generation)
        self._told.send(DONE)
        return receipt


def work(url: str, index: str, told: Connection) -> None:
    """Keep the index in step until killed."""

    async def run() -> None:
        database = Database(url, pool_size=2)
        await database.open()
        indexer = Telling(Path(index), told)
        while True:
            try:
                await keep_in_step(database, indexer, asyncio.Event())
            except WriterBusy:  # the session of the worker before has not noticed yet that nobody is there
                continue

    asyncio.run(run())
