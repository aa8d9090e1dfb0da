"""Checks a round against itself: its rules, its log, the rows that say where it stands, and what came of it.

No database: `rows` reads what is checked. It believes no column that follows from another; each fault is a sentence
that names the row. What a superuser rewrites whole and consistently it cannot see: the receipts of the bidders can.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from market.ledger.rules import canonical, sha256
from market.sealing.envelope import misaddressed
from market.trading import log, sealed
from market.trading.log import Link, instant
from market.trading.replay import Course, replay
from market.trading.rows import Rows
from market.trading.rules import BEFORE_BIDDING
from market.trading.settled import admitted_in, award_faults, deposit_faults, differences
from schemas.vocabulary import EntryKind, RegistrationStatus, RoundKind, RoundStatus

_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)
_NAMES_WINNER = frozenset({EntryKind.CLOSED, EntryKind.CONFIRMED, EntryKind.DEFAULTED})


def faults(rows: Rows) -> list[str]:
    """What is wrong with one round, in the order of the log; empty when all of it holds."""
    if rows.round.rules is None:
        return ["the round: it has a log before it was announced"] if rows.entries else []
    links = [(each.seq, Link(each.document, each.previous, each.hash)) for each in rows.entries]
    found = [*log.breaks(rows.round.rules, rows.round.rules_sha256, links), *_tail(rows)]
    documents = {each.seq: said for each in rows.entries if (said := _said(each)) is not None}
    blobs = {each.seq: each.sealed for each in rows.entries if each.sealed is not None}
    try:
        rules = json.loads(rows.round.rules)
        course = replay(rows.round.rules, [each.document for each in rows.entries], blobs)
    except _UNREADABLE:
        return [*found, "the rules: they cannot be read as the rules of a round"]
    checks: list[tuple[str, Callable[[], Iterable[str]]]] = [
        ("the rules", lambda: _rules(rows, rules)),
        ("the entries", lambda: _entries(rows, documents)),
        ("the course", lambda: course.faults),
        ("the registrations", lambda: _registrations(rows, documents)),
        ("where the round stands", lambda: _standing(rows, course)),
        ("the award", lambda: award_faults(rows, rules, course, documents)),
        ("the deposits", lambda: deposit_faults(rows, course, documents)),
    ]
    for what, check in checks:
        try:
            found += check()
        except _UNREADABLE:  # as the faults found before say, which name the row
            found.append(f"{what} cannot be checked: something that they follow from cannot be read")
    return found


def _said(entry: Row[Any]) -> dict[str, Any] | None:
    try:
        said = json.loads(entry.document)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def _tail(rows: Rows) -> Iterator[str]:
    """Whether the log ends where the round says that it does."""
    last = rows.entries[-1].seq if rows.entries else 0
    end = rows.entries[-1].hash if rows.entries else rows.round.rules_sha256
    if rows.round.last_seq > last:
        yield log.missing(last + 1, rows.round.last_seq)
    elif rows.round.last_seq < last:
        yield f"entry {last}: the round says that its log ends with entry {rows.round.last_seq}"
    elif rows.round.last_hash != end:
        yield f"the round: last_hash is not the hash of entry {last}"


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _rules(rows: Rows, rules: dict[str, Any]) -> Iterator[str]:
    """The row, the offered version and the record of the announcement against the rules."""
    reserve = rules["reserve"]
    same = {
        name: rules[name] for name in ("kind", "mode", "currency", "opening_price", "step", "deposit")
    } | {
        "listing_version": rules["listing"]["version"],
        "extension_seconds": rules["extension_seconds"],
        "reserve_commitment": bytes.fromhex(reserve["commitment"]) if reserve else None,
    }
    times = ("announced_at", "registration_until", "bidding_from", "bidding_until")
    same |= {name: _moment(rules[name]) for name in times}
    yield from differences("the round", rows.round, same)
    ids = [rows.round.id, rows.round.listing_id, rows.round.seller_id]
    if [str(each) for each in ids] != [rules["round"], rules["listing"]["id"], rules["seller"]["id"]]:
        yield "the rules: they are those of another round, listing or seller"
    if rows.offered is None or rows.offered.hex() != rules["listing"]["sha256"]:
        yield "the rules: they offer another document than the listing's version"
    if rows.recorded != rows.round.rules_sha256.hex():
        yield "the rules: the record of the announcement knows other ones"


def _entries(rows: Rows, documents: dict[int, dict[str, Any]]) -> Iterator[str]:
    """Each row of the log against its document and against whose it is."""
    bidders = {each.id: each for each in rows.registrations}
    keys = Counter((each.registration_id, each.idempotency_key) for each in rows.entries)
    for entry in rows.entries:
        name, said = f"entry {entry.seq}", documents.get(entry.seq)
        if said is None or canonical(said) != entry.document:
            yield f"{name}: its document is no canonical JSON"
            continue
        row = {"round": str(entry.round_id), "seq": entry.seq, "kind": entry.kind, "at": instant(entry.at)}
        if entry.kind is EntryKind.BID:
            row["amount"] = entry.amount
        for fact, value in row.items():
            if said.get(fact) != value:
                yield f"{name}: its document says {fact} {said.get(fact)}, its row {value}"
        if entry.idempotency_key is not None and keys[entry.registration_id, entry.idempotency_key] > 1:
            yield f"{name}: another one has the same idempotency key"
        yield from _bidder(name, entry, said, bidders.get(entry.registration_id))
    if rows.round.kind is RoundKind.SEALED_TENDER:
        yield from _sealed(rows, documents, bidders)


def _bidder(name: str, entry: Row[Any], said: dict[str, Any], bidder: Row[Any] | None) -> Iterator[str]:
    """Whose an entry is: its bidder's, its winner's, or nobody's."""
    if entry.registration_id is not None and bidder is None:
        yield f"{name}: its bidder is not registered for this round"
    elif entry.kind is EntryKind.BID or entry.kind in _NAMES_WINNER:
        yield from _whose(name, said, bidder)
    elif (bidder is not None) is not (entry.kind is EntryKind.SEALED_BID):
        yield f"{name}: it is {'nobody' if bidder is None else 'somebody'}'s, and should not be"


