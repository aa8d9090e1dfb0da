"""The log over the record: nothing is passed over, everything is proven to whoever asks, and a rewritten log is found out."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from market.database import Database, database_urls, new_id
from market.ledger import notes
from market.ledger.auditing import log_findings
from market.ledger.notes import Checkpoint
from market.ledger.sequencing import sequence
from market.ledger.service import record
from market.ledger.signing import log_key, public_key
from market.roles import AUDITOR
from market.verification import findings
from scripts import verify_record
from tests.conftest import as_login
from tests.makers import Market

ORIGIN = "hall.test/log"


def key_of(market: Market) -> Any:
    return log_key(market.settings.secret_key.get_secret_value())


async def grow(market: Market) -> int:
    return await sequence(market.database, key_of(market), ORIGIN)


async def write(database: Database, count: int = 1) -> list[bytes]:
    """The hashes of events of one new subject."""
    async with database.sessions() as session, session.begin():
        subject = ("listing", new_id())
        return [(await record(session, None, subject, "changed")).hash for _ in range(count)]


async def faults(market: Market, older: Checkpoint | None = None) -> list[str]:
    async with market.database.engine.connect() as connection:
        return [each async for each in log_findings(connection, public_key(key_of(market)), older)]


async def newest(market: Market) -> Checkpoint:
    note = await market.client.get("/log/checkpoint")
    assert note.status_code == 200, note.text
    return verify_record.opened(note.text, public_key(key_of(market)))


async def entries(database: Database) -> list[bytes]:
    rows = await database.pool.fetch("SELECT entry FROM log_leaf ORDER BY index")
    return [row["entry"] for row in rows]


@pytest_asyncio.fixture(scope="module", autouse=True)
async def before_all(market: Market) -> None:
    """Nothing is signed before there is anything, and then all of it at once."""
    assert (await market.client.get("/log/checkpoint")).status_code == 404
    assert (await market.client.get("/api/v1/log/entries/0")).status_code == 404
    assert (await market.client.get("/api/v1/log/consistency?from=0")).status_code == 422
    officer, director = await market.university()
    await market.listing(officer, director)
    assert await grow(market) > 0


async def test_what_was_written_enters_the_log_once_and_in_the_order_of_its_chain(market: Market) -> None:
    before = len(await entries(market.database))
    written = await write(market.database, 5)
    assert await grow(market) == 5
    assert (await entries(market.database))[before:] == written
    number = await market.database.pool.fetchval("SELECT max(number) FROM log_checkpoint")
    assert await grow(market) == 0
    assert await market.database.pool.fetchval("SELECT max(number) FROM log_checkpoint") == number
    assert await faults(market) == []


async def test_a_row_that_commits_late_is_not_passed_over(market: Market) -> None:
    """It was written, and had its number, before the others; by number or by time it would be behind them for good."""
    late = market.database.sessions()
    transaction = await late.begin()
    event = await record(late, None, ("listing", new_id()), "changed")
    later = await write(market.database, 3)
    assert await grow(market) == 3
    assert (await entries(market.database))[-3:] == later
    await transaction.commit()
    await late.close()
    assert await faults(market) == []
    assert await grow(market) == 1
    assert (await entries(market.database))[-1] == event.hash


async def test_many_writers_and_sequencers_at_once_lose_and_double_nothing(market: Market) -> None:
    before = set(await entries(market.database))
    done = asyncio.Event()
    written: list[bytes] = []

    async def writer() -> None:
        for count in range(1, 8):
            written.extend(await write(market.database, count % 3 + 1))

    async def sequencer() -> None:
        while not done.is_set():
            await grow(market)

    sequencers = [asyncio.create_task(sequencer()) for _ in range(3)]
    await asyncio.gather(*(writer() for _ in range(5)))
    done.set()
    await asyncio.gather(*sequencers)
    await grow(market)
    now = await entries(market.database)
    assert set(now) - before == set(written)
    assert len(now) == len(set(now))
    assert await faults(market) == []


async def test_more_than_a_batch_enters_by_batches_in_order(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("market.ledger.sequencing.BATCH", 7)
    before = len(await entries(market.database))
    written = await write(market.database, 20)
    assert await grow(market) == 20
    assert (await entries(market.database))[before:] == written
    assert await faults(market) == []


async def test_what_was_rolled_back_is_not_in_the_log(market: Market) -> None:
    async with market.database.sessions() as session:
        await record(session, None, ("listing", new_id()), "changed")
        await session.rollback()
    assert await grow(market) == 0


async def test_every_row_of_weight_is_a_leaf_or_waits_for_one(market: Market) -> None:
    """A superuser who writes past the triggers is named."""
    async with market.database.engine.connect() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(
            text(
                "INSERT INTO event (id, subject_kind, subject_id, seq, kind, data, at, previous, hash) "
                "SELECT gen_random_uuid(), subject_kind, gen_random_uuid(), 1, kind, data, at, previous, hash "
                "FROM event WHERE seq = 1 LIMIT 1"
            )
        )
        found = [each async for each in log_findings(connection, public_key(key_of(market)))]
        assert len(found) == 1
        assert "no leaf of the log stands for it" in found[0]
        await connection.rollback()


# Over HTTP


async def test_the_checkpoint_is_a_note_that_its_key_opens(market: Market) -> None:
    answer = await market.client.get("/log/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    told = (await market.client.get("/api/v1/keys/log")).json()
    assert (told["origin"], told["algorithm"]) == (ORIGIN, "Ed25519")
    public = verify_record.public_key(told["verifier"])
    assert base64.b64encode(public).decode() == told["public_key"]
    said = verify_record.opened(answer.text, public)
    assert said.origin == ORIGIN
    assert said.root == verify_record.root_of(await entries(market.database))


async def test_every_leaf_is_proven_by_index_and_by_hash(market: Market) -> None:
    said, known = await newest(market), await entries(market.database)
    for index in {0, 1, len(known) // 2, len(known) - 1}:
        by_index = (await market.client.get(f"/api/v1/log/entries/{index}")).json()
        by_hash = (await market.client.get(f"/api/v1/log/entries/{known[index].hex()}")).json()
        assert by_index == by_hash
        assert by_index["entry"] == known[index].hex()
        path = [bytes.fromhex(each) for each in by_index["path"]]
        leaf = bytes.fromhex(by_index["leaf_hash"])
        assert leaf == verify_record.leaf_hash(known[index])
        assert verify_record.includes(index, said.size, leaf, path, said.root)
        assert not list(
            verify_record.proof_faults(by_index, public_key(key_of(market)), by_index["entry"], "it")
        )


@pytest.mark.parametrize(
    "path", ["/api/v1/keys/log", "/api/v1/log/consistency?from=1", "/api/v1/log/entries/0"]
)
async def test_whoever_holds_a_proof_gets_no_copy(market: Market, path: str) -> None:
    whole = await market.client.get(path)
    again = await market.client.get(path, headers={"If-None-Match": whole.headers["etag"]})
    assert (whole.status_code, again.status_code) == (200, 304)


@pytest.mark.parametrize("leaf", ["999999999", "00" * 32, "-1", "x", "0" * 16, "AB" * 32])
async def test_what_is_not_in_the_log_is_not_found(market: Market, leaf: str) -> None:
    assert (await market.client.get(f"/api/v1/log/entries/{leaf}")).status_code == 404


async def test_the_log_is_shown_to_have_only_been_added_to(market: Market) -> None:
    older = await newest(market)
    await write(market.database, 3)
    await grow(market)
    said, known = await newest(market), await entries(market.database)
    for first in {0, 1, 2, older.size // 2, older.size, said.size}:
        answer = (await market.client.get(f"/api/v1/log/consistency?from={first}")).json()
        assert (answer["first"], answer["second"]) == (first, said.size)
        path = [bytes.fromhex(each) for each in answer["path"]]
        before = verify_record.root_of(known[:first])
        assert verify_record.extends(first, said.size, before, said.root, path)
    between = (await market.client.get(f"/api/v1/log/consistency?from=3&to={older.size}")).json()
    path = [bytes.fromhex(each) for each in between["path"]]
    assert verify_record.extends(3, older.size, verify_record.root_of(known[:3]), older.root, path)


@pytest.mark.parametrize("sizes", ["from=5&to=4", "from=0&to=9999999", "from=9999999", "from=-1", "from=x"])
async def test_sizes_that_were_never_signed_are_invalid(market: Market, sizes: str) -> None:
    assert (await market.client.get(f"/api/v1/log/consistency?{sizes}")).status_code in (400, 422)


async def test_what_waits_is_not_proven_before_it_is_signed(market: Market) -> None:
    (digest,) = await write(market.database)
    assert (await market.client.get(f"/api/v1/log/entries/{digest.hex()}")).status_code == 404
    await grow(market)
    assert (await market.client.get(f"/api/v1/log/entries/{digest.hex()}")).status_code == 200


async def test_tiles_hold_the_hashes_and_the_entries_as_the_specification_lays_them_out(
    market: Market,
) -> None:
    await write(market.database, 300)
    await grow(market)
    known, said = await entries(market.database), await newest(market)
    whole = await market.client.get("/log/tile/0/000")
    assert whole.content == b"".join(verify_record.leaf_hash(entry) for entry in known[:256])
    assert "immutable" in whole.headers["cache-control"]
    above = await market.client.get(f"/log/tile/1/000.p/{said.size // 256}")
    assert above.content[:32] == verify_record.root_of(known[:256])
    rest = said.size % 256
    part = await market.client.get(f"/log/tile/0/{said.size // 256:03}.p/{rest}")
    assert part.content == b"".join(verify_record.leaf_hash(entry) for entry in known[-rest:])
    bundle = await market.client.get("/log/tile/entries/000.p/2")
    assert bundle.content == b"\x00\x20" + known[0] + b"\x00\x20" + known[1]


@pytest.mark.parametrize(
    "path",
    [
        "0/999",
        "0/000.p/256",
        "0/000.p/0",
        "0/x000/000",
        "0/0",
        "6/000",
        "9/000",
        "entries/x",
        "0/00a",
        "2/000",
    ],
)
async def test_a_tile_that_is_not_there_is_not_found(market: Market, path: str) -> None:
    assert (await market.client.get(f"/log/tile/{path}")).status_code == 404


# The stand-alone verifier


@pytest.fixture
async def at_the_hall(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the stand-alone verifier fetches, it fetches from this application."""
    loop = asyncio.get_running_loop()

    def fetched(url: str) -> bytes:
        answer = asyncio.run_coroutine_threadsafe(market.client.get(url), loop).result(30)
        if answer.status_code != httpx.codes.OK:
            raise verify_record.urllib.error.HTTPError(url, answer.status_code, "", answer.headers, None)  # type: ignore[arg-type]
        return answer.content

    monkeypatch.setattr(verify_record, "fetched", fetched)


