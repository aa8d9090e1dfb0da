"""Red flags of collusion (串通) between the bidders of one round, from plain facts; no database.

A signal is a question for people and proves nothing: it opens a case, and never touches a bid (拍卖法 art. 37, BD-4). What
the log shows is asked of a round that has ended, when its bidders may be named.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from uuid import UUID

from schemas.vocabulary import Signal

SHORT_OF_A_PATTERN = 12
"""So many bids in a row by two who raise each other by the least step are no chance any more."""
AT_ONCE = timedelta(seconds=60)
"""Within which such a bid answers the one before."""
TIMES_SECOND = 5
"""How often somebody comes second behind the same winner, and never wins, before it is a pattern."""
FREE_MAIL = frozenset(
    [
        "126.com",
        "139.com",
        "163.com",
        "aliyun.com",
        "foxmail.com",
        "gmail.com",
        "hotmail.com",
        "icloud.com",
        "live.com",
        "outlook.com",
        "qq.com",
        "sina.cn",
        "sina.com",
        "sohu.com",
        "vip.163.com",
        "yahoo.com",
        "yeah.net",
    ]
)
"""Domains that whoever likes has an address under."""


@dataclass(frozen=True)
class Participant:
    """One registered organisation, with what the house knows of it and of the people who act for it here."""

    id: UUID
    """Of the registration."""
    organisation: UUID
    alias: str
    admitted: bool = True
    withdrawn_at: datetime | None = None
    people: frozenset[UUID] = frozenset()
    """Who registered it or bid for it, and who else is a member that may."""
    above: frozenset[UUID] = frozenset()
    """Whoever controls it, governments left out."""
    payers: frozenset[str] = frozenset()
    """Who paid its deposit, by the bank's statement."""
    domains: frozenset[str] = frozenset()
    """Of the addresses of those who act."""
    addresses: frozenset[str] = frozenset()
    """From which those who act were signed in while the round was held, loopback left out."""


@dataclass(frozen=True)
class Bid:
    alias: str
    amount: int
    at: datetime


@dataclass(frozen=True)
class Past:
    """How a round ended in which two or more of these organisations had bid."""

    winner: UUID
    second: UUID
    defaulted: bool = False


@dataclass(frozen=True)
class Facts:
    """One round; `bids` and `opened` are empty until it has ended."""

    participants: Sequence[Participant]
    step: int
    opening_price: int
    registration_until: datetime
    bids: Sequence[Bid] = ()
    """Of an open bidding, in the order of the log."""
    opened: Mapping[str, int] | None = None
    """Of a sealed tender: what the last bid of each alias said."""
    past: Sequence[Past] = ()
    """Oldest first; the rounds that this one follows are among them."""
    winner: UUID | None = None


@dataclass(frozen=True)
class Found:
    """One red flag: whom it concerns, and what was seen."""

    signal: Signal
    participants: frozenset[UUID]
    detail: str


def signals(facts: Facts) -> list[Found]:
    """Every red flag of one round, each named once."""
    checks: tuple[Callable[[Facts], Iterator[Found]], ...] = (
        _related,
        _one_hand,
        _one_payer,
        _one_domain,
        _one_address,
        _left_alone,
        _identical,
        _alternating,
        _always_second,
        _shielded,
    )
    return [found for check in checks for found in check(facts)]


def _pairs(facts: Facts) -> Iterator[tuple[Participant, Participant]]:
    return combinations(facts.participants, 2)


def _of(one: Participant, other: Participant, signal: Signal, detail: str) -> Found:
    return Found(signal, frozenset({one.id, other.id}), detail)


def _related(facts: Facts) -> Iterator[Found]:
    for one, other in _pairs(facts):
        if other.organisation in one.above or one.organisation in other.above:
            yield _of(one, other, Signal.SHARED_CONTROLLER, "one of them controls the other")
        elif one.above & other.above:
            yield _of(one, other, Signal.SHARED_CONTROLLER, "the same controller stands above both")


def _one_hand(facts: Facts) -> Iterator[Found]:
    for one, other in _pairs(facts):
        if one.people & other.people:
            yield _of(one, other, Signal.SAME_PERSON, "the same person acts for both, or may")


