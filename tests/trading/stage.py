"""What the tests of trading share: a round brought to any state through the API, with as many bidders as wanted.

No test waits: `let_pass` moves the times of a round into the past as if that much time had gone by.
"""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from market.identity.tables import Membership
from schemas.vocabulary import Role
from tests.makers import Caller, Market

_keys = itertools.count(1)

TEXT = {"en": "As the appraisal report says", "zh-Hans": "见评估报告"}
OPENING = 100_000_00
STEP = 1_000_00
STATES = ("draft", "approved", "announced", "qualifying", "bidding", "closed", "confirmed")


def money(minor: int, currency: str = "CNY") -> dict[str, str]:
    """Minor units as the API takes them."""
    return {"amount": f"{minor // 100}.{minor % 100:02}", "currency": currency}


def key() -> dict[str, str]:
    return {"Idempotency-Key": f"trading-{next(_keys)}"}


def a_plan(**fields: Any) -> dict[str, Any]:
    """A complete plan: registration for an hour, then bidding from the second hour on for a day."""
    at = datetime.now(UTC)
    plan: dict[str, Any] = {
        "kind": "listed_sale",
        "mode": "transfer",
        "opening_price": money(OPENING),
        "price_basis": TEXT,
        "step": money(STEP),
        "viewing": {
            "from": at.isoformat(),
            "until": (at + timedelta(minutes=50)).isoformat(),
            "place": {"en": "Room 1"},
        },
        "registration_until": (at + timedelta(hours=1)).isoformat(),
        "bidding_from": (at + timedelta(hours=2)).isoformat(),
        "bidding_until": (at + timedelta(hours=26)).isoformat(),
        "conditions": [{"en": "A plant for the product"}],
        "known_defects": {"en": "None are known"},
        "contact": "office@seller.example",
    }
    return plan | fields


async def join(market: Market, who: Caller, organisation_id: UUID, *roles: Role) -> None:
    """Make somebody a member of one organisation more."""
    async with market.database.sessions() as session, session.begin():
        session.add(
            Membership(
                person_id=who.person_id,
                organisation_id=organisation_id,
                roles=[role.value for role in roles],
                since=datetime.now(UTC),
            )
        )


@dataclass
class Bidder:
    """One registered company."""

    who: Caller
    id: str
    alias: str


