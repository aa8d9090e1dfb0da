"""A page in a real browser, from a folder that is served on this machine: a browser seals only on a page that it trusts."""

import asyncio
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_a_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no chromium on this machine to seal in"
)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """A test prints nothing."""


async def answered(folder: Path, page: str) -> Any:
    """What a page writes as JSON into its element `answer`, with what lies in the folder beside it."""
    (folder / "index.html").write_text(page)
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    flags += [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=60000", "--dump-dom"]
    with _served(folder) as site:
        done = await asyncio.to_thread(
            subprocess.run,
            [str(CHROMIUM), *flags, f"{site}/index.html"],
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
    return json.loads(done.stdout.partition('<pre id="answer">')[2].partition("</pre>")[0])


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
