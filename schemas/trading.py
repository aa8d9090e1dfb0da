"""What a seller plans, a bidder sends and gets back, and how a round and its log are shown."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, RootModel, StringConstraints

from schemas.listings import Unmet
from schemas.values import (
    MINOR_UNITS,
    WHOLE,
    LocalText,
    LongText,
    Money,
    Reason,
    Shape,
    ShortText,
    Truth,
    View,
)
from schemas.vocabulary import (
    AwardStatus,
    EntryKind,
    Mode,
    RegistrationStatus,
    RoundKind,
    RoundStatus,
    Signal,
    SignalFinding,
)

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hexadecimal."""
Base64 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]+={0,2}$", max_length=8192)]

Instant = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))
]
"""An instant with its time zone."""


def most_minor(currency: str) -> int:
    """The largest sum of a round in minor units: a whole number of canonical JSON, and an amount that `Money` can say."""
    return int(min(2**53, 10 ** (14 + MINOR_UNITS.get(currency, 2)))) - 1


def _hashable(value: Money) -> Money:
    most = most_minor(value.currency)
    if value.minor > most:
        raise ValueError(f"at most {most} minor units")
    return value


Sum = Annotated[Money, AfterValidator(_hashable)]
"""An amount that the rules or the log of a round can hold."""


class Viewing(Shape):
    """When and where the subject can be inspected (拍卖标的展示); at least two days (拍卖法 art. 48, BD-8)."""

    from_: Annotated[Instant, Field(alias="from")]
    until: Instant
    place: LocalText


class FirstRefusal(Shape):
    """Who may bid just as much as the leader and win (优先购买权人); rank 1 comes first."""

    organisation_id: UUID
    rank: Annotated[int, WHOLE, Field(ge=1, le=20)]
    notified_on: date
    """The day on which they were told of the round; at least three days before the notice."""
    proof: ShortText
    unreachable: Truth = False
    """Whether they could not be found, and were told by a public notice; it stands for at least five days."""


class Auctioneer(Shape):
    """Who holds a licensed auction (拍卖法 art. 11, 14) and where its notice stood (art. 47)."""

    auctioneer: ShortText
    """拍卖师"""
    auctioneer_licence: ShortText
    media_refs: Annotated[list[ShortText], Field(max_length=20)] = []


class OpeningPlan(Shape):
    """Who opens the sealed bids: any `threshold` of these people together, and fewer never."""

    officers: Annotated[list[UUID], Field(max_length=16)]
    threshold: Annotated[int, WHOLE, Field(ge=2, le=16)]


class RoundPlan(Shape):
    """A round as the seller plans it. Every amount is in the currency of the opening price."""

    kind: RoundKind
    mode: Mode
    opening_price: Sum
    """起始价, the base price (BD-1, PR-5)."""
    price_basis: LocalText | None = None
    appraised_value: Sum | None = None
    """Appraisal or market price; an opening price below 70 % of it is warned of.

    For a state-owned enterprise the filed appraisal (评估备案), which it cannot do without."""
    price_approval: ShortText | None = None
    """Of a state-owned enterprise that offers again below 90 % of it: who has approved that, and under which number."""
    step: Sum
    """加价幅度: the least raise."""
    reserve_price: Sum | None = None
    """保留价: secret until the end; none is announced as none (拍卖法 art. 28)."""
    deposit: Sum | None = None
    """保证金: 5 to 20 % of the opening price; left out, 10 %."""
    viewing: Viewing | None = None
    registration_until: Instant
    bidding_from: Instant
    bidding_until: Instant
    hard_stop: Instant | None = None
    """No bid moves the end beyond it; left out, the bidding goes on as long as bids come."""
    extension_seconds: Annotated[int, WHOLE, Field(ge=30, le=3600)] = 300
    conditions: Annotated[list[LocalText], Field(max_length=20)] = []
    """受让方资格条件: what a bidder must be able to show, not tailored to one of them; numbered from 1 in this order."""
    known_defects: LocalText | None = None
    """瑕疵: those known, or that none are (BD-9)."""
    encumbrances: LocalText | None = None
    taxes_and_fees: LocalText | None = None
    contact: ShortText | None = None
    first_refusals: Annotated[list[FirstRefusal], Field(max_length=20)] = []
    agents: Annotated[list[UUID], Field(max_length=20)] = []
    """Organisations that act for the seller in this sale; they may not bid (BD-2)."""
    confirm_working_days: Annotated[int, WHOLE, Field(ge=1, le=30)] = 5
    """Within how many working days the winner signs the confirmation of sale."""
    auction: Auctioneer | None = None
    opening: OpeningPlan | None = None


