"""Opens the hall: what `market serve` does from the first check to the last process, on one machine or behind others.

Without MARKET_DATABASE_URL the database, the worker and the demo market are its own; with it, only the API is.
"""

import asyncio
import ipaddress
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from market.embedded import EmbeddedPostgres
from market.folder import DataFolder, Occupant
from market.prepared import Prepared, earlier, migrations
from market.settings import Settings
from market.supervisor import (
    API_SECONDS,
    STOPPING,
    WORKER_SECONDS,
    Child,
    Supervisor,
    address_of,
    interrupt,
    listen,
)

if TYPE_CHECKING:
    from market.database import Database
    from search.port import EngineHealth, SearchIndexer


API_LOGIN, WORKER_LOGIN = "market_api", "market_work"
"""As whom the embedded database is used; `market.roles` says what they may."""


def say(line: str) -> None:
    """A line for the person at the terminal, at once also where it goes to a file."""
    with suppress(OSError):  # the terminal may be gone, and things have still to be stopped in order
        print(line, flush=True)  # noqa: T201


def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Run until told to stop, and stop everything in order. Trouble where it cannot be started or go on."""
    if settings.demo and not _is_loopback(host):
        say(
            f"WARNING: this is the demo, and {host} is not this machine alone: whoever reaches port {port} can sign in "
            "with the demo's passwords, which are published."
        )
    with ExitStack() as stack:
        stack.enter_context(_interruptible())
        if settings.database_url is None:
            folder = DataFolder(settings.data_dir)
            folder.take(f"http://{host}:{port}")
            stack.callback(folder.leave)
        listener = stack.enter_context(listen(host, port))
        if settings.database_url is None:
            supervisor, prepared = _on_one_machine(settings, listener, workers, folder, stack)
            _run(supervisor, listener, "/ready", lambda: _announce(settings, prepared, listener))
        else:
            from market.migrate import require_current

            asyncio.run(require_current(settings.database_url))
            supervisor = Supervisor(say, api=_api(settings, settings.database_url, listener, workers))
            _run(supervisor, listener, "/health", lambda: say(f"The API answers at {address_of(listener)}"))


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host.lower() == "localhost"


def _on_one_machine(
    settings: Settings, listener: socket.socket, workers: int, folder: DataFolder, stack: ExitStack
) -> tuple[Supervisor, Prepared]:
    database = EmbeddedPostgres(settings.data_dir / "postgres")
    stack.callback(database.stop)
    database.start()
    folder.tell(Occupant(os.getpid(), address_of(listener), database.url))
    prepared = asyncio.run(_prepare(settings, database))
    worker = Child(
        "worker",
        ["-m", "market.cli", "worker"],
        _environment(settings, database.database_url("postgres", WORKER_LOGIN), listener),
        WORKER_SECONDS,
    )
    api = _api(settings, database.database_url("postgres", API_LOGIN), listener, workers)
    return Supervisor(say, database, worker=worker, api=api), prepared


async def _prepare(settings: Settings, server: EmbeddedPostgres) -> Prepared:
    """Migrate, load the demo market once, and build the search index where the database is new."""
    known = await earlier(server.data_dir, server.url, demo=bool(settings.demo))
    if known is not None:
        return known  # the worker rebuilds an index that is missing or of another version
    from market.database import Database
    from market.migrate import migrate, revisions
    from market.roles import make_logins

    await migrate(server.url)
    await make_logins(server.url)
    database = Database(server.url, pool_size=4)
    await database.open()
    try:
        loaded = bool(settings.demo) and await load_demo(database)
        await rebuild_index(settings, database, only_if_missing=not loaded)
    finally:
        await database.close()
    revision, _ = await revisions(server.url)
    prepared = Prepared(revision, migrations())
    if settings.demo:
        from market.demo import ACCOUNTS, PASSWORD

        prepared = replace(prepared, password=PASSWORD, accounts=ACCOUNTS)
    prepared.write(server.data_dir)
    return prepared


async def load_demo(database: "Database") -> bool:
    """Load the demo market; false where it had been loaded before."""
    from market.demo import seed
    from market.progress import shown

    with shown("Loading the demo market") as progress:
        return await seed(database, progress)


async def rebuild_index(
    settings: Settings, database: "Database", *, only_if_missing: bool = False
) -> int | None:
    """Build the search index anew beside the live one and swap it in; answers how many documents it then holds.

    Fewer than the listings that were read for it, since not all are to be found. None where nothing was done.

    Raises WriterBusy or IndexLocked while a worker keeps the index in step.
    """
    from market.discovery.indexing import rebuild, writer
    from market.progress import shown

    async with writer(database), open_writer(settings) as indexer:
        if only_if_missing and await indexer.current() is not None:
            return None
        with shown("Reading listings for the search index") as progress:
            await rebuild(database, indexer, progress)
    return (await search_health(settings)).documents


async def search_health(settings: Settings) -> "EngineHealth":
    """How the configured search engine is, and how many documents it holds."""
    from search import open_engine

    key = settings.search_key.get_secret_value() if settings.search_key else None
    engine = open_engine(settings.search_url, key, settings.index_dir, semantic=settings.semantic)
    try:
        return await engine.health()
    finally:
        await engine.aclose()


@asynccontextmanager
async def open_writer(settings: Settings) -> AsyncIterator["SearchIndexer"]:
    """The writing side of the configured search engine."""
    from search import open_indexer

    key = settings.search_key.get_secret_value() if settings.search_key else None
    indexer = open_indexer(settings.search_url, key, settings.index_dir, semantic=settings.semantic)
    try:
        yield indexer
    finally:
        await indexer.aclose()


def _api(settings: Settings, url: str, listener: socket.socket, workers: int) -> list[Child]:
    return [
        Child(
            "API" if workers == 1 else f"API process {number}",
            ["-m", "market.serving", str(listener.fileno())],
            _environment(settings, url, listener),
            API_SECONDS,
            sockets=(listener.fileno(),),
        )
        for number in range(1, workers + 1)
    ]


def _environment(settings: Settings, url: str, listener: socket.socket) -> dict[str, str]:
    """This process's own, with what it has found out; paths no longer depend on the current folder."""
    base_url = settings.base_url if "base_url" in settings.model_fields_set else address_of(listener)
    return dict(os.environ) | {
        "MARKET_DATABASE_URL": url,
        "MARKET_DATA_DIR": str(Path(settings.data_dir).resolve()),
        "MARKET_DEMO": "true" if settings.demo else "false",
        "MARKET_SECRET_KEY": settings.secret_key.get_secret_value(),
        "MARKET_BASE_URL": base_url,
    }


