"""Which way each listing of the demo goes, step by step, in days before the loading; pure, knows no database.

Most are drafted, submitted, approved and published within a week and stay; the few that are named here go astray, so
that every state of a listing can be seen.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from market.demo.cast import BODIES, OPERATOR
from market.demo.library import Piece, drawn
from market.demo.lots import OFFERED
from market.demo.plots import FIRST_LIST, PLOTS, SECOND_LIST
from market.listings.documents import instant
from market.listings.rules import ARCHIVE_AFTER, CONFIRM_EVERY, merge_patch
from schemas.vocabulary import OrganisationKind, Role

OLDEST, NEWEST = 150, 3
"""Between so many days before the loading the listings were published that are fresh today."""

STALE = ("csl-dev-0076", "csl-dev-0446", "csl-test-0414", "nasa-patent-8336849", "nasa-software-mystran")
ARCHIVED = ("csl-dev-0397", "nasa-patent-8316884")
PAUSED = ("csl-dev-0170", "csl-test-0147", "demo-plc-scan", "nasa-patent-8672107")
WITHDRAWN: Mapping[str, str] = {
    "csl-dev-0528": "已与合作方另行约定实施，不再公开征集。",
    "demo-need-straw": "需求已在企业内部解决，撤回征集。",
    "demo-scene-specimen": "改由医院内部信息化项目实施，撤回。",
    "nasa-patent-8196858": "Listed twice in the archive: the other entry stays.",
}
EXPIRED: Mapping[str, int] = {"demo-need-seed": 104}
"""Its answers were due so many days before what its file says, which had passed 12 days before the loading."""
IN_REVIEW = ("csl-test-0331", "csl-test-0404", "demo-need-mesh", "demo-process-mining", "techport-88515")
APPROVED = ("csl-test-0480", "csl-test-0544", "nasa-patent-8661653")
REFUSED: Mapping[str, str] = {
    "csl-test-0571": "请补充电池组规格，并说明与现有车载系统的接口。",
    "demo-spray-drone": "Say how the canopy volume is measured, and by whom the figures were taken.",
}
UNFINISHED: Mapping[str, tuple[str, ...]] = {
    "csl-test-0594": ("modes", "price"),
    "csl-test-0606": ("summary", "contributors"),
    "demo-edge-chip": ("secrecy_attested", "price", "modes"),
    "demo-scene-digital-twin": ("kpis", "award_rule", "budget"),
    "demo-need-translation": ("ip_terms",),
    "techport-93994": ("price",),
}
"""Drafts, and what each still lacks."""

TRANSLATED = (
    "csl-dev-0069",
    "csl-dev-0247",
    "csl-dev-0622",
    "csl-dev-0655",
    "csl-dev-0795",
    "csl-test-0006",
    "csl-test-0677",
    "csl-test-0878",
    "demo-scene-metro-inspection",
    "demo-scene-ward-logistics",
    "nasa-patent-8330961",
    "nasa-patent-8388613",
    "nasa-patent-8508413",
    "nasa-patent-8636407",
    "nasa-software-cfitsio",
    "nasa-software-open-mct",
    "sbir-AF151-088",
    "sbir-AF151-134",
    "techport-93199",
    "techport-95541",
)
"""Published in one language first; the second version adds the title in the other."""
PRICED = ("demo-catalyst", "demo-crop-model", "demo-storage-cabinet", "demo-vision-station")
"""Published with the price on request first; the second version names it."""
WRITTEN = ("csl-dev-0580",)
HANDED_IN = ("demo-cae-cloud", "demo-thermal-storage")
"""Published, while a change of the keywords waits: written, or handed in for review."""

_ASKED_FOR = frozenset(plot.listing for plot in PLOTS)
EARLY = _ASKED_FOR | OFFERED | frozenset(FIRST_LIST)
"""Published 130 days before the loading or earlier, in time for what happens to them."""
_LATER = frozenset({*TRANSLATED, *PRICED, *PAUSED, *WITHDRAWN, *WRITTEN, *HANDED_IN})


class Move(StrEnum):
    """The verbs of market.listings.service; TIME is what is due when nobody does anything."""

    DRAFT = "draft"
    CHANGE = "change"
    SUBMIT = "submit"
    REFUSE = "refuse"
    APPROVE = "approve"
    PUBLISH = "publish"
    PAUSE = "pause"
    CONFIRM = "confirm"
    WITHDRAW = "withdraw"
    TIME = "let_time_pass"


M = Move


@dataclass(frozen=True)
class Step:
    """One move, so many days before the loading, by the person with this address."""

    days: float
    move: Move
    by: str
    said: Any = None
    """The content of a draft, the patch of a change, or the reason of a refusal or a withdrawal."""


@dataclass(frozen=True)
class _Hands:
    """Who writes a listing, hands it in and approves it: never the same person for the last."""

    writer: str
    author: str
    approver: str


def _hands(piece: Piece) -> _Hands:
    body = BODIES[piece.owner]
    if body.new.kind is OrganisationKind.COMPANY:  # whoever writes there may not approve: the operator does
        buyer = body.who(Role.BUYER)
        return _Hands(buyer, buyer, OPERATOR)
    officer = body.who(Role.TTO_OFFICER)
    writer = body.who(Role.RESEARCHER) if drawn(f"writer {piece.key}", 0, 1) else officer
    return _Hands(writer, officer, body.who(Role.TTO_DIRECTOR))


def course(piece: Piece) -> list[Step]:
    """All steps of one listing."""
    return list(_steps(piece, _hands(piece), _day(piece.key)))


def _day(key: str) -> float:
    """How many days before the loading it is published, or would be."""
    part = drawn(f"minute {key}", 0, 700) / 1440
    if key in ARCHIVED:
        return (CONFIRM_EVERY + ARCHIVE_AFTER).days + drawn(key, 5, 20) + part
    if key in STALE:
        return CONFIRM_EVERY.days + drawn(key, 5, 40) + part
    if key in APPROVED:
        return part - 1
    if key in IN_REVIEW or key in REFUSED or key in UNFINISHED:
        return part - (1 if key in REFUSED else 3)
    if key in EARLY:
        return drawn(key, 130, OLDEST) + part
    if key in SECOND_LIST:
        return drawn(key, 30, 60) + part
    return drawn(key, 70 if key in _LATER else NEWEST, OLDEST) + part


def _steps(piece: Piece, hands: _Hands, day: float) -> Iterator[Step]:
    key = piece.key
    yield Step(day + 6, M.DRAFT, hands.writer, _first_content(piece))
    if key in UNFINISHED:
        return
    yield Step(day + 4, M.SUBMIT, hands.author)
    if key in IN_REVIEW:
        return
    if key in REFUSED:
        yield Step(day + 2, M.REFUSE, hands.approver, REFUSED[key])
        return
    yield Step(day + 2, M.APPROVE, hands.approver)
    if key in APPROVED:
        return
    yield Step(day, M.PUBLISH, hands.approver)
    yield from _later(piece, hands, day)


def _first_content(piece: Piece) -> dict[str, Any]:
    key, content = piece.key, piece.content
    if key in UNFINISHED:
        return {name: value for name, value in content.items() if name not in UNFINISHED[key]}
    if key in TRANSLATED:
        original = "en" if piece.owner == "archive" else "zh-Hans"
        return content | {"title": {original: content["title"][original]}}
    if key in EXPIRED:
        return content | {
            name: _earlier(content[name], EXPIRED[key]) for name in ("questions_until", "deadline")
        }
    if key in PRICED:
        return content | {"price": {"mode": "on_request"}}
    return content


def _earlier(said: str, days: int) -> str:
    return instant(datetime.fromisoformat(said) - timedelta(days=days))


def _later(piece: Piece, hands: _Hands, day: float) -> Iterator[Step]:
    key, half = piece.key, day / 2
    if key in TRANSLATED:
        yield from _next_version(hands, half, {"title": piece.content["title"]})
    elif key in PRICED:
        yield from _next_version(hands, half, {"price": piece.content["price"]})
    elif key in WRITTEN or key in HANDED_IN:
        words = merge_patch(
            piece.content["keywords"], {"zh-Hans": [*piece.content["keywords"]["zh-Hans"], "示例"]}
        )
        yield Step(2.5, M.CHANGE, hands.author, {"keywords": words})
        if key in HANDED_IN:
            yield Step(1.5, M.SUBMIT, hands.author)
    elif key in PAUSED:
        yield Step(half, M.PAUSE, hands.author)
    elif key in WITHDRAWN:
        yield Step(half, M.WITHDRAW, hands.author, WITHDRAWN[key])
    elif key in EXPIRED:
        yield Step(11, M.TIME, hands.author)
    elif key in STALE or key in ARCHIVED:
        yield Step(day - CONFIRM_EVERY.days, M.TIME, hands.author)
        if key in ARCHIVED:
            yield Step(day - (CONFIRM_EVERY + ARCHIVE_AFTER).days, M.TIME, hands.author)
    elif day > 90 and key not in _ASKED_FOR | OFFERED and drawn(f"confirm {key}", 0, 1):
        yield Step(day / 3, M.CONFIRM, hands.author)


def _next_version(hands: _Hands, day: float, patch: dict[str, Any]) -> Iterator[Step]:
    yield Step(day + 4, M.CHANGE, hands.author, patch)
    yield Step(day + 3, M.SUBMIT, hands.author)
    yield Step(day + 1, M.APPROVE, hands.approver)
    yield Step(day, M.PUBLISH, hands.approver)
