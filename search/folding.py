"""Folds text so that spellings of one word meet, one character for one; knows characters, not words."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from opencc import OpenCC

HAN_CLASS = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U00031fff"  # for a regular expression
_HAN_CHAR = re.compile(f"[{HAN_CLASS}]")
_NO_WORD = re.compile(r"[\W_]")
_HAN = ((0x3400, 0x4DC0), (0x4E00, 0xA000))
# The last two enclose marked text in an engine's answers, so they must never come from a document.
_PLAIN = {
    0x3000: " ",
    0xE000: " ",
    0xE001: " ",
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
}


def fold(text: str) -> str:
    """Simplified, half-width, lower-case and without accents; same length as `text`, so offsets stay true."""
    return text.translate(_table())


def plain(text: str) -> str:
    """Folded, and a blank for everything that is no letter or digit: nothing left is an operator to any engine."""
    return _NO_WORD.sub(" ", fold(text))


def is_han(char: str) -> bool:
    """Whether words of this script need a dictionary to be found."""
    return _HAN_CHAR.fullmatch(char) is not None


def has_han(text: str) -> bool:
    return _HAN_CHAR.search(text) is not None


@cache
def _table() -> dict[int, str]:
    simplified = _simplified()
    table = {}
    for code in (*range(0xD800), *range(0xE000, 0x10000)):
        char = chr(code)
        folded = simplified.get(char) or _lower(_PLAIN.get(code, char))
        if folded != char:
            table[code] = folded
    return table


def _simplified() -> dict[str, str]:
    """Traditional to simplified, only where that is one character to one."""
    chars = [chr(code) for first, end in _HAN for code in range(first, end)]
    # one character a line: longer entries of the converter would change the length
    converted = OpenCC("t2s").convert("\n".join(chars)).split("\n")
    return {a: b for a, b in zip(chars, converted, strict=True) if a != b and len(b) == 1}


def _lower(char: str) -> str:
    base = unicodedata.normalize("NFD", char)[0]
    if base.isascii() and base.isalpha():
        char = base
    lowered = char.lower()
    return lowered if len(lowered) == 1 else char  # some letters grow when lowered
