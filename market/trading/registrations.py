"""The verbs of a bidder's registration: register, withdraw, qualify, refuse, take the deposit.

Every one is done under the lock of the round, so that who takes part is settled once its bidding begins.
"""

import secrets
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.errors import AlreadyExists, Conflict, Incomplete, Invalid, MayNotBid, NotAllowed, NotQualified
from market.ledger.service import record
from market.money import service as money
from market.money.documents import bank_evidence, bank_purpose
from market.money.queries import hall_role
from market.organisations.queries import organisation as organisation_by_id
from market.permissions import Actor, Permission, require
from market.trading import deposits, queries, rules
from market.trading.rules import Step, Verb
from market.trading.service import plan_of
from market.trading.tables import Registration, Round
from schemas.money import NewReceipt
from schemas.trading import NewRegistration, RegistrationRefusal, RoundPlan
from schemas.values import FieldProblem
from schemas.vocabulary import RegistrationStatus, Role, VerificationLevel

LEAST_VERIFICATION = VerificationLevel.L1
ALIAS_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without those that are read for one another."""


async def register(session: AsyncSession, actor: Actor, round_: Round, data: NewRegistration) -> Registration:
    """Register an organisation for a locked round whose rules it accepts. Its buyers; it is verified to L1 or more.

    MayNotBid names every relation to the seller or the platform (BD-2), NotQualified a default in the same sale;
    Incomplete lists what the form lacks.
    """
    organisation_id = data.organisation_id or _only(actor)
    role = require(actor, Permission.BID, organisation_id)
    rules.check_transition(Verb.REGISTER, round_.status)
    await _refuse_unfit(session, actor, round_, organisation_id)
    plan = plan_of(round_)
    _refuse_incomplete(round_, plan, data)
    if await queries.registration_of(session, round_.id, organisation_id) is not None:
        raise AlreadyExists("your organisation has registered for this round")
    at = await now(session)
    row = Registration(
        round_id=round_.id,
        organisation_id=organisation_id,
        alias=await _alias(session, round_),
        priority=next(
            (each.rank for each in plan.first_refusals if each.organisation_id == organisation_id), None
        ),
        form=data.model_dump(mode="json", include={"statements", "related_party", "relation"}),
        rules_sha256=bytes.fromhex(data.rules_sha256),
        registered_by=actor.person_id,
        created_at=at,
        updated_at=at,
    )
    session.add(row)
    await session.flush()
    facts = {
        "round": str(round_.id),
        "organisation": str(organisation_id),
        "rules_sha256": data.rules_sha256,
    }
    await record(session, actor, ("registration", row.id), "registered", role=role, data=facts)
    return row


def _only(actor: Actor) -> UUID:
    able = actor.where(Permission.BID)
    if len(able) > 1:
        detail = "you buy for several organisations: name one"
        raise Invalid(errors=[FieldProblem(pointer="/organisation_id", detail=detail)])
    if not able:
        require(actor, Permission.BID)
    return able[0]


async def _refuse_unfit(session: AsyncSession, actor: Actor, round_: Round, organisation_id: UUID) -> None:
    organisation = await organisation_by_id(session, organisation_id)
    if organisation.verification < LEAST_VERIFICATION:
        raise Conflict(
            f"your organisation is at level {organisation.verification}: the operator verifies it to "
            f"{LEAST_VERIFICATION} before it can register for a round"
        )
    found = await queries.conflicts(session, round_.id, actor.person_id, organisation_id)
    if found:
        raise MayNotBid("; ".join(each.detail for each in found), errors=found)
    if await queries.has_defaulted(session, round_.id, organisation_id):
        detail = "whoever has defaulted takes no part when the same is offered again"
        raise NotQualified(detail, errors=[FieldProblem(pointer="", detail=detail, rule="BD-12")])


def _refuse_incomplete(round_: Round, plan: RoundPlan, data: NewRegistration) -> None:
    if round_.rules_sha256 is None or data.rules_sha256 != round_.rules_sha256.hex():
        detail = (
            "this is not the SHA-256 of the rules of this round: read them, and send the hash in their ETag"
        )
        raise Invalid(errors=[FieldProblem(pointer="/rules_sha256", detail=detail)])
    lacking = [
        FieldProblem(pointer=f"/statements/{place}", detail=f"say how you meet condition {place + 1}")
        for place in range(len(data.statements), len(plan.conditions))
    ]
    lacking += [
        FieldProblem(pointer=f"/statements/{place}", detail="the rules have no such condition")
        for place in range(len(plan.conditions), len(data.statements))
    ]
    if data.related_party and data.relation is None:
        lacking.append(FieldProblem(pointer="/relation", detail="say which relation it is", rule="PR-4"))
    if lacking:
        raise Incomplete(errors=lacking)


async def _alias(session: AsyncSession, round_: Round) -> str:
    """竞买代码: drawn by chance, so that it tells neither who nor in which order they came."""
    taken = {each.alias for each in await queries.all_registrations(session, round_.id)}
    while (alias := "".join(secrets.choice(ALIAS_LETTERS) for _ in range(4))) in taken:
        pass
    return alias


async def withdraw(session: AsyncSession, actor: Actor, round_: Round, row: Registration) -> Registration:
    """Take a registration back before the registration ends, for good; its deposit is released. The bidder's buyers."""
    role = require(actor, Permission.BID, row.organisation_id)
    rules.check_step(Step.WITHDRAW, row.status, round_.status)
    row.status = RegistrationStatus.WITHDRAWN
    await deposits.release(session, [row])
    return await _moved(session, actor, row, "withdrawn", role)


