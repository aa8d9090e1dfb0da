"""A Meilisearch that checks every request against the recorded API description; knows shapes, finds nothing."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

DESCRIPTION = Path(__file__).parent / "data/meilisearch_openapi_subset.json"
KEY = "a-key-of-sixteen-bytes"
Answer = tuple[int, Any]


@dataclass
class Request:
    method: str
    path: str
    body: Any


@dataclass
class FakeMeilisearch:
    """`requests` are those received, `faults` what was wrong with them; `answers` overrides what is said back."""

    url: str = ""
    dictionary: list[str] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)

    def sent(self, route: str) -> list[Request]:
        """Requests like "POST /indexes/*/documents"."""
        method, _, path = route.partition(" ")
        pattern = re.escape(path).replace(r"\*", "[^/]+")
        return [one for one in self.requests if one.method == method and re.fullmatch(pattern, one.path)]

    def bodies(self, route: str) -> list[Any]:
        return [one.body for one in self.sent(route)]

    def answer(self, method: str, path: str, body: Any) -> Answer:
        for route, answer in self.answers.items():
            if self.requests[-1] in self.sent(route):
                return answer
        return 200, _usual_answer(self, method, path, body)


@contextmanager
def fake_meilisearch() -> Iterator[FakeMeilisearch]:
    fake = FakeMeilisearch()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(fake, _checks()))
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _usual_answer(fake: FakeMeilisearch, method: str, path: str, body: Any) -> Any:
    match method, path.strip("/").split("/"):
        case "POST", ["multi-search"]:
            return {"results": [_nothing_found(query) for query in body["queries"]]}
        case "POST", ["indexes", _, "facet-search"]:
            return {"facetHits": [], "facetQuery": body["facetQuery"], "processingTimeMs": 0}
        case "POST", ["indexes", _, "documents", "fetch"]:
            return {"results": [], "offset": 0, "limit": 0, "total": 0}
        case "GET", ["indexes"]:
            results = [{"uid": uid, "primaryKey": "id"} for uid in fake.indexes]
            return {"results": results, "offset": 0, "limit": 1000, "total": len(results)}
        case "GET", ["indexes", _, "settings", "dictionary"]:
            return fake.dictionary
        case "GET", ["indexes", _, "stats"]:
            return {"numberOfDocuments": 7, "isIndexing": False, "fieldDistribution": {}}
        case "GET", ["tasks"]:
            return {"results": [], "total": 0, "limit": 20, "from": None, "next": None}
        case "GET", ["tasks", number]:
            return a_task(int(number), "succeeded")
        case _:
            if method == "POST" and path == "/indexes":
                fake.indexes.append(body["uid"])
            return {"taskUid": len(fake.requests)} | a_task(0, "enqueued")


def a_task(
    number: int, status: str, message: str | None = None, kind: str = "invalid_request"
) -> dict[str, Any]:
    return {
        "uid": number,
        "indexUid": "listings",
        "status": status,
        "type": "documentAdditionOrUpdate",
        "enqueuedAt": "2026-11-24T08:00:00.000000Z",
        "error": {"message": message, "code": "invalid_document_id", "type": kind} if message else None,
    }


def _nothing_found(query: dict[str, Any]) -> dict[str, Any]:
    counts = {name: {} for name in query.get("facets", [])}
    return {"hits": [], "estimatedTotalHits": 0, "processingTimeMs": 1, "facetDistribution": counts}


def _checks() -> Callable[[str, str, Any], list[str]]:
    """From method, path and body to what the description has against them."""
    described = json.loads(DESCRIPTION.read_text("utf-8"))
    schemas = described["components"]["schemas"]
    for schema in schemas.values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)  # a misspelt member must not pass
    components = {"components": {"schemas": schemas}}
    bodies = {
        route: Draft202012Validator(schema | components) for route, schema in described["bodies"].items()
    }
    routes = [*bodies, *described["without_body"]]

    def check(method: str, path: str, body: Any) -> list[str]:
        fitting = [
            route for route in routes if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route), f"{method} {path}")
        ]
        if not fitting:
            return [f"{method} {path} is not described"]
        if fitting[0] not in bodies:
            return [] if body is None else [f"{method} {path} takes no body"]
        return [f"{method} {path}: {error.message[:300]}" for error in bodies[fitting[0]].iter_errors(body)]

    return check


def _handler(
    fake: FakeMeilisearch, check: Callable[[str, str, Any], list[str]]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(raw) if raw else None
            path = self.path.partition("?")[0]
            fake.requests.append(Request(self.command, path, body))
            fake.faults.extend(check(self.command, path, body))
            if self.headers.get("Authorization") != f"Bearer {KEY}":
                fake.faults.append(f"{self.command} {path} without the key")
            status, answer = fake.answer(self.command, path, body)
            payload = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _serve  # noqa: N815 - names of the server class

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - name of the server class
            """Says nothing."""

    return Handler
