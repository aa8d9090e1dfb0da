"""What two people of the hall do to a round together: suspend it, resume it, declare it void.

The operator asks with a reason, the auditor signs; until then nothing happens. It knows nothing of cases and objections,
which are the reasons.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.errors import NotAllowed, WrongState
from market.permissions import Actor, Permission, require
from market.trading import deposits, queries, rules
from market.trading.entries import append_entry, moved
from market.trading.log import instant
from market.trading.rules import Verb
from market.trading.tables import Round
from market.trading.turning import leave_listing
from schemas.vocabulary import AwardStatus, EntryKind, RoundStatus


async def ask(session: AsyncSession, actor: Actor, row: Round, verb: Verb, reason: str) -> Round:
    """Ask to suspend, resume or void a locked round. The operator; a later request takes the place of an earlier one."""
    role = require(actor, Permission.SUSPEND_ROUND)
    rules.check_transition(verb, row.status)
    at = await now(session)
    row.asked = {"verb": verb.value, "reason": reason, "by": str(actor.person_id), "at": at.isoformat()}
    data = {"verb": verb.value}
    return await moved(session, actor, row, "countersignature_asked", role=role, reason=reason, data=data)


async def countersign(session: AsyncSession, actor: Actor, row: Round, verb: Verb) -> Round:
    """Sign what was asked for, which is done at once. The auditor, who is not the one that asked.

    WrongState where something else or nothing was asked for, or where the round has moved on meanwhile.
    """
    role = require(actor, Permission.COUNTERSIGN)
    asked = row.asked
    if asked is None or asked["verb"] != verb.value:
        raise WrongState(f"nobody has asked to {verb.value} this round")
    if asked["by"] == str(actor.person_id):
        raise NotAllowed("four eyes: you have asked for it, another person signs it")
    rules.check_transition(verb, row.status)
    row.asked, row.reason = None, asked["reason"]
    await {Verb.SUSPEND: _suspend, Verb.RESUME: _resume, Verb.VOID: _void}[verb](session, row)
    kinds = {Verb.SUSPEND: "suspended", Verb.RESUME: "resumed", Verb.VOID: "declared_void"}
    data = {"asked_by": str(UUID(asked["by"]))}
    return await moved(session, actor, row, kinds[verb], role=role, reason=asked["reason"], data=data)


async def _suspend(session: AsyncSession, row: Round) -> None:
    """The bids are kept, and the time that remains."""
    row.status, row.suspended_at = RoundStatus.SUSPENDED, await now(session)
    facts = {"reason": row.reason, "ends_at": instant(row.ends_at)}
    await append_entry(session, row, EntryKind.SUSPENDED, facts)


async def _resume(session: AsyncSession, row: Round) -> None:
    """The end, and the hard stop with it, moves by as long as the round was suspended."""
    if row.suspended_at is None:
        raise AssertionError("a suspended round knows since when")
    at = await now(session)
    row.ends_at = rules.after_pause(row.ends_at, row.suspended_at, at)
    if row.hard_stop is not None:
        row.hard_stop = rules.after_pause(row.hard_stop, row.suspended_at, at)
    row.status, row.suspended_at = RoundStatus.BIDDING, None
    hard_stop = instant(row.hard_stop) if row.hard_stop else None
    facts = {"reason": row.reason, "ends_at": instant(row.ends_at), "hard_stop": hard_stop}
    await append_entry(session, row, EntryKind.RESUMED, facts)


async def _void(session: AsyncSession, row: Round) -> None:
    """Nothing was sold: every deposit is released and the listing is free again."""
    standing = await queries.award_of(session, row.id)
    if standing is not None:
        standing[0].status = AwardStatus.VOID
    row.status = RoundStatus.VOID
    await append_entry(session, row, EntryKind.VOID, {"reason": row.reason})
    await deposits.release(session, await queries.all_registrations(session, row.id))
    await leave_listing(session, row)
