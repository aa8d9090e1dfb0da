"""What the tests of challenges share: a challenge brought to any state through the API, with entrants and reviewers.

No test waits: `let_pass` moves the times of a challenge into the past as if that much time had gone by.
"""

import base64
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from market.challenges import documents
from market.challenges.tables import Challenge
from market.ledger.rules import sha256
from market.sealing import envelope
from market.sealing.envelope import Lid
from market.sealing.rules import share_context
from schemas.challenges import Solution
from schemas.vocabulary import Founding, OrganisationKind, Role
from tests.makers import Caller, Market
from tests.sealing.tenders import Officer

_keys = itertools.count(1)

STATES = (
    "draft",
    "approved",
    "published",
    "submissions_open",
    "closed",
    "reviewing",
    "opened",
    "shortlisted",
    "awarded",
    "running",
)
SOLUTION: dict[str, Any] = {
    "title": {"en": "Acoustic leak finder"},
    "approach": {"en": "We listen to the pipe with CANARY-7391 sensors."},
}
RUBRIC: list[dict[str, Any]] = [
    {"criterion": {"en": "Novelty"}, "weight": 60, "max": 10},
    {"criterion": {"en": "Feasibility"}, "weight": 40, "max": 5},
]
REASONS = "The first is under a conflict of schedules."


def key() -> dict[str, str]:
    return {"Idempotency-Key": f"challenge-{next(_keys)}"}


def money(amount: str, currency: str = "CNY") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


def a_plan(**fields: Any) -> dict[str, Any]:
    """A plan with an hour of questions, submissions from the second hour on for a day; its officers are left out."""
    at = datetime.now(UTC)
    plan: dict[str, Any] = {
        "kind": "open_challenge",
        "rubric": RUBRIC,
        "questions_until": (at + timedelta(hours=1)).isoformat(),
        "submissions_from": (at + timedelta(hours=2)).isoformat(),
        "submissions_until": (at + timedelta(hours=26)).isoformat(),
        "award_rule": {"en": "The best score"},
        "ip_terms": {"en": "Shared"},
        "budget": money("1000000.00"),
        "public_money": False,
    }
    return plan | fields


def a_race(**fields: Any) -> dict[str, Any]:
    """What makes the plan one of a horse race of two stages: two teams go on, then one."""
    at = datetime.now(UTC)
    stages = [
        {
            "name": {"en": f"Stage {number}"},
            "until": (at + timedelta(hours=26 + 10 * number)).isoformat(),
            "keep": 3 - number,
            "evidence": {"en": "A test report"},
            "budget": money("400000.00"),
        }
        for number in (1, 2)
    ]
    return {"kind": "horse_race", "awards": 3, "stages": stages} | fields


