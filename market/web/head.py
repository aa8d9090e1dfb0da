"""HEAD and OPTIONS for every address: the head of what GET answers, and all the methods that the address takes.

The framework answers OPTIONS from one of the handlers that share an address, which knows the methods of its own
router alone.
"""

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send


def answering_head(app: Litestar) -> ASGIApp:
    """The application's ASGI handler, which also answers HEAD (RFC 9110 9.3.2), and OPTIONS with all methods."""
    inner = app.asgi_handler
    methods = {
        route.path_format: ", ".join(route.methods) for route in app.routes if hasattr(route, "methods")
    }

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def without_content(message: Message) -> None:
            if message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        async def with_all_methods(message: Message) -> None:
            if message["type"] == "http.response.start" and scope.get("path_template") in methods:
                allowed = with_head(methods[scope["path_template"]]).encode()
                message["headers"] = [
                    (name, allowed if name.lower() == b"allow" else value)
                    for name, value in message["headers"]
                ]
            await send(message)

        if scope["type"] == ScopeType.HTTP and scope["method"] == "HEAD":
            scope["method"] = "GET"
            await inner(scope, receive, without_content)
        elif scope["type"] == ScopeType.HTTP and scope["method"] == "OPTIONS":
            await inner(scope, receive, with_all_methods)
        else:
            await inner(scope, receive, send)

    return answer


def with_head(allowed: str) -> str:
    """The methods of an Allow header, with HEAD where GET is among them."""
    named = {method.strip() for method in allowed.split(",")}
    return ", ".join(sorted(named | ({"HEAD"} if "GET" in named else set())))
