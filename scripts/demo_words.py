"""Tags, translated titles and text repair for the making of the demo market; knows the code lists, no source of listings."""

import csv
import json
import re
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).parent.parent / "market" / "demo" / "sources"
Record = dict[str, Any]


def table(name: str) -> list[dict[str, str]]:
    """One of our own tables of choices, tags and translations."""
    with (SOURCES / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


class Codes:
    """The code lists of the source, the tags of our tables checked against them, and the translated titles."""

    def __init__(self, source: Path) -> None:
        with (source / "ipc" / "ipc_bilingual_subclass.tsv").open(encoding="utf-8") as file:
            self.ipc = {line.split("\t", 1)[0] for line in file}
        with (source / "nsfc_codes" / "nsfc.jsonl").open(encoding="utf-8") as file:
            self.disciplines = {json.loads(line)["_id"] for line in file}
        self.titles = {row["key"]: row["title_zh"] for row in table("titles")}
        self.words = [
            (re.compile(rf"\b{re.escape(row['phrase'])}\b", re.IGNORECASE), row) for row in table("words")
        ]

    def title(self, key: str, english: str) -> dict[str, str]:
        chinese = self.titles.get(key)
        return {"en": english} | ({"zh-Hans": chinese} if chinese else {})

    def tags(self, title: str) -> Record:
        """The IPC subclasses and industries that plain words of the title stand for; mostly few, often none."""
        rows = [row for pattern, row in self.words if pattern.search(title)]
        return {
            "ipc": self.checked([row["ipc"] for row in rows if row["ipc"]]),
            "industry": sorted({row["industry"] for row in rows if row["industry"]}),
        }

    def checked(self, symbols: list[str]) -> list[str]:
        unknown = set(symbols) - self.ipc
        if unknown:
            raise ValueError(f"not in the IPC: {', '.join(sorted(unknown))}")
        return sorted(set(symbols))


_C1 = re.compile(r"[\u0080-\u009f]")
"""Where the sources read Windows-1252 as Latin-1, quotes and dashes became control characters."""


def plain(text: str) -> str:
    """Text with one kind of line end and without control characters or trailing blanks."""
    text = _C1.sub(lambda found: found[0].encode("latin-1").decode("cp1252", errors="ignore"), text)
    text = text.replace("\\n", "\n").replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    text = re.sub(r"[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u202a-\u202e\u2066-\u2069]", " ", text)
    return re.sub(r"[ \t]+\n", "\n", re.sub(r"[ \t]+", " ", text)).strip()


def shortened(text: str, most: int) -> str:
    """At most so many characters, cut between words."""
    return text if len(text) <= most else text[: most - 1].rsplit(" ", 1)[0].rstrip(",;: ") + "…"


_CENTRES = {
    "US-AL": ("Marshall", "MSFC"),
    "US-CA": ("Ames", "ARC", "Armstrong", "Jet Propulsion", "JPL"),
    "US-FL": ("Kennedy", "KSC"),
    "US-MD": ("Goddard", "GSFC"),
    "US-MS": ("Stennis", "SSC"),
    "US-OH": ("Glenn", "GRC"),
    "US-TX": ("Johnson", "JSC"),
    "US-VA": ("Langley", "LaRC"),
}


def region(centre: str) -> str:
    """ISO 3166-2 of a NASA centre by its name or its acronym, else the country."""
    return next((code for code, names in _CENTRES.items() if any(n in centre for n in names)), "US")
