"""Rows that are locked: the session answers what stands once the lock is had, not what it had read before."""

import ast
import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

import market as application
from market.deals import queries as deals
from market.editions import queries as editions
from market.interests import queries as interests
from market.listings import queries as listings
from market.managers import queries as managers
from market.organisations import queries as organisations
from market.permissions import Actor
from schemas.vocabulary import Role
from tests.deals.trade import Trade
from tests.makers import Market

Lock = Callable[[AsyncSession, Actor, UUID], Coroutine[Any, Any, Any]]


def locking() -> Iterator[tuple[str, str]]:
    """Every function that locks rows, with its source."""
    for path in sorted(Path(application.__path__[0]).rglob("*.py")):
        source = path.read_text()
        lines = source.splitlines()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = "\n".join(lines[node.lineno - 1 : node.end_lineno])
                if "with_for_update" in body:
                    yield f"{path.parent.name}/{path.name} {node.name}", body


LOCKING = dict(locking())


@pytest.mark.parametrize("name", LOCKING)
def test_every_locked_read_is_populated_anew(name: str) -> None:
    body = LOCKING[name]
    assert body.count("populate_existing=True") >= body.count("with_for_update")


async def _assignment(session: AsyncSession, actor: Actor, assignment_id: UUID) -> Any:
    return (await managers.locked_assignment(session, actor, assignment_id)).assignment


# How the row of each table is locked.
LOCKS: dict[str, Lock] = {
    "listing": lambda session, actor, row: listings.working_copy(session, actor, row, lock=True),
    "interest": lambda session, actor, row: interests.interest(session, actor, row, lock=True),
    "manager": lambda session, _, row: managers.locked_manager(session, row),
    "assignment": _assignment,
    "deal": deals.locked,
    "organisation": lambda session, _, row: organisations.organisation(session, row, lock=True),
    "edition": lambda session, actor, row: editions.edition(session, actor, row, lock=True),
}


@pytest.fixture(scope="module")
async def rows(market: Market) -> dict[str, UUID]:
    """One row of every kind that is locked."""
    trade = await Trade.of(market, managed=True)
    await trade.open()
    assert trade.manager
    (assignment,) = (await trade.manager.ok("GET", "/assignments"))["items"]
    operator = await market.operator()
    edition = await operator.ok(
        "POST", "/editions", json={"kind": "product_catalogue", "title": {"en": "Innovation products"}}
    )
    return {
        "listing": UUID(trade.listing["id"]),
        "interest": UUID(trade.interest["id"]),
        "manager": UUID(assignment["manager"]["id"]),
        "assignment": UUID(assignment["id"]),
        "deal": UUID(trade.deal_id),
        "organisation": trade.officer.organisation_id,
        "edition": UUID(edition["id"]),
    }


@pytest.mark.parametrize("table", LOCKS)
async def test_of_two_transactions_the_second_decides_by_what_the_first_has_written(
    market: Market, rows: dict[str, UUID], table: str
) -> None:
    lock = LOCKS[table]
    operator = await market.operator()
    actor = Actor(operator.person_id, {operator.organisation_id: frozenset({Role.OPERATOR})})
    change = text(f"UPDATE {table} SET revision = revision + 1 WHERE id = :id")
    async with market.database.sessions() as late, market.database.sessions() as early:
        known = await lock(late, actor, rows[table])
        before = known.revision
        await late.commit()  # it keeps in memory what it has read
        await early.execute(change, {"id": rows[table]})
        waiting = asyncio.create_task(lock(late, actor, rows[table]))
        await _until_somebody_waits(market)
        await early.commit()
        assert await waiting is known
        assert known.revision == before + 1
        await late.rollback()


WAITING = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"


async def _until_somebody_waits(market: Market) -> None:
    async with asyncio.timeout(30):
        while not await market.database.pool.fetchval(WAITING):
            continue
