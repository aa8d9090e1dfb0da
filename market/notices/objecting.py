"""The verbs of an objection (异议): set the policy of a unit, lodge, give an opinion; it moves the notice with them."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.errors import AlreadyExists, Invalid, NotAllowed, WrongState
from market.identity.service import from_session
from market.ledger.rules import sha256
from market.ledger.service import record
from market.notices import demands, panel, rules
from market.notices.documents import policy_document
from market.notices.rules import Verb
from market.notices.service import without_object
from market.notices.tables import Notice, Objection, ObjectionPolicy, Opinion
from market.notices.turning import let_time_pass, moved
from market.organisations.queries import organisation as organisation_by_id
from market.permissions import Actor, Permission, require
from schemas.notices import NewObjection, NewObjectionPolicy, NewOpinion
from schemas.values import FieldProblem
from schemas.vocabulary import ObjectionStatus


async def set_policy(
    session: AsyncSession, actor: Actor, organisation_id: UUID, data: NewObjectionPolicy
) -> ObjectionPolicy:
    """Publish the next version of how a locked organisation takes and decides objections (PR-3, 国发〔2016〕16号). Its director.

    A notice keeps the version that it was published with; who sits on the panel is read from the latest.
    """
    from_session(actor)
    role = require(actor, Permission.SET_OBJECTION_POLICY, organisation_id)
    known = await panel.names(session, data.panel)
    unknown = [place for place, person in enumerate(data.panel) if person not in known]
    if unknown:
        detail = "no person has this id"
        raise Invalid(errors=[FieldProblem(pointer=f"/panel/{place}", detail=detail) for place in unknown])
    before, at = await panel.policy(session, organisation_id), await now(session)
    version = before.version + 1 if before else 1
    document = policy_document(organisation_id, version, data, at)
    row = ObjectionPolicy(
        organisation_id=organisation_id,
        version=version,
        text={language.value: text for language, text in data.text.items()},
        contact=data.contact,
        panel=data.panel,
        document=document,
        sha256=sha256(document),
        published_at=at,
        published_by=actor.person_id,
    )
    session.add(row)
    await session.flush()
    facts = {
        "version": version,
        "sha256": row.sha256.hex(),
        "panel": [str(person) for person in data.panel],
    }
    subject = ("organisation", organisation_id)
    await record(session, actor, subject, "objection_policy_published", role=role, data=facts)
    return row


async def lodge(session: AsyncSession, actor: Actor, row: Notice, data: NewObjection) -> Objection:
    """Object to a held notice: anybody who is signed in, before the period ends; no role is needed, and no key does it.

    What the notice is about is frozen until the unit's panel has decided, for which it has the working days of the pack.
    WrongState for one that arrives at the end of the period or later; AlreadyExists while one's own is open.
    """
    from_session(actor)
    at = await now(session)
    rules.refuse_late(row.until, at)
    rules.next_status(Verb.OBJECT, row.status)
    own = [
        each
        for each in await panel.every_objection(session, [row.id])
        if each.person_id == actor.person_id and each.status is ObjectionStatus.OPEN
    ]
    if own:
        raise AlreadyExists("your objection to this notice is open")
    period = demands.answer_period(await organisation_by_id(session, row.organisation_id), at)
    objection = Objection(
        notice_id=row.id,
        person_id=actor.person_id,
        grounds=data.grounds,
        evidence=[each.model_dump(mode="json") for each in data.evidence],
        lodged_at=at,
        answer_period=period.record(),
        answer_until=period.end,
    )
    session.add(objection)
    await session.flush()
    facts = {
        "objection": str(objection.id),
        "grounds_sha256": sha256(data.grounds.encode()).hex(),
        "evidence": [each.sha256 for each in data.evidence],
        "answer_until": period.end.isoformat(),
    }
    await moved(session, actor, row, Verb.OBJECT, "objection_lodged", data=facts)
    return objection


async def give_opinion(
    session: AsyncSession, actor: Actor, row: Notice, objection: Objection, data: NewOpinion
) -> Objection:
    """Vote on an objection to a held notice, with reasons: a member of the unit's panel without conflict, once.

    The second equal opinion decides. Upheld, the notice ends: its subject is given up or noticed anew. Rejected, the period
    goes on where no other objection is open; it does not begin again. NotAllowed names every conflict.
    """
    from_session(actor)
    if not await panel.sits_on_panel(session, actor, row.organisation_id):
        require(actor, Permission.DECIDE_OBJECTION, row.organisation_id)
    await _refuse_conflicted(session, actor, row, objection)
    if objection.status is not ObjectionStatus.OPEN:
        raise WrongState(f"the objection is {objection.status}; it is decided once")
    given = await panel.opinions(session, [objection.id])
    if any(each.person_id == actor.person_id for each in given):
        raise AlreadyExists("you have given your opinion on this objection")
    facts = {
        "objection": str(objection.id),
        "outcome": data.outcome.value,
        "reasons_sha256": sha256(data.reasons.encode()).hex(),
    }
    await moved(session, actor, row, Verb.GIVE_OPINION, "opinion_given", data=facts)
    session.add(
        Opinion(
            objection_id=objection.id,
            person_id=actor.person_id,
            outcome=data.outcome,
            reasons=data.reasons,
            at=await now(session),
        )
    )
    await session.flush()
    outcome = rules.decided([*(each.outcome for each in given), data.outcome])
    if outcome is not None:
        await _decide(session, row, objection, outcome)
    return objection


async def _refuse_conflicted(session: AsyncSession, actor: Actor, row: Notice, objection: Objection) -> None:
    found = rules.conflicts(
        actor.person_id,
        (await panel.names(session, [actor.person_id]))[actor.person_id],
        objector=objection.person_id,
        authors=row.editors,
        content=rules.CONTENT.validate_python(row.content),
    )
    if found:
        raise NotAllowed("; ".join(each.detail for each in found), errors=found)


async def _decide(session: AsyncSession, row: Notice, objection: Objection, outcome: ObjectionStatus) -> None:
    at = await now(session)
    objection.status, objection.decided_at = outcome, at
    facts = {"objection": str(objection.id), "overdue": at >= objection.answer_until}
    if outcome is ObjectionStatus.UPHELD:
        await moved(session, None, row, Verb.UPHOLD, "objection_upheld", data=facts)
        await without_object(session, row)
        return
    others = [
        each for each in await panel.every_objection(session, [row.id]) if each.status is ObjectionStatus.OPEN
    ]
    verb = Verb.REJECT if others else Verb.RESUME
    await moved(session, None, row, verb, "objection_rejected", data=facts)
    await let_time_pass(session, row)
