"""The verbs of what is due on a deal: draw its plan, match payments, dispute, resume, write off, refund.

A deal's payments are recorded by `deals`. Here each is booked into the ledger once, and pays the lines that fell due
first: in the transaction of whoever reads the plan next, or of the verb that needs it.
"""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.deals import queries as deals
from market.deals.service import acting_side
from market.deals.tables import Contract, Deal, Payment
from market.deals.terms import currency_of, has_fixed_price
from market.distributions import plan, queries
from market.distributions.plan import Open, Planned, RoyaltyVerb
from market.distributions.queries import Books
from market.distributions.tables import DueLine, PaymentMatch, Refund, RoyaltyReport
from market.errors import AlreadyExists, Invalid, NotAllowed, WrongState
from market.ledger.service import record
from market.money import income
from market.permissions import Actor, Permission
from market.workdays import legal_day
from schemas.deals import PayAfterUse, Terms
from schemas.distributions import DueChange, NewRefund, TriggerMet
from schemas.values import FieldProblem, Money
from schemas.vocabulary import DueKind, DueStanding, DueVerb, Party, Role


async def up_to_date(session: AsyncSession, actor: Actor, deal_id: UUID) -> tuple[Deal, Books]:
    """A deal that the actor sees with its books, for reading; whatever was recorded meanwhile is booked and matched."""
    deal = await deals.deal(session, actor, deal_id)
    known = await queries.books(session, deal.id)
    if not await _has_work(session, deal, known):
        return deal, known
    held = await deals.locked(session, actor, deal_id)
    return held, await reconcile(session, held)


async def _has_work(session: AsyncSession, deal: Deal, known: Books) -> bool:
    contract = await queries.contract_of(session, deal)
    if contract is None:
        return False
    if _undrawn(deal, contract, known) or len(known.booked) < len(known.payments):
        return True
    open_lines, rests = _open(known)
    return bool(plan.allocate(rests, open_lines)) or bool(_beyond(deal, known))


def _undrawn(deal: Deal, contract: Contract, known: Books) -> list[Planned]:
    found = plan.planned(Terms.model_validate(deal.terms), contract.signed_on)
    drawn = {line.kind for line in known.lines}
    return [each for each in found if each.kind not in drawn]


def _open(known: Books) -> tuple[list[Open], list[Open]]:
    """Lines that lack something, what fell due first first, and payments with a rest."""
    lines = sorted(known.lines, key=lambda line: (line.due_on, line.number))
    lacking = [
        Open(line.id, line.amount - known.paid(line.id))
        for line in lines
        if line.standing is DueStanding.OPEN and known.paid(line.id) < line.amount
    ]
    rests = [Open(payment.id, rest) for payment in known.payments if (rest := known.unmatched(payment))]
    return lacking, rests


def _beyond(deal: Deal, known: Books) -> list[tuple[Payment, int]]:
    """What was paid beyond a fixed price for a reason, once every line that is open is paid."""
    if not has_fixed_price(Terms.model_validate(deal.terms)) or _open(known)[0]:
        return []
    return [
        (payment, rest)
        for payment in known.payments
        if payment.over_total is not None and (rest := known.unmatched(payment))
    ]


async def reconcile(session: AsyncSession, deal: Deal) -> Books:
    """Draw what the terms call for, book what was paid, and match it; by the system, on a locked deal."""
    known = await queries.books(session, deal.id)
    contract = await queries.contract_of(session, deal)
    if contract is None:
        return known
    for each in _undrawn(deal, contract, known):
        known.lines.append(await draw(session, deal, known, each.kind, each.amount, each.due_on))
    for payment in known.payments:
        purpose = income.payment_purpose(payment.id)
        if purpose not in known.booked:
            await income.book_payment(session, deal.id, payment.id, payment.amount, payment.currency)
            known.booked.add(purpose)
    await _match(session, deal, known)
    for payment, rest in _beyond(deal, known):
        line = await draw(session, deal, known, DueKind.EXTRA, rest, payment.paid_on)
        line.reason = payment.over_total
        known.lines.append(line)
    await _match(session, deal, known)
    return known


async def draw(
    session: AsyncSession,
    deal: Deal,
    known: Books,
    kind: DueKind,
    amount: int,
    due_on: date,
    **more: Any,
) -> DueLine:
    """A new line of a locked deal, charged to the ledger and written down."""
    currency = currency_of(Terms.model_validate(deal.terms))
    assert currency is not None  # noqa: S101 - an amount is due
    line = DueLine(
        deal_id=deal.id,
        number=max((line.number for line in known.lines), default=0) + 1,
        kind=kind,
        amount=amount,
        currency=currency,
        due_on=due_on,
        created_at=await now(session),
        **more,
    )
    session.add(line)
    await session.flush()
    await income.charge(session, deal.id, line.id, line.amount, line.currency)
    facts = {"line": str(line.id), "kind": kind.value, "amount": amount, "due_on": due_on.isoformat()}
    await record(session, None, ("deal", deal.id), "line_drawn", data=facts)
    return line


async def _match(session: AsyncSession, deal: Deal, known: Books) -> None:
    lines, rests = _open(known)
    for payment_id, line_id, amount in plan.allocate(rests, lines):
        match = PaymentMatch(payment_id=payment_id, due_line_id=line_id, amount=amount)
        session.add(match)
        known.matches.append(match)
        facts = {"payment": str(payment_id), "line": str(line_id), "amount": amount}
        await record(session, None, ("deal", deal.id), "payment_matched", data=facts)
    for line in known.lines:
        if line.report_id is not None and known.paid(line.id) >= line.amount:
            report = await session.get_one(RoyaltyReport, line.report_id)
            if report.status in plan.FROM_ROYALTY[RoyaltyVerb.PAY]:
                report.status = plan.next_royalty(RoyaltyVerb.PAY, report.status)


