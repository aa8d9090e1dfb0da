"""Makes people, organisations and listings through the application itself, in any state that a test wants."""

import itertools
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from litestar import Litestar

from market.database import Database, now
from market.identity.passwords import hash_password
from market.identity.service import open_session
from market.identity.tables import Membership, Person
from market.organisations.tables import Organisation
from market.settings import Settings
from schemas.vocabulary import Founding, OrganisationKind, Role, VerificationLevel

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)
_hash: list[str] = []

RESULT: dict[str, Any] = {
    "kind": "result",
    "title": {"zh-Hans": "固态锂电池电解质", "en": "Solid electrolyte for lithium batteries"},
    "summary": {
        "zh-Hans": "一种硫化物固态电解质",
        "en": "A sulphide solid electrolyte with high conductivity",
    },
    "keywords": {"zh-Hans": ["固态电池"], "en": ["solid-state battery"]},
    "region": "110108",
    "ipc": ["H01M 10/0562"],
    "discipline": ["E02"],
    "maturity": {"level": 5, "evidence": {"en": "Tested in a pouch cell of 2 Ah"}},
    "ip_rights": [
        {
            "kind": "invention",
            "application_number": "CN201080063196.9",
            "status": "granted",
            "owners": ["Example University"],
        }
    ],
    "contributors": [{"name": "王小明", "confirmed": True}],
    "modes": ["ordinary_licence", "transfer"],
    "price": {"mode": "fixed", "amount": {"amount": "300000.00", "currency": "CNY"}},
    "export_class": "free",
    "secrecy_attested": True,
}

PRODUCT: dict[str, Any] = {
    "kind": "product",
    "title": {"en": "Inspection robot for cable tunnels", "zh-Hans": "电缆隧道巡检机器人"},
    "summary": {"en": "A robot that inspects cable tunnels without stopping the grid"},
    "price": {"mode": "on_request"},
    "modes": ["sale"],
    "first_use": [{"kind": "first_set", "evidence": {"zh-Hans": "首台套证书"}}],
}

OPPORTUNITY: dict[str, Any] = {
    "kind": "opportunity",
    "opportunity_type": "scenario",
    "title": {"zh-Hans": "地铁车站智能巡检场景"},
    "owner_unit": "示例地铁公司",
    "site": {"zh-Hans": "海淀区示例站"},
    "problem": {"zh-Hans": "人工巡检效率低"},
    "data_offered": {"zh-Hans": "历史巡检记录与现场测试条件"},
    "kpis": [{"name": {"zh-Hans": "漏检率"}, "target": "< 1 %", "baseline": "5 %"}],
    "budget": {"amount": "1000000.00", "currency": "CNY"},
    "deadline": "2099-12-31T17:00:00+08:00",
    "award_rule": {"zh-Hans": "综合评分"},
    "ip_terms": "negotiable",
}

CONTENT = {"result": RESULT, "product": PRODUCT, "opportunity": OPPORTUNITY}


@dataclass(frozen=True)
class Caller:
    """A signed-in person as a client of the API."""

    client: httpx.AsyncClient
    token: str
    person_id: UUID
    organisation_id: UUID
    email: str

    async def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return await self("POST", path, json=json, **options)

    async def patch(self, path: str, json: Any, etag: str, **options: Any) -> httpx.Response:
        return await self("PATCH", path, json=json, headers={"If-Match": etag}, **options)

    async def ok(self, method: str, path: str, json: Any = None, **options: Any) -> Any:
        """The answer's JSON, or an assertion that shows the problem."""
        response = await self(method, path, json=json, **options)
        assert response.is_success, response.text
        return response.json() if response.content else None


class Market:
    """The running application with what tests need of it."""

    def __init__(
        self, app: Litestar, client: httpx.AsyncClient, database: Database, settings: Settings
    ) -> None:
        self.app, self.client, self.database, self.settings = app, client, database, settings

    async def organisation(
        self,
        kind: OrganisationKind = OrganisationKind.UNIVERSITY,
        *,
        founding: Founding = Founding.STATE_FOUNDED,
        verification: VerificationLevel = VerificationLevel.L2,
    ) -> UUID:
        """A new organisation, straight into the database."""
        async with self.database.sessions() as session, session.begin():
            number = next(_numbers)
            row = Organisation(
                name={"zh-Hans": f"示例机构{number}", "en": f"Example {kind.value} {number}"},
                kind=kind,
                founding=founding,
                region="110108",
                verification=verification,
                created_at=await now(session),
            )
            session.add(row)
            return row.id

    async def person(self, organisation_id: UUID, *roles: Role) -> Caller:
        """A signed-in member of an organisation; the session is opened as a sign-in opens it, without its hash."""
        if not _hash:
            _hash.append(await hash_password(PASSWORD))
        email = f"person{next(_numbers)}@example.org"
        async with self.database.sessions() as session, session.begin():
            at = await now(session)
            person = Person(email=email, name=f"Person of {email}", password_hash=_hash[0], created_at=at)
            session.add(person)
            await session.flush()
            session.add(
                Membership(
                    person_id=person.id,
                    organisation_id=organisation_id,
                    roles=sorted(role.value for role in roles),
                    since=at,
                )
            )
            _, token = await open_session(session, person.id, address="127.0.0.1", user_agent=None)
        return Caller(self.client, token, person.id, organisation_id, email)

    async def university(self) -> tuple[Caller, Caller]:
        """An officer and a director of a new state-founded university."""
        organisation = await self.organisation()
        return await self.person(organisation, Role.TTO_OFFICER), await self.person(
            organisation, Role.TTO_DIRECTOR
        )

    async def institute(self) -> tuple[Caller, Caller]:
        """An officer and a director of a new research body outside the rules for public institutions (新型研发机构)."""
        organisation = await self.organisation(OrganisationKind.NEW_RD_BODY, founding=Founding.PRIVATE)
        return await self.person(organisation, Role.TTO_OFFICER), await self.person(
            organisation, Role.TTO_DIRECTOR
        )

    async def company(self, verification: VerificationLevel = VerificationLevel.L1) -> Caller:
        """Who has registered a new private company: a buyer who keeps its members."""
        organisation = await self.organisation(
            OrganisationKind.COMPANY, founding=Founding.PRIVATE, verification=verification
        )
        return await self.person(organisation, Role.BUYER, Role.ADMIN)

    async def operator(self) -> Caller:
        organisation = await self.organisation(OrganisationKind.OPERATOR)
        return await self.person(organisation, Role.OPERATOR)

    async def auditor(self) -> Caller:
        organisation = await self.organisation(OrganisationKind.OPERATOR)
        return await self.person(organisation, Role.AUDITOR)

    async def manager(self) -> Caller:
        """A technology manager who has registered a new agency."""
        organisation = await self.organisation(OrganisationKind.TTO, founding=Founding.PRIVATE)
        return await self.person(organisation, Role.MANAGER, Role.ADMIN)

    async def listing(
        self,
        author: Caller,
        approver: Caller,
        kind: str = "result",
        *,
        status: str = "published",
        **fields: Any,
    ) -> dict[str, Any]:
        """A listing brought as far as `status` through the API: draft, in_review, approved or published."""
        listing: dict[str, Any] = await author.ok("POST", "/listings", json=CONTENT[kind] | fields)
        path = f"/listings/{listing['id']}"
        for name, who, verb in (
            ("in_review", author, "submission"),
            ("approved", approver, "approval"),
            ("published", approver, "publication"),
        ):
            if listing["status"] == status:
                break
            listing = await who.ok("POST", f"{path}/{verb}")
            assert listing["status"] == name
        return listing
