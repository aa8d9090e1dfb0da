"""How classification codes are spelled and nested; knows the schemes' shape, not their entries."""

from __future__ import annotations

import re
from itertools import accumulate

# GB/T 4754-2017: the division (two digits) decides the section letter; pairs are (last division, section).
_SECTIONS = (
    (5, "A"), (12, "B"), (43, "C"), (46, "D"), (50, "E"), (52, "F"), (60, "G"), (62, "H"), (65, "I"), (69, "J"),
    (70, "K"), (72, "L"), (75, "M"), (79, "N"), (82, "O"), (83, "P"), (85, "Q"), (90, "R"), (96, "S"), (97, "T"),
)  # fmt: skip
_IPC_LEVELS = re.compile(r"([A-H])(\d{2})?([A-Z])?(\d{1,4})?(/\d{2,6})?")
_NOT_ALNUM = re.compile(r"[^0-9a-z]+")
_GROUPED = re.compile(r"[a-z]{0,4}/?[a-z]{0,2}(?=(?:[\s.,\-/]*\d){6})[\d\s.,\-/]+[a-z]?\d?")
_OFFICE = re.compile(r"(?:[a-z]{2})?(\d{6,}[a-z]?\d?)")


def spell_lower(code: str) -> str:
    return code.strip().lower()


def spell_upper(code: str) -> str:
    return "".join(code.split()).upper()


def spell_region(code: str) -> str:
    """Province and city prefixes become full six-digit codes: "32" is "320000"."""
    code = spell_upper(code)
    return code.ljust(6, "0") if code.isdigit() and len(code) in (2, 4) else code


def spell_industry(code: str) -> str:
    """The section letter before the digits is left out: "C3841" is "3841"."""
    code = spell_upper(code)
    return code[1:] if code[1:].isdigit() and not code[0].isdigit() else code


def region_levels(code: str) -> list[str]:
    """Country or province first: "320106" gives 320000, 320100, 320106; "US-CA" gives US, US-CA."""
    if not code.isdigit():
        return list(dict.fromkeys((code[:2], code)))
    return list(dict.fromkeys(code[:end].ljust(6, "0") for end in (2, 4, 6)))


def ipc_levels(code: str) -> list[str]:
    """Section, class, subclass, main group, group: H, H01, H01M, H01M10, H01M10/0525."""
    found = _IPC_LEVELS.fullmatch(code)
    return list(accumulate(part for part in found.groups() if part)) if found else [code]


def industry_levels(code: str) -> list[str]:
    """Section letter, then two, three and four digits: C, 38, 384, 3841."""
    if not code.isdigit():
        return [code]
    section = [letter for last, letter in _SECTIONS if int(code[:2]) <= last][:1]
    return section + [code[:end] for end in range(2, len(code) + 1)]


def discipline_levels(code: str) -> list[str]:
    """Department letter, then two digits at a time: E, E02, E0201."""
    return [code[:end] for end in range(1, len(code) + 1, 2)]


def identifier_forms(identifier: str) -> list[str]:
    """The spellings under which a number is looked up: bare, and without the office's two letters."""
    bare = _NOT_ALNUM.sub("", identifier.lower())
    found = _OFFICE.fullmatch(bare)
    return list(dict.fromkeys(form for form in (bare, found[1] if found else "") if form))


def as_identifier(folded: str) -> str | None:
    """The bare number if the whole text is one, however it is grouped: "zl 2017 1 0123456.7"."""
    text = folded.strip()
    return identifier_forms(text)[0] if _GROUPED.fullmatch(text) else None
