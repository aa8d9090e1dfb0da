"""Which answers an operation can give, for the description: statuses from the house's rules, stored bytes by name.

It knows the rules of the transaction, of conditions and of limits, and no feature's verbs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from litestar.handlers import HTTPRouteHandler

from market.errors import every_error
from market.web.problems import MEDIA_TYPE
from market.web.transaction import TransactionMiddleware

Described = dict[str, Any]

SERVER = "5XX"
LIMITED = frozenset({"sign_up", "sign_in", "change_password"})
"""Handlers that count attempts."""
TEXT = {"type": "string"}


@dataclass(frozen=True)
class Stored:
    """An answer that is served as bytes, of which the handler's annotation says nothing."""

    description: str
    schema: Described
    media_type: str = "application/json"
    revalidated: bool = True
    """Whether If-None-Match is honoured, as within a transaction it always is."""
    nothing: str | None = None
    """Of a 204, where there may be nothing to serve."""


def _document(*required: str, **properties: Described) -> Described:
    known = {
        "id": {"type": "string", "format": "uuid"},
        "version": {"type": "integer", "minimum": 1},
    } | properties
    shown = {name: known.get(name, {}) for name in required} | properties
    return {"type": "object", "required": list(required), "properties": shown}


_TITLE = {"type": "object", "minProperties": 1, "additionalProperties": TEXT}
_LISTING = _document("id", "kind", "version", "published_at", "organisation", "title", title=_TITLE)
_NAMED = {"type": "object", "required": ["id", "name"]}
_LISTING["properties"]["organisation"] = _NAMED
_STANDING = {"$ref": "#/components/schemas/Standing"}
_EVENT: Described = {
    "type": "object",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]+$"},
        "event": TEXT,
        "data": TEXT | {"contentMediaType": "application/json", "contentSchema": _STANDING},
    },
}
"""Of a stream, every single one."""

STORED: Mapping[str, Stored] = {
    "/api/v1/listings/{listing_id}": Stored("The latest version, canonical JSON (RFC 8785).", _LISTING),
    "/api/v1/listings/{listing_id}/versions/{number}": Stored(
        "That version, canonical JSON (RFC 8785).", _LISTING
    ),
    "/api/v1/editions/{edition_id}": Stored(
        "The snapshot, canonical JSON (RFC 8785).",
        _document(
            "id", "code", "kind", "number", "title", "published_at", "items", "withdrawn", title=_TITLE
        ),
    ),
    "/api/v1/editions/{edition_id}/items.csv": Stored("The table, UTF-8 with a mark.", TEXT, "text/csv"),
    "/api/v1/releases": Stored("The calendar.", {"$ref": "#/components/schemas/Releases"}),
    "/api/v1/releases.atom": Stored("The feed (RFC 4287).", TEXT, "application/atom+xml"),
    "/api/v1/releases.ics": Stored("The calendar (RFC 5545).", TEXT, "text/calendar"),
    "/api/v1/notices/{notice_id}": Stored(
        "The notice as published, canonical JSON (RFC 8785).",
        _document("id", "kind", "number", "published_at", "organisation", "subject", "name", "period"),
    ),
    "/api/v1/notices.atom": Stored("The feed (RFC 4287).", TEXT, "application/atom+xml"),
    "/api/v1/deals/{deal_id}/contract": Stored(
        "The contract, canonical JSON (RFC 8785).",
        _document("deal", "kind", "number", "title", "parties", "terms", "terms_sha256", title=_TITLE),
    ),
    "/api/v1/rounds/{round_id}/rules": Stored(
        "The rules as announced, canonical JSON (RFC 8785).",
        _document(
            "round", "kind", "mode", "listing", "seller", "currency", "opening_price", "step", "deposit"
        ),
    ),
    "/api/v1/challenges/{challenge_id}/rules": Stored(
        "The rules as published, canonical JSON (RFC 8785).",
        _document(
            "challenge", "kind", "listing", "sponsor", "currency", "budget", "rubric", "stages", "opening"
        ),
    ),
    "/api/v1/rounds/{round_id}/events": Stored(
        "A stream of server-sent events, which lasts as long as the round; the schema is that of each event.",
        _EVENT,
        "text/event-stream",
        revalidated=False,
        nothing="The round has ended, and its last entry is the one that Last-Event-ID names.",
    ),
}
ETAG: Described = {
    "description": "Names what was read: strong for If-Match, weak (W/) for If-None-Match alone.",
    "schema": TEXT,
}
NOT_READY: Described = {
    "description": "A part does not answer: the same view.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Readiness"}}},
}


