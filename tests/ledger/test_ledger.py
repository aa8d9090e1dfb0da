"""The record: each subject's chain is whole, each kind of tampering is named, and the database refuses changes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from market.database import Database, new_id
from market.ledger.queries import broken_chains
from market.ledger.rules import GENESIS, Entry, canonical, event_hash, sha256
from market.ledger.rules import Chain as Checked
from market.ledger.service import record
from market.permissions import Actor
from schemas.vocabulary import Role
from tests.makers import Market

SUBJECT = UUID(int=7)
Chain = list[tuple[Entry, bytes, bytes]]


def entry(seq: int, **fields: Any) -> Entry:
    made = Entry(
        subject_kind="listing",
        subject_id=SUBJECT,
        seq=seq,
        kind="changed",
        actor_id=UUID(int=1),
        role="tto_officer",
        reason=None,
        data={"changed": ["/title"]},
        at=datetime(2026, 11, 1, 8, 0, seq % 60, 123456, tzinfo=UTC),
    )
    return replace(made, **fields)


def chained(*entries: Entry) -> Chain:
    chain: Chain = []
    previous = GENESIS
    for one in entries:
        digest = event_hash(previous, one)
        chain.append((one, previous, digest))
        previous = digest
    return chain


def first_break(chain: Chain) -> str | None:
    """What is said of the whole chain, at most one sentence."""
    checked = Checked(("listing", SUBJECT))
    said = [sentence for link in chain if (sentence := checked.broken_by(*link))]
    assert len(said) <= 1
    return said[0] if said else None


WHOLE = chained(*(entry(seq) for seq in range(1, 6)))


def test_a_whole_chain_has_no_break() -> None:
    assert first_break(WHOLE) is None
    assert first_break([]) is None


def test_the_hash_is_sha_256_over_the_hash_before_and_canonical_json() -> None:
    document = {
        "subject": f"listing:{SUBJECT}",
        "seq": 1,
        "kind": "changed",
        "actor": str(UUID(int=1)),
        "role": "tto_officer",
        "reason": None,
        "data": {"changed": ["/title"]},
        "at": "2026-11-01T08:00:01.123456+00:00",
    }
    assert WHOLE[0][2] == sha256(GENESIS + rfc8785.dumps(document))
    assert canonical({"b": 1, "a": "电"}) == '{"a":"电","b":1}'.encode()


@pytest.mark.parametrize(
    "fields",
    [
        {"data": {"changed": []}},
        {"kind": "published"},
        {"actor_id": UUID(int=2)},
        {"actor_id": None},
        {"role": "tto_director"},
        {"reason": "because"},
        {"at": datetime(2026, 11, 1, 8, 0, 3, 123457, tzinfo=UTC)},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_every_changed_column_is_named(fields: dict[str, Any]) -> None:
    forged = list(WHOLE)
    forged[2] = (replace(forged[2][0], **fields), *forged[2][1:])
    assert first_break(forged) == f"event 3 of listing {SUBJECT}: its content was changed"


def test_a_change_with_a_hash_made_anew_breaks_at_the_next_event() -> None:
    forged = list(WHOLE)
    changed = replace(forged[2][0], reason="because")
    forged[2] = (changed, forged[2][1], event_hash(forged[2][1], changed))
    assert first_break(forged) == f"event 4 of listing {SUBJECT}: does not follow the event before it"


def test_two_swapped_events_are_named() -> None:
    forged = list(WHOLE)
    second, third = forged[1], forged[2]
    forged[1] = (replace(third[0], seq=2), third[1], third[2])
    forged[2] = (replace(second[0], seq=3), second[1], second[2])
    assert first_break(forged) == f"event 2 of listing {SUBJECT}: does not follow the event before it"


@pytest.mark.parametrize("gone", [1, 2, 3, 4])
def test_a_deleted_event_is_named_by_the_one_behind_it(gone: int) -> None:
    forged = [link for link in WHOLE if link[0].seq != gone]
    assert first_break(forged) == f"event {gone + 1} of listing {SUBJECT}: event {gone} is missing"


def test_a_deleted_event_is_found_though_the_numbers_were_closed_up() -> None:
    forged = [*WHOLE[:2], *((replace(e, seq=e.seq - 1), p, h) for e, p, h in WHOLE[3:])]
    assert first_break(forged) == f"event 3 of listing {SUBJECT}: does not follow the event before it"


def test_an_event_put_in_between_is_named() -> None:
    inserted = entry(3, kind="approved")
    between = (inserted, WHOLE[1][2], event_hash(WHOLE[1][2], inserted))
    moved = [(replace(e, seq=e.seq + 1), p, h) for e, p, h in WHOLE[2:]]
    assert first_break([*WHOLE[:2], between, *moved]) == (
        f"event 4 of listing {SUBJECT}: does not follow the event before it"
    )


def test_an_event_of_another_subject_does_not_fit() -> None:
    forged = list(WHOLE)
    forged[0] = (replace(forged[0][0], subject_id=UUID(int=8)), *forged[0][1:])
    assert first_break(forged) == f"event 1 of listing {UUID(int=8)}: its content was changed"


@pytest.mark.parametrize("kept", range(5))
def test_a_truncated_tail_is_not_found_by_the_chain_alone(kept: int) -> None:
    """A chain without its last events is a shorter whole chain, and so is one written anew from its start: only a
    copy of a later hash outside the database, as in a signed checkpoint or a receipt, contradicts either."""
    assert first_break(WHOLE[:kept]) is None


def test_the_zone_in_which_a_time_is_written_does_not_matter() -> None:
    beijing = entry(1).at.astimezone(timezone(timedelta(hours=8)))
    assert event_hash(GENESIS, entry(1, at=beijing)) == WHOLE[0][2]


@given(st.integers(0, 4), st.integers(0, 255), st.integers(0, 31), st.booleans())
def test_any_changed_byte_of_a_hash_is_found(place: int, xor: int, byte: int, in_previous: bool) -> None:
    one, previous, digest = WHOLE[place]
    changed = bytearray(previous if in_previous else digest)
    changed[byte] ^= xor
    forged = list(WHOLE)
    forged[place] = (one, bytes(changed), digest) if in_previous else (one, previous, bytes(changed))
    assert (first_break(forged) is None) is (xor == 0)


# In the database


async def _breaks(database: Database) -> list[str]:
    async with database.sessions() as session:
        return [sentence async for sentence in broken_chains(session)]


@asynccontextmanager
async def tampered(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """A superuser who has switched the triggers off; everything is put back afterwards."""
    connection = await asyncpg.connect(database.plain_url)
    rows = await connection.fetch("SELECT * FROM event ORDER BY id")
    await connection.execute("SET session_replication_role = replica")
    try:
        yield connection
    finally:
        await connection.execute("DELETE FROM event")
        await connection.copy_records_to_table("event", records=[tuple(row) for row in rows])
        await connection.close()


@pytest.fixture(scope="module")
async def chain(market: Market) -> UUID:
    """A listing with four events."""
    officer, director = await market.university()
    listing = await market.listing(officer, director)
    return UUID(listing["id"])


async def test_everything_that_the_verbs_wrote_is_whole(market: Market, chain: UUID) -> None:
    officer, director = await market.university()
    other = await market.listing(officer, director)
    await officer.ok("POST", f"/listings/{other['id']}/pause")
    await officer.ok("POST", f"/listings/{other['id']}/withdrawal", {"reason": "Sold elsewhere"})
    assert await _breaks(market.database) == []
    kinds = [event["kind"] for event in await officer.ok("GET", f"/listings/{other['id']}/events")]
    assert kinds == ["drafted", "submitted", "approved", "published", "paused", "withdrawn"]


async def test_events_say_who_in_which_role_why_and_when(market: Market) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director, status="in_review")
    await director.ok("POST", f"/listings/{listing['id']}/refusal", {"reason": "Evidence is thin"})
    events = await officer.ok("GET", f"/listings/{listing['id']}/events")
    last = events[-1]
    assert (last["kind"], last["role"], last["reason"]) == ("refused", "tto_director", "Evidence is thin")
    assert last["actor_id"] == str(director.person_id)
    assert last["previous"] == events[-2]["hash"]
    assert events[0]["previous"] == GENESIS.hex()


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE event SET data = '{}' WHERE seq = 4 AND subject_id = $1", "event 4 of listing {0}: its content was changed"),
        ("UPDATE event SET at = at + interval '1 microsecond' WHERE seq = 2 AND subject_id = $1", "event 2 of listing {0}: its content was changed"),
        ("UPDATE event SET actor_id = gen_random_uuid() WHERE seq = 3 AND subject_id = $1", "event 3 of listing {0}: its content was changed"),
        ("UPDATE event SET hash = sha256(hash) WHERE seq = 2 AND subject_id = $1", "event 2 of listing {0}: its content was changed"),
        ("UPDATE event SET previous = sha256(hash) WHERE seq = 2 AND subject_id = $1", "event 2 of listing {0}: does not follow the event before it"),
        ("DELETE FROM event WHERE seq = 1 AND subject_id = $1", "event 2 of listing {0}: event 1 is missing"),
        ("DELETE FROM event WHERE seq = 3 AND subject_id = $1", "event 4 of listing {0}: event 3 is missing"),
        ("UPDATE event SET seq = seq + 1 WHERE seq = 4 AND subject_id = $1", "event 5 of listing {0}: event 4 is missing"),
    ],
)  # fmt: skip
async def test_what_a_superuser_changes_is_named(
    market: Market, chain: UUID, statement: str, sentence: str
) -> None:
    async with tampered(market.database) as connection:
        assert (await connection.execute(statement, chain)).endswith(" 1")
        assert await _breaks(market.database) == [sentence.format(chain)]
    assert await _breaks(market.database) == []


async def test_two_swapped_rows_are_named(market: Market, chain: UUID) -> None:
    async with tampered(market.database) as connection:
        for before, after in ((2, 99), (3, 2), (99, 3)):
            await connection.execute(
                "UPDATE event SET seq = $2 WHERE seq = $1 AND subject_id = $3", before, after, chain
            )
        assert await _breaks(market.database) == [
            f"event 2 of listing {chain}: does not follow the event before it"
        ]


async def test_in_a_long_record_the_first_broken_event_of_each_chain_is_named(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chains longer than a batch, and batches that end within a chain."""
    monkeypatch.setattr("market.ledger.queries.BATCH", 300)
    subjects = [UUID(int=number) for number in (1, 2, 3)]
    links = [
        link
        for subject in subjects
        for link in chained(*(entry(seq, subject_id=subject) for seq in range(1, 1001)))
    ]
    rows = [
        (new_id(), *(vars(said) | {"data": json.dumps(said.data)}).values(), previous, digest)
        for said, previous, digest in links
    ]
    async with tampered(market.database) as connection:
        await connection.execute("DELETE FROM event")
        columns = ["id", *Entry.__dataclass_fields__, "previous", "hash"]
        await connection.copy_records_to_table("event", records=rows, columns=columns)
        assert await _breaks(market.database) == []
        for seq, subject in ((501, subjects[0]), (777, subjects[0]), (1000, subjects[2])):
            await connection.execute(
                "UPDATE event SET reason = 'because' WHERE seq = $1 AND subject_id = $2", seq, subject
            )
        assert await _breaks(market.database) == [
            f"event {seq} of listing {subject}: its content was changed"
            for seq, subject in ((501, subjects[0]), (1000, subjects[2]))
        ]


