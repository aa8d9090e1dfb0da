"""The API's description: OpenAPI 3.1 whose schemas pydantic itself makes, and a page to read and try it.

Litestar describes paths and parameters; the shapes come from pydantic, which knows unions and forbidden fields, and
every operation is given the problems, the conditional headers and the credentials that the house's rules imply.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Tag
from litestar.params import FromPath
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from market.web.answers import Operation, answers, problem_responses
from schemas.editions import Releases
from schemas.values import Problem

ASSETS = Path(__file__).parent / "assets" / "swagger-ui"
DOCUMENTATION = "/schema"

PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Release Hall API</title>
<link rel="stylesheet" href="{DOCUMENTATION}/assets/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="api"></div>
<script src="{DOCUMENTATION}/assets/swagger-ui-bundle.js"></script>
<script src="{DOCUMENTATION}/assets/start.js"></script>
</body>
</html>
"""

START = f"""SwaggerUIBundle({{
  url: "{DOCUMENTATION}/openapi.json", dom_id: "#api", deepLinking: true, validatorUrl: null,
  docExpansion: "none", filter: true, tryItOutEnabled: true, persistAuthorization: true
}});
"""

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
    "description": "The same key and body again give the stored answer; another body 422, in flight 409.",
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "The ETag that was read: 412 where it is not current. Where it is required, 428 without it.",
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "The ETag of a copy that is at hand: 304 while it is current.",
}


class _Json(OpenAPIRenderPlugin):
    """Serves the description at /schema/openapi.json, and the page at /schema."""

    def __init__(self) -> None:
        super().__init__(path="/openapi.json")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        return described(request.app)


class _Page(OpenAPIRenderPlugin):
    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        return PAGE.encode()


def config(version: str) -> OpenAPIConfig:
    """How Litestar is told what to describe."""
    return OpenAPIConfig(
        title="Release Hall",
        version=version,
        summary="Technology-transfer marketplace: publish, find, match, deal.",
        path=DOCUMENTATION,
        render_plugins=[_Json(), _Page()],
        tags=[
            Tag(name=name)
            for name in (
                "Search",
                "Listings",
                "Editions",
                "Interests",
                "Rounds",
                "Sealing",
                "Deposits",
                "Notices",
                "Managers",
                "Deals",
                "Rules",
            )
        ],
    )


def described(app: Litestar) -> bytes:
    """The description of this application, as JSON; made once."""
    made: bytes | None = app.state.get("description")
    if made is None:
        made = json.dumps(description(app), ensure_ascii=False).encode()
        app.state["description"] = made
    return made


def description(app: Litestar) -> dict[str, Any]:
    """The whole OpenAPI document."""
    document = app.openapi_schema.to_schema()
    schemas: dict[str, Any] = document["components"]["schemas"]
    schemas.update(_pydantic_schemas(set(schemas)))
    document["components"]["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A session token from POST /api/v1/sessions, or an API key `rh_<id>_<secret>`.",
        }
    }
    handlers = {
        (route.path_format, method.lower()): handler
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        for method in handler.http_methods
    }
    document["components"]["responses"] = problem_responses()
    for path, operations in document["paths"].items():
        for method, described in operations.items():
            if isinstance(described, dict) and "responses" in described:
                _complete(described, Operation(method, path, handlers[(path, method)]))
    return document


def _complete(described: dict[str, Any], operation: Operation) -> None:
    described["responses"] = answers(operation, described["responses"])
    if not operation.public:
        described["security"] = [{"bearer": []}]
    parameters: list[dict[str, Any]] = described.setdefault("parameters", [])
    for parameter in parameters:
        parameter["schema"] = _as_sent(parameter["schema"])
    if operation.method == "post":
        parameters.append(IDEMPOTENCY_KEY | {"required": operation.needs_key})
    if operation.honours_match:
        parameters.append(IF_MATCH | {"required": operation.needs_match})
    if "304" in described["responses"]:
        parameters.append(IF_NONE_MATCH)


def _as_sent(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema without null: what is not given is left out, and no address can say null."""
    schema = dict(schema)
    if "oneOf" in schema:
        (kept,) = [one for one in schema.pop("oneOf") if one != {"type": "null"}]
        schema = kept | schema
    if isinstance(schema.get("type"), list):
        (schema["type"],) = [kind for kind in schema["type"] if kind != "null"]
        schema["enum"] = [value for value in schema.get("enum", []) if value is not None]
    return schema


def _pydantic_schemas(wanted: set[str]) -> dict[str, Any]:
    models = [model for model in _every_model() if model.__name__ in wanted or model in (Problem, Releases)]
    _, made = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    found: dict[str, Any] = made.get("$defs", {})
    return found


def _every_model() -> list[type[BaseModel]]:
    found: dict[str, type[BaseModel]] = {}
    waiting: list[type[BaseModel]] = [BaseModel]
    while waiting:
        model = waiting.pop()
        waiting.extend(model.__subclasses__())
        if (
            model.__module__.startswith(("schemas.", "market."))
            and not model.__pydantic_generic_metadata__["parameters"]
        ):
            found.setdefault(model.__name__, model)
    return list(found.values())


@cache
def _asset(name: str) -> tuple[bytes, str]:
    if name == "start.js":
        return START.encode(), "text/javascript"
    kinds = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
    if name not in kinds:
        raise NotFoundException()
    return (ASSETS / name).read_bytes(), kinds[name]


@get("/schema/assets/{name:str}", opt={"public": True}, include_in_schema=False, sync_to_thread=False)
def asset(name: FromPath[str]) -> Response[bytes]:
    """The files of the documentation page; no other host is asked for anything."""
    content, media_type = _asset(name)
    return Response(content, media_type=media_type, headers={"Cache-Control": "public, max-age=86400"})


router = Router("/", route_handlers=[asset])
