"""One transaction of bids: who may bid, what was decided before, what is decided now, and how it is written.

It runs on asyncpg alone. `Course` decides in memory what the desk then writes with one statement per table, so that the
lock is held for as few round trips for a hundred bids as for one.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from market.errors import (
    BiddingNotOpen,
    BidTooLow,
    Invalid,
    KeyReused,
    MarketError,
    MayNotBid,
    NotQualified,
    Unauthenticated,
)
from market.identity.callers import Credential
from market.ledger.rules import sha256
from market.permissions import Actor, Permission
from market.sealing.envelope import Lid, misaddressed, seal
from market.trading import bidding, log, rules, sealed
from market.trading.bidding import Bidder, Lot, Refusal, Top
from schemas.trading import most_minor
from schemas.values import FieldProblem, Money
from schemas.vocabulary import EntryKind, RegistrationStatus, RoundKind, RoundStatus

Senders = Mapping[Credential, Actor]


@dataclass(frozen=True)
class Offer:
    """One bid as it was sent: by whom, under which Idempotency-Key, and what."""

    credential: Credential
    key: str
    digest: bytes
    """Of the request, keyed by a secret outside the database."""
    amount: Money | None
    organisation_id: UUID | None = None
    sealed: bytes | None = None
    """A bid sealed by the bidder's own program, in place of an amount."""


@dataclass(frozen=True)
class Placed:
    """A bid that stands in the log."""

    document: bytes
    previous: bytes
    hash: bytes
    currency: str
    rules_sha256: bytes
    digest: bytes
    alias: str
    replayed: bool = False


Outcome = Placed | MarketError
Earlier = dict[tuple[UUID, str], Placed]
"""Bids that stand, by the bidder's organisation and the Idempotency-Key."""


@dataclass(frozen=True)
class State:
    """The locked round at the database's clock."""

    round_id: UUID
    status: RoundStatus
    at: datetime
    due: rules.Verb | None
    lot: Lot
    currency: str
    rules_sha256: bytes
    last_seq: int
    last_hash: bytes
    lid: Lid | None = None
    """What the bids of a sealed tender are sealed to; None where bids are open."""


@dataclass(frozen=True)
class Registered:
    """A bidder's organisation in this round, as one of its people meets it."""

    bidder: Bidder
    status: RegistrationStatus
    deposit_held: bool
    forbidden: Sequence[FieldProblem]
    """The rules that keep this person or organisation from bidding, with what they met."""


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


def organisations(actor: Actor, offer: Offer) -> Sequence[UUID]:
    """For which organisations the actor may bid, of those that the offer means."""
    able = actor.where(Permission.BID)
    return [each for each in able if offer.organisation_id in (None, each)]


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


def answered(offer: Offer, senders: Senders, earlier: Earlier) -> Outcome | None:
    """The answer that needs no lock: nobody known sent it, or it is a repeat. None where it has to be decided."""
    actor = senders.get(offer.credential)
    if actor is None:
        return Unauthenticated("this session or API key is not known, or has ended")
    for organisation in organisations(actor, offer):
        found = earlier.get((organisation, offer.key))
        if found is not None:
            return found if found.digest == offer.digest else KeyReused()
    return None


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


Bidders = Mapping[tuple[UUID, UUID], Registered]
"""By person and organisation."""


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


@dataclass(frozen=True)
class Line:
    """A bid that is to be written."""

    seq: int
    registration_id: UUID
    person_id: UUID
    amount: int | None
    key: str
    placed: Placed
    sealed: bytes | None = None


