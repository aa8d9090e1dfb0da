"""Shows how far long work has come: a bar on a terminal, plain lines elsewhere; knows nothing of the work."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

Progress = Callable[[int, int], None]
"""Called with how many are done, of how many."""

_LINE_EVERY = 5.0
"""Seconds between plain lines."""


@contextmanager
def shown(what: str, console: Console | None = None) -> Iterator[Progress]:
    """For the length of the work `what`; work that never reports shows nothing."""
    console = console or Console()
    if console.is_terminal:
        with _bar(what, console) as progress:
            yield progress
    else:
        yield _lines(what, console)


@contextmanager
def _bar(what: str, console: Console) -> Iterator[Progress]:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=console) as bars:
        task = bars.add_task(what, total=None, visible=False)
        yield lambda done, of: bars.update(task, completed=done, total=of, visible=True)


def _lines(what: str, console: Console) -> Progress:
    said = -_LINE_EVERY

    def say(done: int, of: int) -> None:
        nonlocal said
        at = time.monotonic()
        if done < of and at - said < _LINE_EVERY:
            return
        said = at
        console.print(f"{what}: {done} of {of}", highlight=False, soft_wrap=True)

    return say
