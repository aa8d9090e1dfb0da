"""Checks the log of a hall, and the rows that it stands for, without the hall: it imports nothing of the server.

    python scripts/verify_record.py https://hall.example --key <verifier> [--older checkpoint] [--receipt receipt.json ...]
    python scripts/verify_record.py --database postgresql://… --key <verifier> [--older checkpoint]
    python scripts/verify_record.py --checkpoint checkpoint --key <verifier> --proof proof.json [--receipt receipt.json]

The first reads the whole log from its tiles, computes the root again and compares it with the signed checkpoint; a receipt of
a bid or of an introduction is looked up by its hash and proven. The second, for an auditor (role market_auditor), computes
every leaf from the business rows, every event from its chain, the tree and every checkpoint, and names what was touched. The
third needs no network: `proof.json` is what /api/v1/log/entries/… answered. With `--older`, a checkpoint that was kept, the
log of now must begin with it, or history was rewritten.

The key is the line that /api/v1/keys/log shows; keep it, and whatever checkpoints you see, where the hall cannot reach them.
Needs the packages `cryptography`, `rfc8785`, and for a database `asyncpg`. Exit code 0: all of it holds; 1: it does not, each
fault on a line; 2: it could not be read.
"""

import argparse
import asyncio
import base64
import hashlib
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH = 256
SHA256_BYTES = 32


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\0" + entry)


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right)


def root_of(entries: Sequence[bytes]) -> bytes:
    """The root of RFC 9162's tree over these entries."""
    level = [leaf_hash(entry) for entry in entries]
    if not level:
        return sha256(b"")
    while len(level) > 1:
        odd = [level.pop()] if len(level) % 2 else []
        level = [node_hash(*pair) for pair in zip(level[::2], level[1::2], strict=True)] + odd
    return level[0]


def includes(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162, 2.1.3.2: whether the path leads from the leaf's hash to the root."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for each in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(each, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, each)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def extends(first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]) -> bool:
    """RFC 9162, 2.1.4.2: whether the tree of `first` leaves begins that of `second`."""
    if first == second:
        return not path and first_root == second_root
    if first == 0 or first > second:
        return first == 0 and not path and first_root == sha256(b"")
    path = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not path:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for each in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(each, old), node_hash(each, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, each)
        place, last = place >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes


def public_key(verifier: str) -> bytes:
    """The 32 bytes in a line name+id+key, whose parts must fit each other; only the key counts for an address that moved."""
    name, identifier, encoded = verifier.strip().split("+", 2)
    typed = base64.b64decode(encoded, validate=True)
    if typed[:1] != b"\1" or sha256(f"{name}\n".encode() + typed)[:4].hex() != identifier:
        raise ValueError("the key is no Ed25519 verifier of a signed note")
    return typed[1:]


def opened(note: str, public: bytes) -> Checkpoint:
    """The checkpoint in a signed note (C2SP). ValueError where it is not signed with this key in the log's own name."""
    text, _, signatures = note.partition("\n\n")
    origin, size, root = text.split("\n")
    wanted = sha256(f"{origin}\n".encode() + b"\1" + public)[:4]
    for line in signatures.splitlines():
        dash, name, encoded = line.split(" ")
        signature = base64.b64decode(encoded, validate=True)
        if (dash, name, signature[:4]) != ("\u2014", origin, wanted):
            continue
        if base64.b64encode(signature).decode() != encoded:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature[4:], f"{text}\n".encode())
        except InvalidSignature:
            continue
        return Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
    raise ValueError("it is not signed by the key of the log")


def older_faults(older: Checkpoint | None, entries: Sequence[bytes]) -> Iterator[str]:
    if older is not None and (older.size > len(entries) or root_of(entries[: older.size]) != older.root):
        yield (
            f"history was rewritten: the log does not begin with the {older.size} leaves of the checkpoint that was kept"
        )


# A hall, over its public address


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        body: bytes = answer.read()
    return body