class NewRound(Shape):
    """A draft of a round for a published listing."""

    listing_id: UUID
    plan: RoundPlan


class RoundChange(RootModel[dict[str, Any]]):
    """An RFC 7396 merge patch of the plan. A reserve price that is left out stays; null takes it away."""


class Relisting(Shape):
    """The plan of a round after one that sold nothing; its opening price is at most 20 % lower."""

    plan: RoundPlan


class Countersignature(Shape):
    """Which of the operator's requests the auditor signs."""

    verb: Literal["suspend", "resume", "void"]


class NewRegistration(Shape):
    """竞买登记: who wants to bid, how they meet the conditions, and that they accept the rules."""

    organisation_id: UUID | None = None
    """May be left out by a buyer of one organisation."""
    rules_sha256: Digest
    """Of the rules that are accepted, as their address serves them."""
    statements: Annotated[list[LongText], Field(max_length=20)] = []
    """How each condition is met, in the order of the conditions."""
    related_party: Truth
    """关联关系: whether the bidder is an inventor of the subject or otherwise related to the seller."""
    relation: ShortText | None = None
    """Which relation that is."""


class RegistrationRefusal(Reason):
    """Why a bidder does not qualify; `conditions` are the numbers of those that are not met, from 1."""

    conditions: Annotated[list[Annotated[int, WHOLE, Field(ge=1, le=20)]], Field(max_length=20)] = []


class Settlement(Shape):
    """What a default has cost: the costs of the sale that failed, to be taken out of the kept deposit first."""

    costs: Sum


class NewBid(Shape):
    """A bid, or a sealed bid. `organisation_id` may be left out by a buyer of one registered organisation."""

    amount: Money | None = None
    """In an open bidding; in a sealed tender the server then seals it at once, which the receipt marks as weaker."""
    sealed: Base64 | None = None
    """A bid sealed by the bidder's own program, in base64."""
    organisation_id: UUID | None = None


class Receipt(View):
    """Proof of an accepted bid: its place in the round's log, signed with Ed25519 over the 32 bytes of `hash`."""

    round: UUID
    seq: int | None
    """Its place in the log; null for a sealed bid, since it would tell how many others bid: look for `hash` there."""
    kind: Literal["bid", "sealed_bid"]
    at: datetime
    """By the server's database, in UTC."""
    bidder: str
    amount: Money | None
    ends_at: datetime
    """The end of the bidding after this bid."""
    sealed_by: Literal["client", "server"] | None = None
    """`server` is weaker: the server saw the amount before it was sealed."""
    sealed_sha256: Digest | None = None
    """Of the sealed bid as it was taken."""
    rules_sha256: Digest
    previous: Digest | None
    hash: Digest
    document: str | None
    """The entry of the log in canonical JSON, whose SHA-256 behind `previous` is `hash`; null for a sealed bid."""
    signature: str
    public_key: str


class Standing(View):
    """Where the bidding stands now."""

    round: UUID
    status: str
    seq: int
    bidder: str | None
    amount: Money | None
    least_next: Money
    ends_at: datetime
    server_time: datetime


class PartyName(View):
    id: UUID
    name: dict[str, str]


class RoundOutcome(View):
    """Who won, shown to everybody once the bidding has ended; the other bidders stay unnamed."""

    bidder: str
    winner: PartyName
    amount: Money
    status: AwardStatus
    confirm_due_at: datetime | None
    public_until: datetime | None
    """Until when the result stands in public before the operator may sign, where a state-owned enterprise sells."""