@dataclass
class Contest:
    """A challenge with its people; entrants and reviewers in the order in which they came."""

    market: Market
    officer: Caller
    director: Caller
    operator: Caller
    listing: dict[str, Any]
    officers: list[Officer]
    id: str = ""
    entrants: list[Caller] = field(default_factory=list)
    reviewers: list[Caller] = field(default_factory=list)
    lid: Lid | None = None

    @classmethod
    async def of(
        cls, market: Market, status: str = "published", *, entrants: int = 3, reviewers: int = 3, **plan: Any
    ) -> "Contest":
        """A challenge on a new opportunity brought to `status`, one of STATES."""
        officer, director = await market.university()
        contest = cls(
            market,
            officer,
            director,
            await market.operator(),
            await market.listing(officer, director, "opportunity"),
            [await Officer.of(market) for _ in range(3)],
        )
        await contest.plan(**plan)
        return await contest.bring(status, entrants=entrants, reviewers=reviewers)

    async def plan(self, **plan: Any) -> None:
        people = [str(each.who.person_id) for each in self.officers]
        body = a_plan(opening={"officers": people, "threshold": 2}) | plan
        made = await self.officer.ok("POST", "/challenges", {"listing_id": self.listing["id"], "plan": body})
        self.id = made["id"]

    async def bring(self, status: str, *, entrants: int, reviewers: int) -> "Contest":
        steps = STATES[: STATES.index(status) + 1]
        if "approved" in steps:
            await self.director.ok("POST", f"{self.path}/approval")
        if "published" in steps:
            await self.publish()
        if "submissions_open" in steps:
            await self.let_pass(hours=2)
            for _ in range(entrants):
                await self.an_entrant()
        if "closed" in steps:
            await self.let_pass(hours=24)
            for _ in range(reviewers):
                await self.a_reviewer()
        if "reviewing" in steps:
            await self.operator.ok("POST", f"{self.path}/review")
        if "opened" in steps:
            await self.open()
        if "shortlisted" in steps:
            await self.score_all()
            await self.operator.ok("POST", f"{self.path}/shortlist")
        if "awarded" in steps:
            ranking = (await self.results())["ranking"]
            most = (await self.read())["plan"]["awards"]
            await self.award([each["alias"] for each in ranking][:most])
        if "running" in steps:
            await self.officer.ok("POST", f"{self.path}/start")
        return self

    @property
    def path(self) -> str:
        return f"/challenges/{self.id}"

    async def publish(self) -> None:
        await self.operator.ok("POST", f"{self.path}/publication")
        rules = (await self.public("/rules")).content
        self.lid = documents.lid_of(rules, sha256(rules))

    async def public(self, what: str = "") -> httpx.Response:
        """What everybody gets at an address below the challenge."""
        return await self.market.client.get(f"/api/v1{self.path}{what}")

    async def read(self, who: Caller | None = None) -> Any:
        if who is not None:
            return await who.ok("GET", self.path)
        answer = await self.public()
        assert answer.is_success, answer.text
        return answer.json()

    async def results(self) -> Any:
        answer = await self.public("/results")
        assert answer.is_success, answer.text
        return answer.json()

    def blob(self, who: Caller, solution: dict[str, Any] | None = None) -> str:
        """A solution sealed at home, in base64."""
        assert self.lid is not None
        content = documents.content(Solution.model_validate(solution or SOLUTION))
        return base64.b64encode(envelope.seal(self.lid, who.organisation_id, content)).decode()

    async def try_submit(self, who: Caller, **body: Any) -> httpx.Response:
        return await who.post(f"{self.path}/submissions", body or {"sealed": self.blob(who)}, headers=key())

    async def an_entrant(self, who: Caller | None = None, **solution: Any) -> Any:
        """The receipt of a company that submits; every second one lets the server seal."""
        who = who or await self.market.company()
        told = SOLUTION | solution
        body = {"solution": told} if len(self.entrants) % 2 else {"sealed": self.blob(who, told)}
        answer = await self.try_submit(who, **body)
        assert answer.status_code == 201, answer.text
        self.entrants.append(who)
        return answer.json()

    async def a_person(self) -> Caller:
        """Somebody who could review: of an institute of their own."""
        organisation = await self.market.organisation(
            OrganisationKind.INSTITUTE, founding=Founding.STATE_FOUNDED
        )
        return await self.market.person(organisation, Role.REVIEWER)

    async def a_reviewer(self, *, declared: bool = True) -> Caller:
        who = await self.a_person()
        await self.operator.ok("POST", f"{self.path}/panel", {"people": [str(who.person_id)]})
        if declared:
            await self.declare(who)
        self.reviewers.append(who)
        return who

    async def declare(self, who: Caller) -> Any:
        body = {"no_conflict": True, "statement": "I know of none"}
        return await who.ok("POST", f"{self.path}/panel/declaration", body)

    async def hand_in(self, officer: Officer) -> httpx.Response:
        share = await officer.who.ok("GET", f"{self.path}/opening/share")
        context = share_context(UUID(share["subject"]), base64.b64decode(share["box"]), officer.who.person_id)
        words = envelope.decrypt(base64.b64decode(share["sealed"]), officer.private_key, context).decode()
        return await officer.who.post(f"{self.path}/opening/shares", {"words": words})

    async def open(self) -> None:
        for officer in self.officers[:2]:
            assert (await self.hand_in(officer)).status_code == 200

    async def aliases(self) -> list[str]:
        """The aliases of the entrants, in the order in which they came."""
        found = []
        for who in self.entrants:
            (own,) = await who.ok("GET", f"{self.path}/entrants")
            found.append(own["alias"])
        return found

    async def score(self, who: Caller, alias: str, *scores: int) -> httpx.Response:
        body = {"scores": [{"score": score, "comment": "Seen"} for score in scores]}
        return await who.post(f"{self.path}/entrants/{alias}/reviews", body)

    async def score_all(self) -> None:
        """The first entrant is scored best, then the next; the reviewers are apart by one point of novelty."""
        for place, alias in enumerate(await self.aliases()):
            for number, who in enumerate(self.reviewers):
                answer = await self.score(who, alias, 9 - 2 * place - number % 2, 5 - place)
                assert answer.status_code == 201, answer.text

    async def award(self, awardees: list[str], reasons: str | None = None) -> Any:
        body = {"awardees": awardees, "reasons": reasons}
        return await self.director.ok("POST", f"{self.path}/award", body, headers=key())

    async def countersign(self, verb: str, who: Caller | None = None) -> httpx.Response:
        return await (who or self.director).post(
            f"{self.path}/countersignature", {"verb": verb}, headers=key()
        )

    async def let_pass(self, **time: float) -> Any:
        """Let time go by, and read the challenge."""
        await self.move(timedelta(**time))
        return await self.read()

    async def move(self, by: timedelta) -> None:
        """Move every time of the challenge into the past, without any read of it."""
        names = ("questions_until", "submissions_from", "submissions_until")
        moved = ", ".join(f"{name} = {name} + :by" for name in names)
        async with self.market.database.sessions() as session, session.begin():
            await session.execute(
                text(f"UPDATE challenge SET {moved} WHERE id = :id"), {"by": -by, "id": UUID(self.id)}
            )
            row = await session.get_one(Challenge, UUID(self.id))
            stages = [_earlier(stage, by, "until") for stage in row.plan.get("stages", [])]
            row.plan = _earlier(row.plan, by, *names) | {"stages": stages}


def _earlier(said: dict[str, Any], by: timedelta, *names: str) -> dict[str, Any]:
    """The same with these times moved."""
    return said | {name: (datetime.fromisoformat(said[name]) - by).isoformat() for name in names}
