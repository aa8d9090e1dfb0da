"""Reads what one transaction of bids is decided by, and writes what was decided, on asyncpg alone.

One statement per table, so that the lock is held for as few round trips for a hundred bids as for one.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from market.permissions import Permission
from market.trading import rules, sealed
from market.trading.bidding import Bidder, Lot, Top
from market.trading.course import (
    Bidders,
    Course,
    Earlier,
    Offer,
    Placed,
    Registered,
    Senders,
    State,
    organisations,
)
from schemas.values import FieldProblem
from schemas.vocabulary import RegistrationStatus, RoundKind, RoundStatus

# The outer part runs after the row is locked, so that the clock is read after the wait for the lock.
_LOCK = """
WITH held AS MATERIALIZED (SELECT * FROM sale_round WHERE id = $1 FOR UPDATE)
SELECT held.*, clock_timestamp() AS at FROM held
"""

_BIDDERS = """
SELECT p.person, r.organisation_id, r.id, r.alias, r.priority, r.status,
    r.deposit_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM transfer t WHERE t.pending_id = r.deposit_id) AS deposit_held,
    ARRAY(SELECT ARRAY[c.rule, c.why] FROM bid_conflicts(s.id, p.person, r.organisation_id) c) AS forbidden
FROM unnest($2::uuid[], $3::uuid[]) AS p(person, organisation)
JOIN sale_round s ON s.id = $1
JOIN bidder_registration r ON r.round_id = s.id AND r.organisation_id = p.organisation
"""

_REPEATS = """
SELECT r.organisation_id, r.alias, e.idempotency_key, e.request_digest, e.document, e.previous, e.hash, s.currency, s.rules_sha256
FROM unnest($2::uuid[], $3::text[]) AS p(organisation, key)
JOIN sale_round s ON s.id = $1
JOIN bidder_registration r ON r.round_id = s.id AND r.organisation_id = p.organisation
JOIN round_entry e ON e.registration_id = r.id AND e.idempotency_key = p.key
"""

_INSERT = """
INSERT INTO round_entry (round_id, seq, kind, at, registration_id, person_id, amount, sealed, idempotency_key,
    request_digest, document, previous, hash)
SELECT $1, seq, CASE WHEN sealed IS NULL THEN 'bid' ELSE 'sealed_bid' END, $2, registration, person, amount, sealed, key,
    digest, document, previous, hash
FROM unnest($3::int[], $4::uuid[], $5::uuid[], $6::bigint[], $7::bytea[], $8::text[], $9::bytea[], $10::bytea[],
    $11::bytea[], $12::bytea[])
    AS e(seq, registration, person, amount, sealed, key, digest, document, previous, hash)
"""

# Guarded by what was read under the lock: if it is not so any more, nothing is written at all.
_MOVE = """
UPDATE sale_round SET last_seq = $3, last_hash = $4, top_registration_id = $5, top_alias = $6, top_priority = $7,
    top_amount = $8, top_seq = $9, ends_at = $10, updated_at = $11
