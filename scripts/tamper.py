"""Edits single rows at random as a superuser whom no trigger stops, and sees whether the verification names each of them.

    python -m scripts.tamper [--edits 1000] [--seed 1]

On a scratch PostgreSQL with a small market. Each edit is made in a transaction that is rolled back: amount, time, order,
deletion, swap of two rows, truncated tail; over events, bids, transfers, contracts, payments, versions of listings,
introductions, and the log's own checkpoints, leaves and nodes. After every edit, within its transaction, what it concerns is
verified: each row of the table against its leaf, the whole tree, every checkpoint; of an event all chains, of a bid its
round. After every fiftieth edit it is all that `market verify` does. A finding counts that was not there before the edit; the
edit is named if one of them names the row by its key. Of two leaves that changed places the log knows between which
checkpoints one of them stood.
"""

import argparse
import asyncio
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from market.database import Database
from market.ledger.auditing import log_findings
from market.ledger.queries import broken_chains
from market.ledger.signing import log_key, public_key
from market.ledger.sources import SOURCES
from market.trading.checking import faults
from market.trading.rows import read_rows
from market.verification import findings_through
from scripts.bench.servers import scratch_database
from scripts.tamper_scene import build

SECRET = "of the log of a scratch market, which lives a minute"
WHOLE_EVERY = 50

Row = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """One kind of rows. `key` are the columns that name a row, `changes` SQL that spoils a column."""

    table: str
    key: tuple[str, ...]
    amounts: dict[str, str]
    times: dict[str, str] = field(default_factory=dict)
    order: str | None = None
    """The number of a row within its chain, the last of its key."""
    chain: str | None = None
    """What its chain is called by."""
    columns: tuple[str, ...] = ()
    """Further columns that a finding may name it by."""
    where: str = "true"


def _flipped(column: str) -> str:
    return f"set_byte({column}, 0, get_byte({column}, 0) # 1)"


def _more(column: str) -> str:
    return f"{column} + 1"


_SECOND = "{0} + interval '1 second'"
TARGETS = {
    "events": Target(
        "event",
        ("id",),
        {"data": "data || '{\"amount\": 1}'", "kind": "kind || 'x'", "actor_id": "gen_random_uuid()"}
        | {
            "reason": "coalesce(reason, '') || 'x'",
            "hash": _flipped("hash"),
            "previous": _flipped("previous"),
        },
        {"at": "at + interval '1 microsecond'"},
        "seq",
        "subject_id",
        ("subject_id", "seq"),
    ),
    "bids": Target(
        "round_entry",
        ("round_id", "seq"),
        {"amount": _more("amount"), "document": _flipped("document"), "hash": _flipped("hash")}
        | {"registration_id": "gen_random_uuid()"},
        {"at": _SECOND.format("at")},
        "seq",
        "round_id",
        where="kind = 'bid'",
    ),
    "transfers": Target(
        "transfer",
        ("id",),
        {"amount": _more("amount"), "currency": "'USD'", "purpose": "purpose || 'x'"}
        | {"credit_id": "gen_random_uuid()", "evidence": "evidence || '{\"day\": 1}'"},
        {"at": _SECOND.format("at")},
    ),
    "contracts": Target(
        "contract",
        ("deal_id", "record_number"),
        {"total_value": _more("total_value"), "document": _flipped("document"), "sha256": _flipped("sha256")}
        | {"number": "number || 'x'", "technical_value": _more("technical_value")},
        {"signed_on": _more("signed_on"), "recorded_at": _SECOND.format("recorded_at")},
        "record_number",
        "deal_id",
    ),
    "payments": Target(
        "payment",
        ("id",),
        {"amount": _more("amount"), "reference": "reference || 'x'", "deal_id": "gen_random_uuid()"},
        {"paid_on": _more("paid_on"), "recorded_at": _SECOND.format("recorded_at")},
    ),
    "versions": Target(
        "listing_version",
        ("listing_id", "number"),
        {"document": _flipped("document"), "sha256": _flipped("sha256"), "published_by": "gen_random_uuid()"},
        {"published_at": _SECOND.format("published_at")},
        "number",
        "listing_id",
    ),
    "introductions": Target(
        "introduction",
        ("id",),
        {
            "receipt": _flipped("receipt"),
            "signature": _flipped("signature"),
            "manager_id": "gen_random_uuid()",
        },
        {"introduced_at": _SECOND.format("introduced_at"), "valid_until": _SECOND.format("valid_until")},
    ),
    "checkpoints": Target(
        "log_checkpoint",
        ("number",),
        {"size": "size + 1000000", "note": "translate(note, 'aeiouAEIOU', 'eioueEIOUA')"},
        order="number",
    ),
    "leaves": Target(
        "log_leaf",
        ("index",),
        {"entry": _flipped("entry"), "row_id": "gen_random_uuid()", "source": "'another'"},
        order="index",
    ),
    "nodes": Target("log_node", ("level", "index"), {"hash": _flipped("hash")}),
}
_MARKS = {"checkpoints": "checkpoint {0}", "leaves": "leaf {0}", "nodes": "node {1} of level {0}"}
_FAR = 1_000_000