def _run(supervisor: Supervisor, listener: socket.socket, path: str, announce: Callable[[], None]) -> None:
    with supervisor.signals():
        try:
            supervisor.start()
            if supervisor.await_ready(listener, path):
                announce()
                supervisor.watch()
            say("Stopping: the API, the worker, the database …" if supervisor.database else "Stopping …")
        finally:
            listener.close()
            supervisor.stop()
    say("Stopped.")


@contextmanager
def _interruptible() -> Iterator[None]:
    """While things are being prepared, SIGTERM and SIGHUP do what Ctrl-C does."""
    old = {sig: signal.signal(sig, interrupt) for sig in STOPPING}
    try:
        yield
    finally:
        for sig, handler in old.items():
            signal.signal(sig, handler)


def _announce(settings: Settings, prepared: Prepared, listener: socket.socket) -> None:
    address = address_of(listener)
    say(f"\nRelease Hall is ready: {address}")
    say(f"  API documentation  {address}/schema")
    if settings.demo:
        say(f"  Demo accounts, all with the password {prepared.password}")
        for email, what in prepared.accounts.items():
            say(f"    {email:<30}{what}")
    say(f"  Data               {Path(settings.data_dir).resolve()}")
    say("Ctrl-C stops all of it and keeps the data.\n")
