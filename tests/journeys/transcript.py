"""Writes down what a story says and is answered, as the pages of docs/http: documentation that cannot rot.

Ids, times, hashes and secrets are replaced by names, so that two runs of a story write the same page, and so that no
secret is ever written. What a reader has seen before, or need not see whole, is left out.
"""

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx

from tests.journeys.layout import LONGEST_LINE, LONGEST_TEXT, cut, laid_out, shortened

FOLDER = Path(__file__).parents[2] / "docs" / "http"
HOW_TO_READ = (
    "Written by the test that walks it, on the demo market that `make run` starts. Names in braces stand for ids, "
    "times, hashes and secrets. An answer leaves out what was said in its request, and of a thing that was shown "
    "before, what has not changed: `…` stands for what is left out. A member that is null is not shown."
)

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_IN_PATH = re.compile(rf"\b([a-z-]+)/({_UUID.pattern})")
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
_QUERY = re.compile(r"\?([^>]*)")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+\d\d:\d\d)|\b\d{8}T\d{6}Z")
_PLAIN = (
    (re.compile(r"\brh[si]?_[A-Za-z0-9_-]{16,}"), "{secret}"),
    (re.compile(r"\b[A-Za-z0-9+/_-]{86}(?:==)?(?![A-Za-z0-9+/_-])"), "{signature}"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "{salt}"),
)
_PASSWORDS = frozenset({"password", "current", "new"})
_SECRETS = {
    "token": "token",
    "key": "API key",
    "prefix": "beginning of the API key",
    "public_key": "public key",
    "private_key": "private key",
    "sealed": "sealed blob",
    "box": "public key",
    "sealed_to": "public key",
    "signature": "signature",
    "next_cursor": "cursor",
    "alias": "alias",
}
_COLLECTIONS = {
    "listings": "listing",
    "search": "listing",
    "similar": "listing",
    "interests": "interest",
    "assignments": "assignment",
    "introduction": "introduction",
    "introductions": "introduction",
    "deals": "deal",
    "payments": "payment",
    "editions": "edition",
    "releases": "edition",
    "managers": "manager",
    "people": "person",
    "organisations": "organisation",
    "sessions": "session",
    "api-keys": "key",
    "invitations": "invitation",
    "rounds": "round",
    "award": "award",
    "registrations": "registration",
    "challenges": "challenge",
    "questions": "question",
    "submissions": "submission",
}
_PEOPLE = frozenset({"by", "actor", "person"})
_SAID = ("authorization", "accept-language", "if-match", "if-none-match", "idempotency-key")
_HEADERS = ("etag", "location", "link", "retry-after", "idempotency-replayed")
_OF_A_FILE = ("content-type", "content-disposition")
_ALWAYS_SHOWN = ("id", "status", "name")
_NEVER_NEWS = "updated_at"
_AGAIN = "as before"
_MOST_LINES = 14


