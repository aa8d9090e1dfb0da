"""Row to view of managers and assignments, and the text of a receipt."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from market.interests.tables import Interest
from market.ledger.rules import canonical
from market.ledger.signing import base64_text
from market.listings.documents import instant
from market.listings.tables import ListingVersion
from market.managers.queries import Profile
from market.managers.rules import effective_outcome, effective_status
from market.managers.tables import Assignment, Introduction
from market.organisations.tables import Organisation
from schemas.managers import (
    AssignmentView,
    Credential,
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
        "record": ManagerRecord(introductions=profile.introductions),
    }


def manager_summary(profile: Profile) -> ManagerSummary:
    return ManagerSummary(**_summarised(profile))


def manager_view(profile: Profile, *, whole: bool) -> ManagerView:
    """`whole` shows the credentials: to the manager, the operator and the auditor."""
    manager = profile.manager
    return ManagerView(
        **_summarised(profile),
        credentials=[Credential.model_validate(held) for held in manager.credentials] if whole else None,
        revision=manager.revision,
        created_at=manager.created_at,
        updated_at=manager.updated_at,
    )


def assignment_view(
    assignment: Assignment,
    interest: Interest,
    profile: Profile,
    organisations: Mapping[UUID, Organisation],
    introduction_id: UUID | None,
) -> AssignmentView:
    """`organisations` holds both parties of the interest."""
    return AssignmentView(
        **assignment.model_dump(exclude={"status", "outcome", "manager_id"}),
        listing_id=interest.listing_id,
        organisation_id=interest.organisation_id,
        organisation_name=organisations[interest.organisation_id].name,
        owner_organisation_id=interest.owner_organisation_id,
        owner_name=organisations[interest.owner_organisation_id].name,
        manager=manager_summary(profile),
        status=effective_status(assignment.status, interest.status),
        outcome=effective_outcome(assignment.outcome, assignment.status, interest.status),
        introduction_id=introduction_id,
    )


def receipt(
    introduction_id: UUID,
    assignment: Assignment,
    interest: Interest,
    version: ListingVersion,
    title: Mapping[str, str],
    profile: Profile,
    organisations: Mapping[UUID, Organisation],
    times: tuple[datetime, datetime],
    base_url: str,
) -> bytes:
    """RFC 8785 canonical JSON of an introduction: who brought whom together over what, and when."""

    def named(organisation_id: UUID) -> dict[str, Any]:
        return {"id": str(organisation_id), "name": organisations[organisation_id].name}

    introduced_at, valid_until = times
    return canonical(
        {
            "type": "introduction",
            "id": str(introduction_id),
            "issuer": base_url,
            "parties": {
                "owner": named(interest.owner_organisation_id),
                "interested": named(interest.organisation_id),
            },
            "subject": {
                "listing": str(interest.listing_id),
                "version": version.number,
                "sha256": version.sha256.hex(),
                "title": dict(title),
                "interest": str(interest.id),
            },
            "manager": {
                "id": str(profile.manager.id),
                "name": profile.name,
                "organisation": {"id": str(profile.organisation.id), "name": profile.organisation.name},
            },
            "assignment": {"id": str(assignment.id), "declaration": assignment.declaration},
            "introduced_at": instant(introduced_at),
            "valid_until": instant(valid_until),
        }
    )


def introduction_view(row: Introduction) -> IntroductionView:
    return IntroductionView(
        id=row.id,
        receipt=row.receipt.decode(),
        sha256=row.sha256.hex(),
        signature=base64_text(row.signature),
        public_key=base64_text(row.public_key),
    )
