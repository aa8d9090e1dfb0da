"""Lays JSON out for a reader: short, and what fits on a line on one; `...` in a value stands for what is left out."""

import json
from typing import Any

LONGEST_TEXT = 200
LONGEST_LINE = 100
_FEW_MEMBERS = 5
_SHORT = 600


def shortened(value: Any) -> Any:
    """Of a long list of things the first, of small ones the first ten, of plain values the first four."""
    if isinstance(value, dict):
        return {name: shortened(part) for name, part in value.items()}
    if isinstance(value, list):
        things = [part for part in value if isinstance(part, dict)]
        small = all(len(part) <= _FEW_MEMBERS and len(_flat(part)) <= _SHORT for part in things)
        most = 4 if not things else 10 if small else 1
        shown = [shortened(part) for part in value[:most]]
        return [*shown, ...] if len(value) > most else shown
    return value


def cut(text: str, longest: int = LONGEST_TEXT) -> str:
    """The beginning of a text, with no name in braces torn in two."""
    if len(text) <= longest:
        return text
    head = text[:longest]
    if head.rfind("{") > head.rfind("}"):
        head = head[: head.rfind("{")]
    return head.rstrip() + " …"


def _flat(value: Any) -> str:
    if value is ...:
        return "…"
    if isinstance(value, dict):
        return "{" + ", ".join(_member(name, part, _flat(part)) for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flat(part) for part in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _member(name: str, part: Any, text: str) -> str:
    if part is ...:
        return "…" if name == "…" else f"… {name}"
    return f"{json.dumps(name, ensure_ascii=False)}: {text}"


def laid_out(value: Any, depth: int = 0, before: int = 0) -> str:
    """JSON in which what fits on a line stands on one."""
    flat = _flat(value)
    if not isinstance(value, dict | list) or before + len(flat) <= LONGEST_LINE:
        return flat
    inner = "  " * (depth + 1)
    if isinstance(value, dict):
        parts = [
            _member(name, part, laid_out(part, depth + 1, len(inner) + len(name) + 4))
            for name, part in value.items()
        ]
    else:
        parts = [laid_out(part, depth + 1, len(inner)) for part in value]
    opened, closed = "{}" if isinstance(value, dict) else "[]"
    return f"{opened}\n{inner}" + f",\n{inner}".join(parts) + f"\n{'  ' * depth}{closed}"
