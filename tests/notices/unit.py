"""What the tests of notices share: a university with its officers and directors, and the road to a notice in any state."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from schemas.vocabulary import Role
from tests.makers import Caller, Market
from tests.trading.clock import let_pass

NAME = {"zh-Hans": "固态锂电池电解质", "en": "Solid electrolyte"}
POLICY: dict[str, Any] = {
    "text": {"zh-Hans": "异议应在公示期内提出。", "en": "Objections are lodged before the period ends."},
    "contact": "objections@university.example",
}
CHANNELS = [
    {"kind": "unit", "place": "Notice board of the university", "url": "https://unit.example/notices/1"},
    {"kind": "market", "place": "Technology market", "url": "https://market.example/1"},
]


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


PRICE: dict[str, Any] = {
    "kind": "price",
    "name": NAME,
    "abstract": {"en": "A sulphide electrolyte with high conductivity"},
    "mode": "exclusive_licence",
    "price": money("300000.00"),
    "scope": {"en": "Traction batteries, five years"},
    "related_party": False,
    "contributors": [{"name": "王小明"}],
    "channels": CHANNELS,
}
REWARD: dict[str, Any] = {
    "kind": "reward",
    "name": NAME,
    "recipients": [
        {"name": "王小明", "is_leader": True, "share_percent": "60"},
        {"name": "李小红", "is_leader": False, "share_percent": "40"},
    ],
    "channels": CHANNELS,
}
GRANT: dict[str, Any] = {
    "kind": "grant",
    "name": NAME,
    "recipients": [{"name": "王小明", "is_leader": False}],
    "right": "use",
    "years": 10,
    "channels": CHANNELS,
}
RESULT: dict[str, Any] = {
    "kind": "result",
    "name": NAME,
    "outcome": {"en": "Sold to the highest of three bidders"},
    "price": money("310000.00"),
    "channels": CHANNELS,
}
OBJECTION: dict[str, Any] = {
    "grounds": "The price is below the appraisal.",
    "evidence": [{"sha256": "ab" * 32, "description": "Appraisal report"}],
}
UPHELD = {"outcome": "upheld", "reasons": "The appraisal says so."}
REJECTED = {"outcome": "rejected", "reasons": "The appraisal is of another patent."}
REASON = {"reason": "The terms are negotiated anew"}


@dataclass
class Unit:
    """A university: who drafts, who publishes, and two directors more, who decide objections."""

    market: Market
    officer: Caller
    director: Caller
    panel: list[Caller]

    @classmethod
    async def of(cls, market: Market, *, region: str = "110108", policy: bool = True) -> "Unit":
        officer, director = await market.university()
        home = officer.organisation_id
        await market.database.pool.execute("UPDATE organisation SET region = $2 WHERE id = $1", home, region)
        panel = [await market.person(home, Role.TTO_DIRECTOR) for _ in range(2)]
        unit = cls(market, officer, director, panel)
        if policy:
            await unit.set_policy()
        return unit

    async def set_policy(self, **fields: Any) -> dict[str, Any]:
        path = f"/organisations/{self.officer.organisation_id}/objection-policy"
        made: dict[str, Any] = await self.director.ok("PUT", path, POLICY | fields)
        return made

    async def draft(self, content: dict[str, Any] = PRICE, subject: UUID | None = None, **fields: Any) -> Any:
        about = {"kind": "deal", "id": str(subject or uuid4())}
        return await self.officer.ok("POST", "/notices", {"subject": about, "content": content | fields})

    async def publish(self, notice: dict[str, Any]) -> Any:
        return await self.director.ok("POST", f"/notices/{notice['id']}/publication")

    async def published(
        self, content: dict[str, Any] = PRICE, subject: UUID | None = None, **fields: Any
    ) -> Any:
        return await self.publish(await self.draft(content, subject, **fields))

    async def state(self, notice: dict[str, Any]) -> Any:
        return await self.officer.ok("GET", f"/notices/{notice['id']}/draft")

    async def status(self, notice: dict[str, Any]) -> str:
        return str((await self.state(notice))["status"])

    async def object(self, notice: dict[str, Any], who: Caller | None = None) -> dict[str, Any]:
        who = who or await self.market.company()
        made: dict[str, Any] = await who.ok("POST", f"/notices/{notice['id']}/objections", OBJECTION)
        return made

    async def vote(self, objection: dict[str, Any], who: Caller, opinion: Any) -> httpx.Response:
        path = f"/notices/{objection['notice_id']}/objections/{objection['id']}/opinions"
        return await who.post(path, opinion)

    async def decide(self, objection: dict[str, Any], opinion: Any) -> dict[str, Any]:
        """By both directors of the panel."""
        for who in self.panel:
            answer = await self.vote(objection, who, opinion)
            assert answer.status_code == 200, answer.text
        decided: dict[str, Any] = answer.json()
        return decided

    async def public(self, path: str, **options: Any) -> httpx.Response:
        return await self.market.client.get(f"/api/v1{path}", **options)

    async def proof(self, notice: dict[str, Any]) -> Any:
        answer = await self.public(f"/notices/{notice['id']}/proof")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def let_pass(self, by: timedelta) -> None:
        await let_pass(self.market.database.pool, by)

    async def end_period(self, notice: dict[str, Any]) -> None:
        """To the very end of the period, or just beyond."""
        at = await self.market.database.pool.fetchval("SELECT clock_timestamp()")
        await self.let_pass(datetime.fromisoformat(notice["until"]) - at)


def problems(answer: httpx.Response, status: int = 422) -> list[tuple[str, str | None]]:
    assert answer.status_code == status, answer.text
    return [(each["pointer"], each.get("rule")) for each in answer.json()["errors"]]


def is_refused(answer: httpx.Response, status: int, slug: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["type"].endswith(f"/problems/{slug}")
