"""What the rule packs ask of a unit's notices: content, channels and periods; it knows the names of values, no database."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from market.notices.rules import AnyContent, Demand, Demands
from market.organisations.tables import Organisation
from market.rules.files import Value
from market.rules.packs import Rulebook, jurisdiction_of, rulebook
from market.rules.periods import Period, count
from market.workdays import legal_day
from schemas.notices import RewardNotice
from schemas.vocabulary import NoticeKind, RuleUnit

LENGTHS: Mapping[NoticeKind, Sequence[str]] = {
    NoticeKind.PRICE: ("price_publicity",),
    NoticeKind.REWARD: ("reward_publicity", "price_publicity"),
    NoticeKind.GRANT: ("grant_publicity", "price_publicity"),
    NoticeKind.RESULT: ("result_publicity", "price_publicity"),
}
"""The values that give the period of a kind, the first that a pack has: no rule counts the days of a grant (PR-3)."""
UNRULED_DAYS = 15
"""Where no pack of the jurisdiction has any of them: our own choice, shown as agreed and not as a rule."""

ESSENTIAL: Mapping[NoticeKind, Sequence[Demand]] = {
    NoticeKind.PRICE: (Demand("price", "PR-2"),),
    NoticeKind.REWARD: (Demand("recipients", "PR-8"), Demand("channels", "PR-8")),
    NoticeKind.GRANT: (
        Demand("recipients", "RV-11"),
        Demand("right", "RV-11"),
        Demand("years", "RV-11"),
        Demand("channels", "RV-11"),
    ),
    NoticeKind.RESULT: (Demand("outcome", "PR-14"), Demand("channels", "PR-14")),
}
"""Without which it would be no notice of its kind, whatever a pack says (促进科技成果转化法 art. 18; 科技进步法 art. 33)."""


def book_of(organisation: Organisation, at: datetime) -> Rulebook:
    """The rules under which an organisation publishes on the legal day of `at`."""
    return rulebook(jurisdiction_of(organisation.region, organisation.founding), legal_day(at))


def demands(organisation: Organisation, kind: NoticeKind, at: datetime) -> Demands:
    """What a notice of this kind has to hold, where the rule binds an organisation of that founding."""
    book = book_of(organisation, at)
    fields = [*_words(book, organisation, f"{kind.value}_notice_fields")]
    if kind is NoticeKind.PRICE:
        fields += _flag(book, organisation, "related_party_marked", "related_party")
    asked = {each.what for each in fields}
    fields += [each for each in ESSENTIAL[kind] if each.what not in asked]
    channels = [*_words(book, organisation, f"{kind.value}_notice_channels")]
    policy = next(_flag(book, organisation, "objection_policy_required", "policy"), Demand("policy", "PR-11"))
    return Demands(fields, channels, policy)


def _binding(book: Rulebook, organisation: Organisation, name: str) -> Value | None:
    found = book.find(name)
    return found if found is not None and found.binds(organisation.founding) else None


def _words(book: Rulebook, organisation: Organisation, name: str) -> Iterator[Demand]:
    found = _binding(book, organisation, name)
    if found is not None:
        yield from (Demand(what, found.rule) for what in book.words(name))


def _flag(book: Rulebook, organisation: Organisation, name: str, what: str) -> Iterator[Demand]:
    found = _binding(book, organisation, name)
    if found is not None and book.flag(name):
        yield Demand(what, found.rule)


def period(organisation: Organisation, content: AnyContent, at: datetime) -> Period:
    """The period that a publication at `at` sets running.

    A cash reward for which the tax benefit is asked for stands for the longer of two periods, one of them counted in
    working days (PR-9, 国科发政〔2018〕103号).
    """
    book = book_of(organisation, at)
    names = [next((name for name in LENGTHS[NoticeKind(content.kind)] if book.find(name)), None)]
    if isinstance(content, RewardNotice) and content.cash and book.find("cash_reward_publicity"):
        names.append("cash_reward_publicity")
    periods = [book.period(name, at) if name else count(at, UNRULED_DAYS, RuleUnit.DAYS) for name in names]
    return max(periods, key=lambda each: each.end)


def answer_period(organisation: Organisation, at: datetime) -> Period:
    """How long the unit has for its answer to an objection that is lodged at `at` (PR-11)."""
    return book_of(organisation, at).period("objection_answer", at)


def lapses_at(organisation: Organisation, cleared_at: datetime) -> datetime:
    """Until when something may be signed on a notice that is clear since `cleared_at`: 12 months, our own choice."""
    return book_of(organisation, cleared_at).period("notice_lapse", cleared_at).end


def pack_version(organisation: Organisation, at: datetime) -> str:
    """Each pack under which the organisation publishes, with the hash of its file."""
    return book_of(organisation, at).version
