"""Brings forth API processes: it has the whole application imported, so that one that was killed is back at once.

Asked on its standard input for a port and a log, it answers with the number of the process that will listen there.
"""

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

import uvicorn

from market.processes import die_with_parent
from scripts.crash.factory import application

ASK = "{port} {log}\n"


def _live(port: int, log: Path) -> NoReturn:
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    code = 1
    try:
        uvicorn.run(
            application,
            factory=True,
            port=port,
            loop="uvloop",
            http="httptools",
            log_level="warning",
            access_log=False,
            proxy_headers=False,
        )
        code = 0
    finally:
        os._exit(code)


def main() -> None:
    """Until nobody asks any more; the processes end with this one."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: they are gone when they end
    bind = die_with_parent(signal.SIGKILL)
    for line in sys.stdin:
        port, _, log = line.strip().partition(" ")
        child = os.fork()
        if child == 0:
            bind()
            _live(int(port), Path(log))
        print(child, flush=True)


if __name__ == "__main__":
    main()