@dataclass(frozen=True)
class Operation:
    """One method of one path, with what its handler says of itself."""

    method: str
    path: str
    handler: HTTPRouteHandler
    takes: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "takes", frozenset(self.handler.parsed_fn_signature.parameters))

    @property
    def changes(self) -> bool:
        return self.method in ("post", "put", "patch", "delete")

    @property
    def public(self) -> bool:
        return bool(self.handler.opt.get("public"))

    @property
    def needs_key(self) -> bool:
        return bool(self.handler.opt.get("key_required"))

    @property
    def in_transaction(self) -> bool:
        return any(isinstance(one, TransactionMiddleware) for one in self.handler.resolve_middleware())

    @property
    def needs_match(self) -> bool:
        """If-Match is required where content is replaced."""
        replaces = self.method in ("put", "patch") or bool(self.handler.opt.get("conditional"))
        return replaces and not self.handler.opt.get("unconditional")

    @property
    def honours_match(self) -> bool:
        """The verbs of a state machine honour If-Match where it is sent."""
        return self.needs_match or (
            self.changes
            and self.in_transaction
            and not self.public
            and "{" in self.path
            and "request" in self.takes
        )

    @property
    def revalidated(self) -> bool:
        """Whether what is read has an ETag, and If-None-Match is honoured, by the transaction's own rule."""
        return self.method == "get" and self.in_transaction

    def refusals(self) -> set[int]:
        """The statuses of the problems that this operation can answer with."""
        found: set[int] = set()
        if self.in_transaction or not self.public:
            found.add(401)  # of a public one, for credentials that are not valid
        if not self.public or self.changes:
            found.add(403)
        if "{" in self.path or (not self.public and (self.changes or "/me/" in f"{self.path}/")):
            found.add(404)
        if self.path.startswith("/api/v1/listings/{listing_id}") and (
            self.public or self.path.endswith("/interests")
        ):
            found.add(410)
        if self.changes:
            found |= {409, 413, 422}
        if "data" in self.takes or self.needs_key:
            found.add(400)
        if "data" in self.takes:
            found.add(415)
        if self.honours_match:
            found.add(412)
        if self.needs_match:
            found.add(428)
        if self.handler.handler_name in LIMITED:
            found.add(429)
        return found


def answers(operation: Operation, described: Described) -> Described:
    """All the answers of an operation, from those that Litestar has described."""
    found = {status: answer for status, answer in described.items() if status.startswith("2")}
    stored = STORED.get(operation.path) if operation.method == "get" else None
    if stored is not None:
        content = {stored.media_type: {"schema": stored.schema}}
        found["200"] = {"description": stored.description, "content": content}
        if stored.nothing is not None:
            found["204"] = {"description": stored.nothing}
    if operation.revalidated or (stored is not None and stored.revalidated):
        found["304"] = {"description": "Not changed since If-None-Match."}
        found["200"]["headers"] = {"ETag": ETAG}
    for status, answer in found.items():
        if status == "204":
            answer.pop("content", None)
    refusals = operation.refusals() | {422}  # of a reading, for a parameter that is wrong or not there
    found |= {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in sorted(refusals)}
    found[SERVER] = {"$ref": "#/components/responses/ProblemOfServer"}
    if operation.path == "/ready":
        found["503"] = NOT_READY
    return found


def problem_responses() -> Described:
    """One response for each status that a problem has, naming the problems that have it."""
    slugs: dict[int, list[str]] = {}
    for error in every_error():
        slugs.setdefault(error.status, []).append(error.slug())
    made = {f"Problem{status}": _problem(names) for status, names in slugs.items() if status < 500}
    servers = [slug for status, names in slugs.items() if status >= 500 for slug in names]
    return made | {"ProblemOfServer": _problem(servers)}


def _problem(slugs: list[str]) -> Described:
    named = {"properties": {"type": {"pattern": f"/problems/({'|'.join(sorted(slugs))})$"}}}
    return {
        "description": f"An RFC 9457 problem: {', '.join(sorted(slugs))}. Its type resolves to a page that explains it.",
        "content": {MEDIA_TYPE: {"schema": {"allOf": [{"$ref": "#/components/schemas/Problem"}, named]}}},
    }
