"""What managers claim in the world of access.txt: consents that wait, claims of who was gone around, and rewards."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from market.workdays import legal_day
from tests.deals.trade import WANTED, Trade, fresh_key, money
from tests.makers import Caller
from tests.managers.profiles import ACCEPTANCE, FOUND

if TYPE_CHECKING:
    from tests.api.access import Body
    from tests.api.world import World

STATEMENT = {"statement": "They signed without me what I had introduced them over."}
SCHEME: dict[str, Any] = {
    "name": {"en": "Example reward"},
    "source": "Example notice 2026-1",
    "basis": "technical_value",
    "percent": "1",
    "requires": ["signed"],
    "cap_per_year": money("100000.00"),
    "once_per_deal": False,
    "valid_from": "2020-01-01",
}
EMPLOYMENT = {"share_percent": 10, "begins_on": "2026-01-01"}

BODIES: "dict[str, Body]" = {
    "POST /managers/{manager_id}/credentials/{credential_id}/verification": lambda world, thing, who: FOUND,
    "POST /managers/{manager_id}/employments": lambda world, thing, who: (
        EMPLOYMENT | {"organisation_id": str(world.agent.organisation_id)}
    ),
    "POST /managers/{manager_id}/employments/{employment_id}/end": lambda world, thing, who: {
        "ends_on": "2099-12-31"
    },
    "POST /listings/{listing_id}/assignments": lambda world, thing, who: {"manager_id": world.agency["id"]},
    "POST /deals/{deal_id}/assignments": lambda world, thing, who: {"manager_id": world.agency["id"]},
    "PUT /deals/{deal_id}/credit": lambda world, thing, who: {
        "shares": [{"manager_id": world.carrying["id"], "percent": "100"}],
        "reason": "as agreed",
    },
    "POST /assignment-plans": lambda world, thing, who: {},
    "POST /introductions/{introduction_id}/claims": lambda world, thing, who: STATEMENT,
    "POST /circumvention-claims/{claim_id}/answer": lambda world, thing, who: {"text": "We knew each other."},
    "POST /circumvention-claims/{claim_id}/decision": lambda world, thing, who: {
        "upheld": True,
        "reasons": "The receipt is in order.",
    },
    "POST /circumvention-claims/{claim_id}/withdrawal": lambda world, thing, who: {
        "reason": "we have settled"
    },
    "POST /reward-schemes": lambda world, thing, who: SCHEME,
    "POST /reward-claims": lambda world, thing, who: world.things["carried:eligible"],
    "POST /reward-claims/{reward_id}/check": lambda world, thing, who: {"note": "seen"},
    "POST /reward-claims/{reward_id}/return": lambda world, thing, who: {"reason": "name the invoice"},
    "POST /reward-claims/{reward_id}/payment": lambda world, thing, who: {
        "paid_on": "2026-01-02",
        "reference": "REWARD-1",
    },
}


async def have_employments(world: "World") -> None:
    """Of the home's manager and of the agent, each with an employer who is nobody else's business."""
    for standing, who, profile in (
        ("own", world.carrier, world.carrying),
        ("foreign", world.agent, world.agency),
    ):
        employer = {"organisation_id": str(await world.market.organisation())}
        path = f"/managers/{profile['id']}/employments"
        made = await who.ok("POST", path, json=EMPLOYMENT | employer)
        world.things[standing] |= {
            "employment_id": made["employments"][0]["id"],
            "credential_id": made["credentials"][0]["id"],
        }


async def have_claims(world: "World", standing: str) -> None:
    """A claim of who was gone around; a foreign one is answered. Its deal stands for every other introduction too."""
    if standing == "asking":
        return
    made, trade = await _bypassed(world, standing)
    manager = world.carrier if standing == "carried" else world.agent
    claim = await manager.ok("POST", f"/introductions/{made['id']}/claims", json=STATEMENT)
    world.things[f"{standing}:claimed"] = {"claim_id": claim["id"]}
    if standing == "foreign":
        for side in (trade.director, trade.company):
            answer = {"text": "We knew each other."}
            await side.ok("POST", f"/circumvention-claims/{claim['id']}/answer", json=answer)


async def _bypassed(world: "World", standing: str) -> tuple[dict[str, Any], Trade]:
    """A receipt whose parties have let the manager go and signed, and their deal."""
    trade = await world._trade(standing, **WANTED)
    manager = world.carrier if standing == "carried" else world.agent
    assignment = await world._assigned(standing, trade)
    at = f"/assignments/{assignment['id']}"
    receipt: dict[str, Any] = await manager.ok("POST", f"{at}/introduction", headers=fresh_key())
    await trade.officer.ok("POST", f"{at}/closure", json={"reason": "we go on alone"})
    for verb in ("acknowledgement", "negotiation"):
        await trade.officer.ok("POST", f"/interests/{trade.interest['id']}/{verb}")
    await trade.bring("cleared")
    recorded = await trade.record(signed_on=legal_day(datetime.now(UTC)).isoformat())
    assert recorded.status_code == 201, recorded.text
    confirmed = await trade.confirm()
    assert confirmed.status_code == 200, confirmed.text
    return receipt, trade


async def have_consents(world: "World", standing: str) -> None:
    """An offer of the company that awaits the consent of the listing's owner."""
    if standing not in ("own", "foreign"):
        return
    trade = await world._trade(standing)
    body = {"manager_id": world.agency["id"], "represents": "both"}
    offer = await trade.company.ok("POST", f"/interests/{trade.interest['id']}/assignments", json=body)
    world.things[f"{standing}:consenting"] = {"assignment_id": offer["id"]}


async def have_rewards(world: "World") -> None:
    """Claims of the home's manager in every state that a verb begins from, and one of the agent."""
    operators = [await world.market.operator() for _ in range(2)]
    schemes = [await operators[0].ok("POST", "/reward-schemes", json=SCHEME) for _ in range(4)]
    carried = world.things["carried:performing"]["deal_id"]
    world.things["carried:eligible"] = {"scheme_id": schemes[3]["id"], "deal_id": carried}
    for scheme, state in zip(schemes, ("owed", "checked", "approved"), strict=False):
        reward = await _claimed(world.carrier, scheme, carried)
        world.things[f"carried:{state}"] = {"reward_id": reward}
        if state != "owed":
            await operators[0].ok("POST", f"/reward-claims/{reward}/check", json={"note": "seen"})
        if state == "approved":
            await operators[1].ok("POST", f"/reward-claims/{reward}/approval")
    if "foreign:performing" not in world.things:
        return
    foreign = world.things["foreign:performing"]["deal_id"]
    asked = {"manager_id": world.agency["id"]}
    offer = await world.stranger.ok("POST", f"/deals/{foreign}/assignments", json=asked)
    await world.agent.ok("POST", f"/assignments/{offer['id']}/acceptance", json=ACCEPTANCE)
    world.things["foreign:owed"] = {"reward_id": await _claimed(world.agent, schemes[0], foreign)}


async def _claimed(manager: Caller, scheme: dict[str, Any], deal_id: str) -> str:
    body = {"scheme_id": scheme["id"], "deal_id": deal_id}
    return str((await manager.ok("POST", "/reward-claims", json=body, headers=fresh_key()))["id"])
