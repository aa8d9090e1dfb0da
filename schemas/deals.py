"""What the parties write in a deal, its contract and its payments, and how a deal is shown to them.

Terms may be incomplete while they are negotiated: what they still need is in the deal's gates.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from schemas.interests import Territory
from schemas.listings import RightNumber, application_number_of
from schemas.record import EventView
from schemas.rights import EncumbranceView, EvidenceView
from schemas.values import (
    WHOLE,
    Currency,
    LocalTitle,
    LongText,
    Money,
    Shape,
    ShortText,
    Stamp,
    Truth,
    View,
)
from schemas.vocabulary import (
    ContractKind,
    DealStatus,
    EvidenceKind,
    Improvements,
    IPRightKind,
    LicenceKind,
    Mode,
    Party,
    PricingMethod,
    RoyaltyBase,
    RoyaltyPeriod,
)

WHOLE_DIGITS = 14
"""Of an amount that Money can show."""


# Python's Decimal would also read 1_000, 1e3 and digits of other scripts.
_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?")


def _decimal_string(value: object) -> object:
    if isinstance(value, Decimal) or (isinstance(value, str) and _PERCENT.fullmatch(value)):
        return value
    raise PydanticCustomError("decimal_parsing", 'give the rate as a decimal string, such as "3.5"')


Percent = Annotated[
    Decimal,
    BeforeValidator(_decimal_string),
    Field(gt=0, le=100, max_digits=7, decimal_places=4),
    PlainSerializer(lambda value: format(value.normalize(), "f"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,4})?$", "examples": ["3.5"]}),
]
"""More than 0 and at most 100, as a decimal string."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class PriceLine(Shape):
    """One part of the price; equipment, parts and materials are not technical (技术合同司法解释 art. 14)."""

    description: ShortText
    amount: Money
    is_technical: Truth


class Term(Shape):
    """How long it lasts; a term that is not agreed is unlimited (技术合同司法解释 art. 28)."""

    begins_on: date | None = None
    ends_on: date | None = None
    unlimited: Truth = False

    @model_validator(mode="after")
    def _ends_once(self) -> "Term":
        if self.unlimited and self.ends_on is not None:
            raise ValueError("an unlimited term has no last day")
        if self.begins_on and self.ends_on and self.ends_on < self.begins_on:
            raise ValueError("the term ends before it begins")
        return self


class ImprovementsClause(Shape):
    """后续改进 (民法典 art. 875); has to be answered."""

    ownership: Improvements
    clause: LongText | None = None

    @model_validator(mode="after")
    def _written_where_it_says_so(self) -> "ImprovementsClause":
        if self.ownership is Improvements.AS_WRITTEN and self.clause is None:
            raise ValueError("as_written needs the clause")
        return self


class _Due(Shape):
    due_on: date | None = None
    days_after_signing: Annotated[int, Field(ge=0, le=3650), WHOLE] | None = None

    @model_validator(mode="after")
    def _one_due_date(self) -> "_Due":
        if (self.due_on is None) == (self.days_after_signing is None):
            raise ValueError("say when it is due: either due_on or days_after_signing")
        return self


class LumpSum(_Due):
    """一次总付: the sum of the price lines, at once."""

    type: Literal["lump_sum"]


class Instalment(Shape):
    amount: Money
    due_on: date


class Instalments(Shape):
    """分期支付: they come to exactly the sum of the price lines."""

    type: Literal["instalments"]
    instalments: Annotated[list[Instalment], Field(min_length=1, max_length=120)]


class RateStep(Shape):
    """From this year of the contract on, counted from 1, until the next step."""

    from_year: Annotated[int, Field(ge=1, le=50), WHOLE]
    rate_percent: Percent


