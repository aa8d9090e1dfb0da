"""The `market` command: what a person at a terminal asks of the hall; each command is short and its work elsewhere."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Protocol, TypeVar
from uuid import UUID

import typer
from pydantic import SecretStr, ValidationError

from market.settings import Settings
from market.trouble import Trouble, sentence

if TYPE_CHECKING:
    from market.database import Database

    class Ask(Protocol):
        """Does the work with the database and answers what came of it."""

        def __call__(self, work: "Callable[[Database], Awaitable[T]]") -> "T": ...


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Release Hall: a technology-transfer marketplace.",
)

operator = typer.Typer(no_args_is_help=True, help="The people of the hall itself.")
person = typer.Typer(no_args_is_help=True, help="Any person with an account.")
app.add_typer(operator, name="operator")
app.add_typer(person, name="person")

T = TypeVar("T")
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The address that the person signs in with.")]


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
    from market.roles import make_logins

    settings = Settings()
    with _database(settings) as url:
        print("Migrated to the newest schema." if migrate_now(url) else "The schema is the newest already.")
        if settings.login_password is not None:
            asyncio.run(make_logins(url, settings.login_password.get_secret_value()))
            print("The logins of the application and of the worker have the password that is set.")


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
        print(f"The search index is rebuilt: {size} documents.")


verifying = typer.Typer(invoke_without_command=True)
app.add_typer(verifying, name="verify")


@verifying.callback()
def verify(
    context: typer.Context,
    kept: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint",
            metavar="FILE",
            help="An older checkpoint that was kept: the log must begin with it.",
        ),
    ] = None,
) -> None:
    """Recompute every stored document, round and chain, and the log over all of it; names what was touched."""
    if context.invoked_subcommand is not None:
        return
    from market.database import Database
    from market.ledger.signing import log_key, public_key
    from market.progress import shown
    from market.verification import findings, kept_checkpoint

    settings = Settings()
    key = public_key(log_key(settings.secret_key.get_secret_value()))
    older = kept_checkpoint(kept, key) if kept else None

    async def examine(database: Database) -> list[str]:
        with shown("Verifying documents and rounds") as progress:
            return [finding async for finding in findings(database, progress, log_key=key, older=older)]

    _conclude(_with_database(settings, examine))


@verifying.command("round")
def verify_round(round_id: Annotated[UUID, typer.Argument(metavar="ID", help="The round's id.")]) -> None:
    """Decide one round again from its rules and its log; names every row that does not follow from them."""
    from market.database import Database
    from market.errors import NotFound
    from market.verification import findings_of_round

    async def examine(database: Database) -> list[str]:
        try:
            return await findings_of_round(database, round_id)
        except NotFound as missing:
            raise Trouble("There is no round with this id.") from missing

    _conclude(_with_database(Settings(), examine))


def _conclude(found: list[str]) -> None:
    for finding in found:
        print(f"touched: {finding}")
    print("Nothing was touched." if not found else f"{len(found)} findings.")
    raise typer.Exit(1 if found else 0)


@operator.command("add")
def operator_add(
    email: Email,
    name: Annotated[str, typer.Option(help="What the person is called.")],
    role: Annotated[
        Literal["operator", "auditor", "finance"], typer.Option(help="What the person is to be.")
    ] = "operator",
    organisation: Annotated[
        str | None, typer.Option(help="The name of whoever runs the hall; needed the first time.")
    ] = None,
) -> None:
    """Make someone an operator, auditor or finance officer of the hall; again, it changes nothing.

    The password of a new account is asked for twice, or read from stdin where that is no terminal.
    """
    from market.operators import Appointment, address, appoint, fit_password, has_account, spoken
    from schemas.vocabulary import Role

    email = address(email)
    with _open(Settings()) as ask:
        password = None if ask(lambda database: has_account(database, email)) else _new_password()
        if password is not None:
            fit_password(password, email)
        wanted = Appointment(email, name, Role(role), organisation)
        done = ask(lambda database: appoint(database, wanted, password))
    hall = spoken(done.organisation)
    if done.made_organisation:
        print(f"{hall} now runs this hall.")
    if not done.added_role:
        print(f"{email} is {role} of {hall} already: nothing was changed.")
    elif done.made_account:
        print(f"{email} can sign in and is {role} of {hall}.")
    else:
        print(f"{email} is now {role} of {hall} too, and keeps the password.")


@person.command("password")
def person_password(email: Email) -> None:
    """Give someone who forgot it a new password, and end all their sessions.

    It is asked for twice, or read from stdin where that is no terminal.
    """
    from market.operators import address, fit_password, has_account, set_password, unknown

    email = address(email)
    with _open(Settings()) as ask:
        if not ask(lambda database: has_account(database, email)):
            raise unknown(email)
        password = fit_password(_new_password(), email)
        ended = ask(lambda database: set_password(database, email, password))
    print(f"{email} has a new password; {ended} sessions were ended.")


def _new_password() -> str:
    """From the terminal, twice and unseen, or the first line of stdin."""
    if sys.stdin.isatty():
        typed: str = typer.prompt("New password", hide_input=True, confirmation_prompt=True)
        return typed
    return sys.stdin.readline().rstrip("\r\n")


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each check.")] = False,
) -> None:
    """Examine the installation: one line for each check, and what to do where it is not well."""
    from market.doctor import Check, Level, nothing_yet, of_database, of_this_machine

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
    for check in of_this_machine(settings) if settings else []:
        tell(check)
    try:
        if settings and nothing_yet(settings):
            tell(Check(Level.WARNING, "no database yet", "`market serve` makes it"))
        elif settings:
            with _database(settings) as url:
                asyncio.run(examine(settings, url))
    except Exception as error:
        told = sentence(error)
        if told is None:
            raise
        tell(Check(Level.FAILED, "database", told))
    raise typer.Exit(1 if any(check.level is Level.FAILED for check in checks) else 0)


def _settings_or_complaint() -> tuple[Settings | None, str]:
    """None where the settings do not say what there is to examine."""
    try:
        return Settings(), ""
    except ValidationError as error:
        told = sentence(error)
        if told is None:
            raise
    with suppress(ValidationError):  # a missing secret key keeps nothing else from being examined
        return Settings(secret_key=SecretStr("x" * 32)), told
    return None, told


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


@contextmanager
def _open(settings: Settings) -> Iterator["Ask"]:
    """Ask an open, migrated database for one thing after another; between them nothing is held open."""
    from market.database import Database
    from market.migrate import migrate as bring_up
    from market.migrate import require_current

    async def run(url: str, work: "Callable[[Database], Awaitable[T]]") -> T:
        database = Database(url, pool_size=4)
        await database.open()
        try:
            return await work(database)
        finally:
            await database.close()

    with _database(settings) as url:
        # The embedded database has nobody else to migrate it.
        asyncio.run(bring_up(url) if settings.database_url is None else require_current(url))
        yield lambda work: asyncio.run(run(url, work))


def _with_database(settings: Settings, work: "Callable[[Database], Awaitable[T]]") -> T:
    """Do the work with an open, migrated database."""
    with _open(settings) as ask:
        return ask(work)


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
