"""The verbs of an assignment: propose, assign, accept, consent, decline, close; and how it ends with its deal."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.errors import AlreadyExists, Conflict, Invalid, NotAllowed, NotFound, WrongState
from market.interests.service import give_manager, require_of_party
from market.interests.tables import Interest
from market.ledger.service import record
from market.listings.tables import Listing
from market.managers import fitting, queries, rules
from market.managers.directory import Profile, directory
from market.managers.directory import profile as profile_by_id
from market.managers.facts import Matter, candidates, cases, of_interest
from market.managers.fitting import Case
from market.managers.profiles import require_own
from market.managers.queries import Held
from market.managers.rules import Verb
from market.managers.tables import Assignment, Manager
from market.permissions import HALL_ROLES, Actor, Permission, require
from schemas.managers import Acceptance, NewAssignment, Obstacle, Refusal, ScorePart
from schemas.values import FieldProblem
from schemas.vocabulary import AssignmentOutcome, AssignmentStatus, AssignmentSubject, Represented, Role


async def propose(
    session: AsyncSession, actor: Actor, interest: Interest
) -> tuple[list[tuple[Profile, list[ScorePart]]], list[tuple[Profile, list[Obstacle]]]]:
    """Who could carry the interest, best first, and who cannot and why. Either party, and the operator."""
    require_of_party(actor, Permission.ASSIGN_MANAGER, interest)
    (case,) = await cases(session, [of_interest(interest)])
    listed = await directory(session)
    fit: list[tuple[Profile, list[ScorePart]]] = []
    unfit: list[tuple[Profile, list[Obstacle]]] = []
    for profile, candidate in zip(listed, await candidates(session, listed), strict=True):
        found = fitting.obstacles(candidate, case)
        if found:
            unfit.append((profile, found))
        else:
            fit.append((profile, fitting.score(candidate, case)))
    fit.sort(key=lambda scored: (-fitting.total(scored[1]), scored[0].load, scored[0].manager.id))
    return fit, unfit


async def assign(session: AsyncSession, actor: Actor, matter: Matter, data: NewAssignment) -> Assignment:
    """Ask a manager to carry a matter whose row the caller holds. Either party, and the operator.

    Whoever asks has consented for their own side. Conflict names every obstacle with its rule.
    """
    role = require_of_matter(actor, matter)
    if matter.ended:
        raise WrongState(f"{matter.ended}: nobody is assigned any more")
    if await queries.open_assignment(session, matter.subject, matter.id):
        raise AlreadyExists("a technology manager is assigned already: close that assignment first")
    try:
        profile = await profile_by_id(session, data.manager_id)
    except NotFound as error:
        raise Invalid(errors=[FieldProblem(pointer="/manager_id", detail=error.detail)]) from error
    represents = await _represents(session, actor, matter, data)
    (case,) = await cases(session, [matter])
    await _refuse_unfit(session, profile, case, pointer="/manager_id")
    own = _own_sides(actor, matter.owner_id, matter.counterpart_id) & rules.sides(represents)
    assignment = Assignment(
        subject=matter.subject,
        listing_id=matter.listing_id,
        interest_id=matter.id if matter.subject is AssignmentSubject.INTEREST else None,
        deal_id=matter.id if matter.subject is AssignmentSubject.DEAL else None,
        owner_organisation_id=matter.owner_id,
        organisation_id=matter.counterpart_id,
        manager_id=data.manager_id,
        represents=represents,
        offered_by=actor.person_id,
        offered_at=await now(session),
    )
    _give_consent(assignment, own, actor)
    session.add(assignment)
    await session.flush()
    facts = {
        "subject": matter.subject.value,
        matter.subject.value: str(matter.id),
        "manager": str(data.manager_id),
        "represents": represents.value,
        "consents": sorted(side.value for side in own),
    }
    await record(session, actor, ("assignment", assignment.id), "offered", role=role, data=facts)
    return assignment


def require_of_matter(actor: Actor, matter: Matter) -> Role:
    """A role by which the actor may ask a manager for one of the parties, or NotAllowed."""
    other = matter.counterpart_id
    if other is not None and actor.may(Permission.ASSIGN_MANAGER, other):
        return require(actor, Permission.ASSIGN_MANAGER, other)
    return require(actor, Permission.ASSIGN_MANAGER, matter.owner_id)


def _own_sides(actor: Actor, owner_id: UUID, counterpart_id: UUID | None) -> frozenset[Represented]:
    """The sides that the actor speaks for: the operator, who may ask a manager, speaks for none."""
    sides = {Represented.OWNER: owner_id, Represented.COUNTERPART: counterpart_id}
    return frozenset(
        side
        for side, organisation in sides.items()
        if organisation is not None
        and actor.roles_that_may(Permission.ASSIGN_MANAGER, organisation)
        & actor.organisations.get(organisation, frozenset()) - HALL_ROLES
    )


async def _represents(
    session: AsyncSession, actor: Actor, matter: Matter, data: NewAssignment
) -> Represented:
    """As asked for, else for whoever asks; with what the manager carries in the same matter for the other side."""
    own = _own_sides(actor, matter.owner_id, matter.counterpart_id)
    represents = data.represents or next(iter(sorted(own, reverse=True)), Represented.OWNER)
    if matter.counterpart_id is None and represents is not Represented.OWNER:
        detail = "a listing has no other party yet: the manager acts for its owner"
        raise Invalid(errors=[FieldProblem(pointer="/represents", detail=detail)])
    if matter.counterpart_id is None:
        return represents
    others = await queries.carried_in(session, matter.listing_id, data.manager_id)
    return rules.together(represents, [other.represents for other in others])


def _give_consent(assignment: Assignment, given: frozenset[Represented], actor: Actor) -> None:
    if Represented.OWNER in given and assignment.owner_consent_by is None:
        assignment.owner_consent_by = actor.person_id
    if Represented.COUNTERPART in given and assignment.counterpart_consent_by is None:
        assignment.counterpart_consent_by = actor.person_id


def awaited(assignment: Assignment) -> list[Represented]:
    """The sides that are acted for and have not consented."""
    return rules.awaited(
        assignment.represents,
        owner=assignment.owner_consent_by is not None,
        counterpart=assignment.counterpart_consent_by is not None,
    )


async def accept(session: AsyncSession, actor: Actor, held: Held, data: Acceptance) -> Assignment:
    """Take it on and declare no conflict. The manager alone; Conflict where an obstacle has come up since.

    The profile is held here, so that of two acceptances at once the second counts the first.
    """
    assignment = held.assignment
    manager = await queries.locked_manager(session, assignment.manager_id)
    role = require_own(actor, manager)
    status = rules.next_status(Verb.ACCEPT, assignment.status, ended=held.ended)
    (case,) = await cases(session, [await _matter(session, held)])
    await _refuse_unfit(session, await profile_by_id(session, manager.id), case)
    assignment.status = status
    assignment.answered_at = await now(session)
    assignment.declaration = data.declaration
    declared = {"no_conflict": data.no_conflict, "declaration": data.declaration}
    await _recorded(session, actor, assignment, "accepted", role, data=declared)
    return await _begin(session, actor, held, manager)


async def _matter(session: AsyncSession, held: Held) -> Matter:
    if held.interest is not None:
        return of_interest(held.interest)
    assignment = held.assignment
    listing = await session.get_one(Listing, assignment.listing_id)
    return Matter(
        subject=assignment.subject,
        id=assignment.deal_id or listing.id,
        listing_id=listing.id,
        version=listing.published_version or 0,
        owner_id=assignment.owner_organisation_id,
        counterpart_id=assignment.organisation_id,
    )


async def consent(session: AsyncSession, actor: Actor, held: Held) -> Assignment:
    """Agree for one's own side that the manager acts for it. Whoever may ask managers there, and never the operator.

    NotAllowed for a side that is not acted for, and for a person who has consented for the other side.
    """
    assignment = held.assignment
    parties = (assignment.owner_organisation_id, assignment.organisation_id)
    own = _own_sides(actor, *parties) & rules.sides(assignment.represents)
    if not own:
        raise NotAllowed("the manager is not asked to act for an organisation that you speak for")
    role = require(
        actor,
        Permission.ASSIGN_MANAGER,
        assignment.owner_organisation_id if Represented.OWNER in own else assignment.organisation_id,
    )
    rules.next_status(Verb.CONSENT, assignment.status, ended=held.ended)
    given = {assignment.owner_consent_by, assignment.counterpart_consent_by} - {None}
    new = own & frozenset(awaited(assignment))
    if len(new) > 1 or (new and actor.person_id in given):
        raise NotAllowed("nobody consents for both sides (民法典 art. 168)")
    if not new:
        return assignment
    _give_consent(assignment, new, actor)
    data = {"sides": sorted(side.value for side in new)}
    await _recorded(session, actor, assignment, "consented", role, data=data)
    return await _begin(session, actor, held, await session.get_one(Manager, assignment.manager_id))


async def _begin(session: AsyncSession, actor: Actor, held: Held, manager: Manager) -> Assignment:
    """By the system, in the transaction of the last yes: the work begins, and the manager sees the interest."""
    assignment = held.assignment
    if assignment.status is not AssignmentStatus.ACCEPTED or awaited(assignment):
        return assignment
    assignment.status = rules.next_status(Verb.BEGIN, assignment.status, ended=held.ended)
    await _recorded(session, None, assignment, "begun", None)
    if held.interest is not None:
        await give_manager(session, actor, held.interest, (manager.person_id, manager.organisation_id))
    return assignment


async def decline(session: AsyncSession, actor: Actor, held: Held, data: Refusal) -> Assignment:
    """Not take it on, with a reason that the parties read. The manager alone."""
    assignment = held.assignment
    role = require_own(actor, await session.get_one(Manager, assignment.manager_id))
    assignment.status = rules.next_status(Verb.DECLINE, assignment.status, ended=held.ended)
    assignment.answered_at = await now(session)
    assignment.refusal_reason, assignment.declared_conflict = data.reason, data.conflict
    facts = {"conflict": data.conflict.value} if data.conflict else {}
    await _recorded(session, actor, assignment, "declined", role, reason=data.reason, data=facts)
    return assignment


async def close(session: AsyncSession, actor: Actor, held: Held, reason: str) -> Assignment:
    """End an assignment, so that another manager can be asked. Either party, the operator, or the manager."""
    assignment, interest = held.assignment, held.interest
    manager = await session.get_one(Manager, assignment.manager_id)
    if manager.person_id == actor.person_id:
        role = require_own(actor, manager)
    else:
        role = require_of_matter(actor, await _matter(session, held))
    was_at_work = assignment.status in rules.AT_WORK
    assignment.status = rules.next_status(Verb.CLOSE, assignment.status, ended=held.ended)
    await _closed(session, actor, assignment, AssignmentOutcome.REPLACED, reason, role)
    if was_at_work and interest is not None:
        await give_manager(session, actor, interest, None)
    return assignment


async def end_with_deal(
    session: AsyncSession, deal_id: UUID, interest: Interest | None, *, completed: bool, reason: str
) -> None:
    """Close the assignments of a deal that has ended and of its locked interest. By the system.

    The managers' load falls, and whoever carried them keeps sight of what they carried. Called by the deal, in the
    transaction that ended it.
    """
    carried = [await queries.open_assignment(session, AssignmentSubject.DEAL, deal_id)]
    if interest is not None:
        carried.append(await queries.open_assignment(session, AssignmentSubject.INTEREST, interest.id))
    for assignment in carried:
        if assignment is not None:
            outcome = rules.outcome_of_deal(assignment.status, completed=completed)
            assignment.status = rules.next_status(Verb.CLOSE, assignment.status, ended=False)
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


async def _refuse_unfit(session: AsyncSession, profile: Profile, case: Case, *, pointer: str = "") -> None:
    (candidate,) = await candidates(session, [profile])
    found = fitting.obstacles(candidate, case)
    if found:
        raise Conflict(
            f"{profile.name} cannot carry this: {'; '.join(obstacle.detail for obstacle in found)}",
            errors=[
                FieldProblem(pointer=pointer, detail=obstacle.detail, rule=obstacle.rule)
                for obstacle in found
            ],
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