class RoyaltyTerms(Shape):
    """提成: a fixed rate, or one that rises or falls from year to year (民法典 art. 846)."""

    base: RoyaltyBase
    currency: Currency = "CNY"
    rate_percent: Percent | None = None
    rate_steps: Annotated[list[RateStep], Field(max_length=50)] = []
    period: RoyaltyPeriod
    audit_right: Truth
    """Whether the seller may inspect the accounts (查阅会计账目)."""

    @model_validator(mode="after")
    def _one_rate(self) -> "RoyaltyTerms":
        if (self.rate_percent is None) == (not self.rate_steps):
            raise ValueError("give either rate_percent or rate_steps")
        years = [step.from_year for step in self.rate_steps]
        if years and (years[0] != 1 or years != sorted(set(years))):
            raise ValueError("the steps begin with year 1, each later than the one before")
        return self


class Royalty(RoyaltyTerms):
    """提成支付 without an entry fee; there is no fixed price."""

    type: Literal["royalty"]


class UpfrontAndRoyalty(_Due):
    """提成支付附加预付入门费: the sum of the price lines is the entry fee."""

    type: Literal["upfront_and_royalty"]
    royalty: RoyaltyTerms


class Equity(Shape):
    """作价入股: the technology is contributed to a company at a value, the sum of the price lines, for a share of it."""

    type: Literal["equity"]
    company: ShortText
    share_percent: Percent
    valuation: Money


class PayAfterUse(Shape):
    """先使用后付费: free at first, paid by a formula once the trigger is met. Price lines are due at the trigger."""

    type: Literal["pay_after_use"]
    trigger: LongText
    price_formula: LongText
    currency: Currency = "CNY"
    until: date
    """The trial ends then at the latest."""


Payment = Annotated[
    LumpSum | Instalments | Royalty | UpfrontAndRoyalty | Equity | PayAfterUse, Field(discriminator="type")
]


class Terms(Shape):
    """What seller and buyer agree. All amounts are in one currency; the totals are derived from the price lines."""

    licence_kind: LicenceKind | None = None
    """Where it is left open, the mode decides, and else it is ordinary (技术合同司法解释 art. 25)."""
    field_of_use: ShortText | None = None
    all_fields: Truth = False
    """Not limited to a field of use, and it says so."""
    territory: Annotated[list[Territory], Field(max_length=60)] = []
    term: Term | None = None
    sublicence_right: Truth | None = None
    """Where it is left open, there is none (民法典 art. 867)."""
    improvements: ImprovementsClause | None = None
    price_lines: Annotated[list[PriceLine], Field(max_length=100)] = []
    payment: Payment | None = None
    pricing_method: PricingMethod | None = None
    """How the price was found (促进科技成果转化法 art. 18); a state-founded or state-owned seller says so."""

    def currencies(self) -> set[str]:
        """Every currency that is named; valid terms name one at most."""
        named = {line.amount.currency for line in self.price_lines}
        match self.payment:
            case Instalments(instalments=instalments):
                named |= {instalment.amount.currency for instalment in instalments}
            case Equity(valuation=valuation):
                named.add(valuation.currency)
            case Royalty(currency=currency) | PayAfterUse(currency=currency):
                named.add(currency)
            case UpfrontAndRoyalty(royalty=royalty):
                named.add(royalty.currency)
        return named

    @model_validator(mode="after")
    def _one_currency(self) -> "Terms":
        named = sorted(self.currencies())
        if len(named) > 1:
            raise ValueError(f"a deal is in one currency, not in {' and '.join(named)}")
        if sum(line.amount.amount for line in self.price_lines) >= 10**WHOLE_DIGITS:
            raise ValueError(f"the price lines come to more than {WHOLE_DIGITS} digits")
        return self

    @model_validator(mode="after")
    def _limited_or_not(self) -> "Terms":
        if self.all_fields and self.field_of_use is not None:
            raise ValueError("give either field_of_use or all_fields")
        if "worldwide" in self.territory and len(self.territory) > 1:
            raise ValueError("worldwide leaves no other territory")
        return self


