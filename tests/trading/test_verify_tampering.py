"""A superuser, or whoever serves the log, changes one thing, again and again: each time the row is named."""

import asyncio
import base64
import copy
import itertools
import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from market.ledger.rules import canonical, sha256
from market.trading.checking import faults
from market.trading.rows import Rows, read_rows
from schemas.vocabulary import AwardStatus, EntryKind, RegistrationStatus, RoundStatus
from scripts.verify_round import checked
from tests.depth import DEEP
from tests.makers import Market
from tests.trading.clock import give_a_clock
from tests.trading.published import Save, published, script
from tests.trading.rounds import Rounds

EDITS = 1000 if DEEP else 150
"""Of each half, every kind in turn; a thousand in `make deep`."""
SEED = 20_260_301


@pytest_asyncio.fixture(scope="module")
async def database_url(database_url: str) -> str:
    await give_a_clock(database_url)
    return database_url


@pytest_asyncio.fixture(scope="module")
async def rounds(market: Market) -> Rounds:
    return await Rounds.held(market)


# In the database


Edit = tuple[list[str], dict[str, Any], list[str]]
"""Statements, their parameters, and the names of the row, one of which a fault must give."""


class Forger:
    """Makes one edit of one round after another, all from one seed."""

    def __init__(self, rows: list[Rows]) -> None:
        self.all = rows
        self.random = random.Random(SEED)
        self.turn = itertools.cycle(KINDS)

    def edit(self) -> tuple[str, UUID, Edit]:
        """The next kind in turn, in a round drawn until it can be made there."""
        kind = next(self.turn)
        while True:
            self.rows = self.random.choice(self.all)
            made = kind(self)
            if made is not None:
                return kind.__name__, self.rows.round.id, made

    def entry(self, *kinds: EntryKind) -> Any:
        found = [each for each in self.rows.entries if not kinds or each.kind in kinds]
        return self.random.choice(found) if found else None

    def of_entry(self, entry: Any, change: str, **values: Any) -> Edit:
        statement = f"UPDATE round_entry SET {change} WHERE round_id = :id AND seq = :seq"
        return [statement], {"seq": entry.seq} | values, [f"entry {entry.seq}:"]

    def of_byte(self, column: str, raw: bytes) -> str:
        """SQL that changes one byte of a column."""
        place, by = self.random.randrange(len(raw)), self.random.randrange(1, 256)
        return f"{column} = set_byte({column}, {place}, (get_byte({column}, {place}) + {by}) % 256)"

    # The log

    def amount(self) -> Edit | None:
        entry = self.entry(EntryKind.BID)
        return entry and self.of_entry(entry, "amount = amount + :by", by=self.random.randrange(1, 10**9))

    def time(self) -> Edit:
        by = timedelta(microseconds=self.random.choice((-1, 1)) * self.random.randrange(1, 10**12))
        return self.of_entry(self.entry(), "at = at + :by", by=by)

    def order(self) -> Edit | None:
        if len(self.rows.entries) < 2:
            return None
        one, other = self.random.sample([each.seq for each in self.rows.entries], 2)
        step = "UPDATE round_entry SET seq = {to} WHERE round_id = :id AND seq = {of}"
        moves = ((one, 1_000_000), (other, one), (1_000_000, other))
        return [step.format(of=of, to=to) for of, to in moves], {}, [f"entry {one}:", f"entry {other}:"]

    def deletion(self) -> Edit:
        entry = self.entry()
        statement = "DELETE FROM round_entry WHERE round_id = :id AND seq = :seq"
        return [statement], {"seq": entry.seq}, [f"entry {entry.seq} is missing"]

    def truncation(self) -> Edit:
        first, last = self.entry().seq, self.rows.entries[-1].seq
        named = f"entry {last} is missing" if first == last else f"entries {first} to {last} are missing"
        return ["DELETE FROM round_entry WHERE round_id = :id AND seq >= :seq"], {"seq": first}, [named]

    def document(self) -> Edit:
        entry = self.entry()
        return self.of_entry(entry, self.of_byte("document", entry.document))

    def chain(self) -> Edit:
        entry = self.entry()
        return self.of_entry(entry, self.of_byte(self.random.choice(("hash", "previous")), entry.hash))

    def kind(self) -> Edit | None:
        turns = [each for each in EntryKind if each not in (EntryKind.BID, EntryKind.SEALED_BID)]
        entry = self.entry(*turns)
        other = self.random.choice([each for each in turns if each is not entry.kind])
        return self.of_entry(entry, "kind = :kind", kind=other.value)

    def bidder(self) -> Edit | None:
        entry = self.entry(EntryKind.BID, EntryKind.SEALED_BID, EntryKind.CLOSED, EntryKind.CONFIRMED)
        others = [each for each in self.rows.registrations if entry and each.id != entry.registration_id]
        if not others:
            return None
        return self.of_entry(entry, "registration_id = :to", to=self.random.choice(others).id)

    def sealed_bid(self) -> Edit | None:
        entry = self.entry(EntryKind.SEALED_BID)
        return entry and self.of_entry(entry, self.of_byte("sealed", entry.sealed))

    # The registrations

    def registration(self) -> Any:
        admitted = [each for each in self.rows.registrations if each.status is RegistrationStatus.QUALIFIED]
        return self.random.choice(admitted)

    def of_registration(self, change: str, *named: str, **values: Any) -> Edit:
        one = self.registration()
        statement = f"UPDATE bidder_registration SET {change} WHERE id = :registration"
        own = [f"registration {one.id}", *named]
        bids = [f"entry {each.seq}:" for each in self.rows.entries if each.registration_id == one.id]
        return [statement], {"registration": one.id} | values, own + bids

    def alias(self) -> Edit:
        return self.of_registration("alias = :alias", "entry 1:", alias=f"Z{self.random.randrange(10**6)}")

    def priority(self) -> Edit:
        return self.of_registration("priority = coalesce(priority, 1) + 1")

    def other_round(self) -> Edit:
        other = next(each for each in self.all if each is not self.rows)
        return self.of_registration("round_id = :to", "entry 1:", to=other.round.id)

    def accepted(self) -> Edit:
        return self.of_registration(self.of_byte("rules_sha256", bytes(32)))

    # Where it stands

    def of_round(self, change: str, *named: str, **values: Any) -> Edit:
        return [f"UPDATE sale_round SET {change} WHERE id = :id"], values, list(named) or ["the round:"]

    def standing(self) -> Edit | None:
        change = self.random.choice(
            (
                "top_amount = coalesce(top_amount, 0) + 1",
                "top_alias = coalesce(top_alias, '') || 'X'",
                "top_seq = coalesce(top_seq, 0) + 1",
                "top_priority = coalesce(top_priority, 0) + 1",
                "top_registration_id = gen_random_uuid()",
                "last_hash = sha256(last_hash)",
            )
        )
        return self.of_round(change)

    def end(self) -> Edit:
        by = timedelta(microseconds=self.random.choice((-1, 1)) * self.random.randrange(1, 10**12))
        column = self.random.choice(("ends_at", "bidding_until", "bidding_from", "announced_at"))
        return self.of_round(f"{column} = {column} + :by", by=by)

    def terms(self) -> Edit:
        column = self.random.choice(("opening_price", "step", "deposit", "extension_seconds"))
        return self.of_round(f"{column} = {column} + :by", by=self.random.randrange(1, 10**6))

    def status(self) -> Edit:
        never = (RoundStatus.DRAFT, RoundStatus.APPROVED, self.rows.round.status)
        other = self.random.choice([each for each in RoundStatus if each not in never])
        return self.of_round("status = :status", status=other.value)

    def count(self) -> Edit:
        seq = self.rows.round.last_seq + self.random.choice((-1, 1, 2))
        last = self.rows.round.last_seq
        named = f"entry {last}:" if seq < last else f"entr{'y' if seq == last + 1 else 'ies'} {last + 1}"
        return self.of_round("last_seq = :seq", named, seq=seq)

    def rules(self) -> Edit:
        column = self.random.choice(("rules", "rules_sha256"))
        return self.of_round(self.of_byte(column, getattr(self.rows.round, column)), "the rules:")

    # What came of it

    def winner(self) -> Edit | None:
        if not self.rows.awards:
            return None
        (award,) = self.rows.awards
        others = [each.id for each in self.rows.registrations if each.id != award.registration_id]
        wrong = self.random.choice([each for each in AwardStatus if each is not award.status])
        changes = ["amount = amount + 1", "registration_id = :to", "status = :status"]
        if award.document is not None:
            changes += [self.of_byte("document", award.document), self.of_byte("sha256", award.sha256)]
            changes += [
                "confirmed_at = confirmed_at + interval '1 second'",
                "buyer_confirmed_by = confirmed_by",
            ]
        values = {"to": self.random.choice(others), "status": wrong.value}
        change = self.random.choice(changes)
        return [f"UPDATE award SET {change} WHERE round_id = :id"], values, [f"award {award.id}"]

    def no_winner(self) -> Edit | None:
        if not self.rows.awards:
            return None
        return ["DELETE FROM award WHERE round_id = :id"], {}, ["the award of "]

    def deposit(self) -> Edit:
        one = self.registration()
        change = self.random.choice(
            (
                "UPDATE transfer SET amount = amount + 1 WHERE id = :deposit",
                "UPDATE transfer SET at = at + interval '3 days' WHERE id = :deposit OR pending_id = :deposit",
                "UPDATE bidder_registration SET deposit_id = NULL WHERE deposit_id = :deposit",
                "DELETE FROM transfer WHERE id = :deposit",
            )
        )
        return [change], {"deposit": one.deposit_id}, [f"the deposit of registration {one.id}"]


