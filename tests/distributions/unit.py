"""What the tests of distributions share: a unit that has licensed a result and was paid, and the road to a case in any state."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import httpx

from schemas.vocabulary import Role
from tests.deals.trade import TERMS, Trade, fresh_key, money
from tests.makers import Caller, Market

SHA = "cd" * 32
BEIJING, ZHEJIANG = "110108", "330106"
_numbers = itertools.count(1)

DEDUCTIONS: list[dict[str, Any]] = [
    {"kind": "tax", "amount": money("18000.00"), "description": "VAT surcharges", "evidence_sha256": SHA},
    {"kind": "appraisal", "amount": money("12000.00"), "description": "Appraisal", "evidence_sha256": SHA},
]
"""Of 300,000.00 they leave 270,000.00."""
ROYALTY: dict[str, Any] = {
    "base": "sales",
    "period": "month",
    "audit_right": True,
    "rate_steps": [{"from_year": 1, "rate_percent": "3.5"}, {"from_year": 2, "rate_percent": "2"}],
}


def line(name: str, role: str = "main", percent: str | None = "100", **fields: Any) -> dict[str, Any]:
    share = {} if percent is None else {"percent": percent}
    return {"name": name, "role": role, "is_leader": False, **share, **fields}


def problems(answer: httpx.Response, status: int = 422) -> list[tuple[str, str | None]]:
    assert answer.status_code == status, answer.text
    return [(each["pointer"], each.get("rule")) for each in answer.json()["errors"]]


def amounts(view: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["amount"]["amount"] for each in view["lines"]}


@dataclass
class Unit:
    """The seller of a signed deal with its finance, a researcher who invented, and a deal that is performed."""

    trade: Trade
    finance: Caller
    inventor: Caller
    case: dict[str, Any] = field(default_factory=dict)

    @classmethod
    async def of(
        cls,
        market: Market,
        *,
        region: str = BEIJING,
        founding: str = "state_founded",
        mode: str = "ordinary_licence",
        terms: dict[str, Any] = TERMS,
    ) -> "Unit":
        trade = await (await Trade.of(market)).bring("performing", mode, terms)
        home = trade.officer.organisation_id
        await market.database.pool.execute(
            "UPDATE organisation SET region = $2, founding = $3 WHERE id = $1", home, region, founding
        )
        finance = await market.person(home, Role.FINANCE)
        return cls(trade, finance, await market.person(home, Role.RESEARCHER))

    @property
    def officer(self) -> Caller:
        return self.trade.officer

    @property
    def director(self) -> Caller:
        return self.trade.director

    @property
    def path(self) -> str:
        return f"/distributions/{self.case['id']}"

    async def paid(self, amount: str = "300000.00", **fields: Any) -> dict[str, Any]:
        """A payment of the buyer that is recorded on the deal."""
        said = {"amount": money(amount), "reference": f"BANK-{next(_numbers)}"} | fields
        answer = await self.trade.pay(**said)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def receivables(self) -> dict[str, Any]:
        shown: dict[str, Any] = await self.finance.ok("GET", f"{self.trade.path}/receivables")
        return shown

    async def open(self, **fields: Any) -> httpx.Response:
        body = fields or {"deal_id": self.trade.deal_id}
        return await self._keep(await self.finance.post("/distributions", body, headers=fresh_key()))

    async def another(self) -> "Unit":
        """The same people with a case of their own use, which no deal has to be made for."""
        unit = Unit(self.trade, self.finance, self.inventor)
        use = {"listing_id": self.trade.listing["id"], "year": 1, "evidence_sha256": SHA}
        assert (await unit.open(own_use=use | {"operating_profit": money("300000.00")})).status_code == 201
        return unit

    async def calculate(self, deductions: list[dict[str, Any]] = DEDUCTIONS) -> httpx.Response:
        return await self.do(self.finance, "net-income", {"deductions": deductions})

    async def propose(self, pool: str = "70", /, *lines: dict[str, Any], **fields: Any) -> httpx.Response:
        mine = line("Inventor", person_id=str(self.inventor.person_id))
        body = {"pool_percent": pool, "basis": "Rule 7 of the unit", "lines": list(lines) or [mine]}
        return await self.do(self.officer, "proposal", body | fields)

    async def do(self, who: Caller, verb: str, body: Any = None) -> httpx.Response:
        return await self._keep(await who.post(f"{self.path}/{verb}", body, headers=fresh_key()))

    async def _keep(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success and "lines" in answer.json() and "id" in answer.json():
            self.case = answer.json()
        return answer

    async def view(self) -> dict[str, Any]:
        self.case = await self.finance.ok("GET", self.path)
        return self.case

    async def status(self) -> str:
        return str((await self.view())["status"])

    async def sign(self, who: Caller | None = None, place: int = 0, body: Any = None) -> httpx.Response:
        line_id = (await self.view())["lines"][place]["id"]
        path = f"{self.path}/lines/{line_id}/signature"
        return await (who or self.inventor).post(path, body or {}, headers=fresh_key())

    async def dissent(self, who: Caller | None = None, place: int = 0) -> httpx.Response:
        line_id = (await self.view())["lines"][place]["id"]
        path = f"{self.path}/lines/{line_id}/dissent"
        return await (who or self.inventor).post(path, {"grounds": "The share is too small"})

    async def pay_out(self, **fields: Any) -> httpx.Response:
        body = {"paid_on": "2026-02-20", "reference": f"PAYROLL-{next(_numbers)}", "evidence_sha256": SHA}
        return await self.do(self.finance, "payment", body | fields)

    async def adjust(self, cause: str = "later_payment") -> httpx.Response:
        return await self.do(self.finance, "adjustment", {"cause": cause, "reason": "Worked out again"})

    async def bring(self, status: str, **proposal: Any) -> "Unit":
        """The case, brought as far as `status`, with one line for the inventor unless the proposal says otherwise."""

        async def ok(answer: Any) -> None:
            done = await answer
            assert done.is_success, done.text

        roads = {
            "net_calculated": (self.calculate,),
            "proposed": (lambda: self.propose(**proposal),),
            "signed_off": (self.sign,),
            "publicised": (lambda: self.do(self.officer, "publicity"),),
            "approved": (
                lambda: self.do(self.director, "approval"),
                lambda: self.do(self.finance, "approval"),
            ),
            "paid": (self.pay_out,),
            "closed": (lambda: self.do(self.finance, "closure"),),
        }
        if not self.case:
            await self.paid()
            await ok(self.open())
        names = ["opened", *roads]
        goal = {"disputed": "proposed", "adjusted": "approved", "cancelled": "opened"}.get(status, status)
        for name in names[names.index(await self.status()) + 1 : names.index(goal) + 1]:
            for step in roads[name]:
                await ok(step())
        if status == "disputed":
            await ok(self.dissent())
        if status == "adjusted":
            before = self.case
            await ok(self.adjust())
            self.case = before
        if status == "cancelled":
            await ok(self.do(self.finance, "cancellation", {"reason": "Opened by mistake"}))
        assert await self.status() == status
        return self
