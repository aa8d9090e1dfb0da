"""One process of the API: the application under uvicorn, on a socket that its supervisor opened."""

import gc
import signal
import socket
import sys
from types import FrameType

import uvicorn
from litestar import Litestar

from market.app import create_app
from market.processes import log_lines
from market.settings import Settings, settings

DRAIN_SECONDS = 10
"""How long requests under way may take once the process is told to stop."""


def application() -> Litestar:
    """The application as the environment sets it up: a factory for any ASGI server.

    What it consists of lasts as long as the process, so that no collection needs to look through it again: each would
    hold up all requests for a tenth of a second.
    """
    app = create_app(settings())
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, *gc.get_threshold()[1:])
    return app


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, app: Litestar) -> None:
        super().__init__(config)
        self.app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.app.state.announcer.end_streams()  # no stream ends by itself
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        signal.alarm(2 * DRAIN_SECONDS)  # ends the process should something not let go
        super().handle_exit(sig, frame)


def serve(listener: socket.socket, given: Settings) -> None:
    """Answer requests until SIGTERM; those under way are answered first."""
    # uvicorn repeats the signal to itself when it has stopped: the process then ends with 0.
    signal.signal(signal.SIGTERM, lambda *_: None)
    app = application()
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        # Its own default believes X-Forwarded-For from this very machine.
        proxy_headers=bool(given.trusted_proxies),
        forwarded_allow_ips=given.trusted_proxies or None,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    _Server(config, app).run(sockets=[listener])


if __name__ == "__main__":
    log_lines("api")
    serve(socket.socket(fileno=int(sys.argv[1])), settings())
