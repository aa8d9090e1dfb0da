"""What is made by hand for the sake of speed, beside what is made by the book: entries of the log, and receipts."""

import base64
import json
from datetime import UTC, datetime
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from market.ledger.rules import canonical, sha256
from market.trading import log
from market.trading.course import Placed
from market.trading.receipts import receipt
from schemas.trading import Receipt, most_minor
from schemas.values import CURRENCIES, Money
from schemas.vocabulary import EntryKind

SAFE = 2**53 - 1
NAMES = st.text(st.characters(max_codepoint=127), max_size=12)
VALUES = st.none() | st.integers(-SAFE, SAFE) | st.text(max_size=30)
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))
ALIASES = st.text(min_size=1, max_size=8)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ROUND = UUID(int=7)


@given(st.dictionaries(NAMES, VALUES, max_size=12))
def test_flat_json_is_canonical(document: dict[str, str | int | None]) -> None:
    assert log.flat(document) == canonical(document)


@given(ALIASES, st.integers(0, SAFE), st.none() | st.integers(1, 20), INSTANTS, st.integers(1, 2**31 - 1))
def test_the_entry_of_a_bid_is_what_any_entry_would_be(
    alias: str, amount: int, priority: int | None, at: datetime, seq: int
) -> None:
    facts = log.bid_facts(alias, amount, priority, at)
    assert log.bid_entry(ROUND, seq, EntryKind.BID, at, facts) == log.entry(
        ROUND, seq, EntryKind.BID, at, facts
    )


def placed(document: bytes, alias: str, currency: str) -> Placed:
    previous = bytes(range(32))
    link = log.link(previous, document)
    return Placed(link.document, previous, link.hash, currency, sha256(b"rules"), b"", alias)


@given(ALIASES, st.sampled_from(sorted(CURRENCIES)), st.data(), INSTANTS, INSTANTS)
def test_a_receipt_says_what_its_shape_says(
    alias: str, currency: str, data: st.DataObject, at: datetime, ends_at: datetime
) -> None:
    amount = data.draw(st.integers(0, most_minor(currency)))
    facts = log.bid_facts(alias, amount, None, ends_at)
    bid = placed(log.bid_entry(ROUND, 3, EntryKind.BID, at, facts), alias, currency)
    sent = json.loads(receipt(bid, KEY))
    shown = Receipt.model_validate(sent)
    assert list(sent) == list(Receipt.model_fields)
    assert sent == shown.model_dump(mode="json") | {"at": log.instant(at), "ends_at": log.instant(ends_at)}
    assert (shown.seq, shown.bidder, shown.amount) == (3, alias, Money.of(amount, currency))
    assert (shown.at, shown.ends_at) == (at, ends_at)
    assert shown.document is not None
    assert sha256(bytes.fromhex(shown.previous or "") + shown.document.encode()) == bid.hash
    KEY.public_key().verify(base64.b64decode(shown.signature), bid.hash)


@given(ALIASES, INSTANTS)
def test_the_receipt_of_a_sealed_bid_keeps_its_place_for_itself(alias: str, at: datetime) -> None:
    facts = log.sealed_facts(sha256(b"blob"), "client", at, "00" * 16)
    bid = placed(log.bid_entry(ROUND, 3, EntryKind.SEALED_BID, at, facts), alias, "CNY")
    shown = Receipt.model_validate_json(receipt(bid, KEY))
    assert (shown.seq, shown.amount, shown.previous, shown.document) == (None, None, None, None)
    assert (shown.sealed_by, shown.sealed_sha256) == ("client", sha256(b"blob").hex())
