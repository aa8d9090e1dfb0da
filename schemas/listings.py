"""What an owner writes in a listing of each kind, and how a listing is shown to its owner.

A draft may be incomplete: what a submission needs beyond these shapes is in the `rules` of each kind.
"""

import re
import unicodedata
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, RootModel, StringConstraints, model_validator

from schemas.values import WHOLE, Code, LocalText, LocalTitle, Money, Shape, ShortText, Truth, View
from schemas.vocabulary import (
    ExportClass,
    FirstUse,
    IPRightKind,
    IPRightStatus,
    IPTerms,
    Language,
    ListingKind,
    ListingStatus,
    Mode,
    OpportunityType,
    PriceMode,
    Review,
)

# Digits are written out: \d would take the digits of every script.
Keywords = dict[Language, Annotated[list[ShortText], Field(max_length=30)]]
IPCSymbol = Annotated[
    str, StringConstraints(pattern=r"^[A-H]([0-9]{2}([A-Z]( ?[0-9]{1,4}(/[0-9]{2,6})?)?)?)?$")
]
"""IPC or CPC symbol such as `H01M 10/0525`; section, class, subclass, group."""
IndustryCode = Annotated[str, StringConstraints(pattern=r"^([A-T]|[A-T]?[0-9]{2,4})$")]
"""GB/T 4754-2017: a section letter, or 2 to 4 digits."""
DisciplineCode = Annotated[str, StringConstraints(pattern=r"^[A-H]([0-9]{2}){0,3}$")]
"""NSFC discipline code."""
RegionCode = Annotated[str, StringConstraints(pattern=r"^([0-9]{6}|[A-Z]{2}(-[A-Z0-9]{1,3})?)$")]
"""GB/T 2260 (six digits) in China, ISO 3166-1/-2 elsewhere."""


def _orcid_checked(value: str) -> str:
    remainder = 0
    for digit in value[:-1].replace("-", ""):
        remainder = (remainder + int(digit)) * 2 % 11
    if "0123456789X"[(12 - remainder) % 11] != value[-1]:
        raise ValueError("the check digit of this ORCID does not fit: one of its digits is mistyped")
    return value


Orcid = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X]$"),
    AfterValidator(_orcid_checked),
]
"""Such as `0000-0002-1825-0097`; the last character is a check digit (ISO/IEC 7064, MOD 11-2)."""


class Maturity(Shape):
    """Technology readiness as claimed, with the evidence for it: never a bare number."""

    scale: Literal["GB/T 22900-2022", "NASA"] = "GB/T 22900-2022"
    level: Annotated[int, Field(ge=1, le=9), WHOLE]
    evidence: LocalText | None = None


CN_APPLICATION = re.compile(r"(?:CN|ZL)?([0-9]{8}|[0-9]{12})\.?([0-9X])")
"""A Chinese application number in one spelling: its digits and its check character (ZC 0006-2003)."""


def one_spelling(number: str) -> str:
    """A number of a right as offices print it: half-width, in capitals, without spaces."""
    return "".join(unicodedata.normalize("NFKC", number).split()).upper()


def application_number_of(number: str | None, office: str | None) -> str | None:
    """A Chinese one as `CN`, digits, point and check character, also where the last is wrong; others as they are."""
    found = CN_APPLICATION.fullmatch(number) if number and office == "CN" else None
    return f"CN{found[1]}.{found[2]}" if found else number


RightNumber = Annotated[
    Code, BeforeValidator(lambda value: one_spelling(value) if isinstance(value, str) else value)
]
"""The number of an application, a publication or a grant, however it was typed."""


class IPRight(Shape):
    """One right; Chinese application numbers carry a check digit (ZC 0006-2003) and are kept in one spelling."""

    kind: IPRightKind
    office: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = "CN"
    application_number: RightNumber | None = None
    publication_number: RightNumber | None = None
    grant_number: RightNumber | None = None
    status: IPRightStatus = IPRightStatus.PENDING
    filed_on: date | None = None
    expires_on: date | None = None
    owners: Annotated[list[ShortText], Field(max_length=20)] = []

    @model_validator(mode="after")
    def _one_application_number(self) -> "IPRight":
        self.application_number = application_number_of(self.application_number, self.office)
        return self


class Contributor(Shape):
    name: ShortText
    name_en: ShortText | None = None
    orcid: Orcid | None = None
    confirmed: Truth = False
    """The contributor agrees to be named and to the listing."""


class Funding(Shape):
    state_funded: Truth
    programme: ShortText | None = None
    project_number: Code | None = None
    authority: ShortText | None = None


class Price(Shape):
    """How the price is set (定价方式) and, where it is public, the amounts."""

    mode: PriceMode
    amount: Money | None = None
    upper: Money | None = None
    basis: LocalText | None = None

    @model_validator(mode="after")
    def _amounts_fit_the_mode(self) -> "Price":
        if self.mode in (PriceMode.FIXED, PriceMode.BIDDING) and self.amount is None:
            raise ValueError(f"a {self.mode} price needs an amount")
        if self.mode is PriceMode.RANGE:
            if self.amount is None or self.upper is None:
                raise ValueError("a price range needs an amount and an upper amount")
            if self.amount.currency != self.upper.currency or self.amount.amount > self.upper.amount:
                raise ValueError("a price range goes from the lower to the upper amount in one currency")
        elif self.upper is not None:
            raise ValueError("only a price range has an upper amount")
        return self


