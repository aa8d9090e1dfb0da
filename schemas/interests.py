"""What an interested company fills in, and how an interest is shown to its parties."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import EmailStr, Field, StringConstraints

from schemas.values import LongText, Money, Shape, ShortText, View
from schemas.vocabulary import (
    CompanySize,
    DeclineReason,
    HowFound,
    InterestStatus,
    LicenceKind,
    Mode,
    PassReason,
)

Territory = Annotated[str, StringConstraints(pattern=r"^(worldwide|[0-9]{6}|[A-Z]{2}(-[A-Z0-9]{1,3})?)$")]
"""GB/T 2260 (six digits) in China, ISO 3166-1/-2 elsewhere, or `worldwide`."""
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""


class Representative(Shape):
    """Whom the owner writes to."""

    name: ShortText
    email: EmailStr
    position: ShortText | None = None


class DevelopmentPlan(Shape):
    """What the applicant will do with the technology; an exclusive request needs all four."""

    time: ShortText | None = None
    nature: LongText | None = None
    capital: Money | None = None
    capability: LongText | None = None


class InterestForm(Shape):
    """The items of a licence application (37 CFR 404.8); what an exclusive request needs beyond them is in the rules."""

    mode: Mode | None = None
    """Wanted mode; may be left out for an opportunity."""
    solution: LongText | None = None
    """What is offered in answer to an opportunity."""
    licence_kind: LicenceKind | None = None
    field_of_use: ShortText | None = None
    territory: Annotated[list[Territory], Field(max_length=60)] = []
    business: ShortText
    """What the company makes or does."""
    size: CompanySize
    how_found: HowFound | None = None
    message: LongText
    incorporation: Country | None = None
    """Where the company is incorporated, or of which country its owner is a citizen."""
    representative: Representative | None = None
    development_plan: DevelopmentPlan | None = None


class NewInterest(InterestForm):
    """`organisation_id` may be left out by whoever may do this for one organisation alone."""

    organisation_id: UUID | None = None


class Pass(Shape):
    """Why the company does not go on."""

    reason: PassReason
    note: LongText | None = None


class Decline(Shape):
    """Why the owner does not go on with this company."""

    reason: DeclineReason
    note: LongText | None = None


class InterestView(View):
    """An interest as its two parties, its technology manager, the operator and the auditor see it."""

    id: UUID
    listing_id: UUID
    listing_version: int
    organisation_id: UUID
    organisation_name: dict[str, str]
    owner_organisation_id: UUID
    owner_name: dict[str, str]
    status: InterestStatus
    form: InterestForm
    reply_due_at: datetime
    reply_clock: dict[str, Any]
    """What `reply_due_at` was computed from; `confirmed` is false where the holidays of a year were not known."""
    overdue: bool
    answered_at: datetime | None
    response_days: int | None
    """Working days until the first answer."""
    reason: str | None
    """A PassReason once passed, a DeclineReason once declined."""
    note: str | None
    submitted_by: UUID
    revision: int
    created_at: datetime
    updated_at: datetime


class RefusalCounts(View):
    """How often each reason ended an interest in one listing; nobody is named."""

    passed: dict[PassReason, int]
    declined: dict[DeclineReason, int]


Side = Literal["sent", "received"]
"""Interests that your organisation sent, or received."""
