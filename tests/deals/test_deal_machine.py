"""Every verb of a deal from every state over HTTP, and the record that they leave."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from schemas.vocabulary import DealStatus
from tests.deals.trade import Trade
from tests.makers import Market

Try = Callable[[Trade], Awaitable[httpx.Response]]

VERBS: dict[str, tuple[Try, set[str]]] = {
    "change_terms": (
        lambda trade: trade.change({"sublicence_right": True}),
        {"proposed", "gating", "cleared"},
    ),
    "accept": (lambda trade: trade.accept(trade.company), {"gating", "cleared"}),
    "declare": (lambda trade: trade.declare(trade.company), {"proposed", "gating", "cleared"}),
    "record_contract": (Trade.record, {"cleared"}),
    "confirm_contract": (Trade.confirm, {"contracted"}),
    "refuse_contract": (Trade.refuse, {"contracted"}),
    "record_payment": (Trade.pay, {"signed", "performing", "breached"}),
    "notify_breach": (Trade.note_breach, {"performing"}),
    "cure": (Trade.cure, {"breached"}),
    "terminate": (Trade.terminate, {"signed", "performing", "breached"}),
    "agree_completion": (lambda trade: trade.complete(trade.company), {"performing"}),
    "cancel": (Trade.cancel, {"proposed", "gating", "cleared"}),
}
"""Each verb with the states from which it is possible."""


@pytest.mark.parametrize("status", [status.value for status in DealStatus])
async def test_every_verb_is_refused_from_every_state_but_its_own(market: Market, status: str) -> None:
    trade = await (await Trade.of(market)).bring(status)
    before = await trade.view()
    for verb, (attempt, able) in VERBS.items():
        if status in able:
            continue
        response = await attempt(trade)
        assert response.status_code == 409, (verb, response.text)
        assert response.json()["type"].endswith("/wrong-state")
        assert all(state in response.json()["detail"] for state in able)
        assert await trade.view() == before


@pytest.mark.parametrize("verb", VERBS)
async def test_every_verb_is_possible_from_its_own_states(market: Market, verb: str) -> None:
    attempt, able = VERBS[verb]
    for status in able:
        response = await attempt(await (await Trade.of(market)).bring(status))
        assert response.is_success, (status, response.text)


async def test_the_events_of_a_deal_are_its_timeline(market: Market) -> None:
    trade = await (await Trade.of(market)).bring("performing")
    await trade.pay()
    await trade.complete(trade.company)
    await trade.complete(trade.director)
    events = await trade.company.ok("GET", f"{trade.path}/events")
    assert [event["kind"] for event in events] == [
        "proposed",
        "terms_changed",
        "terms_accepted",
        "conflicts_declared",
        "terms_accepted",
        "conflicts_declared",
        "cleared",
        "contract_recorded",
        "contract_confirmed",
        "took_effect",
        "payment_recorded",
        "completion_agreed",
        "completion_agreed",
        "completed",
    ]
    assert [event["seq"] for event in events] == list(range(1, 15))
    assert all(event["role"] for event in events if event["actor_id"])
    assert [event["kind"] for event in events if event["actor_id"] is None] == [
        "cleared",
        "took_effect",
        "completed",
    ]