@pytest.mark.parametrize("table", ["event", "listing_version"])
@pytest.mark.parametrize("statement", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
async def test_the_database_refuses_to_change_what_was_written(
    market: Market, chain: UUID, table: str, statement: str
) -> None:
    column = {"event": "kind", "listing_version": "number"}[table]
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="never changed or deleted"):
        await market.database.pool.execute(statement.format(table, column))


async def test_a_listing_that_was_published_cannot_be_deleted(market: Market, chain: UUID) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="withdrawn, never deleted"):
        await market.database.pool.execute("DELETE FROM listing WHERE id = $1", chain)


async def test_an_event_of_a_transaction_that_failed_is_not_in_the_record(market: Market) -> None:
    subject = ("listing", new_id())
    async with market.database.sessions() as session:
        await record(session, None, subject, "drafted")
        await session.rollback()
    async with market.database.sessions() as session, session.begin():
        event = await record(session, None, subject, "drafted")
        assert (event.seq, event.previous) == (1, GENESIS)


async def test_what_json_can_say_survives_storage(market: Market) -> None:
    data = {
        "number": 1,
        "text": '电池 "quoted" \\ / é',
        "none": None,
        "yes": True,
        "list": [1, "2", {"b": 1, "a": 2}],
        "": "",
    }
    subject = ("listing", new_id())
    async with market.database.sessions() as session, session.begin():
        actor = Actor(new_id())
        await record(session, actor, subject, "changed", role=Role.BUYER, reason="原因", data=data)
        await record(session, actor, subject, "changed", data=json.loads(json.dumps(data)))
    assert await _breaks(market.database) == []


async def test_one_subject_has_one_writer_at_a_time(market: Market) -> None:
    """Whoever forgets the lock is refused by the database, and the chain does not fork."""
    subject = ("listing", new_id())

    async def write() -> None:
        async with market.database.sessions() as session, session.begin():
            await record(session, None, subject, "changed")

    done = await asyncio.gather(*(write() for _ in range(8)), return_exceptions=True)
    written = sum(outcome is None for outcome in done)
    count = await market.database.pool.fetchval(
        "SELECT count(*) FROM event WHERE subject_id = $1", subject[1]
    )
    assert count == written >= 1
    assert await _breaks(market.database) == []