class Asked(View):
    """What one of two people has asked for, and the other has yet to sign."""

    verb: Literal["suspend", "resume", "void"]
    reason: str
    by: UUID
    at: datetime


class Preparation(View):
    """What the seller and the hall see of a round: the plan without the reserve price, and what it still lacks."""

    plan: RoundPlan
    approvals: dict[str, UUID]
    """Who approved it: for the director's side and for the price."""
    unmet: list[Unmet]
    warnings: list[Unmet]
    asked: Asked | None


class RoundView(View):
    """A round as everybody sees it from its announcement on."""

    id: UUID
    kind: RoundKind
    mode: Mode
    status: RoundStatus
    listing_id: UUID
    listing_version: int
    seller: PartyName
    opening_price: Money
    step: Money
    deposit: Money
    has_reserve: bool
    """Whether there is a reserve price (保留价); where there is none, that is announced (拍卖法 art. 28)."""
    periods: Literal["legal", "short"]
    """`short` in a demonstration, which does not keep the periods of the law."""
    announced_at: datetime | None
    registration_until: datetime
    bidding_from: datetime
    bidding_until: datetime
    """The planned end."""
    ends_at: datetime
    """The end as it stands."""
    hard_stop: datetime | None
    extension_seconds: int
    rules_sha256: str | None
    standing: Standing | None
    """Where the open bidding stands; null before it begins, and for a sealed tender."""
    outcome: RoundOutcome | None
    reason: str | None
    relisted_from: UUID | None
    revision: int
    created_at: datetime
    updated_at: datetime
    preparation: Preparation | None
    """For the seller, the operator and the auditor."""


class EntryView(View):
    """One entry of a round's public log."""

    seq: int
    kind: EntryKind
    at: datetime
    document: str
    """The entry in canonical JSON: SHA-256 over the 32 bytes of `previous` and these bytes is `hash`."""
    previous: Digest
    hash: Digest
    sealed: str | None = None
    """A sealed bid itself in base64, once the key was published that opens it."""


class RegistrationView(View):
    """A registration as its bidder, the seller and the hall see it."""

    id: UUID
    round_id: UUID
    bidder: PartyName
    alias: str | None
    """竞买代码: shown to the bidder alone until the round has ended."""
    priority: int | None
    status: RegistrationStatus
    statements: list[str]
    related_party: bool
    relation: str | None
    deposit: Literal["awaited", "held", "resolved"]
    """`resolved` once it was released, applied to the price, or distributed after a default."""
    decision_reason: str | None
    revision: int
    created_at: datetime
    updated_at: datetime


class AwardView(View):
    """The award as the seller, the winner and the hall see it."""

    id: UUID
    round_id: UUID
    bidder: str
    winner: PartyName
    amount: Money
    status: AwardStatus
    confirm_due_at: datetime | None
    public_until: datetime | None
    """The operator does not sign before: the result of a state-owned enterprise stands in public (结果公示)."""
    buyer_confirmed_at: datetime | None
    confirmed_at: datetime | None
    document: str | None
    """The confirmation of sale (成交确认书) in canonical JSON, once both have signed; `sha256` is of its bytes."""
    sha256: str | None


class SettlementView(View):
    """Where a defaulter's deposit went, and what they still owe."""

    deposit: Money
    costs: Money
    """Of the deposit, to the costs of the sale that failed."""
    shortfall: Money
    """Of the deposit, to the seller, up to the price that the sale again fell short of."""
    rest: Money
    owed: Money
    """What the deposit did not cover (拍卖法 art. 39)."""


class SignalConclusion(Reason):
    """What people made of a red flag, and why."""

    finding: SignalFinding


class CaseView(View):
    """A red flag of collusion, as the operator and the auditor see it."""

    id: UUID
    signal: Signal
    bidders: list[PartyName]
    detail: str
    opened_at: datetime
    finding: SignalFinding | None
    """Null while nobody has looked."""
    reason: str | None
    decided_by: UUID | None
    decided_at: datetime | None
