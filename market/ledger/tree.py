"""The Merkle tree of RFC 9162 as arithmetic: what is hashed how, and which nodes a root or a proof is made of.

It knows no database: whoever asks brings the hashes of the nodes. A node is named by its height above the leaves and its
number from the left; it is the root of 2^height leaves. `TILE` heights together are one level of what is stored.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Node = tuple[int, int]
Range = tuple[int, int]
"""Leaves from the first up to, and without, the second."""

EMPTY = hashlib.sha256(b"").digest()
TILE = 8
WIDTH = 1 << TILE


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _split(size: int) -> int:
    """The largest power of two below `size`, which is 2 or more."""
    return 1 << (size - 1).bit_length() - 1


def perfect(leaves: Range) -> list[Node]:
    """The largest whole subtrees that a range consists of, from left to right; RFC 9162's ranges alone."""
    begin, end = leaves
    found = []
    while begin < end:
        height = (end - begin).bit_length() - 1
        found.append((height, begin >> height))
        begin += 1 << height
    return found


def root(leaves: Range, hashes: Mapping[Node, bytes]) -> bytes:
    """The hash of a range from those of its whole subtrees."""
    parts = [hashes[node] for node in perfect(leaves)]
    return fold(parts) if parts else EMPTY


def fold(parts: Sequence[bytes]) -> bytes:
    """The hash over subtrees of which each is larger than the one to its right."""
    found = parts[-1]
    for left in reversed(parts[:-1]):
        found = node_hash(left, found)
    return found


def whole(hashes: Sequence[bytes]) -> bytes:
    """The root of a whole subtree, from the hashes of one of its heights."""
    while len(hashes) > 1:
        hashes = [node_hash(*pair) for pair in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]


def inclusion(index: int, size: int) -> list[Range]:
    """The ranges whose hashes prove a leaf in the tree of `size` leaves (RFC 9162, 2.1.3.1), the lowest first."""
    begin, end = 0, size
    found = []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin = middle
    return found[::-1]


def consistency(first: int, second: int) -> list[Range]:
    """The ranges whose hashes prove that the tree of `first` leaves begins that of `second` (RFC 9162, 2.1.4.1)."""
    if first in (0, second):
        return []
    begin, end, known = 0, second, True
    found = []
    while end != first:
        middle = begin + _split(end - begin)
        if first <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin, known = middle, False
    if not known:
        found.append((begin, end))
    return found[::-1]


def stored(node: Node) -> tuple[int, range]:
    """The level and the numbers of what is kept, that a node is made of: one hash, or up to half a tile."""
    height, number = node
    level, above = divmod(height, TILE)
    return level, range(number << above, number + 1 << above)


@dataclass
class Growing:
    """A tree while leaves are added in order; keeps the roots of its whole subtrees and nothing else."""

    size: int = 0
    _edge: list[bytes] = field(default_factory=list)

    def add(self, entry: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Each node that is whole from now on and is kept above the leaves: level, number, hash."""
        found, height, number = leaf_hash(entry), 0, self.size
        while number & 1:
            found, height, number = node_hash(self._edge.pop(), found), height + 1, number >> 1
            if height % TILE == 0:
                yield height // TILE, number, found
        self._edge.append(found)
        self.size += 1

    def root(self) -> bytes:
        return fold(self._edge) if self._edge else EMPTY

    @classmethod
    def of(cls, size: int, hashes: Mapping[Node, bytes]) -> "Growing":
        """The tree of `size` leaves, from the hashes of its whole subtrees."""
        return cls(size, [hashes[node] for node in perfect((0, size))])


def nodes_of(ranges: Iterable[Range]) -> list[Node]:
    return [node for each in ranges for node in perfect(each)]
