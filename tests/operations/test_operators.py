"""Who runs the hall is set up on the machine: the first operator, further ones, and a password that was forgotten."""

import asyncio
import io
import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.makers import Market
from tests.operations.commands import command
from tests.operations.processes import PATIENCE, environment

KEY = "a-secret-key-of-the-tests-alone-0123456789"
PASSWORD, OTHER = "a long and winding road", "another long road home"
FIRST = ("operator", "add", "Keeper@hall.example", "--name", "Keeper of the Hall")
HALL = ("--organisation", "Harbour Release Hall")

Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def run(market: Market, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run(password, *arguments)`, with the password on stdin."""
    url = market.settings.database_url
    assert url is not None
    in_this_process = command(monkeypatch, capsys, MARKET_DATABASE_URL=url, MARKET_SECRET_KEY=KEY)

    async def with_stdin(password: str, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{password}\n"))
        return await asyncio.to_thread(in_this_process, *arguments)  # a command has an event loop of its own

    return with_stdin


async def sign_in(market: Market, email: str, password: str) -> Any:
    answer = await market.client.post("/api/v1/sessions", json={"email": email, "password": password})
    market.client.cookies.clear()
    return answer


async def events(market: Market, subject: str) -> list[tuple[str, Any, Any]]:
    rows = await market.database.pool.fetch(
        "SELECT kind, actor_id, data FROM event WHERE subject_kind = $1 ORDER BY at, seq", subject
    )
    return [(row["kind"], row["actor_id"], row["data"]) for row in rows]


async def people(market: Market) -> int:
    count: int = await market.database.pool.fetchval("SELECT count(*) FROM person")
    return count


# In the order of a hall's first days: each test finds what the one before it left.


async def test_the_first_operator_needs_the_name_of_the_hall(market: Market, run: Run) -> None:
    code, out, told = await run(PASSWORD, *FIRST)
    assert (code, out) == (1, "")
    assert told == "No organisation runs this hall yet: name it with --organisation NAME.\n"
    assert await people(market) == 0


@pytest.mark.parametrize(
    ("password", "arguments", "sentence"),
    [
        ("short", (*FIRST, *HALL), "at least 12 characters"),
        ("so long " * 30, (*FIRST, *HALL), "at most 200 characters"),
        ("the keeper of it all", (*FIRST, *HALL), "must not contain the e-mail address"),
        (PASSWORD, ("operator", "add", "keeper", "--name", "Keeper", *HALL), "not an e-mail address"),
        (PASSWORD, (*FIRST[:4], " ", *HALL), "The name cannot be used"),
        (PASSWORD, (*FIRST, "--organisation", "Hаll of Hills"), "different alphabets"),
    ],
)
async def test_what_cannot_be_is_one_sentence_and_changes_nothing(
    market: Market, run: Run, password: str, arguments: tuple[str, ...], sentence: str
) -> None:
    code, out, told = await run(password, *arguments)
    assert (code, out, told.count("\n")) == (1, "", 1)
    assert sentence in told
    assert await people(market) == 0
    assert await events(market, "organisation") == []


async def test_the_first_operator_makes_the_hall_s_own_organisation(market: Market, run: Run) -> None:
    code, out, told = await run(PASSWORD, *FIRST, *HALL)
    assert (code, told) == (0, "")
    assert "Harbour Release Hall now runs this hall" in out
    answer = await sign_in(market, "keeper@hall.example", PASSWORD)
    assert answer.status_code == 201, answer.text
    (membership,) = answer.json()["person"]["memberships"]
    assert membership["organisation_name"] == {"en": "Harbour Release Hall"}
    assert membership["roles"] == ["operator"]
    assert [(kind, actor) for kind, actor, _ in await events(market, "organisation")] == [
        ("registered", None),
        ("roles_changed", None),
    ]


async def test_the_same_command_again_changes_nothing(market: Market, run: Run) -> None:
    before = await events(market, "organisation")
    code, out, _ = await run(OTHER, *FIRST, *HALL)
    assert code == 0
    assert "already: nothing was changed" in out
    assert await events(market, "organisation") == before
    assert (await sign_in(market, "keeper@hall.example", PASSWORD)).status_code == 201


async def test_the_operator_can_do_what_operators_do(market: Market, run: Run) -> None:
    token = (await sign_in(market, "keeper@hall.example", PASSWORD)).json()["token"]
    organisation = await market.organisation()
    answer = await market.client.get(
        f"/api/v1/organisations/{organisation}/members", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200, answer.text


async def test_an_account_of_the_hall_takes_a_further_role_and_keeps_its_password(
    market: Market, run: Run
) -> None:
    code, out, _ = await run("", *FIRST, "--role", "finance")
    assert code == 0
    assert "keeps the password" in out
    answer = await sign_in(market, "keeper@hall.example", PASSWORD)
    assert answer.json()["person"]["memberships"][0]["roles"] == ["finance", "operator"]


async def test_an_auditor_joins_the_organisation_that_there_is(market: Market, run: Run) -> None:
    arguments = ("operator", "add", "auditor@hall.example", "--name", "Auditor", "--role", "auditor")
    assert (await run(OTHER, *arguments))[0] == 0
    answer = await sign_in(market, "auditor@hall.example", OTHER)
    assert answer.json()["person"]["memberships"][0]["roles"] == ["auditor"]
    kinds = await market.database.pool.fetchval("SELECT count(*) FROM organisation WHERE kind = 'operator'")
    assert kinds == 1


async def test_a_second_organisation_does_not_run_the_hall(market: Market, run: Run) -> None:
    arguments = ("operator", "add", "other@hall.example", "--name", "Other", "--organisation", "Other Hall")
    code, _, told = await run(PASSWORD, *arguments)
    assert (code, told) == (1, "Harbour Release Hall runs this hall already: leave --organisation out.\n")


async def test_somebody_who_trades_in_the_hall_does_not_run_it(market: Market, run: Run) -> None:
    buyer = await market.company()
    code, _, told = await run(PASSWORD, "operator", "add", buyer.email, "--name", "Buyer")
    assert (code, told.count("\n")) == (1, 1)
    assert "do not trade" in told


async def test_a_forgotten_password_is_set_anew_and_ends_every_session(market: Market, run: Run) -> None:
    buyer = await market.company()
    for _ in range(12):
        assert (await sign_in(market, buyer.email, "not the password")).status_code in (401, 429)
    code, out, _ = await run(OTHER, "person", "password", buyer.email.upper())
    assert code == 0
    assert "1 sessions were ended" in out
    assert (await buyer.get("/people/me")).status_code == 401
    assert (await sign_in(market, buyer.email, OTHER)).status_code == 201
    assert ("password_set", None) in [(kind, actor) for kind, actor, _ in await events(market, "person")]


async def test_an_unknown_address_has_no_password_to_forget(market: Market, run: Run) -> None:
    code, _, told = await run(OTHER, "person", "password", "nobody@hall.example")
    assert (code, told) == (1, "No account has the address nobody@hall.example.\n")


async def test_the_record_of_it_is_whole(run: Run) -> None:
    assert (await run("", "verify"))[:2] == (0, "Nothing was touched.\n")


async def test_a_terminal_is_asked_until_both_agree_and_shows_nothing(market: Market) -> None:
    buyer = await market.company()
    code, shown = await asyncio.to_thread(
        at_a_terminal, market, buyer.email, OTHER, "not the same", OTHER, OTHER
    )
    assert code == 0, shown
    assert "do not match" in shown
    assert OTHER not in shown
    assert (await sign_in(market, buyer.email, OTHER)).status_code == 201


ASKED = re.compile(rb"(password|confirmation): $")
"""The blank comes when what is typed is no longer shown; an error has a colon too."""


def at_a_terminal(market: Market, email: str, *typed: str) -> tuple[int, str]:
    """`market person password EMAIL`, with what is typed whenever it asks."""
    screen, terminal = pty.openpty()
    settings = {"MARKET_DATABASE_URL": market.settings.database_url or "", "MARKET_SECRET_KEY": KEY}
    process = subprocess.Popen(
        [sys.executable, "-m", "market.cli", "person", "password", email],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        env=environment(**settings),
    )
    os.close(terminal)
    shown = b""
    try:
        for line in typed:
            shown += read_until(screen, ASKED)
            os.write(screen, f"{line}\n".encode())
        shown += read_until(screen, None)
        return process.wait(PATIENCE), shown.decode()
    finally:
        process.kill()
        process.wait()
        os.close(screen)


def read_until(screen: int, wanted: re.Pattern[bytes] | None) -> bytes:
    """What the terminal shows up to `wanted`, or to its end."""
    shown = b""
    while wanted is None or not wanted.search(shown):
        assert select.select([screen], [], [], PATIENCE)[0], shown
        try:
            part = os.read(screen, 1024)
        except OSError:  # the program has ended
            part = b""
        if not part:
            assert wanted is None, shown
            break
        shown += part
    return shown