def _one_payer(facts: Facts) -> Iterator[Found]:
    yield from _shared(facts, Signal.SAME_PAYER, lambda each: each.payers, "{} paid the deposit of both")


def _one_domain(facts: Facts) -> Iterator[Found]:
    yield from _shared(
        facts,
        Signal.SAME_DOMAIN,
        lambda each: each.domains - FREE_MAIL,
        "those who act for both have addresses under {}",
    )


def _one_address(facts: Facts) -> Iterator[Found]:
    yield from _shared(
        facts,
        Signal.SAME_ADDRESS,
        lambda each: each.addresses,
        "those who act for both were signed in from {}",
    )


def _shared(
    facts: Facts, signal: Signal, of: Callable[[Participant], Iterable[str]], detail: str
) -> Iterator[Found]:
    for one, other in _pairs(facts):
        if shared := sorted(set(of(one)) & set(of(other))):
            yield _of(one, other, signal, detail.format(", ".join(shared)))


def _left_alone(facts: Facts) -> Iterator[Found]:
    """All but one withdrew on the last day, so that the one buys by agreement at the opening price (BD-1)."""
    stayed = [each for each in facts.participants if each.admitted]
    late = [
        each
        for each in facts.participants
        if each.withdrawn_at is not None and facts.registration_until - each.withdrawn_at <= timedelta(days=1)
    ]
    if len(stayed) == 1 and late:
        concerned = frozenset(each.id for each in (*stayed, *late))
        detail = f"{len(late)} withdrew on the last day of the registration, and one was left"
        yield Found(Signal.LEFT_ALONE, concerned, detail)


def _identical(facts: Facts) -> Iterator[Found]:
    """Sealed bids of one amount; that of the opening price is what everybody reads in the rules."""
    of_amount: defaultdict[int, list[str]] = defaultdict(list)
    for alias, amount in (facts.opened or {}).items():
        of_amount[amount].append(alias)
    for amount, aliases in of_amount.items():
        if len(aliases) > 1 and amount != facts.opening_price:
            detail = f"{len(aliases)} sealed bids say the same, {amount} minor units"
            yield Found(Signal.IDENTICAL_AMOUNTS, _ids(facts, aliases), detail)


def _alternating(facts: Facts) -> Iterator[Found]:
    """Two who raise each other by the least step, at once and for long, while nobody else bids."""
    run: list[Bid] = []
    for before, bid in pairwise(facts.bids):
        answers = (
            bid.alias != before.alias
            and bid.amount - before.amount == facts.step
            and bid.at - before.at <= AT_ONCE
            and (len(run) < 2 or bid.alias == run[-2].alias)
        )
        run = [*(run or [before]), bid] if answers else [bid]
        if len(run) == SHORT_OF_A_PATTERN:
            detail = (
                f"the two raised each other by the least step {len(run)} times in a row, each within a minute"
            )
            yield Found(Signal.ALTERNATING, _ids(facts, {run[-1].alias, run[-2].alias}), detail)


def _ids(facts: Facts, aliases: Iterable[str]) -> frozenset[UUID]:
    wanted = set(aliases)
    return frozenset(each.id for each in facts.participants if each.alias in wanted)


def _always_second(facts: Facts) -> Iterator[Found]:
    """Whoever comes second behind the same winner again and again, and never wins, may be there for the winner's sake."""
    wins = Counter(each.winner for each in facts.past)
    behind = Counter((each.second, each.winner) for each in facts.past)
    for one, other in _pairs(facts):
        for second, winner in ((one, other), (other, one)):
            times = behind[second.organisation, winner.organisation]
            if times >= TIMES_SECOND and not wins[second.organisation]:
                detail = f"in {times} rounds the one came second behind the other, and has won none"
                yield _of(one, other, Signal.ALWAYS_SECOND, detail)


def _shielded(facts: Facts) -> Iterator[Found]:
    """A high bid keeps the others away, its bidder defaults, and whoever came second buys when it is offered again."""
    buyer = next((each for each in facts.participants if each.organisation == facts.winner), None)
    if buyer is None:
        return
    for past in facts.past:
        if past.defaulted and past.second == facts.winner:
            detail = (
                "whoever came second behind a winner that defaulted has won when the same was offered again"
            )
            yield Found(Signal.SHIELDED, frozenset({buyer.id}), detail)
            return
