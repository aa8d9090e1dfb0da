"""Compares what the clients were told with what the database holds; a finding is a sentence under its kind.

It computes everything itself, with hashlib and json: nothing of the product is believed or used. Times of clients are
those of one monotonic clock.
"""

import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from scripts.crash.journal import Sent
from scripts.crash.rows import Held, Row

KINDS = {
    "lost": "acknowledged, and not in the log as it was acknowledged",
    "duplicated": "in the log twice, or one place of it given to two",
    "out_of_order": "not numbered one by one in the order in which they were answered",
    "broken_chains": "logs whose hashes do not follow from their documents",
    "winner_mismatches": "rounds whose standing or award is not their best bid",
    "unlawful": "accepted against the rules: too low, or when the bidding was over",
    "unsent": "in the log though nobody sent it, or it was refused",
    "altered": "answered otherwise when asked again",
}

Finding = tuple[str, str]
"""A kind and a sentence."""


def findings(journal: Sequence[Sent], rounds: Sequence[Held]) -> list[Finding]:
    """Everything that is wrong."""
    of_round = defaultdict(list)
    for bid in journal:
        of_round[bid.round_id].append(bid)
    found: list[Finding] = []
    for held in rounds:
        bids = of_round[held.id]
        for check in (_acknowledged, _nothing_else, _places, _real_time):
            found += check(held, bids)
        for look in (_chain, _law, _winner):
            found += look(held)
    return found + list(_repeats(journal))


def _where(held: Held, row: Row) -> str:
    return f"round {held.id[-6:]}, entry {row.seq}"


def _acknowledged(held: Held, bids: Sequence[Sent]) -> Iterator[Finding]:
    """Every acknowledged bid is there exactly once, as its receipt says."""
    rows = defaultdict(list)
    for row in held.bids:
        rows[row.alias, row.key].append(row)
    for bid in bids:
        if not bid.acknowledged or bid.receipt is None:
            continue
        there = rows[bid.bidder, bid.key]
        name = f"round {held.id[-6:]}: the bid {bid.amount} of {bid.bidder}, acknowledged as {bid.receipt['seq']}"
        if not any(_is(row, bid) for row in there):
            yield "lost", f"{name}: {'is another' if there else 'is not there'}"
        if len(there) > 1:
            yield "duplicated", f"{name}: is there {len(there)} times"


def _is(row: Row, bid: Sent) -> bool:
    told = bid.receipt or {}
    document = str(told["document"]).encode()
    return (row.seq, row.amount, row.document, row.hash.hex(), row.previous.hex()) == (
        told["seq"],
        bid.amount,
        document,
        told["hash"],
        told["previous"],
    )


def _nothing_else(held: Held, bids: Sequence[Sent]) -> Iterator[Finding]:
    """No bid is in the log that no client sent, or that was refused."""
    sent = {(bid.bidder, bid.key): bid for bid in bids}
    for row in held.bids:
        bid = sent.get((str(row.alias), str(row.key)))
        if bid is None or bid.amount != row.amount:
            yield "unsent", f"{_where(held, row)}: nobody sent {row.amount} for {row.alias}"
        elif not bid.acknowledged:
            yield "unsent", f"{_where(held, row)}: it was answered with {bid.status}"


def _places(held: Held, bids: Sequence[Sent]) -> Iterator[Finding]:
    """One entry at each place, from 1 on without a gap, and no place promised to two."""
    counted = Counter(row.seq for row in held.rows)
    for seq, times in counted.items():
        if times > 1:
            yield "duplicated", f"round {held.id[-6:]}: {times} entries are numbered {seq}"
    if sorted(counted) != list(range(1, len(counted) + 1)):
        yield "out_of_order", f"round {held.id[-6:]}: the numbers have a gap"
    promised = Counter(bid.receipt["seq"] for bid in bids if bid.acknowledged and bid.receipt)
    for seq, times in promised.items():
        if times > 1:
            yield "duplicated", f"round {held.id[-6:]}: {times} bidders hold a receipt numbered {seq}"


def _real_time(held: Held, bids: Sequence[Sent]) -> Iterator[Finding]:
    """A bid that was answered before another was sent stands before it; the clock of the log never goes back."""
    known = {(bid.bidder, bid.key): bid for bid in bids if bid.acknowledged}
    answered = math.inf
    following: Row | None = None
    for row in reversed(held.rows):
        bid = known.get((str(row.alias), str(row.key)))
        if bid is not None and bid.answered is not None:
            if answered < bid.sent:
                yield "out_of_order", f"{_where(held, row)}: was sent after a later one had been answered"
            answered = min(answered, bid.answered)
        if following is not None and following.at < row.at:
            yield "out_of_order", f"{_where(held, row)}: its time is after that of the next"
        following = row


