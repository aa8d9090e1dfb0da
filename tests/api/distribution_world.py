"""What is due, and the distributions of the small market in which everybody tries everything, with the bodies of requests."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from schemas.vocabulary import Role
from tests.deals.trade import PAYMENT, TERMS, WANTED, Trade, fresh_key, money
from tests.distributions.unit import ROYALTY, SHA
from tests.makers import Caller

if TYPE_CHECKING:
    from tests.api.world import World

ROYALTIES: dict[str, Any] = TERMS | {
    "payment": {"type": "upfront_and_royalty", "due_on": "2026-02-01", "royalty": ROYALTY}
}
TRIAL: dict[str, Any] = TERMS | {
    "payment": {"type": "pay_after_use", "trigger": "T", "price_formula": "F", "until": "2027-12-31"}
}
MET = {"met_on": "2026-02-01", "amount": money("1.00"), "due_on": "2026-02-03", "evidence_sha256": SHA}
REPORT: dict[str, Any] = {"period": 3, "base_amount": money("100.00"), "statement_sha256": SHA}
REFUND = {"amount": money("1.00"), "refunded_on": "2026-02-15", "reference": "BACK-1", "reason": "Agreed"}
PAID_OUT = {"paid_on": "2026-02-20", "reference": "PAYROLL-1", "evidence_sha256": SHA}
DEDUCTION = {"kind": "tax", "amount": money("1.00"), "description": "Tax", "evidence_sha256": SHA}


async def have_dues(world: "World", standing: str, trade: Trade) -> None:
    """A deal with a paid entry fee, a royalty line that is not, and reports that wait for the seller and for its audit."""
    await trade.bring("performing", terms=ROYALTIES)
    await trade.pay(**PAYMENT | {"amount": money("300000.00")})
    path, seller, buyer = f"/deals/{trade.deal_id}", await _finance(world, trade), trade.company
    reports = []
    for period in (1, 2, 4) if standing == "own" else (1, 2):
        body = REPORT | {"period": period}
        reports.append(await buyer.ok("POST", f"{path}/royalty-reports", body, headers=fresh_key()))
    await seller.ok(
        "POST", f"{path}/royalty-reports/{reports[0]['id']}/verification", {}, headers=fresh_key()
    )
    due = (await buyer.ok("GET", f"{path}/receivables"))["lines"][-1]
    world.things[f"{standing}:due"] = thing = {
        "deal_id": trade.deal_id,
        "line_id": due["id"],
        "report_id": reports[1]["id"],
    }
    if standing == "own":
        audited = {"reason": "The accounts"}
        await seller.ok("POST", f"{path}/royalty-reports/{reports[2]['id']}/audit", audited)
        world.things["own:audited"] = thing | {"report_id": reports[2]["id"]}


async def _finance(world: "World", trade: Trade) -> Caller:
    if trade.officer is world.author:
        return world.people["finance"]
    return await world.market.person(trade.officer.organisation_id, Role.FINANCE)


async def have_trial(world: "World", trade: Trade) -> None:
    await trade.bring("performing", terms=TRIAL)
    world.things["own:tried"] = {"deal_id": trade.deal_id}


async def have_distributions(world: "World", standing: str) -> None:
    """A distribution in every state that a verb begins from; of the home's, the researcher has the one line."""
    own = standing == "own"
    officer, director = (world.author, world.director) if own else (world.stranger, world.their_director)
    finance = world.people["finance"]
    if not own:
        finance = await world.market.person(officer.organisation_id, Role.FINANCE)
    contributor = world.people["researcher"] if own else world.company
    listing_id = world.things[f"{standing}:published"]["listing_id"]

    async def make(state: str) -> None:
        use = {"listing_id": listing_id, "year": 1, "evidence_sha256": SHA}
        body = {"own_use": use | {"operating_profit": money("1000.00")}}
        made = await finance.ok("POST", "/distributions", body, headers=fresh_key())
        path = f"/distributions/{made['id']}"
        known = world.things.get(f"{standing}:{state}", {})  # a listing may be in a state of the same name
        world.things[f"{standing}:{state}"] = thing = known | {"case_id": made["id"]}
        for name, step in (
            ("opened", None),
            ("calculated", lambda: finance.ok("POST", f"{path}/net-income", {"deductions": []})),
            ("proposed", lambda: officer.ok("POST", f"{path}/proposal", proposal(contributor))),
            (
                "signed",
                lambda: contributor.ok("POST", _line(path, thing, "signature"), {}, headers=fresh_key()),
            ),
            ("publicised", lambda: officer.ok("POST", f"{path}/publicity")),
            ("consented", lambda: director.ok("POST", f"{path}/approval", headers=fresh_key())),
            ("approved", lambda: finance.ok("POST", f"{path}/approval", headers=fresh_key())),
            ("paid", lambda: finance.ok("POST", f"{path}/payment", PAID_OUT, headers=fresh_key())),
        ):
            if step is not None:
                shown = await step()
                if name == "proposed":
                    thing["line_id"] = shown["lines"][0]["id"]
            if name == ("proposed" if state == "dissented" else state):
                break
        if state == "dissented":
            told = await contributor.ok("POST", _line(path, thing, "dissent"), {"grounds": "Too little"})
            thing["dissent_id"] = told["dissents"][0]["id"]

    states = ("opened", "calculated", "proposed", "dissented", "signed", "publicised", "approved", "paid")
    await asyncio.gather(*(make(state) for state in (states if own else ("dissented",))))


