"""`market verify` names whatever was changed behind the application's back."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from market.verification import findings
from tests.makers import Market


async def found(market: Market) -> list[str]:
    return [finding async for finding in findings(market.database, lambda _done, _of: None)]


async def behind_its_back(market: Market, statement: str, listing: dict[str, Any]) -> None:
    """As somebody with the database's own powers, whom its triggers do not stop."""
    async with market.database.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text(statement), {"id": UUID(listing["id"])})


async def test_an_untouched_market_has_no_findings(market: Market) -> None:
    officer, director = await market.university()
    await market.listing(officer, director)
    assert await found(market) == []


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "UPDATE listing_version SET document = document || ' '::bytea WHERE listing_id = :id",
            "version 1 of listing {id}: its bytes or its hash were changed",
        ),
        (
            "UPDATE listing_version SET document = '{}', sha256 = sha256('{}') WHERE listing_id = :id",
            "version 1 of listing {id}: the record knows another document",
        ),
        ("DELETE FROM listing_version WHERE listing_id = :id", "version 1 of listing {id} is missing"),
        (
            "UPDATE event SET reason = 'another' WHERE subject_id = :id AND seq = 2",
            "event 2 of listing {id}: its content was changed",
        ),
        ("DELETE FROM event WHERE subject_id = :id AND seq = 2", "event 2 is missing"),
    ],
)
async def test_what_was_touched_is_named(market: Market, statement: str, told: str) -> None:
    officer, director = await market.university()
    listing = await market.listing(officer, director)
    before = await found(market)
    await behind_its_back(market, statement, listing)
    new = [finding for finding in await found(market) if finding not in before]
    assert told.format(id=listing["id"]) in "\n".join(new)
    # What waits for the log, and is not there any more, is named too.
    assert len(new) == (2 if statement.startswith("DELETE") else 1)
