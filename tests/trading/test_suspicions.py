"""Red flags as the hall sees them: found in what is there already, looked at by two roles alone, and no bid is touched."""

import itertools
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from market.trading.turning import look
from schemas.vocabulary import OrganisationKind, Role
from tests.makers import Caller, Market
from tests.trading.stage import OPENING, STEP, Bidder, Sale, join
from tests.trading.test_conflicts import control

_numbers = itertools.count(1)
CONCLUSION = {"finding": "explained", "reason": "Both share the office of one incubator"}


async def a_stranger(market: Market) -> Caller:
    """A buyer under a domain of their own."""
    who = await market.company()
    await _write(
        market,
        "UPDATE person SET email = :email WHERE id = :id",
        email=f"buyer@c{next(_numbers)}.example",
        id=who.person_id,
    )
    return who


async def _write(market: Market, statement: str, **fields: Any) -> None:
    async with market.database.sessions() as session, session.begin():
        await session.execute(text(statement), fields)


async def held_by(market: Market, *who: Caller, payers: tuple[str, ...] = ()) -> Sale:
    """A round in which these bid, each of whom pays their deposit themselves, or as `payers` say."""
    sale = await Sale.of(market, "announced", bidders=0)
    for place, each in enumerate(who):
        bidder = await sale.a_bidder(each, paid=False)
        await pay(sale, bidder, payers[place] if payers else f"Company {next(_numbers)}")
    return sale


async def pay(sale: Sale, bidder: Bidder, payer: str) -> None:
    body = {
        "amount": (await sale.read())["deposit"],
        "bank_reference": f"SIGNAL-{next(_numbers)}",
        "value_date": "2025-01-02",
        "payer": payer,
    }
    path = f"{sale.path}/registrations/{bidder.id}/deposit"
    await sale.operator.ok("POST", path, body, headers={"Idempotency-Key": str(uuid4())})


async def flags(sale: Sale) -> list[str]:
    return [each["signal"] for each in await sale.operator.ok("GET", f"{sale.path}/signals")]


async def test_strangers_raise_no_flag_from_the_registration_to_the_end(market: Market) -> None:
    sale = await held_by(market, await a_stranger(market), await a_stranger(market))
    assert await flags(sale) == []
    await sale.let_pass(hours=1)
    await sale.let_pass(hours=1)
    for number in range(11):
        await sale.bid(number % 2, OPENING + number * STEP)
    await sale.let_pass(hours=24)
    assert await flags(sale) == []


async def test_each_relation_that_is_known_raises_its_flag(market: Market) -> None:
    one, other = await a_stranger(market), await a_stranger(market)
    sale = await held_by(market, one, other, payers=("Example Fund", "Example Fund"))
    assert await flags(sale) == ["same_payer"]
    above = await market.organisation(OrganisationKind.FUND)
    for who in (one, other):
        await control(sale, who.organisation_id, above)
        await _write(
            market,
            "UPDATE person_session SET address = '198.51.100.7' WHERE person_id = :id",
            id=who.person_id,
        )
    await _write(
        market, "UPDATE person SET email = 'b@' || :of WHERE id = :id", of="same.example", id=one.person_id
    )
    await _write(
        market, "UPDATE person SET email = 'c@' || :of WHERE id = :id", of="same.example", id=other.person_id
    )
    await join(market, one, other.organisation_id, Role.BUYER)
    found = await sale.operator.ok("GET", f"{sale.path}/signals")
    assert {each["signal"] for each in found} == {
        "same_payer",
        "shared_controller",
        "same_address",
        "same_domain",
        "same_person",
    }
    ids = {str(one.organisation_id), str(other.organisation_id)}
    assert all({party["id"] for party in each["bidders"]} == ids for each in found)
    assert "198.51.100.7" in next(each["detail"] for each in found if each["signal"] == "same_address")


async def test_a_government_above_two_makes_them_no_relations(market: Market) -> None:
    one, other = await a_stranger(market), await a_stranger(market)
    sale = await held_by(market, one, other)
    city = await market.organisation(OrganisationKind.GOVERNMENT)
    for who in (one, other):
        await control(sale, who.organisation_id, city)
    assert await flags(sale) == []


async def test_what_the_log_shows_is_asked_when_the_round_has_ended_and_touches_no_bid(
    market: Market,
) -> None:
    sale = await held_by(market, await a_stranger(market), await a_stranger(market))
    await sale.let_pass(hours=1)
    await sale.let_pass(hours=1)
    for number in range(12):
        await sale.bid(number % 2, OPENING + number * STEP)
    assert await flags(sale) == []
    await sale.let_pass(hours=24)
    log = await sale.log()
    await look(market.database, sale_id := (await sale.read())["id"])
    opened = await market.database.pool.fetch("SELECT signal FROM round_case WHERE round_id = $1", sale_id)
    assert [each["signal"] for each in opened] == ["alternating"]
    assert await flags(sale) == ["alternating"]
    assert (await sale.read())["status"] == "provisional_award"
    assert await sale.log() == log


async def test_a_case_is_for_operator_and_auditor_and_is_concluded_once(market: Market) -> None:
    one, other = await a_stranger(market), await a_stranger(market)
    sale = await held_by(market, one, other, payers=("Example Fund", "Example Fund"))
    auditor = await market.auditor()
    (case,) = await auditor.ok("GET", f"{sale.path}/signals")
    assert (await auditor.ok("GET", f"{sale.path}/signals")) == [case]
    path = f"{sale.path}/signals/{case['id']}/conclusion"
    for who in (sale.director, sale.officer, sale.finance, one):
        assert (await who.get(f"{sale.path}/signals")).status_code == 403
        assert (await who.post(path, CONCLUSION)).status_code == 403
    partial = await market.auditor()
    await join(market, partial, one.organisation_id, Role.RESEARCHER)
    assert (await partial.post(path, CONCLUSION)).status_code == 403
    assert (await auditor.post(path, {"finding": "explained"})).status_code == 422
    said = await auditor.ok("POST", path, CONCLUSION)
    assert (said["finding"], said["decided_by"]) == ("explained", str(auditor.person_id))
    assert (await sale.operator.post(path, CONCLUSION)).status_code == 409
    missing = f"{sale.path}/signals/{uuid4()}/conclusion"
    assert (await sale.operator.post(missing, CONCLUSION)).status_code == 404
