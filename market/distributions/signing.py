"""What becomes of a proposal: contributors sign it or dissent, it is made public, approved by two, paid and closed."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from market.database import now
from market.distributions import queries, rules
from market.distributions.clocks import instant_of
from market.distributions.queries import CaseFile
from market.distributions.rules import Verb
from market.distributions.service import book_of, moved
from market.distributions.tables import Approval, Dissent, DistributionLine, RevenueCase
from market.errors import AlreadyExists, Incomplete, Invalid, NotAllowed, NotFound
from market.money import income
from market.notices import service as notices
from market.notices.queries import Standing, StandingState, standing
from market.permissions import Actor, Permission, require
from market.rules.periods import Period
from market.workdays import legal_day
from schemas.distributions import NewDissent, RewardPaid, SignOff
from schemas.notices import Recipient, RewardNotice
from schemas.values import FieldProblem
from schemas.vocabulary import DissentStatus, NoticeKind, NoticeSubject, RevenueBasis, Role


async def sign(
    session: AsyncSession, actor: Actor, row: RevenueCase, line: DistributionLine, data: SignOff
) -> RevenueCase:
    """Sign one line of a locked case: whose it is, alone; of a person without an account, an officer with the signed paper.

    With the last line the case is signed off.
    """
    role = _signing_role(actor, row, line, data)
    rules.next_status(Verb.SIGN, row.status)
    if line.signed_at is not None:
        return row
    line.signed_at, line.signed_by = await now(session), actor.person_id
    line.signature_sha256 = bytes.fromhex(data.evidence_sha256) if data.evidence_sha256 else None
    facts = {"line": line.number, "name": line.name, "amount": line.amount, "paper": data.evidence_sha256}
    await moved(session, actor, row, Verb.SIGN, "line_signed", role, data=facts)
    await session.flush()
    if all(each.signed_at for each in (await queries.file_of(session, row)).lines):
        await moved(session, None, row, Verb.COMPLETE_SIGNING, "signed_off", None)
    return row


def _signing_role(actor: Actor, row: RevenueCase, line: DistributionLine, data: SignOff) -> Role | None:
    if line.person_id is None:
        role = require(actor, Permission.PROPOSE_DISTRIBUTION, row.organisation_id)
        if data.evidence_sha256 is None:
            detail = "who has no account signs on paper: give its hash"
            raise Invalid(errors=[FieldProblem(pointer="/evidence_sha256", detail=detail)])
        return role
    _refuse_others(actor, line)
    return None


def _refuse_others(actor: Actor, line: DistributionLine) -> None:
    if line.person_id != actor.person_id:
        raise NotAllowed("whose line it is speaks for it, and nobody else")


async def dissent(
    session: AsyncSession, actor: Actor, row: RevenueCase, line: DistributionLine, data: NewDissent
) -> Dissent:
    """Object to one's own line of a locked case, which then stands still. The contributor alone; once at a time."""
    _refuse_others(actor, line)
    rules.next_status(Verb.DISSENT, row.status)
    mine = [each for each in await _open_dissents(session, row) if each.person_id == actor.person_id]
    if mine:
        raise AlreadyExists("your dissent is open")
    line.signed_at = line.signed_by = None
    opened = Dissent(
        case_id=row.id,
        person_id=actor.person_id,
        line_name=line.name,
        grounds=data.grounds,
        at=await now(session),
    )
    session.add(opened)
    facts = {"dissent": str(opened.id), "line": line.number}
    await moved(session, actor, row, Verb.DISSENT, "dissented", None, reason=data.grounds, data=facts)
    return opened


async def _open_dissents(session: AsyncSession, row: RevenueCase) -> list[Dissent]:
    found = (await queries.file_of(session, row)).dissents
    return [each for each in found if each.status is DissentStatus.OPEN]