async def verified(*arguments: str | Path) -> int:
    return await asyncio.to_thread(verify_record.main, [str(each) for each in arguments])


async def the_key(market: Market) -> str:
    return (await market.client.get("/api/v1/keys/log")).json()["verifier"]  # type: ignore[no-any-return]


async def test_the_verifier_needs_the_public_address_alone(
    market: Market, at_the_hall: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = await the_key(market)
    older, receipt, proof = tmp_path / "older", tmp_path / "receipt.json", tmp_path / "proof.json"
    older.write_text((await market.client.get("/log/checkpoint")).text)
    (digest,) = await write(market.database)
    await grow(market)
    receipt.write_text(json.dumps({"hash": digest.hex()}))
    hall = "http://hall.test"
    assert await verified(hall, "--key", key, "--older", older, "--receipt", receipt) == 0
    proof.write_bytes((await market.client.get(f"/api/v1/log/entries/{digest.hex()}")).content)
    assert await verified("--key", key, "--proof", proof, "--receipt", receipt) == 0
    receipt.write_text(json.dumps({"sha256": "00" * 32}))
    assert await verified(hall, "--key", key, "--receipt", receipt) == 1
    assert await verified("--key", key, "--proof", proof, "--receipt", receipt) == 1
    other = notes.verifier(ORIGIN, bytes(32))
    assert await verified(hall, "--key", other) == 2
    forged = notes.signed(Checkpoint(ORIGIN, 3, bytes(32)), key_of(market))
    older.write_text(forged)
    assert await verified(hall, "--key", key, "--older", older) == 1
    assert "history was rewritten" in capsys.readouterr().out


async def test_the_verifier_and_market_verify_find_the_database_whole(
    market: Market, database_url: str
) -> None:
    await grow(market)
    assert await verified("--database", database_url, "--key", await the_key(market)) == 0
    public = public_key(key_of(market))
    assert [each async for each in findings(market.database, lambda _done, _of: None, log_key=public)] == []


async def test_both_are_an_auditors_work(market: Market, database_url: str) -> None:
    """Neither needs more of the database than the role market_auditor may."""
    password = f"PASSWORD '{given}'" if (given := database_urls(database_url)[0].password) else ""
    await market.database.pool.execute(f"CREATE ROLE an_auditor LOGIN {password} IN ROLE {AUDITOR}")
    url = as_login(database_url, "an_auditor")
    auditing = Database(url)
    try:
        assert await verified("--database", url, "--key", await the_key(market)) == 0
        assert [each async for each in findings(auditing, lambda _done, _of: None)] == []
        await auditing.open()
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await auditing.pool.fetch("SELECT password_hash FROM person")
    finally:
        await auditing.close()
        await market.database.pool.execute("DROP ROLE an_auditor")


# What a superuser does


@pytest_asyncio.fixture
async def behind(market: Market, database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A superuser past the triggers; the tables of the log are put back afterwards."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("SET session_replication_role = replica")
    tables = ("event", "log_leaf", "log_node", "log_checkpoint")
    kept = {table: await connection.fetch(f"SELECT * FROM {table}") for table in tables}
    yield connection
    for table, rows in kept.items():
        await connection.execute(f"DELETE FROM {table}")
        await connection.copy_records_to_table(table, records=[tuple(row) for row in rows])
    await connection.close()


async def test_a_history_that_was_rewritten_whole_is_contradicted_by_a_kept_checkpoint(
    market: Market, behind: asyncpg.Connection, database_url: str, tmp_path: Path
) -> None:
    """With the log's key in hand an event is changed, its chain is hashed anew, and the log is built and signed anew."""
    (digest,) = await write(market.database)
    await grow(market)
    kept = await newest(market)
    older = tmp_path / "older"
    older.write_text((await market.client.get("/log/checkpoint")).text)
    event = await behind.fetchrow("SELECT * FROM event WHERE hash = $1", digest)
    forged = verify_record.event_hash(dict(event) | {"reason": "another"})
    await behind.execute("UPDATE event SET reason = 'another', hash = $1 WHERE hash = $2", forged, digest)
    for table in ("log_leaf", "log_node", "log_checkpoint"):
        await behind.execute(f"DELETE FROM {table}")
    await behind.execute(
        "INSERT INTO log_pending (source, row_id, row_number) SELECT 'event', id, 0 FROM event UNION ALL "
        "SELECT 'listing_version', listing_id, number FROM listing_version"
    )
    await grow(market)
    assert await faults(market) == []
    (said,) = await faults(market, kept)
    assert said.startswith("history was rewritten")
    key = await the_key(market)
    assert await verified("--database", database_url, "--key", key) == 0
    assert await verified("--database", database_url, "--key", key, "--older", older) == 1


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM event WHERE hash = $1", "table event, row {id} number 0: it is missing"),
        ("UPDATE event SET reason = 'x' WHERE hash = $1", "its content was changed"),
        ("DELETE FROM log_leaf WHERE entry = $1", "table event, row {id}: it was put in, or its leaf was removed"),
        ("UPDATE log_leaf SET entry = sha256(entry) WHERE entry = $1", "table event, row {id}: it is not the row of leaf"),
        ("DELETE FROM log_checkpoint WHERE number = (SELECT max(number) FROM log_checkpoint) AND $1::bytea IS NOT NULL", "checkpoint {number}: it is missing"),
        ("UPDATE log_checkpoint SET note = replace(note, 'hall', 'ball') WHERE number = 1 AND $1::bytea IS NOT NULL", "checkpoint 1: it is not signed by the key of the log"),
    ],
)  # fmt: skip
async def test_the_verifier_names_the_table_the_row_and_what(
    market: Market,
    behind: asyncpg.Connection,
    database_url: str,
    capsys: pytest.CaptureFixture[str],
    statement: str,
    told: str,
) -> None:
    (digest,) = await write(market.database)
    await grow(market)
    identifier: UUID = await behind.fetchval("SELECT id FROM event WHERE hash = $1", digest)
    number = await behind.fetchval("SELECT max(number) FROM log_checkpoint")
    assert (await behind.execute(statement, digest)).endswith(" 1")
    capsys.readouterr()
    assert await verified("--database", database_url, "--key", await the_key(market)) == 1
    assert told.format(id=identifier, number=number) in capsys.readouterr().out
