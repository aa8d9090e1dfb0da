"""The gates of a deal over HTTP: everything that is missing at once, declarations, and the clearance."""

import pytest

from schemas.vocabulary import Role
from tests.deals.trade import TERMS, Trade
from tests.makers import Market


@pytest.fixture(scope="module")
async def trade_in_gating(market: Market) -> Trade:
    return await (await Trade.of(market)).bring("gating")


async def test_the_gates_name_everything_that_is_missing_at_once(market: Market) -> None:
    trade = await Trade.of(market, managed=True)
    await trade.open(terms={})
    gates = await trade.company.ok("GET", f"{trade.path}/gates")
    assert [(gate["name"], gate["met"]) for gate in gates if gate["required"]] == [
        ("terms_complete", False),
        ("conflicts_declared", False),
    ]
    assert [condition["pointer"] for condition in gates[0]["unmet"]] == [
        "/terms/field_of_use",
        "/terms/territory",
        "/terms/improvements",
        "/terms/payment",
        "/terms/price_lines",
        "/acceptances/seller",
        "/acceptances/buyer",
    ]
    assert [(c["pointer"], c["who_can_supply"]) for c in gates[1]["unmet"]] == [
        ("/declarations/seller", ["seller"]),
        ("/declarations/buyer", ["buyer"]),
        ("/declarations/manager", ["manager"]),
    ]
    assert all(gate["rule"] and gate["source"] for gate in gates)
    assert all(c["rule"] and c["detail"] for gate in gates for c in gate["unmet"])


async def test_the_last_condition_clears_the_deal_in_the_same_answer(market: Market) -> None:
    trade = await (await Trade.of(market, managed=True)).bring("gating")
    assert trade.manager is not None
    await trade.accept(trade.director)
    await trade.accept(trade.company)
    await trade.declare(trade.director)
    assert (await trade.declare(trade.company)).json()["status"] == "gating"
    cleared = (await trade.declare(trade.manager)).json()
    assert cleared["status"] == "cleared"
    assert all(gate["met"] for gate in cleared["gates"])
    assert cleared["related_parties"] is False


async def test_a_related_party_is_marked_and_bars_nothing(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("cleared")
    said = await trade.declare(trade.company, related="A director holds 5 % of the university's spin-off")
    assert said.json()["related_parties"] is True
    assert said.json()["declarations"]["buyer"]["none"] is False
    assert said.json()["status"] == "cleared"
    assert (await trade.declare(trade.company)).json()["related_parties"] is False


@pytest.mark.parametrize("said", [{}, {"none": False}, {"none": True, "related": "x"}, {"none": "true"}])
async def test_a_declaration_says_none_or_how(trade_in_gating: Trade, said: dict[str, object]) -> None:
    response = await trade_in_gating.director.post(f"{trade_in_gating.path}/declarations", said)
    assert response.status_code == 422


async def test_the_manager_declares_and_does_nothing_else(market: Market) -> None:
    trade = await (await Trade.of(market, managed=True)).bring("gating")
    assert trade.manager is not None
    assert (await trade.view(trade.manager))["manager"]["person_id"] == str(trade.manager.person_id)
    assert (await trade.accept(trade.manager)).status_code == 403
    assert (await trade.change({}, trade.manager)).status_code == 403
    assert (await trade.cancel(trade.manager)).status_code == 403
    assert (await trade.declare(trade.manager)).status_code == 200


async def test_a_colleague_of_the_manager_neither_sees_the_deal_nor_declares(market: Market) -> None:
    trade = await (await Trade.of(market, managed=True)).bring("gating")
    assert trade.manager is not None
    colleague = await market.person(trade.manager.organisation_id, Role.MANAGER)
    assert (await colleague.get(trade.path)).status_code == 404
    assert (await trade.declare(colleague)).status_code == 404


async def test_silent_terms_show_what_the_law_puts_in_their_place(market: Market) -> None:
    trade = await Trade.of(market)
    silent = {name: value for name, value in TERMS.items() if name not in ("term", "sublicence_right")}
    deal = (await trade.open("trial", silent)).json()
    assert deal["licence_kind"] == "ordinary"
    assert [(d["pointer"], d["value"], d["rule"]) for d in deal["defaults"]] == [
        ("/terms/licence_kind", "ordinary", "CT-6"),
        ("/terms/term", "unlimited", "CT-6"),
        ("/terms/sublicence_right", "false", "CT-6"),
    ]