async def take_back(session: AsyncSession, actor: Actor, row: RevenueCase, dissent_id: UUID) -> RevenueCase:
    """Take one's own dissent back; with the last one the proposal goes on. The contributor alone."""
    standing_now = await _open_dissents(session, row)
    mine = [each for each in standing_now if each.id == dissent_id and each.person_id == actor.person_id]
    if not mine:
        raise NotFound("no open dissent of yours has this id")
    verb = Verb.TAKE_BACK if len(standing_now) > 1 else Verb.RESUME
    rules.next_status(verb, row.status)
    mine[0].status, mine[0].settled_at = DissentStatus.WITHDRAWN, await now(session)
    return await moved(
        session, actor, row, verb, "dissent_withdrawn", None, data={"dissent": str(dissent_id)}
    )


async def notice_of(session: AsyncSession, file: CaseFile) -> tuple[str, str] | None:
    """Whose rewards of this case have to be made public, and by which rule."""
    book, founding = await book_of(session, file.case)
    leaders = any(line.is_leader for line in file.lines)
    return rules.notice_rule(book, founding, leaders, file.case.cash_benefit)


async def publicise(session: AsyncSession, actor: Actor, row: RevenueCase) -> RevenueCase:
    """Say that the rewards of a locked case were public for as long as the rules ask, or need not be.

    Officers and directors of the seller. Incomplete lists what the notice still lacks (PR-7, PR-8, PR-9).
    """
    role = require(actor, Permission.PROPOSE_DISTRIBUTION, row.organisation_id)
    rules.next_status(Verb.PUBLICISE, row.status)
    file = await queries.file_of(session, row)
    needed = await notice_of(session, file)
    if needed is not None:
        found = await _standing(session, row)
        missing = _missing(file, *needed, found)
        if missing:
            raise Incomplete(errors=missing)
        row.notice_id = found.notice_id
    facts = {"notice": str(row.notice_id) if row.notice_id else None, "rule": needed[1] if needed else None}
    return await moved(session, actor, row, Verb.PUBLICISE, "publicised", role, data=facts)


async def _standing(session: AsyncSession, row: RevenueCase) -> Standing:
    return await standing(
        session,
        NoticeSubject.DISTRIBUTION,
        row.id,
        NoticeKind.REWARD,
        organisation_id=row.organisation_id,
    )


_SAID = {
    StandingState.NONE: "publish a reward notice about this distribution",
    StandingState.RUNNING: "the period of the notice has not ended",
    StandingState.OBJECTED: "an objection to the notice is open",
    StandingState.UPHELD: "an objection was upheld: revise the proposal",
    StandingState.LAPSED: "the notice has lapsed: publish another one",
}


def _missing(file: CaseFile, whose: str, rule: str, found: Standing) -> list[FieldProblem]:
    """Everything that keeps a notice from standing for this distribution."""
    if found.state is not StandingState.CLEAR or not isinstance(found.content, RewardNotice):
        detail = _SAID.get(found.state, _SAID[StandingState.NONE])
        if found.until is not None and found.state is StandingState.RUNNING:
            detail += f": {found.until.isoformat()}"
        return [FieldProblem(pointer="/notice", detail=detail, rule=rule)]
    missing = [
        FieldProblem(
            pointer=f"/notice/recipients/{line.name}",
            detail="the notice does not show this recipient with this amount"
            + (" as a leader" if line.is_leader else ""),
            rule="PR-7" if line.is_leader else rule,
        )
        for line in file.lines
        if line.amount
        and (whose == "everyone" or line.is_leader)
        and not any(_shows(recipient, line, file.case.currency) for recipient in found.content.recipients)
    ]
    if file.case.cash_benefit and not found.content.cash:
        detail = "the notice is not of a cash reward (现金奖励), whose period is counted in working days"
        missing.append(FieldProblem(pointer="/notice/cash", detail=detail, rule="PR-9"))
    return missing


def _shows(recipient: Recipient, line: DistributionLine, currency: str) -> bool:
    same = recipient.person_id == line.person_id if recipient.person_id else recipient.name == line.name
    amount = recipient.amount
    return (
        same
        and recipient.is_leader is line.is_leader
        and amount is not None
        and (amount.minor, amount.currency) == (line.amount, currency)
    )


