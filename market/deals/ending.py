"""How a contract in force ends early: notice of a breach, its cure, termination by one side or by both."""

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.deals import queries, rules
from market.deals.rules import Verb
from market.deals.service import acting_side, consent, moved
from market.deals.tables import Deal
from market.errors import NotAllowed, WrongState
from market.ledger.service import record
from market.permissions import Actor, Permission
from market.rules.periods import count
from market.workdays import SHANGHAI
from schemas.vocabulary import DealStatus, Matter, Party, Role, RuleUnit


async def notify_breach(session: AsyncSession, actor: Actor, deal: Deal, reason: str) -> Deal:
    """Give the other side notice of its breach; it has 30 days to cure it. Whoever may sign contracts, of either side.

    技术合同司法解释 art. 15; the days are counted as 民法典 art. 201 and 203 count them.
    """
    side, role = acting_side(actor, Permission.SIGN_CONTRACT, deal)
    rules.next_status(Verb.NOTIFY_BREACH, deal.status)
    deal.breach_reason, deal.breach_noted_as = reason, side
    deal.cure_due_at = count(await now(session), rules.CURE_DAYS, RuleUnit.DAYS).end
    data = {"party": side.value, "cure_due_at": deal.cure_due_at.isoformat()}
    return await moved(
        session, actor, deal, Verb.NOTIFY_BREACH, "breach_noted", role, reason=reason, data=data
    )


async def cure(session: AsyncSession, actor: Actor, deal: Deal) -> Deal:
    """The breach is cured, says the side that gave notice of it, and the contract goes on."""
    side, role = acting_side(actor, Permission.SIGN_CONTRACT, deal)
    rules.next_status(Verb.CURE, deal.status)
    if side is not deal.breach_noted_as:
        raise NotAllowed(f"the {deal.breach_noted_as} gave notice of the breach, and says when it is cured")
    deal.breach_reason = deal.breach_noted_as = deal.cure_due_at = None
    return await moved(session, actor, deal, Verb.CURE, "breach_cured", role, data={"party": side.value})


async def terminate(session: AsyncSession, actor: Actor, deal: Deal, reason: str) -> Deal:
    """End a contract in force (解除): at once where a breach was not cured in time, else once both sides agree.

    Whoever may sign contracts, of either side. WrongState where one side alone wants it and its time has not come.
    """
    side, role = acting_side(actor, Permission.SIGN_CONTRACT, deal)
    rules.next_status(Verb.TERMINATE, deal.status)
    gave_notice = deal.status is DealStatus.BREACHED and side is deal.breach_noted_as
    if gave_notice and deal.cure_due_at is not None and await now(session) >= deal.cure_due_at:
        return await _ended(session, actor, deal, role, reason, side)
    if not await consent(session, actor, deal, Matter.TERMINATION, side):
        raise WrongState(f"your side has agreed to end it: {_when(deal, gave_notice=gave_notice)}")
    if set((await queries.file_of(session, deal)).agreed(Matter.TERMINATION)) == set(rules.SIDES):
        return await _ended(session, actor, deal, role, reason, side)
    deal.revision += 1
    deal.updated_at = await now(session)
    data = {"party": side.value}
    await record(session, actor, ("deal", deal.id), "termination_agreed", role=role, reason=reason, data=data)
    return deal


def _when(deal: Deal, *, gave_notice: bool) -> str:
    if gave_notice and deal.cure_due_at is not None:
        due = deal.cure_due_at.astimezone(SHANGHAI).isoformat(timespec="minutes")
        return f"it ends once the other side agrees, or by you from {due} on"
    return "it ends once the other side agrees"


async def _ended(
    session: AsyncSession, actor: Actor, deal: Deal, role: Role, reason: str, side: Party
) -> Deal:
    deal.cancellation_reason = reason
    data = {"party": side.value}
    return await moved(session, actor, deal, Verb.TERMINATE, "terminated", role, reason=reason, data=data)
