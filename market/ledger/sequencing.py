"""Turns rows that were committed into leaves of the log, and signs the tree whenever it has grown.

One process at a time, by a lock in the database. A row waits in `log_pending` from the commit of its own transaction
until the commit that makes it a leaf, so that one that commits late comes late and none is passed over.
"""

from uuid import UUID

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from market.database import Database
from market.ledger import notes
from market.ledger.notes import Checkpoint
from market.ledger.proofs import hashes
from market.ledger.sources import SOURCES, SPELLING, Source, entry_of
from market.ledger.tree import Growing, perfect

BATCH = 5000
_LOCK = 7_239_113  # any number: two sequencers do not work at once


async def sequence(database: Database, key: Ed25519PrivateKey, origin: str) -> int:
    """Take in all that waits; answers how many leaves were made. Nothing where another process is at it."""
    total = 0
    while made := await _take_in(database, key, origin):
        total += made
    return total


async def _take_in(database: Database, key: Ed25519PrivateKey, origin: str) -> int:
    """One batch, in one transaction with the checkpoint that signs it."""
    async with database.pool.acquire() as connection, connection.transaction():
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
            return 0
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM log_pending)"):
            return 0
        for spelling in SPELLING:
            await connection.execute(spelling)
        waiting = await _waiting(connection)
        if not waiting:
            return 0
        size, number = await connection.fetchrow(
            "SELECT (SELECT coalesce(max(index) + 1, 0) FROM log_leaf), "
            "(SELECT coalesce(max(number), 0) FROM log_checkpoint)"
        )
        tree = Growing.of(size, await hashes(connection, perfect((0, size))))
        leaves: list[tuple[int, str, UUID, int, bytes]] = []
        nodes: list[tuple[int, int, bytes]] = []
        for index, row in enumerate(waiting, start=size):
            entry = entry_of(SOURCES[row["source"]].table, row["leaf"])
            leaves.append((index, row["source"], row["row_id"], row["row_number"], entry))
            nodes += tree.add(entry)
        await connection.copy_records_to_table("log_leaf", records=leaves)
        await connection.copy_records_to_table("log_node", records=nodes)
        note = notes.signed(Checkpoint(origin, tree.size, tree.root()), key)
        await connection.execute(
            "INSERT INTO log_checkpoint (number, size, note) VALUES ($1, $2, $3)", number + 1, tree.size, note
        )
        await connection.execute(
            "DELETE FROM log_pending WHERE id = ANY($1::bigint[])", [row["id"] for row in waiting]
        )
        return len(leaves)


async def _waiting(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    """The next rows in the order in which they came; those of one chain always in the order of the chain.

    A row that is not there any more goes on waiting, which the verification names.
    """
    found: list[asyncpg.Record] = []
    last: int | None = None
    for name, source in SOURCES.items():
        rows = await connection.fetch(_read(source), name, BATCH)
        if len(rows) == BATCH and (last is None or rows[-1]["id"] < last):
            last = rows[-1]["id"]
        found += rows
    return sorted((row for row in found if last is None or row["id"] <= last), key=lambda row: int(row["id"]))


def _read(source: Source) -> str:
    """What waits of one kind and is in no leaf."""
    return f"""
    SELECT p.id, p.source, p.row_id, p.row_number, {source.leaf} AS leaf
    FROM log_pending p JOIN {source.table} t ON t.{source.identifier} = p.row_id AND {source.numbered} = p.row_number
    WHERE p.source = $1 AND NOT EXISTS (
        SELECT FROM log_leaf l WHERE (l.source, l.row_id, l.row_number) = (p.source, p.row_id, p.row_number))
    ORDER BY p.id LIMIT $2
    """  # noqa: S608 - all of it is written in `sources`
