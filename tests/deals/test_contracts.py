"""The contract of a deal over HTTP: recorded by one side, confirmed or refused by the other, and what it states."""

import asyncio
import hashlib
import json
from typing import Any

import asyncpg
import pytest
import rfc8785

from schemas.vocabulary import Role
from tests.deals.trade import (
    CONTRACT,
    EQUITY,
    KIND_OF_MODE,
    PATENT,
    TERMS,
    Trade,
    fresh_key,
    money,
    pointers,
)
from tests.makers import Market


async def document_of(trade: Trade) -> dict[str, Any]:
    response = await trade.company.get(f"{trade.path}/contract")
    assert response.status_code == 200, response.text
    sha256 = hashlib.sha256(response.content).hexdigest()
    assert response.headers["etag"] == f'"{sha256}"'
    assert (await trade.view())["contract"]["sha256"] == sha256
    document: dict[str, Any] = response.json()
    assert rfc8785.dumps(document) == response.content
    return document


async def test_a_contract_is_recorded_with_its_canonical_bytes(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("cleared")
    recorded = await trade.record(trade.director)
    assert recorded.status_code == 201
    assert recorded.headers["location"] == f"/api/v1{trade.path}/contract"
    deal = recorded.json()
    assert deal["status"] == "contracted"
    contract = deal["contract"]
    assert contract["recorded"]["by"] == str(trade.director.person_id)
    assert contract["confirmed"] is None
    assert (contract["effective_on"], contract["valid_until"]) == ("2026-01-15", "2029-12-31")
    assert (contract["total_value"], contract["technical_value"]) == (money("300000.00"), money("250000.00"))
    document = await document_of(trade)
    assert document["terms"] == deal["terms"]
    assert document["terms_sha256"] == hashlib.sha256(rfc8785.dumps(deal["terms"])).hexdigest()
    assert document["signatories"] == CONTRACT["signatories"]
    assert document["listing"]["version"] == 1
    assert document["related_parties"] == {"seller": None, "buyer": None}
    assert document["patents"] == [
        {
            "title": {"en": "Solid electrolyte for lithium batteries", "zh-Hans": "固态锂电池电解质"},
            "kind": "invention",
            "office": "CN",
            "owners": ["Example University"],
            "filed_on": "2010-12-15",
            "application_number": "CN201080063196.9",
            "granted": True,
            "patent_number": "ZL201080063196.9",
            "expires_on": "2030-12-15",
        }
    ]


async def test_there_is_no_contract_before_one_is_recorded(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("cleared")
    assert (await trade.company.get(f"{trade.path}/contract")).status_code == 404


async def test_a_contract_needs_a_key_and_a_signer(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("cleared")
    for path in ("contract", "contract/confirmation", "payments"):
        keyless = await trade.director.post(f"{trade.path}/{path}", CONTRACT)
        assert keyless.status_code == 400
        assert keyless.json()["type"].endswith("/key-required")
    assert (await trade.record(trade.officer)).status_code == 403
    finance = await market.person(trade.company.organisation_id, Role.FINANCE)
    assert (await trade.record(finance)).status_code == 403


async def test_a_name_given_twice_is_refused(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("cleared")
    body = json.dumps(CONTRACT)[:-1] + ', "number": "2026-LIC-002"}'
    headers = fresh_key() | {"Content-Type": "application/json"}
    response = await trade.director("POST", f"{trade.path}/contract", content=body, headers=headers)
    assert response.status_code == 400
    assert "number" in response.json()["detail"]


@pytest.mark.parametrize("mode", ["transfer", "exclusive_licence", "ordinary_licence", "option", "equity"])
async def test_a_contract_fits_its_mode(market: Market, mode: str) -> None:
    terms = EQUITY if mode == "equity" else TERMS
    trade = await (await Trade.of(market)).bring("cleared", mode, terms)
    assert pointers(await trade.record(kind="consulting")) == ["/kind"]
    recorded = await trade.record(kind=KIND_OF_MODE.get(mode, "licence"))
    assert recorded.status_code == 201, recorded.text


async def test_everything_that_stands_against_a_record_is_said_at_once(market: Market) -> None:
    rights = [{name: value for name, value in PATENT.items() if name not in ("filed_on", "owners")}]
    trade = await (await Trade.of(market, ip_rights=rights)).bring("cleared")
    refused = await trade.record(
        kind="transfer", signed_on="2999-01-01", effective_on="2999-02-01", valid_until="2999-03-01"
    )
    assert pointers(refused) == [
        "/kind",
        "/signed_on",
        "/valid_until",
        "/effective_on",
        "/patents/-/owners",
        "/patents/-/filed_on",
        "/patents/-/expires_on",
    ]
    assert await trade.status() == "cleared"
    facts = [{"place": 0, "filed_on": "2010-12-15", "owners": ["Example University"]}]
    assert (await trade.record(patents=facts)).status_code == 201
    assert (await document_of(trade))["patents"][0]["expires_on"] == "2030-12-15"


async def test_what_the_listing_states_of_a_patent_is_not_contradicted(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("cleared")
    facts = [
        {"place": 0, "filed_on": "2011-01-01", "title": {"en": "A better title"}},
        {"place": 0},
        {"place": 7},
    ]
    refused = await trade.record(patents=facts)
    assert pointers(refused) == ["/patents/1/place", "/patents/2/place", "/patents/0/filed_on"]
    assert (await trade.record(patents=[{"place": 0, "title": {"en": "A better title"}}])).status_code == 201
    assert (await document_of(trade))["patents"][0]["title"] == {"en": "A better title"}


async def test_an_unpublished_application_is_stated_by_the_parties(market: Market) -> None:
    rights = [PATENT | {"status": "pending"}]
    trade = await (await Trade.of(market, ip_rights=rights)).bring("cleared")
    assert pointers(await trade.record()) == ["/patents/-/filed_on", "/patents/-/application_number"]
    facts = [{"place": 0, "filed_on": "2010-12-15", "application_number": "CN201080063196.9"}]
    recorded = await trade.record(patents=facts)
    assert recorded.status_code == 201, recorded.text
    assert recorded.json()["contract"]["licence_recordal_due_on"] is None, (
        "only a granted patent's is recorded"
    )


async def test_a_patent_that_the_listing_does_not_name_is_stated_whole(market: Market) -> None:
    trade = await (await Trade.of(market, kind="opportunity")).bring("cleared")
    bare = await trade.record(patents=[{"title": {"en": "A sensor"}, "granted": True, "office": "US"}])
    assert pointers(bare) == [
        "/patents/0/kind",
        "/patents/0/owners",
        "/patents/0/filed_on",
        "/patents/0/application_number",
        "/patents/0/patent_number",
        "/patents/0/expires_on",
    ]
    assert (await trade.record()).status_code == 201


async def test_the_recordal_of_a_patent_licence_is_due_three_months_after_it_takes_effect(
    market: Market,
) -> None:
    trade = await (await Trade.of(market)).bring("cleared")
    recorded = await trade.record(effective_on="2026-02-01")
    # 2026-05-01 is a holiday, as are the days to 2026-05-05.
    assert recorded.json()["contract"]["licence_recordal_due_on"] == "2026-05-06"


async def test_a_transfer_is_not_recorded_as_a_licence(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("performing", "transfer")
    assert (await trade.view())["contract"]["licence_recordal_due_on"] is None


# The other side


async def test_the_other_side_confirms_and_not_the_one_that_recorded(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("contracted")
    for who in (trade.director, await market.person(trade.director.organisation_id, Role.TTO_DIRECTOR)):
        refused = await trade.confirm(who)
        assert refused.status_code == 403
        assert "buyer confirms" in refused.json()["detail"]
    confirmed = (await trade.confirm()).json()
    assert confirmed["status"] == "performing"
    assert confirmed["contract"]["confirmed"]["by"] == str(trade.company.person_id)


async def test_the_buyer_may_record_and_the_seller_confirm(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("cleared")
    await trade.record(trade.company)
    assert (await trade.confirm(trade.company)).status_code == 403
    assert (await trade.confirm(trade.director)).json()["status"] == "performing"


@pytest.mark.parametrize("side", ["director", "company"])
async def test_a_wrong_record_is_refused_and_another_one_follows(market: Market, side: str) -> None:
    trade = await (await Trade.of(market)).bring("contracted")
    refused = (await trade.refuse(getattr(trade, side))).json()
    assert (refused["status"], refused["contract"]) == ("cleared", None)
    assert (await trade.company.get(f"{trade.path}/contract")).status_code == 404
    again = await trade.record(number="2026-LIC-002")
    assert again.json()["contract"]["number"] == "2026-LIC-002"
    assert (await trade.confirm()).json()["contract"]["confirmed"]
    events = await trade.company.ok("GET", f"{trade.path}/events")
    records = [event["data"] for event in events if event["kind"] == "contract_recorded"]
    assert [record["number"] for record in records] == ["2026-LIC-001", "2026-LIC-002"]
    kept = await market.database.pool.fetch("SELECT number FROM contract WHERE deal_id = $1", trade.deal_id)
    assert len(kept) == 2


@pytest.mark.parametrize(
    ("mode", "terms", "status"),
    [
        ("transfer", {}, "closed"),
        ("equity", {"payment": EQUITY["payment"]}, "closed"),
        (
            "exclusive_licence",
            {"field_of_use": None, "all_fields": True, "territory": ["worldwide"]},
            "closed",
        ),
        ("sole_licence", {"field_of_use": None, "all_fields": True, "territory": ["worldwide"]}, "closed"),
        ("exclusive_licence", {}, "published"),
        ("exclusive_licence", {"field_of_use": None, "all_fields": True}, "published"),
        (
            "ordinary_licence",
            {"field_of_use": None, "all_fields": True, "territory": ["worldwide"]},
            "published",
        ),
    ],
)
async def test_a_confirmed_contract_closes_the_listing_where_nothing_is_left_to_offer(
    market: Market, mode: str, terms: dict[str, Any], status: str
) -> None:
    trade = await (await Trade.of(market)).bring("contracted", mode, TERMS | terms)
    held = "published" if mode == "ordinary_licence" else "under_deal"
    assert await trade.listing_status() == held
    await trade.confirm()
    assert await trade.listing_status() == status


# At once, and again


async def test_of_two_records_at_once_one_wins(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("cleared")
    answers = await asyncio.gather(
        *(
            trade.record(who, number=f"N-{place}")
            for place, who in enumerate([trade.director, trade.company] * 3)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert (
        await market.database.pool.fetchval("SELECT count(*) FROM contract WHERE deal_id = $1", trade.deal_id)
        == 1
    )


async def test_of_two_confirmations_at_once_one_wins(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("contracted", "transfer")
    answers = await asyncio.gather(*(trade.confirm() for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_a_cancellation_and_a_record_at_once_do_not_both_happen(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("cleared", "transfer")
    recorded, cancelled = await asyncio.gather(trade.record(kind="transfer"), trade.cancel())
    assert sorted((recorded.is_success, cancelled.is_success)) == [False, True]
    expected = ("contracted", "under_deal") if recorded.is_success else ("cancelled", "published")
    assert (await trade.status(), await trade.listing_status()) == expected


async def test_a_record_repeated_with_its_key_gives_the_same_answer(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("cleared")
    key = fresh_key()
    first = await trade.director.post(f"{trade.path}/contract", CONTRACT, headers=key)
    again = await trade.director.post(f"{trade.path}/contract", CONTRACT, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"


async def test_a_contract_is_never_changed_or_deleted_in_the_database(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("performing")
    await trade.pay()
    for statement in (
        "UPDATE contract SET number = 'x' WHERE deal_id = $1",
        "DELETE FROM contract WHERE deal_id = $1",
        "UPDATE payment SET amount = 1 WHERE deal_id = $1",
        "DELETE FROM payment WHERE deal_id = $1",
        "DELETE FROM deal WHERE id = $1",
    ):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await market.database.pool.execute(statement, trade.deal_id)
