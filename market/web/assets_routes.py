"""Serves the module with which a page seals bids and submissions in its own browser; it knows nothing of what is sealed."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Request, Response, Router, get

from market.web.conditional import etag, is_unchanged

MODULE = Path(__file__).parent / "assets" / "seal-bid.js"


@cache
def _module() -> tuple[bytes, str]:
    """Its bytes and their tag."""
    content = MODULE.read_bytes()
    return content, etag(hashlib.sha256(content).hexdigest())


@get(
    "/assets/seal-bid.js",
    opt={"public": True},
    sync_to_thread=False,
    summary="The module that seals in a browser",
)
def seal_module(request: Request[Any, Any, Any]) -> Response[bytes]:
    """For pages of this hall's own address, over HTTPS or on the local machine: Web Crypto is nowhere else.

    `import { sealBid, sealSubmission } from "/assets/seal-bid.js"`; nothing that is sealed has left the browser before.
    """
    content, tag = _module()
    headers = {
        "ETag": tag,
        "Cache-Control": "public, max-age=86400",
        "X-Content-Type-Options": "nosniff",
    }
    if is_unchanged(request, tag):
        return Response(b"", status_code=304, media_type="text/javascript", headers=headers)
    return Response(content, media_type="text/javascript", headers=headers)


router = Router("/", route_handlers=[seal_module], include_in_schema=False)