def entries_of(hall: str, size: int) -> list[bytes]:
    """Every entry of the log, from its tiles."""
    entries: list[bytes] = []
    for tile in range((size + WIDTH - 1) // WIDTH):
        width = min(WIDTH, size - tile * WIDTH)
        digits = f"{tile:03}" if tile < 1000 else f"{tile:0{-(-len(str(tile)) // 3) * 3}}"
        groups = [digits[place : place + 3] for place in range(0, len(digits), 3)]
        name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        body = fetched(f"{hall}/log/tile/entries/{name}" + (f".p/{width}" if width < WIDTH else ""))
        while body:
            length = int.from_bytes(body[:2], "big")
            entries.append(body[2 : 2 + length])
            body = body[2 + length :]
    return entries


def receipt_hash(receipt: dict[str, Any]) -> str:
    """What the log knows a receipt by: that of a bid by its entry's hash, that of an introduction by its own."""
    found: str = receipt["hash"] if "hash" in receipt else receipt["sha256"]
    return found


def proof_faults(proof: dict[str, Any], public: bytes, wanted: str | None, name: str) -> Iterator[str]:
    """What is wrong with an answer of /api/v1/log/entries/…; `wanted` is the hash that it has to prove."""
    checkpoint = opened(proof["checkpoint"], public)
    entry, path = bytes.fromhex(proof["entry"]), [bytes.fromhex(each) for each in proof["path"]]
    if wanted is not None and proof["entry"] != wanted:
        yield f"{name}: the proof is of something else"
    if not includes(proof["index"], checkpoint.size, leaf_hash(entry), path, checkpoint.root):
        yield f"{name}: it is not in the tree of {checkpoint.size} leaves"


def hall_faults(
    hall: str, public: bytes, older: Checkpoint | None, receipts: Sequence[Path]
) -> tuple[str, list[str]]:
    """What was looked at, and what is wrong with it."""
    checkpoint = opened(fetched(f"{hall}/log/checkpoint").decode(), public)
    entries = entries_of(hall, checkpoint.size)
    faults = []
    if len(entries) != checkpoint.size or root_of(entries) != checkpoint.root:
        faults.append(f"the entries that are served are not the {checkpoint.size} that the checkpoint signs")
    faults += older_faults(older, entries)
    for path in receipts:
        wanted = receipt_hash(json.loads(path.read_text("utf-8")))
        try:
            proof = json.loads(fetched(f"{hall}/api/v1/log/entries/{wanted}"))
        except urllib.error.HTTPError as error:
            faults.append(f"{path}: the log knows no such receipt (HTTP {error.code})")
        else:
            faults += proof_faults(proof, public, wanted, str(path))
    return f"{checkpoint.size} leaves of {checkpoint.origin}, {len(receipts)} receipts", faults


# A database, as an auditor reads it

SOURCES = {
    "event": ("event", "id", "0", "t.hash"),
    "round_entry": ("round_entry", "round_id", "t.seq", "t.hash"),
    "transfer": ("transfer", "id", "0", "row"),
    "contract": ("contract", "deal_id", "t.record_number", "row document"),
    "payment": ("payment", "id", "0", "row"),
    "listing_version": ("listing_version", "listing_id", "t.number", "row document"),
    "introduction": ("introduction", "id", "0", "row receipt"),
    "introduction_receipt": ("introduction", "id", "0", "sha256(t.receipt)"),
}
"""By the kind of a leaf: the table, its identifier, its number, and what the leaf is made of."""


def leaf_sql(kind: str) -> str:
    said, _, document = kind.partition(" ")
    if said != "row":
        return kind
    hashed = f" || jsonb_build_object('{document}', encode(sha256(t.{document}), 'hex'))" if document else ""
    return f"(to_jsonb(t){hashed})::text"


def entry_of(table: str, leaf: bytes | str) -> bytes:
    """A hash as it stands; of a row, the SHA-256 of its canonical JSON, whole numbers as text, without empty columns."""
    if isinstance(leaf, bytes):
        return leaf
    row = {
        name: str(value) if type(value) is int else value
        for name, value in json.loads(leaf).items()
        if value is not None
    }
    return sha256(rfc8785.dumps({"table": table, "row": row}))


def event_hash(row: Any) -> bytes:
    said = {
        "subject": f"{row['subject_kind']}:{row['subject_id']}",
        "seq": row["seq"],
        "kind": row["kind"],
        "actor": str(row["actor_id"]) if row["actor_id"] else None,
        "role": row["role"],
        "reason": row["reason"],
        "data": json.loads(row["data"]),
        "at": row["at"].astimezone(UTC).isoformat(timespec="microseconds"),
    }
    return sha256(row["previous"] + rfc8785.dumps(said))


async def chain_faults(connection: Any) -> list[str]:
    """Events whose hash is not that of what they say, or that do not follow the one before."""
    faults = []
    before: Any = None
    async for row in connection.cursor("SELECT * FROM event ORDER BY subject_kind, subject_id, seq"):
        same = before is not None and all(
            before[each] == row[each] for each in ("subject_kind", "subject_id")
        )
        name = f"table event, event {row['seq']} of {row['subject_kind']} {row['subject_id']}"
        if (row["seq"], row["previous"]) != (
            (before["seq"] + 1, before["hash"]) if same else (1, bytes(SHA256_BYTES))
        ):
            faults.append(f"{name}: it does not follow the event before it, or one is missing")
        if event_hash(row) != row["hash"]:
            faults.append(f"{name}: its content was changed")
        before = row
    async for row in connection.cursor("SELECT * FROM round_entry ORDER BY round_id, seq"):
        if sha256(row["previous"] + row["document"]) != row["hash"]:
            faults.append(
                f"table round_entry, entry {row['seq']} of round {row['round_id']}: its content was changed"
            )
        said = json.loads(row["document"])
        shown = [row["seq"], row["kind"], row["at"].astimezone(UTC).isoformat(timespec="microseconds")]
        if [said["seq"], said["kind"], said["at"].replace("Z", "+00:00")] != shown or (
            row["kind"] == "bid" and said["amount"] != row["amount"]
        ):
            faults.append(
                f"table round_entry, entry {row['seq']} of round {row['round_id']}: its row says other than its document"
            )
    return faults


async def row_faults(connection: Any, leaves: Sequence[Any]) -> list[str]:
    """Every business row against its leaf, both ways."""
    faults = []
    known = {(leaf["source"], leaf["row_id"], leaf["row_number"]): leaf for leaf in leaves}
    waiting = {
        tuple(row) for row in await connection.fetch("SELECT source, row_id, row_number FROM log_pending")
    }
    for source, (table, identifier, number, kind) in SOURCES.items():
        query = f"SELECT t.{identifier} AS key, {number} AS number, {leaf_sql(kind)} AS leaf FROM {table} t"
        async for row in connection.cursor(query):
            place = source, row["key"], row["number"]
            leaf, waits = known.pop(place, None), place in waiting
            waiting.discard(place)
            name = f"table {table}, row {row['key']}" + ("" if number == "0" else f" number {row['number']}")
            if leaf is None and not waits:
                faults.append(f"{name}: it was put in, or its leaf was removed")
            elif leaf is not None and entry_of(table, row["leaf"]) != leaf["entry"]:
                faults.append(f"{name}: it is not the row of leaf {leaf['index']}")
    for source, key, number in [*known, *waiting]:
        table = SOURCES.get(source, (source,))[0]
        faults.append(f"table {table}, row {key} number {number}: it is missing")
    return faults


async def checkpoint_faults(connection: Any, leaves: Sequence[Any], public: bytes) -> list[str]:
    """Every checkpoint that was signed, against the leaves; those that grow by appending alone, in one pass."""
    faults: list[str] = []
    entries = [leaf["entry"] for leaf in leaves]
    edge: list[bytes] = []
    added = 0
    rows = await connection.fetch("SELECT * FROM log_checkpoint ORDER BY number")
    for expected, row in enumerate(rows, start=1):
        name = f"table log_checkpoint, checkpoint {row['number']}"
        if row["number"] != expected:
            faults.append(f"table log_checkpoint, checkpoint {expected}: it is missing")
            break
        try:
            said = opened(row["note"], public)
        except ValueError as error:
            faults.append(f"{name}: {error}")
            continue
        if said.size != row["size"] or said.size < added:
            faults.append(f"{name}: its row says other than its note")
            continue
        for index in range(added, min(said.size, len(entries))):
            found, place = leaf_hash(entries[index]), index
            while place & 1:
                found, place = node_hash(edge.pop(), found), place >> 1
            edge.append(found)
        added = said.size
        root = edge[-1] if edge else sha256(b"")
        for left in reversed(edge[:-1]):
            root = node_hash(left, root)
        if root != said.root:
            faults.append(f"{name}: its root is not that of the first {said.size} leaves")
    if not faults and added != len(entries):
        faults.append(f"table log_checkpoint, checkpoint {len(rows) + 1}: it is missing")
    return faults


async def database_faults(url: str, public: bytes, older: Checkpoint | None) -> tuple[str, list[str]]:
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            for spelling in ("SET LOCAL timezone TO 'UTC'", "SET LOCAL bytea_output TO 'hex'"):
                await connection.execute(spelling)
            leaves = await connection.fetch("SELECT * FROM log_leaf ORDER BY index")
            faults = [
                f"table log_leaf, leaf {place}: it is missing"
                for place, leaf in list(enumerate(leaves))
                if leaf["index"] != place
            ][:1]
            faults += await chain_faults(connection)
            faults += await row_faults(connection, leaves)
            faults += await checkpoint_faults(connection, leaves, public)
            faults += older_faults(older, [leaf["entry"] for leaf in leaves])
            return f"{len(leaves)} leaves and the rows that they stand for", faults
    finally:
        await connection.close()


def looked_at(given: argparse.Namespace) -> tuple[str, list[str]]:
    public = public_key(given.key)
    older = opened(given.older.read_text("utf-8"), public) if given.older else None
    if given.database:
        return asyncio.run(database_faults(given.database, public, older))
    if given.hall:
        return hall_faults(given.hall.rstrip("/"), public, older, given.receipt)
    if not given.proof:
        raise ValueError("name a hall, a database or a proof")
    proof = json.loads(given.proof.read_text("utf-8"))
    if given.checkpoint:
        proof["checkpoint"] = given.checkpoint.read_text("utf-8")
    wanted = receipt_hash(json.loads(given.receipt[0].read_text("utf-8"))) if given.receipt else None
    return f"leaf {proof['index']}", list(proof_faults(proof, public, wanted, str(given.proof)))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("hall", nargs="?", help="the address of a hall")
    parser.add_argument("--database", help="a database, as an auditor reaches it")
    parser.add_argument("--key", required=True, help="the verifier's line of the log")
    for name, said in (
        ("older", "a checkpoint that was kept"),
        ("checkpoint", "a signed checkpoint in place of the proof's own"),
        ("proof", "an answer of /api/v1/log/entries/…"),
    ):
        parser.add_argument(f"--{name}", type=Path, help=said)
    parser.add_argument(
        "--receipt", type=Path, action="append", default=[], help="a receipt of a bid or an introduction"
    )
    given = parser.parse_args(arguments)
    try:
        what, faults = looked_at(given)
    except (ValueError, KeyError, TypeError, OSError) as error:
        print(f"It could not be read: {error}", file=sys.stderr)
        return 2
    for fault in faults:
        print(f"touched: {fault}")
    print(f"{what}: {'all of it holds.' if not faults else f'{len(faults)} faults.'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
