"""Amounts in sealed bids, looked for wherever the hall writes or answers anything before the opening."""

import asyncio
import json
import logging
import random
import re
import subprocess
from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from market.discovery.indexing import rebuild
from market.embedded_home import programs
from market.trading import placing
from search import open_indexer
from tests.depth import DEEP
from tests.makers import Caller, Market
from tests.sealing.tenders import Tender
from tests.test_routes import NOTHING, ROUTES
from tests.trading.stage import key
from tests.trading.watching import Stream, watching

BIDDERS = 10
EACH = 100 if DEEP else 15
"""A thousand amounts in `make deep`."""
STREAM = "/api/v1/rounds/{round_id}/events"
"""Never ends by itself, and is watched all the time."""
pytestmark = pytest.mark.slow


def filled(path: str, **values: Any) -> str:
    """A path with its parameters: those given, and ids of nothing."""
    path = re.sub(r"\{(\w+)\}", lambda found: str(values.get(found.group(1), NOTHING)), path)
    return path.removeprefix("/api/v1")


def spellings(minor: int) -> list[bytes]:
    """How an amount might be written: minor units, decimal, grouped, and as eight bytes of either order."""
    major = Decimal(minor).scaleb(-2)
    texts = [str(minor), f"{major:f}", f"{major:,f}", f"{minor:x}"]
    return [text.encode() for text in texts] + [minor.to_bytes(8, order) for order in ("big", "little")]


class Canaries:
    """Amounts that nothing else looks like, and where they were found.

    They have their highest bits and their first digits in common, by which a search is quick in megabytes.
    """

    def __init__(self, amounts: Collection[int]) -> None:
        self.amounts = amounts
        self.of = {spelling: minor for minor in amounts for spelling in spellings(minor)}
        self.patterns = [_pattern(alike) for alike in zip(*map(spellings, amounts), strict=True)]

    def found_in(self, *texts: bytes) -> set[int]:
        hits = (hit for text in texts for pattern in self.patterns for hit in pattern.findall(text))
        return {self.of[hit] for hit in hits if hit in self.of}


def _pattern(alike: Sequence[bytes]) -> re.Pattern[bytes]:
    """Whatever begins and ends as all of these do and is as long; also where one hit lies within another."""
    head, tail = _alike(alike), _alike([each[::-1] for each in alike])[::-1]
    (length,) = {len(each) for each in alike}
    between = length - len(head) - len(tail)
    return re.compile(b"(?=(%b.{%d}%b))" % (re.escape(head), between, re.escape(tail)), re.DOTALL)


def _alike(texts: Sequence[bytes]) -> bytes:
    """How all of these begin."""
    least, most = min(texts), max(texts)
    differ = (place for place, (one, other) in enumerate(zip(least, most, strict=True)) if one != other)
    return least[: next(differ)]


def decoded(text: bytes) -> Iterator[bytes]:
    """A dump, and every run of hexadecimal digits in it as the bytes that they spell: bytea, and hashes."""
    yield text
    for run in re.findall(rb"(?:[0-9a-f]{2}){8,}", text):
        yield bytes.fromhex(run.decode())


async def dumped(database_url: str) -> bytes:
    """Every row of every table, as COPY writes them."""
    connection = await asyncpg.connect(database_url)
    parts: list[bytes] = []

    async def take(part: bytes) -> None:
        parts.append(part)

    try:
        tables = await connection.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        assert len(tables) > 30
        for table in tables:
            query = f"SELECT * FROM {table['name']}"
            await connection.copy_from_query(query, output=take, format="text")
    finally:
        await connection.close()
    return b"".join(parts)


def pg_dump(database_url: str) -> bytes:
    program = programs() / "pg_dump"
    if not program.exists():
        return b""
    done = subprocess.run([program, "--dbname", database_url], capture_output=True, check=True)
    return done.stdout


def files(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def answers(market: Market, tender: Tender, *callers: Caller) -> list[bytes]:
    """What every address that is read answers to the public and, where it is of something that there is, to these people."""
    ids = {"round_id": tender.sale.id, "listing_id": tender.sale.listing["id"], "number": 1}
    found = []
    for method, path, _ in ROUTES:
        if method != "GET" or path == STREAM:
            continue
        address = filled(path, **ids)
        prefix = "/api/v1" if path.startswith("/api/v1") else ""
        answer = await market.client.get(f"{prefix}{address}")
        found += [answer.content, repr(answer.headers).encode()]
        if prefix and NOTHING not in address:
            found += [(await caller.get(address)).content for caller in callers]
    return found


def hear_everything(caplog: pytest.LogCaptureFixture) -> None:
    """Every logger says all that it can, but for the event loop's own."""
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] != "asyncio":
            caplog.set_level(logging.DEBUG, logger=name)


