"""The state machine of a notice, what it must say, what is a material change, and who decides objections; no database."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import TypeAdapter

from market.errors import WrongState
from schemas.listings import Unmet
from schemas.notices import (
    GrantNotice,
    NoticeContent,
    PriceNotice,
    ResultNotice,
    RewardNotice,
)
from schemas.values import FieldProblem, Money
from schemas.vocabulary import ChannelKind, Mode, NoticeStatus, ObjectionStatus

AnyContent = PriceNotice | RewardNotice | GrantNotice | ResultNotice
CONTENT: TypeAdapter[AnyContent] = TypeAdapter(NoticeContent)

S = NoticeStatus
STANDING = frozenset({S.PUBLISHED, S.OBJECTED, S.CLOSED_CLEAR})
"""One such notice of a kind about a subject at a time."""
RUNNING = frozenset({S.PUBLISHED, S.OBJECTED})
FINAL = frozenset({S.UPHELD, S.AMENDED, S.LAPSED, S.SETTLED, S.VOID})
VOTES = 2
"""So many equal opinions of the panel decide."""


class Verb(StrEnum):
    CHANGE = "change"
    PUBLISH = "publish"
    AMEND = "amend"
    """The next notice takes its place."""
    OBJECT = "object"
    GIVE_OPINION = "give_opinion"
    REJECT = "reject"
    """One objection, while another one is open."""
    RESUME = "resume"
    """With the rejection of the last open one: the period goes on."""
    UPHOLD = "uphold"
    CLEAR = "clear"
    LAPSE = "lapse"
    SETTLE = "settle"
    WITHDRAW = "withdraw"
    VOID = "void"
    """What was published is no longer what is to be signed."""


FROM: Mapping[Verb, frozenset[NoticeStatus]] = {
    Verb.CHANGE: frozenset({S.DRAFT}),
    Verb.PUBLISH: frozenset({S.DRAFT}),
    Verb.AMEND: frozenset({S.PUBLISHED, S.CLOSED_CLEAR}),
    Verb.OBJECT: RUNNING,
    Verb.GIVE_OPINION: frozenset({S.OBJECTED}),
    Verb.REJECT: frozenset({S.OBJECTED}),
    Verb.RESUME: frozenset({S.OBJECTED}),
    Verb.UPHOLD: frozenset({S.OBJECTED}),
    Verb.CLEAR: frozenset({S.PUBLISHED}),
    Verb.LAPSE: frozenset({S.CLOSED_CLEAR}),
    Verb.SETTLE: frozenset({S.CLOSED_CLEAR}),
    Verb.WITHDRAW: STANDING | {S.DRAFT},
    Verb.VOID: frozenset({S.PUBLISHED, S.CLOSED_CLEAR}),
}
"""From which states each verb is possible. While an objection is open nothing takes the notice's place: the panel decides
first, or the unit gives the subject up."""

TO: Mapping[Verb, NoticeStatus] = {
    Verb.PUBLISH: S.PUBLISHED,
    Verb.AMEND: S.AMENDED,
    Verb.OBJECT: S.OBJECTED,
    Verb.RESUME: S.PUBLISHED,
    Verb.UPHOLD: S.UPHELD,
    Verb.CLEAR: S.CLOSED_CLEAR,
    Verb.LAPSE: S.LAPSED,
    Verb.SETTLE: S.SETTLED,
    Verb.WITHDRAW: S.VOID,
    Verb.VOID: S.VOID,
}
"""Where the verbs lead that change the state; all others leave it."""


def next_status(verb: Verb, status: NoticeStatus) -> NoticeStatus:
    """Where the verb leads, or WrongState naming the states from which it is possible."""
    if status not in FROM[verb]:
        able = ", ".join(sorted(FROM[verb]))
        raise WrongState(f"the notice is {status}; {verb.value.replace('_', ' ')} is possible from: {able}")
    return TO.get(verb, status)


def due(
    status: NoticeStatus, until: datetime | None, lapses_at: datetime | None, now: datetime
) -> Verb | None:
    """What the passing of time does to a notice at `now`; the very instant of an end counts as reached."""
    if status is S.PUBLISHED and until is not None and now >= until:
        return Verb.CLEAR
    if status is S.CLOSED_CLEAR and lapses_at is not None and now >= lapses_at:
        return Verb.LAPSE
    return None


def refuse_late(until: datetime | None, now: datetime) -> None:
    """WrongState for an objection that arrives at the end of the period or after it."""
    if until is not None and now >= until:
        raise WrongState(f"the period ended at {until.isoformat()}: an objection at this instant is late")


@dataclass(frozen=True)
class Demand:
    """One thing that a rule asks of a notice: a field, or a kind of channel."""

    what: str
    rule: str


@dataclass(frozen=True)
class Demands:
    """What the rule pack of a unit asks of a notice of one kind."""

    fields: Sequence[Demand]
    channels: Sequence[Demand]
    policy: Demand


_MISSING = {
    "name": "give the name of the result (成果名称)",
    "price": "give the proposed price (拟交易价格)",
    "abstract": "give an abstract of the result (成果简介)",
    "mode": "say how it is transferred (转化方式)",
    "related_party": "say whether the buyer is the inventor or a related party (关联关系)",
    "recipients": "name everybody who is to receive",
    "right": "say which right is given (所有权 or 长期使用权)",
    "years": "say for how many years",
    "outcome": "say how it ended",
}
_LEADER = Demand("is_leader", "PR-7")
"""Rewards of leaders are disclosed: it is said of everybody (北京市促进科技成果转化条例 art. 13)."""


def unmet(content: AnyContent, demands: Demands, *, has_policy: bool) -> list[Unmet]:
    """Everything that the notice lacks for its publication, all of it at once."""
    found = [
        Unmet(
            pointer=f"/content/{each.what}",
            detail=_MISSING.get(each.what, f"give {each.what}"),
            rule=each.rule,
        )
        for each in demands.fields
        if getattr(content, each.what, None) in (None, [])
    ]
    if isinstance(content, PriceNotice) and content.related_party and content.relation is None:
        detail = "say what the relation is"
        rule = next((each.rule for each in demands.fields if each.what == "related_party"), None)
        found.append(Unmet(pointer="/content/relation", detail=detail, rule=rule))
    if isinstance(content, RewardNotice | GrantNotice):
        found += [
            Unmet(
                pointer=f"/content/recipients/{place}/is_leader",
                detail="say whether this recipient holds a leading post (担任领导职务)",
                rule=_LEADER.rule,
            )
            for place, recipient in enumerate(content.recipients)
            if recipient.is_leader is None
        ]
    used = {channel.kind for channel in content.channels}
    found += [
        Unmet(
            pointer="/content/channels",
            detail=f"publish it through a channel of the kind {each.what}",
            rule=each.rule,
        )
        for each in demands.channels
        if ChannelKind(each.what) not in used
    ]
    if not has_policy:
        detail = "the organisation publishes how it decides objections first (异议处理办法)"
        found.append(Unmet(pointer="/objection_policy", detail=detail, rule=demands.policy.rule))
    return found


@dataclass(frozen=True)
class Announced:
    """What is to be signed now, as far as a notice speaks of it; None where the subject has no such thing."""

    price: Money | None = None
    mode: Mode | None = None
    scope: Mapping[str, str] | None = None


def changed(content: AnyContent, now_stands: Announced) -> list[str]:
    """Which of price, mode and scope are no longer as the content has them; what either leaves open is no change."""
    return [
        name
        for name in ("price", "mode", "scope")
        if None not in (before := getattr(content, name, None), after := getattr(now_stands, name))
        and before != (dict(after) if isinstance(after, Mapping) else after)
    ]


def people_named(content: AnyContent) -> list[tuple[str, UUID | None]]:
    """Everybody who is named in it as contributor or recipient."""
    named = [*content.contributors, *getattr(content, "recipients", [])]
    return [(each.name, each.person_id) for each in named]


def conflicts(
    member: UUID, name: str, *, objector: UUID, authors: Collection[UUID], content: AnyContent
) -> list[FieldProblem]:
    """What keeps a member of the panel from deciding an objection (回避); a namesake steps back too."""
    found = []
    if member == objector:
        found.append("you have lodged this objection")
    if member in authors:
        found.append("you have written in the notice")
    spelled = "".join(name.split()).casefold()
    for other, person in people_named(content):
        if person == member or (person is None and "".join(other.split()).casefold() == spelled):
            found.append("the notice names you as a contributor or a recipient")
            break
    return [FieldProblem(pointer="", detail=detail, rule="PR-11") for detail in found]


def decided(opinions: Iterable[ObjectionStatus]) -> ObjectionStatus | None:
    """What the panel has decided by these opinions, or None while no two of them agree."""
    given = list(opinions)
    for outcome in (ObjectionStatus.UPHELD, ObjectionStatus.REJECTED):
        if given.count(outcome) >= VOTES:
            return outcome
    return None
