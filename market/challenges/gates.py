"""What a stage gate of a horse race may decide; no database."""

from collections.abc import Collection, Sequence

from schemas.challenges import TeamDecision
from schemas.values import FieldProblem
from schemas.vocabulary import GateDecision


def unfit(
    decisions: Sequence[TeamDecision], running: Collection[str], proven: Collection[str], keep: int
) -> list[FieldProblem]:
    """Why these decisions are none of a gate: every running team once, at most `keep` pass, none without evidence (CH-7)."""
    problems: list[FieldProblem] = []
    named: list[str] = []
    for place, each in enumerate(decisions):
        if each.team not in running or each.team in named:
            detail = "this team is not in the race, or is named twice"
            problems.append(FieldProblem(pointer=f"/decisions/{place}/team", detail=detail))
        elif each.decision is GateDecision.PASS and each.team not in proven:
            detail = "a team without evidence for this stage does not pass"
            problems.append(FieldProblem(pointer=f"/decisions/{place}/decision", detail=detail, rule="CH-7"))
        named.append(each.team)
    left_out = sorted(set(running) - set(named))
    if left_out:
        detail = f"decide on every team in the race; left out: {', '.join(left_out)}"
        problems.append(FieldProblem(pointer="/decisions", detail=detail))
    if sum(each.decision is GateDecision.PASS for each in decisions) > keep:
        detail = f"at most {keep} go on"
        problems.append(FieldProblem(pointer="/decisions", detail=detail, rule="CH-7"))
    return problems
