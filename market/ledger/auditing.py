"""Checks the log against the rows that it stands for: every leaf, every node, every checkpoint, recomputed.

It reads through whatever connection it is given, within one snapshot, and changes nothing but how values are spelt.
"""

from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from market.ledger import notes
from market.ledger.notes import Checkpoint, NotSigned
from market.ledger.queries import by_batches
from market.ledger.sources import SOURCES, SPELLING, Source, entry_of
from market.ledger.tree import Growing

_LINES = 5
"""Of a note with the log's own signature alone, as it is kept."""
_LEAVES = "SELECT index AS place, source, entry FROM log_leaf ORDER BY index"
_NODES = "SELECT level, index, hash FROM log_node"
_CHECKPOINTS = "SELECT number, size, note FROM log_checkpoint ORDER BY number"
# Rows without a leaf or a place among those that wait, and the other way round.
_ROWS = """
SELECT r.name, r.leaf, l.row_id, l.row_number, l.index AS place, l.entry
FROM (SELECT {identifier} AS key, {number} AS number, {name} AS name, {leaf} AS leaf FROM {table} t) r
FULL JOIN (
    SELECT row_id, row_number, index, entry FROM log_leaf WHERE source = :source
    UNION ALL SELECT row_id, row_number, NULL, NULL FROM log_pending WHERE source = :source
) l ON (l.row_id, l.row_number) = (r.key, r.number)
"""


async def log_findings(
    connection: AsyncConnection,
    public: bytes | None,
    older: Checkpoint | None = None,
    *,
    only: Collection[str] = tuple(SOURCES),
) -> AsyncIterator[str]:
    """One sentence for each thing that was touched.

    `public` is the log's key, by which every checkpoint has to be signed. `older` is one that was kept elsewhere, of
    which the caller knows that the log signed it: where the log of now does not begin with it, history was rewritten.
    The rows of the sources in `only` are compared with their leaves, and the whole tree is computed again.
    """
    for spelling in SPELLING:
        await connection.execute(text(spelling))
    for name in only:
        async for finding in _rows(connection, name, SOURCES[name]):
            yield finding
    audit = await _read(connection, public, older)
    for finding in [*audit.findings(), *await _nodes(connection, audit)]:
        yield finding


async def _rows(connection: AsyncConnection, name: str, source: Source) -> AsyncIterator[str]:
    """Every row of one kind against its leaf, both ways; a row may wait for its leaf."""
    query = text(_ROWS.format(**vars(source) | {"number": source.numbered}))
    async for row in by_batches(await connection.stream(query, {"source": name})):
        if row.name is None:
            where = "it waits for the log" if row.place is None else f"leaf {row.place} of the log knows it"
            numbered = "" if source.number is None else f"{row.row_number} of "
            yield f"{source.called} {numbered}{row.row_id} is missing: {where}"
        elif row.row_id is None:
            yield f"{source.called} {row.name}: no leaf of the log stands for it"
        elif row.place is not None and entry_of(source.table, row.leaf) != row.entry:
            yield f"{source.called} {row.name}: leaf {row.place} of the log knows another row"


@dataclass
class _Audit:
    """What is known once the leaves and the checkpoints were read."""

    nodes: dict[tuple[int, int], bytes] = field(default_factory=dict)
    tree: Growing = field(default_factory=Growing)
    roots: dict[int, bytes] = field(default_factory=dict)
    """By size, of every size that somebody claims to know."""
    faults: list[str] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)
    signed: list[tuple[int, Checkpoint]] = field(default_factory=list)
    older: Checkpoint | None = None

    def findings(self) -> Iterator[str]:
        yield from self.faults
        wrong = [
            (number, said)
            for number, said in self.signed
            if said.root and said.size <= self.tree.size and self.roots[said.size] != said.root
        ]
        if wrong:
            number, said = wrong[0]
            right = max((each.size for _, each in self.signed if each.size < said.size), default=0)
            yield (
                f"checkpoint {number}: its root is not that of the first {said.size} leaves; "
                f"one of leaf {right} to leaf {said.size - 1} is not what it was"
            )
        yield from self._end()
        if self.older is not None and self.roots.get(self.older.size) != self.older.root:
            yield (
                f"history was rewritten: the log does not begin with the {self.older.size} leaves of the checkpoint "
                "that was given"
            )

    def _end(self) -> Iterator[str]:
        """Whether the newest checkpoint signs exactly the leaves that there are."""
        number, size = (self.signed[-1][0], self.signed[-1][1].size) if self.signed else (0, 0)
        if size < self.tree.size:
            yield f"checkpoint {number + 1} is missing: the last one signs {size} of {self.tree.size} leaves"
        elif size > self.tree.size:
            yield f"leaf {self.tree.size} of the log is missing, and all behind it up to the {size} of checkpoint {number}"


async def _read(connection: AsyncConnection, public: bytes | None, older: Checkpoint | None) -> _Audit:
    audit = _Audit(older=older)
    for number, size, note in await connection.execute(text(_CHECKPOINTS)):
        _take(audit, number, size, note, public)
    if len(audit.unsigned) == len(audit.signed) > 1:
        audit.faults.append(
            "no checkpoint is signed by the key of the log: is MARKET_SECRET_KEY that of the hall?"
        )
    else:
        audit.faults += audit.unsigned
    claimed = {said.size for _, said in audit.signed} | ({older.size} if older else set())
    if 0 in claimed:
        audit.roots[0] = audit.tree.root()
    async for row in by_batches(await connection.stream(text(_LEAVES))):
        if row.place != audit.tree.size:
            audit.faults.append(f"leaf {audit.tree.size} of the log is missing")
            break
        if row.source not in SOURCES:
            audit.faults.append(f"leaf {row.place} of the log stands for no kind of rows that there is")
        audit.nodes |= {(level, number): found for level, number, found in audit.tree.add(row.entry)}
        if audit.tree.size in claimed:
            audit.roots[audit.tree.size] = audit.tree.root()
    return audit


def _take(audit: _Audit, number: int, size: int, note: str, public: bytes | None) -> None:
    """The next checkpoint, by its row and by its note."""
    before = audit.signed[-1] if audit.signed else (0, Checkpoint("", 0, b""))
    if number != before[0] + 1:
        audit.faults.append(f"checkpoint {before[0] + 1} is missing")
    try:
        said = notes.read(note, public)
    except NotSigned as error:
        audit.unsigned.append(f"checkpoint {number}: {error}")
        said = Checkpoint("", size, b"")
    else:
        if note.count("\n") != _LINES:
            audit.faults.append(f"checkpoint {number}: its note holds more than was signed")
        if said.size != size:
            audit.faults.append(f"checkpoint {number}: its note says {said.size} leaves, its row {size}")
        elif size <= before[1].size:
            audit.faults.append(f"checkpoint {number}: it signs no more leaves than the one before it")
    audit.signed.append((number, said))


async def _nodes(connection: AsyncConnection, audit: _Audit) -> list[str]:
    """The nodes that are kept above the leaves, against those that follow from them."""
    kept: dict[tuple[int, int], bytes] = {
        (level, number): found for level, number, found in await connection.execute(text(_NODES))
    }
    return [
        f"node {index} of level {level} of the log {'is missing' if found is None else 'is another'}"
        for (level, index), expected in audit.nodes.items()
        if (found := kept.pop((level, index), None)) != expected
    ] + [f"node {index} of level {level} of the log stands for no leaves" for level, index in kept]
