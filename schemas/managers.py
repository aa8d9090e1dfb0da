"""Technology managers, their assignments and introductions, as they cross the boundary."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from schemas.listings import DisciplineCode, IndustryCode, IPCSymbol, RegionCode
from schemas.values import WHOLE, LongText, Shape, ShortText, Truth, View
from schemas.vocabulary import (
    AssignmentOutcome,
    AssignmentStatus,
    AssignmentSubject,
    ManagerLevel,
    ManagerObstacle,
    Represented,
)

SpokenLanguage = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
"""ISO 639 code such as `zh` or `en`."""


class Credential(Shape):
    """A certificate of a technology manager, such as a 技术经理人 or 技术经纪 title."""

    issuer: ShortText
    number: ShortText
    issued_on: date | None = None
    expires_on: date | None = None
    """The last day on which it is in force; none where it does not expire."""

    @model_validator(mode="after")
    def _in_order(self) -> "Credential":
        if self.issued_on and self.expires_on and self.expires_on < self.issued_on:
            raise ValueError("a credential does not expire before it is issued")
        return self


class CredentialView(View):
    """With what the operator found: neither verified nor refused while nobody has looked at it."""

    id: UUID
    issuer: str
    number: str
    issued_on: date | None
    expires_on: date | None
    verified_at: datetime | None
    refused_at: datetime | None
    note: str | None


class CredentialFinding(Shape):
    """What the operator found at the issuer."""

    verified: Truth
    note: LongText


class NewEmployment(Shape):
    """One employment of several (共同聘用): which organisation, and which share of the working time."""

    organisation_id: UUID
    share_percent: Annotated[int, Field(ge=1, le=100), WHOLE]
    begins_on: date
    ends_on: date | None = None
    """Its last day."""

    @model_validator(mode="after")
    def _in_order(self) -> "NewEmployment":
        if self.ends_on and self.ends_on < self.begins_on:
            raise ValueError("an employment does not end before it begins")
        return self


class EmploymentEnd(Shape):
    ends_on: date
    """Its last day."""


class EmploymentView(View):
    id: UUID
    organisation_id: UUID
    organisation_name: dict[str, str]
    share_percent: int
    begins_on: date
    ends_on: date | None


class Fields(Shape):
    """What a manager knows, as prefixes of the codes that listings carry; at least one."""

    ipc: Annotated[list[IPCSymbol], Field(max_length=50)] = []
    discipline: Annotated[list[DisciplineCode], Field(max_length=50)] = []
    industry: Annotated[list[IndustryCode], Field(max_length=50)] = []


def _some_field(fields: Fields) -> Fields:
    if not (fields.ipc or fields.discipline or fields.industry):
        raise ValueError("name at least one field of ipc, discipline or industry")
    return fields


SomeFields = Annotated[Fields, AfterValidator(_some_field)]
Languages = Annotated[list[SpokenLanguage], Field(min_length=1, max_length=20)]
Regions = Annotated[list[RegionCode], Field(max_length=50)]
Capacity = Annotated[int, Field(ge=1, le=100), WHOLE]


class NewManager(Shape):
    """The caller's own profile; `organisation_id` may be left out by a manager of one organisation."""

    organisation_id: UUID | None = None
    level: ManagerLevel
    credentials: Annotated[list[Credential], Field(max_length=20)] = []
    fields: SomeFields
    languages: Languages
    regions: Regions = []
    capacity: Capacity = 5
    available: Truth = True


class ManagerChange(Shape):
    """What changes of a profile; a list replaces the list before it."""

    level: ManagerLevel | None = None
    credentials: Annotated[list[Credential], Field(max_length=20)] | None = None
    fields: SomeFields | None = None
    languages: Languages | None = None
    regions: Regions | None = None
    capacity: Capacity | None = None
    available: Truth | None = None


class ManagerRecord(View):
    """What the hall itself has counted, as against what the manager states."""

    introductions: int
    succeeded: int
    """Assignments that ended with a completed deal."""
    without_deal: int
    """Assignments that were taken on and ended without one."""


class ManagerSummary(View):
    """A technology manager as the public sees them."""

    id: UUID
    name: str
    organisation_id: UUID
    organisation_name: dict[str, str]
    level: ManagerLevel
    fields: Fields
    languages: list[str]
    regions: list[str]
    open_assignments: int
    capacity: int
    available: bool
    record: ManagerRecord


