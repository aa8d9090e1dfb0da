"""What binds a seller that is a state-owned enterprise (国有企业): appraisal, disclosure, publicity; no database.

企业国有资产交易监督管理办法 (国资委令32号) and 国资发产权规〔2025〕17号 were read in secondary sources alone, so that the rules
of a round say of these periods that they are unconfirmed (PR-14). The hall shows everybody who has won from the closing
on: the publicity of a result begins with it.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from market.workdays import add_working_days
from schemas.listings import Unmet
from schemas.trading import RoundPlan
from schemas.vocabulary import Founding, OrganisationKind

RULE = "PR-14"
INSTITUTIONS = frozenset({OrganisationKind.UNIVERSITY, OrganisationKind.INSTITUTE, OrganisationKind.HOSPITAL})
"""事业单位: whoever founded them, they decide on their results themselves (促进科技成果转化法 art. 18)."""


def is_enterprise(kind: OrganisationKind, founding: Founding) -> bool:
    return founding is Founding.STATE_OWNED and kind not in INSTITUTIONS


def unmet(plan: RoundPlan, *, again: bool) -> Iterator[Unmet]:
    """How the base price stands against the filed appraisal (评估备案); `again` where the same was offered before."""
    price, value = plan.opening_price.minor, plan.appraised_value
    if value is None:
        detail = "a state-owned enterprise sells by a filed appraisal: give its value"
        yield Unmet(pointer="/appraised_value", detail=detail, rule=RULE)
    elif not again and price < value.minor:
        detail = "offered for the first time, the opening price is not below the filed appraisal"
        yield Unmet(pointer="/opening_price", detail=detail, rule=RULE)
    elif price * 10 < value.minor * 9 and plan.price_approval is None:
        detail = "below 90 % of the filed appraisal, name the approval of whoever approves the sale"
        yield Unmet(pointer="/price_approval", detail=detail, rule=RULE)


def undisclosed(plan: RoundPlan, days: int, now: datetime) -> Iterator[Unmet]:
    """Whether a notice at `now` leaves so many working days before the bidding begins (信息披露)."""
    if days and plan.bidding_from < (until := add_working_days(now, days)):
        detail = f"a state-owned enterprise discloses for {days} working days, until {until.isoformat()}"
        yield Unmet(pointer="/bidding_from", detail=detail, rule=RULE)


def in_rules(disclosure_days: int, result_days: int) -> dict[str, Any]:
    """What the rules of a round say of it."""
    return {
        "disclosure_working_days": disclosure_days,
        "result_working_days": result_days,
        "confirmed": False,
    }


def public_until(rules: Mapping[str, Any], closed_at: datetime) -> datetime | None:
    """Until when a result stands in public before its sale is confirmed (结果公示); None where no rule asks for it."""
    asked = rules.get("state_owned")
    if asked is None:
        return None
    days: int = asked["result_working_days"]
    return add_working_days(closed_at, days) if days else closed_at
