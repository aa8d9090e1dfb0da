"""Challenges for the world of `tests/api`: in every state from which a verb of theirs begins, by how they stand to the home.

The home university is the sponsor of its `own`, an entrant of those it is `asking` for, and nothing to the `foreign` ones,
but that its reviewer sits on the panel of those.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from market.sealing import envelope
from market.sealing.rules import share_context
from schemas.vocabulary import Role
from tests.challenges.stage import SOLUTION, Contest, a_plan, a_race
from tests.makers import Caller
from tests.sealing.tenders import Officer

if TYPE_CHECKING:
    from tests.api.world import World

NOBODY = "01900000-0000-7000-8000-000000000000"
Step = Callable[["Staged"], Awaitable[Any]]
DECISION = {"finding": "rejected", "reasons": "The patent has lapsed meanwhile"}


class Staged(Contest):
    """A contest with one entrant, whose reviewers are asked before it begins."""

    panel: list[Caller]
    entrant: Caller
    objection_id: str = NOBODY
    undeclared: int = 0
    """So many of the panel, from its end, have yet to declare."""

    async def approve(self) -> None:
        await self.director.ok("POST", f"{self.path}/approval")

    async def take(self) -> None:
        await self.let_pass(hours=2)

    async def enter(self) -> None:
        await self.an_entrant(self.entrant)

    async def seat(self) -> None:
        await self.let_pass(hours=24)
        people = [str(who.person_id) for who in self.panel]
        await self.operator.ok("POST", f"{self.path}/panel", {"people": people})
        self.reviewers = self.panel[: len(self.panel) - self.undeclared]
        for who in self.reviewers:
            await self.declare(who)

    async def question(self) -> None:
        await self.entrant.ok("POST", f"{self.path}/questions", {"question": "How deep are the pipes?"})

    async def begin_review(self) -> None:
        await self.operator.ok("POST", f"{self.path}/review")

    async def shortlist(self) -> None:
        await self.operator.ok("POST", f"{self.path}/shortlist")

    async def give(self) -> None:
        await self.award(await self.aliases())

    async def object(self) -> None:
        """Whoever has submitted objects, and an operator has proposed what it comes to."""
        grounds = {"grounds": "The winner's sensors are patented"}
        made = await self.entrant.ok("POST", f"{self.path}/objections", grounds)
        self.objection_id = made["id"]
        other = await self.market.person(self.operator.organisation_id, Role.OPERATOR)
        await other.ok("POST", f"{self.path}/objections/{made['id']}/decision", DECISION)

    async def start(self) -> None:
        await self.officer.ok("POST", f"{self.path}/start")

    async def show(self) -> None:
        (alias,) = await self.aliases()
        path = f"{self.path}/teams/{alias}/evidence"
        await self.entrant.ok("POST", path, {"evidence": "A test report"})

    async def end_stage(self) -> None:
        await self.show()
        await self.let_pass(hours=10)

    async def propose(self) -> None:
        await self.officer.ok("POST", f"{self.path}/failure", {"lessons": "Pipes are not quiet"})

    async def words(self, officer: Officer) -> str:
        """The share of an opening officer, as only they can read it."""
        share = await officer.who.ok("GET", f"{self.path}/opening/share")
        context = share_context(UUID(share["subject"]), base64.b64decode(share["box"]), officer.who.person_id)
        return envelope.decrypt(base64.b64decode(share["sealed"]), officer.private_key, context).decode()


ENDORSED: tuple[Step, ...] = (Staged.approve,)
QUESTIONED = (*ENDORSED, Staged.publish, Staged.question)
TAKING = (*ENDORSED, Staged.publish, Staged.take)
EMPANELLED = (*TAKING, Staged.enter, Staged.seat)
JUDGING = (*EMPANELLED, Staged.begin_review)
UNSEALED = (*JUDGING, Staged.open)
SCORED = (*UNSEALED, Staged.score_all)
RANKED = (*SCORED, Staged.shortlist)
CHOSEN = (*RANKED, Staged.give)
WORKING = (*CHOSEN, Staged.start)

MADE: dict[str, dict[str, tuple[Step, ...]]] = {
    "own": {
        "posed": (),
        "endorsed": ENDORSED,
        "questioned": QUESTIONED,
        "taking": TAKING,
        "empanelled": EMPANELLED,
        "judging": JUDGING,
        "scored": SCORED,
        "ranked": RANKED,
        "chosen": CHOSEN,
        "displayed": CHOSEN,
        "working": WORKING,
        "racing": (*WORKING, Staged.end_stage),
        "relinquished": (*WORKING, Staged.propose),
    },
    "asking": {"taking": (*TAKING, Staged.enter), "chosen": CHOSEN, "racing": WORKING},
    "foreign": {
        "posed": (),
        "endorsed": ENDORSED,
        "questioned": QUESTIONED,
        "taking": TAKING,
        "empanelled": EMPANELLED,
        "unsealed": UNSEALED,
        "ranked": RANKED,
        "contested": (*CHOSEN, Staged.object),
        "working": WORKING,
    },
}
PUBLISHED = frozenset(status for made in MADE.values() for status in made) - {"posed", "endorsed"}
"""Of which everybody sees that there is such a challenge."""
PLANS: dict[str, dict[str, Any]] = {"displayed": {"public_money": True}, "racing": a_race()}


async def _staged(world: "World", standing: str, status: str, officers: list[Officer]) -> Staged:
    own = standing == "own"
    officer, director = (world.author, world.director) if own else (world.stranger, world.their_director)
    listing = await world.market.listing(officer, director, "opportunity")
    operator = world.people["operator"]
    contest = Staged(world.market, officer, director, operator, listing, officers)
    contest.entrant = world.buyer if standing == "asking" else world.company
    contest.panel = [await contest.a_person() for _ in range(3)]
    if standing == "foreign":
        contest.panel = [*contest.panel, world.people["reviewer"]]
        contest.undeclared = 1 if status == "empanelled" else 0
    await contest.plan(**PLANS.get(status, {}))
    for step in MADE[standing][status]:
        await step(contest)
    return contest


async def _thing(contest: Staged, status: str) -> dict[str, Any]:
    """What fills the parameters of a path and the bodies; where there is no such part, an id of nothing."""
    thing = {"challenge_id": contest.id, "alias": "AAAA", "question_id": NOBODY, "person_id": NOBODY}
    if status == "questioned":
        (question,) = (await contest.public("/questions")).json()["items"]
        thing["question_id"] = question["id"]
    thing["objection_id"] = contest.objection_id
    if contest.reviewers:
        thing["person_id"] = str(contest.reviewers[0].person_id)
    for who in contest.entrants:
        for opened in await who.ok("GET", f"{contest.path}/entrants"):
            thing["alias"] = opened["alias"]
    return thing


async def have_challenges(world: "World", standing: str) -> None:
    """One challenge for each state of this standing, all at once; and an opportunity on which there is none."""
    made = MADE.get(standing, {})
    if not made:
        return
    officers = [await Officer.of(world.market) for _ in range(2)]
    officers.append(world.officer if standing == "own" else await Officer.of(world.market))

    async def make(status: str) -> None:
        contest = await _staged(world, standing, status, officers)
        world.things[f"{standing}:{status}"] = thing = await _thing(contest, status)
        thing["candidate"] = str((await contest.a_person()).person_id)
        if (standing, status) == ("own", "judging"):
            thing["words"] = await contest.words(world.officer)

    await asyncio.gather(*(make(status) for status in made))
    if standing == "own":
        wanted = await world.market.listing(world.author, world.director, "opportunity")
        world.things["own:wanted"] = {"listing_id": wanted["id"]}


REASON = {"reason": "The pipes were replaced meanwhile"}
SCORES = [{"score": 5, "comment": "Seen"}, {"score": 3, "comment": "Seen"}]
BODIES: dict[str, Callable[["World", dict[str, Any], Caller], Any]] = {
    "POST /challenges": lambda world, thing, who: {"listing_id": thing["listing_id"], "plan": a_plan()},
    "PATCH /challenges/{challenge_id}": lambda world, thing, who: {"awards": 2},
    "POST /challenges/{challenge_id}/cancellation": lambda world, thing, who: REASON,
    "POST /challenges/{challenge_id}/questions": lambda world, thing, who: {"question": "How old are they?"},
    "POST /challenges/{challenge_id}/questions/{question_id}/answer": lambda world, thing, who: {
        "answer": "Two metres"
    },
    "POST /challenges/{challenge_id}/submissions": lambda world, thing, who: {"solution": SOLUTION},
    "POST /challenges/{challenge_id}/panel": lambda world, thing, who: {"people": [thing["candidate"]]},
    "POST /challenges/{challenge_id}/panel/declaration": lambda world, thing, who: {
        "no_conflict": True,
        "statement": "I know of none",
    },
    "POST /challenges/{challenge_id}/panel/recusal": lambda world, thing, who: REASON,
    "POST /challenges/{challenge_id}/panel/{person_id}/dismissal": lambda world, thing, who: REASON,
    "POST /challenges/{challenge_id}/opening/shares": lambda world, thing, who: {
        "words": thing.get("words", "abandon")
    },
    "POST /challenges/{challenge_id}/entrants/{alias}/reviews": lambda world, thing, who: {"scores": SCORES},
    "POST /challenges/{challenge_id}/award": lambda world, thing, who: {"awardees": [thing["alias"]]},
    "POST /challenges/{challenge_id}/objections": lambda world, thing, who: {
        "grounds": "The winner's sensors are patented"
    },
    "POST /challenges/{challenge_id}/objections/{objection_id}/decision": lambda world, thing, who: DECISION,
    "POST /challenges/{challenge_id}/no-award": lambda world, thing, who: REASON,
    "POST /challenges/{challenge_id}/publicity": lambda world, thing, who: {
        "published_at": datetime.now(UTC).isoformat(),
        "channel": "The university's notice board",
    },
    "POST /challenges/{challenge_id}/teams/{alias}/evidence": lambda world, thing, who: {
        "evidence": "A test report"
    },
    "POST /challenges/{challenge_id}/gate": lambda world, thing, who: {
        "decisions": [{"team": thing["alias"], "decision": "pass", "reason": "It works"}]
    },
    "POST /challenges/{challenge_id}/completion": lambda world, thing, who: {"acceptance": "It finds leaks"},
    "POST /challenges/{challenge_id}/failure": lambda world, thing, who: {"lessons": "Pipes are not quiet"},
    "POST /challenges/{challenge_id}/countersignature": lambda world, thing, who: {"verb": "fail"},
}
"""The body of each request that needs one, from the world, the thing and who calls."""
