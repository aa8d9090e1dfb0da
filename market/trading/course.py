"""Decides the bids of one transaction in memory: who may bid, what is a repeat, what is accepted, and as which entry.

It knows neither the database nor the desk: what it is given was read under the lock of the round, and what it has placed
is written before the lock is let go.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

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
from market.identity.credentials import Credential
from market.ledger.rules import sha256
from market.permissions import Actor, Permission
from market.sealing.envelope import Lid, misaddressed, seal
from market.trading import bidding, log, rules, sealed
from market.trading.bidding import Bidder, Lot, Refusal
from schemas.trading import most_minor
from schemas.values import FieldProblem, Money
from schemas.vocabulary import EntryKind, RegistrationStatus, RoundStatus


class Sender(NamedTuple):
    """Somebody who is known, and the organisations for which they may bid."""

    person_id: UUID
    able: Sequence[UUID]

    @classmethod
    def of(cls, actor: Actor) -> "Sender":
        return cls(actor.person_id, actor.where(Permission.BID))

    def meant(self, offer: "Offer") -> Sequence[UUID]:
        """For which organisations they may bid, of those that the offer means."""
        if offer.organisation_id is None:
            return self.able
        return [each for each in self.able if each == offer.organisation_id]


Senders = Mapping[Credential, Sender]


class Offer(NamedTuple):
    """One bid as it was sent: by whom, under which Idempotency-Key, and what."""

    credential: Credential
    key: str
    digest: bytes
    """Of the request, keyed by a secret outside the database."""
    amount: Money | None
    organisation_id: UUID | None = None
    sealed: bytes | None = None
    """A bid sealed by the bidder's own program, in place of an amount."""


class Placed(NamedTuple):
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


class Registered(NamedTuple):
    """A bidder's organisation in this round, as one of its people meets it."""

    bidder: Bidder
    status: RegistrationStatus
    deposit_held: bool
    forbidden: Sequence[FieldProblem]
    """The rules that keep this person or organisation from bidding, with what they met."""


Bidders = Mapping[tuple[UUID, UUID], Registered]
"""By person and organisation."""


def answered(offer: Offer, senders: Senders, earlier: Earlier) -> Outcome | None:
    """The answer that needs no lock: nobody known sent it, or it is a repeat. None where it has to be decided."""
    sender = senders.get(offer.credential)
    if sender is None:
        return Unauthenticated("this session or API key is not known, or has ended")
    for organisation in sender.meant(offer):
        found = earlier.get((organisation, offer.key))
        if found is not None:
            return found if found.digest == offer.digest else KeyReused()
    return None


class Line(NamedTuple):
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
        sender = senders[offer.credential]
        found = self._admitted(offer, sender)
        if isinstance(found, MarketError):
            return found
        organisation, registered = found
        taken = self._sealed if self.state.lid else self._open
        line = taken(offer, registered.bidder, sender.person_id)
        if isinstance(line, MarketError):
            return line
        self.placed.append(line)
        self.earlier[organisation, offer.key] = line.placed
        return line.placed

    def _open(self, offer: Offer, bidder: Bidder, person_id: UUID) -> Line | MarketError:
        if offer.amount is None:
            return _invalid("/sealed", "the bids of this round are open: give an amount")
        seq, amount = self.last_seq + 1, offer.amount.minor
        wrong = self._wrong(amount, offer.amount.currency)
        if wrong is not None:
            return wrong
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
        amount, currency = offer.amount.minor, offer.amount.currency
        wrong = self._wrong(amount, currency)
        if wrong is not None:
            return wrong
        if amount < self.lot.opening_price:
            return self._refused(Refusal.TOO_LOW)
        content = sealed.content(amount, currency)
        return seal(lid, bidder.registration_id, content)

    def _wrong(self, amount: int, currency: str) -> MarketError | None:
        if currency != self.state.currency:
            return _invalid("/amount/currency", f"this round is held in {self.state.currency}")
        if amount + self.lot.step > most_minor(currency):  # what is least next is shown too
            return _invalid("/amount/amount", "no bid is as high as this")
        return None

    def _admitted(self, offer: Offer, sender: Sender) -> tuple[UUID, Registered] | MarketError:
        found = [
            (each, self.bidders[sender.person_id, each])
            for each in sender.meant(offer)
            if (sender.person_id, each) in self.bidders
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

    def _placed(self, offer: Offer, bidder: Bidder, kind: EntryKind, facts: log.Flat) -> Placed:
        """Chain the entry to what was placed before it."""
        state, seq = self.state, self.last_seq + 1
        link = log.link(self.last_hash, log.bid_entry(state.round_id, seq, kind, state.at, facts))
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