KINDS: list[Callable[[Forger], Edit | None]] = [
    Forger.amount,
    Forger.time,
    Forger.order,
    Forger.deletion,
    Forger.truncation,
    Forger.document,
    Forger.chain,
    Forger.kind,
    Forger.bidder,
    Forger.sealed_bid,
    Forger.alias,
    Forger.priority,
    Forger.other_round,
    Forger.accepted,
    Forger.standing,
    Forger.end,
    Forger.terms,
    Forger.status,
    Forger.count,
    Forger.rules,
    Forger.winner,
    Forger.no_winner,
    Forger.deposit,
]


async def superuser(connection: AsyncConnection) -> None:
    """From here on the database's triggers and foreign keys stop nothing."""
    await connection.execute(text("SET LOCAL session_replication_role = replica"))


@pytest.mark.deep
async def test_every_edit_by_a_superuser_is_found_and_the_row_is_named(
    market: Market, rounds: Rounds
) -> None:
    missed, made = [], Counter[str]()
    async with market.database.engine.connect() as connection, connection.begin() as transaction:
        await superuser(connection)
        genuine = [await read_rows(connection, round_id) for round_id in rounds.ids.values()]
        assert [found for rows in genuine for found in faults(rows)] == []
        forger = Forger(genuine)
        while made.total() < EDITS:
            kind, round_id, (statements, values, named) = forger.edit()
            async with connection.begin_nested() as edit:
                for statement in statements:
                    used = {name: value for name, value in values.items() if f":{name}" in statement}
                    used |= {"id": round_id} if ":id" in statement else {}
                    done = await connection.execute(text(statement), used)
                    assert done.rowcount, statement
                found = faults(await read_rows(connection, round_id))
                await edit.rollback()
            made[kind] += 1
            if not any(name in fault for name in named for fault in found):
                missed.append((kind, statements, values, named, found))
        assert [
            found for rows in genuine for found in faults(await read_rows(connection, rows.round.id))
        ] == []
        await transaction.rollback()
    assert missed == []
    assert len(made) == len(KINDS)