def _line(path: str, thing: dict[str, Any], verb: str) -> str:
    return f"{path}/lines/{thing['line_id']}/{verb}"


def proposal(contributor: Caller) -> dict[str, Any]:
    only = {"name": "Inventor", "person_id": str(contributor.person_id), "role": "main", "percent": "100"}
    return {"pool_percent": "70", "basis": "Rule 7", "lines": [only | {"is_leader": False}]}


async def have_money_of_deals(world: "World") -> None:
    """Deals on which something is due, with the home as seller, as buyer, and as neither."""
    trades = {standing: await world._trade(standing, **WANTED) for standing in ("own", "asking", "foreign")}
    tried = await world._trade("own", **WANTED)
    for trade in (*trades.values(), tried):
        for verb in ("acknowledgement", "negotiation"):
            await trade.officer.ok("POST", f"/interests/{trade.interest['id']}/{verb}")
    await asyncio.gather(
        *(have_dues(world, standing, trade) for standing, trade in trades.items()), have_trial(world, tried)
    )


DISTRIBUTION = "/distributions/{case_id}"
REASON = {"reason": "because it is so"}
BODIES: dict[str, Callable[["World", dict[str, Any], Caller], Any]] = {
    "POST /deals/{deal_id}/receivables/{line_id}/standing": lambda world, thing, who: (
        {"verb": "dispute"} | REASON
    ),
    "POST /deals/{deal_id}/trigger": lambda world, thing, who: MET,
    "POST /deals/{deal_id}/refunds": lambda world, thing, who: REFUND,
    "POST /deals/{deal_id}/royalty-reports": lambda world, thing, who: REPORT,
    "POST /deals/{deal_id}/royalty-reports/{report_id}/verification": lambda world, thing, who: {},
    "POST /deals/{deal_id}/royalty-reports/{report_id}/audit": lambda world, thing, who: REASON,
    "POST /deals/{deal_id}/royalty-reports/{report_id}/adjustment": lambda world, thing, who: (
        {"base_amount": money("200.00"), "evidence_sha256": SHA} | REASON
    ),
    "POST /distributions": lambda world, thing, who: {"deal_id": thing["deal_id"]},
    f"POST {DISTRIBUTION}/net-income": lambda world, thing, who: {"deductions": [DEDUCTION]},
    f"POST {DISTRIBUTION}/proposal": lambda world, thing, who: proposal(world.company),
    f"POST {DISTRIBUTION}/revision": lambda world, thing, who: REASON,
    f"POST {DISTRIBUTION}/lines/{{line_id}}/signature": lambda world, thing, who: {},
    f"POST {DISTRIBUTION}/lines/{{line_id}}/dissent": lambda world, thing, who: {"grounds": "Too little"},
    f"POST {DISTRIBUTION}/payment": lambda world, thing, who: PAID_OUT | {"reference": "PAYROLL-2"},
    f"POST {DISTRIBUTION}/adjustment": lambda world, thing, who: {"cause": "audit"} | REASON,
    f"POST {DISTRIBUTION}/cancellation": lambda world, thing, who: REASON,
}
"""The body of each request that needs one, from the world, the thing and who calls."""
