"""The API's description: OpenAPI 3.1 with the schemas that pydantic itself makes, and the pages of the problems."""

from litestar import Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin


def config(version: str, base_url: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Release Hall", version=version, path="/schema", render_plugins=[JsonRenderPlugin()]
    )


@get("/problems/{slug:str}", opt={"public": True})
async def problem_page(slug: str) -> str:
    return slug


router = Router("/", route_handlers=[])