async def rewrite_the_last_bid(connection: AsyncConnection, rows: Rows, amount: int) -> None:
    """Change the amount of a log's last bid and everything that follows from it, so that the log is whole again."""
    last = rows.entries[-1]
    document = canonical(json.loads(last.document) | {"amount": amount})
    await connection.execute(
        text("UPDATE round_entry SET amount = :amount, document = :document, hash = :hash WHERE hash = :was"),
        {"amount": amount, "document": document, "hash": sha256(last.previous + document), "was": last.hash},
    )
    await connection.execute(
        text("UPDATE sale_round SET top_amount = :amount, last_hash = :hash WHERE id = :id"),
        {"amount": amount, "hash": sha256(last.previous + document), "id": rows.round.id},
    )


async def test_what_is_rewritten_whole_is_contradicted_by_the_receipt_of_its_bidder(
    market: Market, rounds: Rounds, tmp_path: Path
) -> None:
    sale, saved = rounds.sales["running"], Save(tmp_path)
    seen = (await sale.read())["standing"]
    receipt = await sale.bid(0, int(seen["least_next"]["amount"].replace(".", "")))
    key = (await market.client.get("/api/v1/keys/receipts")).json()["public_key"]
    async with market.database.engine.connect() as connection:
        before = await read_rows(connection, UUID(sale.id))
    try:
        async with market.database.engine.begin() as connection:
            await superuser(connection)
            await rewrite_the_last_bid(connection, before, before.entries[-1].amount + 1)
            assert faults(await read_rows(connection, UUID(sale.id))) == []
        rules, items, view = await published(market, sale.path)
        given: list[str | Path] = [
            "--rules",
            saved("rules.json", rules),
            "--log",
            saved("log.json", {"items": items}),
        ]
        given += ["--round", saved("round.json", view)]
        assert "everything holds" in await script(*given)
        given += ["--receipt", saved("receipt.json", receipt), "--key", key]
        said = await script(*given, code=1)
        assert f"its bid, entry {receipt['seq']} by the hall's own signature, is not in the log" in said
    finally:
        async with market.database.engine.begin() as connection:
            await superuser(connection)
            rewritten = await read_rows(connection, UUID(sale.id))
            await rewrite_the_last_bid(connection, rewritten, before.entries[-1].amount)