class NewDeal(Shape):
    """Opens a deal on an interest in negotiation, or on the confirmed award of a round.

    Without terms it is proposed, with terms its gates are open.
    """

    interest_id: UUID | None = None
    round_id: UUID | None = None
    mode: Mode
    terms: Terms | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> "NewDeal":
        if (self.interest_id is None) == (self.round_id is None):
            raise ValueError("give either interest_id or round_id")
        return self


class DealChange(Shape):
    """An RFC 7396 merge patch; a payment of another `type` replaces the one before it whole."""

    terms: dict[str, Any]


class WholeTerms(Shape):
    """Patched terms in their place in a deal, so that what is wrong with them is named from there."""

    terms: Terms


class TermsAcceptance(Shape):
    """Accepts the terms with this hash: SHA-256 of the RFC 8785 form of `terms` as the deal shows it."""

    terms_sha256: Sha256


def _true(value: object) -> object:
    if value is not True:
        raise PydanticCustomError("bool_type", "give true, or say how in related")
    return value


class Declaration(Shape):
    """Whether this party is related to the other side: `none`, or how (关联关系)."""

    none: Annotated[Literal[True], BeforeValidator(_true)] | None = None
    related: LongText | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "Declaration":
        if (self.none is None) == (self.related is None):
            raise ValueError('declare either {"none": true} or {"related": "..."}')
        return self


class Signatory(Shape):
    """Who signed for a party, and by which authority: 法定代表人, or the authorisation's date and number."""

    name: ShortText
    authority: ShortText


class Signatories(Shape):
    seller: Signatory
    buyer: Signatory


class PatentFacts(Shape):
    """What a contract must state of a patent (民法典 art. 845); fills what the listing leaves out, contradicts nothing.

    `place` is that of the right in the listing's `ip_rights`, from 0; without it, it is a patent that the listing
    does not name.
    """

    place: Annotated[int, Field(ge=0), WHOLE] | None = None
    title: LocalTitle | None = None
    kind: IPRightKind | None = None
    office: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    owners: Annotated[list[ShortText], Field(max_length=20)] = []
    """专利权人, or 专利申请人 of an application."""
    filed_on: date | None = None
    application_number: RightNumber | None = None
    granted: Truth | None = None
    patent_number: RightNumber | None = None
    """专利号; a Chinese one is ZL and the application number."""
    expires_on: date | None = None

    @model_validator(mode="after")
    def _one_application_number(self) -> "PatentFacts":
        self.application_number = application_number_of(self.application_number, self.office)
        return self


class NewContract(Shape):
    """The contract as both sides signed it."""

    kind: ContractKind
    number: ShortText
    title: LocalTitle
    signed_on: date
    effective_on: date | None = None
    """The day of signing, where it is left out."""
    valid_until: date | None = None
    """The last day of the agreed term, where it is left out."""
    signatories: Signatories
    patents: Annotated[list[PatentFacts], Field(max_length=100)] = []

    @model_validator(mode="after")
    def _in_the_order_of_time(self) -> "NewContract":
        if self.effective_on and self.effective_on < self.signed_on:
            raise ValueError("a contract takes effect on the day it is signed, or later")
        if self.valid_until and self.valid_until < (self.effective_on or self.signed_on):
            raise ValueError("the contract ends before it takes effect")
        return self


def _something(money: Money) -> Money:
    if not money.minor:
        raise ValueError("a payment is more than nothing")
    return money


class NewPayment(Shape):
    """One payment that was made; the market records it, a bank moves it."""

    amount: Annotated[Money, AfterValidator(_something)]
    paid_on: date
    purpose: ShortText
    reference: ShortText
    """The bank's or voucher's number; each is recorded once in a deal."""
    evidence: ShortText | None = None
    over_total: LongText | None = None
    """Why more is paid than a fixed price comes to."""


class Condition(View):
    """One condition that a gate still lacks, and who can supply it."""

    pointer: str
    detail: str
    rule: str
    who_can_supply: list[Party]
    evidence: EvidenceKind | None = None
    """The kind of document, given to the deal, that would settle it."""


