"""The crash check itself: it passes what is right, names each thing that is not, and finds what is really lost."""

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts.crash.checks import KINDS, findings
from scripts.crash.journal import Sent
from scripts.crash.plan import CONTROLS, SHORT
from scripts.crash.rows import Held, Row

ROOT = Path(__file__).parents[2]
ROUND = "01900000-0000-7000-8000-000000000001"
FROM = datetime(2026, 3, 2, 1, tzinfo=UTC)
END = FROM + timedelta(hours=1)
OPENING, STEP, EXTENSION = 1000, 10, 300
RULES = json.dumps({"opening_price": OPENING, "step": STEP}).encode()


def instant(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


class Told:
    """A round as three bidders and the database saw it, each bid answered before the next was sent."""

    def __init__(self) -> None:
        self.journal: list[Sent] = []
        self.rows: list[Row] = []
        self.end, self.now = END, FROM
        for number, amount in enumerate((1000, 1010, 1030), start=1):
            self.bid(f"A{number:02}", amount)

    @property
    def hash(self) -> bytes:
        return self.rows[-1].hash if self.rows else hashlib.sha256(RULES).digest()

    def bid(self, alias: str, amount: int, at: datetime | None = None) -> None:
        """One more bid, taken and answered."""
        seq, self.now = len(self.rows) + 1, at or self.now + timedelta(minutes=1)
        self.end = max(self.end, self.now + timedelta(seconds=EXTENSION))
        facts = {"bidder": alias, "amount": amount, "priority": None, "ends_at": instant(self.end)}
        self.append("bid", facts, alias=alias, amount=amount, key=f"key-{seq}")
        row = self.rows[-1]
        receipt = {
            "seq": seq,
            "document": row.document.decode(),
            "hash": row.hash.hex(),
            "previous": row.previous.hex(),
        }
        bid = Sent(ROUND, alias, amount, f"key-{seq}", 2.0 * seq, 2.0 * seq + 1, 201, receipt)
        self.journal.append(replace(bid, again=[receipt]))

    def append(self, kind: str, facts: dict[str, Any], **columns: Any) -> None:
        seq = len(self.rows) + 1
        said = {"round": ROUND, "seq": seq, "kind": kind, "at": instant(self.now)} | facts
        document = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
        digest = hashlib.sha256(self.hash + document).digest()
        plain = {"alias": None, "amount": None, "key": None} | columns
        self.rows.append(
            Row(seq, kind, self.now, document=document, previous=self.hash, hash=digest, **plain)
        )

    def held(self, **facts: Any) -> Held:
        bids = [row for row in self.rows if row.kind == "bid"]
        best = max(bids, key=lambda row: row.amount or 0)
        plain = {
            "status": "bidding",
            "bidding_from": FROM,
            "bidding_until": END,
            "hard_stop": None,
            "extension_seconds": EXTENSION,
            "ends_at": self.end,
            "rules": RULES,
            "rules_sha256": hashlib.sha256(RULES).digest(),
            "last_seq": len(self.rows),
            "last_hash": self.hash,
            "top_alias": best.alias,
            "top_amount": best.amount,
            "top_seq": best.seq,
        }
        return Held(ROUND, plain | facts, self.rows)

    def kinds(self, **facts: Any) -> set[str]:
        return {kind for kind, _ in findings(self.journal, [self.held(**facts)])}


def test_what_is_right_passes() -> None:
    told = Told()
    told.journal.append(Sent(ROUND, "A01", 1031, "key-refused", 8.5, 9.0, 409))
    assert told.kinds() == set()
    told.append("closed", {"winner": "A03", "amount": 1030})
    held = told.held(status="provisional_award")
    held.awards.append(("A03", 1030))
    assert findings(told.journal, [held]) == []


def test_a_bid_that_is_not_there_is_lost() -> None:
    told = Told()
    del told.rows[-1]
    assert told.kinds() == {"lost"}


def test_a_bid_that_is_there_otherwise_than_in_its_receipt_is_lost() -> None:
    told = Told()
    receipt = told.journal[1].receipt or {}
    told.journal[1].receipt = receipt | {"seq": 9}
    assert "lost" in told.kinds()


def test_a_bid_that_is_there_twice_is_duplicated() -> None:
    told = Told()
    told.rows.append(replace(told.rows[-1], seq=4))
    assert "duplicated" in told.kinds()


def test_two_entries_or_receipts_with_one_number_are_duplicated() -> None:
    told = Told()
    told.rows.append(replace(told.rows[-1], key="another"))
    assert {"duplicated", "broken_chains", "unsent"} <= told.kinds()
    told = Told()
    told.journal.append(replace(told.journal[-1], key="another", bidder="A09"))
    assert {"duplicated", "lost"} <= told.kinds()


def test_a_bid_that_nobody_sent_or_that_was_refused_is_unsent() -> None:
    told = Told()
    del told.journal[1]
    assert told.kinds() == {"unsent"}
    told = Told()
    told.journal[1].status = 409
    assert told.kinds() == {"unsent"}


def test_a_bid_before_one_that_was_answered_before_it_was_sent_is_out_of_order() -> None:
    told = Told()
    told.journal[0].sent, told.journal[0].answered = 20.0, 21.0
    assert told.kinds() == {"out_of_order"}
    told.journal[0].sent = 4.5  # while the others were under way: either order is right
    assert told.kinds() == set()


def test_a_gap_and_a_clock_that_goes_back_are_out_of_order() -> None:
    told = Told()
    told.rows[-1] = replace(told.rows[-1], seq=5)
    assert "out_of_order" in told.kinds()
    told = Told()
    told.bid("A01", 1040, at=FROM)
    assert told.kinds() == {"out_of_order"}


@pytest.mark.parametrize("name", ["document", "previous", "hash"])
def test_a_changed_entry_breaks_the_chain(name: str) -> None:
    told = Told()
    other = {"document": told.rows[1].document.replace(b"A02", b"A03")}.get(name, bytes(32))
    told.rows[1] = replace(told.rows[1], **{name: other})
    assert "broken_chains" in told.kinds(), name


def test_changed_rules_a_cut_log_and_a_row_unlike_its_document_break_the_chain() -> None:
    assert "broken_chains" in Told().kinds(rules_sha256=b"another")
    assert "broken_chains" in Told().kinds(last_seq=4)
    told = Told()
    told.rows[1] = replace(told.rows[1], amount=1011)
    assert "broken_chains" in told.kinds()


def test_a_bid_below_the_step_or_after_the_end_is_unlawful() -> None:
    told = Told()
    told.bid("A01", 1039)
    assert told.kinds() == {"unlawful"}
    told = Told()
    told.bid("A01", 1040, at=END)
    assert told.kinds() == {"unlawful"}
    told.bid("A02", 1050, at=END + timedelta(seconds=EXTENSION) - timedelta(microseconds=1))
    assert told.kinds() == {"unlawful"}
    assert Told().kinds(ends_at=END + timedelta(seconds=1)) == {"unlawful"}


def test_a_standing_or_an_award_that_is_not_the_best_bid_is_a_mismatch() -> None:
    assert Told().kinds(top_seq=2) == {"winner_mismatches"}
    assert Told().kinds(status="provisional_award") == {"winner_mismatches"}
    told = Told()
    told.append("closed", {"winner": "A02", "amount": 1010})
    assert told.kinds(status="provisional_award") == {"winner_mismatches"}


def test_another_receipt_for_the_same_request_is_altered() -> None:
    told = Told()
    told.journal[0].again.append({"seq": 2})
    assert told.kinds() == {"altered"}


# With real processes


def run(*arguments: str) -> tuple[int, dict[str, int], str]:
    """The exit code, the figures of the last line, and everything that was said."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.crash", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    said = done.stdout + done.stderr
    last = done.stdout.strip().rpartition("\n")[2]
    assert last.startswith("CRASH "), said
    return done.returncode, {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", last)}, said


@pytest.mark.slow
def test_no_acknowledged_bid_is_lost_while_databases_and_processes_are_killed() -> None:
    code, figures, said = run("--short")
    assert code == 0, said
    assert figures["acknowledged"] >= SHORT.acknowledged >= 300
    assert figures["postmaster_kills"] >= SHORT.postmaster_kills >= 2
    assert figures["api_kills"] >= SHORT.api_kills >= 2
    assert figures["replays"] >= SHORT.replays > 0
    assert [figures[kind] for kind in KINDS] == [0] * len(KINDS)


@pytest.mark.slow
def test_what_is_acknowledged_before_it_is_on_the_disk_is_found_to_be_lost() -> None:
    code, figures, said = run("--control", "unsynced")
    assert code == 1, said
    assert figures[CONTROLS["unsynced"]] > 0
