"""What a sponsor that calls a challenge off owes to the teams at work, by its published rules; no database."""

from collections.abc import Collection, Mapping
from typing import Any

from schemas.values import Money


def owed(rules: Mapping[str, Any], passed: int) -> int:
    """Minor units for each team at work: the sum for work that was begun, and those of the `passed` stages behind it."""
    sums = [rules.get("compensation"), *(stage.get("compensation") for stage in rules["stages"][:passed])]
    return sum(Money.model_validate(each).minor for each in sums if each is not None)


def compensation(rules: Mapping[str, Any], teams: Collection[str], passed: int) -> dict[str, Any] | None:
    """What is recorded of a cancellation: the teams at work by alias, with what each is owed; None where nobody was."""
    if not teams:
        return None
    amount = owed(rules, passed)
    return {
        "currency": rules["currency"],
        "teams": [{"team": alias, "stages": passed, "amount": amount} for alias in sorted(teams)],
    }
