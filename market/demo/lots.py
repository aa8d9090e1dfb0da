"""The trading rounds and challenges of the demo, as plain values; days count before the loading, negative ones after it.

They are held on invented listings alone, like the deals, and keep the periods of the law.
"""

from dataclasses import dataclass

from market.demo.cast import AUDITOR
from schemas.vocabulary import ChallengeKind, Mode, RoundKind

OFFICERS = (AUDITOR, "manager@agency.example", "director@rd.example")
"""Who opens sealed bids and submissions, any two of them: of three organisations, none of which takes part."""
KEYS_MADE = 200.0


@dataclass(frozen=True)
class Bidder:
    """A company in a round; whoever is admitted qualifies and pays a day after it has registered."""

    buyer: str
    registered: float
    admitted: bool = True
    bids: tuple[tuple[float, int], ...] = ()
    """When, and how many yuan; in a sealed tender they are sealed at the company."""


@dataclass(frozen=True)
class Lot:
    """One round; amounts are in whole yuan."""

    listing: str
    mode: Mode
    price: int
    step: int
    announced: float
    registration_until: float
    bidding_from: float
    bidding_until: float
    bidders: tuple[Bidder, ...] = ()
    kind: RoundKind = RoundKind.LISTED_SALE
    reserve: int | None = None
    confirmed: float | None = None
    """When the winner signs; the operator does a day later, and the deal is opened on the day of the loading."""
    again: "Lot | None" = None
    """Offered again after nobody had come."""


OPEN = Lot(
    "demo-wound-dressing",
    Mode.EXCLUSIVE_LICENCE,
    800_000,
    20_000,
    announced=3.0,
    registration_until=-6.0,
    bidding_from=-7.0,
    bidding_until=-9.0,
    bidders=(Bidder("pharma", 1.2, admitted=False),),
)
"""Announced: whoever wants to bid registers."""

BIDDING = Lot(
    "demo-robot-gripper",
    Mode.EXCLUSIVE_LICENCE,
    900_000,
    30_000,
    announced=12.0,
    registration_until=3.0,
    bidding_from=2.0,
    bidding_until=-5.0,
    bidders=(
        Bidder("works", 9.1, bids=((1.9, 900_000), (0.8, 990_000))),
        Bidder("software", 8.2, bids=((1.6, 930_000), (0.3, 1_020_000))),
        Bidder("farm", 7.3, bids=((1.1, 960_000),)),
    ),
)
"""In English bidding for some days more; the demo's buyer takes part and was just outbid."""

SOLD = Lot(
    "demo-lot-cladding",
    Mode.TRANSFER,
    400_000,
    10_000,
    announced=18.0,
    registration_until=11.0,
    bidding_from=10.0,
    bidding_until=8.5,
    bidders=(
        Bidder("works", 15.2, bids=((9.9, 400_000), (9.2, 440_000), (8.6, 480_000))),
        Bidder("rail", 14.1, bids=((9.6, 420_000), (8.9, 460_000))),
        Bidder("energy", 13.3),
    ),
    reserve=430_000,
    confirmed=5.0,
)
"""Sold to the demo's buyer above its reserve price, signed by both, and carried on as a deal."""

TENDER = Lot(
    "demo-lot-sorbent",
    Mode.EXCLUSIVE_LICENCE,
    1_200_000,
    10_000,
    announced=11.0,
    registration_until=3.2,
    bidding_from=2.2,
    bidding_until=-6.0,
    bidders=(
        Bidder("energy", 9.4, bids=((1.5, 1_350_000),)),
        Bidder("pharma", 8.4, bids=((0.9, 1_280_000),)),
        Bidder("works", 7.4),
    ),
    kind=RoundKind.SEALED_TENDER,
)
"""Takes sealed bids for some days more; the demo's buyer may send one."""

FAILED = Lot(
    "demo-lot-pollination",
    Mode.EXCLUSIVE_LICENCE,
    600_000,
    10_000,
    announced=40.0,
    registration_until=31.0,
    bidding_from=30.0,
    bidding_until=28.0,
    again=Lot(
        "demo-lot-pollination",
        Mode.EXCLUSIVE_LICENCE,
        500_000,
        10_000,
        announced=4.0,
        registration_until=-7.0,
        bidding_from=-8.0,
        bidding_until=-10.0,
    ),
)
"""Nobody came; it is offered again, a sixth lower."""

