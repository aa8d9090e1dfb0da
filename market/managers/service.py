"""The verbs of a technology manager and of an assignment: register, change, propose, assign, accept, decline, close."""

import json
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market import workdays
from market.database import now
from market.errors import AlreadyExists, Conflict, Invalid, NotAllowed, NotFound, WrongState
from market.interests.service import give_manager, require_of_party
from market.interests.tables import Interest
from market.ledger.queries import timeline
from market.ledger.service import record
from market.listings.queries import version as listing_version
from market.listings.tables import Listing
from market.managers import queries, rules
from market.managers.queries import Profile
from market.managers.rules import Candidate, Case, Codes, Verb
from market.managers.tables import Assignment, Manager
from market.permissions import Actor, Permission, require
from schemas.managers import Acceptance, Fields, ManagerChange, NewManager, Obstacle, ScorePart
from schemas.values import FieldProblem
from schemas.vocabulary import AssignmentOutcome, Role


async def register(session: AsyncSession, actor: Actor, data: NewManager) -> Manager:
    """The actor's own profile. Managers; one per person, else AlreadyExists."""
    organisation_id = data.organisation_id or _only(actor)
    role = require(actor, Permission.MANAGE, organisation_id)
    at = await now(session)
    stated = data.model_dump(mode="json", exclude={"organisation_id", "fields"}) | _codes(data.fields)
    manager = Manager(
        person_id=actor.person_id, organisation_id=organisation_id, created_at=at, updated_at=at, **stated
    )
    session.add(manager)
    await session.flush()  # a second profile breaks the unique person: AlreadyExists
    await record(session, actor, ("manager", manager.id), "registered", role=role)
    return manager


def _only(actor: Actor) -> UUID:
    able = actor.where(Permission.MANAGE)
    if len(able) > 1:
        detail = "you are a manager in several organisations: name one"
        raise Invalid(errors=[FieldProblem(pointer="/organisation_id", detail=detail)])
    if not able:
        require(actor, Permission.MANAGE)
    return able[0]


def _codes(fields: Fields) -> dict[str, list[str]]:
    plain = Codes.of(fields.ipc, fields.discipline, fields.industry)
    return {name: list(codes) for name, codes in vars(plain).items()}


async def change(session: AsyncSession, actor: Actor, manager: Manager, data: ManagerChange) -> Manager:
    """Change the actor's own profile, whose row the caller holds."""
    role = _require_own(actor, manager)
    given = data.model_dump(mode="json", exclude_unset=True)
    removed = [name for name, value in given.items() if value is None]
    if removed:
        detail = "a profile keeps this: give another value"
        raise Invalid(errors=[FieldProblem(pointer=f"/{name}", detail=detail) for name in removed])
    if data.fields is not None:
        given |= _codes(data.fields)
        del given["fields"]
    for name, value in given.items():
        setattr(manager, name, value)
    manager.revision += 1
    manager.updated_at = await now(session)
    await record(session, actor, ("manager", manager.id), "changed", role=role, data=given)
    return manager


def _require_own(actor: Actor, manager: Manager) -> Role:
    role = require(actor, Permission.MANAGE, manager.organisation_id)
    if manager.person_id != actor.person_id:
        raise NotAllowed("only the technology manager themself does this")
    return role


async def propose(
    session: AsyncSession, actor: Actor, interest: Interest
) -> tuple[list[tuple[Profile, list[ScorePart]]], list[tuple[Profile, list[Obstacle]]]]:
    """Who could carry the interest, best first, and who cannot and why. Either party, and the operator."""
    require_of_party(actor, Permission.ASSIGN_MANAGER, interest)
    case, today = await _case(session, interest), workdays.legal_day(await now(session))
    listed = await queries.directory(session)
    memberships = await queries.memberships(session, [profile.manager.person_id for profile in listed])
    fit: list[tuple[Profile, list[ScorePart]]] = []
    unfit: list[tuple[Profile, list[Obstacle]]] = []
    for profile in listed:
        candidate = _candidate(profile, memberships[profile.manager.person_id])
        found = rules.obstacles(candidate, case, today)
        if found:
            unfit.append((profile, found))
        else:
            fit.append((profile, rules.score(candidate, case)))
    fit.sort(key=lambda scored: (-rules.total(scored[1]), scored[0].load, scored[0].manager.id))
    return fit, unfit


async def assign(session: AsyncSession, actor: Actor, interest: Interest, manager_id: UUID) -> Assignment:
    """Ask a manager to carry a locked interest. Either party, and the operator. Conflict names every obstacle."""
    role = require_of_party(actor, Permission.ASSIGN_MANAGER, interest)
    if interest.ended_at is not None:
        raise WrongState(f"the interest is {interest.status} and has ended: nobody is assigned any more")
    if await queries.open_assignment(session, interest.id):
        raise AlreadyExists("a technology manager is assigned already: close that assignment first")
    try:
        profile = await queries.profile(session, manager_id)
    except NotFound as error:
        raise Invalid(errors=[FieldProblem(pointer="/manager_id", detail=error.detail)]) from error
    await _refuse_unfit(session, profile, interest, pointer="/manager_id")
    assignment = Assignment(
        interest_id=interest.id,
        manager_id=manager_id,
        offered_by=actor.person_id,
        offered_at=await now(session),
    )
    session.add(assignment)
    await session.flush()
    facts = {"interest": str(interest.id), "manager": str(manager_id)}
    await record(session, actor, ("assignment", assignment.id), "offered", role=role, data=facts)
    return assignment


