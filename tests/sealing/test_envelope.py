"""The sealed format and the shares of a key, without a database."""

import itertools
import os
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.sealing import envelope, shares
from market.sealing.envelope import CannotOpen, Lid
from market.sealing.rules import Officer, unmet
from tests.sealing import hpke

PRIVATE, PUBLIC = envelope.new_key()
LID = Lid("sealed bid", uuid4(), os.urandom(32), PUBLIC, 1024)
SENDER = uuid4()

# RFC 9180, A.1.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM in base mode, the first encryption.
VECTOR = {
    name: bytes.fromhex(value)
    for name, value in {
        "info": "4f6465206f6e2061204772656369616e2055726e",
        "ephemeral": "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
        "private": "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
        "public": "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
        "enc": "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
        "aad": "436f756e742d30",
        "text": "4265617574792069732074727574682c20747275746820626561757479",
        "cipher": "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a9"
        "6d8770ac83d07bea87e13c512a",
    }.items()
}


def test_the_second_hand_at_hpke_gives_the_vector_of_the_rfc() -> None:
    v = VECTOR
    assert envelope.public_key_of(v["private"]) == v["public"]
    sealed = hpke.encrypt(v["text"], v["public"], v["info"], v["ephemeral"], v["aad"])
    assert sealed == v["enc"] + v["cipher"]
    assert hpke.decrypt(sealed, v["private"], v["info"], v["aad"]) == v["text"]


@given(text=st.binary(max_size=200), info=st.binary(max_size=200))
def test_both_hands_at_hpke_open_what_the_other_has_sealed(text: bytes, info: bytes) -> None:
    assert hpke.decrypt(envelope.encrypt(text, PUBLIC, info), PRIVATE, info) == text
    assert envelope.decrypt(hpke.encrypt(text, PUBLIC, info, os.urandom(32)), PRIVATE, info) == text


@given(content=st.binary(max_size=LID.most))
def test_every_content_makes_a_blob_of_the_same_size_and_opens_again(content: bytes) -> None:
    blob = envelope.seal(LID, SENDER, content)
    assert len(blob) == LID.blob_bytes
    assert envelope.misaddressed(LID, SENDER, blob) is None
    assert envelope.sender_of(blob) == SENDER
    assert envelope.unseal(LID, SENDER, PRIVATE, blob) == content


def test_more_than_a_blob_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="holds 900 bytes"):
        envelope.seal(LID, SENDER, bytes(LID.most + 1))


def test_two_blobs_of_one_content_have_nothing_in_common_but_the_header() -> None:
    one, other = (envelope.seal(LID, SENDER, b"same") for _ in range(2))
    assert one[: envelope.HEADER_BYTES] == other[: envelope.HEADER_BYTES]
    assert one[envelope.HEADER_BYTES :] != other[envelope.HEADER_BYTES :]


