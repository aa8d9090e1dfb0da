"""Reads the log for whoever wants proof: the newest checkpoint, proofs that lead to it, and tiles.

What it reads is only ever added to, and nothing beyond the checkpoint that it reads first is shown.
"""

import struct
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import asyncpg

from market.database import Database
from market.errors import Invalid, NotFound
from market.ledger import tree
from market.ledger.tree import Node, Range
from schemas.values import FieldProblem

_LEAVES = "SELECT index, entry FROM log_leaf WHERE index = ANY($1::bigint[])"
_NODES = """
SELECT n.level, n.index, n.hash FROM log_node n
JOIN unnest($1::int[], $2::bigint[]) AS wanted(level, index) ON (n.level, n.index) = (wanted.level, wanted.index)
"""


@dataclass(frozen=True)
class Signed:
    """A checkpoint as it was signed, and what it says."""

    note: str
    size: int


@dataclass(frozen=True)
class Inclusion:
    """That a leaf is in the tree of a checkpoint."""

    index: int
    entry: bytes
    path: list[bytes]
    checkpoint: Signed


async def hashes(connection: asyncpg.Connection, nodes: Collection[Node]) -> dict[Node, bytes]:
    """The hashes of whole subtrees, recomputed from what is stored below them."""
    below = {node: [(level, n) for n in numbers] for node in nodes for level, numbers in [tree.stored(node)]}
    wanted = {each for parts in below.values() for each in parts}
    found: dict[tuple[int, int], bytes] = {
        (0, row["index"]): tree.leaf_hash(row["entry"])
        for row in await connection.fetch(_LEAVES, [number for level, number in wanted if level == 0])
    }
    above = [each for each in wanted if each[0]]
    rows = await connection.fetch(_NODES, [level for level, _ in above], [number for _, number in above])
    found |= {(row["level"], row["index"]): row["hash"] for row in rows}
    return {node: tree.whole([found[part] for part in parts]) for node, parts in below.items()}


async def _path(connection: asyncpg.Connection, ranges: Iterable[Range]) -> list[bytes]:
    ranges = list(ranges)
    known = await hashes(connection, tree.nodes_of(ranges))
    return [tree.root(each, known) for each in ranges]


async def newest(connection: asyncpg.Connection) -> Signed:
    """The newest checkpoint. NotFound where nothing was signed yet."""
    signed = await _newest(connection)
    if signed is None:
        raise NotFound("nothing was signed yet: the worker does it within seconds")
    return signed


async def _newest(connection: asyncpg.Connection) -> Signed | None:
    row = await connection.fetchrow("SELECT note, size FROM log_checkpoint ORDER BY number DESC LIMIT 1")
    return Signed(row["note"], row["size"]) if row else None


async def inclusion(database: Database, leaf: str) -> Inclusion:
    """The proof for a leaf, by its number or by the hash of what it stands for in hexadecimal. NotFound where none is."""
    async with database.pool.acquire() as connection:
        signed = await newest(connection)
        row = await connection.fetchrow(*_wanted(leaf))
        if row is None or row["index"] >= signed.size:
            raise NotFound("no such leaf is in the log; what was just done enters it within seconds")
        path = await _path(connection, tree.inclusion(row["index"], signed.size))
        return Inclusion(row["index"], row["entry"], path, signed)


def _wanted(leaf: str) -> tuple[str, int | bytes]:
    select = "SELECT index, entry FROM log_leaf WHERE"
    if len(leaf) == 64:
        return f"{select} entry = $1 ORDER BY index LIMIT 1", bytes.fromhex(leaf)
    return f"{select} index = $1", int(leaf)


async def consistency(database: Database, first: int, second: int | None) -> tuple[int, list[bytes], Signed]:
    """The second size and the proof that the tree of the first begins it; by default the newest. Invalid sizes raise."""
    async with database.pool.acquire() as connection:
        signed = await _newest(connection)
        if signed is None:
            raise Invalid(errors=[FieldProblem(pointer="to", detail="nothing was signed yet")])
        second = signed.size if second is None else second
        problems = [
            FieldProblem(pointer=pointer, detail=f"more than the {size} leaves {what}")
            for pointer, value, size, what in (
                ("from", first, second, "of the later tree"),
                ("to", second, signed.size, "that were signed"),
            )
            if value > size
        ]
        if problems:
            raise Invalid(errors=problems)
        return second, await _path(connection, tree.consistency(first, second)), signed


async def tile(database: Database, level: int | None, number: int, width: int) -> bytes:
    """A tile (C2SP tlog-tiles) of `width` hashes, or without a level the entries of as many leaves.

    NotFound where it reaches beyond what was signed.
    """
    above = 0 if level is None else level
    async with database.pool.acquire() as connection:
        signed = await newest(connection)
        first = number * tree.WIDTH
        if first + width > signed.size >> tree.TILE * above:
            raise NotFound("there is no such tile yet")
        if level is None:
            rows = await connection.fetch(
                "SELECT entry FROM log_leaf WHERE index >= $1 AND index < $2 ORDER BY index",
                first,
                first + width,
            )
            return b"".join(struct.pack(">H", len(row["entry"])) + row["entry"] for row in rows)
        nodes = [(above * tree.TILE, first + place) for place in range(width)]
        known = await hashes(connection, nodes)
        return b"".join(known[node] for node in nodes)