# In what is published


def of_entry(place: int) -> list[str]:
    """How the entry at this place, from 0, is named."""
    return [f"entry {place + 1}:", f"entry {place + 1} ("]


class Publisher:
    """Serves something else than the log, from one seed."""

    def __init__(self) -> None:
        self.random = random.Random(SEED)
        self.turn = itertools.cycle(self.KINDS)

    def edit(
        self, rules: bytes, items: list[dict[str, Any]], view: dict[str, Any]
    ) -> tuple[Any, str, list[str]]:
        """What is published instead, what was done, and the names of the row."""
        what = next(self.turn)
        items, view = copy.deepcopy(items), copy.deepcopy(view)
        place = self.random.randrange(len(items))
        named = of_entry(place)
        item = items[place]
        if what == "rules":
            spot = self.random.randrange(len(rules))
            rules = (
                rules[:spot]
                + bytes([(rules[spot] + self.random.randrange(1, 256)) % 256])
                + rules[spot + 1 :]
            )
            named = [*of_entry(0), "the rules", "the round"]
        elif what in ("document", "previous", "hash"):
            item[what] = self.changed(item[what])
        elif what == "seq":
            item["seq"] += self.random.choice((-1, 1))
        elif what == "shown time":
            item["at"] = item["at"].replace("20", "19", 1)
        elif what == "fact":
            item["document"] = self.other_fact(json.loads(item["document"]))
        elif what == "order":
            other = self.random.choice([each for each in range(len(items)) if each != place])
            items[place], items[other] = items[other], items[place]
            named += of_entry(other)
        elif what == "deletion":
            del items[place]
            named = of_entry(place) if place < len(items) else [f"its log ends with entry {place}"]
        elif what == "truncation":
            del items[place:]
            named = [f"its log ends with entry {place}"]
        elif what == "repeat":
            items.insert(place, item)
            named = of_entry(place + 1)
        elif what == "winner":
            view["outcome"] = {"bidder": "ZZZZ", "amount": {"amount": "1.00", "currency": "CNY"}}
            named = ["the round"]
        elif what == "status":
            view["status"] = "withdrawn"
            named = ["the round"]
        elif what == "end":
            view["ends_at"] = "2020" + view["ends_at"][4:]
            named = ["the round"]
        elif what == "standing":
            view["standing"]["amount"] = {"amount": "1.00", "currency": "CNY"}
            named = ["the round"]
        return (rules, items, view), what, named

    KINDS = (
        *("rules", "document", "previous", "hash", "seq", "shown time", "fact", "order", "deletion"),
        *("truncation", "repeat", "winner", "status", "end", "standing"),
    )

    def changed(self, said: str) -> str:
        spot = self.random.randrange(len(said))
        letter = self.random.choice([each for each in '0123456789abcdef"' if each != said[spot]])
        return said[:spot] + letter + said[spot + 1 :]

    def other_fact(self, said: dict[str, Any]) -> str:
        fact = self.random.choice(sorted(said))
        said[fact] = said[fact] + 1 if isinstance(said[fact], int) else "another"
        return canonical(said).decode()


