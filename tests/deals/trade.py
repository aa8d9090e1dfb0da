"""What the tests of deals share: two parties with an interest in negotiation, and the road to a deal in any state."""

import itertools
from dataclasses import dataclass
from typing import Any

import httpx

from schemas.vocabulary import Role
from tests.interests.forms import EXCLUSIVE, SOLUTION, a_published_result, an_interest
from tests.makers import Caller, Market
from tests.managers.profiles import a_manager, an_assignment

_keys = itertools.count(1)

CNY = "CNY"
PATENT: dict[str, Any] = {
    "kind": "invention",
    "application_number": "CN201080063196.9",
    "status": "granted",
    "filed_on": "2010-12-15",
    "owners": ["Example University"],
}


def money(amount: str, currency: str = CNY) -> dict[str, str]:
    return {"amount": amount, "currency": currency}


LINES = [
    {"description": "Licence fee", "amount": money("250000.00"), "is_technical": True},
    {"description": "Pilot equipment", "amount": money("50000.00"), "is_technical": False},
]
LUMP_SUM: dict[str, Any] = {"type": "lump_sum", "days_after_signing": 30}
TERMS: dict[str, Any] = {
    "field_of_use": "Traction batteries",
    "territory": ["CN"],
    "term": {"begins_on": "2026-01-01", "ends_on": "2029-12-31"},
    "sublicence_right": False,
    "improvements": {"ownership": "each_its_own"},
    "price_lines": LINES,
    "payment": LUMP_SUM,
}
EQUITY: dict[str, Any] = TERMS | {
    "payment": {
        "type": "equity",
        "company": "Example Cells Ltd",
        "share_percent": "12.5",
        "valuation": money("300000.00"),
    }
}
CONTRACT: dict[str, Any] = {
    "kind": "licence",
    "number": "2026-LIC-001",
    "title": {"zh-Hans": "专利实施许可合同", "en": "Patent licence"},
    "signed_on": "2026-01-15",
    "signatories": {
        "seller": {"name": "Signatory of the seller", "authority": "法定代表人"},
        "buyer": {"name": "Signatory of the buyer", "authority": "Authorisation 2026-7"},
    },
}
PAYMENT: dict[str, Any] = {
    "amount": money("100000.00"),
    "paid_on": "2026-02-01",
    "purpose": "First part of the licence fee",
    "reference": "BANK-1",
}
KIND_OF_MODE = {
    "transfer": "transfer",
    "equity": "transfer",
    "co_development": "development",
    "sale": "service",
}
IN_FORCE = ("signed", "performing", "breached", "completed", "terminated")
CONTRACTED = ("contracted", *IN_FORCE)
WANTED = {name: value for name, value in EXCLUSIVE.items() if name != "mode"}


def fresh_key() -> dict[str, str]:
    return {"Idempotency-Key": f"key-{next(_keys)}"}