async def qualify(session: AsyncSession, actor: Actor, round_: Round, row: Registration) -> Registration:
    """Admit a bidder who meets the conditions. The seller's officers and directors, before the bidding begins."""
    role = require(actor, Permission.QUALIFY_BIDDER, round_.seller_id)
    rules.check_step(Step.QUALIFY, row.status, round_.status)
    row.status, row.decided_by = RegistrationStatus.QUALIFIED, actor.person_id
    return await _moved(session, actor, row, "qualified", role)


async def refuse(
    session: AsyncSession, actor: Actor, round_: Round, row: Registration, data: RegistrationRefusal
) -> Registration:
    """Refuse a bidder, naming the conditions that are not met; the deposit is released. The seller's officers and directors."""
    role = require(actor, Permission.QUALIFY_BIDDER, round_.seller_id)
    rules.check_step(Step.REFUSE, row.status, round_.status)
    conditions = len(plan_of(round_).conditions)
    beyond = [
        FieldProblem(pointer=f"/conditions/{place}", detail=f"the rules have {conditions} conditions")
        for place, number in enumerate(data.conditions)
        if number > conditions
    ]
    if conditions and not data.conditions:
        beyond = [FieldProblem(pointer="/conditions", detail="name the conditions that are not met")]
    if beyond:
        raise Invalid(errors=beyond)
    row.status, row.decided_by = RegistrationStatus.REFUSED, actor.person_id
    row.decision_reason = data.reason
    await deposits.release(session, [row])
    named = {"conditions": data.conditions}
    return await _moved(session, actor, row, "refused", role, reason=data.reason, data=named)


async def take_deposit(
    session: AsyncSession, actor: Actor, round_: Round, row: Registration, data: NewReceipt
) -> Registration:
    """Record the bank's receipt of a deposit and hold it for the round, before the bidding begins. The hall's operator or finance.

    What came in beyond the deposit stays available to the organisation. AlreadyExists where the deposit is held.
    """
    role = await hall_role(session, actor)
    if role is None:
        raise NotAllowed(
            "record deposit needs one of the roles finance, operator of the operator's organisation"
        )
    rules.check_step(Step.TAKE_DEPOSIT, row.status, round_.status)
    if row.deposit_id is not None:
        raise AlreadyExists("the deposit of this registration is held")
    if data.amount.currency != round_.currency:
        detail = f"this round is held in {round_.currency}"
        raise Invalid(errors=[FieldProblem(pointer="/amount/currency", detail=detail)])
    if data.amount.minor < round_.deposit:
        detail = "it is less than the deposit that the rules ask for"
        raise Invalid(errors=[FieldProblem(pointer="/amount", detail=detail)])
    await money.record_receipt(
        session,
        actor,
        organisation_id=row.organisation_id,
        amount=data.amount.minor,
        currency=data.amount.currency,
        purpose=bank_purpose(data),
        evidence=bank_evidence(data),
    )
    transfer = await deposits.hold(session, round_, row)
    return await _moved(session, actor, row, "deposit_held", role, data={"transfer": str(transfer.id)})


async def _moved(
    session: AsyncSession,
    actor: Actor,
    row: Registration,
    kind: str,
    role: Role,
    *,
    reason: str | None = None,
    data: dict[str, Any] | None = None,
) -> Registration:
    row.revision += 1
    row.updated_at = await now(session)
    await record(session, actor, ("registration", row.id), kind, role=role, reason=reason, data=data)
    return row
