"""How the application reaches PostgreSQL: the base of all tables, the engine, and one clock per transaction.

It knows no feature. SQLAlchemy sessions serve the verbs; hot public reads use the asyncpg pool directly.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg
import uuid_utils.compat
from sqlalchemy import DateTime, Enum, MetaData, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlmodel import Field, SQLModel

LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # of a connection that is ended while it is being made
)
"""What asyncpg raises where a connection cannot be had, or does not answer any more."""

SQLModel.metadata.naming_convention = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
).naming_convention


def new_id() -> UUID:
    """A UUIDv7: unguessable enough to show, ordered enough to index."""
    return uuid_utils.compat.uuid7()


def moment(*, nullable: bool = False, index: bool = False) -> Any:
    """A column that holds an instant, aware, in UTC."""
    return Field(
        default=None if nullable else ...,
        sa_type=DateTime(timezone=True),
        nullable=nullable,
        index=index,
    )


def word(kind: type[StrEnum], *, default: Any = ..., index: bool = False, nullable: bool = False) -> Any:
    """A column that holds one word of a closed list, as text with a CHECK constraint."""
    column_type = Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=40,
        values_callable=lambda e: [m.value for m in e],
    )
    return Field(default=default, sa_type=column_type, nullable=nullable, index=index)


def identifier(**options: Any) -> Any:
    """The primary key of a table."""
    return Field(default_factory=new_id, primary_key=True, **options)


def database_urls(url: str) -> tuple[URL, str]:
    """The same address for SQLAlchemy (`postgresql+asyncpg://`) and for asyncpg (`postgresql://`)."""
    given = make_url(url)
    plain = given.set(drivername="postgresql")
    alchemy = given.set(drivername="postgresql+asyncpg")
    if mode := alchemy.query.get(
        "sslmode"
    ):  # libpq's name, which asyncpg reads in an address but not as an argument
        alchemy = alchemy.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return alchemy, plain.render_as_string(hide_password=False)


async def _as_it_is(_connection: asyncpg.Connection) -> None:
    """Give a connection back to the pool without a word to the server.

    A transaction that was left open is rolled back in any case, and nobody sets, listens to or locks anything for longer
    on a connection of the pool: who does so has one of their own.
    """


class Database:
    """One engine for the verbs and one asyncpg pool for hot reads and notifications, of one process."""

    def __init__(self, url: str, *, pool_size: int = 10, durability: str = "required") -> None:
        """`durability` is what the settings say of a server that may lose what it confirms; sessions carry it along."""
        alchemy, self.plain_url = database_urls(url)
        self.engine: AsyncEngine = create_async_engine(
            alchemy,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=10,
            pool_pre_ping=False,
            hide_parameters=True,
        )
        self.durability = durability
        self.sessions = async_sessionmaker(
            self.engine, expire_on_commit=False, autoflush=True, info={"durability": durability}
        )
        self._pool: asyncpg.Pool | None = None
        self._pool_size = pool_size

    @property
    def pool(self) -> asyncpg.Pool:
        if self._pool is None:
            raise RuntimeError("the database was not opened")
        return self._pool

    async def open(self) -> None:
        if self._pool is None:
            self._pool = await asyncpg.create_pool(
                self.plain_url, min_size=1, max_size=self._pool_size, reset=_as_it_is
            )

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()
            self._pool = None
        await self.engine.dispose()


PLAYED = "played"
"""In a session's info: its `now` is set by whoever tells what happened before, and no clock is read."""


async def read_clock_anew(session: AsyncSession) -> None:
    """After a wait for a lock: `now` is the clock of this moment, and no longer that of the transaction's start."""
    if not session.info.get(PLAYED):
        at: datetime = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
        session.info["now"] = at.astimezone(UTC)


async def now(session: AsyncSession) -> datetime:
    """The database's clock at the start of this transaction, in UTC: the one `now` of a request."""
    known = session.info.get("now")
    if isinstance(known, datetime):
        return known
    at: datetime = (await session.execute(text("SELECT transaction_timestamp()"))).scalar_one()
    session.info["now"] = at.astimezone(UTC)
    return at.astimezone(UTC)


def row_values(row: SQLModel) -> Mapping[str, Any]:
    """The columns of a row by name, for a view to be made from."""
    return {name: getattr(row, name) for name in type(row).model_fields}