async def approve(session: AsyncSession, actor: Actor, row: RevenueCase) -> RevenueCase:
    """Approve a locked case that was made public: a director and finance of the seller, two persons who receive nothing of it.

    With the second one it is approved: the notice is settled, and the day of payment is computed once (RV-6).
    """
    roles = actor.roles_that_may(Permission.APPROVE_DISTRIBUTION, row.organisation_id)
    require(actor, Permission.APPROVE_DISTRIBUTION, row.organisation_id)
    rules.next_status(Verb.CONSENT, row.status)
    file = await queries.file_of(session, row)
    given = {each.role: each.person_id for each in file.approvals}
    if actor.person_id in given.values():
        raise AlreadyExists("you have approved it: another person does so too")
    if actor.person_id in {line.person_id for line in file.lines}:
        raise NotAllowed("nobody approves what they receive themselves")
    free = sorted(role for role in roles if role not in given)
    if not free:
        raise AlreadyExists("it was approved in this role: the other one is a director's or finance's")
    session.add(Approval(case_id=row.id, role=free[0], person_id=actor.person_id, at=await now(session)))
    await moved(session, actor, row, Verb.CONSENT, "approval_given", free[0])
    if given:
        await _approved(session, row, file)
    return row


async def _approved(session: AsyncSession, row: RevenueCase, file: CaseFile) -> None:
    if await notice_of(session, file) is not None:
        await notices.settle(
            session,
            None,
            NoticeSubject.DISTRIBUTION,
            row.id,
            NoticeKind.REWARD,
            organisation_id=row.organisation_id,
        )
    period = await _payout_period(session, row)
    row.payout_period = period.record() if period else None
    row.due_on = row.agreed_due_on or (period.last_day if period else None)
    facts = {"due_on": row.due_on.isoformat() if row.due_on else None, "period": row.payout_period}
    await moved(session, None, row, Verb.APPROVE, "approved", None, data=facts)


async def _payout_period(session: AsyncSession, row: RevenueCase) -> Period | None:
    """By when it is paid where nothing is agreed: months from the income; of equity, with its registration (RV-6)."""
    book, founding = await book_of(session, row)
    bound = rules.binding(book, founding, "reward_payout")
    if bound is None or row.agreed_due_on is not None or row.basis is RevenueBasis.EQUITY:
        return None
    return book.period("reward_payout", instant_of(row.income_on))


async def pay(session: AsyncSession, actor: Actor, row: RevenueCase, data: RewardPaid) -> RevenueCase:
    """Record that the rewards of a locked case were paid, each a transfer in the ledger. Finance of the seller.

    AlreadyExists for a reference that is recorded in the organisation.
    """
    role = require(actor, Permission.CALCULATE_REVENUE, row.organisation_id)
    rules.next_status(Verb.PAY, row.status)
    if data.paid_on > legal_day(await now(session)):
        detail = "a payment is recorded once it was made"
        raise Invalid(errors=[FieldProblem(pointer="/paid_on", detail=detail)])
    same = select(RevenueCase.id).where(
        RevenueCase.organisation_id == row.organisation_id,
        col(RevenueCase.payment_reference) == data.reference,
    )
    if (await session.execute(same)).first() is not None:
        raise AlreadyExists(f"a payment of rewards with the reference {data.reference} is recorded")
    paid = []
    for line in (await queries.file_of(session, row)).lines:
        rest = line.amount - line.paid_before
        paid.append({"line": line.number, "amount": rest})
        if rest and row.deal_id is not None and row.basis is not RevenueBasis.EQUITY:
            await income.book_reward(session, row.deal_id, line.id, rest, row.currency)
    row.paid_on, row.payment_reference = data.paid_on, data.reference
    row.payment_sha256 = bytes.fromhex(data.evidence_sha256)
    facts: dict[str, Any] = data.model_dump(mode="json") | {"paid": paid}
    return await moved(session, actor, row, Verb.PAY, "paid", role, data=facts)


async def close(session: AsyncSession, actor: Actor, row: RevenueCase) -> RevenueCase:
    """File a locked case that was paid. Finance of the seller; it is adjusted later, where more comes in or goes back."""
    role = require(actor, Permission.CALCULATE_REVENUE, row.organisation_id)
    return await moved(session, actor, row, Verb.CLOSE, "closed", role)
