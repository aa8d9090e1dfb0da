"""Profiles of technology managers that tests register, and the road to an assignment in any state."""

from typing import Any

from tests.makers import Caller, Market

PROFILE: dict[str, Any] = {
    "level": "senior",
    "credentials": [
        {"issuer": "Example examination board", "number": "TM-2024-001", "expires_on": "2099-12-31"}
    ],
    "fields": {"ipc": ["H01M"], "discipline": ["E02"], "industry": ["C38"]},
    "languages": ["zh", "en"],
    "regions": ["110000"],
    "capacity": 3,
}
ACCEPTANCE: dict[str, Any] = {
    "no_conflict": True,
    "declaration": "I hold no interest in either party and none in the listing.",
}


async def a_manager(market: Market, **fields: Any) -> tuple[Caller, dict[str, Any]]:
    """A technology manager of a new agency, with a profile."""
    caller = await market.manager()
    profile: dict[str, Any] = await caller.ok("POST", "/managers", json=PROFILE | fields)
    return caller, profile


async def an_assignment(
    party: Caller, interest: dict[str, Any], manager: Caller, profile: dict[str, Any], status: str = "active"
) -> dict[str, Any]:
    """An assignment that the party offers, and the manager accepts unless `status` is offered."""
    assignment: dict[str, Any] = await party.ok(
        "POST", f"/interests/{interest['id']}/assignments", json={"manager_id": profile["id"]}
    )
    if status == "active":
        assignment = await manager.ok("POST", f"/assignments/{assignment['id']}/acceptance", json=ACCEPTANCE)
    return assignment
