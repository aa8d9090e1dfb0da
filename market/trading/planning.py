"""What a plan must show before a round is approved and announced, all of it at once; no database.

Amounts are compared in minor units. The periods of the law may be shortened in a demonstration, which says so in public.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain

from market.trading import enterprises
from market.workdays import legal_day
from schemas.listings import Unmet
from schemas.trading import RoundPlan
from schemas.values import Money
from schemas.vocabulary import RoundKind

JUDICIAL = "法释〔2016〕18号"
"""Judicial online auctions, whose defaults are borrowed; their rule is named by its article."""
AUCTION_LAW = "拍卖法"
RELIST_WITHIN = timedelta(days=30)
LEAST_DEPOSIT, MOST_DEPOSIT = 5, 20
"""In percent of the opening price (法释〔2016〕18号 art. 17)."""
MOST_CUT = 20
"""In percent of the opening price of the round before (法释〔2016〕18号 art. 26)."""


class Periods(StrEnum):
    """Which periods the rounds of this hall keep."""

    LEGAL = "legal"
    SHORT = "short"
    """For a demonstration alone: the order of the times is kept, their length is not."""


@dataclass(frozen=True)
class Minima:
    """The least periods of a round."""

    notice: timedelta
    """From the announcement to the beginning of the bidding (拍卖法 art. 45, BD-6)."""
    viewing: timedelta
    """拍卖法 art. 48, BD-8."""
    bidding: timedelta
    """法释〔2016〕18号 art. 20."""
    first_refusal_days: int
    """Between telling the holders of a right of first refusal and the notice (法释〔2016〕18号 art. 16)."""
    unreachable_days: int
    """The same for a holder who could not be found, and was told by a public notice instead (art. 16)."""
    disclosure_days: int
    """信息披露: working days between the notice of a state-owned enterprise and the bidding (PR-14)."""
    result_days: int
    """Working days for which its result stands in public before the sale is confirmed (PR-14)."""


MINIMA = {
    Periods.LEGAL: Minima(timedelta(days=7), timedelta(days=2), timedelta(hours=24), 3, 5, 20, 5),
    Periods.SHORT: Minima(timedelta(0), timedelta(0), timedelta(0), 0, 0, 0, 0),
}


@dataclass(frozen=True)
class Facts:
    """What decides beside the plan itself."""

    periods: Periods = Periods.LEGAL
    auction_licence: str | None = None
    """The hall's licence number as an auction house (拍卖经营批准证书)."""
    reserve: int | None = None
    """The reserve price in minor units, which the plan does not hold."""
    cut_from: tuple[int, str] | None = None
    """The opening price of the round that this one follows, in minor units of its currency."""
    officers: Sequence[Unmet] = ()
    """Why the named officers could not open the sealed bids, or one organisation could alone."""
    state_owned: bool = False
    """Whether the seller is a state-owned enterprise (国有企业)."""
    own_goods: bool = False
    """Whether the seller is the hall itself."""
    minima: Minima = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "minima", MINIMA[self.periods])


