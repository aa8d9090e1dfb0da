"""Keeps a generation's vectors beside its index and finds the nearest; knows numbers and files, not listings."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from search.semantic import DIMENSIONS, NEIGHBOURS, PERHAPS_RELATED

_VECTORS, _KEYS = "vectors.i8", "vectors.keys"
_KEY_BYTES = 8
_SCALE = 500  # unit vectors of 512 numbers stay well within a byte


def append(folder: Path, keys: Sequence[int], vectors: Any) -> None:
    """Durable before the commit that makes the documents visible; a later row of the same key replaces earlier ones.

    Keys are written last, so that a crash leaves at most vectors without a key, which the next call overwrites.
    """
    import numpy

    rows = numpy.clip(numpy.round(vectors * _SCALE), -127, 127).astype(numpy.int8)
    whole = _rows(folder)
    _write(folder / _VECTORS, whole * DIMENSIONS, rows.tobytes())
    _write(folder / _KEYS, whole * _KEY_BYTES, numpy.array(keys, numpy.uint64).tobytes())


class Neighbours:
    """A reader's view of the rows that were there when it was made."""

    def __init__(self, folder: Path) -> None:
        import numpy

        self._count = _rows(folder)
        if not self._count:
            return
        keys = numpy.fromfile(folder / _KEYS, numpy.uint64, self._count)
        self._rows = numpy.memmap(folder / _VECTORS, numpy.int8, "r", shape=(self._count, DIMENSIONS))
        self._keys = keys
        # where each key was written last
        _, from_end = numpy.unique(keys[::-1], return_index=True)
        self._latest = set((self._count - 1 - from_end).tolist())

    def nearest(self, vector: Any) -> list[tuple[int, float]]:
        """Keys that may be related with their cosine, nearest first. Deleted documents are still among them."""
        if not self._count:
            return []
        import numpy

        exact: Any = importlib.import_module("usearch.index")
        query = numpy.clip(numpy.round(vector * _SCALE), -127, 127).astype(numpy.int8)
        wanted = min(self._count, 4 * NEIGHBOURS)
        found = exact.search(self._rows, query, wanted, exact.MetricKind.Cos, exact=True, threads=1)
        pairs = zip(found.keys.tolist(), found.distances.tolist(), strict=True)
        cosines = [(row, 1.0 - distance) for row, distance in pairs if row in self._latest]
        near = [(int(self._keys[row]), cosine) for row, cosine in cosines if cosine >= PERHAPS_RELATED]
        return near[:NEIGHBOURS]


def _rows(folder: Path) -> int:
    """Complete pairs of vector and key."""
    sizes = (_size(folder / _VECTORS) // DIMENSIONS, _size(folder / _KEYS) // _KEY_BYTES)
    return min(sizes)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _write(path: Path, at: int, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.pwrite(handle, data, at)
        os.ftruncate(handle, at + len(data))
        os.fsync(handle)
    finally:
        os.close(handle)
