"""A sealed tender driven by chance, through the pure rules and through PostgreSQL: whatever happens, what must hold holds."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from market.database import new_id
from market.errors import MarketError
from market.identity.credentials import Credential
from market.ledger.rules import canonical, sha256
from market.sealing import envelope, shares
from market.sealing.envelope import Lid
from market.trading import bidding, log, sealed
from market.trading.bidding import Bidder, Lot
from market.trading.course import Course, Offer, Placed, Registered, Sender, Senders, State
from market.trading.log import instant
from market.trading.replay import replay
from market.trading.sealed import Taken
from schemas.values import Money
from schemas.vocabulary import EntryKind, RegistrationStatus, RoundStatus
from tests.depth import examples
from tests.makers import Caller, Market
from tests.sealing.tenders import Tender, text
from tests.trading.stage import OPENING, STEP, key
from tests.trading.test_sale_in_postgres import copied, copy

R = TypeVar("R")
S = RoundStatus
START = datetime(2026, 3, 2, 4, tzinfo=UTC)
HOURS = 24
RANKS = (None, None, 1)
"""The third bidder holds a right of first refusal."""
PRIVATE, PUBLIC = envelope.new_key()
SHARES = shares.split(PRIVATE, 2, 3)


class Hall(Protocol):
    """A tender in its bidding, pure or in the database."""

    def blob(self, who: int, minor: int) -> bytes: ...
    def send(self, who: int, what: bytes | int) -> bool:
        """Send a sealed bid, or an amount for the server to seal; whether it was taken."""

    def go_on(self, hours: int) -> None: ...
    def turn(self, verb: str) -> None: ...
    def hand_in(self, officer: int) -> bool: ...
    def status(self) -> RoundStatus: ...
    def said(self) -> list[dict[str, Any]]:
        """What the public log says."""


class PureHall:
    """A tender in memory: bids are decided as the desk decides them, and opened as the opening opens them."""

    def __init__(self) -> None:
        self.round_id, self.now = uuid4(), START
        rules = {
            "round": str(self.round_id),
            "announced_at": instant(START),
            "bidding_from": instant(START),
            "bidding_until": instant(START + timedelta(hours=HOURS)),
            "hard_stop": None,
            "extension_seconds": 300,
            "opening_price": OPENING,
            "step": STEP,
            "reserve": None,
            "currency": "CNY",
            "opening": {"purpose": "sealed bid", "public_key": text(PUBLIC), "blob_bytes": 1024},
        }
        self.rules = canonical(rules)
        self.lid: Lid = sealed.lid_of(self.rules, sha256(self.rules))
        self.people = [(Credential(bytes([who])), uuid4(), uuid4()) for who in range(3)]
        self.senders: Senders = {
            credential: Sender(person, [company]) for credential, person, company in self.people
        }
        self.bidders = [Bidder(uuid4(), f"B{who}", rank) for who, rank in enumerate(RANKS)]
        self.registered = {
            (person, company): Registered(bidder, RegistrationStatus.QUALIFIED, True, [])
            for (_, person, company), bidder in zip(self.people, self.bidders, strict=True)
        }
        self.lot = Lot(OPENING, STEP, START, START + timedelta(hours=HOURS))
        self.now_is, self.suspended_at = S.BIDDING, START
        self.documents: list[bytes] = []
        self.blobs: dict[int, bytes] = {}
        self.taken: list[Taken] = []
        self.last = self.lid.rules_sha256
        self.in_hand: set[int] = set()
        admitted = [{"alias": each.alias, "priority": each.priority} for each in self.bidders]
        self.write(EntryKind.ADMITTED, {"outcome": "bidding", "bidders": admitted})

    def write(self, kind: EntryKind, facts: dict[str, Any]) -> None:
        link = log.link(self.last, log.entry(self.round_id, len(self.documents) + 1, kind, self.now, facts))
        self.documents.append(link.document)
        self.last = link.hash

    def blob(self, who: int, minor: int) -> bytes:
        return envelope.seal(self.lid, self.bidders[who].registration_id, sealed.content(minor, "CNY"))

    def send(self, who: int, what: bytes | int) -> bool:
        status, seq = self.status(), len(self.documents)
        state = State(
            self.round_id,
            status,
            self.now,
            None,
            self.lot,
            "CNY",
            self.lid.rules_sha256,
            seq,
            self.last,
            self.lid,
        )
        course = Course(state, self.registered, {})
        amount, blob = (Money.of(what, "CNY"), None) if isinstance(what, int) else (None, what)
        offer = Offer(self.people[who][0], str(uuid4()), b"", amount, sealed=blob)
        outcome = course.decide(offer, self.senders)
        if isinstance(outcome, MarketError):
            assert course.placed == []
            return False
        (line,) = course.placed
        assert isinstance(outcome, Placed)
        assert line.sealed is not None
        self.documents.append(outcome.document)
        self.last = outcome.hash
        self.blobs[line.seq] = line.sealed
        said = json.loads(outcome.document)
        assert said.keys() == {"round", "seq", "kind", "at", "sealed_sha256", "sealed_by", "ends_at", "salt"}
        self.taken.append(Taken(line.seq, self.bidders[who], line.sealed, said["sealed_sha256"]))
        return True

    def go_on(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    def turn(self, verb: str) -> None:
        if verb == "suspend":
            self.now_is, self.suspended_at = S.SUSPENDED, self.now
            self.write(EntryKind.SUSPENDED, {"reason": "x", "ends_at": instant(self.lot.ends_at)})
        elif verb == "resume":
            ends_at = self.lot.ends_at + (self.now - self.suspended_at)
            self.lot, self.now_is = replace(self.lot, ends_at=ends_at), S.BIDDING
            facts = {"reason": "x", "ends_at": instant(ends_at), "hard_stop": None}
            self.write(EntryKind.RESUMED, facts)
        else:
            self.now_is = S.VOID
            self.write(EntryKind.VOID, {"reason": "x"})

    def status(self) -> RoundStatus:
        if self.now_is is S.BIDDING and self.now >= self.lot.ends_at:
            self.now_is = S.OPENING
            if not self.taken:
                self.close(None)
        return self.now_is

    def hand_in(self, officer: int) -> bool:
        if self.status() is not S.OPENING:
            return False
        self.in_hand.add(officer)
        key = shares.combine(SHARES[number] for number in self.in_hand)
        assert (key is None) is (len(self.in_hand) < 2)
        if key is not None:
            assert key == PRIVATE
            said, best = sealed.open_all(self.lid, key, self.taken, "CNY", OPENING)
            self.write(EntryKind.OPENED, {"private_key": text(key), "bids": said})
            self.close(best)
        return True

    def close(self, best: bidding.Top | None) -> None:
        self.now_is = S.PROVISIONAL_AWARD if best else S.NO_SALE
        facts = {
            "outcome": self.now_is.value,
            "winner": best.bidder.alias if best else None,
            "amount": best.amount if best else None,
            "reserve": None,
        }
        self.write(EntryKind.CLOSED, facts)

    def said(self) -> list[dict[str, Any]]:
        return [json.loads(document) for document in self.documents]


class StoredHall:
    """A tender in PostgreSQL, over HTTP."""

    def __init__(self, original: "_Original", wait: Callable[[Coroutine[Any, Any, R]], R]) -> None:
        self.original, self.wait = original, wait
        self.tender = wait(original.copy())

    @property
    def bidders(self) -> list[Any]:
        return self.tender.sale.bidders

    def blob(self, who: int, minor: int) -> bytes:
        return self.tender.blob(who, minor)

    def send(self, who: int, what: bytes | int) -> bool:
        if isinstance(what, int):
            answer = self.wait(self.tender.sale.try_bid(who, what))
        else:
            answer = self.wait(self.tender.send(who, what))
        assert answer.status_code in (201, 409, 422), answer.text
        return bool(answer.status_code == 201)

    def go_on(self, hours: int) -> None:
        self.wait(self.tender.sale.move(-timedelta(hours=hours)))

    def turn(self, verb: str) -> None:
        path, sale = self.tender.path, self.tender.sale
        asked = {"suspend": "suspension", "resume": "resumption", "void": "voidance"}[verb]
        self.wait(sale.operator.ok("POST", f"{path}/{asked}", {"reason": "By chance"}))
        signs = self.original.auditor.ok("POST", f"{path}/countersignature", {"verb": verb}, headers=key())
        self.wait(signs)

    def status(self) -> RoundStatus:
        return RoundStatus(self.wait(self.tender.sale.read())["status"])

    def hand_in(self, officer: int) -> bool:
        words = self.original.words[officer]
        answer = self.wait(self.tender.try_hand_in(self.tender.officers[officer], words))
        assert answer.status_code in (200, 409), answer.text
        return bool(answer.status_code == 200)

    def said(self) -> list[dict[str, Any]]:
        return [json.loads(item["document"]) for item in self.wait(self.tender.sale.log())]


WHO = st.integers(0, 2)
# Few different amounts, so that bids are often equal; some are below the opening price.
AMOUNTS = st.integers(-1, 3).map(lambda steps: OPENING + steps * STEP)


class SealedTender(RuleBasedStateMachine):
    """Three bidders and three officers, two of whom open; what is expected is counted by hand beside the hall."""

    def __init__(self) -> None:
        super().__init__()
        self.hall: Hall = self.opened()
        self.left = HOURS
        """Hours of bidding that are left."""
        self.expected, self.officers = S.BIDDING, 0
        self.bids: list[tuple[int, int | None]] = []
        """Whose every bid that was taken is, and its amount if it can be opened."""
        self.in_hand: set[int] = set()

    def opened(self) -> Hall:
        return PureHall()

    @property
    def is_open(self) -> bool:
        return self.expected is S.BIDDING

    @rule(who=WHO, amount=AMOUNTS)
    def a_bidder_seals(self, who: int, amount: int) -> None:
        if self.takes(who, self.hall.blob(who, amount)):
            self.bids.append((who, amount))

    @rule(who=WHO, amount=AMOUNTS)
    def the_server_seals(self, who: int, amount: int) -> None:
        if self.takes(who, amount, valid=amount >= OPENING):
            self.bids.append((who, amount))

    @rule(who=WHO, amount=AMOUNTS)
    def a_bid_of_somebody_else_is_sent(self, who: int, amount: int) -> None:
        self.takes(who, self.hall.blob((who + 1) % 3, amount), valid=False)

    @rule(who=WHO, amount=AMOUNTS)
    def a_bid_of_somebody_else_is_sent_under_a_forged_header(self, who: int, amount: int) -> None:
        own, foreign = self.hall.blob(who, amount), self.hall.blob((who + 1) % 3, amount)
        forged = own[: envelope.HEADER_BYTES] + foreign[envelope.HEADER_BYTES :]
        if self.takes(who, forged):
            self.bids.append((who, None))

    def takes(self, who: int, what: bytes | int, *, valid: bool = True) -> bool:
        taken = self.hall.send(who, what)
        assert taken is (self.is_open and valid)
        return taken

    @rule(hours=st.integers(1, 12))
    def time_passes(self, hours: int) -> None:
        self.hall.go_on(hours)
        if self.is_open:
            self.left -= hours
            if self.left <= 0:
                self.expected = S.OPENING if self.bids else S.NO_SALE

    @precondition(lambda self: self.expected is S.BIDDING)
    @rule(sure=st.integers(0, 4))
    def it_is_suspended(self, sure: int) -> None:
        if sure == 0:
            self.hall.turn("suspend")
            self.expected = S.SUSPENDED

    @precondition(lambda self: self.expected is S.SUSPENDED)
    @rule()
    def it_is_resumed(self) -> None:
        self.hall.turn("resume")
        self.expected = S.BIDDING

    @precondition(lambda self: self.expected is S.OPENING)
    @rule(sure=st.integers(0, 4))
    def it_is_declared_void(self, sure: int) -> None:
        if sure == 0:
            self.hall.turn("void")
            self.expected = S.VOID

    @rule(officer=WHO)
    def an_officer_comes(self, officer: int) -> None:
        assert self.hall.hand_in(officer) is (self.expected is S.OPENING)
        if self.expected is S.OPENING:
            self.in_hand.add(officer)
            if len(self.in_hand) == 2:
                self.expected = S.PROVISIONAL_AWARD if self.winner() else S.NO_SALE

    def winner(self) -> tuple[int, int] | None:
        """By another way than the rules: who has the highest last bid, the holder of the right among equals, the first."""
        last: dict[int, tuple[int, int | None]] = {}
        for place, (who, amount) in enumerate(self.bids):
            last[who] = (place, amount)
        able = {who: (place, amount) for who, (place, amount) in last.items() if amount and amount >= OPENING}
        if not able:
            return None
        most = max(amount or 0 for _, amount in able.values())
        equal = sorted((place, who) for who, (place, amount) in able.items() if amount == most)
        holder = [who for _, who in equal if RANKS[who] is not None]
        return (holder[0] if holder else equal[0][1]), most

    @invariant()
    def it_stands_as_expected_and_tells_nothing_too_early(self) -> None:
        assert self.hall.status() is self.expected

    def teardown(self) -> None:
        said = self.hall.said()
        opened = [each for each in said if each["kind"] == "opened"]
        closed = [each for each in said if each["kind"] == "closed"]
        if len(self.in_hand) < 2:
            assert opened == []
            return
        aliases = [bidder.alias for bidder in self.hall.bidders]  # type: ignore[attr-defined] # both have them
        bids = [(aliases.index(each["bidder"]), each["amount"]) for each in opened[0]["bids"]]
        assert bids == self.bids
        assert [bool(each["fault"]) for each in opened[0]["bids"]] == [amount is None for _, amount in bids]
        won = self.winner()
        expected = (aliases[won[0]], won[1]) if won else (None, None)
        assert (closed[0]["winner"], closed[0]["amount"]) == expected


class PureTender(SealedTender):
    """Beside it every log is played again, as it is and with something changed."""

    def teardown(self) -> None:
        super().teardown()
        hall = self.hall
        assert isinstance(hall, PureHall)
        course = replay(hall.rules, hall.documents, hall.blobs)
        assert course.faults == []
        self.hall.status()
        if hall.now_is in (S.PROVISIONAL_AWARD, S.NO_SALE, S.VOID):
            assert course.status is hall.now_is
        for place, document in enumerate(hall.documents):
            said = json.loads(document)
            for lie in self.lies(said):
                told = [*hall.documents[:place], canonical(said | lie), *hall.documents[place + 1 :]]
                assert replay(hall.rules, told, hall.blobs).faults != [], (said, lie)

    def lies(self, said: dict[str, Any]) -> list[dict[str, Any]]:
        """What an entry might say instead."""
        before, after = instant(START - timedelta(hours=1)), instant(START + timedelta(days=400))
        if said["kind"] == "sealed_bid" and said["seq"] == 2:  # one stands for all
            unseen = [] if len(self.in_hand) < 2 else [{"sealed_sha256": "00" * 32}]
            return [*unseen, {"ends_at": after}, {"at": before}, {"at": after}]
        if said["kind"] == "opened":
            first = said["bids"][0]
            other = first | {"amount": (first["amount"] or 0) + 1}
            return [{"bids": said["bids"][1:]}, {"at": before}, {"bids": [other, *said["bids"][1:]]}]
        if said["kind"] == "closed":
            return [{"winner": "B9"}, {"amount": 1}, {"outcome": "opening"}, {"at": before}]
        return []


PureTender.TestCase.settings = settings(max_examples=examples(2000), stateful_step_count=20, deadline=None)


@pytest.mark.deep
@pytest.mark.slow
class TestPureTender(PureTender.TestCase):  # type: ignore[name-defined, misc]
    """2,000 tenders."""


@pytest.mark.deep
@pytest.mark.slow
async def test_tenders_in_the_database_go_as_the_model_says(market: Market) -> None:
    loop, original = asyncio.get_running_loop(), await _Original.of(market)

    def wait(verb: Coroutine[Any, Any, R]) -> R:
        return asyncio.run_coroutine_threadsafe(verb, loop).result()

    class StoredTender(SealedTender):
        def opened(self) -> Hall:
            return StoredHall(original, wait)

    chance = settings(
        max_examples=examples(200),
        stateful_step_count=10,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],  # a loaded machine is no failure
    )
    await asyncio.to_thread(run_state_machine_as_test, StoredTender, settings=chance)


class _Original:
    """A tender of which every example holds a copy: the same people, rules and box, and bids of its own."""

    def __init__(self, tender: Tender, words: list[str], auditor: Caller) -> None:
        self.tender, self.words, self.auditor = tender, words, auditor

    @classmethod
    async def of(cls, market: Market) -> "_Original":
        holder = await market.company()
        right = {
            "organisation_id": str(holder.organisation_id),
            "rank": 1,
            "notified_on": "2026-01-02",
            "proof": "Letter",
        }
        tender = await Tender.of(market, "announced", first_refusals=[right])
        await tender.sale.a_bidder(holder)
        await tender.sale.let_pass(hours=2)
        words = [await tender.words(officer) for officer in tender.officers]
        return cls(tender, words, await market.auditor())

    async def copy(self) -> Tender:
        market, old, box = self.tender.sale.market, UUID(self.tender.sale.id), new_id()
        sale = await copied(self.tender.sale)
        values = {"id": box, "subject_id": sale.id}
        await copy(market, "sealed_box", "subject_id = :old", values, old=old)
        theirs = "box_id = (SELECT id FROM sealed_box WHERE subject_id = :old)"
        await copy(market, "opening_share", theirs, {"box_id": box}, old=old)
        return Tender(sale, self.tender.officers, self.tender.rules)
