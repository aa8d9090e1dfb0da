"""What a state-owned enterprise (国有企业) keeps when it sells: appraisal, disclosure and publicity, to the boundary days."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from market.trading import enterprises, planning
from market.trading.planning import Facts, Periods
from market.workdays import SHANGHAI, add_working_days
from schemas.vocabulary import Founding, OrganisationKind, Role
from tests.makers import Caller, Market
from tests.trading.stage import OPENING, Sale, a_plan, key, money
from tests.trading.test_planning import NOW, TICK, named, plan

SOE = Facts(state_owned=True)
# Twenty working days after 2 March 2026, a Monday: the 20th is 30 March, whose last moment is 16:00 UTC.
DISCLOSED = datetime(2026, 3, 30, 16, tzinfo=UTC)


def disclosed_until(bidding_from: datetime, **fields: Any) -> Any:
    hour = timedelta(hours=1)
    times = {"registration_until": bidding_from - hour, "bidding_until": bidding_from + 24 * hour}
    return plan(bidding_from=bidding_from, appraised_value=money(100_000_00), **times | fields)


@pytest.mark.parametrize(
    ("begins", "now", "enough"),
    [
        (DISCLOSED, NOW, True),
        (DISCLOSED - TICK, NOW, False),
        # Whenever on its day the notice is given, the day itself is not counted (民法典 art. 201).
        (DISCLOSED, datetime(2026, 3, 2, 0, tzinfo=SHANGHAI), True),
        (DISCLOSED, datetime(2026, 3, 3, 0, tzinfo=SHANGHAI) - TICK, True),
        (DISCLOSED, datetime(2026, 3, 3, 0, tzinfo=SHANGHAI), False),
        # Over the holidays of the Spring Festival, 15 to 23 February, with make-up days on the 14th and the 28th.
        (datetime(2026, 3, 6, 16, tzinfo=UTC), datetime(2026, 2, 2, 4, tzinfo=UTC), True),
        (datetime(2026, 3, 6, 16, tzinfo=UTC) - TICK, datetime(2026, 2, 2, 4, tzinfo=UTC), False),
    ],
)
def test_the_disclosure_lasts_twenty_working_days(begins: datetime, now: datetime, enough: bool) -> None:
    viewing = {
        "from": begins - timedelta(days=4),
        "until": begins - timedelta(days=2),
        "place": {"en": "Room"},
    }
    found = planning.unmet_for_announcement(
        disclosed_until(begins, viewing=viewing, first_refusals=[]), SOE, now
    )
    assert named(found) == ([] if enough else [("/bidding_from", "PR-14")])


def test_the_disclosure_is_shortened_in_a_demonstration_alone() -> None:
    soon = disclosed_until(NOW + timedelta(days=7))
    short = replace(SOE, periods=Periods.SHORT)
    assert planning.unmet_for_announcement(soon, short, NOW) == []
    assert named(planning.unmet_for_announcement(soon, SOE, NOW)) == [("/bidding_from", "PR-14")]
    assert planning.unmet_for_announcement(soon, Facts(), NOW) == []


@pytest.mark.parametrize(
    ("value", "again", "approval", "lacking"),
    [
        (None, False, None, ["/appraised_value"]),
        (100_000_00, False, None, []),
        (100_000_01, False, None, ["/opening_price"]),
        (100_000_01, False, "国资评备〔2026〕7号", ["/opening_price"]),
        (100_000_01, True, None, []),
        (111_111_11, True, None, []),
        (111_111_12, True, None, ["/price_approval"]),
        (111_111_12, True, "国资评备〔2026〕7号", []),
    ],
)
def test_the_base_price_follows_the_filed_appraisal(
    value: int | None, again: bool, approval: str | None, lacking: list[str]
) -> None:
    facts = replace(SOE, cut_from=(100_000_00, "CNY") if again else None)
    offered = plan(appraised_value=money(value) if value else None, price_approval=approval)
    assert named(planning.unmet_for_approval(offered, facts)) == [(pointer, "PR-14") for pointer in lacking]


@pytest.mark.parametrize(
    ("kind", "founding", "expected"),
    [
        (OrganisationKind.COMPANY, Founding.STATE_OWNED, True),
        (OrganisationKind.TTO, Founding.STATE_OWNED, True),
        (OrganisationKind.UNIVERSITY, Founding.STATE_OWNED, False),
        (OrganisationKind.INSTITUTE, Founding.STATE_OWNED, False),
        (OrganisationKind.COMPANY, Founding.STATE_FOUNDED, False),
        (OrganisationKind.COMPANY, Founding.PRIVATE, False),
    ],
)
def test_institutions_decide_themselves_and_enterprises_do_not(
    kind: OrganisationKind, founding: Founding, expected: bool
) -> None:
    assert enterprises.is_enterprise(kind, founding) is expected


@pytest.mark.parametrize(
    ("closed", "until"),
    [
        (datetime(2026, 3, 2, 4, tzinfo=UTC), datetime(2026, 3, 9, 16, tzinfo=UTC)),
        (datetime(2026, 3, 2, 16, tzinfo=UTC) - TICK, datetime(2026, 3, 9, 16, tzinfo=UTC)),
        (datetime(2026, 3, 2, 16, tzinfo=UTC), datetime(2026, 3, 10, 16, tzinfo=UTC)),
        (datetime(2026, 4, 30, 4, tzinfo=UTC), datetime(2026, 5, 11, 16, tzinfo=UTC)),  # over 1 to 5 May
    ],
)
def test_a_result_stands_in_public_for_five_working_days(closed: datetime, until: datetime) -> None:
    assert enterprises.public_until({"state_owned": enterprises.in_rules(20, 5)}, closed) == until
    assert enterprises.public_until({"state_owned": enterprises.in_rules(0, 0)}, closed) == closed
    assert enterprises.public_until({"state_owned": None}, closed) is None
    assert enterprises.public_until({}, closed) is None  # rules of before


# Over HTTP


@pytest.fixture
async def legal(market: Market) -> AsyncIterator[Market]:
    """A hall that keeps the periods of the law."""
    before = market.app.state.house
    market.app.state.house = replace(before, periods=Periods.LEGAL)
    yield market
    market.app.state.house = before


async def _sellers(market: Market) -> Sale:
    seller = await market.organisation(OrganisationKind.COMPANY, founding=Founding.STATE_OWNED)
    people = [
        await market.person(seller, role) for role in (Role.TTO_OFFICER, Role.TTO_DIRECTOR, Role.FINANCE)
    ]
    listing = await market.listing(people[0], people[1])
    return Sale(market, people[0], people[1], people[2], await market.operator(), listing)


def _planned(begins: datetime, **fields: Any) -> dict[str, Any]:
    at, day = datetime.now(UTC), timedelta(days=1)
    times = {
        "viewing": {"from": at + day, "until": at + 4 * day, "place": {"en": "Room 1"}},
        "registration_until": begins - timedelta(hours=1),
        "bidding_from": begins,
        "bidding_until": begins + day,
    }
    said: dict[str, Any] = json.loads(json.dumps(times, default=datetime.isoformat))
    return a_plan(appraised_value=money(OPENING), **said | fields)


async def _signs(who: Caller, sale: Sale) -> int:
    return (await who.post(f"{sale.path}/award/confirmation", headers=key())).status_code


async def test_a_state_owned_enterprise_sells_by_its_periods(legal: Market) -> None:
    sale, until = await _sellers(legal), add_working_days(datetime.now(UTC), 20)
    early = {"listing_id": sale.listing["id"], "plan": _planned(until - TICK)}
    sale.id = (await sale.officer.ok("POST", "/rounds", early))["id"]
    unmet = (await sale.officer.ok("GET", sale.path))["preparation"]["unmet"]
    assert [(each["pointer"], each["rule"]) for each in unmet] == [("/bidding_from", "PR-14")]
    sale.id = (await sale.officer.ok("POST", "/rounds", early | {"plan": _planned(until)}))["id"]
    for who, verb in (
        (sale.director, "approvals"),
        (sale.finance, "approvals"),
        (sale.operator, "announcement"),
    ):
        await who.ok("POST", f"{sale.path}/{verb}")
    said = await legal.client.get(f"/api/v1{sale.path}/rules")
    assert said.json()["state_owned"] == {
        "confirmed": False,
        "disclosure_working_days": 20,
        "result_working_days": 5,
    }
    for _ in range(2):
        await sale.a_bidder()
    ahead = until - datetime.now(UTC)
    await sale.let_pass(seconds=ahead.total_seconds())
    await sale.bid(0, OPENING)
    seen = await sale.let_pass(hours=24)
    closed = datetime.fromisoformat(json.loads((await sale.log())[-1]["document"])["at"])
    assert datetime.fromisoformat(seen["outcome"]["public_until"]) == add_working_days(closed, 5)
    assert await _signs(sale.bidders[0].who, sale) == 200
    refused = await sale.operator.post(f"{sale.path}/award/confirmation", headers=key())
    assert (refused.status_code, refused.json()["errors"][0]["rule"]) == (422, "PR-14")
    await _as_if_closed(legal, sale, days=30)
    assert await _signs(sale.operator, sale) == 200


async def _as_if_closed(market: Market, sale: Sale, *, days: int) -> None:
    async with market.database.sessions() as session, session.begin():
        moved = "UPDATE award SET created_at = created_at - CAST(:by AS interval) WHERE round_id = :id"
        await session.execute(text(moved), {"by": timedelta(days=days), "id": sale.id})


async def test_the_hall_does_not_sell_its_own(market: Market) -> None:
    hall = await market.organisation(OrganisationKind.OPERATOR)
    officer, director = (
        await market.person(hall, Role.TTO_OFFICER),
        await market.person(hall, Role.TTO_DIRECTOR),
    )
    listing = await market.listing(officer, director)
    made = await officer.ok("POST", "/rounds", {"listing_id": listing["id"], "plan": a_plan()})
    refused = await director.post(f"/rounds/{made['id']}/approvals")
    assert refused.status_code == 422
    assert "拍卖法 art. 23" in [each["rule"] for each in refused.json()["errors"]]
