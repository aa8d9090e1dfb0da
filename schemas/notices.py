"""What a unit puts in a publicity notice (公示), what an objector writes, and how both are shown.

A draft may be incomplete: what the rule pack of the unit asks for is in the notice's `unmet`.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, RootModel, StringConstraints

from schemas.deals import Percent, Sha256
from schemas.listings import Unmet
from schemas.rules import PeriodView
from schemas.values import WHOLE, LocalText, LocalTitle, LongText, Money, Shape, ShortText, Truth, View
from schemas.vocabulary import (
    ChannelKind,
    Mode,
    NoticeKind,
    NoticeStatus,
    NoticeSubject,
    ObjectionStatus,
)

WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"]{3,500}$")]


class Channel(Shape):
    """One place where the notice is published (公示渠道)."""

    kind: ChannelKind
    place: ShortText
    url: WebAddress | None = None


class NamedPerson(Shape):
    """Somebody by name; with the account, where there is one, so that they decide no objection."""

    name: ShortText
    person_id: UUID | None = None


class Recipient(NamedPerson):
    """Who is rewarded, or given the right. `is_leader` is said of everybody: 担任领导职务 or not."""

    is_leader: Truth | None = None
    share_percent: Percent | None = None
    amount: Money | None = None


class _Content(Shape):
    """What notices of all kinds say."""

    name: LocalTitle
    """成果名称"""
    abstract: LocalText | None = None
    contributors: Annotated[list[NamedPerson], Field(max_length=100)] = []
    """成果完成人"""
    channels: Annotated[list[Channel], Field(max_length=20)] = []


class PriceNotice(_Content):
    """协议定价公示"""

    kind: Literal["price"]
    mode: Mode | None = None
    price: Money | None = None
    """拟交易价格"""
    scope: LocalText | None = None
    """What is given for it: field, territory, term."""
    related_party: Truth | None = None
    """Whether the buyer is the inventor or a related party (关联关系)."""
    relation: LocalText | None = None


class RewardNotice(_Content):
    """奖励分配公示"""

    kind: Literal["reward"]
    recipients: Annotated[list[Recipient], Field(max_length=200)] = []
    cash: Truth = False
    """A cash reward for which the tax benefit is asked for (现金奖励)."""


class GrantNotice(_Content):
    """赋权公示"""

    kind: Literal["grant"]
    recipients: Annotated[list[Recipient], Field(max_length=200)] = []
    right: Literal["ownership", "use"] | None = None
    """所有权 or 长期使用权"""
    years: Annotated[int, Field(ge=1, le=50), WHOLE] | None = None
    scope: LocalText | None = None


class ResultNotice(_Content):
    """结果公示"""

    kind: Literal["result"]
    outcome: LocalText | None = None
    price: Money | None = None


NoticeContent = Annotated[
    PriceNotice | RewardNotice | GrantNotice | ResultNotice, Field(discriminator="kind")
]


class SubjectOfNotice(Shape):
    """What the notice is about."""

    kind: NoticeSubject
    id: UUID


class NewNotice(Shape):
    """A draft; `organisation_id` may be left out by an officer of one organisation."""

    organisation_id: UUID | None = None
    subject: SubjectOfNotice
    content: NoticeContent


class NoticeChange(RootModel[dict[str, Any]]):
    """An RFC 7396 merge patch of the content; the patched whole is checked like a new draft."""


class NoticeView(View):
    """A notice as everybody sees it; of a draft, which its unit sees, nothing is published yet."""

    id: UUID
    kind: NoticeKind
    number: int | None
    """Counted over the notices of this kind about this subject; none is ever given twice."""
    status: NoticeStatus
    organisation_id: UUID
    organisation_name: dict[str, str]
    subject: SubjectOfNotice
    name: dict[str, str]
    published_at: datetime | None
    until: datetime | None
    """The end of the period: an objection that arrives at this instant is late."""
    sha256: str | None
    pack_version: str | None
    open_objections: int
    cleared_at: datetime | None
    lapses_at: datetime | None
    """When it is of no use any more, where nothing was signed on it (12 months)."""
    ended_at: datetime | None
    reason: str | None
    """Why it was withdrawn or is void."""
    follows: UUID | None
    """The notice of this kind about this subject before it."""


class NoticeState(NoticeView):
    """A notice as its unit works on it."""

    revision: int
    content: NoticeContent
    unmet: list[Unmet]
    created_at: datetime
    updated_at: datetime


class NewObjectionPolicy(Shape):
    """异议处理办法: how the unit takes and decides objections, and to whom one turns."""

    text: LocalText
    contact: ShortText
    panel: Annotated[list[UUID], Field(max_length=20)] = []
    """Accounts of people who decide objections beside the directors."""


class ObjectionPolicyView(View):
    organisation_id: UUID
    version: int
    text: dict[str, str]
    contact: str
    sha256: str
    published_at: datetime


class Evidence(Shape):
    """A document by its hash; the objector keeps it and hands it to the panel."""

    sha256: Sha256
    description: ShortText


class NewObjection(Shape):
    """异议: what is wrong with what is published, and what shows it."""

    grounds: LongText
    evidence: Annotated[list[Evidence], Field(min_length=1, max_length=20)]


class NewOpinion(Shape):
    """A panel member's vote, with reasons. Two equal ones decide."""

    outcome: Literal[ObjectionStatus.UPHELD, ObjectionStatus.REJECTED]
    reasons: LongText


class ObjectorView(View):
    person_id: UUID
    name: str


class OpinionView(View):
    person_id: UUID
    outcome: ObjectionStatus
    reasons: str
    at: datetime


class ObjectionView(View):
    """An objection as its objector, the panel, the unit and the hall see it; the objector is in no public answer."""

    id: UUID
    notice_id: UUID
    status: ObjectionStatus
    objector: ObjectorView
    grounds: str
    evidence: list[Evidence]
    lodged_at: datetime
    answer_until: datetime
    """The working days that the unit has for its answer end here."""
    overdue: bool
    opinions: list[OpinionView]
    decided_at: datetime | None


class ObjectionOutcome(View):
    """What everybody knows of an objection."""

    id: UUID
    status: ObjectionStatus
    lodged_at: datetime
    answer_until: datetime
    overdue: bool
    decided_at: datetime | None


class NoticeVersion(View):
    """One notice of the series about a subject."""

    id: UUID
    number: int
    status: NoticeStatus
    sha256: str
    published_at: datetime
    until: datetime
    url: str


class PolicyOfProof(View):
    version: int
    sha256: str


class NoticeProof(View):
    """公示证明: that these bytes were published then and there, and what came of it."""

    notice: NoticeView
    url: str
    """Where the bytes are that have this SHA-256."""
    channels: list[Channel]
    period: PeriodView
    policy: PolicyOfProof
    objections: list[ObjectionOutcome]
    versions: list[NoticeVersion]
    """Every notice of this kind about this subject, oldest first."""
    record_head: str
    """The hash of the last event in the record of this notice, which covers all before it."""
