"""Checks what came of a round against its rules and its log: the award, and every deposit; see `checking`. No database."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from market.ledger.rules import sha256
from market.trading.enterprises import public_until
from market.trading.log import instant
from market.trading.replay import Course
from market.trading.rows import Rows
from market.workdays import add_working_days
from schemas.vocabulary import AwardStatus, EntryKind, RoundStatus, TransferKind

RELEASED_WITHIN = timedelta(hours=24)
"""Losers have their deposits back by then (法释〔2016〕18号 art. 23)."""

_AWARDED_AS = {
    RoundStatus.PROVISIONAL_AWARD: AwardStatus.PROVISIONAL,
    RoundStatus.CONFIRMED: AwardStatus.CONFIRMED,
    RoundStatus.DEFAULTED: AwardStatus.DEFAULTED,
    RoundStatus.VOID: AwardStatus.VOID,
}


def differences(name: str, row: Row[Any], expected: dict[str, Any]) -> Iterator[str]:
    """One sentence for each column that is not as expected."""
    for column, value in expected.items():
        found = getattr(row, column)
        if found != value:
            yield f"{name}: {column} is {_shown(found)} and should be {_shown(value)}"


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return instant(value) if isinstance(value, datetime) else str(value)


def admitted_in(documents: dict[int, dict[str, Any]]) -> dict[str, int | None] | None:
    """Who takes part by the log, with their priority; None while nobody was admitted."""
    for said in documents.values():
        if said.get("kind") == EntryKind.ADMITTED:
            return {each["alias"]: each["priority"] for each in said["bidders"]}
    return None


def award_faults(
    rows: Rows, rules: dict[str, Any], course: Course, documents: dict[int, dict[str, Any]]
) -> Iterator[str]:
    """The award against who has won by the rules, and its document against the log."""
    due = None
    if course.won is not None and course.settled_at is not None:
        due = add_working_days(course.settled_at, rules["confirm_working_days"])
    yield from differences("the round", rows.round, {"confirm_due_at": due})
    if course.won is None:
        yield from (f"award {each.id}: nobody has won" for each in rows.awards)
        return
    if not rows.awards:
        yield f"the award of {course.won.bidder.alias} with {course.won.amount} is missing"
    for spare in rows.awards[1:]:
        yield f"award {spare.id}: there is another one"
    for award in rows.awards[:1]:
        name = f"award {award.id}"
        winner = next((each for each in rows.registrations if each.alias == course.won.bidder.alias), None)
        expected: dict[str, Any] = {"amount": course.won.amount, "status": _AWARDED_AS[course.status]}
        if winner is not None:
            expected["registration_id"] = winner.id
        yield from differences(name, award, expected)
        signed = next((said for said in documents.values() if said.get("kind") == EntryKind.CONFIRMED), None)
        if signed is not None:
            yield from _confirmation(name, award, signed, rows)
            until = public_until(rules, course.settled_at) if course.settled_at else None
            if until is not None and instant(until) > signed["at"]:
                yield f"{name}: it was confirmed before its result had stood in public until {instant(until)}"


def _confirmation(name: str, award: Row[Any], entry: dict[str, Any], rows: Rows) -> Iterator[str]:
    if award.document is None or sha256(award.document) != award.sha256:
        yield f"{name}: the bytes of its document or their hash were changed"
        return
    said = json.loads(award.document)
    before = next((each.hash.hex() for each in rows.entries if each.seq == entry["seq"] - 1), None)
    held = (entry["document_sha256"], {"seq": entry["seq"] - 1, "hash": before}, award.amount)
    if held != (award.sha256.hex(), said["log"], said["amount"]):
        yield f"{name}: its document is not the one that entry {entry['seq']} confirms"
    signatures = [
        {"as": "buyer", "by": str(award.buyer_confirmed_by), "at": _at(award.buyer_confirmed_at)},
        {"as": "operator", "by": str(award.confirmed_by), "at": _at(award.confirmed_at)},
    ]
    if said["signed"] != signatures:
        yield f"{name}: its document was signed by others, or at another time"


def _at(at: datetime | None) -> str | None:
    return instant(at) if at else None


def deposit_faults(rows: Rows, course: Course, documents: dict[int, dict[str, Any]]) -> Iterator[str]:
    """What became of each deposit, against what the rules make of it."""
    admitted = admitted_in(documents) or {}
    begun = next((each.at for each in rows.entries if each.kind is EntryKind.ADMITTED), None)
    ended = next((each.at for each in rows.entries if each.kind is EntryKind.VOID), course.settled_at)
    winner = course.won.bidder.alias if course.won else None
    for each in rows.registrations:
        name = f"the deposit of registration {each.id}"
        held, resolved = rows.deposits.get(each.deposit_id), rows.resolutions.get(each.deposit_id)
        takes_part = each.alias in admitted
        if held is None:
            if each.deposit_id is not None or takes_part:
                yield f"{name}: it is missing"
            continue
        if (held.amount, held.currency, held.kind) != (
            rows.round.deposit,
            rows.round.currency,
            TransferKind.PENDING,
        ):
            yield f"{name}: it is not the one that the rules ask for"
        if takes_part and begun is not None and held.at > begun:
            yield f"{name}: it came after the bidding had begun"
        if each.alias == winner:
            void = course.status is RoundStatus.VOID
            yield from (
                _released(name, ended, resolved, rows.at) if void else _kept(name, course.status, resolved)
            )
        elif takes_part or resolved is None:
            yield from _released(name, course.settled_at, resolved, rows.at)


def _kept(name: str, status: RoundStatus, resolved: Row[Any] | None) -> Iterator[str]:
    """That of the winner is kept, applied to the price by the confirmation, or divided after a default."""
    if status is RoundStatus.CONFIRMED and resolved is None:
        yield f"{name}: it was not applied to the price"
    if resolved is not None and (
        status is RoundStatus.PROVISIONAL_AWARD or resolved.kind is TransferKind.VOID
    ):
        yield f"{name}: it was resolved, and its bidder has won"


def _released(
    name: str, settled_at: datetime | None, resolved: Row[Any] | None, now: datetime
) -> Iterator[str]:
    """That of whoever cannot win any more is released within 24 hours, and not before."""
    if settled_at is None:
        if resolved is not None:
            yield f"{name}: it was resolved while its bidder could win"
        return
    if resolved is None:
        if now > settled_at + RELEASED_WITHIN:
            yield f"{name}: it was not released within 24 hours"
    elif resolved.kind is not TransferKind.VOID:
        yield f"{name}: it was settled, and its bidder has not won"
    elif not settled_at <= resolved.at <= settled_at + RELEASED_WITHIN:
        yield f"{name}: it was released at {instant(resolved.at)}, and not within 24 hours of {instant(settled_at)}"
