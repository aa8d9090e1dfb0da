"""The verbs of a notice from its publication on: publish, withdraw, and what its subject tells it: settled, changed.

Drafts are in `drafting`, objections in `objecting`. Of deals, rounds, grants and distributions it knows kind and id alone.
"""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.errors import Incomplete, WrongState
from market.ledger.rules import sha256
from market.ledger.service import record
from market.listings.rules import check_four_eyes
from market.notices import demands, panel, queries, rules
from market.notices.documents import public_document
from market.notices.drafting import drafted, unmet, wrote
from market.notices.queries import Series
from market.notices.rules import Announced, Verb
from market.notices.tables import Notice
from market.notices.turning import let_time_pass, moved
from market.organisations.queries import organisation as organisation_by_id
from market.permissions import Actor, Permission, require
from schemas.values import FieldProblem
from schemas.vocabulary import NoticeKind, NoticeStatus, NoticeSubject, ObjectionStatus


async def publish(session: AsyncSession, actor: Actor, row: Notice) -> Notice:
    """Publish a held draft: officers and directors, four eyes. In the place of one that stands, the director alone.

    The period begins with this transaction's clock and is computed once, from the rule packs and the calendar of the day.
    Incomplete lists all that is missing, with rule and pointer; WrongState while an objection to the other one is open.
    """
    role = require(actor, Permission.PUBLISH_NOTICE, row.organisation_id)
    rules.next_status(Verb.PUBLISH, row.status)
    check_four_eyes(actor.person_id, row.editors)
    if missing := await unmet(session, row):
        raise Incomplete(errors=[FieldProblem(**condition.model_dump()) for condition in missing])
    series = queries.series_of(row)
    for other in await queries.standing_or_draft(session, series):
        if other.id != row.id:
            await _give_place(session, actor, other, row)
    await session.flush()  # the database allows one that stands
    await _fix(session, actor, row, await queries.of_series(session, series))
    facts = {
        "number": row.number,
        "sha256": (row.sha256 or b"").hex(),
        "period": row.period,
        "pack_version": row.pack_version,
        "policy_version": row.policy_version,
        "channels": row.content["channels"],
        "follows": str(row.follows) if row.follows else None,
    }
    return await moved(session, actor, row, Verb.PUBLISH, "published", role=role, data=facts)


async def _give_place(session: AsyncSession, actor: Actor, other: Notice, row: Notice) -> None:
    await let_time_pass(session, other)
    if other.status in rules.FINAL:
        return
    role = require(actor, Permission.AMEND_NOTICE, row.organisation_id)
    await moved(session, actor, other, Verb.AMEND, "amended", role=role, data={"by": str(row.id)})


async def _fix(session: AsyncSession, actor: Actor, row: Notice, series: list[Notice]) -> None:
    """Everything that the publication of a draft computes once."""
    home = await organisation_by_id(session, row.organisation_id)
    policy = await panel.policy(session, row.organisation_id)
    assert policy is not None  # noqa: S101 - its want is among what is missing
    at = await now(session)
    period = demands.period(home, rules.CONTENT.validate_python(row.content), at)
    before = series[-1] if series else None
    number = (before.number or 0) + 1 if before else 1
    document = public_document(row, home, policy, period, number=number, before=before)
    row.number, row.document, row.sha256 = number, document, sha256(document)
    row.period, row.until = period.record(), period.end
    row.pack_version = demands.pack_version(home, at)
    row.policy_version = policy.version
    row.published_at, row.published_by = at, actor.person_id
    row.follows = before.id if before else None


async def withdraw(session: AsyncSession, actor: Actor, row: Notice, reason: str) -> Notice:
    """End a held notice with a reason, which everybody reads once it was published; its bytes stay.

    A draft: officers and directors. What is published: the director, and open objections have no object any more.
    """
    published = row.status is not NoticeStatus.DRAFT
    role = require(
        actor, Permission.AMEND_NOTICE if published else Permission.PUBLISH_NOTICE, row.organisation_id
    )
    await moved(session, actor, row, Verb.WITHDRAW, "withdrawn", role=role, reason=reason)
    row.reason = reason
    await without_object(session, row)
    return row