@dataclass(frozen=True)
class Edit:
    """One edit: the statements, and the rows that a finding has to name one of."""

    target: str
    kind: str
    statements: list[tuple[str, Row]]
    rows: list[Row]

    def named_in(self, finding: str) -> bool:
        return any(self._names(row, finding) for row in self.rows)

    def _names(self, row: Row, finding: str) -> bool:
        target = TARGETS[self.target]
        if self.target in _MARKS:
            mark = _MARKS[self.target].format(*(row[column] for column in target.key))
            between = re.search(r"one of leaf (\d+) to leaf (\d+)", finding)
            return bool(
                re.search(rf"\b{mark}\b", finding)
                or (target.table == "log_leaf" and str(row["row_id"]) in finding)
                or (
                    target.table == "log_leaf"
                    and between
                    and int(between[1]) <= row["index"] <= int(between[2])
                )
            )
        names = [target.key, *([target.columns] if target.columns else [])]
        return any(
            all(re.search(rf"(?<![\w-]){re.escape(str(row[column]))}(?![\w-])", finding) for column in name)
            for name in names
        )


def _match(target: Target, row: Row) -> tuple[str, Row]:
    return (
        " AND ".join(f"{column} = :{column}_" for column in target.key),
        {f"{column}_": row[column] for column in target.key},
    )


def _set(target: Target, row: Row, change: str, **values: Any) -> tuple[str, Row]:
    condition, key = _match(target, row)
    return f"UPDATE {target.table} SET {change} WHERE {condition}", key | values


def _change(target: Target, row: Row, column: str, value: str) -> list[tuple[str, Row]]:
    return [_set(target, row, f"{column} = {value.replace(':', chr(92) + ':')}")]


def _swap(target: Target, one: Row, other: Row, column: str) -> list[tuple[str, Row]]:
    """Each of two rows gets the other's number or id, by way of a third that nobody has."""
    free = _FAR if isinstance(one[column], int) else UUID(int=1)
    mid = one | {column: free}
    return [
        _set(target, one, f"{column} = :value", value=free),
        _set(target, other, f"{column} = :value", value=one[column]),
        _set(target, mid if column in target.key else one, f"{column} = :value", value=other[column]),
    ]


def an_edit(name: str, rows: Sequence[Row], chance: random.Random) -> Edit:
    """A random edit of one table whose rows are these, in their order."""
    target = TARGETS[name]
    kinds = (
        ["amount", "deletion", "swap", "tail"]
        + ["time"] * bool(target.times)
        + ["order"] * bool(target.order)
    )
    if name == "nodes":
        kinds = ["amount", "deletion"]
    kind, row = chance.choice(kinds), chance.choice(rows)
    if kind in ("amount", "time"):
        changes = target.amounts if kind == "amount" else target.times
        column, value = chance.choice(list(changes.items()))
        return Edit(name, kind, _change(target, row, column, value), [row])
    column = target.order or target.key[0]
    if kind == "order":
        moved = row | {column: row[column] + _FAR}
        return Edit(name, kind, _change(target, row, column, f"{column} + {_FAR}"), [row, moved])
    together = [each for each in rows if target.chain is None or each[target.chain] == row[target.chain]]
    if kind == "swap" and len(together) > 1:
        one, other = chance.sample(together, 2)
        return Edit(name, kind, _swap(target, one, other, column), [one, other])
    gone = together[-1] if kind == "tail" else row
    condition, key = _match(target, gone)
    return Edit(name, kind, [(f"DELETE FROM {target.table} WHERE {condition}", key)], [gone])