WHERE id = $1 AND status = 'bidding' AND last_seq = $2
RETURNING pg_notify('round_moved', $12)
"""

# Of a sealed bid nobody is told, and no public column moves: either would count them.
_MOVE_SEALED = """
UPDATE sale_round SET last_seq = $3, last_hash = $4 WHERE id = $1 AND status = 'bidding' AND last_seq = $2
RETURNING id
"""


async def repeats(
    connection: asyncpg.Connection, round_id: UUID, offers: Collection[Offer], senders: Senders
) -> Earlier:
    """The bids that stand already under the keys of these offers."""
    wanted = {
        (organisation, offer.key)
        for offer in offers
        if offer.credential in senders
        for organisation in organisations(senders[offer.credential], offer)
    }
    if not wanted:
        return {}
    rows = await connection.fetch(
        _REPEATS, round_id, [each for each, _ in wanted], [key for _, key in wanted]
    )
    return {
        (row["organisation_id"], row["idempotency_key"]): Placed(
            row["document"],
            row["previous"],
            row["hash"],
            row["currency"],
            row["rules_sha256"],
            row["request_digest"],
            row["alias"],
            replayed=True,
        )
        for row in rows
    }


async def locked(connection: asyncpg.Connection, round_id: UUID) -> State | None:
    """The round under its lock, which lasts until the transaction ends; None where there is no such round in public."""
    row = await connection.fetchrow(_LOCK, round_id)
    if row is None or row["rules_sha256"] is None:
        return None
    status = RoundStatus(row["status"])
    return State(
        round_id=round_id,
        status=status,
        at=row["at"],
        due=rules.due(status, row["registration_until"], row["bidding_from"], row["ends_at"], row["at"]),
        lot=_lot(row),
        currency=row["currency"],
        rules_sha256=row["rules_sha256"],
        last_seq=row["last_seq"],
        last_hash=row["last_hash"],
        lid=sealed.lid_of(row["rules"], row["rules_sha256"])
        if row["kind"] == RoundKind.SEALED_TENDER
        else None,
    )


def _lot(row: Mapping[str, Any]) -> Lot:
    top = None
    if row["top_seq"] is not None:
        bidder = Bidder(row["top_registration_id"], row["top_alias"], row["top_priority"])
        top = Top(bidder, row["top_amount"], row["top_seq"])
    return Lot(
        opening_price=row["opening_price"],
        step=row["step"],
        bidding_from=row["bidding_from"],
        ends_at=row["ends_at"],
        extension=timedelta(seconds=row["extension_seconds"]),
        hard_stop=row["hard_stop"],
        top=top,
    )


async def bidders(connection: asyncpg.Connection, round_id: UUID, senders: Senders) -> Bidders:
    """The registrations of the senders' organisations, read under the lock, with what keeps each person from bidding."""
    pairs = {
        (actor.person_id, organisation)
        for actor in senders.values()
        for organisation in actor.where(Permission.BID)
    }
    rows = await connection.fetch(_BIDDERS, round_id, [one for one, _ in pairs], [one for _, one in pairs])
    return {
        (row["person"], row["organisation_id"]): Registered(
            Bidder(row["id"], row["alias"], row["priority"]),
            RegistrationStatus(row["status"]),
            row["deposit_held"],
            [FieldProblem(pointer="", detail=why, rule=rule) for rule, why in row["forbidden"]],
        )
        for row in rows
    }


async def write(connection: asyncpg.Connection, course: Course) -> None:
    """Write what was decided, and tell whoever watches the round, once it is committed, what the last entry says."""
    state, lines = course.state, course.placed
    await connection.execute(
        _INSERT,
        state.round_id,
        state.at,
        [line.seq for line in lines],
        [line.registration_id for line in lines],
        [line.person_id for line in lines],
        [line.amount for line in lines],
        [line.sealed for line in lines],
        [line.key for line in lines],
        [line.placed.digest for line in lines],
        [line.placed.document for line in lines],
        [line.placed.previous for line in lines],
        [line.placed.hash for line in lines],
    )
    if await _moved(connection, course) is None:
        raise RuntimeError("the round moved under its lock")


async def _moved(connection: asyncpg.Connection, course: Course) -> asyncpg.Record | None:
    state, lot = course.state, course.lot
    if state.lid is not None:
        return await connection.fetchrow(
            _MOVE_SEALED, state.round_id, state.last_seq, course.last_seq, course.last_hash
        )
    top = lot.top
    assert top is not None  # noqa: S101 - a bid was placed, and it leads
    return await connection.fetchrow(
        _MOVE,
        state.round_id,
        state.last_seq,
        course.last_seq,
        course.last_hash,
        top.bidder.registration_id,
        top.bidder.alias,
        top.bidder.priority,
        top.amount,
        top.seq,
        lot.ends_at,
        state.at,
        course.placed[-1].placed.document.decode(),
    )
