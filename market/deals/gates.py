"""The gates that a deal has to pass before a contract: pure functions of facts to unmet conditions; no database.

A gate is added to GATES; nothing else has to know it. What the parties agree is judged here, what the law asks beyond
that in `law`.
"""

from market.deals import law
from market.deals.facts import Facts, Gate
from market.deals.rules import SIDES
from market.deals.terms import lacking, terms_hash
from schemas.deals import Condition, GateView


def _terms_complete(facts: Facts) -> list[Condition]:
    """The terms say all that they must, and both sides have accepted exactly these."""
    current = terms_hash(facts.terms)
    missing = [side for side in SIDES if facts.accepted.get(side) != current]
    return lacking(facts.mode, facts.terms) + [
        Condition(
            pointer=f"/acceptances/{side}",
            detail=f"the {side} has not accepted these terms",
            rule="CT-3",
            who_can_supply=[side],
        )
        for side in missing
    ]


def _conflicts_declared(facts: Facts) -> list[Condition]:
    """Everyone who takes part has said whether they are related to the other side; a relation is marked, not barred."""
    return [
        Condition(
            pointer=f"/declarations/{party}",
            detail=f"the {party} has not declared whether there is a related party",
            rule="PR-4",
            who_can_supply=[party],
        )
        for party in facts.parties
        if party not in facts.declared
    ]


GATES = (
    Gate("terms_complete", "CT-3", "民法典 art. 845, 846, 863, 864, 875", _terms_complete),
    Gate("conflicts_declared", "PR-4", "浙江省促进科技成果转化条例 art. 17", _conflicts_declared),
    *law.GATES,
)


def judge(facts: Facts) -> list[GateView]:
    """Every gate with everything that it lacks; one that the law does not ask for in this deal is met."""
    return [
        GateView(
            name=gate.name,
            rule=gate.rule,
            source=gate.source,
            required=required,
            met=not unmet,
            unmet=unmet,
        )
        for gate in GATES
        for required in [gate.required(facts)]
        for unmet in [gate.unmet(facts) if required else []]
    ]
