"""A bid as a request: who may send it, what is refused before it is a bid, and repeats that come together."""

import asyncio
import json
from typing import Any

import pytest

from schemas.vocabulary import Scope
from tests.identity.test_api_keys import key_of
from tests.makers import Caller, Market
from tests.trading.stage import OPENING, STEP, Sale, key, money


@pytest.fixture(scope="module")
async def sale(market: Market) -> Sale:
    return await Sale.of(market)


async def last_used(market: Market, table: str, person: Caller) -> Any:
    query = f"SELECT last_used_at FROM {table} WHERE person_id = $1 ORDER BY created_at DESC"
    return await market.database.pool.fetchval(query, person.person_id)


# What is no bid


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (b'{"amount": {"amount": "1.00", "amount": "2.00"}}', 400, None),
        (b'{"amount": ', 400, None),
        (b'{"amount": NaN}', 400, None),
        (b"\xff", 400, None),
        (b"[" * 100_000, 400, None),
        (b'{"sealed": "\\ud800"}', 400, None),
        (b"[]", 422, ""),
        (b'{"amount": {"amount": 1, "currency": "CNY"}}', 422, "/amount/amount"),
        (b'{"amount": {"amount": "1.00", "currency": "XXX"}}', 422, "/amount/currency"),
        (b'{"amount": {"amount": "1.00"}, "price": 1}', 422, "/price"),
        (b'{"organisation_id": "mine"}', 422, "/organisation_id"),
        (b"{}", 422, "/amount"),
    ],
)
async def test_what_is_no_bid_is_a_problem_that_names_the_field(
    sale: Sale, body: bytes, status: int, pointer: str | None
) -> None:
    who = sale.bidders[0].who
    headers = key() | {"Content-Type": "application/json"}
    answer = await who("POST", f"{sale.path}/bids", content=body, headers=headers)
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["instance"] == f"/api/v1{sale.path}/bids"
    if pointer is not None:
        assert [each["pointer"] for each in problem["errors"]] == [pointer]


async def test_a_problem_is_told_in_chinese_to_whoever_asks_for_it(sale: Sale) -> None:
    headers = key() | {"Accept-Language": "zh-CN"}
    answer = await sale.bidders[0].who.post(f"{sale.path}/bids", {"amount": {}}, headers=headers)
    assert answer.headers["content-language"] == "zh-Hans"
    assert answer.json()["errors"] == [{"pointer": "/amount/amount", "detail": "缺少此字段", "rule": None}]


async def test_a_body_beyond_the_limit_is_too_large(sale: Sale) -> None:
    body = json.dumps({"sealed": "A" * 1_000_001}).encode()
    answer = await sale.bidders[0].who("POST", f"{sale.path}/bids", content=body, headers=key())
    assert answer.status_code == 413


async def test_a_parameter_that_nobody_knows_is_refused(sale: Sale) -> None:
    answer = await sale.bidders[0].who.post(
        f"{sale.path}/bids?dry_run=true", {"amount": money(OPENING)}, headers=key()
    )
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ["dry_run"]


# Who sent it


async def test_a_bid_is_a_use_of_its_key_and_of_its_session(market: Market) -> None:
    sale = await Sale.of(market)
    who = sale.bidders[0].who
    program = await key_of(market, who, Scope.ROUNDS)
    assert await last_used(market, "api_key", who) is None
    await program.ok("POST", f"{sale.path}/bids", {"amount": money(OPENING)}, headers=key())
    assert await last_used(market, "api_key", who) is not None
    older = "UPDATE person_session SET last_used_at = last_used_at - interval '2 min' WHERE person_id = $1"
    await market.database.pool.execute(older, who.person_id)
    before = await last_used(market, "person_session", who)
    await who.ok("POST", f"{sale.path}/bids", {"amount": money(OPENING + STEP)}, headers=key())
    assert await last_used(market, "person_session", who) > before


async def test_a_wrong_secret_beside_the_right_one_keeps_nobody_from_bidding(market: Market) -> None:
    sale = await Sale.of(market)
    who = sale.bidders[0].who
    program = await key_of(market, who, Scope.ROUNDS)
    forged = Caller(market.client, f"{program.token[:-4]}AAAA", who.person_id, who.organisation_id, who.email)
    senders = [forged, program, forged, forged]
    answers = await asyncio.gather(
        *(
            each.post(f"{sale.path}/bids", {"amount": money(OPENING + place * STEP)}, headers=key())
            for place, each in enumerate(senders)
        )
    )
    assert [answer.status_code for answer in answers] == [401, 201, 401, 401]


# Repeats


async def test_a_bid_that_comes_many_times_at_once_is_one_bid(market: Market) -> None:
    sale = await Sale.of(market)
    again, who = key(), sale.bidders[0].who
    body = {"amount": money(OPENING)}
    answers = await asyncio.gather(*(who.post(f"{sale.path}/bids", body, headers=again) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert [entry["kind"] for entry in await sale.log()] == ["admitted", "bid"]
    other = await who.post(f"{sale.path}/bids", {"amount": money(OPENING + STEP)}, headers=again)
    assert other.status_code == 422


async def test_repeats_are_found_by_the_index_however_short_the_log_was(market: Market) -> None:
    """Of a plan that reads a whole log nothing is seen while logs are short."""
    settings = await market.database.pool.fetchval(
        "SELECT proconfig FROM pg_proc WHERE proname = 'bids_under'"
    )
    assert settings == ["enable_seqscan=off"]