class Transcript:
    """One story: its chapters, what happens in words, its requests and answers."""

    def __init__(self, name: str, title: str, told: str) -> None:
        self.name = name
        self.lines = [f"# {title}", "", told, "", HOW_TO_READ, ""]
        self.names: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        self.seen: dict[tuple[str, frozenset[str]], dict[str, Any]] = {}
        self.said: list[Any] = []

    def chapter(self, title: str) -> None:
        self.lines += [f"## {title}", ""]

    def say(self, text: str) -> None:
        self.lines += [text, ""]

    def call(self, value: str, name: str) -> None:
        """Show `name` wherever the value stands."""
        self.names.setdefault(value, name)

    def command(self, said: str, answered: str) -> None:
        """One command at a terminal with what it prints."""
        shown = [cut(self._named(line), 4 * LONGEST_TEXT) for line in answered.splitlines()]
        self.lines += ["```console", f"$ {self._named(said)}", *shown, "```", ""]

    def exchange(
        self, request: httpx.Request, response: httpx.Response, *, hide: Collection[str] = ()
    ) -> None:
        """One request with its answer; `hide` names the members whose values depend on what else was done here."""
        target = unquote(request.url.raw_path.decode()).replace(" ", "+")
        said = [
            f"{request.method} {self._named(target, times=False)}",
            *self._headers(request.headers, _SAID),
        ]
        body = json.loads(request.content) if request.content else None
        if request.content:
            self._learn(body, "id")
            said += ["", laid_out(self._shown({_AGAIN: ...} if body in self.said else body, times=False))]
            self.said += [body] if len(request.content) > LONGEST_LINE else []
        answered = [f"{response.status_code} {response.reason_phrase}"]
        kind = _kind_of_path(request.url.path)
        if response.content and "json" in response.headers["content-type"]:
            answer = response.json()
            self._learn(answer, kind)
            news = _unsaid(self._news(_hidden(answer, hide)), body)
            answered += self._headers(response.headers, _HEADERS)
            answered += ["", laid_out(self._shown(shortened(news)))]
        elif response.content:
            answered += [
                *self._headers(response.headers, (*_HEADERS, *_OF_A_FILE)),
                "",
                *self._page(response.text),
            ]
        else:
            answered += self._headers(response.headers, _HEADERS)
        self.lines += ["```http", *said, "```", "", "```http", *answered, "```", ""]

    def write(self) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / f"{self.name}.md").write_text("\n".join(self.lines).rstrip() + "\n", encoding="utf-8")

    def _headers(self, headers: httpx.Headers, shown: Collection[str]) -> list[str]:
        return [
            f"{'ETag' if name == 'etag' else name.title()}: {self._named(_in_order(unquote(headers[name])))}"
            for name in shown
            if name in headers
        ]

    def _page(self, text: str) -> list[str]:
        """The beginning of a text that is no JSON; iCalendar folds its lines, also within an id."""
        lines = text.lstrip("\ufeff").replace("\r\n ", "").replace("\r\n", "\n").strip().split("\n")
        shown = [cut(self._named(line), 4 * LONGEST_TEXT) for line in lines[:_MOST_LINES]]
        return [*shown, "…"] if len(lines) > _MOST_LINES else shown

    def _learn(self, value: Any, kind: str) -> None:
        """Give a name to every id and secret, after the member that it stands in."""
        if isinstance(value, dict):
            for member, part in value.items():
                if isinstance(part, str) and member in _SECRETS:
                    self._name(part, _SECRETS[member])
                else:
                    self._learn(part, kind if member in ("id", "items", "hits") else _kind_of_member(member))
        elif isinstance(value, list):
            for part in value:
                self._learn(part, kind)
        elif isinstance(value, str) and _UUID.fullmatch(value):
            self._name(value, kind)

    def _name(self, value: str, kind: str) -> str:
        if value not in self.names:
            number = self.counts[kind] = self.counts.get(kind, 0) + 1
            self.names[value] = f"{{{kind}}}" if number == 1 else f"{{{kind} {number}}}"
        return self.names[value]

    def _named(self, text: str, *, times: bool = True) -> str:
        for value in sorted(self.names, key=len, reverse=True):
            text = text.replace(value, self.names[value])
        text = _IN_PATH.sub(
            lambda found: f"{found[1]}/{self._name(found[2], _COLLECTIONS.get(found[1], 'id'))}", text
        )
        text = _UUID.sub(lambda found: self._name(found.group(), "id"), text)
        text = _HASH.sub(lambda found: self._name(found.group(), "sha256"), text)
        for pattern, name in _PLAIN:
            text = pattern.sub(name, text)
        return _TIME.sub("{time}", text) if times else text

    def _news(self, value: Any) -> Any:
        """Of a thing that was shown before, what has changed."""
        if isinstance(value, list):
            return [self._news(part) for part in value]
        if not isinstance(value, dict):
            return value
        before = None
        if isinstance(value.get("id"), str):
            key = value["id"], frozenset(value)
            before, self.seen[key] = self.seen.get(key), value
        if before is None:
            return {member: self._news(part) for member, part in value.items() if part is not None}
        return _changed(before, value)

    def _shown(self, value: Any, member: str = "", *, times: bool = True) -> Any:
        """With every value named, and no password. The times in a request are the story's own, and always the same."""
        if isinstance(value, dict):
            return {self._named(name): self._shown(part, name, times=times) for name, part in value.items()}
        if isinstance(value, list):
            return [self._shown(part, times=times) for part in value]
        if isinstance(value, str):
            if member in _PASSWORDS:
                return "{password}"
            return cut(self._named(value, times=times))
        return value


def _in_order(header: str) -> str:
    """A link with the parameters of its query in the order of the alphabet: the hall gives them in any."""
    return _QUERY.sub(lambda query: "?" + "&".join(sorted(query[1].split("&"))), header)


def _kind_of_path(path: str) -> str:
    known = [_COLLECTIONS[step] for step in path.split("/") if step in _COLLECTIONS]
    return known[-1] if known else "id"


def _kind_of_member(member: str) -> str:
    word = member.removesuffix("s").removesuffix("_id").split("_")[-1]
    return "person" if word in _PEOPLE else word


def _hidden(value: Any, members: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {
            name: "{…}" if name in members and part is not None else _hidden(part, members)
            for name, part in value.items()
        }
    return [_hidden(part, members) for part in value] if isinstance(value, list) else value


def _changed(before: Any, after: Any) -> Any:
    """The parts of a value that differ, with what names it."""
    if isinstance(after, list) and isinstance(before, list) and len(after) == len(before):
        parts = [... if part == was else _changed(was, part) for was, part in zip(before, after, strict=True)]
        return [
            part for place, part in enumerate(parts) if part is not ... or parts[place - 1 : place] != [...]
        ]
    if not (isinstance(after, dict) and isinstance(before, dict) and after.keys() & before.keys()):
        return _without_nulls(after)
    shown: dict[Any, Any] = {}
    for name, part in after.items():
        was = before.get(name)
        if part == was and name in _ALWAYS_SHOWN and isinstance(part, str):
            shown[name] = part
        elif part != was and name != _NEVER_NEWS:
            shown[name] = None if part is None else _changed(was, part)
    return shown if len(shown) == len(after) else shown | {"…": ...}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value


def _unsaid(answer: Any, said: Any) -> Any:
    """Of an answer the members that its request has not said in the same words, at any depth."""
    if not (isinstance(answer, dict) and isinstance(said, dict)):
        return answer
    kept = {
        name: _unsaid(part, said[name] if isinstance(said.get(name), dict) else said)
        for name, part in answer.items()
        if name not in said or part != said[name]
    }
    return kept if len(kept) == len(answer) else kept | {"…": ...}