def _chain(held: Held) -> Iterator[Finding]:
    """Every document is canonical and says what its row says; every hash follows from the one before, the first from the rules."""
    rules = held.facts["rules"]
    previous = hashlib.sha256(rules).digest()
    if previous != held.facts["rules_sha256"]:
        yield "broken_chains", f"round {held.id[-6:]}: the rules were changed"
        return
    for row in held.rows:
        if row.previous != previous:
            yield "broken_chains", f"{_where(held, row)}: does not follow the entry before it"
            return
        if hashlib.sha256(previous + row.document).digest() != row.hash or not _says_its_row(held, row):
            yield "broken_chains", f"{_where(held, row)}: its document is another"
            return
        previous = row.hash
    if (held.facts["last_seq"], held.facts["last_hash"]) != (len(held.rows), previous):
        yield "broken_chains", f"round {held.id[-6:]}: the round does not stand at the end of its log"


def _says_its_row(held: Held, row: Row) -> bool:
    said = row.said
    plain = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    head = (said["round"], said["seq"], said["kind"], _moment(said["at"]))
    bid = (said.get("bidder"), said.get("amount")) if row.kind == "bid" else (row.alias, row.amount)
    if row.kind != "bid":
        return plain == row.document and head == (held.id, row.seq, row.kind, row.at)
    return (plain, head, bid) == (row.document, (held.id, row.seq, row.kind, row.at), (row.alias, row.amount))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _law(held: Held) -> Iterator[Finding]:
    """Each bid is a step above the one before, and came before the end as late bids had moved it until then."""
    least, step = held.rules["opening_price"], held.rules["step"]
    end, stop = held.facts["bidding_until"], held.facts["hard_stop"]
    over = False
    for row in held.rows:
        if row.kind != "bid":
            over = over or row.kind == "closed"
            continue
        amount = row.amount or 0
        if amount < least:
            yield "unlawful", f"{_where(held, row)}: {amount} is less than {least}"
        if over or not held.facts["bidding_from"] <= row.at < end:
            yield "unlawful", f"{_where(held, row)}: came at {row.at}, the end was {end}"
        moved = row.at + timedelta(seconds=held.facts["extension_seconds"])
        end = max(end, min(moved, stop) if stop else moved)
        if _moment(row.said["ends_at"]) != end:
            yield "unlawful", f"{_where(held, row)}: says that the end is {row.said['ends_at']}, it is {end}"
        least = max(least, amount + step)
    if held.facts["ends_at"] != end:
        yield "unlawful", f"round {held.id[-6:]}: ends at {held.facts['ends_at']}, by its bids at {end}"


def _winner(held: Held) -> Iterator[Finding]:
    """The highest bid leads, is the last one, and alone is awarded once the bidding was closed."""
    best = max(held.bids, key=lambda row: (row.amount, -row.seq), default=None)
    facts = held.facts
    standing = (facts["top_alias"], facts["top_amount"], facts["top_seq"])
    name = f"round {held.id[-6:]}"
    if standing != ((best.alias, best.amount, best.seq) if best else (None, None, None)):
        yield (
            "winner_mismatches",
            f"{name}: {standing} leads, the best bid is {best and best.document.decode()}",
        )
    if best is not None and best is not held.bids[-1]:
        yield "winner_mismatches", f"{name}: its last bid is not its best"
    closed = [row.said for row in held.rows if row.kind == "closed"]
    won = [(best.alias, best.amount)] if best and closed else []
    if [(said["winner"], said["amount"]) for said in closed] != won or held.awards != won:
        yield "winner_mismatches", f"{name}: closed {len(closed)} times, awarded {held.awards}, best is {won}"
    if bool(closed) == (facts["status"] == "bidding"):
        yield "winner_mismatches", f"{name}: is {facts['status']} and was closed {len(closed)} times"


def _repeats(journal: Sequence[Sent]) -> Iterator[Finding]:
    """Whoever asks again under the same key gets the same receipt."""
    for bid in journal:
        for again in bid.again:
            if again != bid.receipt:
                yield "altered", f"the bid {bid.amount} of {bid.bidder} has two receipts"