async def _rows(connection: AsyncConnection, target: Target) -> list[Row]:
    order = ", ".join(each for each in (target.chain, target.order or target.key[0]) if each)
    query = f"SELECT * FROM {target.table} WHERE {target.where} ORDER BY {order}"
    return [dict(row._mapping) for row in await connection.execute(text(query))]


async def _found(connection: AsyncConnection, key: bytes, edit: Edit | None = None) -> set[str]:
    """What the verification finds, as the transaction sees the market: all of it, or what the edit concerns."""
    if edit is None:
        return {finding async for finding in findings_through(connection, _silent, log_key=key)}
    concerned = [name for name, source in SOURCES.items() if source.table == TARGETS[edit.target].table]
    if edit.target == "leaves":
        concerned = [*SOURCES]
    found = {finding async for finding in log_findings(connection, key, only=concerned)}
    if edit.target == "events":
        async with AsyncSession(connection) as session:
            found |= {finding async for finding in broken_chains(session)}
    if edit.target == "bids":
        for round_id in {row["round_id"] for row in edit.rows}:
            found |= {f"round {round_id}: {fault}" for fault in faults(await read_rows(connection, round_id))}
    return found


def _silent(_done: int, _of: int) -> None:
    return


@dataclass
class Figures:
    """What came of the edits, by target and kind."""

    made: Counter[tuple[str, str]] = field(default_factory=Counter)
    detected: int = 0
    named: int = 0
    missed: list[str] = field(default_factory=list)


async def tamper(
    database: Database, key: bytes, edits: int, chance: random.Random, say: Callable[[str], None]
) -> Figures:
    """Make so many edits, each undone before the next."""
    figures = Figures()
    async with database.engine.connect() as connection:
        rows = {name: await _rows(connection, target) for name, target in TARGETS.items()}
        before = await _found(connection, key)
        await connection.rollback()
        say(f"{sum(map(len, rows.values()))} rows; {len(before)} findings before any edit")
        for finding in sorted(before):
            say(f"  {finding}")
        names = [name for name in TARGETS if rows[name]]
        for number in range(edits):
            edit = an_edit(names[number % len(names)], rows[names[number % len(names)]], chance)
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            for statement, values in edit.statements:
                done = await connection.execute(text(statement), values)
                assert done.rowcount == 1, (statement, values)
            new = await _found(connection, key, edit if number % WHOLE_EVERY else None) - before
            await connection.rollback()
            figures.made[edit.target, edit.kind] += 1
            figures.detected += bool(new)
            figures.named += any(map(edit.named_in, new))
            if not any(map(edit.named_in, new)):
                figures.missed.append(f"{edit.target}, {edit.kind}: {edit.statements}: {sorted(new)[:3]}")
        after = await _found(connection, key)
        if after != before:
            figures.missed.append(f"not all was undone: {sorted(after ^ before)[:3]}")
    return figures


async def run(edits: int, seed: int, say: Callable[[str], None]) -> Figures:
    chance = random.Random(seed)
    key: Ed25519PrivateKey = log_key(SECRET)
    async with scratch_database() as (url, _):
        database = Database(url, pool_size=2)
        await database.open()
        try:
            await build(database, key, chance)
            return await tamper(database, public_key(key), edits, chance, say)
        finally:
            await database.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--edits", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    begun = time.monotonic()
    figures = asyncio.run(run(given.edits, given.seed, print))
    targets = sorted({target for target, _ in figures.made})
    for target in targets:
        kinds = {kind: count for (of, kind), count in sorted(figures.made.items()) if of == target}
        print(f"  {target:<14}{sum(kinds.values()):>5}  {', '.join(f'{k} {n}' for k, n in kinds.items())}")
    for missed in figures.missed[:20]:
        print(f"missed: {missed}")
    print(f"{time.monotonic() - begun:.0f} s")
    print(f"TAMPER detected={figures.detected}/{given.edits} named={figures.named}/{given.edits}")
    return 0 if figures.named == given.edits and not figures.missed else 1


if __name__ == "__main__":
    sys.exit(main())