async def without_object(session: AsyncSession, row: Notice) -> None:
    """The objections that are open against a notice that has ended are decided by nobody."""
    for each in await panel.every_objection(session, [row.id]):
        if each.status is ObjectionStatus.OPEN:
            each.status, each.decided_at = ObjectionStatus.MOOT, await now(session)


# What the subject of a notice tells it


async def settle(
    session: AsyncSession,
    actor: Actor | None,
    subject_type: NoticeSubject,
    subject_id: UUID,
    kind: NoticeKind,
    *,
    organisation_id: UUID,
) -> Notice:
    """Write down that what a clear notice announced was signed, so that it does not lapse: called at the signature.

    The caller holds the subject and has settled who may sign. It is a guard too: WrongState where no notice of this kind
    about the subject is clear at this moment, under the lock of the series, so that of a signature and an objection,
    an amendment or the lapse one comes first. `actor` is recorded; None is the system.
    """
    row = await _standing(session, (organisation_id, subject_type, subject_id, kind))
    if row is None:
        raise WrongState(f"no {kind} notice about this {subject_type} is clear")
    return await moved(session, actor, row, Verb.SETTLE, "settled")


async def material_change(
    session: AsyncSession,
    actor: Actor,
    subject_type: NoticeSubject,
    subject_id: UUID,
    now_stands: Announced,
    *,
    organisation_id: UUID,
    reason: str,
) -> list[Notice]:
    """Tell the notices about a subject what is to be signed now; answers those that are void by it.

    Called by the verb that changes price, mode or scope, within its transaction, with its own subject held and with all
    of the three that the subject has (`Announced`): what differs from the published content is a material change,
    what either side leaves open is none. A published or clear notice is then void, its gate is shut at once, and the next
    one stands drafted with the new facts: published by another pair of eyes than the actor's, it runs a new full period.
    A draft takes the new facts. The caller has settled who may; the actor counts among the authors.

    WrongState where an objection is open: its subject is frozen until the panel has decided, or the notice is withdrawn.
    """
    ended: list[Notice] = []
    for kind in NoticeKind:
        series = (organisation_id, subject_type, subject_id, kind)
        standing = await _standing(session, series)
        if standing is not None and (what := _changed(standing, now_stands)):
            await _void(session, actor, standing, what, reason)
            ended.append(standing)
        rows = await queries.standing_or_draft(session, series)
        following = next((each for each in rows if each.status is NoticeStatus.DRAFT), None)
        if following is None and standing is not None and standing in ended:
            following = await drafted(session, actor, series, standing.content)
            facts = {"follows": str(standing.id)}
            await record(session, actor, ("notice", following.id), "drafted", reason=reason, data=facts)
        if following is not None:
            await _take_over(session, actor, following, now_stands, reason)
    return ended


async def _void(session: AsyncSession, actor: Actor, row: Notice, what: list[str], reason: str) -> None:
    if row.status is NoticeStatus.OBJECTED:
        raise WrongState(f"an objection to notice {row.id} is open: its {what[0]} cannot change")
    row.reason = reason
    await moved(session, actor, row, Verb.VOID, "voided", reason=reason, data={"changed": what})


async def _take_over(
    session: AsyncSession, actor: Actor, row: Notice, now_stands: Announced, reason: str
) -> None:
    """Write into a draft what is to be signed now."""
    what = _changed(row, now_stands)
    if what:
        row.content = row.content | {name: _json(now_stands)[name] for name in what}
        wrote(row, actor)
        facts = {"changed": [f"/{name}" for name in what]}
        await moved(session, actor, row, Verb.CHANGE, "changed", reason=reason, data=facts)


async def _standing(session: AsyncSession, series: Series) -> Notice | None:
    """The notice of a series that stands, held, with everything applied that was due."""
    await queries.hold_series(session, series)
    for row in await queries.standing_or_draft(session, series):
        await let_time_pass(session, row)
        if row.status in rules.STANDING:
            return row
    return None


def _changed(row: Notice, now_stands: Announced) -> list[str]:
    return rules.changed(rules.CONTENT.validate_python(row.content), now_stands)


def _json(now_stands: Announced) -> dict[str, Any]:
    """The facts as they stand in a notice's content."""
    return {
        "price": now_stands.price.model_dump(mode="json") if now_stands.price else None,
        "mode": now_stands.mode.value if now_stands.mode else None,
        "scope": dict(now_stands.scope) if now_stands.scope else None,
    }