OTHERS = {
    "another version": (LID, SENDER, slice(6, 8)),
    "another subject": (replace(LID, subject=uuid4()), SENDER, slice(8, 24)),
    "other rules": (replace(LID, rules_sha256=os.urandom(32)), SENDER, slice(24, 56)),
    "another sender": (LID, uuid4(), slice(56, 72)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_blob_for_something_else_is_refused_by_its_header_and_does_not_open_under_a_forged_one(
    name: str,
) -> None:
    lid, sender, place = OTHERS[name]
    blob = envelope.seal(lid, sender, b"1")
    if name == "another version":
        blob = blob[:6] + b"\x00\x02" + blob[8:]
    assert envelope.misaddressed(LID, SENDER, blob) is not None
    whole = envelope.seal(LID, SENDER, b"1")
    forged = blob[: place.start] + whole[place] + blob[place.stop :]
    assert envelope.misaddressed(LID, SENDER, forged) is None
    if name != "another version":  # the version says how to read, not what
        with pytest.raises(CannotOpen, match="not sealed to this key in this context"):
            envelope.unseal(LID, SENDER, PRIVATE, forged)


def test_another_purpose_does_not_open() -> None:
    blob = envelope.seal(replace(LID, purpose="submission"), SENDER, b"1")
    assert envelope.misaddressed(LID, SENDER, blob) is None
    with pytest.raises(CannotOpen):
        envelope.unseal(LID, SENDER, PRIVATE, blob)


@given(place=st.integers(0, 1023), flip=st.integers(1, 255))
def test_a_blob_with_any_byte_changed_does_not_open(place: int, flip: int) -> None:
    blob = bytearray(envelope.seal(LID, SENDER, b"123"))
    blob[place] ^= flip
    # X25519 ignores the highest bit of the encapsulated key, which HPKE nevertheless binds.
    with pytest.raises(CannotOpen):
        envelope.unseal(LID, SENDER, PRIVATE, bytes(blob))


@given(size=st.integers(0, 2000).filter(lambda size: size != 1024))
def test_a_blob_of_another_size_is_refused(size: int) -> None:
    assert "1024 bytes" in (envelope.misaddressed(LID, SENDER, bytes(size)) or "")


@pytest.mark.parametrize(
    "padded", [(1025).to_bytes(4) + bytes(900), (1).to_bytes(4) + b"12" + bytes(898)], ids=["long", "rest"]
)
def test_padding_that_hides_something_does_not_open(padded: bytes) -> None:
    sealed = envelope.encrypt(padded, PUBLIC, LID.context(SENDER))
    with pytest.raises(CannotOpen, match="does not end where it says"):
        envelope.unseal(LID, SENDER, PRIVATE, LID.header(SENDER) + sealed)


def test_a_key_to_which_nothing_can_be_kept_secret_is_refused() -> None:
    for point in (bytes(32), b"\x01" + bytes(31)):
        with pytest.raises(ValueError, match=r".*"):
            envelope.encrypt(b"", point, b"")


SIZES = [(2, 2), (2, 3), (3, 5), (2, 6), (5, 6), (16, 16)]


@pytest.mark.parametrize(("threshold", "count"), SIZES)
def test_as_many_shares_as_it_takes_give_the_key_and_one_fewer_never_does(threshold: int, count: int) -> None:
    parts = shares.split(PRIVATE, threshold, count)
    assert len(parts) == count
    for some in itertools.combinations(parts, threshold):
        assert shares.combine(some) == PRIVATE
    for some in itertools.combinations(parts, threshold - 1):
        assert shares.combine(some) is None


def test_fewer_shares_are_consistent_with_every_key() -> None:
    """One of two shares is compatible with any key: whatever key is guessed, another share exists that gives it."""
    one = shares.split(PRIVATE, 2, 2)[0]
    assert sum(one in shares.split(PRIVATE, 2, 2) for _ in range(20)) == 0
    with_others = {shares.combine([one, other]) for other in shares.split(os.urandom(32), 2, 2)}
    assert with_others == {None}


def test_a_share_is_words_that_can_be_written_down_and_read_again_in_any_case() -> None:
    words = shares.split(PRIVATE, 2, 2)[0]
    assert len(words.split()) == 33
    assert words.replace(" ", "").isalpha()
    assert shares.commitment(f"  {words.upper()}\n") == shares.commitment(words)


@given(place=st.integers(0, 32))
def test_a_slip_of_the_pen_is_noticed(place: int) -> None:
    parts = shares.split(PRIVATE, 2, 2)
    words = parts[0].split()
    words[place] = "academic" if words[place] != "academic" else "zero"
    assert shares.combine([" ".join(words), parts[1]]) is None


A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)
ONE, TWO = UUID(int=11), UUID(int=12)


def _officer(*organisations: UUID, key: bytes | None = PUBLIC) -> Officer:
    return Officer("someone", key, frozenset(organisations))


def test_officers_of_several_organisations_with_keys_can_open() -> None:
    known = {A: _officer(ONE), B: _officer(TWO), C: _officer()}
    assert unmet([A, B, C], 2, known) == []


def test_every_officer_is_known_and_has_a_key() -> None:
    found = unmet([A, B, C], 2, {A: _officer(ONE), B: _officer(TWO, key=None)})
    assert [(each.pointer, each.detail) for each in found] == [
        ("/opening/officers/1", "this person has not registered an opening key"),
        ("/opening/officers/2", "no person has this id"),
    ]


def test_no_organisation_could_open_alone() -> None:
    known = {A: _officer(ONE), B: _officer(TWO, ONE), C: _officer(TWO)}
    assert [each.pointer for each in unmet([A, B, C], 2, known)] == ["/opening/threshold"] * 2
    assert unmet([A, B, C], 3, known) == []
