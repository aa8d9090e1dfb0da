"""The application that is crashed: the hall itself, of whose receipts some are dropped between COMMIT and the answer."""

import os
import random
from typing import Any, cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from market.app import create_app
from market.settings import Settings
from scripts.crash import planted

DROPPED, PLANTED = "CRASH_DROPPED", "CRASH_PLANTED"
"""Environment: the share of receipts that are dropped, and the bug that is planted."""


def application() -> ASGIApp:
    """For uvicorn."""
    if name := os.environ.get(PLANTED):
        planted.BUGS[name]()
    return dropping(create_app(Settings()), float(os.environ[DROPPED]))


def dropping(hall: Any, share: float) -> ASGIApp:
    """Cut the connection instead of answering an accepted bid, now and then: its client has to ask again."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not scope["path"].endswith("/bids"):
            await hall(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_fresh(message) and random.random() < share:
                cast("Any", send).__self__.transport.abort()  # uvicorn's cycle of this request
            await send(message)

        await hall(scope, receive, answer)

    return app


def _is_fresh(message: Any) -> bool:
    """An accepted bid's first receipt: a repeat is answered, or a client would never have an end."""
    names = {name.lower() for name, _ in message["headers"]}
    return message["status"] == 201 and b"idempotency-replayed" not in names