@pytest.mark.deep
async def test_every_edit_of_what_is_published_is_found_and_the_entry_is_named(
    market: Market, rounds: Rounds
) -> None:
    names = ("sold", "unsold", "defaulted", "running", "suspended", "void")
    genuine = [await published(market, rounds.sales[name].path) for name in names]
    assert [checked(*each)[1] for each in genuine] == [[]] * len(names)
    publisher, missed, made = Publisher(), [], Counter[str]()

    def publish() -> None:
        while made.total() < EDITS:
            instead, what, named = publisher.edit(*publisher.random.choice(genuine))
            made[what] += 1
            try:
                _, found = checked(*instead)
            except (ValueError, KeyError, TypeError, AttributeError) as unreadable:
                found = [f"the rules cannot be read: {unreadable}"]
            if not any(name in fault for name in named for fault in found):
                missed.append((what, named, found))

    await asyncio.to_thread(publish)
    assert missed == []
    assert len(made) == len(Publisher.KINDS)


async def test_a_consistent_cut_of_the_tail_is_contradicted_by_the_round_and_by_the_receipts(
    market: Market, rounds: Rounds
) -> None:
    rules, items, view = await published(market, rounds.sales["sold"].path)
    for length in range(len(items)):
        assert checked(rules, items[:length])[1] == []
        assert f"its log ends with entry {length}" in checked(rules, items[:length], view)[1][0]
        lost = [each for each in rounds.receipts if each["seq"] > length]
        assert len(checked(rules, items[:length], None, rounds.receipts)[1]) == len(lost)


async def test_a_receipt_proves_nothing_without_the_signature_of_the_hall(
    market: Market, rounds: Rounds
) -> None:
    rules, items, _ = await published(market, rounds.sales["sold"].path)
    key = (await market.client.get("/api/v1/keys/receipts")).json()["public_key"]
    receipt = rounds.receipts[0]
    assert checked(rules, items, None, [receipt], key)[1] == []
    signature = bytearray(base64.b64decode(receipt["signature"]))
    signature[5] ^= 1
    forged = receipt | {"signature": base64.b64encode(signature).decode()}
    assert "its signature does not fit" in checked(rules, items, None, [forged], key)[1][0]
    foreign = base64.b64encode(bytes(32)).decode()
    assert "another key than the published one" in checked(rules, items, None, [receipt], foreign)[1][0]
    lie = receipt | {"document": receipt["document"].replace('"amount":', '"amount":1')}
    assert "says another thing" in checked(rules, items, None, [lie], key)[1][0]