async def accept(
    session: AsyncSession, actor: Actor, assignment: Assignment, interest: Interest, data: Acceptance
) -> Assignment:
    """Take it on and declare no conflict. The manager alone; Conflict where an obstacle has come up since.

    Both rows are held by the caller; the profile is held here, so that of two acceptances at once the second counts
    the first.
    """
    manager = await queries.locked_manager(session, assignment.manager_id)
    role = _require_own(actor, manager)
    status = rules.next_status(Verb.ACCEPT, assignment.status, interest.status)
    await _refuse_unfit(session, await queries.profile(session, manager.id), interest)
    assignment.status = status
    assignment.answered_at = await now(session)
    assignment.declaration = data.declaration
    declared = {"no_conflict": data.no_conflict, "declaration": data.declaration}
    await _recorded(session, actor, assignment, "accepted", role, data=declared)
    await give_manager(session, actor, interest, (manager.person_id, manager.organisation_id))
    return assignment


async def decline(
    session: AsyncSession, actor: Actor, assignment: Assignment, interest: Interest, reason: str
) -> Assignment:
    """Not take it on, with a reason that the parties read. The manager alone."""
    role = _require_own(actor, await session.get_one(Manager, assignment.manager_id))
    assignment.status = rules.next_status(Verb.DECLINE, assignment.status, interest.status)
    assignment.answered_at = await now(session)
    assignment.refusal_reason = reason
    await _recorded(session, actor, assignment, "declined", role, reason=reason)
    return assignment


async def close(
    session: AsyncSession, actor: Actor, assignment: Assignment, interest: Interest, reason: str
) -> Assignment:
    """End an assignment, so that another manager can be asked. Either party, the operator, or the manager."""
    manager = await session.get_one(Manager, assignment.manager_id)
    if manager.person_id == actor.person_id:
        role = _require_own(actor, manager)
    else:
        role = require_of_party(actor, Permission.ASSIGN_MANAGER, interest)
    was_active = assignment.status in rules.FROM[Verb.INTRODUCE]
    assignment.status = rules.next_status(Verb.CLOSE, assignment.status, interest.status)
    await _closed(session, actor, assignment, AssignmentOutcome.REPLACED, reason, role)
    if was_active:
        await give_manager(session, actor, interest, None)
    return assignment


async def end_with_deal(session: AsyncSession, interest: Interest, *, completed: bool, reason: str) -> None:
    """Close the assignment of a locked interest whose deal has ended, so that the manager's load falls. By the system.

    Whoever carried it keeps sight of the interest. Called by the deal, in the transaction that ended it.
    """
    assignment = await queries.open_assignment(session, interest.id)
    if assignment is not None:
        outcome = rules.outcome_of_deal(assignment.status, completed=completed)
        assignment.status = rules.next_status(Verb.CLOSE, assignment.status, interest.status)
        await _closed(session, None, assignment, outcome, reason, None)


async def _closed(
    session: AsyncSession,
    actor: Actor | None,
    assignment: Assignment,
    outcome: AssignmentOutcome,
    reason: str,
    role: Role | None,
) -> None:
    assignment.closed_at = await now(session)
    assignment.outcome, assignment.closure_reason = outcome, reason
    data = {"outcome": outcome.value}
    await _recorded(session, actor, assignment, "closed", role, reason=reason, data=data)


async def _refuse_unfit(
    session: AsyncSession, profile: Profile, interest: Interest, *, pointer: str = ""
) -> None:
    person_id = profile.manager.person_id
    memberships = await queries.memberships(session, [person_id])
    candidate = _candidate(profile, memberships[person_id])
    today = workdays.legal_day(await now(session))
    found = rules.obstacles(candidate, await _case(session, interest), today)
    if found:
        raise Conflict(
            f"{profile.name} cannot carry this interest: {'; '.join(obstacle.detail for obstacle in found)}",
            errors=[
                FieldProblem(pointer=pointer, detail=obstacle.detail, rule=obstacle.reason.value)
                for obstacle in found
            ],
        )


def _candidate(profile: Profile, memberships: frozenset[UUID]) -> Candidate:
    manager = profile.manager
    ends = [credential.get("expires_on") for credential in manager.credentials]
    return Candidate(
        person_id=manager.person_id,
        name=profile.name,
        organisation_id=manager.organisation_id,
        memberships=memberships,
        fields=Codes(tuple(manager.ipc), tuple(manager.discipline), tuple(manager.industry)),
        languages=frozenset(manager.languages),
        credentials_until=tuple(date.fromisoformat(end) if end else None for end in ends),
        capacity=manager.capacity,
        load=profile.load,
        available=manager.available,
    )


async def _case(session: AsyncSession, interest: Interest) -> Case:
    """By the version of the listing that the company had before it; its authors are in the listing's record too."""
    listing = await session.get_one(Listing, interest.listing_id)
    version = await listing_version(session, interest.listing_id, interest.listing_version)
    document: dict[str, Any] = json.loads(version.document)
    events = await timeline(session, "listing", listing.id)
    wrote = {event.actor_id for event in events if event.kind in ("drafted", "changed") and event.actor_id}
    contributors = document.get("contributors", [])
    return Case(
        parties=frozenset({interest.organisation_id, interest.owner_organisation_id}),
        authors=frozenset({listing.created_by, *listing.editors, *wrote}),
        contributors=frozenset(
            named for person in contributors for named in (person["name"], person.get("name_en")) if named
        ),
        codes=Codes.of(document.get("ipc", []), document.get("discipline", []), document.get("industry", [])),
        languages=frozenset(language.split("-")[0] for language in document["title"]),
    )


async def _recorded(
    session: AsyncSession,
    actor: Actor | None,
    assignment: Assignment,
    kind: str,
    role: Role | None,
    *,
    reason: str | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    assignment.revision += 1
    await record(
        session, actor, ("assignment", assignment.id), kind, role=role, reason=reason, data=data or {}
    )