def _sealed(rows: Rows, documents: dict[int, dict[str, Any]], bidders: dict[UUID, Row[Any]]) -> Iterator[str]:
    """The sealed bids of a tender against the log, and what the opening said of whose they are."""
    lid = sealed.lid_of(rows.round.rules, rows.round.rules_sha256)
    whose = {each.seq: bidders.get(each.registration_id) for each in rows.entries}
    for entry in rows.entries:
        name, said, bidder = f"entry {entry.seq}", documents.get(entry.seq, {}), whose[entry.seq]
        if entry.kind is EntryKind.SEALED_BID and bidder is not None:
            if sha256(entry.sealed).hex() != said.get("sealed_sha256"):
                yield f"{name}: its sealed bid is not the one that was taken"
            if reason := misaddressed(lid, bidder.id, entry.sealed):
                yield f"{name}: {reason}"
        for bid in said.get("bids", []):
            yield from _whose(f"{name}, the bid of entry {bid['seq']}", bid, whose.get(bid["seq"]))


def _whose(name: str, said: dict[str, Any], bidder: Row[Any] | None) -> Iterator[str]:
    alias = said.get("bidder") or said.get("winner")
    known = bidder.alias if bidder is not None else None
    if alias != known:
        yield f"{name}: its document names the bidder {alias}, its row {known}"
    if "priority" in said and bidder is not None and said["priority"] != bidder.priority:
        yield f"{name}: its bidder has the priority {bidder.priority}, not {said['priority']}"


def _registrations(rows: Rows, documents: dict[int, dict[str, Any]]) -> Iterator[str]:
    """Who takes part, by the log and by the registrations."""
    for each in rows.registrations:
        if each.rules_sha256 != rows.round.rules_sha256:
            yield f"registration {each.id}: it accepted other rules"
    admitted = admitted_in(documents)
    if admitted is None:
        return
    qualified = {
        each.alias: each for each in rows.registrations if each.status is RegistrationStatus.QUALIFIED
    }
    for alias in sorted(admitted.keys() - qualified.keys()):
        yield f"entry 1: {alias} was admitted, and no registration that qualified has this alias"
    for alias, each in qualified.items():
        if alias not in admitted:
            yield f"registration {each.id}: {alias} qualified and was not admitted"
        elif admitted[alias] != each.priority:
            yield f"registration {each.id}: its priority is {each.priority}, and was {admitted[alias]} when it was admitted"


def _standing(rows: Rows, course: Course) -> Iterator[str]:
    """Where the row says that the round stands, against the replay."""
    row, top = rows.round, course.top
    if rows.round.kind is RoundKind.SEALED_TENDER:
        top = None  # who leads is not kept there: nobody knows it before the opening
    leader = next((each for each in rows.registrations if top and each.alias == top.bidder.alias), None)
    expected: dict[str, Any] = {
        "ends_at": course.ends_at,
        "hard_stop": course.hard_stop,
        "suspended_at": course.suspended_at,
        "top_registration_id": leader.id if leader else None,
        "top_alias": top.bidder.alias if top else None,
        "top_priority": top.bidder.priority if top else None,
        "top_amount": top.amount if top else None,
        "top_seq": top.seq if top else None,
    }
    begins = course.status is RoundStatus.ANNOUNCED and row.status in BEFORE_BIDDING
    waits = course.status is RoundStatus.BIDDING and row.status is RoundStatus.OPENING
    if not begins and not (waits and row.kind is RoundKind.SEALED_TENDER):
        expected["status"] = course.status
    yield from differences("the round", row, expected)