@dataclass
class Sale:
    """A round with its people; `bidders` in the order in which they registered."""

    market: Market
    officer: Caller
    director: Caller
    finance: Caller
    operator: Caller
    listing: dict[str, Any]
    id: str = ""
    bidders: list[Bidder] = field(default_factory=list)

    @classmethod
    async def of(cls, market: Market, status: str = "bidding", *, bidders: int = 2, **plan: Any) -> "Sale":
        """A round of a new listing brought to `status`, one of STATES; `plan` takes the place of parts of the plan."""
        officer, director = await market.university()
        sale = cls(
            market,
            officer,
            director,
            await market.person(officer.organisation_id, Role.FINANCE),
            await market.operator(),
            await market.listing(officer, director),
        )
        return await sale.bring(status, bidders=bidders, **plan)

    async def bring(self, status: str, *, bidders: int = 2, **plan: Any) -> "Sale":
        """Plan a round and bring it to `status`."""
        steps = STATES[: STATES.index(status) + 1]
        body = {"listing_id": self.listing["id"], "plan": a_plan(**plan)}
        self.id = (await self.officer.ok("POST", "/rounds", body))["id"]
        if "approved" in steps:
            await self.director.ok("POST", f"{self.path}/approvals")
            await self.finance.ok("POST", f"{self.path}/approvals")
        if "announced" in steps:
            await self.operator.ok("POST", f"{self.path}/announcement")
            for _ in range(bidders):
                await self.a_bidder()
        if "qualifying" in steps:
            await self.let_pass(hours=1)
        if "bidding" in steps:
            await self.let_pass(hours=1)
        if "closed" in steps:
            await self.bid(0, OPENING)
            await self.let_pass(hours=24)
        if "confirmed" in steps:
            await self.confirm()
        return self

    @property
    def path(self) -> str:
        return f"/rounds/{self.id}"

    async def a_bidder(
        self, who: Caller | None = None, *, qualified: bool = True, paid: bool = True, **form: Any
    ) -> Bidder:
        """A company that registers, and by default qualifies and pays the deposit."""
        who = who or await self.market.company()
        found = await who.ok("POST", f"{self.path}/registrations", await self.a_form(**form))
        bidder = Bidder(who, found["id"], found["alias"])
        self.bidders.append(bidder)
        if paid:
            await self.pay(bidder)
        if qualified:
            await self.officer.ok("POST", f"{self.path}/registrations/{bidder.id}/qualification")
        return bidder

    async def a_form(self, **form: Any) -> dict[str, Any]:
        seen = await self.read()
        plain: dict[str, Any] = {
            "rules_sha256": seen["rules_sha256"],
            "statements": ["Our plant"],
            "related_party": False,
        }
        return plain | form

    async def pay(self, bidder: Bidder) -> Any:
        """The bank reports the deposit, the operator records it."""
        seen = await self.read()
        body = {
            "amount": seen["deposit"],
            "bank_reference": f"BANK-{next(_keys)}",
            "value_date": "2025-01-02",
            "payer": "Example bidder",
        }
        return await self.operator.ok(
            "POST", f"{self.path}/registrations/{bidder.id}/deposit", body, headers=key()
        )

    async def read(self, who: Caller | None = None) -> Any:
        """The round as the public, or as somebody, sees it."""
        if who is not None:
            return await who.ok("GET", self.path)
        answer = await self.market.client.get(f"/api/v1{self.path}")
        assert answer.is_success, answer.text
        return answer.json()

    async def log(self) -> list[dict[str, Any]]:
        """The public log."""
        answer = await self.market.client.get(f"/api/v1{self.path}/log", params={"limit": 1000})
        assert answer.is_success, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def try_bid(self, number: int, minor: int, **options: Any) -> httpx.Response:
        """The answer to a bid of the bidder with this number."""
        headers = options.pop("headers", None) or key()
        return await self.bidders[number].who.post(
            f"{self.path}/bids", {"amount": money(minor)}, headers=headers
        )

    async def bid(self, number: int, minor: int) -> Any:
        """The receipt of an accepted bid."""
        answer = await self.try_bid(number, minor)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def let_pass(self, **time: float) -> Any:
        """Let time go by, and read the round."""
        await self.move(-timedelta(**time))
        return await self.read()

    async def move(self, by: timedelta) -> None:
        """Move every time of the round that lies ahead, without any read of it."""
        names = (
            "registration_until",
            "bidding_from",
            "bidding_until",
            "ends_at",
            "hard_stop",
            "suspended_at",
        )
        names += ("confirm_due_at",)
        moved = ", ".join(f"{name} = {name} + :by" for name in names)
        async with self.market.database.sessions() as session, session.begin():
            await session.execute(
                text(f"UPDATE sale_round SET {moved} WHERE id = :id"), {"by": by, "id": UUID(self.id)}
            )

    async def confirm(self) -> Any:
        """The winner and the operator sign."""
        alias = (await self.read())["outcome"]["bidder"]
        winner = next(each for each in self.bidders if each.alias == alias)
        await winner.who.ok("POST", f"{self.path}/award/confirmation", headers=key())
        return await self.operator.ok("POST", f"{self.path}/award/confirmation", headers=key())

    async def together(self, verb: str, reason: str = "An objection is examined") -> Any:
        """The operator asks, the auditor signs: suspend, resume or void."""
        paths = {"suspend": "suspension", "resume": "resumption", "void": "voidance"}
        await self.operator.ok("POST", f"{self.path}/{paths[verb]}", {"reason": reason})
        auditor = await self.market.auditor()
        return await auditor.ok("POST", f"{self.path}/countersignature", {"verb": verb}, headers=key())

    async def deposits(self) -> list[str]:
        """What became of each bidder's deposit."""
        found = await self.operator.ok("GET", f"{self.path}/registrations?limit=100")
        stands = {each["id"]: each["deposit"] for each in found["items"]}
        return [stands[bidder.id] for bidder in self.bidders]

    async def listing_status(self) -> str:
        answer = await self.market.client.get(f"/api/v1/listings/{self.listing['id']}/status")
        status: str = answer.json()["status"]
        return status