async def fail_once(tender: Tender, minor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure in the very transaction that writes a bid, for its traceback."""

    async def failing(*_: Any) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(placing, "write", failing)
        body = {"amount": {"amount": f"{Decimal(minor).scaleb(-2):f}", "currency": "CNY"}}
        failed = await tender.sale.bidders[0].who.post(f"{tender.path}/bids", body, headers=key())
    assert failed.status_code == 503


async def bid_them_all(tender: Tender, amounts: Sequence[int]) -> list[Any]:
    """The receipts; every second amount or so is sealed by the server."""
    receipts: list[Any] = []
    for turn in range(EACH):
        wave = amounts[turn * BIDDERS : (turn + 1) * BIDDERS]
        bids = (
            tender.bid(who, minor, by="client" if minor % 2 else "server") for who, minor in enumerate(wave)
        )
        receipts += await asyncio.gather(*bids)
    assert {receipt["sealed_by"] for receipt in receipts} == {"client", "server"}
    return receipts


@pytest.mark.deep
async def test_sealed_amounts_are_nowhere_before_the_opening(
    market: Market, database_url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = 438_211 << 24
    chance = random.Random(20260302)
    canaries = Canaries(chance.sample(range(start, start + (1 << 24)), BIDDERS * EACH))
    amounts = list(canaries.amounts)
    tender = await Tender.of(market, bidders=BIDDERS)
    sale = tender.sale
    people = [
        sale.operator,
        await market.auditor(),
        sale.director,
        sale.bidders[0].who,
        tender.officers[0].who,
    ]
    hear_everything(caplog)
    told: list[str] = []
    listener = await asyncpg.connect(database_url)
    await listener.add_listener("round_moved", lambda *note: told.append(note[-1]))

    async def nowhere(receipts: list[Any], stream: Stream) -> None:
        places = {
            "receipts": [json.dumps(receipts).encode()],
            "rows": list(decoded(await dumped(database_url))),
            "dump": list(decoded(pg_dump(database_url))),
            "answers": await answers(market, tender, *people),
            "stream": [stream.body],
            "files": files(market.settings.data_dir),
            "logs": [caplog.text.encode(), *(repr(vars(record)).encode() for record in caplog.records)],
            "notifications": [note.encode() for note in told],
        }
        assert [name for name, texts in places.items() if not texts] in ([], ["notifications"])
        assert {name: canaries.found_in(*texts) for name, texts in places.items()} == {
            name: set() for name in places
        }

    async with watching(market.app, tender.path) as stream:
        await stream.next()
        await fail_once(tender, amounts[0], monkeypatch)
        receipts = await bid_them_all(tender, amounts)
        assert len(receipts) == BIDDERS * EACH
        assert "the disk is full" in caplog.text
        indexer = open_indexer(None, None, market.settings.index_dir)
        await rebuild(market.database, indexer)
        await indexer.aclose()
        await nowhere(receipts, stream)
        assert told == []
        assert (await sale.let_pass(hours=24))["status"] == "opening"
        await tender.hand_in(0)
        await nowhere(receipts, stream)

    # The same search finds every one of them once the bids are opened.
    await tender.hand_in(1)
    await listener.close()
    assert canaries.found_in(*decoded(await dumped(database_url))) == set(amounts)
    log = await sale.log()
    rest = await market.client.get(f"/api/v1{tender.path}/log", params={"cursor": log[-1]["seq"]})
    log += rest.json()["items"]
    assert canaries.found_in(*(item["document"].encode() for item in log)) == set(amounts)
    said = json.loads(log[-2]["document"])["bids"]
    assert sorted(each["amount"] for each in said) == sorted(amounts)
    last = {each["bidder"]: each["amount"] for each in said}
    assert json.loads(log[-1]["document"])["amount"] == max(last.values())


def test_the_search_finds_an_amount_in_every_spelling() -> None:
    canaries = Canaries([123456789012345, 123456789012346])
    spelt = [b'"amount":123456789012345,', b"1234567890123.45", b"1,234,567,890,123.45"]
    spelt += [b"00" + (123456789012345).to_bytes(8, order).hex().encode() for order in ("big", "little")]
    for text in spelt:
        assert canaries.found_in(*decoded(text)) == {123456789012345}
