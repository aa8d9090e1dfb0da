"""Row to view of managers and assignments, and the text of a receipt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from market.ledger.rules import canonical
from market.ledger.signing import base64_text
from market.listings.documents import instant
from market.listings.tables import ListingVersion
from market.managers import rules
from market.managers.directory import Profile
from market.managers.queries import Held
from market.managers.service import awaited
from market.managers.tables import Assignment, Employment, Introduction, ManagerCredential
from market.organisations.tables import Organisation
from schemas.managers import (
    AssignmentView,
    CredentialView,
    EmploymentView,
    Fields,
    IntroductionView,
    ManagerRecord,
    ManagerSummary,
    ManagerView,
)


def _summarised(profile: Profile) -> dict[str, Any]:
    manager = profile.manager
    shown = ("id", "organisation_id", "level", "languages", "regions", "capacity", "available")
    return {name: getattr(manager, name) for name in shown} | {
        "name": profile.name,
        "organisation_name": profile.organisation.name,
        "fields": Fields(ipc=manager.ipc, discipline=manager.discipline, industry=manager.industry),
        "open_assignments": profile.load,
        "record": ManagerRecord(
            introductions=profile.introductions,
            succeeded=profile.succeeded,
            without_deal=profile.without_deal,
        ),
    }


def manager_summary(profile: Profile) -> ManagerSummary:
    return ManagerSummary(**_summarised(profile))


def manager_view(
    profile: Profile,
    credentials: Sequence[ManagerCredential],
    employments: Sequence[tuple[Employment, Organisation]],
    *,
    whole: bool,
) -> ManagerView:
    """`whole` shows the credentials: to the manager, the operator and the auditor."""
    manager = profile.manager
    return ManagerView(
        **_summarised(profile),
        credentials=[CredentialView.model_validate(held) for held in credentials] if whole else None,
        employments=[
            EmploymentView(
                **row.model_dump(exclude={"manager_id", "stated_at"}), organisation_name=organisation.name
            )
            for row, organisation in employments
        ],
        revision=manager.revision,
        created_at=manager.created_at,
        updated_at=manager.updated_at,
    )


_KEPT_BACK = {"status", "outcome", "manager_id", "owner_consent_by", "counterpart_consent_by"}


def assignment_view(
    held: Held, profile: Profile, organisations: Mapping[UUID, Organisation], introduction_id: UUID | None
) -> AssignmentView:
    """`organisations` holds both parties."""
    row = held.assignment
    return AssignmentView(
        **row.model_dump(exclude=_KEPT_BACK),
        organisation_name=organisations[row.organisation_id].name if row.organisation_id else None,
        owner_name=organisations[row.owner_organisation_id].name,
        awaits_consent_of=awaited(row) if row.status in rules.OPEN else [],
        manager=manager_summary(profile),
        status=rules.effective_status(row.status, ended=held.ended),
        outcome=rules.effective_outcome(row.outcome, row.status, ended=held.ended),
        introduction_id=introduction_id,
    )


@dataclass(frozen=True)
class Introduced:
    """What a receipt says beside its own row: under which assignment, over which version, by whom, whom."""

    assignment: Assignment
    version: ListingVersion
    title: Mapping[str, str]
    profile: Profile
    organisations: Mapping[UUID, Organisation]


def receipt(row: Introduction, about: Introduced, base_url: str) -> bytes:
    """RFC 8785 canonical JSON of an introduction: who brought whom together over what, and when."""
    profile, assignment = about.profile, about.assignment

    def named(organisation_id: UUID) -> dict[str, Any]:
        return {"id": str(organisation_id), "name": about.organisations[organisation_id].name}

    interest = {"interest": str(row.interest_id)} if row.interest_id else {}
    return canonical(
        {
            "type": "introduction",
            "id": str(row.id),
            "issuer": base_url,
            "parties": {
                "owner": named(row.owner_organisation_id),
                "interested": named(row.organisation_id),
            },
            "subject": {
                "listing": str(row.listing_id),
                "version": about.version.number,
                "sha256": about.version.sha256.hex(),
                "title": dict(about.title),
                **interest,
            },
            "manager": {
                "id": str(profile.manager.id),
                "name": profile.name,
                "organisation": {"id": str(profile.organisation.id), "name": profile.organisation.name},
            },
            "assignment": {
                "id": str(assignment.id),
                "represents": assignment.represents.value,
                "declaration": assignment.declaration,
            },
            "introduced_at": instant(row.introduced_at),
            "valid_until": instant(row.valid_until),
        }
    )


def introduction_view(row: Introduction) -> IntroductionView:
    return IntroductionView(
        id=row.id,
        assignment_id=row.assignment_id,
        receipt=row.receipt.decode(),
        sha256=row.sha256.hex(),
        signature=base64_text(row.signature),
        public_key=base64_text(row.public_key),
    )
