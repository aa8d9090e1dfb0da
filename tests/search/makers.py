"""Listings for search tests, and a small stock that every contract test reads; knows no engine."""

import uuid
from typing import Any

from schemas.search import ListingDoc

NANJING_INSTITUTE, DELFT_LAB, SECRETIVE_FIRM = "org-nanjing", "org-delft", "org-secret"
MONTH = 30 * 24 * 3600
START = 1_750_000_000


def an_id(number: int) -> str:
    return str(uuid.UUID(int=number, version=4))


def a_listing(number: int, **fields: Any) -> ListingDoc:
    """A public, published result unless told otherwise."""
    defaults: dict[str, Any] = {
        "id": an_id(number),
        "rev": 1,
        "kind": "result",
        "status": "published",
        "organisation_id": NANJING_INSTITUTE,
        "published_at": START + number * MONTH,
    }
    if not fields.keys() & {"title_zh", "title_en"}:
        defaults["title_en"] = f"Listing number {number}"
    return ListingDoc(**(defaults | fields))


SOLID_ZH, SOLID_EN, HYDROGEN, ROBOT, GRIPPER, RICE, STALE, DEMAND, SECRET, SHARED = range(1, 11)


def the_stock() -> list[ListingDoc]:
    """Ten listings: eight public, one of SECRETIVE_FIRM alone, one that it shares with DELFT_LAB."""
    return [
        a_listing(
            SOLID_ZH,
            title_zh="硫化物固态电解质薄膜的制备方法",
            abstract_zh="本发明公开一种硫化物固态电解质薄膜，用于全固态锂电池，室温离子电导率高，循环稳定。"
            * 3,
            keywords_zh=["固态电解质", "离子电导率"],
            organisation_zh="南京能源材料研究所",
            people=["欧阳晓明"],
            identifiers=["ZL201710123456.7", "CN107654321A"],
            region="320106",
            ipc=["H01M10/0525", "H01M10/0562"],
            industry=["3841"],
            discipline=["E0208"],
            trl=4,
            modes=["licence", "equity"],
            price_mode="fixed",
            price=500000.0,
            currency="CNY",
            confirmed_at=START + 40 * MONTH,
            editions=["2026-spring"],
        ),
        a_listing(
            SOLID_EN,
            title_en="Solid electrolyte membranes for safer cells",
            abstract_en="A polymer membrane conducts ions at room temperature and stops dendrites.",
            keywords_en=["solid electrolyte", "dendrite suppression"],
            organisation_id=DELFT_LAB,
            organisation_en="Delft Storage Laboratory",
            people=["Margriet van Houten"],
            region="NL",
            ipc=["H01M10/0565"],
            industry=["3841"],
            trl=6,
            modes=["licence"],
            price_mode="negotiated",
            confirmed_at=START + 41 * MONTH,
        ),
        a_listing(
            HYDROGEN,
            kind="product",
            title_zh="车用质子交换膜燃料电池堆",
            title_en="Automotive fuel cell stack with proton exchange membrane",
            abstract_zh="额定功率一百二十千瓦。",
            region="310115",
            ipc=["H01M8/10"],
            industry=["3825"],
            trl=8,
            modes=["sale"],
            price_mode="fixed",
            price=1200000.0,
            currency="CNY",
        ),
        a_listing(
            ROBOT,
            kind="product",
            title_zh="协作机器人控制器",
            title_en="Controller for collaborative robots",
            abstract_en="Force feedback keeps people near the manipulator safe.",
            organisation_id=DELFT_LAB,
            region="NL-ZH",
            ipc=["B25J9/16"],
            industry=["3491"],
            discipline=["F0306"],
            trl=7,
            modes=["sale", "licence"],
            price_mode="fixed",
            price=80000.0,
            currency="EUR",
        ),
        a_listing(
            GRIPPER,
            title_en="Adaptive gripper for harvesting tomatoes",
            abstract_en="Soft fingers pick ripe fruit without bruising; the controller learns from examples.",
            ipc=["B25J15/00", "A01D46/30"],
            industry=["3491"],
            trl=5,
            modes=["licence"],
            price_mode="fixed",
            price=80000.0,
            currency="EUR",
        ),
        a_listing(
            RICE,
            title_zh="耐盐水稻新品种选育",
            abstract_zh="在盐碱地上亩产提高两成。",
            region="430100",
            ipc=["A01H1/04"],
            industry=["0111"],
            discipline=["C1301"],
        ),
        a_listing(STALE, title_en="Gearbox vibration monitoring", status="stale", trl=5, industry=["3453"]),
        a_listing(
            DEMAND,
            kind="opportunity",
            title_zh="寻求港口起重机远程操控方案",
            text_zh="现有起重机依靠人工驾驶，效率低，事故多。",
            region="330200",
            deadline_at=START + 60 * MONTH,
        ),
        a_listing(
            SECRET,
            title_en="Zymurgic quokkabox for confidential brewing",
            abstract_zh="机密酿造装置。",
            keywords_en=["quokkabox"],
            organisation_id=SECRETIVE_FIRM,
            ipc=["C12C11/00"],
            industry=["1513"],
            acl=[f"org:{SECRETIVE_FIRM}"],
        ),
        a_listing(
            SHARED,
            title_en="Zymurgic filter for confidential brewing",
            keywords_en=["quokkafilter"],
            organisation_id=SECRETIVE_FIRM,
            ipc=["C12C11/00"],
            industry=["1513"],
            acl=[f"org:{SECRETIVE_FIRM}", f"grant:{DELFT_LAB}"],
        ),
    ]


PUBLIC = {SOLID_ZH, SOLID_EN, HYDROGEN, ROBOT, GRIPPER, RICE, STALE, DEMAND}
