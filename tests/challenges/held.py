"""Challenges that were held by their own rules from the publication on, for verifiers to find nothing wrong with."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tests.challenges.stage import Contest, a_race, key
from tests.makers import Market
from tests.trading import clock

NAMES = ("draft", "asked", "expired", "judged", "awarded", "nobody", "race", "failed")


@dataclass
class Timed(Contest):
    """Time passes by the database's clock, for all of them at once."""

    async def move(self, by: timedelta) -> None:
        await clock.let_pass(self.market.database.pool, by)


@dataclass
class Held:
    """One challenge in each of several states; `questions` are those that were asked in the one called asked."""

    market: Market
    contests: dict[str, Timed] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)

    @classmethod
    async def of(cls, market: Market) -> "Held":
        held = cls(market)
        for name in NAMES:
            held.contests[name] = await held._begun(name)
        await held._asked()
        await held._later(hours=2)
        for name in ("judged", "awarded", "nobody", "race", "failed"):
            for _ in range(3):
                await held.contests[name].an_entrant()
        again = held.contests["judged"].entrants[1]  # the last one counts
        assert (await held.contests["judged"].try_submit(again)).status_code == 201
        await held._later(hours=24)
        for name in ("judged", "awarded", "nobody", "race", "failed"):
            await held._judged(held.contests[name])
        await held._ended()
        return held

    @property
    def ids(self) -> dict[str, UUID]:
        return {name: UUID(contest.id) for name, contest in self.contests.items()}

    async def _begun(self, name: str) -> Timed:
        plan = a_race() if name == "race" else {"awards": 2, "public_money": name == "awarded"}
        contest = await Timed.of(self.market, "draft" if name == "draft" else "published", **plan)
        assert isinstance(contest, Timed)
        return contest

    async def _asked(self) -> None:
        contest = self.contests["asked"]
        for number in range(2):
            who = await self.market.company()
            body = {"question": f"Which pipes are meant, {number}?"}
            asked = await who.ok("POST", f"{contest.path}/questions", body)
            self.questions.append(asked["id"])
        path = f"{contest.path}/questions/{self.questions[0]}/answer"
        await contest.officer.ok("POST", path, {"answer": "Those of the mains"})

    async def _later(self, **time: float) -> None:
        await clock.let_pass(self.market.database.pool, timedelta(**time))
        for contest in self.contests.values():
            if contest.id:
                await contest.read(contest.officer)

    async def _judged(self, contest: Timed) -> None:
        for _ in range(4):
            await contest.a_reviewer()
        left = contest.reviewers.pop()
        await left.ok("POST", f"{contest.path}/panel/recusal", {"reason": "I know one of them"})
        await contest.operator.ok("POST", f"{contest.path}/review")
        await contest.open()
        await contest.score_all()
        await contest.operator.ok("POST", f"{contest.path}/shortlist")

    async def _ended(self) -> None:
        reason = {"reason": "None of these can be built with the budget."}
        nobody, awarded = self.contests["nobody"], self.contests["awarded"]
        await nobody.director.ok("POST", f"{nobody.path}/no-award", reason, headers=key())
        first, _, third = await awarded.aliases()
        await awarded.award([first, third], "The second one asks for more than the budget holds.")
        at = await self.market.database.pool.fetchval("SELECT clock_timestamp()")
        body = {"published_at": at.astimezone(UTC).isoformat(), "channel": "The sponsor's notice board"}
        await awarded.officer.ok("POST", f"{awarded.path}/publicity", body)
        for name in ("race", "failed"):
            contest = self.contests[name]
            aliases = await contest.aliases()
            await contest.award(aliases if name == "race" else aliases[:1])
            await contest.officer.ok("POST", f"{contest.path}/start")
        failed = self.contests["failed"]
        lessons = {"lessons": "The pipes are too loud to listen to.", "secret": True}
        await failed.officer.ok("POST", f"{failed.path}/failure", lessons)
        assert (await failed.countersign("fail")).status_code == 200
        await self._raced(self.contests["race"])

    async def _raced(self, race: Timed) -> None:
        """Through the first gate, with the second one proposed."""
        aliases = await race.aliases()
        for number, going in enumerate((aliases, aliases[:2]), start=1):
            for alias, who in zip(aliases, race.entrants, strict=True):
                if alias in going:
                    body = {"evidence": f"Report {number} of {alias}", "sha256": ["ab" * 32]}
                    await who.ok("POST", f"{race.path}/teams/{alias}/evidence", body)
            until = datetime.fromisoformat((await race.read())["plan"]["stages"][number - 1]["until"])
            now = await self.market.database.pool.fetchval("SELECT clock_timestamp()")
            await self._later(seconds=(until - now).total_seconds() + 1)
            decisions = [
                {
                    "team": alias,
                    "decision": "pass" if place < 3 - number else "stop",
                    "reason": "As its report shows",
                }
                for place, alias in enumerate(going)
            ]
            await race.officer.ok("POST", f"{race.path}/gate", {"decisions": decisions})
            if number == 1:
                assert (await race.countersign("decide_gate")).status_code == 200
