"""What the tests of editions share: an operator with editions, and companies with opportunities in the hall."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import text

from tests.makers import Caller, Market

SECRET = "绝密曙光"
"""A word of the items' titles, which nothing public may hold before the release."""
TITLE = {"zh-Hans": "智慧城市场景", "en": "Smart city scenarios"}


def later(**options: float) -> str:
    return (datetime.now(UTC) + timedelta(**options)).isoformat()


@dataclass
class Hall:
    market: Market
    operator: Caller
    company: Caller
    director: Caller | None = None
    """Who approves what `company` writes, where that is a university."""

    @classmethod
    async def of(cls, market: Market) -> "Hall":
        return cls(market, await market.operator(), await market.company())

    async def opportunity(self, name: str = SECRET, **fields: Any) -> str:
        title = {"title": {"zh-Hans": f"{name}场景机会"}}
        kind = fields.pop("kind", "opportunity")
        listing = await self.market.listing(
            self.company, self.director or self.operator, kind, **(title | fields)
        )
        return str(listing["id"])

    async def withdraw(self, listing_id: str) -> None:
        await self.company.ok(
            "POST", f"/listings/{listing_id}/withdrawal", json={"reason": "no longer needed"}
        )

    async def edition(
        self, *listing_ids: str, kind: str = "opportunity_list", **fields: Any
    ) -> dict[str, Any]:
        """An edition that is being compiled, with these items."""
        body = {"kind": kind, "title": TITLE} | fields
        edition: dict[str, Any] = await self.operator.ok("POST", "/editions", json=body)
        return await self.set_items(edition, *listing_ids) if listing_ids else edition

    async def set_items(self, edition: dict[str, Any], *listing_ids: str) -> dict[str, Any]:
        response = await self.change("PUT", edition, "/items", {"listing_ids": list(listing_ids)})
        assert response.status_code == 200, response.text
        changed: dict[str, Any] = response.json()
        return changed

    async def change(
        self, method: str, edition: dict[str, Any], path: str, body: Any = None
    ) -> httpx.Response:
        """A change that names the revision of `edition` in If-Match."""
        headers = {"If-Match": f'"r{edition["revision"]}"'}
        return await self.operator(method, f"/editions/{edition['id']}{path}", json=body, headers=headers)

    async def verb(self, edition: dict[str, Any], verb: str, body: Any = None) -> dict[str, Any]:
        made: dict[str, Any] = await self.operator.ok("POST", f"/editions/{edition['id']}/{verb}", json=body)
        return made

    async def scheduled(self, *listing_ids: str, **fields: Any) -> dict[str, Any]:
        edition = await self.edition(*listing_ids, **fields)
        return await self.verb(edition, "schedule", {"release_at": later(hours=1)})

    async def published(self, *listing_ids: str, **fields: Any) -> dict[str, Any]:
        return await self.verb(await self.edition(*listing_ids, **fields), "publication")

    async def draft(self, edition: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = await self.operator.ok("GET", f"/editions/{edition['id']}/draft")
        return found

    async def public(self, path: str, **options: Any) -> httpx.Response:
        return await self.market.client.get(f"/api/v1{path}", **options)

    async def sql(self, statement: str, **values: Any) -> Any:
        async with self.market.database.sessions() as session, session.begin():
            result = await session.execute(text(statement), values)
            return result.all() if result.returns_rows else None

    async def let_release_time_come(self, edition: dict[str, Any]) -> None:
        await self.sql(
            "UPDATE edition SET release_at = now() - interval '1 second' WHERE id = :id", id=edition["id"]
        )


def pointers(response: httpx.Response) -> list[str]:
    assert response.status_code == 422, response.text
    return [error["pointer"] for error in response.json()["errors"]]
