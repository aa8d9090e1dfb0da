"""How alembic reaches the database and what it compares it with."""

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

import market.tables  # noqa: F401 - registers every table


def compare(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


connection = context.config.attributes.get("connection")
if connection is not None:
    compare(connection)
else:
    raise SystemExit("run migrations through `market migrate`, checks through `make check`")
