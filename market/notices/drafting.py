"""The verbs of a notice before its publication: draft, change, begin an amendment, and what a draft still lacks."""

from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from market.database import now
from market.errors import AlreadyExists, Invalid, NotAllowed
from market.ledger.service import record
from market.listings.rules import differences, merge_patch
from market.notices import demands, panel, queries, rules
from market.notices.queries import Series
from market.notices.rules import AnyContent, Verb
from market.notices.tables import Notice
from market.notices.turning import let_time_pass, moved
from market.organisations.queries import organisation as organisation_by_id
from market.permissions import Actor, Permission, require
from market.web.problems import validated
from schemas.listings import Unmet
from schemas.notices import NewNotice
from schemas.values import FieldProblem
from schemas.vocabulary import NoticeKind, NoticeStatus


async def draft(session: AsyncSession, actor: Actor, data: NewNotice) -> Notice:
    """Begin a notice. Officers and directors; AlreadyExists where one stands or is drafted: that one is amended."""
    organisation_id = data.organisation_id or _only(actor.where(Permission.PUBLISH_NOTICE))
    role = require(actor, Permission.PUBLISH_NOTICE, organisation_id)
    kind = NoticeKind(data.content.kind)
    series = (organisation_id, data.subject.kind, data.subject.id, kind)
    await queries.hold_series(session, series)
    for row in await queries.standing_or_draft(session, series):
        await let_time_pass(session, row)
        if row.status not in rules.FINAL:
            raise AlreadyExists(
                f"notice {row.id} about this subject is {row.status}: change or amend that one"
            )
    await _refuse_unknown_people(session, data.content)
    row = await drafted(session, actor, series, data.content.model_dump(mode="json"))
    await record(session, actor, ("notice", row.id), "drafted", role=role, data={"kind": kind.value})
    return row


def _only(organisations: list[UUID]) -> UUID:
    if not organisations:
        raise NotAllowed("publish notice needs one of the roles: tto_director, tto_officer")
    if len(organisations) > 1:
        detail = "you belong to several organisations: name one"
        raise Invalid(errors=[FieldProblem(pointer="/organisation_id", detail=detail)])
    return organisations[0]


async def drafted(session: AsyncSession, actor: Actor, series: Series, content: dict[str, Any]) -> Notice:
    """A new draft of a held series, by an author whom the caller has checked."""
    organisation_id, subject_kind, subject_id, kind = series
    at = await now(session)
    row = Notice(
        organisation_id=organisation_id,
        subject_kind=subject_kind,
        subject_id=subject_id,
        kind=kind,
        content=content,
        editors=[actor.person_id],
        created_by=actor.person_id,
        created_at=at,
        updated_at=at,
    )
    session.add(row)
    await session.flush()
    return row


async def _refuse_unknown_people(session: AsyncSession, content: AnyContent) -> None:
    """Whoever is named with an account that is none would decide on their own matter."""
    lists = {"contributors": content.contributors, "recipients": getattr(content, "recipients", [])}
    named = {
        f"/content/{name}/{place}/person_id": each.person_id
        for name, people in lists.items()
        for place, each in enumerate(people)
        if each.person_id is not None
    }
    known = await panel.names(session, set(named.values()))
    unknown = [pointer for pointer, person in named.items() if person not in known]
    if unknown:
        detail = "no person has this id"
        raise Invalid(errors=[FieldProblem(pointer=pointer, detail=detail) for pointer in unknown])


async def change(session: AsyncSession, actor: Actor, row: Notice, patch: dict[str, Any]) -> Notice:
    """Apply an RFC 7396 merge patch to the content of a held draft. Officers and directors; Invalid names the fields."""
    role = require(actor, Permission.PUBLISH_NOTICE, row.organisation_id)
    rules.next_status(Verb.CHANGE, row.status)
    merged = merge_patch(row.content, patch)
    if merged.get("kind") != row.kind:
        raise Invalid(errors=[FieldProblem(pointer="/kind", detail="a notice keeps its kind")])
    try:
        content = rules.CONTENT.validate_python(merged)
    except ValidationError as error:
        raise validated(error, merged) from error
    before, after = row.content, content.model_dump(mode="json")
    if before == after:
        return row
    await _refuse_unknown_people(session, content)
    wrote(row, actor)
    row.content = after
    facts = {"changed": [difference.pointer for difference in differences(before, after)]}
    return await moved(session, actor, row, Verb.CHANGE, "changed", role=role, data=facts)


def wrote(row: Notice, actor: Actor) -> None:
    """Count the actor among the authors."""
    if actor.person_id not in row.editors:
        row.editors = [*row.editors, actor.person_id]


async def begin_amendment(session: AsyncSession, actor: Actor, row: Notice, reason: str) -> Notice:
    """Draft the notice that is to take the place of a held one, with its content to be changed. Officers and directors.

    Nothing changes for the one that stands until the draft is published. WrongState while an objection is open.
    """
    role = require(actor, Permission.PUBLISH_NOTICE, row.organisation_id)
    rules.next_status(Verb.AMEND, row.status)
    series = queries.series_of(row)
    drafts = [
        each for each in await queries.standing_or_draft(session, series) if each.status is NoticeStatus.DRAFT
    ]
    if drafts:
        raise AlreadyExists(f"the amendment is drafted: it is notice {drafts[0].id}")
    following = await drafted(session, actor, series, row.content)
    facts = {"amends": str(row.id)}
    await record(session, actor, ("notice", following.id), "drafted", role=role, reason=reason, data=facts)
    return following


async def unmet(session: AsyncSession, row: Notice) -> list[Unmet]:
    """Everything that a draft lacks for its publication now; nothing for what is published."""
    if row.status is not NoticeStatus.DRAFT:
        return []
    home = await organisation_by_id(session, row.organisation_id)
    asked = demands.demands(home, row.kind, await now(session))
    known = await panel.policy(session, row.organisation_id)
    return rules.unmet(rules.CONTENT.validate_python(row.content), asked, has_policy=known is not None)