async def change(session: AsyncSession, actor: Actor, deal: Deal, line_id: UUID, data: DueChange) -> Books:
    """Dispute a line of a locked deal, take it up again, or write off what is left of it.

    Whoever records payments, of either side; the seller alone writes off.
    """
    side, role = acting_side(actor, Permission.RECORD_PAYMENT, deal)
    known = await reconcile(session, deal)
    line = await queries.line(session, deal.id, line_id)
    if data.verb is DueVerb.WRITE_OFF and side is not Party.SELLER:
        raise NotAllowed("the seller alone gives up what it is owed")
    paid = known.paid(line.id)
    line.standing = plan.next_standing(data.verb, line.standing, paid=paid >= line.amount)
    line.reason = data.reason
    if line.standing is DueStanding.WRITTEN_OFF:
        await income.write_off(session, deal.id, line.id, line.amount - paid, line.currency)
    facts = {"line": str(line.id), "party": side.value, "paid": paid}
    await _recorded(session, actor, deal, f"line_{line.standing}", role, facts, data.reason)
    return await reconcile(session, deal)


async def meet_trigger(session: AsyncSession, actor: Actor, deal: Deal, data: TriggerMet) -> Books:
    """What the trial is paid after has come about: its price is due. Whoever records payments, of either side (CT-5)."""
    side, role = acting_side(actor, Permission.RECORD_PAYMENT, deal)
    contract = await signed_contract(session, deal)
    terms = Terms.model_validate(deal.terms)
    known = await reconcile(session, deal)
    if not isinstance(terms.payment, PayAfterUse):
        raise WrongState("this deal is not paid after use")
    if any(line.kind is DueKind.AFTER_USE for line in known.lines):
        raise AlreadyExists("its trigger was met")
    today = legal_day(await now(session))
    problems = amount_problems(terms, data.amount)
    if not contract.effective_on <= data.met_on <= today:
        detail = f"a day from {contract.effective_on} on that has come"
        problems.append(FieldProblem(pointer="/met_on", detail=detail, rule="CT-5"))
    if data.due_on < data.met_on:
        problems.append(FieldProblem(pointer="/due_on", detail="before the trigger was met", rule="CT-5"))
    if problems:
        raise Invalid(errors=problems)
    evidence = bytes.fromhex(data.evidence_sha256)
    await draw(
        session, deal, known, DueKind.AFTER_USE, data.amount.minor, data.due_on, evidence_sha256=evidence
    )
    facts = {"party": side.value} | data.model_dump(mode="json")
    await _recorded(session, actor, deal, "trigger_met", role, facts)
    return await reconcile(session, deal)


async def refund(session: AsyncSession, actor: Actor, deal: Deal, data: NewRefund) -> Refund:
    """Record what the seller has paid back on a locked deal. Whoever records payments for the seller.

    AlreadyExists for a reference that is recorded; Invalid for more than was received.
    """
    role = for_side(actor, deal, Party.SELLER)
    await signed_contract(session, deal)
    known = await reconcile(session, deal)
    made = await queries.refunds(session, deal.id)
    if any(each.reference == data.reference for each in made):
        raise AlreadyExists(f"a refund with the reference {data.reference} is recorded")
    problems = amount_problems(Terms.model_validate(deal.terms), data.amount)
    at = await now(session)
    if data.refunded_on > legal_day(at):
        detail = "a refund is recorded once it was made"
        problems.append(FieldProblem(pointer="/refunded_on", detail=detail))
    received = sum(payment.amount for payment in known.payments) - sum(each.amount for each in made)
    if not problems and data.amount.minor > received:
        problems.append(FieldProblem(pointer="/amount", detail="more than was received"))
    if problems:
        raise Invalid(errors=problems)
    row = Refund(
        **data.model_dump(exclude={"amount"}),
        deal_id=deal.id,
        amount=data.amount.minor,
        currency=data.amount.currency,
        recorded_by=actor.person_id,
        recorded_at=at,
    )
    session.add(row)
    await session.flush()
    await income.book_refund(session, deal.id, row.id, row.amount, row.currency)
    facts = {"refund": str(row.id), "amount": row.amount, "reference": row.reference}
    await _recorded(session, actor, deal, "refund_recorded", role, facts, data.reason)
    return row


def amount_problems(terms: Terms, amount: Money, pointer: str = "/amount") -> list[FieldProblem]:
    """What stands against an amount in a deal with these terms."""
    if amount.currency != currency_of(terms):
        detail = f"this deal is in {currency_of(terms)}"
        return [FieldProblem(pointer=f"{pointer}/currency", detail=detail)]
    return [] if amount.minor else [FieldProblem(pointer=pointer, detail="more than nothing")]


async def signed_contract(session: AsyncSession, deal: Deal) -> Contract:
    """The contract of a deal that both sides have confirmed, or WrongState."""
    contract = await queries.contract_of(session, deal)
    if contract is None:
        raise WrongState(f"the deal is {deal.status}: nothing is due before its contract stands")
    return contract


def for_side(actor: Actor, deal: Deal, side: Party) -> Role:
    """The role by which the actor records payments for one side, or NotAllowed."""
    acting, role = acting_side(actor, Permission.RECORD_PAYMENT, deal)
    if acting is not side:
        raise NotAllowed(f"this is for the {side} of the deal")
    return role


async def _recorded(
    session: AsyncSession,
    actor: Actor,
    deal: Deal,
    kind: str,
    role: Role,
    data: dict[str, Any],
    reason: str | None = None,
) -> None:
    await record(session, actor, ("deal", deal.id), kind, role=role, reason=reason, data=data)