def deposit_of(plan: RoundPlan) -> Money:
    """保证金 as planned, else 10 % of the opening price, rounded up to the minor unit."""
    price = plan.opening_price
    return plan.deposit or Money.of(-(-price.minor // 10), price.currency)


def malformed(plan: RoundPlan) -> list[Unmet]:
    """What no draft may say: amounts of several currencies, and a price or step of nothing."""
    currency = plan.opening_price.currency
    amounts = {name: getattr(plan, name) for name in ("step", "reserve_price", "deposit", "appraised_value")}
    found = [
        Unmet(
            pointer=f"/{name}/currency",
            detail=f"all amounts of a round are in {currency}, as its opening price",
        )
        for name, amount in amounts.items()
        if amount is not None and amount.currency != currency
    ]
    found += [
        Unmet(pointer=f"/{name}/amount", detail="give more than nothing")
        for name in ("opening_price", "step", "deposit", "reserve_price")
        if (amount := getattr(plan, name)) is not None and amount.minor == 0
    ]
    return found


def not_offered(plan: RoundPlan, document: bytes) -> list[Unmet]:
    """Why the listing's published document does not offer what the plan sells."""
    offered: list[str] = json.loads(document).get("modes", [])
    if plan.mode in offered:
        return []
    return [Unmet(pointer="/mode", detail=f"the listing offers: {', '.join(offered) or 'nothing to take'}")]


def beyond_the_cut(plan: RoundPlan, earlier: tuple[int, str]) -> list[Unmet]:
    """Whether the opening price is too far below that of the round before (minor units and currency)."""
    amount, currency = earlier
    price = plan.opening_price
    if price.currency != currency:
        return [Unmet(pointer="/opening_price/currency", detail=f"the round before was held in {currency}")]
    if price.minor * 100 >= amount * (100 - MOST_CUT):
        return []
    detail = f"the opening price of a further round is at most {MOST_CUT} % below that of the round before"
    return [Unmet(pointer="/opening_price", detail=detail, rule=f"{JUDICIAL} art. 26")]


def unmet_for_approval(plan: RoundPlan, facts: Facts) -> list[Unmet]:
    """Every condition that the plan does not meet whenever the notice is given."""
    return list(
        chain(
            _amounts(plan, facts),
            _texts(plan),
            _times(plan, facts),
            _rights(plan),
            _kind(plan, facts),
            _seller(plan, facts),
        )
    )


def unmet_for_announcement(plan: RoundPlan, facts: Facts, now: datetime) -> list[Unmet]:
    """Every condition that is not met for a notice at `now`, those of the approval included."""
    return unmet_for_approval(plan, facts) + list(_notice(plan, facts, now))


def warnings(plan: RoundPlan) -> list[Unmet]:
    """What is allowed and yet unusual."""
    found = [
        Unmet(pointer=pointer, detail=detail, rule=f"{JUDICIAL} art. 13")
        for pointer, said, detail in (
            ("/encumbrances", plan.encumbrances, "bidders expect to read which rights of others there are"),
            ("/taxes_and_fees", plan.taxes_and_fees, "bidders expect to read who bears taxes and fees"),
        )
        if said is None
    ]
    value = plan.appraised_value
    if value is not None and plan.opening_price.minor * 10 < value.minor * 7:
        detail = "the opening price is below 70 % of the appraised value"
        found.append(Unmet(pointer="/opening_price", detail=detail, rule=f"{JUDICIAL} art. 10"))
    return found


def _amounts(plan: RoundPlan, facts: Facts) -> Iterator[Unmet]:
    price, deposit = plan.opening_price.minor, deposit_of(plan).minor
    if not LEAST_DEPOSIT * price <= deposit * 100 <= MOST_DEPOSIT * price:
        detail = f"the deposit is {LEAST_DEPOSIT} to {MOST_DEPOSIT} % of the opening price"
        yield Unmet(pointer="/deposit", detail=detail, rule=f"{JUDICIAL} art. 17")
    if facts.reserve is not None and facts.reserve < price:
        yield Unmet(
            pointer="/reserve_price", detail="the reserve price is not below the opening price", rule="BD-5"
        )
    if facts.cut_from is not None:
        yield from beyond_the_cut(plan, facts.cut_from)


def _texts(plan: RoundPlan) -> Iterator[Unmet]:
    if plan.price_basis is None:
        yield Unmet(pointer="/price_basis", detail="say what the base price is based on", rule="PR-5")
    if plan.known_defects is None:
        yield Unmet(
            pointer="/known_defects", detail="name the known defects, or say that none are", rule="BD-9"
        )
    if plan.contact is None:
        yield Unmet(pointer="/contact", detail="say who answers questions", rule="BD-6")


def _times(plan: RoundPlan, facts: Facts) -> Iterator[Unmet]:
    least = facts.minima
    viewing = plan.viewing
    if viewing is None:
        yield Unmet(pointer="/viewing", detail="say when and where the subject can be inspected", rule="BD-8")
    else:
        if viewing.until <= viewing.from_ or viewing.until - viewing.from_ < least.viewing:
            yield Unmet(pointer="/viewing/until", detail="the viewing lasts at least two days", rule="BD-8")
        if viewing.until > plan.bidding_from:
            yield Unmet(
                pointer="/viewing/until", detail="the viewing ends before the bidding begins", rule="BD-8"
            )
    if plan.registration_until >= plan.bidding_from:
        detail = "the registration ends before the bidding begins"
        yield Unmet(pointer="/registration_until", detail=detail, rule="BD-6")
    length = plan.bidding_until - plan.bidding_from
    if length <= timedelta(0) or length < least.bidding:
        detail = "the bidding lasts at least 24 hours"
        yield Unmet(pointer="/bidding_until", detail=detail, rule=f"{JUDICIAL} art. 20")
    if plan.hard_stop is not None and plan.hard_stop < plan.bidding_until:
        yield Unmet(pointer="/hard_stop", detail="the hard stop is not before the planned end")


def _rights(plan: RoundPlan) -> Iterator[Unmet]:
    for place in _repeated([holder.organisation_id for holder in plan.first_refusals]):
        detail = "this holder of a right of first refusal is named twice"
        yield Unmet(pointer=f"/first_refusals/{place}/organisation_id", detail=detail)


def _kind(plan: RoundPlan, facts: Facts) -> Iterator[Unmet]:
    if plan.kind is RoundKind.AUCTION:
        yield from _auction(plan, facts)
    if plan.kind is RoundKind.SEALED_TENDER:
        yield from _tender(plan)
        yield from facts.officers


def _seller(plan: RoundPlan, facts: Facts) -> Iterator[Unmet]:
    """What binds some sellers alone: the hall, and a state-owned enterprise."""
    if facts.own_goods:
        detail = "the hall does not sell its own in a round that it holds"
        yield Unmet(pointer="", detail=detail, rule=f"{AUCTION_LAW} art. 23")
    if facts.state_owned:
        yield from enterprises.unmet(plan, again=facts.cut_from is not None)


def _auction(plan: RoundPlan, facts: Facts) -> Iterator[Unmet]:
    """拍卖 is a licensed trade; without a licence the same is held as a listed sale."""
    if facts.auction_licence is None:
        detail = "this hall holds no licence as an auction house: hold it as a listed_sale"
        yield Unmet(pointer="/kind", detail=detail, rule=f"{AUCTION_LAW} art. 11")
    if plan.auction is None:
        yield Unmet(pointer="/auction", detail="name the auctioneer (拍卖师)", rule=f"{AUCTION_LAW} art. 14")
    if plan.auction is None or not plan.auction.media_refs:
        detail = "say in which newspaper or other news medium the notice stands"
        yield Unmet(pointer="/auction/media_refs", detail=detail, rule="BD-7")


def _tender(plan: RoundPlan) -> Iterator[Unmet]:
    if plan.opening is None:
        yield Unmet(pointer="/opening", detail="say who opens the sealed bids, and how many of them together")
        return
    for place in _repeated(plan.opening.officers):
        yield Unmet(pointer=f"/opening/officers/{place}", detail="this opening officer is named twice")
    if len(set(plan.opening.officers)) < plan.opening.threshold:
        yield Unmet(pointer="/opening/threshold", detail="there are fewer opening officers than it takes")


def _notice(plan: RoundPlan, facts: Facts, now: datetime) -> Iterator[Unmet]:
    least = facts.minima
    if plan.bidding_from - now < least.notice or plan.bidding_from <= now:
        yield Unmet(
            pointer="/bidding_from", detail="the notice stands 7 days before the bidding begins", rule="BD-6"
        )
    if facts.state_owned:
        yield from enterprises.undisclosed(plan, least.disclosure_days, now)
    if plan.registration_until <= now:
        yield Unmet(
            pointer="/registration_until", detail="the registration would have ended already", rule="BD-6"
        )
    if plan.viewing is not None and (
        plan.viewing.until <= now or plan.viewing.until - max(plan.viewing.from_, now) < least.viewing
    ):
        detail = "two days of the viewing lie after the notice"
        yield Unmet(pointer="/viewing/from", detail=detail, rule="BD-8")
    for place, holder in enumerate(plan.first_refusals):
        days = least.unreachable_days if holder.unreachable else least.first_refusal_days
        if (legal_day(now) - holder.notified_on).days < days:
            detail = f"holders of a right of first refusal are told at least {days} days before the notice"
            yield Unmet(
                pointer=f"/first_refusals/{place}/notified_on", detail=detail, rule=f"{JUDICIAL} art. 16"
            )


def _repeated(names: Sequence[object]) -> list[int]:
    """Where something stands that stood before."""
    return [place for place, name in enumerate(names) if name in names[:place]]
