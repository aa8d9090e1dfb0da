"""Cuts a window out of a field's value and marks ranges in it; knows offsets, not why something matched."""

from __future__ import annotations

from collections.abc import Iterable

from search.port import Span

Range = tuple[int, int]

_LEAD = 4  # a quarter of the window may stand before the first mark
_WORD_SLACK = 16


def snippet(value: str, ranges: Iterable[Range], crop: int) -> tuple[Span, ...]:
    """Adjoining spans over the window of at most `crop` characters that shows the most marks."""
    marks = merged(ranges)
    start, end = _window(value, marks, crop)
    spans: list[Span] = []
    at = start
    inside = ((max(first, start), min(last, end)) for first, last in marks if first < end and last > start)
    for first, last in inside:
        if at < first:
            spans.append(Span(value[at:first], at, marked=False))
        spans.append(Span(value[first:last], first, marked=True))
        at = last
    if at < end:
        spans.append(Span(value[at:end], at, marked=False))
    return tuple(spans)


def merged(ranges: Iterable[Range]) -> list[Range]:
    """In order, with touching and overlapping ones joined."""
    joined: list[Range] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _window(value: str, marks: list[Range], crop: int) -> Range:
    if len(value) <= crop:
        return 0, len(value)
    lead = crop // _LEAD
    starts = [max(0, first - lead) for first, _ in marks] or [0]
    best = max(starts, key=lambda start: (sum(start <= a and b <= start + crop for a, b in marks), -start))
    start = _word_start(
        value, min(best, len(value) - crop), limit=min((a for a, _ in marks if a >= best), default=0)
    )
    return start, min(len(value), start + crop)


def _word_start(value: str, start: int, limit: int) -> int:
    """Moves past the rest of a word that the window would cut, but never past the first mark."""
    if start == 0 or not (value[start - 1].isalnum() and value[start - 1].isascii()):
        return start
    stop = min(start + _WORD_SLACK, limit)
    for at in range(start, stop):
        if value[at].isspace():
            return at + 1
    return start
