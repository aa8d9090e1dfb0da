"""Forms of interest that tests fill in, and the road to an interest in any state."""

from typing import Any

from tests.makers import Caller, Market

ORDINARY: dict[str, Any] = {
    "mode": "ordinary_licence",
    "message": "We make pouch cells and want to try this electrolyte in our pilot line.",
    "business": "Lithium battery cells",
    "size": "medium",
    "how_found": "search",
}
EXCLUSIVE: dict[str, Any] = ORDINARY | {
    "mode": "exclusive_licence",
    "field_of_use": "Batteries for electric buses",
    "territory": ["110000", "JP", "US-CA"],
    "incorporation": "CN",
    "representative": {"name": "Licensing desk", "email": "licensing@example.com"},
    "development_plan": {
        "time": "Pilot line in 12 months, sales in 36",
        "nature": "Scale up from 2 Ah to 50 Ah cells",
        "capital": {"amount": "20000000.00", "currency": "CNY"},
        "capability": "A dry room of 400 m2 and 30 engineers",
    },
}
SOLUTION: dict[str, Any] = {
    "solution": "Our tunnel robot with a thermal camera",
    "message": "It ran in two tunnels last year.",
    "business": "Inspection robots",
    "size": "small",
}
ALL_MODES = ["ordinary_licence", "exclusive_licence", "sole_licence", "transfer", "option"]


async def an_interest(
    company: Caller, owner: Caller, listing: dict[str, Any], status: str = "submitted", **fields: Any
) -> dict[str, Any]:
    """An interest of the company, brought as far as `status`."""
    interest: dict[str, Any] = await company.ok(
        "POST", f"/listings/{listing['id']}/interests", json=ORDINARY | fields
    )
    path = f"/interests/{interest['id']}"
    if status in ("acknowledged", "negotiating", "agreed"):
        interest = await owner.ok("POST", f"{path}/acknowledgement")
    if status in ("negotiating", "agreed"):
        interest = await owner.ok("POST", f"{path}/negotiation")
    if status == "passed":
        interest = await company.ok("POST", f"{path}/pass", json={"reason": "too_early"})
    if status == "declined":
        interest = await owner.ok("POST", f"{path}/refusal", json={"reason": "not_available"})
    return interest


async def a_published_result(
    market: Market, *, public: bool = False, **fields: Any
) -> tuple[Caller, Caller, dict[str, Any]]:
    """The officer and the director of a new institute, and its published result; `public`: of a state-founded university."""
    officer, director = await (market.university() if public else market.institute())
    listing = await market.listing(officer, director, **({"modes": ALL_MODES} | fields))
    return officer, director, listing
