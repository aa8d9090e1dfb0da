"""Finds in a field's value what made a query match; knows words and stems, not pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from search.embedded.matching import Marks
from search.embedded.tokens import runs, stem
from search.folding import fold
from search.highlight import Range, snippet
from search.port import Span


class Marker:
    """Marks the words of one query; offsets are code points because folding keeps them."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._prefixes = tuple(marks.prefixes)

    def snippet(self, value: str, crop: int) -> tuple[Span, ...]:
        return snippet(value, self._ranges(value), crop)

    def _ranges(self, value: str) -> Iterator[Range]:
        for run in runs(fold(value)):
            if run.han:
                if self._han:
                    for found in self._han.finditer(run.text):
                        yield run.start + found.start(), run.start + found.end()
            elif stem(run.text) in self._marks.stems or (
                self._prefixes and run.text.startswith(self._prefixes)
            ):
                yield run.start, run.start + len(run.text)

    @cached_property
    def _han(self) -> re.Pattern[str] | None:
        longest_first = sorted(self._marks.han, key=lambda term: (-len(term), term))
        return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
