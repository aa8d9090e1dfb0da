"""The terms of a deal over HTTP: changed by either side, accepted by both by their hash."""

import pytest

from schemas.vocabulary import Role
from tests.deals.trade import EQUITY, LUMP_SUM, Trade, money, pointers, unmet
from tests.makers import Caller, Market


async def test_a_change_is_a_merge_patch_that_needs_the_etag(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("gating")
    assert (await trade.company("PATCH", trade.path, json={"terms": {}})).status_code == 428
    assert (await trade.company.patch(trade.path, {"terms": {}}, '"r99"')).status_code == 412
    changed = await trade.change({"field_of_use": None, "all_fields": True})
    assert changed.status_code == 200
    assert changed.json()["terms"]["all_fields"] is True
    assert changed.json()["terms"]["field_of_use"] is None
    assert changed.json()["terms"]["territory"] == ["CN"]


async def test_the_first_terms_take_a_proposed_deal_to_its_gates(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("proposed")
    assert (await trade.change({"all_fields": True})).json()["status"] == "gating"


async def test_a_payment_of_another_type_replaces_the_one_before_it(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("gating")
    instalments = [
        {"amount": money("100000.00"), "due_on": "2026-03-01"},
        {"amount": money("200000.00"), "due_on": "2026-09-01"},
    ]
    changed = await trade.change({"payment": {"type": "instalments", "instalments": instalments}})
    assert changed.status_code == 200, changed.text
    assert changed.json()["terms"]["payment"] == {"type": "instalments", "instalments": instalments}
    merged = await trade.change({"payment": LUMP_SUM})
    again = await trade.change({"payment": {"days_after_signing": None, "due_on": "2026-05-01"}})
    assert merged.json()["terms"]["payment"]["days_after_signing"] == 30
    assert again.json()["terms"]["payment"] == {
        "type": "lump_sum",
        "due_on": "2026-05-01",
        "days_after_signing": None,
    }


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"territory": ["Atlantis"]}, "/terms/territory/0"),
        ({"colour": "blue"}, "/terms/colour"),
        ({"price_lines": [{"description": "x", "amount": money("1.001"), "is_technical": True}]}, "/terms/price_lines/0/amount"),
        ({"price_lines": [{"description": "x", "amount": money("1", "USD"), "is_technical": True}, {"description": "y", "amount": money("1"), "is_technical": True}]}, "/terms"),
        ({"payment": {"type": "barter"}}, "/terms/payment/type"),
        ({"payment": {"type": "lump_sum", "due_on": "2026-01-01", "days_after_signing": 3}}, "/terms/payment"),
        ({"term": {"unlimited": "yes"}}, "/terms/term/unlimited"),
    ],
)  # fmt: skip
async def test_a_change_that_is_not_valid_names_the_field(
    market: Market, trade_in_gating: Trade, patch: dict[str, object], pointer: str
) -> None:
    assert pointers(await trade_in_gating.change(patch)) == [pointer]


@pytest.fixture(scope="module")
async def trade_in_gating(market: Market) -> Trade:
    return await (await Trade.of(market)).bring("gating")


async def test_a_change_takes_back_both_acceptances_and_the_clearance(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("cleared")
    changed = (await trade.change({"sublicence_right": True})).json()
    assert changed["status"] == "gating"
    assert changed["acceptances"] == {}
    assert set(changed["declarations"]) == {"seller", "buyer"}
    assert unmet(changed) == {
        "terms_complete": ["/acceptances/seller", "/acceptances/buyer"],
        "conflicts_declared": [],
    }
    back = (await trade.change({"sublicence_right": False})).json()
    assert back["acceptances"] == {}, "an acceptance does not come back with the old terms"


async def test_a_change_that_changes_nothing_takes_nothing_back(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("cleared")
    before = await trade.view()
    same = (await trade.change({"territory": ["CN"], "payment": LUMP_SUM})).json()
    assert same == before


async def test_another_company_for_the_equity_takes_back_the_declarations_too(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("cleared", "equity", EQUITY)
    changed = (await trade.change({"payment": {"company": "Another Company Ltd"}})).json()
    assert changed["declarations"] == {}
    assert changed["status"] == "gating"


async def test_both_sides_accept_the_same_hash(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("gating")
    first = (await trade.accept(trade.director)).json()
    assert list(first["acceptances"]) == ["seller"]
    assert first["acceptances"]["seller"]["by"] == str(trade.director.person_id)
    second = (await trade.accept(trade.company)).json()
    assert set(second["acceptances"]) == {"seller", "buyer"}
    assert second["status"] == "gating", "conflicts are not declared yet"


async def test_stale_terms_are_not_accepted(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("gating")
    read = (await trade.view())["terms_sha256"]
    await trade.change({"sublicence_right": True})
    refused = await trade.director.post(f"{trade.path}/acceptance", {"terms_sha256": read})
    assert refused.status_code == 412
    assert (await trade.view())["terms_sha256"] in refused.json()["detail"]
    assert (await trade.view())["acceptances"] == {}


async def test_incomplete_terms_are_not_accepted_and_everything_missing_is_named(market: Market) -> None:
    trade = await Trade.of(market)
    await trade.open(terms={"territory": ["CN"]})
    assert pointers(await trade.accept(trade.director)) == [
        "/terms/field_of_use",
        "/terms/improvements",
        "/terms/payment",
        "/terms/price_lines",
    ]


async def test_an_acceptance_repeated_changes_nothing(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("gating")
    first = await trade.accept(trade.director)
    assert (await trade.accept(trade.director)).json() == first.json()


async def test_signers_accept_and_nobody_else(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("gating")
    assert (await trade.accept(trade.officer)).status_code == 403
    finance = await market.person(trade.company.organisation_id, Role.FINANCE)
    assert (await trade.accept(finance)).status_code == 403
    assert (await trade.accept(await market.operator())).status_code == 403


async def both_sides(market: Market, trade: Trade) -> Caller:
    """The company's buyer, who has joined the seller's directors too."""
    token = await trade.director.ok(
        "POST",
        f"/organisations/{trade.director.organisation_id}/invitations",
        {"email": trade.company.email, "roles": ["tto_director"]},
    )
    await trade.company.ok("POST", "/invitations", {"token": token["token"]})
    return trade.company


async def test_nobody_acts_for_both_sides(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("gating")
    both = await both_sides(market, trade)
    for refused in (await trade.accept(both), await trade.declare(both), await trade.change({}, both)):
        assert refused.status_code == 403
        assert "both" in refused.json()["detail"]


async def test_who_has_accepted_for_one_side_cannot_move_over_and_accept_for_the_other(
    market: Market,
) -> None:
    trade = await (await Trade.of(market)).bring("gating")
    await trade.accept(trade.company)
    both = await both_sides(market, trade)
    colleague = await market.person(trade.company.organisation_id, Role.ADMIN)
    await colleague.patch(
        f"/organisations/{both.organisation_id}/members/{both.person_id}", {"roles": ["reviewer"]}, "*"
    )
    refused = await trade.accept(both)
    assert refused.status_code == 403
    assert "other side" in refused.json()["detail"]
