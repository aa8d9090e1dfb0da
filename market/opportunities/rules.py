"""What an opportunity needs before it is reviewed and published; knows no database."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from schemas.listings import OpportunityContent, Unmet
from schemas.vocabulary import OpportunityType

SHORTEST_NOTICE = timedelta(days=14)
"""From submission to the deadline, so that those who would answer have the time to."""


def unmet_for_submission(content: OpportunityContent, now: datetime) -> list[Unmet]:
    """What an opportunity lacks before it can be reviewed; `now` is aware."""
    return list(_lacking(content, now))


def _lacking(content: OpportunityContent, now: datetime) -> Iterator[Unmet]:
    wanted = {
        "problem": "describe the problem",
        "award_rule": "say how the answer will be chosen",
        "ip_terms": "say who will own what comes out of it",
        "deadline": "set a deadline for answers",
    }
    if content.opportunity_type is OpportunityType.SCENARIO:
        wanted |= {
            "owner_unit": "name the unit that opens the scenario",
            "site": "name the site",
            "data_offered": "say which data and conditions are offered",
        }
    for name, detail in wanted.items():
        if getattr(content, name) is None:
            yield Unmet(pointer=f"/{name}", detail=detail)
    if not content.kpis:
        yield Unmet(pointer="/kpis", detail="name at least one measure with its target")
    if content.baseline is None and not all(kpi.baseline for kpi in content.kpis):
        yield Unmet(
            pointer="/baseline", detail="say where things stand today, in baseline or for each measure"
        )
    if content.budget is None and not content.budget_none:
        yield Unmet(pointer="/budget", detail="give a budget, or say with budget_none that there is none")
    if content.budget is not None and content.budget_none:
        yield Unmet(pointer="/budget_none", detail="a budget is given and denied")
    yield from _times(content, now)


def _times(content: OpportunityContent, now: datetime) -> Iterator[Unmet]:
    aware: dict[str, datetime] = {}
    for name in ("deadline", "questions_until"):
        moment: datetime | None = getattr(content, name)
        if moment is not None and moment.tzinfo is None:
            yield Unmet(pointer=f"/{name}", detail="give the time zone, as in 2026-12-31T17:00:00+08:00")
        elif moment is not None:
            aware[name] = moment
    if "deadline" in aware and aware["deadline"] < now + SHORTEST_NOTICE:
        yield Unmet(pointer="/deadline", detail="the deadline is at least 14 days away")
    if len(aware) == 2 and aware["questions_until"] >= aware["deadline"]:
        yield Unmet(pointer="/questions_until", detail="questions end before the deadline")


def unmet_for_publication(content: OpportunityContent, now: datetime) -> list[Unmet]:
    """The deadline was 14 days away at submission; whoever approves or publishes late must still leave some time."""
    if content.deadline is not None and content.deadline <= now:
        return [Unmet(pointer="/deadline", detail="the deadline has passed: set a later one")]
    return []
