"""The `market` command: what a person at a terminal asks of the hall; each command is short and its work elsewhere."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from pydantic import SecretStr, ValidationError

from market.settings import Settings
from market.trouble import Trouble, sentence

if TYPE_CHECKING:
    from market.database import Database

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Release Hall: a technology-transfer marketplace.",
)

T = TypeVar("T")


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen at.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Processes that answer requests.", min=1, max=64)] = 1,
) -> None:
    """Run the hall until Ctrl-C: all of it on this machine, or with MARKET_DATABASE_URL the API alone."""
    from market.opening import serve as open_hall

    open_hall(Settings(), host, port, workers)


@app.command()
def worker() -> None:
    """Keep the search index in step, let time pass, clear what has expired. Needs MARKET_DATABASE_URL."""
    settings = Settings()
    if settings.database_url is None:
        raise Trouble("The worker needs MARKET_DATABASE_URL; on one machine `market serve` starts it.")
    from market.worker import main as work

    raise typer.Exit(work(settings))


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema; any number of these may run at once."""
    from market.migrate import migrate_now

    with _database(Settings()) as url:
        print("Migrated to the newest schema." if migrate_now(url) else "The schema is the newest already.")


@app.command()
def seed() -> None:
    """Load the demo market, once. Refused outside the demo."""
    settings = Settings()
    if not settings.demo:
        raise Trouble(
            "The demo market has accounts with a published password: set MARKET_DEMO=true to load it."
        )
    from market.opening import load_demo

    loaded = _with_database(settings, load_demo)
    print("The demo market is loaded." if loaded else "The demo market had been loaded before.")


@app.command()
def reindex() -> None:
    """Rebuild the search index beside the live one and swap it in; a running worker is asked to do it."""
    from market.database import Database
    from market.discovery.indexing import WriterBusy
    from market.opening import rebuild_index
    from search.port import IndexLocked

    settings = Settings()

    async def rebuild(database: Database) -> int | None:
        try:
            return await rebuild_index(settings, database)
        except (WriterBusy, IndexLocked):
            await database.pool.execute("NOTIFY search_rebuild")
            return None

    size = _with_database(settings, rebuild)
    if size is None:
        print("The running worker rebuilds the index beside the live one; its log says when it is done.")
    else:
        print(f"The search index is rebuilt: {size} listings.")


@app.command()
def verify() -> None:
    """Recompute every stored document's hash and every chain of the record; names what was touched."""
    from market.database import Database
    from market.progress import shown
    from market.verification import findings

    async def examine(database: Database) -> int:
        with shown("Verifying documents") as progress:
            found = [finding async for finding in findings(database, progress)]
        for finding in found:
            print(f"touched: {finding}")
        return len(found)

    touched = _with_database(Settings(), examine)
    print("Nothing was touched." if not touched else f"{touched} findings.")
    raise typer.Exit(1 if touched else 0)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each check.")] = False,
) -> None:
    """Examine the installation: one line for each check, and what to do where it is not well."""
    from market.doctor import Check, Level, of_database, of_this_machine

    checks: list[Check] = []

    def tell(check: Check) -> None:
        checks.append(check)
        if as_json:
            print(json.dumps(vars(check), ensure_ascii=False), flush=True)
        else:
            remedy = f" → {check.remedy}" if check.remedy else ""
            print(f"{check.level:<8}{check.what}{remedy}", flush=True)

    async def examine(settings: Settings, url: str) -> None:
        async for check in of_database(settings, url):
            tell(check)

    settings, complaint = _settings_or_complaint()
    if complaint:
        tell(Check(Level.FAILED, "settings", complaint))
    for check in of_this_machine(settings):
        tell(check)
    try:
        with _database(settings) as url:
            asyncio.run(examine(settings, url))
    except Exception as error:
        told = sentence(error)
        if told is None:
            raise
        tell(Check(Level.FAILED, "database", told))
    raise typer.Exit(1 if any(check.level is Level.FAILED for check in checks) else 0)


def _settings_or_complaint() -> tuple[Settings, str]:
    try:
        return Settings(), ""
    except ValidationError as error:
        told = sentence(error)
        if told is None:
            raise
        # The other checks are worth something without it.
        return Settings(secret_key=SecretStr("x" * 32)), told


@contextmanager
def _database(settings: Settings) -> Iterator[str]:
    """The database's address: the configured one, that of a running `market serve`, or of one started for this command."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    from market.embedded import EmbeddedPostgres
    from market.folder import DataFolder

    folder = DataFolder(settings.data_dir)
    running = folder.occupant()
    if running is not None:
        if not running.database_url:
            raise Trouble("Release Hall is being started or stopped in this folder: try again in a moment.")
        yield running.database_url
        return
    folder.take("")
    try:
        with EmbeddedPostgres(settings.data_dir / "postgres") as database:
            yield database.url
    finally:
        folder.leave()


def _with_database(settings: Settings, work: "Callable[[Database], Awaitable[T]]") -> T:
    """Do the work with an open, migrated database."""
    from market.database import Database
    from market.migrate import migrate as bring_up
    from market.migrate import require_current

    async def run(url: str) -> T:
        # The embedded database has nobody else to migrate it.
        await (bring_up(url) if settings.database_url is None else require_current(url))
        database = Database(url, pool_size=4)
        await database.open()
        try:
            return await work(database)
        finally:
            await database.close()

    with _database(settings) as url:
        return asyncio.run(run(url))


def main() -> None:
    """The command's entry: expected trouble is one sentence on stderr and exit code 1, wrong usage is exit code 2."""
    try:
        app()
    except Exception as error:
        told = sentence(error)
        if told is None:
            raise
        print(told, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
