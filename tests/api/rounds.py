"""Rounds for the world of `tests/api`: in every state from which a verb of theirs begins, by how they stand to the home.

The home university is the seller of its `own`, a bidder in those it is `asking` for, and nothing to the `foreign` ones.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from schemas.vocabulary import Role
from tests.makers import Caller
from tests.sealing.tenders import Officer, Tender
from tests.trading.stage import OPENING, Sale, a_plan, key, money

if TYPE_CHECKING:
    from tests.api.world import World

Made = Callable[["World", str], Awaitable[dict[str, Any]]]
"""Makes a round for a standing, and answers what fills the parameters of a path and the bodies."""


async def _sale(world: "World", standing: str) -> Sale:
    """With a listing of its own; for the home's own the first bidder is a company, for the asking one its buyer."""
    own = standing == "own"
    officer, director = (world.author, world.director) if own else (world.stranger, world.their_director)
    listing = await world.market.listing(officer, director, modes=["transfer"])
    finance = await world.market.person(officer.organisation_id, Role.FINANCE)
    return Sale(world.market, officer, director, finance, world.people["operator"], listing)


def _first(world: "World", standing: str) -> Caller | None:
    return world.buyer if standing == "asking" else None


async def _thing(sale: Sale) -> dict[str, Any]:
    thing = {"round_id": sale.id}
    if sale.bidders:
        thing |= {
            "registration_id": sale.bidders[0].id,
            "rules_sha256": (await sale.read())["rules_sha256"],
        }
    return thing


def brought(status: str) -> Made:
    """A round in a state that needs no bidder."""

    async def make(world: "World", standing: str) -> dict[str, Any]:
        return await _thing(await (await _sale(world, standing)).bring(status, bidders=0))

    return make


async def announced(world: "World", standing: str) -> dict[str, Any]:
    """With an applicant whom nobody has judged, and who has not paid."""
    sale = await (await _sale(world, standing)).bring("announced", bidders=0)
    await sale.a_bidder(_first(world, standing), qualified=False, paid=False)
    return await _thing(sale)


async def unsold(world: "World", standing: str) -> dict[str, Any]:
    """Nobody came."""
    sale = await (await _sale(world, standing)).bring("announced", bidders=0)
    await sale.let_pass(hours=1)
    assert (await sale.let_pass(hours=1))["status"] == "failed_no_bidder"
    return await _thing(sale)


async def _bidding(world: "World", standing: str) -> Sale:
    sale = await (await _sale(world, standing)).bring("announced", bidders=0)
    await sale.a_bidder(_first(world, standing))
    await sale.a_bidder()
    await sale.let_pass(hours=1)
    await sale.let_pass(hours=1)
    return sale


async def bidding(world: "World", standing: str) -> dict[str, Any]:
    return await _thing(await _bidding(world, standing))


async def asked(world: "World", standing: str) -> dict[str, Any]:
    """The operator has asked to suspend it."""
    sale = await _bidding(world, standing)
    await sale.operator.ok("POST", f"{sale.path}/suspension", {"reason": "An objection is examined"})
    return await _thing(sale)


async def suspended(world: "World", standing: str) -> dict[str, Any]:
    sale = await _bidding(world, standing)
    await sale.together("suspend")
    return await _thing(sale)


async def _awarded(world: "World", standing: str) -> Sale:
    sale = await _bidding(world, standing)
    await sale.bid(0, OPENING)
    await sale.let_pass(hours=24)
    return sale


async def awarded(world: "World", standing: str) -> dict[str, Any]:
    return await _thing(await _awarded(world, standing))


async def signed(world: "World", standing: str) -> dict[str, Any]:
    """By the winner, and by nobody else."""
    sale = await _awarded(world, standing)
    await sale.bidders[0].who.ok("POST", f"{sale.path}/award/confirmation", headers=key())
    return await _thing(sale)


async def sold(world: "World", standing: str) -> dict[str, Any]:
    """Signed by both: the round has ended, and so does the stream of whoever watches it."""
    sale = await _awarded(world, standing)
    await sale.confirm()
    return await _thing(sale)


async def _overdue(world: "World", standing: str) -> Sale:
    sale = await _awarded(world, standing)
    await sale.move(-timedelta(days=60))
    return sale


async def overdue(world: "World", standing: str) -> dict[str, Any]:
    """The winner's time is over."""
    return await _thing(await _overdue(world, standing))