LOTS = (OPEN, BIDDING, SOLD, TENDER, FAILED)


@dataclass(frozen=True)
class Asked:
    """A question of a company, and what the sponsor answers a day later."""

    buyer: str
    asked: float
    question: str
    answer: str | None = None


@dataclass(frozen=True)
class Entry:
    """What a company submits, two days after the submissions have begun."""

    buyer: str
    title: str
    approach: str
    price: int


@dataclass(frozen=True)
class Challenge:
    """One challenge; the budget is in whole yuan."""

    listing: str
    budget: int
    published: float
    questions_until: float
    submissions_from: float
    submissions_until: float
    kind: ChallengeKind = ChallengeKind.OPEN_CHALLENGE
    public_money: bool = True
    awards: int = 1
    questions: tuple[Asked, ...] = ()
    entries: tuple[Entry, ...] = ()
    """The best first."""
    reviewers: tuple[str, ...] = ()
    awarded: float | None = None
    stages: tuple[tuple[str, float, int, int], ...] = ()
    """Name, end, how many go on, and budget of each stage of a race."""


QUESTIONS = Challenge(
    "demo-need-rehab-device",
    600_000,
    published=6.0,
    questions_until=-5.0,
    submissions_from=-6.0,
    submissions_until=-21.0,
    questions=(
        Asked("works", 5.1, "样机数量是否有要求？", "首轮提供三套样机即可，供三个科室试用。"),
        Asked("software", 3.2, "随访数据能否存放在院外？", "不能。数据存放在院内，可提供脱敏样本用于开发。"),
        Asked("energy", 0.7, "是否接受联合体申报？"),
    ),
)
"""In its question period, with two answers given and one owed."""

AWARDED = Challenge(
    "demo-need-pipe-leak",
    900_000,
    published=60.0,
    questions_until=52.0,
    submissions_from=51.0,
    submissions_until=40.0,
    questions=(Asked("energy", 57.0, "能否提供管网图？", "签署保密承诺后提供。"),),
    entries=(
        Entry(
            "works", "声学相关仪与巡线小车", "小车携带两支传感器沿管线行走，互相关定位，误差半米。", 760_000
        ),
        Entry("energy", "分布式光纤测温", "沿管敷设测温光纤，温升异常处即漏点。", 880_000),
        Entry("software", "压力瞬变反演", "用已有压力表的瞬变数据反演漏点位置，无需新增设备。", 520_000),
    ),
    reviewers=("researcher@hospital.example", "researcher@rd.example", "researcher@archive.example"),
    awarded=30.0,
)
"""Judged by three, and awarded to the demo's buyer; its award stood in public, and the work has begun."""

RACE = Challenge(
    "demo-need-plume",
    1_600_000,
    published=110.0,
    questions_until=103.0,
    submissions_from=102.0,
    submissions_until=90.0,
    kind=ChallengeKind.HORSE_RACE,
    public_money=False,
    awards=2,
    entries=(
        Entry("works", "移动嗅探车与固定点组网", "六个固定点加一台移动车，反向轨迹溯源。", 1_500_000),
        Entry("software", "扩散模型同化", "三十个低成本点，数据同化求源强。", 1_200_000),
        Entry("farm", "生物传感阵列", "以植物叶片电信号判别异味。", 900_000),
    ),
    reviewers=("researcher@hospital.example", "researcher@rd.example", "researcher@archive.example"),
    awarded=78.0,
    stages=(("一期：双队并行试点", 1.0, 1, 600_000), ("二期：全园部署", -90.0, 1, 1_000_000)),
)
"""Two teams have shown their evidence; who goes on is proposed and waits for a second signature."""

CHALLENGES = (QUESTIONS, AWARDED, RACE)

OFFERED = frozenset(each.listing for each in (*LOTS, *CHALLENGES))
"""The listings of all of them."""
