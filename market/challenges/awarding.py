"""The award of a challenge or the reasons for none, its publicity where public money pays, and the beginning of the work."""

import json
from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from market.challenges import objecting, planning, queries, ranking, rules
from market.challenges.rules import Verb
from market.challenges.service import plan_of
from market.challenges.tables import Challenge, Entrant
from market.challenges.turning import moved
from market.database import now
from market.errors import AlreadyExists, Incomplete, Invalid, NotAllowed, WrongState
from market.permissions import Actor, Permission, require
from market.trading.log import instant
from market.trading.planning import Periods
from market.workdays import add_working_days
from schemas.challenges import NewAward, NewPublicity
from schemas.values import FieldProblem
from schemas.vocabulary import ChallengeKind, TeamStatus

LEAST_REASONS = 20
"""Characters."""


def refuse_partial(actor: Actor, teams: Collection[Entrant]) -> None:
    """Whoever is a member of an organisation does not decide on it."""
    if {each.organisation_id for each in teams} & actor.organisations.keys():
        detail = "you are a member of an organisation on which you would decide"
        raise NotAllowed(detail, errors=[FieldProblem(pointer="", detail=detail, rule="CH-2")])


async def award(session: AsyncSession, actor: Actor, row: Challenge, data: NewAward) -> Challenge:
    """Award a locked challenge to one or several of the shortlisted. The sponsor's directors and buyers.

    Incomplete where the rank alone does not give these and no reasons of 20 characters say why (CH-6).
    """
    role = require(actor, Permission.APPROVE_CHALLENGE, row.sponsor_id)
    status = rules.moved_by(Verb.AWARD, row.status)
    ranked = (row.results or {})["ranking"]
    listed = {each["alias"] for each in ranked if each["shortlisted"]}
    _refuse_unlisted(data.awardees, listed, plan_of(row).awards)
    entrants = await queries.entrants(session, row.id)
    refuse_partial(actor, entrants)
    follows = ranking.follows_rank({each["alias"]: each["rank"] for each in ranked}, data.awardees)
    if not follows and len(data.reasons or "") < LEAST_REASONS:
        detail = f"the rank alone does not give this award: say why, in at least {LEAST_REASONS} characters"
        raise Incomplete(errors=[FieldProblem(pointer="/reasons", detail=detail, rule="CH-6")])
    for each in entrants:
        if each.alias in data.awardees:
            each.status = TeamStatus.AWARDED
    at = await now(session)
    row.award = {"follows_rank": follows, "reasons": data.reasons, "at": instant(at)}
    row.award |= {"objections_until": _objections_until(row, at)}
    row.status = status
    facts = {"awardees": sorted(data.awardees), "follows_rank": follows}
    return await moved(session, actor, row, "awarded", role=role, reason=data.reasons, data=facts)


def _objections_until(row: Challenge, at: datetime) -> str | None:
    """The end of the days that the rules leave for objections; None where they count none."""
    said = json.loads(row.rules or b"{}")
    days = said.get("objection_working_days")
    if days is None or said["periods"] == Periods.SHORT:
        return None
    return instant(add_working_days(at, days))


def _refuse_unlisted(awardees: list[str], listed: set[str], most: int) -> None:
    problems = [
        FieldProblem(pointer=f"/awardees/{place}", detail="this is not on the shortlist, or is named twice")
        for place, alias in enumerate(awardees)
        if alias not in listed or alias in awardees[:place]
    ]
    if len(awardees) > most:
        problems.append(FieldProblem(pointer="/awardees", detail=f"the rules allow {most} awards"))
    if problems:
        raise Invalid(errors=problems)


async def award_nobody(session: AsyncSession, actor: Actor, row: Challenge, reason: str) -> Challenge:
    """End a locked challenge without an award, with reasons that everybody reads. The sponsor's directors and buyers."""
    role = require(actor, Permission.APPROVE_CHALLENGE, row.sponsor_id)
    status = rules.moved_by(Verb.AWARD_NOBODY, row.status)
    if len(reason) < LEAST_REASONS:
        detail = f"say why nobody is awarded, in at least {LEAST_REASONS} characters"
        raise Incomplete(errors=[FieldProblem(pointer="/reason", detail=detail, rule="CH-6")])
    row.status, row.reason = status, reason
    return await moved(session, actor, row, "nobody_awarded", role=role, reason=reason)


async def record_publicity(
    session: AsyncSession, actor: Actor, row: Challenge, data: NewPublicity, periods: Periods
) -> Challenge:
    """Record that the award stands in public (公示), where and since when. The sponsor's officers, directors and buyers."""
    role = require(actor, Permission.PREPARE_CHALLENGE, row.sponsor_id)
    rules.check_transition(Verb.RECORD_PUBLICITY, row.status)
    if not plan_of(row).public_money:
        raise WrongState("no public money pays for this challenge: its award need not stand in public")
    if row.publicity is not None:
        raise AlreadyExists("the publicity of this award is recorded")
    awarded_at = (row.award or {})["at"]
    if not awarded_at <= instant(data.published_at) <= instant(await now(session)):
        detail = f"an award stands in public after it was made, {awarded_at}, and not in the future"
        raise Invalid(errors=[FieldProblem(pointer="/published_at", detail=detail)])
    row.publicity = {
        "published_at": instant(data.published_at),
        "until": instant(planning.publicity_until(data.published_at, periods)),
        "channel": data.channel,
        "working_days": planning.PUBLICITY.working_days,
        "confirmed": planning.PUBLICITY.confirmed,
    }
    return await moved(session, actor, row, "publicity_recorded", role=role, data=row.publicity)


async def start(session: AsyncSession, actor: Actor, row: Challenge) -> Challenge:
    """Begin the work of the awarded teams. The sponsor's officers, directors and buyers.

    Incomplete where public money pays and the award has not stood in public for its period (CH-3), and where objections
    to it are open or can still be lodged (CH-8).
    """
    role = require(actor, Permission.PREPARE_CHALLENGE, row.sponsor_id)
    status = rules.moved_by(Verb.START, row.status)
    problems = await objecting.unmet(session, row)
    until = row.publicity["until"] if row.publicity else None
    if plan_of(row).public_money and (until is None or instant(await now(session)) < until):
        detail = (
            f"the award stands in public until {until}" if until else "the award has yet to stand in public"
        )
        problems.append(FieldProblem(pointer="", detail=detail, rule="CH-3"))
    if problems:
        raise Incomplete(errors=problems)
    for each in await queries.entrants(session, row.id):
        if each.status is TeamStatus.AWARDED:
            each.status = TeamStatus.RUNNING
    row.status = status
    row.stage = 1 if row.kind is ChallengeKind.HORSE_RACE else None
    return await moved(session, actor, row, "work_began", role=role)
