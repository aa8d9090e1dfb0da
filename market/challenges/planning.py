"""What a plan must show before a challenge is approved and published, all of it at once; no database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from market.trading.planning import Periods
from market.workdays import add_working_days
from schemas.challenges import ChallengePlan, StagePlan
from schemas.listings import Unmet
from schemas.vocabulary import ChallengeKind

LEAST_PANEL = 3
"""CH-4"""
LEAST_NOTICE = timedelta(days=14)
"""From the publication to the end of submissions, so that those who would answer have the time to (CH-5)."""


@dataclass(frozen=True)
class Publicity:
    """How long an award with public money stands in public before the work begins (公示, CH-3)."""

    working_days: int = 5
    confirmed: bool = False
    """Whether a statute was found that says so; programmes ask for 5 working days by their own rules."""


PUBLICITY = Publicity()


def malformed(plan: ChallengePlan) -> list[Unmet]:
    """What no draft may say: amounts in several currencies, a budget of nothing."""
    currency = plan.budget.currency
    found = [
        Unmet(
            pointer=f"/stages/{place}/budget/currency", detail=f"all amounts are in {currency}, as the budget"
        )
        for place, stage in enumerate(plan.stages)
        if stage.budget.currency != currency
    ]
    promised = [("/compensation", plan.compensation)]
    promised += [
        (f"/stages/{place}/compensation", stage.compensation) for place, stage in enumerate(plan.stages)
    ]
    found += [
        Unmet(pointer=f"{pointer}/currency", detail=f"all amounts are in {currency}, as the budget")
        for pointer, amount in promised
        if amount is not None and amount.currency != currency
    ]
    if plan.budget.minor == 0:
        found.append(Unmet(pointer="/budget/amount", detail="give more than nothing"))
    return found


def unmet(plan: ChallengePlan, officers: Sequence[Unmet], periods: Periods, now: datetime) -> list[Unmet]:
    """Why a plan cannot be approved or published at `now`; `officers` is why its opening officers could not open it."""
    return [*_lacking(plan), *officers, *_times(plan, periods, now), *_race(plan)]


def _lacking(plan: ChallengePlan) -> Iterator[Unmet]:
    wanted = {
        "rubric": "say by which criteria the submissions are judged",
        "award_rule": "say how the award follows from the scores",
        "ip_terms": "say who will own what comes out of it",
        "opening": "say who opens the sealed submissions, and how many of them together",
    }
    for name, detail in wanted.items():
        if not getattr(plan, name):
            yield Unmet(pointer=f"/{name}", detail=detail)
    if plan.panel_size < LEAST_PANEL:
        detail = f"at least {LEAST_PANEL} reviewers judge"
        yield Unmet(pointer="/panel_size", detail=detail, rule="CH-4")
    if plan.compensation is not None and plan.compensation.minor * plan.awards > plan.budget.minor:
        detail = "to all that may be awarded it comes to more than the budget"
        yield Unmet(pointer="/compensation", detail=detail)
    if plan.shortlist < plan.awards:
        yield Unmet(pointer="/shortlist", detail="not fewer than may be awarded")
    if plan.opening is None:
        return
    named = plan.opening.officers
    for place, each in enumerate(named):
        if each in named[:place]:
            yield Unmet(pointer=f"/opening/officers/{place}", detail="this opening officer is named twice")
    if len(set(named)) < plan.opening.threshold:
        yield Unmet(pointer="/opening/threshold", detail="there are fewer opening officers than it takes")


def _times(plan: ChallengePlan, periods: Periods, now: datetime) -> Iterator[Unmet]:
    if plan.questions_until <= now:
        yield Unmet(pointer="/questions_until", detail="the question period would have ended already")
    if plan.submissions_from < plan.questions_until:
        detail = "submissions begin once the question period has ended"
        yield Unmet(pointer="/submissions_from", detail=detail)
    if plan.submissions_until <= plan.submissions_from:
        yield Unmet(pointer="/submissions_until", detail="submissions end after they began")
    elif periods is Periods.LEGAL and plan.submissions_until - now < LEAST_NOTICE:
        detail = "at least 14 days lie between publication and deadline"
        yield Unmet(pointer="/submissions_until", detail=detail, rule="CH-5")


def _race(plan: ChallengePlan) -> Iterator[Unmet]:
    if plan.kind is ChallengeKind.OPEN_CHALLENGE:
        if plan.stages:
            yield Unmet(pointer="/stages", detail="stages with gates belong to a horse race")
        return
    if not plan.stages:
        yield Unmet(pointer="/stages", detail="say in which stages the race is run", rule="CH-7")
        return
    if sum(stage.budget.minor for stage in plan.stages) > plan.budget.minor:
        yield Unmet(pointer="/budget", detail="the budgets of the stages add up to more than the whole")
    for place, stage in enumerate(plan.stages):
        if stage.compensation is not None and stage.compensation.minor * stage.keep > stage.budget.minor:
            detail = "to all that the stage keeps it comes to more than the budget of the stage"
            yield Unmet(pointer=f"/stages/{place}/compensation", detail=detail)
    if plan.stages[0].keep > plan.awards:
        yield Unmet(pointer="/stages/0/keep", detail="more would go on than are awarded", rule="CH-7")
    if plan.stages[0].until <= plan.submissions_until:
        yield Unmet(pointer="/stages/0/until", detail="a stage ends after the submissions have")
    for place, (before, stage) in enumerate(pairwise(plan.stages), start=1):
        yield from _after(before, stage, place)


def _after(before: StagePlan, stage: StagePlan, place: int) -> Iterator[Unmet]:
    if stage.until <= before.until:
        yield Unmet(pointer=f"/stages/{place}/until", detail="a stage ends after the one before it")
    if stage.keep > before.keep:
        detail = "more would go on than the stage before keeps"
        yield Unmet(pointer=f"/stages/{place}/keep", detail=detail, rule="CH-7")


def publicity_until(published_at: datetime, periods: Periods) -> datetime:
    """When an award has stood in public for long enough; in a demonstration at once."""
    if periods is Periods.SHORT:
        return published_at
    return add_working_days(published_at, PUBLICITY.working_days)
