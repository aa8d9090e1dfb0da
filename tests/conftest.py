"""One real PostgreSQL for each process of a run, one database copied from a migrated template for each test module."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import httpx
import hypothesis
import pytest
import pytest_asyncio

from market.app import create_app, running
from market.database import Database, database_urls
from market.embedded import EmbeddedPostgres
from market.migrate import migrate
from market.opening import API_LOGIN
from market.roles import make_logins
from market.settings import Settings
from tests.makers import Market
from tests.operations.disks import let_pass

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

# A loaded machine is no failure: how long one example takes says nothing about behaviour.
hypothesis.settings.register_profile("hall", deadline=None)
hypothesis.settings.load_profile("hall")

JOURNEYS = "tests/journeys/"

# Speed in place of durability: the crash tests start servers of their own.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The whole suite runs on every core, up to four; what is named on the command line runs in this process."""
    whole = config.args_source is not pytest.Config.ArgsSource.ARGS
    return min(len(os.sched_getaffinity(0)), 4) if whole else 0


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> "LoadScopeScheduling":
    """A file stays together, and so do the journeys, which share one running hall."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return JOURNEYS if file.startswith(JOURNEYS) else file

    return Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The journeys and the files that hold a slow test come first: what is begun last should be short."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow and not item.nodeid.startswith(JOURNEYS))


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server's address; MARKET_TEST_DATABASE_URL names another one, for a second version."""
    given = os.environ.get("MARKET_TEST_DATABASE_URL")
    if given:
        yield given
        return
    folder = tmp_path_factory.mktemp("postgres")
    let_pass(folder)
    with EmbeddedPostgres(folder / "data", options=FAST) as server:
        yield server.url


def _named(url: str, database: str) -> str:
    return (
        database_urls(url)[0]
        .set(drivername="postgresql", database=database)
        .render_as_string(hide_password=False)
    )


def as_login(url: str, login: str) -> str:
    """The same database for another login, which has the same password."""
    return (
        database_urls(url)[0]
        .set(drivername="postgresql", username=login)
        .render_as_string(hide_password=False)
    )


async def _admin(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def template(postgres_url: str) -> str:
    """The name of a migrated database to copy."""
    name = f"template_{uuid.uuid4().hex[:8]}"

    async def make() -> None:
        await _admin(postgres_url, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        await migrate(_named(postgres_url, name))
        await make_logins(_named(postgres_url, name), database_urls(postgres_url)[0].password)

    asyncio.run(make())
    return name


@pytest_asyncio.fixture(scope="module")
async def database_url(postgres_url: str, template: str) -> AsyncIterator[str]:
    """A database of this module's own."""
    name = f"test_{uuid.uuid4().hex[:8]}"
    await _admin(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _named(postgres_url, name)
    await _admin(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        database_url=database_url,
        demo=True,
        data_dir=Path(tmp_path_factory.mktemp("market")),
        base_url="http://hall.test",
        search_url=None,
        durability="ignored",
    )


@pytest_asyncio.fixture(scope="module")
async def market(settings: Settings, database_url: str) -> AsyncIterator[Market]:
    """The whole application in this process, with makers of people, organisations and listings.

    It connects as an application does; `market.database` is a superuser's, who prepares rows and looks behind them.
    """
    app = create_app(settings, database_url=as_login(database_url, API_LOGIN))
    owner = Database(database_url, durability=settings.durability)
    await owner.open()
    async with running(app):  # not app.lifespan(), whose cancel scope does not survive a fixture
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=settings.base_url) as client:
            yield Market(app, client, owner, settings)
    await owner.close()


@pytest.fixture(scope="module")
def database(market: Market) -> Database:
    return market.database
