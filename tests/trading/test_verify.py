"""Whoever verifies a genuine round finds nothing, be it the hall from its rows or anybody from what it publishes."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from market.cli import app as command
from market.verification import findings, findings_of_round
from tests.makers import Market
from tests.trading.clock import give_a_clock
from tests.trading.published import Save, published, script
from tests.trading.rounds import Rounds

NAMES = ("sold", "unsold", "defaulted", "void", "alone", "running", "suspended", "tender")


@pytest_asyncio.fixture(scope="module")
async def database_url(database_url: str) -> str:
    await give_a_clock(database_url)
    return database_url


@pytest_asyncio.fixture(scope="module")
async def rounds(market: Market) -> Rounds:
    return await Rounds.held(market)


@pytest.fixture
def saved(tmp_path: Path) -> Save:
    return Save(tmp_path)


@pytest.mark.parametrize("name", NAMES)
async def test_a_genuine_round_has_no_faults(market: Market, rounds: Rounds, name: str) -> None:
    assert await findings_of_round(market.database, rounds.ids[name]) == []


async def test_a_market_with_genuine_rounds_has_no_findings(market: Market, rounds: Rounds) -> None:
    counted: list[tuple[int, int]] = []
    told = [each async for each in findings(market.database, lambda done, of: counted.append((done, of)))]
    assert told == []
    assert counted[-1][0] == counted[-1][1] > len(rounds.sales)


@pytest.mark.parametrize("name", NAMES)
async def test_a_genuine_round_holds_by_the_script_alone(
    market: Market, rounds: Rounds, saved: Save, name: str
) -> None:
    rules, items, view = await published(market, rounds.sales[name].path)
    key = (await market.client.get("/api/v1/keys/receipts")).json()["public_key"]
    given: list[str | Path] = [
        "--rules",
        saved("rules.json", rules),
        "--log",
        saved("log.json", {"items": items}),
    ]
    given += ["--round", saved("round.json", view), "--key", key]
    if name == "sold":
        for number, receipt in enumerate(rounds.receipts):
            given += ["--receipt", saved(f"receipt-{number}.json", receipt)]
    said = (await script(*given)).splitlines()
    assert said[-1] == "everything holds"
    assert said[0].startswith(f"{len(items)} entries; ")
    if name == "sold":
        last = rounds.receipts[-1]
        minor = last["amount"]["amount"].replace(".", "")
        assert f"{last['bidder']} leads with {minor} (entry {last['seq']})" in said[0]
        assert said[0].endswith("; confirmed")
    if name == "tender":
        assert "sealed bids were not opened: install cryptography" in said


@pytest.fixture
def address(market: Market) -> Iterator[str]:
    """A server of its own process on the same database."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        os.set_inheritable(listener.fileno(), True)
        environment = os.environ | {
            "MARKET_DATABASE_URL": str(market.settings.database_url),
            "MARKET_SECRET_KEY": market.settings.secret_key.get_secret_value(),
            "MARKET_DEMO": "true",
            "MARKET_DATA_DIR": str(market.settings.data_dir),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "market.serving", str(listener.fileno())],
            env=environment,
            pass_fds=[listener.fileno()],
        )
        port = listener.getsockname()[1]
    yield f"http://127.0.0.1:{port}/api/v1"
    process.terminate()
    assert process.wait() == 0


async def test_a_round_is_verified_at_its_address(rounds: Rounds, address: str) -> None:
    for name in ("sold", "running"):
        said = await script(f"{address}{rounds.sales[name].path}")
        assert said.splitlines()[-1] == "everything holds"
    assert "this cannot be read" in await script(f"{address}/rounds/{uuid4()}", code=2)


async def test_the_command_verifies_one_round(
    market: Market, rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARKET_DATABASE_URL", str(market.settings.database_url))
    monkeypatch.setenv("MARKET_DEMO", "true")

    async def run(*arguments: str) -> tuple[int, str]:
        done = await asyncio.to_thread(CliRunner().invoke, command, ["verify", *arguments])
        return done.exit_code, done.output + str(done.exception or "")

    assert await run("round", str(rounds.ids["sold"])) == (0, "Nothing was touched.\n")
    code, said = await run("round", str(uuid4()))
    assert (code, "There is no round with this id." in said) == (1, True)
    async with market.database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE sale_round SET top_amount = top_amount + 1 WHERE id = $1", (rounds.ids["running"],)
        )
    try:
        code, said = await run("round", str(rounds.ids["running"]))
        assert code == 1
        assert "touched: the round: top_amount is" in said
        assert "1 findings." in said
        code, said = await run()
        assert f"touched: round {rounds.ids['running']}: the round: top_amount is" in said
    finally:
        async with market.database.engine.begin() as connection:
            await connection.exec_driver_sql(
                "UPDATE sale_round SET top_amount = top_amount - 1 WHERE id = $1", (rounds.ids["running"],)
            )
