"""Writes down what a story says and is answered, as the pages of docs/http: documentation that cannot rot.

Ids, times, tokens and hashes are replaced by names, so that two runs of a story write the same page.
"""

import json
import re
from pathlib import Path
from typing import Any

import httpx

FOLDER = Path(__file__).parents[2] / "docs" / "http"

_PATTERNS = (
    ("token", re.compile(r"rh[si]?_[A-Za-z0-9_-]{20,}")),
    ("id", re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")),
    ("sha256", re.compile(r"\b[0-9a-f]{64}\b")),
    ("signature", re.compile(r"\b[A-Za-z0-9+/_-]{86}(?:==)?(?![A-Za-z0-9+/_-])")),
    ("time", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+\d\d:\d\d)")),
    ("number", re.compile(r"person\d+@|Example [a-z_]+ \d+|示例机构\d+")),
)
_LONGEST_LIST = 2
_SHOWN_HEADERS = ("etag", "location", "link", "retry-after")


class Transcript:
    """One story: its steps in words, its requests and answers."""

    def __init__(self, name: str, title: str, told: str) -> None:
        self.name = name
        self.lines = [f"# {title}", "", told, ""]
        self.names: dict[str, str] = {}
        self.counts: dict[str, int] = {}

    def step(self, text: str) -> None:
        self.lines += [f"## {text}", ""]

    def exchange(self, request: httpx.Request, response: httpx.Response, who: str) -> None:
        """One request with its answer."""
        target = request.url.raw_path.decode()
        said = [f"{request.method} {self._named(target)}"]
        said += [
            f"{name.title()}: {self._named(request.headers[name])}"
            for name in ("if-match", "idempotency-key")
            if name in request.headers
        ]
        body = request.content
        if body:
            said += ["", self._pretty(json.loads(body))]
        answered = [f"{response.status_code} {response.reason_phrase}"]
        answered += [
            f"{name.title()}: {self._named(response.headers[name])}"
            for name in _SHOWN_HEADERS
            if name in response.headers
        ]
        if response.content and "json" in response.headers.get("content-type", ""):
            answered += ["", self._pretty(response.json())]
        self.lines += [f"The {who}:", "", "```http", *said, "```", "", "```http", *answered, "```", ""]

    def write(self) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / f"{self.name}.md").write_text("\n".join(self.lines).rstrip() + "\n", encoding="utf-8")

    def _pretty(self, value: Any) -> str:
        return self._named(json.dumps(_shortened(value), ensure_ascii=False, indent=2))

    def _named(self, text: str) -> str:
        for kind, pattern in _PATTERNS:
            text = pattern.sub(lambda found, kind=kind: self._name(kind, found.group()), text)
        return text

    def _name(self, kind: str, value: str) -> str:
        if kind == "time":
            return "{time}"
        if kind == "number":
            return re.sub(r"\d+", "N", value)
        if value not in self.names:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self.names[value] = f"{{{kind} {self.counts[kind]}}}"
        return self.names[value]


def _shortened(value: Any) -> Any:
    """Long lists end after two items: a page shows the shape, the tests check the rest."""
    if isinstance(value, dict):
        return {name: _shortened(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        shown = [_shortened(part) for part in value[:_LONGEST_LIST]]
        return [*shown, f"… {len(value) - _LONGEST_LIST} more"] if len(value) > _LONGEST_LIST else shown
    return value
