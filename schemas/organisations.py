"""Organisations as they register and as the public sees them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.listings import RegionCode
from schemas.values import LocalTitle, Shape, ShortText, View
from schemas.vocabulary import Founding, Language, OrganisationKind, VerificationLevel


class Identifier(Shape):
    """统一社会信用代码 (USCC, GB 32100-2015) or ROR; one of each scheme at most."""

    scheme: Literal["uscc", "ror"]
    value: Annotated[str, StringConstraints(min_length=6, max_length=40)]


class NewOrganisation(Shape):
    name: LocalTitle
    kind: OrganisationKind
    founding: Founding
    identifiers: Annotated[list[Identifier], Field(max_length=2)] = []
    region: RegionCode | None = None
    website: Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"]{3,300}$")] | None = None


class OrganisationChange(Shape):
    """An RFC 7396 merge patch; identifiers and founding change only through the operator's verification."""

    name: dict[Language, ShortText | None] | None = None
    region: RegionCode | None = None
    website: Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"]{3,300}$")] | None = None


class IdentifierView(View):
    scheme: str
    value: str
    check: Literal["passed", "failed", "manually_verified"]
    """`failed` is allowed by law for early pilot codes: it waits for the operator's manual verification."""


class OrganisationView(View):
    id: UUID
    name: dict[str, str]
    kind: OrganisationKind
    founding: Founding
    identifiers: list[IdentifierView]
    region: str | None
    website: str | None
    verification: VerificationLevel
    revision: int
    created_at: datetime


class ResponseRecord(View):
    """How an organisation answers interests (the public response clock)."""

    interests: int
    answered: int
    answered_share: float | None
    median_response_days: float | None
    overdue_open: int


class OrganisationPublic(OrganisationView):
    published_listings: int
    response: ResponseRecord


class Verification(Shape):
    """The operator's decision; `manually_verified` names identifiers whose check digit fails but which are valid."""

    level: VerificationLevel
    manually_verified: list[Literal["uscc", "ror"]] = []
    note: ShortText


class NewControl(Shape):
    """Who controls an organisation (实际控制人, 控股), and how that is known."""

    controller_id: UUID
    evidence: ShortText


class ControlView(View):
    id: UUID
    organisation_id: UUID
    controller_id: UUID
    controller_name: dict[str, str]
    evidence: str
    since: datetime
    """When it was recorded."""
    until: datetime | None
    """When the operator recorded that it had ended."""
    recorded_by: UUID
