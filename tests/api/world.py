"""A small market made once: a person of each role in one university, and what they and strangers have in it.

Requests are then made inside a transaction that is never committed, so that each one meets everything as it was made.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import async_sessionmaker

from market.discovery.indexing import rebuild
from market.sealing import envelope
from schemas.vocabulary import Founding, OrganisationKind, Role
from search import open_indexer
from tests.api.challenge_world import have_challenges
from tests.api.distribution_world import have_distributions, have_money_of_deals
from tests.api.manager_world import have_claims, have_consents, have_employments, have_rewards
from tests.api.notice_world import have_notices
from tests.api.rounds import have_rounds
from tests.deals.trade import PATENT, WANTED, Trade, fresh_key
from tests.editions.hall import Hall, later
from tests.interests.forms import ALL_MODES, an_interest
from tests.makers import Caller, Market
from tests.managers.profiles import PROFILE, a_manager, an_assignment, verified
from tests.sealing.tenders import Officer, text
from tests.trading.stage import money

EVIDENCE: dict[str, Any] = {
    "kind": "internal_decision",
    "title": "Minutes",
    "sha256": "ab" * 32,
    "issued_by": "Council",
    "issued_on": "2026-01-10",
}
AGREEMENT = {"kind": "confidentiality_agreement", "names": ["Both"]}
PLEDGE = {"kind": "pledge", "holder": "Example Bank", "begins_on": "2026-01-05", "source": "Register"}
HALL_ROLES = (Role.OPERATOR, Role.AUDITOR)
FIELDS: dict[str, Any] = {"ip_rights": [PATENT], "modes": ALL_MODES}
STANDINGS = ("own", "asking", "carried", "foreign")
DEALS = {
    "own": ("gating", "cleared", "contracted", "performing", "breached"),
    "asking": ("gating", "cleared", "contracted", "performing"),
    "carried": ("gating", "performing"),
    "foreign": ("performing",),
}
STATES = {
    "submitted": (),
    "acknowledged": ("acknowledgement",),
    "negotiating": ("acknowledgement", "negotiation"),
}
"""Of an interest, with the verbs of its owner that lead there."""


@asynccontextmanager
async def undone(market: Market) -> AsyncIterator[None]:
    """Whatever requests commit inside is rolled back at the end; reads through the pool see all as it was before."""
    database = market.app.state.database
    ordinary = database.sessions
    async with database.engine.connect() as connection, connection.begin() as outer:
        database.sessions = async_sessionmaker(
            bind=connection,
            expire_on_commit=False,
            join_transaction_mode="create_savepoint",
            info=ordinary.kw.get("info"),
        )
        try:
            yield
        finally:
            database.sessions = ordinary
            await outer.rollback()


@dataclass
class World:
    """`people` by role, and `nobody` who is signed in but a member nowhere; `things` by how they stand to the home.

    `own` belongs to the home university, `asking` is what it asks of others, `carried` its technology manager carries
    between two others, and `foreign` is none of its business. A thing is what fills the parameters of a path.
    """

    market: Market
    home: UUID
    people: dict[str, Caller] = field(default_factory=dict)
    things: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    async def of(cls, market: Market, *, standings: Sequence[str] = STANDINGS) -> "World":
        world = cls(
            market, await market.organisation(OrganisationKind.NEW_RD_BODY, founding=Founding.PRIVATE)
        )
        await world._have_people()
        await asyncio.gather(
            world._have_listings(),
            world._have_editions(),
            world._have_accounts(),
            *(have_notices(world, standing) for standing in ("own", "foreign")),
            *(world._have_interests(standing) for standing in standings),
            *(world._have_deal(standing, status) for standing in standings for status in DEALS[standing]),
            *(have_consents(world, standing) for standing in standings),
            *(have_claims(world, standing) for standing in standings),
        )
        await have_employments(world)
        await have_rewards(world)
        await asyncio.gather(*(have_rounds(world, standing) for standing in standings))
        await asyncio.gather(*(have_challenges(world, standing) for standing in standings))
        await asyncio.gather(
            have_money_of_deals(world),
            *(have_distributions(world, standing) for standing in ("own", "foreign")),
        )
        indexer = open_indexer(None, None, market.settings.index_dir)
        await rebuild(market.database, indexer)
        await indexer.aclose()
        return world

    async def _have_people(self) -> None:
        market, hall = self.market, await self.market.organisation(OrganisationKind.OPERATOR)
        for role in Role:
            self.people[role.value] = await market.person(hall if role in HALL_ROLES else self.home, role)
        self.people["nobody"] = await market.person(self.home)
        leaving = "DELETE FROM membership WHERE person_id = $1"
        await market.database.pool.execute(leaving, self.people["nobody"].person_id)
        self.author = await market.person(self.home, Role.TTO_OFFICER)
        self.director = await market.person(self.home, Role.TTO_DIRECTOR)
        self.buyer = await market.person(self.home, Role.BUYER)
        self.stranger, self.their_director = await market.institute()
        self.company = await market.company()
        # The home university deals with the stranger, so that its manager carries nothing of theirs (TM-4).
        self.third = await market.institute()
        self.third_company = await market.company()
        self.carrier = self.people["manager"]
        profile = PROFILE | {"capacity": 100}
        stated = await self.carrier.ok("POST", "/managers", json=profile)
        self.carrying = await verified(self.people["operator"], stated)
        self.agent, self.agency = await a_manager(market, capacity=100)
        private, public = envelope.new_key()
        self.officer = Officer(self.people["reviewer"], private)
        await self.officer.who.ok("POST", "/people/me/opening-key", {"public_key": text(public)})

    async def _have_listings(self) -> None:
        for standing, author, director in (
            ("own", self.author, self.director),
            ("foreign", self.stranger, self.their_director),
        ):
            for status in ("draft", "in_review", "approved", "published"):
                made = await self.market.listing(author, director, status=status, **FIELDS)
                self.things[f"{standing}:{status}"] = {"listing_id": made["id"]}

            encumbered = await self.market.listing(author, director, **FIELDS)
            path = f"/listings/{encumbered['id']}/encumbrances"
            held = await author.ok("POST", path, PLEDGE)
            self.things[f"{standing}:encumbered"] = {
                "listing_id": encumbered["id"],
                "encumbrance_id": held["id"],
            }

        wanted = await self.market.listing(self.company, self.people["operator"], "opportunity")
        self.things["foreign:wanted"] = {"listing_id": wanted["id"]}

    async def _trade(self, standing: str, **form: Any) -> Trade:
        """A submitted interest in a listing of its own."""
        owner, company = {
            "own": ((self.author, self.director), self.company),
            "asking": ((self.stranger, self.their_director), self.buyer),
            "carried": (self.third, self.third_company),
            "foreign": ((self.stranger, self.their_director), self.company),
        }[standing]
        listing = await self.market.listing(*owner, **FIELDS)
        return Trade(
            self.market, *owner, company, listing, await an_interest(company, owner[0], listing, **form)
        )

    async def _assigned(self, standing: str, trade: Trade, status: str = "active") -> dict[str, Any]:
        manager, profile = (
            (self.carrier, self.carrying) if standing == "carried" else (self.agent, self.agency)
        )
        return await an_assignment(trade.officer, trade.interest, manager, profile, status)

    async def _have_interests(self, standing: str) -> None:
        """In every state that a verb of the home university begins from; where it has none, in two."""
        made: dict[str, Trade] = {}
        for status in STATES if standing == "own" else ("submitted", "acknowledged"):
            made[status] = await _answered(await self._trade(standing), status)
            self.things[f"{standing}:{status}"] = {"interest_id": made[status].interest["id"]}
        active = introduced = await self._assigned(standing, made["acknowledged"])
        offered, manager = active, self.agent
        if standing == "carried":
            offered = await self._assigned(standing, made["submitted"], "offered")
            introduced, manager = await self._assigned(standing, await self._trade(standing)), self.carrier
        self.things[f"{standing}:offered"] = {"assignment_id": offered["id"]}
        self.things[f"{standing}:active"] = {"assignment_id": active["id"]}
        path = f"/assignments/{introduced['id']}/introduction"
        receipt = await manager.ok("POST", path, headers=fresh_key())
        self.things[f"{standing}:introduced"] = {"introduction_id": receipt["id"]}

    async def _have_deal(self, standing: str, status: str) -> None:
        """In `contracted`, the other side has recorded the contract, and the home university's would confirm it."""
        trade = await self._trade(standing, **WANTED)
        if standing == "carried":
            await self._assigned(standing, trade)
            trade.manager = self.carrier
        await _answered(trade, "negotiating")
        await trade.bring({"contracted": "cleared", "breached": "performing"}.get(status, status))
        if status == "breached":
            await trade.note_breach(self.director)
        if status == "contracted":
            recorded = await trade.record(self.their_director if standing == "asking" else self.company)
            assert recorded.status_code == 201, recorded.text
        terms = (await trade.view())["terms_sha256"]
        given = {"id": uuid4()}
        if status == "gating":
            giver = self.buyer if standing == "asking" else trade.director
            given = await giver.ok("POST", f"{trade.path}/evidence", EVIDENCE)
        self.things[f"{standing}:{status}"] = {
            "deal_id": trade.deal_id,
            "terms_sha256": terms,
            "evidence_id": given["id"],
        }

    async def _have_editions(self) -> None:
        operator = self.people["operator"]
        home = Hall(self.market, operator, self.author, self.director)
        others = Hall(self.market, operator, self.company)
        own, foreign = await home.opportunity(), await others.opportunity()
        named = {"own:": {"listing_id": own}, "foreign:": {"listing_id": foreign}}
        editions = {"compiling": await home.edition(own, foreign)}
        editions["scheduled"] = await home.scheduled(own, foreign, applications_until=later(days=8))
        editions["released"] = await home.published(own, foreign)
        for status in ("closed", "reported"):
            editions[status] = await home.published(own, foreign)
            for listing_id in (own, foreign):
                path = f"/editions/{editions[status]['id']}/items/{listing_id}/outcome"
                await operator.ok("POST", path, json={"outcome": "matched"})
            await home.verb(editions[status], "closure")
        await home.verb(editions["reported"], "outcomes")
        for status, edition in editions.items():
            self.things[status] = {"edition_id": edition["id"], "listing_id": own}
            for prefix, listing in named.items():
                self.things[f"{prefix}{status}"] = {"edition_id": edition["id"]} | listing

    async def _have_accounts(self) -> None:
        """Everyone's own session, key and invitation are `self`; those of a stranger are `another`."""
        self.things["own"] = {
            "organisation_id": self.home,
            "person_id": self.author.person_id,
            "manager_id": self.carrying["id"],
            "invitation_id": (await self._invited(self.director, "new@example.org"))["id"],
        }
        self.things["foreign"] = {
            "organisation_id": self.stranger.organisation_id,
            "person_id": self.stranger.person_id,
            "manager_id": self.agency["id"],
            "invitation_id": (await self._invited(self.their_director, "new@example.org"))["id"],
        }
        for standing in ("own", "foreign"):
            known = self.things[standing]
            self.things[standing] = known | await self._controlled(known["organisation_id"])
        for name, who in [*self.people.items(), ("another", self.company)]:
            self.things[f"self:{name}"] = thing = {
                "session_id": (await who.ok("GET", "/sessions"))[0]["id"],
                "token": (await self._invited(self.their_director, who.email))["token"],
            }
            if name != "nobody":
                key = await who.ok("POST", "/api-keys", json={"name": "mine", "scopes": ["read"]})
                thing["key_id"] = key["id"]
        self.things["another"] = self.things.pop("self:another")

    async def _controlled(self, organisation_id: UUID) -> dict[str, Any]:
        """With money on its account, somebody who controls it, and somebody who might."""
        operator, path = self.people["operator"], f"/organisations/{organisation_id}"
        line = {"amount": money(100_00), "bank_reference": f"IN-{organisation_id.hex}", "payer": "Payer"}
        await operator.ok(
            "POST", f"{path}/receipts", line | {"value_date": "2025-01-02"}, headers=fresh_key()
        )
        controllers = [str(await self.market.organisation(OrganisationKind.COMPANY)) for _ in range(2)]
        control = {"controller_id": controllers[0], "evidence": "Register of companies"}
        made = await operator.ok("POST", f"{path}/controllers", control)
        return {"control_id": made["id"], "controller_id": controllers[1]}

    async def _invited(self, director: Caller, email: str) -> dict[str, Any]:
        path = f"/organisations/{director.organisation_id}/invitations"
        made: dict[str, Any] = await director.ok("POST", path, json={"email": email, "roles": ["reviewer"]})
        return made


async def _answered(trade: Trade, status: str) -> Trade:
    for verb in STATES[status]:
        await trade.officer.ok("POST", f"/interests/{trade.interest['id']}/{verb}")
    return trade