async def _defaulted(world: "World", standing: str) -> Sale:
    sale = await _overdue(world, standing)
    await sale.operator.ok("POST", f"{sale.path}/award/default", headers=key())
    return sale


async def defaulted(world: "World", standing: str) -> dict[str, Any]:
    return await _thing(await _defaulted(world, standing))


async def resold(world: "World", standing: str) -> dict[str, Any]:
    """Defaulted, and sold to somebody else since."""
    return await _thing(await _resold(world, standing))


async def settled(world: "World", standing: str) -> dict[str, Any]:
    """What the default has cost is settled, and a payout of it was ordered by somebody of the hall's finance."""
    sale = await _resold(world, standing)
    costs = {"costs": money(2_00)}
    await sale.operator.ok("POST", f"{sale.path}/award/settlement", costs, headers=key())
    finance = await world.market.person(sale.operator.organisation_id, Role.FINANCE)
    order = {"amount": money(1_00), "payee": "Payee", "reason": "Costs of the sale"}
    made = await finance.ok("POST", f"{sale.path}/costs/payouts", order, headers=key())
    return await _thing(sale) | {"payout_id": made["id"]}


async def flagged(world: "World", standing: str) -> dict[str, Any]:
    """Its bidders write from one domain, and one payer has paid for both."""
    sale = await _bidding(world, standing)
    case, *_ = await sale.operator.ok("GET", f"{sale.path}/signals")
    return await _thing(sale) | {"case_id": case["id"]}


async def _resold(world: "World", standing: str) -> Sale:
    sale = await _defaulted(world, standing)
    again = Sale(world.market, sale.officer, sale.director, sale.finance, sale.operator, sale.listing)
    again.id = (await sale.officer.ok("POST", f"{sale.path}/relisting", {"plan": a_plan()}))["id"]
    for who in (again.director, again.finance):
        await who.ok("POST", f"{again.path}/approvals")
    await again.operator.ok("POST", f"{again.path}/announcement")
    for _ in range(2):
        await again.a_bidder()
    await again.let_pass(hours=1)
    await again.let_pass(hours=1)
    await again.bid(0, OPENING)
    await again.let_pass(hours=24)
    await again.confirm()
    return sale


async def opening(world: "World", standing: str) -> dict[str, Any]:
    """A tender whose bidding has ended; the home's reviewer is one of the three who open it, any two of them together."""
    market, reviewer = world.market, world.people[Role.REVIEWER.value]
    officers = [world.officer] if standing == "own" else []
    while len(officers) < 3:
        officers.append(await Officer.of(market))
    assert reviewer is world.officer.who
    plan = {
        "kind": "sealed_tender",
        "opening": {"officers": [str(each.who.person_id) for each in officers], "threshold": 2},
    }
    sale = await (await _sale(world, standing)).bring("bidding", **plan)
    await sale.bid(0, OPENING)
    assert (await sale.let_pass(hours=24))["status"] == "opening"
    thing = await _thing(sale)
    if standing == "own":
        thing["words"] = await Tender(sale, officers).words(world.officer)
    return thing


MADE: dict[str, dict[str, Made]] = {
    "own": {
        "planned": brought("draft"),
        "agreed": brought("approved"),
        "announced": announced,
        "bidding": bidding,
        "asked": asked,
        "suspended": suspended,
        "opening": opening,
        "awarded": awarded,
        "signed": signed,
        "overdue": overdue,
        "resold": resold,
        "sold": sold,
        "unsold": unsold,
    },
    "asking": {"announced": announced, "bidding": bidding, "awarded": awarded},
    "foreign": {
        "planned": brought("draft"),
        "agreed": brought("approved"),
        "announced": announced,
        "bidding": bidding,
        "asked": asked,
        "suspended": suspended,
        "opening": opening,
        "awarded": awarded,
        "signed": signed,
        "overdue": overdue,
        "defaulted": defaulted,
        "settled": settled,
        "flagged": flagged,
        "unsold": unsold,
    },
}


async def have_rounds(world: "World", standing: str) -> None:
    """One round for each state of this standing, all at once."""
    made = MADE.get(standing, {})
    found = await asyncio.gather(*(make(world, standing) for make in made.values()))
    for status, thing in zip(made, found, strict=True):
        world.things[f"{standing}:{status}"] = thing
