"""Row to public document, view and proof of a notice; nothing here names who objected, but `objection_view`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from market.ledger.rules import canonical
from market.listings.documents import instant
from market.notices import rules
from market.notices.tables import Notice, Objection, ObjectionPolicy, Opinion
from market.organisations.tables import Organisation
from market.rules.periods import Period
from schemas.listings import Unmet
from schemas.notices import (
    Channel,
    NewObjectionPolicy,
    NoticeProof,
    NoticeState,
    NoticeVersion,
    NoticeView,
    ObjectionOutcome,
    ObjectionPolicyView,
    ObjectionView,
    ObjectorView,
    OpinionView,
    PolicyOfProof,
    SubjectOfNotice,
)
from schemas.rules import PeriodView
from schemas.vocabulary import ObjectionStatus

# Which account belongs to a name is for the panel's conflicts alone.
_PRIVATE = {"contributors": {"__all__": {"person_id"}}, "recipients": {"__all__": {"person_id"}}}


def notice_url(base_url: str, notice_id: UUID) -> str:
    """The stable public address of a notice."""
    return f"{base_url}/api/v1/notices/{notice_id}"


def public_document(
    row: Notice,
    organisation: Organisation,
    policy: ObjectionPolicy,
    period: Period,
    *,
    number: int,
    before: Notice | None,
) -> bytes:
    """RFC 8785 canonical JSON of what is published; what is unset is left out."""
    content = rules.CONTENT.validate_python(row.content)
    body: dict[str, Any] = content.model_dump(mode="json", exclude=_PRIVATE, exclude_none=True)
    document = {name: value for name, value in body.items() if value not in ({}, [])} | {
        "id": str(row.id),
        "number": number,
        "published_at": instant(period.start),
        "organisation": {"id": str(organisation.id), "name": organisation.name},
        "subject": {"kind": row.subject_kind.value, "id": str(row.subject_id)},
        "period": period.record(),
        "objections": {
            "policy": {"version": policy.version, "sha256": policy.sha256.hex(), "text": policy.text},
            "contact": policy.contact,
            "address": f"/api/v1/notices/{row.id}/objections",
            "until": instant(period.end),
        },
    }
    if before is not None:
        document["follows"] = {"id": str(before.id), "sha256": (before.sha256 or b"").hex()}
    return canonical(document)


def policy_document(organisation_id: UUID, version: int, data: NewObjectionPolicy, at: datetime) -> bytes:
    """RFC 8785 canonical JSON of a version of a unit's objection policy."""
    return canonical(
        {
            "organisation": str(organisation_id),
            "version": version,
            "text": {language.value: text for language, text in data.text.items()},
            "contact": data.contact,
            "published_at": instant(at),
        }
    )


def policy_view(row: ObjectionPolicy) -> ObjectionPolicyView:
    return ObjectionPolicyView(
        **row.model_dump(include={"organisation_id", "version", "text", "contact", "published_at"}),
        sha256=row.sha256.hex(),
    )


_SHOWN = {
    "id", "kind", "number", "status", "organisation_id", "published_at", "until", "pack_version", "cleared_at",
    "lapses_at", "ended_at", "reason", "follows",
}  # fmt: skip


def view_fields(row: Notice, organisation: Organisation, open_objections: int) -> dict[str, Any]:
    """What every view of a notice shows; the document is not touched, which lists do not read."""
    return {name: getattr(row, name) for name in _SHOWN} | {
        "organisation_name": organisation.name,
        "subject": SubjectOfNotice(kind=row.subject_kind, id=row.subject_id),
        "name": row.content["name"],
        "sha256": row.sha256.hex() if row.sha256 else None,
        "open_objections": open_objections,
    }


def notice_view(row: Notice, organisation: Organisation, open_objections: int) -> NoticeView:
    return NoticeView(**view_fields(row, organisation, open_objections))


def notice_state(
    row: Notice, organisation: Organisation, open_objections: int, unmet: list[Unmet]
) -> NoticeState:
    return NoticeState(
        **view_fields(row, organisation, open_objections),
        revision=row.revision,
        content=rules.CONTENT.validate_python(row.content),
        unmet=unmet,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def is_overdue(row: Objection, at: datetime) -> bool:
    return row.status is ObjectionStatus.OPEN and at >= row.answer_until


def objection_view(
    row: Objection, opinions: Sequence[Opinion], names: Mapping[UUID, str], at: datetime
) -> ObjectionView:
    """With its objector and the panel's opinions: for whoever sees these."""
    shown = {"id", "notice_id", "status", "grounds", "evidence", "lodged_at", "answer_until", "decided_at"}
    return ObjectionView(
        **row.model_dump(include=shown),
        objector=ObjectorView(person_id=row.person_id, name=names[row.person_id]),
        overdue=is_overdue(row, at),
        opinions=[
            OpinionView(person_id=each.person_id, outcome=each.outcome, reasons=each.reasons, at=each.at)
            for each in opinions
            if each.objection_id == row.id
        ],
    )


def proof(
    view: NoticeView,
    row: Notice,
    series: Sequence[Notice],
    policy: ObjectionPolicy,
    objections: Sequence[Objection],
    *,
    record_head: bytes,
    base_url: str,
    at: datetime,
) -> NoticeProof:
    """The proof of publication (公示证明) of one notice, as of `at`: that decides what is overdue."""
    shown = {"id", "status", "lodged_at", "answer_until", "decided_at"}
    return NoticeProof(
        notice=view,
        url=notice_url(base_url, row.id),
        channels=[Channel(**each) for each in row.content["channels"]],
        period=PeriodView.model_validate(row.period),
        policy=PolicyOfProof(version=policy.version, sha256=policy.sha256.hex()),
        objections=[
            ObjectionOutcome(**each.model_dump(include=shown), overdue=is_overdue(each, at))
            for each in objections
        ],
        versions=[
            NoticeVersion(
                **each.model_dump(include={"id", "number", "status", "published_at", "until"}),
                sha256=(each.sha256 or b"").hex(),
                url=notice_url(base_url, each.id),
            )
            for each in series
        ],
        record_head=record_head.hex(),
    )