class ManagerView(ManagerSummary):
    """A whole profile."""

    credentials: list[CredentialView] | None
    """Shown to the manager, the operator and the auditor; null for everybody else."""
    employments: list[EmploymentView]
    """The joint ones beside the organisation of the profile, former ones too."""
    revision: int
    created_at: datetime
    updated_at: datetime


class ScorePart(View):
    """One part of a score: `value` from 0 to 1, counted with `weight`, and the reason in words."""

    part: Literal["fields", "languages", "load", "record"]
    value: float
    weight: float
    because: str


class Proposal(View):
    manager: ManagerSummary
    score: float
    """The sum of the parts, from 0 to 1."""
    parts: list[ScorePart]


class Obstacle(View):
    """Why a manager cannot carry something, with the rule that says so."""

    reason: ManagerObstacle
    rule: str
    source: str
    detail: str


class Exclusion(View):
    manager: ManagerSummary
    obstacles: list[Obstacle]


class Proposals(View):
    """Best first; the excluded ones are named with every reason."""

    proposals: list[Proposal]
    excluded: list[Exclusion]


class NewAssignment(Shape):
    """Whom to ask, and for whom they act: where it is not said, for the side that asks (for the operator, the owner)."""

    manager_id: UUID
    represents: Represented | None = None
    """Both sides only once both have consented (双方代理, 民法典 art. 168)."""


def _declared(no_conflict: bool) -> bool:
    if not no_conflict:
        raise ValueError("who has a conflict of interest declines the assignment")
    return no_conflict


class Acceptance(Shape):
    """The manager takes it on, and declares that they have no conflict of interest in it.

    That is: no organisation of theirs, former one or related one is a party, and none has had a deal with a party.
    """

    no_conflict: Annotated[Truth, AfterValidator(_declared)]
    declaration: Annotated[LongText, Field(min_length=10)]


class Refusal(Shape):
    """The manager does not take it on; a conflict that they name stands in the way of every other offer of the kind."""

    reason: Annotated[LongText, Field(max_length=2_000)]
    conflict: (
        Literal[
            ManagerObstacle.PARTY,
            ManagerObstacle.FORMER_ORGANISATION,
            ManagerObstacle.RELATED_ORGANISATION,
            ManagerObstacle.PRIOR_DEAL,
        ]
        | None
    ) = None


class AssignmentView(View):
    """An assignment as the manager and the parties see it."""

    id: UUID
    subject: AssignmentSubject
    interest_id: UUID | None
    listing_id: UUID
    deal_id: UUID | None
    organisation_id: UUID | None
    """The party across from the owner; of a listing there is none yet."""
    organisation_name: dict[str, str] | None
    owner_organisation_id: UUID
    owner_name: dict[str, str]
    represents: Represented
    awaits_consent_of: list[Represented]
    """The sides that the manager acts for and that have not said yes."""
    manager: ManagerSummary
    status: AssignmentStatus
    """`closed` also where its interest has ended or its listing was withdrawn."""
    offered_by: UUID
    offered_at: datetime
    answered_at: datetime | None
    declaration: str | None
    refusal_reason: str | None
    declared_conflict: ManagerObstacle | None
    outcome: AssignmentOutcome | None
    """How it closed; `no_deal` also where its interest has ended."""
    closure_reason: str | None
    closed_at: datetime | None
    introduction_id: UUID | None
    """The first one that was made."""
    revision: int


class NewIntroduction(Shape):
    """Whom the owner of a listing was brought together with; of an interest and a deal both parties are known."""

    organisation_id: UUID | None = None


class IntroductionView(View):
    """The receipt of an introduction, with everything that is needed to check it.

    The signature is Ed25519 over the UTF-8 bytes of `receipt`, which is RFC 8785 canonical JSON; `sha256` is the
    hexadecimal digest of the same bytes. Key and signature are base64.
    """

    id: UUID
    assignment_id: UUID
    receipt: str
    sha256: str
    signature: str
    public_key: str


class ReceiptKey(View):
    """The public key that receipts are signed with now, base64 of its 32 bytes."""

    algorithm: Literal["Ed25519"] = "Ed25519"
    public_key: str
