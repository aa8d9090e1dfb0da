"""The verbs of an edition: open, change, schedule, unschedule, publish, extend, close, report; and what time does to it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.database import now
from market.editions import queries, rules
from market.editions.documents import snapshot
from market.editions.rules import Item, Verb
from market.editions.tables import Edition
from market.errors import Incomplete, Invalid
from market.ledger.rules import sha256
from market.ledger.service import record
from market.permissions import Actor, Permission, require
from schemas.editions import EditionChange, NewEdition
from schemas.listings import Unmet
from schemas.values import FieldProblem
from schemas.vocabulary import EditionStatus, ItemOutcome, Role


async def open_edition(session: AsyncSession, actor: Actor, data: NewEdition) -> Edition:
    """Begin to compile an edition. Operators; it has no number yet, so that one given up leaves no gap."""
    role = require(actor, Permission.COMPILE_EDITION)
    at = await now(session)
    given = data.model_dump(mode="json", include={"title"})
    edition = Edition(
        kind=data.kind,
        title=given["title"],
        applications_until=data.applications_until,
        created_by=actor.person_id,
        created_at=at,
        updated_at=at,
    )
    session.add(edition)
    await session.flush()
    await record(session, actor, ("edition", edition.id), "opened", role=role, data={"kind": data.kind.value})
    return edition


async def change(session: AsyncSession, actor: Actor, edition: Edition, data: EditionChange) -> Edition:
    """Change title and window while it is compiled. Operators; `edition` is locked by the caller, here and below."""
    role = require(actor, Permission.COMPILE_EDITION)
    rules.check_transition(Verb.CHANGE, edition.status)
    changed: dict[str, Any] = data.model_dump(mode="json", exclude_unset=True)
    if changed.get("title", "") is None:
        raise Invalid(errors=[FieldProblem(pointer="/title", detail="an edition keeps a title")])
    if "title" in changed:
        edition.title = changed["title"]
    if "applications_until" in changed:
        edition.applications_until = data.applications_until
    return await moved(session, actor, edition, "changed", role, data=changed)


async def schedule(session: AsyncSession, actor: Actor, edition: Edition, release_at: datetime) -> Edition:
    """Put it on the calendar, or move it there, under embargo until `release_at`. Operators.

    It takes its number now and keeps it, since the calendar announces it. Incomplete lists all that is missing.
    """
    role = require(actor, Permission.COMPILE_EDITION)
    rules.check_transition(Verb.SCHEDULE, edition.status)
    at = await now(session)
    unmet = rules.unmet_for_release(
        await item_facts(session, edition), release_at, edition.applications_until
    )
    if release_at <= at:
        unmet.append(Unmet(pointer="/release_at", detail="give a time that is still to come"))
    _refuse(unmet)
    await _give_number(session, edition)
    edition.release_at, edition.scheduled_at = release_at, at
    edition.status = EditionStatus.SCHEDULED
    data = {"number": edition.number, "release_at": release_at.isoformat()}
    return await moved(session, actor, edition, "scheduled", role, data=data)


async def unschedule(session: AsyncSession, actor: Actor, edition: Edition) -> Edition:
    """Take it off the calendar before its release, to go on compiling; it keeps its number. Operators."""
    role = require(actor, Permission.COMPILE_EDITION)
    rules.check_transition(Verb.UNSCHEDULE, edition.status)
    edition.status = EditionStatus.COMPILING
    edition.release_at = edition.scheduled_at = None
    return await moved(session, actor, edition, "unscheduled", role)


async def publish(session: AsyncSession, actor: Actor, edition: Edition) -> Edition:
    """Release it now. Operators. What was withdrawn since it was scheduled is left out, as at a release by time."""
    role = require(actor, Permission.COMPILE_EDITION)
    rules.check_transition(Verb.PUBLISH, edition.status)
    at = await now(session)
    items = await item_facts(session, edition)
    if edition.status is EditionStatus.SCHEDULED:
        items = [item for item in items if rules.may_stand(item.status)]
    _refuse(rules.unmet_for_release(items, at, edition.applications_until))
    await _give_number(session, edition)
    edition.release_at = at
    return await _release(session, actor, edition, role)


async def extend(
    session: AsyncSession, actor: Actor, edition: Edition, until: datetime, reason: str
) -> Edition:
    """Take answers to a scheduled or published edition for longer, with a reason. Operators; Incomplete for less.

    The snapshot keeps the time that it was released with.
    """
    role = require(actor, Permission.COMPILE_EDITION)
    rules.check_transition(Verb.EXTEND, edition.status)
    before = edition.applications_until
    _refuse(rules.unmet_for_extension(before, until))
    edition.applications_until = until
    data = {"before": before.isoformat() if before else None, "applications_until": until.isoformat()}
    return await moved(session, actor, edition, "extended", role, reason=reason, data=data)


async def close(session: AsyncSession, actor: Actor, edition: Edition) -> Edition:
    """End the window for answers, also before its time. Operators."""
    role = require(actor, Permission.COMPILE_EDITION)
    rules.check_transition(Verb.CLOSE, edition.status)
    return await _close(session, actor, edition, role, await now(session))


async def report_outcomes(session: AsyncSession, actor: Actor, edition: Edition) -> Edition:
    """Make the outcomes public and final. Operators; Incomplete lists the items without one."""
    role = require(actor, Permission.COMPILE_EDITION)
    rules.check_transition(Verb.REPORT, edition.status)
    _refuse(rules.unmet_for_report(await item_facts(session, edition)))
    edition.status = EditionStatus.OUTCOMES_REPORTED
    edition.reported_at = await now(session)
    return await moved(session, actor, edition, "outcomes_reported", role)


async def locked(session: AsyncSession, actor: Actor, edition_id: UUID) -> Edition:
    """The edition, held for a change, with everything applied that was due."""
    edition = await queries.edition(session, actor, edition_id, lock=True)
    await let_time_pass(session, edition)
    return edition


async def release_due(session: AsyncSession) -> int:
    """Apply what is due to every edition, and answer how many moved; any number of callers may do it at once.

    Every public read asks it first, so that an edition is public from its time on though no worker runs. The clock
    is that of the session's transaction: give it a session that has just begun. The caller commits.
    """
    found = await session.execute(queries.due(await now(session)))
    editions = list(found.scalars())
    for edition in editions:
        await let_time_pass(session, edition)
    return len(editions)


async def let_time_pass(session: AsyncSession, edition: Edition) -> None:
    """Apply what is due to a locked edition: its release at the end of the embargo, its closing after the window."""
    at = await now(session)
    while verb := rules.is_due(edition.status, edition.release_at, edition.applications_until, at):
        if verb is Verb.PUBLISH:
            await _release(session, None, edition, None)
        else:
            ends = [end for end in (edition.published_at, edition.applications_until) if end]
            await _close(session, None, edition, None, max(ends))


async def _release(
    session: AsyncSession, actor: Actor | None, edition: Edition, role: Role | None
) -> Edition:
    """Take the snapshot; where no item is left, an edition whose time has come goes back to be compiled."""
    at = await now(session)
    rows = await queries.standings(session, edition.id)
    kept = [row for row in rows if rules.may_stand(row.status)]
    left_out = [row for row in rows if not rules.may_stand(row.status)]
    if not kept:
        edition.status = EditionStatus.COMPILING
        edition.release_at = edition.scheduled_at = None
        reason = "every item was withdrawn before the release"
        return await moved(session, actor, edition, "release_failed", role, reason=reason)
    for position, row in enumerate([*kept, *left_out], 1):
        row.item.position = position
    for row in kept:
        row.item.version = row.version
    for row in left_out:
        row.item.outcome, row.item.outcome_at = ItemOutcome.WITHDRAWN, at
    await session.flush()  # before the edition: from then on the database refuses changes of items
    edition.status, edition.published_at = EditionStatus.PUBLISHED, at
    edition.snapshot = snapshot(edition, kept, left_out)
    edition.sha256 = sha256(edition.snapshot)
    data = {
        "number": edition.number,
        "sha256": edition.sha256.hex(),
        "items": len(kept),
        "withdrawn": [str(row.item.listing_id) for row in left_out],
    }
    return await moved(session, actor, edition, "published", role, data=data)


async def _close(
    session: AsyncSession, actor: Actor | None, edition: Edition, role: Role | None, at: datetime
) -> Edition:
    """As of `at`: the end of the window where time closes it, however late somebody looks, but after its release."""
    edition.status = EditionStatus.CLOSED
    edition.closed_at = at
    return await moved(session, actor, edition, "closed", role)


async def _give_number(session: AsyncSession, edition: Edition) -> None:
    """The next number of its kind, without gaps: the lock is held until the number is committed or given back."""
    if edition.number is not None:
        return
    lock = func.pg_advisory_xact_lock(func.hashtextextended(f"edition {edition.kind}", 0))
    await session.execute(select(lock))
    last = await session.execute(select(func.max(col(Edition.number))).where(Edition.kind == edition.kind))
    edition.number = (last.scalar_one() or 0) + 1


async def item_facts(session: AsyncSession, edition: Edition) -> list[Item]:
    rows = await queries.items(session, edition.id)
    return [Item(item.listing_id, status, item.outcome) for item, status, _ in rows]


def _refuse(unmet: list[Unmet]) -> None:
    if unmet:
        raise Incomplete(errors=[FieldProblem(**condition.model_dump()) for condition in unmet])


async def moved(
    session: AsyncSession,
    actor: Actor | None,
    edition: Edition,
    kind: str,
    role: Role | None,
    *,
    reason: str | None = None,
    data: dict[str, Any] | None = None,
) -> Edition:
    edition.revision += 1
    edition.updated_at = await now(session)
    await record(session, actor, ("edition", edition.id), kind, role=role, reason=reason, data=data)
    return edition
