"""Starts child processes that end with their parent, also when it is killed; knows Linux and nothing of the market."""

import ctypes
import logging
import os
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def die_with_parent(told_by: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: the kernel sends `told_by` to the child as soon as the thread that started it ends.

    It runs after the change of user, which would clear it, and it survives exec.
    """
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def before_exec() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, told_by)
        if os.getppid() != parent:  # it died before the kernel was told
            os._exit(1)

    return before_exec


def log_lines(process: str) -> None:
    """One line for each event that matters, with the process it comes from, on stderr."""
    logging.basicConfig(
        level=logging.INFO,
        format=f"%(asctime)s {process} %(levelname)s %(message)s",
        datefmt="%H:%M:%S",
        force=True,
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
