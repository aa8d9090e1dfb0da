"""Reads what one transaction of bids is decided by, and writes what was decided, on asyncpg alone.

One statement per table, so that the lock is held for as few round trips for a hundred bids as for one.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

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
)
from schemas.values import FieldProblem
from schemas.vocabulary import RegistrationStatus, RoundKind, RoundStatus

# The outer part runs after the row is locked, so that the clock is read after the wait for the lock.
_LOCK = """
WITH held AS MATERIALIZED (SELECT * FROM sale_round WHERE id = $1 FOR UPDATE)
SELECT kind, status, registration_until, bidding_from, ends_at, extension_seconds, hard_stop, currency, opening_price,
    step, last_seq, last_hash, top_registration_id, top_alias, top_priority, top_amount, top_seq, rules_sha256,
    CASE kind WHEN 'sealed_tender' THEN rules END AS rules, clock_timestamp() AS at
FROM held
"""

_REPEATS = """
SELECT b.*, s.currency, s.rules_sha256 FROM bids_under($1, $2::uuid[], $3::text[]) b JOIN sale_round s ON s.id = $1
"""

# `repeated` is asked once for all: hardly ever does a bid come again while the first one is decided.
_BIDDERS = """
SELECT p.person, r.organisation_id, r.id, r.alias, r.priority, r.status,
    r.deposit_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM transfer t WHERE t.pending_id = r.deposit_id) AS deposit_held,
    ARRAY(SELECT ARRAY[c.rule, c.why] FROM bid_conflicts($1, p.person, r.organisation_id) c) AS forbidden,
    EXISTS (SELECT FROM bids_under($1, $4::uuid[], $5::text[])) AS repeated
FROM unnest($2::uuid[], $3::uuid[]) AS p(person, organisation)
JOIN bidder_registration r ON r.round_id = $1 AND r.organisation_id = p.organisation
"""

# Guarded by what was read under the lock: if it is not so any more, nothing is written at all.
_WRITE = """
WITH entry AS (
    INSERT INTO round_entry (round_id, seq, kind, at, registration_id, person_id, amount, sealed, idempotency_key,
        request_digest, document, previous, hash)
    SELECT $1, seq, CASE WHEN sealed IS NULL THEN 'bid' ELSE 'sealed_bid' END, $2, registration, person, amount, sealed,
        key, digest, document, previous, hash
    FROM unnest($3::int[], $4::uuid[], $5::uuid[], $6::bigint[], $7::bytea[], $8::text[], $9::bytea[], $10::bytea[],
        $11::bytea[], $12::bytea[])
        AS e(seq, registration, person, amount, sealed, key, digest, document, previous, hash)
)
UPDATE sale_round SET last_seq = $14, last_hash = $15{moved}
WHERE id = $1 AND status = 'bidding' AND last_seq = $13
RETURNING {told}
"""
_MOVE = _WRITE.format(
    moved=""", top_registration_id = $16, top_alias = $17, top_priority = $18, top_amount = $19, top_seq = $20,
    ends_at = $21, updated_at = $2""",
    told="pg_notify('round_moved', $22)",
)
# Of a sealed bid nobody is told, and no public column moves: either would count them.
_MOVE_SEALED = _WRITE.format(moved="", told="id")


async def repeats(
    connection: asyncpg.Connection, round_id: UUID, offers: Collection[Offer], senders: Senders
) -> Earlier:
    """The bids that stand already under the keys of these offers."""
    organisations, keys = _keys(offers, senders)
    if not keys:
        return {}
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
        for row in await connection.fetch(_REPEATS, round_id, organisations, keys)
    }


def _keys(offers: Collection[Offer], senders: Senders) -> tuple[list[UUID], list[str]]:
    """Under which keys bids of which organisations may stand already, in two columns."""
    wanted = {
        (organisation, offer.key)
        for offer in offers
        if offer.credential in senders
        for organisation in senders[offer.credential].meant(offer)
    }
    return [organisation for organisation, _ in wanted], [key for _, key in wanted]


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


async def bidders(
    connection: asyncpg.Connection, round_id: UUID, offers: Collection[Offer], senders: Senders
) -> tuple[Bidders, Earlier]:
    """What is read under the lock: who may bid, with what keeps each person from it, and which bids are repeats."""
    pairs = {(sender.person_id, organisation) for sender in senders.values() for organisation in sender.able}
    people, organisations = [one for one, _ in pairs], [one for _, one in pairs]
    rows = await connection.fetch(_BIDDERS, round_id, people, organisations, *_keys(offers, senders))
    found = {
        (row["person"], row["organisation_id"]): Registered(
            Bidder(row["id"], row["alias"], row["priority"]),
            RegistrationStatus(row["status"]),
            row["deposit_held"],
            [FieldProblem(pointer="", detail=why, rule=rule) for rule, why in row["forbidden"]],
        )
        for row in rows
    }
    repeated = any(row["repeated"] for row in rows)
    return found, await repeats(connection, round_id, offers, senders) if repeated else {}


async def write(connection: asyncpg.Connection, course: Course) -> None:
    """Write what was decided, and tell whoever watches the round, once it is committed, what the last entry says."""
    state, lot, lines = course.state, course.lot, course.placed
    entries = (
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
        state.last_seq,
        course.last_seq,
        course.last_hash,
    )
    if state.lid is not None:
        moved = await connection.fetchrow(_MOVE_SEALED, *entries)
    else:
        top = lot.top
        assert top is not None  # noqa: S101 - a bid was placed, and it leads
        moved = await connection.fetchrow(
            _MOVE,
            *entries,
            top.bidder.registration_id,
            top.bidder.alias,
            top.bidder.priority,
            top.amount,
            top.seq,
            lot.ends_at,
            lines[-1].placed.document.decode(),
        )
    if moved is None:
        raise RuntimeError("the round moved under its lock")