class ListingContent(Shape):
    """What all three kinds say."""

    title: LocalTitle
    summary: LocalText | None = None
    keywords: Keywords = {}
    region: RegionCode | None = None
    ipc: Annotated[list[IPCSymbol], Field(max_length=50)] = []
    industry: Annotated[list[IndustryCode], Field(max_length=20)] = []
    discipline: Annotated[list[DisciplineCode], Field(max_length=20)] = []
    source_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"]{3,500}$")] | None = None
    attribution: ShortText | None = None


class ResultContent(ListingContent):
    """成果: a research result or patent on offer."""

    kind: Literal["result"]
    problem: LocalText | None = None
    benefits: LocalText | None = None
    maturity: Maturity | None = None
    ip_rights: Annotated[list[IPRight], Field(max_length=100)] = []
    contributors: Annotated[list[Contributor], Field(max_length=100)] = []
    funding: Funding | None = None
    modes: Annotated[list[Mode], Field(max_length=10)] = []
    price: Price | None = None
    export_class: ExportClass = ExportClass.UNDETERMINED
    secrecy_attested: Truth = False
    """The owner attests that nothing in it is a state secret or a defence patent (促进科技成果转化法 art. 11)."""
    encumbrances_disclosed: LocalText | None = None
    co_owner_consent: Truth = False
    """All co-owners agree to what is offered (专利法 art. 14)."""


class RecognitionCertificate(Shape):
    number: Code
    issuer: ShortText
    valid_from: date | None = None
    valid_until: date | None = None


class FirstUseClaim(Shape):
    kind: FirstUse
    evidence: LocalText
    used_on: date | None = None
    user: ShortText | None = None


class ProductContent(ListingContent):
    """创新产品(服务): an innovation product or service."""

    kind: Literal["product"]
    application: LocalText | None = None
    advantages: LocalText | None = None
    is_service: Truth = False
    first_use: Annotated[list[FirstUseClaim], Field(max_length=3)] = []
    certificate: RecognitionCertificate | None = None
    valid_until: date | None = None
    maturity: Maturity | None = None
    ip_rights: Annotated[list[IPRight], Field(max_length=100)] = []
    modes: Annotated[list[Mode], Field(max_length=10)] = []
    price: Price | None = None
    source_result: UUID | None = None
    """The published result that the product came from."""
    licence: Code | None = None
    """SPDX identifier of software that is offered under an open licence."""


class Kpi(Shape):
    name: LocalTitle
    target: ShortText
    baseline: ShortText | None = None


class OpportunityContent(ListingContent):
    """场景机会 or 技术需求: who needs what, where, by when, and who will own the outcome."""

    kind: Literal["opportunity"]
    opportunity_type: OpportunityType = OpportunityType.DEMAND
    owner_unit: ShortText | None = None
    """单位名称: the unit that opens the scenario, where it is not the organisation itself."""
    site: LocalTitle | None = None
    problem: LocalText | None = None
    needs: LocalText | None = None
    """合作需求"""
    data_offered: LocalText | None = None
    constraints: LocalText | None = None
    kpis: Annotated[list[Kpi], Field(max_length=30)] = []
    baseline: LocalText | None = None
    budget: Money | None = None
    budget_none: Truth = False
    """There is no budget, and it says so."""
    questions_until: datetime | None = None
    deadline: datetime | None = None
    award_rule: LocalText | None = None
    ip_terms: IPTerms | None = None


Content = Annotated[ResultContent | ProductContent | OpportunityContent, Field(discriminator="kind")]


class NewResult(ResultContent):
    organisation_id: UUID | None = None


class NewProduct(ProductContent):
    organisation_id: UUID | None = None


class NewOpportunity(OpportunityContent):
    organisation_id: UUID | None = None


class NewListing(RootModel[Annotated[NewResult | NewProduct | NewOpportunity, Field(discriminator="kind")]]):
    """A new draft of one of the three kinds; `organisation_id` may be left out by a member of one organisation."""


class ListingChange(RootModel[dict[str, Any]]):
    """An RFC 7396 merge patch of the content; the patched whole is checked like a new draft."""


class Unmet(View):
    """One condition that a submission or approval still lacks."""

    pointer: str
    detail: str
    rule: str | None = None


class ListingState(View):
    """A listing as its owner and the operator see it."""

    id: UUID
    kind: ListingKind
    status: ListingStatus
    organisation_id: UUID
    revision: int
    created_at: datetime
    updated_at: datetime
    published_version: int | None
    published_at: datetime | None
    confirmed_at: datetime | None
    confirm_due_at: datetime | None
    review: Review
    """Where unpublished content stands; `clean` where the content is what is published."""
    refusal_reason: str | None
    withdrawal_reason: str | None
    unmet: list[Unmet]
    content: Content


class PublicStatus(View):
    """What changes about a published listing while its document stays: public."""

    id: UUID
    kind: ListingKind
    status: ListingStatus
    version: int
    published_at: datetime
    confirmed_at: datetime
    confirm_due_at: datetime
    days_since_confirmed: int
    editions: list[str]
    median_response_days: float | None
    """Median working days in which the owner answers interests; null until it has answered any."""


class Difference(View):
    """One place where a version differs from the one before it."""

    pointer: str
    before: Any
    after: Any


class VersionSummary(View):
    number: int
    sha256: str
    published_at: datetime
    published_by: UUID
    changes: list[Difference]
