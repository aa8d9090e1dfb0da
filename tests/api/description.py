"""The application's own description as schemathesis reads it, and what an answer must be to conform to it."""

import os
from typing import Any

import httpx
import requests
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from market.app import create_app
from market.settings import Settings
from market.web.openapi import description
from market.web.problems import MEDIA_TYPE

EXAMPLES = int(os.environ.get("MARKET_TEST_EXAMPLES", "4"))
"""Requests that are made up for each operation; with more than a few, every limit of every field is tried too."""
THOROUGH = EXAMPLES > 10

DOCUMENT = description(create_app(Settings(database_url="postgresql://nobody@127.0.0.1/nowhere", demo=True)))

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    missing_required_header,
    unsupported_method,
    allow_header_conformance,
]
REFUSALS = [400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 422, 428, 429]
SETTINGS: dict[str, Any] = {
    "seed": int(os.environ.get("MARKET_TEST_SEED", "1")),
    "checks": {
        "negative_data_rejection": {"expected-statuses": REFUSALS},
        "missing_required_header": {"expected-statuses": REFUSALS},
    },
    "phases": {"coverage": {"enabled": THOROUGH}},
    "generation": {
        "deterministic": not THOROUGH,
        "max-examples": EXAMPLES,
        "database": "none",
        "no-shrink": True,
        "with-security-parameters": False,  # who is calling is the matter of test_access
    },
}
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT, config=SchemathesisConfig.from_dict(SETTINGS))


def answer_of(answer: httpx.Response, request: requests.PreparedRequest) -> Response:
    """An answer in the form that schemathesis judges."""
    headers: dict[str, list[str]] = {}
    for name, value in answer.headers.multi_items():
        headers.setdefault(name.lower(), []).append(value)
    return Response(
        answer.status_code, headers, answer.content, request, elapsed=0.0, verify=False, encoding="utf-8"
    )


def conforms(method: str, path: str, answer: httpx.Response) -> None:
    """Fail where the description has no such answer: its status, its content type, its body."""
    operation = SCHEMA[path][method]
    declared = operation.responses.find_by_status_code(answer.status_code)
    assert declared is not None, f"{answer.status_code} is not described: {answer.text}"
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == MEDIA_TYPE
    if answer.content:
        described: dict[str, Any] = declared.definition.get("content", {})
        assert answer.headers["content-type"].partition(";")[0] in described
        operation.validate_response(answer_of(answer, requests.PreparedRequest()))
    else:
        assert answer.status_code in (204, 304), answer.status_code