@dataclass
class Trade:
    """The parties of a deal; for an opportunity the owner's officer and director are of the buying side."""

    market: Market
    officer: Caller
    director: Caller
    company: Caller
    listing: dict[str, Any]
    interest: dict[str, Any]
    manager: Caller | None = None
    deal_id: str = ""

    @classmethod
    async def of(
        cls,
        market: Market,
        *,
        kind: str = "result",
        managed: bool = False,
        public: bool = False,
        company: Caller | None = None,
        **listing: Any,
    ) -> "Trade":
        """Two parties in negotiation about a published listing."""
        company = company or await market.company()
        if kind == "result":
            fields = {"ip_rights": [PATENT], "modes": ["ordinary_licence", "transfer"]} | listing
            officer, director, published = await a_published_result(market, public=public, **fields)
            interest = await an_interest(company, officer, published, "acknowledged", **WANTED)
        else:
            officer = await market.company()
            director = await market.person(officer.organisation_id, Role.BUYER)
            published = await market.listing(officer, await market.operator(), kind, **listing)
            interest = await an_interest(
                company, officer, published, "acknowledged", **(SOLUTION | {"mode": None})
            )
        trade = cls(market, officer, director, company, published, interest)
        if managed:
            trade.manager, profile = await a_manager(market)
            await an_assignment(officer, interest, trade.manager, profile)
        await officer.ok("POST", f"/interests/{interest['id']}/negotiation")
        return trade

    async def another_company(self) -> "Trade":
        """A second company in negotiation about the same listing."""
        company = await self.market.company()
        interest = await an_interest(company, self.officer, self.listing, "negotiating", **WANTED)
        return Trade(self.market, self.officer, self.director, company, self.listing, interest)

    async def open(self, mode: str = "ordinary_licence", terms: Any = TERMS) -> httpx.Response:
        body = {"interest_id": self.interest["id"], "mode": mode}
        response = await self.officer.post("/deals", body | ({} if terms is None else {"terms": terms}))
        if response.is_success:
            self.deal_id = response.json()["id"]
        return response

    @property
    def path(self) -> str:
        return f"/deals/{self.deal_id}"

    async def view(self, who: Caller | None = None) -> dict[str, Any]:
        shown: dict[str, Any] = await (who or self.director).ok("GET", self.path)
        return shown

    async def status(self) -> str:
        return str((await self.view())["status"])

    async def listing_status(self) -> str:
        shown = await self.officer.ok("GET", f"/listings/{self.listing['id']}/draft")
        return str(shown["status"])

    async def change(self, terms: dict[str, Any], who: Caller | None = None) -> httpx.Response:
        view = await self.view()
        return await (who or self.company).patch(self.path, {"terms": terms}, f'"r{view["revision"]}"')

    async def accept(self, who: Caller) -> httpx.Response:
        sha256 = (await self.view())["terms_sha256"]
        return await who.post(f"{self.path}/acceptance", {"terms_sha256": sha256})

    async def declare(self, who: Caller, **said: Any) -> httpx.Response:
        return await who.post(f"{self.path}/declarations", said or {"none": True})

    async def record(self, who: Caller | None = None, **fields: Any) -> httpx.Response:
        return await (who or self.director).post(
            f"{self.path}/contract", CONTRACT | fields, headers=fresh_key()
        )

    async def confirm(self, who: Caller | None = None) -> httpx.Response:
        return await (who or self.company).post(f"{self.path}/contract/confirmation", headers=fresh_key())

    async def refuse(self, who: Caller | None = None) -> httpx.Response:
        body = {"reason": "this is not what was signed"}
        return await (who or self.company).post(f"{self.path}/contract/refusal", body)

    async def pay(self, who: Caller | None = None, **fields: Any) -> httpx.Response:
        return await (who or self.company).post(
            f"{self.path}/payments", PAYMENT | fields, headers=fresh_key()
        )

    async def complete(self, who: Caller) -> httpx.Response:
        return await who.post(f"{self.path}/completion")

    async def cancel(self, who: Caller | None = None) -> httpx.Response:
        return await (who or self.company).post(f"{self.path}/cancellation", {"reason": "no budget left"})

    async def note_breach(self, who: Caller | None = None) -> httpx.Response:
        return await (who or self.company).post(f"{self.path}/breach", {"reason": "nothing was delivered"})

    async def cure(self, who: Caller | None = None) -> httpx.Response:
        return await (who or self.company).post(f"{self.path}/cure")

    async def terminate(self, who: Caller | None = None) -> httpx.Response:
        return await (who or self.company).post(
            f"{self.path}/termination", {"reason": "we part"}, headers=fresh_key()
        )

    async def clear(self) -> None:
        for who in (self.director, self.company):
            for response in (await self.accept(who), await self.declare(who)):
                assert response.status_code == 200, response.text
        if self.manager:
            await self.declare(self.manager)
        await self.prove()
        assert await self.status() == "cleared"

    async def give(self, kind: str, who: Caller | None = None, **fields: Any) -> httpx.Response:
        body = {"kind": kind, "title": f"The {kind}", "sha256": "ab" * 32, "issued_on": "2026-01-10"}
        return await (who or self.director).post(f"{self.path}/evidence", body | fields)

    async def prove(self) -> None:
        """Give every document that a gate lacks."""
        view = await self.view()
        names = [contributor["name"] for contributor in self.listing["content"].get("contributors", [])]
        filled = {
            "names": names,
            "issued_by": "The office that issues it",
            "number": "No. 1",
            "value": money("300000.00"),
            "terms_sha256": view["terms_sha256"],
        }
        lacking = {
            (condition["evidence"], side): condition
            for gate in view["gates"]
            for condition in gate["unmet"]
            if condition["evidence"]
            for side in condition["who_can_supply"]
        }
        for (kind, side), condition in lacking.items():
            who = self.director if side == "seller" else self.company
            more = (
                {"encumbrance_id": condition["pointer"].rpartition("/")[2]}
                if kind == "pledgee_consent"
                else {}
            )
            given = await self.give(kind, who, **filled, **more)
            assert given.status_code == 201, given.text

    async def bring(self, status: str, mode: str = "ordinary_licence", terms: Any = TERMS) -> "Trade":
        """The deal, opened and brought as far as `status`; `signed` by a transfer, which waits for its registration."""
        mode = "transfer" if status == "signed" else mode
        opened = await self.open(mode, None if status == "proposed" else terms)
        assert opened.status_code == 201, opened.text
        if status == "cancelled":
            await self.cancel()
        if status in ("cleared", *CONTRACTED):
            await self.clear()
        if status in CONTRACTED:
            recorded = await self.record(kind=KIND_OF_MODE.get(mode, "licence"))
            assert recorded.status_code == 201, recorded.text
        if status in IN_FORCE:
            confirmed = await self.confirm()
            assert confirmed.status_code == 200, confirmed.text
            for condition in confirmed.json()["waits_for"] if status != "signed" else ():
                given = await self.give(condition["evidence"], issued_by="The registrar", number="No. 1")
                assert given.status_code == 201, given.text
        if status == "completed":
            await self.complete(self.company)
            await self.complete(self.director)
        if status == "breached":
            await self.note_breach()
        if status == "terminated":
            await self.terminate(self.company)
            await self.terminate(self.director)
        assert await self.status() == status
        return self


def pointers(response: httpx.Response) -> list[str]:
    assert response.status_code == 422, response.text
    return [error["pointer"] for error in response.json()["errors"]]


def unmet(view: dict[str, Any], *, met: bool = True) -> dict[str, list[str]]:
    """The unmet conditions of each gate that the law asks for, by pointer; without `met`, of those alone that lack some."""
    return {
        gate["name"]: [condition["pointer"] for condition in gate["unmet"]]
        for gate in view["gates"]
        if gate["required"] and (met or not gate["met"])
    }
