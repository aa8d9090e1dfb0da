"""Introductions: one signed receipt per assignment, that anybody can check with the served values alone."""

import base64
import hashlib
import json
from datetime import datetime
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from market.ledger.signing import public_key, sign, signing_key
from market.managers.rules import tail_end
from tests.interests.forms import a_published_result, an_interest
from tests.makers import Caller, Market
from tests.managers.profiles import a_manager, an_assignment

KEY = {"Idempotency-Key": "introduction-1"}


async def _assigned(market: Market, status: str = "active") -> tuple[Caller, Caller, Caller, dict[str, Any]]:
    """An owner's officer, a buyer, a manager, and their assignment."""
    officer, _, listing = await a_published_result(market)
    company = await market.company()
    interest = await an_interest(company, officer, listing)
    manager, profile = await a_manager(market)
    assignment = await an_assignment(officer, interest, manager, profile, status)
    return officer, company, manager, assignment


async def _introduced(manager: Caller, assignment: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = await manager.ok(
        "POST", f"/assignments/{assignment['id']}/introduction", headers=KEY
    )
    return made


async def test_an_introduction_names_both_parties_the_subject_and_the_time(market: Market) -> None:
    officer, company, manager, assignment = await _assigned(market)
    response = await manager.post(f"/assignments/{assignment['id']}/introduction", headers=KEY)
    assert response.status_code == 201, response.text
    made = response.json()
    assert response.headers["location"] == f"/api/v1/introductions/{made['id']}"
    receipt = json.loads(made["receipt"])
    assert receipt["type"] == "introduction"
    assert receipt["issuer"] == "http://hall.test"
    assert receipt["parties"]["owner"]["id"] == str(officer.organisation_id)
    assert receipt["parties"]["interested"]["id"] == str(company.organisation_id)
    assert receipt["parties"]["interested"]["name"] == assignment["organisation_name"]
    assert receipt["subject"]["interest"] == assignment["interest_id"]
    public = await market.client.get(f"/api/v1/listings/{assignment['listing_id']}")
    assert receipt["subject"]["sha256"] == hashlib.sha256(public.content).hexdigest()
    assert receipt["manager"]["id"] == assignment["manager"]["id"]
    introduced_at = datetime.fromisoformat(receipt["introduced_at"])
    assert datetime.fromisoformat(receipt["valid_until"]) == tail_end(introduced_at)
    assert (await manager.ok("GET", f"/assignments/{assignment['id']}"))["introduction_id"] == made["id"]
    profile = await market.client.get(f"/api/v1/managers/{assignment['manager']['id']}")
    assert profile.json()["record"] == {"introductions": 1, "succeeded": 0, "without_deal": 0}
    events = await company.ok("GET", f"/interests/{assignment['interest_id']}/events")
    assert events[-1]["kind"] == "introduced"
    assert events[-1]["data"] == {"introduction": made["id"], "sha256": made["sha256"]}


async def test_anybody_checks_a_receipt_with_the_served_values_alone(market: Market) -> None:
    _, company, manager, assignment = await _assigned(market)
    made = await _introduced(manager, assignment)
    served = await company.ok("GET", f"/introductions/{made['id']}")
    assert served == made
    receipt = served["receipt"].encode()
    signature = base64.b64decode(served["signature"])
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(served["public_key"]))
    key.verify(signature, receipt)
    assert hashlib.sha256(receipt).hexdigest() == served["sha256"]
    published = await market.client.get("/api/v1/keys/receipts")
    assert published.json() == {"algorithm": "Ed25519", "public_key": served["public_key"]}
    for place in range(len(receipt)):
        changed = bytearray(receipt)
        changed[place] ^= 1
        with pytest.raises(InvalidSignature):
            key.verify(signature, bytes(changed))
    for place in range(len(signature)):
        forged = bytearray(signature)
        forged[place] ^= 1
        with pytest.raises(InvalidSignature):
            key.verify(bytes(forged), receipt)


def test_another_secret_makes_another_key_and_the_same_one_the_same() -> None:
    first, again, other = (signing_key(secret * 16) for secret in ("ab", "ab", "cd"))
    assert public_key(first) == public_key(again) != public_key(other)
    signed = sign(first, "收据".encode())
    Ed25519PublicKey.from_public_bytes(signed.public_key).verify(signed.signature, "收据".encode())
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(public_key(other)).verify(signed.signature, "收据".encode())


async def test_the_parties_the_manager_the_operator_and_the_auditor_read_it_and_nobody_else(
    market: Market,
) -> None:
    officer, company, manager, assignment = await _assigned(market)
    made = await _introduced(manager, assignment)
    path = f"/introductions/{made['id']}"
    for caller in (officer, company, manager, await market.operator(), await market.auditor()):
        assert (await caller.get(path)).status_code == 200
    for caller in (await market.company(), await market.manager(), (await market.university())[0]):
        assert (await caller.get(path)).status_code == 404
    assert (await market.client.get(f"/api/v1{path}")).status_code == 401


async def test_an_introduction_is_made_once_and_a_repeated_request_gets_the_same_answer(
    market: Market,
) -> None:
    _, _, manager, assignment = await _assigned(market)
    path = f"/assignments/{assignment['id']}/introduction"
    assert (await manager.post(path)).status_code == 400  # a signature needs an Idempotency-Key
    first = await manager.post(path, headers=KEY)
    repeated = await manager.post(path, headers=KEY)
    assert (repeated.status_code, repeated.json()) == (201, first.json())
    second = await manager.post(path, headers={"Idempotency-Key": "introduction-2"})
    assert second.status_code == 409


async def test_only_the_active_manager_introduces(market: Market) -> None:
    officer, company, manager, assignment = await _assigned(market, "offered")
    path = f"/assignments/{assignment['id']}/introduction"
    early = await manager.post(path, headers=KEY)
    assert early.status_code == 409
    assert "the assignment is offered" in early.json()["detail"]
    for caller in (officer, company, await market.operator(), await market.auditor()):
        assert (await caller.post(path, headers=KEY)).status_code == 403
    assert (await (await market.manager()).post(path, headers=KEY)).status_code == 404


async def test_nobody_is_introduced_once_the_interest_has_ended(market: Market) -> None:
    _, company, manager, assignment = await _assigned(market)
    await company.ok("POST", f"/interests/{assignment['interest_id']}/pass", json={"reason": "too_early"})
    response = await manager.post(f"/assignments/{assignment['id']}/introduction", headers=KEY)
    assert response.status_code == 409


async def test_parties_whose_deal_is_open_are_introduced_no_more(market: Market) -> None:
    _, _, manager, assignment = await _assigned(market)
    async with market.database.sessions() as session, session.begin():
        await session.execute(
            text("UPDATE interest SET status = 'agreed' WHERE id = :id"), {"id": assignment["interest_id"]}
        )
    response = await manager.post(f"/assignments/{assignment['id']}/introduction", headers=KEY)
    assert response.status_code == 409
    assert "found each other" in response.json()["detail"]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE introduction SET receipt = '' WHERE id = :id", "DELETE FROM introduction WHERE id = :id"],
)
async def test_the_database_refuses_to_change_a_receipt(market: Market, statement: str) -> None:
    _, _, manager, assignment = await _assigned(market)
    made = await _introduced(manager, assignment)
    with pytest.raises(IntegrityError, match="never changed or deleted"):
        async with market.database.sessions() as session, session.begin():
            await session.execute(text(statement), {"id": made["id"]})
