"""Profiles of technology managers that tests register, and the road to an assignment in any state."""

from typing import Any

from tests.makers import Caller, Market

PROFILE: dict[str, Any] = {
    "level": "senior",
    "credentials": [
        {
            "issuer": "Example examination board",
            "number": "TM-2024-001",
            "issued_on": "2024-03-01",
            "expires_on": "2099-12-31",
        }
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
FOUND: dict[str, Any] = {"verified": True, "note": "The board confirms it."}


async def verified(operator: Caller, profile: dict[str, Any]) -> dict[str, Any]:
    """The profile, once the operator has verified every credential that it states."""
    for credential in profile["credentials"]:
        path = f"/managers/{profile['id']}/credentials/{credential['id']}/verification"
        profile = await operator.ok("POST", path, json=FOUND)
    return profile


async def a_manager(market: Market, **fields: Any) -> tuple[Caller, dict[str, Any]]:
    """A technology manager of a new agency, with a profile whose credentials the operator has verified."""
    caller = await market.manager()
    profile: dict[str, Any] = await caller.ok("POST", "/managers", json=PROFILE | fields)
    return caller, await verified(await market.operator(), profile)


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