@dataclass
class Course:
    """Where a round's bidding goes with the bids of one transaction."""

    state: State
    bidders: Bidders
    earlier: Earlier
    placed: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lot = self.state.lot
        self.last_seq, self.last_hash = self.state.last_seq, self.state.last_hash

    def decide(self, offer: Offer, senders: Senders) -> Outcome:
        """Accept the bid or say why not; a refused bid leaves no trace."""
        if self.state.status is not RoundStatus.BIDDING:  # before the deposit, which a loser has back by then
            return BiddingNotOpen(f"the round is {self.state.status}")
        actor = senders[offer.credential]
        found = self._admitted(offer, actor)
        if isinstance(found, MarketError):
            return found
        organisation, registered = found
        taken = self._sealed if self.state.lid else self._open
        line = taken(offer, registered.bidder, actor.person_id)
        if isinstance(line, MarketError):
            return line
        self.placed.append(line)
        self.earlier[organisation, offer.key] = line.placed
        return line.placed

    def _open(self, offer: Offer, bidder: Bidder, person_id: UUID) -> Line | MarketError:
        if offer.amount is None:
            return _invalid("/sealed", "the bids of this round are open: give an amount")
        wrong = self._wrong(offer.amount)
        if wrong is not None:
            return wrong
        seq, amount = self.last_seq + 1, offer.amount.minor
        after = bidding.decide(self.lot, bidder, amount, self.state.at, seq)
        if isinstance(after, Refusal):
            return self._refused(after)
        self.lot = after
        facts = log.bid_facts(bidder.alias, amount, bidder.priority, self.lot.ends_at)
        placed = self._placed(offer, bidder, EntryKind.BID, facts)
        return Line(seq, bidder.registration_id, person_id, amount, offer.key, placed)

    def _sealed(self, offer: Offer, bidder: Bidder, person_id: UUID) -> Line | MarketError:
        """Take a sealed bid, or seal an amount at once; a later one takes the place of this one."""
        outside = bidding.outside(self.lot, self.state.at)
        if outside is not None:
            return self._refused(outside)
        blob = self._blob(offer, bidder)
        if isinstance(blob, MarketError):
            return blob
        sealed_by = "client" if offer.amount is None else "server"
        facts = log.sealed_facts(sha256(blob), sealed_by, self.lot.ends_at, secrets.token_hex(16))
        placed = self._placed(offer, bidder, EntryKind.SEALED_BID, facts)
        return Line(self.last_seq, bidder.registration_id, person_id, None, offer.key, placed, blob)

    def _blob(self, offer: Offer, bidder: Bidder) -> bytes | MarketError:
        lid = self.state.lid
        if lid is None:
            raise AssertionError("a sealed tender has a box")
        if offer.amount is None:
            blob = offer.sealed or b""
            reason = misaddressed(lid, bidder.registration_id, blob)
            return blob if reason is None else _invalid("/sealed", reason)
        wrong = self._wrong(offer.amount)
        if wrong is not None:
            return wrong
        if offer.amount.minor < self.lot.opening_price:
            return self._refused(Refusal.TOO_LOW)
        content = sealed.content(offer.amount.minor, offer.amount.currency)
        return seal(lid, bidder.registration_id, content)

    def _wrong(self, amount: Money) -> MarketError | None:
        if amount.currency != self.state.currency:
            return _invalid("/amount/currency", f"this round is held in {self.state.currency}")
        if amount.minor + self.lot.step > most_minor(amount.currency):  # what is least next is shown too
            return _invalid("/amount/amount", "no bid is as high as this")
        return None

    def _admitted(self, offer: Offer, actor: Actor) -> tuple[UUID, Registered] | MarketError:
        able = organisations(actor, offer)
        found = [
            (each, self.bidders[actor.person_id, each])
            for each in able
            if (actor.person_id, each) in self.bidders
        ]
        if not found:
            return NotQualified(
                "your organisation is not registered for this round, or your role there may not bid"
            )
        if len(found) > 1:
            detail = "several of your organisations are registered: name one"
            return Invalid(errors=[FieldProblem(pointer="/organisation_id", detail=detail)])
        _, registered = found[0]
        if registered.forbidden:
            return MayNotBid(
                "; ".join(each.detail for each in registered.forbidden), errors=registered.forbidden
            )
        if registered.status is not RegistrationStatus.QUALIFIED:
            return NotQualified(f"your registration is {registered.status}")
        if not registered.deposit_held:
            return NotQualified("your deposit is not held")
        return found[0]

    def _refused(self, refusal: Refusal) -> MarketError:
        if refusal is Refusal.NOT_BEGUN:
            return BiddingNotOpen(f"the bidding begins at {log.instant(self.lot.bidding_from)}")
        if refusal is Refusal.ENDED:
            return BiddingNotOpen(f"the bidding ended at {log.instant(self.lot.ends_at)}")
        least = Money.of(self.lot.least, self.state.currency)
        return BidTooLow(f"the least bid now is {least.amount} {least.currency}")

    def _placed(self, offer: Offer, bidder: Bidder, kind: EntryKind, facts: dict[str, Any]) -> Placed:
        """Chain the entry to what was placed before it."""
        state, seq = self.state, self.last_seq + 1
        link = log.link(self.last_hash, log.entry(state.round_id, seq, kind, state.at, facts))
        self.last_seq, self.last_hash = seq, link.hash
        return Placed(
            link.document,
            link.previous,
            link.hash,
            state.currency,
            state.rules_sha256,
            offer.digest,
            bidder.alias,
        )


def _invalid(pointer: str, detail: str) -> MarketError:
    return Invalid(errors=[FieldProblem(pointer=pointer, detail=detail)])


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