class GateView(View):
    name: str
    rule: str
    source: str
    required: bool
    """Whether the law asks for it in this deal, as far as is known."""
    met: bool
    unmet: list[Condition]


class DefaultTerm(View):
    """What holds by law where the terms are silent; shown before anyone accepts them."""

    pointer: str
    value: str
    detail: str
    rule: str
    source: str


class PartyView(View):
    organisation_id: UUID
    name: dict[str, str]


class ManagerPartyView(PartyView):
    person_id: UUID


class DeclarationView(View):
    none: bool
    related: str | None
    at: datetime
    by: UUID


class ContractView(View):
    """The contract's record; its document is served whole at `/deals/{id}/contract`."""

    kind: ContractKind
    licence_kind: LicenceKind | None
    number: str
    title: LocalTitle
    signed_on: date
    effective_on: date
    valid_until: date | None
    licence_recordal_due_on: date | None
    """专利实施许可备案 is due by the end of this day (专利法实施细则 art. 15)."""
    total_value: Money | None
    technical_value: Money | None
    sha256: str
    recorded: Stamp
    confirmed: Stamp | None


class BreachView(View):
    """A breach of which notice was given."""

    reason: str
    noted_as: Party
    cure_due_at: datetime
    """From then on the side that gave notice may terminate; 24:00 Asia/Shanghai of the last day."""


class DealView(View):
    """A deal as its parties, its technology manager, the operator and the auditor see it."""

    id: UUID
    status: DealStatus
    mode: Mode
    revision: int
    interest_id: UUID | None
    award_id: UUID | None
    """The award of a trading round, where it grew from one."""
    listing_id: UUID
    listing_version: int
    seller: PartyView
    buyer: PartyView
    manager: ManagerPartyView | None
    terms: Terms
    terms_sha256: str
    defaults: list[DefaultTerm]
    licence_kind: LicenceKind | None
    """As stated, by the mode, or ordinary by law; null where nothing is licensed."""
    total_value: Money | None
    """成交额: the sum of all price lines; null without any."""
    technical_value: Money | None
    """技术交易额: the sum of the technical price lines."""
    acceptances: dict[Party, Stamp]
    """Who has accepted exactly these terms."""
    declarations: dict[Party, DeclarationView]
    related_parties: bool
    """A party has declared that it is related to the other side."""
    gates: list[GateView]
    contract: ContractView | None
    paid: Money | None
    outstanding: Money | None
    """What a fixed price still lacks; null where the price is not fixed, or before a contract."""
    completions: dict[Party, Stamp]
    cancellation_reason: str | None
    """Also of a termination."""
    waits_for: list[Condition]
    """What has still to be registered before a signed contract takes effect."""
    breach: BreachView | None
    terminations: dict[Party, Stamp]
    """Who has agreed to end a contract in force."""
    opened_by: UUID
    created_at: datetime
    updated_at: datetime


class PaymentView(View):
    id: UUID
    amount: Money
    paid_on: date
    purpose: str
    reference: str
    evidence: str | None
    over_total: str | None
    recorded_by: UUID
    recorded_as: Party
    recorded_at: datetime


class ListingProof(View):
    """The published version that a deal is about, by its hash."""

    id: UUID
    version: int
    sha256: str


class Dossier(View):
    """尽职调查卷宗: everything that was known and proven when a deal was decided, each document by its hash.

    It is what exempts decision-makers who took part with care (北京市促进科技成果转化条例 art. 19).
    """

    deal: DealView
    listing: ListingProof
    encumbrances: list[EncumbranceView]
    evidence: list[EvidenceView]
    payments: list[PaymentView]
    record: list[EventView]
    """What happened to the deal, in its hash chain."""
    sha256: str
    """Of the RFC 8785 form of all that stands above; the printed pages name it too."""
    made_at: datetime
