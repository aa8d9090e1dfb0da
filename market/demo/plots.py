"""What became of those who asked: the interests, assignments and deals of the demo, as plain values.

Deals are made on invented listings alone: nobody is said to have bought what a real body made.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from schemas.vocabulary import DeclineReason, Mode, PassReason

MANAGER = "manager@agency.example"
MATERIALS = "materials@agency.example"
LIFE = "life@agency.example"


class End(IntEnum):
    """How far a plot goes; each goes through all before it."""

    ASKED = 1
    SEEN = 2
    TALKING = 3
    PROPOSED = 4
    GATING = 5
    CLEARED = 6
    CONTRACTED = 7
    PERFORMING = 8
    COMPLETED = 9


class Carried(IntEnum):
    """How far the technology manager of a plot comes."""

    OFFERED = 1
    DECLINED = 2
    ACTIVE = 3
    INTRODUCED = 4
    CLOSED = 5


@dataclass(frozen=True)
class Agreement:
    """What a deal agrees, in CNY: the fee in whole yuan, of which so much is for technology, paid in equal parts."""

    fee: int
    technical: int
    parts: int = 1
    field_of_use: str | None = None
    royalty_percent: str | None = None
    cancelled: str | None = None


@dataclass(frozen=True)
class Plot:
    """One company and one listing; `begun` counts days before the loading."""

    listing: str
    buyer: str
    begun: float
    end: End
    message: str
    mode: Mode | None = None
    solution: str | None = None
    refused: PassReason | DeclineReason | None = None
    manager: str | None = None
    carried: Carried = Carried.INTRODUCED
    agreement: Agreement | None = None


def _ask(listing: str, buyer: str, begun: float, end: End, message: str, mode: Mode, **more: Any) -> Plot:
    return Plot(listing, buyer, begun, end, message, mode, **more)


def _offer(listing: str, buyer: str, begun: float, end: End, solution: str, **more: Any) -> Plot:
    return Plot(listing, buyer, begun, end, "我方有可用方案，希望现场交流。", solution=solution, **more)


E, M, C = End, Mode, Carried

INTERESTS = (
    _ask(
        "csl-dev-0622",
        "energy",
        2.3,
        E.ASKED,
        "拟用于园区储能柜，希望了解控制器移植工作量。",
        M.ORDINARY_LICENCE,
    ),
    _ask(
        "csl-test-0006",
        "energy",
        30.2,
        E.ASKED,
        "关注核桃壳原料的批次一致性，愿意合作中试。",
        M.CO_DEVELOPMENT,
    ),
    _ask("csl-dev-0795", "farm", 12.4, E.SEEN, "希望移植到自有施肥机。", M.ORDINARY_LICENCE),
    _ask(
        "nasa-patent-8570047",
        "energy",
        4.1,
        E.ASKED,
        "Is a licence for cell test benches possible?",
        M.ORDINARY_LICENCE,
    ),
    _ask(
        "nasa-patent-8636407",
        "works",
        20.3,
        E.SEEN,
        "We measure spindle temperature and look for a sensor without wires.",
        M.ORDINARY_LICENCE,
    ),
    _ask(
        "demo-crop-model",
        "farm",
        15.2,
        E.TALKING,
        "希望用于两个县的种植托管业务。",
        M.ORDINARY_LICENCE,
        manager=MANAGER,
    ),
    _ask(
        "csl-dev-0444",
        "energy",
        50.1,
        E.SEEN,
        "评估后再定。",
        M.ORDINARY_LICENCE,
        refused=PassReason.TOO_EARLY,
    ),
    _ask(
        "demo-robot-gripper",
        "works",
        45.3,
        E.ASKED,
        "希望取得独占许可，用于果园机器人。",
        M.EXCLUSIVE_LICENCE,
        refused=DeclineReason.PLAN_INSUFFICIENT,
    ),
    _ask("demo-tunnel-robot", "rail", 8.2, E.SEEN, "请提供管廊场景报价与交期。", M.SALE),
    _offer(
        "sbir-AF151-134",
        "software",
        10.4,
        E.SEEN,
        "A data manager for additive manufacturing, in use at plants.",
    ),
    _offer(
        "demo-scene-ward-logistics",
        "works",
        9.3,
        E.SEEN,
        "室内配送机器人与电梯联动网关。",
        manager=MANAGER,
        carried=C.OFFERED,
    ),
    _offer(
        "demo-need-battery-recycle",
        "works",
        14.2,
        E.SEEN,
        "脉冲响应快速分选样机。",
        manager=LIFE,
        carried=C.DECLINED,
    ),
    _offer(
        "demo-scene-energy-park",
        "software",
        22.2,
        E.TALKING,
        "聚合平台与基线核证算法。",
        manager=MANAGER,
        carried=C.CLOSED,
    ),
    _offer(
        "demo-scene-orchard",
        "works",
        104.2,
        E.SEEN,
        "履带转运平台。",
        refused=PassReason.NOT_OUR_FIELD,
    ),
    _offer("demo-scene-factory-light", "software", 105.3, E.TALKING, "混合车队调度软件。"),
    _offer(
        "demo-scene-tunnel-leak",
        "works",
        106.1,
        E.ASKED,
        "巡检机器人加装成像模块。",
        refused=DeclineReason.CAPACITY_INSUFFICIENT,
    ),
)

DEALS = (
    _ask(
        "demo-water-sensor",
        "works",
        20.1,
        E.PROPOSED,
        "用于厂区排口自行监测。",
        M.ORDINARY_LICENCE,
    ),
    _ask(
        "demo-catalyst",
        "energy",
        25.2,
        E.GATING,
        "用于余热锅炉改造，希望排他许可。",
        M.SOLE_LICENCE,
        manager=MATERIALS,
        agreement=Agreement(2_400_000, 2_000_000, 2, "工业余热锅炉烟气脱硝"),
    ),
    _ask(
        "demo-solid-electrolyte",
        "energy",
        48.1,
        E.CLEARED,
        "计划在储能电芯中试线验证。",
        M.ORDINARY_LICENCE,
        agreement=Agreement(1_800_000, 1_800_000, 1, "储能电池", royalty_percent="2.5"),
    ),
    _ask(
        "demo-ultrasound-ai",
        "software",
        58.3,
        E.CONTRACTED,
        "集成到区域影像平台。",
        M.ORDINARY_LICENCE,
        manager=LIFE,
        agreement=Agreement(260_000, 220_000, 1, "区域影像质控平台"),
    ),
    _ask(
        "demo-thermal-storage",
        "works",
        60.2,
        E.PERFORMING,
        "用于两座热处理车间的余热回收。",
        M.ORDINARY_LICENCE,
        manager=MANAGER,
        agreement=Agreement(800_000, 500_000, 2, "热处理车间余热回收"),
    ),
    _offer(
        "demo-scene-metro-inspection",
        "works",
        104.4,
        E.PERFORMING,
        "轮足巡检机器人与工单接口，先在一座车站试点。",
        manager=MANAGER,
        mode=M.CO_DEVELOPMENT,
        agreement=Agreement(1_150_000, 760_000, 2),
    ),
    _ask(
        "demo-bearing-diagnosis",
        "works",
        112.3,
        E.COMPLETED,
        "希望受让该方法，用于自有监测终端。",
        M.TRANSFER,
        agreement=Agreement(450_000, 450_000, 1),
    ),
    _ask(
        "demo-wound-dressing",
        "pharma",
        42.4,
        E.GATING,
        "希望独占许可，进入注册检验。",
        M.EXCLUSIVE_LICENCE,
        agreement=Agreement(
            1_200_000, 1_200_000, 1, "创面敷料", cancelled="注册路径评估后，双方同意暂不推进。"
        ),
    ),
)
"""At least one deal in every state from the proposal to the completion."""

PLOTS = INTERESTS + DEALS

FIRST_LIST = (
    "demo-scene-metro-inspection",
    "demo-scene-tunnel-leak",
    "demo-scene-factory-light",
    "demo-scene-orchard",
    "demo-scene-pv-forecast",
    "demo-scene-clean-room",
    "demo-scene-specimen",
)
SECOND_LIST = (
    "demo-scene-rail-crack",
    "demo-scene-passenger-flow",
    "demo-scene-casting-defect",
    "demo-scene-welding",
    "demo-scene-wind-blade",
    "demo-scene-or-scheduling",
    "demo-scene-cold-chain",
    "demo-scene-fish-pond",
    "demo-scene-legacy-code",
    "demo-scene-campus-energy",
    "demo-scene-museum-climate",
)
CATALOGUE = (
    "demo-tunnel-robot",
    "demo-vision-station",
    "demo-rail-profiler",
    "demo-storage-cabinet",
    "demo-microgrid-ems",
    "demo-bioreactor",
    "demo-greenhouse-os",
    "demo-cae-cloud",
)
"""The items of the three editions, in their order."""
