"""The Merkle tree against the known answers of RFC 6962 and RFC 9162, and every proof against the stand-alone verifier."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from market.ledger import notes, tree
from market.ledger.notes import Checkpoint, NotSigned
from market.ledger.signing import log_key, public_key, signing_key
from market.ledger.tree import Growing, leaf_hash, perfect, root
from scripts import verify_record

# The inputs and roots of the reference implementation's test (certificate-transparency, merkle_tree_test).
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def hashes_of(entries: list[bytes]) -> dict[tree.Node, bytes]:
    """Every whole subtree, from the leaves up."""
    level = [leaf_hash(entry) for entry in entries]
    found: dict[tree.Node, bytes] = {}
    height = 0
    while level:
        found |= {((height, number)): each for number, each in enumerate(level)}
        level = [tree.node_hash(*pair) for pair in zip(level[::2], level[1::2], strict=False)]
        height += 1
    return found


def path(ranges: list[tree.Range], entries: list[bytes]) -> list[bytes]:
    known = hashes_of(entries)
    return [root(each, known) for each in ranges]


@pytest.mark.parametrize("size", range(9))
def test_the_root_of_each_size_is_the_known_one(size: int) -> None:
    entries, growing = INPUTS[:size], Growing()
    for entry in entries:
        list(growing.add(entry))
    assert root((0, size), hashes_of(entries)).hex() == ROOTS[size]
    assert growing.root().hex() == ROOTS[size]
    assert verify_record.root_of(entries).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_the_known_proofs_of_inclusion(index: int, size: int) -> None:
    found = path(tree.inclusion(index, size), INPUTS[:size])
    assert [each.hex() for each in found] == INCLUSION[index, size]


@pytest.mark.parametrize(("first", "second"), CONSISTENCY)
def test_the_known_proofs_of_consistency(first: int, second: int) -> None:
    found = path(tree.consistency(first, second), INPUTS[:second])
    assert [each.hex() for each in found] == CONSISTENCY[first, second]


ENTRIES = st.lists(st.binary(min_size=0, max_size=4), min_size=1, max_size=70)


@given(ENTRIES, st.data())
def test_every_leaf_is_proven_and_no_other(entries: list[bytes], data: st.DataObject) -> None:
    size = len(entries)
    top = verify_record.root_of(entries)
    for index, entry in enumerate(entries):
        proof = path(tree.inclusion(index, size), entries)
        assert verify_record.includes(index, size, leaf_hash(entry), proof, top)
        assert not verify_record.includes(index, size, leaf_hash(entry + b"x"), proof, top)
        assert not verify_record.includes(index, size, leaf_hash(entry), [*proof, top], top)
        if proof:
            place = data.draw(st.integers(0, len(proof) - 1))
            forged = [*proof[:place], bytes(32), *proof[place + 1 :]]
            assert not verify_record.includes(index, size, leaf_hash(entry), forged, top)


@given(ENTRIES, st.data())
def test_every_earlier_tree_is_shown_to_begin_the_later_one_and_no_other(
    entries: list[bytes], data: st.DataObject
) -> None:
    size = len(entries)
    top = verify_record.root_of(entries)
    changed = data.draw(st.integers(0, size - 1))
    rewritten = [*entries[:changed], entries[changed] + b"x", *entries[changed + 1 :]]
    for first in range(size + 1):
        proof = path(tree.consistency(first, size), entries)
        before = verify_record.root_of(entries[:first])
        assert verify_record.extends(first, size, before, top, proof)
        if first > changed:
            forged = path(tree.consistency(first, size), rewritten)
            assert not verify_record.extends(first, size, before, verify_record.root_of(rewritten), forged)


@given(st.integers(0, 2000), st.integers(0, 600))
def test_a_tree_grows_on_from_what_was_kept(size: int, more: int) -> None:
    entries = [number.to_bytes(4, "big") for number in range(size + more)]
    whole = hashes_of(entries[:size])
    grown = Growing.of(size, {node: whole[node] for node in perfect((0, size))})
    kept = [node for entry in entries[size:] for node in grown.add(entry)]
    assert grown.root() == verify_record.root_of(entries)
    everything = hashes_of(entries)
    assert all(everything[level * tree.TILE, number] == found for level, number, found in kept)
    assert len(kept) == sum((size + more) // 256**level - size // 256**level for level in (1, 2))


def test_what_is_stored_of_a_node_is_at_most_half_a_tile() -> None:
    assert tree.stored((0, 5)) == (0, range(5, 6))
    assert tree.stored((7, 3)) == (0, range(384, 512))
    assert tree.stored((8, 3)) == (1, range(3, 4))
    assert tree.stored((19, 1)) == (2, range(8, 16))


# Notes

KEY = log_key("a secret of at least thirty-two characters")
SAID = Checkpoint("hall.example/log", 7, bytes(range(32)))


def test_a_note_is_read_by_who_has_the_key_and_by_nobody_else() -> None:
    note = notes.signed(SAID, KEY)
    assert note.startswith(
        "hall.example/log\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n\u2014 hall.example/log "
    )
    assert notes.read(note, public_key(KEY)) == SAID
    verifier = notes.verifier(SAID.origin, public_key(KEY))
    assert verify_record.public_key(verifier) == public_key(KEY)
    assert vars(verify_record.opened(note, public_key(KEY))) == vars(SAID)
    with pytest.raises(NotSigned):
        notes.read(note, public_key(Ed25519PrivateKey.generate()))


@given(st.integers(0, 200), st.characters(codec="ascii"))
def test_a_note_of_which_a_character_was_changed_is_refused(place: int, other: str) -> None:
    note = notes.signed(SAID, KEY)
    place %= len(note) - 1
    forged = note[:place] + other + note[place + 1 :]
    if forged != note:
        for read in (notes.read, verify_record.opened):
            with pytest.raises(ValueError, match=r".+"):
                read(forged, public_key(KEY))


def test_the_signatures_of_witnesses_are_passed_over() -> None:
    note = notes.signed(SAID, KEY)
    witnessed = note + "\u2014 witness.example AAAAAAAA\n"
    assert notes.read(witnessed, public_key(KEY)) == SAID


def test_the_key_of_the_log_is_not_that_of_receipts() -> None:
    assert public_key(KEY) != public_key(signing_key("a secret of at least thirty-two characters"))


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://hall.example", "hall.example/log"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000/log"),
        ("https://example.org/hall/", "example.org/hall/log"),
    ],
)
def test_a_log_is_called_by_the_address_of_its_hall(address: str, origin: str) -> None:
    assert notes.origin_of(address) == origin
