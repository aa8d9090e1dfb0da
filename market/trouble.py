"""Says expected trouble in one sentence for the person at the terminal; a bug is not expected and keeps its traceback."""

import errno
from collections.abc import Callable

import asyncpg
from pydantic import ValidationError
from pydantic_settings import SettingsError

from market.embedded_home import EmbeddedFailed
from search.port import IndexLocked, SearchError


class Trouble(Exception):
    """Something that the person at the terminal can put right; the text is the sentence."""


def sentence(error: BaseException) -> str | None:
    """What to tell, or None where the error is a bug. Never holds a password."""
    for found in _causes(error):
        for kinds, say in _SENTENCES:
            if isinstance(found, kinds) and (told := say(found)):
                return told
    return None


def _causes(error: BaseException) -> list[BaseException]:
    """The error, what it was made from, and the parts of a group; the nearest first."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        at = waiting.pop(0)
        if at in found:
            continue
        found.append(at)
        waiting += getattr(at, "exceptions", ())
        waiting += [cause for cause in (getattr(at, "orig", None), at.__cause__) if cause is not None]
    return found


def _settings(error: BaseException) -> str:
    assert isinstance(error, ValidationError)  # noqa: S101 - the table below says so
    if error.title != "Settings":
        return ""
    told = []
    for part in error.errors(include_url=False, include_input=False):
        message = str(part["msg"]).removeprefix("Value error, ")
        name = f"MARKET_{part['loc'][0]}".upper() if part["loc"] else ""
        told.append(f"{name}: {message}" if name else message)
    return "; ".join(told)


def _unreachable(error: BaseException) -> str:
    told = " ".join(str(error).split()) or type(error).__name__
    return f"The database does not answer: {told}. Is it started, and is MARKET_DATABASE_URL right?"


def _network(error: BaseException) -> str:
    assert isinstance(error, OSError)  # noqa: S101 - the table below says so
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f" ({error.filename})" if error.filename else ""
        return f"The disk is full{where}: make room and start again; nothing that was confirmed is lost."
    if isinstance(error, ConnectionError | TimeoutError) or type(error).__name__ == "gaierror":
        return _unreachable(error)
    if isinstance(error, PermissionError) and error.filename:
        return f"{error.filename} may not be used by this user: {error.strerror}."
    # asyncio tells several refused addresses in one OSError without a number.
    return _unreachable(error) if "Connect call failed" in str(error) else ""


def _disk_full(_: BaseException) -> str:
    return "The disk of the database is full: make room and start again; nothing that was confirmed is lost."


def _internal(error: BaseException) -> str:
    # How PostgreSQL 15 says at a sign-in that its disk is full: without the code for it.
    return _disk_full(error) if "could not write init file" in str(error) else ""


def _missing_tables(_: BaseException) -> str:
    return "The database has not been migrated: run `market migrate`."


_SENTENCES: tuple[
    tuple[type[BaseException] | tuple[type[BaseException], ...], Callable[[BaseException], str]], ...
] = (
    ((Trouble, EmbeddedFailed), str),
    (ValidationError, _settings),
    (SettingsError, lambda error: f"A setting cannot be read: {error}."),
    (
        asyncpg.exceptions.ClientConfigurationError,
        lambda error: f"MARKET_DATABASE_URL cannot be used: {error}.",
    ),
    (asyncpg.DiskFullError, _disk_full),
    (asyncpg.InternalServerError, _internal),
    (asyncpg.UndefinedTableError, _missing_tables),
    (
        (
            asyncpg.PostgresConnectionError,
            asyncpg.InvalidAuthorizationSpecificationError,
            asyncpg.InvalidCatalogNameError,
            asyncpg.CannotConnectNowError,
            asyncpg.AdminShutdownError,
            asyncpg.CrashShutdownError,
            asyncpg.TooManyConnectionsError,
            asyncpg.InsufficientPrivilegeError,
        ),
        _unreachable,
    ),
    (
        IndexLocked,
        lambda error: f"{error}: the worker does, while the hall runs; `market reindex` asks it to rebuild.",
    ),
    (SearchError, lambda error: f"The search does not work: {error}."),
    (OSError, _network),
)
